"""Estimates with their Monte Carlo standard error, by the right formula for each kind of measure.

All take weights: counts of replicates from the simulator. Given exact probabilities scaled to n replicates, the same
formulas return the exact value and the standard error that n replicates would have; given exact probabilities at many
truths (one more axis), the values alone. Formulas: Morris, White and Crowther, Stat Med 2019;38:2074-2102, table 6
(proportion, mean, SD); delta method (RMSE); Woodruff, J Am Stat Assoc 1952;47:635 (quantile).
"""

from __future__ import annotations

from math import inf, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[Any]


class Distribution(NamedTuple):
    """What a quantile was read from."""

    values: Floats
    cumulative: Floats
    probability: float


class Estimate(NamedTuple):
    """A value with the standard error of its simulation."""

    value: float | None
    """None: nothing was seen that meets the condition."""
    mcse: float | None
    n: float
    """Replicates it rests on: all, or those that meet the condition."""
    kind: str
    """"proportion", "mean", "root" (of a mean of squares) or "quantile"."""
    skewness: float = 0.0
    """Of one replicate's contribution; infinite if all contribute the same."""
    distribution: Distribution | None = None
    """For a quantile."""


def proportion(n_event: Any, n: float) -> Estimate:
    """Return n_event / n. With a condition, `n` counts the replicates that meet it (a ratio given its denominator)."""
    if n <= 0:
        return Estimate(None, None, n, "proportion")
    if np.ndim(n_event):
        return _of_truths(np.clip(n_event / n, 0.0, 1.0), "proportion")
    share = min(max(float(n_event) / n, 0.0), 1.0)
    return Estimate(share, sqrt(share * (1 - share) / n), n, "proportion")


def mean(values: Floats, weights: Floats) -> Estimate:
    """Return the weighted mean of `values`."""
    if weights.ndim == 2:
        return _of_truths(values @ weights / weights.sum(axis=0), "mean")
    n = float(weights.sum())
    if n <= 0:
        return Estimate(None, None, n, "mean")
    average = float(values @ weights) / n
    return Estimate(average, *_error_and_skew(values - average, weights, n))


def standard_deviation(values: Floats, weights: Floats) -> Estimate:
    """Return the weighted standard deviation (divisor n) of `values`."""
    if weights.ndim == 2:
        deviations = values[:, None] - values @ weights / weights.sum(axis=0)
        return _of_truths(np.sqrt((deviations**2 * weights).sum(axis=0) / weights.sum(axis=0)), "root")
    n = float(weights.sum())
    if n <= 0:
        return Estimate(None, None, n, "mean")
    deviation = values - float(values @ weights) / n
    return _root(mean(deviation * deviation, weights))


def root_mean_square(values: Floats, weights: Floats) -> Estimate:
    """Return the root of the weighted mean of squares."""
    return _root(mean(values * values, weights))


def quantile(values: Floats, weights: Floats, probability: float) -> Estimate:
    """Return the smallest value whose cumulative proportion is at least `probability`; `values` ascend.

    The standard error is half the distance between the quantiles at probability ± its own standard error. For counts of
    patients it is often 0: the quantile sits inside one value's share.
    """
    if weights.ndim == 2:
        shares = np.cumsum(weights, axis=0) / weights.sum(axis=0)
        position = (shares < probability - 1e-12).sum(axis=0)
        return _of_truths(values[np.minimum(position, len(values) - 1)], "quantile")
    n = float(weights.sum())
    cumulative = np.cumsum(weights) / n if n > 0 else np.zeros(len(values))
    error = sqrt(probability * (1 - probability) / n) if n > 0 else 0.0

    def at(point: float) -> float:
        return float(values[min(int(np.searchsorted(cumulative, point - 1e-12)), len(values) - 1)])

    half = (at(min(probability + error, 1.0)) - at(max(probability - error, 0.0))) / 2
    return Estimate(at(probability), half, n, "quantile", distribution=Distribution(values, cumulative, probability))


def _of_truths(values: Floats, kind: str) -> Estimate:
    """Return exact values at many truths, in one array: they have no standard error."""
    return Estimate(values, 0.0, 1.0, kind)  # type: ignore[arg-type]  # read by `exact_values` alone


def _root(squares: Estimate) -> Estimate:
    if squares.value is None or squares.mcse is None:
        return squares
    root = sqrt(max(squares.value, 0.0))
    return squares._replace(value=root, mcse=squares.mcse / (2 * root) if root > 0 else 0.0, kind="root")


def _error_and_skew(deviation: Floats, weights: Floats, n: float) -> tuple[float, float, str, float]:
    squares = deviation * deviation
    variance = float(squares @ weights) / n
    if variance <= 1e-24:  # rounding leaves this much where all replicates are alike
        return 0.0, n, "mean", inf
    skewness = float((squares * deviation) @ weights) / n / variance**1.5
    return sqrt(variance / n), n, "mean", abs(skewness)
