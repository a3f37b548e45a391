"""Two stages for response and toxicity: Bryant J, Day R. Biometrics 1995;51:1372-1383.

A treatment is accepted if there are enough responses and few enough toxicities, at the interim and at the final look.
Wrong acceptances are bounded where one of the two rates is not good enough and the other is; the optimal design
expects the fewest patients in the worse of these two cases. Toxicity is counted here by the patients without it, so
that both endpoints are asked for "at least so many".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.errors import InputError
from trialsim.inference.binomial import pmf
from trialsim.inference.joint import cells
from trialsim.search.documents import staged_document
from trialsim.search.found import Feasible, Found, Search
from trialsim.search.targets import ROUNDING, Targets, checked_n, checked_targets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Ints: TypeAlias = NDArray[np.int_]

MOST_PATIENTS = 100
MOST_JOINT_PATIENTS = 60
"""With an odds ratio other than 1 every design needs a sum of its own."""
SOURCE = "Two-stage design for response and toxicity, after Bryant J, Day R. Biometrics 1995;51:1372-1383."
NOTES = (
    "Of designs with the same stages and interim look, which all expect as many patients, the one with the most power.",
    "The figures ending in _any bound the error rates for every association of response and toxicity.",
)


class Asked(NamedTuple):
    """The rates and error rates of a search; toxicity by its own rate."""

    response: Targets
    """Its alpha bounds acceptance where the response rate is the null rate, and toxicity is acceptable."""
    toxicity_null_rate: float
    """Unacceptable."""
    toxicity_target_rate: float
    """Acceptable."""
    alpha_toxicity: float
    """Bounds acceptance where toxicity is unacceptable, and the response rate is the target rate."""
    odds_ratio: float
    """Of response and toxicity in a patient."""
    n_max: int

    @property
    def rates(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Null and target rate of response, and of freedom from toxicity."""
        free = (1.0 - self.toxicity_null_rate, 1.0 - self.toxicity_target_rate)
        return (self.response.null_rate, self.response.target_rate), free


class Cuts(NamedTuple):
    """Pairs of cuts for one endpoint at two stage sizes: more are needed at the interim look, and at the end."""

    interim: Ints
    final: Ints
    go: Floats
    """(K, 2) probability of getting past the interim look, at the null and at the target rate."""
    accept: Floats
    """(K, 2) probability of getting past both."""


class Best(NamedTuple):
    """The design that expects the fewest patients, of those with its numbers of patients."""

    n1: int
    n: int
    responses: tuple[int, int]
    """The most that are not enough, at the interim and the final look."""
    free: tuple[int, int]
    """The same of patients without toxicity."""
    en: float
    """Expected patients in the worse of the two cases."""
    power: float


def bryant_day(
    null_rate: float,
    target_rate: float,
    toxicity_null_rate: float,
    toxicity_target_rate: float,
    alpha: float = 0.10,
    beta: float = 0.10,
    *,
    alpha_toxicity: float | None = None,
    odds_ratio: float = 1.0,
    n_max: int = 60,
) -> Search:
    """Return the optimal and the minimax two-stage design for response and toxicity.

    Parameters
    ----------
    null_rate, target_rate
        Response rates: of no interest, worth having.
    toxicity_null_rate, toxicity_target_rate
        Toxicity rates: unacceptable, acceptable.
    alpha
        Most probability of acceptance at the null response rate, with acceptable toxicity.
    beta
        Most probability of no acceptance where both rates are good.
    alpha_toxicity
        Most probability of acceptance with unacceptable toxicity, at the target response rate; None: `alpha`.
    odds_ratio
        Of response and toxicity in a patient.
    n_max
        Most patients.

    Raises
    ------
    InputError
        If the question makes no sense, or no design keeps the error rates.

    >>> found = bryant_day(0.3, 0.5, 0.4, 0.2, 0.15, 0.15, n_max=40).designs[0]
    >>> found.looks, found.stop_at_or_below, found.details["too_toxic_at_or_above"]
    ((19, 33), (5, 12), [8, 11])
    """
    asked = _checked(
        Asked(
            checked_targets(null_rate, target_rate, alpha, beta),
            toxicity_null_rate,
            toxicity_target_rate,
            alpha if alpha_toxicity is None else alpha_toxicity,
            odds_ratio,
            n_max,
        )
    )
    best = list(_best_of_each_n(asked))
    if not best:
        raise InputError(_infeasible(asked))
    chosen = {"optimal": min(best, key=lambda design: (round(design.en, 9), design.n)), "minimax": best[0]}
    found = tuple(_found(name, design, asked) for name, design in chosen.items())
    words = {**asked.response.asked, **{name: getattr(asked, name) for name in Asked._fields[1:]}}
    rows = np.array([[design.n, design.en, design.n1, design.power] for design in best], dtype=np.float64)
    feasible = Feasible(("n", "en_null", "n1", "power"), rows) if odds_ratio == 1.0 else None
    return Search("bryant-day", words, found, feasible, NOTES)


def _checked(asked: Asked) -> Asked:
    null, target = asked.toxicity_null_rate, asked.toxicity_target_rate
    for name, value in (("null", null), ("target", target)):
        if not 0 < value < 1:
            raise InputError(f"toxicity {name} rate {value:g}: a rate strictly between 0 and 1 is needed")
    if target >= null:
        raise InputError(
            f"the toxicity target rate {target:g} (acceptable) is not below the toxicity null rate {null:g} "
            "(unacceptable); " + ("lower it" if target == null else "have they been swapped?")
        )
    if not 0 < asked.alpha_toxicity < 1:
        raise InputError(f"alpha-toxicity {asked.alpha_toxicity:g}: an error rate strictly between 0 and 1 is needed")
    if not 1e-4 <= asked.odds_ratio <= 1e4:
        raise InputError(f"odds ratio {asked.odds_ratio:g}: a number from 0.0001 to 10000 is needed; 1: independent")
    checked_n(asked.n_max, 2, MOST_PATIENTS if asked.odds_ratio == 1.0 else MOST_JOINT_PATIENTS)
    return asked


def _best_of_each_n(asked: Asked) -> Iterator[Best]:
    """Yield the best design of each n that has one; with dependence, only those better than any smaller one."""
    solve = _best_independent if asked.odds_ratio == 1.0 else _best_joint
    least_en = float("inf")
    for n in range(2, asked.n_max + 1):
        best: Best | None = None
        for n1 in range(1, n):
            limit = min(best.en if best else np.inf, np.inf if asked.odds_ratio == 1.0 else least_en)
            if n1 >= limit:
                break
            found = solve(n1, n, asked)
            if found is not None and (best is None or _is_better(found, best)):
                best = found
        if best is not None and (asked.odds_ratio == 1.0 or best.en < least_en):
            least_en = min(least_en, best.en)
            yield best


def _is_better(one: Best, other: Best) -> bool:
    return (round(one.en, 9), -one.power) < (round(other.en, 9), -other.power)


def _best_independent(n1: int, n: int, asked: Asked) -> Best | None:
    """Return the best design with these numbers of patients: every joint probability is a product."""
    targets, (response, free) = asked.response, asked.rates
    least = 1 - targets.beta - ROUNDING
    r = cuts(n1, n, response, targets.alpha / least, least)
    t = cuts(n1, n, free, asked.alpha_toxicity / least, least)
    if not len(r.interim) or not len(t.interim):
        return None
    power = np.multiply.outer(r.accept[:, 1], t.accept[:, 1])
    keeps = (
        (np.multiply.outer(r.accept[:, 0], t.accept[:, 1]) <= targets.alpha + ROUNDING)
        & (np.multiply.outer(r.accept[:, 1], t.accept[:, 0]) <= asked.alpha_toxicity + ROUNDING)
        & (power >= least)
    )
    if not keeps.any():
        return None
    go = np.maximum(np.multiply.outer(r.go[:, 0], t.go[:, 1]), np.multiply.outer(r.go[:, 1], t.go[:, 0]))
    en = np.where(keeps, n1 + (n - n1) * go, np.inf)
    i, j = _first(en, power)
    return _best(n1, n, (r, int(i)), (t, int(j)), float(en[i, j]), float(power[i, j]))


def _first(en: Floats, power: Floats) -> tuple[int, int]:
    """Return where the fewest patients are expected, and of these where the power is largest."""
    ties = en <= en.min() + 1e-9
    i, j = np.unravel_index(int(np.argmax(np.where(ties, power, -1.0))), en.shape)
    return int(i), int(j)


def _best(n1: int, n: int, r: tuple[Cuts, int], t: tuple[Cuts, int], en: float, power: float) -> Best:
    (of_r, i), (of_t, j) = r, t
    responses = (int(of_r.interim[i]), int(of_r.final[i]))
    return Best(n1, n, responses, (int(of_t.interim[j]), int(of_t.final[j])), en, power)


def cuts(n1: int, n: int, rates: tuple[float, float], most_null: float, least_target: float) -> Cuts:
    """Return the pairs of cuts whose own probability of acceptance is at most, and at least, so much.

    Parameters
    ----------
    n1, n
        Patients at the interim look and at the end.
    rates
        Null and target rate.
    most_null, least_target
        Of the probability of getting past both looks.
    """
    both = [_accept(n1, n, rate) for rate in rates]
    fits = (both[0] <= most_null + ROUNDING) & (both[1] >= least_target) & _rises(n1, n)
    interim, final = np.nonzero(fits)
    go = np.stack([np.cumsum(_terms(n1, rate)[::-1])[::-1][interim] for rate in rates], axis=1)
    return Cuts(interim - 1, final, go, np.stack([table[interim, final] for table in both], axis=1))


def _accept(n1: int, n: int, rate: float) -> Floats:
    """Return P(at least i of n1, and more than k of n) for i = 0 … n1 (rows) and k = 0 … n - 1 (columns)."""
    first, second = _terms(n1, rate), _terms(n - n1, rate)
    at_least = np.append(np.cumsum(second[::-1])[::-1], 0.0)
    needed = np.clip(np.arange(n)[None, :] + 1 - np.arange(n1 + 1)[:, None], 0, n - n1 + 1)
    table: Floats = np.cumsum((first[:, None] * at_least[needed])[::-1], axis=0)[::-1]
    return table


@lru_cache(2048)
def _rises(n1: int, n: int) -> NDArray[np.bool_]:
    """Return which pairs do not ask for fewer at the end than at the interim look."""
    rises: NDArray[np.bool_] = np.arange(n)[None, :] >= np.arange(n1 + 1)[:, None] - 1
    return rises


@lru_cache(2048)
def _terms(n: int, rate: float) -> Floats:
    return pmf(n, rate)


# ---------------------------------------------------------------- response and toxicity are not independent


def _best_joint(n1: int, n: int, asked: Asked) -> Best | None:
    """Return the best design with these numbers of patients, by the joint law of both counts."""
    targets, (response, free) = asked.response, asked.rates
    least = 1 - targets.beta - ROUNDING
    r = cuts(n1, n, response, targets.alpha + targets.beta, least)
    t = cuts(n1, n, free, asked.alpha_toxicity + targets.beta, least)
    best: Best | None = None
    for i in np.unique(r.final):
        for j in np.unique(t.final):
            rows, columns = r.final == i, t.final == j
            where = np.ix_(r.interim[rows] + 1, t.interim[columns] + 1)
            accept, go = zip(*(_joint(n1, n, (int(i), int(j)), case, asked) for case in _CASES), strict=True)
            alpha_r, alpha_t, power = (table[where] for table in accept)
            keeps = (alpha_r <= targets.alpha + ROUNDING) & (alpha_t <= asked.alpha_toxicity + ROUNDING)
            keeps &= power >= least
            if not keeps.any():
                continue
            en = np.where(keeps, n1 + (n - n1) * np.maximum(go[0][where], go[1][where]), np.inf)
            a, b = _first(en, power)
            at = (int(np.flatnonzero(rows)[a]), int(np.flatnonzero(columns)[b]))
            found = _best(n1, n, (r, at[0]), (t, at[1]), float(en[a, b]), float(power[a, b]))
            best = found if best is None or _is_better(found, best) else best
    return best


_CASES = ((0, 1), (1, 0), (1, 1))
"""Null (0) or target (1) rate of response and of freedom from toxicity: where alpha, alpha-toxicity, power hold."""


def _joint(n1: int, n: int, final: tuple[int, int], case: tuple[int, int], asked: Asked) -> tuple[Floats, Floats]:
    """Return P(accept) and P(go on) by how many are needed at the interim look, responses by patients without toxicity.

    `final`: the most that are not enough at the end.
    """
    first = _joint_law(n1, case, asked)
    later = np.zeros((n - n1 + 2, n - n1 + 2))
    later[:-1, :-1] = _at_least(_joint_law(n - n1, case, asked))
    needed = [np.clip(k + 1 - np.arange(n1 + 1), 0, n - n1 + 1) for k in final]
    return _at_least(first * later[np.ix_(*needed)]), _at_least(first)


@lru_cache(1024)
def _joint_law(n: int, case: tuple[int, int], asked: Asked) -> Floats:
    """Return the law of responses (rows) and patients without toxicity (columns) among `n`."""
    if n == 0:
        return np.ones((1, 1))
    before, (response, free) = _joint_law(n - 1, case, asked), asked.rates
    table = cells(response[case[0]], free[case[1]], 1.0 / asked.odds_ratio)
    law = np.zeros((n + 1, n + 1))
    law[:-1, :-1] = table.neither * before
    law[1:, :-1] += table.response * before
    law[:-1, 1:] += table.toxicity * before  # of the other endpoint, which here is freedom from toxicity
    law[1:, 1:] += table.both * before
    return law


def _at_least(law: Floats) -> Floats:
    """Return the probability of at least so many of both."""
    return np.cumsum(np.cumsum(law[::-1, ::-1], axis=0), axis=1)[::-1, ::-1]


# ---------------------------------------------------------------- the answer


def _found(criterion: str, design: Best, asked: Asked) -> Found:
    n1, n = design.n1, design.n
    too_toxic = [n1 - design.free[0], n - design.free[1]]
    return Found(
        criterion,
        (n1, n),
        design.responses,
        measures(design, asked),
        _document(criterion, design, asked, too_toxic),
        {"too_toxic_at_or_above": too_toxic},
    )


def measures(design: Best, asked: Asked) -> dict[str, float]:
    """Return the exact figures of a design."""
    n1, n = design.n1, design.n
    interim = (design.responses[0] + 1, design.free[0] + 1)
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for case in ((0, 0), *_CASES):
        accept, go = _joint(n1, n, (design.responses[1], design.free[1]), case, asked)
        found[case] = float(accept[interim]), n1 + (n - n1) * float(go[interim])
    alone = [
        [float(_accept(n1, n, rate)[cut[0] + 1, cut[1]]) for rate in rates]
        for cut, rates in zip((design.responses, design.free), asked.rates, strict=True)
    ]
    worst = max(found[0, 1][1], found[1, 0][1])
    return {
        "alpha": found[0, 1][0],
        "alpha_toxicity": found[1, 0][0],
        "alpha_both": found[0, 0][0],
        "power": found[1, 1][0],
        "en_null": worst,
        "en_response_null": found[0, 1][1],
        "en_toxicity_null": found[1, 0][1],
        "en_both_null": found[0, 0][1],
        "en_target": found[1, 1][1],
        "pet_null": (n - worst) / (n - n1),
        "alpha_any": min(alone[0][0], alone[1][1]),
        "alpha_toxicity_any": min(alone[0][1], alone[1][0]),
        "power_any": max(alone[0][1] + alone[1][1] - 1.0, 0.0),
    }


def _document(criterion: str, design: Best, asked: Asked, too_toxic: list[int]) -> dict[str, Any]:
    rates = (asked.response.null_rate, asked.response.target_rate, asked.toxicity_null_rate, asked.toxicity_target_rate)
    document = staged_document(
        f"bryant-day-{criterion}-" + "-".join(f"{rate:.4g}" for rate in rates),
        f"Two stages for response and toxicity, {criterion}",
        SOURCE,
        asked.response,
        (design.n1, design.n),
        design.responses,
    )
    toxicity = {"null_rate": asked.toxicity_null_rate, "target_rate": asked.toxicity_target_rate}
    for look, n, least in zip(document["looks"], (design.n1, design.n), too_toxic, strict=True):
        if least <= n:
            look["toxic_if"] = {"rule": {"kind": "responses", "at_least": least}}
    return {**document, "toxicity": toxicity}


def _infeasible(asked: Asked) -> str:
    targets = asked.response
    return (
        f"no two-stage design of at most {asked.n_max} patients keeps alpha {targets.alpha:g}, alpha-toxicity "
        f"{asked.alpha_toxicity:g} and beta {targets.beta:g} at response rates {targets.null_rate:g} and "
        f"{targets.target_rate:g} and toxicity rates {asked.toxicity_null_rate:g} and {asked.toxicity_target_rate:g}; "
        "allow larger error rates or more patients"
    )
