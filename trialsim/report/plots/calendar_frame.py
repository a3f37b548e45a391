"""What the figures of calendar trials share: the frame, the bands, and the note on how the numbers came about."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from trialsim.records import bound_of
from trialsim.report.plots import FAINT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.oc.mcse import Estimate

HEIGHT = 340
Z = 1.96
"""Standard errors from an estimate to the end of its bar: 95 %."""
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x")


def lay_out(figure: go.Figure, title: str, notes: Sequence[str], height: int = HEIGHT) -> go.Figure:
    """Return a figure in the frame of the page, with its title and the notes to be printed beneath."""
    figure.update_layout(
        template=None,
        height=height,
        margin={"l": 52, "r": 12, "t": 28, "b": 44},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        meta={"title": title, "notes": list(notes)},
    )
    figure.update_xaxes(gridcolor=FAINT, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=FAINT, zeroline=False, automargin=True)
    return figure


def translucent(colour: str, opacity: float = 0.2) -> str:
    """Return a colour such as "#0072B2" for the area of a band.

    >>> translucent("#0072B2")
    'rgba(0, 114, 178, 0.2)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"


def band(x: Sequence[float], low: Sequence[float], high: Sequence[float], colour: str, group: str) -> go.Scatter:
    """Return the area between two lines."""
    return go.Scatter(
        x=[*x, *reversed(x)],
        y=[*high, *reversed(low)],
        mode="lines",
        fill="toself",
        fillcolor=translucent(colour),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        legendgroup=group,
    )


def simulated(n_trials: float) -> str:
    """Return how the numbers of a figure came about, to go on with a full stop or a comma.

    >>> simulated(20000)
    'Simulated: 20,000 calendar trials'
    """
    return f"Simulated: {n_trials:,.0f} calendar trials"


def share_words(share: Estimate) -> str:
    """Return a share in per cent with its error; where none or all were seen, with its 95 % limit.

    >>> from trialsim.oc.mcse import proportion
    >>> share_words(proportion(120, 1000))
    '12.0 % (MCSE 1 %)'
    >>> share_words(proportion(0, 1000))
    'none seen (95 %: under 0.37 %)'
    """
    if share.value is None or share.mcse is None:
        return "–"
    bound = bound_of(share)
    if bound is not None:
        seen, limit = (
            ("none seen", f"under {100 * bound:.2g}") if share.value == 0 else ("all", f"over {100 * bound:.4g}")
        )
        return f"{seen} (95 %: {limit} %)"
    if share.mcse == 0:
        return f"{100 * share.value:g} % in every trial"
    return f"{100 * share.value:.{digits_of(100 * share.mcse)}f} % (MCSE {100 * share.mcse:.2g} %)"


def number_words(number: Estimate) -> str:
    """Return a mean or quantile with its error.

    >>> from trialsim.oc.mcse import Estimate
    >>> number_words(Estimate(90.9096, 0.3021, 1000, "mean"))
    '90.9 (MCSE 0.3)'
    """
    if number.value is None or number.mcse is None:
        return "–"
    if number.mcse == 0:
        return f"{number.value:g} ({'in every trial' if number.kind == 'mean' else 'the same at ±1 MCSE'})"
    return f"{number.value:.{digits_of(number.mcse)}f} (MCSE {number.mcse:.2g})"


def digits_of(mcse: float) -> int:
    """Return the decimals that a number with this error deserves: 1 to 6."""
    return min(max(1, -floor(log10(mcse))), 6)


def values_of(estimates: Sequence[Estimate]) -> list[float]:
    """Return the values to draw."""
    return [estimate.value if estimate.value is not None else 0.0 for estimate in estimates]
