"""A figure as plain values, as plotly.js reads it: for pages that draw anew while somebody waits.

`plotly.graph_objects.Figure(drawing)` checks every name and value in one; that takes longer than the figure itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trialsim.report.plots import FAINT, INK

if TYPE_CHECKING:
    from collections.abc import Sequence

Drawing = dict[str, Any]
"""`data`: traces; `layout`: everything around them, with the page's title and notes in `meta`."""

_CLEAR = "rgba(0, 0, 0, 0)"


def drawn(traces: Sequence[dict[str, Any]], layout: dict[str, Any]) -> Drawing:
    """Return a figure of its traces and its layout (`framed`)."""
    return {"data": list(traces), "layout": layout}


def framed(
    title: str,
    notes: Sequence[str],
    height: int,
    *,
    x: dict[str, Any],
    y: dict[str, Any],
    top: int = 12,
    legend_y: float = -0.2,
    **more: Any,
) -> dict[str, Any]:
    """Return the layout of a figure: size, margins, grid, legend below, title and notes for the page.

    Parameters
    ----------
    title, notes
        What the page prints above and below the figure.
    height
        Pixels.
    x, y
        What is said of the axes beyond their grid.
    top
        Pixels above the plot; more where words stand there.
    legend_y
        Where the legend hangs, as a share of the plot's height.
    more
        Further parts of the layout.
    """
    return {
        "template": {},
        "height": height,
        "margin": {"l": 54, "r": 24, "t": top, "b": 44},
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "legend": {"orientation": "h", "y": legend_y, "yanchor": "top", "x": 0},
        "meta": {"title": title, "notes": list(notes)},
        "xaxis": {"gridcolor": FAINT, "zeroline": False, "automargin": True, **x},
        "yaxis": {"gridcolor": FAINT, "zeroline": False, "automargin": True, **y},
        **more,
    }


def line(
    x: Sequence[Any], y: Sequence[float], name: str, colour: str, dash: str, hover: str, shape: str = "linear"
) -> dict[str, Any]:
    """Return a curve; `hover` is what the pointer reads off it."""
    pen = {"color": colour, "dash": dash, "width": 2.2, "shape": shape}
    return {"type": "scatter", "x": x, "y": y, "mode": "lines", "name": name, "line": pen, "hovertemplate": hover}


def upright(at: float) -> dict[str, Any]:
    """Return a dotted line across the plot at a place of the x axis."""
    ends = {"xref": "x", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1}
    return {"type": "line", **ends, "line": {"color": INK, "width": 1, "dash": "dot"}}


def titled(text: str, **more: Any) -> dict[str, Any]:
    """Return an axis with its title."""
    return {"title": {"text": text}, **more}
