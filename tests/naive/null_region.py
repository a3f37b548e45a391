"""Errors over a null region, by listing: what happened in a trial, orders counted one by one, bounds by summing."""

from fractions import Fraction
from itertools import pairwise, product
from math import comb

from .trial import Design, Trial


def happened(design: Design, trial: Trial, kind: str, slots: tuple[int, ...], look: int = -1) -> bool:
    """Whether an error happened to one of the arms (the number of arms: pooled) in a trial that is over."""
    return any(_happened_to(design, trial, kind, slot, look) for slot in slots)


def _happened_to(design: Design, trial: Trial, kind: str, slot: int, look: int) -> bool:
    if kind == "go on":
        return trial.stop_look[slot] == -1
    if kind == "success":
        return trial.success[look][slot] is True
    last = len(design["looks"]) - 1
    for number, row in enumerate(trial.success):
        stops = (design["looks"][number].get("success_if") or {}).get("then") == "stop"
        if row[slot] is True and (number == last or stops):
            return True
    return False


def probability(
    design: Design, trials: list[tuple[Trial, Fraction]], kind: str, slots: tuple[int, ...], look: int = -1
) -> Fraction:
    """How likely the error is, from all trials with their probabilities."""
    return sum((p for trial, p in trials if happened(design, trial, kind, slots, look)), Fraction(0))


def shares(looks: list[tuple[int, int, int]], n: int, least: int) -> list[Fraction]:
    """Of all orders of x responses among n patients, the share that is accepted, for x = 0 ... n.

    A look is (patients, stops at this or fewer, accepted at this or more); `least` responses are accepted at the end.
    """
    accepted = [0] * (n + 1)
    for order in product((0, 1), repeat=n):
        for patients, low, high in looks:
            so_far = sum(order[:patients])
            if so_far <= low or so_far >= high:
                accepted[sum(order)] += so_far >= high
                break
        else:
            accepted[sum(order)] += sum(order) >= least
    return [Fraction(count, comb(n, x)) for x, count in enumerate(accepted)]


def on_interval(coefficients: list[Fraction], low: Fraction, high: Fraction) -> list[Fraction]:
    """The Bernstein coefficients on [low, high] of a polynomial given by those on [0, 1], by de Casteljau, twice."""
    right = _halved(coefficients, high)[0]
    return _halved(right, low / high)[1]


def _halved(coefficients: list[Fraction], at: Fraction) -> tuple[list[Fraction], list[Fraction]]:
    rows = [coefficients]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([(1 - at) * a + at * b for a, b in pairwise(row)])
    return [row[0] for row in rows], [row[-1] for row in reversed(rows)]


def value(coefficients: list[Fraction], rate: Fraction) -> Fraction:
    """The polynomial at a rate, term by term."""
    n = len(coefficients) - 1
    return sum((c * comb(n, x) * rate**x * (1 - rate) ** (n - x) for x, c in enumerate(coefficients)), Fraction(0))


def moment(n: int, here: Fraction, there: Fraction, power: int) -> Fraction:
    """The expected power of the likelihood ratio of n patients at `there` against `here`, expected at `here`."""
    total = Fraction(0)
    for x in range(n + 1):
        ways = comb(n, x)
        now, then = (ways * p**x * (1 - p) ** (n - x) for p in (here, there))
        total += now * (then / now) ** power
    return total


def at_most(k: int, n: int, rate: Fraction) -> Fraction:
    """P(X <= k), X binomial."""
    return sum((comb(n, x) * rate**x * (1 - rate) ** (n - x) for x in range(k + 1)), Fraction(0))
