"""Small designs told twice, to trialsim and to the naive twin, and what became of their trials in common words.

A design begins as the plain data of a design file. trialsim reads that data; `twin_of` translates it for the twin, so
that neither hears of it through the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple
from unittest.mock import patch

from hypothesis import assume
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.naive import enumeration
from tests.naive import trial as naive
from trialsim import Design, InputError
from trialsim.compile import compile_design
from trialsim.plan import NEVER, Plan

Data = dict[str, Any]

RATES = (0.3, 0.5, 0.3, 0.5, 0.8, 0.05, 0.0, 1.0)
"""Twice the rates at which every decision is to be seen; at 0 and 1 nothing is left to chance."""
LEVELS = (0.5, 0.8, 0.9, 0.95)
ABOVE = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
SKIPPED, TAKEN, BEYOND_CAP = "a look was skipped", "a look was taken", "an arm was refilled beyond its planned cap"
DENIED, OVERRULED = "an arm that stopped denied pooled success", "an arm's success was overruled by pooled futility"
POOLED_FUTILITY, POOLED_EFFICACY = "pooled futility", "pooled efficacy"
MET, NOT_MET = "a success criterion was met", "a success criterion was not met"


class Case(NamedTuple):
    """One design in both forms, and the true rates."""

    design: Design
    plan: Plan
    twin: naive.Design
    rates: tuple[float, ...]

    @property
    def exact_rates(self) -> list[Fraction]:
        """The rates as the fractions that the floats are."""
        return [Fraction(rate) for rate in self.rates]


def case_of(data: Data, rates: tuple[float, ...]) -> Case:
    """Return a design file's data as a case; raises what trialsim raises."""
    design = Design.model_validate(data)
    return Case(design, compile_design(design), twin_of(data), rates)


def data_of(arms: list[int], cap: int | list[int], looks: list[Data], when_arm_stops: str = "arm_cap") -> Data:
    """Return the data of a design file: arms by their ratios, caps in order, looks without names, the last one too."""
    names = "ABCDE"[: len(arms)]
    return {
        "schema": "trialsim.design/1",
        "name": "small",
        "arms": [{"name": name, "ratio": ratio} for name, ratio in zip(names, arms, strict=True)],
        "enrolment": {
            "cap": cap if isinstance(cap, int) else dict(zip(names, cap, strict=True)),
            "when_arm_stops": when_arm_stops,
        },
        "looks": [{"name": f"look {number}", **look} for number, look in enumerate(looks)],
    }


# ---------------------------------------------------------------- the twin's form


def twin_of(data: Data) -> naive.Design:
    """Return the twin's form of a design file's data. A rule with a number per arm holds a tuple of them."""
    names = [arm["name"] for arm in data["arms"]]
    cap = data["enrolment"]["cap"]
    return {
        "ratio": [arm.get("ratio", 1) for arm in data["arms"]],
        "cap": [cap[name] for name in names] if isinstance(cap, dict) else cap,
        "when_arm_stops": data["enrolment"].get("when_arm_stops", "arm_cap"),
        "looks": [_twin_look(look, names) for look in data["looks"]],
    }


def _twin_look(look: Data, names: list[str]) -> naive.Look:
    twin: naive.Look = {"at": _twin_at(look["at"], names)}
    for which in ("continue_if", "success_if"):
        if which in look:
            twin[which] = {"of": "arm", "then": "continue", **look[which]}
            twin[which]["rule"] = _twin_rule(look[which]["rule"], names)
    return twin


def _twin_at(at: str | Data, names: list[str]) -> tuple[Any, ...]:
    if at == "full_enrolment":
        return ("full_enrolment",)
    assert isinstance(at, dict)
    if "total" in at:
        return ("total", at["total"])
    wanted = at["per_arm"]
    return ("per_arm", [wanted[name] if isinstance(wanted, dict) else wanted for name in names])


def _twin_rule(rule: Data, names: list[str]) -> naive.Rule:
    if rule["kind"] == "responses":
        needed = rule["at_least"]
        return ("responses", tuple(needed[name] for name in names) if isinstance(needed, dict) else needed)
    assert rule["interval"] == "clopper-pearson"
    return (f"{rule['side']}_limit", rule["level"], rule["above"])


# ---------------------------------------------------------------- asking the twin

_success_at, _decisions_at = naive.success_at, naive.decisions_at


def twin_trial(case: Case, seed: int, replicate: int) -> naive.Trial:
    """Return the twin's replicate."""
    with _one_arm_at_a_time():
        return naive.simulate_trial(case.twin, case.exact_rates, seed, replicate)


def twin_trials(case: Case) -> list[tuple[naive.Trial, Fraction]]:
    """Return all of the twin's trials with their probabilities."""
    with _one_arm_at_a_time():
        return enumeration.enumerate_trials(case.twin, case.exact_rates)


@contextmanager
def _one_arm_at_a_time() -> Iterator[None]:
    """Put a rule with a number per arm to the twin, whose rules hold one number, once for each arm."""

    def success_at(look: naive.Look, patients: list[int], *rest: Any) -> naive.SuccessRow:
        rows = [_success_at(_for_arm(look, arm), patients, *rest) for arm in range(len(patients))]
        return (*(row[arm] for arm, row in enumerate(rows)), rows[0][-1])

    def decisions_at(look: naive.Look, patients: list[int], *rest: Any) -> list[str | None]:
        return [_decisions_at(_for_arm(look, arm), patients, *rest)[arm] for arm in range(len(patients))]

    with patch.object(naive, "success_at", success_at), patch.object(naive, "decisions_at", decisions_at):
        yield


def _for_arm(look: naive.Look, arm: int) -> naive.Look:
    """Return the look with this arm's numbers in its rules."""
    own = dict(look)
    for which in ("continue_if", "success_if"):
        if which in look and isinstance(look[which]["rule"][1], tuple):
            own[which] = {**look[which], "rule": ("responses", look[which]["rule"][1][arm])}
    return own


# ---------------------------------------------------------------- what happened


class History(NamedTuple):
    """What has happened when a look falls, or at the end."""

    taken: tuple[int, ...]
    """The looks that took place, this one included."""
    patients: tuple[int, ...]
    stop_look: tuple[int, ...]
    reasons: tuple[str, ...]


def histories_of_plan(case: Case) -> list[History]:
    """Return the history of each node of the plan, read from decision codes and children alone."""
    nodes, stop_trial = case.plan.nodes, case.design.enrolment.when_arm_stops == "stop_trial"
    n_arms = len(case.design.arms)
    sizes = [tuple(row) for row in nodes.n.tolist()]
    found = {0: History((int(nodes.look[0]),), sizes[0], (-1,) * n_arms, (naive.WENT_ON,) * n_arms)}
    for node in range(len(nodes.look)):
        taken, _, stop_look, reasons = found[node]
        for code in range(nodes.n_codes[node]):
            decisions = _decisions_of_code(case.plan, node, code, stop_look)
            if stop_trial and any(word in (naive.FUTILITY, naive.EFFICACY) for word in decisions):
                decisions = [naive.WITH_THE_TRIAL if word == naive.CONTINUE else word for word in decisions]
            stops = [word not in (None, naive.CONTINUE) for word in decisions]
            then = tuple(int(nodes.look[node]) if stop else old for stop, old in zip(stops, stop_look, strict=True))
            why = tuple(str(word) if stop else old for stop, word, old in zip(stops, decisions, reasons, strict=True))
            child = int(nodes.children[nodes.first_child[node] + code])
            assert child not in found
            looks = (*taken, int(nodes.look[child])) if -1 in then else taken
            found[child] = History(looks, sizes[child], then, why)
    return [found[node] for node in range(len(nodes.look))]


def _decisions_of_code(plan: Plan, node: int, code: int, stop_look: tuple[int, ...]) -> list[str | None]:
    words = (naive.CONTINUE, naive.FUTILITY, naive.EFFICACY)
    radix = 3 if (plan.nodes.stop_high[node] < NEVER).any() else 2
    futility, efficacy = plan.nodes.pooled_code[node]
    if code in (futility, efficacy):
        verdicts = [naive.FUTILITY if code == futility else naive.EFFICACY] * len(stop_look)
    else:
        strides = [int(stride) for stride in plan.nodes.stride[node]]
        verdicts = [words[code // stride % radix] if stride else naive.CONTINUE for stride in strides]
    return [verdict if stopped == -1 else None for verdict, stopped in zip(verdicts, stop_look, strict=True)]


def histories_of_trial(case: Case, trial: naive.Trial) -> dict[int, History]:
    """Return the history at each look of the twin's trial that took place, and under -1 the one at the end."""
    sizes = _sizes_at_looks(_frozen(case.twin), trial.stop_look)
    found = {}
    for look in sizes:
        earlier = [0 <= stop < look for stop in trial.stop_look]
        stop_look = tuple(s if before else -1 for s, before in zip(trial.stop_look, earlier, strict=True))
        reasons = tuple(r if before else naive.WENT_ON for r, before in zip(trial.reasons, earlier, strict=True))
        found[look] = History(tuple(taken for taken in sizes if taken <= look), sizes[look], stop_look, reasons)
    found[-1] = History(tuple(sizes), trial.patients, trial.stop_look, trial.reasons)
    return found


def _frozen(twin: naive.Design) -> tuple[Any, ...]:
    looks = tuple(
        (look["at"][0], *(tuple(n) if isinstance(n, list) else n for n in look["at"][1:])) for look in twin["looks"]
    )
    cap = twin["cap"] if isinstance(twin["cap"], int) else tuple(twin["cap"])
    return tuple(twin["ratio"]), cap, twin["when_arm_stops"], looks


@cache
def _sizes_at_looks(frozen: tuple[Any, ...], stop_look: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
    """Return the patients of each arm at every look that takes place when arms stop at these looks, by the twin."""
    ratio, cap, when_arm_stops, looks = frozen
    twin = {"ratio": list(ratio), "cap": cap if isinstance(cap, int) else list(cap), "when_arm_stops": when_arm_stops}
    patients, found = [0] * len(ratio), {}
    for number, at in enumerate(looks):
        sizes = naive.next_size(twin, {"at": at}, patients, [stop == -1 or stop >= number for stop in stop_look])
        if sizes is not None:
            patients, found[number] = sizes, tuple(sizes)
    return found


def occurrences(case: Case, trial: naive.Trial) -> set[str]:
    """Return what the twin's trial is an example of."""
    found = set(trial.reasons)
    histories = histories_of_trial(case, trial)
    caps = naive.planned_caps(case.twin)
    if any(n > cap for n, cap in zip(trial.patients, caps, strict=True)):
        found.add(BEYOND_CAP)
    for number, look in enumerate(case.twin["looks"]):
        if number not in histories:
            anybody_left = any(stop == -1 or stop >= number for stop in trial.stop_look)
            found |= {SKIPPED} if anybody_left else set()
            continue
        found.add(TAKEN)
        row = trial.success[number]
        found |= {MET} if True in row else set()
        found |= {NOT_MET} if False in row else set()
        success, criterion = look.get("success_if", {}), look.get("continue_if", {})
        stopped = {reason for reason, stop in zip(trial.reasons, trial.stop_look, strict=True) if stop == number}
        if success.get("requires_all_arms") and any(0 <= stop < number for stop in trial.stop_look):
            found.add(DENIED)
        if row[-1] and success["then"] == "stop" and naive.EFFICACY in stopped:
            found.add(POOLED_EFFICACY)
        if criterion.get("of") == "pooled" and naive.FUTILITY in stopped:
            found.add(POOLED_FUTILITY)
            if success.get("then") == "stop" and True in row[:-1]:
                found.add(OVERRULED)
    return found


# ---------------------------------------------------------------- random designs


class Shape(NamedTuple):
    """What a random design may be."""

    max_cap: tuple[int, ...] = (12, 12, 12)
    """Most patients of an arm, by the number of arms."""
    max_looks: int = 4
    when_arm_stops: tuple[str, ...] = ("arm_cap", "refill", "stop_trial")
    has_total_looks: bool = True
    scopes: tuple[str, ...] = ("arm", "pooled")
    stops_for_efficacy: bool = True


@st.composite
def designs(draw: st.DrawFn, shape: Shape = Shape()) -> Case:  # noqa: B008 - immutable
    """Random small designs with random true rates."""
    data = draw(design_data(shape))
    rates = tuple(draw(st.sampled_from(RATES)) for _ in data["arms"])
    return valid_case(data, rates)


def valid_case(data: Data, rates: tuple[float, ...]) -> Case:
    """Return the case, or give the random design up if trialsim refuses it."""
    try:
        return case_of(data, rates)
    except (ValidationError, InputError):
        assume(False)
        raise


@st.composite
def design_data(draw: st.DrawFn, shape: Shape = Shape()) -> Data:  # noqa: B008
    """The data of random design files."""
    n_arms = draw(st.sampled_from((2, 3, 2, 3, 1)))
    ratio = [draw(st.integers(1, 3)) for _ in range(n_arms)]
    most = shape.max_cap[n_arms - 1]
    if draw(st.booleans()):
        cap: int | list[int] = [draw(st.integers(min(4, most), most)) for _ in range(n_arms)]
    else:
        cap = draw(st.integers(sum(ratio) + 1, max(n_arms * most, sum(ratio) + 2)))
    when_arm_stops = draw(st.sampled_from(shape.when_arm_stops))
    twin = {"ratio": ratio, "cap": cap, "when_arm_stops": when_arm_stops}
    looks: list[Data] = []
    patients = [0] * n_arms
    for _ in range(shape.max_looks - 1 - draw(st.sampled_from([n for n in (1, 0, 1, 0, 2, 3) if n < shape.max_looks]))):
        at = draw(interim_at(shape, twin, patients))
        if at is None:
            break
        sizes = naive.next_size(twin, {"at": _twin_at(at, list("ABC"[:n_arms]))}, patients, [True] * n_arms)
        assert sizes is not None
        patients = sizes
        looks.append({"at": at, **draw(interim_rules(shape, patients))})
    final = draw(st.none() | st.sampled_from(shape.scopes))
    caps = naive.planned_caps(twin)
    looks.append({"at": "full_enrolment", **({"success_if": draw(success_if(final, caps))} if final else {})})
    return data_of(ratio, cap, looks, when_arm_stops)


@st.composite
def interim_at(draw: st.DrawFn, shape: Shape, twin: naive.Design, patients: list[int]) -> Data | None:
    """When the next interim look falls; it leaves at least one patient for the final. None: there is no room."""
    caps, n_before = naive.planned_caps(twin), sum(patients)
    names = "ABC"[: len(caps)]
    common = [n for n in range(1, min(caps) + 1) if n_before < _brought_to([n] * len(caps), patients) < sum(caps)]
    kinds = ["per_arm"] if common else []
    kinds += ["by name"] if len(caps) > 1 else []
    kinds += ["total", "total"] if shape.has_total_looks and n_before + 1 < sum(caps) else []
    kind = draw(st.sampled_from(kinds)) if kinds else None
    if kind == "by name":
        sizes = [draw(st.integers(1, cap)) for cap in caps]
        if n_before < _brought_to(sizes, patients) < sum(caps):
            return {"per_arm": dict(zip(names, sizes, strict=True))}
        kind = kinds[-1]
    if kind == "total":
        room = sum(caps) - n_before - 1
        return {"total": sum(caps) - draw(st.integers(1, room // 2 + 1) | st.integers(1, room))}
    return {"per_arm": draw(st.sampled_from(common))} if common else None


def _brought_to(sizes: list[int], patients: list[int]) -> int:
    return sum(max(size, before) for size, before in zip(sizes, patients, strict=True))


@st.composite
def interim_rules(draw: st.DrawFn, shape: Shape, patients: list[int]) -> Data:
    """The rules of an interim look at which the arms, while none has stopped, have so many patients."""
    rules: Data = {}
    goes_on = draw(st.sampled_from((*shape.scopes, "arm", "arm", None)))
    if goes_on is not None:
        rules["continue_if"] = {"of": goes_on, "rule": draw(rule_for(goes_on, patients, divisor=2))}
    succeeds = draw(st.sampled_from((*shape.scopes, None)))
    if succeeds is not None:
        criterion = draw(success_if(succeeds, patients))
        if shape.stops_for_efficacy and draw(st.booleans()):
            criterion["then"] = "stop"
            if goes_on == succeeds:
                criterion["rule"] = draw(_no_easier(rules["continue_if"]["rule"]) | st.just(criterion["rule"]))
        rules["success_if"] = criterion
    return rules


@st.composite
def success_if(draw: st.DrawFn, scope: str, patients: list[int]) -> Data:
    """A success criterion after which the trial continues."""
    criterion: Data = {"of": scope, "rule": draw(rule_for(scope, patients, divisor=1))}
    if scope == "pooled":
        criterion["requires_all_arms"] = draw(st.sampled_from((True, False)))
    return criterion


@st.composite
def rule_for(draw: st.DrawFn, scope: str, patients: list[int], divisor: int) -> Data:
    """A rule of any kind: a number of responses up to one more than a divisor of the patients, or a limit."""
    kind = draw(st.sampled_from(("one", "one", "by name", "limit")))
    if kind == "limit":
        return {
            "kind": "confidence-limit",
            "side": draw(st.sampled_from(("lower", "upper"))),
            "above": draw(st.sampled_from(ABOVE)),
            "interval": "clopper-pearson",
            "level": draw(st.sampled_from(LEVELS)),
        }
    if kind == "by name" and scope == "arm":
        needed = [draw(at_least(n // divisor + 1)) for n in patients]
        return {"kind": "responses", "at_least": dict(zip("ABC", needed, strict=False))}
    n = sum(patients) if scope == "pooled" else max(patients)
    return {"kind": "responses", "at_least": draw(at_least(n // divisor + 1))}


def at_least(most: int) -> st.SearchStrategy[int]:
    """A number of responses to ask for; 0, which everybody has, is rare."""
    return st.sampled_from((*range(1, most + 1), *range(1, most + 1), 0))


@st.composite
def _no_easier(draw: st.DrawFn, rule: Data) -> Data:
    """A rule that is met only where this one is: success and futility then never contradict each other."""
    if rule["kind"] == "responses":
        more = draw(st.integers(0, 3))
        needed = rule["at_least"]
        if isinstance(needed, dict):
            return {**rule, "at_least": {name: least + more for name, least in needed.items()}}
        return {**rule, "at_least": needed + more}
    above = draw(st.sampled_from([rate for rate in ABOVE if rate >= rule["above"]]))
    level = draw(st.sampled_from([level for level in LEVELS if level >= rule["level"]]))
    return {**rule, "side": "lower", "above": above, "level": level if rule["side"] == "lower" else rule["level"]}
