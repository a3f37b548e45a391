"""Whether an event can only become likelier as one arm responds more often: a proof from the boundaries alone.

Let two trials see the same patients, but in the second some patients of one arm respond who did not in the first (the
coupling by which a binomial law rises with its rate). As both go on, each may be at another node of the tree. The pairs
of nodes that they can be at are walked. If, at no pair, the first trial can still have the event while the second has
lost it, the event of the first implies that of the second, so its probability cannot fall as the rate rises, whatever
the rates of the other arms. A walk that finds such a pair, or takes too long, proves nothing.

The same is done for a falling number of toxicities, and, with the two trials exchanged, for events that can only become
less likely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from trialsim.plan import CONTINUE, FUTILITY, NEVER
from trialsim.proof.events import children_of, radix_of

if TYPE_CHECKING:
    from trialsim.plan import Plan
    from trialsim.proof.events import Decided, Outcome

MAX_STEPS = 200_000
"""Pairs of decisions that are compared before the walk gives up: about a second."""

Change = Literal["rises", "falls"]
Range: TypeAlias = "tuple[int, int]"
_FAR = int(NEVER)


class Varied(NamedTuple):
    """What differs between the two trials."""

    arm: int
    what: Literal["responses", "toxicities"]
    change: Change
    """Of the second trial against the first."""


class _Move(NamedTuple):
    """A decision at a node: what follows, and the numbers that lead there."""

    child: int
    numbers: tuple[Range, ...]
    """From and to, both included: responses of each arm, responses of all, toxicities of each arm."""


def implies(plan: Plan, verdict: Decided, varied: Varied) -> bool:
    """Return whether the event in the first trial is proved to imply the event in the second.

    Parameters
    ----------
    plan
        A compiled design.
    verdict
        The event, from `events.decided`.
    varied
        In what the second trial differs.
    """
    walk, waiting, seen, steps = _Pairs(plan, verdict, varied), [(0, 0)], {(0, 0)}, 0
    while waiting:
        pair = waiting.pop()
        found = walk.after(*pair)
        if found is None:
            return False
        steps += 1 + walk.n_compared
        if steps > MAX_STEPS:
            return False
        new = found - seen
        seen |= new
        waiting += new
    return True


def is_rising(plan: Plan, verdict: Decided, arm: int) -> bool:
    """Return whether the event's probability is proved not to fall as the arm's response rate rises."""
    return implies(plan, verdict, Varied(arm, "responses", "rises"))


def is_falling(plan: Plan, verdict: Decided, arm: int) -> bool:
    """Return whether the event's probability is proved not to rise as the arm's response rate rises."""
    return implies(plan, verdict, Varied(arm, "responses", "falls"))


def falls_with_toxicity(plan: Plan, verdict: Decided, arm: int) -> bool:
    """Return whether fewer patients of an arm with toxicity are proved never to undo the event."""
    return implies(plan, verdict, Varied(arm, "toxicities", "falls"))


class _Pairs:
    """The pairs of nodes at which two trials can be."""

    def __init__(self, plan: Plan, verdict: Decided, varied: Varied) -> None:
        self._plan, self._verdict, self._varied = plan, verdict, varied
        self._known: dict[int, list[_Move]] = {}
        self._n: list[list[int]] = plan.nodes.n.tolist()
        self.n_compared = 0

    def after(self, first: int, second: int) -> set[tuple[int, int]] | None:
        """Return the pairs that can follow a pair; None if the first can have the event where the second may not."""
        self.n_compared, verdict = 0, self._verdict
        if not verdict.can[first] or verdict.must[second]:
            return set()
        here, there = verdict.outcomes[first], verdict.outcomes[second]
        if here is not None and there is not None:
            return set() if self._is_implied(first, second, here, there) else None
        if here is not None or there is not None:
            return None
        moves, later = self._moves(first), self._moves(second)
        self.n_compared = len(moves) * len(later)
        gains = self._gains(first, second)
        return {(one.child, other.child) for one in moves for other in later if _can_be(one, other, gains)}

    def _is_implied(self, first: int, second: int, here: Outcome, there: Outcome) -> bool:
        if here.is_certain:
            return False
        least = dict(there.least)
        return all(
            slot in least and least[slot] <= bound + self._gain(first, second, slot)[0] for slot, bound in here.least
        )

    def _gain(self, first: int, second: int, slot: int) -> Range:
        """Return how many more responses the second trial can have than the first, least and most."""
        n, later = self._n[first], self._n[second]
        arms = range(len(n)) if slot == len(n) else (slot,)
        low = -sum(max(n[arm] - later[arm], 0) for arm in arms)
        high = sum(max(later[arm] - n[arm], 0) for arm in arms)
        if self._varied.what == "responses" and self._varied.arm in arms:
            return (low, _FAR) if self._varied.change == "rises" else (-_FAR, high)
        return low, high

    def _gain_of_toxicities(self, first: int, second: int, arm: int) -> Range:
        n, later = self._n[first][arm], self._n[second][arm]
        low, high = -max(n - later, 0), max(later - n, 0)
        if self._varied.what == "toxicities" and self._varied.arm == arm:
            return (low, _FAR) if self._varied.change == "rises" else (-_FAR, high)
        return low, high

    def _gains(self, first: int, second: int) -> tuple[Range, ...]:
        """Return the gains of all numbers of a move, in its order."""
        arms = range(len(self._n[first]))
        of_toxicities = tuple(self._gain_of_toxicities(first, second, arm) for arm in arms)
        return (*(self._gain(first, second, slot) for slot in (*arms, len(arms))), *of_toxicities)

    def _moves(self, node: int) -> list[_Move]:
        if node not in self._known:
            self._known[node] = _moves_of(self._plan, node)
        return self._known[node]


def _can_be(one: _Move, other: _Move, gains: tuple[Range, ...]) -> bool:
    """Return whether the second trial can take one move where the first takes the other, given what it can gain."""
    for (low, high), (later_low, later_high), (least, most) in zip(one.numbers, other.numbers, gains, strict=True):
        if later_low - high > most or later_high - low < least:
            return False
    return True


def _moves_of(plan: Plan, node: int) -> list[_Move]:
    """Return the decisions at a node with the numbers of responses and toxicities that can lead to them."""
    nodes, children = plan.nodes, children_of(plan, node)
    n: list[int] = nodes.n[node].tolist()
    anything, total = tuple((0, size) for size in n), (0, sum(n))
    low, high = int(nodes.pooled_stop_low[node]), min(int(nodes.pooled_stop_high[node]), total[1] + 1)
    found = []
    if low >= 0 or nodes.pooled_stop_high[node] < NEVER:
        futility, efficacy = (int(code) for code in nodes.pooled_code[node])
        found.append(_Move(children[futility], (*anything, (0, low), *anything)))
        found.append(_Move(children[efficacy], (*anything, (high, total[1]), *anything)))
        children, total = children[:futility], (low + 1, high - 1)
    for code, child in enumerate(children):
        responses, toxicities = zip(*(_ranges(plan, node, arm, code) for arm in range(len(n))), strict=True)
        found.append(_Move(child, (*responses, total, *toxicities)))
    return [move for move in found if all(least <= most for least, most in move.numbers)]


def _ranges(plan: Plan, node: int, arm: int, code: int) -> tuple[Range, Range]:
    """Return the responses and the toxicities with which an arm has its decision in a decision code."""
    nodes = plan.nodes
    n, stride, toxic = int(nodes.n[node, arm]), int(nodes.stride[node, arm]), int(nodes.toxic_digit[node])
    if stride == 0:
        return (0, n), (0, n)
    decision = code // stride % radix_of(plan, node)
    least = min(int(nodes.toxic_least[node, arm]), n + 1)
    if toxic and decision == toxic:
        return (0, n), (least, n)
    low, high = int(nodes.stop_low[node, arm]), min(int(nodes.stop_high[node, arm]), n + 1)
    if decision == CONTINUE:
        return (low + 1, high - 1), (0, least - 1)
    return ((0, low) if decision == FUTILITY else (high, n)), (0, least - 1)
