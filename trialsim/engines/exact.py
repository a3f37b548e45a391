"""The exact engine: the probability of every ending, by convolution along the plan's tree. Accuracy about 1e-13.

A path fixes how many patients each arm has at each look, so on it the responses of a stage are binomial and the
boundaries are constants. What the tree cannot carry is refused by `why_not`.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from trialsim.endings import Tally, empty_tally
from trialsim.engines.law import Law, independent, independent_jointly
from trialsim.inference.binomial import pmf
from trialsim.inference.joint import joint
from trialsim.plan import CONTINUE, FUTILITY, NEVER, watches_toxicity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.plan import Nodes, Plan

MAX_NODES = 20_000
"""The most nodes that are walked: some seconds for each truth."""

MAX_JOINT = 4_000_000
"""The most combinations of responses that are carried when a pooled stop ties the arms together."""

MAX_STEPS = 2_000_000_000
"""The most steps of the convolution of responses and toxicities, patient by patient: some seconds for each truth."""


def is_tied(plan: Plan) -> bool:
    """Return whether a pooled stop ties the arms together."""
    return bool(((plan.nodes.pooled_stop_low >= 0) | (plan.nodes.pooled_stop_high < NEVER)).any())


def why_not(plan: Plan) -> str | None:
    """Return a sentence that says why the design cannot be solved exactly; None if it can.

    Designs that compile to a plan are functions of response counts at planned looks, so only size can stand in the way.
    """
    nodes = plan.nodes
    if len(nodes.look) > MAX_NODES:
        paths = f"its arms and looks can follow {len(nodes.look):,} different paths"
        return f"{paths}; the exact engine walks up to {MAX_NODES:,}."
    if is_tied(plan):
        combinations = prod(int(n) + 1 for n in plan.endings.n.max(axis=0))
        if combinations > MAX_JOINT:
            return (
                f"a stop that looks at the pooled responses ties the arms together, and their responses then have "
                f"{combinations:,} combinations; the exact engine carries up to {MAX_JOINT:,}."
            )
    if watches_toxicity(plan):
        steps = _joint_steps(plan)
        if steps > MAX_STEPS:
            return (
                f"responses and toxicities together take about {steps / 1e9:,.0f} billion steps; "
                f"the exact engine takes up to {MAX_STEPS / 1e9:g} billion."
            )
    return None


def _joint_steps(plan: Plan) -> int:
    """Return how many cells of the joint laws are filled, patient by patient, over all nodes."""
    n, draw = plan.nodes.n.astype(float), plan.nodes.draw
    added = np.where(draw >= 0, plan.draws.size[np.maximum(draw, 0)], 0)
    return int((added * (n + 1) ** 2).sum())


def solve(plan: Plan, rates: tuple[float, ...]) -> Tally:
    """Return the probability of every ending when the arms respond at these rates.

    Parameters
    ----------
    plan
        A plan for which `why_not` is None.
    rates
        True response rate of each arm; `JointRates` if the design has rules for toxicity.

    Raises
    ------
    ValueError
        If it has, and the rates do not say the toxicity.
    """
    tally = empty_tally(plan, np.float64)._replace(n_trials=1.0)
    for node, law in walk(plan, rates):
        if plan.nodes.ending[node] >= 0:
            _tally_ending(plan, node, law, tally)
        else:
            _tally_criteria(plan.nodes, node, law, tally)
    return tally


def walk(plan: Plan, rates: tuple[float, ...]) -> Iterator[tuple[int, Law]]:
    """Yield each node that can be reached, with the law of the paths that lead to it."""
    tables = [joint(rates).cells(arm) for arm in range(len(rates))] if watches_toxicity(plan) else []
    start = independent_jointly(len(rates)) if tables else independent(len(rates))
    waiting: list[tuple[int, Law]] = [(0, start)]
    while waiting:
        node, law = waiting.pop()
        for arm, draw in enumerate(plan.nodes.draw[node]):
            if draw >= 0 and tables:
                law = law.with_patients(arm, int(plan.draws.size[draw]), tables[arm])
            elif draw >= 0:
                law = law.with_draw(arm, pmf(int(plan.draws.size[draw]), rates[arm]))
        yield node, law
        if plan.nodes.ending[node] < 0:
            waiting += _children(plan.nodes, node, law)


def _tally_ending(plan: Plan, node: int, law: Law, tally: Tally) -> None:
    ending, law = plan.nodes.ending[node], law.of_responses()
    tally.ending[ending] += law.total
    for arm, start in enumerate(plan.nodes.arm_offset[ending]):
        weights = law.of_arm(arm)
        tally.arm[start : start + len(weights)] += weights
    start = plan.nodes.pooled_offset[ending]
    weights = law.pooled()
    tally.pooled[start : start + len(weights)] += weights


def _tally_criteria(nodes: Nodes, node: int, law: Law, tally: Tally) -> None:
    for arm, least in enumerate(nodes.success[node]):
        if least < NEVER:
            tolerated = law.kept_tolerated(arm, int(nodes.toxic_least[node, arm]))
            tally.criterion[node, arm] += tolerated.of_arm(arm)[least:].sum()
    if nodes.pooled_success[node] < NEVER:
        tally.criterion[node, -1] += law.pooled()[nodes.pooled_success[node] :].sum()


def _children(nodes: Nodes, node: int, law: Law) -> list[tuple[int, Law]]:
    """Return the children that can be reached, each with the law of the paths that lead to it."""
    children = nodes.children[nodes.first_child[node] :][: nodes.n_codes[node]]
    low, high = int(nodes.pooled_stop_low[node]), int(nodes.pooled_stop_high[node])
    reached: list[tuple[int, Law]] = []
    if low >= 0 or high < NEVER:
        futility, efficacy = nodes.pooled_code[node]
        reached += [
            (int(children[futility]), law.kept_pooled(-1, low + 1)),
            (int(children[efficacy]), law.kept_pooled(high - 1, int(NEVER))),
        ]
        law = law.kept_pooled(low, high)
        children = children[:futility]
    reached += [(int(child), _given_code(nodes, node, law, code)) for code, child in enumerate(children)]
    return [(child, part) for child, part in reached if part.total > 0.0]


def _given_code(nodes: Nodes, node: int, law: Law, code: int) -> Law:
    """Return the law where the arms' decisions have this code."""
    strides, toxic = nodes.stride[node], int(nodes.toxic_digit[node])
    radix = toxic + 1 if toxic else 3 if (nodes.stop_high[node] < NEVER).any() else 2
    for arm in np.flatnonzero(strides):
        decision = code // int(strides[arm]) % radix
        low, high = int(nodes.stop_low[node, arm]), int(nodes.stop_high[node, arm])
        if toxic and decision == toxic:
            law = law.kept_toxic(int(arm), int(nodes.toxic_least[node, arm]))
            continue
        law = law.kept_tolerated(int(arm), int(nodes.toxic_least[node, arm]))
        if decision == CONTINUE:
            law = law.kept(int(arm), low, high)
        elif decision == FUTILITY:
            law = law.kept(int(arm), -1, low + 1)
        else:
            law = law.kept(int(arm), high - 1, int(NEVER))
    return law
