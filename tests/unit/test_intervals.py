"""Intervals against their definitions: tails by scipy.stats, formulas written out anew."""

import numpy as np
import pytest
from scipy import optimize, stats

from trialsim.inference.intervals import INTERVALS, limits

CASES = [(1, 0.95), (2, 0.9), (18, 0.95), (73, 0.8), (147, 0.95), (400, 0.99)]


@pytest.mark.parametrize(("n", "level"), CASES)
@pytest.mark.parametrize(("ours", "theirs"), [("clopper-pearson", "exact"), ("wilson", "wilson")])
def test_against_scipy(ours: str, theirs: str, n: int, level: float) -> None:
    lower, upper = limits(ours, n, level)
    for x in range(n + 1):
        interval = stats.binomtest(x, n).proportion_ci(level, method=theirs)
        assert lower[x] == pytest.approx(interval.low, abs=1e-9)
        assert upper[x] == pytest.approx(interval.high, abs=1e-9)


@pytest.mark.parametrize(("n", "level"), CASES)
def test_clopper_pearson_tails_hold_to_ten_digits(n: int, level: float) -> None:
    lower, upper = limits("clopper-pearson", n, level)
    x = np.arange(n + 1)
    tail = (1 - level) / 2
    np.testing.assert_allclose(stats.binom.sf(x[1:] - 1, n, lower[1:]), tail, rtol=1e-10)
    np.testing.assert_allclose(stats.binom.cdf(x[:-1], n, upper[:-1]), tail, rtol=1e-10)
    assert lower[0] == 0
    assert upper[n] == 1


@pytest.mark.parametrize(("n", "level"), CASES)
def test_jeffreys_is_the_beta_quantile(n: int, level: float) -> None:
    lower, upper = limits("jeffreys", n, level)
    tail = (1 - level) / 2
    for x in range(n + 1):
        posterior = stats.beta(x + 0.5, n - x + 0.5)
        assert lower[x] == pytest.approx(0 if x == 0 else posterior.ppf(tail), abs=1e-10)
        assert upper[x] == pytest.approx(1 if x == n else posterior.ppf(1 - tail), abs=1e-10)


@pytest.mark.parametrize(("n", "level"), CASES)
def test_wald_and_agresti_coull_are_their_formulas(n: int, level: float) -> None:
    z = stats.norm.ppf(1 - (1 - level) / 2)
    for name, extra in (("wald", 0.0), ("agresti-coull", z * z / 2)):
        lower, upper = limits(name, n, level)
        for x in range(n + 1):
            size = n + 2 * extra
            rate = (x + extra) / size
            half = z * (rate * (1 - rate) / size) ** 0.5
            assert lower[x] == pytest.approx(max(rate - half, 0), abs=1e-12)
            assert upper[x] == pytest.approx(min(rate + half, 1), abs=1e-12)


@pytest.mark.parametrize(("n", "level"), [(1, 0.95), (18, 0.95), (73, 0.9)])
def test_mid_p_solves_its_equation(n: int, level: float) -> None:
    lower, upper = limits("mid-p", n, level)
    tail = (1 - level) / 2

    def excess(rate: float, x: int) -> float:
        return stats.binom.sf(x, n, rate) + stats.binom.pmf(x, n, rate) / 2 - tail

    for x in range(1, n + 1):
        assert lower[x] == pytest.approx(optimize.brentq(excess, 1e-12, 1 - 1e-12, args=(x,), xtol=1e-13), abs=1e-10)
        assert upper[n - x] == pytest.approx(1 - lower[x], abs=1e-12)
    assert lower[0] == 0


@pytest.mark.parametrize("name", sorted(INTERVALS))
def test_limits_are_ordered_symmetric_and_within_the_unit_interval(name: str) -> None:
    for n in (1, 2, 7, 60):
        lower, upper = limits(name, n, 0.95)
        assert lower.shape == upper.shape == (n + 1,)
        assert (0 <= lower).all()
        assert (lower <= upper).all()
        assert (upper <= 1).all()
        np.testing.assert_allclose(lower, 1 - upper[::-1], atol=1e-12)
