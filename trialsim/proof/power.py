"""The probability of the same events where all arms are at the target rate: power, exactly."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from trialsim.engines.exact import why_not
from trialsim.inference.joint import JointRates
from trialsim.plan import watches_toxicity
from trialsim.proof.events import Event, decided, probability, why_not_decided
from trialsim.proof.null_region import ALL_SETS, events_of

if TYPE_CHECKING:
    from trialsim.plan import Plan
    from trialsim.spec.design import Design


class Power(NamedTuple):
    """How likely the event is at the target rates."""

    event: Event
    is_every: bool
    """Whether it happens to every one of the event's arms, rather than to at least one."""
    value: float
    rates: tuple[float, ...]
    """`JointRates` if the design has rules for toxicity."""


def powers(design: Design, plan: Plan) -> tuple[Power, ...]:
    """Return the power of a design with every arm at the target rate, by arm, for at least one arm and for every arm.

    Parameters
    ----------
    design
        One that names its hypotheses. With rules for toxicity, its rate is the acceptable one (or, if none is named,
        the unacceptable one), independent of response.
    plan
        Its plan.

    Returns
    -------
    tuple of Power
        Empty if the design names no target rate, or cannot be solved exactly.

    >>> from trialsim import load_design
    >>> from trialsim.compile import compile_design
    >>> design = load_design("simon-1989-20-40")
    >>> [f"{power.value:.4f}" for power in powers(design, compile_design(design))]
    ['0.9033']
    """
    if design.hypotheses is None or why_not(plan) is not None:
        return ()
    n_arms = len(design.arms)
    rates: tuple[float, ...] = (design.hypotheses.target_rate,) * n_arms
    if watches_toxicity(plan) and design.toxicity is not None:
        rates = JointRates(rates, (design.toxicity.usual_rate,) * n_arms)
    found: list[Power] = []
    for event in events_of(plan):
        if why_not_decided(plan, event) is None:
            found += _of_pooled(plan, event, rates) if event.slots == (n_arms,) else _of_arms(plan, event, rates)
    return tuple(found)


def _of_pooled(plan: Plan, event: Event, rates: tuple[float, ...]) -> list[Power]:
    return [Power(event, False, probability(plan, decided(plan, event), rates), rates)]


def _of_arms(plan: Plan, event: Event, rates: tuple[float, ...]) -> list[Power]:
    """Return the power of each arm, of at least one, and of every one (by inclusion and exclusion of sets of arms)."""
    n_arms = len(rates)
    sizes = range(1, n_arms + 1) if n_arms <= ALL_SETS else (1, n_arms)
    any_of = {
        arms: probability(plan, decided(plan, event._replace(slots=arms)), rates)
        for size in sizes
        for arms in combinations(range(n_arms), size)
    }
    found = [Power(event._replace(slots=(arm,)), False, any_of[arm,], rates) for arm in range(n_arms)]
    if n_arms > 1:
        found.append(Power(event, False, any_of[event.slots], rates))
    if 1 < n_arms <= ALL_SETS:
        every = sum(value if len(arms) % 2 else -value for arms, value in any_of.items())
        found.append(Power(event, True, min(max(every, 0.0), 1.0), rates))
    return found
