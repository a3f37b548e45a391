"""Trials as they are run: patients enter, looks fire on the day their data are there, decisions take effect from then.

One trial after another; within a trial, one purpose at a time over rows of patients. A trial reads nothing but its own
addresses, so block and order cannot change it. The definition is docs/calendar-conduct.md; the columns are named in
`engines.columns`, in the order in which they are written here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy import int32 as _I32
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import kernel, loop
from trialsim.kernels.arrivals import arrive, enrol, n_open
from trialsim.kernels.clinic import (
    AFTER_LAST_ENTRY,
    ARM,
    BUFFERED,
    BY_CONFIRMED,
    BY_SEEN,
    CAP,
    CAP_NOW,
    CLASS,
    CLOCK,
    CONF,
    COMPLETED,
    CONFIRMED,
    CONTINUOUS,
    CROSSED,
    CROSSED_RESPONSE,
    CROSSED_STABLE,
    CUTOFF,
    CUTOFF_KIND,
    DEATH,
    ENROLLED,
    ENTRY,
    FAILURE,
    FAILURE_AT_LEAVING,
    FAILURES,
    FINAL_CRITERION,
    FINAL_MODE,
    FINAL_REQUIRES_ALL,
    FIRES,
    FIRST,
    FIRST_LOOK,
    FOLLOWED,
    HAS_SURVIVAL,
    HOLD,
    HOLDS,
    HORIZON,
    IN_TRIAL,
    IS_NOT_EVALUABLE,
    IS_PER_ARM,
    IS_PROGRESSIVE,
    KNOWN_CONFIRMED,
    KNOWN_SEEN,
    LIST_CHUNK,
    MISSING,
    MODE,
    N_ARMS,
    N_DRAWN,
    N_ENROLLED,
    N_LOOKS,
    N_MAX,
    N_TIMES,
    N_TREATMENT_TIMES,
    N_VISITS,
    NEVER,
    NO_TOXICITY,
    OF_ARM,
    OF_POOLED,
    OFF,
    OTHER,
    PROGRESSION,
    REPLACED,
    SINGLE,
    SINGLE_STATE,
    SPARE,
    STOP_LOOK,
    STOPPED_BETWEEN,
    SUCCESS_LEAST,
    T_PREVIOUS,
    TIMES,
    TOXICITY,
    TOXICITY_AT,
    TREATMENT_TIMES,
    UNEVALUABLE,
    VISITS,
    WANTED,
    WITHDRAWAL,
    Z_LEVEL,
)
from trialsim.kernels.looks import (
    COUNTED,
    DECISION,
    POPULATION,
    RESPONSES,
    SUCCESS,
    TOXIC_STOP,
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
from trialsim.kernels.order import median, n_due
from trialsim.kernels.patients import draw_patients
from trialsim.kernels.survival import kaplan_meier, log_rank, reverse_median

if TYPE_CHECKING:
    from numpy import int32, int64, uint64
    from numpy.typing import NDArray

    from trialsim.kernels.clinic import Book, Clinic, Room

_ALL = _I64(2**40)
"""More patients, or a later minute, than there can be."""


@loop
def _begin(clinic: Clinic, room: Room) -> None:
    state = room.state[0]
    state[:] = 0
    for arm in range(clinic.number[N_ARMS]):
        state[STOP_LOOK, arm] = IN_TRIAL
        state[CAP_NOW, arm] = clinic.whole[CAP, arm]
    state[SINGLE_STATE, BUFFERED] = -LIST_CHUNK


@loop
def _rewind(room: Room) -> None:
    """Go back to the beginning of the stage; the buffered part of the list is another one by now."""
    room.state[0, :, :] = room.state[1]
    room.state[0, SINGLE_STATE, BUFFERED] = -LIST_CHUNK


@loop
def _enrols_no_more(clinic: Clinic, room: Room, state: NDArray[int64]) -> bool:
    """Return whether nobody else will enter."""
    n = state[SINGLE_STATE, N_ENROLLED]
    if n >= clinic.number[N_MAX] or n_open(state, clinic.number[N_ARMS]) == 0:
        return True
    entry = room.patient[CLOCK, n] + state[SINGLE_STATE, HOLD]
    return bool(room.patient[CLOCK, n] >= NEVER or entry > _last_entry_day(clinic))


@loop
def _last_entry_day(clinic: Clinic) -> int64:
    return _I64(HORIZON) if clinic.number[CUTOFF_KIND] == AFTER_LAST_ENTRY else clinic.number[CUTOFF]


@loop
def _cutoff(clinic: Clinic, room: Room, state: NDArray[int64]) -> int64:
    """Return the data cut-off, everybody who will enter being enrolled."""
    if clinic.number[CUTOFF_KIND] != AFTER_LAST_ENTRY:
        return clinic.number[CUTOFF]
    n = state[SINGLE_STATE, N_ENROLLED]
    last = _I64(room.patient[ENTRY, n - 1]) if n > 0 else _I64(0)
    return max(last + clinic.number[CUTOFF], state[SINGLE_STATE, T_PREVIOUS])


@loop
def _enrol_for_look(
    seed: uint64, replicate: uint64, clinic: Clinic, room: Room, state: NDArray[int64], look: int64, is_ahead: bool
) -> int64:
    """Enrol until the look's population is there, mark it, and return its last patient (-1: it is not complete).

    `is_ahead`: who belongs to it shows only later, so everybody who may enter is enrolled and drawn first.
    """
    of_look, wanted = clinic.whole[FIRST_LOOK + 2 * look], clinic.whole[FIRST_LOOK + 2 * look + 1]
    limit = _ALL if is_ahead or of_look[IS_PER_ARM] else of_look[WANTED]
    of_arms = wanted if of_look[IS_PER_ARM] and not is_ahead else clinic.whole[_nothing(clinic)]
    enrol(seed, replicate, clinic, room, state, limit, _last_entry_day(clinic), of_arms)
    if is_ahead:
        draw_patients(seed, replicate, clinic, room, state, state[SINGLE_STATE, N_ENROLLED])
    last = populate(clinic, room, state, look)
    draw_patients(seed, replicate, clinic, room, state, last + 1)
    leave_out_not_evaluable(clinic, room, min(state[SINGLE_STATE, N_ENROLLED], state[SINGLE_STATE, N_DRAWN]))
    return last


@loop
def _nothing(clinic: Clinic) -> int64:
    """Return the row that wants nothing of single arms."""
    return FIRST_LOOK + 2 * clinic.number[N_LOOKS]


@loop
def _stop_for_toxicity(
    seed: uint64, replicate: uint64, clinic: Clinic, room: Room, at: int64, arm: int64, held_from: int64
) -> None:
    """Go back to the beginning of the stage, run it to the crossing, and stop the arm there."""
    state, single = room.state[0], room.state[0, SINGLE_STATE]
    until, nothing = min(at, _last_entry_day(clinic)), clinic.whole[_nothing(clinic)]
    _rewind(room)
    if held_from < at:
        enrol(seed, replicate, clinic, room, state, _ALL, min(held_from, until), nothing)
        single[HOLD] += at - held_from
    enrol(seed, replicate, clinic, room, state, _ALL, until, nothing)
    decision = room.count[DECISION]
    for other in range(clinic.number[N_ARMS]):
        decision[other] = TOXIC_STOP if other == arm else 0
    stop(clinic, state, decision, _I64(STOPPED_BETWEEN))
    single[T_PREVIOUS] = at


@loop
def _conduct(seed: uint64, replicate: uint64, clinic: Clinic, room: Room, out: NDArray[int64]) -> tuple[int64, int64]:
    """Run one trial; write the columns of each look; return the cut-off and the minute of the last stop."""
    number, n_arms, n_looks = clinic.number, clinic.number[N_ARMS], clinic.number[N_LOOKS]
    state, single = room.state[0], room.state[0, SINGLE_STATE]
    nothing, last_day = clinic.whole[_nothing(clinic)], _last_entry_day(clinic)
    per_look = 2 + 5 * (n_arms + 1) + n_arms + n_arms + 1
    for column in range(n_looks * per_look):
        out[column] = MISSING
    _begin(clinic, room)
    arrive(seed, replicate, clinic, room)
    look, watched_to, last_stop, cutoff = _I64(0), _I64(-1), _I64(0), _I64(0)
    while True:
        room.state[1, :, :] = state
        is_final = look >= n_looks or n_in_trial(state, n_arms) == 0
        if not is_final and not is_within_caps(clinic, state, look):
            look += 1
            continue
        of_look = clinic.whole[FIRST_LOOK + 2 * min(look, n_looks)]
        last, n_seen, at, held_from = _I64(-1), _I64(0), _I64(0), _ALL
        if not is_final:
            is_ahead = of_look[FIRES] >= COMPLETED or number[UNEVALUABLE] == REPLACED
            last = _enrol_for_look(seed, replicate, clinic, room, state, look, is_ahead)
            n_seen = single[N_ENROLLED]
            counted_at = room.patient[BY_CONFIRMED if of_look[MODE] == CONFIRMED else BY_SEEN]
            count(clinic, room, min(n_seen, single[N_DRAWN]), counted_at, _ALL)
            at = trigger(clinic, room, state, look, last)
            if is_ahead:
                _rewind(room)
            if of_look[HOLDS] and at < NEVER:
                held_from = max(_I64(room.patient[ENTRY, last]), single[T_PREVIOUS])
                enrol(seed, replicate, clinic, room, state, _ALL, min(held_from, last_day), nothing)
                single[HOLD] += at - held_from
            enrol(seed, replicate, clinic, room, state, _ALL, min(at, last_day), nothing)
            is_final = at >= NEVER or (_enrols_no_more(clinic, room, state) and at > _cutoff(clinic, room, state))
        if is_final:
            enrol(seed, replicate, clinic, room, state, _ALL, last_day, nothing)
            cutoff = at = _cutoff(clinic, room, state)
        draw_patients(seed, replicate, clinic, room, state, single[N_ENROLLED])
        if number[TOXICITY] == CONTINUOUS:
            crossed, arm = first_crossing(clinic, room, state, watched_to, at)
            if crossed < NEVER:
                _stop_for_toxicity(seed, replicate, clinic, room, crossed, arm, held_from)
                watched_to = last_stop = crossed
                continue
        if is_final:
            return cutoff, last_stop
        counted_at = room.patient[BY_CONFIRMED if of_look[MODE] == CONFIRMED else BY_SEEN]
        n_seen = min(n_seen, single[N_ENROLLED])
        count(clinic, room, n_seen, counted_at, at)
        if of_look[FIRES] >= FAILURES:
            room.count[POPULATION, :n_arms] = state[ENROLLED, :n_arms]
            room.count[POPULATION, n_arms] = single[N_ENROLLED]
        decide(clinic, room, state, look, at)
        known = room.patient[KNOWN_CONFIRMED if of_look[MODE] == CONFIRMED else KNOWN_SEEN]
        filled = _I64(room.patient[ENTRY, last]) if of_look[FIRES] < FAILURES else MISSING
        _write_look(clinic, room, at, filled, known, out[look * per_look : (look + 1) * per_look])
        n_before = n_in_trial(state, n_arms)
        stop(clinic, state, room.count[DECISION], look)
        if n_in_trial(state, n_arms) < n_before:
            last_stop = at
        single[T_PREVIOUS] = watched_to = at
        look += 1


@loop
def _write_look(
    clinic: Clinic, room: Room, at: int64, filled: int64, known: NDArray[int32], out: NDArray[int64]
) -> None:
    """Write a look's columns: day, filled; enrolled, counted, responses, pipeline, overrun; decision; success."""
    n_arms, state, patient = clinic.number[N_ARMS], room.state[0], room.patient
    out[0], out[1] = at, filled
    wide = n_arms + 1
    for arm in range(n_arms):
        out[2 + arm] = state[ENROLLED, arm]
    out[2 + n_arms] = state[SINGLE_STATE, N_ENROLLED]
    for arm in range(wide):
        out[2 + wide + arm] = room.count[COUNTED, arm]
        out[2 + 2 * wide + arm] = room.count[RESPONSES, arm]
        out[2 + 3 * wide + arm] = 0
        out[2 + 4 * wide + arm] = out[2 + arm] - room.count[POPULATION, arm]
    for i in range(state[SINGLE_STATE, N_ENROLLED]):
        is_open = _I64(patient[ENTRY, i] + known[i] > at)
        out[2 + 3 * wide + patient[ARM, i]] += is_open
        out[2 + 3 * wide + n_arms] += is_open
    for arm in range(n_arms):
        out[2 + 5 * wide + arm] = room.count[DECISION, arm]
    for arm in range(wide):
        out[2 + 5 * wide + n_arms + arm] = room.count[SUCCESS, arm]


@loop
def _due(n: uint64, entry: NDArray[int32], cutoff: int64, out: NDArray[int32]) -> None:
    for i in range(_U(0), n):
        out[i] = _I32(cutoff) - entry[i]


@loop
def _write_by_arm(values: NDArray[int64], n_arms: int64, out: NDArray[int64], column: int64) -> int64:
    """Write a number of each arm and their sum; return the next column."""
    total = _I64(0)
    for arm in range(n_arms):
        out[column + arm] = values[arm]
        total += values[arm]
    out[column + n_arms] = total
    return column + n_arms + 1


@loop
def _count_due(
    clinic: Clinic, room: Room, time: NDArray[int32], kind: NDArray[int32], low: int64, high: int64, into: int64
) -> NDArray[int64]:
    """Count, for each arm, patients whose `time` has come and whose kind is from `low` to `high`; return the row."""
    end, p, row = _U(room.state[0, SINGLE_STATE, N_ENROLLED]), room.patient, room.count[into]
    for arm in range(clinic.number[N_ARMS]):
        row[arm] = n_due(_U(0), end, p[ARM], _I32(arm), time, p[SPARE], kind, _I32(low), _I32(high))
    return row


@loop
def _write_final(clinic: Clinic, room: Room, cutoff: int64, last_stop: int64, out: NDArray[int64], at: int64) -> int64:
    """Write how the trial ended, from column `at` on; return the next column."""
    number, n_arms, state, p = clinic.number, clinic.number[N_ARMS], room.state[0], room.patient
    n, n_kept = state[SINGLE_STATE, N_ENROLLED], n_in_trial(state, n_arms)
    everyone, top = p[ARM], _I64(n_arms)
    _due(_U(n), p[ENTRY], cutoff, p[SPARE])
    c = at
    for arm in range(n_arms):
        out[c + arm] = state[STOP_LOOK, arm]
    c = _write_by_arm(state[ENROLLED], n_arms, out, c + n_arms)
    leaves_out = number[UNEVALUABLE] != 0
    for arm in range(n_arms):
        room.count[COUNTED, arm] = state[ENROLLED, arm]
    p[OTHER, :n] = 0
    not_evaluable = _count_due(
        clinic, room, p[OTHER], p[CLASS], _I64(IS_NOT_EVALUABLE), _I64(IS_NOT_EVALUABLE), POPULATION
    )
    if leaves_out:
        for arm in range(n_arms):
            room.count[COUNTED, arm] -= not_evaluable[arm]
    c = _write_by_arm(room.count[COUNTED], n_arms, out, c)
    counted_at = p[BY_CONFIRMED if number[FINAL_MODE] == CONFIRMED else BY_SEEN]
    x = _count_due(clinic, room, counted_at, everyone, _I64(0), top, RESPONSES)
    c = _write_by_arm(x, n_arms, out, c)
    room.count[COUNTED, n_arms], room.count[RESPONSES, n_arms] = out[c - n_arms - 2], out[c - 1]
    _write_final_success(clinic, room, n_kept, out[c : c + n_arms + 1])
    c += n_arms + 1
    out[c], out[c + 1] = cutoff, cutoff if n_kept > 0 else last_stop
    out[c + 2] = _I64(p[ENTRY, n - 1]) if n > 0 else MISSING
    c += 3
    progressive = _count_due(
        clinic, room, p[PROGRESSION], p[CLASS], _I64(IS_PROGRESSIVE), _I64(IS_PROGRESSIVE), DECISION
    )
    for arm in range(n_arms):
        room.count[SUCCESS, arm] = state[ENROLLED, arm] - x[arm] - progressive[arm] - not_evaluable[arm]
    c = _write_by_arm(x, n_arms, out, c)
    c = _write_by_arm(room.count[SUCCESS], n_arms, out, c)
    c = _write_by_arm(progressive, n_arms, out, c)
    c = _write_by_arm(not_evaluable, n_arms, out, c)
    c = _write_by_arm(_count_due(clinic, room, p[PROGRESSION], everyone, _I64(0), top, DECISION), n_arms, out, c)
    for low, high in ((1, 3), (CROSSED_RESPONSE, CROSSED_STABLE), (CROSSED_RESPONSE, CROSSED_RESPONSE)):
        crossed = _count_due(clinic, room, p[PROGRESSION], p[CROSSED], _I64(low), _I64(high), DECISION)
        c = _write_by_arm(crossed, n_arms, out, c)
    deaths = _count_due(clinic, room, p[DEATH], everyone, _I64(0), top, DECISION)
    left = _count_due(clinic, room, p[OFF], everyone, _I64(0), top, SUCCESS)
    c = _write_by_arm(deaths, n_arms, out, c)
    for arm in range(n_arms):
        room.count[POPULATION, arm] = state[ENROLLED, arm] - left[arm]
        left[arm] -= deaths[arm]
    c = _write_by_arm(left, n_arms, out, c)
    c = _write_by_arm(room.count[POPULATION], n_arms, out, c)
    if number[TOXICITY] != NO_TOXICITY:
        c = _write_by_arm(_count_due(clinic, room, p[TOXICITY_AT], everyone, _I64(0), top, DECISION), n_arms, out, c)
    for k in range(number[N_TREATMENT_TIMES]):
        for arm in range(n_arms):
            room.count[DECISION, arm] = 0
        for i in range(n):
            point = clinic.whole[TREATMENT_TIMES, k]
            room.count[DECISION, p[ARM, i]] += (point <= p[SPARE, i]) & (p[OFF, i] > point)
        c = _write_by_arm(room.count[DECISION], n_arms, out, c)
    return c


@loop
def _write_final_success(clinic: Clinic, room: Room, n_kept: int64, out: NDArray[int64]) -> None:
    """Write which success criteria are met at the final analysis."""
    number, n_arms, stop_look = clinic.number, clinic.number[N_ARMS], room.state[0, STOP_LOOK]
    counted, x, least = room.count[COUNTED], room.count[RESPONSES], clinic.bound[SUCCESS_LEAST, number[N_LOOKS]]
    for arm in range(n_arms + 1):
        out[arm] = MISSING
    if number[FINAL_CRITERION] == OF_ARM:
        for arm in range(n_arms):
            if stop_look[arm] == IN_TRIAL:
                out[arm] = _I64(x[arm] >= least[arm, counted[arm]])
    if number[FINAL_CRITERION] == OF_POOLED and n_kept > 0:
        may = n_kept == n_arms or not number[FINAL_REQUIRES_ALL]
        out[n_arms] = _I64(may and x[n_arms] >= least[n_arms, counted[n_arms]])


@loop
def _observe(
    n: uint64, time: NDArray[int32], due: NDArray[int32], seen: NDArray[int32], is_event: NDArray[int32]
) -> None:
    """Write observed time and whether it is an event: `time` if it comes before follow-up ends, else the end."""
    for i in range(_U(0), n):
        end = min(due[i], seen[i])
        happens = time[i] <= end
        is_event[i] = _I32(happens)
        seen[i] = time[i] if happens else end


@loop
def _last_visit(n: uint64, visit: NDArray[int64], n_visits: int64, due: NDArray[int32], out: NDArray[int32]) -> None:
    """Write the last scheduled visit not after `due`; `due` itself if there is no schedule."""
    for i in range(_U(0), n):
        out[i] = due[i] if n_visits == 0 else _I32(0)
    for v in range(n_visits):
        day = _I32(visit[v])
        for i in range(_U(0), n):
            out[i] = day if day <= due[i] else out[i]


@loop
def _write_curve(clinic: Clinic, room: Room, out: NDArray[int64], at: int64) -> int64:
    """Write Kaplan-Meier points and median of each arm and of all, from rows CLASS (time) and CONF (event)."""
    n, p, n_at = _U(room.state[0, SINGLE_STATE, N_ENROLLED]), room.patient, clinic.number[N_TIMES]
    n_arms, z, c = clinic.number[N_ARMS], clinic.real[SINGLE, Z_LEVEL], at
    for group in range(n_arms + 1):
        which = _I32(group) if group < n_arms else _I32(-1)
        into = out[c : c + 3 * n_at + 1]
        kaplan_meier(n, p[CLASS], p[CONF], p[ARM], which, clinic.whole[TIMES], n_at, z, p[OTHER], into)
        c += 3 * n_at + 1
    return c


@loop
def _write_survival(clinic: Clinic, room: Room, cutoff: int64, out: NDArray[int64], at: int64) -> int64:
    """Write survival, follow-up and response times, from column `at` on. Rows no longer needed are used as room."""
    number, n_arms, p = clinic.number, clinic.number[N_ARMS], room.patient
    n, c = room.state[0, SINGLE_STATE, N_ENROLLED], at
    end, due, time, event, room_row = _U(n), p[SPARE], p[CLASS], p[CONF], p[OTHER]
    counted_at = p[BY_CONFIRMED if number[FINAL_MODE] == CONFIRMED else BY_SEEN]
    response, onset, n_responses = p[CLOCK], p[WITHDRAWAL], _I64(0)
    for i in range(n):
        if counted_at[i] <= due[i]:
            response[n_responses] = p[FIRST, i]
            onset[n_responses] = min(p[OFF, i], p[FOLLOWED, i], due[i]) - p[FIRST, i]
            n_responses += 1
    time[:n] = p[FOLLOWED, :n]
    _observe(end, p[DEATH], due, time, event)
    c = _write_curve(clinic, room, out, c)
    out[c] = reverse_median(end, time, event, p[ARM], room_row) if n > 0 else MISSING
    os_rank = log_rank(end, time, event, p[ARM], room_row) if n_arms == 2 and n > 0 else MISSING
    out[c + 1] = cutoff - ((_I64(p[ENTRY, (n - 1) >> 1]) + p[ENTRY, n >> 1] + 1) >> 1) if n > 0 else MISSING
    out[c + 2] = _I64(due[n - 1]) if n > 0 else MISSING
    c += 3
    failed = p[OFF] if number[FAILURE_AT_LEAVING] else p[FAILURE]
    _last_visit(end, clinic.whole[VISITS], number[N_VISITS], due, time)
    for i in range(end):
        event[i] = _I32(failed[i] <= due[i])
        time[i] = failed[i] if failed[i] <= due[i] else time[i]
    c = _write_curve(clinic, room, out, c)
    out[c] = os_rank
    out[c + 1] = log_rank(end, time, event, p[ARM], room_row) if n_arms == 2 and n > 0 else MISSING
    out[c + 2] = median(response, n_responses) if n_responses > 0 else MISSING
    out[c + 3] = median(onset, n_responses) if n_responses > 0 else MISSING
    return c + 4


@kernel
def simulate_calendar(seed: uint64, first: uint64, n_trials: int64, clinic: Clinic, room: Room, book: Book) -> None:
    """Simulate trials `first` … `first` + `n_trials` - 1 and write their columns (and the arms of their patients).

    Parameters
    ----------
    seed, first, n_trials
        Which trials.
    clinic
        The compiled trial.
    room
        From `clinic.room`; its contents do not matter.
    book
        Filled in place, one row per trial.
    """
    n_arms = clinic.number[N_ARMS]
    per_look = 2 + 5 * (n_arms + 1) + n_arms + n_arms + 1
    for t in range(n_trials):
        out = book.column[t]
        cutoff, last_stop = _conduct(seed, first + _U(t), clinic, room, out)
        c = _write_final(clinic, room, cutoff, last_stop, out, clinic.number[N_LOOKS] * per_look)
        if clinic.number[HAS_SURVIVAL]:
            _write_survival(clinic, room, cutoff, out, c)
        if book.arm.shape[0] > 0:
            n = room.state[0, SINGLE_STATE, N_ENROLLED]
            for i in range(book.arm.shape[1]):
                book.arm[t, i] = np.int8(room.patient[ARM, i] if i < n else -1)
