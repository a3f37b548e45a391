"""Adverse events of the arms side by side, the most frequent first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from trialsim.report.plots import colour_of, safe
from trialsim.report.plots.calendar_frame import SYMBOLS, Z, lay_out, share_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.distributions import EventShare
    from trialsim.oc.mcse import Estimate

ROW, ROOM = 22, 120
"""Pixels of an event, and of what is around the events."""
LETTERS = 18


def adverse_events(shares: Sequence[EventShare], n_trials: int) -> go.Figure:
    """Return the figure: a filled mark for any grade, an open one for severe.

    Parameters
    ----------
    shares
        From `trialsim.distributions.adverse_events`, in the order in which they are shown.
    n_trials
        Simulated trials, for the note.
    """
    events, arms = (list(dict.fromkeys(words)) for words in ((s.event for s in shares), (s.arm for s in shares)))
    figure = go.Figure()
    for arm, name in enumerate(arms):
        own = [share for share in shares if share.arm == name]
        heights = [events.index(share.event) + 0.32 * ((arm + 0.5) / len(arms) - 0.5) * 2 for share in own]
        for is_severe in (False, True):
            grade = "severe" if is_severe else "any grade"
            found = [share.severe if is_severe else share.any_grade for share in own]
            symbol = SYMBOLS[arm % len(SYMBOLS)] + ("-open" if is_severe else "")
            figure.add_scatter(
                x=[estimate.value for estimate in found],
                y=heights,
                mode="markers",
                marker={"color": colour_of(arm), "symbol": symbol, "size": 8},
                error_x={
                    "type": "data",
                    "array": [Z * (e.mcse or 0.0) for e in found],
                    "thickness": 1,
                    "width": 2,
                    "color": colour_of(arm),
                },
                name=f"{safe(name)}, {grade}",
                hovertext=[_hover(share, grade, e) for share, e in zip(own, found, strict=True)],
                hoverinfo="text",
            )
    n_patients = min((share.any_grade.n for share in shares), default=0)
    lay_out(figure, "Patients with adverse events", notes(n_trials, n_patients), ROW * len(events) + ROOM)
    figure.update_layout(margin={"l": 122}, legend={"y": 1.0})
    figure.update_xaxes(title="share of the arm's patients", tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(
        range=[len(events) - 0.4, -0.6],
        tickvals=list(range(len(events))),
        ticktext=[safe(event if len(event) <= LETTERS else f"{event[: LETTERS - 1]}…") for event in events],
    )
    return figure


def _hover(share: EventShare, grade: str, estimate: Estimate) -> str:
    return f"{safe(share.event)}, {grade}<br>{safe(share.arm)}: {share_words(estimate)} of patients"


def notes(n_trials: int, n_patients: float) -> list[str]:
    """Return how the numbers came about."""
    return [
        f"Simulated: {n_trials:,} calendar trials, with {n_patients:,.0f} patients or more in each arm. "
        "Bars: ±1.96 MCSE, often smaller than the mark."
    ]
