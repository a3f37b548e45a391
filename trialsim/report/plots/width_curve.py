"""How wide the interval can be at the most, by the number of patients; the chosen number marked. Exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from trialsim.report.plots import OKABE_ITO
from trialsim.report.plots.drawing import drawn, framed, line, titled, upright

if TYPE_CHECKING:
    from trialsim.curves import Widths
    from trialsim.report.plots.drawing import Drawing

HEIGHT = 340


def width_curve(widths: Widths) -> go.Figure:
    """Return the figure of `drawing`, checked."""
    return go.Figure(drawing(widths))


def drawing(widths: Widths) -> Drawing:
    """Return the curve.

    Parameters
    ----------
    widths
        From `trialsim.curves.widths`.
    """
    n, hover = list(widths.n), "±%{y:.2%}"
    traces = [
        line(n, list(widths.distance), "largest distance to a limit", OKABE_ITO[0], "solid", hover),
        line(n, list(widths.half_width), "largest half-width", OKABE_ITO[5], "dash", hover),
        _chosen(widths),
    ]
    level = f"{100 * widths.level:g} % {widths.interval} interval"
    layout = framed(
        f"Widest {level} of the response rate, all arms pooled",
        ["Exact: the worst over everything that can be observed."],
        HEIGHT,
        legend_y=-0.28,
        x=titled("patients"),
        y=titled("points to a limit", tickformat=".0%", rangemode="tozero"),
        hovermode="x unified",
        **_marks(widths),
    )
    return drawn(traces, layout)


def _chosen(widths: Widths) -> dict[str, Any]:
    """Return the mark of the design's own number of patients."""
    distance = widths.distance[widths.n.index(widths.chosen)]
    return {
        "type": "scatter",
        "x": [widths.chosen],
        "y": [distance],
        "mode": "markers+text",
        "text": [f" n = {widths.chosen}: ±{100 * distance:.2f} points"],
        "textposition": "top right",
        "marker": {"color": OKABE_ITO[0], "size": 9},
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _marks(widths: Widths) -> dict[str, Any]:
    """Return the lines at the design's number of patients and at the width that it promises."""
    if widths.target is None:
        return {"shapes": [upright(widths.chosen)]}
    pen = {"color": OKABE_ITO[2], "width": 1.5, "dash": "dashdot"}
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": widths.target, "y1": widths.target, "line": pen}
    place = {
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": widths.target,
        "yanchor": "top",
    }  # the curve comes from above
    words = {**place, "showarrow": False, "text": f"promised ±{100 * widths.target:.2f}"}
    return {"shapes": [upright(widths.chosen), across], "annotations": [words]}
