"""A guard on every exact solution: an arm that responds more often must not be less likely to go on.

Rules compile to "at least so many responses", so on every path more responses of an arm keep it in the trial,
whatever the others do; its chance of going on to the end, or of stopping for efficacy, then rises with its own rate.
Where it falls, a rule of the design is undone by more responses from one look to the next, or a boundary is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.engines.exact import is_tied, solve
from trialsim.inference.joint import JointRates
from trialsim.plan import NEVER, WENT_ON

if TYPE_CHECKING:
    from trialsim.endings import Tally
    from trialsim.plan import Plan

STEP = 0.02
"""By how much a rate is raised."""

MAX_NODES = 2_000
"""Plans with more nodes are not solved a second time for each arm: that would take seconds."""

_ROUNDING = 1e-9


class Falls(NamedTuple):
    """An arm that is less likely to go on when it responds more often."""

    arm: int
    rates: tuple[float, float]
    chances: tuple[float, float]


def falls(plan: Plan, rates: tuple[float, ...], tally: Tally) -> Falls | None:
    """Return an arm whose chance of going on falls with its own rate; None if there is none.

    Parameters
    ----------
    plan
        A plan that the exact engine solves. One whose arms are tied by a pooled stop, or of more than `MAX_NODES`
        nodes, is not looked at.
    rates
        True response rate of each arm.
    tally
        Their exact solution.
    """
    if is_tied(plan) or len(plan.nodes.look) > MAX_NODES or not (plan.nodes.n_codes > 1).any():
        return None
    for arm, rate in enumerate(rates):
        higher = min(rate + STEP, 1.0)
        raised = solve(plan, _with_rate(rates, arm, higher))
        now, then = _goes_on(plan, tally, arm), _goes_on(plan, raised, arm)
        if then < now - _ROUNDING:
            return Falls(arm, (rate, higher), (now, then))
    return None


def _with_rate(rates: tuple[float, ...], arm: int, rate: float) -> tuple[float, ...]:
    """Return the rates with that of one arm replaced, the toxicity as it is."""
    changed = (*rates[:arm], rate, *rates[arm + 1 :])
    return JointRates(changed, rates.toxicity, rates.odds_ratio) if isinstance(rates, JointRates) else changed


def _goes_on(plan: Plan, tally: Tally, arm: int) -> float:
    """Return the probability that an arm takes part in the final look or stops for efficacy."""
    went_on = plan.endings.stop_look[:, arm] == WENT_ON
    stops_for_efficacy = plan.nodes.stop_high[:, arm] < NEVER
    return float(np.sum(tally.ending[went_on]) + np.sum(tally.criterion[stops_for_efficacy, arm]))
