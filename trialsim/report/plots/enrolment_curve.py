"""How enrolment grows from month to month, and when the looks are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from trialsim.report.plots import OKABE_ITO, safe
from trialsim.report.plots.calendar_frame import (
    DASHES,
    SYMBOLS,
    band,
    lay_out,
    number_words,
    share_words,
    simulated,
    translucent,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.distributions import EnrolmentCurve, LookDay

_ENROLLED = OKABE_ITO[0]
_LOOKS = (OKABE_ITO[5], OKABE_ITO[2], OKABE_ITO[3], OKABE_ITO[1])


def enrolment_curve(curve: EnrolmentCurve) -> go.Figure:
    """Return the figure: mean and middle 90 % of trials, and for each look its mean day and the middle 90 % of days.

    Parameters
    ----------
    curve
        From `trialsim.distributions.enrolment_curve`.
    """
    points = [point for point in curve.points if point.mean.value is not None]
    days = [point.day for point in points]
    lows, highs = values_of([point.low for point in points]), values_of([point.high for point in points])
    figure = go.Figure(band(days, lows, highs, _ENROLLED, "enrolled"))
    top = max(highs, default=1.0)
    for number, look in enumerate(curve.looks):
        figure.add_traces(list(_look(look, number, top)))
    figure.add_scatter(
        x=days,
        y=[point.mean.value for point in points],
        mode="lines+markers",
        line={"color": _ENROLLED, "width": 2.5},
        marker={"size": 5},
        name="patients enrolled, mean",
        legendgroup="enrolled",
        hovertext=[
            f"day {p.day:.0f}: {number_words(p.mean)} patients<br>90 % of trials: {p.low.value:g} to {p.high.value:g}"
            for p in points
        ],
        hoverinfo="text",
    )
    lay_out(figure, "Enrolment and the days of decisions", notes(curve))
    figure.update_xaxes(title="day of the trial", rangemode="tozero")
    figure.update_yaxes(title="patients", rangemode="tozero")
    return figure


def _look(look: LookDay, number: int, top: float) -> Iterator[go.Scatter]:
    day, colour = look.day.mean.value, _LOOKS[number % len(_LOOKS)]
    if day is None or look.day.low.value is None or look.day.high.value is None or look.enrolled.value is None:
        return
    group, (low, high) = f"look {number}", (look.day.low.value, look.day.high.value)
    yield go.Scatter(
        x=[low, high, high, low],
        y=[0, 0, top, top],
        mode="lines",
        fill="toself",
        fillcolor=translucent(colour, 0.12),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        legendgroup=group,
    )
    words = (
        f"<b>{safe(look.name)}</b><br>takes place: {share_words(look.takes_place)} of trials"
        f"<br>day: {number_words(look.day.mean)}; 90 %: day {low:.0f} to {high:.0f}"
        f"<br>enrolled by then: {number_words(look.enrolled)}"
    )
    yield go.Scatter(
        x=[day, day, day],
        y=[0, look.enrolled.value, top],
        mode="lines+markers",
        line={"color": colour, "width": 2, "dash": DASHES[1 + number % (len(DASHES) - 1)]},
        marker={"size": [0, 10, 0], "symbol": SYMBOLS[(number + 2) % len(SYMBOLS)], "color": colour},
        name=f"{safe(look.name)}, day {day:.0f}",
        legendgroup=group,
        hovertext=words,
        hoverinfo="text",
    )


def notes(curve: EnrolmentCurve) -> list[str]:
    """Return how the numbers came about, and which looks do not always take place."""
    error = max((point.mean.mcse or 0.0 for point in curve.points), default=0.0)
    found = [
        f"{simulated(curve.n_trials)}. Bands: the middle 90 % of trials (of those in which a look takes place). "
        f"Largest MCSE of a mean: {error:.2g} patients."
    ]
    rare = [look for look in curve.looks if look.takes_place.value is not None and look.takes_place.value < 1]
    return found + [f"{look.name} takes place: {share_words(look.takes_place)} of trials." for look in rare]
