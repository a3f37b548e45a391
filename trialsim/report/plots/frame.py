"""The frame of a figure of exact values: size, margins, grid, legend below, title and notes for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.report.plots import FAINT

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go


def frame(
    figure: go.Figure, title: str, notes: Sequence[str], height: int, *, top: int = 12, legend_y: float = -0.2
) -> go.Figure:
    """Return a figure in its frame.

    Parameters
    ----------
    figure
        With its data.
    title, notes
        What the page prints above and below it (`layout.meta`).
    height
        Pixels.
    top
        Pixels above the plot; more where words stand there.
    legend_y
        Where the legend hangs, as a share of the plot's height.
    """
    figure.update_layout(
        height=height,
        margin={"l": 54, "r": 12, "t": top, "b": 44},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        legend={"orientation": "h", "y": legend_y, "yanchor": "top", "x": 0},
        meta={"title": title, "notes": list(notes)},
    )
    figure.update_xaxes(gridcolor=FAINT, zeroline=False)
    figure.update_yaxes(gridcolor=FAINT, zeroline=False)
    return figure
