"""Standard errors against what they claim to be: the spread of the estimate over many simulations of the same size."""

import numpy as np
import pytest

from trialsim.oc.mcse import Estimate, mean, proportion, quantile, root_mean_square, standard_deviation

VALUES = np.array([18.0, 36.0, 73.0, 74.0, 92.0, 147.0])
SHARES = np.array([0.3, 0.2, 0.15, 0.15, 0.15, 0.05])
N, REPEATS = 500, 4000
COUNTS = np.random.default_rng(11).multinomial(N, SHARES, size=REPEATS)


@pytest.mark.parametrize(
    "estimator",
    [
        lambda counts: mean(VALUES, counts),
        lambda counts: standard_deviation(VALUES, counts),
        lambda counts: root_mean_square(VALUES - 60, counts),
        lambda counts: proportion(counts[2], N),
        lambda counts: proportion(counts[0], counts[0] + counts[1]),
    ],
    ids=["mean", "sd", "rmse", "proportion", "proportion given a condition"],
)
def test_mcse_is_the_spread_over_simulations(estimator) -> None:  # type: ignore[no-untyped-def]
    estimates = [estimator(counts) for counts in COUNTS]
    spread = np.std([estimate.value for estimate in estimates])
    claimed = np.sqrt(np.mean([estimate.mcse**2 for estimate in estimates]))
    assert claimed == pytest.approx(spread, rel=0.05)


def test_values_are_those_of_the_sample() -> None:
    sample = np.repeat(VALUES, COUNTS[0])
    assert mean(VALUES, COUNTS[0]).value == pytest.approx(sample.mean())
    assert standard_deviation(VALUES, COUNTS[0]).value == pytest.approx(sample.std())
    assert root_mean_square(VALUES, COUNTS[0]).value == pytest.approx(np.sqrt((sample**2).mean()))
    assert proportion(3, 12) == Estimate(0.25, pytest.approx(np.sqrt(0.25 * 0.75 / 12)), 12, "proportion")


@pytest.mark.parametrize("probability", [0.05, 0.3, 0.31, 0.5, 0.8, 0.95, 0.999])
def test_quantile_is_the_inverse_of_the_cumulative_share(probability: float) -> None:
    sample = np.repeat(VALUES, COUNTS[1])
    assert quantile(VALUES, COUNTS[1], probability).value == np.quantile(sample, probability, method="inverted_cdf")


def test_quantile_error_covers_the_quantile() -> None:
    """Of a nearly continuous distribution, the error is the spread; inside one value's share it is 0."""
    values = np.arange(2000.0)
    shares = np.full(2000, 1 / 2000)
    counts = np.random.default_rng(12).multinomial(1000, shares, size=600)
    estimates = [quantile(values, row, 0.3) for row in counts]
    spread = np.std([estimate.value for estimate in estimates])
    assert np.sqrt(np.mean([e.mcse**2 for e in estimates])) == pytest.approx(spread, rel=0.12)
    assert quantile(VALUES, np.array([0, 0, 1000, 0, 0, 0]), 0.5).mcse == 0


def test_skewness_is_that_of_one_contribution() -> None:
    assert mean(np.array([0.0, 1.0]), np.array([90, 10])).skewness == pytest.approx((1 - 0.2) / np.sqrt(0.09))
    assert mean(np.array([5.0]), np.array([3])).skewness == np.inf


def test_nothing_seen_is_none_not_zero() -> None:
    empty = np.zeros(2)
    assert proportion(0, 0).value is None
    assert mean(np.ones(2), empty).value is None
    assert standard_deviation(np.ones(2), empty).mcse is None
    assert root_mean_square(np.ones(2), empty).value is None
