"""One arm looked at several times, over many rates at once: paths are counted once, then it is a polynomial.

Given the number of responses among all N patients, every order of them is equally likely. So the share of orders that
end in a given way (counted as if an arm that stops were followed to the end) does not depend on the response rate, and
a probability is a polynomial of degree N in it, in Bernstein's form: the shares weighed by binomial terms. All terms
are positive and all shares lie between 0 and 1, so nothing cancels. Counts: Girshick, Mosteller and Savage, Ann Math
Stat 1946;17:13-23 (`inference.sequential` has them as whole numbers).
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from trialsim.inference.binomial import pmf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trialsim.inference.sequential import Scheme

    Floats: TypeAlias = NDArray[np.float64]

MAX_PATIENTS = 1000
"""Beyond, the number of orders leaves the range of a double."""


class Shares(NamedTuple):
    """The share of all orders of N responses and non-responses that end in each way."""

    n: tuple[int, ...]
    """Patients at each look at which the arm can stop, then N."""
    futility: Floats
    """(K, N + 1) of the orders with x responses, those that stop for futility at a look."""
    efficacy: Floats
    """(K, N + 1) those that stop for efficacy."""
    success: Floats
    """(N + 1,) those that go on to the final analysis and succeed there."""


class Curve(NamedTuple):
    """What a trial of one arm does, at each of R rates."""

    futility: Floats
    """(R, K) probability of stopping for futility at each look."""
    efficacy: Floats
    """(R, K) probability of stopping for efficacy at each look."""
    success: Floats
    """(R,) probability of going on to the final analysis and succeeding there."""
    n_mean: Floats
    """(R,) expected number of patients."""

    @property
    def pet(self) -> Floats:
        """(R,) probability of stopping before the final analysis."""
        return np.asarray(self.futility.sum(axis=1) + self.efficacy.sum(axis=1))

    @property
    def p_reject(self) -> Floats:
        """(R,) probability of success, early or at the end."""
        return np.asarray(self.efficacy.sum(axis=1) + self.success)


def path_shares(scheme: Scheme, final_least: int) -> Shares:
    """Return how the orders of responses end.

    Parameters
    ----------
    scheme
        The looks at which the arm can stop, and its patients at the end, at most `MAX_PATIENTS`.
    final_least
        Responses that make the final analysis a success.

    Raises
    ------
    ValueError
        If there are more patients than `MAX_PATIENTS`, or a look is after the end.

    >>> from trialsim.inference.sequential import LookBounds, Scheme
    >>> path_shares(Scheme((LookBounds(1, 0, 2),), 2), 2).success.tolist()
    [0.0, 0.0, 1.0]
    """
    n = scheme.n_final
    if n > MAX_PATIENTS:
        raise ValueError(f"{n} patients; paths are counted for up to {MAX_PATIENTS}")
    if any(look.n > n for look in scheme.looks):
        raise ValueError("a look is after the final analysis")
    weights, before = np.ones(1), 0
    futility, efficacy = np.zeros((2, len(scheme.looks), n + 1))
    for index, look in enumerate(scheme.looks):
        weights, before = np.convolve(weights, _half(look.n - before)), look.n
        rest = _half(n - look.n)
        low, high = max(look.stop_low + 1, 0), min(max(look.stop_high, 0), look.n + 1)
        futility[index, : low + n - look.n] = np.convolve(weights[:low], rest) if low else 0.0
        if high <= look.n:
            efficacy[index, high:] = np.convolve(weights[high:], rest)
        weights = weights.copy()
        weights[:low], weights[high:] = 0.0, 0.0
    success = np.convolve(weights, _half(n - before))
    success[:final_least] = 0.0
    all_orders = _half(n)
    sizes = (*(look.n for look in scheme.looks), n)
    return Shares(sizes, futility / all_orders, efficacy / all_orders, success / all_orders)


def curve(shares: Shares, rates: Sequence[float] | Floats) -> Curve:
    """Return what the trial does at each rate from 0 to 1.

    Parameters
    ----------
    shares
        From `path_shares`.
    rates
        True response rates, R of them.
    """
    n_looks = len(shares.futility)
    columns = np.concatenate([shares.futility, shares.efficacy, shares.success[None, :]])
    found = (columns @ binomial_terms(shares.n[-1], np.asarray(rates, float))).T
    futility, efficacy = found[:, :n_looks], found[:, n_looks:-1]
    saved = shares.n[-1] - np.array(shares.n[:-1], float)
    return Curve(futility, efficacy, found[:, -1], shares.n[-1] - (futility + efficacy) @ saved)


def binomial_terms(n: int, rates: Floats) -> Floats:
    """Return P(X = x) for x = 0 … n (rows) at each rate (columns): ways times powers, which products build up.

    Powers that leave the range of a double are of terms below 1e-60 and become 0.
    """
    terms, others = np.ones((2, n + 1, len(rates)))
    terms[1:], others[:-1] = rates, 1.0 - rates
    np.multiply.accumulate(terms, axis=0, out=terms)
    np.multiply.accumulate(others[::-1], axis=0, out=others[::-1])
    terms *= others
    terms *= _ways(n)[:, None]
    return terms


@lru_cache(maxsize=256)
def _ways(n: int) -> Floats:
    return np.array([comb(n, x) for x in range(n + 1)], float)


def _half(n: int) -> Floats:
    """Return the share of each number of responses among all orders of n patients."""
    return pmf(n, 0.5)
