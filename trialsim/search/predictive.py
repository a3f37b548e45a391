"""The predictive probability design: Lee JJ, Liu DD. Clin Trials 2008;5:93-106.

After each cohort the trial stops when the predictive probability of success at the end is below theta_L (or at least
theta_U). The end is a success when the posterior probability of a rate above the null is at least theta_T, which for n
patients is a number of responses. So at a given n and that number, every predictive probability is fixed, and only
finitely many values of theta_L make different designs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from trialsim.errors import InputError
from trialsim.inference.binomial import pmf
from trialsim.inference.posterior import Beta, posterior_above
from trialsim.inference.predictive import predictive_pmf
from trialsim.search.documents import rates_in_name, staged_document
from trialsim.search.found import Feasible, Found, Search
from trialsim.search.rounding import within
from trialsim.search.stages import Figures, checked_prior, monitored, solve_stages
from trialsim.search.targets import Targets, checked_n, checked_targets
from trialsim.spec.rules.boundary import ROUNDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

MAX_PREDICTIVE_N = 200
SAME = 1e-8
"""Relative difference below which two predictive probabilities are the same number, computed in two ways."""
SOURCE = "Predictive probability design, after Lee JJ, Liu DD. Clin Trials 2008;5:93-106."


class Asked(NamedTuple):
    """What the search is asked beside the targets."""

    prior: Beta
    n_min: int
    n_max: int
    first_look: int
    cohort: int
    theta_u: float
    """1: no stop for efficacy."""
    theta_l: float | None
    """None: as large as the power allows."""


class Candidate(NamedTuple):
    """A design: the boundaries that one interval of theta_L makes at one n and one number of responses for success."""

    n: int
    least: int
    """Responses that are a success at the end."""
    theta_l: tuple[float, float]
    """Above the first, up to and with the second, theta_L makes the same design."""
    stop_low: tuple[int, ...]
    alpha: float
    power: float
    figures: tuple[float, ...]
    """EN, PET at the null rate, then at the target rate."""


def predictive(
    null_rate: float,
    target_rate: float,
    alpha: float = 0.05,
    beta: float = 0.10,
    *,
    n_min: int = 10,
    n_max: int = 50,
    first_look: int = 10,
    cohort: int = 1,
    theta_u: float = 1.0,
    theta_l: float | None = None,
    prior: tuple[float, float] | None = None,
) -> Search:
    """Return the predictive probability design with the fewest patients, and that with the fewest expected.

    At each n and each number of responses for success, theta_L is as large as the power allows: both error rates of
    rejecting and the expected number of patients fall as theta_L grows.

    Parameters
    ----------
    null_rate, target_rate, alpha, beta
        As `targets.checked_targets`.
    n_min, n_max
        The fewest and the most patients of a design.
    first_look, cohort
        Patients at the first look, and between looks.
    prior
        Parameters of the Beta prior; None: the null rate and its complement, as in the paper.
    theta_u
        Also stop for efficacy when the predictive probability reaches it; 1: never.
    theta_l
        Keep to this one; None: search it.

    Raises
    ------
    InputError
        If the question makes no sense, or no design up to `n_max` keeps both error rates.

    >>> found = predictive(0.2, 0.4, 0.1, 0.1, n_min=34, n_max=37)
    >>> found.designs[0].looks[-1], found.designs[0].stop_at_or_below[-1]
    (36, 10)
    """
    targets = checked_targets(null_rate, target_rate, alpha, beta)
    asked = _checked(targets, prior, n_min, n_max, first_look, cohort, theta_u, theta_l)
    feasible: list[Candidate] = []
    best_power = (0.0, 0)
    for n in range(max(n_min, first_look + 1), n_max + 1):
        kept, closest = _at(n, targets, asked)
        feasible += kept
        best_power = max(best_power, (closest, -n))
    if not feasible:
        raise InputError(_infeasible(targets, asked, best_power))
    smallest = min(feasible, key=lambda one: (one.n, one.figures[0]))
    thriftiest = min(feasible, key=lambda one: (one.figures[0], one.n))
    rows = np.array([[one.n, one.figures[0], one.alpha, one.power, one.figures[1], one.least] for one in feasible])
    columns = ("n", "en_null", "alpha", "power", "pet_null", "reject_at_or_above")
    told = {**targets.asked, **asked._asdict(), "prior": list(asked.prior[:2])}
    designs = (_found("minimax", smallest, targets, asked), _found("optimal", thriftiest, targets, asked))
    return Search("predictive", told, designs, Feasible(columns, rows), NOTES)


NOTES = (
    "minimax: the fewest patients, and of those the fewest expected at the null rate; optimal: the fewest expected.",
    "Every theta_T and every theta_L in its interval (above the first number, up to the second) makes the same design.",
)


def _checked(
    targets: Targets,
    prior: tuple[float, float] | None,
    n_min: int,
    n_max: int,
    first_look: int,
    cohort: int,
    theta_u: float,
    theta_l: float | None,
) -> Asked:
    checked_n(n_max, 2, MAX_PREDICTIVE_N)
    checked_n(n_min, 1, n_max, "n-min")
    checked_n(first_look, 1, n_max - 1, "first-look")
    checked_n(cohort, 1, n_max, "cohort")
    if not 0 < theta_u <= 1:
        raise InputError(
            f"theta-u {theta_u:g}: a probability above 0 and up to 1 is needed; 1 never stops for efficacy"
        )
    if theta_l is not None and not 0 < theta_l < theta_u:
        raise InputError(f"theta-l {theta_l:g}: a probability above 0 and below theta-u ({theta_u:g}) is needed")
    responses, non_responses = prior if prior is not None else (targets.null_rate, 1 - targets.null_rate)
    checked_prior(responses, non_responses)
    return Asked(Beta(responses, non_responses), n_min, n_max, first_look, cohort, theta_u, theta_l)


class _Row(NamedTuple):
    """All designs of one n and one number of responses for success."""

    least: int
    chances: list[Floats]
    """Predictive probability of success at each interim look, by responses."""
    gaps: Floats
    """(G, 2) intervals of theta_L, open below and closed above, each with one design; increasing."""

    def stop_low(self, gap: int) -> list[int]:
        """Return the most responses that stop at each interim look."""
        theta_l = float(self.gaps[gap].mean())
        return [int(np.searchsorted(chance, theta_l)) - 1 for chance in self.chances]


def _at(n: int, targets: Targets, asked: Asked) -> tuple[list[Candidate], float]:
    """Return the feasible designs of `n` patients, and the largest power of those that keep alpha (0: none)."""
    looks = monitored(asked.first_look, asked.cohort, n)
    power_alone = np.cumsum(pmf(n, targets.target_rate)[::-1])[::-1]
    tails = [_tails(seen, n - seen, asked.prior) for seen in looks[:-1]]
    rows = [_row(least, tails, asked) for least in range(1, n + 1) if power_alone[least] >= 1 - targets.beta]
    if not rows:
        return [], _power_alone(n, targets)
    low, high = np.zeros(len(rows), dtype=int), np.array([len(row.gaps) for row in rows])
    if asked.theta_l is not None:
        low = np.array([int(np.searchsorted(row.gaps[1:, 0], asked.theta_l * (1 - ROUNDING))) for row in rows])
        high = low + 1
    while (high - low).max() > 1:  # the last gap that keeps the power, in all rows at once
        middle = (low + high) // 2
        keeps = _solve(rows, middle, looks, targets, asked).reject[:, 1] >= 1 - targets.beta
        is_open = high - low > 1
        low, high = np.where(keeps & is_open, middle, low), np.where(~keeps & is_open, middle, high)
    found = _solve(rows, low, looks, targets, asked)
    kept = [
        _candidate(row, int(gap), looks, found, index)
        for index, (row, gap) in enumerate(zip(rows, low, strict=True))
        if found.reject[index, 0] <= targets.alpha and found.reject[index, 1] >= 1 - targets.beta
    ]
    return kept, 0.0 if kept else _power_alone(n, targets)


def _power_alone(n: int, targets: Targets) -> float:
    """Return the power of the best test of `n` patients without interim looks that keeps alpha."""
    null, target = (np.append(np.cumsum(pmf(n, rate)[::-1])[::-1], 0.0) for rate in targets[:2])
    return float(target[int(np.argmax(null <= targets.alpha))])


def _tails(n: int, n_left: int, prior: Beta) -> Floats:
    """Return P(at least y of the n_left still to come respond | x of n): a row per x, y = 0 … n_left + 1."""
    tails = np.zeros((n + 1, n_left + 2))
    tails[:, :-1] = np.cumsum(predictive_pmf(n, n_left, (prior,))[:, ::-1], axis=1)[:, ::-1]
    tails[:, 0] = 1.0
    return tails


def _row(least: int, tails: list[Floats], asked: Asked) -> _Row:
    chances = []
    for tail in tails:
        x = np.arange(len(tail))
        chances.append(tail[x, np.clip(least - x, 0, tail.shape[1] - 1)])
    cuts = np.unique(np.concatenate([[0.0, asked.theta_u], *chances]))
    cuts = cuts[cuts <= asked.theta_u]
    is_wide = np.diff(cuts) > SAME * cuts[1:]
    return _Row(least, chances, np.stack([cuts[:-1][is_wide], cuts[1:][is_wide]], axis=1))


def _solve(rows: list[_Row], gaps: NDArray[np.int_], looks: tuple[int, ...], targets: Targets, asked: Asked) -> Figures:
    """Return the figures of each row with theta_L in a gap."""
    low = [[*row.stop_low(int(gap)), row.least - 1] for row, gap in zip(rows, gaps, strict=True)]
    high = [_stop_high(row, asked) for row in rows]
    return solve_stages(looks, np.array(low), np.array(high), targets[:2])


def _stop_high(row: _Row, asked: Asked) -> list[int]:
    """Return the fewest responses whose predictive probability reaches theta_U."""
    if asked.theta_u >= 1:
        return [len(chance) for chance in row.chances]
    return [int(np.searchsorted(chance, asked.theta_u * (1 - ROUNDING))) for chance in row.chances]


def _candidate(row: _Row, gap: int, looks: tuple[int, ...], found: Figures, index: int) -> Candidate:
    theta_l = float(row.gaps[gap, 0]), float(row.gaps[gap, 1])
    low = (*row.stop_low(gap), row.least - 1)
    figures = tuple(float(part[index, rate]) for rate in (0, 1) for part in (found.n_mean, found.pet))
    alpha, power = (float(value) for value in found.reject[index])
    return Candidate(looks[-1], row.least, theta_l, low, alpha, power, figures)


def _found(criterion: str, one: Candidate, targets: Targets, asked: Asked) -> Found:
    looks = monitored(asked.first_look, asked.cohort, one.n)
    posterior = posterior_above(targets.null_rate, one.n, (asked.prior,))
    theta_t = (float(posterior[one.least - 1]), float(posterior[one.least]))
    chosen_t = within(*theta_t)
    chosen_l = within(*one.theta_l) if asked.theta_l is None else asked.theta_l
    document = staged_document(
        f"predictive-{criterion}-{rates_in_name(targets)}",
        f"Predictive probability design, {one.least} of {one.n} responses or more, theta_L {chosen_l:g}",
        SOURCE,
        targets,
        looks,
        one.stop_low,
    )
    is_sharp = theta_t[1] - theta_t[0] > SAME  # else the posteriors of neighbours are one number to the rule
    _write_rules(document, targets.null_rate, asked, chosen_t if is_sharp else None, chosen_l)
    en_null, pet_null, en_target, pet_target = one.figures
    measures = {
        "alpha": one.alpha,
        "power": one.power,
        "en_null": en_null,
        "pet_null": pet_null,
        "en_target": en_target,
        "pet_target": pet_target,
    }
    details: dict[str, Any] = {
        "theta_t": chosen_t,
        "theta_t_interval": list(theta_t),
        "theta_l": chosen_l,
        "theta_l_interval": list(one.theta_l),
        "theta_u": asked.theta_u,
        "prior": [asked.prior.responses, asked.prior.non_responses],
    }
    return Found(criterion, looks, one.stop_low, measures, document, details)


def _write_rules(
    document: dict[str, Any], null_rate: float, asked: Asked, theta_t: float | None, theta_l: float
) -> None:
    """Write the rules as the paper words them, in place of the counts that they come to."""
    prior = {"responses": asked.prior.responses, "non_responses": asked.prior.non_responses}
    *interim, final = document["looks"]
    if theta_t is not None:
        final["success_if"] = {"rule": {"kind": "posterior", "above": null_rate, "at_least": theta_t, "prior": prior}}
    for look in interim:
        look["continue_if"] = {"rule": {"kind": "predictive-probability", "at_least": theta_l, "prior": prior}}
        if asked.theta_u < 1:
            rule = {"kind": "predictive-probability", "at_least": asked.theta_u, "prior": prior}
            look["success_if"] = {"rule": rule, "then": "stop"}


def _infeasible(targets: Targets, asked: Asked, best: tuple[float, int]) -> str:
    return (
        f"no predictive probability design of {asked.n_min} to {asked.n_max} patients keeps alpha {targets.alpha:g} "
        f"and beta {targets.beta:g} at rates {targets.null_rate:g} and {targets.target_rate:g}; the nearest that keeps "
        f"alpha, without interim looks, has beta {1 - best[0]:.3g} with {-best[1]} patients"
    )
