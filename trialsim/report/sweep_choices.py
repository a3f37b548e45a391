"""What can be chosen of a sweep: its numbers, each with the selector that names it, and the levels of its axes."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from trialsim.report.sweep_measures import FIELDS, label_of, value_of
from trialsim.report.sweep_table import axes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.records import Record
    from trialsim.report.sweep_table import Axis
    from trialsim.sweep.cells import SweepResult


class Choice(NamedTuple):
    """A number that every cell of a sweep may have."""

    selector: str
    """As `select` takes it."""
    label: str
    """In words."""
    record: Record
    """The number in the first cell that has any."""


class Contents(NamedTuple):
    """What a sweep holds."""

    axes: tuple[Axis, ...]
    choices: tuple[Choice, ...]
    n_failed: int


def contents_of(result: SweepResult) -> Contents:
    """Return the axes with their levels, and the numbers of the first cell that has any; the cells are read once."""
    from trialsim.report.sweep_measures import Selection, Shown

    cells: list[Shown] = []
    records: Sequence[Record] = ()
    for cell in result.cells:
        records = records or cell.records
        cells.append(Shown(cell.number, cell.levels, (), cell.error))
    axes = axes_of(Selection(result.name, result.axes, tuple(cells), (), ()))
    return Contents(axes, choices_of(records), sum(cell.error is not None for cell in cells))


def choices_of(records: Sequence[Record]) -> tuple[Choice, ...]:
    """Return a choice for each number of a cell, named by the fields in which the numbers of its measure differ."""
    together: dict[str, list[Record]] = {}
    for record in records:
        together.setdefault(record.measure, []).append(record)
    found = []
    for rivals in together.values():
        differing = [field for field in FIELDS if len({value_of(record, field) for record in rivals}) > 1]
        for record in rivals:
            named = [field for field in differing if value_of(record, field) is not None]
            found.append(Choice(_selector(record, named), label_of([record], named), record))
    return tuple(found)


def _selector(record: Record, fields: Sequence[str]) -> str:
    """Return the measure with a word for each of these fields.

    A word that names its field means nothing else, whatever arms and looks are called.
    """
    if not fields:
        return record.measure
    line = StringIO()
    words = [f"{field}={_text(value_of(record, field))}" for field in fields]
    csv.writer(line, lineterminator="").writerow(words)
    return f"{record.measure}[{line.getvalue()}]"


def _text(value: str | float | None) -> str:
    return value if isinstance(value, str) else repr(value)
