"""The engines against themselves and each other: identical runs, simulated = exact, properties of the exact engine."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.agreement import designs as d
from tests.naive import trial as naive
from trialsim import Result, Scenario, run
from trialsim.endings import Tally, empty_tally
from trialsim.engines.exact import solve
from trialsim.engines.montecarlo import Study, record, simulate
from trialsim.kernels.counts import Record
from trialsim.oc.entry import Setting
from trialsim.plan import Plan

RANDOM = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def responses(at_least: int) -> d.Data:
    return {"kind": "responses", "at_least": at_least}


def limit(side: str, above: float, level: float = 0.9) -> d.Data:
    return {"kind": "confidence-limit", "side": side, "above": above, "interval": "clopper-pearson", "level": level}


FINAL = {"at": "full_enrolment"}
FINAL_OF_ARMS = {**FINAL, "success_if": {"rule": limit("lower", 0.15)}}
FINAL_POOLED = {**FINAL, "success_if": {"of": "pooled", "rule": limit("lower", 0.2)}}

DESIGNS = {
    "one arm, two looks": d.data_of(
        [1],
        29,
        [
            {"at": {"per_arm": 10}, "continue_if": {"rule": responses(2)}},
            {**FINAL, "success_if": {"rule": responses(6)}},
        ],
    ),
    "three arms 2:1:1, refill": d.data_of(
        [2, 1, 1],
        80,
        [
            {"at": {"per_arm": 10}, "continue_if": {"rule": responses(3)}},
            {"at": {"total": 60}, "continue_if": {"rule": limit("upper", 0.4)}},
            FINAL_OF_ARMS,
        ],
        "refill",
    ),
    "pooled rules": d.data_of(
        [1, 2],
        [20, 30],
        [
            {"at": {"total": 15}, "continue_if": {"of": "pooled", "rule": responses(3)}},
            {
                "at": {"total": 30},
                "continue_if": {"of": "pooled", "rule": responses(8)},
                "success_if": {"of": "pooled", "then": "stop", "rule": responses(12)},
            },
            FINAL_POOLED,
        ],
    ),
    "efficacy stops": d.data_of(
        [1, 1],
        [24, 30],
        [
            {
                "at": {"per_arm": 8},
                "continue_if": {"rule": responses(1)},
                "success_if": {"then": "stop", "rule": responses(5)},
            },
            {"at": {"per_arm": 16}, "success_if": {"then": "stop", "rule": limit("lower", 0.2)}},
            FINAL_OF_ARMS,
        ],
        "stop_trial",
    ),
    "ten looks": d.data_of(
        [1, 1],
        [40, 40],
        [
            {"at": {"per_arm": 4 * number}, "continue_if": {"rule": responses(number - 1 - number // 5)}}
            for number in range(1, 10)
        ]
        + [FINAL_OF_ARMS],
    ),
}
RUN_IN_PARTS = ("three arms 2:1:1, refill", "pooled rules")


def study_of(name: str) -> Study:
    n_arms = len(DESIGNS[name]["arms"])
    case = d.case_of(DESIGNS[name], (0.3, 0.2, 0.4)[:n_arms])
    return Study(case.plan, case.rates, 11)


def same(a: Tally, b: Tally) -> bool:
    return a.n_trials == b.n_trials and all(np.array_equal(x, y) for x, y in zip(a[1:], b[1:], strict=True))


# ---------------------------------------------------------------- nothing but seed and number matters


@pytest.mark.parametrize("name", RUN_IN_PARTS)
@pytest.mark.parametrize("n_jobs", [1, 2, -1])
@pytest.mark.parametrize("block", [1, 7, 500, 10_000])
def test_blocks_and_jobs_change_nothing(name: str, block: int, n_jobs: int) -> None:
    study = study_of(name)
    n_sims = 1_700 if block < 100 else 25_000
    whole = simulate(study, n_sims)
    assert whole.ending.sum() == n_sims
    assert np.count_nonzero(whole.ending) > 2
    assert same(simulate(study, n_sims, block=block, n_jobs=n_jobs), whole)


def test_another_seed_is_another_run() -> None:
    study = study_of("pooled rules")
    assert not same(simulate(study, 1_700), simulate(study._replace(seed=12), 1_700))


def tally_of(plan: Plan, written: Record) -> Tally:
    """Count what a record says, trial by trial."""
    tally = empty_tally(plan, np.int64)._replace(n_trials=len(written.ending))
    for i, ending in enumerate(written.ending):
        tally.ending[ending] += 1
        nodes = [int(node) for node in plan.endings.node[ending] if node >= 0]
        x = written.x[plan.nodes.look[nodes[-1]], :, i]
        for arm, offset in enumerate(plan.endings.n[ending]):
            row = plan.nodes.arm_offset[ending, arm] + x[arm]
            assert (plan.arm_cells.arm[row], plan.arm_cells.n[row], plan.arm_cells.x[row]) == (arm, offset, x[arm])
            tally.arm[row] += 1
        tally.pooled[plan.nodes.pooled_offset[ending] + x.sum()] += 1
        for node in nodes:
            if plan.nodes.ending[node] < 0:
                then = written.x[plan.nodes.look[node], :, i]
                tally.criterion[node, :-1] += then >= plan.nodes.success[node]
                tally.criterion[node, -1] += then.sum() >= plan.nodes.pooled_success[node]
    return tally


@pytest.mark.parametrize("name", DESIGNS)
def test_trials_add_up_to_tallies(name: str) -> None:
    study, n, m = study_of(name), 700, 1_300
    longer = record(study, 0, m)
    first, second = record(study, 0, n), record(study, n, m - n)
    assert np.array_equal(longer.ending[:n], first.ending)
    for i, ending in enumerate(first.ending):
        taken = study.plan.endings.node[ending] >= 0
        assert np.array_equal(longer.x[taken, :, i], first.x[taken, :, i])
    assert same(tally_of(study.plan, first), simulate(study, n))
    assert same(tally_of(study.plan, longer), simulate(study, m))
    assert same(tally_of(study.plan, first).merged(tally_of(study.plan, second)), simulate(study, m))
    assert simulate(study, n).criterion.any() == any("success_if" in look for look in DESIGNS[name]["looks"][:-1])


# ---------------------------------------------------------------- simulated = exact


def compared(name: str) -> Result:
    """Return both engines' values of a design under three truths, 40,000 replicates."""
    arms = [arm["name"] for arm in DESIGNS[name]["arms"]]
    mixed = dict(zip(arms, (0.3, 0.15, 0.45), strict=False))
    truths = [("inactive", 0.1), ("active", 0.3), ("mixed", mixed)]
    scenario = {
        "schema": "trialsim.scenario/1",
        "name": "agreement",
        "design": DESIGNS[name],
        "truths": [{"name": word, "response_rate": rate} for word, rate in truths],
        "seed": 3,
        "n_sims": 40_000,
    }
    return run(Scenario.model_validate(scenario))


@pytest.mark.parametrize("name", DESIGNS)
def test_simulated_is_exact(name: str) -> None:
    agreement = compared(name).agreement
    assert agreement is not None
    assert agreement.n_judged > 50
    assert agreement.failures == ()
    assert agreement.worst is not None
    assert agreement.worst.z != 0.0


@pytest.mark.parametrize("name", DESIGNS)
def test_slightly_different_rates_are_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def solve_elsewhere(setting: Setting, *_: object) -> Tally:
        return solve(setting.plan, tuple(rate + 0.01 for rate in setting.rates))

    monkeypatch.setattr("trialsim.api._solve", solve_elsewhere)
    agreement = compared(name).agreement
    assert agreement is not None
    assert {"inactive", "active", "mixed"} == {record.truth for record in agreement.failures}


# ---------------------------------------------------------------- properties of the exact engine


@RANDOM
@given(d.designs())
def test_probabilities_sum_to_one(case: d.Case) -> None:
    tally = solve(case.plan, case.rates)
    assert tally.n_trials == 1
    assert all((part >= 0).all() for part in tally[1:])
    assert tally.ending.sum() == pytest.approx(1, abs=1e-12)
    assert tally.pooled.sum() == pytest.approx(1, abs=1e-12)
    for arm in range(len(case.rates)):
        assert tally.arm[case.plan.arm_cells.arm == arm].sum() == pytest.approx(1, abs=1e-12)


def goes_on(case: d.Case, arm: int) -> float:
    """Return the probability that the arm takes part in the final look."""
    return float(solve(case.plan, case.rates).ending[case.plan.endings.stop_look[:, arm] < 0].sum())


def expected_n(case: d.Case) -> list[float]:
    """Return the expected number of patients of each arm."""
    return [float(n) for n in solve(case.plan, case.rates).ending @ case.plan.endings.n]


def test_going_on_increases_with_the_true_rate() -> None:
    seen: Counter[str] = Counter()

    @RANDOM
    @given(d.designs(d.Shape(stops_for_efficacy=False)), st.data())
    def increases(case: d.Case, data: st.DataObject) -> None:
        arm = data.draw(st.integers(0, len(case.rates) - 1))
        rising = [
            goes_on(case._replace(rates=(*case.rates[:arm], rate, *case.rates[arm + 1 :])), arm)
            for rate in (0.0, 0.1, 0.3, 0.6, 0.9, 1.0)
        ]
        assert all(low <= high + 1e-12 for low, high in pairwise(rising))
        seen["rises"] += rising[0] < rising[2] - 0.01

    increases()
    assert seen["rises"] >= 15


def stricter(data: d.Data, look: int) -> d.Data:
    """Return the design with one response more asked of those who are to go on."""
    looks = [dict(each) for each in data["looks"]]
    rule = looks[look]["continue_if"]["rule"]
    needed = rule["at_least"]
    more = {arm: n + 1 for arm, n in needed.items()} if isinstance(needed, dict) else needed + 1
    looks[look]["continue_if"] = {**looks[look]["continue_if"], "rule": {**rule, "at_least": more}}
    return {**data, "looks": looks}


# A total look waits for the arms that are left when another has stopped, and pooled responses change with who is in:
# there a stricter rule for arms can let the others run on. Where arms do not meet, or all stop together, it cannot.
ARMS_APART = d.Shape(when_arm_stops=("arm_cap",), has_total_looks=False, scopes=("arm",))
ALL_TOGETHER = d.Shape(when_arm_stops=("arm_cap",))


@pytest.mark.parametrize(("shape", "scope"), [(ARMS_APART, "arm"), (ALL_TOGETHER, "pooled")], ids=["arm", "pooled"])
@pytest.mark.long
def test_a_stricter_rule_never_raises_expected_patients(shape: d.Shape, scope: str) -> None:
    seen: Counter[str] = Counter()

    @RANDOM
    @given(d.design_data(shape), st.data())
    def no_more_patients(data: d.Data, more: st.DataObject) -> None:
        rules = {i: look["continue_if"] for i, look in enumerate(data["looks"]) if "continue_if" in look}
        of_responses = [i for i, rule in rules.items() if rule["of"] == scope and rule["rule"]["kind"] == "responses"]
        assume(of_responses)
        rates = tuple(more.draw(st.sampled_from((0.3, 0.5, 0.1, 0.8))) for _ in data["arms"])
        before = d.valid_case(data, rates)
        after = d.valid_case(stricter(data, more.draw(st.sampled_from(of_responses))), rates)
        pairs = list(zip(expected_n(after), expected_n(before), strict=True))
        assert all(fewer <= n + 1e-12 for fewer, n in pairs)
        seen["falls"] += sum(fewer for fewer, _ in pairs) < sum(n for _, n in pairs) - 0.01

    no_more_patients()
    assert seen["falls"] >= 15


@RANDOM
@given(d.designs())
def test_expected_patients_are_within_the_plan(case: d.Case) -> None:
    nobody, everybody = [0] * len(case.rates), [True] * len(case.rates)
    first = naive.next_size(case.twin, case.twin["looks"][0], nobody, everybody)
    caps = naive.planned_caps(case.twin)
    found = expected_n(case)
    assert first is not None
    assert all(least <= n + 1e-9 for least, n in zip(first, found, strict=True))
    assert sum(found) <= sum(caps) + 1e-9
    if case.twin["when_arm_stops"] != "refill":
        assert all(n <= cap + 1e-9 for n, cap in zip(found, caps, strict=True))
    else:
        someone_went_on = (case.plan.endings.stop_look < 0).any(axis=1)
        assert set(case.plan.endings.n[someone_went_on].sum(axis=1).tolist()) == {sum(caps)}
