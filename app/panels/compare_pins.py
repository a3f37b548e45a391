"""Pins: the button that pins a design, on Explore and on Compare, and the cards of what is pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, ctx, dcc, html, no_update

from app import ids
from app.fields import refusal
from app.pins import MAX_NAME, as_data, as_reference, in_link, pin_of, renamed, shelf, with_pin, without
from app.service import Refusal, comparison
from app.state import State as Link
from app.state import as_data as state_data
from app.state import query_of, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dash import Dash

    from app.pins import Pin, Shelf
    from app.service import Service
    from app.service.comparison import Pinned


def pin_button() -> Any:
    """Return the button that pins the current design, with room for its name."""
    name = dmc.TextInput(
        id="pin-name",
        placeholder="name (optional)",
        size="xs",
        inputProps={"maxLength": MAX_NAME},
        className="pin-name",
        **{"aria-label": "name of the design to be pinned"},
    )
    button = dmc.Button("Pin for comparison", id="pin", size="compact-sm", variant="default")
    return html.Div([button, name, html.Div(id="pin-said", role="status", className="pin-said")], className="row")


def pinned(service: Service, state: Link, stored: object, name: object) -> tuple[Any, Link, str]:
    """Return what the browser and the address keep once the design of a state is pinned, and a sentence.

    Parameters
    ----------
    service, state
        The design.
    stored
        The pins that the browser keeps.
    name
        As the visitor wrote it; nothing: one is made from the changes.

    Raises
    ------
    Refusal
        If the design makes no sense, is pinned already, or there is no room.
    """
    service.design(state)
    found = shelf(state, stored)
    pin = pin_of(name, state)
    pin = pin if pin.name else pin._replace(name=comparison.suggested_name(service, state))
    try:
        pins = with_pin(found.pins, pin)
    except ValueError as error:
        raise Refusal(str(error)) from None
    own, after = _kept(found, state, pins, is_pinning=True)
    return own, after, f"Pinned as “{pins[-1].name}”; {len(pins)} of 4 on Compare."


def edited(state: Link, stored: object, pins: Sequence[Pin]) -> tuple[Any, Link]:
    """Return what the browser (None: as before) and the address keep once the pins shown have been changed."""
    return _kept(shelf(state, stored), state, pins, is_pinning=False)


def _kept(found: Shelf, state: Link, pins: Sequence[Pin], *, is_pinning: bool) -> tuple[Any, Link]:
    own = as_data(pins) if found.is_own or is_pinning else None
    return own, state._replace(pins=in_link(pins) if state.pins else "")


def cards(found: Sequence[Pinned], state: Link) -> list[Any]:
    """Return a card for each pin: its letter, name, what it is made of, and what can be done with it."""
    return [_card(number, one, state) for number, one in enumerate(found)]


def _card(number: int, one: Pinned, state: Link) -> Any:
    called = one.pin.name
    name = dmc.TextInput(
        id={"t": "pin-name", "i": number},
        value=called,
        inputProps={"maxLength": MAX_NAME},
        debounce=True,
        size="xs",
        className="pin-name",
        **{"aria-label": f"name of design {one.letter or number + 1}"},
    )
    is_reference = one.letter == "A"
    role = [dmc.Badge("reference", size="sm")] if is_reference else []
    head = html.Div([html.Strong(one.letter or "–", className="pin-letter"), name, *role], className="row")
    go = dcc.Link(
        "Open in Explore",
        href="/" + query_of(one.pin.state._replace(pins=state.pins)),
        className="pin-open",
        title=f"Open {called} in Explore",
    )
    buttons = [
        _button("Make reference", "pin-first", number, called, disabled=is_reference or one.design is None),
        _button("YAML", "pin-yaml", number, called, disabled=one.design is None),
        _button("Remove", "pin-remove", number, called),
    ]
    words = html.P(comparison.in_words(one.pin.state), className="note")
    problem = [refusal(one.problem)] if one.problem else []
    return dmc.Paper(
        [head, words, *problem, html.Div([go, *buttons], className="row")],
        className="card pin",
        withBorder=True,
        p="sm",
    )


def _button(words: str, kind: str, number: int, called: str, *, disabled: bool = False) -> Any:
    return dmc.Button(
        words,
        id={"t": kind, "i": number},
        size="compact-xs",
        variant="default",
        disabled=disabled,
        **{"aria-label": f"{words}: {called}"},
    )


def register(app: Dash, service: Service) -> None:
    """Register what pins a design, and what changes pins."""

    @app.callback(
        Output(ids.PINS, "data", allow_duplicate=True),
        Output(ids.STATE, "data", allow_duplicate=True),
        Output("pin-said", "children"),
        Input("pin", "n_clicks"),
        State("pin-name", "value"),
        State(ids.STATE, "data"),
        State(ids.PINS, "data"),
        prevent_initial_call=True,
    )
    def _pin(clicks: Any, name: Any, data: Any, stored: Any) -> Any:
        if not clicks:
            return no_update, no_update, no_update
        state = state_of(data)
        try:
            own, after, words = pinned(service, state, stored, name)
        except Refusal as refused:
            return no_update, no_update, refusal(str(refused))
        return own, _unless_same(state, after), words

    @app.callback(
        Output(ids.PINS, "data", allow_duplicate=True),
        Output(ids.STATE, "data", allow_duplicate=True),
        Input({"t": "pin-remove", "i": ALL}, "n_clicks"),
        Input({"t": "pin-first", "i": ALL}, "n_clicks"),
        Input({"t": "pin-name", "i": ALL}, "value"),
        Input("pins-own", "n_clicks"),
        State(ids.STATE, "data"),
        State(ids.PINS, "data"),
        prevent_initial_call=True,
    )
    def _edit(_: Any, __: Any, names: list[Any], ___: Any, data: Any, stored: Any) -> Any:
        state, pressed = state_of(data), ctx.triggered_id
        if pressed == "pins-own":
            return no_update, state_data(state._replace(pins="")) if ctx.triggered[0]["value"] else no_update
        pins = shelf(state, stored).pins
        if not isinstance(pressed, dict) or not any(item["value"] for item in ctx.triggered):
            return no_update, no_update
        after = _after(pressed, pins, names)
        if after == pins:
            return no_update, no_update
        own, link = edited(state, stored, after)
        return no_update if own is None else own, _unless_same(state, link)


def _after(pressed: dict[str, Any], pins: tuple[Pin, ...], names: list[Any]) -> tuple[Pin, ...]:
    if pressed["t"] == "pin-remove":
        return without(pins, pressed["i"])
    if pressed["t"] == "pin-first":
        return as_reference(pins, pressed["i"])
    return renamed(pins, names)


def _unless_same(before: Link, after: Link) -> Any:
    return no_update if before == after else state_data(after)
