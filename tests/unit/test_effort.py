"""How long to simulate: the planned length meets the target, and the run equals one of that length."""

from __future__ import annotations

import pytest

import trialsim
from trialsim.api import run
from trialsim.effort import Target, needs_of, run_until, target_of
from trialsim.errors import InputError
from trialsim.spec.scenario import Scenario


def simon(n_sims: int) -> Scenario:
    return trialsim.load_scenario("simon-20-40", [f"n_sims={n_sims}"])


def worst(result: trialsim.Result, target: Target) -> float:
    return max(
        record.mcse / wanted
        for record in result.records
        if record.engine != "exact" and record.mcse is not None and (wanted := target.of(record)) is not None
    )


def test_target_is_met_by_a_run_of_the_planned_length() -> None:
    told: list[str] = []
    target = Target(0.004)
    result = run_until(simon(1_000), target, tell=told.append)
    assert worst(result, target) <= 1.0
    assert result.scenario.n_sims > 1_000
    assert result.records == run(simon(result.scenario.n_sims)).records
    assert len(told) == 2
    assert told[1] == f"{result.scenario.n_sims:,} trials per plan and truth meet the target."
    assert f"{result.scenario.n_sims:,} trials" in told[0]
    assert "0.004 is wanted" in told[0]


def test_length_is_not_much_more_than_needed() -> None:
    target = Target(0.004)
    result = run_until(simon(1_000), target)
    assert (
        worst(run(simon(result.scenario.n_sims - 20_000 if result.scenario.n_sims > 20_000 else 1_000)), target) > 0.8
    )
    assert worst(result, target) > 0.8


def test_target_that_is_met_adds_nothing() -> None:
    told: list[str] = []
    assert run_until(simon(50_000), Target(0.1), tell=told.append).scenario.n_sims == 50_000
    assert told == ["50,000 trials per plan and truth meet the target."]


def test_named_measure_alone() -> None:
    target = Target(None, (("n_mean", 0.05),))
    result = run_until(simon(1_000), target)
    of_n = [record.mcse for record in result.records if record.measure == "n_mean" and record.engine == "montecarlo"]
    assert of_n
    assert all(mcse is not None and mcse <= 0.05 for mcse in of_n)


def test_max_sims_ends_it() -> None:
    told: list[str] = []
    result = run_until(simon(1_000), Target(1e-5, (), 30_000), tell=told.append)
    assert result.scenario.n_sims == 30_000
    assert "--max-sims allows no more" in told[0]
    assert needs_of(result, Target(1e-5))


def test_calendar_trials_have_their_own_length() -> None:
    scenario = trialsim.load_scenario(
        "gist-calendar-sweep", ["vary=null", "truths=[{name: active, response_rate: 0.3}]", "conduct.n_sims=100"]
    )
    target = Target(0.02)
    result = run_until(scenario, target)
    assert result.scenario.conduct is not None
    assert 100 < result.scenario.conduct.n_sims <= 1_000
    assert worst(result, target) <= 1.0


def test_texts() -> None:
    assert target_of([]) is None
    assert target_of(["0.001"]) == Target(0.001)
    assert target_of(["n_mean=0.5"], 7) == Target(None, (("n_mean", 0.5),), 7)
    for wrong in ("0", "-1", "nan", "inf", "x", "n_mean=", "=0.1", "n_mean=zero"):
        with pytest.raises(InputError, match="--target-mcse"):
            target_of([wrong])


def test_unknown_measure_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"n_maen: no such measure here; .*n_mean"):
        run_until(simon(1_000), Target(None, (("n_maen", 0.1),)))
