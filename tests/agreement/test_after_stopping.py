"""Estimates after stopping in designs of several arms: exact expectations against the naive twin's enumeration."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.agreement import designs as d
from tests.naive import after_stopping as naive
from trialsim.engines.exact import solve
from trialsim.oc.entry import Setting
from trialsim.oc.estimators import after_stopping, schemes_of

ESTIMATORS = ("umvue", "conditional-umvue", "bias-adjusted", "median-unbiased")
INTERVALS = ("stagewise", "koyama-chen", "koyama-chen-p-value")


def at_least(responses: int, then: str | None = None) -> d.Data:
    rule = {"of": "arm", "rule": {"kind": "responses", "at_least": responses}}
    return rule if then is None else {**rule, "then": then}


FINAL: d.Data = {"at": "full_enrolment"}
GATE: d.Data = {"at": {"per_arm": 3}, "continue_if": at_least(1)}
TOTAL: d.Data = {"at": {"total": 8}, "continue_if": at_least(2), "success_if": at_least(4, "stop")}
LOOKS: list[d.Data] = [GATE, TOTAL, FINAL]
DESIGNS = {
    "one arm": d.data_of([1], 7, [GATE, FINAL]),
    "arm cap": d.data_of([1, 1], [6, 7], [GATE, FINAL]),
    "both ways to stop": d.data_of([1, 1], 12, LOOKS),
    "refill": d.data_of([1, 1], 11, LOOKS, "refill"),
    "refill, 2:1": d.data_of([2, 1], 11, [GATE, FINAL], "refill"),
    "stop trial": d.data_of([1, 1], 11, LOOKS, "stop_trial"),
}
RATES = {1: (0.3,), 2: (0.3, 0.5)}


def setting_of(case: d.Case, estimators: tuple[str, ...]) -> Setting:
    names = (case.design.arm_names, case.design.look_names)
    return Setting(case.plan, *names, case.rates, (), 0.9, (), (), estimators)


def found_in(case: d.Case, estimators: tuple[str, ...] = (*ESTIMATORS, *INTERVALS)) -> dict[tuple[Any, ...], float]:
    """Return measure, arm, condition and variant of everything after stopping, from the exact engine."""
    entries = after_stopping(setting_of(case, estimators), solve(case.plan, case.rates))
    return {(e.measure, e.arm, e.given, e.variant): e.estimate.value for e in entries}  # type: ignore[misc]


@pytest.mark.parametrize("name", DESIGNS)
def test_umvue_is_unbiased_on_every_kind_of_path(name: str) -> None:
    n_arms = len(DESIGNS[name]["arms"])
    given_a_decision = []
    for rates in ((0.05,) * n_arms, (0.3, 0.5)[:n_arms], (0.8, 0.2)[:n_arms]):
        found = found_in(d.case_of(DESIGNS[name], rates))
        for arm, rate in zip("AB"[:n_arms], rates, strict=True):
            assert found["rate_mean", arm, None, "umvue"] == pytest.approx(rate, abs=1e-12)
            assert found["rate_bias", arm, None, "umvue"] == pytest.approx(0.0, abs=1e-12)
            assert found["rate_bias", arm, "continue", "conditional-umvue"] == pytest.approx(0.0, abs=1e-12)
            given_a_decision.append(abs(found["rate_bias", arm, "stop", "umvue"]))
    assert max(given_a_decision) > 0.01


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=d.designs(d.Shape(scopes=("arm",))))
@pytest.mark.long
def test_umvue_is_unbiased_in_random_designs(case: d.Case) -> None:
    found = found_in(case, ("umvue", "conditional-umvue", "bias-adjusted", "stagewise"))
    for arm, rate in zip(case.design.arm_names, case.rates, strict=True):
        assert found["rate_mean", arm, None, "umvue"] == pytest.approx(rate, abs=1e-11)
        assert 0.0 <= found["rate_mean", arm, None, "bias-adjusted"] <= 1.0
        assert 0.0 <= found["ci_coverage", arm, None, "stagewise"] <= 1.0


@pytest.mark.parametrize("name", ["one arm", "arm cap"])
def test_an_arm_of_its_own_is_the_enumerated_one(name: str) -> None:
    case = d.case_of(DESIGNS[name], RATES[len(DESIGNS[name]["arms"])])
    found = found_in(case)
    for arm, n_final, rate in zip("AB", case.design.caps, case.exact_rates, strict=False):
        looks: naive.Looks = [(3, 0, None)]
        weights, values = naive.law(looks, n_final, rate), naive.umvue(looks, n_final)
        mean_square = sum(weight * (values[outcome] - rate) ** 2 for outcome, weight in weights.items())
        assert found["rate_rmse", arm, None, "umvue"] == pytest.approx(float(mean_square) ** 0.5, abs=1e-12)
        went_on = {outcome: weight for outcome, weight in weights.items() if outcome[0] == 1}
        conditional = naive.conditional_umvue(looks, n_final)
        mean = sum(weight * conditional[outcome] for outcome, weight in went_on.items()) / sum(went_on.values())
        assert mean == rate
        assert found["rate_mean", arm, "continue", "conditional-umvue"] == pytest.approx(float(rate), abs=1e-12)
        covered = sum(
            weight
            for outcome, weight in weights.items()
            if naive.p_value(looks, n_final, outcome, rate) >= Fraction(1, 20)
            and _weaker_or_equal(looks, n_final, outcome, rate) >= Fraction(1, 20)
        )
        assert found["ci_coverage", arm, None, "stagewise"] == pytest.approx(float(covered), abs=1e-12)
        assert found["ci_coverage", arm, None, "koyama-chen"] == found["ci_coverage", arm, None, "stagewise"]


def _weaker_or_equal(looks: naive.Looks, n_final: int, outcome: naive.Outcome, rate: Fraction) -> Fraction:
    own = naive.strength(looks, outcome)
    weights = naive.law(looks, n_final, rate)
    return sum((weight for other, weight in weights.items() if naive.strength(looks, other) <= own), Fraction(0))


@pytest.mark.parametrize("name", DESIGNS)
def test_umvue_is_the_mean_of_the_first_response_on_each_path(name: str) -> None:
    """Without formulas: the looks an arm went past, as the plan has them, are those of the twin's trial."""
    case = d.case_of(DESIGNS[name], RATES[len(DESIGNS[name]["arms"])])
    schemes, blocks, cells = schemes_of(case.plan), case.plan.schemes, case.plan.arm_cells
    assert blocks.start.tolist() == sorted(set(blocks.start.tolist()))
    sizes = np.diff([*blocks.start.tolist(), len(cells.x)])
    for start, size, scheme, stage in zip(blocks.start, sizes, blocks.scheme, blocks.stage, strict=True):
        assert size == cells.n[start] + 1 == schemes[scheme].n_at(int(stage)) + 1
    possible: dict[tuple[int, int, int], set[tuple[int, ...]]] = {}
    for trial, _ in d.twin_trials(case):
        sizes_at = d._sizes_at_looks(d._frozen(case.twin), trial.stop_look)
        for arm, (n, x, stop) in enumerate(zip(trial.patients, trial.responses, trial.stop_look, strict=True)):
            passed = [look for look in sizes_at if (stop == -1 or look < stop) and look < len(LOOKS) - 1]
            able = [look for look in passed if "continue_if" in case.twin["looks"][look]]
            possible.setdefault((arm, n, x), set()).add(tuple(sizes_at[look][arm] for look in able))
    weights = solve(case.plan, case.rates).arm
    for start, size, number, stage in zip(blocks.start, sizes, blocks.scheme, blocks.stage, strict=True):
        sizes_passed = tuple(look.n for look in schemes[number].passed(int(stage)))
        for row in range(start, start + size):
            if weights[row] > 0:
                assert sizes_passed in possible[int(cells.arm[row]), int(cells.n[row]), int(cells.x[row])]


def test_simulated_values_are_the_exact_ones() -> None:
    import trialsim

    names = f"[{','.join((*ESTIMATORS, *INTERVALS))}]"
    scenario = trialsim.load_scenario("simon-20-40", [f"estimators={names}", "n_sims=20000"])
    result = trialsim.run(scenario)
    found = [record for record in result.records if record.variant in (*ESTIMATORS, *INTERVALS)]
    assert len(found) == len(scenario.truths) * 3 * (4 * 3 + 3 * 2)
    assert result.agreement is not None
    assert result.agreement.failures == ()
    assert sum(record.is_judged for record in found) > len(found) / 2


def test_nothing_is_said_where_pooled_stops_tie_the_arms() -> None:
    pooled = {"of": "pooled", "rule": {"kind": "responses", "at_least": 2}}
    case = d.case_of(d.data_of([1, 1], 10, [{"at": {"per_arm": 3}, "continue_if": pooled}, FINAL]), (0.3, 0.5))
    assert len(case.plan.schemes.start) == 0
    assert found_in(case) == {}


def test_methods_for_two_stages_are_left_out_where_there_are_more() -> None:
    found = found_in(d.case_of(DESIGNS["both ways to stop"], (0.3, 0.5)))
    assert {variant for *_, variant in found} == {*ESTIMATORS, "stagewise"}
