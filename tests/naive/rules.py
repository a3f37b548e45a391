"""Stopping rules from their definitions, in fractions: the fewest responses that meet each (docs/rules.md)."""

from fractions import Fraction
from math import comb, exp, lgamma, log

Prior = list[tuple[Fraction, Fraction, Fraction]]
"""Weight, responses, non-responses of each Beta distribution that is mixed."""


def least(met: list[bool]) -> int:
    """The fewest responses that meet a rule, from whether 0, 1, … n of n do; n + 1 if none does."""
    return met.index(True) if True in met else len(met)


def binomial_tail(k: int, m: int, rate: Fraction) -> Fraction:
    """P(X >= k), X binomial (m, rate)."""
    return sum((comb(m, x) * rate**x * (1 - rate) ** (m - x) for x in range(max(k, 0), m + 1)), Fraction(0))


def rising(a: Fraction, k: int) -> Fraction:
    """a (a + 1) … (a + k - 1)."""
    product = Fraction(1)
    for i in range(k):
        product *= a + i
    return product


def beta_tail(rate: Fraction, a: Fraction, b: Fraction) -> float:
    """P(Beta(a, b) > rate).

    Whole parameters: a + b - 1 uniform numbers, the a-th smallest above the rate, so at most a - 1 of them below it.
    Others: 1 minus the series of positive terms x^a (1 - x)^b / (a B(a, b)) * sum of (a + b)_k / (a + 1)_k x^k.
    """
    if a.denominator == b.denominator == 1:
        return float(1 - binomial_tail(int(a), int(a + b) - 1, rate))
    if rate in (0, 1):
        return float(1 - rate)
    x, p, q = float(rate), float(a), float(b)
    front = exp(p * log(x) + q * log(1 - x) + lgamma(p + q) - lgamma(p) - lgamma(q)) / p
    term = total = 1.0
    k = 0
    while term > 1e-17 * total:
        term *= (p + q + k) / (p + 1 + k) * x
        total += term
        k += 1
    return 1 - front * total


def weights_after(x: int, n: int, prior: Prior) -> list[Fraction]:
    """The weight of each component after x of n patients responded: prior weight times how well it foretold them."""
    foretold = [w * rising(a, x) * rising(b, n - x) / rising(a + b, n) for w, a, b in prior]
    return [value / sum(foretold) for value in foretold]


def posterior_above(rate: Fraction, x: int, n: int, prior: Prior) -> float:
    """P(response rate > rate | x of n responded)."""
    weights = weights_after(x, n, prior)
    parts = (float(w) * beta_tail(rate, a + x, b + n - x) for w, (_, a, b) in zip(weights, prior, strict=True))
    return sum(parts)


def predictive_tail(k: int, m: int, x: int, n: int, prior: Prior) -> Fraction:
    """P(at least k of m patients to come respond | x of n responded), Beta-binomial."""
    total = Fraction(0)
    for weight, (_, a, b) in zip(weights_after(x, n, prior), prior, strict=True):
        a_now, b_now = a + x, b + n - x
        for y in range(max(k, 0), m + 1):
            total += weight * comb(m, y) * rising(a_now, y) * rising(b_now, m - y) / rising(a_now + b_now, m)
    return total


def conditional_tail(k: int, m: int, rate: Fraction) -> Fraction:
    """P(at least k of m patients to come respond) at a known rate."""
    return binomial_tail(k, m, rate)
