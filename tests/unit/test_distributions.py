"""Figures' numbers, recomputed from the raw columns of the same trials."""

from math import sqrt
from typing import NamedTuple

import numpy as np
import pytest

from trialsim import load_scenario
from trialsim.calendar import study_of
from trialsim.distributions import (
    adverse_events,
    course_counts,
    distribution,
    enrolment_curve,
    quantities,
    survival_bands,
)
from trialsim.engines.calendar import columns_of, simulate_trials, trials
from trialsim.simulation import of_one_truth, with_survival_grid

N = 3_000
MISSING = -(2**62)


class Case(NamedTuple):
    design: object
    conduct: object
    tally: object
    matrix: np.ndarray
    where: dict

    def raw(self, quantity, arm=None, look=None, point=None):
        """Return a column of raw numbers; NaN where a trial has none."""
        values = self.matrix[:, self.where[quantity, arm, look, point]]
        return np.where(values == MISSING, np.nan, values)


@pytest.fixture(scope="module")
def case():
    scenario = with_survival_grid(of_one_truth(load_scenario("gist"), "weak"), 6)
    ((_, design),) = scenario.designs()
    study = study_of(design, scenario.conduct, scenario.truths[0].rates(design.arm_names), scenario.seed)
    where = {(c.quantity, c.arm, c.look, c.point): i for i, c in enumerate(columns_of(study))}
    return Case(design, scenario.conduct, simulate_trials(study, N), trials(study, 0, N), where)


def smallest_with(values, probability):
    """Return the smallest value whose share of values not above it is at least a probability."""
    known = np.sort(values[~np.isnan(values)])
    return known[int(np.ceil(probability * len(known) - 1e-9)) - 1]


def error_of_mean(values):
    known = values[~np.isnan(values)]
    return np.std(known) / sqrt(len(known))


def test_enrolment_by_month(case):
    curve = enrolment_curve(case.design, case.conduct, case.tally)
    assert curve.n_trials == N
    assert [point.day for point in curve.points] == pytest.approx([30.4375 * month for month in range(16)])
    assert curve.points[0].high.value == 0.0
    for month, point in enumerate(curve.points[1:]):
        raw = case.raw("enrolled_by", point=month)
        assert point.mean.value == pytest.approx(raw.mean(), rel=1e-12)
        assert point.mean.mcse == pytest.approx(error_of_mean(raw), rel=1e-9, abs=1e-12)
        assert point.low.value == smallest_with(raw, 0.05)
        assert point.high.value == smallest_with(raw, 0.95)


def test_decision_days(case):
    looks = enrolment_curve(case.design, case.conduct, case.tally).looks
    assert [look.name for look in looks] == ["proof-of-concept", "interim"]
    for number, look in enumerate(looks):
        days = case.raw("look_day", look=number) / 1440
        known = ~np.isnan(days)
        assert 0 < known.sum() < N
        assert look.takes_place.value == known.mean()
        assert look.takes_place.mcse == pytest.approx(sqrt(known.mean() * (1 - known.mean()) / N))
        assert look.day.mean.value == pytest.approx(np.nanmean(days))
        assert look.day.mean.mcse == pytest.approx(error_of_mean(days))
        assert look.day.low.value == np.floor(smallest_with(days, 0.05))
        assert look.enrolled.value == pytest.approx(np.nanmean(case.raw("look_enrolled", -1, number)))


RAW = {
    "n": ("enrolled", -1, None),
    "overrun.0": ("look_overrun", -1, 0),
    "pipeline.0": ("look_pipeline", -1, 0),
    "overrun.1": ("look_overrun", -1, 1),
}


@pytest.mark.parametrize("key", sorted(RAW))
def test_distribution_of_patients(case, key):
    (quantity,) = [item for item in quantities(case.design, case.tally) if item.key == key]
    found, raw = distribution(case.tally, quantity), case.raw(*RAW[key])
    known = raw[~np.isnan(raw)]
    assert (found.n, found.n_trials) == (len(known), N)
    assert (found.low.value, found.median.value) == (smallest_with(raw, 0.05), smallest_with(raw, 0.5))
    assert found.mean.value == pytest.approx(known.mean())
    for bin_ in found.bins:
        share = np.mean((known >= bin_.low) & (known < bin_.high))
        assert bin_.share.value == pytest.approx(share)
        assert bin_.share.mcse == pytest.approx(sqrt(share * (1 - share) / len(known)))
    assert sum(bin_.share.value for bin_ in found.bins) == pytest.approx(1)
    assert [bin_.high for bin_ in found.bins[:-1]] == [bin_.low for bin_ in found.bins[1:]]
    assert 1 <= len(found.bins) <= 30


@pytest.mark.parametrize(
    ("key", "column", "days"), [("duration", ("duration",), 30.4375), ("day.0", ("look_day", None, 0), 1)]
)
def test_distribution_of_times(case, key, column, days):
    (quantity,) = [item for item in quantities(case.design, case.tally) if item.key == key]
    found, raw = distribution(case.tally, quantity), case.raw(*column) / 1440
    whole = np.floor(raw[~np.isnan(raw)])
    assert found.mean.value == pytest.approx(np.nanmean(raw) / days)
    assert found.mean.mcse == pytest.approx(error_of_mean(raw) / days)
    assert found.high.value == pytest.approx(np.floor(smallest_with(raw, 0.95)) / days)
    assert len(found.bins) > 1
    for bin_ in found.bins:
        inside = (whole >= bin_.low * days - 1e-6) & (whole < bin_.high * days - 1e-6)
        assert bin_.share.value == pytest.approx(inside.mean())


def test_nothing_happened_in_a_look_that_never_took_place(case):
    quantity = next(item for item in quantities(case.design, case.tally) if item.key == "overrun.0")
    tally = type(case.tally).empty(case.tally.sums.columns)
    found = distribution(tally, quantity)
    assert (found.n, found.bins, found.mean.value, found.median.value) == (0, (), None, None)


@pytest.mark.parametrize("curve", ["os", "ttf"])
def test_survival_bands(case, curve):
    bands = survival_bands(case.design, case.conduct, case.tally, curve)
    assert [band.arm for band in bands] == list(case.design.arm_names)
    for arm, band in enumerate(bands):
        assert [point.day for point in band.points] == [0.0, *case.conduct.survival.at_days]
        assert band.points[0].mean.value == 1.0
        for number, point in enumerate(band.points[1:]):
            raw = case.raw(curve, arm, None, number) * 1e-6
            assert point.mean.value == pytest.approx(np.nanmean(raw))
            assert point.mean.mcse == pytest.approx(error_of_mean(raw), abs=1e-12)
            assert point.low.value == pytest.approx(smallest_with(raw, 0.05), abs=1e-3)  # read in thousandths


def test_no_survival_no_bands(case):
    plain = case.conduct.model_copy(update={"survival": None})
    assert survival_bands(case.design, plain, case.tally, "os") == ()


def test_adverse_events(case):
    shares = adverse_events(case.design, case.conduct, case.tally)
    names = [*(event.name for event in case.conduct.adverse_events.events), "at least one"]
    assert sorted({share.event for share in shares}) == sorted(names)
    for share in shares:
        arm, point = case.design.arm_names.index(share.arm), names.index(share.event)
        n_patients = case.raw("enrolled", arm)
        for quantity, found in (("any_grade", share.any_grade), ("severe", share.severe)):
            n_events = case.raw(quantity, arm, None, point)
            ratio = n_events.sum() / n_patients.sum()
            assert found.value == pytest.approx(ratio)
            # The standard error of a ratio from whole trials: the delta method, which supposes nothing about patients.
            of_ratio = np.std(n_events - ratio * n_patients) / n_patients.mean() / sqrt(N)
            assert found.mcse == pytest.approx(of_ratio, rel=0.1, abs=1e-12)


def test_adverse_events_are_sorted(case):
    shares = adverse_events(case.design, case.conduct, case.tally)
    assert shares[0].event == "at least one"
    order = list(dict.fromkeys(share.event for share in shares))
    assert order[1:4] == ["edema", "nausea", "diarrhea"]


def test_course_counts(case):
    counts = {(count.quantity, count.arm): count for count in course_counts(case.design, case.tally)}
    assert ("toxicities", "pooled") not in counts
    for quantity in ("best_response", "deaths", "on_study", "crossovers"):
        for arm, name in ((0, "400 mg"), (1, "600 mg"), (-1, "pooled")):
            raw, count = case.raw(quantity, arm), counts[quantity, name]
            assert count.mean.value == pytest.approx(raw.mean())
            assert count.mean.mcse == pytest.approx(error_of_mean(raw), abs=1e-12)
            assert (count.low.value, count.high.value) == (smallest_with(raw, 0.05), smallest_with(raw, 0.95))
