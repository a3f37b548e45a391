"""Designs: the catalogue as a table; each design in words, its decisions, its published values against ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import Input, Output, Patch, State, dcc, html, no_update

from app import ids
from app.fields import empty, refusal, table
from app.panels import designs_search
from app.service import Refusal, catalogue
from app.state import State as Link
from app.state import query_of, state_of

if TYPE_CHECKING:
    from dash import Dash

    from app.service import Service
    from app.service.catalogue import Entry

CHOOSE = "Choose a design of the table."
NOTHING_PUBLISHED = "The file of this design carries no published values."
HEADER = ("measure", "verdict", "true rate", "printed", "exact", "printed at", "checked at the source")
PAGES = {"Explore": "/", "Simulate": "/simulate", "Sweep": "/sweep"}


def rows() -> list[dict[str, Any]]:
    """Return the catalogue as rows of a table."""
    return [line._asdict() for line in catalogue.lines()]


def chosen(service: Service, state: Link) -> str:
    """Return the name of the design that is shown: that of the link, else that of the base if it ships."""
    if name := state.seen("design"):
        return name
    own = service.design(state._replace(changes=())).name
    return own if any(line.name == own for line in catalogue.lines()) else ""


def published(entry: Entry) -> tuple[list[list[str]], str]:
    """Return the published values against ours as rows, and how many agree, in words."""
    found = [
        [
            one.measure,
            "agrees" if one.agrees else "DIFFERS",
            one.true_rate,
            one.printed,
            one.exact,
            one.place,
            "yes" if one.is_checked else "no",
        ]
        for one in entry.published
    ]
    n = sum(one.agrees for one in entry.published)
    return found, f"Published values against ours, solved exactly: {n} of {len(found)} agree"


def answer(name: str) -> Any:
    """Return a design in full, or what stands there without one.

    Raises
    ------
    Refusal
        If there is no design of this name.
    """
    if not name:
        return empty(CHOOSE)
    entry = catalogue.entry(name)
    line, decisions = entry.line, entry.decisions
    query = query_of(Link(base=name))
    links = [dcc.Link(f"open in {word}", href=path + query, className="like-link") for word, path in PAGES.items()]
    found, caption = published(entry)
    if entry.problem:
        values: Any = refusal(entry.problem)
    else:
        values = _values(found, caption) if found else empty(NOTHING_PUBLISHED)
    return html.Div(
        [
            html.H2(line.title or line.name, className="graph-title", id="design-title"),
            html.Div(links, className="row"),
            html.P(entry.words, className="words"),
            html.P(line.source, className="note") if line.source else None,
            html.P(entry.notes, className="note") if entry.notes else None,
            _card(table(decisions.header, decisions.rows, "Decision table, while no arm has stopped", n_labels=2)),
            _card(values),
        ],
        className="results",
    )


def layout(service: Service, state: Link) -> Any:
    """Return the page."""
    name = chosen(service, state)
    try:
        shown = answer(name)
    except Refusal as refused:
        shown = refusal(str(refused))
    return html.Div(
        html.Section(
            [
                _card([html.H1("Catalogue of designs", className="graph-title"), _grid(name)]),
                html.Div(shown, id="design-shown", role="region", **{"aria-label": "The design"}),
                designs_search.layout(state),
            ],
            className="results",
            **{"aria-label": "Designs"},
        ),
        className="page wide",
    )


def register(app: Dash, service: Service, jobs: Any) -> None:  # noqa: ARG001 - no page is without the three
    """Register the callbacks of the page."""
    designs_search.register(app)

    @app.callback(
        Output("design-shown", "children"),
        Output(ids.STATE, "data", allow_duplicate=True),
        Input("design-grid", "selectedRows"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _choose(selected: Any, data: Any) -> Any:
        first = selected[0] if isinstance(selected, list) and selected else None
        name = str(first.get("name", "")) if isinstance(first, dict) else ""
        state = state_of(data)
        if not name or name == chosen(service, state):
            return no_update, no_update
        patch = Patch()
        patch["view"]["design"] = name
        try:
            return answer(name), patch
        except Refusal as refused:
            return refusal(str(refused)), no_update


def _grid(name: str) -> Any:
    number: dict[str, Any] = {"filter": "agNumberColumnFilter", "type": "rightAligned", "width": 118}
    percent = {"function": "params.value == null ? '–' : d3.format('.4~g')(100 * params.value) + ' %'"}
    long = {"flex": 2, "minWidth": 240, "wrapText": True, "autoHeight": True, "cellClass": "long"}
    columns = [
        {"field": "name", "minWidth": 150, "width": 170},
        {"field": "title", **long},
        {"field": "n_arms", "headerName": "arms", **number},
        {"field": "n_looks", "headerName": "looks", **number},
        {"field": "n_most", "headerName": "most patients", **number},
        {"field": "null_rate", "headerName": "null rate", "valueFormatter": percent, **number},
        {"field": "target_rate", "headerName": "target rate", "valueFormatter": percent, **number},
        {"field": "n_published", "headerName": "published values", **number},
        {"field": "source", "headerName": "citation", "flex": 2, "minWidth": 240, "tooltipField": "source"},
    ]
    return dag.AgGrid(
        id="design-grid",
        columnDefs=columns,
        rowData=rows(),
        getRowId="params.data.name",
        selectedRows={"ids": [name] if name else []},
        defaultColDef={
            "sortable": True,
            "filter": True,
            "resizable": True,
            "wrapHeaderText": True,
            "autoHeaderHeight": True,
        },
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            "pagination": True,
            "paginationPageSize": 10,
            "paginationPageSizeSelector": False,
            "domLayout": "autoHeight",
        },
        style={"height": None},
        className="ag-theme-quartz",
    )


def _values(found: list[list[str]], caption: str) -> Any:
    return table(HEADER, found, caption, n_labels=len(HEADER))


def _card(content: Any) -> Any:
    return dmc.Paper(content, className="card", withBorder=True, p="sm")
