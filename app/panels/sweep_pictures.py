"""The open sweep of the Sweep page: which picture of it is shown, and the widgets that choose it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import dash_mantine_components as dmc
from dash import dcc, html

from app.fields import empty, graph, notes_of, refusal
from app.panels.sweep_cells import MAX_CHOICES, cell_table, downloads
from app.service import Refusal, sweep_store
from app.service.sweep_store import Picture
from app.state import query_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import plotly.graph_objects as go

    from app.service import Service
    from app.service.sweep_store import Opened
    from app.state import State as Link

KINDS = {"heat-map": "heat map", "curves": "curves", "pareto": "Pareto front"}
GOALS = {"min": "smaller is better", "max": "larger is better"}
PIC = "pic."
"""With what the keys of a picture begin in the view."""


class Drawn(NamedTuple):
    """A picture, or why there is none."""

    figure: go.Figure | None
    title: str
    notes: str
    problem: str


def view_of(state: Link) -> dict[str, str]:
    """Return what the state says of the picture."""
    return {key.removeprefix(PIC): value for key, value in state.view if key.startswith(PIC)}


def is_selector(opened: Opened, text: str) -> bool:
    """Return whether a sweep has this number to choose."""
    return any(choice.selector == text for choice in opened.contents.choices)


def chosen(opened: Opened, view: Mapping[str, str]) -> dict[str, str]:
    """Return what the widgets of a picture show: what the view says where it fits the sweep, else a good beginning."""
    axes = opened.contents.axes
    n_axes = len(axes)
    kind = view.get("pic", "heat-map" if n_axes > 1 else "curves")
    first, size, benefit = _beginnings(opened)
    found = {
        "pic": kind if kind in KINDS else "curves",
        "m": view.get("m", first),
        "m1": view.get("m1", size),
        "m2": view.get("m2", benefit),
        "x": view.get("x", "0"),
        "y": view.get("y", "1" if n_axes > 1 else "0"),
        "by": view.get("by", "1" if n_axes > 1 and len(axes[1].levels) <= 12 else ""),
        "g1": view.get("g1", "min"),
        "g2": view.get("g2", "max"),
    }
    for key, fallback in (("m", first), ("m1", size), ("m2", benefit)):
        found[key] = found[key] if is_selector(opened, found[key]) else fallback
    for key, fallback in (("x", "0"), ("y", "1" if n_axes > 1 else "0"), ("by", "")):
        if not (found[key].isdecimal() and int(found[key]) < n_axes) and found[key] != fallback:
            found[key] = fallback
    for key, fallback in (("g1", "min"), ("g2", "max")):
        found[key] = found[key] if found[key] in GOALS else fallback
    return found


def levels_of(opened: Opened, view: Mapping[str, str]) -> dict[int, int]:
    """Return the places of the levels at which axes are fixed, by the number of the axis."""
    found = {}
    for part in view.get("at", "").split(" "):
        axis, _, level = part.partition(":")
        sizes = dict(enumerate(len(one.levels) for one in opened.contents.axes))
        if axis.isdecimal() and level.isdecimal() and int(level) < sizes.get(int(axis), 0):
            found[int(axis)] = int(level)
    return found


def free_axes(opened: Opened, asked: Mapping[str, str]) -> list[int]:
    """Return the axes that a picture does not show, so that they can be fixed."""
    shown = {"heat-map": ("x", "y"), "curves": ("x", "by"), "pareto": ()}[asked["pic"]]
    return [n for n in range(len(opened.contents.axes)) if str(n) not in {asked[key] for key in shown}]


def picture_of(opened: Opened, view: Mapping[str, str]) -> Picture:
    """Return the picture that the view asks for."""
    asked, axes = chosen(opened, view), opened.contents.axes
    free, levels = free_axes(opened, asked), levels_of(opened, view)
    other = asked["y"] if asked["pic"] == "heat-map" else asked["by"]
    at = tuple((axes[axis].name, axes[axis].levels[place]) for axis, place in levels.items() if axis in free)
    name = axes[int(other)].name if other else ""
    goals = (asked["g1"], asked["g2"])
    measure = asked["m1"] if asked["pic"] == "pareto" else asked["m"]
    return Picture(asked["pic"], measure, axes[int(asked["x"])].name, name, asked["m2"], goals, at)


def drawn(service: Service, opened: Opened, view: Mapping[str, str]) -> Drawn:
    """Return the picture, or the sentence that says why there is none."""
    try:
        figure = sweep_store.drawn(service, opened.line.id, picture_of(opened, view))
    except Refusal as refused:
        return Drawn(None, "", "", str(refused))
    title = figure.layout.meta["title"]
    return Drawn(figure, title, notes_of(figure), "")


def open_sweep(service: Service, name: str, view: Mapping[str, str]) -> Any:
    """Return the open sweep, or what stands there without one."""
    if not name:
        return None
    try:
        opened = sweep_store.opened(service, name)
        words = sweep_store.in_words(opened.line)
    except Refusal as refused:
        return refusal(str(refused))
    line = opened.line
    part = f" {line.n_cells - line.n_kept - line.n_failed:,} of them are not computed yet: run it again to go on."
    facts = f"{line.name}, sweep {line.id[:8]}, begun {line.created[:16].replace('T', ' ')} UTC. {words}"
    head = html.P(
        facts + (part if line.n_kept + line.n_failed < line.n_cells else ""), className="words", id="sweep-facts"
    )
    if not opened.contents.choices:
        return html.Div([head, empty("No cell of this sweep has a result yet.")])
    asked = chosen(opened, view)
    found = drawn(service, opened, view)
    selectors = list(dict.fromkeys([asked["m"], asked["m1"], asked["m2"]]))
    return html.Div(
        [
            dcc.Store(id="sweep-open-id", data=line.id),
            dcc.Store(id="sweep-figure", data=as_data(found)),
            dcc.Store(id="sweep-width"),
            head,
            _widgets(opened, asked, levels_of(opened, view)),
            html.Div(refusal(found.problem) if found.problem else None, id="sweep-picture-problem", role="alert"),
            html.Div(_graph(found), id="sweep-graph"),
            html.Div(id="sweep-cell", className="words", role="status"),
            cell_table(service, opened, selectors),
            downloads(line),
        ],
        className="results",
    )


def as_data(found: Drawn) -> Any:
    """Return a figure as the browser keeps it, to lay it out for its own width; None if there is none."""
    return found.figure.to_plotly_json() if found.figure is not None else None


def cell_link(service: Service, state: Link, sweep_id: str, number: int) -> Any:
    """Return what is said of a cell that was clicked: where to go on with it."""
    try:
        there = query_of(sweep_store.cell_state(service, state, sweep_id, number))
    except Refusal as refused:
        return refusal(str(refused))
    return [
        f"Cell {number}: ",
        dcc.Link("open in Explore", href=f"/{there}", id="cell-explore"),
        ", ",
        dcc.Link("in Simulate", href=f"/simulate{there}"),
    ]


def _beginnings(opened: Opened) -> tuple[str, str, str]:
    """Return good numbers to begin with: one that a gate is judged by, the size of the trial, what it is for."""
    choices = opened.contents.choices[:MAX_CHOICES]
    if not choices:
        return "", "", ""

    def best(names: Sequence[str], *, last: bool = False) -> str:
        for name in names:
            own = [one for one in choices if one.record.measure == name]
            whole = [one for one in own if one.record.arm in (None, "pooled")] or own
            if own and last:
                return whole[-1].selector
            if own:
                return (whole if name == "n_mean" else own)[0].selector
        return (choices[-1] if last else choices[0]).selector

    benefit = ("p_arms_continuing", "p_reject", "p_continue", "p_success")
    return best(("p_stop", "p_continue", "p_reject")), best(("n_mean", "pet")), best(benefit, last=True)


def _widgets(opened: Opened, asked: Mapping[str, str], levels: Mapping[int, int]) -> Any:
    measures = [{"value": one.selector, "label": one.label} for one in opened.contents.choices[:MAX_CHOICES]]
    axes = [{"value": str(n), "label": axis.name} for n, axis in enumerate(opened.contents.axes)]
    goals = [{"value": key, "label": words} for key, words in GOALS.items()]
    shown = seen(opened, asked)

    def select(key: str, label: str, data: list[Any]) -> Any:
        widget = dmc.Select(
            id={"t": "pic", "k": key},
            label=label,
            data=data,
            value=asked[key],
            allowDeselect=False,
            searchable=len(data) > 8,
            size="xs",
        )
        return html.Div(widget, id={"t": "pic-box", "k": key}, hidden=not shown[key], className="pick")

    kinds = dmc.SegmentedControl(
        id={"t": "pic", "k": "pic"},
        value=asked["pic"],
        data=[{"value": key, "label": words} for key, words in KINDS.items()],
        size="xs",
    )
    fixed = []
    for n, axis in enumerate(opened.contents.axes):
        data = [{"value": "", "label": "each"}, *({"value": str(i), "label": t} for i, t in enumerate(axis.texts))]
        widget = dmc.Select(
            id={"t": "pic-at", "i": n},
            label=f"{axis.name} at",
            data=data,
            value=str(levels.get(n, "")),
            allowDeselect=False,
            searchable=len(data) > 8,
            size="xs",
        )
        fixed.append(
            html.Div(widget, id={"t": "at-box", "i": n}, hidden=n not in free_axes(opened, asked), className="pick")
        )
    return dmc.Paper(
        [
            html.Div(kinds, className="row"),
            html.Div(
                [
                    select("m", "measure", measures),
                    select("m1", "across", measures),
                    select("g1", "of which", goals),
                    select("m2", "up", measures),
                    select("g2", "of which", goals),
                    select("x", "across", axes),
                    select("y", "up", axes),
                    select("by", "a line for each", [{"value": "", "label": "one line"}, *axes]),
                    *fixed,
                ],
                className="picks",
            ),
        ],
        className="card",
        withBorder=True,
        p="sm",
    )


def seen(opened: Opened, asked: Mapping[str, str]) -> dict[str, bool]:
    """Return which widgets belong to a picture."""
    kind, has_several = asked["pic"], len(opened.contents.axes) > 1
    return {
        "pic": True,
        "m": kind != "pareto",
        "m1": kind == "pareto",
        "g1": kind == "pareto",
        "m2": kind == "pareto",
        "g2": kind == "pareto",
        "x": kind != "pareto",
        "y": kind == "heat-map",
        "by": kind == "curves" and has_several,
    }


def _graph(found: Drawn) -> Any:
    """Return the graph, which the browser draws; what is said of it is there from the beginning."""
    card = graph("sweep", found.title, None, height=200)
    card.children[-1].children = found.notes
    return card
