"""How precise a plan is whatever the truth: its worst interval over all outcomes, the smallest sample for a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from trialsim.inference.intervals import limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

Width: TypeAlias = Literal["half-width", "distance"]


def widths(interval: str, n: int, level: float, width: Width) -> NDArray[np.float64]:
    """Return, for x = 0 … n, half the interval's length or the larger distance from x / n to a limit.

    The two differ where the interval is not symmetric about the estimate: "±8.4" can mean either.
    """
    lower, upper = limits(interval, n, level)
    if width == "half-width":
        return (upper - lower) / 2
    rate = np.arange(n + 1) / n
    return np.maximum(rate - lower, upper - rate)


def worst(interval: str, n: int, level: float, width: Width) -> tuple[float, int]:
    """Return the largest width over all outcomes and the (smallest) number of responses at which it occurs.

    >>> value, responses = worst("clopper-pearson", 147, 0.95, "distance")
    >>> f"{value:.6f} at {responses}"
    '0.084163 at 64'
    """
    values = widths(interval, n, level, width)
    # Mirror images x and n - x differ by rounding only: the smaller one is named.
    responses = int(np.flatnonzero(values >= values.max() - 1e-12)[0])
    return float(values[responses]), responses


def smallest_n(interval: str, level: float, width: Width, target: float, n_max: int = 20_000) -> int | None:
    """Return the smallest n from which on the worst width is at most `target`; None if `n_max` patients are too few.

    "From which on", because a width can fall below a target by accident of a tiny n (one patient has a Wald interval
    of no width). Doubling and bisection find a crossing; the worst width falls as 1 / sqrt(n) but may step up a little
    between neighbours, so the 30 sample sizes on either side of the crossing are tried one by one.

    >>> smallest_n("clopper-pearson", 0.95, "distance", 0.0842)
    147
    """

    def reaches(n: int) -> bool:
        return worst(interval, n, level, width)[0] <= target

    low, high = 1, 2
    while not reaches(high):
        if high >= n_max:
            return None
        low, high = high, min(2 * high, n_max)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    near = range(max(1, high - 30), high + 31)
    return max((n + 1 for n in near if not reaches(n)), default=1)
