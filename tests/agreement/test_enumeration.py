"""The exact engine is the enumeration of every outcome in fractions, to 1e-12."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from typing import NamedTuple

import hypothesis
import pytest
from hypothesis import HealthCheck, given, settings

from tests.agreement import designs as d
from tests.naive import trial as naive
from trialsim.engines.exact import solve

TOLERANCE = 1e-12

Law = dict[Hashable, float]


class Laws(NamedTuple):
    """The probability of everything that a tally counts, by what it is."""

    endings: Law
    """By history."""
    arms: Law
    """By arm, patients, responses, whether it went on, whether all did, whether the final criterion is met."""
    pooled: Law
    """By patients of each arm, responses of all, whether all went on, whether the final criterion is met."""
    criteria: Law
    """By look, arm (or -1 for pooled) and history."""


def laws_of_engine(case: d.Case) -> Laws:
    """Return the exact engine's probabilities. Rows that say the same thing are added up."""
    tally, plan, histories = solve(case.plan, case.rates), case.plan, d.histories_of_plan(case)
    nodes = plan.nodes
    ending_of = nodes.ending.tolist()
    endings = ((histories[node], tally.ending[ending]) for node, ending in enumerate(ending_of) if ending >= 0)
    arm_keys = zip(*(column.tolist() for column in plan.arm_cells), strict=True)
    n, x, all_went_on, success = (column.tolist() for column in plan.pooled_cells)
    pooled_keys = zip(map(tuple, n), x, all_went_on, success, strict=True)
    slots = (*range(len(case.design.arms)), -1)
    criteria = (
        ((int(nodes.look[node]), slot, histories[node]), tally.criterion[node, slot])
        for node, ending in enumerate(ending_of)
        for slot in slots
        if ending < 0
    )
    return Laws(
        _law(endings),
        _law(zip(arm_keys, tally.arm, strict=True)),
        _law(zip(pooled_keys, tally.pooled, strict=True)),
        _law(criteria),
    )


def laws_of_twin(case: d.Case, trials: list[tuple[naive.Trial, float]]) -> Laws:
    """Return the same from the twin's trials and their probabilities."""
    endings, arms, pooled, criteria = [], [], [], []
    final = len(case.twin["looks"]) - 1
    for trial, probability in trials:
        went_on = [stop == -1 for stop in trial.stop_look]
        histories = d.histories_of_trial(case, trial)
        endings.append((histories.pop(-1), probability))
        *arm_success, pooled_success = (met is True for met in trial.success[final])
        facts = zip(trial.patients, trial.responses, went_on, arm_success, strict=True)
        for arm, (n, x, goes, met) in enumerate(facts):
            arms.append(((arm, n, x, goes, all(went_on), met), probability))
        pooled.append(((trial.patients, sum(trial.responses), all(went_on), pooled_success), probability))
        for look, history in histories.items():
            row = trial.success[look] if look < final else ()
            criteria += [
                ((look, i if i < len(went_on) else -1, history), probability) for i, met in enumerate(row) if met
            ]
    return Laws(_law(endings), _law(arms), _law(pooled), _law(criteria))


def _law(weights: Iterable[tuple[Hashable, float]]) -> Law:
    law: defaultdict[Hashable, float] = defaultdict(float)
    for key, weight in weights:
        law[key] += weight
    return dict(law)


def check(case: d.Case) -> set[str]:
    """Compare both; return what can happen in the design."""
    trials = [(trial, float(probability)) for trial, probability in d.twin_trials(case)]
    for found, expected, name in zip(laws_of_engine(case), laws_of_twin(case, trials), Laws._fields, strict=True):
        assert set(expected) <= set(found), name
        for key, probability in found.items():
            assert abs(probability - expected.get(key, 0.0)) <= TOLERANCE, (name, key)
    return {thing for trial, _ in trials for thing in d.occurrences(case, trial)}


SMALL = d.Shape(max_cap=(10, 6, 4))


@pytest.mark.parametrize("n_designs", [50, pytest.param(500, marks=pytest.mark.slow_statistics)])  # 40 s for 500
@pytest.mark.parametrize("when_arm_stops", ["arm_cap", "refill", "stop_trial"])
def test_random_designs(when_arm_stops: str, n_designs: int) -> None:
    seen: Counter[str] = Counter()

    @hypothesis.seed(len(when_arm_stops))  # other designs for each
    @settings(derandomize=True, deadline=None, max_examples=n_designs, suppress_health_check=[HealthCheck.too_slow])
    @given(d.designs(SMALL._replace(when_arm_stops=(when_arm_stops,))))
    def same_laws(case: d.Case) -> None:
        seen.update(check(case))

    same_laws()
    assert {naive.FUTILITY, naive.EFFICACY, d.POOLED_EFFICACY, d.POOLED_FUTILITY, d.MET, d.NOT_MET} <= set(seen), seen
    assert (naive.WITH_THE_TRIAL in seen) == (when_arm_stops == "stop_trial")
    assert (d.BEYOND_CAP in seen) == (when_arm_stops == "refill")


def responses(at_least: int) -> d.Data:
    return {"kind": "responses", "at_least": at_least}


STAGE = {"at": {"per_arm": 2}, "continue_if": {"rule": responses(1)}}
POOLED = {"of": "pooled", "rule": responses(4), "requires_all_arms": True}
FINAL = {"at": "full_enrolment", "success_if": POOLED}

FIXED = {
    "a look that may not take place": (
        d.data_of([1, 1], [5, 6], [STAGE, {"at": {"total": 8}, "continue_if": {"rule": responses(2)}}, FINAL]),
        (0.3, 0.5),
        {d.SKIPPED, d.DENIED, naive.FUTILITY},
    ),
    "three arms refilled, then tied by a pooled stop": (
        d.data_of(
            [2, 1, 1],
            [4, 3, 3],
            [STAGE, {"at": {"total": 8}, "success_if": {**POOLED, "requires_all_arms": False, "then": "stop"}}, FINAL],
            "refill",
        ),
        (0.3, 0.3, 0.5),
        {d.BEYOND_CAP, d.POOLED_EFFICACY, naive.FUTILITY},
    ),
    "tied by pooled futility, then each arm for itself": (
        d.data_of(
            [1, 1],
            [5, 5],
            [
                {
                    "at": {"per_arm": 2},
                    "continue_if": {"of": "pooled", "rule": responses(2)},
                    "success_if": {"then": "stop", "rule": responses(2)},
                },
                {
                    "at": {"per_arm": 4},
                    "continue_if": {"rule": responses(2)},
                    "success_if": {**POOLED, "then": "stop"},
                },
                FINAL,
            ],
        ),
        (0.4, 0.1),
        {d.POOLED_FUTILITY, d.POOLED_EFFICACY, d.DENIED, naive.FUTILITY, naive.EFFICACY},
    ),
}


@pytest.mark.parametrize("name", FIXED)
def test_fixed_designs(name: str) -> None:
    data, rates, expected = FIXED[name]
    assert expected <= check(d.case_of(data, rates))


def test_another_rate_is_noticed() -> None:
    data, rates, _ = FIXED["tied by pooled futility, then each arm for itself"]
    case = d.case_of(data, rates)
    engine = laws_of_engine(case._replace(rates=(0.4 + 1e-9, 0.1)))
    twin = laws_of_twin(case, [(trial, float(probability)) for trial, probability in d.twin_trials(case)])
    for found, expected in zip(engine, twin, strict=True):
        assert max(abs(weight - expected.get(key, 0.0)) for key, weight in found.items()) > 1e-11
