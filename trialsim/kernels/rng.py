"""Addressed random numbers: Threefry-2x64 with 13 rounds, a pure function of key and counter.

Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011), section 4.2; 13 rounds are
the fewest that the authors found to pass BigCrush. The tests hold it to the authors' known-answer vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import uint64 as _U

from trialsim.kernels._jit import inlined, loop

if TYPE_CHECKING:
    from numpy import uint64
    from numpy.typing import NDArray

# Every constant is a uint64: numba would turn uint64 and a plain integer into int64.
_PARITY = _U(0x1BD11BDAA9FC1A22)
_R0, _R1, _R2, _R3 = _U(16), _U(42), _U(12), _U(31)
_R4, _R5, _R6, _R7 = _U(16), _U(32), _U(24), _U(21)
_WORD = _U(64)
_ONE, _TWO, _THREE = _U(1), _U(2), _U(3)


@inlined
def _mix(x0: uint64, x1: uint64, rotation: uint64) -> tuple[uint64, uint64]:
    x0 = x0 + x1
    x1 = ((x1 << rotation) | (x1 >> (_WORD - rotation))) ^ x0
    return x0, x1


@inlined
def threefry2x64(counter0: uint64, counter1: uint64, key0: uint64, key1: uint64) -> tuple[uint64, uint64]:
    """Return the two output words for a counter and a key of two words each."""
    key2 = _PARITY ^ key0 ^ key1
    x0, x1 = counter0 + key0, counter1 + key1
    x0, x1 = _mix(x0, x1, _R0)
    x0, x1 = _mix(x0, x1, _R1)
    x0, x1 = _mix(x0, x1, _R2)
    x0, x1 = _mix(x0, x1, _R3)
    x0, x1 = x0 + key1, x1 + key2 + _ONE
    x0, x1 = _mix(x0, x1, _R4)
    x0, x1 = _mix(x0, x1, _R5)
    x0, x1 = _mix(x0, x1, _R6)
    x0, x1 = _mix(x0, x1, _R7)
    x0, x1 = x0 + key2, x1 + key0 + _TWO
    x0, x1 = _mix(x0, x1, _R0)
    x0, x1 = _mix(x0, x1, _R1)
    x0, x1 = _mix(x0, x1, _R2)
    x0, x1 = _mix(x0, x1, _R3)
    x0, x1 = x0 + key0, x1 + key1 + _THREE
    return _mix(x0, x1, _R4)


@loop
def fill_words(
    seed: uint64, purpose: uint64, first: uint64, index: uint64, n: uint64, even: NDArray[uint64], odd: NDArray[uint64]
) -> None:
    """Fill two rows with both words at (seed, replicate, purpose, index), for `n` replicates from `first` on."""
    for i in range(_U(0), n):
        even[i], odd[i] = threefry2x64(first + i, index, seed, purpose)


@loop
def fill_patients(
    seed: uint64,
    purpose: uint64,
    replicate: uint64,
    start: uint64,
    end: uint64,
    even: NDArray[uint64],
    odd: NDArray[uint64],
) -> None:
    """Fill positions `start` … `end` - 1 of two rows with both words at (seed, replicate, purpose, position)."""
    for i in range(start, end):
        even[i], odd[i] = threefry2x64(replicate, i, seed, purpose)
