"""The flow of a design: enrolment, the looks, who leaves at each, the final analysis."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

import plotly.graph_objects as go

from trialsim.plan import NEVER
from trialsim.report.explain import joined, when
from trialsim.report.plots import INK, OKABE_ITO, safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trialsim.report.boundaries import Boundary
    from trialsim.spec.design import Design
    from trialsim.spec.looks import Look

MOST_LOOKS = 8
"""Of more, the first and the last few are drawn."""

_LETTERS = 50
_MOST_LINES = 5
_ROW, _GAP = 1.0, 0.35
_STOP, _SUCCESS, _TOXIC = OKABE_ITO[5], OKABE_ITO[2], OKABE_ITO[3]


class Step(NamedTuple):
    """A box of the flow."""

    title: str
    lines: tuple[str, ...]
    exits: tuple[tuple[str, str], ...] = ()
    """Who leaves here: the words and the colour."""


def flow_plot(design: Design, found: Sequence[Boundary], name: str) -> go.Figure:
    """Return the flow diagram of a design.

    Parameters
    ----------
    design
        The design under one enrolment plan.
    found
        Its boundaries, from `trialsim.report.boundaries.boundaries`.
    name
        Of the plan, for the title.
    """
    steps = list(flow(design, found))
    figure = go.Figure()
    height = _ROW + _GAP
    for place, step in enumerate(steps):
        middle = -place * height
        _box(figure, (0.02, 0.56), middle, step.title, step.lines, INK)
        if place + 1 < len(steps):
            _arrow(figure, (0.29, middle - height + _ROW / 2), (0.29, middle - _ROW / 2))
        share = _ROW / max(len(step.exits), 1)
        for number, (words, colour) in enumerate(step.exits):
            level = middle + _ROW / 2 - share * (number + 0.5)
            _box(figure, (0.66, 0.99), level, "", (words,), colour, share)
            _arrow(figure, (0.66, level), (0.56, level))
    bottom = -(len(steps) - 1) * height - _ROW / 2 - 0.1
    figure.update_xaxes(visible=False, range=[0, 1], fixedrange=True)
    figure.update_yaxes(visible=False, range=[bottom, _ROW / 2 + 0.1], fixedrange=True)
    figure.update_layout(
        height=round(95 * (_ROW / 2 + 0.1 - bottom)) + 20,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        meta={"title": f"Flow of {name}", "notes": [_in_words(steps)]},
    )
    return figure


def flow(design: Design, found: Sequence[Boundary]) -> Iterator[Step]:
    """Yield the boxes of the flow: enrolment, each look, the final analysis."""
    arms = joined(list(design.arm_names))
    many = len(design.arms) > 1
    ratio = f", {':'.join(map(str, design.ratio))}" if many else ""
    yield Step("Enrolment", (f"up to {sum(design.caps)} patients", f"{arms}{ratio}"))
    hidden = len(design.looks) - MOST_LOOKS
    for place, look in enumerate(design.looks):
        if hidden > 0 and MOST_LOOKS // 2 <= place < MOST_LOOKS // 2 + hidden:
            if place == MOST_LOOKS // 2:
                yield Step(f"{hidden} further looks", ("see the decision table",))
            continue
        own = [one for one in found if one.look == look.name]
        is_final = look.at == "full_enrolment"
        yield Step(look.name, (when(look, design), *_successes(own, design, is_final)), _exits(own, design, look))


def _exits(own: Sequence[Boundary], design: Design, look: Look) -> tuple[tuple[str, str], ...]:
    if look.at == "full_enrolment":
        return ()
    is_binding = look.continue_if is None or look.continue_if.binding
    low = {one.of: _low(one, "stops" if is_binding else "may stop") for one in own if one.stop >= 0}
    high = {one.of: f"succeeds with {one.success} or more of {one.n}" for one in own if one.ends}
    toxic = {one.of: f"too toxic with {one.toxic} or more of {one.n}" for one in own if one.toxic < NEVER}
    found = [*((w, _STOP) for w in _said(low, design)), *((w, _SUCCESS) for w in _said(high, design))]
    return tuple(found + [(words, _TOXIC) for words in _said(toxic, design)])


def _successes(own: Sequence[Boundary], design: Design, is_final: bool) -> tuple[str, ...]:
    """Return what counts as success, or at the end as too toxic, without anybody leaving."""
    counts = {one.of: _success(one) for one in own if one.success < NEVER}
    counts = {of: words for of, words in counts.items() if not any(one.ends for one in own if one.of == of)}
    toxic = {one.of: f"too toxic with {one.toxic} or more of {one.n}" for one in own if is_final and one.toxic < NEVER}
    return tuple(_said(counts, design) + _said(toxic, design))


def _low(one: Boundary, stops: str) -> str:
    return stops if one.stop >= NEVER - 1 else f"{stops} with {one.stop} or fewer of {one.n}"


def _success(one: Boundary) -> str:
    if one.success <= 0:
        return "success whatever the responses"
    return f"success with {one.success} or more of {one.n}"


def _said(words: dict[str, str], design: Design) -> list[str]:
    """Return the words with whom they are of; arms of whom the same holds share a line."""
    whom: dict[str, list[str]] = {}
    for of, text in words.items():
        whom.setdefault(text, []).append(of)
    found = []
    for text, names in whom.items():
        if names == ["pooled"]:
            who = "all arms together: "
        elif len(design.arms) == 1:
            who = ""
        else:
            who = "each arm: " if set(names) == set(design.arm_names) else f"{joined(names)}: "
        found.append(who + text)
    return found


def _box(
    figure: go.Figure,
    across: tuple[float, float],
    middle: float,
    title: str,
    lines: Sequence[str],
    colour: str,
    room: float = _ROW,
) -> None:
    half = min(room, _ROW) / 2 - (0.04 if room < _ROW else 0)
    figure.add_shape(
        type="rect",
        x0=across[0],
        x1=across[1],
        y0=middle - half,
        y1=middle + half,
        line={"color": colour, "width": 1.5},
    )
    letters = round(_LETTERS * (across[1] - across[0]) / 0.54)
    wrapped = [safe(part) for line in lines for part in wrap(line, letters)]
    if len(wrapped) > _MOST_LINES:
        wrapped = [*wrapped[: _MOST_LINES - 1], "…"]
    text = "<br>".join([*([f"<b>{safe(title)}</b>"] if title else []), *wrapped])
    figure.add_annotation(x=sum(across) / 2, y=middle, text=text, showarrow=False, font={"size": 12})


def _arrow(figure: go.Figure, tip: tuple[float, float], tail: tuple[float, float]) -> None:
    figure.add_annotation(
        x=tip[0],
        y=tip[1],
        ax=tail[0],
        ay=tail[1],
        xref="x",
        yref="y",
        axref="x",
        ayref="y",
        text="",
        showarrow=True,
        arrowhead=2,
        arrowwidth=1.2,
        arrowcolor=INK,
    )


def _in_words(steps: Sequence[Step]) -> str:
    parts = []
    for step in steps:
        exits = f" ({'; '.join(words for words, _ in step.exits)})" if step.exits else ""
        parts.append(f"{step.title}: {'; '.join(step.lines)}{exits}")
    return "Boundaries while no arm has stopped. " + " → ".join(parts) + "."
