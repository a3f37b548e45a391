"""From "met or not, for each number of responses" to the one number that a rule compiles to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = 1e-11
"""Relative difference below which a probability and its cut are the same number, computed in two ways."""


def first_met(met: NDArray[np.bool_], remedy: str = "") -> int:
    """Return the smallest number of responses from which a rule is met (n + 1: none).

    Parameters
    ----------
    met
        Shape (n + 1,): whether x = 0 … n responses meet the rule.
    remedy
        What to do about a rule that more responses undo.

    Raises
    ------
    ValueError
        If more responses can undo the rule, so that no single number says it.

    >>> first_met(np.array([False, False, True, True]))
    2
    """
    n = len(met) - 1
    first = int(np.argmax(met)) if met.any() else n + 1
    if not met[first:].all():
        undone = first + int(np.argmin(met[first:]))
        words = f"not monotone in the responses at n = {n}: {first} of {n} meet it, {undone} do not"
        raise ValueError(f"{words}{remedy and f'; {remedy}'}")
    return first


def reaches(values: NDArray[np.float64], cut: float) -> NDArray[np.bool_]:
    """Return where a probability is at least a cut; equal up to rounding is enough."""
    return values >= cut * (1.0 - ROUNDING)


def exceeds(values: NDArray[np.float64], cut: float) -> NDArray[np.bool_]:
    """Return where a probability is more than a cut; equal up to rounding is not enough."""
    return values > cut * (1.0 + ROUNDING)
