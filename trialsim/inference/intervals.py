"""Two-sided confidence intervals of a response rate, for every possible number of responses at once.

Each method is a function (x, n, alpha) → (lower, upper) over the array x = 0 … n. `INTERVALS` is the registry.
Compared in Brown, Cai and DasGupta, Statist Sci 2001;16:101-133 and Newcombe, Stat Med 1998;17:857-872.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]
    Method: TypeAlias = Callable[[Array, int, float], tuple[Array, Array]]

IntervalName = Literal["clopper-pearson", "wilson", "wald", "jeffreys", "agresti-coull", "mid-p"]


def _clopper_pearson(x: Array, n: int, alpha: float) -> tuple[Array, Array]:
    """Exact equal-tailed interval (Clopper and Pearson, Biometrika 1934;26:404)."""
    from scipy.special import betaincinv

    lower = np.zeros(n + 1)
    lower[1:] = betaincinv(x[1:], n - x[1:] + 1.0, alpha / 2)
    return lower, 1.0 - lower[::-1]


def _wilson(x: Array, n: int, alpha: float) -> tuple[Array, Array]:
    """Score interval (Wilson, J Am Stat Assoc 1927;22:209)."""
    z = _z(alpha)
    centre = (x + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(x * (n - x) / n + z * z / 4)
    lower, upper = np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)
    lower[0], upper[n] = 0.0, 1.0  # exactly so; the formula leaves a rounding error
    return lower, upper


def _wald(x: Array, n: int, alpha: float) -> tuple[Array, Array]:
    """Rate ± z standard errors, limits kept within [0, 1]."""
    rate = x / n
    half = _z(alpha) * np.sqrt(rate * (1 - rate) / n)
    return np.clip(rate - half, 0.0, 1.0), np.clip(rate + half, 0.0, 1.0)


def _jeffreys(x: Array, n: int, alpha: float) -> tuple[Array, Array]:
    """Equal-tailed limits of Beta(x + 1/2, n - x + 1/2); 0 for x = 0 and 1 for x = n (Brown 2001, section 4.1.2)."""
    from scipy.special import betaincinv

    lower = betaincinv(x + 0.5, n - x + 0.5, alpha / 2)
    lower[0] = 0.0
    return lower, 1.0 - lower[::-1]


def _agresti_coull(x: Array, n: int, alpha: float) -> tuple[Array, Array]:
    """Wald interval with z²/2 responses and z²/2 non-responses added (Agresti and Coull, Am Stat 1998;52:119)."""
    z = _z(alpha)
    size = n + z * z
    rate = (x + z * z / 2) / size
    half = z * np.sqrt(rate * (1 - rate) / size)
    return np.clip(rate - half, 0.0, 1.0), np.clip(rate + half, 0.0, 1.0)


def _mid_p(x: Array, n: int, alpha: float) -> tuple[Array, Array]:
    """Exact tails with half the weight of the observed count (Lancaster; Newcombe 1998, method 6), by bisection."""
    from scipy.special import betainc

    count = x[1:]
    low, high = np.zeros(n), np.ones(n)
    for _ in range(60):
        middle = (low + high) / 2
        at_least = betainc(count, n - count + 1.0, middle)
        more = np.where(count < n, betainc(np.minimum(count + 1.0, n), np.maximum(n - count, 1.0), middle), 0.0)
        too_low = (at_least + more) / 2 < alpha / 2
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    lower = np.zeros(n + 1)
    lower[1:] = (low + high) / 2
    return lower, 1.0 - lower[::-1]


INTERVALS: dict[str, Method] = {
    "clopper-pearson": _clopper_pearson,
    "wilson": _wilson,
    "wald": _wald,
    "jeffreys": _jeffreys,
    "agresti-coull": _agresti_coull,
    "mid-p": _mid_p,
}


def _z(alpha: float) -> float:
    from scipy.special import ndtri

    return -float(ndtri(alpha / 2))


@lru_cache(maxsize=4096)
def limits(interval: str, n: int, level: float) -> tuple[Array, Array]:
    """Return the lower and upper limits for x = 0 … n responses among n patients.

    Parameters
    ----------
    interval
        A name in `INTERVALS`.
    n
        Patients, at least 1.
    level
        Two-sided confidence level, in (0, 1).

    Returns
    -------
    lower, upper
        Arrays of shape (n + 1,), read-only, in [0, 1].

    >>> lower, upper = limits("clopper-pearson", 73, 0.95)
    >>> f"{lower[36]:.3f} {upper[36]:.3f}"
    '0.374 0.613'
    """
    lower, upper = INTERVALS[interval](np.arange(n + 1, dtype=np.float64), n, 1.0 - level)
    lower.setflags(write=False)
    upper.setflags(write=False)
    return lower, upper
