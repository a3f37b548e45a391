"""The conduct of one trial: patients enter, looks fire when their data are there, decisions take effect from then.

The definition is docs/calendar-conduct.md, sections 6 and 8; the columns of a look are named in `trialsim.columns`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import loop, once
from trialsim.kernels.arrivals import arrive, enrol, n_open
from trialsim.kernels.clinic import (
    AFTER_LAST_ENTRY,
    ARM,
    BEFORE,
    BY_CONFIRMED,
    CAP,
    CAP_NOW,
    CLOCK,
    COMPLETED,
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
    HOLD,
    HOLDS,
    HORIZON,
    IN_TRIAL,
    IS_COUNTED,
    IS_PER_ARM,
    KNOWN_CONFIRMED,
    MISSING,
    MODE,
    N_ARMS,
    N_ENROLLED,
    N_LOOKS,
    N_MAX,
    NEVER,
    NUMBER,
    POPULATION,
    REPLACED,
    RESPONSES,
    SINGLE_STATE,
    STOP_LOOK,
    STOPPED_BETWEEN,
    SUCCESS,
    T_PREVIOUS,
    TOXIC_STOP,
    TOXICITY,
    UNEVALUABLE,
    WANTED,
)
from trialsim.kernels.looks import (
    count,
    decide,
    first_crossing,
    is_within_caps,
    leave_out_not_evaluable,
    n_in_trial,
    populate,
    stop,
    trigger,
)
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


@loop
def _copy_state(state: NDArray[int64], source: int64, target: int64) -> None:
    """Keep the state at the beginning of a stage, or go back to it."""
    for row in range(BEFORE):
        for column in range(state.shape[1]):
            state[target + row, column] = state[source + row, column]


@loop
def _last_entry_day(whole: NDArray[int64]) -> int64:
    return _I64(HORIZON) if whole[NUMBER, CUTOFF_KIND] == AFTER_LAST_ENTRY else whole[NUMBER, CUTOFF]


@loop
def _enrols_no_more(whole: NDArray[int64], clock: NDArray[int32], state: NDArray[int64]) -> bool:
    """Return whether nobody else will enter."""
    n = state[SINGLE_STATE, N_ENROLLED]
    if n >= whole[NUMBER, N_MAX] or n_open(state, whole[NUMBER, N_ARMS]) == 0:
        return True
    return bool(clock[n] >= NEVER or clock[n] + state[SINGLE_STATE, HOLD] > _last_entry_day(whole))


@loop
def _cutoff(whole: NDArray[int64], entry: NDArray[int32], state: NDArray[int64]) -> int64:
    """Return the data cut-off, everybody who will enter being enrolled."""
    if whole[NUMBER, CUTOFF_KIND] != AFTER_LAST_ENTRY:
        return whole[NUMBER, CUTOFF]
    n = state[SINGLE_STATE, N_ENROLLED]
    last = _I64(entry[n - 1]) if n > 0 else _I64(0)
    return max(last + whole[NUMBER, CUTOFF], state[SINGLE_STATE, T_PREVIOUS])


@loop
def _stop_for_toxicity(
    seed: uint64,
    replicate: uint64,
    whole: NDArray[int64],
    patient: NDArray[int32],
    word: NDArray[uint64],
    state: NDArray[int64],
    at: int64,
    arm: int64,
    look: int64,
    held_from: int64,
) -> None:
    """Go back to the beginning of the stage, run it to the crossing, stop the arm there. A hold that began goes on."""
    nothing, until = whole[FIRST_LOOK + 2 * whole[NUMBER, N_LOOKS]], min(at, _last_entry_day(whole))
    _copy_state(state, _I64(BEFORE), _I64(0))
    if held_from < at:
        enrol(seed, replicate, whole, patient, word, state, _ALL, min(held_from, until), nothing)
        state[SINGLE_STATE, HOLD] += at - held_from
    enrol(seed, replicate, whole, patient, word, state, _ALL, until, nothing)
    for other in range(whole[NUMBER, N_ARMS]):
        state[DECISION, other] = TOXIC_STOP if other == arm else CONTINUE
    stop(whole, state, STOPPED_BETWEEN - look)
    state[SINGLE_STATE, T_PREVIOUS] = at


@loop
def _enrol_for_look(
    seed: uint64,
    replicate: uint64,
    whole: NDArray[int64],
    real: NDArray[float64],
    patient: NDArray[int32],
    word: NDArray[uint64],
    gap: NDArray[float64],
    state: NDArray[int64],
    look: int64,
    is_ahead: bool,
) -> None:
    """Enrol and draw until the look's population is there.

    `is_ahead`: who belongs to it shows only later, so everybody who may enter is enrolled and drawn.
    """
    of_look, of_arms = whole[FIRST_LOOK + 2 * look], whole[FIRST_LOOK + 2 * look + 1]
    if is_ahead or not of_look[IS_PER_ARM]:
        of_arms = whole[FIRST_LOOK + 2 * whole[NUMBER, N_LOOKS]]
    limit = _ALL if is_ahead or of_look[IS_PER_ARM] else of_look[WANTED]
    enrol(seed, replicate, whole, patient, word, state, limit, _last_entry_day(whole), of_arms)
    draw_patients(seed, replicate, whole, real, patient, word, gap, state, state[SINGLE_STATE, N_ENROLLED])


@loop
def _write_look(
    n_arms: int64,
    at: int64,
    filled: int64,
    patient: NDArray[int32],
    known: NDArray[int32],
    state: NDArray[int64],
    out: NDArray[int64],
) -> None:
    """Write a look's columns: day, filled; enrolled, counted, responses, pipeline, overrun; decision; success."""
    entry, arms, n = patient[ENTRY], patient[ARM], state[SINGLE_STATE, N_ENROLLED]
    out[0], out[1] = at, filled
    wide = n_arms + 1
    for arm in range(wide):
        out[2 + arm] = state[ENROLLED, arm] if arm < n_arms else n
        out[2 + wide + arm] = state[COUNTED, arm]
        out[2 + 2 * wide + arm] = state[RESPONSES, arm]
        out[2 + 3 * wide + arm] = 0
        out[2 + 4 * wide + arm] = out[2 + arm] - state[POPULATION, arm]
        out[2 + 5 * wide + n_arms + arm] = state[SUCCESS, arm]
    for i in range(n):
        is_open = _I64(entry[i] + known[i] > at)
        out[2 + 3 * wide + arms[i]] += is_open
        out[2 + 3 * wide + n_arms] += is_open
    for arm in range(n_arms):
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

    A stage is what happens up to the next look, the next stop for toxicity, or the cut-off. It is enrolled as far as
    the look needs (for looks that wait for events: to the end, and back), so that nobody is assigned to an arm that a
    decision will have closed.
    """
    n_arms, n_looks, toxicity = whole[NUMBER, N_ARMS], whole[NUMBER, N_LOOKS], whole[NUMBER, TOXICITY]
    nothing, last_day = whole[FIRST_LOOK + 2 * n_looks], _last_entry_day(whole)
    single, entry, arms, marked = state[SINGLE_STATE], patient[ENTRY], patient[ARM], patient[IS_COUNTED]
    per_look = 2 + 5 * (n_arms + 1) + n_arms + n_arms + 1
    for column in range(n_looks * per_look):
        out[column] = MISSING
    _begin(whole, state)
    for i in range(_U(patient.shape[1])):
        arms[i] = 0
    arrive(seed, replicate, whole, real, patient, word, gap)
    look, watched_to, last_stop = _I64(0), _I64(-1), _I64(0)
    while True:
        _copy_state(state, _I64(0), _I64(BEFORE))
        is_final = look >= n_looks or n_in_trial(state, n_arms) == 0
        if not is_final and not is_within_caps(whole, state, look):
            look += 1
            continue
        of_look = whole[FIRST_LOOK + 2 * look]
        known, counted_at = patient[KNOWN_CONFIRMED], patient[BY_CONFIRMED]
        at, held_from, last_of_all, n_seen = _I64(0), _ALL, _I64(-1), _I64(0)
        if not is_final:
            is_ahead = of_look[FIRES] >= COMPLETED or whole[NUMBER, UNEVALUABLE] == REPLACED
            known, counted_at = patient[KNOWN_CONFIRMED + of_look[MODE]], patient[BY_CONFIRMED + of_look[MODE]]
            _enrol_for_look(seed, replicate, whole, real, patient, word, gap, state, look, is_ahead)
            last, last_of_all = populate(whole, patient, state, look)
            leave_out_not_evaluable(whole, patient, state)
            n_seen = single[N_ENROLLED]
            count(n_arms, n_seen, _ALL, arms, marked, entry, counted_at, state)
            at = trigger(whole, real, bound, patient, state, look, last)
            if is_ahead:
                _copy_state(state, _I64(BEFORE), _I64(0))
            if of_look[HOLDS] and last >= 0:
                held_from = max(_I64(entry[last]), single[T_PREVIOUS])
                enrol(seed, replicate, whole, patient, word, state, _ALL, min(held_from, last_day), nothing)
                single[HOLD] += at - held_from
            enrol(seed, replicate, whole, patient, word, state, _ALL, min(at, last_day), nothing)
            no_more = _enrols_no_more(whole, patient[CLOCK], state)
            is_final = at >= NEVER or (no_more and at > _cutoff(whole, entry, state))
        if is_final:
            enrol(seed, replicate, whole, patient, word, state, _ALL, last_day, nothing)
            at = _cutoff(whole, entry, state)
        draw_patients(seed, replicate, whole, real, patient, word, gap, state, single[N_ENROLLED])
        if toxicity == CONTINUOUS:
            crossed, arm = first_crossing(bound, patient, state, watched_to, at)
            if crossed < NEVER:
                _stop_for_toxicity(seed, replicate, whole, patient, word, state, crossed, arm, look, held_from)
                watched_to, last_stop = crossed - 1, crossed
                continue
        if is_final:
            return at, last_stop
        count(n_arms, min(n_seen, single[N_ENROLLED]), at, arms, marked, entry, counted_at, state)
        if of_look[FIRES] >= FAILURES:
            for arm in range(n_arms + 1):
                state[POPULATION, arm] = state[ENROLLED, arm] if arm < n_arms else single[N_ENROLLED]
        decide(whole, bound, patient, state, look, at)
        filled = _I64(entry[last_of_all]) if of_look[FIRES] < FAILURES else MISSING
        _write_look(n_arms, at, filled, patient, known, state, out[look * per_look : (look + 1) * per_look])
        if stop(whole, state, look):
            last_stop = at
        single[T_PREVIOUS], watched_to = at, at
        look += 1
