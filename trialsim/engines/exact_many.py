"""The exact engine at many truths at once.

Given how many patients of an arm responded in all, the chance of the path that led there does not depend on the
response rate: every order of responses is equally likely. So the tree is walked once, at one reference rate, and each
truth weighs what was found by its own binomial terms.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from trialsim.endings import Tally, empty_tally
from trialsim.engines.exact import is_tied, solve, walk
from trialsim.inference.binomial import pmf
from trialsim.inference.joint import JointRates, joint
from trialsim.plan import NEVER, watches_toxicity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trialsim.engines.law import Law
    from trialsim.plan import Plan

    Floats = NDArray[np.float64]

REFERENCE = 0.5
MAX_PATIENTS = 900
"""Of one arm; beyond, the terms at the reference rate leave the range of a double."""


def solve_each(plan: Plan, rates: Sequence[tuple[float, ...]], *, outcomes: bool = True) -> Tally:
    """Return the probability of every ending at each of several truths.

    Parameters
    ----------
    plan
        A plan for which `exact.why_not` is None.
    rates
        Of each truth, the true response rate of each arm.
    outcomes
        Whether the final responses are wanted (`arm`, `pooled`); else these are filled only where success depends on
        them.

    Returns
    -------
    Tally
        With one more axis, the last: the truths.
    """
    alike = _alike(plan, rates)
    if len(alike) > 1:  # a walk for each rate of toxicity
        parts = [solve_each(plan, [rates[truth] for truth in group], outcomes=outcomes) for group in alike]
        return _in_order(parts, np.argsort(np.concatenate(alike)))
    reference = _reference(plan, rates[0])
    if reference is None or len(rates) == 1 or is_tied(plan) or plan.endings.n.max() > MAX_PATIENTS:
        return _stacked([solve(plan, each) for each in rates])
    n_truths, terms = len(rates), _Terms(rates)
    empty = empty_tally(plan, np.float64)
    tally = Tally(1.0, *(np.zeros((*part.shape, n_truths)) for part in empty[1:]))
    needs_arms = outcomes or bool(plan.arm_cells.success.any())
    needs_pooled = outcomes or bool(plan.pooled_cells.success.any())
    for node, law in walk(plan, reference):
        arms = [terms.weighed(law, arm) for arm in range(len(rates[0]))]
        totals = [arm.sum(axis=0) for arm in arms]
        others = [_product([t for b, t in enumerate(totals) if b != a], n_truths) for a in range(len(arms))]
        if plan.nodes.ending[node] >= 0:
            tally.ending[plan.nodes.ending[node]] += totals[0] * others[0]
            if needs_arms:
                _tally_arms(plan, node, arms, others, tally)
            if needs_pooled:
                _tally_pooled(plan, node, arms, tally)
        else:
            for arm in np.flatnonzero(plan.nodes.toxic_least[node] < NEVER):
                tolerated = law.kept_tolerated(int(arm), int(plan.nodes.toxic_least[node, arm]))
                arms[arm] = terms.weighed(tolerated, int(arm))
            _tally_criteria(plan, node, arms, others, tally)
    return tally


def _alike(plan: Plan, rates: Sequence[tuple[float, ...]]) -> list[list[int]]:
    """Return the numbers of the truths, those together that say the same of toxicity."""
    if not watches_toxicity(plan):
        return [list(range(len(rates)))]
    found: dict[tuple[object, ...], list[int]] = {}
    for number, truth in enumerate(map(joint, rates)):
        found.setdefault((truth.toxicity, truth.odds_ratio), []).append(number)
    return list(found.values())


def _in_order(parts: Sequence[Tally], order: NDArray[np.intp]) -> Tally:
    """Return tallies of groups of truths as one, the truths in order."""
    alike = zip(*(part[1:] for part in parts), strict=True)
    return Tally(1.0, *(np.concatenate(one, axis=-1)[..., order] for one in alike))


def _reference(plan: Plan, truth: tuple[float, ...]) -> tuple[float, ...] | None:
    """Return the rates at which the tree is walked for all truths that are like one; None if no one walk does for all.

    With toxicity it does where that is independent of response.
    """
    response = (REFERENCE,) * len(truth)
    if not watches_toxicity(plan):
        return response
    one = joint(truth)
    return JointRates(response, one.toxicity) if one.odds_ratio == 1.0 else None


class _Terms:
    """The binomial terms of each arm at each truth, kept by number of patients."""

    def __init__(self, rates: Sequence[tuple[float, ...]]) -> None:
        self._rates = rates
        self._kept: dict[tuple[int, int], Floats] = {}

    def weighed(self, law: Law, arm: int) -> Floats:
        """Return the weight of each number of responses of an arm (rows) at each truth (columns)."""
        at_reference = law.of_responses().tensors[arm]
        n = len(at_reference) - 1
        if (arm, n) not in self._kept:
            columns = [pmf(n, rates[arm]) for rates in self._rates]
            self._kept[arm, n] = np.stack(columns, axis=1) / pmf(n, REFERENCE)[:, None]
        return np.asarray(at_reference[:, None] * self._kept[arm, n])


def _tally_arms(plan: Plan, node: int, arms: list[Floats], others: list[Floats], tally: Tally) -> None:
    for arm, start in enumerate(plan.nodes.arm_offset[plan.nodes.ending[node]]):
        tally.arm[start : start + len(arms[arm])] += arms[arm] * others[arm]


def _tally_pooled(plan: Plan, node: int, arms: list[Floats], tally: Tally) -> None:
    pooled = _pooled(arms)
    start = plan.nodes.pooled_offset[plan.nodes.ending[node]]
    tally.pooled[start : start + len(pooled)] += pooled


def _tally_criteria(plan: Plan, node: int, arms: list[Floats], others: list[Floats], tally: Tally) -> None:
    for arm, least in enumerate(plan.nodes.success[node]):
        if least < NEVER:
            tally.criterion[node, arm] += arms[arm][least:].sum(axis=0) * others[arm]
    if plan.nodes.pooled_success[node] < NEVER:
        tally.criterion[node, -1] += _pooled(arms)[plan.nodes.pooled_success[node] :].sum(axis=0)


def _pooled(arms: list[Floats]) -> Floats:
    """Return the weight of each number of responses of all arms together."""
    return np.stack([reduce(np.convolve, columns) for columns in zip(*(arm.T for arm in arms), strict=True)], axis=1)


def _product(factors: list[Floats], n_truths: int) -> Floats:
    return reduce(np.multiply, factors, np.ones(n_truths))


def _stacked(tallies: list[Tally]) -> Tally:
    return Tally(1.0, *(np.stack(parts, axis=-1) for parts in zip(*(tally[1:] for tally in tallies), strict=True)))
