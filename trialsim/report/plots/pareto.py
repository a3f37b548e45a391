"""Two measures of a sweep against each other: every cell a point, those that no other cell beats joined to a front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import plotly.graph_objects as go

from trialsim.errors import InputError, nearest
from trialsim.report.sweep_hover import hover
from trialsim.report.sweep_measures import select
from trialsim.report.sweep_panels import Frame, framed
from trialsim.report.sweep_table import all_cells, estimate_of, gap_notes, how, levels_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trialsim.api import Record
    from trialsim.report.sweep_measures import Shown
    from trialsim.report.sweep_table import Table
    from trialsim.sweep.cells import SweepResult

Goal: TypeAlias = Literal["min", "max"]

HEIGHT = 460
OTHERS, FRONT = "#56B4E9", "#D55E00"
MAX_LISTED = 8
"""Cells of the front that the notes list."""
Z = 1.96


def pareto(
    result: SweepResult,
    x: str,
    y: str,
    goals: tuple[Goal, Goal],
    *,
    at: Mapping[str, object] | None = None,
    n_sims: int | None = None,
) -> go.Figure:
    """Return the cells as points, and the front.

    Parameters
    ----------
    result
        The sweep; its cells are read once.
    x, y
        Selectors of the two measures, such as `n_mean[active]`.
    goals
        "min" or "max" of each: what is better.
    at
        Levels of axes: only these cells are shown.
    n_sims
        Replicates per cell, for the title.

    Raises
    ------
    InputError
        If a selector, an axis or a level does not fit the sweep, or a goal is neither "min" nor "max".
    """
    for goal in goals:
        if goal not in get_args(Goal):
            raise InputError(f'goal "{goal}": {nearest(goal, get_args(Goal))}')
    selection = select(result, [x, y])
    table = all_cells(selection, at or {})
    cells = [cell for cell in table.cells if _is_complete(cell)]
    on_front = front([_values(cell) for cell in cells], goals)
    best = [cells[place] for place in on_front]
    others = [cell for place, cell in enumerate(cells) if place not in set(on_front)]
    records = [[record for cell in cells if (record := cell.records[which]) is not None] for which in (0, 1)]
    is_simulated = any(_error(record) for own in records for record in own)
    notes = [
        *table.notes,
        *_front_notes(table, best, len(cells), is_simulated),
        *selection.notes,
        *gap_notes(table.cells),
    ]
    across, up = (_with_goal(label, goal) for label, goal in zip(selection.labels, goals, strict=True))
    frame = Frame(across, up, ("",), HEIGHT, legend=("other cells", "front"))
    figure = go.Figure(layout=framed(frame, f"{' against '.join(selection.labels)}: {how(records, n_sims)}", notes))
    figure.add_trace(_points(table, others, "other cells", {"color": OTHERS, "size": 7, "opacity": 0.6}))
    figure.add_trace(_front(table, best, goals))
    return figure


def front(values: Sequence[tuple[float, float]], goals: tuple[Goal, Goal]) -> list[int]:
    """Return the places of the points that no other beats, in the order of x: at least as good in both, better in one.

    >>> front([(1, 5), (2, 2), (3, 3), (2, 2)], ("min", "min"))
    [0, 1, 3]
    """
    signs = [1.0 if goal == "min" else -1.0 for goal in goals]
    # Values that are equal but for rounding beat one another in nothing.
    signed = [(signs[0] * float(f"{x:.12g}"), signs[1] * float(f"{y:.12g}")) for x, y in values]
    found: list[int] = []
    best = None
    for place in sorted(range(len(values)), key=lambda place: signed[place]):
        # Points come by x, those with the same x by y: one is beaten if an earlier one, not its twin, is as good in y.
        if best is None or signed[place][1] < signed[best][1] or signed[place] == signed[best]:
            best = place
            found.append(place)
    return found if signs[0] > 0 else found[::-1]


def _is_complete(cell: Shown) -> bool:
    return all(record is not None and record.estimate is not None for record in cell.records)


def _values(cell: Shown) -> tuple[float, float]:
    x, y = (estimate_of(cell, which) for which in (0, 1))
    assert x is not None
    assert y is not None
    return x, y


def _points(table: Table, cells: Sequence[Shown], name: str, marker: dict[str, Any]) -> go.Scatter:
    return go.Scatter(
        mode="markers",
        x=[_values(cell)[0] for cell in cells],
        y=[_values(cell)[1] for cell in cells],
        marker=marker,
        name=name,
        hovertext=[hover(table, cell) for cell in cells],
        customdata=[cell.number for cell in cells],
        hoverinfo="text",
    )


def _front(table: Table, cells: Sequence[Shown], goals: tuple[Goal, Goal]) -> go.Scatter:
    """Return the front, joined in steps: between two cells no other value is to be had."""
    trace = _points(table, cells, "front", {"color": FRONT, "size": 9, "symbol": "diamond"})
    trace.update(
        mode="lines+markers", line={"color": FRONT, "width": 1.5, "shape": "hv" if goals[0] == "min" else "vh"}
    )
    for which, key in enumerate(("error_x", "error_y")):
        errors = [_error(cell.records[which]) for cell in cells]
        if any(errors):
            trace[key] = {"type": "data", "array": errors, "thickness": 1, "width": 2}
    return trace


def _error(record: Record | None) -> float:
    return Z * record.mcse if record is not None and record.engine != "exact" and record.mcse is not None else 0.0


def _with_goal(label: str, goal: Goal) -> str:
    return f"{label} ({'smaller' if goal == 'min' else 'larger'} is better)"


def _front_notes(table: Table, best: Sequence[Shown], n: int, is_simulated: bool) -> list[str]:
    notes = [f"Front: the {len(best):,} of {n:,} cells that no other beats in one measure without losing in the other."]
    if is_simulated:
        notes.append("Bars: ±1.96 Monte Carlo standard errors; the front is that of the estimates.")
    varied = [axis for axis in range(len(table.axes)) if len({cell.levels[axis] for cell in table.cells}) > 1]
    names = [table.axes[axis].name for axis in varied]
    for cell in best[:MAX_LISTED]:
        x, y = _values(cell)
        where = levels_text(names, [cell.levels[axis] for axis in varied])
        notes.append(f"Cell {cell.number}: {x:.6g} and {y:.6g}{f' at {where}' if where else ''}.")
    return [*notes, f"And {len(best) - MAX_LISTED:,} more."] if len(best) > MAX_LISTED else notes
