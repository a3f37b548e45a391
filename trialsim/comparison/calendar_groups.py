"""Calendar trials in groups: the whole tally, as `run` has it bit for bit, and beside it what each group adds to it.

Of each group: the counts of its endings; and of each column how many trials have a value, its sum, its sum of squares,
and how many lie below a few values of interest (`Thresholds`), from which everything a measure needs can be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from trialsim.comparison.groups import Groups
from trialsim.endings import BIN_WIDTH, CalendarTally, ColumnSums, Counter
from trialsim.engines.calendar import BLOCK, columns_of, shape_of, trials
from trialsim.engines.calendar_endings import endings_of, missed_looks
from trialsim.kernels.calendar import simulate_calendar
from trialsim.kernels.clinic import MISSING
from trialsim.oc.calendar import SCALE, SIGNIFICANT
from trialsim.oc.conduct import as_endings
from trialsim.oc.mcse import quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from trialsim.columns import Column
    from trialsim.comparison.groups import Edges
    from trialsim.engines.calendar import CalendarStudy
    from trialsim.plan import Plan

    Floats: TypeAlias = NDArray[Any]
    Ints: TypeAlias = NDArray[np.int64]
    Counters: TypeAlias = tuple[Counter, Counter, Counter, Counter]

PILOT = 10_000
"""Trials whose quantiles decide where the share of trials is counted. They are kept until then: some 30 MB."""

_LARGE = np.int64(2**62)
_BETWEEN_LOOKS, _TOXICITY = -2, 3
"""Codes of stops for toxicity: `stop_look` is at most the first, `look_decision` is the second."""


class ColumnGroups(NamedTuple):
    """Sums of each group (G) in each column (C)."""

    n: Ints
    """(G, C) trials with a value."""
    total: Floats
    """(G, C) sum of deviations from `centre`."""
    squares: Floats
    """(G, C) sum of their squares."""
    below: Ints
    """(K, G, C) trials below each threshold of the column."""
    centre: Ints
    """(C,)"""


class CalendarGroups(NamedTuple):
    """Calendar trials in groups."""

    whole: CalendarTally
    n_trials: Ints
    """(G,)"""
    counters: list[Counters]
    """Of each group: endings, outcomes, pooled outcomes, criteria (`engines.calendar_endings`)."""
    columns: ColumnGroups
    quantiles: tuple[float, ...]
    """The thresholds: one per quantile, then the two limits of a range of interest."""


def simulate_calendar_groups(
    study: CalendarStudy,
    edges: Edges,
    quantiles: tuple[float, ...],
    *,
    n_jobs: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> CalendarGroups:
    """Return what happened in each group of calendar trials, and in all of them.

    Parameters
    ----------
    study
        Compiled trial, seed.
    edges
        From `groups.group_edges`.
    quantiles
        Which quantiles of columns are asked for.
    n_jobs
        Threads; -1 for one per core. Changes no number.
    progress
        Called with the number of trials after each block; with 0 before kernels are compiled.
    """
    if not simulate_calendar.signatures:  # type: ignore[attr-defined]  # nothing compiled yet in this process
        progress(0)
    found = columns_of(study)
    whole = CalendarTally.empty(found)
    n_groups = len(edges) - 1
    counters: list[Counters] = [(Counter(), Counter(), Counter(), Counter()) for _ in range(n_groups)]
    parts: list[tuple[slice, ColumnGroups]] = []
    pilot: list[_Block] = []
    counted: _Counted | None = None
    for block in _in_order(study, found, edges, n_jobs):
        whole.add(block.tally)
        for group, own in zip(block.groups, block.counters, strict=True):
            for counter, more in zip(counters[group], own, strict=True):
                counter.add(more)
        pilot.append(block)
        if counted is None and whole.n_trials >= min(PILOT, int(edges[-1])):
            counted = _Counted.of(whole, pilot[0].matrix, quantiles)
        if counted is not None:
            parts += [(slice(b.groups.start, b.groups.stop), counted.in_block(b)) for b in pilot]
            pilot = []
        progress(block.tally.n_trials)
    assert counted is not None
    return CalendarGroups(whole, np.diff(edges), counters, _summed(parts, n_groups), quantiles)


class _Block(NamedTuple):
    """Some trials that were simulated together."""

    tally: CalendarTally
    groups: range
    """Numbers of the groups that they belong to."""
    starts: Ints
    """(groups,) row of the first trial of each."""
    counters: list[Counters]
    matrix: Ints


def _in_order(study: CalendarStudy, found: list[Column], edges: Edges, n_jobs: int) -> Iterator[_Block]:
    n_sims = int(edges[-1])
    blocks = [(first, min(BLOCK, n_sims - first)) for first in range(0, n_sims, BLOCK)]
    if n_jobs == 1 or len(blocks) == 1:
        return (_block(study, found, edges, first, n) for first, n in blocks)
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=n_jobs, backend="threading", return_as="generator")
    done: Iterator[_Block] = parallel(delayed(_block)(study, found, edges, first, n) for first, n in blocks)
    return done


def _block(study: CalendarStudy, found: list[Column], edges: Edges, first: int, n_trials: int) -> _Block:
    matrix, shape = trials(study, first, n_trials), shape_of(study.clinic)
    groups = range(int(np.searchsorted(edges, first, "right")) - 1, int(np.searchsorted(edges, first + n_trials)))
    starts = np.maximum(edges[groups.start : groups.stop] - first, 0)
    counters = [endings_of(found, rows, shape) for rows in np.split(matrix, starts[1:])]
    whole = (Counter(), Counter(), Counter(), Counter())
    for own in counters:
        for counter, more in zip(whole, own, strict=True):
            counter.add(more)
    missed = missed_looks(found, matrix, shape, first)
    tally = CalendarTally(n_trials, ColumnSums.of(found, matrix), *whole, missed)
    return _Block(tally, groups, starts, counters, matrix)


class _Counted(NamedTuple):
    """What is counted in each column."""

    centre: Ints
    """(C,) near the values, so that nothing is lost when squares are subtracted."""
    thresholds: Ints
    """(K, C)"""

    @classmethod
    def of(cls, pilot: CalendarTally, matrix: Ints, quantiles: tuple[float, ...]) -> _Counted:
        """Return what to count, from a first number of trials."""
        has_value = matrix != MISSING
        first = matrix[has_value.argmax(axis=0), np.arange(matrix.shape[1])]
        centre = np.where(has_value.any(axis=0), first, 0)
        rows = [_thresholds(pilot, index, quantiles) for index in range(matrix.shape[1])]
        return cls(centre, np.array(rows, np.int64).T)

    def in_block(self, block: _Block) -> ColumnGroups:
        """Return the sums of the groups in a block."""

        def summed(values: Floats, dtype: type[np.generic]) -> Floats:
            found: Floats = np.add.reduceat(values, block.starts, axis=0, dtype=dtype)
            return found

        has_value = block.matrix != MISSING
        deviation = np.where(has_value, block.matrix - self.centre, 0).astype(float)
        values = np.where(has_value, block.matrix, _LARGE)
        return ColumnGroups(
            summed(has_value, np.int64),
            summed(deviation, np.float64),
            summed(deviation * deviation, np.float64),
            np.array([summed(values < threshold, np.int64) for threshold in self.thresholds]),
            self.centre,
        )


def _thresholds(pilot: CalendarTally, index: int, quantiles: tuple[float, ...]) -> list[int]:
    """Return, for a column, the upper edges of the bins that hold its quantiles, and the limits of what is of interest.

    Of log-rank statistics, all but the significant ones; of decisions, stops for toxicity.
    """
    column, n = pilot.sums.columns[index], pilot.sums.n[index]
    edges, counts = pilot.sums.values(index)
    width = BIN_WIDTH[column.unit]
    found = [int(quantile(edges, counts, p).value or 0) + width if n else 0 for p in quantiles]
    if column.quantity.startswith("logrank_"):
        from scipy.special import ndtri

        limit = -float(ndtri(SIGNIFICANT / 2)) / SCALE[column.unit]
        last = int(limit // width)
        return [*found, -last * width, (last + 1) * width]
    if column.quantity == "stop_look":
        return [*found, -int(_LARGE), _BETWEEN_LOOKS + 1]
    return [*found, _TOXICITY, _TOXICITY + 1]


def _summed(parts: Sequence[tuple[slice, ColumnGroups]], n_groups: int) -> ColumnGroups:
    """Return the sums of all groups; a group may lie in several blocks."""
    one = parts[0][1]
    shape = (n_groups, len(one.centre))
    whole = ColumnGroups(
        np.zeros(shape, np.int64),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros((len(one.below), *shape), np.int64),
        one.centre,
    )
    for groups, part in parts:
        whole.n[groups] += part.n
        whole.total[groups] += part.total
        whole.squares[groups] += part.squares
        whole.below[:, groups] += part.below
    return whole


def endings_in_groups(of: CalendarGroups, ideal: Plan) -> tuple[Plan, Groups]:
    """Return what happened as the endings of a plan (`oc.conduct.as_endings`), and how often each did in each group."""
    plan, total = as_endings(of.whole, ideal)
    n_groups = len(of.n_trials)

    def counts(which: int, whole: Counter, n_rows: int) -> Floats:
        place = {row: index for index, row in enumerate(sorted(whole.rows))}
        found = np.zeros((n_rows, n_groups), np.int64)
        for group, counters in enumerate(of.counters):
            for row, count in counters[which].rows.items():
                found[place[row], group] = count
        return found

    criterion = np.zeros((*total.criterion.shape, n_groups), np.int64)
    for group, counters in enumerate(of.counters):
        for (look, slot), count in counters[3].rows.items():
            criterion[look, slot, group] = count
    ending = counts(0, of.whole.endings, len(total.ending))
    arm = counts(1, of.whole.outcomes, len(total.arm))
    return plan, Groups(of.n_trials, ending, criterion, arm, counts(2, of.whole.pooled, len(total.pooled)))
