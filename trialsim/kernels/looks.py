"""Looks: whom they see, when they fire, what is decided (docs/calendar-conduct.md, sections 6 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int64 as _I64

from trialsim.kernels._jit import loop
from trialsim.kernels.clinic import (
    AFTER_DAYS,
    AFTER_MINUTES,
    ARM,
    AT_LOOKS,
    BY_CONFIRMED,
    BY_SEEN,
    CAP,
    CAP_NOW,
    CLASS,
    COMPLETED,
    CONFIRMED,
    CONTINUE_LEAST,
    CONTINUE_OF,
    DAY,
    DEATH,
    DEATHS,
    ENROLLED,
    ENTRY,
    FAILURE,
    FAILURES,
    FIRES,
    FIRST_LOOK,
    IN_TRIAL,
    IS_COUNTED,
    IS_NOT_EVALUABLE,
    IS_PER_ARM,
    KNOWN_CONFIRMED,
    KNOWN_SEEN,
    MISSING,
    MODE,
    N_ARMS,
    N_ENROLLED,
    NEVER,
    NON_RESPONDER,
    OF_ARM,
    OF_POOLED,
    OFF,
    RATIO,
    REFILL,
    REPLACED,
    REQUIRES_ALL,
    SINGLE_STATE,
    SPARE,
    STOP_LOOK,
    STOP_TRIAL,
    SUCCESS_LEAST,
    SUCCESS_OF,
    SUCCESS_STOPS,
    T_PREVIOUS,
    TOXIC_LEAST,
    TOXICITY,
    TOXICITY_AT,
    UNEVALUABLE,
    VISIT_DAY,
    WANTED,
    WHEN_ARM_STOPS,
    WHEN_DECIDED,
)
from trialsim.kernels.order import nth_smallest

if TYPE_CHECKING:
    from numpy import int32, int64
    from numpy.typing import NDArray

    from trialsim.kernels.clinic import Clinic, Room

WANTED_SO_FAR, COUNTED, RESPONSES, POPULATION, DECISION, SUCCESS = range(6)
"""Rows of `Room.count`."""

CONTINUE, FUTILITY, EFFICACY, TOXIC_STOP = range(4)


@loop
def n_in_trial(state: NDArray[int64], n_arms: int64) -> int64:
    """Return how many arms are still in the trial."""
    n = _I64(0)
    for arm in range(n_arms):
        n += state[STOP_LOOK, arm] == IN_TRIAL
    return n


@loop
def is_within_caps(clinic: Clinic, state: NDArray[int64], look: int64) -> bool:
    """Return whether the caps as they are now can hold what the look wants."""
    of_look, wanted = clinic.whole[FIRST_LOOK + 2 * look], clinic.whole[FIRST_LOOK + 2 * look + 1]
    if of_look[FIRES] >= FAILURES:
        return True
    room_for = _I64(0)
    for arm in range(clinic.number[N_ARMS]):
        is_in = state[STOP_LOOK, arm] == IN_TRIAL
        room_for += state[CAP_NOW, arm] if is_in else state[ENROLLED, arm]
        if of_look[IS_PER_ARM] and is_in and state[CAP_NOW, arm] < wanted[arm]:
            return False
    return bool(of_look[IS_PER_ARM] or room_for >= of_look[WANTED])


@loop
def populate(clinic: Clinic, room: Room, state: NDArray[int64], look: int64) -> int64:
    """Mark the population of a look among those enrolled; return its last patient, -1 if it is not complete."""
    of_look, wanted = clinic.whole[FIRST_LOOK + 2 * look], clinic.whole[FIRST_LOOK + 2 * look + 1]
    patient, seen = room.patient, room.count[WANTED_SO_FAR]
    n_arms = clinic.number[N_ARMS]
    needs_evaluable = clinic.number[UNEVALUABLE] == REPLACED and of_look[FIRES] <= WHEN_DECIDED
    is_everybody, is_completed = of_look[FIRES] >= FAILURES, of_look[FIRES] == COMPLETED
    seen[:] = 0
    last = _I64(-1)
    for i in range(state[SINGLE_STATE, N_ENROLLED]):
        arm = patient[ARM, i]
        is_wanted = is_everybody or (seen[arm] < wanted[arm] if of_look[IS_PER_ARM] else seen[n_arms] < of_look[WANTED])
        if needs_evaluable and patient[CLASS, i] == IS_NOT_EVALUABLE:
            is_wanted = False
        if is_completed and patient[OFF, i] < of_look[AFTER_MINUTES]:
            is_wanted = False
        patient[IS_COUNTED, i] = is_wanted
        if is_wanted:
            seen[arm] += 1
            seen[n_arms] += 1
            if not of_look[IS_PER_ARM] or state[STOP_LOOK, arm] == IN_TRIAL:
                last = _I64(i)
    is_complete = True
    for arm in range(n_arms):
        if of_look[IS_PER_ARM] and state[STOP_LOOK, arm] == IN_TRIAL and seen[arm] < wanted[arm]:
            is_complete = False
    if not of_look[IS_PER_ARM] and seen[n_arms] < of_look[WANTED]:
        is_complete = False
    return last if is_complete or is_everybody else _I64(-1)


@loop
def leave_out_not_evaluable(clinic: Clinic, room: Room, n: int64) -> None:
    """Note the population of each arm, and unmark those who do not count because they are not evaluable."""
    patient, population, n_arms = room.patient, room.count[POPULATION], clinic.number[N_ARMS]
    population[:] = room.count[WANTED_SO_FAR]
    if clinic.number[UNEVALUABLE] != NON_RESPONDER:
        for i in range(n):
            if patient[CLASS, i] == IS_NOT_EVALUABLE:
                patient[IS_COUNTED, i] = 0


@loop
def count(clinic: Clinic, room: Room, n: int64, counted_at: NDArray[int32], until: int64) -> None:
    """Write patients and responses counted by minute `until`, by arm and (last) pooled."""
    patient, n_arms = room.patient, clinic.number[N_ARMS]
    counted, responses = room.count[COUNTED], room.count[RESPONSES]
    counted[:] = 0
    responses[:] = 0
    for i in range(n):
        if patient[IS_COUNTED, i]:
            arm = patient[ARM, i]
            counted[arm] += 1
            responses[arm] += patient[ENTRY, i] + counted_at[i] <= until
    for arm in range(n_arms):
        counted[n_arms] += counted[arm]
        responses[n_arms] += responses[arm]


@loop
def _certain(
    room: Room, n: int64, arm: int64, least: int64, n_counted: int64, counted_at: NDArray[int32], known: NDArray[int32]
) -> int64:
    """Return when it is certain whether an arm (-1: all) has `least` responses among those counted."""
    if least <= 0 or least > n_counted:
        return _I64(0)
    patient, time = room.patient, room.patient[SPARE]
    for is_response in (True, False):
        found = _I64(0)
        for i in range(n):
            is_own = patient[IS_COUNTED, i] and (arm < 0 or patient[ARM, i] == arm)
            if is_own and (counted_at[i] < NEVER) == is_response:
                time[found] = patient[ENTRY, i] + known[i]
                found += 1
        rank = least if is_response else n_counted - least + 1
        if found >= rank:
            return nth_smallest(time, found, rank)
    return _I64(NEVER)


@loop
def _all_certain(clinic: Clinic, room: Room, state: NDArray[int64], look: int64, n: int64) -> int64:
    """Return when every criterion of the look is certain."""
    of_look, n_arms = clinic.whole[FIRST_LOOK + 2 * look], clinic.number[N_ARMS]
    is_confirmed = of_look[MODE] == CONFIRMED
    counted_at = room.patient[BY_CONFIRMED if is_confirmed else BY_SEEN]
    known = room.patient[KNOWN_CONFIRMED if is_confirmed else KNOWN_SEEN]
    counted = room.count[COUNTED]
    lost_arm = n_in_trial(state, n_arms) < n_arms
    when = _I64(0)
    for which in (CONTINUE_LEAST, SUCCESS_LEAST):
        of = of_look[CONTINUE_OF if which == CONTINUE_LEAST else SUCCESS_OF]
        least = clinic.bound[which, look]
        if of == OF_ARM:
            for arm in range(n_arms):
                if state[STOP_LOOK, arm] == IN_TRIAL:
                    own = _I64(least[arm, counted[arm]])
                    when = max(when, _certain(room, n, _I64(arm), own, counted[arm], counted_at, known))
        elif of == OF_POOLED and not (which == SUCCESS_LEAST and of_look[REQUIRES_ALL] and lost_arm):
            own = _I64(least[n_arms, counted[n_arms]])
            when = max(when, _certain(room, n, _I64(-1), own, counted[n_arms], counted_at, known))
    return when


@loop
def trigger(clinic: Clinic, room: Room, state: NDArray[int64], look: int64, last: int64) -> int64:
    """Return when a look fires, its population being marked up to patient `last`; NEVER if it does not.

    Of the kinds that count events or wait for a day, everybody who may enter has been enrolled and drawn.
    """
    of_look = clinic.whole[FIRST_LOOK + 2 * look]
    patient, fires = room.patient, of_look[FIRES]
    previous = state[SINGLE_STATE, T_PREVIOUS]
    if fires == DAY:
        return max(of_look[AFTER_MINUTES], previous)
    if fires == FAILURES or fires == DEATHS:
        row = patient[FAILURE if fires == FAILURES else DEATH]
        n, found = state[SINGLE_STATE, N_ENROLLED], _I64(0)
        for i in range(n):
            if row[i] < NEVER:
                patient[SPARE, found] = patient[ENTRY, i] + row[i]
                found += 1
        if found < of_look[AFTER_MINUTES]:
            return _I64(NEVER)
        return max(nth_smallest(patient[SPARE], found, of_look[AFTER_MINUTES]), previous)
    if last < 0:
        return _I64(NEVER)
    when = _I64(patient[ENTRY, last])
    if fires == AFTER_DAYS or fires == COMPLETED:
        when += of_look[AFTER_MINUTES]
    elif fires == WHEN_DECIDED:
        when = max(when, _all_certain(clinic, room, state, look, last + 1))
    else:
        known = patient[KNOWN_CONFIRMED if of_look[MODE] == CONFIRMED else KNOWN_SEEN]
        for i in range(last + 1):
            if patient[IS_COUNTED, i] and (not of_look[IS_PER_ARM] or state[STOP_LOOK, patient[ARM, i]] == IN_TRIAL):
                when = max(when, _I64(patient[ENTRY, i]) + known[i])
    if clinic.number[UNEVALUABLE] != NON_RESPONDER and fires <= WHEN_DECIDED:
        for i in range(last + 1):
            if not of_look[IS_PER_ARM] or state[STOP_LOOK, patient[ARM, i]] == IN_TRIAL:
                when = max(when, _I64(patient[ENTRY, i]) + _I64(clinic.real[VISIT_DAY, 0]))
    return max(when, previous)


@loop
def n_toxic(room: Room, arm: int64, n: int64, until: int64) -> int64:
    """Return the toxicities of an arm by a minute."""
    found = _I64(0)
    for i in range(n):
        found += (room.patient[ARM, i] == arm) & (room.patient[ENTRY, i] + room.patient[TOXICITY_AT, i] <= until)
    return found


@loop
def first_crossing(
    clinic: Clinic, room: Room, state: NDArray[int64], after: int64, until: int64
) -> tuple[int64, int64]:
    """Return minute and arm of the first toxicity in (after, until] that reaches its boundary; NEVER if none does."""
    patient, n_arms = room.patient, clinic.number[N_ARMS]
    n, when, who = state[SINGLE_STATE, N_ENROLLED], _I64(NEVER), _I64(0)
    for i in range(n):
        arm, at = patient[ARM, i], _I64(patient[ENTRY, i]) + patient[TOXICITY_AT, i]
        if state[STOP_LOOK, arm] != IN_TRIAL or at <= after or at > until or at > when or (at == when and arm >= who):
            continue
        entered = _I64(0)
        for j in range(n):
            entered += (patient[ARM, j] == arm) & (patient[ENTRY, j] <= at)
        if n_toxic(room, _I64(arm), n, at) >= clinic.bound[TOXIC_LEAST, 0, arm, entered]:
            when, who = at, _I64(arm)
    return when, who


@loop
def stop(clinic: Clinic, state: NDArray[int64], decision: NDArray[int64], stop_look: int64) -> None:
    """Stop the arms whose decision is not CONTINUE, and what goes with them; share out their patients if need be."""
    n_arms = clinic.number[N_ARMS]
    any_stopped = False
    for arm in range(n_arms):
        if state[STOP_LOOK, arm] == IN_TRIAL and decision[arm] != CONTINUE:
            state[STOP_LOOK, arm] = stop_look
            any_stopped = True
    if not any_stopped:
        return
    if clinic.number[WHEN_ARM_STOPS] == STOP_TRIAL:
        for arm in range(n_arms):
            if state[STOP_LOOK, arm] == IN_TRIAL:
                state[STOP_LOOK, arm] = stop_look
    if clinic.number[WHEN_ARM_STOPS] == REFILL:
        _share_out(clinic, state)


@loop
def _share_out(clinic: Clinic, state: NDArray[int64]) -> None:
    """Give what the stopped arms leave unused to the others, one patient at a time."""
    cap, ratio, n_arms = clinic.whole[CAP], clinic.whole[RATIO], clinic.number[N_ARMS]
    unused = _I64(0)
    for arm in range(n_arms):
        if state[STOP_LOOK, arm] != IN_TRIAL:
            unused += cap[arm] - state[ENROLLED, arm]
        else:
            state[CAP_NOW, arm] = cap[arm]
    for _ in range(unused):
        behind = _I64(-1)
        for arm in range(n_arms):
            if state[STOP_LOOK, arm] == IN_TRIAL:
                share = state[CAP_NOW, arm] - cap[arm]
                if behind < 0 or share * ratio[behind] < (state[CAP_NOW, behind] - cap[behind]) * ratio[arm]:
                    behind = _I64(arm)
        if behind < 0:
            return
        state[CAP_NOW, behind] += 1


@loop
def decide(
    clinic: Clinic,
    room: Room,
    state: NDArray[int64],
    look: int64,
    at: int64,
) -> None:
    """Write the decision about each arm in the trial and which success criteria are met; MISSING elsewhere."""
    decision, success = room.count[DECISION], room.count[SUCCESS]
    of_look, n_arms = clinic.whole[FIRST_LOOK + 2 * look], clinic.number[N_ARMS]
    counted, x = room.count[COUNTED], room.count[RESPONSES]
    least, enough = clinic.bound[CONTINUE_LEAST, look], clinic.bound[SUCCESS_LEAST, look]
    for arm in range(n_arms):
        decision[arm], success[arm] = MISSING, MISSING
        if state[STOP_LOOK, arm] != IN_TRIAL:
            continue
        decision[arm] = CONTINUE
        if of_look[CONTINUE_OF] == OF_ARM and x[arm] < least[arm, counted[arm]]:
            decision[arm] = FUTILITY
        if of_look[SUCCESS_OF] == OF_ARM:
            success[arm] = _I64(x[arm] >= enough[arm, counted[arm]])
            if success[arm] and of_look[SUCCESS_STOPS]:
                decision[arm] = EFFICACY
    success[n_arms] = MISSING
    verdict = CONTINUE
    if of_look[CONTINUE_OF] == OF_POOLED and x[n_arms] < least[n_arms, counted[n_arms]]:
        verdict = FUTILITY
    if of_look[SUCCESS_OF] == OF_POOLED:
        may = not of_look[REQUIRES_ALL] or n_in_trial(state, n_arms) == n_arms
        success[n_arms] = _I64(may and x[n_arms] >= enough[n_arms, counted[n_arms]])
        if success[n_arms] and of_look[SUCCESS_STOPS]:
            verdict = EFFICACY
    for arm in range(n_arms):
        if state[STOP_LOOK, arm] == IN_TRIAL:
            if verdict != CONTINUE:
                decision[arm] = verdict
            if clinic.number[TOXICITY] == AT_LOOKS:
                n = state[ENROLLED, arm]
                if (
                    n_toxic(room, _I64(arm), state[SINGLE_STATE, N_ENROLLED], at)
                    >= clinic.bound[TOXIC_LEAST, 0, arm, n]
                ):
                    decision[arm] = TOXIC_STOP
