"""How much a probability can change from one rate to others, by tilting: for what is known only by simulation.

By Hölder's inequality the probability of an event at other rates is at most f^(1 - 1/q) (E L^q)^(1/q), with f its
probability here, L the likelihood ratio of all the data, its expectation taken here, and any q > 1 (the tilt bound of
Yang, Thompson and Sklar, Guarantees for comprehensive simulation assessment of statistical methods, arXiv:2212.10042;
read in the abstract and in the source of their program, imprint, bound/binomial.py, where it is written with the log
partition function). For patients who are independent given the arm, E L^q is a product over patients; patients who are
never enrolled may be added, so each arm is given the most it can have.

In a tile the bound for a given q is largest at a corner: log E L^q is a sum over arms, and E L^q of an arm is convex in
its other rate. So the least over q of the largest over corners holds in the whole tile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trialsim.proof.bernstein import Box

    Floats: TypeAlias = NDArray[np.float64]


class Patients(NamedTuple):
    """What an arm's patients are, as far as their law depends on its response rate."""

    n: int
    """The most that the arm can have."""
    share: float = 1.0
    """Of the response rate: a patient responds with probability share times rate."""
    fixed: float = 0.0
    """The probability of what depends on no rate, such as not being evaluable; the rest are other non-responders."""


def tilt_bound(value: float, centre: Sequence[float], box: Box, patients: Sequence[Patients]) -> float:
    """Return what a probability cannot exceed in a box, if it is at most `value` at `centre`.

    Parameters
    ----------
    value
        The probability, or an upper confidence limit of it, which the bound then carries to the box.
    centre
        True response rate of each arm, in the box and, unless the box holds a single rate there, inside (0, 1).
    box
        Lowest and highest rate of each arm.
    patients
        Of each arm.

    >>> round(tilt_bound(0.05, (0.2,), ((0.18, 0.22),), (Patients(37),)), 4)
    0.1042
    """
    if value <= 0.0:
        return 0.0
    exponent = 1.0 + np.exp(np.linspace(-4.0, 10.0, 57))
    least = 0.0
    for _ in range(2):  # a coarse search, then a fine one; whatever q is found, the bound holds
        logs = _log_bounds(value, centre, box, patients, exponent)
        at = int(np.argmin(logs))
        least = min(least, float(logs[at]))
        exponent = np.linspace(exponent[max(at - 1, 0)], exponent[min(at + 1, len(exponent) - 1)], 41)
    return float(min(np.exp(least) * (1.0 + _ROUNDING), 1.0))


_ROUNDING = 1e-9


def _log_bounds(
    value: float, centre: Sequence[float], box: Box, patients: Sequence[Patients], exponent: Floats
) -> Floats:
    total = (1.0 - 1.0 / exponent) * np.log(min(value, 1.0))
    for rate, ends, arm in zip(centre, box, patients, strict=True):
        moments = [_log_moment(rate, end, arm, exponent) for end in ends if end != rate]
        if moments:
            total = total + arm.n * np.max(moments, axis=0) / exponent
    return np.asarray(total)


def _log_moment(rate: float, other: float, arm: Patients, exponent: Floats) -> Floats:
    """Return log E L^q of one patient, for each q: the law at `other` against that at `rate`, expected at `rate`."""
    logs = [np.full(len(exponent), np.log(arm.fixed))] if arm.fixed > 0.0 else []
    here = (arm.share * rate, 1.0 - arm.fixed - arm.share * rate)
    there = (arm.share * other, 1.0 - arm.fixed - arm.share * other)
    for before, after in zip(here, there, strict=True):
        if after > 1e-15:  # a class that cannot happen there adds nothing
            logs.append(np.asarray(exponent * np.log(after) + (1.0 - exponent) * np.log(before)))
    return np.asarray(np.logaddexp.reduce(np.stack(logs), axis=0))


def upper_limit(n_met: int, n: int, confidence: float) -> float:
    """Return the one-sided upper confidence limit of a proportion (Clopper and Pearson, Biometrika 1934;26:404).

    Parameters
    ----------
    n_met, n
        Replicates with the event, and all.
    confidence
        Between 0 and 1.

    >>> round(upper_limit(0, 100, 0.95), 4)
    0.0295
    """
    from scipy.special import betaincinv

    return 1.0 if n_met >= n else float(betaincinv(n_met + 1, n - n_met, confidence))
