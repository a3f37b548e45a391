"""One adverse event under two latent normals: thresholds that give both of its published rates.

Grade 3/4 is one latent beyond its threshold; any grade is that, or a second latent beyond another. The two share the
patient's factor and the event's own part, each in its own proportion, so that they are correlated, mostly closely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array: TypeAlias = NDArray[np.float64]

_HALVINGS = 80
"""Of a bracket some tens wide: beyond the last bit."""
_NEARLY_ZERO = 1e-300


def thresholds(p_any: ArrayLike, p_severe: ArrayLike, rho_any: ArrayLike, rho_severe: ArrayLike) -> tuple[Array, Array]:
    """Return the thresholds of any grade and of grade 3/4 that give both probabilities.

    With independent standard normals F (the patient's) and e (the event's own), grade 3/4 is
    √ρ_s F + √(1 - ρ_s) e > t_severe, and any grade is that or √ρ F + √(1 - ρ) e > t_any.

    Parameters
    ----------
    p_any, p_severe
        Probabilities of any grade and of grade 3/4, in [0, 1]. All four are broadcast against each other.
    rho_any, rho_severe
        Correlation of two adverse events of a patient, in [0, 1].

    Returns
    -------
    t_any, t_severe
        Of the common shape. Without grade 3/4, `t_severe` is inf; if nothing else occurs, `t_any` is.

    Raises
    ------
    ValueError
        If grade 3/4 is more probable than any grade.

    Notes
    -----
    The joint distribution is Owen's (Ann Math Stat 1956;27:1075-1090; not checked there, the tests integrate instead).
    P(any grade) lies between P(X > t) and P(X > t) + P(grade 3/4), which brackets t for the bisection.

    >>> t_any, t_severe = thresholds([0.22, 0.2, 0.2], [0.2, 0.0, 0.2], 0.1267, 0.0798)
    >>> print(t_any.round(4), t_severe.round(4))
    [0.7817 0.8416    inf] [0.8416    inf 0.8416]
    """
    from scipy.special import ndtri

    p, p_s, rho, rho_s = np.broadcast_arrays(
        *(np.asarray(x, np.float64) for x in (p_any, p_severe, rho_any, rho_severe))
    )
    if (p_s > p).any():
        raise ValueError("grade 3/4 is more probable than any grade")
    t_severe, alone = 0.0 - ndtri(p_s), 0.0 - ndtri(p)
    cosine, sine = _angle(rho, rho_s)
    is_coupled = (sine > 0) & (p_s > 0) & (p_s < p) & (p < 1)
    t_any = np.where(p_s == p, np.inf, alone)
    low, high = alone[is_coupled], -ndtri((p - p_s)[is_coupled])
    target = (1.0 - p)[is_coupled]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_low = _both_below(middle, t_severe[is_coupled], cosine[is_coupled], sine[is_coupled]) < target
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    t_any[is_coupled] = (low + high) / 2
    return t_any, t_severe


def _angle(rho: Array, rho_s: Array) -> tuple[Array, Array]:
    """Return the latents' correlation r, and √(1 - r²) without the cancellation."""
    shared, own, shared_s, own_s = np.sqrt(rho), np.sqrt(1 - rho), np.sqrt(rho_s), np.sqrt(1 - rho_s)
    return shared * shared_s + own * own_s, np.abs(own * shared_s - shared * own_s)


def _both_below(h: Array, k: Array, cosine: Array, sine: Array) -> Array:
    """Return P(X <= h, Y <= k) for standard normals of correlation `cosine` (finite h and k, `sine` > 0)."""
    from scipy.special import ndtr, owens_t

    h, k = np.where(h == 0, _NEARLY_ZERO, h), np.where(k == 0, _NEARLY_ZERO, k)
    with np.errstate(over="ignore"):  # a slope too steep for a number is infinite, and Owen's T takes that
        slopes = (k / h - cosine) / sine, (h / k - cosine) / sine
    wedge = owens_t(h, slopes[0]) + owens_t(k, slopes[1])
    opposite = np.where((h < 0) != (k < 0), 0.5, 0.0)
    both: Array = (ndtr(h) + ndtr(k)) / 2 - wedge - opposite
    return both
