"""Formulas after a two-stage design as public R packages write them out, on the examples of their documentation.

Sources, read in the packages' files: clinfun (twostage.inference in R/ph2simon.R), InferenceBEAGSD (pu.r, pp.r,
pvaluek.r), PhIIdesign (simon2stage_pval.R, fleming2stage_pval.R), and T. Koyama's R program of Koyama and Chen, Stat
Med 2008;27:3145-3154 (its examples). Their documentation prints no result, so the expected values are the formulas
themselves, summed here in fractions: evidence that the same thing is meant, not a printed number.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from tests.naive.after_stopping import binomial_tail, koyama_chen_p_value
from trialsim.inference import koyama_chen, stagewise
from trialsim.inference.estimators import estimates
from trialsim.inference.sequential import LookBounds, Scheme

# responses, r1, n1, n: InferenceBEAGSD's example, and Simon's designs of clinfun's ph2simon examples
TWO_STAGES = [(21, 4, 19, 54), (6, 1, 10, 29), (11, 3, 17, 37), (30, 11, 53, 99), (5, 3, 19, 36)]


def scheme_of(r1: int, n1: int, n: int) -> Scheme:
    return Scheme((LookBounds(n1, r1, n1 + 1),), n)


@pytest.mark.parametrize(("x", "r1", "n1", "n"), TWO_STAGES)
def test_umvue_of_jung_and_kim(x: int, r1: int, n1: int, n: int) -> None:
    first = range(max(r1 + 1, x - (n - n1)), min(x, n1) + 1)
    with_response = sum(comb(n1 - 1, k - 1) * comb(n - n1, x - k) for k in first)
    expected = Fraction(with_response, sum(comb(n1, k) * comb(n - n1, x - k) for k in first))
    assert estimates("umvue", scheme_of(r1, n1, n), 1)[x] == float(expected)
    assert estimates("umvue", scheme_of(r1, n1, n), 0)[r1] == r1 / n1


@pytest.mark.parametrize(("x", "r1", "n1", "n"), TWO_STAGES)
def test_conditional_umvue_of_pepe(x: int, r1: int, n1: int, n: int) -> None:
    first = [k for k in range(r1 + 1, n1 + 1) if 0 <= x - k <= n - n1]
    with_response = sum(comb(n1, k) * comb(n - n1 - 1, x - k - 1) for k in first if x > k)
    expected = Fraction(with_response, sum(comb(n1, k) * comb(n - n1, x - k) for k in first))
    assert estimates("conditional-umvue", scheme_of(r1, n1, n), 1)[x] == float(expected)


@pytest.mark.parametrize(("x", "r1", "n1", "n"), [*TWO_STAGES, (6, 1, 15, 25)])
@pytest.mark.parametrize("rate", [0.1, 0.2, 0.45])
def test_p_value_of_koyama_and_chen(x: int, r1: int, n1: int, n: int, rate: float) -> None:
    looks = scheme_of(r1, n1, n).looks

    def p_value(at: float) -> float:
        terms = (comb(n1, k) * at**k * (1 - at) ** (n1 - k) for k in range(r1 + 1, n1 + 1))
        return sum(term * binomial_tail(x - k, n - n1, at) for k, term in enumerate(terms, r1 + 1))

    assert stagewise.p_value(looks, n, x, rate) == pytest.approx(p_value(rate), abs=1e-13)
    lower, upper = (float(limit[x]) for limit in koyama_chen.p_value_limits(looks, n, 0.9))
    assert p_value(lower) == pytest.approx(0.05, abs=1e-12)
    assert p_value(upper) == pytest.approx(0.95, abs=1e-12)
    stopped = binomial_tail(r1, n1, rate)
    assert stagewise.p_value((), n1, r1, rate) == pytest.approx(stopped, abs=1e-13)


def test_p_value_with_a_stop_for_efficacy() -> None:
    n1, n2, r1, a, k, rate = 21, 24, 5, 10, 17, 0.3  # the example of PhIIdesign's fleming2stage_pval
    expected = binomial_tail(a, n1, rate) + sum(
        comb(n1, x) * rate**x * (1 - rate) ** (n1 - x) * binomial_tail(k - x, n2, rate) for x in range(r1 + 1, a)
    )
    assert stagewise.p_value((LookBounds(n1, r1, a),), n1 + n2, k, rate) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize(
    ("null_rate", "n1", "least_first", "planned", "least", "x_first", "added", "x_added"),
    [
        (0.1, 10, 2, 29, 6, 2, 19, 4),  # section 3.4
        (0.3, 19, 7, 39, 17, 7, 23, 10),  # sections 4.1 and 4.2: 23 patients where 20 were planned
    ],
)
def test_examples_of_koyama_and_chen(
    null_rate: float, n1: int, least_first: int, planned: int, least: int, x_first: int, added: int, x_added: int
) -> None:
    data = koyama_chen.SecondStage(
        LookBounds(n1, least_first - 1, n1 + 1), planned, least, x_first, n1 + added, x_first + x_added
    )
    case = (n1, least_first, planned, least, x_first, added, x_added)
    assert koyama_chen.attained_p_value(data, null_rate) == pytest.approx(
        koyama_chen_p_value(*case, null_rate), abs=1e-12
    )
    for probability, limit in zip((0.05, 0.95), koyama_chen.attained_p_value_limits(data, 0.9), strict=True):
        assert koyama_chen_p_value(*case, limit) == pytest.approx(probability, abs=1e-11)
