"""What the patients still to come may do: the Beta-binomial predictive distribution."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from trialsim.inference.posterior import posterior_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.inference.posterior import Beta, Prior

    Array: TypeAlias = NDArray[np.float64]

_CELLS = 2_000_000
"""Cells of the table of outcomes that are held at once."""


@lru_cache(maxsize=4096)
def predictive_success(n: int, n_left: int, final_least: int, prior: Prior) -> Array:
    """Return P(at least `final_least` responses of all n + n_left patients | x of n responded) for x = 0 … n.

    The responses still to come are Beta-binomial: binomial, their rate drawn from the posterior (Lee and Liu, Clin
    Trials 2008;5:93-106).

    Parameters
    ----------
    n
        Patients whose responses are counted, 0 or more.
    n_left
        Patients still to come, 0 or more.
    final_least
        Responses of all patients that make a success.
    prior
        One Beta, or a mixture.

    Returns
    -------
    array of float64, shape (n + 1,), read-only; it increases with x

    >>> from trialsim.inference.posterior import Beta
    >>> predictive_success(10, 26, 12, (Beta(0.2, 0.8),))[[0, 2, 4]].round(4).tolist()
    [0.0004, 0.1269, 0.6876]
    """
    each = np.array([_success(n, n_left, final_least, part) for part in prior])
    chance: Array = np.sum(each * posterior_weights(n, prior), axis=0)
    chance.setflags(write=False)
    return chance


def _success(n: int, n_left: int, final_least: int, prior: Beta) -> Array:
    """Return the chance of success for x = 0 … n under one Beta prior."""
    chance = np.empty(n + 1)
    rows = max(1, _CELLS // (n_left + 1))
    for first in range(0, n + 1, rows):
        x = np.arange(first, min(first + rows, n + 1))
        terms = _terms(n, n_left, prior, x)
        needed = np.arange(n_left + 1)[None, :] >= final_least - x[:, None]
        chance[x] = np.sum(terms, axis=1, where=needed) / terms.sum(axis=1)
    return chance


def predictive_pmf(n: int, n_left: int, prior: Prior) -> Array:
    """Return P(y of the n_left patients still to come respond | x of n responded).

    Returns
    -------
    array of float64, shape (n + 1, n_left + 1): a row for each x, which sums to 1

    >>> from trialsim.inference.posterior import Beta
    >>> predictive_pmf(0, 2, (Beta(1.0, 1.0),)).round(4).tolist()
    [[0.3333, 0.3333, 0.3333]]
    """
    chance = np.zeros((n + 1, n_left + 1))
    for part, weight in zip(prior, posterior_weights(n, prior), strict=True):
        terms = _terms(n, n_left, part, np.arange(n + 1))
        chance += weight[:, None] * terms / terms.sum(axis=1, keepdims=True)
    return chance


def _terms(n: int, n_left: int, prior: Beta, x: NDArray[np.int_]) -> Array:
    """Return the terms of the Beta-binomial distribution, shape (len(x), n_left + 1), each row up to a factor.

    The ratio of the terms y + 1 and y is (m - y) / (y + 1) times (a + x + y) / (b + n + m - 1 - x - y): the first
    factor depends on y alone, the second on x + y alone, so that two running sums of logarithms make the whole table.
    """
    total = n + n_left
    y = np.arange(n_left, dtype=np.float64)
    of_y = np.concatenate(([0.0], np.cumsum(np.log((n_left - y) / (y + 1.0)))))
    s = np.arange(total, dtype=np.float64)
    steps = np.log((prior.responses + s) / (prior.non_responses + total - 1.0 - s))
    of_both = np.concatenate(([0.0], np.cumsum(steps)))
    logs = of_y + sliding_window_view(of_both, n_left + 1)[x]
    return np.asarray(np.exp(logs - logs.max(axis=1, keepdims=True)))
