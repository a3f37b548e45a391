"""Replay: one simulated trial, and what its committee knew on the day of the slider.

A moving day asks for the words of that day and the marks of the swimmer plot only; once it rests, the curves follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, dcc, html, no_update

from app import actions, ids
from app.fields import field, graph, refusal
from app.panels.replay_answers import (
    DAY,
    FIGURES,
    FINDERS,
    NO_CONDUCT,
    TRIAL,
    TRUTH,
    Answer,
    Chosen,
    answer,
    answer_moving,
    chosen,
    found,
    in_words,
    patched,
    patient_grid,
    settled,
    with_conduct,
    without_day,
)
from app.service import FormField, Refusal
from app.state import State as Link
from app.state import query_of, state_of

if TYPE_CHECKING:
    from dash import Dash

    from app.service import Service


def layout(service: Service, state: Link) -> Any:
    """Return the page, drawn; without a conduct, the offer of one."""
    truths = service.replays.truths(state)
    if not truths:
        return _offer(service, state)
    problem, shown = None, state
    try:
        page = answer(service, shown)
    except Refusal as refused:
        problem, shown = refused, state._replace(view=())
        page = answer(service, shown)
    asked = chosen(service, shown)
    base = {TRUTH: asked.truth, TRIAL: asked.trial, DAY: page.day}
    return html.Div(
        [
            dcc.Store(id=ids.BASE, data=base),
            dcc.Store(id="replay-drawn", data=without_day(shown)),
            html.Section(
                [actions.base_picker(service, state), *_controls(service, state, asked, page, problem)],
                className="controls",
                **{"aria-label": "Trial"},
            ),
            html.Section(_results(service, shown, page), className="results", **{"aria-label": "Story"}),
        ],
        className="page",
    )


def _offer(service: Service, state: Link) -> Any:
    button = dmc.Button("Use a plain conduct", id="replay-conduct", size="compact-sm")
    words = (
        "The plain one: 10 patients a month, visits every two months, responses confirmed after a month, "
        "the data closed half a year after the last entry."
    )
    offer = [html.P(NO_CONDUCT, className="words"), html.P(words, className="note"), html.Div(button, className="row")]
    return html.Div(
        [
            html.Section(actions.base_picker(service, state), className="controls", **{"aria-label": "Trial"}),
            html.Section(
                dmc.Paper(offer, className="card", withBorder=True, p="lg"),
                className="results",
                **{"aria-label": "Story"},
            ),
        ],
        className="page",
    )


def _controls(service: Service, state: Link, asked: Chosen, page: Answer, problem: Refusal | None) -> list[Any]:
    """Return the fields of the page; a problem with the link stands beside its field."""
    truths, n = service.replays.truths(state), service.replays.n_scanned(state)
    fields = [
        FormField(TRUTH, "trial", "under the truth", "choice", asked.truth, None, None, 0, 0, 0, truths, TRUTH),
        FormField(TRIAL, "trial", "number of the trial", "whole", asked.trial, 0, None, 0, n - 1, 1, (), TRIAL),
        FormField(DAY, "trial", "day", "whole", page.day, 0, None, 0, page.last_day, 1, (), DAY),
    ]
    step = dmc.Group(
        [
            dmc.Button("previous trial", id="replay-previous", size="compact-xs", variant="default"),
            dmc.Button("next trial", id="replay-next", size="compact-xs", variant="default"),
        ],
        gap="xs",
    )
    finder = dmc.Select(
        id="replay-finder",
        label=f"find a trial among the first {n:,}",
        data=[{"value": name, "label": words} for name, words in FINDERS.items()],
        value="median",
        allowDeselect=False,
        size="xs",
    )
    find = dmc.Group(
        [
            dmc.Button("Find", id="replay-find", size="compact-sm"),
            dmc.Button("Cancel", id="replay-cancel", size="compact-sm", variant="default", disabled=True),
        ],
        gap="xs",
    )
    said = None if problem is None else refusal(in_words(problem))
    return [
        field(fields[0]),
        field(fields[1]),
        step,
        html.Div(id="replay-alert", children=said, role="alert"),
        html.Hr(),
        finder,
        find,
        dmc.Progress(id="replay-progress", value=0, size="sm", **{"aria-label": "trials looked at"}),
        html.Div(id="replay-found", role="status", className="note", **{"aria-live": "polite"}),
        html.Hr(),
        dmc.Text("what the committee knew by", size="xs"),
        field(fields[2]),
    ]


def _results(service: Service, state: Link, page: Answer) -> list[Any]:
    height = int(page.figures["swimmer"].layout.height)
    return [
        html.P(page.headline, id="replay-headline", className="words"),
        dmc.Paper(
            html.Div(page.known, id="replay-known", role="status", **{"aria-live": "polite"}),
            className="card",
            withBorder=True,
            p="sm",
        ),
        graph("swimmer", "Patients on the calendar", page.figures["swimmer"], height=height),
        html.Div(
            [
                graph("os", "Overall survival, as known by the day", page.figures["os"], height=420),
                graph("ttf", "Time to treatment failure, as known by the day", page.figures["ttf"], height=420),
            ],
            className="grid",
        ),
        dmc.Paper(
            [
                html.H3("What happened", className="graph-title"),
                html.Ul([html.Li(line) for line in page.story], id="replay-story"),
            ],
            className="card",
            withBorder=True,
            p="sm",
        ),
        dmc.Paper(
            [
                html.H3("Patients at the data cut-off", className="graph-title"),
                patient_grid(page.header, page.rows),
                html.P(page.legend, id="replay-legend", className="note"),
            ],
            className="card",
            withBorder=True,
            p="sm",
        ),
        actions.bar("replay", service, state, formats=("yaml", "csv", "json", "html")),
    ]


def register(app: Dash, service: Service, jobs: Any) -> None:
    """Register the callbacks of the page."""
    _register_moves(app, service)
    _register_finder(app, service, jobs)

    @app.callback(
        *(Output(ids.figure(name), "figure", allow_duplicate=True) for name in FIGURES),
        *(Output(ids.note(name), "children", allow_duplicate=True) for name in FIGURES),
        Output("replay-headline", "children"),
        Output("replay-story", "children"),
        Output("replay-known", "children", allow_duplicate=True),
        Output("replay-patients", "rowData"),
        Output("replay-legend", "children"),
        Output(ids.slider(DAY), "max"),
        Output("replay-alert", "children"),
        Output(ids.error(TRIAL), "children"),
        Output(ids.error(DAY), "children"),
        Output("replay-drawn", "data"),
        Input(ids.own_state("replay"), "data"),
        State(ids.number(DAY), "value"),
        State("replay-drawn", "data"),
        prevent_initial_call=True,
    )
    def _settle(data: Any, day: Any, drawn: Any) -> Any:
        trial = without_day(state_of(data))
        outputs = settled(service, state_of(data), day, is_drawn=trial == drawn)
        return [*outputs, no_update if outputs[1] is no_update else trial]

    @app.callback(
        Output(ids.NAVIGATE, "data", allow_duplicate=True),
        Input("replay-conduct", "n_clicks"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _conduct(clicks: Any, data: Any) -> Any:
        return query_of(with_conduct(state_of(data))) if clicks else no_update


def _register_moves(app: Dash, service: Service) -> None:
    @app.callback(
        Output("replay-known", "children", allow_duplicate=True),
        Output(ids.figure("swimmer"), "figure", allow_duplicate=True),
        Input(ids.slider(DAY), "value"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _move(day: Any, data: Any) -> Any:
        if not isinstance(day, int | float):
            return no_update, no_update
        try:
            known, marks = answer_moving(service, state_of(data), day)
        except Refusal:
            return no_update, no_update  # said beside the field once the slider rests
        return known, patched(marks)

    @app.callback(
        Output(ids.number(TRIAL), "value", allow_duplicate=True),
        Input("replay-previous", "n_clicks"),
        Input("replay-next", "n_clicks"),
        State(ids.number(TRIAL), "value"),
        prevent_initial_call=True,
    )
    def _step(_: Any, __: Any, trial: Any) -> Any:
        is_pressed = any(item["value"] for item in ctx.triggered)
        return stepped(trial, 1 if ctx.triggered_id == "replay-next" else -1) if is_pressed else no_update


def stepped(trial: Any, by: int) -> Any:
    """Return the number of the trial before or after one; `no_update` if that one is none."""
    return max(trial + by, 0) if isinstance(trial, int) else no_update


def _register_finder(app: Dash, service: Service, jobs: Any) -> None:
    @app.callback(
        Output(ids.number(TRIAL), "value", allow_duplicate=True),
        Output("replay-found", "children"),
        Input("replay-find", "n_clicks"),
        State("replay-finder", "value"),
        State(ids.STATE, "data"),
        background=True,
        manager=jobs,
        progress=[Output("replay-progress", "value")],
        progress_default=[0],
        cancel=[Input("replay-cancel", "n_clicks")],
        running=[
            (Output("replay-find", "disabled"), True, False),
            (Output("replay-cancel", "disabled"), False, True),
        ],
        interval=200,
        prevent_initial_call=True,
    )
    def _find(set_progress: Any, clicks: Any, which: Any, data: Any) -> Any:
        if not clicks:
            return no_update, no_update
        try:
            return found(service, state_of(data), str(which), set_progress)
        except Refusal as refused:
            return no_update, refusal(in_words(refused))
