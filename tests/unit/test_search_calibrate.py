"""Setting a number of a design to a target: against trying every value, exactly and by the calendar."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.naive import bayes_search as naive
from trialsim.api import run
from trialsim.errors import InputError
from trialsim.search.calibrate import calibrate
from trialsim.search.trying import Which
from trialsim.spec.design import Design
from trialsim.spec.load import load_scenario

SIMON = "simon-1989-20-40"
LAST = "looks.second stage.success_if.rule.at_least"


def _alpha(least):
    return float(naive.staged([17, 37], [3, least - 1], [99, 99], Fraction(1, 5))[0])


@pytest.mark.parametrize("sense", ["at-most", "at-least", "nearest"])
def test_a_whole_number_is_the_best_of_all_tried_one_by_one(sense):
    allowed = {"at-most": lambda a: a <= 0.05, "at-least": lambda a: a >= 0.05, "nearest": lambda _: True}[sense]
    best = min((least for least in range(5, 21) if allowed(_alpha(least))), key=lambda one: abs(_alpha(one) - 0.05))
    chosen, beyond = calibrate(SIMON, LAST, 5, 20, Which("p_reject"), 0.05, sense=sense, at_rate=0.2).designs
    assert chosen.details["value"] == best
    assert chosen.measures["p_reject"] == pytest.approx(_alpha(best), abs=1e-12)
    assert abs(beyond.details["value"] - best) == 1
    assert (chosen.measures["p_reject"] - 0.05) * (beyond.measures["p_reject"] - 0.05) < 0


def test_a_long_range_of_whole_numbers_is_halved_to_the_same_answer():
    found = calibrate(SIMON, "enrolment.cap", 18, 400, Which("n_mean"), 60.0, sense="at-most", at_rate=0.3).designs
    caps = range(18, 401)
    means = [float(naive.staged([17, cap], [3, 0], [99, 99], Fraction(3, 10))[2]) for cap in (18, 19)]
    slope = means[1] - means[0]
    best = max(cap for cap in caps if means[0] + slope * (cap - 18) <= 60)
    assert found[0].details["value"] == best
    assert found[1].details["value"] == best + 1


def test_the_design_loads_and_the_exact_engine_says_the_same():
    field = "looks.second stage.success_if.rule.above"
    rule = "looks.second stage.success_if.rule={kind: posterior, above: 0.1, at_least: 0.9, " + (
        "prior: {responses: 1, non_responses: 1}}"
    )
    asked = {"sense": "at-most", "at_rate": 0.2, "overrides": (rule,)}
    found = calibrate(SIMON, field, 0.05, 0.5, Which("p_reject"), 0.05, **asked).designs[0]
    design = Design.model_validate(found.document)
    least = design.looks[-1].success_if.rule.boundary(design.asked("treatment", 37))
    assert found.measures["p_reject"] == pytest.approx(_alpha(least), abs=1e-12)
    assert _alpha(least) <= 0.05 < _alpha(least - 1)
    low, high = found.details["same_from_to"]
    assert low <= found.details["value"] <= high
    assert found.looks == (17, 37)
    assert not design.published


def test_a_measure_of_the_calendar_is_simulated_with_the_same_patients():
    field, which = "conduct.enrolment.per_month", Which("day_mean")
    search = calibrate("gist-calendar-sweep", field, 5, 40, which, 700, truth="active", n_sims=40)
    chosen, beyond = search.designs
    value = chosen.details["value"]
    again = load_scenario(
        "gist-calendar-sweep",
        [f"{field}={value!r}", "conduct.n_sims=40", "vary=null", "truths=[{name: active, response_rate: 0.3}]"],
    )
    records = run(again, "montecarlo", measures=("day_mean",)).records
    said = [r for r in records if r.engine == "calendar" and (r.measure, r.look, r.arm) == ("day_mean", None, None)]
    assert [(r.estimate, r.mcse) for r in said] == [(chosen.measures["day_mean"], chosen.measures["mcse"])]
    assert chosen.measures["mcse"] > 0
    assert (chosen.measures["day_mean"] - 700) * (beyond.measures["day_mean"] - 700) <= 0
    low, high = chosen.details["within_2_mcse_of_target"]
    assert low <= value <= high
    assert "falls throughout" in search.notes[0]
    assert load_scenario(_written(chosen.document)).conduct.enrolment.per_month == value


def _written(document):
    from tempfile import mkdtemp

    from trialsim.spec.scenario import Scenario
    from trialsim.spec.written import as_yaml

    path = f"{mkdtemp()}/scenario.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(as_yaml(Scenario.model_validate(document)))
    return path


def test_a_measure_that_is_not_monotone_is_told():
    # The higher the bar of an exact test at a fixed level, the fewer responses: n's own steps make a saw-tooth.
    rule = "looks.second stage.success_if.rule={kind: exact-test, null_rate: 0.2, alpha: 0.1}"
    which = Which("p_reject")
    search = calibrate(SIMON, "enrolment.cap", 20, 60, which, 0.06, sense="at-most", at_rate=0.2, overrides=(rule,))
    assert "not monotone" in search.notes[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": 20, "stop": 5}, "from 20 to 5: the range of .* is empty"),
        ({"target": 2.0, "sense": "at-least"}, "p_reject at least 2 is not reached .*; the nearest is 0.4487 at 5"),
        ({"target": 0.9}, "p_reject of 0.9 is not reached"),
        ({"which": Which("p_rejekt")}, 'did you mean "p_reject"'),
        ({"which": Which("p_stop", look="final")}, "there is none; the trial has arm treatment, look first stage"),
        ({"which": Which("n_quantile")}, "which one is meant"),
        ({"at_rate": None}, "under which truth"),
        ({"at_rate": None, "truth": "nul rate"}, 'did you mean "null rate"'),
        ({"at_rate": 2.0}, "at-rate 2"),
        ({"field": "looks.third stage.at"}, 'no item "third stage"'),
        ({"field": LAST.replace("at_least", "at_leest")}, "at_leest"),
        ({"engine": "calendar"}, "the scenario says nothing about conduct"),
        ({"engine": "exakt"}, 'did you mean "exact"'),
        ({"sense": "below"}, "accepted: nearest, at-most, at-least"),
        ({"source": "no-such-design"}, "no-such-design"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(change, words):
    asked = {"source": SIMON, "field": LAST, "start": 5, "stop": 20, "which": Which("p_reject"), "target": 0.05}
    asked |= {"at_rate": 0.2, **change}
    order = [asked.pop(name) for name in ("source", "field", "start", "stop", "which", "target")]
    with pytest.raises(InputError, match=words):
        calibrate(*order, **asked)
