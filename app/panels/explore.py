"""Explore: a design over all true rates, exactly, while the slider moves.

A moving slider asks for the curves and the cards only, and gets patches of their numbers; once it rests, the state
changes and everything else is drawn anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Input, Output, Patch, State, ctx, dcc, html, no_update

from app import actions, ids
from app.fields import empty, form, graph, notes_of, rate_field, refusal, table
from app.panels.compare_pins import pin_button
from app.service import Refusal
from app.state import State as Link
from app.state import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import plotly.graph_objects as go
    from dash import Dash

    from app.service import Service

LAST = ("enrolment", "hypotheses", "analysis", "allocation")
"""Headings of the form that come after the looks, whatever their place in the file."""
LIVE = ("operating",)
"""The figure that follows a moving slider; each more costs a third of the time until it is seen."""
FIGURES = (*LIVE, "joint", "distribution", "width")
WHICH = {"both": "both go on", "one": "only one", "none": "both stop"}


class Moving(NamedTuple):
    """What a moving slider asks for: the heights of curves, and the numbers of the cards."""

    lines: list[list[float]]
    cards: list[float]


class Answer(NamedTuple):
    """Everything on the page that depends on the state."""

    figures: dict[str, go.Figure]
    cards: Any
    words: str
    tables: Any


def fields(service: Service, state: Link) -> list[Any]:
    """Return the fields of the form: the true rates, then those of the design."""
    design = service.design(state)
    rates = service.explored_rates(state, design)
    own = [rate_field(f"rates.{n}", "true rates", name, rates[n]) for n, name in enumerate(design.arm_names)]
    found = [_of_arm(one) if one.group in design.arm_names else one for one in service.fields(state)]
    looks = [one for one in found if one.group not in LAST]
    return [*own, *looks, *(one for name in LAST for one in found if one.group == name)]


def _of_arm(one: Any) -> Any:
    """Return a field of an arm (its share of patients) under the heading of all arms."""
    return one._replace(group="allocation", label=f"{one.label}, {one.group}")


def moved(state: Link, sliders: Mapping[str, Any], fields: Sequence[Any]) -> Link:
    """Return the state with the sliders where they are; one that shows what is chosen, cut to its range, has not moved.

    Parameters
    ----------
    state
        As it was when the last slider came to rest.
    sliders
        Where they are, by path.
    fields
        From `fields` of the state.
    """
    changes = dict(state.changes)
    rates = [one.value for one in fields if one.path.startswith("rates.")]
    for one in fields:
        value = sliders.get(one.path)
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        chosen = changes.get(one.path, one.value)
        if isinstance(chosen, int | float) and abs(min(max(chosen, one.low), one.high) - value) < 1e-9:
            continue
        if one.path.startswith("rates."):
            rates[int(one.path.removeprefix("rates."))] = float(value)
        else:
            changes[one.path] = int(value) if one.kind == "whole" else value
    return state._replace(changes=tuple(changes.items()), rates=tuple(rates))


def answer_moving(service: Service, state: Link) -> Moving:
    """Return what is redrawn while a slider moves.

    Raises
    ------
    Refusal
        If the values make no sense together.
    """
    design = service.design(state)
    found, at, names = service.moving(design, service.explored_rates(state, design))
    shown = [round(_shown(card), 4) for card in service.cards(at, names)]
    return Moving(service.operating_lines(found), shown)


def answer(service: Service, state: Link, which: str = "both") -> Answer:
    """Return the whole page.

    Raises
    ------
    Refusal
        If the values make no sense together, or the design cannot be solved exactly.
    """
    design = service.design(state)
    rates = service.explored_rates(state, design)
    found = service.curves(design)
    at, names = service.at_truths(design, rates)
    figures = {
        "operating": service.operating_figure(found, rates),
        "size": service.size_figure(found),
        "distribution": service.distribution_figure(at, names),
        "width": service.width_figure(design),
    }
    joint = service.joint_figure(design, which, rates)
    if joint is not None:
        figures["joint"] = joint
    return Answer(
        figures, _cards(service.cards(at, names)), service.in_words(design), _tables(service, found, at, names)
    )


def layout(service: Service, state: Link) -> Any:
    """Return the page with its first figure; the others follow (`rest`)."""
    own = fields(service, state)
    base = fields(service, state._replace(changes=(), rates=()))
    values = {**dict(state.changes), **{f"rates.{n}": rate for n, rate in enumerate(state.rates)}}
    design = service.design(state)
    rates = service.explored_rates(state, design)
    found, at, names = service.moving(design, rates)
    controls = [
        actions.base_picker(service, state),
        html.Div(id="explore-alert", role="alert"),
        form(own, values, ["true rates", own[len(design.arms)].group, "enrolment"]),
    ]
    shown = _cards(service.cards(at, names))
    first = service.operating_figure(found, rates)
    results = [
        html.P(_unbroken(service.in_words(design)), id="explore-words", className="words"),
        html.Div(shown, id="explore-cards", className="cards", role="status", **{"aria-live": "polite"}),
        pin_button(),
        graph("operating", "Operating characteristics over the true rate", first, height=380, is_live=True),
        html.Div(id="explore-rest", className="results"),
        actions.bar("explore", service, state, formats=("yaml", "csv", "json", "parquet", "html")),
    ]
    return html.Div(
        [
            dcc.Store(id="base-values", data={one.path: one.value for one in base}),
            dcc.Store(id="explore-drawn"),
            dcc.Store(id="explore-begun", data=True),
            html.Section(controls, className="controls", **{"aria-label": "Design"}),
            html.Section(results, className="results", id="explore-results", **{"aria-label": "Answers"}),
        ],
        className="page",
    )


def rest(found: Answer) -> list[Any]:
    """Return what comes after the first figure, once that stands."""
    figures = [
        _joint(found.figures.get("joint")),
        graph("size", "Expected number of patients", found.figures["size"]),
        graph("distribution", "Distribution of the number of patients", found.figures["distribution"]),
        graph("width", "Widest interval by number of patients", found.figures["width"]),
    ]
    return [html.Div(figures, className="grid"), html.Div(found.tables, id="explore-tables")]


def register(app: Dash, service: Service, jobs: Any) -> None:  # noqa: ARG001 - no page is without the third
    """Register the callbacks of the page."""
    _register_moves(app, service)
    _register_answers(app, service)
    app.clientside_callback(
        ClientsideFunction("trialsim", "clickRates"),
        Input(ids.figure("joint"), "clickData"),
        prevent_initial_call=True,
    )


def _register_moves(app: Dash, service: Service) -> None:
    app.clientside_callback(
        ClientsideFunction("trialsim", "slid"),
        Input({"r": "slider", "k": ALL}, "value"),
        State(ids.STATE, "data"),
        State("base-values", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("trialsim", "chose"),
        Input({"r": "number", "k": ALL}, "value"),
        Input({"r": "choice", "k": ALL}, "value"),
        Input({"r": "switch", "k": ALL}, "checked"),
        State(ids.STATE, "data"),
        State("base-values", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output({"t": "live", "i": ALL}, "figure", allow_duplicate=True),
        Output({"t": "card", "i": ALL}, "value"),
        Input({"r": "slider", "k": ALL}, "value"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _move(_: Any, data: Any) -> Any:
        n_live, n_cards = map(len, ctx.outputs_list)
        nothing = [no_update] * n_live, [no_update] * n_cards
        if n_live == 0:
            return nothing  # another page's slider
        try:
            state = state_of(data)
            found = answer_moving(service, moved(state, _by_key(ctx.inputs_list[0]), fields(service, state)))
        except Refusal:
            return nothing  # said beside the field once the slider rests; the curves stay as they are
        cards = found.cards if len(found.cards) == n_cards else [no_update] * n_cards
        return [patched(found.lines)], cards


def _register_answers(app: Dash, service: Service) -> None:
    @app.callback(
        *(Output(_id_of(name), "figure", allow_duplicate=True) for name in FIGURES),
        *(Output(ids.note(name), "children") for name in FIGURES),
        Output("explore-cards", "children"),
        Output("explore-words", "children"),
        Output("explore-tables", "children"),
        Output("explore-alert", "children"),
        Output("explore-results", "className"),
        Output({"r": "error", "k": ALL}, "children"),
        Output("explore-drawn", "data"),
        Input(ids.own_state("explore"), "data"),
        Input("joint-which", "value"),
        State("explore-drawn", "data"),
        prevent_initial_call=True,
    )
    def _settle(data: Any, which: str, drawn: Any) -> Any:
        errors = [ids.path_of(out["id"]["k"]) for out in ctx.outputs_list[-2]]
        if data == drawn and ctx.triggered_id != "joint-which":
            return [no_update] * (2 * len(FIGURES) + 5) + [[no_update] * len(errors), no_update]
        return _settled(service, data, which, errors)

    @app.callback(
        Output("explore-rest", "children"),
        Output("explore-drawn", "data", allow_duplicate=True),
        Input("explore-begun", "data"),
        State(ids.STATE, "data"),
        prevent_initial_call="initial_duplicate",
    )
    def _complete(_: Any, data: Any) -> Any:
        return rest(answer(service, state_of(data))), data


def _settled(service: Service, data: Any, which: str, errors: list[str]) -> list[Any]:
    state = state_of(data)
    try:
        found = answer(service, state, which)
    except Refusal as refused:
        own = fields(service, state._replace(changes=()))
        at = service.field_at(refused, own)
        sentence = refused.problem or str(refused)
        beside = [sentence if key == at else "" for key in errors]
        shown = refusal(f"{sentence}. The curves are those of the last values that made sense.")
        return [no_update] * (2 * len(FIGURES) + 3) + [shown, "results stale", beside, no_update]
    figures = [found.figures.get(name, {}) for name in FIGURES]
    notes = [notes_of(found.figures.get(name)) for name in FIGURES]
    page = [found.cards, _unbroken(found.words), found.tables, None, "results", [""] * len(errors), data]
    return [*figures, *notes, *page]


def _id_of(name: str) -> dict[str, str]:
    return ids.live(name) if name in LIVE else ids.figure(name)


def patched(lines: list[list[float]]) -> Patch:
    """Return a patch that gives the first traces of a figure new heights."""
    patch = Patch()
    for number, heights in enumerate(lines):
        patch["data"][number]["y"] = heights
    return patch


def _by_key(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {ids.path_of(item["id"]["k"]): item.get("value") for item in items}


def _shown(card: Any) -> float:
    return float(100.0 * card.value) if card.unit == "probability" else float(card.value)


def _cards(found: Sequence[Any]) -> list[Any]:
    return [
        dmc.Paper(
            [
                dmc.Text(_unbroken(card.sentence), size="sm"),
                html.Div(
                    dmc.NumberFormatter(
                        id={"t": "card", "i": number},
                        value=round(_shown(card), 4),
                        suffix=" %" if card.unit == "probability" else "",
                        decimalScale=1,
                        fixedDecimalScale=True,
                    ),
                    className="value",
                ),
                dmc.Text(card.detail, size="xs", className="muted"),
            ],
            className="card kpi",
            withBorder=True,
            p="sm",
        )
        for number, card in enumerate(found)
    ]


def _unbroken(sentence: str) -> str:
    """Return a sentence whose per cent signs stay with their numbers."""
    return sentence.replace(" %", "\u00a0%")


def _joint(figure: go.Figure | None) -> Any:
    """Return the map of two rates; for other designs a sentence, and the map hidden, for callbacks know it."""
    switch = dmc.SegmentedControl(
        id="joint-which",
        value="both",
        data=[{"value": key, "label": words} for key, words in WHICH.items()],
        size="xs",
    )
    if figure is None:
        hidden = html.Div(graph("joint", "", None, above=switch), hidden=True)
        return html.Div([empty("The map of two rates is for designs of two arms."), hidden])
    return graph("joint", "Two arms at two rates (click to take a pair)", figure, above=switch)


def _tables(service: Service, found: Any, at: Any, names: Sequence[str]) -> list[Any]:
    decisions = service.decisions(found.design, found.plan)
    rows = [
        [one.label, *(_number(value, is_patients=one.is_patients) for value in one.values)]
        for one in service.measures(at, names)
    ]
    header = [
        "exact",
        *(
            f"{name} ({', '.join(f'{100 * r:g} %' for r in dict.fromkeys(at.truths[n]))})"
            for n, name in enumerate(names)
        ),
    ]
    return [
        dmc.Paper(
            table(decisions.header, decisions.rows, "Decision table, while no arm has stopped", n_labels=2),
            className="card",
            withBorder=True,
            p="sm",
        ),
        dmc.Paper(table(header, rows, "Measures at the truths", n_labels=1), className="card", withBorder=True, p="sm"),
    ]


def _number(value: float | None, *, is_patients: bool) -> str:
    return "–" if value is None else f"{value:.2f}" if is_patients else f"{value:.4f}"
