"""The errors of a design, as events that a path through its tree decides, and their probability at any rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from trialsim.engines.exact import walk
from trialsim.plan import EFFICACY, NEVER, WENT_ON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from trialsim.engines.law import Law
    from trialsim.plan import Plan

Kind = Literal["reject", "success", "go on", "tolerated"]


class Event(NamedTuple):
    """Something that happens to at least one of some arms."""

    kind: Kind
    """reject: the null hypothesis is rejected, early or at the end; success: the criterion of a look is met; go on:
    the arm takes part in the final look; tolerated: it ends without having been too toxic."""
    slots: tuple[int, ...]
    """The arms, from 0; the number of arms stands for all of them pooled."""
    look: int = -1
    """Which look, for success."""


class Outcome(NamedTuple):
    """What decides an event at a node; if it is neither certain nor has a least number, it cannot happen there."""

    is_certain: bool
    least: tuple[tuple[int, int], ...] = ()
    """The arm (or pooled) and the responses from which on the event happens."""

    @property
    def is_possible(self) -> bool:
        """Whether the event can happen."""
        return self.is_certain or bool(self.least)


class Decided(NamedTuple):
    """An event, read off every node of a plan. All lists are by node."""

    outcomes: list[Outcome | None]
    """What decides the event there; None: what follows decides it."""
    is_settled: list[bool]
    """Whether the node comes after one that decides."""
    can: list[bool]
    """Whether the event can still happen."""
    must: list[bool]
    """Whether it happens whatever follows."""


def why_not_decided(plan: Plan, event: Event) -> str | None:
    """Return why the paths of a plan do not decide an event; None if they do."""
    nodes = plan.nodes
    is_tied = (nodes.pooled_stop_low >= 0) | (nodes.pooled_stop_high < NEVER)
    n_arms = nodes.n.shape[1]
    if event.kind == "reject" and event.slots != (n_arms,) and (is_tied[:, None] & (nodes.stop_high < NEVER)).any():
        return "arms and all arms together can succeed at the same look, so a path does not say which arm was accepted"
    if event.kind == "success" and (nodes.toxic_least[nodes.look == event.look] < NEVER).any():
        return "success at that look asks for toxicity too, which the path alone does not decide"
    return None


def decided(plan: Plan, event: Event) -> Decided:
    """Return what decides an event at each node of a plan for which `why_not_decided` is None."""
    n_nodes = len(plan.nodes.look)
    happened, settled = [False] * n_nodes, [False] * n_nodes
    outcomes: list[Outcome | None] = []
    for node in range(n_nodes):  # parents come first
        outcomes.append(_outcome(plan, event, node, has_happened=happened[node]))
        children = children_of(plan, node)
        for code, child in enumerate(children):
            settled[child] = settled[node] or outcomes[node] is not None
            happened[child] = happened[node] or (event.kind == "reject" and _accepts(plan, event, node, code))
    can, must = [False] * n_nodes, [False] * n_nodes
    for node in reversed(range(n_nodes)):
        outcome, children = outcomes[node], children_of(plan, node)
        can[node] = outcome.is_possible if outcome is not None else any(can[child] for child in children)
        must[node] = outcome.is_certain if outcome is not None else all(must[child] for child in children)
    return Decided(outcomes, settled, can, must)


def children_of(plan: Plan, node: int) -> list[int]:
    """Return the nodes that follow each decision code of a node."""
    first = plan.nodes.first_child[node]
    children: list[int] = plan.nodes.children[first : first + plan.nodes.n_codes[node]].tolist()
    return children


def radix_of(plan: Plan, node: int) -> int:
    """Return the number of decisions that an arm's digit of the decision code can be at a node."""
    toxic = int(plan.nodes.toxic_digit[node])
    return toxic + 1 if toxic else 3 if (plan.nodes.stop_high[node] < NEVER).any() else 2


def _accepts(plan: Plan, event: Event, node: int, code: int) -> bool:
    """Return whether a decision code says that one of the arms (or the trial) stops for efficacy."""
    nodes = plan.nodes
    n_arms, is_pooled_code = nodes.n.shape[1], False
    if nodes.pooled_stop_low[node] >= 0 or nodes.pooled_stop_high[node] < NEVER:
        futility, efficacy = nodes.pooled_code[node]
        is_pooled_code = code in (futility, efficacy)
        if code == efficacy and n_arms in event.slots and nodes.pooled_stop_high[node] < NEVER:
            return True
    if is_pooled_code:
        return False
    radix, toxic = radix_of(plan, node), int(nodes.toxic_digit[node])
    strides = [int(nodes.stride[node, arm]) for arm in event.slots if arm < n_arms and nodes.stride[node, arm] > 0]
    return toxic != EFFICACY and any(code // stride % radix == EFFICACY for stride in strides)


def _outcome(plan: Plan, event: Event, node: int, *, has_happened: bool) -> Outcome | None:
    nodes, ending = plan.nodes, int(plan.nodes.ending[node])
    if has_happened:
        return Outcome(True)
    if event.kind == "success":
        if ending < 0 and nodes.look[node] < event.look:
            return None
        is_there = ending < 0 and nodes.look[node] == event.look
        return Outcome(False, _least(plan, event, node) if is_there else ())
    if ending < 0:
        return None
    if event.kind == "reject":
        return Outcome(False, _least(plan, event, node))
    own = list(event.slots)
    if event.kind == "go on":
        return Outcome(bool((plan.endings.stop_look[ending, own] == WENT_ON).any()))
    return Outcome(not plan.endings.toxic[ending, own].all())


def _least(plan: Plan, event: Event, node: int) -> tuple[tuple[int, int], ...]:
    """Return the least responses of success of the event's arms at a node; without those that never succeed."""
    bounds = [*plan.nodes.success[node].tolist(), int(plan.nodes.pooled_success[node])]
    return tuple((slot, bounds[slot]) for slot in event.slots if bounds[slot] < NEVER)


def parts(plan: Plan, verdict: Decided, rates: tuple[float, ...]) -> Iterator[tuple[int, Law]]:
    """Yield the nodes that decide, with the part of the law in which the event happens there. Parts are disjoint."""
    n_arms = plan.nodes.n.shape[1]
    for node, law in walk(plan, rates):
        outcome = verdict.outcomes[node]
        if outcome is None or verdict.is_settled[node]:
            continue
        law = law.of_responses()
        if outcome.is_certain:
            yield node, law
            continue
        for slot, least in outcome.least:
            if slot == n_arms:
                yield node, law.kept_pooled(least - 1, int(NEVER))
            else:
                yield node, law.kept(slot, least - 1, int(NEVER))
                law = law.kept(slot, -1, least)  # in what follows this arm has not


def probability(plan: Plan, verdict: Decided, rates: tuple[float, ...]) -> float:
    """Return the probability of an event at true rates, from the exact engine's walk.

    Parameters
    ----------
    plan
        A plan for which `exact.why_not` is None.
    verdict
        From `decided`.
    rates
        True response rate of each arm; `JointRates` if the plan watches toxicity.
    """
    return float(np.sum([law.total for _, law in parts(plan, verdict, rates)]))


def most_patients(plan: Plan) -> NDArray[np.int64]:
    """Return the most patients that each arm can have."""
    most: NDArray[np.int64] = plan.endings.n.max(axis=0)
    return most
