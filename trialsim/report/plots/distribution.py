"""How one number varies from trial to trial: bars with their Monte Carlo error, median and middle 90 % marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from trialsim.report.plots import INK, OKABE_ITO, safe
from trialsim.report.plots.calendar_frame import Z, lay_out, number_words, share_words, simulated

if TYPE_CHECKING:
    from trialsim.distributions import Bin, Distribution
    from trialsim.oc.mcse import Estimate

HEIGHT = 300


def distribution(found: Distribution) -> go.Figure:
    """Return the figure.

    Parameters
    ----------
    found
        From `trialsim.distributions.distribution`.
    """
    unit, bins = found.quantity.unit, found.bins
    figure = go.Figure(
        go.Bar(
            x=[_middle(bin_, unit) for bin_ in bins],
            y=[bin_.share.value for bin_ in bins],
            width=[0.92 * (bin_.high - bin_.low) for bin_ in bins],
            marker={"color": OKABE_ITO[0], "opacity": 0.85},
            error_y={
                "type": "data",
                "array": [Z * (bin_.share.mcse or 0.0) for bin_ in bins],
                "color": INK,
                "thickness": 1,
                "width": 3,
            },
            name="share of trials",
            showlegend=False,
            hovertext=[f"{_range(bin_, unit)}: {share_words(bin_.share)} of trials" for bin_ in bins],
            hoverinfo="text",
            meta={"is_ink": True},
        )
    )
    top = max((bin_.share.value or 0.0 for bin_ in bins), default=1.0)
    _mark(figure, found, top)
    title = safe(found.quantity.label[:1].upper() + found.quantity.label[1:])
    lay_out(figure, title, notes(found), HEIGHT)
    figure.update_xaxes(title=unit)
    figure.update_yaxes(title="share of trials", tickformat=".0%", rangemode="tozero")
    return figure


def _mark(figure: go.Figure, found: Distribution, top: float) -> None:
    """Mark median and middle 90 % by lines that say their numbers in the legend."""
    low, median, high = found.low.value, found.median.value, found.high.value
    if low is None or median is None or high is None:
        return
    words = f"median {_number(found.median)}"
    figure.add_scatter(
        x=[median, median], y=[0, top], mode="lines", line={"color": OKABE_ITO[5], "width": 2}, name=words
    )
    figure.add_scatter(
        x=[low, low, None, high, high],
        y=[0, top, None, 0, top],
        mode="lines",
        line={"color": OKABE_ITO[5], "width": 1.5, "dash": "dot"},
        name=f"90 %: {_number(found.low)} to {_number(found.high)}",
    )
    figure.data[1].update(hoverinfo="name")
    figure.data[2].update(hoverinfo="name")


def _middle(bin_: Bin, unit: str) -> float:
    """Return where a bar stands; whole patients stand on their number."""
    return (bin_.low + bin_.high - (1 if unit == "patients" else 0)) / 2


def _range(bin_: Bin, unit: str) -> str:
    if unit == "patients" and bin_.high - bin_.low == 1:
        return f"{bin_.low:g} patients"
    if unit == "patients":
        return f"{bin_.low:g} to {bin_.high - 1:g} patients"
    return f"{bin_.low:g} to under {bin_.high:g} {unit}"


def _number(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{estimate.value:.4g}"


def notes(found: Distribution) -> list[str]:
    """Return how the numbers came about, with the mean and its error."""
    unit = found.quantity.unit
    if found.mean.value is None:
        return [f"{simulated(found.n_trials)}; in none of them there is such a number."]
    of = "" if found.n == found.n_trials else f", of which {found.n:,} have such a number; shares are of these"
    numbers = f"mean {number_words(found.mean)}, median {number_words(found.median)}"
    return [f"{simulated(found.n_trials)}{of}. Whiskers: ±1.96 MCSE of a share. In {unit}: {numbers}."]
