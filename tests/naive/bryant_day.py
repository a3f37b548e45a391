"""Every two-stage design for response and toxicity, one by one (Bryant and Day, Biometrics 1995;51:1372-1383)."""

from itertools import product
from typing import NamedTuple

from .joint import cells_of, stage_law


class Question(NamedTuple):
    """Rates (response null, target; toxicity unacceptable, acceptable), error rates, odds ratio, most patients."""

    response: tuple[float, float]
    toxicity: tuple[float, float]
    alpha: float
    alpha_toxicity: float
    beta: float
    odds_ratio: float
    n_max: int


class Design(NamedTuple):
    """Patients, the responses that are enough and the toxicities that are too many, at the two looks, and figures."""

    n: tuple[int, int]
    enough: tuple[int, int]
    too_many: tuple[int, int]
    alpha: float
    alpha_toxicity: float
    power: float
    en: float  # in the worse of the two cases in which one rate alone is not good enough


def figures(
    enough: tuple[int, int], too_many: tuple[int, int], laws: list[dict[tuple[int, int], float]]
) -> tuple[float, float]:
    """P(accept) and P(second stage) from the laws of the two stages."""
    accept = later = 0.0
    for (r, t), p in laws[0].items():
        if r < enough[0] or t >= too_many[0]:
            continue
        later += p
        accept += p * sum(q for (more, tox), q in laws[1].items() if r + more >= enough[1] and t + tox < too_many[1])
    return accept, later


def designs(question: Question) -> list[Design]:
    """All designs that keep the error rates."""
    (null, target), (unacceptable, acceptable) = question.response, question.toxicity
    truths = ((null, acceptable), (target, unacceptable), (target, acceptable))
    tables = [cells_of(p, q, question.odds_ratio) for p, q in truths]
    found = []
    for last in range(2, question.n_max + 1):
        for first in range(1, last):
            laws = [[stage_law(m, table) for m in (first, last - first)] for table in tables]
            for enough in product(range(first + 1), range(1, last + 1)):
                for too_many in product(range(1, first + 2), range(1, last + 1)):
                    if enough[1] < enough[0] or last - too_many[1] < first - too_many[0]:
                        continue  # no more may be allowed at the end than the interim look has ruled out
                    n = (first, last)
                    power, _ = figures(enough, too_many, laws[2])
                    if power < 1 - question.beta - 1e-12:
                        continue
                    alpha, later = figures(enough, too_many, laws[0])
                    alpha_toxicity, later_toxicity = figures(enough, too_many, laws[1])
                    if alpha <= question.alpha + 1e-12 and alpha_toxicity <= question.alpha_toxicity + 1e-12:
                        en = first + (last - first) * max(later, later_toxicity)
                        found.append(Design(n, enough, too_many, alpha, alpha_toxicity, power, en))
    return found
