"""Sharing patients out one at a time: the allocation of ideal conduct (docs/ideal-conduct.md, section 1)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Patients: TypeAlias = tuple[int, ...]


def share_out(
    n_patients: int, ratio: Sequence[int], start: Sequence[int] | None = None, cap: Sequence[int] | None = None
) -> tuple[int, ...] | None:
    """Return the patients of each arm after `n_patients` more have been shared out.

    The next patient goes to the open arm (below its cap) with the smallest patients / ratio; of arms equally
    far behind, to the one listed first.

    Parameters
    ----------
    n_patients
        How many patients to add.
    ratio
        Allocation ratio of each arm.
    start, cap
        Patients already in each arm (0 if not given), and the most it may have (no limit if not given).

    Returns
    -------
    tuple of int, or None
        Patients per arm; None if the arms are full before all patients have a place.

    >>> share_out(147, [1, 1])
    (74, 73)
    >>> share_out(9, [2, 1])
    (6, 3)
    >>> share_out(64, [1, 1], start=[18, 18], cap=[73, 18])
    """
    begin = tuple(start) if start is not None else (0,) * len(ratio)
    limit = tuple(cap) if cap is not None else tuple(n + n_patients for n in begin)
    return _shared_out(n_patients, tuple(ratio), begin, limit)


@lru_cache(maxsize=65_536)
def _shared_out(n_patients: int, ratio: Patients, start: Patients, cap: Patients) -> Patients | None:
    patients = list(start)
    for _ in range(n_patients):
        open_arms = [arm for arm in range(len(ratio)) if patients[arm] < cap[arm]]
        if not open_arms:
            return None
        furthest_behind = min(open_arms, key=lambda arm: (patients[arm] / ratio[arm], arm))
        patients[furthest_behind] += 1
    return tuple(patients)
