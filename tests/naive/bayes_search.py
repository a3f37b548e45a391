"""Brute-force twins of the Bayesian searches, written from the papers: fractions, and every case one by one."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import product
from math import comb, sqrt
from statistics import NormalDist


@cache
def binomial(n: int, x: int, rate: Fraction) -> Fraction:
    return comb(n, x) * rate**x * (1 - rate) ** (n - x)


@cache
def posterior_above(rate: Fraction, n: int, x: int, a: int, b: int) -> Fraction:
    """P(rate of the treatment > rate | x of n), prior Beta(a, b) with whole parameters: a binomial sum."""
    size = n + a + b - 1
    return sum((binomial(size, k, rate) for k in range(a + x)), Fraction(0))


def rising(start: Fraction, times: int) -> Fraction:
    found = Fraction(1)
    for step in range(times):
        found *= start + step
    return found


def predictive(n: int, x: int, n_final: int, least: int, a: Fraction, b: Fraction) -> Fraction:
    """P(at least `least` responses of n_final | x of n), Beta-binomial."""
    left = n_final - n
    chance = Fraction(0)
    for y in range(left + 1):
        if x + y >= least:
            chance += comb(left, y) * rising(a + x, y) * rising(b + n - x, left - y) / rising(a + b + n, left)
    return chance


def staged(looks: list[int], stop: list[int], win: list[int], rate: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """Reject probability, PET and expected patients; win: fewest responses that stop for efficacy at interim looks."""
    law = {0: Fraction(1)}
    before, reject, pet, expected = 0, Fraction(0), Fraction(0), Fraction(0)
    for index, n in enumerate(looks):
        grown: dict[int, Fraction] = {}
        for x, weight in law.items():
            for gained in range(n - before + 1):
                grown[x + gained] = grown.get(x + gained, Fraction(0)) + weight * binomial(n - before, gained, rate)
        before, law = n, {}
        is_last = index == len(looks) - 1
        for x, weight in grown.items():
            if is_last:
                reject += weight if x > stop[index] else 0
                expected += weight * n
            elif x <= stop[index] or x >= win[index]:
                reject += weight if x >= win[index] else 0
                pet += weight
                expected += weight * n
            else:
                law[x] = weight
    return reject, pet, expected


def predictive_designs(
    null: Fraction, target: Fraction, alpha: Fraction, beta: Fraction, sizes: range, first: int, a: int, b: int
) -> list[tuple[int, Fraction, list[int]]]:
    """Every feasible predictive probability design, monitored patient by patient: n, EN at the null, boundaries."""
    found = []
    for n_final in sizes:
        looks = [*range(first, n_final), n_final]
        for least in range(1, n_final + 1):
            chances = [
                [predictive(n, x, n_final, least, Fraction(a), Fraction(b)) for x in range(n + 1)] for n in looks
            ]
            cuts = sorted({chance for row in chances[:-1] for chance in row} | {Fraction(1)})
            seen = set()
            for theta in cuts:  # stop where the chance is below theta
                stop = [sum(chance < theta for chance in row) - 1 for row in chances[:-1]] + [least - 1]
                if tuple(stop) in seen:
                    continue
                seen.add(tuple(stop))
                never = [n + 1 for n in looks]
                if staged(looks, stop, never, null)[0] <= alpha and staged(looks, stop, never, target)[0] >= 1 - beta:
                    found.append((n_final, staged(looks, stop, never, null)[2], stop))
    return found


def bop2_boundary(looks: list[int], null: Fraction, a: int, b: int, lam: float, gamma: float) -> tuple[int, ...]:
    """The most responses that stop at each look, by the definition."""
    found = []
    for n in looks:
        cut = lam * (n / looks[-1]) ** gamma
        found.append(sum(float(posterior_above(null, n, x, a, b)) < cut for x in range(n + 1)) - 1)
    return tuple(found)


def correct_selection(n: int, rates: list[Fraction], within: int, by_lot: bool) -> Fraction:
    """The last arm is the best; arms within so many responses of the most are tied."""
    chance = Fraction(0)
    for counts in product(range(n + 1), repeat=len(rates)):
        weight = Fraction(1)
        for x, rate in zip(counts, rates, strict=True):
            weight *= binomial(n, x, rate)
        leaders = [arm for arm, x in enumerate(counts) if x >= max(counts) - within]
        if len(rates) - 1 in leaders:
            chance += weight / len(leaders) if by_lot else (weight if len(leaders) == 1 else 0)
    return chance


def clopper_pearson(n: int, x: int, level: float) -> tuple[float, float]:
    """By bisection on the binomial tails."""

    def tail(rate: float, least: int) -> float:
        return sum(comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(least, n + 1))

    def root(least: int, wanted: float) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if tail(middle, least) < wanted else (low, middle)
        return low

    half = (1 - level) / 2
    return (root(x, half) if x > 0 else 0.0), (root(x + 1, 1 - half) if x < n else 1.0)


def wilson(n: int, x: int, level: float) -> tuple[float, float]:
    z = NormalDist().inv_cdf(0.5 + level / 2)
    centre = (x + z * z / 2) / (n + z * z)
    half = z * sqrt(x * (n - x) / n + z * z / 4) / (n + z * z)
    return centre - half, centre + half


def wald(n: int, x: int, level: float) -> tuple[float, float]:
    half = NormalDist().inv_cdf(0.5 + level / 2) * sqrt(x * (n - x) / n**3)
    return max(x / n - half, 0.0), min(x / n + half, 1.0)
