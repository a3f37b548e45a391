"""Kaplan-Meier curves over many simulated trials: their mean, and the band in which the middle 90 % lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import plotly.graph_objects as go

from trialsim.report.plots import colour_of, safe
from trialsim.report.plots.calendar_frame import DASHES, SYMBOLS, band, lay_out, share_words, simulated, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.distributions import SurvivalBand

TITLES = {"os": "Overall survival", "ttf": "Free of treatment failure"}


def survival_bands(bands: Sequence[SurvivalBand], which: Literal["os", "ttf"]) -> go.Figure:
    """Return the figure.

    Parameters
    ----------
    bands
        From `trialsim.distributions.survival_bands`: a curve per arm.
    which
        "os" or "ttf".
    """
    figure = go.Figure()
    for arm, own in enumerate(bands):
        points = [point for point in own.points if point.mean.value is not None]
        days = [point.day for point in points]
        lows, highs = values_of([point.low for point in points]), values_of([point.high for point in points])
        figure.add_trace(band(days, lows, highs, colour_of(arm), f"arm {arm}"))
        figure.add_scatter(
            x=days,
            y=[point.mean.value for point in points],
            mode="lines+markers",
            line={"color": colour_of(arm), "width": 2.5, "dash": DASHES[arm % len(DASHES)]},
            marker={"size": 5, "symbol": SYMBOLS[arm % len(SYMBOLS)]},
            name=safe(own.arm),
            legendgroup=f"arm {arm}",
            hovertext=[
                f"{safe(own.arm)}, day {p.day:.0f}: {share_words(p.mean)}"
                f"<br>90 % of trials: {100 * (p.low.value or 0.0):.1f} to {100 * (p.high.value or 0.0):.1f} %"
                for p in points
            ],
            hoverinfo="text",
        )
    lay_out(figure, TITLES[which], notes(bands))
    figure.update_xaxes(title="days after entry", rangemode="tozero")
    figure.update_yaxes(title="share of patients", range=[-0.02, 1.02], tickformat=".0%")
    return figure


def notes(bands: Sequence[SurvivalBand]) -> list[str]:
    """Return how the numbers came about."""
    points = [point for own in bands for point in own.points]
    error = max((point.mean.mcse or 0.0 for point in points), default=0.0)
    n_trials = max((point.mean.n for point in points), default=0)
    return [
        f"{simulated(n_trials)}. Each has its Kaplan-Meier curve, with patients censored as they would be; the line is "
        f"the mean of the curves (largest MCSE {100 * error:.2g} %), the band holds the middle 90 %. "
        "Beyond the last event a curve stays level."
    ]
