"""The calibrated model of the founding trial: every row of the table in TRIAL.md, section 4, at 4,000 trials.

`MODEL` is the table's column "model" as it is printed there: the mean over simulated trials and, in brackets, the 95 %
range of a single trial. Each row says what of ours it is held against: the mean of a column (in the unit printed), its
mean standard deviation ("±"), or the median over trials. A mean agrees if it is within 4 of its Monte Carlo standard
errors of a number that is printed so: the printed value plus or minus half a unit of its last digit. A range is of
whole patients, days or percent: each end agrees within 1 of those (it is a quantile of 4,000 trials there as here).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from trialsim import load_scenario
from trialsim.calendar import MatchRow, match_rows, study_of
from trialsim.engines.calendar import CalendarStudy, columns_of, simulate_trials, trials
from trialsim.kernels.clinic import MISSING
from trialsim.spec.conduct import Conduct
from trialsim.spec.design import Design

N_TRIALS = 4_000
CALIBRATED = (0.637, 0.752)


class Model(NamedTuple):
    """A row of the table: the model's value as printed, its digits, and the range of a single trial."""

    label: str
    value: float
    digits: int = 1
    low: float | None = None
    high: float | None = None
    by: str = "mean"


MODEL = [
    Model("responses 400 mg", 36.4, 1, 28, 45),
    Model("responses 600 mg", 42.9, 1, 35, 51),
    Model("responses", 79.3, 1, 68, 91),
    Model("stable disease", 40.6, 1, 30, 51),
    Model("progressive disease", 20.1, 1, 12, 29),
    Model("not evaluable", 7.0, 1, 2, 12),
    Model("deaths", 14.0, 1, 7, 21),
    Model("withdrawn alive", 12.9, 1, 7, 20),
    Model("still on study", 120.2),
    Model("progressions", 28.1),
    Model("crossovers", 8.8, 1, 4, 14),
    Model("helped by crossover", 2.9),
    Model("responses after crossover", 1.0),
    Model("one-year survival", 88, 0, 80, 94),
    Model("median time to response", 13.0, 1, by="median over trials (their mean is 13.7)"),
    Model("median follow-up", 288, 0, 266, 310),
    Model("median follow-up after onset", 25, 0),
    Model("grade 3 or 4", 21.1),
    Model("any adverse event", 98.0),
    Model("ECOG 0 at month 4", 64.1),
    Model("ECOG 2 or 3 at month 4", 5.0),
    Model("AUC at 400 mg", 61.1),
    Model("SD of the AUC at 400 mg", 25.0),
    Model("36th entry", 108, 0),
    Model("100th entry", 228, 0),
    Model("interim analysis", 411, 0),
    Model("gate decided for both arms", 212, 0),
    Model("enrolled by then", 90, 0),
    Model("still receiving treatment at month 4", 130, 0, 122, 137),
]
FIRST_SEEN = [Model("gate decided for both arms", 156, 0), Model("enrolled by then", 60, 0)]

PAPER = {
    "responses 400 mg": 36,
    "responses 600 mg": 43,
    "responses": 79,
    "stable disease": 41,
    "progressive disease": 20,
    "not evaluable": 7,
    "deaths": 14,
    "withdrawn alive": 13,
    "still on study": 120,
    "progressions": 28,
    "crossovers": 9,
    "helped by crossover": 3,
    "responses after crossover": 1,
    "one-year survival": 88,
    "median time to response": 13,
    "median follow-up": 288,
    "median follow-up after onset": 24,
    "grade 3 or 4": 21.1,
    "any adverse event": 98.0,
    "ECOG 0 at month 4": 64,
    "ECOG 2 or 3 at month 4": 5,
    "AUC at 400 mg": 61,
    "SD of the AUC at 400 mg": 25,
}
IMPOSSIBLE = {
    "shortest follow-up": (9, ("30 April 2001", "15 October 2001")),
    "still receiving treatment at month 4": (144, ("progression",)),
}
UNPRINTED = {"36th entry", "100th entry", "interim analysis", "gate decided for both arms", "enrolled by then"}


class Run(NamedTuple):
    """The trials and the rows that the scenario asks for."""

    design: Design
    conduct: Conduct
    study: CalendarStudy
    rows: dict[str, MatchRow]


def run_of(*overrides: str, n_trials: int = N_TRIALS) -> Run:
    scenario = load_scenario("gist", overrides)
    assert scenario.conduct is not None
    assert scenario.conduct.match is not None
    truth = next(truth for truth in scenario.truths if truth.name == scenario.conduct.match.truth)
    name, design = scenario.designs()[0]
    assert (name, truth.name, truth.rates(design.arm_names)) == ("147 patients", "calibrated", CALIBRATED)
    study = study_of(design, scenario.conduct, CALIBRATED, scenario.seed)
    rows = match_rows(design, scenario.conduct, simulate_trials(study, n_trials))
    assert len({row.label for row in rows}) == len(rows)
    return Run(design, scenario.conduct, study, {row.label: row for row in rows})


@pytest.fixture(scope="module")
def gist() -> Run:
    return run_of()


def of_trials(run: Run, quantity: str) -> np.ndarray:
    """Return a column of all trials, in days."""
    index = next(i for i, column in enumerate(columns_of(run.study)) if column.quantity == quantity)
    values = trials(run.study, 0, N_TRIALS)[:, index]
    return values[values != MISSING] / 1440


def check(model: Model, row: MatchRow) -> None:
    found, error = row.mean.value, row.mean.mcse
    assert found is not None
    assert error is not None
    assert abs(found - model.value) <= 4 * error + 0.5 * 10.0**-model.digits, (found, error)
    assert 4 * error < 0.02 * model.value + 0.1  # 4,000 trials say something
    for ours, theirs in ((row.low.value, model.low), (row.high.value, model.high)):
        if theirs is not None:
            assert ours is not None
            assert abs(ours - theirs) <= 1 + 1e-9


@pytest.mark.parametrize("model", [row for row in MODEL if row.by == "mean"], ids=lambda model: model.label)
def test_the_model_is_reproduced(gist: Run, model: Model) -> None:
    check(model, gist.rows[model.label])


def test_median_time_to_response_is_that_of_the_median_trial(gist: Run) -> None:
    """13.0 weeks is the median over trials of each trial's median; visits make it 91 or 183 days, its mean is 13.7."""
    weeks = of_trials(gist, "time_to_response") / 7
    model = next(row for row in MODEL if row.label == "median time to response")
    assert np.median(weeks) == pytest.approx(model.value, abs=0.05)
    found = gist.rows[model.label]
    assert found.mean.value == pytest.approx(weeks.mean())
    assert abs(weeks.mean() - 13.7) < 0.05 + 4 * weeks.std() / np.sqrt(N_TRIALS)


@pytest.mark.parametrize("model", FIRST_SEEN, ids=lambda model: model.label)
def test_the_gate_is_earlier_when_first_responses_count(model: Model) -> None:
    run = run_of("conduct.looks.proof-of-concept.counts=first_seen")
    check(model, run.rows[model.label])


def test_the_table_is_complete(gist: Run) -> None:
    assert {row.label for row in MODEL} | {"shortest follow-up"} == set(gist.rows)
    assert set(PAPER) | set(IMPOSSIBLE) | UNPRINTED == set(gist.rows)


@pytest.mark.parametrize("label", PAPER)
def test_the_published_value_is_that_of_a_possible_trial(gist: Run, label: str) -> None:
    row = gist.rows[label]
    assert row.printed == PAPER[label]
    assert row.low.value is not None
    assert row.high.value is not None
    assert row.low.value <= PAPER[label] <= row.high.value
    assert (row.verdict, row.reason) == ("inside", "")


@pytest.mark.parametrize("label", IMPOSSIBLE)
def test_what_no_model_reproduces_is_said_with_its_reason(gist: Run, label: str) -> None:
    printed, words = IMPOSSIBLE[label]
    row = gist.rows[label]
    assert row.printed == printed
    assert row.verdict == "impossible"
    assert all(word in row.reason for word in words)
    assert row.high.value is not None
    assert row.high.value < printed  # and no simulated trial comes near it


@pytest.mark.parametrize("label", sorted(UNPRINTED))
def test_what_the_paper_does_not_print_is_not_judged(gist: Run, label: str) -> None:
    row = gist.rows[label]
    assert (row.printed, row.verdict) == (None, "not printed")


def test_a_wrong_model_is_noticed() -> None:
    """Half the hazard of death after progression: the deaths and one-year survival are no longer those of the table."""
    run = run_of("conduct.death.after_progression_per_month=0.065")
    models = {model.label: model for model in MODEL}
    for label in ("deaths", "withdrawn alive", "one-year survival"):
        with pytest.raises(AssertionError):
            check(models[label], run.rows[label])
    check(models["responses"], run.rows["responses"])
