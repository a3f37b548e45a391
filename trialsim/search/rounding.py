"""A short number out of an interval: what one writes into a protocol."""

from __future__ import annotations

from math import ceil, floor

MARGIN = 0.02
"""Share of the interval at either end that is left out: an end may be a short number itself, but for its rounding."""


def within(low: float, high: float) -> float:
    """Return the number with the fewest decimals well between two numbers; of several the one nearest the middle.

    >>> within(0.8519, 0.9223), within(0.0009, 0.0011)
    (0.9, 0.001)
    """
    middle, edge = (low + high) / 2, MARGIN * (high - low)
    for decimals in range(1, 17):
        scale = 10.0**decimals
        near = {floor(middle * scale) / scale, ceil(middle * scale) / scale}
        inside = [value for value in near if low + edge < value < high - edge]
        if inside:
            return min(inside, key=lambda value: (abs(value - middle), value))
    return middle
