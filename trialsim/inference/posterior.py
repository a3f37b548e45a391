"""What is believed of a response rate after x of n patients responded: Beta priors, and mixtures of them.

Each component of a mixture is updated on its own, and weighted by how well it foretold the data.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]


class Beta(NamedTuple):
    """One component of a prior: Beta(responses, non_responses) with a weight."""

    responses: float
    """First parameter, above 0: worth so many responses."""
    non_responses: float
    """Second parameter, above 0: worth so many patients without response."""
    weight: float = 1.0
    """Share of the component, in (0, 1]; the weights of a prior sum to 1."""


Prior: TypeAlias = tuple[Beta, ...]
"""A mixture of Beta distributions; a tuple of one is a plain Beta prior."""


@lru_cache(maxsize=4096)
def posterior_above(rate: float, n: int, prior: Prior) -> Array:
    """Return P(response rate > rate | x of n responded) for x = 0 … n.

    Parameters
    ----------
    rate
        In [0, 1].
    n
        Patients whose responses are counted, 0 or more.
    prior
        One Beta, or a mixture.

    Returns
    -------
    array of float64, shape (n + 1,), read-only; it increases with x

    >>> posterior_above(0.2, 10, (Beta(0.5, 0.5),))[:4].round(4).tolist()
    [0.0324, 0.2264, 0.5335, 0.7946]
    """
    from scipy.special import betainc

    x = np.arange(n + 1, dtype=np.float64)
    tails = [betainc(part.non_responses + n - x, part.responses + x, 1.0 - rate) for part in prior]
    above: Array = np.sum(np.array(tails) * posterior_weights(n, prior), axis=0)
    above.setflags(write=False)
    return above


@lru_cache(maxsize=4096)
def posterior_weights(n: int, prior: Prior) -> Array:
    """Return the weight of each component of the prior after x = 0 … n of n patients responded.

    Returns
    -------
    array of float64, shape (components, n + 1), read-only; every column sums to 1

    >>> posterior_weights(10, (Beta(1, 9, 0.5), Beta(5, 5, 0.5)))[:, 1].round(3).tolist()
    [0.872, 0.128]
    """
    if len(prior) == 1:
        weights = np.ones((1, n + 1))
    else:
        from scipy.special import betaln

        x = np.arange(n + 1, dtype=np.float64)
        logs = np.array(
            [
                np.log(part.weight)
                + betaln(part.responses + x, part.non_responses + n - x)
                - betaln(part.responses, part.non_responses)
                for part in prior
            ]
        )
        weights = np.exp(logs - logs.max(axis=0))
        weights /= weights.sum(axis=0)
    weights.setflags(write=False)
    return weights
