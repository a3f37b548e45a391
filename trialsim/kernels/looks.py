"""Looks: whom they see, when they fire, what is decided (docs/calendar-conduct.md, sections 6 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import int64 as _I64

from trialsim.kernels._jit import loop
from trialsim.kernels.clinic import (
    AFTER_DAYS,
    AFTER_MINUTES,
    ARM,
    AT_LOOKS,
    BY_CONFIRMED,
    CAP,
    CAP_NOW,
    CLASS,
    COMPLETED,
    CONTINUE,
    CONTINUE_LEAST,
    CONTINUE_OF,
    COUNTED,
    DAY,
    DEATH,
    DEATHS,
    DECISION,
    EFFICACY,
    ENROLLED,
    ENTRY,
    FAILURE,
    FAILURES,
    FIRES,
    FIRST_LOOK,
    FUTILITY,
    IN_TRIAL,
    IS_COUNTED,
    IS_NOT_EVALUABLE,
    IS_PER_ARM,
    KNOWN_CONFIRMED,
    MISSING,
    MODE,
    N_ARMS,
    N_DRAWN,
    N_ENROLLED,
    NEVER,
    NON_RESPONDER,
    NUMBER,
    OF_ARM,
    OF_POOLED,
    OFF,
    POPULATION,
    RATIO,
    REFILL,
    REPLACED,
    REQUIRES_ALL,
    RESPONSES,
    SINGLE_STATE,
    SO_FAR,
    SPARE,
    STOP_LOOK,
    STOP_TRIAL,
    SUCCESS,
    SUCCESS_LEAST,
    SUCCESS_OF,
    SUCCESS_STOPS,
    T_PREVIOUS,
    TOXIC_LEAST,
    TOXIC_STOP,
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
    from numpy import float64, int32, int64
    from numpy.typing import NDArray


@loop
def n_in_trial(state: NDArray[int64], n_arms: int64) -> int64:
    """Return how many arms are still in the trial."""
    n = _I64(0)
    for arm in range(n_arms):
        n += state[STOP_LOOK, arm] == IN_TRIAL
    return n


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
def populate(whole: NDArray[int64], patient: NDArray[int32], state: NDArray[int64], look: int64) -> tuple[int64, int64]:
    """Mark the population of a look among those enrolled.

    Return its last patient in an arm that is still in the trial (-1: it is not complete), and its last patient at all.
    """
    of_look, wanted = whole[FIRST_LOOK + 2 * look], whole[FIRST_LOOK + 2 * look + 1]
    arms, kind, off, marked = patient[ARM], patient[CLASS], patient[OFF], patient[IS_COUNTED]
    so_far, stop_look, n_arms = state[SO_FAR], state[STOP_LOOK], whole[NUMBER, N_ARMS]
    is_everybody, is_per_arm, total = of_look[FIRES] >= FAILURES, of_look[IS_PER_ARM] != 0, of_look[WANTED]
    skips = whole[NUMBER, UNEVALUABLE] == REPLACED and of_look[FIRES] <= WHEN_DECIDED
    stays = of_look[AFTER_MINUTES] if of_look[FIRES] == COMPLETED else _I64(0)
    for arm in range(n_arms + 1):
        so_far[arm] = 0
    last, last_of_all = _I64(-1), _I64(-1)
    for i in range(state[SINGLE_STATE, N_ENROLLED]):
        arm = arms[i]
        is_wanted = is_everybody or (so_far[arm] < wanted[arm] if is_per_arm else so_far[n_arms] < total)
        if (skips and kind[i] == IS_NOT_EVALUABLE) or (stays > 0 and off[i] < stays):
            is_wanted = False
        marked[i] = _I32(is_wanted)
        if is_wanted:
            so_far[arm] += 1
            so_far[n_arms] += 1
            last_of_all = _I64(i)
            if not is_per_arm or stop_look[arm] == IN_TRIAL:
                last = _I64(i)
    is_complete = is_everybody or is_per_arm or so_far[n_arms] >= total
    for arm in range(n_arms):
        if not is_everybody and is_per_arm and stop_look[arm] == IN_TRIAL and so_far[arm] < wanted[arm]:
            is_complete = False
    return last if is_complete else _I64(-1), last_of_all


@loop
def leave_out_not_evaluable(whole: NDArray[int64], patient: NDArray[int32], state: NDArray[int64]) -> None:
    """Note the population of each arm, and unmark those who do not count because they are not evaluable."""
    for arm in range(whole[NUMBER, N_ARMS] + 1):
        state[POPULATION, arm] = state[SO_FAR, arm]
    if whole[NUMBER, UNEVALUABLE] != NON_RESPONDER:
        kind, marked = patient[CLASS], patient[IS_COUNTED]
        for i in range(min(state[SINGLE_STATE, N_ENROLLED], state[SINGLE_STATE, N_DRAWN])):
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
    for arm in range(n_arms + 1):
        counted[arm], responses[arm] = 0, 0
    for i in range(n):
        if marked[i]:
            counted[arms[i]] += 1
            responses[arms[i]] += entry[i] + counted_at[i] <= until
    for arm in range(n_arms):
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
    n_responses = _I64(0)
    for i in range(n):
        if marked[i] and (arm < 0 or arms[i] == arm) and counted_at[i] < NEVER:
            time[n_responses] = entry[i] + counted_at[i]
            n_responses += 1
    if n_responses >= least:
        return nth_smallest(time, n_responses, least)
    found = _I64(0)
    for i in range(n):
        if marked[i] and (arm < 0 or arms[i] == arm) and counted_at[i] >= NEVER:
            time[found] = entry[i] + known[i]
            found += 1
    return nth_smallest(time, found, n_counted - least + 1)


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
) -> int64:
    """Return when a look fires, its population being marked up to patient `last`; NEVER if it does not.

    For the kinds that count events or wait for a day, everybody who may enter has been enrolled and drawn.
    """
    of_look, entry, previous = whole[FIRST_LOOK + 2 * look], patient[ENTRY], state[SINGLE_STATE, T_PREVIOUS]
    fires = of_look[FIRES]
    if fires == DAY:
        return max(of_look[AFTER_MINUTES], previous)
    if fires in (FAILURES, DEATHS):
        row = patient[FAILURE if fires == FAILURES else DEATH]
        n = state[SINGLE_STATE, N_ENROLLED]
        return max(_nth_event(row, entry, n, of_look[AFTER_MINUTES], patient[SPARE]), previous)
    if last < 0:
        return _I64(NEVER)
    when = _I64(entry[last])
    if fires in (AFTER_DAYS, COMPLETED):
        when += of_look[AFTER_MINUTES]
    elif fires == WHEN_DECIDED:
        n = state[SINGLE_STATE, N_DRAWN]
        when = max(when, _all_certain(whole, bound, patient, state, look, n))
    else:
        when = max(when, _all_known(whole, patient, state, look, last, KNOWN_CONFIRMED + of_look[MODE]))
    if whole[NUMBER, UNEVALUABLE] != NON_RESPONDER and fires <= WHEN_DECIDED:
        first_visit = _I64(real[VISIT_DAY, 0])
        when = max(when, first_visit + _all_known(whole, patient, state, look, last, _I64(-1)))
    return max(when, previous)


@loop
def n_toxic(arm: int64, n: int64, until: int64, patient: NDArray[int32]) -> int64:
    """Return the toxicities of an arm by a minute."""
    arms, entry, toxicity, found = patient[ARM], patient[ENTRY], patient[TOXICITY_AT], _I64(0)
    for i in range(n):
        found += (arms[i] == arm) & (entry[i] + toxicity[i] <= until)
    return found


@loop
def first_crossing(
    bound: NDArray[int32], patient: NDArray[int32], state: NDArray[int64], after: int64, until: int64
) -> tuple[int64, int64]:
    """Return minute and arm of the first toxicity in (after, until] that reaches its boundary; NEVER if none does."""
    arms, entry, toxicity = patient[ARM], patient[ENTRY], patient[TOXICITY_AT]
    n, when, who = state[SINGLE_STATE, N_ENROLLED], _I64(NEVER), _I64(0)
    for i in range(n):
        arm, at = _I64(arms[i]), _I64(entry[i]) + toxicity[i]
        if state[STOP_LOOK, arm] != IN_TRIAL or at <= after or at > until or at > when or (at == when and arm >= who):
            continue
        entered = _I64(0)
        for j in range(n):
            entered += (arms[j] == arm) & (entry[j] <= at)
        if n_toxic(arm, n, at, patient) >= bound[TOXIC_LEAST, 0, arm, entered]:
            when, who = at, arm
    return when, who


@loop
def stop(whole: NDArray[int64], state: NDArray[int64], stop_look: int64) -> bool:
    """Stop the arms whose decision is not CONTINUE, and what goes with them; return whether any stopped."""
    n_arms, any_stopped = whole[NUMBER, N_ARMS], False
    for arm in range(n_arms):
        if state[STOP_LOOK, arm] == IN_TRIAL and state[DECISION, arm] != CONTINUE:
            state[STOP_LOOK, arm] = stop_look
            any_stopped = True
    if any_stopped and whole[NUMBER, WHEN_ARM_STOPS] == STOP_TRIAL:
        for arm in range(n_arms):
            if state[STOP_LOOK, arm] == IN_TRIAL:
                state[STOP_LOOK, arm] = stop_look
    if any_stopped and whole[NUMBER, WHEN_ARM_STOPS] == REFILL:
        _share_out(whole[CAP], whole[RATIO], n_arms, state)
    return any_stopped


@loop
def _share_out(cap: NDArray[int64], ratio: NDArray[int64], n_arms: int64, state: NDArray[int64]) -> None:
    """Give what the stopped arms leave unused to the others, one patient at a time."""
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
def _decide_toxicity(
    whole: NDArray[int64], bound: NDArray[int32], patient: NDArray[int32], state: NDArray[int64], at: int64
) -> int64:
    """Write TOXIC_STOP for arms in the trial that have reached their boundary, CONTINUE for the others.

    Return how many of the arms in the trial are left.
    """
    n_left, is_watched = _I64(0), whole[NUMBER, TOXICITY] == AT_LOOKS
    for arm in range(whole[NUMBER, N_ARMS]):
        state[DECISION, arm] = MISSING
        if state[STOP_LOOK, arm] == IN_TRIAL:
            n_all, n_own = state[SINGLE_STATE, N_ENROLLED], state[ENROLLED, arm]
            is_toxic = is_watched and n_toxic(_I64(arm), n_all, at, patient) >= bound[TOXIC_LEAST, 0, arm, n_own]
            state[DECISION, arm] = TOXIC_STOP if is_toxic else CONTINUE
            n_left += not is_toxic
    return n_left


@loop
def decide(
    whole: NDArray[int64], bound: NDArray[int32], patient: NDArray[int32], state: NDArray[int64], look: int64, at: int64
) -> None:
    """Write the decision about each arm in the trial and which success criteria are met; MISSING elsewhere."""
    of_look, n_arms = whole[FIRST_LOOK + 2 * look], whole[NUMBER, N_ARMS]
    decision, success, counted, x = state[DECISION], state[SUCCESS], state[COUNTED], state[RESPONSES]
    least, enough = bound[CONTINUE_LEAST, look], bound[SUCCESS_LEAST, look]
    n_left = _decide_toxicity(whole, bound, patient, state, at)
    for arm in range(n_arms):
        success[arm] = MISSING
        if decision[arm] != CONTINUE:
            continue
        if of_look[CONTINUE_OF] == OF_ARM and x[arm] < least[arm, counted[arm]]:
            decision[arm] = FUTILITY
        if of_look[SUCCESS_OF] == OF_ARM:
            success[arm] = _I64(x[arm] >= enough[arm, counted[arm]])
            if success[arm] and of_look[SUCCESS_STOPS]:
                decision[arm] = EFFICACY
    success[n_arms] = MISSING
    verdict = _I64(CONTINUE)
    if of_look[CONTINUE_OF] == OF_POOLED and x[n_arms] < least[n_arms, counted[n_arms]]:
        verdict = _I64(FUTILITY)
    if of_look[SUCCESS_OF] == OF_POOLED and n_left > 0:
        may = not of_look[REQUIRES_ALL] or n_left == n_arms
        success[n_arms] = _I64(may and x[n_arms] >= enough[n_arms, counted[n_arms]])
        if success[n_arms] and of_look[SUCCESS_STOPS]:
            verdict = _I64(EFFICACY)
    for arm in range(n_arms):
        if verdict != CONTINUE and decision[arm] != MISSING and decision[arm] != TOXIC_STOP:
            decision[arm] = verdict
