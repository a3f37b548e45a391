"""Explore while a slider moves: the heights of the curves and the numbers of the cards, and nothing else.

The browser asks for them itself (assets/moves.js) and repaints what stands: no component of the page is made anew, so
that an answer is seen before the pointer has moved on.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Response, request

from app.fields import rate_field
from app.kept import kept
from app.service import Refusal
from app.service.truths import rates_held
from app.state import State as Link
from app.state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dash import Dash

    from app.service import Service

PATH = "/moving"
"""Where the browser asks; assets/moves.js has its twin."""
LAST = ("enrolment", "hypotheses", "toxicity", "analysis", "allocation")
"""Headings of the form that come after the looks, whatever their place in the file."""
KEPT = 256
"""Answers that are kept at once."""


class Moving(NamedTuple):
    """What a moving slider asks for: the heights of curves, and the numbers of the cards."""

    lines: list[list[float]]
    cards: list[float]


def fields(service: Service, state: Link) -> list[Any]:
    """Return the fields of the form: the true rates, then those of the design."""
    design = service.design(state)
    names = list(design.arm_names)
    if design.watches_toxicity:
        names = [*(f"{name}: response" for name in names), "toxicity"]
    rates = rates_held(service.explored_rates(state, design))
    own = [rate_field(f"rates.{n}", "true rates", name, rates[n]) for n, name in enumerate(names)]
    found = [_of_arm(one) if one.group in design.arm_names else one for one in service.fields(state)]
    looks = [one for one in found if one.group not in LAST]
    return [*own, *looks, *(one for name in LAST for one in found if one.group == name)]


def _of_arm(one: Any) -> Any:
    """Return a field of an arm (its share of patients) under the heading of all arms."""
    return one._replace(group="allocation", label=f"{one.label}, {one.group}")


def moved(state: Link, sliders: Mapping[str, Any], fields: Sequence[Any]) -> Link:
    """Return the state with the sliders where they are; one that shows what is chosen, cut to its range, has not moved.

    Parameters
    ----------
    state
        As it was when the last slider came to rest.
    sliders
        Where they are, by path.
    fields
        From `fields` of the state.
    """
    changes = dict(state.changes)
    rates = [one.value for one in fields if one.path.startswith("rates.")]
    for one in fields:
        value = sliders.get(one.path)
        if not isinstance(value, int | float) or isinstance(value, bool) or not one.low <= value <= one.high:
            continue
        chosen = changes.get(one.path, one.value)
        if isinstance(chosen, int | float) and abs(min(max(chosen, one.low), one.high) - value) < 1e-9:
            continue
        if one.path.startswith("rates."):
            rates[int(one.path.removeprefix("rates."))] = float(value)
        else:
            changes[one.path] = int(value) if one.kind == "whole" else value
    return state._replace(changes=tuple(changes.items()), rates=tuple(rates))


def answer_moving(service: Service, state: Link) -> Moving:
    """Return what is redrawn while a slider moves.

    Raises
    ------
    Refusal
        If the values make no sense together.
    """
    design = service.design(state)
    found, at, names = service.moving(design, service.explored_rates(state, design))
    return Moving(service.operating_lines(found), [shown(card) for card in service.cards(at, names)])


def shown(card: Any) -> float:
    """Return the number of a card as the page shows it: probabilities in per cent."""
    return round(float(100.0 * card.value) if card.unit == "probability" else float(card.value), 4)


def register_moving(app: Dash, service: Service) -> None:
    """Register where the browser asks while a slider moves.

    A question is `{"state": ..., "sliders": {path: value}}`; the answer `{"lines": ..., "cards": ...}`, or
    `{"refused": sentence}` if the values make no sense together: the page then stays as it is, and says so beside the
    field once the slider rests.
    """
    known = kept(partial(fields, service), KEPT)
    found = kept(partial(_answered, service, known), KEPT)

    @app.server.post(PATH)
    def _moving() -> Response | tuple[Response, int]:
        asked = request.get_json(silent=True)
        if not isinstance(asked, dict) or not isinstance(sliders := asked.get("sliders"), dict):
            return Response('{"problem": "not a question about sliders"}', 400, mimetype="application/json")
        return Response(found(state_of(asked.get("state")), sliders), mimetype="application/json")


def _answered(service: Service, known: Callable[[Link], list[Any]], state: Link, sliders: Mapping[str, Any]) -> str:
    try:
        found = answer_moving(service, moved(state, sliders, known(state)))
    except Refusal as refused:
        return json.dumps({"refused": str(refused)})
    return json.dumps({"lines": found.lines, "cards": found.cards})
