"""The swimmer plot of a replayed trial: a bar for each patient on the calendar, with what happened when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import plotly.graph_objects as go

from trialsim.report.plots import FAINT, INK, colour_of, safe

if TYPE_CHECKING:
    from collections.abc import Callable

    from trialsim.replay import Patient, Replay

DAY = 1440
BAR_HEIGHT = 8
LEAST_HEIGHT, MOST_HEIGHT = 260, 3000
STEP = 16
"""Pixels between the names of lines."""
ROOM = 76
"""Pixels below the bars, for the axis and the legend."""
VEIL = "rgba(128, 128, 128, 0.45)"
"""What lies over the days to come; it dims on white and on black."""


class _Event(NamedTuple):
    name: str
    symbol: str
    fill: str
    when: Callable[[Patient], int | None]


_EVENTS = (
    _Event("first response", "triangle-up-open", INK, lambda p: p.first_response),
    _Event("confirmed", "triangle-up", INK, lambda p: p.confirmation),
    _Event("progression", "x", INK, lambda p: p.progression),
    _Event("crossover", "diamond", "#F0E442", lambda p: p.progression if p.crossover else None),
    _Event("toxicity", "square", "#CC79A7", lambda p: p.toxicity),
    _Event("withdrawal", "circle-open", INK, lambda p: p.exit if p.exit_reason == "withdrawal" else None),
    _Event("death", "star", INK, lambda p: p.death),
)


_NOTES = ("One simulated trial, patient by patient; a strong bar is time on study, a faint one follow-up after it.",)


def swimmer(replay: Replay, day: float | None = None) -> go.Figure:
    """Return the swimmer plot.

    Parameters
    ----------
    replay
        From `trialsim.replay.replay`. A strong bar is time on study, a faint one follow-up for survival after that.
    day
        A day of the trial that is marked, what comes after it being veiled (`marks_of_day`); None: none is.
    """
    figure = go.Figure()
    for arm, name in enumerate(replay.design.arm_names):
        own = [patient for patient in replay.patients if patient.arm == name]
        figure.add_trace(_bars(replay, own, name, arm, is_on_study=True))
        figure.add_trace(_bars(replay, own, name, arm, is_on_study=False))
    for event in _EVENTS:
        trace = _marks(replay, event)
        if trace is not None:
            figure.add_trace(trace)
    lines = _lines(replay)
    _add_lines(figure, replay, lines)
    for shape in marks_of_day(replay, day) if day is not None else ():
        figure.add_shape(shape)
    n, top = len(replay.patients), 24 + STEP * len(lines)
    figure.update_layout(
        barmode="overlay",
        bargap=0.15,
        height=min(max(BAR_HEIGHT * n, LEAST_HEIGHT), MOST_HEIGHT) + top + ROOM,
        margin={"l": 44, "r": 12, "t": top, "b": 60},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "font": {"size": 12}},
        hoverlabel={"align": "left"},
        hovermode="closest",
    )
    figure.update_xaxes(
        title={"text": "day of the trial", "standoff": 6},
        range=[-0.01 * replay.cutoff / DAY, 1.03 * replay.cutoff / DAY],
        gridcolor=FAINT,
        zeroline=False,
    )
    figure.update_yaxes(title="patient", range=[n + 0.7, 0.3], gridcolor="rgba(0, 0, 0, 0)", zeroline=False)
    figure.update_layout(
        meta={"title": f"The {n} patients of trial {replay.trial} on the calendar", "notes": list(_NOTES)}
    )
    return figure


def marks_of_day(replay: Replay, day: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the line that marks a day, and the veil over what comes after it: the last two shapes of the figure."""
    end = 1.03 * replay.cutoff / DAY
    across = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "layer": "above"}
    veil = {**across, "x0": min(day, end), "x1": end, "fillcolor": VEIL, "line": {"width": 0}, "name": "to come"}
    line = {**across, "type": "line", "x0": day, "x1": day, "line": {"color": colour_of(5), "width": 3}, "name": "day"}
    return veil, line


def _bars(replay: Replay, own: list[Patient], name: str, arm: int, *, is_on_study: bool) -> go.Bar:
    spans = []
    for patient in own:
        left = patient.follow_up if patient.exit is None else min(patient.exit, patient.follow_up)
        spans.append((0, left) if is_on_study else (left, patient.follow_up))
    return go.Bar(
        orientation="h",
        y=[patient.number for patient in own],
        base=[(patient.entry + start) / DAY for patient, (start, _) in zip(own, spans, strict=True)],
        x=[(end - start) / DAY for start, end in spans],
        name=safe(name),
        legendgroup=f"arm {arm}",
        showlegend=is_on_study,
        marker={"color": colour_of(arm), "opacity": 0.75 if is_on_study else 0.25, "line": {"width": 0}},
        hovertext=[hover(replay, patient) for patient in own],
        hoverinfo="text",
    )


def _marks(replay: Replay, event: _Event) -> go.Scatter | None:
    own = [(patient, when) for patient in replay.patients if (when := event.when(patient)) is not None]
    if not own or (event.name == "confirmed" and all(when == patient.first_response for patient, when in own)):
        return None
    is_open = event.symbol.endswith("-open")
    return go.Scatter(
        mode="markers",
        x=[(patient.entry + when) / DAY for patient, when in own],
        y=[patient.number for patient, _ in own],
        name=event.name,
        meta={"is_ink": event.fill == INK, "is_open": is_open},  # the page paints ink in its own colour
        marker={
            "symbol": event.symbol,
            "size": 8 if is_open else 9,
            "color": event.fill,
            "line": {"width": 1.5, "color": event.fill} if is_open else {"width": 0.8, "color": "#ffffff"},
        },
        hovertext=[hover(replay, patient) for patient, _ in own],
        hoverinfo="text",
    )


def _lines(replay: Replay) -> list[tuple[int, str, str]]:
    """Return minute, name and dash of each look that took place, each stop between looks, and the cut-off."""
    lines = [(look.minute, look.name, "dash") for look in replay.looks if look.minute is not None]
    between = [stop for stop in replay.stops if stop.look is None]
    for minute in dict.fromkeys(stop.minute for stop in between):
        arms = " and ".join(stop.arm for stop in between if stop.minute == minute)
        lines.append((minute, f"{arms} stopped", "dot"))
    return [*sorted(lines), (replay.cutoff, "cut-off", "solid")]


def _add_lines(figure: go.Figure, replay: Replay, lines: list[tuple[int, str, str]]) -> None:
    """Add vertical lines, their names in steps so that they stay apart."""
    for step, (minute, name, dash) in enumerate(lines):
        at, is_late = minute / DAY, minute > replay.cutoff / 2
        figure.add_vline(x=at, line={"color": INK, "width": 1.5, "dash": dash})
        figure.add_annotation(
            x=at,
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=2 + STEP * (len(lines) - 1 - step),
            xanchor="right" if is_late else "left",
            text=f"{safe(name)}, day {at:.0f}",
            showarrow=False,
            font={"size": 12},
        )


def hover(replay: Replay, patient: Patient) -> str:
    """Return what is shown of a patient, in lines: course first, then what each look made of them."""

    def after(minute: int | None) -> str:
        return "" if minute is None else f"day {minute / DAY:.1f}"

    lines = [
        f"<b>patient {patient.number}</b>, {safe(patient.arm)}",
        f"entered on day {patient.entry / DAY:.1f} of the trial",
        f"observed at the cut-off: {patient.observed}",
    ]
    for name, value in (
        ("first response", after(patient.first_response)),
        ("confirmed", after(patient.confirmation)),
        ("progression", after(patient.progression)),
        ("crossover", patient.crossover or ""),
        ("toxicity", after(patient.toxicity)),
        ("off study", f"{after(patient.exit)}, {patient.exit_reason}" if patient.exit is not None else ""),
        ("death", after(patient.death)),
        ("followed", after(patient.follow_up)),
    ):
        lines += [f"{name}: {value}"] if value else []
    for look, made in zip(replay.looks, patient.at_looks, strict=True):
        if look.minute is not None:
            lines.append(f"{safe(look.name)}: {made or 'had not entered'}")
    return "<br>".join(lines)
