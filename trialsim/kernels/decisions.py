"""What is decided at a look, and what follows from it (docs/calendar-conduct.md, sections 6 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int64 as _I64

from trialsim.kernels._jit import loop
from trialsim.kernels.clinic import (
    ARM,
    AT_LOOKS,
    CAP,
    CAP_NOW,
    CONTINUE,
    CONTINUE_LEAST,
    CONTINUE_OF,
    COUNTED,
    DECISION,
    EFFICACY,
    ENROLLED,
    ENTRY,
    FIRST_LOOK,
    FUTILITY,
    IN_TRIAL,
    MISSING,
    N_ARMS,
    NEVER,
    NUMBER,
    OF_ARM,
    OF_POOLED,
    RATIO,
    REFILL,
    REQUIRES_ALL,
    RESPONSES,
    STOP_LOOK,
    STOP_TRIAL,
    SUCCESS,
    SUCCESS_LEAST,
    SUCCESS_OF,
    SUCCESS_STOPS,
    TOXIC_LEAST,
    TOXIC_STOP,
    TOXICITY,
    TOXICITY_AT,
    WHEN_ARM_STOPS,
)

if TYPE_CHECKING:
    from numpy import int32, int64
    from numpy.typing import NDArray


@loop
def n_in_trial(state: NDArray[int64], n_arms: int64) -> int64:
    """Return how many arms are still in the trial."""
    n = _I64(0)
    for arm in range(n_arms):
        n += state[STOP_LOOK, arm] == IN_TRIAL
    return n


@loop
def n_toxic(arm: int64, n: int64, until: int64, patient: NDArray[int32]) -> int64:
    """Return the toxicities of an arm by a minute."""
    arms, entry, toxicity, found = patient[ARM], patient[ENTRY], patient[TOXICITY_AT], _I64(0)
    for i in range(n):
        found += (arms[i] == arm) & (entry[i] + toxicity[i] <= until)
    return found


@loop
def first_crossing(
    bound: NDArray[int32], patient: NDArray[int32], state: NDArray[int64], n: int64, after: int64, until: int64
) -> tuple[int64, int64]:
    """Return minute and arm of the first toxicity in (after, until] that reaches its boundary; NEVER if none does."""
    arms, entry, toxicity = patient[ARM], patient[ENTRY], patient[TOXICITY_AT]
    when, who = _I64(NEVER), _I64(0)
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
def is_stopping(state: NDArray[int64], n_arms: int64) -> bool:
    """Return whether any decision stops an arm."""
    found = False
    for arm in range(n_arms):
        found = found or (state[STOP_LOOK, arm] == IN_TRIAL and state[DECISION, arm] != CONTINUE)
    return bool(found)


@loop
def stop(whole: NDArray[int64], state: NDArray[int64], stop_look: int64) -> None:
    """Stop the arms whose decision is not CONTINUE, and what goes with them."""
    n_arms = whole[NUMBER, N_ARMS]
    for arm in range(n_arms):
        if state[STOP_LOOK, arm] == IN_TRIAL and state[DECISION, arm] != CONTINUE:
            state[STOP_LOOK, arm] = stop_look
    if whole[NUMBER, WHEN_ARM_STOPS] == STOP_TRIAL:
        for arm in range(n_arms):
            if state[STOP_LOOK, arm] == IN_TRIAL:
                state[STOP_LOOK, arm] = stop_look
    if whole[NUMBER, WHEN_ARM_STOPS] == REFILL:
        _share_out(whole[CAP], whole[RATIO], n_arms, state)


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
    whole: NDArray[int64], bound: NDArray[int32], patient: NDArray[int32], state: NDArray[int64], n: int64, at: int64
) -> int64:
    """Write TOXIC_STOP for arms in the trial that have reached their boundary, CONTINUE for the others.

    Return how many of the arms in the trial are left.
    """
    n_left, is_watched = _I64(0), whole[NUMBER, TOXICITY] == AT_LOOKS
    for arm in range(whole[NUMBER, N_ARMS]):
        state[DECISION, arm] = MISSING
        if state[STOP_LOOK, arm] == IN_TRIAL:
            n_own = state[ENROLLED, arm]
            is_toxic = is_watched and n_toxic(_I64(arm), n, at, patient) >= bound[TOXIC_LEAST, 0, arm, n_own]
            state[DECISION, arm] = TOXIC_STOP if is_toxic else CONTINUE
            n_left += not is_toxic
    return n_left


@loop
def decide(
    whole: NDArray[int64],
    bound: NDArray[int32],
    patient: NDArray[int32],
    state: NDArray[int64],
    look: int64,
    n: int64,
    at: int64,
) -> None:
    """Write the decision about each arm in the trial and which success criteria are met; MISSING elsewhere."""
    of_look, n_arms = whole[FIRST_LOOK + 2 * look], whole[NUMBER, N_ARMS]
    decision, success, counted, x = state[DECISION], state[SUCCESS], state[COUNTED], state[RESPONSES]
    least, enough = bound[CONTINUE_LEAST, look], bound[SUCCESS_LEAST, look]
    n_left = _decide_toxicity(whole, bound, patient, state, n, at)
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
