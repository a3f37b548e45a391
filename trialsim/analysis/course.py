"""The course of a real trial along the tree of its design: where each arm ended, under which scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.errors import InputError, NotSolvableError
from trialsim.inference.sequential import LookBounds, Scheme, path_counts
from trialsim.schemes import ArmSchemes, bounds_at, why_tied
from trialsim.tree import grow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.analysis.observed import Observed, Seen
    from trialsim.spec.design import Design
    from trialsim.tree import Node


class Course(NamedTuple):
    """How an arm went."""

    arm: int
    look: int
    """The look at which it ended."""
    decision: str
    """"futility", "efficacy", "with the trial" (another arm stopped it), or "final"."""
    x: int
    n: int
    scheme: Scheme
    """With the sizes that were attained; what was still to come as planned."""
    stage: int
    """The look of the scheme at which it stopped; the number of its looks if it did not."""
    n_planned: int
    """Patients of the arm planned for the look at which it ended, on this path."""
    x_first: int | None
    """Responses at the first look of the scheme, if they were given."""
    notes: tuple[str, ...]
    """What was attained otherwise than planned, and what it was taken to mean."""


class _Arm:
    """An arm on its way through the tree."""

    def __init__(self, design: Design, data: Observed) -> None:
        self.design, self.data = design, data
        self.passed: list[LookBounds] = []
        self.names: list[str] = []
        """Of the looks in `passed`."""
        self.x_first: int | None = None
        self.notes: list[str] = []
        self.ended: tuple[Node, Seen, str, int] | None = None

    def at(self, node: Node) -> Seen | None:
        """Return what was seen at a look that is not the final one."""
        for seen in self.data.seen:
            if seen.look == node.look:
                return seen
            if seen.look is None and seen.n == node.path.n[self.data.arm] and self.planned(node) is not None:
                return seen
        return None

    def planned(self, node: Node) -> LookBounds | None:
        """Return the arm's bounds at a look of the planned size; None if it cannot stop there."""
        return bounds_at(node, self.data.arm)

    def decide(self, node: Node) -> str | None:
        """Return how the arm stops at a look by its own responses, None if it goes on; notes what it has passed."""
        seen, bounds = self.at(node), self.planned(node)
        if bounds is None:
            return None
        if seen is not None and seen.n != bounds.n:
            bounds = self._attained(node, bounds, seen.n)
        verdict = None if seen is None else Scheme((bounds,), bounds.n).stops_at(0, seen.x)
        if seen is not None:
            self._check(node, seen, bounds, verdict)
        if not self.passed:
            self.x_first = seen.x if seen is not None else None
        self.passed.append(bounds)
        self.names.append(self.design.looks[node.look].name)
        return verdict

    def _attained(self, node: Node, planned: LookBounds, n: int) -> LookBounds:
        """Return the bounds that the look's rules give at the number of patients that it really had."""
        look, arm = self.design.looks[node.look], self.design.arm_names[self.data.arm]
        low, high = -1, n + 1
        if look.continue_if is not None:
            low = look.continue_if.rule.boundary(self.design.asked(arm, n)) - 1
        if look.success_if is not None and look.success_if.then == "stop":
            high = look.success_if.rule.boundary(self.design.asked(arm, n))
        stops = [f"at {low} or fewer"] if low >= 0 else []
        stops += [f"at {high} or more"] if high <= n else []
        self.notes.append(
            f"{look.name} took place at {n} patients instead of {planned.n}; its rule, asked at {n}, stops the arm "
            f"{' and '.join(stops) or 'never'}."
        )
        return LookBounds(n, low, high)

    def _check(self, node: Node, seen: Seen, bounds: LookBounds, verdict: str | None) -> None:
        if verdict is not None and seen != self.data.seen[-1]:
            name = self.design.looks[node.look].name
            needs = f"{bounds.stop_low + 1} or more" if verdict == "futility" else f"fewer than {bounds.stop_high}"
            raise self.error(
                f"with {seen.x} of {seen.n} at {name} the arm stops for {verdict} (it goes on with {needs}), so there "
                "can be no data after it"
            )

    def check_goes_on(self, node: Node) -> None:
        """Complain if the data end at a look after which the arm is still in the trial."""
        seen = self.at(node)
        if seen is not None and seen == self.data.seen[-1]:
            raise self.error(
                f"with {seen.x} of {seen.n} at {self.design.looks[node.look].name} the arm goes on, so the data of "
                "what came after are missing"
            )

    def error(self, problem: str) -> InputError:
        """Return an error that names the arm's data."""
        return InputError(f'--observed "{self.data.written}": {problem}')


def courses(design: Design, observed: Sequence[Observed]) -> list[Course]:
    """Return how each arm with data went; arms without data are taken to have gone on.

    Raises
    ------
    NotSolvableError
        If the arms' stops are not functions of their own responses alone.
    InputError
        If the data are impossible under the design.
    """
    nodes = grow(design)
    reason = why_tied(nodes)
    if reason is not None:
        raise NotSolvableError(f"design {design.name}: {reason}; its arms cannot be analysed one by one")
    arms = {data.arm: _Arm(design, data) for data in observed}
    schemes, node = ArmSchemes(design, nodes), nodes[0]
    while not node.is_ending:
        verdicts = {arm: arms[arm].decide(node) for arm in node.path.in_trial if arm in arms}
        digits = {arm: 1 if verdict == "futility" else 2 for arm, verdict in verdicts.items() if verdict is not None}
        child = nodes[node.children[sum(node.stride[arm] * digit for arm, digit in digits.items())]]
        for arm, verdict in verdicts.items():
            if child.path.stop_look[arm] < 0:
                arms[arm].check_goes_on(node)
                continue
            seen = arms[arm].at(node)
            if seen is None:
                raise arms[arm].error(f"the trial ended at {design.look_names[node.look]}, of which there are no data")
            others = sum(node.stride[other] * digit for other, digit in digits.items() if other != arm)
            ahead = 0 if design.enrolment.when_arm_stops == "stop_trial" else others
            arms[arm].ended = (node, seen, verdict or "with the trial", node.children[ahead])
        node = child
    for arm in node.path.in_trial:
        if arm in arms:
            arms[arm].ended = (node, _at_the_end(arms[arm], node), "final", -1)
    return [_course(arms[arm], schemes) for arm in sorted(arms)]


def _at_the_end(arm: _Arm, node: Node) -> Seen:
    """Return what was seen at the final analysis."""
    last = arm.data.seen[-1]
    if last.look not in (None, node.look):
        raise arm.error(f"the arm goes on to {arm.design.look_names[-1]}, of which there are no data")
    if arm.passed and last.n <= arm.passed[-1].n:
        name = arm.names[-1]
        raise arm.error(
            f"{last.n} patients are not more than the {arm.passed[-1].n} of {name}; if the arm stopped there, write "
            f"{name}:{last.x}/{last.n}"
        )
    planned = node.path.n[arm.data.arm]
    if last.n != planned:
        arm.notes.append(f"The final analysis has {last.n} patients instead of {planned}.")
    return last


def _course(arm: _Arm, schemes: ArmSchemes) -> Course:
    assert arm.ended is not None
    node, seen, decision, ahead = arm.ended
    number, n_planned = arm.data.arm, node.path.n[arm.data.arm]
    own = bounds_at(node, number) is not None and decision != "final"
    stage = len(arm.passed) - own
    if decision == "final":
        scheme = Scheme(tuple(arm.passed), seen.n)
    else:
        later, n_final = schemes.ahead(ahead, number)
        later = tuple(look for look in later if look.n > seen.n)
        here = () if own else (LookBounds(seen.n, -1, seen.n + 1),)
        scheme = Scheme((*arm.passed, *here, *later), max(n_final, seen.n))
    if not path_counts(scheme.passed(stage), seen.n)[seen.x]:
        raise _impossible(arm, scheme, stage, seen)
    return Course(number, node.look, decision, seen.x, seen.n, scheme, stage, n_planned, arm.x_first, tuple(arm.notes))


def _impossible(arm: _Arm, scheme: Scheme, stage: int, seen: Seen) -> InputError:
    """Return why an outcome cannot be: the looks gone past leave no way to it."""
    for name, look in zip(arm.names, scheme.passed(stage), strict=False):
        if seen.x <= look.stop_low:
            return arm.error(
                f"with {seen.x} responses in all the arm cannot have gone past {name}, where it stops with "
                f"{look.stop_low} or fewer of {look.n}; if it stopped there, write {name}:{seen.x}/{seen.n}"
            )
        if seen.x - (seen.n - look.n) >= look.stop_high:
            return arm.error(
                f"with {seen.x} of {seen.n} the arm must have had {look.stop_high} or more of {look.n} at {name}, "
                "where it stops for efficacy"
            )
    return arm.error(f"{seen.x} of {seen.n} cannot be reached past the looks of the design")
