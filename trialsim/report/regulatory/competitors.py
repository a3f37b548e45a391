"""Designs of one arm that keep the error rates which a design itself attains: what else could have been chosen."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Literal, NamedTuple

from trialsim.curves import curves
from trialsim.errors import InputError
from trialsim.search.predictive import MAX_PREDICTIVE_N, predictive
from trialsim.search.simon import simon
from trialsim.search.single_stage import always_from, single_stage
from trialsim.search.targets import checked_targets
from trialsim.spec.design import Design
from trialsim.spec.looks import per_arm_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trialsim.curves import Curves
    from trialsim.search.found import Found, Search

What = Literal["reject", "go on"]

DIGITS = 9
"""Error rates are rounded up to so many decimals, so that a design keeps its own."""
N_MAX = 300
"""The most patients of a single-stage or a Simon design that are tried."""
FAR = 2_000
"""Where a single stage is sure of the error rates only with more patients, nothing is searched: it would take long."""
BEYOND = 10
"""The predictive probability design is sought up to so many patients more than the single-stage one has."""
BELOW = 4
"""And from so many fewer."""
SINGLE_COHORT_N = 50
"""Up to so many patients it looks after each; with more, after each cohort of a tenth."""


class Rule(NamedTuple):
    """What is compared: a design's rejections per arm (or pooled), or its rule for going on."""

    what: What
    arms: tuple[str, ...]
    """The arms to which the figures apply; ("pooled",) if only all arms together are tested."""
    null_rate: float
    target_rate: float
    alpha: float
    """Exact probability of what is compared at the null rate, in all arms."""
    power: float
    n: int
    """The most patients of the arm (or, pooled, of the trial); of a rule for going on, those of its last look."""
    en_null: float
    en_target: float
    pet_null: float
    """Probability of stopping before these patients have been enrolled."""

    @property
    def errors(self) -> tuple[float, float]:
        """Alpha and beta, rounded up."""
        unit = 10**DIGITS
        return ceil(self.alpha * unit) / unit, ceil((1 - self.power) * unit) / unit


class Competitor(NamedTuple):
    """A design found by search."""

    name: str
    found: Found
    design: Design


def rules_of(design: Design, plan_curves: Callable[[Design, list[tuple[float, ...]]], Curves] = curves) -> list[Rule]:
    """Return what a design is compared in, arms with the same figures together; nothing if it decides nothing.

    Parameters
    ----------
    design
        One with hypotheses, that the exact engine solves.
    plan_curves
        `curves.curves`, or what gives the same.

    Raises
    ------
    NotSolvableError
        If it cannot be solved exactly.
    """
    assert design.hypotheses is not None
    rates = design.hypotheses.null_rate, design.hypotheses.target_rate
    found = plan_curves(design, [(rate,) * len(design.arms) for rate in rates])
    rules: dict[tuple[float, ...], Rule] = {}
    for arm in (*design.arm_names, "pooled"):
        rule = _rejects(design, found, arm, rates) or _goes_on(design, found, arm, rates)
        if rule is None or (arm == "pooled" and (rule.what == "go on" or rules)):
            continue
        key = tuple(round(value, DIGITS) for value in rule[4:])
        known = rules.get(key)
        rules[key] = rule if known is None else known._replace(arms=(*known.arms, arm))
    rejecting = [rule for rule in rules.values() if rule.what == "reject"]
    return rejecting or list(rules.values())


def _rejects(design: Design, found: Curves, arm: str, rates: tuple[float, float]) -> Rule | None:
    reject, whose = found.of("p_reject", arm), None if arm == "pooled" else arm
    n, pet = found.of("n_mean", whose), found.of("pet", whose)
    if reject is None:
        return None
    if n is None:  # of one arm, the trial's
        n, pet = found.of("n_mean", None), found.of("pet", None)
    assert n is not None
    caps = dict(zip(design.arm_names, design.caps, strict=True))
    most = caps.get(arm, sum(design.caps))
    pet_null = 0.0 if pet is None else float(pet[0])
    return Rule("reject", (arm,), *rates, float(reject[0]), float(reject[1]), most, float(n[0]), float(n[1]), pet_null)


def _goes_on(design: Design, found: Curves, arm: str, rates: tuple[float, float]) -> Rule | None:
    """Return the rule for going on past every look that stops the arm; None if none does."""
    gates = [look for look in design.looks[:-1] if found.of("p_stop", arm, look.name) is not None]
    gates = [look for look in gates if look.continue_if is not None and look.continue_if.of == "arm"]
    if arm == "pooled" or not gates:
        return None
    sizes = [_size(design, look.name, arm) for look in gates]
    last = gates[-1].name
    goes_on = found.of("p_continue", arm, last)
    assert goes_on is not None
    stopping = [p for look in gates[:-1] if (p := found.of("p_stop", arm, look.name)) is not None]
    en_null, en_target = (_expected(sizes, [float(p[place]) for p in stopping]) for place in (0, 1))
    chances = float(goes_on[0]), float(goes_on[1])
    return Rule("go on", (arm,), *rates, *chances, sizes[-1], en_null, en_target, sum(float(p[0]) for p in stopping))


def _expected(sizes: list[int], stops: list[float]) -> float:
    """Return the expected patients of looks of these sizes, at each of which but the last one may stop."""
    return sum(n * p for n, p in zip(sizes[:-1], stops, strict=True)) + sizes[-1] * (1 - sum(stops))


def _size(design: Design, look: str, arm: str) -> int:
    """Return the patients of an arm at a look, if no arm stops before."""
    from trialsim.compile import compile_design

    place = design.look_names.index(look)
    at = design.looks[place].at
    if at != "full_enrolment" and at.per_arm is not None:
        return per_arm_sizes(at, design.arm_names)[design.arm_names.index(arm)]
    nodes = compile_design(design).nodes
    own = nodes.n[nodes.look == place]
    return int(own[own.sum(axis=1).argmax()][design.arm_names.index(arm)])


def competitors(rule: Rule) -> tuple[list[Competitor], list[str]]:
    """Return the designs that keep a rule's error rates, and sentences on what could not be found, and why."""
    alpha, beta = rule.errors
    asked = rule.null_rate, rule.target_rate, alpha, beta
    found: list[Competitor] = []
    said: list[str] = []
    surely = always_from(checked_targets(*asked))
    if surely > FAR:
        return [], [f"Nothing was searched: a single stage is sure of these error rates only with {surely:,} patients."]
    for name, criterion, search in _searches(asked):
        answer = _answered(name, search, said)
        for one in answer.designs if answer is not None else ():
            if one.criterion == criterion and one.document:
                found.append(Competitor(f"{name}, {criterion}", one, Design.model_validate(one.document)))
    single = next((one.found.looks[-1] for one in found if one.found.criterion == "smallest"), None)
    if single is None:
        return found, said
    answer = _answered("predictive probability", lambda: _predictive(asked, single), said)
    for one in answer.designs if answer is not None else ():
        design = Design.model_validate(one.document)
        found.append(Competitor(f"predictive probability, {one.criterion}", one, design))
    return found, said


def _searches(asked: tuple[float, float, float, float]) -> Iterator[tuple[str, str, Callable[[], Search]]]:
    yield "single stage", "smallest", lambda: single_stage(*asked, n_max=N_MAX)
    yield "Simon", "optimal", lambda: simon(*asked, n_max=N_MAX)
    yield "Simon", "minimax", lambda: simon(*asked, n_max=N_MAX)


def _predictive(asked: tuple[float, float, float, float], single: int) -> Search:
    n_max = single + BEYOND
    if n_max > MAX_PREDICTIVE_N:
        raise InputError(f"{n_max} patients are more than the {MAX_PREDICTIVE_N} that are searched")
    cohort = 1 if n_max <= SINGLE_COHORT_N else n_max // 10
    first = max(1, min(10, single // 2))
    return predictive(*asked, n_min=max(first + 1, single - BELOW), n_max=n_max, first_look=first, cohort=cohort)


def _answered(name: str, search: Callable[[], Search], said: list[str]) -> Search | None:
    try:
        return search()
    except InputError as error:
        sentence = f"{name}: {str(error).rstrip('.')}."
        if sentence not in said:
            said.append(sentence)
        return None
