"""A measure of a sweep over two of its axes: a field of colours, its numbers in it where there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from trialsim.errors import InputError
from trialsim.report.plots import safe
from trialsim.report.sweep_hover import TICK_LETTERS, hover, shortened, ticks_of
from trialsim.report.sweep_measures import select
from trialsim.report.sweep_panels import WIDTHS, Frame, axis_ids, framed
from trialsim.report.sweep_table import estimate_of, gap_notes, how, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trialsim.report.sweep_table import Axis, Panel, Table
    from trialsim.sweep.cells import SweepResult

ROW, LEAST, MOST = 32, 160, 600
"""Pixels of a row, of the lowest and of the highest plot."""
NUMBER_WIDTH = 38
"""Pixels that a number needs."""
MAX_EMPTY = 0.9
"""Share of combinations that may be no cells of the sweep."""
MANY = 1_000


def heat_map(
    result: SweepResult,
    measure: str,
    x: str,
    y: str,
    *,
    at: Mapping[str, object] | None = None,
    n_sims: int | None = None,
) -> go.Figure:
    """Return the heat map.

    Parameters
    ----------
    result
        The sweep; its cells are read once.
    measure
        A selector, such as `p_stop[400 mg, proof-of-concept]`.
    x, y
        Names of axes.
    at
        Levels of other axes. The others get a panel for each combination of their levels if there are at most 6; else
        the level of the first cell is taken, and a note says so.
    n_sims
        Replicates per cell, for the title.

    Raises
    ------
    InputError
        If the selector, an axis or a level does not fit the sweep, or its cells are no grid.
    """
    selection = select(result, [measure])
    table = table_of(selection, [x, y], at or {})
    across, up = (table.axes[axis] for axis in table.shown)
    _check_grid(table, across, up)
    records = [record for cell in table.cells if (record := cell.records[0]) is not None]
    missing = sum(len(across.levels) * len(up.levels) - len(panel.cells) for panel in table.panels)
    notes = [*table.notes, *selection.notes, *gap_notes(table.cells, " (×)")]
    notes += [f"Combinations without a cell in the sweep: {missing:,}."] if missing else []
    height = min(max(ROW * len(up.levels), LEAST), MOST)
    titles = tuple(panel.title for panel in table.panels)
    frame = Frame(across.name, up.name, titles, height, x_words=_words(across), y_words=_words(up))
    layout = framed(frame, f"{selection.labels[0]}: {how([records], n_sims)}", notes)
    layout["coloraxis"]["colorscale"] = "Viridis"
    layout["coloraxis"]["colorbar"] |= _scale(selection.labels[0])
    figure = go.Figure(layout=layout)
    largest = max((abs(record.estimate) for record in records if record.estimate is not None), default=0.0)
    room = max(WIDTHS) / layout["meta"]["arrangements"][-1]["columns"]
    for number, panel in enumerate(table.panels, 1):
        figure.add_traces(_traces(table, panel, number, room, largest))
    for letter, axis in (("x", across), ("y", up)):
        ends = [-0.5, len(axis.levels) - 0.5]
        ends = ends if letter == "x" or axis.is_number else ends[::-1]  # words are read from the top down
        ticks = {"type": "category", "categoryorder": "array", "categoryarray": ticks_of(axis), "range": ends}
        getattr(figure, f"update_{letter}axes")(showgrid=False, **ticks)
    return figure


def _check_grid(table: Table, across: Axis, up: Axis) -> None:
    n = len(across.levels) * len(up.levels)
    found = max(len(panel.cells) for panel in table.panels)
    if n > MANY and found < (1 - MAX_EMPTY) * n:
        raise InputError(
            f"a heat map needs a grid, and of {n:,} combinations of {across.name} and {up.name} only {found:,} are "
            "cells of the sweep; curves and pareto show samples"
        )


def _traces(table: Table, panel: Panel, number: int, room: float, largest: float) -> list[go.Heatmap | go.Scatter]:
    across, up = (table.axes[axis] for axis in table.shown)
    cells = [[panel.cells.get((i, j)) for i in range(len(across.levels))] for j in range(len(up.levels))]
    values = [[estimate_of(cell) for cell in row] for row in cells]
    texts = [[_short(value, largest) for value in row] for row in values]
    place = {**axis_ids(number), "hoverinfo": "text"}
    gap = 1 if len(across.levels) <= 40 and len(up.levels) <= 40 else 0
    least_width = NUMBER_WIDTH * len(across.levels)
    is_written = least_width <= room and len(up.levels) * ROW <= MOST
    map_ = go.Heatmap(
        x=ticks_of(across),
        y=ticks_of(up),
        z=values,
        text=texts,
        texttemplate="%{text}" if is_written else "",
        hovertext=[["" if cell is None else hover(table, cell) for cell in row] for row in cells],
        customdata=[[None if cell is None else cell.number for cell in row] for row in cells],
        hoverongaps=False,
        coloraxis="coloraxis",
        xgap=gap,
        ygap=gap,
        meta={"text_from": least_width} if is_written else None,  # a page without room leaves the numbers out
        **place,
    )
    failed = [(key, cell) for key, cell in panel.cells.items() if cell.error is not None]
    if not failed:
        return [map_]
    marks = go.Scatter(
        mode="markers",
        x=[ticks_of(across)[i] for (i, _), _ in failed],
        y=[ticks_of(up)[j] for (_, j), _ in failed],
        marker={"symbol": "x-thin", "size": 8, "line": {"width": 1.5, "color": "#808080"}},
        hovertext=[hover(table, cell) for _, cell in failed],
        customdata=[cell.number for _, cell in failed],
        showlegend=False,
        **place,
    )
    return [map_, marks]


def _scale(label: str) -> dict[str, Any]:
    measure = safe(label.partition(",")[0])
    return {
        "title": {"text": measure, "side": "right", "font": {"size": 12}},
        "tickfont": {"size": 11},
        "thickness": 12,
        "x": 1,
        "xpad": 6,
        "y": 1,
        "yanchor": "top",
        "ypad": 0,
        "outlinewidth": 0,
    }


def _words(axis: Axis) -> tuple[str, ...]:
    return () if axis.is_number else tuple(shortened(axis.texts, TICK_LETTERS))


def _short(value: float | None, largest: float) -> str:
    """Return a number for a small place; what is not 0 or 1 is not shown as if it were.

    >>> _short(0.9996, 1), _short(0.06, 1), _short(93.268, 147)
    ('>0.999', '0.060', '93.3')
    """
    if value is None:
        return ""
    if largest > 2:
        return f"{value:.{1 if largest < 1000 else 0}f}"
    if 0 < value < 0.0005:
        return "<0.001"
    return ">0.999" if 0.9995 <= value < 1 else f"{value:.3f}"
