"""Responses of a stage, drawn at once: a binomial count from one random word by table.

The count is the smallest x with word <= threshold[x]: the inverse of the distribution function, so that a higher
response rate never turns a response into none. The guide, indexed by the word's highest bits, gives an x that is not
above the answer and almost always is the answer (Chen and Asau, 1974; reference not checked).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import uint64 as _U

from trialsim.kernels._jit import loop

if TYPE_CHECKING:
    from numpy import int32, uint16, uint64
    from numpy.typing import NDArray

GUIDE_BITS = 10
"""1,024 guide entries of two bytes per table: six tables stay in the first-level cache."""

_SHIFT = _U(64 - GUIDE_BITS)
_ONE = _U(1)


@loop
def add_draws(
    start: uint64,
    end: uint64,
    words: NDArray[uint64],
    trial: NDArray[int32],
    guide: NDArray[uint16],
    threshold: NDArray[uint64],
    x: NDArray[int32],
) -> None:
    """Add, at positions start … end - 1 of `x`, the count that the word of the trial standing there draws."""
    for i in range(start, end):
        word = words[trial[i]]
        count = _U(guide[word >> _SHIFT])
        while word > threshold[count]:
            count += _ONE
        x[i] += _I32(count)
