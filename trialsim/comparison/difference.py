"""One difference between two designs, and how it stands to the exact one."""

from __future__ import annotations

from math import exp, isnan, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from trialsim.records import Record

MAX_SKEWNESS = 0.05
"""Of a difference whose z is judged: that of a count of 400 rare events, as for single values (`oc.agreement`)."""

_SHARES = ("p_", "pet", "n_pmf", "ci_coverage")
"""How the names of measures begin that are shares of replicates."""


class Difference(NamedTuple):
    """A measure of one design minus that of the reference."""

    value: float | None
    """Simulated on the same replicates; exact if nothing was simulated. None: its error is not known."""
    mcse: float | None
    exact: float | None
    """None: not solved exactly for both."""
    z: float | None
    is_judged: bool
    """Whether z counts in the agreement of the engines."""
    variance_ratio: float | None
    """How many times more replicates independent runs would need for the same error. None: the error is 0."""
    mcse_error: float | None = None
    """Relative standard error of the MCSE, 0.05 at best; None: the error is 0."""


class Simulated(NamedTuple):
    """A paired difference as it was simulated."""

    value: float
    mcse: float
    """nan: not known."""
    variance_ratio: float
    """nan: the error is 0."""
    skewness: float
    mcse_error: float
    unseen: float
    """Variance that the exact distributions imply and the groups did not show."""
    n: int
    """Replicates."""
    n_groups: int


def exact_difference(reference: Record, other: Record) -> float | None:
    """Return the difference of the exact values; None where there is none, as under calendar conduct."""
    if reference.engine == "calendar" or reference.exact is None or other.exact is None:
        return None
    return other.exact - reference.exact


def difference(reference: Record, other: Record, simulated: Simulated | None) -> Difference | None:
    """Return how a measure of `other` differs from that of `reference`; None where neither is known.

    Parameters
    ----------
    reference, other
        The values, with everything that `run` says about them.
    simulated
        None if nothing was simulated, or a design saw no replicate that meets the condition.
    """
    exact = exact_difference(reference, other)
    if simulated is None:
        is_exact = reference.engine == "exact" and exact is not None
        nothing = Difference(None, None, exact, None, is_judged=False, variance_ratio=None)
        return nothing._replace(value=exact, mcse=0.0) if is_exact else nothing if exact is not None else None
    if isnan(simulated.mcse):
        return Difference(None, None, exact, None, is_judged=False, variance_ratio=None)
    ratio = None if isnan(simulated.variance_ratio) else simulated.variance_ratio
    z, is_judged = (None, False) if exact is None else _judgement(reference, other, simulated, exact)
    error = simulated.mcse_error if simulated.mcse > 0.0 else None
    return Difference(simulated.value, simulated.mcse, exact, z, is_judged, ratio, error)


def _judgement(reference: Record, other: Record, found: Simulated, exact: float) -> tuple[float | None, bool]:
    """Return z of a paired difference, and whether its distribution is known well enough for it to be judged.

    Where one of the two values is not judged, neither is their difference; nor where it is too skewed for the number
    of replicates, nor a quantile that differs: a step of its distribution is no matter of standard errors.
    """
    is_alike = abs(found.value - exact) <= 1e-9 * (1.0 + abs(exact))
    both_judged = reference.is_judged and other.is_judged
    is_quantile = reference.measure.endswith("_quantile")
    if is_alike and (is_quantile or found.mcse == 0.0):
        return 0.0, both_judged
    if is_quantile:
        return None, False
    if found.mcse == 0.0:
        if not (reference.measure.startswith(_SHARES) and reference.given is None and found.value == 0.0):
            return None, False
        # At least |exact| of all replicates end otherwise under the other design, and none was seen.
        chance = exp(-abs(exact) * found.n)
        return float(np.sign(exact)) * _normal_quantile(chance / 2), both_judged
    z = _z_of_t((found.value - exact) / sqrt(found.mcse**2 + found.unseen), found.n_groups - 1)
    return z, both_judged and found.skewness <= MAX_SKEWNESS


def _z_of_t(t: float, degrees: int) -> float:
    """Return the normal quantile with the same tail: the standard error is itself estimated, from the groups."""
    from scipy.special import stdtr

    return float(np.copysign(_normal_quantile(float(stdtr(degrees, -abs(t)))), t))


def _normal_quantile(tail: float) -> float:
    """Return the (negative) normal quantile of a lower tail; no further out than 37."""
    from scipy.special import ndtri

    return float(ndtri(max(tail, 1e-300)))
