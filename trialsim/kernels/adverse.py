"""Which patients have which adverse events (docs/calendar-conduct.md, section 9).

Patients are listed arm after arm, so that every comparison is against one number; a trial is then as many passes over
that list as there are pairs of normals.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import inlined, kernel, loop
from trialsim.kernels.clinic import ADVERSE
from trialsim.kernels.numeric import cos_sin_turn, minus_log, unit
from trialsim.kernels.rng import threefry2x64

if TYPE_CHECKING:
    from numpy import float64, int8, int64, uint64
    from numpy.typing import NDArray

_ZERO, _HALF = _U(0), _U(32)
_ORDER, _HAS_ANY, _HAS_SEVERE = 0, 1, 2
"""Rows of `word`: the patients, arm after arm, and whether each has had an event."""
_FACTOR_ANY, _FACTOR_SEVERE = 2, 3
"""Rows of `real`, after the pair of normals: the factor's part of each latent."""


@loop
def fill_normals(
    seed: uint64,
    purpose: uint64,
    replicate: uint64,
    pair: uint64,
    n: uint64,
    order: NDArray[uint64],
    even: NDArray[float64],
    odd: NDArray[float64],
) -> None:
    """Fill two rows with a pair of normals of each patient listed (Box and Muller, Ann Math Stat 1958;29:610)."""
    base = pair << _HALF
    for i in range(_ZERO, n):
        word0, word1 = threefry2x64(replicate, base + order[i], seed, purpose)
        radius = sqrt(2.0 * minus_log(unit(word0)))
        cosine, sine = cos_sin_turn(unit(word1))
        even[i], odd[i] = radius * cosine, radius * sine


@loop
def _begin(n: uint64, loading: NDArray[float64], real: NDArray[float64], word: NDArray[uint64]) -> None:
    """Write the factor's part of both latents; nobody has had an event yet."""
    shared, shared_severe = loading[0], loading[2]
    for i in range(_ZERO, n):
        real[_FACTOR_ANY, i], real[_FACTOR_SEVERE, i] = shared * real[0, i], shared_severe * real[0, i]
        word[_HAS_ANY, i] = word[_HAS_SEVERE, i] = _ZERO


# Inlined, with rows of two arrays in place of five arrays: calling it with those doubles what a comparison costs.
@inlined
def _count_in_arm(
    start: uint64,
    end: uint64,
    t_any: float,
    t_severe: float,
    own: float,
    own_severe: float,
    side: int,
    real: NDArray[float64],
    word: NDArray[uint64],
) -> tuple[int64, int64]:
    """Return how many of an arm have the event at any grade and at grade 3/4, and mark them."""
    n_any = n_severe = _ZERO
    for i in range(start, end):
        z = real[side, i]
        is_severe = real[_FACTOR_SEVERE, i] + own_severe * z > t_severe
        is_any = is_severe | (real[_FACTOR_ANY, i] + own * z > t_any)
        n_any += _U(is_any)
        n_severe += _U(is_severe)
        word[_HAS_ANY, i] |= _U(is_any)
        word[_HAS_SEVERE, i] |= _U(is_severe)
    return _I64(n_any), _I64(n_severe)


@loop
def _count_row(
    j: int,
    begin: NDArray[int64],
    threshold: NDArray[float64],
    loading: NDArray[float64],
    side: int,
    real: NDArray[float64],
    word: NDArray[uint64],
    counts: NDArray[int64],
) -> None:
    """Write the counts of adverse event `j`, whose own parts are the normals in row `side`."""
    n_arms, own, own_severe, total, total_severe = threshold.shape[1], loading[1], loading[3], _I64(0), _I64(0)
    at = 2 * j * (n_arms + 1)
    severe_at = at + n_arms + 1
    for a in range(n_arms):
        start, end, t_any, t_severe = _U(begin[a]), _U(begin[a + 1]), threshold[0, a, j], threshold[1, a, j]
        n_any, n_severe = _count_in_arm(start, end, t_any, t_severe, own, own_severe, side, real, word)
        counts[at + a], counts[severe_at + a] = n_any, n_severe
        total += n_any
        total_severe += n_severe
    counts[at + n_arms], counts[severe_at + n_arms] = total, total_severe


@loop
def _count_marked(
    begin: NDArray[int64], n_arms: int64, mark: NDArray[uint64], at: int64, counts: NDArray[int64]
) -> None:
    """Write how many patients are marked, from column `at` on."""
    total = _ZERO
    for a in range(n_arms):
        n = _ZERO
        for i in range(_U(begin[a]), _U(begin[a + 1])):
            n += mark[i]
        counts[at + a] = _I64(n)
        total += n
    counts[at + n_arms] = _I64(total)


@loop
def list_by_arm(
    arm: NDArray[int8], n_arms: int64, limit: int64, order: NDArray[uint64], begin: NDArray[int64]
) -> int64:
    """List the first `limit` patients of each arm, arm after arm; return how many are listed.

    Arm `a` stands at places begin[a] … begin[a + 1] - 1. The list needs one place more than there are patients: each is
    written down, and stays if it belongs there.
    """
    n = _I64(0)
    for a in range(n_arms):
        begin[a] = n
        full = n + limit
        for i in range(arm.shape[0]):
            order[n] = _U(i)
            n += _I64((arm[i] == a) & (n < full))
    begin[n_arms] = n
    return n


@kernel
def count_adverse(
    seed: uint64,
    first: uint64,
    arm: NDArray[int8],
    threshold: NDArray[float64],
    loading: NDArray[float64],
    word: NDArray[uint64],
    real: NDArray[float64],
    begin: NDArray[int64],
    out: NDArray[int64],
) -> None:
    """Count the patients with each adverse event, and with at least one, in trials `first`, `first` + 1, ….

    Every normal is a function of seed, replicate, patient and row alone: what is counted in a trial does not depend on
    which trials are counted with it.

    Parameters
    ----------
    seed, first
        Which trials: the rows of `arm`.
    arm
        (trials, patients) arm of each patient, -1 if not enrolled.
    threshold
        (2, arms, rows) thresholds of any grade and of grade 3/4, from `trialsim.inference.copula`.
    loading
        (4,) √ρ, √(1 - ρ) of any grade; the same two of grade 3/4.
    word, real, begin
        From `adverse_room`.
    out
        (trials, (2 rows + 2) (arms + 1)), filled in place. For each row: patients with any grade of each arm, then of
        all arms; patients with grade 3/4 of each arm, then of all. After the last row, in the same order, patients with
        at least one row of any grade and with at least one of grade 3/4.
    """
    n_arms, n_rows = threshold.shape[1], threshold.shape[2]
    order, even, odd, wide = word[_ORDER], real[0], real[1], n_arms + 1
    for t in range(arm.shape[0]):
        counts = out[t]
        n = _U(list_by_arm(arm[t], n_arms, arm.shape[1], order, begin))
        for pair in range(n_rows // 2 + 1):
            fill_normals(seed, ADVERSE, first + _U(t), _U(pair), n, order, even, odd)
            if pair == 0:
                _begin(n, loading, real, word)
            for side in range(2):
                j = 2 * pair - 1 + side
                if 0 <= j < n_rows:
                    _count_row(j, begin, threshold, loading, side, real, word, counts)
        for grade in range(2):
            _count_marked(begin, n_arms, word[_HAS_ANY + grade], (2 * n_rows + grade) * wide, counts)


def adverse_room(n_arms: int, n_patients: int) -> tuple[NDArray[uint64], NDArray[float64], NDArray[int64]]:
    """Return room for `count_adverse` to work in; its contents do not matter."""
    return np.zeros((3, n_patients + 1), np.uint64), np.zeros((4, n_patients)), np.zeros(n_arms + 1, np.int64)
