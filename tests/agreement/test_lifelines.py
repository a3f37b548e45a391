"""Survival of simulated trials against lifelines: Kaplan-Meier with limits, medians, reverse Kaplan-Meier, log-rank.

What is handed to lifelines are the patients of a trial as the kernel leaves them, and what was observed of them is
worked out here again from docs/calendar-conduct.md, section 7.

Where lifelines computes something else by default:

- Its default limits are the log-log ones of Greenwood's variance ("exponential Greenwood"), which are those of the
  definition; `alpha` is 1 minus the level, and its normal quantile that of scipy.
- Where the curve is still at 1, and where it has fallen to 0, there are no limits; lifelines then has 1 or NaN.
- Its medians are those of the definition: the first time at which the curve is at 1/2 or below, infinite if there is
  none. Where the curve is to fall to exactly 1/2, its product of floats can stay a rounding error above (the sum of
  logarithms that lifelines exponentiates even more so): `qth_survival_time` is therefore asked at 1/2 and a billionth.
- Its log-rank statistic is chi-square, the square of z; the sign is that of observed minus expected in the first arm,
  computed here. Where all patients at risk fail at once its variance is 0 / 0, as is ours: such trials have no z.
- Times are in minutes; whole numbers, so that ties are ties.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.special import ndtri

from tests.amount import few
from trialsim import Scenario, load_scenario
from trialsim.calendar import study_of
from trialsim.columns import Column
from trialsim.engines.calendar import CalendarStudy, columns_of, one_trial
from trialsim.kernels import clinic as c

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import logrank_test
    from lifelines.utils import qth_survival_time

N_TRIALS = 30
ROUNDED = 2e-6
DAY = 1440
A_LITTLE = 1e-9

CROWDED: dict[str, Any] = {
    "schema": "trialsim.scenario/1",
    "name": "crowded",
    "design": {
        "schema": "trialsim.design/1",
        "name": "crowded",
        "arms": [{"name": "A"}, {"name": "B"}],
        "enrolment": {"cap": {"A": 30, "B": 34}},
        "looks": [
            {"name": "gate", "at": {"per_arm": 10}, "continue_if": {"rule": {"kind": "responses", "at_least": 1}}},
            {"name": "final", "at": "full_enrolment"},
        ],
        "analysis": {"level": 0.9},
    },
    "truths": [{"name": "x", "response_rate": {"A": 0.25, "B": 0.35}}],
    "conduct": {
        "enrolment": {"entry_days": [28 * (number // 5) for number in range(64)]},
        "visits": {"days": [28, 56], "then_every_days": 28},
        "response": {
            "first_seen": [{"day": 28, "probability": 0.5}, {"day": 56, "probability": 0.5}],
            "confirmation": {"at_next_visit": True},
            "progressive": {"A": 0.6, "B": 0.5},
        },
        "progression": {
            "early": [{"day": 28, "probability": 0.4}, {"day": 56, "probability": 0.6}],
            "stable": {"per_month": 0.3, "from_day": 56},
            "response": {"per_month": 0.1},
        },
        "withdrawal": {"per_month": 0.03},
        "death": {"before_progression_per_month": 0.05, "after_progression_per_month": {"A": 0.5, "B": 0.25}},
        "crossover": {
            "probability": {"A": 0.3, "B": 0},
            "outcome": {"response": 0.1, "stable": 0.3},
            "failure_after_days": [0, 60],
        },
        "looks": {"gate": {"fires": {"after_days": 56}, "counts": "first_seen"}},
        "cutoff": {"day": 392},
        "survival": {"at_days": [0, 28, 56, 100, 365], "failure_at": "leaving"},
    },
}
"""Entry every four weeks, five at a time; many progress at visits, many die: ties of events, and with censorings."""


class Observed(NamedTuple):
    """Times in minutes, whether they end in an event, and arms."""

    time: np.ndarray
    event: np.ndarray
    arm: np.ndarray


class Case(NamedTuple):
    """A study with what decides what is observed."""

    study: CalendarStudy
    visits: tuple[int, ...]
    days: tuple[float, ...]
    at_leaving: bool
    level: float


def case_of(name: str) -> Case:
    if name == "gist":
        scenario = load_scenario("gist", ["conduct.survival.at_days=[1, 122, 365]"])
        rates = (0.637, 0.752)
    else:
        scenario, rates = Scenario.model_validate(CROWDED), (0.25, 0.35)
    conduct, (_, design) = scenario.conduct, scenario.designs()[0]
    assert conduct is not None
    assert conduct.survival is not None
    plain = conduct.model_copy(update={"adverse_events": None, "performance_status": None, "exposure": None})
    visits = [30, 91, 183, 365, 548] if name == "gist" else list(range(28, 393, 28))
    at_leaving = conduct.survival.failure_at == "leaving"
    minutes = tuple(day * DAY for day in visits)
    return Case(study_of(design, plain, rates, 7), minutes, conduct.survival.at_days, at_leaving, design.analysis.level)


def observed(case: Case, patients: np.ndarray, cutoff: int) -> dict[str, Observed]:
    """Work out what is observed of each patient by the cut-off."""
    due = cutoff - patients[c.ENTRY]
    death, seen, arm = patients[c.DEATH], patients[c.FOLLOWED], patients[c.ARM]
    end = np.minimum(seen, due)
    dies = (death <= seen) & (death <= due)
    os = Observed(np.where(dies, np.minimum(death, end), end), dies, arm)
    fails_at = patients[c.OFF] if case.at_leaving else patients[c.FAILURE]
    last_visit = np.array([max((visit for visit in case.visits if visit <= own), default=0) for own in due])
    ttf = Observed(np.where(fails_at <= due, fails_at, last_visit), fails_at <= due, arm)
    return {"os": os, "ttf": ttf}


class Trial(NamedTuple):
    """One trial: its columns by name, and what was observed."""

    value: dict[tuple[Any, ...], int | None]
    observed: dict[str, Observed]
    due: np.ndarray


def trial_of(case: Case, found: list[Column], number: int) -> Trial:
    row, patients = one_trial(case.study, number)
    value = {
        (column.quantity, column.arm, column.point): None if x == c.MISSING else x
        for column, x in zip(found, row.tolist(), strict=True)
        if column.look is None
    }
    cutoff = value["cutoff", None, None]
    assert cutoff is not None
    return Trial(value, observed(case, patients, cutoff), cutoff - patients[c.ENTRY])


@pytest.fixture(scope="module", params=["gist", "crowded"])
def trials(request: pytest.FixtureRequest) -> tuple[Case, list[Trial]]:
    case = case_of(request.param)
    found = columns_of(case.study)
    return case, [trial_of(case, found, number) for number in range(N_TRIALS)]


def groups(seen: Observed) -> dict[int, np.ndarray]:
    return {-1: np.ones(len(seen.arm), bool), 0: seen.arm == 0, 1: seen.arm == 1}


def median_of(fit: KaplanMeierFitter) -> float | None:
    """Return the first time at which the curve is at 1/2 or below, None if it never is."""
    median = float(qth_survival_time(0.5 + A_LITTLE, fit.survival_function_))
    return None if np.isinf(median) else median


def fitted(time: np.ndarray, event: np.ndarray, level: float) -> KaplanMeierFitter:
    return KaplanMeierFitter(alpha=1 - level).fit(time, event)


@pytest.mark.parametrize("curve", few(["os", "ttf"], 1))
def test_kaplan_meier_is_that_of_lifelines(trials: tuple[Case, list[Trial]], curve: str) -> None:
    case, seen = trials
    n_within = n_medians = 0
    for trial in seen:
        own = trial.observed[curve]
        for arm, rows in groups(own).items():
            fit = fitted(own.time[rows], own.event[rows], case.level)
            times = fit.survival_function_.index.to_numpy()
            curves = fit.survival_function_.to_numpy()[:, 0], fit.confidence_interval_survival_function_.to_numpy()
            for point, day in enumerate(case.days):
                last = np.searchsorted(times, day * DAY, side="right") - 1
                expected, wanted = curves[0][last], curves[1][last]
                found = trial.value[curve, arm, point]
                assert found is not None
                assert found / 1e6 == pytest.approx(expected, abs=ROUNDED)
                lower, upper = trial.value[f"{curve}_lower", arm, point], trial.value[f"{curve}_upper", arm, point]
                if found in (0, 1_000_000):
                    assert lower is upper is None
                    continue
                assert lower is not None
                assert upper is not None
                np.testing.assert_allclose([lower / 1e6, upper / 1e6], wanted, rtol=0, atol=ROUNDED)
                assert lower < found < upper
                n_within += 1
            median = median_of(fit)
            assert trial.value[f"{curve}_median", arm, None] == median
            n_medians += median is not None
    assert n_within > 4 * N_TRIALS
    if curve == "ttf" or case.at_leaving:
        assert n_medians > 10


def test_limits_are_those_of_the_level(trials: tuple[Case, list[Trial]]) -> None:
    """The same in closed form, without lifelines, at the last day: Greenwood's variance on the log-log scale."""
    case, seen = trials
    own, point = seen[0].observed["os"], len(case.days) - 1
    survival, variance = 1.0, 0.0
    for time in np.unique(own.time[own.event]):
        if time <= case.days[point] * DAY:
            deaths, at_risk = int((own.time[own.event] == time).sum()), int((own.time >= time).sum())
            survival *= 1 - deaths / at_risk
            variance += deaths / at_risk / (at_risk - deaths)
    z = ndtri(0.5 + case.level / 2)
    width = z * np.sqrt(variance) / np.log(survival)
    limits = [np.exp(-np.exp(np.log(-np.log(survival)) + sign * width)) for sign in (-1, 1)]
    found = [seen[0].value[name, -1, point] for name in ("os", "os_lower", "os_upper")]
    np.testing.assert_allclose(np.array(found, float) / 1e6, [survival, *limits], rtol=0, atol=ROUNDED)


def test_follow_up_is_reverse_kaplan_meier(trials: tuple[Case, list[Trial]]) -> None:
    case, seen = trials
    values = []
    for trial in seen:
        own = trial.observed["os"]
        median = median_of(fitted(own.time, ~own.event, case.level))
        values.append(trial.value["follow_up", None, None])
        assert values[-1] == median
        assert trial.value["potential_follow_up", None, None] == int(np.floor(np.median(trial.due)))
        assert trial.value["shortest_follow_up", None, None] == trial.due.min()
    assert len(set(values)) > 1


def observed_minus_expected(own: Observed) -> float:
    """Return observed minus expected events in the first arm."""
    difference = 0.0
    for time in np.unique(own.time[own.event]):
        at_risk, now = own.time >= time, (own.time == time) & own.event
        difference += (now & (own.arm == 0)).sum() - now.sum() * (at_risk & (own.arm == 0)).sum() / at_risk.sum()
    return difference


@pytest.mark.parametrize("curve", few(["os", "ttf"], 1))
def test_log_rank_is_that_of_lifelines(trials: tuple[Case, list[Trial]], curve: str) -> None:
    _, seen = trials
    signs = set()
    for trial in seen:
        own = trial.observed[curve]
        first = own.arm == 0
        expected = logrank_test(own.time[first], own.time[~first], own.event[first], own.event[~first]).test_statistic
        found = trial.value[f"logrank_{curve}", None, None]
        assert found is not None
        assert abs(found / 1e6) == pytest.approx(np.sqrt(expected), abs=ROUNDED)
        difference = observed_minus_expected(own)
        assert found == 0 or np.sign(found) == np.sign(difference)
        signs.add(np.sign(found))
    assert signs >= {-1, 1}


def test_events_and_ties_are_there() -> None:
    """The crowded trials have what they are for: ties among events, and of events with censorings."""
    case = case_of("crowded")
    found = columns_of(case.study)
    n_ties = n_mixed = 0
    for number in range(5):
        own = trial_of(case, found, number).observed["ttf"]
        events, censored = own.time[own.event], own.time[~own.event]
        assert own.event.mean() > 0.5
        n_ties += len(events) - len(np.unique(events))
        n_mixed += len(np.intersect1d(events, censored))
    assert n_ties > 50
    assert n_mixed > 0


def test_times_of_responders(trials: tuple[Case, list[Trial]]) -> None:
    """Medians of time to response and follow-up after onset, over those whose response counts by the cut-off."""
    case, seen = trials
    for number, trial in enumerate(seen[:10]):
        _, patients = one_trial(case.study, number)
        counted = patients[c.BY_CONFIRMED] <= trial.due
        first = patients[c.FIRST][counted]
        after = np.minimum(np.minimum(patients[c.OFF], patients[c.FOLLOWED]), trial.due)[counted] - first
        assert counted.any()
        assert trial.value["time_to_response", None, None] == int(np.floor(np.median(first)))
        assert trial.value["follow_up_after_onset", None, None] == int(np.floor(np.median(after)))
