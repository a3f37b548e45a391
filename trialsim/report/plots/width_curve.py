"""How wide the interval can be at the most, by the number of patients; the chosen number marked. Exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from trialsim.report.plots import INK, OKABE_ITO
from trialsim.report.plots.frame import frame

if TYPE_CHECKING:
    from trialsim.curves import Widths

HEIGHT = 340


def width_curve(widths: Widths) -> go.Figure:
    """Return the curve.

    Parameters
    ----------
    widths
        From `trialsim.curves.widths`.
    """
    figure = go.Figure()
    for name, values, colour, dash in (
        ("largest distance to a limit", widths.distance, OKABE_ITO[0], "solid"),
        ("largest half-width", widths.half_width, OKABE_ITO[5], "dash"),
    ):
        line = {"color": colour, "dash": dash, "width": 2.2}
        figure.add_scatter(
            x=list(widths.n), y=list(values), name=name, line=line, mode="lines", hovertemplate="±%{y:.2%}"
        )
    at = widths.n.index(widths.chosen)
    figure.add_vline(x=widths.chosen, line={"color": INK, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=[widths.chosen],
        y=[widths.distance[at]],
        mode="markers+text",
        text=[f" n = {widths.chosen}: ±{100 * widths.distance[at]:.2f} points"],
        textposition="top right",
        marker={"color": OKABE_ITO[0], "size": 9},
        showlegend=False,
        hoverinfo="skip",
    )
    if widths.target is not None:
        figure.add_hline(y=widths.target, line={"color": OKABE_ITO[2], "width": 1.5, "dash": "dashdot"})
        figure.add_annotation(
            x=1,
            xref="paper",
            xanchor="right",
            y=widths.target,
            yanchor="bottom",
            showarrow=False,
            text=f"promised ±{100 * widths.target:.2f}",
        )
    level = f"{100 * widths.level:g} % {widths.interval} interval"
    title = f"Widest {level} of the response rate, all arms pooled"
    frame(figure, title, ["Exact: the worst over everything that can be observed."], HEIGHT, legend_y=-0.28)
    figure.update_layout(hovermode="x unified")
    figure.update_xaxes(title="patients")
    figure.update_yaxes(title="points to a limit", tickformat=".0%", rangemode="tozero")
    return figure
