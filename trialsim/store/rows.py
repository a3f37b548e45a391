"""Rows of the tables: how findings and cells are written, and read again with everything checked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from zlib import crc32

import numpy as np

from trialsim._version import __version__
from trialsim.store.faults import Broken
from trialsim.store.forms import json_in, level_in, text_in, whole_in
from trialsim.store.kinds import Finding, KeptCell, Key, ResultLine, Sweep
from trialsim.store.layouts import NUMBERS, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from trialsim.store.kinds import Level
    from trialsim.store.layouts import Layout

Row: TypeAlias = tuple[Any, ...]

RESULT_COLUMNS = "cell, seed, engine, stream, n_sims, created, version, layout, facts, numbers, seal, tally_seal, tally"
BODY = "results.layout, results.facts, results.numbers, results.seal"
"""The columns that `body_of` reads."""

KEYS = "results.cell, results.seed, results.engine, results.stream, results.n_sims"
"""What a result is found by."""

_FLOAT = np.dtype("<f8")
"""As the numbers are written, on every machine."""

_json = json.JSONEncoder(separators=(",", ":"), default=plain).encode

_NO_KEY = (None,) * 5

_NOTHING: NDArray[np.float64] = np.empty((0, len(NUMBERS)))


def now() -> str:
    """Return the time as it is kept."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """Return a moment as it is kept; without a time zone it is local time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def result_row(finding: Finding, digest: bytes, created: str) -> Row:
    """Return a finding as it is written, in the order of `RESULT_COLUMNS`.

    Raises
    ------
    ValueError
        If there is not one row of numbers per record.
    """
    numbers = np.ascontiguousarray(finding.numbers, _FLOAT)
    if numbers.shape != (len(finding.layout), len(NUMBERS)):
        raise ValueError(f"numbers of shape {numbers.shape} for {len(finding.layout)} records")
    facts, packed, tally = _json(finding.facts), numbers.tobytes(), finding.tally
    found = (*finding.key, finding.n_sims)
    seals = _seal(*found, facts, blob=digest + packed), None if tally is None else crc32(tally)
    return (*found, created, __version__, digest, facts, packed, *seals, tally)


def body_of(
    key: Row, body: Row, layout_by: Callable[[bytes], Layout]
) -> tuple[Layout, NDArray[np.float64], dict[str, Any]]:
    """Read layout, numbers and facts of a result from its columns `KEYS` and `BODY`.

    Raises
    ------
    Broken
        If they are not as they were written.
    """
    digest, facts, packed, seal = body
    try:
        if seal != _seal(*key, facts, blob=digest + packed):
            raise Broken("the numbers of a result are not as they were written")
        layout = layout_by(digest)
        numbers = np.frombuffer(packed, _FLOAT).reshape(len(layout), len(NUMBERS))
        return layout, numbers.astype(np.float64, copy=False), json_in(facts, dict, "a result")
    except (AttributeError, TypeError, ValueError):
        raise Broken("a result has another form") from None


def tally_of(seal: Any, tally: Any) -> bytes | None:
    """Read a tally.

    Raises
    ------
    Broken
        If it is not as it was written.
    """
    if tally is None or (isinstance(tally, bytes) and crc32(tally) == seal):
        return tally
    raise Broken("the tally of a result is not as it was written")


def sweep_row(sweep_id: str, name: str, axes: Sequence[str], scenario: str, n_cells: int) -> Row:
    """Return a sweep as it is written: id, what it is about, number of cells, seal."""
    about = _json([name, list(axes), scenario])
    return sweep_id, about, n_cells, _seal(sweep_id, about, n_cells)


def sweep_of(row: Row) -> Sweep:
    """Read a line of the list of sweeps: a row as `sweep_row` returns it, then the other fields of a `Sweep`.

    Raises
    ------
    Broken
        If it is not as it was written.
    """
    sweep_id, about, n_cells, seal, *rest = row
    if seal != _seal(sweep_id, about, n_cells):
        raise Broken("a sweep is not as it was written")
    n_kept, n_failed, created, version = rest
    counts = [whole_in(n, "a sweep") for n in (n_cells, n_kept, n_failed)]
    words = [text_in(word, "a sweep") for word in (sweep_id, created, version)]
    name, axes, scenario = _about(about)
    return Sweep(words[0], name, axes, scenario, counts[0], counts[1], counts[2], words[1], words[2])


def _about(about: Any) -> tuple[str, tuple[str, ...], str]:
    """Return name, axes and scenario of a sweep."""
    found = json_in(about, list, "a sweep")
    if len(found) != len(("name", "axes", "scenario")) or not isinstance(found[1], list):
        raise Broken("a sweep has another form")
    name, axes, scenario = found
    if not isinstance(scenario, str):
        raise Broken("a sweep has another form")
    return text_in(name, "a sweep"), tuple(text_in(axis, "a sweep") for axis in axes), scenario


def line_of(row: Row) -> ResultLine:
    """Read a line of the list of results."""
    what = "a result"
    n_sims, n_bytes, n_sweeps = (whole_in(n, what) for n in row[4:7])
    n_records = n_bytes // (_FLOAT.itemsize * len(NUMBERS))
    cell, engine, stream, created, version = (text_in(row[place], what) for place in (0, 2, 3, 8, 9))
    key = Key(cell, whole_in(row[1], what), engine, stream)
    return ResultLine(key, n_sims, n_records, n_sweeps, bool(row[7]), created, version)


def cell_row(sweep_id: str, number: int, levels: Sequence[Level], key: Key, n_sims: int) -> Row:
    """Return a cell with a result as it is written: number, levels, seal, and the columns `KEYS` of the result."""
    text, found = _json(list(levels)), (*key, n_sims)
    return number, text, _seal(sweep_id, number, text, None, *found), *found


def failed_cell_row(sweep_id: str, number: int, levels: Sequence[Level], error: str | None) -> Row:
    """Return a cell that failed as it is written: number, levels, seal, error."""
    text = _json(list(levels))
    reason = (error or "no reason was given").encode("utf-8", "replace").decode()  # no lone surrogates
    return number, text, _seal(sweep_id, number, text, reason, *_NO_KEY), reason


def cell_of(sweep_id: str, row: Row, layout_by: Callable[[bytes], Layout]) -> KeptCell:
    """Read a cell: number, levels, error, seal, and of its result the columns `KEYS` and `BODY` (None if it failed).

    Raises
    ------
    Broken
        If it is not as it was written.
    """
    number, text, error, seal = row[:4]
    key, body = row[4:9], row[9:]
    if seal != _seal(sweep_id, number, text, error, *key):
        raise Broken(f"cell {number} is not as it was written")
    levels = tuple(map(level_in, json_in(text, list, "a cell")))
    if error is not None:
        return KeptCell(number, levels, (), _NOTHING, {}, text_in(error, "a cell"))
    return KeptCell(number, levels, *body_of(key, body, layout_by), None)


def _seal(*words: object, blob: bytes = b"") -> int:
    """Return the checksum of what a row says."""
    return crc32(blob, crc32("\0".join(map(str, words)).encode("utf-8", "replace")))
