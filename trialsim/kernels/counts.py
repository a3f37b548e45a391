"""Trials that only need counts: a tile of replicates walks the plan's tree together.

Replicates at the same node stand side by side in the tile, so that every pass over them has constant boundaries and no
branch: draw the responses of the stage, compare, sort by decision, hand each run of equal decisions to its child. A
replicate's words depend on its number alone, so neither tile nor block nor order can change its result; tallies are
integers, so their sums cannot either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy import uint64 as _U

from trialsim.kernels._jit import kernel, loop
from trialsim.kernels.draws import add_draws
from trialsim.kernels.passes import (
    add,
    add_decision,
    count_up,
    fill,
    move,
    n_at_least,
    set_decision,
    sort_positions,
    tally,
    write_down,
)
from trialsim.kernels.rng import fill_words

if TYPE_CHECKING:
    from numpy import int32, int64, uint16, uint64
    from numpy.typing import NDArray

TILE = 512
"""Replicates that walk together: their rows stay in the first-level cache."""

STAGE_RESPONSES = _U(1)
"""The purpose of these words in an address."""

_HALF = _U(32)
_ZERO = _U(0)
_NONE = np.int32(0)


class Walk(NamedTuple):
    """The plan's tree in the form that the kernel walks: few arrays, because each costs compilation time."""

    node: NDArray[int32]
    """(N, 9) per node, in the columns of `LOOK` … `CODE_HIGH`; meanings as in `plan.Nodes`."""
    arm: NDArray[int32]
    """(N, A, 5) per node and arm, in the columns of `DRAW` … `STRIDE`."""
    children: NDArray[int32]
    arm_offset: NDArray[int64]
    pooled_offset: NDArray[int64]


LOOK, ENDING, N_CODES, FIRST_CHILD, POOLED_LOW, POOLED_HIGH, POOLED_SUCCESS, CODE_LOW, CODE_HIGH = range(9)
DRAW, STOP_LOW, STOP_HIGH, SUCCESS, STRIDE = range(5)


class Tallies(NamedTuple):
    """Where the results of a block are added up; as `endings.Tally`."""

    ending: NDArray[int64]
    criterion: NDArray[int64]
    arm: NDArray[int64]
    pooled: NDArray[int64]


class Record(NamedTuple):
    """What is written down of each replicate of a block; both arrays have length 0 along it when nothing is."""

    ending: NDArray[int32]
    """(n,)"""
    x: NDArray[int32]
    """(looks, A, n) responses of each arm at each look that took place; stopped arms keep theirs."""


class Scratch(NamedTuple):
    """Room for the tile. "Position" is where a replicate stands in the tile just now."""

    words: NDArray[uint64]
    """(looks, arms rounded up to even, TILE), by replicate."""
    has_words: NDArray[np.bool_]
    """(looks,) whether the words of a look have been made."""
    x: NDArray[int32]
    """(A, TILE) responses so far, by position."""
    rows: NDArray[int32]
    """(5, TILE) replicate at each position, responses of all arms, decision code, and two rows for sorting."""
    free: NDArray[int64]
    """(longest list of children,) where each child's run begins."""
    queue: NDArray[int64]
    """(runs, 3) node, start and end of each run of positions that waits to be walked."""


def scratch(n_arms: int, n_looks: int, most_children: int) -> Scratch:
    """Return room for a tile; made in Python, because each array that a kernel makes costs compilation time."""
    return Scratch(
        np.empty((n_looks, n_arms + n_arms % 2, TILE), np.uint64),
        np.empty(n_looks, np.bool_),
        np.empty((n_arms, TILE), np.int32),
        np.empty((5, TILE), np.int32),
        np.empty(max(most_children, 1), np.int64),
        np.empty(((n_looks + 2) * TILE, 3), np.int64),
    )


@loop
def _decide(
    start: uint64,
    end: uint64,
    row: NDArray[int32],
    arm_row: NDArray[int32],
    x: NDArray[int32],
    total: NDArray[int32],
    code: NDArray[int32],
) -> None:
    """Write the decision code of each replicate of a run at a node with these rows."""
    fill(start, end, _NONE, code)
    for arm in range(x.shape[0]):
        if arm_row[arm, STRIDE] > 0:
            low, high, stride = arm_row[arm, STOP_LOW], arm_row[arm, STOP_HIGH], arm_row[arm, STRIDE]
            add_decision(start, end, x[arm], low, high, stride, code)
    set_decision(start, end, total, row[POOLED_LOW], row[POOLED_HIGH], row[CODE_LOW], row[CODE_HIGH], code)


@loop
def _queue_children(
    start: uint64,
    end: uint64,
    children: NDArray[int32],
    code: NDArray[int32],
    free: NDArray[int64],
    queue: NDArray[int64],
    tail: int64,
) -> int64:
    """Queue each child that gets replicates, with its run of positions; leave in `free` where each run begins."""
    for c in range(children.shape[0]):
        free[c] = 0
    for i in range(start, end):
        free[code[i]] += 1
    begin = np.int64(start)
    for c in range(children.shape[0]):
        n = free[c]
        free[c] = begin
        if n > 0:
            queue[tail, 0], queue[tail, 1], queue[tail, 2] = children[c], begin, begin + n
            tail += 1
        begin += n
    return tail


@kernel
def simulate_counts(
    seed: uint64,
    first: uint64,
    n_trials: int64,
    walk: Walk,
    guide: NDArray[uint16],
    threshold: NDArray[uint64],
    out: Tallies,
    record: Record,
    room: Scratch,
) -> None:
    """Simulate replicates `first` … `first` + `n_trials` - 1, add them to `out` and write them to `record`.

    Parameters
    ----------
    seed, first, n_trials
        Which replicates.
    walk
        The plan's tree.
    guide, threshold
        (D, 2**GUIDE_BITS) and (D, longest) tables of the plan's draws at this truth.
    out, record
        Filled in place.
    room
        From `scratch`; its contents do not matter.
    """
    node_rows, arm_rows, children, arm_offset, pooled_offset = walk
    ending_tally, criterion_tally, arm_tally, pooled_tally = out
    recorded_ending, recorded_x = record
    words, has_words, x, rows, free, queue = room
    trial, total, code, position, spare = rows[0], rows[1], rows[2], rows[3], rows[4]
    n_arms, n_looks, is_recorded = x.shape[0], words.shape[0], recorded_ending.shape[0] > 0
    done = np.int64(0)
    while done < n_trials:
        n_tile = min(np.int64(TILE), n_trials - done)
        count_up(_ZERO, _U(n_tile), trial)
        for arm in range(n_arms):
            fill(_ZERO, _U(n_tile), _NONE, x[arm])
        for look in range(n_looks):
            has_words[look] = False
        queue[0, 0], queue[0, 1], queue[0, 2] = 0, 0, n_tile
        head, tail = np.int64(0), np.int64(1)
        while head < tail:
            node, start, end = queue[head, 0], _U(queue[head, 1]), _U(queue[head, 2])
            head += 1
            row, arm_row = node_rows[node], arm_rows[node]
            look, ending = row[LOOK], row[ENDING]
            fill(start, end, _NONE, total)
            for arm in range(n_arms):
                draw = arm_row[arm, DRAW]
                if draw >= 0:
                    if not has_words[look]:
                        has_words[look] = True
                        for row_of_words in range(0, n_arms, 2):
                            index = (_U(look) << _HALF) | _U(row_of_words >> 1)
                            even, odd = words[look, row_of_words], words[look, row_of_words + 1]
                            fill_words(seed, STAGE_RESPONSES, first + _U(done), index, _U(n_tile), even, odd)
                    add_draws(start, end, words[look, arm], trial, guide[draw], threshold[draw], x[arm])
                add(start, end, x[arm], total)
                if is_recorded:
                    write_down(start, end, x[arm], trial, done, recorded_x[look, arm])
            if ending >= 0:
                ending_tally[ending] += np.int64(end - start)
                tally(start, end, total, pooled_offset[ending], pooled_tally)
                for arm in range(n_arms):
                    tally(start, end, x[arm], arm_offset[ending, arm], arm_tally)
                if is_recorded:
                    fill(start, end, ending, code)
                    write_down(start, end, code, trial, done, recorded_ending)
                continue
            for arm in range(n_arms):
                criterion_tally[node, arm] += n_at_least(start, end, x[arm], arm_row[arm, SUCCESS])
            criterion_tally[node, n_arms] += n_at_least(start, end, total, row[POOLED_SUCCESS])
            own_children = children[row[FIRST_CHILD] : row[FIRST_CHILD] + row[N_CODES]]
            if row[N_CODES] == 1:
                queue[tail, 0], queue[tail, 1], queue[tail, 2] = own_children[0], start, end
                tail += 1
                continue
            _decide(start, end, row, arm_row, x, total, code)
            tail = _queue_children(start, end, own_children, code, free, queue, tail)
            sort_positions(start, end, code, free, position)
            move(start, end, position, trial, spare)
            for arm in range(n_arms):
                move(start, end, position, x[arm], spare)
        done += n_tile
