"""Responses and toxicities together: exact = enumeration, simulated = the naive twin trial by trial = exact."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.agreement.joint_designs import TRUTHS, TWINS, Data, design_of, scenario_of
from tests.naive import joint as naive
from trialsim import Scenario, run
from trialsim.comparison.groups import group_edges, simulate_groups
from trialsim.comparison.left_out import family_left_out, one_by_one
from trialsim.compile import compile_design
from trialsim.endings import Tally
from trialsim.engines.exact import solve, why_not
from trialsim.engines.exact_many import solve_each
from trialsim.engines.montecarlo import Study, record_jointly, simulate
from trialsim.inference.joint import JointRates, cells
from trialsim.oc.decisions import decisions
from trialsim.oc.entry import Setting
from trialsim.plan import Plan

Law = dict[Any, float]


def rates_of(truth: tuple[float, float, float], n_arms: int = 1) -> JointRates:
    return JointRates((truth[0],) * n_arms, (truth[1],) * n_arms, truth[2])


def add(law: Law, key: Any, weight: float) -> None:
    if weight:
        law[key] = law.get(key, 0) + weight


def law_of_engine(plan: Plan, tally: Tally, arm: int = 0) -> tuple[Law, Law]:
    """Return the weight of each (last look, too toxic), and of each (patients, responses, went on, rejects)."""
    ends: Law = {}
    final = plan.endings.node.shape[1] - 1
    for ending, weight in enumerate(tally.ending.tolist()):
        stop = int(plan.endings.stop_look[ending, arm])
        add(ends, (final if stop < 0 else stop, bool(plan.endings.toxic[ending, arm])), weight)
    outcomes: Law = {}
    own = plan.arm_cells.arm == arm
    columns = (plan.arm_cells.n, plan.arm_cells.x, plan.arm_cells.went_on, plan.arm_cells.success, tally.arm)
    for *key, weight in zip(*(column[own].tolist() for column in columns), strict=True):
        add(outcomes, tuple(key), weight)
    return ends, outcomes


def law_of_twin(twin: Data, ended: dict[tuple[int, str, int], float]) -> tuple[Law, Law]:
    ends: Law = {}
    outcomes: Law = {}
    final = len(twin["looks"]) - 1
    for (look, why, x), weight in ended.items():
        add(ends, (look, why == "toxic"), weight)
        add(outcomes, (twin["looks"][look]["n"], x, look == final, look == final and why == "reject"), weight)
    return ends, outcomes


def assert_same(found: Law, expected: Law, tolerance: float) -> None:
    for key in found.keys() | expected.keys():
        assert found.get(key, 0.0) == pytest.approx(float(expected.get(key, 0.0)), abs=tolerance), key


@pytest.mark.parametrize("truth", TRUTHS, ids=str)
@pytest.mark.parametrize("name", TWINS)
def test_exact_is_enumeration(name: str, truth: tuple[float, float, float]) -> None:
    twin, plan = TWINS[name], compile_design(design_of(TWINS[name]))
    assert why_not(plan) is None
    ended = naive.enumerate_arm(twin, naive.cells_of(*truth))
    assert {why for _, why, _ in ended} >= ({"toxic"} if 0 < truth[1] else set())
    for found, expected in zip(
        law_of_engine(plan, solve(plan, rates_of(truth))), law_of_twin(twin, ended), strict=True
    ):
        assert_same(found, expected, 1e-12)


def test_enumeration_in_fractions() -> None:
    """With cells that are fractions nothing is rounded: 1e-12 is the engine's own accuracy."""
    table = (Fraction(9, 20), Fraction(3, 20), Fraction(5, 20), Fraction(3, 20))
    twin, plan = (
        TWINS["efficacy stops, toxicity first"],
        compile_design(design_of(TWINS["efficacy stops, toxicity first"])),
    )
    ended = naive.enumerate_arm(twin, table)
    assert sum(ended.values()) == 1
    ratio = table[3] * table[0] / (table[1] * table[2])
    rates = JointRates((float(table[1] + table[3]),), (float(table[2] + table[3]),), float(ratio))
    for found, expected in zip(law_of_engine(plan, solve(plan, rates)), law_of_twin(twin, ended), strict=True):
        assert_same(found, expected, 1e-12)
    criterion = solve(plan, rates).criterion[plan.nodes.look == 0, 0].sum()
    first = naive.stage_law(4, table)
    assert criterion == pytest.approx(float(sum(p for (r, _), p in first.items() if r >= 4)), abs=1e-12)


@pytest.mark.parametrize("truth", TRUTHS[:4], ids=str)
def test_arms_that_do_not_meet_are_as_if_alone(truth: tuple[float, float, float]) -> None:
    twin = TWINS["toxicity at interim looks only"]
    alone, both = compile_design(design_of(twin)), compile_design(design_of(twin, ("A", "B")))
    rates = JointRates((truth[0], 0.4), (truth[1], 0.15), truth[2])
    expected = law_of_engine(alone, solve(alone, rates_of(truth)))
    tally = solve(both, rates)
    for found, own in zip(law_of_engine(both, tally, arm=0), expected, strict=True):
        assert_same(found, own, 1e-12)
    assert tally.pooled.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("truth", TRUTHS, ids=str)
def test_the_2x2_table(truth: tuple[float, float, float]) -> None:
    assert cells(*truth) == pytest.approx(tuple(map(float, naive.cells_of(*truth))), abs=1e-15)
    assert sum(cells(*truth)) == pytest.approx(1.0, abs=1e-15)


def test_many_truths_are_each_truth() -> None:
    for name, ratio in (("bryant and day", 1.0), ("bryant and day", 3.0), ("efficacy stops, toxicity first", 1.0)):
        plan = compile_design(design_of(TWINS[name]))
        truths = [JointRates((p,), (0.25,), ratio) for p in (0.0, 0.1, 0.35, 0.9, 1.0)]
        truths[1:1] = [JointRates((p,), (q,), 1.0) for p, q in ((0.2, 0.4), (0.3, 0.1), (0.5, 0.4), (0.2, 0.1))]
        found = solve_each(plan, truths)
        for index, truth in enumerate(truths):
            for many, one in zip(found[1:], solve(plan, truth)[1:], strict=True):
                assert many[..., index] == pytest.approx(one, abs=1e-13)


def test_rates_say_their_toxicity_wherever_they_go() -> None:
    rates = JointRates((0.3, 0.2), (0.1, 0.4), 2.0)
    assert pickle.loads(pickle.dumps(rates)) == rates
    assert rates != (0.3, 0.2)
    assert rates != JointRates((0.3, 0.2), (0.1, 0.3), 2.0)
    assert np.array_equal(np.asarray(rates), [0.3, 0.2])
    plan = compile_design(design_of(TWINS["single stage"]))
    with pytest.raises(ValueError, match="toxicity rate"):
        solve(plan, (0.3,))
    with pytest.raises(ValueError, match="toxicity"):
        JointRates((0.3, 0.2), (0.1,))


# ---------------------------------------------------------------- the simulator


@pytest.mark.parametrize("name", TWINS)
def test_simulated_is_the_twin_trial_by_trial(name: str) -> None:
    twin, plan = TWINS[name], compile_design(design_of(TWINS[name]))
    seen = set()
    for truth in TRUTHS:
        written = record_jointly(Study(plan, rates_of(truth), 11), 5, 25)
        for trial, ending in enumerate(written.ending):
            stop = int(plan.endings.stop_look[ending, 0])
            last = len(twin["looks"]) - 1 if stop < 0 else stop
            look, why, responses, toxicities = naive.simulate_arm(twin, truth, 11, 5 + trial)
            found = (last, written.x[last, 0, trial], written.toxicities[last, 0, trial])
            assert found == (look, responses, toxicities)
            assert plan.endings.toxic[ending, 0] == (why == "toxic")
            seen.add(why)
    assert {"toxic", "reject", "not"} <= seen


def test_each_arm_has_its_own_words() -> None:
    twin = TWINS["bryant and day"]
    plan = compile_design(design_of(twin, ("A", "B", "C")))
    truth = TRUTHS[1]
    written = record_jointly(Study(plan, rates_of(truth, 3), 4), 0, 40)
    for arm in range(3):
        for trial, ending in enumerate(written.ending):
            stop = int(plan.endings.stop_look[ending, arm])
            last = 1 if stop < 0 else stop
            look, _, responses, toxicities = naive.simulate_arm(twin, truth, 4, trial, arm)
            assert (last, written.x[last, arm, trial], written.toxicities[last, arm, trial]) == (
                look,
                responses,
                toxicities,
            )


def same(one: Tally, other: Tally) -> bool:
    return one.n_trials == other.n_trials and all(
        np.array_equal(*pair) for pair in zip(one[1:], other[1:], strict=True)
    )


def test_blocks_jobs_and_parts_change_nothing() -> None:
    plan = compile_design(design_of(TWINS["efficacy stops, toxicity first"], ("A", "B")))
    study = Study(plan, rates_of(TRUTHS[1], 2), 9)
    whole = simulate(study, 3_000)
    assert same(simulate(study, 3_000, block=7, n_jobs=2), whole)
    assert same(simulate(study, 3_000, begun=simulate(study, 1_111)), whole)
    assert not same(simulate(study._replace(seed=10), 3_000), whole)
    assert whole.ending.sum() == 3_000


def test_without_its_rules_the_responses_are_the_same() -> None:
    """A design with rules for toxicity that are hardly ever met sees the responses of one without."""
    twin = TWINS["bryant and day"]
    with_rules = compile_design(design_of(twin))
    without = compile_design(design_of({**twin, "looks": [{**look, "toxic": None} for look in twin["looks"]]}))
    rates = JointRates((0.4,), (0.0,))
    joint_tally, plain = simulate(Study(with_rules, rates, 3), 5_000), simulate(Study(without, (0.4,), 3), 5_000)
    for found, expected in zip(law_of_engine(with_rules, joint_tally), law_of_engine(without, plain), strict=True):
        assert found == expected


@pytest.mark.parametrize("name", TWINS)
def test_simulated_is_exact(name: str) -> None:
    agreement = run(Scenario.model_validate(scenario_of(name))).agreement
    assert agreement is not None
    assert agreement.n_judged > 40
    assert agreement.failures == ()
    assert agreement.worst is not None
    assert agreement.worst.z != 0.0


def test_a_slightly_different_toxicity_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def solve_elsewhere(setting: Setting, *_: object) -> Tally:
        rates = setting.rates
        assert isinstance(rates, JointRates)
        return solve(setting.plan, JointRates(rates, [rate + 0.02 for rate in rates.toxicity], rates.odds_ratio))

    monkeypatch.setattr("trialsim.api._solve", solve_elsewhere)
    agreement = run(Scenario.model_validate(scenario_of("bryant and day"))).agreement
    assert agreement is not None
    assert agreement.failures


def test_measures_of_toxicity_without_each_group() -> None:
    """What `compare` says at once for all groups is what the family says of each."""
    plan = compile_design(design_of(TWINS["bryant and day"], ("A", "B")))
    rates = rates_of(TRUTHS[1], 2)
    setting = Setting(plan, ("A", "B"), ("look 0", "look 1"), rates, ("clopper-pearson",), 0.95, (0.5,))
    groups = simulate_groups(Study(plan, rates, 2), group_edges(600))
    rest = groups.without_each()
    quick, slow = family_left_out(decisions, setting, groups, rest), one_by_one(decisions, setting, rest)
    assert quick.keys() == slow.keys()
    assert sum(key[0] == "p_toxic" for key in quick) == 6
    for key, values in slow.items():
        assert quick[key] == pytest.approx(values, abs=1e-14)
