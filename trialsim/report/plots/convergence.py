"""How an estimate settles as a simulation grows: its band shrinks with the root of the number of trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from trialsim.report.plots import INK, OKABE_ITO, safe
from trialsim.report.plots.calendar_frame import band, lay_out
from trialsim.report.plots.estimates import interval, label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.records import Record

HEIGHT = 260


def convergence(steps: Sequence[tuple[int, Record]]) -> go.Figure:
    """Return the figure.

    Parameters
    ----------
    steps
        Number of trials, and the same measure after that many.
    """
    found = [(n, record) for n, record in steps if record.estimate is not None]
    trials = [n for n, _ in found]
    ends = [interval(record) for _, record in found]
    colour = OKABE_ITO[5]
    figure = go.Figure(band(trials, [low for low, _ in ends], [high for _, high in ends], colour, "estimate"))
    figure.add_scatter(
        x=trials,
        y=[record.estimate for _, record in found],
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={"size": 6},
        name="as conducted (±1.96 MCSE)",
        legendgroup="estimate",
        hovertext=[f"after {n:,} trials: {record.estimate:.4f} (MCSE {record.mcse or 0.0:.2g})" for n, record in found],
        hoverinfo="text",
    )
    exact = found[-1][1].exact if found else None
    if exact is not None:
        figure.add_scatter(
            x=[trials[0], trials[-1]],
            y=[exact, exact],
            mode="lines+markers",
            line={"color": INK, "width": 1.5, "dash": "dash"},
            marker={"symbol": "diamond-open", "size": 8},
            name=f"on paper {exact:.4f} (exact)",
            meta={"is_ink": True, "is_open": True},
            hoverinfo="name",
        )
    what = label_of(found[-1][1]) if found else "nothing yet"
    words = (
        f"Simulated: after {trials[-1]:,} calendar trials, {_last(found[-1][1])}."
        if found
        else "Nothing is simulated yet."
    )
    lay_out(figure, safe(f"Convergence: {what}"), [words], HEIGHT)
    ticks = _apart(trials)
    figure.update_xaxes(
        title="calendar trials", type="log", tickvals=ticks, ticktext=[_short(n) for n in ticks], tickangle=0
    )
    figure.update_yaxes(title="estimate")
    return figure


def _apart(trials: Sequence[int]) -> list[int]:
    """Return the last number of trials and, before it, those at least twice as far apart.

    >>> _apart([500, 1000, 2000, 5000, 10000, 20000, 30000, 35000])
    [500, 1000, 2000, 5000, 10000, 35000]
    """
    found: list[int] = []
    for n in reversed(trials):
        found += [n] if not found or 2 * n <= found[-1] else []
    return found[::-1]


def _short(n: int) -> str:
    return f"{n / 1000:g}k" if n >= 1000 else str(n)


def _last(record: Record) -> str:
    return f"{record.estimate:.4f} with MCSE {record.mcse or 0.0:.2g}"
