"""What leaves a page, the same on all of them: YAML, command line, link, downloads; and the choice of a base."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Input, Output, State, ctx, dcc, html, no_update

from app import ids
from app.fields import refusal
from app.service import Refusal
from app.state import State as Link
from app.state import packed, query_of, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dash import Dash

    from app.service import Service

LABELS = {"yaml": "YAML", "csv": "CSV", "json": "JSON", "parquet": "Parquet", "html": "Report (HTML)"}


def base_picker(service: Service, state: Link) -> Any:
    """Return the choice of a scenario or design that ships, and the place for a file."""
    scenarios, designs = service.names()
    data = [
        {"group": "scenarios", "items": [{"value": name, "label": name} for name in scenarios]},
        {"group": "designs", "items": [{"value": name, "label": name} for name in designs if name not in scenarios]},
    ]
    select = dmc.Select(
        id="base",
        label="Scenario or design",
        data=data,
        value=None if state.packed else state.base,
        placeholder="uploaded file",
        allowDeselect=False,
        searchable=True,
        size="xs",
    )
    upload = dcc.Upload(
        html.Span(["or drop a YAML file here, or ", html.A("choose one", className="like-link")]),
        id="upload",
        accept=".yaml,.yml",
        className="upload",
    )
    reset = dmc.Button("Reset to the file", id="reset", size="compact-xs", variant="default")
    box = html.Div(upload, className="upload-box", **{"data-limit": service.settings.max_upload})
    done = dcc.Store(id="upload-done")
    problem = html.Div(id="upload-problem", role="alert", className="refusal")
    return html.Div([done, select, box, problem, reset], className="base")


def bar(page: str, service: Service, state: Link, formats: Sequence[str]) -> Any:
    """Return the buttons that copy and download, for a page whose `export` the service knows."""
    command = service.command_of(page, state)
    yaml = service.yaml_of(page, state)
    copies = [
        dcc.Clipboard(id={"t": "copy-yaml", "i": page}, content=yaml, title="copy YAML", className="copy"),
        html.Span("YAML"),
        dcc.Clipboard(
            id={"t": "copy-command", "i": page}, content=command, title="copy command line", className="copy"
        ),
        html.Span("command line"),
        dcc.Clipboard(id={"t": "copy-link", "i": page}, content="", title="copy link", className="copy"),
        html.Span("link"),
    ]
    downloads = [
        dmc.Button(LABELS[name], id={"t": "download", "i": page, "f": name}, size="compact-sm", variant="default")
        for name in formats
    ]
    return dmc.Paper(
        [
            html.H3("Take it with you", className="graph-title"),
            html.Div([html.Span("copy"), *copies], className="row"),
            html.Div([html.Span("download"), *downloads], className="row"),
            html.Code(command, id={"t": "command", "i": page}, className="command"),
            html.Div(id={"t": "export-problem", "i": page}, role="alert"),
        ],
        className="card",
        withBorder=True,
        p="sm",
    )


def register(app: Dash, service: Service) -> None:
    """Register what the buttons do; they are the same on every page."""
    _register_base(app, service)
    _register_bar(app, service)


def _register_base(app: Dash, service: Service) -> None:
    app.clientside_callback(
        ClientsideFunction("trialsim", "chooseBase"),
        Input("base", "value"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("trialsim", "navigate"),
        Input("upload-done", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("trialsim", "reset"),
        Input("reset", "n_clicks"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("upload-problem", "children"),
        Output("upload-done", "data"),
        Input("upload", "contents"),
        State("upload", "filename"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _upload(contents: Any, name: Any, data: Any) -> Any:
        if not contents:
            return no_update, no_update
        try:
            text = service.uploaded(*_file(contents, name))
            return None, query_of(Link(packed=packed(text), pins=state_of(data).pins))
        except Refusal as refused:
            return refusal(str(refused)), no_update


def _register_bar(app: Dash, service: Service) -> None:
    @app.callback(
        Output({"t": "copy-yaml", "i": ALL}, "content"),
        Output({"t": "copy-command", "i": ALL}, "content"),
        Output({"t": "command", "i": ALL}, "children"),
        Input(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _follow(data: Any) -> Any:
        pages = [out["id"]["i"] for out in ctx.outputs_list[0]]
        try:
            state = state_of(data)
            texts = [(service.yaml_of(page, state), service.command_of(page, state)) for page in pages]
        except Refusal:
            return [[no_update] * len(pages)] * 3
        return [yaml for yaml, _ in texts], [command for _, command in texts], [command for _, command in texts]

    @app.callback(
        Output(ids.DOWNLOAD, "data"),
        Output({"t": "export-problem", "i": ALL}, "children"),
        Input({"t": "download", "i": ALL, "f": ALL}, "n_clicks"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _download(_: Any, data: Any) -> Any:
        pressed = ctx.triggered_id
        nothing = [no_update] * len(ctx.outputs_list[1])
        if not isinstance(pressed, dict) or not any(item["value"] for item in ctx.triggered):
            return no_update, nothing
        try:
            name, content = service.exported(pressed["i"], state_of(data), pressed["f"])
        except Refusal as refused:
            return no_update, [refusal(str(refused))] * len(nothing)
        return dcc.send_bytes(content, name), [None] * len(nothing)


def _file(contents: Any, name: Any) -> tuple[bytes, str]:
    """Return the bytes of an upload and a name to call it.

    Raises
    ------
    Refusal
        If the browser's message holds no file.
    """
    called = str(name)[:80] if isinstance(name, str) else "the file"
    _, comma, coded = contents.partition(",") if isinstance(contents, str) else ("", "", "")
    try:
        return b64decode(coded, validate=True) if comma else b"", called
    except ValueError:
        raise Refusal(f"{called}: did not arrive whole; try again") from None
