"""The callbacks of the open sweep: its picture, its cells, its downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ALL, ClientsideFunction, Input, Output, Patch, State, ctx, dcc, no_update

from app import ids
from app.fields import notes_of, refusal
from app.panels import sweep_cells as tables
from app.panels import sweep_pictures as pictures
from app.service import Refusal, sweep_store
from app.state import State as Link
from app.state import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash import Dash

    from app.service import Service


def register(app: Dash, service: Service) -> None:
    """Register what changes or leaves the open sweep."""
    _register_picture(app, service)
    _register_cells(app, service)
    _register_downloads(app, service)


def view_changes(before: Mapping[str, Any], now: Link) -> Patch:
    """Return what turns the view in the browser into that of a state; what others write meanwhile stays."""
    patch, wanted = Patch(), dict(now.view)
    old = before.get("view") if isinstance(before, dict) else None
    known = old if isinstance(old, dict) else {}
    for key, value in wanted.items():
        if known.get(key) != value:
            patch["view"][key] = value
    for key in known:
        if key not in wanted:
            del patch["view"][key]
    return patch


def _register_picture(app: Dash, service: Service) -> None:
    app.clientside_callback(
        ClientsideFunction("trialsim_sweep", "arrange"),
        Output(ids.figure("sweep"), "figure"),
        Input("sweep-figure", "data"),
        Input("sweep-width", "data"),
    )

    @app.callback(
        Output("sweep-figure", "data"),
        Output("title-sweep", "children"),
        Output(ids.note("sweep"), "children"),
        Output("sweep-picture-problem", "children"),
        Output({"t": "pic-box", "k": ALL}, "hidden"),
        Output({"t": "at-box", "i": ALL}, "hidden"),
        Output(ids.STATE, "data", allow_duplicate=True),
        Input({"t": "pic", "k": ALL}, "value"),
        Input({"t": "pic-at", "i": ALL}, "value"),
        State("sweep-open-id", "data"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _draw(_: Any, __: Any, sweep_id: Any, data: Any) -> Any:
        view = {item["id"]["k"]: str(item.get("value") or "") for item in ctx.inputs_list[0]}
        levels = [(item["id"]["i"], item.get("value")) for item in ctx.inputs_list[1]]
        view["at"] = " ".join(f"{axis}:{level}" for axis, level in levels if level)
        boxes, at_boxes = ([out["id"] for out in outputs] for outputs in ctx.outputs_list[4:6])
        try:
            opened = sweep_store.opened(service, str(sweep_id))
        except Refusal as refused:
            nothing = [no_update] * len(boxes), [no_update] * len(at_boxes)
            return no_update, no_update, no_update, refusal(str(refused)), *nothing, no_update
        found, asked = pictures.drawn(service, opened, view), pictures.chosen(opened, view)
        shown, free = pictures.seen(opened, asked), pictures.free_axes(opened, asked)
        figure = pictures.as_data(found) if found.figure is not None else no_update
        title = found.title if found.figure is not None else no_update
        notes = notes_of(found.figure) if found.figure is not None else no_update
        hidden = [not shown[box["k"]] for box in boxes], [box["i"] not in free for box in at_boxes]
        own = pictures.chosen(opened, {"pic": asked["pic"]})
        kept = {key: "" if value == own.get(key, "") else value for key, value in view.items()} | {"pic": asked["pic"]}
        state = _with_view(state_of(data), {f"{pictures.PIC}{key}": value for key, value in kept.items()})
        problem = refusal(found.problem) if found.problem else None
        return figure, title, notes, problem, *hidden, view_changes(data, state)


def _register_cells(app: Dash, service: Service) -> None:
    @app.callback(
        Output("sweep-cell", "children"),
        Input(ids.figure("sweep"), "clickData"),
        Input("cell-grid", "selectedRows"),
        State("sweep-open-id", "data"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _cell(click: Any, rows: Any, sweep_id: Any, data: Any) -> Any:
        number = _number_of(rows[0]) if ctx.triggered_id == "cell-grid" and rows else clicked(click)
        return no_update if number is None else pictures.cell_link(service, state_of(data), str(sweep_id), number)

    @app.callback(
        Output("cell-grid", "columnDefs"),
        Output("cell-grid", "rowData"),
        Output("cell-told", "children"),
        Output("cell-problem", "children"),
        Input("cell-columns", "value"),
        State("sweep-open-id", "data"),
        prevent_initial_call=True,
    )
    def _columns(selectors: Any, sweep_id: Any) -> Any:
        chosen = [one for one in selectors if isinstance(one, str)][:12] if isinstance(selectors, list) else []
        try:
            return *tables.table_of(service, str(sweep_id), chosen), None
        except Refusal as refused:
            return no_update, no_update, no_update, refusal(str(refused))

    @app.callback(Output("cell-grid", "exportDataAsCsv"), Input("cell-csv", "n_clicks"), prevent_initial_call=True)
    def _csv(clicks: Any) -> bool:
        return bool(clicks)


def _register_downloads(app: Dash, service: Service) -> None:
    @app.callback(
        Output(ids.DOWNLOAD, "data", allow_duplicate=True),
        Output("sweep-take-problem", "children"),
        Input({"t": "sweep-take", "f": ALL}, "n_clicks"),
        State("sweep-open-id", "data"),
        prevent_initial_call=True,
    )
    def _take(_: Any, sweep_id: Any) -> Any:
        pressed = ctx.triggered_id
        if not isinstance(pressed, dict) or not any(item["value"] for item in ctx.triggered):
            return no_update, no_update
        try:
            name, content = sweep_store.exported(service, str(sweep_id), str(pressed["f"]))
        except Refusal as refused:
            return no_update, refusal(str(refused))
        return dcc.send_bytes(content, name), None


def _with_view(state: Link, more: Mapping[str, str]) -> Link:
    found = {**dict(state.view), **more}
    return state._replace(view=tuple((key, value) for key, value in found.items() if value))


def clicked(click: Any) -> int | None:
    """Return the number of the cell that was clicked in a picture."""
    points = click.get("points") if isinstance(click, dict) else None
    first = points[0] if isinstance(points, list) and points else None
    number = first.get("customdata") if isinstance(first, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _number_of(row: Any) -> int | None:
    number = row.get("cell") if isinstance(row, dict) else None
    return number if isinstance(number, int) else None
