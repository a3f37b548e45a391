"""The same patients under every design and truth: couplings that only move one way, and numbers that no run can change.

Everything here is read off the patients of single trials (`one_trial`) or off whole tallies; what is compared is exact.
"""

from __future__ import annotations

import copy
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from trialsim import Scenario, load_scenario
from trialsim.calendar import study_of
from trialsim.endings import CalendarTally
from trialsim.engines.calendar import CalendarStudy, columns_of, one_trial, simulate_trials, trials
from trialsim.kernels import clinic as c

SEED = 20020815
N_PATIENTS = 60
N_TRIALS = 25

CONDUCT: dict[str, Any] = {
    "enrolment": {"per_month": 8},
    "response": {
        "first_seen": [
            {"day": 30, "probability": 0.2},
            {"day": 91, "probability": 0.5},
            {"day": 183, "probability": 0.3},
        ],
        "confirmation": {"after_days": [28, 84]},
        "progressive": 0.2,
        "not_evaluable": 0.05,
    },
    "progression": {
        "early": [{"day": 30, "probability": 0.4}, {"day": 91, "probability": 0.6}],
        "stable": {"per_month": 0.05, "from_day": 91},
        "response": {"per_month": 0.03},
    },
    "crossover": {
        "probability": 0.4,
        "outcome": {"response": 0.2, "stable": 0.3},
        "failure_after_days": [30, 91],
    },
    "withdrawal": {"per_month": 0.02},
    "death": {"before_progression_per_month": 0.02, "after_progression_per_month": 0.1},
    "toxicity": {"rate": 0.3, "within_days": 60},
    "cutoff": {"days_after_last_entry": 365},
}


def said(**changes: Any) -> dict[str, Any]:
    """Return the conduct with fields changed: `death__before_progression_per_month=0.1`."""
    conduct = copy.deepcopy(CONDUCT)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = conduct
        for word in parents:
            place = place.setdefault(word, {})
        place[last] = value
    return conduct


def study(rate: float = 0.4, conduct: dict[str, Any] | None = None, seed: int = SEED, **design: Any) -> CalendarStudy:
    """Return a study; by default one arm without looks, so that everybody is in every design's trial."""
    scenario = Scenario.model_validate(
        {
            "schema": "trialsim.scenario/1",
            "name": "coupled",
            "design": {
                "schema": "trialsim.design/1",
                "name": "coupled",
                "arms": [{"name": "A"}],
                "enrolment": {"cap": N_PATIENTS},
                "looks": [{"name": "final", "at": "full_enrolment"}],
                **design,
            },
            "truths": [{"name": "x", "response_rate": rate}],
            "conduct": CONDUCT if conduct is None else conduct,
        }
    )
    assert scenario.conduct is not None
    own = scenario.design
    return study_of(own, scenario.conduct, (rate,) * len(own.arms), seed)


def patients(of: CalendarStudy, trial: int) -> np.ndarray:
    return one_trial(of, trial)[1]


# ---------------------------------------------------------------- couplings


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.05), (0.3, 0.31), (0.4, 0.7), (0.74, 0.75)])
def test_a_higher_response_rate_turns_nobody_back(low: float, high: float) -> None:
    lower, higher, seen = study(low), study(high), Counter[str]()
    for trial in range(N_TRIALS):
        before, after = patients(lower, trial), patients(higher, trial)
        responds, still = before[c.CLASS] == c.IS_RESPONSE, after[c.CLASS] == c.IS_RESPONSE
        assert (responds <= still).all()
        np.testing.assert_array_equal(before[:, responds], after[:, responds])
        np.testing.assert_array_equal(before[c.ENTRY], after[c.ENTRY])
        turned = ~responds & still
        assert (before[c.CLASS, turned] == c.IS_STABLE).all()  # not evaluable and progressive keep their share
        same = ~turned
        np.testing.assert_array_equal(before[: c.N_PATIENT_ROWS - 3, same], after[: c.N_PATIENT_ROWS - 3, same])
        seen["turned"] += int(turned.sum())
        seen["responds"] += int(responds.sum())
    expected = (high - low) * N_PATIENTS * N_TRIALS
    assert seen["turned"] == pytest.approx(expected, abs=4 * np.sqrt(expected) + 1)


def test_more_who_progress_are_those_who_were_stable() -> None:
    fewer, more = study(), study(conduct=said(response__progressive=0.35))
    for trial in range(N_TRIALS):
        before, after = patients(fewer, trial)[c.CLASS], patients(more, trial)[c.CLASS]
        changed = before != after
        assert (before[changed] == c.IS_STABLE).all()
        assert (after[changed] == c.IS_PROGRESSIVE).all()
        assert changed.any()


HAZARDS = [
    ("withdrawal__per_month", c.WITHDRAWAL, (0.001, 0.02, 0.021, 0.5)),
    ("death__before_progression_per_month", c.DEATH_BEFORE, (0.001, 0.02, 0.021, 0.5)),
    ("death__after_progression_per_month", c.DEATH, (0.01, 0.1, 0.101, 2.0)),
    ("progression__stable__per_month", c.PROGRESSION, (0.01, 0.05, 0.051, 1.0)),
    ("progression__response__per_month", c.PROGRESSION, (0.01, 0.03, 0.031, 1.0)),
]


@pytest.mark.parametrize(("path", "row", "hazards"), HAZARDS, ids=[path for path, _, _ in HAZARDS])
def test_a_higher_hazard_delays_no_event(path: str, row: int, hazards: tuple[float, ...]) -> None:
    """Of the event itself; what competes with it can come to pass instead, so competitors are left out."""
    alone = {"withdrawal": {}, "death__before_progression_per_month": 0.0, "crossover": None}
    if path.startswith(("withdrawal", "death__before")):
        alone = {}  # rows of their own, before they compete
    studies = [study(conduct=said(**{**alone, path: hazard})) for hazard in hazards]
    earlier = 0
    for trial in range(N_TRIALS):
        times = [patients(each, trial)[row] for each in studies]
        for before, after in pairwise(times):
            assert (after <= before).all()
            earlier += int((after < before).sum())
    assert earlier > N_TRIALS


def test_a_higher_hazard_makes_treatment_fail_no_later() -> None:
    """Failure is the first of three events: with any of their hazards raised it comes no later."""
    for path, _, hazards in [HAZARDS[0], HAZARDS[1], HAZARDS[3], HAZARDS[4]]:
        lower, higher = study(conduct=said(**{path: hazards[1]})), study(conduct=said(**{path: hazards[3]}))
        pairs = [(patients(lower, t)[c.FAILURE], patients(higher, t)[c.FAILURE]) for t in range(10)]
        assert all((after <= before).all() for before, after in pairs), path
        assert any((after < before).any() for before, after in pairs), path


def test_more_cross_over_and_are_the_same_again() -> None:
    fewer, more = study(conduct=said(crossover__probability=0.2)), study(conduct=said(crossover__probability=0.6))
    n_more = 0
    for trial in range(N_TRIALS):
        before, after = patients(fewer, trial), patients(more, trial)
        crossed = before[c.CROSSED] != c.NOT_CROSSED
        np.testing.assert_array_equal(before[:, crossed], after[:, crossed])
        n_more += int((after[c.CROSSED, ~crossed] != c.NOT_CROSSED).sum())
    assert n_more > N_TRIALS


def test_a_higher_rate_of_toxicity_takes_none_away() -> None:
    lower, higher = study(conduct=said(toxicity__rate=0.2)), study(conduct=said(toxicity__rate=0.5))
    n_more = 0
    for trial in range(N_TRIALS):
        before, after = patients(lower, trial)[c.TOXICITY_AT], patients(higher, trial)[c.TOXICITY_AT]
        has = before < c.NEVER
        np.testing.assert_array_equal(before[has], after[has])
        n_more += int((after < c.NEVER).sum() - has.sum())
    assert n_more > N_TRIALS


def test_faster_enrolment_brings_nobody_later() -> None:
    slower, faster = study(conduct=said(enrolment__per_month=8)), study(conduct=said(enrolment__per_month=12))
    for trial in range(N_TRIALS):
        before, after = patients(slower, trial), patients(faster, trial)
        assert (after[c.ENTRY] <= before[c.ENTRY]).all()
        assert (after[c.ENTRY, -1] < before[c.ENTRY, -1]).all()
        np.testing.assert_array_equal(before[c.CLASS : c.IS_COUNTED], after[c.CLASS : c.IS_COUNTED])


# ---------------------------------------------------------------- the same patient under two designs

FATE = slice(c.CLASS, c.IS_COUNTED)
GATE = {"name": "gate", "at": {"per_arm": 6}, "continue_if": {"rule": {"kind": "responses", "at_least": 1}}}
FINAL = {"name": "final", "at": "full_enrolment"}
TWO_ARMS = [{"name": "A"}, {"name": "B"}]
OTHER_DESIGNS: dict[str, dict[str, Any]] = {
    "a gate that stops many": {
        "looks": [{**GATE, "continue_if": {"rule": {"kind": "responses", "at_least": 4}}}, FINAL]
    },
    "a smaller cap": {"enrolment": {"cap": {"A": 14, "B": 20}}},
    "a larger cap": {"enrolment": {"cap": {"A": 50, "B": 50}}},
    "larger blocks": {"allocation": {"method": "permuted-blocks", "block_size": 8}},
    "two to one": {"arms": [{"name": "A", "ratio": 2}, {"name": "B", "ratio": 1}]},
    "refill": {
        "enrolment": {"cap": 40, "when_arm_stops": "refill"},
        "looks": [{**GATE, "continue_if": {"rule": {"kind": "responses", "at_least": 3}}}, FINAL],
    },
}


@pytest.mark.parametrize("name", OTHER_DESIGNS)
def test_a_patient_is_the_same_under_another_design(name: str) -> None:
    """Given the same arm: class, first response, confirmation, progression, withdrawal, deaths, toxicity."""
    base: dict[str, Any] = {"arms": TWO_ARMS, "enrolment": {"cap": 40}, "looks": [GATE, FINAL]}
    base["allocation"] = {"method": "permuted-blocks", "block_size": 4}
    other = {**base, **OTHER_DESIGNS[name]}
    if name == "two to one":
        other["allocation"] = {"method": "permuted-blocks", "block_size": 3}
    # Hazards differ between the arms, so that a patient's fate depends on the arm: the comparison is by arm.
    hazards = {"A": 0.02, "B": 0.06}
    conduct = said(withdrawal__per_month=hazards, progression__stable__per_month={"A": 0.03, "B": 0.1})
    conduct["enrolment"] = {"per_month": 2}  # slow enough for the gate to come before enrolment is complete
    first, second = study(conduct=conduct, **base), study(conduct=conduct, **other)
    seen = Counter[str]()
    for trial in range(N_TRIALS):
        a, b = patients(first, trial), patients(second, trial)
        n = min(a.shape[1], b.shape[1])
        same_arm = a[c.ARM, :n] == b[c.ARM, :n]
        np.testing.assert_array_equal(a[c.ENTRY, :n], b[c.ENTRY, :n])
        np.testing.assert_array_equal(a[FATE, :n][:, same_arm], b[FATE, :n][:, same_arm])
        np.testing.assert_array_equal(a[c.CLASS, :n], b[c.CLASS, :n])  # the same shares in both arms
        np.testing.assert_array_equal(a[c.FIRST, :n], b[c.FIRST, :n])
        np.testing.assert_array_equal(a[c.CONF, :n], b[c.CONF, :n])
        seen["compared"] += int(same_arm.sum())
        seen["differ"] += int(a.shape[1] != b.shape[1] or not same_arm.all())
        seen["other arm, other fate"] += int((a[c.WITHDRAWAL, :n] != b[c.WITHDRAWAL, :n]).sum())
    assert seen["compared"] > 10 * N_TRIALS
    assert seen["differ"] > 5  # the designs do differ
    if name in ("larger blocks", "two to one"):
        assert seen["other arm, other fate"] > N_TRIALS


def test_another_seed_or_trial_is_another_patient() -> None:
    a, b, other = patients(study(), 0), patients(study(), 1), patients(study(seed=SEED + 1), 0)
    for row in (c.CLASS, c.FIRST, c.CONF, c.WITHDRAWAL, c.DEATH_BEFORE):
        assert (a[row] != b[row]).mean() > 0.2
        assert (a[row] != other[row]).mean() > 0.2
    assert (a[c.WITHDRAWAL] != a[c.DEATH_BEFORE]).any()
    assert len(set(a[c.WITHDRAWAL].tolist())) > N_PATIENTS // 2


# ---------------------------------------------------------------- runs


def facts(tally: CalendarTally) -> dict[str, Any]:
    """Return everything that a tally holds, in a form that can be compared."""
    sums = tally.sums
    return {
        "n_trials": tally.n_trials,
        "columns": [str(column) for column in sums.columns],
        "n": sums.n,
        "total": sums.total,
        "squares": sums.squares,
        "histogram": [np.trim_zeros(histogram, "b").tolist() for histogram in sums.histogram],
        "missed": dict(sorted(tally.missed.items())),
        **{
            name: dict(sorted(getattr(tally, name).rows.items()))
            for name in ("endings", "outcomes", "pooled", "criteria")
        },
    }


@pytest.fixture(scope="module")
def gist() -> CalendarStudy:
    """The founding trial with all that is seen beside it, under a truth in which much happens."""
    scenario = load_scenario("gist", ["conduct.toxicity={rate: 0.1, stop_if: {kind: responses, at_least: 10}}"])
    assert scenario.conduct is not None
    _, design = scenario.designs()[0]
    return study_of(design, scenario.conduct, (0.2, 0.4), 9)


@pytest.fixture(scope="module")
def one_run(gist: CalendarStudy) -> dict[str, Any]:
    return facts(simulate_trials(gist, 250))


def test_the_run_has_something_to_change(gist: CalendarStudy, one_run: dict[str, Any]) -> None:
    names = {column.quantity for column in columns_of(gist)}
    assert {"any_grade", "severe", "status_later", "auc_mean", "os", "toxicities", "look_day"} <= names
    assert len(one_run["endings"]) > 50
    assert len(one_run["outcomes"]) > 20
    assert one_run["criteria"]
    assert sum(missed.n for missed in one_run["missed"].values()) > 3
    assert sum(one_run["endings"].values()) == one_run["n_trials"] == 250
    assert facts(simulate_trials(gist._replace(seed=10), 250)) != one_run


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("block", [1, 7, 2_500])
def test_jobs_and_blocks_change_nothing(gist: CalendarStudy, one_run: dict[str, Any], block: int, n_jobs: int) -> None:
    told: list[int] = []
    found = simulate_trials(gist, 250, n_jobs=n_jobs, block=block, progress=told.append)
    assert facts(found) == one_run
    assert sum(told) == 250


def test_more_trials_begin_with_the_same(gist: CalendarStudy) -> None:
    longer, shorter = trials(gist, 0, 1_000), trials(gist, 0, 300)
    np.testing.assert_array_equal(longer[:300], shorter)
    np.testing.assert_array_equal(longer[700:], trials(gist, 700, 300))
    assert len({row.tobytes() for row in longer}) == 1_000


def test_two_ranges_merged_are_one_run(gist: CalendarStudy, one_run: dict[str, Any]) -> None:
    from trialsim.engines.calendar import _block

    found = columns_of(gist)
    for order in ((0, 150), (150, 0)):  # in any order
        merged = CalendarTally.empty(found)
        for first in order:
            merged.add(_block(gist, found, first, 150 if first == 0 else 100))
        assert facts(merged) == one_run


def test_tallies_are_their_trials(gist: CalendarStudy, one_run: dict[str, Any]) -> None:
    """Sums and histograms from the columns of all trials, in plain Python."""
    matrix, found = trials(gist, 0, 250), columns_of(gist)
    for index in range(0, len(found), 3):
        values = [value for value in matrix[:, index].tolist() if value != c.MISSING]
        assert one_run["n"][index] == len(values)
        assert one_run["total"][index] == sum(values)
        assert one_run["squares"][index] == sum(value * value for value in values)
        assert sum(one_run["histogram"][index]) == len(values)


def test_adverse_events_belong_to_patients(gist: CalendarStudy) -> None:
    """More events asked for, fewer patients, another order of trials: the same patients have the same events."""
    assert gist.bedside is not None
    adverse = gist.bedside.adverse
    assert adverse is not None
    arm = np.tile(np.array([0, 1, 1, 0] * 30, np.int8), (5, 1))
    whole = gist.bedside.watch(9, 40, arm)
    np.testing.assert_array_equal(gist.bedside.watch(9, 42, arm[:2]), whole[2:4])
    # With the last 20 patients gone, no count grows; those of everybody are those of the first 100 and of the last 20.
    first = arm.copy()
    first[:, 100:] = -1
    counts = slice(0, 2 * 3 * (adverse.threshold.shape[2] + 1))
    fewer = gist.bedside.watch(9, 40, first)
    assert (fewer[:, counts] <= whole[:, counts]).all()
    last = arm.copy()
    last[:, :100] = -1
    np.testing.assert_array_equal(fewer[:, counts] + gist.bedside.watch(9, 40, last)[:, counts], whole[:, counts])
    assert (fewer[:, counts] < whole[:, counts]).any()
    # The first five events do not know of the others.
    few = adverse._replace(threshold=np.ascontiguousarray(adverse.threshold[:, :, :5]))
    np.testing.assert_array_equal(gist.bedside._replace(adverse=few).watch(9, 40, arm)[:, :30], whole[:, :30])


def test_a_more_frequent_adverse_event_is_lost_by_nobody(gist: CalendarStudy) -> None:
    assert gist.bedside is not None
    adverse = gist.bedside.adverse
    assert adverse is not None
    bedside = gist.bedside._replace(status=None, exposure=None)
    arm = np.array([[0, 1] * 60] * 50, np.int8)
    lower = adverse._replace(threshold=adverse.threshold - 0.2)
    before, after = bedside.watch(9, 0, arm), bedside._replace(adverse=lower).watch(9, 0, arm)
    assert (before <= after).all()
    assert (before < after).mean() > 0.2
    # Patient by patient, not only in number: one patient at a time.
    for patient in range(0, 120, 17):
        single = np.full_like(arm[:5], -1)
        single[:, patient] = arm[0, patient]
        assert (bedside.watch(9, 0, single) <= bedside._replace(adverse=lower).watch(9, 0, single)).all()
