"""The best two-stage design of every size (Simon R. Control Clin Trials 1989;10:1-10), by bounded enumeration.

A design stops after n1 patients with at most r1 responses, and otherwise rejects the null rate if n patients have more
than r: 0 <= r1 < n1 < n, r1 < r < n. For a given n, n1 and r, power falls as r1 rises, and so do the error alpha and
the expected number of patients. So only the largest r1 that keeps power has to be looked at, and of several r the
lowest that keeps alpha with its own r1. A first stage is left out if, at the largest r1 that its own power allows, it
expects more patients than a design already found at this n.

What a search finds does not depend on the order in which sizes are tried: designs of a size are compared by expected
number of patients (`TIE` apart: the same), then by n1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.kernels._jit import kernel, loop

if TYPE_CHECKING:
    from numpy import float64, int64
    from numpy.typing import NDArray

ROUNDING = 1e-12
"""An error rate is kept if it is exceeded by no more than this."""
TIE = 1e-9
"""Expected numbers of patients closer than this are the same."""


class Binomial(NamedTuple):
    """X binomial (n, rate): row n, column x, zero above n; both shape (n_max + 1, n_max + 2)."""

    pmf: NDArray[float64]
    """P(X = x)."""
    tail: NDArray[float64]
    """P(X >= x)."""


@loop
def fill_binomials(rate: float64, pmf: NDArray[float64], tail: NDArray[float64]) -> None:
    """Fill the tables of a rate, as `Binomial` says; sums of positive terms only. Both come as zeros."""
    other = 1.0 - rate
    pmf[0, 0] = 1.0
    tail[0, 0] = 1.0
    for n in range(1, pmf.shape[0]):
        pmf[n, 0] = other * pmf[n - 1, 0]
        tail[n, 0] = 1.0
        for x in range(1, n + 1):
            pmf[n, x] = other * pmf[n - 1, x] + rate * pmf[n - 1, x - 1]
            tail[n, x] = other * tail[n - 1, x] + rate * tail[n - 1, x - 1]


@loop
def fill_first_stages(power: float64, tail: NDArray[float64], largest: NDArray[int64]) -> None:
    """Fill the largest r1 of each n1 that leaves the first stage its power at the target rate; -1: not even 0 does."""
    r1 = -1
    for n1 in range(len(largest)):
        while r1 + 1 < n1 and tail[n1, r1 + 2] >= power - ROUNDING:
            r1 += 1
        largest[n1] = r1


@loop
def is_hopeless(r: int64, alpha: float64, power: float64, null: NDArray[float64], target: NDArray[float64]) -> bool:
    """Return whether not even the most powerful randomised test of n patients reaches the power.

    `r` is the lowest threshold of a single stage that keeps alpha; `null` and `target` are P(X >= x), shape (n + 2,).
    """
    spare = (alpha - null[r + 1]) / (null[r] - null[r + 1])
    return target[r + 1] + spare * (target[r] - target[r + 1]) < power - ROUNDING


@loop
def p_reject(n1: int64, r1: int64, n: int64, r: int64, at: Binomial) -> float:
    """Return the probability of going on and then rejecting, at a rate."""
    total = 0.0
    for x in range(r1 + 1, n1 + 1):
        total += at.pmf[n1, x] * at.tail[n - n1, r + 1 - x if r >= x else 0]
    return total


@loop
def largest_r1(
    n1: int64,
    n: int64,
    r: int64,
    most: int64,
    alpha: float64,
    power: float64,
    null: Binomial,
    target: Binomial,
) -> int:
    """Return the largest r1, up to `most`, that keeps power with this r; -1 if it does not keep alpha, or none does."""
    spare = target.tail[n, r + 1] - power + ROUNDING
    excess = null.tail[n, r + 1] - alpha - ROUNDING
    found = -1
    for x in range(min(most, r - 1) + 1):
        spare -= target.pmf[n1, x] * target.tail[n - n1, r + 1 - x]
        if spare < 0.0:
            break
        excess -= null.pmf[n1, x] * null.tail[n - n1, r + 1 - x]
        found = x
    return found if excess <= 0.0 else -1


@loop
def try_first_stage(
    n1: int64,
    n: int64,
    most: int64,
    lowest: NDArray[int64],
    highest: int64,
    alpha: float64,
    power: float64,
    null: Binomial,
    target: Binomial,
    best: NDArray[int64],
) -> float:
    """Write the best design with this n1 and n to `best` (n1, r1, r) and return its expected patients; inf: none.

    `most` is the largest r1 that this first stage may have; `lowest`, per n1, an r below which no r1 keeps alpha, for
    this n and all larger ones (raised here); `highest` the largest r that keeps power without a first stage.
    """
    r = lowest[n1]
    while r <= highest and p_reject(n1, most, n, r, null) > alpha + ROUNDING:
        r += 1
    lowest[n1] = r
    found = -1
    while r <= highest:
        r1 = largest_r1(n1, n, r, most, alpha, power, null, target)
        if r1 > found:
            found = r1
            best[0], best[1], best[2] = n1, r1, r
        if found >= 0 and found < r - 1:
            break  # a larger r leaves less to the first stage
        r += 1
    return n1 + null.tail[n1, found + 1] * (n - n1) if found >= 0 else np.inf


@loop
def best_of_size(
    n: int64,
    first: int64,
    highest: int64,
    alpha: float64,
    power: float64,
    largest: NDArray[int64],
    lowest: NDArray[int64],
    null: Binomial,
    target: Binomial,
    best: NDArray[int64],
    tried: NDArray[int64],
) -> float:
    """Write the design of n patients that expects fewest to `best`, `first` n1 tried first; return what it expects."""
    expected = np.inf
    for place in range(n):
        n1 = first if place == 0 else place
        if n1 >= expected + TIE:
            break
        most = largest[n1]
        if most < 0 or (place == first and place > 0) or n1 + null.tail[n1, most + 1] * (n - n1) > expected + TIE:
            continue
        found = try_first_stage(n1, n, most, lowest, highest, alpha, power, null, target, tried)
        if found < expected - TIE or (found <= expected + TIE and n1 < best[0]):
            expected = found
            best[:] = tried
    return expected


@loop
def mark_hull(expected: NDArray[float64], hull: NDArray[int64]) -> int:
    """Fill the sizes at the lower convex hull of (n, expected), smallest n to fewest expected; return how many."""
    last = 0
    for n in range(len(expected)):
        if expected[n] < expected[last] - TIE:
            last = n
    count = 0
    for n in range(last + 1):
        if expected[n] == np.inf:
            continue
        while (
            count > 1
            and (expected[hull[count - 1]] - expected[hull[count - 2]]) * (n - hull[count - 2])
            >= (expected[n] - expected[hull[count - 2]]) * (hull[count - 1] - hull[count - 2]) - TIE
        ):
            count -= 1
        hull[count] = n
        count += 1
    return count


@kernel
def two_stage(
    null_rate: float64,
    target_rate: float64,
    alpha: float64,
    beta: float64,
    designs: NDArray[int64],
    figures: NDArray[float64],
    hull: NDArray[int64],
) -> int:
    """Find the two-stage design of each size that keeps both error rates and expects fewest patients at the null rate.

    Parameters
    ----------
    null_rate, target_rate, alpha, beta
        Strictly between 0 and 1, in order.
    designs
        Shape (n_max + 1, 3): n1, r1, r of the best design of n patients; row n; left alone where there is none.
    figures
        Shape (n_max + 1, 4): its expected patients and probability of stopping early at the null rate, alpha, power;
        the first is infinite where there is none.
    hull
        Shape (n_max + 1,): the sizes of the admissible designs, from minimax to optimal.

    Returns
    -------
    How many are admissible; 0: no design keeps the error rates.
    """
    n_max = len(hull) - 1
    shape = (n_max + 1, n_max + 2)
    null, target = Binomial(np.zeros(shape), np.zeros(shape)), Binomial(np.zeros(shape), np.zeros(shape))
    fill_binomials(null_rate, null.pmf, null.tail)
    fill_binomials(target_rate, target.pmf, target.tail)
    power = 1.0 - beta
    largest, lowest = np.empty(n_max + 1, np.int64), np.ones(n_max + 1, np.int64)
    fill_first_stages(power, target.tail, largest)
    best, tried = np.zeros(3, np.int64), np.zeros(3, np.int64)
    figures[:2, 0] = np.inf
    r_alpha, r_power, first = 0, -1, 1
    for n in range(2, n_max + 1):
        while null.tail[n, r_alpha + 1] > alpha + ROUNDING:
            r_alpha += 1
        while target.tail[n, r_power + 2] >= power - ROUNDING:
            r_power += 1
        figures[n, 0] = np.inf
        if is_hopeless(r_alpha, alpha, power, null.tail[n], target.tail[n]):
            continue
        figures[n, 0] = best_of_size(
            n, min(first, n - 1), r_power, alpha, power, largest, lowest, null, target, best, tried
        )
        if figures[n, 0] < np.inf:
            first = best[0]
            designs[n] = best
            figures[n, 1] = 1.0 - null.tail[best[0], best[1] + 1]
            figures[n, 2] = p_reject(best[0], best[1], n, best[2], null)
            figures[n, 3] = p_reject(best[0], best[1], n, best[2], target)
    return mark_hull(figures[:, 0], hull)
