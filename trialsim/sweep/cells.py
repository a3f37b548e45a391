"""What a sweep is made of: cells, and what came out of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trialsim.api import Record

Level: TypeAlias = bool | int | float | str
"""The value of a varied path in a cell, as it is shown: a number or word, or the label of a longer value."""


class CellResult(NamedTuple):
    """One cell of a sweep and its numbers."""

    number: int
    """Its place in the grid, from 0: the last axis moves fastest, excluded cells have no number."""
    levels: tuple[Level, ...]
    """One per axis."""
    records: tuple[Record, ...]
    """Empty if the cell failed."""
    error: str | None = None
    """Why the cell failed, in one sentence."""


class SweepResult(NamedTuple):
    """A sweep: its axes, and its cells in the order of their numbers (possibly streamed, so read them once)."""

    name: str
    axes: tuple[str, ...]
    cells: Iterable[CellResult]
