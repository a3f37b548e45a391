"""Explore: a design over all true rates, exactly, while the slider moves.

While a slider moves, only the curves and the cards follow it (`explore_moves`); once it rests, the state changes and
everything is drawn anew.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Input, Output, State, ctx, dcc, html, no_update

from app import actions, ids
from app.fields import empty, form, graph, notes_of, refusal, table
from app.kept import kept
from app.panels.compare_pins import pin_button
from app.panels.explore_moves import fields, register_moving, shown
from app.service import Refusal
from app.state import State as Link
from app.state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dash import Dash

    from app.service import Drawing, Service

LIVE = ("operating",)
"""The figure that follows a moving slider; each more costs a third of the time until it is seen."""
FIGURES = (*LIVE, "joint", "distribution", "width")
KEPT = 64
"""Pages that are kept at once, some 100 kB each."""
WHICH = {"both": "both go on", "one": "only one", "none": "both stop"}


class Answer(NamedTuple):
    """Everything on the page that depends on the state."""

    figures: dict[str, Drawing]
    cards: Any
    words: str
    tables: Any


def answer(service: Service, state: Link, which: str = "both") -> Answer:
    """Return the whole page.

    Raises
    ------
    Refusal
        If the values make no sense together, or the design cannot be solved exactly.
    """
    design = service.design(state)
    rates = service.explored_rates(state, design)
    found = service.curves(design, rates)
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
    """Return the page with its first figure; the others follow (`rest`) once the browser has drawn it (moves.js)."""
    own = fields(service, state)
    base = fields(service, state._replace(changes=(), rates=()))
    values = {**dict(state.changes), **{f"rates.{n}": rate for n, rate in enumerate(state.rates)}}
    design = service.design(state)
    rates = service.explored_rates(state, design)
    found, at, names = service.moving(design, rates)
    first_look = next(one.group for one in own if not one.path.startswith("rates."))
    controls = [
        actions.base_picker(service, state),
        html.Div(id="explore-alert", role="alert"),
        form(own, values, ["true rates", first_look, "enrolment"]),
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
            dcc.Store(id=ids.BASE, data={one.path: one.value for one in base}),
            dcc.Store(id="explore-drawn"),
            dcc.Store(id="explore-begun"),
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
    register_moving(app, service)
    _register_choices(app)
    _register_answers(app, service)
    app.clientside_callback(
        ClientsideFunction("trialsim", "clickRates"),
        Input(ids.figure("joint"), "clickData"),
        prevent_initial_call=True,
    )


def _register_choices(app: Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("trialsim", "chose"),
        Input({"r": "number", "k": ALL}, "value"),
        Input({"r": "choice", "k": ALL}, "value"),
        Input({"r": "switch", "k": ALL}, "checked"),
        State(ids.STATE, "data"),
        State(ids.BASE, "data"),
        prevent_initial_call=True,
    )


def _register_answers(app: Dash, service: Service) -> None:
    answered = kept(partial(answer, service), KEPT)

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
        if data == drawn and "joint-which" not in ctx.triggered_prop_ids.values():
            return [no_update] * (2 * len(FIGURES) + 5) + [[no_update] * len(errors), no_update]
        return _settled(service, answered, data, which, errors)

    @app.callback(
        Output("explore-rest", "children"),
        Output("explore-drawn", "data", allow_duplicate=True),
        Input("explore-begun", "data"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _complete(_: Any, data: Any) -> Any:
        return rest(answered(state_of(data), "both")), data


def _settled(service: Service, answered: Callable[..., Answer], data: Any, which: str, errors: list[str]) -> list[Any]:
    state = state_of(data)
    try:
        found = answered(state, which)
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


def _cards(found: Sequence[Any]) -> list[Any]:
    return [
        dmc.Paper(
            [
                dmc.Text(_unbroken(card.sentence), size="sm"),
                html.Div(
                    dmc.NumberFormatter(
                        id={"t": "card", "i": number},
                        value=shown(card),
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


def _joint(figure: Drawing | None) -> Any:
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
            f"{name} ({', '.join(f'{100 * r:g} %' for r in dict.fromkeys(at.truths[n]))}{_toxicity(at.truths[n])})"
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


def _toxicity(truth: Any) -> str:
    """Return what a truth says of toxicity, which few do."""
    rates = dict.fromkeys(getattr(truth, "toxicity", ()))
    return "; toxicity " + ", ".join(f"{100 * rate:g} %" for rate in rates) if rates else ""


def _number(value: float | None, *, is_patients: bool) -> str:
    return "–" if value is None else f"{value:.2f}" if is_patients else f"{value:.4f}"
