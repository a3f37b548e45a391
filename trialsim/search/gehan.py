"""Gehan EA. The determination of the number of patients required in a preliminary and a follow-up trial of a new
chemotherapeutic agent. J Chronic Dis 1961;13:346-353 (formulas as quoted by Grayling and Mander, BMC Med Res Methodol
2019;19:22, and its R package singlearm; the paper's own tables were not at hand).

First stage: the fewest patients among whom, at the target rate, no response at all has a probability of at most beta.
Second stage, given the responses seen: enough patients that the standard error of the response rate is as wanted, were
the rate the one assumed: between the observed rate and an upper 75 % limit the one nearest to one half, where the
standard error is largest. Nothing is tested at the end.
"""

from __future__ import annotations

from math import ceil, log, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from trialsim.errors import InputError, nearest
from trialsim.inference.binomial import pmf
from trialsim.search.documents import staged_document
from trialsim.search.found import Found, Search
from trialsim.search.targets import MAX_N, ROUNDING

if TYPE_CHECKING:
    from typing import Any

SOURCE = "Two-stage design after Gehan EA. J Chronic Dis 1961;13:346-353."
Assumed = Literal["clopper-pearson", "wald", "observed"]
"""What the second stage assumes: the one-sided exact 75 % limit; the upper end of the two-sided 75 % Wald interval (as
singlearm does); the observed rate itself."""


def gehan(
    target_rate: float,
    beta: float = 0.05,
    standard_error: float = 0.10,
    *,
    null_rate: float | None = None,
    assumed: Assumed = "clopper-pearson",
    n_max: int = MAX_N,
) -> Search:
    """Return the first stage, and a second stage for each number of responses that it can show.

    Parameters
    ----------
    target_rate
        Response rate that shall not be missed.
    beta
        Most probability of seeing no response in the first stage at that rate.
    standard_error
        Wanted of the response rate at the end, as a rate.
    null_rate
        Where early stops and expected patients are told as well.
    assumed
        Response rate that the second stage is sized for.
    n_max
        Most patients in both stages.

    Raises
    ------
    InputError
        If a rate, an error rate or the standard error makes no sense, or more patients than `n_max` are needed.

    >>> found = gehan(0.20, 0.05, 0.10)
    >>> [design.looks for design in found.designs][:3]
    [(14, 15), (14, 20), (14, 23)]
    """
    _check(target_rate, beta, standard_error, null_rate, assumed)
    n1 = max(ceil(log(beta) / log(1 - target_rate) - ROUNDING), 1)
    totals = [max(n1, _total(x, n1, standard_error, assumed)) for x in range(1, n1 + 1)]
    if n1 > n_max:
        raise InputError(
            f"the first stage alone needs {n1} patients, more than the n-max of {n_max}; raise beta or n-max"
        )
    if max(totals) > n_max:
        raise InputError(
            f"a standard error of {standard_error:g} needs {max(totals)} patients, more than the n-max of {n_max}; "
            f"with those it is {0.5 / sqrt(n_max):.3g} at worst"
        )
    rates = {"target": target_rate} if null_rate is None else {"null": null_rate, "target": target_rate}
    asked = {"null_rate": null_rate, "target_rate": target_rate, "beta": beta, "standard_error": standard_error}
    designs = tuple(
        _found(x, n1, total, rates, assumed_rate(x, n1, assumed)) for x, total in enumerate(totals, start=1)
    )
    return Search("gehan", {**asked, "assumed": assumed, "n_max": n_max}, designs, None, _notes(n1, totals, rates))


def assumed_rate(x: int, n1: int, assumed: Assumed) -> float:
    """Return the response rate that the second stage is sized for after `x` responses in `n1` patients.

    >>> round(assumed_rate(1, 14, "clopper-pearson"), 4)
    0.181
    """
    observed = x / n1
    if assumed == "observed":
        return observed
    if assumed == "wald":
        limit = observed + NormalDist().inv_cdf(0.875) * sqrt(observed * (1 - observed) / n1)
    else:
        from scipy.stats import beta as beta_distribution

        limit = 1.0 if x == n1 else float(beta_distribution.ppf(0.75, x + 1, n1 - x))
    return float(np.clip(0.5, observed, max(limit, observed)))


def _total(x: int, n1: int, standard_error: float, assumed: Assumed) -> int:
    rate = assumed_rate(x, n1, assumed)
    return ceil(rate * (1 - rate) / standard_error**2 - 1e-9)


def _found(x: int, n1: int, total: int, rates: dict[str, float], assumed: float) -> Found:
    looks = (n1, total) if total > n1 else (n1,)
    stop: tuple[int | None, ...] = (0, None) if total > n1 else (None,)
    name = f"gehan-{rates['target']:.4g}-{n1}-{x}-responses"
    title = f"Gehan design: stop if none of {n1} responds; sized for {x} of {n1}"
    document: dict[str, Any] = staged_document(name, title, SOURCE, None, looks, stop)
    if "null" in rates:
        document["hypotheses"] = {"null_rate": rates["null"], "target_rate": rates["target"]}
    measures: dict[str, float] = {}
    for at, rate in rates.items():
        none = (1 - rate) ** n1 if total > n1 else 0.0
        measures |= {f"en_{at}": n1 + (1 - none) * (total - n1), f"pet_{at}": none}
    details = {"responses_seen": x, "second_stage": total - n1, "assumed_rate": assumed}
    criterion = f"{x} response{'s' * (x > 1)}"
    return Found(criterion, looks, (0, -1)[: len(looks)], measures, document, details)


def _notes(n1: int, totals: list[int], rates: dict[str, float]) -> tuple[str, ...]:
    sizes = np.array([n1, *totals])
    expected = [f"{float(pmf(n1, rate) @ sizes):.2f} at {rate:g}" for rate in rates.values()]
    return (
        "Each line is the design whose second stage suits that many responses in the first one; none tests anything at "
        "the end, so the last number of stop at or below is -1.",
        f"With the second stage chosen by the responses seen, the expected patients are {', '.join(expected)}.",
    )


def _check(target_rate: float, beta: float, standard_error: float, null_rate: float | None, assumed: str) -> None:
    for name, value in (("target rate", target_rate), ("beta", beta), ("null rate", null_rate)):
        if value is not None and not 0 < value < 1:
            raise InputError(f"{name} {value:g}: a number strictly between 0 and 1 is needed")
    if null_rate is not None and null_rate >= target_rate:
        raise InputError(
            f"the null rate {null_rate:g} is not below the target rate {target_rate:g}; raise the target rate"
        )
    if not 0 < standard_error < 0.5:
        raise InputError(f"standard error {standard_error:g}: a rate above 0 and below 0.5 is needed, such as 0.1")
    if assumed not in get_args(Assumed):
        raise InputError(f'assumed "{assumed}": {nearest(assumed, get_args(Assumed))}')
