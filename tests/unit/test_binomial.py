"""The binomial distribution against exact fractions."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from trialsim.inference.binomial import pmf


@pytest.mark.parametrize(("n", "rate"), [(1, 0.3), (18, 0.05), (73, 36 / 73), (147, 0.999), (60, 1e-9), (0, 0.4)])
def test_pmf_is_exact_to_thirteen_digits(n: int, rate: float) -> None:
    p = Fraction(rate)
    exact = [float(comb(n, x) * p**x * (1 - p) ** (n - x)) for x in range(n + 1)]
    np.testing.assert_allclose(pmf(n, rate), exact, rtol=2e-13, atol=1e-300)


def test_pmf_of_certain_rates_is_a_point() -> None:
    assert pmf(5, 0.0).tolist() == [1, 0, 0, 0, 0, 0]
    assert pmf(5, 1.0).tolist() == [0, 0, 0, 0, 0, 1]


def test_pmf_of_many_patients_sums_to_one_and_has_the_right_moments() -> None:
    n, rate = 20_000, 0.37
    terms = pmf(n, rate)
    x = np.arange(n + 1)
    assert terms.sum() == pytest.approx(1, abs=1e-12)
    assert terms @ x == pytest.approx(n * rate, rel=1e-11)
    assert terms @ (x - n * rate) ** 2 == pytest.approx(n * rate * (1 - rate), rel=1e-9)


def test_pmf_cannot_be_changed_by_a_caller() -> None:
    with pytest.raises(ValueError, match="read-only"):
        pmf(5, 0.5)[0] = 1.0
