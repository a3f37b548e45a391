"""Boundaries for toxicity by brute force: every sequence of patients, every level (Ivanova et al., Biometrics 2005)."""

from fractions import Fraction
from itertools import product
from math import comb


def crossing(looks: tuple[int, ...], least: tuple[int, ...], rate: Fraction) -> tuple[dict[int, Fraction], Fraction]:
    """P(first crossing at each look, by its patients), and the expected number of patients."""
    crossed = {n: Fraction(0) for n in looks}
    expected = Fraction(0)
    for sequence in product((0, 1), repeat=looks[-1]):
        toxicities = sum(sequence)
        p = rate**toxicities * (1 - rate) ** (looks[-1] - toxicities)
        used = looks[-1]
        for n, bound in zip(looks, least, strict=True):
            if sum(sequence[:n]) >= bound:
                crossed[n] += p
                used = n
                break
        expected += p * used
    return crossed, expected


def tail(n: int, x: int, rate: Fraction) -> Fraction:
    """P(X >= x), X binomial (n, rate)."""
    return sum((comb(n, y) * rate**y * (1 - rate) ** (n - y) for y in range(x, n + 1)), Fraction(0))


def pocock(looks: tuple[int, ...], rate: Fraction, alpha: Fraction) -> tuple[Fraction, tuple[int, ...]]:
    """The largest level of a repeated exact test that is ever met with probability at most alpha, and its boundary."""
    levels = sorted({tail(n, x, rate) for n in looks for x in range(n + 1)}, reverse=True)
    for level in levels:
        least = tuple(next(x for x in range(n + 2) if tail(n, x, rate) <= level) for n in looks)
        if sum(crossing(looks, least, rate)[0].values()) <= alpha:
            return level, least
    raise ValueError("no boundary")
