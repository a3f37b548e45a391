"""When patients come, and to which arm they go (docs/calendar-conduct.md, sections 3 and 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import loop
from trialsim.kernels.clinic import (
    ARM,
    BLOCK_ROUNDS,
    CAP_NOW,
    CLOCK,
    ENROLLED,
    ENTRY,
    ENTRY_GAP,
    ENTRY_LAW,
    GIVEN,
    HOLD,
    HORIZON,
    IN_BLOCK,
    IN_TRIAL,
    LANES,
    LEFT_IN_BLOCK,
    LIST_CHUNK,
    N_ARMS,
    N_BLOCK_SIZES,
    N_ENROLLED,
    N_MAX,
    N_PIECES,
    NEVER,
    NEXT_PLACE,
    NUMBER,
    PIECE_FROM,
    PIECE_SCALE,
    PIECE_START,
    PLACE,
    RANK,
    RATIO,
    SINGLE_STATE,
    STOP_LOOK,
    WINDOW,
)
from trialsim.kernels.numeric import exp, minus_log, unit
from trialsim.kernels.rng import fill_patients, threefry2x64

if TYPE_CHECKING:
    from numpy import float64, int32, int64, uint64
    from numpy.typing import NDArray

_HALF, _ZERO, _ONE = _U(32), _U(0), _U(1)
_LIST_ARM, _LIST_SIZE = 4, 5
"""Rows of `Room.word`."""


@loop
def fill_gaps(start: uint64, end: uint64, word: NDArray[uint64], gap: NDArray[float64]) -> None:
    """Write -ln U of each word."""
    for i in range(start, end):
        gap[i] = minus_log(unit(word[i]))


@loop
def _running_sum(n: uint64, x: NDArray[float64]) -> None:
    total = 0.0
    for i in range(_ZERO, n):
        total += x[i]
        x[i] = total


@loop
def _in_piece(
    n: uint64, start: float, scale: float, since: float, total: NDArray[float64], clock: NDArray[int32]
) -> None:
    """Write the minute of those whose sum of gaps falls in a piece of constant rate (or in a later one)."""
    for i in range(_ZERO, n):
        minute = start + (total[i] - since) * scale
        whole = _I32(minute if minute < HORIZON else float(NEVER))
        clock[i] = whole if total[i] >= since else clock[i]


@loop
def _spread_from_end(n: uint64, gap: NDArray[float64]) -> None:
    """Turn gaps into -ln of the ordered uniform numbers: gap j, over j + 1, separates them in the logarithm."""
    for i in range(_ZERO, n):
        gap[i] = gap[i] / (float(i) + 1.0)
    total = 0.0
    for i in range(n):
        j = n - _ONE - _U(i)
        total += gap[j]
        gap[j] = total


@loop
def _in_window(n: uint64, width: float, root: float, minus_log_u: NDArray[float64], clock: NDArray[int32]) -> None:
    for i in range(_ZERO, n):
        minute = width * exp(minus_log_u[i] * -root)
        clock[i] = _I32(minute if minute < HORIZON else float(NEVER))


@loop
def _as_given(n: uint64, n_given: uint64, minute: NDArray[float64], clock: NDArray[int32]) -> None:
    for i in range(_ZERO, n):
        clock[i] = _I32(minute[i]) if i < n_given else NEVER


@loop
def arrive(
    seed: uint64,
    replicate: uint64,
    whole: NDArray[int64],
    real: NDArray[float64],
    patient: NDArray[int32],
    word: NDArray[uint64],
    gap: NDArray[float64],
) -> None:
    """Write the minute of the enrolment clock at which each patient comes."""
    n, clock, law, n_pieces = (
        _U(whole[NUMBER, N_MAX]),
        patient[CLOCK],
        whole[NUMBER, ENTRY_LAW],
        whole[NUMBER, N_PIECES],
    )
    if law == GIVEN:
        _as_given(n, _U(n_pieces), real[PIECE_START], clock)
        return
    padded = (n + _U(LANES - 1)) & ~_U(LANES - 1)
    fill_patients(seed, ENTRY_GAP, replicate, _ZERO, padded, word[0], word[1])
    fill_gaps(_ZERO, padded, word[0], gap)
    if law == WINDOW:
        _spread_from_end(n, gap)
        _in_window(padded, real[PIECE_START, 0], real[PIECE_SCALE, 0], gap, clock)
        return
    _running_sum(n, gap)
    for piece in range(n_pieces):
        _in_piece(padded, real[PIECE_START, piece], real[PIECE_SCALE, piece], real[PIECE_FROM, piece], gap, clock)


@loop
def _fill_list(seed: uint64, replicate: uint64, place: uint64, even: NDArray[uint64], odd: NDArray[uint64]) -> None:
    for i in range(_ZERO, _U(LIST_CHUNK)):
        even[i], odd[i] = threefry2x64(replicate, place + i, seed, PLACE)


@loop
def n_open(state: NDArray[int64], n_arms: int64) -> int64:
    """Return how many arms take patients."""
    n = _I64(0)
    for arm in range(n_arms):
        n += state[STOP_LOOK, arm] == IN_TRIAL and state[ENROLLED, arm] < state[CAP_NOW, arm]
    return n


@loop
def _begin_block(
    word: uint64, n_arms: int64, n_sizes: int64, rounds: NDArray[int64], ratio: NDArray[int64], left: NDArray[int64]
) -> int64:
    """Draw the size of a block and write what it holds for each arm; return the size."""
    which = ((word >> _HALF) * _U(n_sizes)) >> _HALF
    size = _I64(0)
    for arm in range(n_arms):
        left[arm] = rounds[which] * ratio[arm]
        size += left[arm]
    return size


@loop
def enrol(
    seed: uint64,
    replicate: uint64,
    whole: NDArray[int64],
    patient: NDArray[int32],
    word: NDArray[uint64],
    state: NDArray[int64],
    limit: int64,
    until: int64,
    wanted: NDArray[int64],
) -> None:
    """Enrol patients until there are `limit`, or each arm in the trial has `wanted`, or the next comes after `until`.

    An element 0 of `wanted` below 0 says that nothing is wanted of single arms.
    """
    clock, entry, arms, rank = patient[CLOCK], patient[ENTRY], patient[ARM], patient[RANK]
    tickets, sizes = word[_LIST_ARM], word[_LIST_SIZE]
    enrolled, cap, stop_look, left = state[ENROLLED], state[CAP_NOW], state[STOP_LOOK], state[LEFT_IN_BLOCK]
    n_arms, n_sizes, rounds, ratio = (
        whole[NUMBER, N_ARMS],
        whole[NUMBER, N_BLOCK_SIZES],
        whole[BLOCK_ROUNDS],
        whole[RATIO],
    )
    n_short = _I64(wanted[0] < 0)
    for arm in range(n_arms):
        n_short += stop_look[arm] == IN_TRIAL and enrolled[arm] < wanted[arm]
    n_taking, limit = n_open(state, n_arms), min(limit, whole[NUMBER, N_MAX])
    n, hold = state[SINGLE_STATE, N_ENROLLED], state[SINGLE_STATE, HOLD]
    place, in_block, buffered = state[SINGLE_STATE, NEXT_PLACE], state[SINGLE_STATE, IN_BLOCK], _I64(-LIST_CHUNK)
    latest = min(until, _I64(HORIZON))
    while n < limit and n_short > 0 and n_taking > 0 and clock[n] < NEVER and clock[n] + hold <= latest:
        arm = _I64(-1)
        while arm < 0 or stop_look[arm] != IN_TRIAL or enrolled[arm] >= cap[arm]:
            if n_taking == 1:
                arm += 1
                continue
            at = place - buffered
            if at >= LIST_CHUNK:
                _fill_list(seed, replicate, _U(place), tickets, sizes)
                buffered, at = place, _I64(0)
            if in_block == 0:
                in_block = _begin_block(sizes[at], n_arms, n_sizes, rounds, ratio, left)
            ticket = _I64(((tickets[at] >> _HALF) * _U(in_block)) >> _HALF)
            arm = _I64(0)
            while ticket >= left[arm]:
                ticket -= left[arm]
                arm += 1
            left[arm] -= 1
            in_block -= 1
            place += 1
        entry[n], arms[n], rank[n] = _I32(clock[n] + hold), _I32(arm), _I32(enrolled[arm])
        enrolled[arm] += 1
        n_short -= wanted[0] >= 0 and enrolled[arm] == wanted[arm]
        n_taking -= enrolled[arm] == cap[arm]
        n += 1
    state[SINGLE_STATE, N_ENROLLED], state[SINGLE_STATE, NEXT_PLACE], state[SINGLE_STATE, IN_BLOCK] = n, place, in_block
