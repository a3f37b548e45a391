"""Boundaries for toxicity that is watched all the time: Ivanova A, Qaqish BF, Schell MJ. Biometrics 2005;61:540-545.

The trial stops when the number of patients with toxicity reaches a boundary that rises with the patients treated. A
boundary is made by one number: the level of an exact test repeated after each patient (Pocock's shape), or the
posterior probability that the toxicity rate is too high. Boundaries change at finitely many values of that number, so
the one that stops earliest and still keeps the chance of a false alarm is found by bisection among them, exactly.
Chances of crossing: by recursion, patient by patient (Jennison and Turnbull 2000, chapter 12; reference not checked).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from trialsim.errors import InputError
from trialsim.inference.binomial import pmf
from trialsim.search.found import Found, Search
from trialsim.search.targets import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Tails: TypeAlias = list[Floats]
    """At each look, how unlikely each number of toxicities is (Pocock), or that the rate is acceptable (posterior)."""

Shape = Literal["pocock", "posterior"]

MOST_PATIENTS = 200
MOST_LOOKS = 200
SAME = 1e-11
"""Relative difference below which two levels are the same number, computed in two ways."""
SOURCE = "Continuous toxicity boundary, after Ivanova A, Qaqish BF, Schell MJ. Biometrics 2005;61:540-545."


class Asked(NamedTuple):
    """What a search for a boundary is asked."""

    rate: float
    """The toxicity rate that is still acceptable."""
    n: int
    """Most patients."""
    alpha: float
    """Most probability of ever crossing the boundary at that rate."""
    looks: tuple[int, ...]
    """Patients at which the boundary is asked; the last is `n`."""
    shape: Shape
    prior: tuple[float, float]
    """Of the posterior shape: parameters of the Beta prior."""
    unacceptable_rate: float | None


class Crossing(NamedTuple):
    """What a boundary does at R true toxicity rates."""

    by_look: Floats
    """(looks, R) probability of crossing it at this look for the first time."""
    n_mean: Floats
    """(R,) expected number of patients."""

    @property
    def ever(self) -> Floats:
        """(R,) probability of ever crossing it."""
        return np.asarray(self.by_look.sum(axis=0))


def toxicity(
    rate: float,
    n: int,
    alpha: float = 0.05,
    *,
    shape: Shape = "pocock",
    unacceptable_rate: float | None = None,
    looks: Sequence[int] | None = None,
    prior: tuple[float, float] | None = None,
) -> Search:
    """Return the boundary that stops earliest of those that keep the chance of a false alarm.

    Parameters
    ----------
    rate
        Toxicity rate that is still acceptable.
    n
        Most patients.
    alpha
        Most probability of ever stopping at that rate.
    shape
        "pocock": stop when so many toxicities or more have at most a fixed probability at `rate`; "posterior": when
        the posterior probability of a rate above `rate` is at least a fixed number.
    unacceptable_rate
        A rate at which the boundary ought to be crossed; its figures are reported.
    looks
        Patients at which the boundary is asked; None: after each patient.
    prior
        Of the posterior shape: parameters of the Beta prior; None: `rate` and 1 - `rate`, worth one patient.

    Raises
    ------
    InputError
        If the question makes no sense, or no boundary keeps `alpha` and can be crossed.

    >>> found = toxicity(0.1, 30, 0.1, looks=range(2, 31)).designs[0]
    >>> found.details["boundary"]
    ['2 of 2-3', '3 of 4-8', '4 of 9-13', '5 of 14-19', '6 of 20-26', '7 of 27-30']
    >>> round(found.measures["alpha"], 3)
    0.097
    """
    asked = _checked(rate, n, alpha, looks, shape, prior, unacceptable_rate)
    tails = _pocock_tails(asked) if shape == "pocock" else _posterior_tails(asked)
    level, least = _largest(tails, asked)
    words: dict[str, Any] = {"toxicity_rate": rate, "n": n, "alpha": alpha, "unacceptable_rate": unacceptable_rate}
    words["shape"] = shape
    if looks is not None:
        words["looks"] = list(asked.looks)
    if shape == "posterior":
        words["prior"] = list(asked.prior)
    note = (
        f"Stop when so many toxicities or more have a probability of at most {level:.6g} at a rate of {rate:g}."
        if shape == "pocock"
        else f"Stop when the posterior probability of a rate above {rate:g} is at least {1 - level:.6g}."
    )
    notes = (note, "alpha, power: probability of ever crossing; EN: expected patients, target: at the acceptable rate.")
    return Search("toxicity", words, (_found(asked, level, least),), None, notes)


def _checked(
    rate: float,
    n: int,
    alpha: float,
    looks: Sequence[int] | None,
    shape: Shape,
    prior: tuple[float, float] | None,
    unacceptable_rate: float | None,
) -> Asked:
    for name, value in (("toxicity rate", rate), ("alpha", alpha), ("unacceptable rate", unacceptable_rate)):
        if value is not None and not 0 < value < 1:
            raise InputError(f"{name} {value:g}: a number strictly between 0 and 1 is needed")
    if unacceptable_rate is not None and unacceptable_rate <= rate:
        raise InputError(f"the unacceptable rate {unacceptable_rate:g} is not above the acceptable rate {rate:g}")
    if shape not in ("pocock", "posterior"):
        raise InputError(f'shape "{shape}": pocock or posterior is needed')
    if not 1 <= n <= MOST_PATIENTS:
        raise InputError(f"n {n}: a number of patients from 1 to {MOST_PATIENTS} is needed")
    at = tuple(range(1, n + 1)) if looks is None else tuple(looks)
    if not at or at[0] < 1 or at[-1] != n or any(late <= early for early, late in pairwise(at)):
        raise InputError(f"looks {', '.join(map(str, at)) or 'none'}: they must increase from 1 or more to n, {n}")
    if prior is not None and (shape == "pocock" or not all(0 < value < np.inf for value in prior)):
        raise InputError(
            "prior: only the posterior shape has one"
            if shape == "pocock"
            else f"prior {prior[0]:g}, {prior[1]:g}: two numbers above 0 are needed"
        )
    return Asked(rate, n, alpha, at, shape, prior or (rate, 1 - rate), unacceptable_rate)


# ---------------------------------------------------------------- boundaries


def _pocock_tails(asked: Asked) -> Tails:
    return [np.cumsum(pmf(n, asked.rate)[::-1])[::-1] for n in asked.looks]


def _posterior_tails(asked: Asked) -> Tails:
    """Return the posterior probability of a rate that is not above the acceptable one."""
    from scipy.special import betainc

    a, b = asked.prior
    counts = [np.arange(n + 1) for n in asked.looks]
    return [betainc(a + x, b + n - x, asked.rate) for n, x in zip(asked.looks, counts, strict=True)]


def boundary(tails: Tails, level: float) -> list[int]:
    """Return, at each look, the fewest toxicities whose tail is at most `level`; one more than the patients: none."""
    return [int((tail > level * (1 + SAME)).sum()) for tail in tails]


def _largest(tails: Tails, asked: Asked) -> tuple[float, list[int]]:
    """Return the largest level whose boundary keeps alpha, and the boundary."""
    levels = np.unique(np.concatenate(tails))
    low, high = -1, len(levels)  # levels up to `low` keep alpha, from `high` on they do not
    while high - low > 1:
        middle = (low + high) // 2
        is_kept = _alpha(boundary(tails, levels[middle]), asked) <= asked.alpha + ROUNDING
        low, high = (middle, high) if is_kept else (low, middle)
    if low < 0:
        least = _alpha(boundary(tails, levels[0]), asked)
        raise InputError(
            f"no boundary keeps alpha {asked.alpha:g}: the one that stops last is crossed with probability "
            f"{least:.3g}; allow more, or more patients"
        )
    return float(levels[low]), boundary(tails, levels[low])


def _alpha(least: list[int], asked: Asked) -> float:
    return float(crossing(asked.looks, least, (asked.rate,)).ever[0])


def crossing(looks: Sequence[int], least: Sequence[int], rates: Sequence[float]) -> Crossing:
    """Return how a boundary is crossed, by recursion from patient to patient.

    Parameters
    ----------
    looks
        Patients at which the boundary is asked, increasing.
    least
        Toxicities that cross it there.
    rates
        R true toxicity rates.

    >>> crossing((1, 2), (1, 2), (0.5,)).by_look.tolist()
    [[0.5], [0.0]]
    """
    p = np.asarray(rates, dtype=np.float64)
    state = np.zeros((looks[-1] + 2, len(p)))
    state[0] = 1.0
    crossed = np.zeros((len(looks), len(p)))
    n_mean, before = np.zeros(len(p)), 0
    for index, (n, bound) in enumerate(zip(looks, least, strict=True)):
        n_mean += (n - before) * state.sum(axis=0)
        for _ in range(n - before):
            state[1:] = state[1:] * (1 - p) + state[:-1] * p
            state[0] *= 1 - p
        crossed[index] = state[bound:].sum(axis=0)
        state[bound:] = 0.0
        before = n
    return Crossing(crossed, n_mean)


# ---------------------------------------------------------------- the answer


def _found(asked: Asked, level: float, least: list[int]) -> Found:
    rates = [asked.rate] if asked.unacceptable_rate is None else [asked.rate, asked.unacceptable_rate]
    figures = crossing(asked.looks, least, rates)
    measures = {"alpha": float(figures.ever[0]), "en_target": float(figures.n_mean[0])}
    if asked.unacceptable_rate is not None:
        measures |= {"power": float(figures.ever[1]), "en_null": float(figures.n_mean[1])}
    measures["level" if asked.shape == "pocock" else "posterior"] = level if asked.shape == "pocock" else 1 - level
    rows = [(n, bound) for n, bound in zip(asked.looks, least, strict=True) if bound <= n or n == asked.n]
    details = {"boundary": in_words(asked.looks, least)}
    return Found(asked.shape, tuple(n for n, _ in rows), (), measures, _document(asked, rows), details)


def in_words(looks: Sequence[int], least: Sequence[int]) -> list[str]:
    """Return a boundary as "2 of 2-3": two toxicities among 2 or 3 patients.

    >>> in_words((1, 2, 3, 4), (2, 2, 2, 3))
    ['2 of 2-3', '3 of 4']
    """
    words = []
    for bound in dict.fromkeys(bound for n, bound in zip(looks, least, strict=True) if bound <= n):
        own = [n for n, other in zip(looks, least, strict=True) if other == bound and bound <= n]
        is_run = own == list(range(own[0], own[-1] + 1))
        places = str(own[0]) if len(own) == 1 else f"{own[0]}-{own[-1]}" if is_run else "/".join(map(str, own))
        words.append(f"{bound} of {places}")
    return words


def _document(asked: Asked, rows: list[tuple[int, int]]) -> dict[str, Any]:
    rate, bad = asked.rate, asked.unacceptable_rate
    looks: list[dict[str, Any]] = []
    for n, bound in rows:
        is_last = n == asked.n
        look: dict[str, Any] = {"name": f"{n} patients", "at": "full_enrolment" if is_last else {"total": n}}
        if bound <= n:
            look["toxic_if"] = {"rule": {"kind": "responses", "at_least": bound}}
        if is_last:
            look["success_if"] = {"rule": {"kind": "responses", "at_least": 0}}
        looks.append(look)
    return {
        "schema": "trialsim.design/1",
        "name": f"toxicity-{asked.shape}-{rate:.4g}-{asked.n}-{asked.alpha:.4g}",
        "title": f"Toxicity watched in {asked.n} patients, acceptable rate {100 * rate:g} %",
        "source": SOURCE,
        "notes": "Every number of responses will do: success is never to be too toxic.",
        "arms": [{"name": "treatment"}],
        "toxicity": {"null_rate": rate} if bad is None else {"null_rate": bad, "target_rate": rate},
        "enrolment": {"cap": asked.n},
        "looks": looks,
    }
