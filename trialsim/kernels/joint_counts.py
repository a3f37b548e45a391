"""Trials with rules for toxicity: each replicate walks the plan's tree alone, patients of a stage one by one.

The responses of a stage are those of `counts`: the same words, so the same responses. The toxicity of a patient has a
word of its own, addressed by arm and number of the patient, so neither block nor order nor the looks change it. Of the
patients of a stage, the first ones are those who respond: in what order they came decides nothing (docs/
ideal-conduct.md, section 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy import int32 as _I32
from numpy import uint64 as _U

from trialsim.kernels._jit import kernel, loop
from trialsim.kernels.counts import (
    DRAW,
    ENDING,
    FIRST_CHILD,
    LOOK,
    STAGE_RESPONSES,
    STOP_HIGH,
    STOP_LOW,
    STRIDE,
    SUCCESS,
)
from trialsim.kernels.draws import GUIDE_BITS
from trialsim.kernels.rng import threefry2x64

if TYPE_CHECKING:
    from numpy import int32, int64, uint16, uint64
    from numpy.typing import NDArray

    from trialsim.kernels.counts import Tallies, Walk

TOXICITY_OF_PATIENT = _U(13)
"""The purpose of these words in an address."""

_HALF, _LOWEST, _SHIFT = _U(32), _U(12), _U(64 - GUIDE_BITS)
_ONE = _U(1)


class ToxicWalk(NamedTuple):
    """What the plan's tree says of toxicity, beside `counts.Walk`."""

    n: NDArray[int32]
    """(N, A) patients of each arm so far."""
    least: NDArray[int32]
    """(N, A) as `plan.Nodes.toxic_least`."""
    digit: NDArray[int32]
    """(N,) as `plan.Nodes.toxic_digit`."""
    bound: NDArray[uint64]
    """(A, 2) a patient who does not respond, or does, has toxicity if the upper 52 bits of the word are below it."""


class JointRecord(NamedTuple):
    """What is written down of each replicate of a block; all arrays have length 0 along it when nothing is."""

    ending: NDArray[int32]
    """(n,)"""
    x: NDArray[int32]
    """(looks, A, n) responses of each arm at each look that took place; stopped arms keep theirs."""
    toxicities: NDArray[int32]
    """(looks, A, n)"""


class State(NamedTuple):
    """Where a replicate stands; made in Python, its contents do not matter."""

    now: NDArray[int32]
    """(3, A) patients, responses, toxicities of each arm."""
    words: NDArray[uint64]
    """(longest stage,)"""


@loop
def _responses(
    seed: uint64,
    replicate: uint64,
    look: uint64,
    arm: uint64,
    guide: NDArray[uint16],
    threshold: NDArray[uint64],
) -> int32:
    """Return how many patients of a stage respond."""
    even, odd = threefry2x64(replicate, (look << _HALF) | (arm >> _ONE), seed, STAGE_RESPONSES)
    word = odd if arm & _ONE else even
    count = _U(guide[word >> _SHIFT])
    while word > threshold[count]:
        count += _ONE
    return _I32(count)


@loop
def _toxicities(
    seed: uint64,
    replicate: uint64,
    arm: uint64,
    before: int32,
    added: int32,
    responses: int32,
    bound: NDArray[uint64],
    words: NDArray[uint64],
) -> int32:
    """Return how many patients of a stage have toxicity, `before` having come earlier and the first ones responding."""
    base = ((arm >> _ONE) << _HALF) + _U(before)
    if arm & _ONE:
        for j in range(_U(0), _U(added)):
            words[j] = threefry2x64(replicate, base + j, seed, TOXICITY_OF_PATIENT)[1]
    else:
        for j in range(_U(0), _U(added)):
            words[j] = threefry2x64(replicate, base + j, seed, TOXICITY_OF_PATIENT)[0]
    count = _I32(0)
    for j in range(responses):
        count += _I32((words[j] >> _LOWEST) < bound[1])
    for j in range(responses, added):
        count += _I32((words[j] >> _LOWEST) < bound[0])
    return count


@loop
def _code(node: int64, arm_row: NDArray[int32], toxic: ToxicWalk, now: NDArray[int32]) -> int64:
    """Return the decision code at a node: too many toxicities come before everything else."""
    code = np.int64(0)
    for arm in range(now.shape[1]):
        stride = arm_row[arm, STRIDE]
        if stride == 0:
            continue
        x = now[1, arm]
        if now[2, arm] >= toxic.least[node, arm]:
            code += stride * toxic.digit[node]
        elif x >= arm_row[arm, STOP_HIGH]:
            code += stride * 2
        elif x <= arm_row[arm, STOP_LOW]:
            code += stride
    return code


@kernel
def simulate_joint_counts(
    seed: uint64,
    first: uint64,
    n_trials: int64,
    walk: Walk,
    toxic: ToxicWalk,
    guide: NDArray[uint16],
    threshold: NDArray[uint64],
    out: Tallies,
    record: JointRecord,
    state: State,
) -> None:
    """Simulate replicates `first` … `first` + `n_trials` - 1, add them to `out` and write them to `record`.

    Parameters
    ----------
    seed, first, n_trials
        Which replicates.
    walk, toxic
        The plan's tree; it has no rule of pooled responses.
    guide, threshold
        As for `counts.simulate_counts`.
    out, record
        Filled in place.
    state
        Room for one replicate.
    """
    now, words = state
    n_arms, is_recorded = now.shape[1], record.ending.shape[0] > 0
    for i in range(n_trials):
        replicate = first + _U(i)
        now[:] = 0
        node = np.int64(0)
        while True:
            row, arm_row = walk.node[node], walk.arm[node]
            look, ending = row[LOOK], row[ENDING]
            for arm in range(n_arms):
                draw = arm_row[arm, DRAW]
                if draw >= 0:
                    before = now[0, arm]
                    added = toxic.n[node, arm] - before
                    gained = _responses(seed, replicate, _U(look), _U(arm), guide[draw], threshold[draw])
                    had = _toxicities(seed, replicate, _U(arm), before, added, gained, toxic.bound[arm], words)
                    now[0, arm] += added
                    now[1, arm] += gained
                    now[2, arm] += had
                if is_recorded:
                    record.x[look, arm, i] = now[1, arm]
                    record.toxicities[look, arm, i] = now[2, arm]
            if ending >= 0:
                break
            for arm in range(n_arms):
                if now[1, arm] >= arm_row[arm, SUCCESS] and now[2, arm] < toxic.least[node, arm]:
                    out.criterion[node, arm] += 1
            node = np.int64(walk.children[row[FIRST_CHILD] + _code(node, arm_row, toxic, now)])
        out.ending[ending] += 1
        total = 0
        for arm in range(n_arms):
            out.arm[walk.arm_offset[ending, arm] + now[1, arm]] += 1
            total += now[1, arm]
        out.pooled[walk.pooled_offset[ending] + total] += 1
        if is_recorded:
            record.ending[i] = ending
