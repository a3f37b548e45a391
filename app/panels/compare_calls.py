"""Compare: what its callbacks do. Each is a few lines that call an answer of `app.panels.compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ALL, ClientsideFunction, Input, Output, State, ctx, no_update

from app import ids
from app.fields import notes_of, refusal
from app.panels.compare_answers import MEASURE, OWN_PINS, STALE, answer, answer_figure, answer_simulated
from app.pins import from_link, in_link, shelf
from app.service import Refusal, comparison, comparison_files
from app.service.comparison import Effort
from app.state import State as Link
from app.state import as_data as state_data
from app.state import state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dash import Dash

    from app.pins import Pin
    from app.service import Service

POLL_MS = 200
"""How often the page asks a running job for news."""


def register(app: Dash, service: Service, jobs: Any) -> None:
    """Register the callbacks of the page but those of the pins."""
    _register_page(app, service)
    _register_state(app)
    _register_run(app, service, jobs)
    _register_files(app, service)


def _register_page(app: Dash, service: Service) -> None:
    app.clientside_callback(
        ClientsideFunction("trialsim", "ownPins"),
        Output({"t": "own-pins", "i": ALL}, "data"),
        Input(ids.PINS, "data"),
        State({"t": "own-pins", "i": ALL}, "id"),
    )

    @app.callback(
        Output("compare-head", "children"),
        Output("compare-cards", "children"),
        Output("compare-fields", "children"),
        Output(MEASURE, "data"),
        Output(MEASURE, "value"),
        Output("compare-tables", "children"),
        Output("compare-exact", "hidden"),
        Output("compare-simulation", "hidden"),
        Output("compare-calendar", "disabled"),
        Output("compare-drawn", "data"),
        Input(OWN_PINS, "data"),
        Input(ids.own_state("compare"), "data"),
        State("compare-drawn", "data"),
        State(MEASURE, "value"),
    )
    def _draw(kept: Any, data: Any, drawn: Any, label: Any) -> Any:
        if not isinstance(kept, dict) or data is None:
            return [no_update] * 10  # the browser has not said yet what it keeps
        state = state_of(data)
        found = shelf(state, kept.get("pins"))
        key = {"pins": in_link(found.pins), "own": found.is_own, "kept": found.n_kept, "odd": list(found.problems)}
        if key == drawn:
            return [no_update] * 10
        shown = answer(service, state, found)
        chosen = label if label in shown.labels else next(iter(shown.labels), None)
        return [
            shown.head,
            shown.cards,
            shown.fields,
            shown.labels,
            chosen,
            shown.tables,
            not shown.labels,
            not shown.can_compare,
            not shown.has_conduct,
            key,
        ]

    @app.callback(
        Output(ids.figure("compared"), "figure"),
        Output(ids.note("compared"), "children"),
        Input("compare-drawn", "data"),
        Input(MEASURE, "value"),
        Input("compare-mode", "value"),
    )
    def _curves(drawn: Any, label: Any, mode: Any) -> Any:
        figure = answer_figure(service, pins_of(drawn), str(label), str(mode))
        return (no_update, no_update) if figure is None else (figure, notes_of(figure))


def _register_state(app: Dash) -> None:
    @app.callback(
        Output(ids.STATE, "data", allow_duplicate=True),
        Input("compare-drawn", "data"),
        Input(MEASURE, "value"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _carry(drawn: Any, label: Any, data: Any) -> Any:
        """Let the address carry what is shown, so that the link can be shared."""
        if not isinstance(drawn, dict) or data is None:
            return no_update
        before = state_of(data)
        after = carried(before, str(drawn.get("pins", "")), label)
        return no_update if after == before else state_data(after)

    @app.callback(
        Output("compare-simulated", "className"),
        Output("compare-stale", "children"),
        Input("compare-drawn", "data"),
        Input("compare-ran", "data"),
    )
    def _age(drawn: Any, ran: Any) -> Any:
        is_stale = ran is not None and ran != unnamed(pins_of(drawn))
        return ("results old", refusal(STALE)) if is_stale else ("results", None)


def _register_run(app: Dash, service: Service, jobs: Any) -> None:
    @app.callback(
        Output("compare-simulated", "children"),
        Output("compare-files", "data"),
        Output("compare-ran", "data"),
        Output("compare-told", "children"),
        Output("compare-progress", "value"),
        Input("compare-run", "n_clicks"),
        State("compare-drawn", "data"),
        State("compare-sims", "value"),
        State("compare-calendar", "checked"),
        State("compare-calendar", "disabled"),
        State("compare-trials", "value"),
        background=True,
        manager=jobs,
        interval=POLL_MS,
        progress=[Output("compare-progress", "value"), Output("compare-told", "children")],
        running=[
            (Output("compare-run", "disabled"), True, False),
            (Output("compare-cancel", "disabled"), False, True),
        ],
        cancel=[Input("compare-cancel", "n_clicks")],
        prevent_initial_call=True,
    )
    def _run(set_progress: Any, clicks: Any, drawn: Any, sims: Any, is_on: Any, is_off: Any, trials: Any) -> Any:
        if not clicks:
            return [no_update] * 5
        pins = pins_of(drawn)
        try:
            effort = effort_of(sims, bool(is_on) and not is_off, trials)
            shown, files = answer_simulated(service, pins, effort, set_progress)
        except Refusal as refused:
            return no_update, no_update, no_update, refusal(str(refused)), 0
        return shown, files, unnamed(pins), "Done.", 100

    @app.callback(
        Output("compare-told", "children", allow_duplicate=True),
        Output("compare-progress", "value", allow_duplicate=True),
        Input("compare-cancel", "n_clicks"),
        prevent_initial_call=True,
    )
    def _cancelled(clicks: Any) -> Any:
        return ("Cancelled; nothing was kept of this run.", 0) if clicks else (no_update, no_update)


def _register_files(app: Dash, service: Service) -> None:
    @app.callback(
        Output("compare-command", "children"),
        Output("compare-copy", "content"),
        Input("compare-drawn", "data"),
        Input("compare-sims", "value"),
        Input("compare-calendar", "checked"),
        Input("compare-calendar", "disabled"),
        Input("compare-trials", "value"),
    )
    def _command(drawn: Any, sims: Any, is_on: Any, is_off: Any, trials: Any) -> Any:
        usable = usable_pins(service, drawn)
        if len(usable) < 2:
            return "", ""
        try:
            text = comparison_files.command(service, usable, effort_of(sims, bool(is_on) and not is_off, trials))
        except Refusal:
            return no_update, no_update
        return text, text

    app.clientside_callback(
        ClientsideFunction("trialsim", "saveFile"),
        Output(ids.DOWNLOAD, "data", allow_duplicate=True),
        Input({"t": "compare-file", "f": ALL}, "n_clicks"),
        State("compare-files", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("trialsim", "hasFiles"),
        Output("compare-saves", "hidden"),
        Input("compare-files", "data"),
    )

    @app.callback(
        Output(ids.DOWNLOAD, "data", allow_duplicate=True),
        Output("compare-problem", "children"),
        Input({"t": "compare-exact-file", "f": ALL}, "n_clicks"),
        Input({"t": "pin-yaml", "i": ALL}, "n_clicks"),
        State("compare-drawn", "data"),
        State("compare-sims", "value"),
        State("compare-calendar", "checked"),
        State("compare-calendar", "disabled"),
        State("compare-trials", "value"),
        prevent_initial_call=True,
    )
    def _save(_: Any, __: Any, drawn: Any, sims: Any, is_on: Any, is_off: Any, trials: Any) -> Any:
        pressed = ctx.triggered_id
        if not isinstance(pressed, dict) or not any(item["value"] for item in ctx.triggered):
            return no_update, no_update
        try:
            effort = effort_of(sims, bool(is_on) and not is_off, trials)
            name, text = _file(service, drawn, pressed, effort)
        except Refusal as refused:
            return no_update, refusal(str(refused))
        return {"content": text, "filename": name}, None


def _file(service: Service, drawn: Any, pressed: dict[str, Any], effort: Effort) -> tuple[str, str]:
    usable = usable_pins(service, drawn)
    if pressed["t"] == "compare-exact-file":
        return comparison_files.exact_file(service, usable, str(pressed["f"]))
    pins = pins_of(drawn)
    wanted = pins[pressed["i"]] if pressed["i"] < len(pins) else None
    number = usable.index(wanted) if wanted in usable else -1
    return comparison_files.yaml_of(service, usable, number, effort)


def pins_of(drawn: Any) -> tuple[Pin, ...]:
    """Return the pins that the page shows, from its own store."""
    return from_link(str(drawn.get("pins", "")))[0] if isinstance(drawn, dict) else ()


def usable_pins(service: Service, drawn: Any) -> list[Pin]:
    """Return those of the pins shown that make sense."""
    return [one.pin for one in comparison.looked_up(service, pins_of(drawn)) if one.design is not None]


def carried(state: Link, pins: str, label: object) -> Link:
    """Return the state with the pins and the measure that the page shows."""
    view = {key: value for key, value in state.view if key != "measure"}
    if isinstance(label, str):
        view["measure"] = label
    return state._replace(pins=pins, view=tuple(view.items()))


def unnamed(pins: Sequence[Pin]) -> str:
    """Return what tells one set of designs from another, whatever they are called."""
    return in_link([pin._replace(name="design") for pin in pins])


def effort_of(sims: Any, is_conducted: bool, trials: Any) -> Effort:
    """Return what the selects ask for.

    Raises
    ------
    Refusal
        If that is no number.
    """
    words = [str(sims), str(trials) if is_conducted else "0"]
    if not all(word.isascii() and word.isdecimal() and len(word) < 12 for word in words):
        raise Refusal("replicates: a whole number is expected")
    return Effort(*map(int, words))
