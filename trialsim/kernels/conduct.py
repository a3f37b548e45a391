"""The conduct of one trial: patients enter, looks fire when their data are there, decisions take effect from then.

The definition is docs/calendar-conduct.md, sections 6 and 8; the columns of a look are named in `trialsim.columns`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import loop, once
from trialsim.kernels.arrivals import allocate, arrive, enter, n_entered
from trialsim.kernels.clinic import (
    AFTER_LAST_ENTRY,
    ARM,
    BEFORE,
    BY_CONFIRMED,
    CAP,
    CAP_NOW,
    CLOCK,
    CONFIRMED,
    CONTINUE,
    CONTINUOUS,
    COUNTED,
    CUTOFF,
    CUTOFF_KIND,
    DECISION,
    ENROLLED,
    ENTRY,
    FAILURES,
    FIRES,
    FIRST_LOOK,
    HOLDS,
    HORIZON,
    IN_TRIAL,
    IS_COUNTED,
    KNOWN_CONFIRMED,
    MISSING,
    MODE,
    N_ALLOCATED,
    N_ARMS,
    N_ENROLLED,
    N_LOOKS,
    N_MAX,
    NEVER,
    NUMBER,
    POPULATION,
    RESPONSES,
    SINGLE_STATE,
    STOP_LOOK,
    STOPPED_BETWEEN,
    SUCCESS,
    TOXIC_STOP,
    TOXICITY,
)
from trialsim.kernels.decisions import decide, first_crossing, is_stopping, n_in_trial, stop
from trialsim.kernels.looks import count, is_within_caps, leave_out_not_evaluable, populate, trigger
from trialsim.kernels.order import n_later, n_of_arm
from trialsim.kernels.patients import draw_patients

if TYPE_CHECKING:
    from numpy import float64, int32, int64, uint64
    from numpy.typing import NDArray

_ALL = _I64(2**40)
"""More patients, or a later minute, than there can be."""


@loop
def _begin(whole: NDArray[int64], state: NDArray[int64]) -> None:
    for row in range(state.shape[0]):
        for column in range(state.shape[1]):
            state[row, column] = 0
    for arm in range(whole[NUMBER, N_ARMS]):
        state[STOP_LOOK, arm] = IN_TRIAL
        state[CAP_NOW, arm] = whole[CAP, arm]
    _copy_state(state, _I64(0), _I64(BEFORE))


@loop
def _copy_state(state: NDArray[int64], source: int64, target: int64) -> None:
    """Keep where the randomisation list stands, or go back to it."""
    for row in range(BEFORE):
        for column in range(state.shape[1]):
            state[target + row, column] = state[source + row, column]


@loop
def _last_entry_day(whole: NDArray[int64]) -> int64:
    """Return the last minute at which anybody enters."""
    return _I64(HORIZON) if whole[NUMBER, CUTOFF_KIND] == AFTER_LAST_ENTRY else min(whole[NUMBER, CUTOFF], HORIZON)


@loop
def _cutoff(whole: NDArray[int64], entry: NDArray[int32], n: int64, previous: int64) -> int64:
    """Return the data cut-off, `n` patients having entered and nobody else coming."""
    if whole[NUMBER, CUTOFF_KIND] != AFTER_LAST_ENTRY:
        return whole[NUMBER, CUTOFF]
    last = _I64(entry[n - 1]) if n > 0 else _I64(0)
    return max(last + whole[NUMBER, CUTOFF], previous)


@loop
def _count_enrolled(n: int64, n_arms: int64, arms: NDArray[int32], state: NDArray[int64]) -> None:
    """Write how many of the first `n` patients each arm has."""
    for arm in range(n_arms):
        state[ENROLLED, arm] = n_of_arm(_U(n), arms, _I32(arm))


@loop
def _stop_arms(
    seed: uint64,
    replicate: uint64,
    whole: NDArray[int64],
    arms: NDArray[int32],
    word: NDArray[uint64],
    state: NDArray[int64],
    n: int64,
    stop_look: int64,
) -> bool:
    """Stop the arms whose decision is not CONTINUE, `n` patients having entered; return whether any stopped.

    The arms of those who come later are then given anew: the list goes on from where it stood after `n` patients.
    """
    if not is_stopping(state, whole[NUMBER, N_ARMS]):
        return False
    _copy_state(state, _I64(BEFORE), _I64(0))
    allocate(seed, replicate, whole, arms, word, state, n)
    stop(whole, state, stop_look)
    _copy_state(state, _I64(0), _I64(BEFORE))
    return True


@loop
def _write_look(
    n_arms: int64,
    n: int64,
    at: int64,
    filled: int64,
    patient: NDArray[int32],
    known: NDArray[int32],
    state: NDArray[int64],
    out: NDArray[int64],
) -> None:
    """Write a look's columns: day, filled; enrolled, counted, responses, pipeline, overrun; decision; success."""
    entry, arms = patient[ENTRY], patient[ARM]
    out[0], out[1] = at, filled
    wide = n_arms + 1
    for arm in range(wide):
        out[2 + arm] = state[ENROLLED, arm] if arm < n_arms else n
        out[2 + wide + arm] = state[COUNTED, arm]
        out[2 + 2 * wide + arm] = state[RESPONSES, arm]
        out[2 + 3 * wide + arm] = 0
        out[2 + 4 * wide + arm] = out[2 + arm] - state[POPULATION, arm]
        out[2 + 5 * wide + n_arms + arm] = state[SUCCESS, arm]
    for arm in range(n_arms):
        out[2 + 3 * wide + arm] = n_later(_U(n), arms, _I32(arm), entry, known, at)
        out[2 + 3 * wide + n_arms] += out[2 + 3 * wide + arm]
        out[2 + 5 * wide + arm] = state[DECISION, arm]


@once
def conduct(
    seed: uint64,
    replicate: uint64,
    whole: NDArray[int64],
    real: NDArray[float64],
    bound: NDArray[int32],
    patient: NDArray[int32],
    word: NDArray[uint64],
    gap: NDArray[float64],
    state: NDArray[int64],
    out: NDArray[int64],
) -> tuple[int64, int64]:
    """Run one trial; write the columns of each look; return the cut-off and the minute of the last stop.

    Everybody gets an arm and a course at once, as if no arm were ever to stop. A decision that stops one takes effect
    from its minute: who has not entered by then gets both anew.
    """
    n_arms, n_looks, n_max = whole[NUMBER, N_ARMS], whole[NUMBER, N_LOOKS], whole[NUMBER, N_MAX]
    clock, entry, arms, last_day = patient[CLOCK], patient[ENTRY], patient[ARM], _last_entry_day(whole)
    per_look = 2 + 5 * (n_arms + 1) + n_arms + n_arms + 1
    for column in range(n_looks * per_look):
        out[column] = MISSING
    _begin(whole, state)
    for i in range(_U(patient.shape[1])):
        arms[i] = 0
    arrive(seed, replicate, whole, real, patient, word, gap)
    enter(_I64(0), n_max, _I64(0), clock, entry)
    look, watched_to, last_stop, previous, hold = _I64(0), _I64(-1), _I64(0), _I64(0), _I64(0)
    n, n_allocated, is_stale = _I64(0), _I64(0), True
    while True:
        if is_stale:
            allocate(seed, replicate, whole, arms, word, state, n_max)
            n_allocated, is_stale = state[SINGLE_STATE, N_ALLOCATED], False
            draw_patients(seed, replicate, whole, real, patient, word, gap, n, n_allocated)
        is_final = look >= n_looks or n_in_trial(state, n_arms) == 0
        if not is_final and not is_within_caps(whole, state, look):
            look += 1
            continue
        of_look, n_all = whole[FIRST_LOOK + 2 * look], n_entered(entry, n_allocated, last_day)
        mode = CONFIRMED if is_final else of_look[MODE]
        known, counted_at = patient[KNOWN_CONFIRMED + mode], patient[BY_CONFIRMED + mode]
        at, held_from, n_before_hold, last_of_all, n_seen = _I64(0), _ALL, n_max, _I64(-1), n_all
        if not is_final:
            last, last_of_all = populate(whole, patient, state, look, n_all)
            n_seen = n_all if of_look[FIRES] >= FAILURES else last_of_all + 1
            leave_out_not_evaluable(whole, patient, state, n_seen)
            at = trigger(whole, real, bound, patient, state, look, last, n_seen, previous)
            if of_look[HOLDS] and last >= 0:
                held_from = max(_I64(entry[last]), previous)
                n_before_hold = n_entered(entry, n_max, min(held_from, last_day))
                enter(n_before_hold, n_max, hold + at - held_from, clock, entry)
                n_all = n_entered(entry, n_allocated, last_day)
            n = n_entered(entry, n_all, at)
            is_final = at >= NEVER or (n == n_all and at > _cutoff(whole, entry, n, previous))
        if is_final:
            n = n_all
            at = _cutoff(whole, entry, n, previous)
        if whole[NUMBER, TOXICITY] == CONTINUOUS:
            crossed, toxic_arm = first_crossing(bound, patient, state, n, watched_to, at)
            if crossed < NEVER:
                hold += max(crossed - held_from, _I64(0))
                enter(n_before_hold, n_max, hold, clock, entry)
                n = n_entered(entry, n_allocated, min(crossed, last_day))
                for arm in range(n_arms):
                    state[DECISION, arm] = TOXIC_STOP if arm == toxic_arm else CONTINUE
                is_stale = _stop_arms(seed, replicate, whole, arms, word, state, n, STOPPED_BETWEEN - look)
                previous, watched_to, last_stop = crossed, crossed - 1, crossed
                continue
        _count_enrolled(n, n_arms, arms, state)
        if is_final:
            state[SINGLE_STATE, N_ENROLLED] = n
            return at, last_stop
        count(n_arms, min(n_seen, n), at, arms, patient[IS_COUNTED], entry, counted_at, state)
        if of_look[FIRES] >= FAILURES:
            for arm in range(n_arms + 1):
                state[POPULATION, arm] = state[ENROLLED, arm] if arm < n_arms else n
        decide(whole, bound, patient, state, look, n, at)
        filled = _I64(entry[last_of_all]) if of_look[FIRES] < FAILURES else MISSING
        _write_look(n_arms, n, at, filled, patient, known, state, out[look * per_look : (look + 1) * per_look])
        hold += max(at - held_from, _I64(0))
        is_stale = _stop_arms(seed, replicate, whole, arms, word, state, n, look)
        last_stop = at if is_stale else last_stop
        previous, watched_to = at, at
        look += 1
