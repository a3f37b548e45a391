"""Records, taken apart: their words, which thousands of results share, and their numbers, which they do not."""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

import numpy as np

from trialsim.records import Record
from trialsim.store.faults import Broken
from trialsim.store.forms import MOST_WHOLE, json_in, text_in, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

Words: TypeAlias = tuple[str, str | None, str, str | None, str | None, str | None, float | None, str | None, str, bool]
Layout: TypeAlias = tuple[Words, ...]
"""The words of each record of a result."""

NUMBERS = ("estimate", "mcse", "bound", "exact", "z", "cost")
"""The fields of a record that are kept as numbers, one column each."""

WORDS = tuple(name for name in Record._fields if name not in NUMBERS)
"""The fields that make up its words."""

MOST_LAYOUTS = 256
"""Layouts remembered: a sweep has one, or one for each design that it tries."""

_VALUE = WORDS.index("value")
_NAN = float("nan")


class Sheet(NamedTuple):
    """A layout as it is written down."""

    digest: bytes
    packed: bytes
    """JSON, compressed: a list of the words of each record."""


def split(records: Iterable[Record]) -> tuple[Layout, NDArray[np.float64]]:
    """Take records apart; equal layouts come out as one object, so that a store knows them at a glance.

    Returns
    -------
    layout
        The words of each record.
    numbers
        (len(layout), 6) the columns `NUMBERS`; what is None becomes NaN, and a whole number a float.

    >>> words = ("plan", "truth", "p_stop", "low", "gate", None, None, None)
    >>> layout, numbers = split([Record(*words, 0.5, 0.1, None, "montecarlo", None, None, False)])
    >>> layout
    (('plan', 'truth', 'p_stop', 'low', 'gate', None, None, None, 'montecarlo', False),)
    >>> numbers
    array([[0.5, 0.1, nan, nan, nan, nan]])
    """
    columns = dict(zip(Record._fields, zip(*records, strict=True), strict=False))
    if not columns:
        return (), np.empty((0, len(NUMBERS)))
    layout = cast("Layout", tuple(zip(*[columns[name] for name in WORDS], strict=True)))
    numbers = np.empty((len(layout), len(NUMBERS)))
    for place, name in enumerate(NUMBERS):
        numbers[:, place] = [_NAN if number is None else number for number in columns[name]]
    return _same(layout, _kinds(layout)), numbers


def joined(layout: Layout, numbers: NDArray[np.float64]) -> tuple[Record, ...]:
    """Put records together again: the inverse of `split`."""
    if not layout:
        return ()
    boxed = numbers.astype(object)
    boxed[np.isnan(numbers)] = None
    columns = dict(zip(WORDS, zip(*layout, strict=True), strict=True)) | dict(
        zip(NUMBERS, boxed.T.tolist(), strict=True)
    )
    return tuple(map(Record._make, zip(*[columns[name] for name in Record._fields], strict=True)))


def sheet(layout: Layout) -> Sheet:
    """Return a layout as it is written down."""
    return _written(layout, _kinds(layout))


def read_sheet(written: Sheet) -> Layout:
    """Read a layout.

    Raises
    ------
    Broken
        If it is not as it was written.
    """
    try:
        text = unpacked(written.packed)
    except ValueError:
        raise Broken("the words of a result cannot be unpacked") from None
    if _digest(text) != written.digest:
        raise Broken("the words of a result are not as they were written")
    rows = json_in(text, list, "a list of words")
    if not all(map(_is_words, rows)):
        raise Broken("the words of a result have another form")
    columns: list[Iterable[object]] = list(zip(*rows, strict=True))
    for place in set(range(len(columns))) - {_VALUE}:
        one: dict[object, object] = {}
        columns[place] = map(one.setdefault, columns[place], columns[place])  # equal words become one object
    return cast("Layout", tuple(zip(*columns, strict=True)))


def _is_words(row: object) -> bool:
    """Return whether these are the words of a record: its plan, measure and engine named, all of them to be shown."""
    if not isinstance(row, list) or len(row) != len(WORDS):
        return False
    found = dict(zip(WORDS, row, strict=True))
    value, is_judged = found.pop("value"), found.pop("is_judged")
    is_value = value is None or isinstance(value, float) or (type(value) is int and abs(value) <= MOST_WHOLE)
    for name, word in found.items():
        if word is not None or name in ("plan", "measure", "engine"):
            text_in(word, "the words of a result")
    return is_value and isinstance(is_judged, bool)


def plain(value: object) -> object:
    """Return one of numpy's scalars as Python's, for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} cannot be kept as JSON")


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=16).digest()


def _kinds(layout: Layout) -> tuple[type, ...]:
    """Return what tells layouts apart that Python calls equal: 1 and 1.0 are not written the same."""
    return tuple([type(words[_VALUE]) for words in layout])


@lru_cache(MOST_LAYOUTS)
def _same(layout: Layout, kinds: tuple[type, ...]) -> Layout:  # noqa: ARG001 (part of the key)
    return layout


@lru_cache(MOST_LAYOUTS)
def _written(layout: Layout, kinds: tuple[type, ...]) -> Sheet:  # noqa: ARG001 (part of the key)
    text = json.dumps(layout, separators=(",", ":"), default=plain).encode()
    return Sheet(_digest(text), zlib.compress(text, 1))
