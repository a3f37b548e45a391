"""Order statistics and counts over rows of patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import inlined, loop
from trialsim.kernels.clinic import LANES, NEVER

if TYPE_CHECKING:
    from numpy import int32, int64, uint64
    from numpy.typing import NDArray

_ZERO = _U(0)


@inlined
def in_lanes(n: int64 | uint64) -> uint64:
    """Return `n` rounded up to a whole number of lanes."""
    return (_U(n) + _U(LANES - 1)) & ~_U(LANES - 1)


@loop
def nth_smallest(x: NDArray[int32], n: int64, rank: int64) -> int64:
    """Return the `rank`-th smallest (from 1) of the first `n` values, which are put out of order (Hoare 1961)."""
    low, high, k = _I64(0), n - 1, rank - 1
    while low < high:
        pivot = x[(low + high) >> 1]
        i, j = low, high
        while i <= j:
            while x[i] < pivot:
                i += 1
            while x[j] > pivot:
                j -= 1
            if i <= j:
                x[i], x[j] = x[j], x[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    return _I64(x[k])


@loop
def median(x: NDArray[int32], n: int64) -> int64:
    """Return the median of the first `n` values: of an even number, the mean of the middle two rounded down."""
    upper = nth_smallest(x, n, (n >> 1) + 1)
    if n & 1:
        return upper
    return (nth_smallest(x, n, n >> 1) + upper) >> 1


@loop
def n_due(n: uint64, arm: NDArray[int32], which: int32, time: NDArray[int32], due: NDArray[int32]) -> int64:
    """Return how many patients of arm `which` have `time` not after `due`."""
    found = _I32(0)
    for i in range(_ZERO, n):
        found = _I32(found + ((arm[i] == which) & (time[i] <= due[i])))  # 32 bits: twice as many at a time
    return _I64(found)


@loop
def n_due_of_kind(
    n: uint64,
    arm: NDArray[int32],
    which: int32,
    time: NDArray[int32],
    due: NDArray[int32],
    kind: NDArray[int32],
    low: int32,
    high: int32,
) -> int64:
    """Return how many patients of arm `which` have `time` not after `due`, and a kind from `low` to `high`."""
    found = _I32(0)
    for i in range(_ZERO, n):
        is_due = (arm[i] == which) & (time[i] <= due[i])
        found = _I32(found + (is_due & (kind[i] >= low) & (kind[i] <= high)))
    return _I64(found)


@loop
def n_of_arm(n: uint64, arm: NDArray[int32], which: int32) -> int64:
    """Return how many patients belong to arm `which`."""
    found = _I32(0)
    for i in range(_ZERO, n):
        found = _I32(found + (arm[i] == which))
    return _I64(found)


@loop
def n_later(
    n: uint64, arm: NDArray[int32], which: int32, entry: NDArray[int32], time: NDArray[int32], until: int64
) -> int64:
    """Return how many patients of arm `which` have `entry + time` after minute `until`."""
    found, last = _I32(0), _I32(until)
    for i in range(_ZERO, n):
        found = _I32(found + ((arm[i] == which) & (entry[i] + time[i] > last)))
    return _I64(found)


@loop
def n_marked(n: uint64, arm: NDArray[int32], which: int32, marked: NDArray[int32]) -> int64:
    """Return how many patients of arm `which` are marked."""
    found = _I32(0)
    for i in range(_ZERO, n):
        found = _I32(found + ((arm[i] == which) & (marked[i] != 0)))
    return _I64(found)


@loop
def n_marked_by(
    n: uint64,
    arm: NDArray[int32],
    which: int32,
    marked: NDArray[int32],
    entry: NDArray[int32],
    time: NDArray[int32],
    until: int64,
) -> int64:
    """Return how many marked patients of arm `which` have `entry + time` by minute `until`."""
    found, last = _I32(0), _I32(min(until, _I64(NEVER)))
    for i in range(_ZERO, n):
        found = _I32(found + ((arm[i] == which) & (marked[i] != 0) & (entry[i] + time[i] <= last)))
    return _I64(found)
