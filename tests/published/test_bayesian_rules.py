"""Boundaries of Bayesian rules as other programs print them.

ph2bayes 0.0.2 (Nagashima): example output of stopbound_pred on its page at rdrr.io.
BOP2FE (Yimer and others): the README of its repository, binary endpoint; its futility rule is that of BOP2.
phase1b (Genentech): the expected values of its tests test-boundsPostProb, test-boundsPredprob and test-predprob.
Lee and Liu 2008, Clin Trials 5:93-106: the example of p. 97 (16 of 23, N = 40), by way of phase1b, which cites it.
"""

from __future__ import annotations

from typing import Any

import pytest

from trialsim.inference.posterior import Beta, posterior_above
from trialsim.inference.predictive import predictive_success
from trialsim.spec.rules.asked import Asked
from trialsim.spec.rules.bop2 import Bop2Rule
from trialsim.spec.rules.posterior import PosteriorRule
from trialsim.spec.rules.predictive_probability import PredictiveProbabilityRule

PH2BAYES = {1: -1, 4: 0, 8: 1, 11: 2, 14: 3, 17: 4, 20: 5, 22: 6, 25: 7, 27: 8, 29: 9}
"""stopbound_pred(0.05, "futility", 40, 0.6, 1.4, 0.3, 0.85): patients from which so many responses stop the trial."""


def final_least(n: int, above: float, at_least: float, prior: dict[str, float]) -> int:
    return PosteriorRule(kind="posterior", above=above, at_least=at_least, prior=prior).boundary(Asked("a", n, n))


def predictive(at_least: float, prior: Any) -> PredictiveProbabilityRule:
    return PredictiveProbabilityRule(kind="predictive-probability", at_least=at_least, prior=prior)


def test_predictive_probability_stops_where_ph2bayes_does() -> None:
    prior = {"responses": 0.6, "non_responses": 1.4}
    final = final_least(40, 0.3, 0.85, prior)
    stops = {n: predictive(0.05, prior).boundary(Asked("a", n, 40, final)) - 1 for n in range(1, 30)}
    first = {n: bound for n, bound in stops.items() if n == 1 or bound != stops[n - 1]}
    assert first == PH2BAYES


def test_bop2_stops_where_bop2fe_does() -> None:
    rule = Bop2Rule(**{"kind": "bop2", "above": 0.2, "lambda": 0.909, "gamma": 1})
    assert [rule.boundary(Asked("a", n, 40)) - 1 for n in range(10, 41, 5)] == [1, 2, 3, 5, 7, 9, 11]


def test_posterior_goes_where_phase1b_does() -> None:
    flat = (Beta(1.0, 1.0),)
    rule = PosteriorRule(kind="posterior", above=0.2, at_least=0.6, prior={"responses": 1, "non_responses": 1})
    least = [rule.boundary(Asked("a", n, 40)) for n in (10, 20, 30, 40)]
    assert least == [2, 5, 7, 9]
    reached = [posterior_above(0.2, n, flat)[x] for n, x in zip((10, 20, 30, 40), least, strict=True)]
    assert reached == pytest.approx([0.6174, 0.7693, 0.73, 0.704], abs=5e-5)


def test_predictive_probability_stops_and_succeeds_where_phase1b_does() -> None:
    prior = {"responses": 1, "non_responses": 1}
    final = final_least(40, 0.2, 0.8, prior)
    assert final == 10
    looks = [Asked("a", n, 40, final) for n in (10, 20, 30)]
    # phase1b stops at a predictive probability of at most 0.1, and none of these is 0.1 exactly
    assert [predictive(0.1, prior).boundary(asked) - 1 for asked in looks] == [0, 2, 5]
    assert [predictive(0.9, prior).boundary(asked) for asked in looks] == [4, 7, 9]


def test_the_example_of_lee_and_liu() -> None:
    prior = (Beta(0.6, 0.4),)
    final = final_least(40, 0.6, 0.9, {"responses": 0.6, "non_responses": 0.4})
    assert predictive_success(23, 17, final, prior)[16] == pytest.approx(0.5655589, abs=1e-6)


def test_a_mixture_as_in_phase1b() -> None:
    prior = (Beta(1.0, 1.0, 0.75), Beta(25.0, 15.0, 0.25))
    above = posterior_above(0.6, 40, prior)
    final = int((above <= 0.9).sum())
    assert predictive_success(23, 17, final, prior)[20] == pytest.approx(0.9874431, abs=1e-6)
    expected = [0.156, 0.2352, 0.3303, 0.4359, 0.5449, 0.65, 0.7447, 0.8244, 0.8871, 0.9327, 0.9634, 0.9821]
    assert above[20:32] == pytest.approx(expected, abs=1e-4)


def test_the_stopping_regions_of_lee_and_liu_for_36_patients_as_recalled() -> None:
    """From memory, not looked up (so no published value): 0/10, 1/17, 2/21, 3/24, 4/27, 5/29, 6/31, 7/33, 8/34, …"""
    prior = {"responses": 0.2, "non_responses": 0.8}
    final = final_least(36, 0.2, 0.9, prior)
    stops = [predictive(0.001, prior).boundary(Asked("a", n, 36, final)) - 1 for n in range(10, 37)]
    first = [10 + stops.index(bound) for bound in range(11)]
    assert first == [10, 17, 21, 24, 27, 29, 31, 33, 34, 35, 36]
