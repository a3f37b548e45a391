"""When patients come, and to which arm they go (docs/calendar-conduct.md, sections 3 and 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import loop
from trialsim.kernels.clinic import (
    BLOCK_ROUNDS,
    CAP_NOW,
    CLOCK,
    ENROLLED,
    ENTRY_GAP,
    ENTRY_LAW,
    GIVEN,
    HORIZON,
    IN_BLOCK,
    IN_TRIAL,
    LEFT_IN_BLOCK,
    LIST_CHUNK,
    LIST_FROM,
    LISTED,
    N_ALLOCATED,
    N_ARMS,
    N_BLOCK_SIZES,
    N_LISTED,
    N_MAX,
    N_PIECES,
    NEVER,
    NEXT_PLACE,
    NUMBER,
    PIECE_FROM,
    PIECE_SCALE,
    PIECE_START,
    PLACE,
    RATIO,
    SINGLE_STATE,
    STOP_LOOK,
    WINDOW,
)
from trialsim.kernels.numeric import exp, minus_log, unit
from trialsim.kernels.order import in_lanes
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
    padded = in_lanes(whole[NUMBER, N_MAX])
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
def _fill_list(
    seed: uint64, replicate: uint64, place: uint64, n: uint64, even: NDArray[uint64], odd: NDArray[uint64]
) -> None:
    for i in range(_ZERO, n):
        even[i], odd[i] = threefry2x64(replicate, place + i, seed, PLACE)


@loop
def _list_from(
    seed: uint64,
    replicate: uint64,
    n_max: int64,
    place: int64,
    listed: NDArray[int64],
    even: NDArray[uint64],
    odd: NDArray[uint64],
) -> None:
    """Draw the list from a place on: as much as a trial needs in which no arm stops, later in chunks."""
    listed[LIST_FROM] = place
    listed[N_LISTED] = _I64(in_lanes(n_max)) if place == 0 else LIST_CHUNK
    _fill_list(seed, replicate, _U(place), _U(listed[N_LISTED]), even, odd)


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
def allocate(
    seed: uint64,
    replicate: uint64,
    whole: NDArray[int64],
    arms: NDArray[int32],
    word: NDArray[uint64],
    state: NDArray[int64],
    limit: int64,
) -> None:
    """Give patients their arms, from where the state says, until there are `limit` or no arm is open."""
    tickets, sizes, listed = word[_LIST_ARM], word[_LIST_SIZE], state[LISTED]
    enrolled, cap, stop_look, left = state[ENROLLED], state[CAP_NOW], state[STOP_LOOK], state[LEFT_IN_BLOCK]
    n_arms, n_sizes, rounds, ratio = (
        whole[NUMBER, N_ARMS],
        whole[NUMBER, N_BLOCK_SIZES],
        whole[BLOCK_ROUNDS],
        whole[RATIO],
    )
    n_taking, n = n_open(state, n_arms), _U(state[SINGLE_STATE, N_ALLOCATED])
    place, in_block = state[SINGLE_STATE, NEXT_PLACE], _U(state[SINGLE_STATE, IN_BLOCK])
    last_arm = _U(n_arms - 1)
    while n < _U(limit) and n_taking > 0:
        arm, is_open = _ZERO, False
        while not is_open:
            if n_taking > 1:
                at = place - listed[LIST_FROM]
                if at < 0 or at >= listed[N_LISTED]:
                    _list_from(seed, replicate, whole[NUMBER, N_MAX], place, listed, tickets, sizes)
                    at = _I64(0)
                if in_block == _ZERO:
                    in_block = _U(_begin_block(sizes[_U(at)], n_arms, n_sizes, rounds, ratio, left))
                ticket, below, arm = ((tickets[_U(at)] >> _HALF) * in_block) >> _HALF, _ZERO, _ZERO
                for other in range(_ZERO, last_arm):  # the same steps for every ticket: nothing to guess wrong
                    below += _U(left[other])
                    arm += _U(ticket >= below)
                left[arm] -= 1
                in_block -= _ONE
                place += 1
            is_open = stop_look[arm] == IN_TRIAL and enrolled[arm] < cap[arm]
            arm = arm if is_open or n_taking > 1 else arm + _ONE
        arms[n] = _I32(arm)
        enrolled[arm] += 1
        n_taking -= enrolled[arm] == cap[arm]
        n += _ONE
    state[SINGLE_STATE, N_ALLOCATED], state[SINGLE_STATE, NEXT_PLACE] = _I64(n), place
    state[SINGLE_STATE, IN_BLOCK] = _I64(in_block)


@loop
def enter(start: int64, n: int64, hold: int64, clock: NDArray[int32], entry: NDArray[int32]) -> None:
    """Write the entry of patients `start` … `n` - 1, enrolment having been held for `hold` minutes before."""
    for i in range(_U(start), _U(n)):
        entry[i] = _I32(min(clock[i] + hold, _I64(NEVER)))


@loop
def n_entered(entry: NDArray[int32], n: int64, until: int64) -> int64:
    """Return how many of the first `n` patients have entered by minute `until`; entries ascend."""
    low, high = _I64(0), n
    while low < high:
        middle = (low + high) >> 1
        if entry[middle] <= until:
            low = middle + 1
        else:
            high = middle
    return low
