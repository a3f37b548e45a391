"""Many staged single-arm designs solved at once, exactly: the same looks, other boundaries.

The responses so far are a Markov chain from look to look (Schultz, Nichol, Elfring and Weed, Biometrics
1973;29:293-300); each stage adds a binomial number, and what a boundary stops leaves the chain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from trialsim.errors import InputError
from trialsim.inference.binomial import pmf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Ints: TypeAlias = NDArray[np.int_]

MOST = 100_000
"""Of a prior's parameters; the rules of a design take no more."""


class Figures(NamedTuple):
    """Exact figures of D designs at R true rates; each of shape (D, R)."""

    reject: Floats
    """Probability of rejecting the null hypothesis."""
    pet: Floats
    """Probability of stopping before the final look."""
    n_mean: Floats
    """Expected number of patients."""


def solve_stages(looks: Sequence[int], stop_low: Ints, stop_high: Ints, rates: Sequence[float]) -> Figures:
    """Return the figures of D designs that share their looks.

    Parameters
    ----------
    looks
        Patients at each look, increasing; the last is the final analysis.
    stop_low
        (D, looks) the most responses that stop for futility, -1: none; at the last look, that do not reject.
    stop_high
        (D, looks - 1) the fewest responses that stop for efficacy; more than the patients: none.
    rates
        R true response rates.

    >>> solve_stages((10, 29), np.array([[1, 5]]), np.array([[11]]), (0.1,)).n_mean.round(2).tolist()
    [[15.01]]
    """
    n_designs, n_final = len(stop_low), looks[-1]
    shape = (n_designs, len(rates))
    reject, pet, n_mean = np.zeros(shape), np.zeros(shape), np.full(shape, float(n_final))
    state = np.ones((*shape, 1))
    before = 0
    for index, n in enumerate(looks):
        state = _with_stage(state, n - before, rates)
        before = n
        x = np.arange(n + 1)
        above = x > stop_low[:, index, None]
        if index == len(looks) - 1:
            reject += _kept(state, above).sum(axis=2)
            break
        succeeds = x >= stop_high[:, index, None]
        reject += _kept(state, succeeds).sum(axis=2)
        stays = _kept(state, above & ~succeeds)
        stopped = (state - stays).sum(axis=2)
        pet += stopped
        n_mean -= stopped * (n_final - n)
        state = stays
    return Figures(reject, pet, n_mean)


def _with_stage(state: Floats, n_added: int, rates: Sequence[float]) -> Floats:
    """Return the law of the responses once a stage is added; the last axis grows by the stage."""
    terms = np.stack([pmf(n_added, rate) for rate in rates])
    old = state.shape[2]
    if old == 1:
        return np.asarray(state * terms)
    grown = np.zeros((*state.shape[:2], old + n_added))
    for gained in range(n_added + 1):
        grown[:, :, gained : gained + old] += state * terms[:, gained, None]
    return grown


def _kept(state: Floats, mask: NDArray[np.bool_]) -> Floats:
    return np.asarray(state * mask[:, None, :])


def checked_looks(looks: Sequence[int]) -> tuple[int, ...]:
    """Return the looks of a design.

    Raises
    ------
    InputError
        If there is none, or they do not increase from at least 1.
    """
    for before, n in zip((0, *looks), looks, strict=False):
        if n <= before:
            told = ", ".join(map(str, looks))
            raise InputError(f"looks {told}: {n} does not come after {before}; patients at the looks must increase")
    if not looks:
        raise InputError("looks: none is given; at least the number of patients of the final analysis is needed")
    return tuple(int(n) for n in looks)


def monitored(first_look: int, cohort: int, n: int) -> tuple[int, ...]:
    """Return the looks of continuous monitoring: from a first one, every so many patients, and the final one.

    >>> monitored(10, 5, 23)
    (10, 15, 20, 23)
    """
    return (*range(first_look, n, cohort), n)


def checked_prior(responses: float, non_responses: float) -> None:
    """Refuse a Beta prior whose parameters are not positive, or that is worth more patients than any trial.

    Raises
    ------
    InputError
        Then.
    """
    for name, value in (("first", responses), ("second", non_responses)):
        if not (value > 0 and np.isfinite(value)):
            raise InputError(
                f"prior {responses:g}, {non_responses:g}: the {name} parameter of a Beta prior must be above 0"
            )
        if value > MOST:
            raise InputError(
                f"prior {responses:g}, {non_responses:g}: worth more than {MOST:,} patients; use a weaker one"
            )
