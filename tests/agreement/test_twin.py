"""The counts kernel is the naive twin, trial by trial and exactly."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agreement import designs as d
from tests.naive import trial as naive
from trialsim import load_design
from trialsim.compile import compile_design
from trialsim.engines.montecarlo import Study, record
from trialsim.engines.tables import draw_tables
from trialsim.kernels.draws import GUIDE_BITS
from trialsim.plan import Draws
from trialsim.spec.rules.asked import Asked
from trialsim.spec.rules.confidence_limit import ConfidenceLimitRule
from trialsim.spec.shipped import shipped_file
from trialsim.spec.yaml import read_yaml
from trialsim.trials import trial_columns


def columns_of_kernel(case: d.Case, seed: int, first: int, n_trials: int) -> dict[str, list[Any]]:
    """Return what the kernel says of each trial, one list per column."""
    written = record(Study(case.plan, case.rates, seed), first, n_trials)
    shown = trial_columns(case.design, case.plan, written)
    columns = {name: column.tolist() for name, column in shown.items()}
    histories = dict(zip(case.plan.nodes.ending.tolist(), d.histories_of_plan(case), strict=True))
    columns["history"] = [histories[ending] for ending in written.ending.tolist()]
    return columns


def columns_of_twin(case: d.Case, trials: list[naive.Trial]) -> dict[str, list[Any]]:
    """Return the same of the twin's trials."""
    columns: dict[str, list[Any]] = {}
    look_names = case.design.look_names
    for arm, name in enumerate(case.design.arm_names):
        columns[f"{name}: patients"] = [trial.patients[arm] for trial in trials]
        columns[f"{name}: responses"] = [trial.responses[arm] for trial in trials]
        stops = [trial.stop_look[arm] for trial in trials]
        columns[f"{name}: stopped at"] = [look_names[stop] if stop >= 0 else None for stop in stops]
    for number, look in enumerate(case.twin["looks"]):
        of = look["success_if"]["of"] if "success_if" in look else "nobody"
        for slot, name in enumerate((*case.design.arm_names, "pooled")):
            if of == ("pooled" if name == "pooled" else "arm"):
                columns[f"{look_names[number]}: success of {name}"] = [trial.success[number][slot] for trial in trials]
    columns["history"] = [d.histories_of_trial(case, trial)[-1] for trial in trials]
    return columns


def check(case: d.Case, seed: int, first: int, n_trials: int) -> Counter[str]:
    """Compare both on some replicates; return of how many trials each thing is true that can happen in one."""
    trials = [d.twin_trial(case, seed, first + i) for i in range(n_trials)]
    found, expected = columns_of_kernel(case, seed, first, n_trials), columns_of_twin(case, trials)
    assert set(found) == set(expected)
    for name in expected:
        assert found[name] == expected[name], name
    return Counter(thing for trial in trials for thing in d.occurrences(case, trial))


@pytest.mark.parametrize(
    ("when_arm_stops", "expected"),
    [
        ("arm_cap", {naive.FUTILITY, naive.EFFICACY, d.SKIPPED, d.POOLED_FUTILITY, d.POOLED_EFFICACY}),
        ("refill", {naive.FUTILITY, naive.EFFICACY, d.BEYOND_CAP}),
        ("stop_trial", {naive.FUTILITY, naive.EFFICACY, naive.WITH_THE_TRIAL}),
    ],
)
@pytest.mark.parametrize("n_designs", [40, pytest.param(600, marks=pytest.mark.slow_statistics)])  # 20 s for 600
def test_random_designs(when_arm_stops: str, expected: set[str], n_designs: int) -> None:
    seen: Counter[str] = Counter()
    replicates = st.integers(0, 1000) | st.integers(2**20, 2**62)

    @hypothesis.seed(len(when_arm_stops))  # other designs for each
    @settings(derandomize=True, deadline=None, max_examples=n_designs, suppress_health_check=[HealthCheck.too_slow])
    @given(d.designs(d.Shape(when_arm_stops=(when_arm_stops,))), st.integers(0, 2**63 - 1), replicates)
    def same_trials(case: d.Case, seed: int, first: int) -> None:
        seen.update(check(case, seed, first, 20))

    same_trials()
    print(seen)
    assert {naive.WENT_ON, d.TAKEN, d.MET, d.NOT_MET} | expected <= set(seen), seen


def test_every_response_and_none() -> None:
    case = d.case_of(d.data_of([1, 1], [3, 3], [{"at": "full_enrolment"}]), (1.0, 0.0))
    check(case, 1, 0, 20)


def responses(at_least: int | dict[str, int]) -> d.Data:
    return {"kind": "responses", "at_least": at_least}


def limit(side: str, above: float, level: float = 0.8) -> d.Data:
    return {"kind": "confidence-limit", "side": side, "above": above, "interval": "clopper-pearson", "level": level}


FINAL = {"at": "full_enrolment"}
STAGE = {"at": {"per_arm": 5}, "continue_if": {"rule": responses(2)}}
POOLED_FINAL = {**FINAL, "success_if": {"of": "pooled", "requires_all_arms": True, "rule": limit("lower", 0.2)}}

FIXED = {
    "skipped total look": (
        d.data_of([1, 1], [10, 10], [STAGE, {"at": {"total": 16}, "continue_if": {"rule": responses(4)}}, FINAL]),
        (0.3, 0.5),
        {d.SKIPPED, d.TAKEN, naive.FUTILITY, naive.WENT_ON},
    ),
    "refill of three arms": (
        d.data_of(
            [2, 1, 1], 40, [STAGE, {"at": {"total": 30}, "continue_if": {"rule": responses(4)}}, FINAL], "refill"
        ),
        (0.3, 0.3, 0.5),
        {d.BEYOND_CAP, naive.FUTILITY, naive.WENT_ON},
    ),
    "stop_trial": (
        d.data_of(
            [1, 2], [8, 12], [STAGE, {"at": {"total": 15}, "continue_if": {"rule": responses(4)}}, FINAL], "stop_trial"
        ),
        (0.3, 0.5),
        {naive.WITH_THE_TRIAL, naive.FUTILITY, naive.WENT_ON},
    ),
    "pooled futility": (
        d.data_of(
            [1, 1], 20, [{"at": {"total": 9}, "continue_if": {"of": "pooled", "rule": limit("upper", 0.5)}}, FINAL]
        ),
        (0.3, 0.3),
        {d.POOLED_FUTILITY, naive.WENT_ON},
    ),
    "pooled efficacy after an arm's futility": (
        d.data_of(
            [1, 1],
            [12, 12],
            [
                STAGE,
                {"at": {"per_arm": 8}, "success_if": {"of": "pooled", "then": "stop", "rule": limit("lower", 0.3)}},
                POOLED_FINAL,
            ],
        ),
        (0.3, 0.6),
        {d.POOLED_EFFICACY, naive.FUTILITY, naive.EFFICACY, naive.WENT_ON, d.DENIED, d.MET, d.NOT_MET},
    ),
    "arm efficacy": (
        d.data_of(
            [3, 2, 1],
            [12, 8, 5],
            [
                {
                    "at": {"per_arm": {"A": 6, "B": 4, "C": 3}},
                    "continue_if": {"rule": responses({"A": 2, "B": 1, "C": 1})},
                    "success_if": {"then": "stop", "rule": responses({"A": 4, "B": 3, "C": 2})},
                },
                {"at": {"total": 18}, "success_if": {"then": "stop", "rule": limit("lower", 0.3)}},
                {**FINAL, "success_if": {"rule": limit("lower", 0.2)}},
            ],
            "refill",
        ),
        (0.3, 0.5, 0.4),
        {naive.EFFICACY, naive.FUTILITY, naive.WENT_ON, d.BEYOND_CAP, d.MET, d.NOT_MET},
    ),
    "requires_all_arms": (
        d.data_of(
            [1, 1],
            [10, 10],
            [
                STAGE,
                {
                    "at": {"total": 14},
                    "success_if": {"of": "pooled", "then": "stop", "requires_all_arms": True, "rule": responses(6)},
                },
                POOLED_FINAL,
            ],
        ),
        (0.4, 0.4),
        {d.DENIED, d.POOLED_EFFICACY, d.MET, d.NOT_MET, naive.FUTILITY},
    ),
    "five arms": (
        d.data_of([1, 1, 2, 1, 3], 60, [STAGE, FINAL], "refill"),
        (0.2, 0.3, 0.4, 0.5, 0.6),
        {naive.FUTILITY, naive.WENT_ON, d.BEYOND_CAP},
    ),
    "pooled futility has the last word": (
        d.data_of(
            [1, 1],
            [10, 10],
            [
                {
                    "at": {"per_arm": 5},
                    "continue_if": {"of": "pooled", "rule": responses(4)},
                    "success_if": {"then": "stop", "rule": responses(3)},
                },
                FINAL,
            ],
            "stop_trial",
        ),
        (0.5, 0.1),
        {d.OVERRULED, d.POOLED_FUTILITY, naive.EFFICACY, naive.WITH_THE_TRIAL, naive.WENT_ON},
    ),
}


@pytest.mark.parametrize("name", FIXED)
def test_fixed_designs(name: str) -> None:
    data, rates, expected = FIXED[name]
    seen = check(d.case_of(data, rates), seed=7, first=0, n_trials=300)
    assert all(seen[thing] >= 5 for thing in expected), seen


def test_more_trials_than_a_tile() -> None:
    data, rates, _ = FIXED["refill of three arms"]
    check(d.case_of(data, rates), seed=2**63 - 1, first=2**32 - 600, n_trials=1100)


@pytest.mark.parametrize("when_arm_stops", ["arm_cap", "refill", "stop_trial"])
@pytest.mark.parametrize("rates", [(0.05, 0.3), (0.3, 0.3)], ids=str)
def test_founding_trial(when_arm_stops: str, rates: tuple[float, ...]) -> None:
    file = shipped_file("gist-imatinib", "designs")
    assert file is not None
    data, _ = read_yaml(file.read_text())
    design = load_design("gist-imatinib")
    enrolment = design.enrolment.model_copy(update={"when_arm_stops": when_arm_stops})
    design = design.model_copy(update={"enrolment": enrolment})
    twin = d.twin_of(data)
    assert twin["when_arm_stops"] == "arm_cap"
    twin["when_arm_stops"] = when_arm_stops
    seen = check(d.Case(design, compile_design(design), twin, rates), seed=20020815, first=0, n_trials=300)
    assert {naive.FUTILITY, naive.WENT_ON, d.MET, d.NOT_MET} <= set(seen) or rates == (0.05, 0.3)
    assert (naive.WITH_THE_TRIAL in seen) == (when_arm_stops == "stop_trial")
    assert (d.BEYOND_CAP in seen) == (when_arm_stops == "refill")
    assert (d.DENIED in seen) == (when_arm_stops == "refill")  # without refill a stopped arm leaves fewer than 100


@pytest.mark.parametrize("side", ["lower", "upper"])
def test_limits_become_the_same_numbers(side: str) -> None:
    # n = 0: a total look can fall before an arm has its first patient. At 0.5 and 0.25, limits equal the rate exactly.
    for n in range(19):
        for above in (0.0, 0.05, 0.2, 0.25, 0.5, 0.75, 0.95):
            for level in (0.5, 0.8, 0.9, 0.95, 0.99):
                least = ConfidenceLimitRule(kind="confidence-limit", side=side, above=above, level=level).boundary(
                    Asked("A", n, n)
                )
                met = [naive.rule_met((f"{side}_limit", level, above), x, n) for x in range(n + 1)]
                assert [x >= least for x in range(n + 1)] == met, (n, above, level)


@pytest.mark.parametrize(
    ("n", "rate"), [(1, 0.5), (3, 0.0), (3, 1.0), (18, 0.05), (73, 0.3), (147, 0.995), (200, 0.99), (1100, 0.5)]
)
def test_draws_at_the_edges_of_the_table(n: int, rate: float) -> None:
    tables = draw_tables(Draws(np.array([0]), np.array([n])), (rate,))
    slots = [slot << (64 - GUIDE_BITS) for slot in (1, 2, 511, 512, 1022, 1023)]
    words = {1, 2, 1000, 2**64 - 1, 2**64 - 2, 2**64 - 1000, *slots, *(slot - 1 for slot in slots)}
    # Word 0 draws the first count whose probability is not 0; a float cannot tell 1e-330 from 0, so there is no asking.
    words |= {0} if n < 100 else set()
    for word in sorted(words):
        count = int(tables.guide[0, word >> (64 - GUIDE_BITS)])
        while word > int(tables.threshold[0, count]):
            count += 1
        assert count == naive.binomial_draw(word, n, Fraction(rate)), word
