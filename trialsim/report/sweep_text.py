"""A sweep on the terminal: its axes, what failed, and between which values each measure lies."""

from __future__ import annotations

from collections import Counter
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from trialsim.report.render import table_as_text
from trialsim.report.sweep_hover import cut
from trialsim.report.sweep_measures import FIELDS, label_of, value_of
from trialsim.report.sweep_table import level_text
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trialsim.api import Record
    from trialsim.sweep.cells import CellResult, Level, SweepResult

WIDTH = 110
MAX_ROWS = 40
"""Measures that are listed; if there are more kinds of numbers, those of a measure share a row."""
MAX_AXES, MAX_ERRORS, MAX_LEVELS = 12, 3, 6
NAME_LETTERS, CELL_LETTERS = 64, 34

_HEADER = ("", "smallest", "in cell", "largest", "in cell")

Kind = tuple[str | float | None, ...]


class _Range(NamedTuple):
    """The smallest and the largest of some numbers, and where they occurred."""

    low: Record
    low_cell: CellResult
    high: Record
    high_cell: CellResult

    def joined(self, other: _Range) -> _Range:
        """Return the range of both; of equal numbers the first cell's."""
        low = other if _estimate(other.low) < _estimate(self.low) else self
        high = other if _estimate(other.high) > _estimate(self.high) else self
        return _Range(low.low, low.low_cell, high.high, high.high_cell)


class _Seen:
    """What has been read of a sweep so far."""

    def __init__(self, n_axes: int) -> None:
        self.n_cells = self.n_failed = self.n_simulated = self.n_numbers = 0
        self.levels: list[dict[tuple[type, Level], None]] = [{} for _ in range(n_axes)]
        self.errors: dict[str, int] = {}
        self.ranges: dict[Kind, _Range] = {}
        self.names: dict[str, dict[str, None]] = {"truth": {}, "plan": {}}
        """The truths and plans of all cells."""
        self.many: set[str] = set()
        """Which of them some cell has several of."""

    def read(self, cells: Iterable[CellResult]) -> None:
        """Read all cells, each once."""
        for cell in cells:
            self.n_cells += 1
            for known, level in zip(self.levels, cell.levels, strict=True):
                known.setdefault((type(level), level))
            if cell.error is not None:
                self.n_failed += 1
                self.errors[cell.error] = self.errors.get(cell.error, 0) + 1
            self._read_records(cell._replace(records=()), cell.records)

    def _read_records(self, cell: CellResult, records: tuple[Record, ...]) -> None:
        for field, known in self.names.items():
            names = dict.fromkeys(getattr(record, field) for record in records)
            names.pop(None, None)
            known |= names
            self.many |= {field} if len(names) > 1 else set()
        self.n_numbers += len(records)
        for record in records:
            self.n_simulated += record.engine != "exact"
            if record.estimate is None:
                continue
            kind = (record.measure, *(value_of(record, field) for field in FIELDS))
            own = self.ranges.get(kind)
            if own is None or not _estimate(own.low) <= record.estimate <= _estimate(own.high):
                new = _Range(record, cell, record, cell)
                self.ranges[kind] = new if own is None else own.joined(new)


def summary(result: SweepResult, *, n_sims: int | None = None) -> str:
    """Return a sweep in a screen or two; its cells are read once.

    Parameters
    ----------
    result
        The sweep.
    n_sims
        Replicates per cell, to be told.
    """
    told = parts(result, n_sims=n_sims)
    lines = [*told.lines, *([""] if told.axes else []), *(f"  {line}" for line in told.axes)]
    lines += ["", *told.errors] if told.errors else []
    if told.table is None:
        return "\n".join([*lines, "", "There are no numbers to show."]) + "\n"
    return "\n".join([*lines, "", table_as_text(told.table), *told.notes]).rstrip() + "\n"


class Parts(NamedTuple):
    """A sweep in words and a table."""

    lines: list[str]
    axes: list[str]
    """Each varied axis with its levels."""
    errors: list[str]
    table: Table | None
    """The smallest and largest values; None if there are no numbers."""
    notes: list[str]


def parts(result: SweepResult, *, n_sims: int | None = None) -> Parts:
    """Return what `summary` says, in parts; parameters as there."""
    seen = _Seen(len(result.axes))
    seen.read(result.cells)
    same = [f"{field} {next(iter(names))}" for field, names in seen.names.items() if len(names) == 1]
    lines = [f"Sweep {result.name}: {_counted(seen)}."]
    lines += [_engines(seen, n_sims)] if seen.n_numbers else []
    lines += [f"In all cells: {', '.join(same)}."] if same else []
    table, notes = _table(result.axes, seen) if seen.ranges else (None, [])
    return Parts(lines, _axis_lines(result.axes, seen) if seen.n_cells else [], _error_lines(seen), table, notes)


def _counted(seen: _Seen) -> str:
    text = f"{seen.n_cells:,} cell{'s' if seen.n_cells != 1 else ''}"
    return f"{text}, {seen.n_failed:,} failed" if seen.n_failed else text


def _engines(seen: _Seen, n_sims: int | None) -> str:
    if not seen.n_simulated:
        return "Exact values only; nothing was simulated."
    n = f" with {n_sims:,} replicates per cell" if n_sims is not None else ""
    part = "All" if seen.n_simulated == seen.n_numbers else f"{seen.n_simulated:,} of"
    return f"{part} {seen.n_numbers:,} numbers are simulated{n}; in brackets, their Monte Carlo standard errors."


def _axis_lines(axes: tuple[str, ...], seen: _Seen) -> list[str]:
    lines = []
    for name, known in list(zip(axes, seen.levels, strict=True))[:MAX_AXES]:
        levels = [level for _, level in known]
        if all(isinstance(level, int | float) and not isinstance(level, bool) for level in levels):
            levels.sort(key=float)
        texts = [cut(level_text(level), CELL_LETTERS) for level in levels]
        if len(texts) > MAX_LEVELS:
            texts = [*texts[: MAX_LEVELS - 2], "…", texts[-1]]
        n = f" ({len(levels):,} levels)" if len(levels) > MAX_LEVELS else ""
        lines.append(cut(f"{name}: {', '.join(texts)}{n}", WIDTH))
    return [*lines, f"and {len(axes) - MAX_AXES} more axes"] if len(axes) > MAX_AXES else lines


def _error_lines(seen: _Seen) -> list[str]:
    often = sorted(seen.errors.items(), key=lambda item: -item[1])
    lines = [line for error, n in often[:MAX_ERRORS] for line in wrap(f"{n:,} failed: {cut(error, 300)}", WIDTH)]
    return [*lines, f"and {len(often) - MAX_ERRORS:,} more reasons."] if len(often) > MAX_ERRORS else lines


def _table(axes: tuple[str, ...], seen: _Seen) -> tuple[Table, list[str]]:
    """Return the ranges, a row per kind of number; where there are too many, the kinds of a measure share a row."""
    kept = [field for field in FIELDS if field not in seen.names or field in seen.many]
    ranges = _merged(seen.ranges, kept)
    n_kinds = Counter(str(kind[0]) for kind in ranges)
    crowded: set[str] = set()
    for measure, n in n_kinds.most_common():
        if len(ranges) - sum(n_kinds[other] - 1 for other in crowded) > MAX_ROWS and n > 1:
            crowded.add(measure)
    rows: dict[Kind, _Range] = {}
    for kind, own in ranges.items():
        key = (kind[0],) if kind[0] in crowded else kind
        rows[key] = rows[key].joined(own) if key in rows else own
    names = ", ".join(cut(name, CELL_LETTERS) for name in axes)
    table = Table(f"The smallest and the largest values, and where (cell: {names})", list(_HEADER), 1)
    for key, own in list(rows.items())[:MAX_ROWS]:
        measure = str(key[0])
        label = f"{measure} ({n_kinds[measure]:,} kinds)" if measure in crowded else label_of([own.low, own.high], kept)
        ends = ((own.low, own.low_cell), (own.high, own.high_cell))
        numbers = [text for record, cell in ends for text in (_number(record), _where(cell))]
        table.rows.append([cut(label, NAME_LETTERS), *numbers])
    more = len(rows) - MAX_ROWS
    return table, [f"And {more:,} more measures; an export holds all numbers."] if more > 0 else []


def _merged(ranges: dict[Kind, _Range], kept: list[str]) -> dict[Kind, _Range]:
    """Return the ranges of numbers that differ in no field that is kept."""
    merged: dict[Kind, _Range] = {}
    for (measure, *values), own in ranges.items():
        kind = (measure, *(value if field in kept else None for field, value in zip(FIELDS, values, strict=True)))
        merged[kind] = merged[kind].joined(own) if kind in merged else own
    return merged


def _number(record: Record) -> str:
    """Return a value: exact, or simulated with its standard error (or with what none, or all, leaves possible)."""
    text = f"{_estimate(record):.6g}"
    if record.engine == "exact" or record.mcse is None:
        return text
    if record.bound is not None:
        return f"{text} (95 % limit {record.bound:.2g})"
    return f"{text} ({record.mcse:.2g})"


def _where(cell: CellResult) -> str:
    return cut(f"{cell.number}: {', '.join(map(level_text, cell.levels))}", CELL_LETTERS)


def _estimate(record: Record) -> float:
    assert record.estimate is not None
    return record.estimate
