"""The looks at which an arm could stop on each path of the tree: its own scheme, given what became of the others.

On a path the patients of an arm at each look are fixed, so its own boundaries make it a trial of one arm. Where sizes
depend on other arms (refill, looks at a total), the scheme is that of the path: inference is conditional on the
attained sizes. What was still to come for an arm that stopped is taken as if it, and all other arms that were then in
the trial, had gone on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialsim.inference.sequential import LookBounds, Scheme
from trialsim.plan import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.spec.design import Design
    from trialsim.tree import Node

Looks = tuple[LookBounds, ...]


def are_own_stops(nodes: list[Node]) -> bool:
    """Return whether every arm is stopped by its own responses only."""
    return why_tied(nodes) is None


def why_tied(nodes: list[Node]) -> str | None:
    """Return why an arm's stops are not functions of its own responses; None if they are."""
    if any(node.pooled_stop_low >= 0 or node.pooled_stop_high < NEVER for node in nodes):
        return "a stop that looks at the pooled responses ties the arms together, so no arm has a scheme of its own"
    if any(min(node.toxic_least, default=NEVER) < NEVER for node in nodes):
        return "an arm can stop for toxicity, so its scheme is not one of responses alone"
    return None


def bounds_at(node: Node, arm: int) -> LookBounds | None:
    """Return at which responses an arm stops at a node; None if it cannot."""
    n, low, high = node.path.n[arm], node.stop_low[arm], node.stop_high[arm]
    return LookBounds(n, low, min(high, n + 1)) if low >= 0 or high <= n else None


class ArmSchemes:
    """Reads the scheme of an arm off a tree; every part of the tree is read once."""

    def __init__(self, design: Design, nodes: list[Node]) -> None:
        self._nodes = nodes
        self._stop_together = design.enrolment.when_arm_stops == "stop_trial"
        self._passed: dict[tuple[int, int], Looks] = {}
        self._ahead: dict[tuple[int, int], tuple[Looks, int]] = {}
        self._numbers: dict[Scheme, int] = {}

    def of(self, ending: Node, arm: int) -> tuple[int, int]:
        """Return the number of the arm's scheme on the way to an ending, and the stage with which it ended."""
        stop_look = ending.path.stop_look[arm]
        last = ending.path.nodes[stop_look]
        before = self._before(last, arm)
        if stop_look < 0:
            scheme = Scheme(before, ending.path.n[arm])
        else:
            looks, n_final = self.ahead(self._going_on(last, ending, arm), arm)
            n = ending.path.n[arm]  # an arm that stops with the trial need not have been able to stop by itself
            here = self.own(last, arm) or (LookBounds(n, -1, n + 1),)
            scheme = Scheme((*before, *here, *looks), n_final)
        return self._numbers.setdefault(scheme, len(self._numbers)), len(before)

    def arrays(self) -> tuple[NDArray[np.int32], list[int]]:
        """Return the looks of all schemes, (S, K, 3), and their final patients."""
        most = max(len(scheme.looks) for scheme in self._numbers)
        looks = np.zeros((len(self._numbers), most, 3), np.int32)
        for number, scheme in enumerate(self._numbers):
            if scheme.looks:
                looks[number, : len(scheme.looks)] = scheme.looks
        return looks, [scheme.n_final for scheme in self._numbers]

    def own(self, node: int, arm: int) -> Looks:
        """Return the look of a node as the arm sees it: nothing, where it cannot stop."""
        bounds = bounds_at(self._nodes[node], arm)
        return () if bounds is None else (bounds,)

    def _before(self, node: int, arm: int) -> Looks:
        """Return the looks that the arm has gone past when a node is reached."""
        key = (node, arm)
        if key not in self._passed:
            here = self._nodes[node]
            earlier = [number for number in here.path.nodes[: here.look] if number >= 0]
            self._passed[key] = (*self._before(earlier[-1], arm), *self.own(earlier[-1], arm)) if earlier else ()
        return self._passed[key]

    def _going_on(self, node: int, ending: Node, arm: int) -> int:
        """Return the child of a node where the arm goes on and the others are decided as on the way to an ending."""
        here = self._nodes[node]
        code = 0
        for other, stop_look in enumerate(ending.path.stop_look):
            if other != arm and stop_look == here.look and not self._stop_together:
                code += here.stride[other]
        return here.children[code]

    def ahead(self, node: int, arm: int) -> tuple[Looks, int]:
        """Return the looks of the arm from a node on, if nobody stops any more, and its patients at the end."""
        key = (node, arm)
        if key not in self._ahead:
            here = self._nodes[node]
            if here.is_ending:
                self._ahead[key] = ((), here.path.n[arm])
            else:
                looks, n_final = self.ahead(here.children[0], arm)
                self._ahead[key] = ((*self.own(node, arm), *looks), n_final)
        return self._ahead[key]
