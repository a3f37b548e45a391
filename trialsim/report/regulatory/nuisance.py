"""What nobody can fix beforehand, varied one at a time: rates that are not as assumed, and how the trial is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from trialsim.api import Reading, ReadingCase, reading_of
from trialsim.curves import curves
from trialsim.report.numbers import percent
from trialsim.spec.conduct.reproduction import Flip
from trialsim.spec.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trialsim.curves import Curves, Key
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.design import Design

N_SIMS = 1_000
"""Trials of each cell of the grid of conduct; or as many as the scenario has, if these are fewer."""
SHIFTS = (-0.05, -0.025, 0.025, 0.05)
LOST = (0.05, 0.10, 0.20)
"""Shares of patients who cannot be evaluated."""
SPEEDS = (2 / 3, 1.5)
LATER = (14.0, 28.0)
"""Days by which every first response is seen later."""
AS_IT_IS = "as the scenario has it"
_ASIDE = (
    "match",
    "adverse_events",
    "performance_status",
    "exposure",
    "survival",
    "sensitivity",
    "on_treatment_at_days",
)
"""What changes no decision and takes time."""


class ExactGrid(NamedTuple):
    """Exact measures of a design at rates beside the null and the target rate."""

    names: tuple[str, ...]
    """What is changed, row by row."""
    rates: tuple[tuple[float, float], ...]
    """The true rate of all arms in place of the null rate, and in place of the target rate."""
    keys: tuple[Key, ...]
    """Which measures."""
    found: Curves
    """At the first rate of each row, then at the second of each."""


def exact_grid(design: Design) -> ExactGrid | None:
    """Return a design at rates that are not quite the null and the target rate; None if it names none.

    A patient who cannot be evaluated counts as a non-responder, so that a share of them lowers the true rate.

    Raises
    ------
    NotSolvableError
        If the design cannot be solved exactly.
    """
    if design.hypotheses is None:
        return None
    null, target = design.hypotheses.null_rate, design.hypotheses.target_rate
    rows: list[tuple[str, float, float]] = [("none", null, target)]
    for shift in SHIFTS:
        if null + shift > 0.0 and target + shift < 1.0:
            rows.append((f"true rates {100 * shift:+g} percentage points", null + shift, target + shift))
    rows += [(f"{percent(s)} of patients count as non-responders", null * (1 - s), target * (1 - s)) for s in LOST]
    points = [(rate,) * len(design.arms) for rate in (*(row[1] for row in rows), *(row[2] for row in rows))]
    measures = ("p_reject", "p_continue", "p_success", "n_mean")
    found = curves(design, points, measures)
    has_reject = any(key[0] == "p_reject" for key in found.values)
    wanted = ("p_reject", "n_mean") if has_reject else ("p_continue", "p_success", "n_mean")
    keys = tuple(key for key in found.values if key[0] in wanted and (key[0] != "n_mean" or key[1] is None))
    return ExactGrid(tuple(row[0] for row in rows), tuple((row[1], row[2]) for row in rows), keys, found)


class Cell(NamedTuple):
    """A change of conduct, and the scenario with it."""

    name: str
    scenario: Scenario


def cells(scenario: Scenario, plan: str, truths: tuple[str, ...]) -> tuple[list[Cell], list[str]]:
    """Return one-at-a-time changes of conduct with few trials each, and sentences on those that make no sense.

    Parameters
    ----------
    scenario
        One with conduct.
    plan, truths
        To which plan and truths it is cut down.
    """
    assert scenario.conduct is not None
    found, refused = [], []
    for name, change in ((AS_IT_IS, {}), *_changes(scenario.conduct)):
        try:
            found.append(Cell(name, _changed(scenario, plan, truths, change)))
        except (ValidationError, ValueError):
            refused.append(name)
    words = "was left out, since the rates of the truths leave no room for it" if len(refused) == 1 else ""
    words = words or "were left out, since the rates of the truths leave no room for them"
    return found, [f"{'; '.join(refused)}: {words}."] if refused else []


def simulated_grid(grid: list[Cell], read: Callable[[ReadingCase], Reading] = reading_of) -> tuple[Reading, ...]:
    """Return the measures of each cell under each of its truths, the scenario's own first.

    `read` simulates a cell under a truth, or finds it where it was kept.
    """
    return tuple(read(ReadingCase(cell.name, cell.scenario, truth)) for cell in grid for truth in cell.scenario.truths)


def _changed(scenario: Scenario, plan: str, truths: tuple[str, ...], change: dict[str, Any]) -> Scenario:
    assert scenario.conduct is not None
    data = scenario.changed(Flip(name="nuisance", set=change or {"conduct.n_sims": N_SIMS}))
    data["truths"] = [truth for truth in data["truths"] if truth["name"] in truths]
    data["plans"] = [one for one in data.get("plans", ()) if one["name"] == plan]
    waits_for_failures = any(look.kind == "failures" for look in scenario.conduct.looks.values())
    for name in _ASIDE:
        if name != "survival" or not waits_for_failures:
            data["conduct"].pop(name, None)
    data["conduct"]["n_sims"] = min(N_SIMS, scenario.conduct.n_sims)
    return Scenario.model_validate(data)


def _changes(conduct: Conduct) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and changed fields of each nuisance."""
    for speed in SPEEDS:
        yield f"enrolment {_times(speed)} as fast", _enrolment(conduct, speed)
    for share in LOST[1:]:
        yield f"{percent(share)} of patients not evaluable", {"conduct.response.not_evaluable": share}
    for days in LATER:
        visits = [{"day": v.day + days, "probability": v.probability} for v in conduct.response.first_seen]
        yield f"responses seen {days:g} days later", {"conduct.response.first_seen": visits}


def _times(speed: float) -> str:
    return "two thirds" if speed == 2 / 3 else f"{speed:.3g} times"


def _enrolment(conduct: Conduct, speed: float) -> dict[str, Any]:
    given = conduct.enrolment
    if given.window is not None:
        return {"conduct.enrolment.window.days": given.window.days / speed}
    if given.entry_days is not None:
        return {"conduct.enrolment.entry_days": [day / speed for day in given.entry_days]}
    if given.rates is not None:
        periods = [{"from_month": p.from_month, "per_month": p.per_month * speed} for p in given.rates]
        return {"conduct.enrolment.rates": periods}
    return {"conduct.enrolment.per_month": (given.per_month or 10.0) * speed}
