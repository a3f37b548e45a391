"""The rows of a grid without chance: which points of the axes come together, as a product or as a zip.

A row is a point of each axis. Rows that a condition excludes are cut off as early as possible: a condition is asked as
soon as the last of its axes has a point.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trialsim.spec.vary.points import Point, Points
    from trialsim.spec.vary.where import Condition

Row = tuple["Point", ...]


class Walk(NamedTuple):
    """A way through the axes: some of them in some order, the last moving fastest, and the conditions due at each."""

    axes: tuple[int, ...]
    due: tuple[tuple[Condition, ...], ...]


class Product:
    """Every point of every axis with every other, where the conditions hold; the last axis moves fastest."""

    def __init__(self, axes: Sequence[Points], conditions: Sequence[Condition]) -> None:
        self.axes = axes
        self.conditions = conditions
        self.n_raw = prod(points.n for points in axes)
        """Number of rows before conditions."""

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows that are kept, in order."""
        walk = self.walk(range(len(self.axes)))
        for _, row in self.along(walk, 0, len(self.axes), *self.start()):
            yield tuple(row)

    def count(self) -> int:
        """Return the number of rows that are kept.

        Axes that conditions tie together are walked, each such set on its own; the others only multiply.
        """
        left, n_kept = set(range(len(self.axes))), 1
        for tied in _tied([set(condition.axes) for condition in self.conditions]):
            walk = self.walk(sorted(tied))
            n_kept *= sum(1 for _ in self.along(walk, 0, len(tied), *self.start()))
            left -= tied
        return n_kept * prod(self.axes[axis].n for axis in left)

    def n_asked(self) -> int:
        """Return how many rows `count` walks through at most."""
        tied = _tied([set(condition.axes) for condition in self.conditions])
        return sum(prod(self.axes[axis].n for axis in axes) for axes in tied)

    def walk(self, axes: Sequence[int]) -> Walk:
        """Return the walk through some axes in this order."""
        due = []
        for depth in range(len(axes)):
            before, now = set(axes[:depth]), set(axes[: depth + 1])
            due.append(tuple(c for c in self.conditions if now.issuperset(c.axes) and not before.issuperset(c.axes)))
        return Walk(tuple(axes), tuple(due))

    def start(self) -> tuple[list[int], list[Point]]:
        """Return the numbers and points of the first row, for a walk to change in place."""
        return [0] * len(self.axes), [points[0] for points in self.axes]

    def along(
        self, walk: Walk, depth: int, until: int, numbers: list[int], row: list[Point]
    ) -> Iterator[tuple[list[int], list[Point]]]:
        """Yield the two lists, changed in place, at each row from a depth of the walk until another."""
        if depth == until:
            yield numbers, row
            return
        axis, due = walk.axes[depth], walk.due[depth]
        points = self.axes[axis]
        for number in range(points.n):
            numbers[axis], row[axis] = number, points[number]
            if all(condition.holds(row) for condition in due):
                yield from self.along(walk, depth + 1, until, numbers, row)


class Zip:
    """The first points of all axes together, then the second ones, and so on, where the conditions hold."""

    def __init__(self, axes: Sequence[Points], conditions: Sequence[Condition]) -> None:
        self.axes = axes
        self.conditions = conditions
        self.n_raw = axes[0].n

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows that are kept, in order."""
        for number in range(self.n_raw):
            row = tuple(points[number] for points in self.axes)
            if all(condition.holds(row) for condition in self.conditions):
                yield row

    def count(self) -> int:
        """Return the number of rows that are kept."""
        return sum(1 for _ in self) if self.conditions else self.n_raw

    def n_asked(self) -> int:
        """Return how many rows `count` walks through at most."""
        return self.n_raw if self.conditions else 0


def _tied(sets: list[set[int]]) -> list[set[int]]:
    """Return the sets, those with a common member made one."""
    found: list[set[int]] = []
    for new in sets:
        apart = [old for old in found if not old & new]
        found = [*apart, new.union(*(old for old in found if old & new))]
    return found
