"""Inference by the stagewise ordering of outcomes, exactly.

The ordering (Jennison and Turnbull, Group Sequential Methods, 2000, section 8.4), from the strongest evidence of a high
rate to the weakest: stops for efficacy, an earlier look before a later one; then the final analysis; then stops for
futility, a later look before an earlier one; within a look, more responses before fewer. For Simon's designs this is
the order of Koyama and Chen (2008) too. The set "at least this" only grows when a non-response is turned into a
response, so its probability increases with the rate and every limit is unique.

An outcome is the looks gone past, n and x: P(at least this) = P(a stop for efficacy at a look gone past) + P(past the
looks, with x or more responses). That holds for stops and for the final analysis alike, so nothing depends on looks
that were still to come.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from trialsim.inference.sequential import law, solved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.inference.sequential import LookBounds

    Floats: TypeAlias = NDArray[np.float64]


def p_value(passed: tuple[LookBounds, ...], n: int, x: int, null_rate: float) -> float:
    """Return P(an outcome at least as strong as x of n after these looks) at the null rate: one-sided.

    >>> from trialsim.inference.sequential import LookBounds
    >>> round(p_value((LookBounds(10, 1, 11),), 29, 6, 0.1), 4)
    0.0471
    """
    if not 0.0 < null_rate < 1.0:
        return 1.0 if null_rate >= 1.0 or (x == 0 and not passed) else 0.0
    return float(at_least(passed, n, np.full(1, null_rate), np.full(1, x))[0])


def at_least(passed: tuple[LookBounds, ...], n: int, rates: Floats, x: NDArray[np.int64]) -> Floats:
    """Return P(at least as strong as x of n), for one rate and one x per component; x = n + 1 is beyond all."""
    tails = np.cumsum(law(passed, n, rates)[:, ::-1], axis=1)[:, ::-1]
    padded = np.concatenate([tails, np.zeros((len(rates), 1))], axis=1)
    found: Floats = padded[np.arange(len(rates)), x]
    for index, look in enumerate(passed):
        if look.stop_high <= look.n:
            found = found + law(passed[:index], look.n, rates)[:, look.stop_high :].sum(axis=1)
    return found


@lru_cache(maxsize=1024)
def rate_where(passed: tuple[LookBounds, ...], n: int, probability: float, *, beyond: bool = False) -> Floats:
    """Return, for x = 0 … n, the rate at which P(at least as strong) is `probability`: shape (n + 1,), read-only.

    With `beyond`, the rate at which P(stronger) is. 0 or 1 where no rate is.
    """
    x = np.arange(n + 1) + int(beyond)
    found = solved(lambda rates: at_least(passed, n, rates, x) - probability, n + 1)
    found.setflags(write=False)
    return found


def limits(passed: tuple[LookBounds, ...], n: int, level: float) -> tuple[Floats, Floats]:
    """Return exact equal-tailed limits for x = 0 … n: each limit from its own tail, so coverage is at least `level`.

    Without looks these are the limits of Clopper and Pearson.

    >>> lower, upper = limits((), 73, 0.95)
    >>> f"{lower[36]:.3f} {upper[36]:.3f}"
    '0.374 0.613'
    """
    tail = (1.0 - level) / 2
    return rate_where(passed, n, tail), rate_where(passed, n, 1.0 - tail, beyond=True)
