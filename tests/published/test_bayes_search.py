"""Printed designs and boundaries that the Bayesian searches and the selection search must find.

Sources, each looked up:

- R package BOP2FE, README (github.com/belayb/BOP2FE): binary endpoint, H0 = 0.2, looks at 10, 15 … 40, lambda 0.909,
  gamma 1: futility boundary 1, 2, 3, 5, 7, 9, 11.
- R package ph2bayes, manual of stopbound_pred(0.05, "futility", 40, 0.6, 1.4, 0.3, 0.85): the first sizes at which each
  number of responses stops (rdrr.io/cran/ph2bayes/man/stopbound_pred.html).
- D.-T. Chen, reports "Two-Stage Design for Demonstration" and "Multi-Stage Design for Demonstration", interim analysis
  for futility by predictive probability (github.com/Seagen/opensource-bayesian-predictive-futility, folder Example).
- BMC Med Res Methodol 2013;13:87, Table 1, columns SWE: selection with two arms, simulated a million times.
- A public test script of BayesMultiStage.R, a program for two-endpoint designs, which quotes sizes and cut-offs of Lee
  and Liu 2008, tables 2 to 4, and prints the type I error of the first, 0.08777926. (It does not say the error rates.)

Not counted as looked up: the figures of Lee and Liu 2008 (their Table and text) and of Simon, Wittes and Ellenberg 1985
(their Table 1) stand here as the writer of the test remembers them; the papers' pages could not be read.
"""

from __future__ import annotations

import pytest

from tests.unit.engine_figures import engine_figures
from trialsim.inference.posterior import Beta, posterior_above
from trialsim.inference.predictive import predictive_success
from trialsim.search.bop2 import enumerate_designs
from trialsim.search.predictive import predictive
from trialsim.search.selection import correct_selection, selection


def _multi_stage(looks, stop, least):
    names = [f"look {n}" for n in looks[:-1]]
    interim = [
        {"name": name, "at": {"total": n}, "continue_if": {"rule": {"kind": "responses", "at_least": most + 1}}}
        for name, n, most in zip(names, looks[:-1], stop, strict=True)
    ]
    rule = {"kind": "responses", "at_least": least}
    final = {"name": "final", "at": "full_enrolment", "success_if": {"rule": rule}}
    head = {"schema": "trialsim.design/1", "name": "chen", "arms": [{"name": "treatment"}]}
    return {**head, "enrolment": {"cap": looks[-1]}, "looks": [*interim, final]}


def test_bop2fe_s_boundary_is_among_the_designs_searched_with_its_lambda_and_gamma():
    looks = (10, 15, 20, 25, 30, 35, 40)
    designs = enumerate_designs(looks, 0.2, Beta(0.2, 0.8))
    place = [tuple(row) for row in designs.stop_low.tolist()].index((1, 2, 3, 5, 7, 9, 11))
    assert designs.gamma[place] == pytest.approx(1.0, abs=0.2)
    assert designs.lambda_from[place] < 0.909 <= designs.lambda_to[place]


def test_ph2bayes_futility_boundary():
    # No more than so many responses at the first of these sizes stop: PP <= 0.05 there.
    printed = {4: 0, 8: 1, 11: 2, 14: 3, 17: 4, 20: 5, 22: 6, 25: 7, 27: 8, 29: 9}
    prior = (Beta(0.6, 1.4),)
    posterior = posterior_above(0.3, 40, prior)
    least = next(x for x in range(41) if posterior[x] >= 0.85)
    most = {n: int((predictive_success(n, 40 - n, least, prior) <= 0.05).sum()) - 1 for n in range(1, 30)}
    first = {n: most[n] for n in range(1, 30) if most[n] >= 0 and most[n] > most.get(n - 1, -1)}
    assert first == printed


@pytest.mark.parametrize(
    ("looks", "cut", "stop", "figures"),
    [
        ((25, 50), 0.2, (8,), {"alpha": 4, "pet_null": 68, "power": 88, "pet_target": 5}),
        ((10, 20, 30, 40, 50), 0.2, (2, 6, 10, 15), {"alpha": 4, "pet_null": 91, "power": 83, "pet_target": 14}),
    ],
)
def test_chen_s_demonstrations(looks, cut, stop, figures):
    prior = (Beta(1.0, 1.0),)
    posterior = posterior_above(0.3, 50, prior)
    least = next(x for x in range(51) if posterior[x] > 0.95)
    assert least == 21
    found = tuple(int((predictive_success(n, 50 - n, least, prior) < cut).sum()) - 1 for n in looks[:-1])
    assert found == stop
    ours = engine_figures(_multi_stage(looks, stop, least), 0.3, 0.5)
    assert {name: round(100 * ours[name]) for name in figures} == figures


def test_selection_probabilities_of_a_simulation_are_those_of_one_sample_size():
    printed = {(0.01, 0.02): 0.685, (0.01, 0.19): 0.997, (0.20, 0.15): 0.901, (0.20, 0.20): 0.954}
    fits = [
        n
        for n in range(10, 60)
        if all(correct_selection(n, 2, *truth) == pytest.approx(value, abs=0.0015) for truth, value in printed.items())
    ]
    assert fits == [29]
    assert selection(2, 0.20, 0.15, 0.90).designs[0].looks == (29,)


def test_lee_and_liu_2008_as_a_public_program_quotes_it():
    found = predictive(0.2, 0.4, 0.1, 0.1, theta_l=0.001, n_max=40).designs[0]
    most = dict(zip(found.looks, found.stop_at_or_below, strict=True))
    assert [most[n] for n in (10, 17, 21, 24, 27, 29, 31, 33, 34, 35, 36)] == list(range(11))
    low, high = found.details["theta_t_interval"]
    assert low < 0.887 <= high
    assert found.measures["alpha"] == pytest.approx(0.08777926, abs=5e-9)


@pytest.mark.parametrize(
    ("null_rate", "target_rate", "alpha", "beta", "theta_l", "theta_t", "n"),
    [(0.1, 0.3, 0.1, 0.1, 0.001, 0.8465, 25), (0.6, 0.8, 0.05, 0.2, 0.077, 0.9435, 35)],
)
def test_lee_and_liu_s_other_tables(null_rate, target_rate, alpha, beta, theta_l, theta_t, n):
    found = predictive(null_rate, target_rate, alpha, beta, theta_l=theta_l, n_max=n + 2).designs[0]
    assert found.looks[-1] == n
    low, high = found.details["theta_t_interval"]
    assert low < theta_t <= high


def test_lee_and_liu_2008_as_remembered():
    """theta_L = 0.001, theta_T from 0.852 to 0.922: 0/10, 1/17, 2/21 … 10/36; alpha .088, power .906, EN 27.67."""
    found = predictive(0.2, 0.4, 0.1, 0.1, theta_l=0.001, n_max=40).designs[0]
    assert found.looks[-1] == 36
    first = {most: n for n, most in reversed(list(zip(found.looks, found.stop_at_or_below, strict=True)))}
    assert first == {0: 10, 1: 17, 2: 21, 3: 24, 4: 27, 5: 29, 6: 31, 7: 33, 8: 34, 9: 35, 10: 36}
    low, high = found.details["theta_t_interval"]
    assert (low, high) == pytest.approx((0.852, 0.922), abs=0.001)
    assert round(found.measures["alpha"], 3) == 0.088
    assert round(found.measures["power"], 3) == 0.906
    assert round(found.measures["pet_null"], 2) == 0.86
    assert round(found.measures["en_null"], 2) == 27.67


def test_simon_wittes_ellenberg_1985_as_remembered():
    """Patients per arm for 2, 3 and 4 arms, 90 % to select the best, ahead by 15 points."""
    remembered = {
        0.1: (21, 31, 37),
        0.2: (29, 44, 52),
        0.3: (35, 52, 62),
        0.4: (37, 55, 67),
        0.5: (36, 54, 65),
        0.6: (32, 49, 59),
        0.7: (26, 39, 47),
        0.8: (16, 24, 29),
    }
    ours = {
        low: tuple(selection(arms, low, 0.15, n_max=80).designs[0].looks[0] for arms in (2, 3, 4)) for low in remembered
    }
    assert ours == remembered
