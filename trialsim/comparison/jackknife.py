"""The error of a difference between two designs that were simulated on the same replicates: a grouped jackknife.

A measure is computed with each group of replicates left out, under both designs; how much the *difference* varies says
how precise it is. It needs no formula per measure and knows what the two designs have in common.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[Any]

_ROUNDING = 1e-12


class LeftOut(NamedTuple):
    """Measures (M) with each group of replicates (G) left out."""

    values: Floats
    """(M,) of all replicates."""
    others: Floats
    """(M, G) without each group; nan: not defined without it."""
    sizes: Floats
    """(G,) replicates of each group."""
    implied: Floats | None = None
    """(M,) standard errors that the exact distribution implies; nan where there is none."""


class Paired(NamedTuple):
    """Measures of one design minus those of another, on the same replicates; (M,) each."""

    value: Floats
    mcse: Floats
    """nan: not known, with one group or where a measure is not defined without one of them."""
    variance_ratio: Floats
    """How many times more replicates independent runs would need for the same error; nan where the error is 0."""
    skewness: Floats
    """Of the difference as an estimate: that of a group over the root of their number."""
    mcse_error: Floats
    """Relative standard error of the MCSE: 5 % with 200 groups, more where only a few of them differ."""
    unseen: Floats
    """The variance that a design should have shown and did not: none of the rare events that it is made of was seen."""


def pseudo_values(of: LeftOut) -> Floats:
    """Return (M, G) what each group says of each measure: for a mean, the mean of the group.

    Groups may differ in size: Busing, Meijer and van der Leeden, Stat Comput 1999;9:3-8 (not checked at the source).
    """
    share = of.sizes.sum() / of.sizes
    found: Floats = share * of.values[:, None] - (share - 1.0) * of.others
    return found


def standard_errors(of: LeftOut) -> Floats:
    """Return (M,) the jackknife standard errors; nan with one group, or where a measure is undefined without one.

    For a mean over groups of equal size it is the SD of the groups' means over the root of their number (batch means).

    >>> groups = np.array([[1.0, 2.0, 6.0]])
    >>> others = (groups.sum() - groups) / 2
    >>> found = standard_errors(LeftOut(groups.mean(axis=1), others, np.ones(3)))
    >>> bool(np.isclose(found[0], groups.std(ddof=1) / np.sqrt(3)))
    True
    """
    if len(of.sizes) < 2:
        return np.full(len(of.values), np.nan)
    share = of.sizes.sum() / of.sizes
    values = pseudo_values(of)
    centre = (values / share).sum(axis=1, keepdims=True)
    found: Floats = np.sqrt(((values - centre) ** 2 / (share - 1.0)).mean(axis=1))
    return found


def paired(reference: LeftOut, other: LeftOut) -> Paired:
    """Return how measures differ, from the same groups of the same replicates under both designs."""
    both = LeftOut(other.values - reference.values, other.others - reference.others, reference.sizes)
    first, second, mcse = (standard_errors(of) for of in (reference, other, both))
    size = 1.0 + np.abs(reference.values) + np.abs(other.values)
    mcse = np.where(mcse <= _ROUNDING * size, 0.0, mcse)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(mcse > 0.0, (first**2 + second**2) / mcse**2, np.nan)
    skewness, error = _shape(pseudo_values(both), mcse > 0.0)
    unseen = _unseen(reference.implied, first) + _unseen(other.implied, second)
    return Paired(both.values, mcse, ratio, skewness, error, unseen)


def _unseen(implied: Floats | None, found: Floats) -> Floats:
    """Return the variance that is missing where less than half of what the exact distribution implies was seen."""
    if implied is None:
        return np.zeros(len(found))
    missing = np.nan_to_num(implied) ** 2 - found**2
    return np.where(missing > found**2, missing, 0.0)


def _shape(values: Floats, varies: Floats) -> tuple[Floats, Floats]:
    """Return skewness of the mean over groups, and the relative error of its standard error; 0 where nothing varies.

    The variance of a variance is (kurtosis - (G - 3) / (G - 1)) / G times its square; of its root, a quarter of that.
    """
    n_groups = values.shape[1]
    deviation = values - values.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation = deviation / np.sqrt((deviation**2).mean(axis=1, keepdims=True))
        skewness = np.abs((deviation**3).mean(axis=1)) / np.sqrt(n_groups)
        excess = (deviation**4).mean(axis=1) - (n_groups - 3) / max(n_groups - 1, 1)
        error = np.sqrt(np.maximum(excess, 0.0) / n_groups) / 2
    return np.where(varies, skewness, 0.0), np.where(varies, error, 0.0)
