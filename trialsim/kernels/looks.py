"""Looks: whom they see, when they fire, what is decided (docs/calendar-conduct.md, sections 6 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import loop
from trialsim.kernels.clinic import (
    AFTER_DAYS,
    AFTER_MINUTES,
    ARM,
    BY_CONFIRMED,
    CAP_NOW,
    CLASS,
    COMPLETED,
    CONTINUE_OF,
    COUNTED,
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
    MODE,
    N_ARMS,
    NEVER,
    NON_RESPONDER,
    NUMBER,
    OF_ARM,
    OF_POOLED,
    OFF,
    POPULATION,
    REPLACED,
    REQUIRES_ALL,
    RESPONSES,
    SO_FAR,
    SPARE,
    STOP_LOOK,
    SUCCESS_LEAST,
    UNEVALUABLE,
    VISIT_DAY,
    WANTED,
    WHEN_DECIDED,
)
from trialsim.kernels.decisions import n_in_trial
from trialsim.kernels.order import n_marked, n_marked_by, nth_smallest

if TYPE_CHECKING:
    from numpy import float64, int32, int64
    from numpy.typing import NDArray


@loop
def is_within_caps(whole: NDArray[int64], state: NDArray[int64], look: int64) -> bool:
    """Return whether the caps as they are now can hold what the look wants."""
    of_look, wanted = whole[FIRST_LOOK + 2 * look], whole[FIRST_LOOK + 2 * look + 1]
    if of_look[FIRES] >= FAILURES:
        return True
    room_for = _I64(0)
    for arm in range(whole[NUMBER, N_ARMS]):
        is_in = state[STOP_LOOK, arm] == IN_TRIAL
        room_for += state[CAP_NOW, arm] if is_in else state[ENROLLED, arm]
        if of_look[IS_PER_ARM] and is_in and state[CAP_NOW, arm] < wanted[arm]:
            return False
    return bool(of_look[IS_PER_ARM] or room_for >= of_look[WANTED])


@loop
def populate(
    whole: NDArray[int64], patient: NDArray[int32], state: NDArray[int64], look: int64, n: int64
) -> tuple[int64, int64]:
    """Mark the population of a look among the first `n` patients, as far as its last one.

    Return its last patient in an arm that is still in the trial (-1: it is not complete), and its last patient at all.
    """
    of_look, wanted = whole[FIRST_LOOK + 2 * look], whole[FIRST_LOOK + 2 * look + 1]
    arms, kind, off, marked = patient[ARM], patient[CLASS], patient[OFF], patient[IS_COUNTED]
    so_far, stop_look, n_arms = state[SO_FAR], state[STOP_LOOK], whole[NUMBER, N_ARMS]
    is_everybody, is_per_arm, total = of_look[FIRES] >= FAILURES, of_look[IS_PER_ARM] != 0, of_look[WANTED]
    skips = (whole[NUMBER, UNEVALUABLE] == REPLACED) & (of_look[FIRES] <= WHEN_DECIDED)
    stays = of_look[AFTER_MINUTES] if of_look[FIRES] == COMPLETED else _I64(0)
    for arm in range(n_arms + 1):
        so_far[arm] = 0
    last, last_of_all = _I64(-1), _I64(-1)
    enough = _I64(n + 1) if is_everybody else total
    if is_per_arm and not is_everybody:
        enough = _I64(0)
        for arm in range(n_arms):
            enough += wanted[arm]
    takes_any, waits_for_all = is_everybody | (not is_per_arm), not is_per_arm
    for i in range(n):
        if so_far[n_arms] >= enough:
            break
        arm = arms[i]
        is_wanted = takes_any | (so_far[arm] < wanted[arm])
        is_wanted = is_wanted & ~((skips & (kind[i] == IS_NOT_EVALUABLE)) | (off[i] < stays))
        marked[i] = _I32(is_wanted)
        so_far[arm] += is_wanted
        so_far[n_arms] += is_wanted
        last_of_all = _I64(i) if is_wanted else last_of_all
        last = _I64(i) if is_wanted & (waits_for_all | (stop_look[arm] == IN_TRIAL)) else last
    is_complete = is_everybody or is_per_arm or so_far[n_arms] >= total
    for arm in range(n_arms):
        if not is_everybody and is_per_arm and stop_look[arm] == IN_TRIAL and so_far[arm] < wanted[arm]:
            is_complete = False
    return last if is_complete else _I64(-1), last_of_all


@loop
def leave_out_not_evaluable(whole: NDArray[int64], patient: NDArray[int32], state: NDArray[int64], n: int64) -> None:
    """Note the population of each arm, and unmark those who do not count because they are not evaluable."""
    for arm in range(whole[NUMBER, N_ARMS] + 1):
        state[POPULATION, arm] = state[SO_FAR, arm]
    if whole[NUMBER, UNEVALUABLE] != NON_RESPONDER:
        kind, marked = patient[CLASS], patient[IS_COUNTED]
        for i in range(n):
            if kind[i] == IS_NOT_EVALUABLE:
                marked[i] = 0


@loop
def count(
    n_arms: int64,
    n: int64,
    until: int64,
    arms: NDArray[int32],
    marked: NDArray[int32],
    entry: NDArray[int32],
    counted_at: NDArray[int32],
    state: NDArray[int64],
) -> None:
    """Write patients and responses counted by minute `until`, by arm and (last) pooled."""
    counted, responses = state[COUNTED], state[RESPONSES]
    counted[n_arms], responses[n_arms] = 0, 0
    for arm in range(n_arms):
        counted[arm] = n_marked(_U(n), arms, _I32(arm), marked)
        responses[arm] = n_marked_by(_U(n), arms, _I32(arm), marked, entry, counted_at, until)
        counted[n_arms] += counted[arm]
        responses[n_arms] += responses[arm]


@loop
def _certain(
    n: int64, arm: int64, least: int64, n_counted: int64, known_row: int64, counted_row: int64, patient: NDArray[int32]
) -> int64:
    """Return when it is certain whether an arm (-1: all) has `least` responses among those counted."""
    if least <= 0 or least > n_counted:
        return _I64(0)
    marked, arms, entry, time = patient[IS_COUNTED], patient[ARM], patient[ENTRY], patient[SPARE]
    known, counted_at = patient[known_row], patient[counted_row]
    n_responses, n_others = _I64(0), _I64(0)
    for i in range(n):
        time[n_responses] = entry[i] + counted_at[i]
        n_responses += (marked[i] != 0) & ((arm < 0) | (arms[i] == arm)) & (counted_at[i] < NEVER)
    if n_responses >= least:
        return nth_smallest(time, n_responses, least)
    for i in range(n):
        time[n_others] = entry[i] + known[i]
        n_others += (marked[i] != 0) & ((arm < 0) | (arms[i] == arm)) & (counted_at[i] >= NEVER)
    return nth_smallest(time, n_others, n_counted - least + 1)


@loop
def _all_certain(
    whole: NDArray[int64], bound: NDArray[int32], patient: NDArray[int32], state: NDArray[int64], look: int64, n: int64
) -> int64:
    """Return when every criterion of the look is certain."""
    of_look, n_arms, counted = whole[FIRST_LOOK + 2 * look], whole[NUMBER, N_ARMS], state[COUNTED]
    known, counted_at = KNOWN_CONFIRMED + of_look[MODE], BY_CONFIRMED + of_look[MODE]
    lost_arm = n_in_trial(state, n_arms) < n_arms
    when = _I64(0)
    for which in range(2):
        of = of_look[CONTINUE_OF + which]
        for arm in range(n_arms + 1):
            if arm < n_arms and (of != OF_ARM or state[STOP_LOOK, arm] != IN_TRIAL):
                continue
            if arm == n_arms and (of != OF_POOLED or (which == SUCCESS_LEAST and of_look[REQUIRES_ALL] and lost_arm)):
                continue
            least, who = _I64(bound[which, look, arm, counted[arm]]), _I64(arm if arm < n_arms else -1)
            when = max(when, _certain(n, who, least, counted[arm], known, counted_at, patient))
    return when


@loop
def _nth_event(row: NDArray[int32], entry: NDArray[int32], n: int64, rank: int64, time: NDArray[int32]) -> int64:
    """Return when the `rank`-th of the events in a row of times happens."""
    found = _I64(0)
    for i in range(n):
        if row[i] < NEVER:
            time[found] = entry[i] + row[i]
            found += 1
    return nth_smallest(time, found, rank) if found >= rank else _I64(NEVER)


@loop
def _all_known(
    whole: NDArray[int64], patient: NDArray[int32], state: NDArray[int64], look: int64, last: int64, row: int64
) -> int64:
    """Return when a row of times has passed for the population in the trial (row < 0: everybody's entry)."""
    is_per_arm, stop_look = whole[FIRST_LOOK + 2 * look, IS_PER_ARM], state[STOP_LOOK]
    marked, arms, entry = patient[IS_COUNTED], patient[ARM], patient[ENTRY]
    passed, when = patient[max(row, 0)], _I64(0)
    for i in range(last + 1):
        if (marked[i] or row < 0) and (not is_per_arm or stop_look[arms[i]] == IN_TRIAL):
            when = max(when, _I64(entry[i]) + (passed[i] if row >= 0 else 0))
    return when


@loop
def trigger(
    whole: NDArray[int64],
    real: NDArray[float64],
    bound: NDArray[int32],
    patient: NDArray[int32],
    state: NDArray[int64],
    look: int64,
    last: int64,
    n: int64,
    previous: int64,
) -> int64:
    """Return when a look fires, its population being marked up to patient `last` of `n`; NEVER if it does not."""
    of_look, entry = whole[FIRST_LOOK + 2 * look], patient[ENTRY]
    fires = of_look[FIRES]
    if fires == DAY:
        return max(of_look[AFTER_MINUTES], previous)
    if fires in (FAILURES, DEATHS):
        row = patient[FAILURE if fires == FAILURES else DEATH]
        return max(_nth_event(row, entry, n, of_look[AFTER_MINUTES], patient[SPARE]), previous)
    if last < 0:
        return _I64(NEVER)
    when = _I64(entry[last])
    if fires in (AFTER_DAYS, COMPLETED):
        when += of_look[AFTER_MINUTES]
    elif fires == WHEN_DECIDED:
        counted_at = patient[BY_CONFIRMED + of_look[MODE]]
        count(whole[NUMBER, N_ARMS], n, _I64(NEVER), patient[ARM], patient[IS_COUNTED], entry, counted_at, state)
        when = max(when, _all_certain(whole, bound, patient, state, look, n))
    else:
        when = max(when, _all_known(whole, patient, state, look, last, KNOWN_CONFIRMED + of_look[MODE]))
    if whole[NUMBER, UNEVALUABLE] != NON_RESPONDER and fires <= WHEN_DECIDED:
        first_visit = _I64(real[VISIT_DAY, 0])
        when = max(when, first_visit + _all_known(whole, patient, state, look, last, _I64(-1)))
    return max(when, previous)
