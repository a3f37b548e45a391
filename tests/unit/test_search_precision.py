"""The smallest n for a width, against one-by-one scans with intervals written anew."""

from __future__ import annotations

from math import ceil, comb, floor

import pytest

from tests.naive import bayes_search as naive
from trialsim.api import run
from trialsim.errors import InputError
from trialsim.search.precision import Wanted, achieved, precision
from trialsim.spec.design import Design
from trialsim.spec.scenario import Scenario, Truth

LIMITS = {"clopper-pearson": naive.clopper_pearson, "wilson": naive.wilson, "wald": naive.wald}


def _width(interval, n, x, kind):
    lower, upper = LIMITS[interval](n, x, 0.95)
    return max(x / n - lower, upper - x / n) if kind == "distance" else (upper - lower) / 2


def _scan(interval, kind, at_rate, target, most):
    """The smallest n, and the n after the last that fails."""
    reaches = []
    for n in range(1, most + 1):
        if kind == "expected":
            weights = [comb(n, x) * at_rate**x * (1 - at_rate) ** (n - x) for x in range(n + 1)]
            value = sum(w * _width(interval, n, x, "half-width") for x, w in enumerate(weights))
        else:
            counts = range(n + 1) if at_rate is None else (floor(n * at_rate + 1e-9), ceil(n * at_rate - 1e-9))
            value = max(_width(interval, n, x, kind) for x in counts)
        reaches.append(value <= target)
    return reaches.index(True) + 1, most - reaches[::-1].index(False) + 1


@pytest.mark.parametrize(
    ("interval", "kind", "at_rate", "target"),
    [
        ("wilson", "half-width", None, 0.12),
        ("wilson", "distance", None, 0.12),
        ("wald", "half-width", None, 0.12),
        ("wald", "half-width", 0.1, 0.09),
        ("wilson", "expected", 0.3, 0.12),
        ("wald", "expected", 0.1, 0.09),
        ("wilson", "distance", 0.05, 0.1),
        ("clopper-pearson", "half-width", 0.2, 0.15),
        ("clopper-pearson", "distance", 0.3, 0.17),
    ],
)
def test_finds_what_a_scan_finds(interval, kind, at_rate, target):
    smallest, for_good = _scan(interval, kind, at_rate, target, 90)
    assert for_good < 80
    found = {one.criterion: one.looks[0] for one in precision(target, kind, interval, at_rate=at_rate).designs}
    assert found == {"smallest": smallest, "smallest-for-good": for_good}


def test_the_two_criteria_differ_where_few_patients_have_a_narrow_interval():
    found = {one.criterion: one.looks[0] for one in precision(0.1, interval="wald").designs}
    assert found == {"smallest": 1, "smallest-for-good": 97}


def test_the_founding_trial_needs_147_patients():
    found = precision(0.0842, "distance").designs[0]
    assert found.looks == (147,)
    assert round(100 * found.measures["width"], 1) == 8.4
    assert achieved(Wanted(0.0842, "distance", "clopper-pearson", 0.95, None), 146) > 0.0842


@pytest.mark.parametrize(
    ("kind", "measure", "at_rate"),
    [
        ("half-width", "ci_half_width_max", None),
        ("distance", "ci_distance_max", None),
        ("expected", "ci_half_width_mean", 0.3),
    ],
)
def test_the_design_loads_and_the_exact_engine_says_the_same(kind, measure, at_rate):
    found = precision(0.1, kind, "jeffreys", at_rate=at_rate).designs[0]
    design = Design.model_validate(found.document)
    scenario = Scenario(
        schema="trialsim.scenario/1", name="x", design=design, truths=(Truth(name="t", response_rate=at_rate or 0.5),)
    )
    records = run(scenario, "exact", measures=(measure,)).records
    said = [record.exact for record in records if record.measure == measure and record.given is None]
    assert said == pytest.approx([found.measures["width"]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"target": 0.0}, "target 0: a width above 0"),
        ({"width": "halfwidth"}, 'did you mean "half-width"'),
        ({"interval": "wilsom"}, 'did you mean "wilson"'),
        ({"level": 95.0}, "level 95: a confidence level strictly between 0 and 1"),
        ({"width": "expected"}, "say which with --at-rate"),
        ({"at_rate": 1.5}, "at-rate 1.5"),
        ({"n_max": 50}, "at 50 it is 0.14"),
        ({"n_max": 50, "at_rate": 0.5}, "with up to 50 patients the half-width"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(change, words):
    with pytest.raises(InputError, match=words):
        precision(**{"target": 0.1, **change})
