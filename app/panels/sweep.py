"""Sweep: a design over a grid of its fields; sweeps of the store, wherever made, as pictures and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ALL, Input, Output, State, ctx, dcc, html, no_update

from app import actions, ids
from app.fields import empty, refusal
from app.panels import sweep_cells as tables
from app.panels import sweep_form as forms
from app.panels import sweep_pictures as pictures
from app.panels import sweep_shown as shown
from app.service import Refusal, sweep_runs, sweeps
from app.state import State as Link
from app.state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dash import Dash

    from app.service import Service

NOT_OPEN = "Run a sweep, or choose one of the store: its pictures and cells come here."
STOPPED = "Stopped. What was computed is in the store; run it again to go on from there."


def layout(service: Service, state: Link) -> Any:
    """Return the page, with the sweep that the link names."""
    name = state.seen("sweep")
    opened = pictures.open_sweep(service, name, pictures.view_of(state))
    controls = [actions.base_picker(service, state), forms.form(service, state)]
    results = [
        tables.sweep_list(service, name),
        html.Div(opened or empty(NOT_OPEN), id="sweep-open"),
        _bar(service, state),
    ]
    return html.Div(
        [
            dcc.Store(id="sweep-done"),
            dcc.Store(id="vary-known", data=[row._asdict() for row in sweeps.rows_of(service, state)]),
            html.Section(controls, className="controls flows", **{"aria-label": "Sweep"}),
            html.Section(results, className="results", **{"aria-label": "Answers"}),
        ],
        className="page",
    )


def run(service: Service, state: Link, told: Callable[[float, str], None]) -> dict[str, str]:
    """Run the sweep of the form; return its id and what was done, or the problem."""
    try:
        sweep_id, words = sweep_runs.run(service, state, told)
    except Refusal as refused:
        return {"id": "", "words": "", "problem": str(refused)}
    return {"id": sweep_id, "words": words, "problem": ""}


def register(app: Dash, service: Service, jobs: Any) -> None:
    """Register the callbacks of the page."""
    _register_form(app, service)
    _register_run(app, service, jobs)
    _register_open(app, service)
    shown.register(app, service)


def _register_form(app: Dash, service: Service) -> None:
    @app.callback(
        Output("vary-rows", "children"),
        Output("vary-known", "data"),
        Input("vary-add", "n_clicks"),
        Input({"t": "vary-remove", "i": ALL}, "n_clicks"),
        Input({"t": "vary-field", "i": ALL}, "value"),
        Input({"t": "vary-form", "i": ALL}, "value"),
        Input("vary-engine", "value"),
        *(State({"t": f"vary-{part}", "i": ALL}, "value") for part in forms.PARTS[2:]),
        State("vary-known", "data"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _rows(*given: Any) -> Any:
        (_, _, paths, kinds, engine, *rest), data = given[:-2], given[-1]
        rows = forms.rows_from(dict(zip(forms.PARTS, [paths, kinds, *rest], strict=True)))
        before = forms.rows_known(given[-2])
        state = forms.with_form(service, state_of(data), rows, engine, None, [], state_of(data).seen("vary", "own"))
        now = forms.changed(service, state, before, rows)
        pressed, is_pressed = ctx.triggered_id, any(item["value"] for item in ctx.triggered)
        if pressed == "vary-add" and is_pressed:
            now = forms.one_more(service, state, now)
        elif isinstance(pressed, dict) and pressed["t"] == "vary-remove" and is_pressed and len(now) > 1:
            now = [row for number, row in enumerate(now) if number != pressed["i"]]
        known = [row._asdict() for row in now]
        is_same = [(row.path, row.is_list) for row in now] == [(row.path, row.is_list) for row in before]
        if is_same and pressed != "vary-engine":
            return no_update, no_update
        return forms.shown_rows(service, state, now), known

    @app.callback(
        Output("vary-words", "children"),
        Output("vary-problem", "children"),
        Output({"t": "vary-error", "i": ALL}, "children"),
        Output("sweep-run", "disabled", allow_duplicate=True),
        Output("vary-chosen", "hidden"),
        Output("vary-sims-box", "hidden"),
        Output(ids.STATE, "data", allow_duplicate=True),
        *_form_values(Input),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _check(*given: Any) -> Any:
        state = _asked(service, given)
        found = forms.checked(service, state)
        n_rows = len(ctx.outputs_list[2])
        beside = [*found.beside, *([""] * n_rows)][:n_rows]
        problem = refusal(found.problem) if found.problem else None
        takes_own, is_exact = sweeps.takes_own(service, state), sweeps.engine_of(state) == "exact"
        patch = shown.view_changes(given[-1], state)
        return found.words, problem, beside, not found.is_ready, takes_own, is_exact, patch


def _register_run(app: Dash, service: Service, jobs: Any) -> None:
    @app.callback(
        Output("sweep-done", "data"),
        Input("sweep-run", "n_clicks"),
        *_form_values(State),
        State(ids.STATE, "data"),
        background=True,
        manager=jobs,
        interval=300,
        progress=[Output("sweep-progress", "value"), Output("sweep-progress-words", "children")],
        running=[
            (Output("sweep-run", "disabled"), True, False),
            (Output("sweep-cancel", "disabled"), False, True),
            (Output("sweep-running", "hidden"), False, True),
        ],
        cancel=[Input("sweep-cancel", "n_clicks")],
        prevent_initial_call=True,
    )
    def _run(set_progress: Any, clicks: Any, *given: Any) -> Any:
        if not clicks:
            return no_update
        return run(service, _asked(service, given), lambda share, words: set_progress((100 * share, words)))


def _register_open(app: Dash, service: Service) -> None:
    @app.callback(
        Output("sweep-open", "children"),
        Output("sweep-told", "children"),
        Output("sweep-list", "rowData"),
        Output("sweep-list", "selectedRows"),
        Output("sweep-list-box", "hidden"),
        Output("sweep-list-told", "children"),
        Output(ids.STATE, "data", allow_duplicate=True),
        Input("sweep-done", "data"),
        Input("sweep-cancel", "n_clicks"),
        Input("sweep-list", "selectedRows"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _open(done: Any, cancels: Any, selected: Any, data: Any) -> Any:
        state = state_of(data)
        causes = set(ctx.triggered_prop_ids.values())  # several, when the page was busy
        if "sweep-done" in causes and isinstance(done, dict):
            sweep_id = str(done.get("id", ""))
            told = refusal(str(done["problem"])) if done.get("problem") else html.P(done.get("words"), className="note")
        elif "sweep-cancel" in causes and cancels:
            sweep_id, told = "", html.P(STOPPED, className="note")
        else:
            sweep_id, told = _selected(selected) if "sweep-list" in causes else "", no_update
            if not sweep_id or sweep_id == state.seen("sweep"):
                return [no_update] * 7
        return _opened(service, state, data, sweep_id, told)


def _opened(service: Service, state: Link, data: Any, sweep_id: str, told: Any) -> list[Any]:
    """Return the open sweep and the list; a sweep other than before begins with pictures of its own."""
    try:
        rows, problem = tables.list_rows(service), ""
    except Refusal as refused:
        rows, problem = [], str(refused)
    about = refusal(problem) if problem else empty(tables.NO_SWEEPS) if not rows else None
    chosen = {"ids": [sweep_id]} if sweep_id else no_update
    if not sweep_id:
        return [no_update, told, rows, chosen, not rows, about, no_update]
    is_other = sweep_id != state.seen("sweep")
    kept = [(key, value) for key, value in state.view if not (is_other and key.startswith(pictures.PIC))]
    now = state._replace(view=tuple({**dict(kept), "sweep": sweep_id}.items()))
    opened = pictures.open_sweep(service, sweep_id, pictures.view_of(now))
    return [opened, told, rows, chosen, not rows, about, shown.view_changes(data, now)]


def _form_values(kind: Any) -> list[Any]:
    """Return what the form says, as inputs or as states, in the order that `_asked` reads.

    A field chosen anew brings new widgets for its values, and these are what asks for a check.
    """
    kinds = [State, State, *([kind] * (len(forms.PARTS) - 2))]
    rows = [of({"t": f"vary-{part}", "i": ALL}, "value") for of, part in zip(kinds, forms.PARTS, strict=True)]
    return [*rows, *(kind(f"vary-{name}", "value") for name in ("engine", "sims", "keep", "source"))]


def _asked(service: Service, given: tuple[Any, ...]) -> Link:
    """Return the state with the values of the form in it."""
    n = len(forms.PARTS)
    rows = forms.rows_from(dict(zip(forms.PARTS, given[:n], strict=True)))
    return forms.with_form(service, state_of(given[-1]), rows, *given[n:-1])


def _selected(rows: Any) -> str:
    first = rows[0] if isinstance(rows, list) and rows else None
    return str(first.get("id", "")) if isinstance(first, dict) else ""


def _bar(service: Service, state: Link) -> Any:
    """Return how the form leaves the page; where it makes no sense, it waits for one that does."""
    try:
        return actions.bar("sweep", service, state, formats=("yaml",))
    except Refusal:
        return empty("The command line and the YAML come here once the form makes sense.")
