"""Picking the winner among arms: Simon R, Wittes RE, Ellenberg SS. Cancer Treat Rep 1985;69:1375-1381.

The arm with the most responses is selected. Arms that lie within a margin of it are as good as tied, and one of them is
drawn at random (Sargent DJ, Goldberg RM. Stat Med 2001;20:1051-1060, who leave that choice to other grounds).
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from trialsim.errors import InputError, nearest
from trialsim.inference.binomial import pmf
from trialsim.search.found import Found, Search
from trialsim.search.targets import checked_n

if TYPE_CHECKING:
    from numpy.typing import NDArray

Ties = Literal["random", "none"]
MAX_SELECTION_N = 1000
MAX_ARMS = 16
SOURCE = "Selection design, after Simon R, Wittes RE, Ellenberg SS. Cancer Treat Rep 1985;69:1375-1381."


def selection(
    n_arms: int,
    low_rate: float,
    difference: float,
    probability: float = 0.90,
    *,
    margin: float = 0.0,
    ties: Ties = "random",
    n_max: int = 200,
) -> Search:
    """Return the fewest patients per arm with which the best arm is selected with the wanted probability.

    One arm responds at `low_rate` + `difference`, the others at `low_rate`, which is the least favourable truth among
    those where the best arm is ahead by the difference and has that rate.

    Parameters
    ----------
    n_arms
        2 to 16.
    low_rate, difference
        The truth under which the best arm shall be selected.
    probability
        Of selecting it.
    margin
        An arm wins alone if its observed rate is ahead of all others by more than this.
    ties
        "random": of the arms within the margin of the best one is drawn at random; "none": then no arm is selected.
    n_max
        Patients per arm.

    Raises
    ------
    InputError
        If the question makes no sense, or `n_max` patients per arm are too few.

    >>> [found.looks for found in selection(3, 0.20, 0.15).designs]
    [(44,), (44,)]
    """
    _check(n_arms, low_rate, difference, probability, margin, ties)
    checked_n(n_max, 1, MAX_SELECTION_N)
    chances = [correct_selection(n, n_arms, low_rate, difference, margin, ties) for n in range(1, n_max + 1)]
    enough = [chance >= probability for chance in chances]
    if not any(enough):
        best = int(np.argmax(chances))
        raise InputError(
            f"with up to {n_max} patients in each of {n_arms} arms the best arm is not selected with probability "
            f"{probability:g}; the nearest is {chances[best]:.3g} with {best + 1}; raise n-max or the difference"
        )
    chosen = {"smallest": enough.index(True)}
    notes = [f"smallest-for-good: so are all larger numbers up to the {n_max} tried."]
    if enough[-1]:
        chosen["smallest-for-good"] = n_max - enough[::-1].index(False) if False in enough else 0
    else:
        notes = [f"The probability steps up and down with n; at {n_max} patients per arm it is below the target again."]
    truth = (n_arms, low_rate, difference, margin, ties)
    found = tuple(_found(name, index + 1, chances[index], *truth) for name, index in chosen.items())
    asked: dict[str, Any] = {"arms": n_arms, "low_rate": low_rate, "difference": difference}
    asked |= {"probability": probability, "margin": margin, "ties": ties, "n_max": n_max}
    return Search("selection", asked, found, None, tuple(notes))


def correct_selection(
    n: int, n_arms: int, low_rate: float, difference: float, margin: float = 0.0, ties: Ties = "random"
) -> float:
    """Return the probability that the best of the arms is selected, `n` patients in each.

    Summed over the responses x of the best arm and, where another arm is ahead of it, over the largest number m of the
    others. An arm leads if it is within the margin of the largest.

    >>> round(correct_selection(29, 2, 0.20, 0.15), 3)
    0.901
    """
    within = int(margin * n + 1e-9)  # responses; a rate that is ahead by the margin, not more, is within it
    best, other = pmf(n, min(low_rate + difference, 1.0)), pmf(n, low_rate)
    below = np.concatenate([np.zeros(within + 1), np.cumsum(other)])  # P(X < x - within) at place x
    up_to = np.cumsum(other)
    behind = below[: n + 1]
    chance = _share(up_to - behind, behind, n_arms - 1, ties)  # the best arm has the largest number, x
    total = float(best @ chance)
    if ties == "random":
        for ahead in range(1, within + 1):  # the largest is m = x + ahead
            m = np.arange(ahead, n + 1)
            with_m = _share(up_to[m] - below[m], below[m], n_arms - 1, ties)
            without = _share(up_to[m - 1] - below[m], below[m], n_arms - 1, ties)
            total += float(best[m - ahead] @ (with_m - without))
    return total


def _share(tied: NDArray[np.float64], behind: NDArray[np.float64], others: int, ties: Ties) -> NDArray[np.float64]:
    """Return the mean share of the best arm where each other arm is tied with it or behind, with these chances."""
    if ties == "none":
        return np.asarray(behind**others)
    terms = [comb(others, j) * tied**j * behind ** (others - j) / (j + 1) for j in range(others + 1)]
    return np.asarray(np.sum(terms, axis=0))


def _check(n_arms: int, low_rate: float, difference: float, probability: float, margin: float, ties: str) -> None:
    if not 2 <= n_arms <= MAX_ARMS:
        raise InputError(f"arms {n_arms}: a number from 2 to {MAX_ARMS} is needed")
    if not 0 <= low_rate < 1:
        raise InputError(f"low rate {low_rate:g}: a response rate from 0 and below 1 is needed")
    if difference <= 0:
        raise InputError(f"difference {difference:g}: the best arm must be ahead; a rate above 0 is needed")
    if low_rate + difference > 1:
        raise InputError(
            f"difference {difference:g}: {low_rate:g} + {difference:g} is above 1; at most {1 - low_rate:g} is possible"
        )
    if not 1 / n_arms < probability < 1:
        raise InputError(
            f"probability {probability:g}: above 1/{n_arms}, which drawing lots reaches, and below 1 is needed"
        )
    if not 0 <= margin < difference:
        raise InputError(f"margin {margin:g}: from 0 and below the difference ({difference:g}) is needed")
    if ties not in ("random", "none"):
        raise InputError(f'ties "{ties}": {nearest(ties, ("random", "none"))}')


def _found(
    criterion: str, n: int, chance: float, n_arms: int, low_rate: float, difference: float, margin: float, ties: Ties
) -> Found:
    ahead = int(margin * n + 1e-9) + 1
    more = "has more responses than all others" if ahead == 1 else f"has at least {ahead} responses more than any other"
    near = "has the most responses" if ahead == 1 else f"is within {ahead - 1} of the most responses"
    lots = f"of several whose number {near}, one is drawn at random" if ties == "random" else "otherwise none is"
    document = {
        "schema": "trialsim.design/1",
        "name": f"selection-{n_arms}-arms-{low_rate:.4g}-{low_rate + difference:.4g}-{n}",
        "title": f"Selection among {n_arms} arms of {n} patients",
        "source": SOURCE,
        "notes": f"The arm that {more} is selected; {lots}.",
        "arms": [{"name": f"arm {index + 1}"} for index in range(n_arms)],
        "enrolment": {"cap": {f"arm {index + 1}": n for index in range(n_arms)}},
        "looks": [{"name": "final", "at": "full_enrolment"}],
    }
    if low_rate > 0 and low_rate + difference < 1:
        document["hypotheses"] = {"null_rate": low_rate, "target_rate": low_rate + difference}
    measures = {"p_correct": chance, "n_total": float(n * n_arms)}
    if margin > 0 or ties == "none":
        measures["p_clear_winner"] = correct_selection(n, n_arms, low_rate, difference, margin, "none")
    return Found(criterion, (n,), (), measures, document, {"ahead_by": ahead, "ties": ties})
