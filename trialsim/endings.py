"""What happened: tallies of the endings, as counts of replicates or as exact probabilities. They merge by addition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from trialsim.columns import AMOUNT, CODE, MILLIONTHS, MINUTES, PATIENTS, SIGNED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.columns import Column
    from trialsim.plan import Plan

    Weights: TypeAlias = NDArray[Any]


class Tally(NamedTuple):
    """How often each thing happened.

    From the Monte Carlo engine the weights are int64 counts of replicates; from the exact engine, float64
    probabilities. Nothing that reads a tally needs to know which.
    """

    n_trials: float
    """Replicates, or 1 for probabilities."""
    ending: Weights
    """(E,) trials that ended so."""
    criterion: Weights
    """(N, A + 1) trials that met the success criterion of a node before the end: each arm's, then the pooled one."""
    arm: Weights
    """One entry per row of `ArmCells`."""
    pooled: Weights
    """One entry per row of `PooledCells`."""

    def merged(self, other: Tally) -> Tally:
        """Return the tally of both sets of trials."""
        return Tally(
            self.n_trials + other.n_trials,
            self.ending + other.ending,
            self.criterion + other.criterion,
            self.arm + other.arm,
            self.pooled + other.pooled,
        )

    def fits(self, plan: Plan) -> bool:
        """Return whether it has the shape of a tally of a plan, with no more counts than trials."""
        return all(
            own.shape == empty.shape and (own.size == 0 or (own.min() >= 0 and own.max() <= self.n_trials))
            for own, empty in zip(self[1:], empty_tally(plan, np.int64)[1:], strict=True)
        )

    def scaled(self, n_trials: int) -> Tally:
        """Return the counts to be expected in `n_trials` replicates."""
        factor = n_trials / self.n_trials
        return Tally(n_trials, self.ending * factor, self.criterion * factor, self.arm * factor, self.pooled * factor)


def empty_tally(plan: Plan, dtype: type[np.generic]) -> Tally:
    """Return a tally of no trials, shaped for a plan."""
    n_nodes, n_arms = plan.nodes.n.shape
    return Tally(
        0,
        np.zeros(len(plan.endings.n), dtype),
        np.zeros((n_nodes, n_arms + 1), dtype),
        np.zeros(len(plan.arm_cells.x), dtype),
        np.zeros(len(plan.pooled_cells.x), dtype),
    )


class Counter:
    """How often each row of whole numbers occurred. Counters merge by addition, in any order."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, ...], int] = {}

    @classmethod
    def of(cls, rows: NDArray[np.int64]) -> Counter:
        """Count the rows of a matrix."""
        counter = cls()
        if len(rows):
            found, counts = np.unique(rows, axis=0, return_counts=True)
            counter.rows = dict(zip(map(tuple, found.tolist()), counts.tolist(), strict=True))
        return counter

    def add(self, other: Counter) -> None:
        """Add the counts of another."""
        for row, count in other.rows.items():
            self.rows[row] = self.rows.get(row, 0) + count

    def sorted(self, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows in order (of `width` numbers, if there are none), and the counts."""
        ordered = sorted(self.rows.items())
        rows = np.array([row for row, _ in ordered], np.int64).reshape(len(ordered), -1 if ordered else width)
        return rows, np.array([count for _, count in ordered], np.int64)


BIN_WIDTH = {PATIENTS: 1, MINUTES: 1440, MILLIONTHS: 1000, SIGNED: 1000, AMOUNT: 10_000, CODE: 1}
"""Quantiles are read to this precision: whole patients, whole days, thousandths, hundredths of an amount."""

MOST_BINS = 1_000_000
"""Of an amount; what is larger counts as this many hundredths in quantiles (not in means)."""

_LOWEST_BIN = {PATIENTS: 0, MINUTES: 0, MILLIONTHS: 0, SIGNED: -20_000, AMOUNT: 0, CODE: -2}
_MISSING = -(2**62)
_LARGE = 2**20
"""The squares of eight million smaller values fit into 64 bits."""


class ColumnSums:
    """Of each column: how many trials have a value, sum, sum of squares, and a histogram. All whole numbers."""

    def __init__(self, found: list[Column]) -> None:
        self.columns = found
        self.n = [0] * len(found)
        self.total = [0] * len(found)
        self.squares = [0] * len(found)
        self.histogram: list[NDArray[np.int64]] = [np.zeros(1, np.int64)] * len(found)

    @classmethod
    def of(cls, found: list[Column], matrix: NDArray[np.int64]) -> ColumnSums:
        """Add up the columns of a block of trials."""
        sums = cls(found)
        has_value = matrix != _MISSING
        values = np.where(has_value, matrix, 0)
        sums.n = has_value.sum(axis=0).tolist()
        sums.total = values.sum(axis=0).tolist()
        sums.squares = _sums_of_squares(values)
        bins = values.copy()
        for unit, width in BIN_WIDTH.items():
            own = [index for index, column in enumerate(found) if column.unit == unit]
            if own and (width, _LOWEST_BIN[unit]) != (1, 0):
                bins[:, own] = np.clip(values[:, own] // width - _LOWEST_BIN[unit], 0, MOST_BINS)
        sizes = bins.max(axis=0) + 1
        offset = np.cumsum(sizes) - sizes
        flat = np.bincount((bins + offset)[has_value], minlength=int(sizes.sum()))
        sums.histogram = np.split(flat, offset[1:])
        return sums

    def add(self, other: ColumnSums) -> None:
        """Add the sums of another set of trials."""
        for index in range(len(self.columns)):
            self.n[index] += other.n[index]
            self.total[index] += other.total[index]
            self.squares[index] += other.squares[index]
            self.histogram[index] = _added(self.histogram[index], other.histogram[index])

    def values(self, index: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the lower edges of a column's bins, in its unit, and how many trials are in each."""
        unit = self.columns[index].unit
        counts = self.histogram[index]
        return (np.arange(len(counts)) + _LOWEST_BIN[unit]) * BIN_WIDTH[unit], counts


def _sums_of_squares(values: NDArray[np.int64]) -> list[int]:
    """Return the sum of squares of each column, exactly: squares of large values do not fit into 64 bits."""
    squares: list[int] = np.einsum("ij,ij->j", values, values).tolist()
    large = np.flatnonzero((np.abs(values) >= _LARGE).any(axis=0))
    if large.size:
        high, low = values[:, large] >> 20, values[:, large] & 0xFFFFF
        parts = [np.einsum("ij,ij->j", x, y).tolist() for x, y in ((high, high), (high, low), (low, low))]
        for index, hh, hl, ll in zip(large.tolist(), *parts, strict=True):
            squares[index] = (hh << 40) + (hl << 21) + ll
    return squares


def _added(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    longer, shorter = (x, y) if len(x) >= len(y) else (y, x)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total


class Missed(NamedTuple):
    """Trials in which a look did not take place although an arm was still in the trial at the end."""

    n: int
    first: tuple[int, ...]
    """The lowest numbers of such trials, a few."""

    def merged(self, other: Missed) -> Missed:
        """Return the missed looks of both sets of trials."""
        return Missed(self.n + other.n, tuple(sorted((*self.first, *other.first))[:N_EXAMPLES]))


N_EXAMPLES = 3


class CalendarTally:
    """What happened in calendar trials: sums of columns, and counts of endings and outcomes."""

    def __init__(
        self,
        n_trials: int,
        sums: ColumnSums,
        endings: Counter,
        outcomes: Counter,
        pooled: Counter,
        criteria: Counter,
        missed: dict[int, Missed] | None = None,
    ) -> None:
        self.n_trials = n_trials
        self.sums = sums
        self.endings = endings
        self.outcomes = outcomes
        self.pooled = pooled
        self.criteria = criteria
        self.missed = missed or {}

    @classmethod
    def empty(cls, found: list[Column]) -> CalendarTally:
        """Return the tally of no trials."""
        return cls(0, ColumnSums(found), Counter(), Counter(), Counter(), Counter())

    def add(self, other: CalendarTally) -> None:
        """Add another set of trials."""
        self.n_trials += other.n_trials
        self.sums.add(other.sums)
        self.endings.add(other.endings)
        self.outcomes.add(other.outcomes)
        self.pooled.add(other.pooled)
        self.criteria.add(other.criteria)
        for look, missed in other.missed.items():
            self.missed[look] = self.missed.get(look, Missed(0, ())).merged(missed)
