"""Kaplan-Meier curves of a replayed trial, per arm, with the numbers at risk beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from trialsim.replay import kaplan_meier
from trialsim.report.plots import FAINT, colour_of, safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.replay import Patient, Replay
    from trialsim.replay.on_day import OnDay

DAY = 1440
ROW = 22
"""Pixels of a line of numbers at risk."""
CURVE = 300
_DASHES = ("solid", "dash", "dot", "dashdot")
_STEPS = (1, 2, 5, 10, 20, 30, 60, 90, 180, 365, 730, 1461, 3652, 7305)
N_TICKS = 7


_ENDPOINTS = {"os": ("Overall survival", "deaths"), "ttf": ("Time to treatment failure", "failures")}


def survival_curves(replay: Replay, which: Literal["os", "ttf"], on: OnDay | None = None) -> go.Figure:
    """Return the curves of overall survival or of time to treatment failure.

    Parameters
    ----------
    replay
        From `trialsim.replay.replay`.
    which
        "os" or "ttf".
    on
        The day as of which patients are seen, from `trialsim.replay.on_day.seen_on`; None: the data cut-off. The axis
        is that of the cut-off on every day.
    """
    arms, patients = replay.design.arm_names, replay.patients if on is None else on.patients
    times = {name: _times(which, [p for p in patients if p.arm == name]) for name in arms}
    longest = max((time for time, _ in _times(which, replay.patients)), default=DAY) / DAY
    step = next((step for step in _STEPS if longest / step <= N_TICKS), _STEPS[-1])
    ticks = list(range(0, int(longest) + step, step))
    height = CURVE + ROW * (len(arms) + 1)
    share = CURVE / height
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.14, row_heights=[share, 1 - share])
    for arm, name in enumerate(arms):
        _add_arm(figure, arm, name, times[name], ticks)
    figure.update_layout(
        height=height + 90,
        margin={"l": 64, "r": 14, "t": 34, "b": 44},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        meta=_meta(replay, which, on, [time for own in times.values() for time in own]),
    )
    end = ticks[-1] if ticks else 1
    figure.update_xaxes(
        range=[-0.05 * end, 1.03 * end], tickvals=ticks, gridcolor=FAINT, zeroline=False, showticklabels=True
    )
    figure.update_xaxes(showgrid=False, showticklabels=False, title="days after entry", row=2, col=1)
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%", gridcolor=FAINT, zeroline=False, row=1, col=1)
    figure.update_yaxes(
        range=[len(arms) - 0.4, -0.6],
        tickvals=list(range(len(arms))),
        ticktext=[f"{safe(_short(name))} " for name in arms],
        showgrid=False,
        zeroline=False,
        row=2,
        col=1,
    )
    figure.add_annotation(
        text="at risk", xref="paper", x=0, yref="y2 domain", y=1, yanchor="bottom", showarrow=False, font={"size": 12}
    )
    return figure


def _meta(
    replay: Replay, which: Literal["os", "ttf"], on: OnDay | None, times: list[tuple[int, bool]]
) -> dict[str, Any]:
    """Return title and methods note."""
    (title, events), n = _ENDPOINTS[which], sum(is_event for _, is_event in times)
    day = (replay.cutoff if on is None else on.minute) / DAY
    note = f"Kaplan-Meier, as known on day {day:.1f}: {n} {events} among {len(times)} patients of one simulated trial."
    return {"title": title, "notes": [note]}


def _times(which: Literal["os", "ttf"], patients: Sequence[Patient]) -> list[tuple[int, bool]]:
    if which == "os":
        return [(patient.follow_up, patient.death is not None) for patient in patients]
    return [(patient.treatment_end, patient.has_failed) for patient in patients]


def _add_arm(figure: go.Figure, arm: int, name: str, own: list[tuple[int, bool]], ticks: list[int]) -> None:
    minutes = np.array([time for time, _ in own], np.int64)
    curve = kaplan_meier(minutes.tolist(), [is_event for _, is_event in own])
    last = int(minutes.max(initial=0))
    x = [0.0, *(curve.minute / DAY), last / DAY]
    y = [1.0, *curve.survival, curve.at(last)]
    line = {"color": colour_of(arm), "width": 2.5, "shape": "hv", "dash": _DASHES[arm % len(_DASHES)]}
    texts = [f"{safe(name)}<br>day {day:.1f}: {100 * level:.1f} %" for day, level in zip(x, y, strict=True)]
    group = {"legendgroup": f"arm {arm}", "hoverinfo": "text"}
    figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, name=safe(name), hovertext=texts, **group), 1, 1)
    censored = sorted({time for time, is_event in own if not is_event})
    figure.add_trace(
        go.Scatter(
            x=[time / DAY for time in censored],
            y=[curve.at(time) for time in censored],
            mode="markers",
            marker={"symbol": "line-ns", "size": 7, "line": {"width": 1.2, "color": colour_of(arm)}},
            hovertext=[f"{safe(name)}<br>censored on day {time / DAY:.1f}" for time in censored],
            showlegend=False,
            **group,
        ),
        1,
        1,
    )
    at_risk = [int((minutes >= tick * DAY).sum()) for tick in ticks]
    figure.add_trace(
        go.Scatter(
            x=ticks,
            y=[arm] * len(ticks),
            mode="text",
            text=[str(n) for n in at_risk],
            showlegend=False,
            hoverinfo="skip",
        ),
        2,
        1,
    )


def _short(name: str) -> str:
    return name if len(name) <= 9 else f"{name[:8]}…"
