"""The cells of a sweep laid out for a picture: which axes are shown, what the others are fixed at, what is said."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from trialsim.errors import InputError, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trialsim.api import Record
    from trialsim.report.sweep_measures import Selection, Shown
    from trialsim.sweep.cells import Level

MAX_PANELS = 6
"""Combinations of the levels of other axes that are shown side by side; of more, the first level is taken."""


class Axis(NamedTuple):
    """An axis of the sweep with its levels as they are shown: numbers in their order, words as the sweep has them."""

    name: str
    levels: tuple[Level, ...]
    texts: tuple[str, ...]
    """All different."""
    is_number: bool


class Panel(NamedTuple):
    """The cells of one plot, by the places of their levels on the axes that are shown."""

    title: str
    """Which levels the panels differ in; empty if there is one."""
    cells: dict[tuple[int, ...], Shown]


Placed: TypeAlias = "tuple[tuple[int, ...], Shown]"
"""A cell with the places of its levels."""


class Table(NamedTuple):
    """The cells of a picture."""

    axes: tuple[Axis, ...]
    """All axes of the sweep."""
    shown: tuple[int, ...]
    """Which of them the picture shows."""
    panels: tuple[Panel, ...]
    notes: tuple[str, ...]
    is_scattered: bool = False
    """Whether axes that are not shown have another level from point to point."""

    @property
    def cells(self) -> list[Shown]:
        """The cells of all panels."""
        return [cell for panel in self.panels for cell in panel.cells.values()]


def table_of(selection: Selection, names: Sequence[str], at: Mapping[str, object]) -> Table:
    """Lay out the cells.

    Parameters
    ----------
    selection
        From `select`.
    names
        The axes to show, each different: whole names, or the last parts of dotted paths.
    at
        The level of any of the other axes; of those that are not named, every combination gets a panel if they are few,
        and else the level of the first cell is taken.

    Raises
    ------
    InputError
        If an axis or a level does not exist, an axis is named twice, or no cell is left.
    """
    axes = axes_of(selection)
    shown = tuple(_axis(name, axes) for name in names)
    wanted, notes = _fixed(axes, at)
    for axis in (*shown, *wanted):
        if [*shown, *wanted].count(axis) > 1:
            raise InputError(f"the axis {axes[axis].name} is asked for twice; show it or fix it once")
    placed = _placed(selection, axes, wanted)
    others = [axis for axis in range(len(axes)) if axis not in (*shown, *wanted)]
    if len({tuple(place[axis] for axis in shown) for place, _ in placed}) == len(placed):
        moving = [axes[axis].name for axis in others if len({place[axis] for place, _ in placed}) > 1]
        notes += [f"Each point has its own level of {', '.join(moving)}."] if moving else []
        return Table(axes, shown, (_panel("", placed, shown),), tuple(notes), bool(moving))
    panels, more = _panels(placed, axes, shown, others)
    return Table(axes, shown, panels, (*notes, *more))


def all_cells(selection: Selection, at: Mapping[str, object]) -> Table:
    """Return all cells with these levels in one panel, by their numbers.

    Raises
    ------
    InputError
        If an axis or a level does not exist, or no cell is left.
    """
    axes = axes_of(selection)
    wanted, notes = _fixed(axes, at)
    cells: dict[tuple[int, ...], Shown] = {(cell.number,): cell for _, cell in _placed(selection, axes, wanted)}
    return Table(axes, (), (Panel("", cells),), tuple(notes))


def axes_of(selection: Selection) -> tuple[Axis, ...]:
    """Return the axes of a sweep with the levels of its cells."""
    axes = []
    for number, name in enumerate(selection.axes):
        levels = list({_key(cell.levels[number]): cell.levels[number] for cell in selection.cells}.values())
        is_number = all(isinstance(level, int | float) and not isinstance(level, bool) for level in levels)
        ordered = sorted(levels, key=float) if is_number else levels
        axes.append(Axis(name, tuple(ordered), _texts(ordered), is_number))
    return tuple(axes)


def level_text(level: Level) -> str:
    """Return a level as it is shown.

    >>> level_text(0.05), level_text(36 / 73), level_text(True)
    ('0.05', '0.493151', 'true')
    """
    if isinstance(level, bool):
        return "true" if level else "false"
    return f"{level:.6g}" if isinstance(level, float) else shown(str(level))


def levels_text(axes: Sequence[str], levels: Sequence[Level]) -> str:
    """Return the levels of a cell in words.

    >>> levels_text(["n_gate", "rate"], [18, 0.05])
    'n_gate 18, rate 0.05'
    """
    return ", ".join(f"{name} {level_text(level)}" for name, level in zip(axes, levels, strict=True))


def number_text(record: Record) -> str:
    """Return the number of a record with how sure it is."""
    if record.estimate is None:
        return "none seen"
    text = f"{record.estimate:.6g}"
    if record.engine == "exact":
        return f"{text} (exact)"
    if record.bound is not None:
        return f"{text} (95 % limit {record.bound:.2g})"
    return text if record.mcse is None else f"{text} (MCSE {record.mcse:.2g})"


def how(measures: Sequence[Sequence[Record]], n_sims: int | None) -> str:
    """Return whether the numbers of some measures are exact or simulated, how often, and the largest MCSE of each."""
    found = [[record for record in records if record.estimate is not None] for records in measures]
    simulated = [[record for record in records if record.engine != "exact"] for records in found]
    n, n_simulated = sum(map(len, found)), sum(map(len, simulated))
    if n_simulated == 0:
        return "exact" if n else "nothing to show"
    largest = [max((record.mcse or 0.0 for record in records), default=0.0) for records in simulated]
    part = "simulated" if n == n_simulated else f"{n_simulated:,} of {n:,} numbers simulated"
    replicates = f", {n_sims:,} replicates per cell" if n_sims is not None else ""
    return f"{part}{replicates}, MCSE at most {' and '.join(f'{mcse:.2g}' for mcse in largest)}"


def gap_notes(cells: Sequence[Shown], sign: str = "") -> list[str]:
    """Return sentences on the cells that have no number to show; `sign` marks those that failed."""
    failed = sum(cell.error is not None for cell in cells)
    lacking = sum(cell.error is None and None in cell.records for cell in cells)
    unseen = sum(any(record is not None and record.estimate is None for record in cell.records) for cell in cells)
    notes = [f"{_cells(failed)} failed{sign}."] if failed else []
    notes += [f"{_cells(lacking)} {'has' if lacking == 1 else 'have'} no such number."] if lacking else []
    notes += [f"In {_cells(unseen)} no replicate met the condition."] if unseen else []
    return notes


def estimate_of(cell: Shown | None, which: int = 0) -> float | None:
    """Return the number of a cell, None where there is none to show."""
    record = cell.records[which] if cell is not None else None
    return record.estimate if record is not None else None


def _cells(n: int) -> str:
    return f"{n:,} cell{'s' if n != 1 else ''}"


def _key(level: Level) -> tuple[bool, Level]:
    """Return what tells levels apart: true is not 1."""
    return isinstance(level, bool), level


def _texts(levels: Sequence[Level]) -> tuple[str, ...]:
    texts = [level_text(level) for level in levels]
    return tuple(texts if len(set(texts)) == len(texts) else map(repr, levels))


def _axis(name: str, axes: Sequence[Axis]) -> int:
    names = [axis.name for axis in axes]
    if name in names:
        return names.index(name)
    ends = [number for number, own in enumerate(names) if own.endswith(f".{name}")]
    if len(ends) == 1:
        return ends[0]
    raise InputError(f'the sweep has no axis "{name}": {nearest(name, names)}')


def _place(level: object, axis: Axis) -> int:
    """Return the place of a level, given as it is or as it is written."""
    for place, (own, text) in enumerate(zip(axis.levels, axis.texts, strict=True)):
        if (type(level) is type(own) and level == own) or str(level) in (text, str(own), level_text(own)):
            return place
    if axis.is_number and isinstance(level, int | float | str):
        try:
            return [float(own) for own in axis.levels].index(float(level))
        except ValueError:
            pass
    raise InputError(f'the axis {axis.name} has no level "{level}": {nearest(str(level), axis.texts)}')


def _fixed(axes: tuple[Axis, ...], at: Mapping[str, object]) -> tuple[dict[int, int], list[str]]:
    """Return the places of fixed levels by the number of their axis, and a sentence on each."""
    wanted: dict[int, int] = {}
    for name, level in at.items():
        axis = _axis(name, axes)
        wanted[axis] = _place(level, axes[axis])
    return wanted, [f"{axes[axis].name} is {axes[axis].texts[place]}." for axis, place in wanted.items()]


def _placed(selection: Selection, axes: tuple[Axis, ...], wanted: dict[int, int]) -> list[Placed]:
    """Return the cells at the wanted levels, each with the places of its levels."""
    codes = [{_key(level): place for place, level in enumerate(axis.levels)} for axis in axes]
    placed = []
    for cell in selection.cells:
        place = tuple(own[_key(level)] for own, level in zip(codes, cell.levels, strict=True))
        if all(place[axis] == code for axis, code in wanted.items()):
            placed.append((place, cell))
    if not placed:
        where = ", ".join(f"{axes[axis].name} is {axes[axis].texts[place]}" for axis, place in wanted.items())
        raise InputError(f"the sweep has no cell where {where}")
    return placed


def _panels(
    placed: list[Placed], axes: tuple[Axis, ...], shown: tuple[int, ...], others: list[int]
) -> tuple[tuple[Panel, ...], list[str]]:
    side_by_side: list[int] = []
    for axis in others:
        if len(axes[axis].levels) > 1 and prod(len(axes[own].levels) for own in (*side_by_side, axis)) <= MAX_PANELS:
            side_by_side.append(axis)
    first, _ = placed[0]
    taken = {axis: first[axis] for axis in others if axis not in side_by_side}
    notes = [
        f"{axes[axis].name} is {axes[axis].texts[place]}, one of {len(axes[axis].levels):,} levels."
        for axis, place in taken.items()
    ]
    panels = []
    for places in product(*(range(len(axes[axis].levels)) for axis in side_by_side)):
        wanted = {**taken, **dict(zip(side_by_side, places, strict=True))}
        own = [(place, cell) for place, cell in placed if all(place[axis] == code for axis, code in wanted.items())]
        title = ", ".join(f"{axes[axis].name} {axes[axis].texts[wanted[axis]]}" for axis in side_by_side)
        panels += [_panel(title, own, shown)] if own else []
    return tuple(panels), notes


def _panel(title: str, placed: list[Placed], shown: tuple[int, ...]) -> Panel:
    return Panel(title, {tuple(place[axis] for axis in shown): cell for place, cell in placed})
