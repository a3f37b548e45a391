"""When patients come, and to which arm they go (docs/calendar-conduct.md, sections 3 and 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy import int32 as _I32
from numpy import uint64 as _U

from trialsim.kernels._jit import loop
from trialsim.kernels.clinic import (
    ARM,
    BLOCK_SIZES,
    BUFFERED,
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
    LEFT_IN_BLOCK,
    LIST_CHUNK,
    N_ARMS,
    N_BLOCK_SIZES,
    N_ENROLLED,
    N_MAX,
    N_PIECES,
    NEVER,
    NEXT_PLACE,
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

    from trialsim.kernels.clinic import Clinic, Room

_HALF = _U(32)
_LIST_ROW = 4


@loop
def _gaps(n: uint64, word: NDArray[uint64], gap: NDArray[float64]) -> None:
    for i in range(_U(0), n):
        gap[i] = minus_log(unit(word[i]))


@loop
def _running_sum(n: uint64, x: NDArray[float64]) -> None:
    total = 0.0
    for i in range(_U(0), n):
        total += x[i]
        x[i] = total


@loop
def _in_piece(
    n: uint64, start: float, scale: float, since: float, total: NDArray[float64], clock: NDArray[int32]
) -> None:
    """Write the minute of the patients whose sum of gaps falls in a piece of constant rate (or a later one)."""
    for i in range(_U(0), n):
        minute = start + (total[i] - since) * scale
        whole = _I32(minute if minute < HORIZON else float(NEVER))
        clock[i] = whole if total[i] >= since else clock[i]


@loop
def _in_window(
    n: uint64, width: float, power: float, all_gaps: float, total: NDArray[float64], clock: NDArray[int32]
) -> None:
    for i in range(_U(0), n):
        minute = width * exp(-minus_log(total[i] / all_gaps) / power)
        clock[i] = _I32(minute if minute < HORIZON else float(NEVER))


@loop
def arrive(seed: uint64, replicate: uint64, clinic: Clinic, room: Room) -> None:
    """Write the minute of the enrolment clock at which each patient comes."""
    number, _, real, _ = clinic
    n, clock, total = _U(number[N_MAX]), room.patient[CLOCK], room.real[0]
    law = number[ENTRY_LAW]
    if law == GIVEN:
        for i in range(n):
            clock[i] = _I32(real[PIECE_START, i]) if i < number[N_PIECES] else NEVER
        return
    fill_patients(seed, ENTRY_GAP, replicate, _U(0), n + _U(1), room.word[0], room.word[1])
    _gaps(n + _U(1), room.word[0], total)
    _running_sum(n + _U(1), total)
    if law == WINDOW:
        _in_window(n, real[PIECE_START, 0], real[PIECE_SCALE, 0], total[n], total, clock)
        return
    for piece in range(number[N_PIECES]):
        _in_piece(n, real[PIECE_START, piece], real[PIECE_SCALE, piece], real[PIECE_FROM, piece], total, clock)


@loop
def _fill_list(seed: uint64, replicate: uint64, place: uint64, even: NDArray[uint64], odd: NDArray[uint64]) -> None:
    for i in range(_U(0), _U(LIST_CHUNK)):
        even[i], odd[i] = threefry2x64(replicate, place + i, seed, PLACE)


@loop
def _take_place(seed: uint64, replicate: uint64, clinic: Clinic, room: Room, state: NDArray[int64]) -> int64:
    """Return the arm at the next place of the randomisation list."""
    number, whole, _, _ = clinic
    single, left = state[SINGLE_STATE], state[LEFT_IN_BLOCK]
    word, sizes = room.word[_LIST_ROW], room.word[_LIST_ROW + 1]
    place, n_arms = single[NEXT_PLACE], number[N_ARMS]
    if place < single[BUFFERED] or place >= single[BUFFERED] + LIST_CHUNK:
        single[BUFFERED] = place
        _fill_list(seed, replicate, _U(place), word, sizes)
    at = place - single[BUFFERED]
    if single[IN_BLOCK] == 0:
        which = np.int64(((sizes[at] >> _HALF) * _U(number[N_BLOCK_SIZES])) >> _HALF)
        single[IN_BLOCK] = whole[BLOCK_SIZES, which]
        total = np.int64(0)
        for arm in range(n_arms):
            total += whole[RATIO, arm]
        for arm in range(n_arms):
            left[arm] = single[IN_BLOCK] // total * whole[RATIO, arm]
    ticket = np.int64(((word[at] >> _HALF) * _U(single[IN_BLOCK])) >> _HALF)
    chosen = np.int64(0)
    while ticket >= left[chosen]:
        ticket -= left[chosen]
        chosen += 1
    left[chosen] -= 1
    single[IN_BLOCK] -= 1
    single[NEXT_PLACE] = place + 1
    return chosen


@loop
def n_open(state: NDArray[int64], n_arms: int64) -> int64:
    """Return how many arms take patients."""
    n = np.int64(0)
    for arm in range(n_arms):
        n += state[STOP_LOOK, arm] == IN_TRIAL and state[ENROLLED, arm] < state[CAP_NOW, arm]
    return n


@loop
def enrol(
    seed: uint64,
    replicate: uint64,
    clinic: Clinic,
    room: Room,
    state: NDArray[int64],
    limit: int64,
    until: int64,
    wanted: NDArray[int64],
) -> None:
    """Enrol patients until there are `limit`, or each arm in the trial has `wanted`, or the next comes after `until`.

    An element 0 of `wanted` below 0 says that nothing is wanted of single arms.
    """
    patient = room.patient
    single, enrolled = state[SINGLE_STATE], state[ENROLLED]
    n_arms = clinic.number[N_ARMS]
    limit = min(limit, clinic.number[N_MAX])
    n_short = np.int64(wanted[0] < 0)
    for arm in range(n_arms):
        n_short += state[STOP_LOOK, arm] == IN_TRIAL and enrolled[arm] < wanted[arm]
    n_taking = n_open(state, n_arms)
    n = single[N_ENROLLED]
    while n < limit and n_short > 0 and n_taking > 0:
        entry = np.int64(patient[CLOCK, n]) + single[HOLD]
        if patient[CLOCK, n] >= NEVER or entry > min(until, HORIZON):
            break
        arm = np.int64(0)
        while True:
            if n_taking > 1:
                arm = _take_place(seed, replicate, clinic, room, state)
            if state[STOP_LOOK, arm] == IN_TRIAL and enrolled[arm] < state[CAP_NOW, arm]:
                break
            arm += n_taking == 1
        patient[ENTRY, n], patient[ARM, n], patient[RANK, n] = entry, arm, enrolled[arm]
        enrolled[arm] += 1
        n_short -= wanted[0] >= 0 and enrolled[arm] == wanted[arm]
        n_taking -= enrolled[arm] == state[CAP_NOW, arm]
        n += 1
    single[N_ENROLLED] = n
