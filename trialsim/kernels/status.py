"""How many patients are in each category of performance status (docs/calendar-conduct.md, section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import kernel, loop
from trialsim.kernels.clinic import STATUS
from trialsim.kernels.numeric import unit
from trialsim.kernels.rng import threefry2x64

if TYPE_CHECKING:
    from numpy import float64, int8, int64, uint64
    from numpy.typing import NDArray

_ZERO = _U(0)


@loop
def _list_enrolled(arm: NDArray[int8], order: NDArray[uint64]) -> int64:
    """List the patients enrolled; return how many. Each is written down, and stays if enrolled: one place more."""
    n = _I64(0)
    for i in range(arm.shape[0]):
        order[n] = _U(i)
        n += _I64(arm[i] >= 0)
    return n


@loop
def _fill_units(seed: uint64, replicate: uint64, n: uint64, order: NDArray[uint64], real: NDArray[float64]) -> None:
    for i in range(_ZERO, n):
        word0, word1 = threefry2x64(replicate, order[i], seed, STATUS)
        real[0, i], real[1, i] = unit(word0), unit(word1)


@loop
def _n_beyond(n: uint64, low: float, high: float, bound: float, real: NDArray[float64]) -> int64:
    """Return how many have the first number in [low, high) and the second at or beyond a bound."""
    count = _ZERO
    for i in range(_ZERO, n):
        count += _U((real[0, i] >= low) & (real[0, i] < high) & (real[1, i] >= bound))
    return _I64(count)


@kernel
def count_status(
    seed: uint64,
    first: uint64,
    arm: NDArray[int8],
    base: NDArray[float64],
    later: NDArray[float64],
    order: NDArray[uint64],
    real: NDArray[float64],
    out: NDArray[int64],
) -> None:
    """Count the patients in each category at baseline and later in trials `first`, `first` + 1, ….

    A patient's states are a function of seed, replicate and patient alone: what is counted in a trial does not depend
    on which trials are counted with it.

    Parameters
    ----------
    seed, first
        Which trials: the rows of `arm`.
    arm
        (trials, patients) arm of each patient, -1 if not enrolled.
    base
        (categories,) cumulative shares at baseline.
    later
        (categories at baseline, categories) cumulative shares later.
    order, real
        From `status_room`.
    out
        (trials, 2 categories), filled in place: patients of all arms in each category at baseline, then in each later.
    """
    last = base.shape[0] - 1
    for t in range(arm.shape[0]):
        counts = out[t]
        for c in range(last + 1):
            counts[last + 1 + c] = 0
        n = _U(_list_enrolled(arm[t], order))
        _fill_units(seed, first + _U(t), n, order, real)
        for b in range(last + 1):
            low, high = base[b - 1] if b > 0 else 0.0, base[b] if b < last else 1.0
            n_beyond = counts[b] = _n_beyond(n, low, high, 0.0, real)
            for c in range(last + 1):
                n_next = _n_beyond(n, low, high, later[b, c], real) if c < last else _I64(0)
                counts[last + 1 + c] += n_beyond - n_next
                n_beyond = n_next


def status_room(n_patients: int) -> tuple[NDArray[uint64], NDArray[float64]]:
    """Return room for `count_status` to work in; its contents do not matter."""
    return np.zeros(n_patients + 1, np.uint64), np.zeros((2, n_patients))
