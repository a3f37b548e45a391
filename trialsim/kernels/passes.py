"""Single passes over positions start … end - 1 of a tile: each one short loop, so that the compiler vectorises it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32

from trialsim.kernels._jit import loop

if TYPE_CHECKING:
    from numpy import int32, int64, uint64
    from numpy.typing import NDArray


@loop
def fill(start: uint64, end: uint64, value: int32, out: NDArray[int32]) -> None:
    """Set to one value."""
    for i in range(start, end):
        out[i] = value


@loop
def count_up(start: uint64, end: uint64, out: NDArray[int32]) -> None:
    """Set to the position itself."""
    for i in range(start, end):
        out[i] = _I32(i)


@loop
def add(start: uint64, end: uint64, x: NDArray[int32], out: NDArray[int32]) -> None:
    """Add x."""
    for i in range(start, end):
        out[i] += x[i]


@loop
def n_at_least(start: uint64, end: uint64, x: NDArray[int32], bound: int32) -> int64:
    """Return how many are at least `bound`."""
    n = _I32(0)
    for i in range(start, end):
        n += _I32(x[i] >= bound)
    return n  # type: ignore[return-value]  # numba widens it


@loop
def add_decision(
    start: uint64, end: uint64, x: NDArray[int32], low: int32, high: int32, stride: int32, code: NDArray[int32]
) -> None:
    """Add an arm's decision to the code: `stride` for futility (x <= low), twice that for efficacy (x >= high)."""
    twice = _I32(stride + stride)
    for i in range(start, end):
        c = code[i]
        if x[i] <= low:
            c += stride
        if x[i] >= high:
            c += twice
        code[i] = c


@loop
def set_decision(
    start: uint64,
    end: uint64,
    total: NDArray[int32],
    low: int32,
    high: int32,
    code_low: int32,
    code_high: int32,
    code: NDArray[int32],
) -> None:
    """Replace the code where the pooled responses stop the whole trial."""
    for i in range(start, end):
        c = code[i]
        if total[i] <= low:
            c = code_low
        if total[i] >= high:
            c = code_high
        code[i] = c


@loop
def tally(start: uint64, end: uint64, x: NDArray[int32], offset: int64, counts: NDArray[int64]) -> None:
    """Count each x, from `offset` on."""
    for i in range(start, end):
        counts[offset + x[i]] += 1


@loop
def sort_positions(
    start: uint64, end: uint64, code: NDArray[int32], free: NDArray[int64], position: NDArray[int32]
) -> None:
    """Give each its position when sorted by code; `free` holds the next free position of each code."""
    for i in range(start, end):
        c = code[i]
        position[i] = _I32(free[c])
        free[c] += 1


@loop
def move(start: uint64, end: uint64, position: NDArray[int32], x: NDArray[int32], scratch: NDArray[int32]) -> None:
    """Move each x to its position."""
    for i in range(start, end):
        scratch[position[i]] = x[i]
    for i in range(start, end):
        x[i] = scratch[i]


@loop
def write_down(
    start: uint64, end: uint64, x: NDArray[int32], trial: NDArray[int32], first: int64, out: NDArray[int32]
) -> None:
    """Write x down for each replicate, at `first` + its number in the tile."""
    for i in range(start, end):
        out[first + trial[i]] = x[i]
