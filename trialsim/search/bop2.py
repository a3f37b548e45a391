"""BOP2 for a binary endpoint: Zhou H, Lee JJ, Yuan Y. Stat Med 2017;36:3302-3314.

At n of N patients the trial stops when the posterior probability of a rate above the null is below the cut-off
lambda (n / N)^gamma; at N the treatment is declared promising when it is not. For a given gamma the design changes only
where the cut-off meets a posterior probability, so all values of lambda are searched; gamma runs over a fine grid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from trialsim.errors import InputError
from trialsim.inference.posterior import Beta, posterior_above
from trialsim.search.documents import staged_document
from trialsim.search.found import Feasible, Found, Search
from trialsim.search.rounding import within
from trialsim.search.stages import Figures, checked_looks, checked_prior, solve_stages
from trialsim.search.targets import Targets, checked_n, checked_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Ints: TypeAlias = NDArray[np.int_]

MAX_BOP2_N = 300
GAMMAS = 100
"""Steps of gamma from 0 to its maximum."""
BATCH = 4096
SAME = 1e-8
"""Relative difference below which two cut-offs are the same number, computed in two ways."""
SOURCE = "BOP2 design, after Zhou H, Lee JJ, Yuan Y. Stat Med 2017;36:3302-3314."
NOTES = (
    "max-power: the most power of all designs that keep alpha, and of those the fewest patients expected at the null "
    "rate; optimal: the fewest patients expected of all designs that keep alpha and beta.",
    "Every lambda in its interval makes the same design at that gamma.",
)


class Designs(NamedTuple):
    """Different designs, one row each, with one pair of parameters that makes it."""

    stop_low: Ints
    """(D, looks)"""
    gamma: Floats
    lambda_from: Floats
    """Lambda above this and up to, with, `lambda_to` makes the design at that gamma."""
    lambda_to: Floats


def bop2(
    null_rate: float,
    target_rate: float,
    alpha: float = 0.10,
    beta: float | None = None,
    *,
    looks: Sequence[int],
    gamma_max: float = 1.0,
    prior: tuple[float, float] | None = None,
) -> Search:
    """Return the BOP2 design with the most power; with `beta`, also the one that expects the fewest patients.

    Parameters
    ----------
    null_rate, target_rate, alpha
        As `targets.checked_targets`.
    beta
        None: only the design with the most power is sought.
    looks
        Patients at each look, increasing; the last is N.
    gamma_max
        The largest gamma that is tried; the larger gamma, the less the early looks stop.
    prior
        Parameters of the Beta prior; None: the null rate and its complement, as in the paper.

    Raises
    ------
    InputError
        If the question makes no sense, or no design keeps alpha (and beta).

    >>> found = bop2(0.2, 0.4, 0.1, looks=(10, 15, 20, 25, 30, 35, 40)).designs[0]
    >>> found.stop_at_or_below, round(found.measures["power"], 4)
    ((1, 2, 4, 5, 7, 9, 10), 0.8815)
    """
    targets = checked_targets(null_rate, target_rate, alpha, 0.5 if beta is None else beta)
    looks = checked_looks(looks)
    checked_n(looks[-1], 1, MAX_BOP2_N, "the last look,")
    if not 0 < gamma_max <= 10:
        raise InputError(f"gamma-max {gamma_max:g}: a number above 0 and up to 10 is needed")
    responses, non_responses = prior if prior is not None else (null_rate, 1 - null_rate)
    checked_prior(responses, non_responses)
    designs = enumerate_designs(looks, targets.null_rate, Beta(responses, non_responses), gamma_max)
    solved = _solved(looks, designs.stop_low, targets)
    keeps_alpha = solved.reject[:, 0] <= targets.alpha
    if not keeps_alpha.any():
        raise InputError(_infeasible(targets, looks, solved, keeps_alpha, None))
    chosen = {"max-power": _best(keeps_alpha, -solved.reject[:, 1], solved.n_mean[:, 0])}
    if beta is not None:
        keeps_both = keeps_alpha & (solved.reject[:, 1] >= 1 - beta)
        if not keeps_both.any():
            raise InputError(_infeasible(targets, looks, solved, keeps_alpha, beta))
        chosen["optimal"] = _best(keeps_both, solved.n_mean[:, 0], -solved.reject[:, 1])
    found = tuple(
        _found(name, index, designs, solved, targets, looks, (responses, non_responses))
        for name, index in chosen.items()
    )
    asked = {**targets.asked, "beta": beta, "looks": list(looks), "gamma_max": gamma_max}
    asked["prior"] = [responses, non_responses]
    rows = [np.full(len(solved.reject), float(looks[-1])), solved.n_mean[:, 0], *solved.reject.T, solved.pet[:, 0]]
    columns = ("n", "en_null", "alpha", "power", "pet_null")
    return Search("bop2", asked, found, Feasible(columns, np.stack(rows, axis=1)[keeps_alpha]), NOTES)


def _best(allowed: NDArray[np.bool_], first: Floats, second: Floats) -> int:
    """Return the allowed row that is smallest in the first, then in the second; rounding makes no difference."""
    order = np.lexsort((second.round(12), first.round(12)))
    return int(order[allowed[order]][0])


def enumerate_designs(looks: tuple[int, ...], null_rate: float, prior: Beta, gamma_max: float = 1.0) -> Designs:
    """Return all designs that some lambda up to 1 and some gamma of the grid make, each once.

    A design that several gammas make keeps the one with the widest interval of lambda.
    """
    posteriors = [posterior_above(null_rate, n, (prior,)) for n in looks]
    lows, gammas, starts, ends = [], [], [], []
    for gamma in gamma_max * np.arange(GAMMAS + 1) / GAMMAS:
        shares = [(n / looks[-1]) ** gamma for n in looks]
        cuts = [above / share for above, share in zip(posteriors, shares, strict=True)]
        edges = np.unique(np.concatenate([[0.0, 1.0], *cuts]))
        edges = edges[edges <= 1.0]
        is_wide = np.diff(edges) > SAME * edges[1:]
        low, high = edges[:-1][is_wide], edges[1:][is_wide]
        middles = (low + high) / 2
        lows.append(np.stack([np.searchsorted(cut, middles) - 1 for cut in cuts], axis=1))
        gammas.append(np.full(len(middles), gamma))
        starts.append(low)
        ends.append(high)
    stop_low, gamma_of, start, end = (np.concatenate(part) for part in (lows, gammas, starts, ends))
    order = np.argsort(start - end, kind="stable")
    order = order[(stop_low[order] < np.array(looks)).all(axis=1)]  # some outcome can succeed
    _, first = np.unique(stop_low[order], axis=0, return_index=True)
    kept = order[first]
    return Designs(stop_low[kept], gamma_of[kept], start[kept], end[kept])


def _solved(looks: tuple[int, ...], low: Ints, targets: Targets) -> Figures:
    high = np.broadcast_to(np.array(looks[:-1], dtype=int) + 1, (len(low), len(looks) - 1))
    parts = [
        solve_stages(looks, low[first : first + BATCH], high[first : first + BATCH], targets[:2])
        for first in range(0, len(low), BATCH)
    ]
    return Figures(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _found(
    criterion: str,
    index: int,
    designs: Designs,
    solved: Figures,
    targets: Targets,
    looks: tuple[int, ...],
    prior: tuple[float, float],
) -> Found:
    low = tuple(int(most) for most in designs.stop_low[index])
    interval = float(designs.lambda_from[index]), float(designs.lambda_to[index])
    gamma, chosen = float(designs.gamma[index]), within(*interval)
    name = "bop2" if criterion == "max-power" else f"bop2-{criterion}"
    document = staged_document(
        f"{name}-{targets.null_rate:.4g}-{targets.target_rate:.4g}-{targets.alpha:.4g}-{looks[-1]}",
        f"BOP2 design of {looks[-1]} patients, lambda {chosen:g}, gamma {gamma:g}",
        SOURCE,
        targets,
        looks,
        low,
    )
    rule = {"kind": "bop2", "above": targets.null_rate, "lambda": chosen, "gamma": gamma}
    rule["prior"] = {"responses": prior[0], "non_responses": prior[1]}
    for look in document["looks"]:
        look["success_if" if look["at"] == "full_enrolment" else "continue_if"] = {"rule": rule}
    measures = {
        "alpha": float(solved.reject[index, 0]),
        "power": float(solved.reject[index, 1]),
        "en_null": float(solved.n_mean[index, 0]),
        "pet_null": float(solved.pet[index, 0]),
        "en_target": float(solved.n_mean[index, 1]),
        "pet_target": float(solved.pet[index, 1]),
    }
    details = {"lambda": chosen, "lambda_interval": list(interval), "gamma": gamma, "prior": list(prior)}
    return Found(criterion, looks, low, measures, document, details)


def _infeasible(
    targets: Targets, looks: tuple[int, ...], solved: Figures, keeps_alpha: NDArray[np.bool_], beta: float | None
) -> str:
    told = ", ".join(map(str, looks))
    if beta is None or not keeps_alpha.any():
        least = float(solved.reject[:, 0].min())
        return f"no BOP2 design with looks {told} keeps alpha {targets.alpha:g}; the smallest alpha is {least:.3g}"
    most = float(solved.reject[keeps_alpha, 1].max())
    return (
        f"no BOP2 design with looks {told} keeps alpha {targets.alpha:g} and beta {beta:g} at rates "
        f"{targets.null_rate:g} and {targets.target_rate:g}; the nearest that keeps alpha has beta {1 - most:.3g}"
    )
