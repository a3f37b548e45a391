"""The words on a picture of a sweep: ticks, and what is shown of a cell that is pointed at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.report.plots import safe
from trialsim.report.sweep_table import level_text, number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.report.sweep_measures import Shown
    from trialsim.report.sweep_table import Axis, Table

TICK_LETTERS = 16
HOVER_LETTERS = 90


def ticks_of(axis: Axis) -> list[str]:
    """Return the labels of the levels, all different, as plotly takes them."""
    return [safe(text) for text in shortened(axis.texts, TICK_LETTERS)]


def shortened(texts: Sequence[str], letters: int) -> list[str]:
    """Return texts of about so many letters, all different: where cutting makes two alike, all get their numbers.

    >>> shortened(["O'Brien and Fleming", "Pocock"], 9), shortened(["the method A", "the method B"], 9)
    (["O'Brien…", 'Pocock'], ['1 the me…', '2 the me…'])
    """
    short = [cut(text, letters) for text in texts]
    if len(set(short)) == len(short):
        return short
    return [f"{number} {cut(text, letters - 2)}" for number, text in enumerate(texts, 1)]


def hover(table: Table, cell: Shown) -> str:
    """Return what is shown of a cell, in lines: its levels, then its numbers or its error."""
    lines = [f"<b>cell {cell.number}</b>"]
    lines += [
        f"{safe(axis.name)}: {safe(cut(level_text(level), HOVER_LETTERS))}"
        for axis, level in zip(table.axes, cell.levels, strict=True)
    ]
    if cell.error is not None:
        return "<br>".join([*lines, f"failed: {safe(cut(cell.error, HOVER_LETTERS))}"])
    lines += [
        f"{safe(record.measure)}: {number_text(record)}" if record is not None else "no such number"
        for record in cell.records
    ]
    return "<br>".join(lines)


def cut(text: str, letters: int) -> str:
    """Return a text of at most so many letters."""
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"
