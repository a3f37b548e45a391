"""One arm looked at several times, by listing every order of responses: fractions, no formula.

A scheme is a list of looks (patients, most responses that stop for futility, fewest that stop for efficacy or None) and
the patients at the end. An outcome is (stage, responses); the last stage is the final analysis.
"""

from fractions import Fraction
from itertools import product
from math import comb

Looks = list[tuple[int, int, int | None]]
Outcome = tuple[int, int]


def outcome_of(looks: Looks, order: tuple[int, ...]) -> Outcome:
    """Where the arm ends if its patients respond in this order."""
    for stage, (n, low, high) in enumerate(looks):
        x = sum(order[:n])
        if x <= low or (high is not None and x >= high):
            return stage, x
    return len(looks), sum(order)


def all_orders(looks: Looks, n_final: int) -> dict[Outcome, list[tuple[int, ...]]]:
    """Every order of responses of all patients that could be enrolled, by the outcome it leads to."""
    found: dict[Outcome, list[tuple[int, ...]]] = {}
    for order in product((0, 1), repeat=n_final):
        found.setdefault(outcome_of(looks, order), []).append(order)
    return found


def probability(order: tuple[int, ...], rate: Fraction) -> Fraction:
    """Of one order of responses."""
    x = sum(order)
    return rate**x * (1 - rate) ** (len(order) - x)


def law(looks: Looks, n_final: int, rate: Fraction) -> dict[Outcome, Fraction]:
    """The probability of every outcome."""
    return {
        outcome: sum((probability(order, rate) for order in orders), Fraction(0))
        for outcome, orders in all_orders(looks, n_final).items()
    }


def patients(looks: Looks, n_final: int, outcome: Outcome) -> int:
    """Patients at the end."""
    return looks[outcome[0]][0] if outcome[0] < len(looks) else n_final


def umvue(looks: Looks, n_final: int) -> dict[Outcome, Fraction]:
    """The first patient's response, averaged over the orders that lead to an outcome (Rao and Blackwell)."""
    return {
        outcome: Fraction(sum(order[0] for order in orders), len(orders))
        for outcome, orders in all_orders(looks, n_final).items()
    }


def conditional_umvue(looks: Looks, n_final: int) -> dict[Outcome, Fraction]:
    """The last patient's response, averaged over the orders that lead to a final outcome."""
    return {
        outcome: Fraction(sum(order[-1] for order in orders), len(orders))
        for outcome, orders in all_orders(looks, n_final).items()
        if outcome[0] == len(looks)
    }


def strength(looks: Looks, outcome: Outcome) -> tuple[int, int, int]:
    """A key that sorts outcomes by the stagewise ordering, the weakest evidence of a high rate first."""
    stage, x = outcome
    if stage == len(looks):
        return 1, 0, x
    if x <= looks[stage][1]:
        return 0, stage, x
    return 2, -stage, x


def p_value(looks: Looks, n_final: int, outcome: Outcome, rate: Fraction) -> Fraction:
    """The probability of all outcomes that are at least as strong."""
    own = strength(looks, outcome)
    weights = law(looks, n_final, rate)
    return sum((weight for other, weight in weights.items() if strength(looks, other) >= own), Fraction(0))


def expected_mle(looks: Looks, n_final: int, rate: Fraction) -> Fraction:
    """The expected observed rate."""
    return sum(
        (
            weight * Fraction(outcome[1], patients(looks, n_final, outcome))
            for outcome, weight in law(looks, n_final, rate).items()
        ),
        Fraction(0),
    )


def binomial_tail(least: int, n: int, rate: float) -> float:
    """P(at least so many responses of n)."""
    return sum(comb(n, x) * rate**x * (1 - rate) ** (n - x) for x in range(max(least, 0), n + 1))


def koyama_chen_p_value(
    n_first: int, goes_on_with: int, n_planned: int, least: int, x_first: int, n_added: int, x_added: int, rate: float
) -> float:
    """Koyama and Chen's P value for a second stage of `n_added` patients where `n_planned` - `n_first` were planned.

    Written from the definition: find the rate at which the planned second stage, after the observed first, would have
    met the final criterion with the probability that the observed second stage has; then average that rate's
    probabilities of success over first stages.
    """
    planned = n_planned - n_first
    conditional = binomial_tail(x_added, n_added, rate)
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if binomial_tail(least - x_first, planned, middle) < conditional:
            low = middle
        else:
            high = middle
    return sum(
        comb(n_first, x) * rate**x * (1 - rate) ** (n_first - x) * binomial_tail(least - x, planned, middle)
        for x in range(goes_on_with, n_first + 1)
    )
