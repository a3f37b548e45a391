"""Simulated against exact: z for every measure, and the limit that decides whether the engines agree.

The standard error in z is the one that the exact distribution implies for the same number of replicates, so that z is
honest where the simulation saw nothing. A rare event has no normal z: for a proportion with few expected events, z is
the normal quantile of its exact binomial tail. A mean whose distribution is too skewed for its number of replicates
(a rare event moves it) is shown but not judged; the proportions that it is made of are.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from trialsim.oc.mcse import Estimate

FAMILY_WISE_ERROR = 0.001
"""Probability that a run in which both engines are right is reported as a disagreement (Bonferroni bound)."""

_FEW_EVENTS = 400.0


class Comparison(NamedTuple):
    """One simulated value held against its exact value."""

    z: float | None
    is_judged: bool


def compare(simulated: Estimate, expected: Estimate) -> Comparison:
    """Return how a simulated value stands to the exact one.

    Parameters
    ----------
    simulated
        From the simulator's tally.
    expected
        From the exact tally, scaled to the same number of replicates.
    """
    if simulated.value is None or expected.value is None or expected.mcse is None:
        return Comparison(None, is_judged=False)
    if expected.kind == "quantile":
        return Comparison(_z_of_quantile(simulated.value, simulated.n, expected), is_judged=True)
    if expected.kind == "proportion":
        return Comparison(_z_of_proportion(simulated, expected), is_judged=True)
    error = expected.mcse * sqrt(expected.n / simulated.n)
    difference = simulated.value - expected.value
    if expected.kind == "root" and error < 10.0 * expected.value / simulated.n:
        # Nearly constant squares (two values, each with probability 1/2): the error is of second order, not normal.
        return Comparison(difference / error if error > 0.0 else None, is_judged=False)
    if error == 0.0:
        return Comparison(0.0 if abs(difference) < 1e-9 else float(np.copysign(np.inf, difference)), is_judged=True)
    return Comparison(difference / error, is_judged=simulated.n >= _FEW_EVENTS * expected.skewness**2)


def z_limit(n_compared: int) -> float:
    """Return the largest |z| that `n_compared` measures may show (two-sided, Bonferroni).

    >>> round(z_limit(1), 2)
    3.29
    """
    from scipy.special import ndtri

    return -float(ndtri(FAMILY_WISE_ERROR / 2 / max(n_compared, 1)))


def _z_of_proportion(simulated: Estimate, expected: Estimate) -> float:
    assert simulated.value is not None
    assert expected.value is not None
    n, p = simulated.n, expected.value
    events = round(simulated.value * n)
    if p < 1e-15 or p > 1 - 1e-15:
        return 0.0 if events == round(p * n) else float(np.copysign(np.inf, events - p * n))
    return _z_of_count(events, n, p)


def _z_of_count(events: float, n: float, p: float) -> float:
    """Return z of `events` among `n` at probability p; with few expected, the normal quantile of the exact mid-P.

    No tail counts as smaller than half the probability of `events` itself.
    """
    if n * min(p, 1 - p) >= _FEW_EVENTS:
        return (events - n * p) / sqrt(n * p * (1 - p))
    from scipy.special import bdtr, bdtrc, ndtri

    events, n = int(events), round(n)
    up_to, beyond = float(bdtr(events, n, p)), float(bdtrc(events, n, p))
    own = max(up_to - (float(bdtr(events - 1, n, p)) if events > 0 else 0.0), 0.0)
    lower, upper = max(up_to - own / 2, 1e-300), max(beyond + own / 2, 1e-300)
    return float(ndtri(lower)) if lower < upper else -float(ndtri(upper))


def _z_of_quantile(value: float, n: float, expected: Estimate) -> float:
    """Return z of the share of replicates that a wrong quantile claims to lie below it.

    A quantile that is too high says that fewer than `probability` lie at the value before it; one that is too low,
    that at least so many lie at or below it. The exact distribution says how many should.
    """
    assert expected.distribution is not None
    if value == expected.value:
        return 0.0
    values, cumulative, probability = expected.distribution
    index = int(np.searchsorted(values, value)) - (value > (expected.value or 0.0))
    share = float(cumulative[index])
    if not 0.0 < share < 1.0:
        return float(np.copysign(np.inf, share - probability))
    return -_z_of_count(probability * n, n, share)
