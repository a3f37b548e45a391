"""Simulate: the trial under its calendar, in the background, its estimates on the page from the first second on.

The job sends whole figures after 500, 1,000, 2,000, … trials; between them only the bar moves. Results stay when the
form changes, greyed, until the next run.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Input, Output, State, ctx, dcc, html, no_update, set_props

from app import actions, ids
from app.fields import empty, graph, refusal
from app.panels import simulate_report
from app.panels.simulate_answers import followed, run
from app.panels.simulate_form import OWN, base_values, controls
from app.service import Refusal, conduct
from app.state import State as Link
from app.state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dash import Dash

    from app.service import Service

POLL_MS = 150
"""How often the page asks a running job for news."""
MENUS = {
    "distribution": ("From trial to trial", "number of a trial"),
    "survival": ("Kaplan-Meier curves over trials", "time to"),
    "convergence": ("How the estimate settles", "measure"),
}
FIGURES = {
    "estimates": ("What conduct costs: as conducted beside exact", 420),
    "enrolment": ("Enrolment and the days of decisions", 340),
    "events": ("Patients with adverse events", 340),
}
EMPTY = (
    "Nothing is simulated yet. Simulate runs the trial patient by patient: when they come, when their responses are "
    "seen and confirmed, and what each look can know. First estimates come within a second, and sharpen while it runs."
)
STOPPED = "Stopped. The estimates are those of the last step."
LATER = "This one is drawn once the run is done."


def layout(service: Service, state: Link) -> Any:
    """Return the page, nothing simulated yet."""
    problem = None
    try:
        service.scenario(state, *conduct.changes(service, state))
    except Refusal as refused:
        problem = refusal(str(refused))
        state = state._replace(view=tuple((k, v) for k, v in state.view if f"view.{k}" not in OWN))
    return html.Div(
        [
            dcc.Store(id=ids.BASE, data=base_values(service, state._replace(changes=()))),
            dcc.Store(id="simulate-drawn"),
            dcc.Store(id="simulate-of"),
            dcc.Store(id="simulate-files"),
            html.Section(controls(service, state, problem), className="controls", **{"aria-label": "Conduct"}),
            html.Section(
                [
                    html.Div(id="simulate-stale", role="status", **{"aria-live": "polite"}),
                    html.Div(empty(EMPTY), id="simulate-empty"),
                    html.Div(
                        html.Div(_results(), id="simulate-results", className="results"),
                        id="simulate-shown",
                        hidden=True,
                        style={"minWidth": 0},
                    ),
                    simulate_report.controls(),
                    actions.bar("simulate", service, state, formats=("yaml",)),
                ],
                className="results",
                **{"aria-label": "Results"},
            ),
        ],
        className="page",
    )


def _results() -> list[Any]:
    drawn = {name: graph(name, title, height=height) for name, (title, height) in FIGURES.items()}
    menus = {name: _with_menu(name, title, label) for name, (title, label) in MENUS.items()}
    saves = [
        dmc.Button(words, id={"t": "simulate-file", "f": format_}, size="compact-sm", variant="default")
        for format_, words in actions.LABELS.items()
        if format_ in ("csv", "json", "parquet")
    ]
    return [
        drawn["estimates"],
        _card("simulate-costs"),
        html.Div(
            [drawn["enrolment"], menus["distribution"], menus["survival"], menus["convergence"]], className="grid"
        ),
        html.Div(_card("simulate-match"), id="simulate-match-card", hidden=True),
        _card("simulate-course"),
        html.Div(drawn["events"], id="simulate-events", hidden=True),
        html.Div(id="simulate-notes"),
        html.Div([html.Span("download the estimates"), *saves], id="simulate-saves", className="row", hidden=True),
    ]


def _card(id_: str) -> Any:
    return dmc.Paper(html.Div(id=id_), className="card", withBorder=True, p="sm")


def _with_menu(name: str, title: str, label: str) -> Any:
    select = dmc.Select(id=f"simulate-menu-{name}", label=label, data=[], allowDeselect=False, size="xs")
    return html.Div([select, graph(name, title, height=300)])


def register(app: Dash, service: Service, jobs: Any) -> None:
    """Register the callbacks of the page."""
    for name in MENUS:
        app.clientside_callback(
            f"""function (label, drawn) {{
                const none = window.dash_clientside.no_update;
                if (!drawn || !drawn.{name}) return [none, none];
                const one = drawn.{name}[label];
                return one ? [one.figure, one.note] : [{{}}, "{LATER}"];
            }}""",
            Output(ids.figure(name), "figure"),
            Output(ids.note(name), "children"),
            Input(f"simulate-menu-{name}", "value"),
            Input("simulate-drawn", "data"),
            prevent_initial_call=True,
        )
    app.clientside_callback(
        ClientsideFunction("trialsim", "saveFile"),
        Output(ids.DOWNLOAD, "data", allow_duplicate=True),
        Input({"t": "simulate-file", "f": ALL}, "n_clicks"),
        State("simulate-files", "data", allow_optional=True),
        prevent_initial_call=True,
    )
    _register_run(app, service, jobs)
    simulate_report.register(app, service, jobs)

    @app.callback(
        Output("simulate-results", "className"),
        Output("simulate-stale", "children"),
        Output("simulate-alert", "children"),
        Output({"r": "error", "k": ALL}, "children", allow_duplicate=True),
        Input(ids.own_state("simulate"), "data"),
        Input("simulate-of", "data"),
        prevent_initial_call=True,
    )
    def _follow(data: Any, of: Any) -> Any:
        errors = [ids.path_of(out["id"]["k"]) for out in ctx.outputs_list[-1]]
        return followed(service, state_of(data), of, errors)

    @app.callback(
        Output("simulate-told", "children", allow_duplicate=True),
        Input("simulate-cancel", "n_clicks"),
        prevent_initial_call=True,
    )
    def _stop(clicks: Any) -> Any:
        return STOPPED if clicks else no_update


def _register_run(app: Dash, service: Service, jobs: Any) -> None:
    @app.callback(
        Output("simulate-told", "children"),
        Input("simulate-run", "n_clicks"),
        State(ids.STATE, "data"),
        *(State(f"simulate-menu-{name}", "value") for name in MENUS),
        background=True,
        manager=jobs,
        interval=POLL_MS,
        progress=[Output("simulate-progress", "value"), Output("simulate-told", "children")],
        running=[
            (Output("simulate-run", "disabled"), True, False),
            (Output("simulate-cancel", "disabled"), False, True),
        ],
        cancel=[Input("simulate-cancel", "n_clicks"), Input(ids.ROUTE, "data")],  # who leaves the page waits no more
        prevent_initial_call=True,
    )
    def _run(set_progress: Any, clicks: Any, data: Any, *chosen: Any) -> Any:
        if not clicks:
            return no_update
        wanted = {name: value for name, value in zip(MENUS, chosen, strict=True) if isinstance(value, str)}
        try:
            return run(service, state_of(data), wanted, set_progress, partial(_put, set_props))
        except Refusal as refused:
            return refusal(str(refused))


def _put(set_: Callable[..., None], component: Any, properties: dict[str, Any]) -> None:
    if isinstance(component, tuple):
        kind, name = component
        component = ids.figure(name) if kind == "figure" else ids.note(name)
    set_(component, properties)
