"""The service's part for calendar conduct: from a state and the choices of a page to the scenario that is simulated.

Like `app.service` it talks to trialsim; pages reach it through this module alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.service.service import Refusal
from app.service.truths import EXPLORED
from trialsim.simulation import PLAIN_ENROLMENT, plain_conduct, with_survival_grid
from trialsim.spec.conduct import Conduct
from trialsim.spec.conduct.looks import LookConduct
from trialsim.spec.form import fields_of

if TYPE_CHECKING:
    from app.service.service import Service
    from app.state import State
    from trialsim.spec.form import FormField
    from trialsim.spec.scenario import Scenario

PRESETS = ((1_000, "a sketch"), (10_000, "to read off numbers"), (100_000, "for a report"))
DEFAULT_TRIALS = 10_000
AS_IT_IS, PER_MONTH = "as in the scenario", "so many a month"
ENROLMENTS = (AS_IT_IS, PER_MONTH)
VISITS = {"every 30 days": 30.0, "every 61 days": 61.0, "every 91 days": 91.0}
CONFIRMATION_DAYS = [28, 84]
"""A scan 4 to 12 weeks later, where a scenario has no confirmation of its own."""
_SHOWN = ("enrolment", "unevaluable", "cutoff", "crossover", "withdrawal", "death")


def scenario_of_base(service: Service, state: State) -> Scenario:
    """Return the scenario of a state with the conduct of its base, without other readings of its protocol.

    Whether the readings make sense takes a hundred times longer to check than all else, and the page tries none.

    Raises
    ------
    Refusal
        If the state makes no sense.
    """
    others = tuple(change for change in state.changes if change[0].partition(".")[0] != "conduct")
    return service.scenario(state._replace(changes=others), *_without_readings(service, state))


def _without_readings(service: Service, state: State) -> list[tuple[str, Any]]:
    conduct = service.base_data(state).get("conduct")
    return [("conduct.sensitivity", [])] if isinstance(conduct, dict) and conduct.get("sensitivity") else []


def truths(scenario: Scenario, state: State) -> dict[str, Any]:
    """Return the true rates under which the page can simulate, by name: those of the scenario, and those explored."""
    found: dict[str, Any] = {truth.name: truth.response_rate for truth in scenario.truths if truth.name != EXPLORED}
    arms = scenario.design.arm_names
    if len(state.rates) == len(arms):
        found[EXPLORED] = dict(zip(arms, state.rates, strict=True))
    return found


def chosen_truth(scenario: Scenario, state: State) -> str:
    """Return the truth of the page: the one chosen, else that of the published trial, else the first."""
    known, chosen = truths(scenario, state), state.seen("truth")
    if chosen in known:
        return chosen
    match = scenario.conduct.match if scenario.conduct is not None else None
    return match.truth if match is not None and match.truth in known else next(iter(known))


def truth_of(service: Service, state: State) -> str:
    """Return the name of the page's truth."""
    return chosen_truth(scenario_of_base(service, state), state)


def n_trials(service: Service, state: State) -> int:
    """Return the number of trials of the page.

    Raises
    ------
    Refusal
        If it is none, or more than the settings allow.
    """
    text, most = (
        state.seen("n_sims", str(min(DEFAULT_TRIALS, service.settings.max_trials))),
        service.settings.max_trials,
    )
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:12]) <= most:
        raise _refused("view.n_sims", f"found {text[:20]}; a number of trials from 1 to {most:,}")
    return int(text)


def has_plain_conduct(service: Service, state: State) -> bool:
    """Return whether the base says nothing about conduct."""
    return not service.base_data(state).get("conduct")


def changes(service: Service, state: State) -> list[tuple[str, Any]]:
    """Return what the page changes: one truth, the choices of its form, days at which survival is read, trials.

    Raises
    ------
    Refusal
        If a choice makes no sense.
    """
    base = scenario_of_base(service, state)
    truth, n = chosen_truth(base, state), n_trials(service, state)
    found = _without_readings(service, state)
    if base.conduct is not None and base.conduct.match is not None and base.conduct.match.truth != truth:
        found.append(("conduct.match", None))
    found.append(("truths", [{"name": truth, "response_rate": truths(base, state)[truth]}]))
    conduct = service.scenario(state, *found).conduct
    if state.seen("enrolment") == PER_MONTH:
        found.append(("conduct.enrolment", {"per_month": _number(state, "per_month", PLAIN_ENROLMENT)}))
    elif conduct is None:
        found.append(("conduct.enrolment", {"per_month": PLAIN_ENROLMENT}))
    if state.seen("visits") in VISITS:
        days = VISITS[state.seen("visits")]
        found.append(("conduct.visits", {"days": [days], "then_every_days": days}))
    found += _confirmation(state, conduct if conduct is not None else Conduct())
    found += [("n_sims", n), ("conduct.n_sims", n)]
    return [*found, *_survival(service.scenario(state, *found))]


def _confirmation(state: State, conduct: Conduct) -> list[tuple[str, Any]]:
    is_on, wanted = needs_confirmation(conduct), state.seen("confirmation")
    if wanted == "false" and is_on:
        return [("conduct.response.confirmation", {})]
    if wanted == "true" and not is_on:
        return [("conduct.response.confirmation", {"after_days": CONFIRMATION_DAYS})]
    return []


def _survival(scenario: Scenario) -> list[tuple[str, Any]]:
    dense = with_survival_grid(scenario).conduct
    assert dense is not None
    assert dense.survival is not None
    return [("conduct.survival.at_days", list(dense.survival.at_days))]


def _number(state: State, key: str, default: float) -> float:
    text = state.seen(key, str(default))
    try:
        return float(text)
    except ValueError:
        raise _refused(f"view.{key}", f"found {text[:20]}; a number") from None


def _refused(path: str, problem: str) -> Refusal:
    refused = Refusal(f"{path}: {problem}")
    refused.path, refused.problem = path, problem
    return refused


def number_in(text: str, default: float) -> float:
    """Return the number in a text; a default if there is none.

    >>> number_in("7.5", 10.0), number_in("many", 10.0)
    (7.5, 10.0)
    """
    try:
        return float(text)
    except ValueError:
        return default


def conduct_of_base(service: Service, state: State) -> Conduct:
    """Return the conduct of the base; the plain one if it has none."""
    conduct = scenario_of_base(service, state._replace(changes=())).conduct
    return conduct if conduct is not None else plain_conduct()


def comes_at_constant_rate(conduct: Conduct) -> bool:
    """Return whether patients come at one rate that the conduct names."""
    return conduct.enrolment.per_month is not None


def needs_confirmation(conduct: Conduct) -> bool:
    """Return whether a response is confirmed later than it is seen."""
    confirmation = conduct.response.confirmation
    return confirmation.after_days is not None or confirmation.at_next_visit


def conduct_fields(service: Service, state: State) -> list[FormField]:
    """Return the fields of the conduct's form, with the values of the base: of each look even if it says nothing."""
    scenario, conduct = scenario_of_base(service, state), conduct_of_base(service, state)
    found = [one for one in fields_of(conduct, "conduct") if _is_offered(one)]
    for look in scenario.design.look_names[:-1]:
        if look not in conduct.looks and "." not in look:
            found += fields_of(LookConduct(), f"conduct.looks.{look}", look)
    return found


def _is_offered(one: FormField) -> bool:
    path = one.path.split(".")
    return path[1] in (*_SHOWN, "looks") or path[1:3] == ["response", "not_evaluable"]
