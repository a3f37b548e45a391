"""A measure of a sweep along one axis, a line per level of another, with the Monte Carlo error as a band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import plotly.graph_objects as go

from trialsim.errors import InputError
from trialsim.report.plots import OKABE_ITO, safe
from trialsim.report.sweep_hover import TICK_LETTERS, hover, shortened, ticks_of
from trialsim.report.sweep_measures import select
from trialsim.report.sweep_panels import Frame, axis_ids, framed
from trialsim.report.sweep_table import estimate_of, gap_notes, how, table_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trialsim.api import Record
    from trialsim.report.sweep_measures import Shown
    from trialsim.report.sweep_table import Axis, Panel, Table
    from trialsim.sweep.cells import SweepResult

HEIGHT, HEIGHT_OF_MANY = 380, 270
Z = 1.96
"""Standard errors from the estimate to the edge of the band: 95 %."""
_DASHES = ("solid", "dash", "dot", "dashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross")
MAX_LINES = len(OKABE_ITO) * len(_DASHES)
LEGEND_LETTERS = 34
MAX_MARKS = 40
"""Points of a line from which it has no markers."""


class _Line(NamedTuple):
    name: str
    number: int
    cells: list[Shown | None]
    """At each level of the horizontal axis; None: there is no cell."""


def sweep_curves(
    result: SweepResult,
    measure: str,
    x: str,
    by: str | None = None,
    *,
    at: Mapping[str, object] | None = None,
    n_sims: int | None = None,
) -> go.Figure:
    """Return the curves.

    Parameters
    ----------
    result
        The sweep; its cells are read once.
    measure
        A selector, such as `p_stop[400 mg, proof-of-concept]`.
    x
        Name of the axis along which the lines run.
    by
        Name of the axis with a line per level; None: one line.
    at
        Levels of other axes. The others get a panel for each combination of their levels if there are at most 6; else
        the level of the first cell is taken, and a note says so.
    n_sims
        Replicates per cell, for the title.

    Raises
    ------
    InputError
        If the selector, an axis or a level does not fit the sweep, or there are too many lines.
    """
    selection = select(result, [measure])
    table = table_of(selection, [x] if by is None else [x, by], at or {})
    along = table.axes[table.shown[0]]
    lines = table.axes[table.shown[1]] if by is not None else None
    if lines is not None and len(lines.levels) > MAX_LINES:
        raise InputError(
            f"the axis {lines.name} has {len(lines.levels)} levels, more than {MAX_LINES} lines cannot be told apart; "
            "a heat map shows them all"
        )
    records = [record for cell in table.cells if (record := cell.records[0]) is not None]
    notes = [*table.notes, *selection.notes, *gap_notes(table.cells), *_band_notes(table, records)]
    names = tuple(shortened(lines.texts, LEGEND_LETTERS)) if lines is not None else ()
    label = selection.labels[0]
    titles = tuple(panel.title for panel in table.panels)
    height = HEIGHT if len(titles) == 1 else HEIGHT_OF_MANY
    title = lines.name if lines is not None else ""
    words = () if along.is_number else tuple(shortened(along.texts, TICK_LETTERS))
    frame = Frame(along.name, label.partition(",")[0], titles, height, names, title, words)
    figure = go.Figure(layout=framed(frame, f"{label}: {how([records], n_sims)}", notes))
    for number, panel in enumerate(table.panels, 1):
        for line in _lines(panel, along, names):
            figure.add_traces(_traces(table, line, along, number))
    if len(table.panels) > 1:
        figure.update_yaxes(matches="y")
    if not along.is_number:
        figure.update_xaxes(type="category", categoryorder="array", categoryarray=ticks_of(along))
    return figure


def _lines(panel: Panel, along: Axis, names: Sequence[str]) -> list[_Line]:
    keys: list[tuple[int, ...]] = [(line,) for line in range(len(names))] or [()]
    lines = [
        _Line(name, number, [panel.cells.get((place, *key)) for place in range(len(along.levels))])
        for number, (name, key) in enumerate(zip(names or ("",), keys, strict=True))
    ]
    return [line for line in lines if any(line.cells)]


def _traces(table: Table, line: _Line, along: Axis, panel: int) -> list[go.Scatter]:
    xs: Sequence[Any] = along.levels if along.is_number else ticks_of(along)
    n_colours = len(OKABE_ITO)
    colour, dash = OKABE_ITO[line.number % n_colours], _DASHES[line.number // n_colours % len(_DASHES)]
    shared = {**axis_ids(panel), "legendgroup": f"line {line.number}"}
    points = [(x, cell) for x, cell in zip(xs, line.cells, strict=True) if cell is not None]  # left out: no gap
    curve = go.Scatter(
        x=[x for x, _ in points],
        y=[estimate_of(cell) for _, cell in points],
        mode="lines+markers" if len(points) <= MAX_MARKS else "lines",
        line={"color": colour, "dash": dash, "width": 2.2},
        marker={"symbol": _SYMBOLS[line.number % len(_SYMBOLS)], "size": 6},
        name=safe(line.name),
        showlegend=bool(line.name) and panel == 1,
        hovertext=[hover(table, cell) for _, cell in points],
        customdata=[cell.number for _, cell in points],
        hoverinfo="text",
        connectgaps=False,
        **shared,
    )
    if table.is_scattered:
        curve.update(mode="markers", error_y=_bars(points))
        return [curve]
    band = _band(points)
    if not band[0]:
        return [curve]
    fill = f"rgba({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))}, 0.22)"
    edge = go.Scatter(
        x=band[0],
        y=band[1],
        mode="lines",
        fill="toself",
        fillcolor=fill,
        line={"color": fill, "width": 1},
        hoverinfo="skip",
        showlegend=False,
        **shared,
    )
    return [edge, curve]


def interval(record: Record | None) -> tuple[float, float] | None:
    """Return the edges of the band at a number; None if it is exact or not there.

    Where the simulation saw none, or all, the band reaches to the 95 % limit.
    """
    if record is None or record.estimate is None or record.mcse is None or record.engine == "exact":
        return None
    low, high = record.estimate - Z * record.mcse, record.estimate + Z * record.mcse
    return (low, high) if record.bound is None else (min(low, record.bound), max(high, record.bound))


def _band(points: list[tuple[Any, Shown]]) -> tuple[list[Any], list[float | None]]:
    """Return the outline of the band: one closed piece per run of points without a gap."""
    xs: list[Any] = []
    ys: list[float | None] = []
    run: list[tuple[Any, tuple[float, float]]] = []
    for x, cell in [*points, (None, None)]:
        edges = interval(cell.records[0]) if cell is not None else None
        if edges is not None:
            run.append((x, edges))
            continue
        if run:
            xs += [*([None] if xs else []), *(x for x, _ in run), *(x for x, _ in reversed(run))]
            ys += [*([None] if ys else []), *(high for _, (_, high) in run), *(low for _, (low, _) in reversed(run))]
            run = []
    return xs, ys


def _bars(points: list[tuple[Any, Shown]]) -> dict[str, Any]:
    """Return the same as bars, for points that no line joins."""
    ends = [(estimate_of(cell) or 0.0, interval(cell.records[0])) for _, cell in points]
    up = [0.0 if edges is None else edges[1] - value for value, edges in ends]
    down = [0.0 if edges is None else value - edges[0] for value, edges in ends]
    return {"type": "data", "array": up, "arrayminus": down, "thickness": 1, "width": 2, "visible": any(up + down)}


def _band_notes(table: Table, records: list[Record]) -> list[str]:
    if not any(interval(record) for record in records):
        return []
    is_limited = any(record.bound is not None for record in records)
    more = " (to the 95 % limit where the simulation saw none or all)" if is_limited else ""
    return [f"{'Bars' if table.is_scattered else 'Band'}: ±1.96 Monte Carlo standard errors{more}."]
