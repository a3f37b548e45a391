"""The points of an axis by number: computed when asked for, so that an axis of a billion costs nothing."""

from __future__ import annotations

import re
from fractions import Fraction
from math import exp, floor, log
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from trialsim.spec.vary.axis import Axis, Scalar

MAX_KEPT = 10_000
"""Points of a range that are kept once computed."""

_WHOLE = re.compile(r"^[-+]?[0-9]{1,15}$")
_DECIMAL = re.compile(r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?$")


class Point(NamedTuple):
    """A value of an axis."""

    level: Scalar
    """As it is shown."""
    value: Any
    """As it is set."""


class Points:
    """The points of an axis in order, and the point at a share of it."""

    def __init__(self, axis: Axis) -> None:
        self._axis = axis
        self._listed = [] if axis.is_range else _listed(axis)
        self._kept: dict[int, Point] = {}
        if axis.is_range:
            self._first, last = _exact(axis.from_), _exact(axis.to)
            self._step = _exact(1 if axis.step is None else axis.step)
            self._n_steps = floor((last - self._first) / self._step)

    @property
    def n(self) -> int:
        """Number of points; of a continuous range, its two ends."""
        if not self._axis.is_range:
            return len(self._listed)
        return 2 if self._axis.is_continuous else self._n_steps + 1

    def __getitem__(self, number: int) -> Point:
        """Return a point by its number."""
        if not self._axis.is_range:
            return self._listed[number]
        if (kept := self._kept.get(number)) is not None:
            return kept
        point = self._computed(number)
        if number < MAX_KEPT:
            self._kept[number] = point
        return point

    def _computed(self, number: int) -> Point:
        if self._axis.is_continuous:
            end = (self._axis.from_, self._axis.to)[number]
            return Point(end, end)  # type: ignore[arg-type]  # both are given
        exact = self._first + number * self._step
        value = int(exact) if self._axis.is_whole else float(exact)
        return Point(value, value)

    def at_share(self, share: float) -> Point:
        """Return the point at a share of the axis, from 0 up to but not including 1.

        Listed points, and the steps of a range, have equal shares; a whole number n of a range on the scale of the
        logarithm has the share of n to n + 1.
        """
        if not self._axis.is_continuous and self._axis.scale == "linear":
            return self[min(int(share * self.n), self.n - 1)]
        low, high = float(self._first), float(self._axis.to)  # type: ignore[arg-type]  # a range has both
        if self._axis.is_continuous:
            between = low + (high - low) * share
            if self._axis.scale == "log":
                between = exp(log(low) + (log(high) - log(low)) * share)
            value: float = min(max(between, low), high)
            return Point(value, value)
        number = floor(exp(log(low) + (log(high + 1) - log(low)) * share))
        return self[min(max(number - int(low), 0), self.n - 1)]


def _listed(axis: Axis) -> list[Point]:
    if axis.levels is not None:
        return [Point(read_label(label), value) for label, value in axis.levels.items()]
    return [Point(value, value) for value in axis.values or ()]


def _exact(number: int | float | None) -> Fraction:
    """Return a number as its decimal is written, so that 0.05 three times on is 0.2 and not 0.20000000000000004."""
    return Fraction(repr(number))


def read_label(label: str) -> Scalar:
    """Return a label as the number it reads as, or as it is.

    >>> read_label("147"), read_label("0.5"), read_label("all at once")
    (147, 0.5, 'all at once')
    """
    if _WHOLE.match(label):
        return int(label)
    return float(label) if _DECIMAL.match(label) else label
