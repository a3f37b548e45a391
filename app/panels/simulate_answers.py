"""What Simulate shows: the steps of a run as properties of components, and whether they still fit the form."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from dash import html

from app.fields import notes_of, refusal, table
from app.panels.simulate_form import OWN, TRIALS, fields
from app.service import Refusal, conduct
from app.service.simulation import simulated

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.service import Service
    from app.service.simulation import Shown
    from app.state import State as Link

FIRST_STEP = 500
"""Trials after which menus get their words; later they are the visitor's."""
STALE = "These results are for previous settings; simulate again for the present ones."


def question(state: Link) -> list[Any]:
    """Return what results depend on, to be compared with another state's."""
    own = sorted((key, text) for key, text in state.view if f"view.{key}" in OWN)
    return [
        state.base,
        state.packed,
        sorted(map(list, state.changes), key=str),
        list(state.rates),
        list(map(list, own)),
    ]


def progress_words(n_done: int, n_sims: int, seconds: float) -> str:
    """Return how far a run has come, with the time left.

    >>> progress_words(25_000, 100_000, 4.0)
    '25,000 of 100,000 trials (25 %), about 12 s left'
    """
    share = n_done / n_sims
    left = f", about {seconds / share - seconds:.0f} s left" if n_done else ""
    return f"{n_done:,} of {n_sims:,} trials ({100 * share:.0f} %){left}"


def answer(shown: Shown) -> dict[Any, dict[str, Any]]:
    """Return what a step of the simulation puts on the page: by component (figures and notes as pairs), properties."""
    found: dict[Any, dict[str, Any]] = {}
    for name, figure in shown.figures.items():
        found["figure", name] = {"figure": figure}
        found["note", name] = {"children": notes_of(figure)}
    for name, one in (("costs", shown.costs), ("match", shown.match), ("course", shown.course)):
        if one is not None:
            found[f"simulate-{name}"] = {"children": table(one.header, one.rows, one.title, n_labels=one.n_labels)}
    if shown.menus:
        found |= _menus(shown)
        found["simulate-match-card"] = {"hidden": shown.match is None}
        found["simulate-events"] = {"hidden": "events" not in shown.figures}
        found["simulate-notes"] = {"children": [html.P(note, className="note") for note in shown.notes]}
        found["simulate-files"] = {"data": dict(shown.files)}
        found["simulate-saves"] = {"hidden": not shown.files}
    return found | {"simulate-empty": {"hidden": True}, "simulate-shown": {"hidden": False}}


def _menus(shown: Shown) -> dict[Any, dict[str, Any]]:
    found: dict[Any, dict[str, Any]] = {}
    for name, menu in shown.menus.items():
        data = [{"value": label, "label": label} for label in menu.labels]
        found[f"simulate-menu-{name}"] = {"data": data}
        if shown.n_done <= FIRST_STEP:
            found[f"simulate-menu-{name}"]["value"] = menu.chosen
    drawn = {
        name: {label: {"figure": one, "note": notes_of(one)} for label, one in menu.figures.items()}
        for name, menu in shown.menus.items()
    }
    return found | {"simulate-drawn": {"data": drawn}}


def run(
    service: Service,
    state: Link,
    wanted: dict[str, str],
    tell: Callable[[tuple[float, str]], None],
    put: Callable[[Any, dict[str, Any]], None],
) -> str:
    """Simulate, and return the sentence at its end.

    Parameters
    ----------
    service, state
        Settings and the question.
    wanted
        What the menus say.
    tell
        Takes the share that is done, in per cent, and words about it; raises when nobody waits any more.
    put
        Takes a component of `answer` and its properties.

    Raises
    ------
    Refusal
        If the state makes no sense.
    """
    began, n_sims = monotonic(), conduct.n_trials(service, state)

    def progress(n_done: int) -> None:
        tell((100 * n_done / n_sims, progress_words(n_done, n_sims, monotonic() - began)))

    for shown in simulated(service, state, progress, wanted):
        for component, properties in answer(shown).items():
            put(component, properties)
        put("simulate-of", {"data": question(state)})
        progress(shown.n_done)
    return f"{n_sims:,} trials in {monotonic() - began:.1f} s, seed {conduct.scenario_of_base(service, state).seed}."


def followed(service: Service, state: Link, of: Any, errors: list[str]) -> tuple[Any, Any, Any, list[Any]]:
    """Return class of the results, the sentence above them, the alert, and the errors beside the fields."""
    is_stale = of is not None and of != question(state)
    shown = "results stale" if is_stale else "results", STALE if is_stale else None
    try:
        service.scenario(state, *conduct.changes(service, state))
    except Refusal as refused:
        sentence = refused.problem or str(refused)
        own = fields(service, state._replace(changes=()))
        at = refused.path if refused.path == TRIALS else service.field_at(refused, own)
        return *shown, refusal(str(refused)), [sentence if key == at else "" for key in errors]
    return *shown, None, [""] * len(errors)
