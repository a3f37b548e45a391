"""One arm looked at several times: which outcomes its stops leave possible, and how probable they are.

Given the outcome (the look at which the arm ended and its responses) every order of responses that leads there is
equally probable, so all that inference after stopping needs are *path counts*: how many orders there are. They are
whole numbers, exact at any size (Girshick, Mosteller and Savage, Ann Math Stat 1946;17:13-23; Jung and Kim, Stat Med
2004;23:881-896).
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

_HALVINGS = 52
"""Of the unit interval: to its last bit below 1."""


class LookBounds(NamedTuple):
    """A look at which the arm can stop; it goes on with more than `stop_low` and fewer than `stop_high` responses."""

    n: int
    """Patients of the arm by then."""
    stop_low: int
    """The arm stops for futility at this many responses or fewer; -1: never."""
    stop_high: int
    """The arm stops for efficacy at this many responses or more; above n: never."""


class Scheme(NamedTuple):
    """All looks at which an arm can stop, in order, and its patients at the end if it never does.

    >>> Scheme((LookBounds(18, 2, 19),), 73).n_at(0)
    18
    """

    looks: tuple[LookBounds, ...]
    n_final: int

    def n_at(self, stage: int) -> int:
        """Return the patients at the end of a stage; stage `len(looks)` ends with the final analysis."""
        return self.looks[stage].n if stage < len(self.looks) else self.n_final

    def passed(self, stage: int) -> tuple[LookBounds, ...]:
        """Return the looks that an arm that ends with a stage has gone past."""
        return self.looks[:stage]

    def stops_at(self, stage: int, x: int) -> str | None:
        """Return "futility" or "efficacy" if the arm stops at a look with `x` responses, None if it goes on."""
        look = self.looks[stage]
        return "futility" if x <= look.stop_low else "efficacy" if x >= look.stop_high else None


@lru_cache(maxsize=1024)
def path_counts(passed: tuple[LookBounds, ...], n: int, known: str = "") -> tuple[int, ...]:
    """Return the number of orders of responses with x = 0 … n responses among n patients that go past the looks.

    Parameters
    ----------
    passed
        The looks gone past, in order.
    n
        Patients at the end.
    known
        "first": only orders in which the first patient responds; "last": in which the last one does.

    >>> path_counts((LookBounds(2, 0, 3),), 3)
    (0, 2, 3, 1)
    """
    counts = [1]
    before = 0
    for index, (size, low, high) in enumerate((*passed, LookBounds(n, -1, n + 1))):
        added = size - before
        is_known = added > 0 and ((known == "first" and before == 0) or (known == "last" and index == len(passed)))
        counts = _after(counts, added - is_known)
        if is_known:
            counts = [0, *counts]
        if index < len(passed):
            counts = [count if low < x < high else 0 for x, count in enumerate(counts)]
        before = size
    return tuple(counts)


def _after(counts: list[int], added: int) -> list[int]:
    """Return the counts after `added` more patients."""
    ways = [comb(added, gained) for gained in range(added + 1)]
    found = [0] * (len(counts) + added)
    for x, count in enumerate(counts):
        if count:
            for gained, way in enumerate(ways):
                found[x + gained] += count * way
    return found


@lru_cache(maxsize=1024)
def reach(passed: tuple[LookBounds, ...], n: int) -> Floats:
    """Return the share of all orders with x = 0 … n responses that go past the looks, shape (n + 1,), read-only."""
    shares = np.array([count / comb(n, x) for x, count in enumerate(path_counts(passed, n))])
    shares.setflags(write=False)
    return shares


def binomial_rows(n: int, rates: Floats) -> Floats:
    """Return P(X = x) for x = 0 … n at each rate strictly between 0 and 1: shape (rates, n + 1)."""
    x = np.arange(n + 1.0)
    log_ways = np.concatenate([[0.0], np.cumsum(np.log((n - x[:-1]) / x[1:]))])
    rows: Floats = np.exp(log_ways + np.log(rates)[:, None] * x + np.log1p(-rates)[:, None] * (n - x))
    return rows


def law(passed: tuple[LookBounds, ...], n: int, rates: Floats) -> Floats:
    """Return P(the arm goes past the looks and then has x = 0 … n responses) at each rate: shape (rates, n + 1)."""
    return binomial_rows(n, rates) * reach(passed, n)


def solved(function: Callable[[Floats], Floats], n_points: int) -> Floats:
    """Return where each component of an increasing function of the rate crosses 0: 0 or 1 if it does not.

    Parameters
    ----------
    function
        From one rate per component, strictly between 0 and 1, to its values.
    n_points
        Number of components.
    """
    low, high = np.zeros(n_points), np.ones(n_points)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_low = function(middle) < 0.0
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    found: Floats = np.where(low == 0.0, 0.0, np.where(high == 1.0, 1.0, (low + high) / 2))
    return found
