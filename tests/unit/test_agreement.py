"""z and the family-wise limit: right when the engines agree, loud when they do not, honest about rare events."""

from math import inf, sqrt

import numpy as np
import pytest
from scipy import stats

from trialsim.oc.agreement import FAMILY_WISE_ERROR, compare, z_limit
from trialsim.oc.mcse import Estimate, mean, proportion, quantile, standard_deviation


def test_z_of_a_frequent_proportion_is_the_score() -> None:
    expected = proportion(30_000, 100_000)
    found = compare(proportion(30_300, 100_000), expected)
    assert found.is_judged
    assert found.z == pytest.approx(300 / sqrt(100_000 * 0.3 * 0.7))


@pytest.mark.parametrize(
    ("events", "p"), [(0, 1e-5), (3, 1e-5), (9, 1e-5), (0, 2e-4), (99_999, 1 - 1e-5), (100_000, 0.9999)]
)
def test_z_of_a_rare_proportion_is_its_binomial_tail(events: int, p: float) -> None:
    n = 100_000
    z = compare(proportion(events, n), proportion(p * n, n)).z
    law = stats.binom(n, p)
    middle = law.cdf(events) - law.pmf(events) / 2
    assert z == pytest.approx(stats.norm.ppf(middle), abs=1e-6)


def test_rare_events_seldom_alarm() -> None:
    """A tenth of an event expected: seeing one or two is no disagreement, seeing ten is."""
    n, expected = 100_000, proportion(0.1, 100_000)
    limit = z_limit(1000)
    assert all(abs(compare(proportion(k, n), expected).z) < limit for k in (0, 1, 2, 3))
    assert compare(proportion(10, n), expected).z > limit


def test_an_impossible_event_that_is_seen_is_infinitely_far() -> None:
    assert compare(proportion(1, 100), proportion(0.0, 100)).z == inf
    assert compare(proportion(99, 100), proportion(100.0, 100)).z == -inf
    assert compare(proportion(0, 100), proportion(0.0, 100)).z == 0


def test_a_mean_moved_by_a_rare_event_is_shown_but_not_judged() -> None:
    values = np.array([18.0, 73.0])
    frequent, rare = np.array([50_000.0, 50_000.0]), np.array([99_999.5, 0.5])
    assert compare(mean(values, np.array([50_100, 49_900])), mean(values, frequent)).is_judged
    shown = compare(mean(values, np.array([99_998, 2])), mean(values, rare))
    assert not shown.is_judged
    assert shown.z > 2


def test_z_of_a_conditional_mean_uses_the_replicates_that_met_the_condition() -> None:
    expected = mean(np.array([0.0, 1.0]), np.array([40.0, 40.0]))
    simulated = mean(np.array([0.0, 1.0]), np.array([150, 170]))
    assert compare(simulated, expected).z == pytest.approx((170 / 320 - 0.5) / (0.5 / sqrt(320)))


def test_means_without_spread() -> None:
    constant = Estimate(147.0, 0.0, 100, "mean", inf)
    assert compare(constant, constant).z == 0
    assert compare(constant._replace(value=146.0), constant).z == -inf


def test_quantiles_are_compared_by_the_shares_they_claim() -> None:
    values, n = np.array([18.0, 73.0, 147.0]), 10_000
    expected = quantile(values, np.array([0.5005, 0.4, 0.0995]) * n, 0.5)
    assert expected.value == 18
    close = quantile(values, np.array([4990, 4010, 1000]), 0.5)
    assert close.value == 73
    assert compare(close, expected).z == pytest.approx((0.5005 - 0.5) * 100 / sqrt(0.5005 * 0.4995))
    far = quantile(values, np.array([0, 4000, 6000]), 0.5)
    assert far.value == 147
    assert compare(far, expected).z > 50
    low = quantile(values, np.array([9600, 300, 100]), 0.95)
    assert compare(low, quantile(values, np.array([5005, 4000, 995]), 0.95)).z < -50


def test_nothing_to_compare() -> None:
    assert compare(proportion(0, 0), proportion(1, 10)).z is None
    assert not compare(proportion(1, 10), proportion(0, 0)).is_judged


def test_the_limit_keeps_the_family_wise_error() -> None:
    for m in (1, 50, 1000):
        assert 2 * stats.norm.sf(z_limit(m)) * m == pytest.approx(FAMILY_WISE_ERROR)


def test_the_sd_of_a_fair_coin_is_not_judged() -> None:
    """N is 10 or 20 with probability 1/2: its squared deviations are constant, so the SD has no first-order error."""
    values = np.array([10.0, 20.0])
    expected = standard_deviation(values, np.array([500.0, 500.0]))
    assert compare(standard_deviation(values, np.array([470, 530])), expected) == (None, False)
    lopsided = standard_deviation(values, np.array([300.0, 700.0]))
    assert compare(standard_deviation(values, np.array([300, 700])), lopsided) == (0.0, True)
