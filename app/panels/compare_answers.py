"""Compare: what it answers, from pins to cards, tables and a figure."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import dash_mantine_components as dmc
from dash import dcc, html

from app.fields import refusal, table
from app.panels import compare_pins
from app.service import Refusal, comparison
from app.service.comparison import Effort
from app.state import State as Link

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import plotly.graph_objects as go

    from app.pins import Pin, Shelf
    from app.service import Service

MEASURE = "compare-measure"
"""Id of the select of what is drawn."""
OWN_PINS = {"t": "own-pins", "i": "compare"}
"""Id of the page's copy of what the browser keeps."""
MODES = {"value": "the measure", "difference": "difference to A"}
NOTHING = "No pinned designs yet: pin one on Explore; "
STALE = "The designs have changed since; these differences are those of the designs as they were."


class Answer(NamedTuple):
    """Everything on the page that depends on the pins, but the figure."""

    head: list[Any]
    cards: list[Any]
    fields: Any
    labels: list[str]
    tables: list[Any]
    can_compare: bool
    """Whether there are two designs or more that make sense."""
    has_conduct: bool
    """Whether calendar trials can be compared."""


def answer(service: Service, state: Link, found: Shelf) -> Answer:
    """Return the page for the pins of a shelf."""
    pinned = comparison.looked_up(service, found.pins)
    usable = [one for one in pinned if one.design is not None]
    conducted = [one.has_conduct for one in usable]
    can_compare = len(usable) > 1
    return Answer(
        _head(found),
        compare_pins.cards(pinned, state),
        _fields(service, usable) if can_compare else None,
        comparison.labels(usable),
        _exact(service, usable) if can_compare else [],
        can_compare,
        can_compare and conducted[0] and any(conducted[1:]),
    )


def answer_figure(service: Service, pins: Sequence[Pin], label: str, mode: str) -> go.Figure | None:
    """Return the curves of a measure; None if no design has it."""
    return comparison.figure(comparison.looked_up(service, pins), label, as_difference=mode == "difference")


def answer_simulated(
    service: Service, pins: Sequence[Pin], effort: Effort, tell: Callable[[tuple[float, str]], None]
) -> tuple[list[Any], dict[str, str]]:
    """Return the simulated comparison as the page shows it, and its files.

    Parameters
    ----------
    service, pins, effort
        What is asked for; pins that make no sense are left aside.
    tell
        Called with percent done and a sentence; what it raises ends the simulation.

    Raises
    ------
    Refusal
        If it cannot be done.
    """
    began = monotonic()

    def advance(share: float) -> None:
        tell((100.0 * share, _time_left(share, monotonic() - began)))

    tell((0.0, "waiting for the kernels …"))
    usable = [one.pin for one in comparison.looked_up(service, pins) if one.design is not None]
    found = comparison.simulated(service, usable, effort, advance)
    shown = [_notes(found.notes)]
    shown += [card(table(one.header, one.rows, one.title, n_labels=one.n_labels)) for one in found.tables]
    return [*shown, _notes(found.footnotes)], {**found.files, "name": "comparison"}


def _head(found: Shelf) -> list[Any]:
    problems = [refusal(problem) for problem in found.problems]
    own = dmc.Button("Show my own", id="pins-own", size="compact-xs", variant="default")
    if found.is_own:
        problems.append(html.Div(own, hidden=True))
    if not found.pins:
        problems.append(card(html.P([NOTHING, dcc.Link("open Explore", href="/"), "."], className="muted empty")))
    if not found.is_own:
        own_words = "the one of your own is" if found.n_kept == 1 else f"the {found.n_kept} of your own are"
        kept = f"; {own_words} kept until you pin a design" if found.n_kept else ""
        said = html.Span(f"These designs came with the link{kept}.")
        problems.append(html.Div([said, own], className="row note"))
    return problems


def _fields(service: Service, usable: Sequence[Any]) -> Any:
    try:
        rows = comparison.differing(service, [one.pin for one in usable])
    except Refusal as refused:
        return refusal(str(refused))
    header = ["field", *(f"{one.letter}: {one.pin.name}" for one in usable)]
    if not rows:
        return card(html.P("The designs differ in no field but their truths.", className="note"))
    return card(table(header, rows, "Where the designs differ", n_labels=len(header)))


def _exact(service: Service, usable: Sequence[Any]) -> list[Any]:
    try:
        found = comparison.exact(service, usable)
    except Refusal as refused:
        return [refusal(str(refused))]
    if found is None:
        return []
    shown = [card(table(one.header, one.rows, one.title, n_labels=one.n_labels)) for one in found.tables]
    return [*shown, _notes(found.notes)]


def _notes(sentences: Sequence[str]) -> Any:
    return html.Div([html.P(sentence, className="note") for sentence in sentences])


def _time_left(share: float, elapsed: float) -> str:
    if share >= 1.0:
        return "writing the tables …"
    if elapsed < 0.5 or share <= 0.0:
        return "simulating …"
    return f"{100 * share:.0f} %, about {max(elapsed / share - elapsed, 1):.0f} s left"


def card(content: Any) -> Any:
    """Return something on a card."""
    return dmc.Paper(content, className="card", withBorder=True, p="sm")
