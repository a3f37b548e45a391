"""The frame around every page: header, navigation, light and dark, footer; and the way from an address to a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Input, Output, State, dcc, html

from app import ids
from app.fields import refusal
from app.panels import panels
from app.service import Refusal
from app.state import as_data, from_query

if TYPE_CHECKING:
    from dash import Dash

    from app.service import Service

THEME = {
    "primaryColor": "blue",
    "primaryShade": {"light": 8, "dark": 8},
    "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
    "defaultRadius": "sm",
}


def layout(service: Service) -> Any:
    """Return the frame; the page comes with the address."""
    links = [
        dcc.Link(panel.title, href=panel.path, id={"r": "nav", "k": panel.path}, className="nav-link")
        for panel in panels()
    ]
    scheme = dmc.ColorSchemeToggle(
        lightIcon=html.Span("☀", **{"aria-hidden": "true"}),
        darkIcon=html.Span("☾", **{"aria-hidden": "true"}),
        variant="default",
        **{"aria-label": "light or dark"},
    )
    header = html.Header(
        [
            html.A("skip to the page", href="#page", className="skip"),
            html.Div([html.Strong("trialsim"), html.Span("adaptive trial designs", className="muted tagline")]),
            html.Nav(links, **{"aria-label": "Pages"}),
            scheme,
        ],
        className="header",
    )
    footer = html.Footer(service.about(), className="footer muted")
    stores = [
        dcc.Location(id=ids.URL, refresh="callback-nav"),
        dcc.Store(id=ids.ROUTE),
        dcc.Store(id=ids.STATE),
        dcc.Store(id=ids.NAVIGATE),
        dcc.Store(id="query", data=""),
        dcc.Store(id=ids.PINS, storage_type="local"),
        dcc.Download(id=ids.DOWNLOAD),
    ]
    busy = html.Div(
        "The server does not answer. What you see is kept; the page goes on by itself once the server is back.",
        id=ids.BUSY,
        className="banner",
        role="alert",
        hidden=True,
    )
    main = html.Main(html.Div("…", className="loading"), id=ids.PAGE, tabIndex=-1)
    problems = html.Div(id=ids.LINK_PROBLEMS, role="alert")
    return dmc.MantineProvider(
        [*stores, header, busy, problems, main, footer, dmc.NotificationContainer(id="toasts")],
        theme=THEME,
        defaultColorScheme="auto",
    )


def register(app: Dash, service: Service) -> None:
    """Register the way from an address to a page, and what follows the state."""
    app.clientside_callback(
        ClientsideFunction("trialsim", "route"),
        Output(ids.ROUTE, "data"),
        Input(ids.URL, "pathname"),
        Input(ids.URL, "search"),
    )
    app.clientside_callback(
        ClientsideFunction("trialsim", "navigate"),
        Input(ids.NAVIGATE, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("trialsim", "follow"),
        Output({"r": "nav", "k": ALL}, "href"),
        Output({"r": "nav", "k": ALL}, "className"),
        Output({"t": "copy-link", "i": ALL}, "content"),
        Output({"t": "own", "i": ALL}, "data"),
        Input(ids.STATE, "data"),
        State(ids.ROUTE, "data"),
        State({"r": "nav", "k": ALL}, "id"),
        State({"t": "copy-link", "i": ALL}, "id"),
        State({"t": "own", "i": ALL}, "data"),
        State({"t": "base", "i": ALL}, "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(ids.PAGE, "children"),
        Output(ids.STATE, "data"),
        Output(ids.LINK_PROBLEMS, "children"),
        Input(ids.ROUTE, "data"),
        prevent_initial_call=True,
    )
    def _route(route: Any) -> Any:
        place = route if isinstance(route, dict) else {}
        return page(service, str(place.get("path", "/")), str(place.get("search", "")))


def page(service: Service, path: str, query: str) -> tuple[Any, dict[str, Any], Any]:
    """Return the page of an address, the state that its query means, and what in it could not be used."""
    state, problems = from_query(query)
    try:
        service.scenario(state)
    except Refusal as refused:
        problems.append(f"The link's changes were left aside: {refused}")
        state = state._replace(changes=(), rates=())
        try:
            service.scenario(state)
        except Refusal as again:
            problems[-1] = f"The link's design was left aside: {again}"
            state = state._replace(base="gist", packed="")
    found = next((panel for panel in panels() if panel.path == path.rstrip("/") or panel.path == path), None)
    if found is None:
        return refusal(f"There is no page {path[:60]}."), as_data(state), None
    try:
        content = found.layout(service, state)
    except Refusal as refused:
        content = refusal(str(refused))
    own = dcc.Store(id=ids.own_state(found.name), data=as_data(state))
    return [own, content], as_data(state), [refusal(problem) for problem in problems] or None
