"""The probability of an event as a polynomial in Bernstein's form, and its bound on a box by branch and bound.

Given the total number of responses of each arm, every order of them is equally likely. So the probability that the
event happens, given the totals (counted as if arms that stop were followed to the end), does not depend on the rates:
these shares are the Bernstein coefficients of the probability on [0, 1]^A. On a smaller box the coefficients are
weighted means of them; the probability on the box lies between their least and their largest, and equals the corner
coefficients at its corners (Farouki, Comput Aided Geom Des 2012;29:379-419; recalled, not looked up).

All terms are positive and all weights sum to 1, so nothing cancels: rounding is far below `ROUNDING`.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count, product
from math import prod
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from trialsim.engines.exact_many import REFERENCE
from trialsim.inference.binomial import pmf
from trialsim.proof.events import most_patients, parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.engines.law import Law
    from trialsim.plan import Plan
    from trialsim.proof.events import Decided

    Floats: TypeAlias = NDArray[np.float64]

Box: TypeAlias = "tuple[tuple[float, float], ...]"
"""Lowest and highest rate of each arm."""

MAX_COEFFICIENTS = 400_000
"""Of one polynomial."""
MAX_WORK = 4_000_000_000
"""Multiplications for one search: some seconds."""
MAX_PATIENTS = 900
"""Of all arms; beyond, the terms at the reference rate may leave the range of a double."""
ROUNDING = 1e-10
"""Added to each bound: sums of at most some thousand positive terms, each to a few parts in 1e16, err by less."""

_CHUNK = 4_000_000


class Bounded(NamedTuple):
    """The largest value of a polynomial on a box."""

    value: float
    """The largest value found."""
    worst: tuple[float, ...]
    """Where it was found."""
    upper: float
    """No value in the box is larger."""
    n_tiles: int
    """Boxes that were looked at."""


def has_coefficients(plan: Plan, box: Box) -> bool:
    """Return whether the arms whose rate is not fixed have few enough patients for this form."""
    free = [int(n) for n, (low, high) in zip(most_patients(plan), box, strict=True) if high > low]
    return sum(free) <= MAX_PATIENTS and prod(n + 1 for n in free) <= MAX_COEFFICIENTS


def coefficients(plan: Plan, verdict: Decided, box: Box) -> Floats:
    """Return the Bernstein coefficients on [0, 1]^A of an event's probability, where the rates of some arms are fixed.

    Parameters
    ----------
    plan, verdict
        The event, from `events.decided`.
    box
        Lowest and highest rate of each arm; where they are one, the arm's rate is fixed.

    Returns
    -------
    array of float64, shape (N_1 + 1, …, N_A + 1); 1 for N + 1 where the rate is fixed
        The share of all orders with so many responses of each arm, among its most patients, that have the event.
    """
    most = [int(n) if high > low else 0 for n, (low, high) in zip(most_patients(plan), box, strict=True)]
    rates = tuple(REFERENCE if high > low else high for low, high in box)
    total = np.zeros([n + 1 for n in most])
    rows: list[list[Floats]] = []
    for node, law in parts(plan, verdict, rates):
        n = [int(size) for size in plan.nodes.n[node]]
        if len(law.groups) == len(most):
            own = [law.tensors[law.groups.index((arm,))] for arm in range(len(most))]
            rows.append([_followed(row, 0, n[arm], most[arm]) for arm, row in enumerate(own)])
        else:
            total += _tied(law, n, most)
        if len(rows) * total.size // len(total) > _CHUNK:
            total += _sum_of_products(rows)
            rows = []
    return total + _sum_of_products(rows) if rows else total


def _followed(tensor: Floats, axis: int, n: int, most: int) -> Floats:
    """Return the shares along an axis as if the arm had been followed from `n` to `most` patients; 0: it is fixed."""
    if most == 0:
        return np.asarray(tensor.sum(axis=axis, keepdims=True))
    rest, all_orders = pmf(most - n, REFERENCE), pmf(most, REFERENCE)
    if tensor.ndim == 1:
        return np.asarray(np.convolve(tensor, rest) / all_orders)
    spread = np.stack([np.convolve(row, rest) for row in np.eye(n + 1)]) / all_orders
    return np.moveaxis(np.tensordot(tensor, spread, axes=(axis, 0)), -1, axis)


def _tied(law: Law, n: list[int], most: list[int]) -> Floats:
    """Return the shares where a pooled criterion has tied arms together."""
    tensor = law.tensors[0]
    for other in law.tensors[1:]:
        tensor = np.multiply.outer(tensor, other)
    order = [arm for group in law.groups for arm in group]
    tensor = np.transpose(tensor, np.argsort(order))
    for arm in range(len(most)):
        tensor = _followed(tensor, arm, n[arm], most[arm])
    return tensor


def _sum_of_products(rows: list[list[Floats]]) -> Floats:
    """Return the sum over rows of the outer product of the arms' shares."""
    columns = [np.stack([row[arm] for row in rows]) for arm in range(len(rows[0]))]
    others = np.ones((len(rows), 1))
    for column in columns[1:]:
        others = (others[:, :, None] * column[:, None, :]).reshape(len(rows), -1)
    return (columns[0].T @ others).reshape([column.shape[1] for column in columns])


class Polynomial:
    """A polynomial in Bernstein's form on [0, 1]^A, seen on boxes."""

    def __init__(self, shares: Floats) -> None:
        self.shares = shares
        self._weights: dict[tuple[int, float, float], Floats] = {}

    def on(self, box: Box) -> Floats:
        """Return the coefficients on a box, in its own coordinates."""
        tensor = self.shares
        for axis, (low, high) in enumerate(box):
            if (low, high) != (0.0, 1.0) and tensor.shape[axis] > 1:
                weights = self._on_interval(tensor.shape[axis] - 1, low, high)
                tensor = np.moveaxis(np.tensordot(tensor, weights, axes=(axis, 1)), -1, axis)
        return tensor

    def _on_interval(self, degree: int, low: float, high: float) -> Floats:
        """Return what the coefficients on [low, high] take of those on [0, 1]: the polar form at low and high.

        Row k is the law of the responses of `degree` - k patients at rate low and k patients at rate high.
        """
        key = (degree, low, high)
        if key not in self._weights:
            if low == high:
                self._weights[key] = pmf(degree, low)[None, :]
            else:
                rows = [np.convolve(pmf(degree - k, low), pmf(k, high)) for k in range(degree + 1)]
                self._weights[key] = np.stack(rows)
        return self._weights[key]


def largest(polynomial: Polynomial, box: Box, tolerance: float, max_tiles: int) -> Bounded:
    """Return the largest value on a box, between a value that is reached and a bound that is not exceeded.

    The tile with the largest bound is halved until its bound is within `tolerance` of the largest value found.

    Parameters
    ----------
    polynomial
        With coefficients between 0 and 1.
    box
        Lowest and highest rate of each arm; an arm with one rate only is fixed there.
    tolerance
        The gap to be left.
    max_tiles
        The most boxes to look at (`MAX_WORK` may allow fewer); the gap that is left then is what the answer says.
    """
    shape = polynomial.shares.shape
    max_tiles = min(max_tiles, max(MAX_WORK // (polynomial.shares.size * sum(shape)), 9))
    best, worst, number = -1.0, tuple(high for _, high in box), count()
    waiting: list[tuple[float, int, Box, int]] = []
    new, n_tiles, upper = [box], 0, 1.0
    while True:
        for tile in new:
            own = polynomial.on(tile)
            n_tiles += 1
            value, corner = _best_corner(own, tile)
            best, worst = (value, corner) if value > best else (best, worst)
            heappush(waiting, (-float(own.max()), next(number), tile, _longest(own, tile)))
        upper = min(upper, max(-waiting[0][0], best))
        if upper - best <= tolerance or n_tiles + 2 > max_tiles:
            return Bounded(best, worst, min(upper + ROUNDING, 1.0), n_tiles)
        _, _, tile, axis = heappop(waiting)
        new = list(halves(tile, axis))


def halves(tile: Box, axis: int) -> tuple[Box, Box]:
    """Return the two halves of a box."""
    low, high = tile[axis]
    middle = (low + high) / 2.0
    return (*tile[:axis], (low, middle), *tile[axis + 1 :]), (*tile[:axis], (middle, high), *tile[axis + 1 :])


def _best_corner(own: Floats, tile: Box) -> tuple[float, tuple[float, ...]]:
    corners = [
        (float(own[tuple(-end if size > 1 else 0 for end, size in zip(ends, own.shape, strict=True))]), ends)
        for ends in product((0, 1), repeat=len(tile))
    ]
    value, ends = max(corners)
    return value, tuple(tile[axis][end] for axis, end in enumerate(ends))


def _longest(own: Floats, tile: Box) -> int:
    """Return the axis to halve: that along which the coefficients bend most, so that their bound is loosest."""
    bends = []
    for axis, (low, high) in enumerate(tile):
        bend = np.abs(np.diff(own, 2, axis=axis)).max() if own.shape[axis] > 2 else 0.0
        bends.append((float(bend) * (own.shape[axis] - 1) if high > low else -1.0, high - low))
    return max(range(len(tile)), key=lambda axis: bends[axis])
