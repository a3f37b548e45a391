"""The largest error rates of a design over its whole null region, each with a certificate."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from trialsim.compile import compile_design
from trialsim.engines.exact import is_tied, why_not
from trialsim.inference.joint import JointRates
from trialsim.plan import NEVER, watches_toxicity
from trialsim.proof import bernstein, information
from trialsim.proof.coupling import falls_with_toxicity, is_falling, is_rising
from trialsim.proof.events import Event, decided, most_patients, probability, why_not_decided

if TYPE_CHECKING:
    from trialsim.plan import Plan
    from trialsim.proof.bernstein import Box
    from trialsim.proof.events import Decided
    from trialsim.spec.design import Design

Certificate = Literal["coupling", "Bernstein", "information", "sum"]
Way = Literal["auto", "Bernstein", "information"]
Null = Literal["response", "toxicity"]

TOLERANCE = 1e-4
"""The gap between the largest error found and the bound that is good enough."""
MAX_TILES = {"Bernstein": 2_000, "information": 250}
"""The most boxes that are looked at for one error, unless the caller says."""
ALL_SETS = 4
"""With more arms, only single arms and all arms are taken as the arms whose null hypothesis is true."""


class Statement(NamedTuple):
    """The largest probability of an error over a part of the null region."""

    event: Event
    null: Null
    """Which null hypothesis is true: too few responses, or too much toxicity."""
    null_rate: float
    """The largest response rate, or smallest toxicity rate, of that hypothesis."""
    arms: tuple[int, ...]
    """The arms for which it is true. The rates of the others are anything from 0 to 1."""
    value: float
    """The probability at `worst`, exact."""
    worst: tuple[float, ...]
    """True response rates, in the region; `JointRates` in a design with rules for toxicity."""
    upper: float
    """No rates in the region have a larger probability."""
    certificate: Certificate
    """coupling: proved from the boundaries that no error is larger than at the worst point; Bernstein, information:
    bounded on tiles; sum: the bounds of these arms in smaller sets add up to less than what the tiles leave."""
    n_tiles: int
    """Boxes that were looked at; 0: none was needed."""
    fixed: tuple[int, ...]
    """Arms of which the coupling shows that their worst rate is an end of their range."""
    indifferent: tuple[int, ...] = ()
    """Arms of which it shows that their rate does not matter."""

    @property
    def gap(self) -> float:
        """What is left between the value and the bound."""
        return self.upper - self.value


class NullRegion(NamedTuple):
    """What is proved of a design."""

    null_rate: float | None
    """The largest response rate of the null hypothesis."""
    toxicity_null_rate: float | None
    """The smallest toxicity rate of its null hypothesis, if the design has rules for toxicity."""
    statements: tuple[Statement, ...]
    declined: tuple[str, ...]
    """Sentences on what could not be proved, and why."""


def prove(
    design: Design, *, tolerance: float = TOLERANCE, max_tiles: int | None = None, way: Way = "auto"
) -> NullRegion:
    """Return the largest error rates of a design over its null region, under ideal conduct.

    The errors are rejections of true null hypotheses: of one arm, of any of several arms (the family-wise error rate),
    or of all arms pooled. Of a design that rejects nothing they are that an arm goes on to the final look, and that the
    criterion of a look is met; of one with rules for toxicity alone, that an arm is tolerated.

    Parameters
    ----------
    design
        Any design that names its null rate and that the exact engine solves.
    tolerance
        How far the bound may stay above the largest probability found, where it is searched for on tiles.
    max_tiles
        The most tiles of one search; a gap that is left then is reported. None: as `MAX_TILES` has it.
    way
        "auto": by coupling where that proves the worst rates, on tiles for the rest. "Bernstein", "information": on
        tiles only, by that bound.

    Raises
    ------
    InputError
        If a rule cannot be compiled.

    >>> from trialsim import load_design
    >>> only, = prove(load_design("simon-1989-20-40")).statements
    >>> only.worst, f"{only.value:.4f}", only.gap, only.certificate
    ((0.2,), '0.0948', 0.0, 'coupling')
    """
    null_rate = None if design.hypotheses is None else design.hypotheses.null_rate
    toxicity = None if design.toxicity is None else design.toxicity.null_rate
    if null_rate is None and (toxicity is None or not design.watches_toxicity):
        return NullRegion(None, None, (), ("the design names no null rate (hypotheses.null_rate), so no null region",))
    plan = compile_design(design)
    reason = why_not(plan)
    if reason is not None:
        return NullRegion(null_rate, toxicity, (), (reason.removesuffix("."),))
    prover = _Prover(design, plan, tolerance, max_tiles, way)
    statements: list[Statement] = []
    for asked in asked_of(design, plan):  # smaller sets of arms come first
        found = prover.answer(*asked)
        statements += [_within_sums(found, statements)] if found is not None else []
    return NullRegion(null_rate, toxicity, tuple(statements), tuple(dict.fromkeys(prover.declined)))


def _within_sums(statement: Statement, known: list[Statement]) -> Statement:
    """Return the statement with its bound no larger than that of an arm plus that of the others.

    That any of several arms is in error is at most as likely as the errors of two sets of them added up, and the region
    in which all their null hypotheses are true lies in those of the sets.
    """
    alike = [other for other in known if other.null == statement.null and other.event.kind == statement.event.kind]
    bounds = {other.arms: other.upper for other in alike if other.event == statement.event._replace(slots=other.arms)}
    for arm in statement.arms:
        others = tuple(other for other in statement.arms if other != arm)
        together = bounds.get((arm,), 1.0) + bounds.get(others, 1.0)
        if others and statement.event.slots == statement.arms and together < statement.upper:
            statement = statement._replace(upper=together, certificate="sum")
    return statement


def asked_of(design: Design, plan: Plan) -> list[tuple[Event, Null, tuple[int, ...]]]:
    """Return each error with the null hypothesis that is true, and of which arms."""
    n_arms = len(design.arms)
    nulls: list[Null] = ["response"] if design.hypotheses is not None else []
    nulls += ["toxicity"] if design.toxicity is not None and design.watches_toxicity else []
    asked: list[tuple[Event, Null, tuple[int, ...]]] = []
    for event in events_of(plan):
        for null in nulls:
            if event.kind == "tolerated" and null == "response":
                continue
            sets = [tuple(range(n_arms))] if event.slots == (n_arms,) else _sets(n_arms)
            asked += [(event if event.slots == (n_arms,) else event._replace(slots=arms), null, arms) for arms in sets]
    return asked


def _sets(n_arms: int) -> list[tuple[int, ...]]:
    sizes = range(1, n_arms + 1) if n_arms <= ALL_SETS else sorted({1, n_arms})
    return [arms for size in sizes for arms in combinations(range(n_arms), size)]


def events_of(plan: Plan) -> list[Event]:
    """Return the errors that a plan can make: of any arm (slots: all arms), and of all arms pooled."""
    nodes, n_arms = plan.nodes, plan.nodes.n.shape[1]
    every, pooled, is_ending = tuple(range(n_arms)), (n_arms,), nodes.ending >= 0
    found = []
    if plan.arm_cells.success.any() or (nodes.stop_high < NEVER).any():
        found.append(Event("reject", every))
    if plan.pooled_cells.success.any() or (nodes.pooled_stop_high < NEVER).any():
        found.append(Event("reject", pooled))
    if found:
        return found
    if watches_toxicity(plan):
        return [Event("tolerated", every)]
    if (nodes.stop_low >= 0).any() or is_tied(plan):
        found.append(Event("go on", every))
    for look in sorted(set(nodes.look[~is_ending].tolist())):
        own = (nodes.look == look) & ~is_ending
        found += [Event("success", every, look)] if (nodes.success[own] < NEVER).any() else []
        found += [Event("success", pooled, look)] if (nodes.pooled_success[own] < NEVER).any() else []
    return found


class _Prover:
    """Answers one question after another about a plan, and keeps what could not be answered."""

    def __init__(self, design: Design, plan: Plan, tolerance: float, max_tiles: int | None, way: Way) -> None:
        self._design, self._plan = design, plan
        self._tolerance, self._max_tiles, self._way = tolerance, max_tiles, way
        self.declined: list[str] = []

    def answer(self, event: Event, null: Null, arms: tuple[int, ...]) -> Statement | None:
        """Return the statement; None if there is a reason against it, which is kept."""
        reason = why_not_decided(self._plan, event)
        if reason is not None:
            self.declined.append(reason)
            return None
        verdict = decided(self._plan, event)
        if watches_toxicity(self._plan):
            return self._with_toxicity(event, null, arms, verdict)
        assert self._design.hypotheses is not None  # else nothing of responses is asked
        n_arms, null_rate = len(self._design.arms), self._design.hypotheses.null_rate
        box: Box = tuple((0.0, null_rate if arm in arms else 1.0) for arm in range(n_arms))
        rising: tuple[int, ...] = ()
        falling: tuple[int, ...] = ()
        if self._way == "auto":
            rising = tuple(arm for arm in range(n_arms) if is_rising(self._plan, verdict, arm))
            falling = tuple(arm for arm in range(n_arms) if is_falling(self._plan, verdict, arm))
        for arm in {*rising, *falling}:
            end = box[arm][1 if arm in rising else 0]
            box = (*box[:arm], (end, end), *box[arm + 1 :])
        fixed, indifferent = tuple(sorted({*rising, *falling})), tuple(arm for arm in rising if arm in falling)
        statement = Statement(event, null, null_rate, arms, 0.0, (), 0.0, "coupling", 0, fixed, indifferent)
        if len(fixed) < n_arms:
            return self._on_tiles(statement, verdict, box)
        corner = tuple(high for _, high in box)
        value = probability(self._plan, verdict, corner)
        return statement._replace(value=value, worst=corner, upper=value)

    def _on_tiles(self, statement: Statement, verdict: Decided, box: Box) -> Statement:
        plan = self._plan
        if bernstein.has_coefficients(plan, box) and self._way != "information":
            statement = statement._replace(certificate="Bernstein")
            polynomial = bernstein.Polynomial(bernstein.coefficients(plan, verdict, box))
            found = bernstein.largest(polynomial, box, self._tolerance, self._max_tiles or MAX_TILES["Bernstein"])
        else:
            statement = statement._replace(certificate="information")
            sizes = [int(n) for n in most_patients(plan)]
            found = information.largest(
                lambda rates: probability(plan, verdict, rates),
                sizes,
                box,
                self._tolerance,
                self._max_tiles or MAX_TILES["information"],
            )
        value = probability(plan, verdict, found.worst)
        return statement._replace(value=value, worst=found.worst, upper=max(found.upper, value), n_tiles=found.n_tiles)

    def _with_toxicity(self, event: Event, null: Null, arms: tuple[int, ...], verdict: Decided) -> Statement | None:
        """Return the statement where patients can have toxicity too, whatever its association with response."""
        every = range(len(self._design.arms))
        is_proved = all(
            is_rising(self._plan, verdict, arm) and falls_with_toxicity(self._plan, verdict, arm) for arm in every
        )
        if not is_proved or self._way != "auto":
            self.declined.append(
                "responses and toxicities together are covered only where more responses and fewer toxicities of any "
                "arm are proved never to undo the error"
            )
            return None
        response, toxicity = np.ones(len(every)), np.zeros(len(every))
        hypotheses = self._design.hypotheses if null == "response" else self._design.toxicity
        assert hypotheses is not None  # else nothing of it is asked
        (response if null == "response" else toxicity)[list(arms)] = hypotheses.null_rate
        worst = JointRates(response.tolist(), toxicity.tolist())
        value = probability(self._plan, verdict, worst)
        return Statement(event, null, hypotheses.null_rate, arms, value, worst, value, "coupling", 0, tuple(every))
