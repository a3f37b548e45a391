"""The search for BOP2 designs: against a grid of the definition in fractions, and against the exact engine."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.naive import bayes_search as naive
from tests.unit.engine_figures import engine_figures
from trialsim.errors import InputError
from trialsim.search.bop2 import bop2


def test_no_lambda_and_gamma_of_a_fine_grid_does_better():
    looks, null, target = [5, 10, 16], Fraction(1, 5), Fraction(1, 2)
    boundaries = {
        naive.bop2_boundary(looks, null, 1, 3, lam / 100, gamma / 10) for lam in range(50, 100) for gamma in range(11)
    }
    figures = []
    for stop in boundaries:
        alpha, _, expected = naive.staged(looks, list(stop), [99, 99, 99], null)
        power = naive.staged(looks, list(stop), [99, 99, 99], target)[0]
        if alpha <= Fraction(1, 10):
            figures.append((power, expected, stop))
    power, expected, stop = max(figures, key=lambda one: (one[0], -one[1]))
    assert len(figures) > 5
    found = bop2(0.2, 0.5, 0.1, 0.2, looks=looks, prior=(1.0, 3.0)).designs
    assert found[0].measures["power"] >= float(power) - 1e-12
    assert found[0].stop_at_or_below == stop
    assert found[0].measures["en_null"] == pytest.approx(float(expected), abs=1e-9)
    enough = [one for one in figures if one[0] >= Fraction(4, 5)]
    assert found[1].measures["en_null"] <= float(min(one[1] for one in enough)) + 1e-9
    assert found[1].measures["power"] >= 0.8


@pytest.mark.parametrize("more", [{}, {"prior": (1.0, 1.0)}, {"gamma_max": 3.0}])
def test_the_design_loads_and_the_exact_engine_says_the_same(more):
    for found in bop2(0.2, 0.4, 0.1, 0.25, looks=(10, 15, 20, 25, 30, 35, 40), **more).designs:
        figures = engine_figures(found.document, 0.2, 0.4)
        assert found.measures == pytest.approx(figures, abs=1e-9)
        assert figures["alpha"] <= 0.1


@pytest.mark.parametrize("edge", [0, 1])
def test_the_whole_interval_of_lambda_makes_the_same_design_and_beyond_it_another(edge):
    looks = (10, 20, 30)
    found = bop2(0.2, 0.4, 0.1, looks=looks, prior=(1.0, 4.0)).designs[0]
    low, high = found.details["lambda_interval"]
    inside, outside = [(low + 1e-9, low - 1e-9), (high - 1e-9, high + 1e-9)][edge]
    gamma = found.details["gamma"]
    assert naive.bop2_boundary(list(looks), Fraction(1, 5), 1, 4, inside, gamma) == found.stop_at_or_below
    assert naive.bop2_boundary(list(looks), Fraction(1, 5), 1, 4, outside, gamma) != found.stop_at_or_below


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"looks": (10, 20, 20)}, "looks 10, 20, 20: 20 does not come after 20"),
        ({"looks": ()}, "looks: none is given"),
        ({"prior": (0.0, 1.0)}, "the first parameter of a Beta prior must be above 0"),
        ({"gamma_max": 0.0}, "gamma-max 0"),
        ({"beta": 0.01}, "the nearest that keeps alpha has beta 0"),
        ({"null_rate": 0.4}, "the null rate 0.4 is not below the target rate 0.4"),
        ({"alpha": 0.005, "looks": (3,)}, "the smallest alpha is 0.008"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(change, words):
    with pytest.raises(InputError, match=words):
        bop2(**{"null_rate": 0.2, "target_rate": 0.4, "alpha": 0.1, "looks": (10, 20), **change})
