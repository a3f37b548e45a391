"""Tallies kept between runs, so that a longer run goes on from a shorter one: as bytes, without any code in them."""

from __future__ import annotations

import json
import math
import struct
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from trialsim.endings import CalendarTally, ColumnSums, Counter, Missed, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trialsim.columns import Column

    Arrays: TypeAlias = list[NDArray[np.int64]]

FORMAT = "trialsim.tallies/1"
MOST_BYTES = 1 << 30
"""Of tallies, once unpacked; more is not read."""
MOST_TRIALS = 10**12
Where: TypeAlias = tuple[str, str]
"""Plan and truth."""
_COUNTERS = ("endings", "outcomes", "pooled", "criteria")


class Kept:
    """The tallies of a scenario, by plan and truth."""

    def __init__(self) -> None:
        self.counts: dict[Where, Tally] = {}
        """Under ideal conduct."""
        self._conducted: dict[Where, CalendarTally] = {}
        self._parts: dict[Where, tuple[dict[str, Any], Arrays]] = {}

    def conducted(self, where: Where, found: list[Column]) -> CalendarTally | None:
        """Return the tally under calendar conduct, if there is one with these columns."""
        if where in self._parts:
            head, arrays = self._parts.pop(where)
            if len(head["n"]) == len(found):
                with suppress(ValueError, TypeError, KeyError, OverflowError):  # of another form: begun anew
                    self._conducted[where] = _calendar_tally(found, head, arrays)
        tally = self._conducted.get(where)
        return tally if tally is not None and len(tally.sums.columns) == len(found) else None

    def keep_conducted(self, where: Where, tally: CalendarTally) -> None:
        """Keep a tally under calendar conduct."""
        self._conducted[where] = tally

    def as_bytes(self) -> bytes:
        """Return all tallies in a form that `kept_from` reads."""
        heads: list[dict[str, Any]] = []
        arrays: Arrays = []
        for where, tally in self.counts.items():
            heads.append({"where": where, "n_trials": int(tally.n_trials), "shapes": _shapes(tally[1:])})
            arrays += tally[1:]
        for where, conducted in self._conducted.items():
            head, parts = _parts_of(conducted)
            heads.append({"where": where, **head, "shapes": _shapes(parts)})
            arrays += parts
        head_bytes = json.dumps([FORMAT, heads], separators=(",", ":")).encode()
        body = b"".join(np.ascontiguousarray(array, "<i8").tobytes() for array in arrays)
        return zlib.compress(struct.pack("<I", len(head_bytes)) + head_bytes + body, 1)


def kept_from(data: bytes) -> Kept:
    """Return the tallies in bytes from `Kept.as_bytes`.

    Raises
    ------
    ValueError
        If the bytes are damaged or of another format.
    """
    kept = Kept()
    try:
        raw = _unpacked(data)
        (size,) = struct.unpack_from("<I", raw)
        name, heads = json.loads(raw[4 : 4 + size])
        if name != FORMAT:
            raise ValueError
        at = 4 + size
        for head in heads:
            arrays, at = _read_arrays(raw, at, head["shapes"])
            where = (str(head["where"][0]), str(head["where"][1]))
            if "n" in head:
                kept._parts[where] = (head, arrays)
            else:
                kept.counts[where] = Tally(_whole(head["n_trials"]), *arrays)
    except (zlib.error, struct.error, ValueError, KeyError, IndexError, TypeError, OverflowError, RecursionError):
        raise ValueError("tallies that are damaged, or of another format") from None
    return kept


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    raw = unpacker.decompress(data, MOST_BYTES)
    if not unpacker.eof:
        raise ValueError
    return raw


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_TRIALS:
        raise ValueError
    return value


def _shapes(arrays: Sequence[NDArray[Any]]) -> list[list[int]]:
    return [list(array.shape) for array in arrays]


def _read_arrays(raw: bytes, at: int, shapes: list[list[int]]) -> tuple[Arrays, int]:
    arrays = []
    for shape in shapes:
        size = math.prod(map(_whole, shape))
        if 8 * size > len(raw) - at:
            raise ValueError
        arrays.append(np.frombuffer(raw, "<i8", size, at).astype(np.int64).reshape(shape))
        at += 8 * size
    return arrays, at


def _parts_of(tally: CalendarTally) -> tuple[dict[str, Any], Arrays]:
    """Return a calendar tally as plain data and arrays. Sums of squares may exceed 64 bits: they stay plain numbers."""
    sums = tally.sums
    head = {
        "n_trials": tally.n_trials,
        "n": sums.n,
        "total": sums.total,
        "squares": sums.squares,
        "missed": [[look, missed.n, list(missed.first)] for look, missed in sorted(tally.missed.items())],
    }
    arrays = list(sums.histogram)
    for name in _COUNTERS:
        arrays += getattr(tally, name).sorted(0)
    return head, arrays


def _calendar_tally(found: list[Column], head: dict[str, Any], arrays: Arrays) -> CalendarTally:
    sums = ColumnSums(found)
    sums.n, sums.total, sums.squares = list(head["n"]), list(head["total"]), list(head["squares"])
    sums.histogram = arrays[: len(found)]
    rest = arrays[len(found) :]
    counters: list[Counter] = []
    for rows, counts in zip(rest[::2], rest[1::2], strict=True):
        counter = Counter()
        counter.rows = dict(zip(map(tuple, rows.tolist()), counts.tolist(), strict=True))
        counters.append(counter)
    missed = {int(look): Missed(int(n), tuple(first)) for look, n, first in head["missed"]}
    endings, outcomes, pooled, criteria = counters
    return CalendarTally(int(head["n_trials"]), sums, endings, outcomes, pooled, criteria, missed)
