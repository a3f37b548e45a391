"""Designs found by trying every one: plain Python, nothing skipped.

Written from the papers: Simon (1989), A'Hern (2001), Gehan (1961), Fleming (1982).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb, floor, sqrt

ROUNDING = 1e-12
TIE = 1e-9

Design = tuple[int, int, int, int]
"""n1, r1, n, r: stop after n1 with at most r1 responses, reject if n have more than r."""


def term(n: int, x: int, rate: Fraction | float) -> Fraction | float:
    """P(X = x), X binomial (n, rate)."""
    return comb(n, x) * rate**x * (1 - rate) ** (n - x)


def p_reject(design: Design, rate: Fraction | float) -> Fraction | float:
    """P(more than r1 of n1, and then more than r of n), summed over every pair of results."""
    n1, r1, n, r = design
    pairs = ((first, second) for first in range(r1 + 1, n1 + 1) for second in range(n - n1 + 1))
    return sum(term(n1, a, rate) * term(n - n1, b, rate) for a, b in pairs if a + b > r)


def en_null(design: Design, rate: Fraction | float) -> Fraction | float:
    n1, r1, n, _ = design
    return n1 + (n - n1) * sum(term(n1, x, rate) for x in range(r1 + 1, n1 + 1))


Tails = list[list[list[float]]]


def _tables(rate: float, n_max: int) -> Tails:
    """P(X = x) and P(X >= x) for every n and x."""
    terms = [[float(term(n, x, rate)) for x in range(n + 1)] for n in range(n_max + 1)]
    return [terms, [[sum(reversed(row[x:])) for x in range(n + 2)] for n, row in enumerate(terms)]]


def best_of_each_size(
    null_rate: float, target_rate: float, alpha: float, beta: float, n_max: int
) -> dict[int, tuple[Design, float, float, float]]:
    """Return, for each n, the design with fewest expected patients at the null rate, with that, alpha and power.

    Every (n1, r1, r) with 0 <= r1 < n1 < n and r1 < r < n is evaluated; ties: smaller n1, then r1, then r.
    """
    null, target = _tables(null_rate, n_max), _tables(target_rate, n_max)
    found = {}
    for n in range(2, n_max + 1):
        kept = []
        for n1 in range(1, n):
            for r in range(1, n):
                error = power = 0.0
                for r1 in range(n1 - 1, -1, -1):  # one more number of responses goes on
                    least = max(r - r1, 0)
                    if least <= n - n1:
                        error += null[0][n1][r1 + 1] * null[1][n - n1][least]
                        power += target[0][n1][r1 + 1] * target[1][n - n1][least]
                    if r1 < r and error <= alpha + ROUNDING and power >= 1 - beta - ROUNDING:
                        expected = n1 + (n - n1) * null[1][n1][r1 + 1]
                        kept.append((expected, (n1, r1, n, r), error, power))
        if kept:
            fewest = min(kept)[0]
            expected, design, error, power = min((k for k in kept if k[0] <= fewest + TIE), key=lambda k: k[1])
            found[n] = (design, expected, error, power)
    return found


def on_hull(points: Sequence[tuple[int, float]]) -> list[int]:
    """Sizes that minimise w × n + (1 - w) × EN for some weight: no mixture of two others is as good in both."""
    minimax = min(points)
    optimal = min(points, key=lambda p: (round(p[1], 9), p[0]))
    kept = []
    for n, en in points:
        if not minimax[0] <= n <= optimal[0]:
            continue
        pairs = [(a, b) for a in points for b in points if a[0] < n < b[0]]
        beaten = any(en >= a[1] + (b[1] - a[1]) * (n - a[0]) / (b[0] - a[0]) - TIE for a, b in pairs)
        if not beaten:
            kept.append(n)
    return kept


def single_stage(
    null_rate: Fraction, target_rate: Fraction, alpha: Fraction, beta: Fraction, n: int
) -> tuple[int, Fraction, Fraction] | None:
    """Return the threshold of n patients that keeps alpha, its alpha and power; None if power is too low. Exact."""
    for most in range(n + 1):
        error = Fraction(sum(term(n, x, null_rate) for x in range(most + 1, n + 1)))
        if error <= alpha:
            power = Fraction(sum(term(n, x, target_rate) for x in range(most + 1, n + 1)))
            return (most, error, power) if power >= 1 - beta else None
    raise AssertionError("n responses of n never reject with most = n")


def by_every_order(
    looks: Sequence[int], stop: Sequence[int], reject: Sequence[int | None], rate: Fraction
) -> dict[str, Fraction]:
    """Follow the trial patient by patient; return P(reject), expected patients and P(stopping before the last look)."""
    going = {0: Fraction(1)}
    rejected = expected = early = Fraction(0)
    for n in range(1, looks[-1] + 1):
        grown: dict[int, Fraction] = {}
        for x, weight in going.items():
            grown[x] = grown.get(x, Fraction(0)) + weight * (1 - rate)
            grown[x + 1] = grown.get(x + 1, Fraction(0)) + weight * rate
        going = grown
        if n in looks:
            look = list(looks).index(n)
            for x in list(going):
                least = reject[look]
                is_success = least is not None and x >= least
                if x <= stop[look] or is_success or n == looks[-1]:
                    weight = going.pop(x)
                    rejected += weight if is_success else 0
                    expected += weight * n
                    early += weight if n < looks[-1] else 0
    return {"p_reject": rejected, "n_mean": expected, "pet": early}


def fleming(looks: Sequence[int], null_rate: float, z: float) -> tuple[list[int], list[int]]:
    """Return Fleming's a_g and r_g (1982), as the formulas give them, before anything is capped."""
    n = looks[-1]
    implied = (sqrt(n * null_rate) + z * sqrt(1 - null_rate)) ** 2 / (n + z**2)
    accept = [floor(size * implied - z * sqrt(n * implied * (1 - implied)) + 0.5) for size in looks]
    reject = [floor(size * null_rate + z * sqrt(n * null_rate * (1 - null_rate)) + 0.5) + 1 for size in looks]
    accept[-1] = reject[-1] - 1
    return accept, reject
