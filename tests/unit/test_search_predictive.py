"""The search for predictive probability designs: against enumeration, and against the exact engine."""

from __future__ import annotations

from fractions import Fraction
from time import perf_counter

import numpy as np
import pytest

from tests.naive import bayes_search as naive
from tests.unit.engine_figures import engine_figures
from trialsim.errors import InputError
from trialsim.search.predictive import predictive
from trialsim.search.stages import solve_stages

SMALL = {"n_min": 5, "n_max": 13, "first_look": 4, "prior": (1.0, 2.0)}


def test_finds_what_enumeration_of_every_design_finds():
    all_of_them = naive.predictive_designs(
        Fraction(1, 5), Fraction(3, 5), Fraction(3, 20), Fraction(1, 5), range(5, 14), 4, 1, 2
    )
    found = {one.criterion: one for one in predictive(0.2, 0.6, 0.15, 0.2, **SMALL).designs}
    smallest = min(all_of_them, key=lambda one: (one[0], one[1]))
    thriftiest = min(all_of_them, key=lambda one: (one[1], one[0]))
    assert len(all_of_them) > 5
    for criterion, (n, expected, stop) in (("minimax", smallest), ("optimal", thriftiest)):
        assert found[criterion].looks[-1] == n
        assert found[criterion].stop_at_or_below == tuple(stop)
        assert found[criterion].measures["en_null"] == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("more", [{}, {"theta_u": 0.9}, {"cohort": 4}, {"theta_l": 0.02}, {"prior": (1.0, 1.0)}])
def test_the_design_loads_and_the_exact_engine_says_the_same(more):
    search = predictive(0.2, 0.45, 0.1, 0.2, n_max=36, **more)
    for found in search.designs:
        figures = engine_figures(found.document, 0.2, 0.45)
        assert found.measures == pytest.approx(figures, abs=1e-9)
        assert figures["alpha"] <= 0.1
        assert figures["power"] >= 0.8


def test_rates_so_far_apart_that_posteriors_are_all_but_1():
    for found in predictive(0.005, 0.95, 0.05, 0.1, n_min=20, n_max=24).designs:
        assert found.measures == pytest.approx(engine_figures(found.document, 0.005, 0.95), abs=1e-9)


@pytest.mark.parametrize("theta_l", [None, 0.1])
def test_a_predictive_probability_that_is_a_short_number_but_for_rounding(theta_l):
    """Under Beta(3, 7) a state of 12 patients has a predictive probability of 0.1, computed as 0.09999999999999999."""
    asked = {"n_max": 22, "first_look": 1, "cohort": 3, "prior": (3.0, 7.0), "theta_l": theta_l}
    for found in predictive(0.275, 0.602, 0.2, 0.1, **asked).designs:
        assert found.measures == pytest.approx(engine_figures(found.document, 0.275, 0.602), abs=1e-9)


@pytest.mark.parametrize(("name", "at"), [("theta_t", "success_if"), ("theta_l", "continue_if")])
def test_the_whole_plateau_makes_the_same_design_and_beyond_it_another(name, at):
    found = predictive(0.2, 0.45, 0.1, 0.2, n_max=32).designs[0]
    low, high = found.details[f"{name}_interval"]
    for cut, is_same in (
        (low + 1e-6 * (high - low), True),
        (high - 1e-6 * (high - low), True),
        (low * (1 - 1e-6), False),
        (high * (1 + 1e-6), False),
    ):
        document = {**found.document, "looks": [dict(look) for look in found.document["looks"]]}
        for look in document["looks"]:
            if at in look:
                look[at] = {"rule": {**look[at]["rule"], "at_least": cut}}
        same = engine_figures(document, 0.2, 0.45) == pytest.approx(dict(found.measures), abs=1e-12)
        assert same == is_same


def test_staged_figures_are_those_of_enumeration():
    looks, stop, win = [3, 7, 12], [0, 2, 5], [3, 6, 13]
    found = solve_stages(looks, np.array([stop]), np.array([win[:2]]), (0.25, 0.5))
    for place, rate in enumerate((Fraction(1, 4), Fraction(1, 2))):
        reject, pet, expected = naive.staged(looks, stop, win, rate)
        assert found.reject[0, place] == pytest.approx(float(reject), abs=1e-14)
        assert found.pet[0, place] == pytest.approx(float(pet), abs=1e-14)
        assert found.n_mean[0, place] == pytest.approx(float(expected), abs=1e-12)


@pytest.mark.slow_statistics
def test_fifty_patients_take_less_than_five_seconds():
    began = perf_counter()
    predictive(0.2, 0.4, 0.1, 0.1, n_max=50)
    assert perf_counter() - began < 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_max": 12}, "the nearest that keeps alpha, without interim looks, has beta"),
        ({"prior": (0.0, 1.0)}, "the first parameter of a Beta prior must be above 0"),
        ({"prior": (1.0, -1.0)}, "the second parameter of a Beta prior must be above 0"),
        ({"theta_u": 1.5}, "theta-u 1.5: a probability above 0"),
        ({"theta_l": 1.0}, "theta-l 1: a probability above 0 and below theta-u"),
        ({"first_look": 60}, "first-look 60: a number of patients from 1 to 49"),
        ({"cohort": 0}, "cohort 0: a number of patients"),
        ({"null_rate": 0.5}, "the null rate 0.5 is not below the target rate 0.4"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(change, words):
    asked = {"null_rate": 0.2, "target_rate": 0.4, "alpha": 0.05, "beta": 0.05, "n_max": 50, **change}
    with pytest.raises(InputError, match=words) as refusal:
        predictive(**asked)
    assert refusal.value.exit_code == 2
