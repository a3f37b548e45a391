"""The frame of a figure of exact values that is made with `plotly.graph_objects`: the layout of `drawing.framed`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.report.plots.drawing import framed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go


def frame(
    figure: go.Figure, title: str, notes: Sequence[str], height: int, *, top: int = 12, legend_y: float = -0.2
) -> go.Figure:
    """Return a figure in its frame; the parameters are those of `framed`."""
    figure.update_layout({**framed(title, notes, height, x={}, y={}, top=top, legend_y=legend_y), "template": None})
    return figure
