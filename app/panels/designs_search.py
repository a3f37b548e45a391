"""Designs: a search for designs that keep given error rates, with the feasible set as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, Patch, State, ctx, dcc, html, no_update

from app import ids
from app.fields import empty, graph, refusal, table
from app.service import Refusal, searching
from app.state import state_of

if TYPE_CHECKING:
    from dash import Dash

    from app.state import State as Link

ASK = "Say what the design must keep, and search."
LABELS = {
    "null_rate": "null rate",
    "target_rate": "target rate",
    "alpha": "alpha (one-sided)",
    "beta": "beta (1 - power)",
}


def asked_of(state: Link) -> tuple[str, dict[str, float]]:
    """Return the family (empty: none was asked) and the values that a link asks for."""
    values = dict(searching.ASKED)
    for name in values:
        try:
            values[name] = float(state.seen(f"search.{name}") or values[name])
        except ValueError:
            continue
    return state.seen("search"), values


def answer(family: str, asked: dict[str, Any]) -> Any:
    """Return what a search found, or the sentence that says why it found nothing."""
    try:
        found = searching.find(family, asked)
    except Refusal as refused:
        return refusal(str(refused))
    links = [dcc.Link(f"explore: {words}", href=f"/{query}", className="like-link") for words, query in found.links]
    shown = table(found.table.header, found.table.rows, "Designs found, exact", n_labels=found.table.n_labels)
    picture = graph("feasible", "Expected against largest number of patients", found.figure, height=460)
    return html.Div(
        [
            shown,
            html.Div(links, className="row"),
            *(html.P(note, className="note") for note in found.notes),
            picture if found.figure is not None else None,
            html.Code(found.command, className="command"),
        ],
        className="results",
    )


def layout(state: Link) -> Any:
    """Return the form, and what the link asks for."""
    family, values = asked_of(state)
    boxes = [
        dmc.NumberInput(
            id={"t": "search-value", "i": name},
            label=LABELS[name],
            value=value,
            min=0,
            max=1,
            step=0.05 if name.endswith("rate") else 0.01,
            decimalScale=4,
            clampBehavior="none",
            size="xs",
            w=120,
        )
        for name, value in values.items()
    ]
    families = [{"value": name, "label": one.words} for name, one in searching.FAMILIES.items()]
    select = dmc.Select(
        id="search-family",
        label="family",
        data=families,
        value=family if family in searching.FAMILIES else "simon",
        allowDeselect=False,
        size="xs",
        w=320,
    )
    button = dmc.Button("Search", id="search-run", size="sm")
    return dmc.Paper(
        [
            html.H2("Search", className="graph-title"),
            html.Div([select, *boxes, button], className="row end"),
            html.Div(answer(family, values) if family else empty(ASK), id="search-found", role="status"),
        ],
        className="card",
        withBorder=True,
        p="sm",
    )


def register(app: Dash) -> None:
    """Register the callback of the form."""

    @app.callback(
        Output("search-found", "children"),
        Output(ids.STATE, "data", allow_duplicate=True),
        Input("search-run", "n_clicks"),
        State("search-family", "value"),
        State({"t": "search-value", "i": ALL}, "value"),
        State(ids.STATE, "data"),
        prevent_initial_call=True,
    )
    def _search(clicks: Any, family: Any, values: Any, data: Any) -> Any:
        if not clicks:
            return no_update, no_update
        names = [one["id"]["i"] for one in ctx.states_list[1]]
        asked = {name: value for name, value in zip(names, values, strict=True) if name in searching.ASKED}
        known, patch = dict(state_of(data).view), Patch()
        view = {"search": str(family)[:40], **{f"search.{name}": str(value)[:20] for name, value in asked.items()}}
        for key, value in view.items():
            if known.get(key) != value:
                patch["view"][key] = value
        return answer(str(family), asked), patch
