"""How a trial ended: counts, survival and follow-up at the data cut-off (docs/calendar-conduct.md, section 7).

Columns are written in the order of `trialsim.columns`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import loop
from trialsim.kernels.clinic import (
    ARM,
    BY_CONFIRMED,
    CLASS,
    CLOCK,
    CONF,
    COUNTED,
    CROSSED,
    CROSSED_FAILURE,
    CROSSED_RESPONSE,
    CROSSED_STABLE,
    CURVE_DAYS,
    DEATH,
    ENROLLED,
    ENTRY,
    FAILURE,
    FAILURE_AT_LEAVING,
    FINAL_CRITERION,
    FINAL_MODE,
    FINAL_REQUIRES_ALL,
    FIRST,
    FOLLOWED,
    IN_TRIAL,
    IS_NOT_EVALUABLE,
    IS_PROGRESSIVE,
    MISSING,
    N_ARMS,
    N_CURVE_DAYS,
    N_ENROLLED,
    N_LOOKS,
    N_TIMES,
    N_TREATMENT_TIMES,
    N_VISITS,
    NO_TOXICITY,
    NON_RESPONDER,
    NUMBER,
    OF_ARM,
    OF_POOLED,
    OFF,
    OTHER,
    PROGRESSION,
    RESPONSES,
    SINGLE,
    SINGLE_STATE,
    SPARE,
    STOP_LOOK,
    SUCCESS_LEAST,
    TIMES,
    TOXICITY,
    TOXICITY_AT,
    TREATMENT_TIMES,
    UNEVALUABLE,
    VISITS,
    WITHDRAWAL,
    Z_LEVEL,
)
from trialsim.kernels.decisions import n_in_trial
from trialsim.kernels.order import in_lanes, median, n_due, n_due_of_kind
from trialsim.kernels.survival import sort_times, survive

if TYPE_CHECKING:
    from numpy import float64, int32, int64, uint64
    from numpy.typing import NDArray

_ZERO = _U(0)


@loop
def _due(n: uint64, entry: NDArray[int32], cutoff: int32, out: NDArray[int32]) -> None:
    """Write how long each patient can have been followed by the cut-off."""
    for i in range(_ZERO, n):
        out[i] = cutoff - entry[i]


@loop
def _count_due(
    n_arms: int64, n: uint64, arms: NDArray[int32], time: NDArray[int32], due: NDArray[int32], out: NDArray[int64]
) -> None:
    """Write how many patients of each arm, and of all, have `time` not after `due`."""
    out[n_arms] = 0
    for arm in range(n_arms):
        out[arm] = n_due(n, arms, _I32(arm), time, due)
        out[n_arms] += out[arm]


@loop
def _count_kind(
    n_arms: int64,
    n: uint64,
    arms: NDArray[int32],
    time: NDArray[int32],
    due: NDArray[int32],
    kind: NDArray[int32],
    low: int32,
    high: int32,
    out: NDArray[int64],
) -> None:
    """Write how many patients of each arm, and of all, have `time` not after `due` and a kind from `low` to `high`."""
    out[n_arms] = 0
    for arm in range(n_arms):
        out[arm] = n_due_of_kind(n, arms, _I32(arm), time, due, kind, low, high)
        out[n_arms] += out[arm]


@loop
def _write_success(
    whole: NDArray[int64], bound: NDArray[int32], state: NDArray[int64], n_kept: int64, out: NDArray[int64]
) -> None:
    """Write which success criteria are met at the final analysis."""
    number, n_arms = whole[NUMBER], whole[NUMBER, N_ARMS]
    counted, x, least = state[COUNTED], state[RESPONSES], bound[SUCCESS_LEAST, number[N_LOOKS]]
    for arm in range(n_arms + 1):
        out[arm] = MISSING
        if number[FINAL_CRITERION] == OF_ARM and arm < n_arms and state[STOP_LOOK, arm] == IN_TRIAL:
            out[arm] = _I64(x[arm] >= least[arm, counted[arm]])
    if number[FINAL_CRITERION] == OF_POOLED and n_kept > 0:
        may = n_kept == n_arms or not number[FINAL_REQUIRES_ALL]
        out[n_arms] = _I64(may and x[n_arms] >= least[n_arms, counted[n_arms]])


@loop
def _write_on_treatment(
    n: int64,
    point: int64,
    arms: NDArray[int32],
    due: NDArray[int32],
    off: NDArray[int32],
    n_arms: int64,
    out: NDArray[int64],
) -> None:
    for arm in range(n_arms + 1):
        out[arm] = 0
    for i in range(n):
        is_on = (due[i] >= point) & (off[i] > point)
        out[arms[i]] += is_on
        out[n_arms] += is_on


@loop
def write_final(
    whole: NDArray[int64],
    bound: NDArray[int32],
    patient: NDArray[int32],
    state: NDArray[int64],
    cutoff: int64,
    last_stop: int64,
    out: NDArray[int64],
) -> int64:
    """Write how the trial ended; return the number of columns."""
    number, n_arms, n = whole[NUMBER], whole[NUMBER, N_ARMS], state[SINGLE_STATE, N_ENROLLED]
    arms, due, never, wide = patient[ARM], patient[SPARE], patient[OTHER], n_arms + 1
    end = in_lanes(n)
    for i in range(_U(n), end):
        arms[i] = -1  # belongs to no arm, so that counts may read on to a whole number of lanes
    progression, kind, off = patient[PROGRESSION], patient[CLASS], patient[OFF]
    n_kept = n_in_trial(state, n_arms)
    _due(end, patient[ENTRY], _I32(cutoff), due)
    for i in range(_ZERO, end):
        never[i] = 0  # a time that has always come
    for arm in range(n_arms):
        out[arm] = state[STOP_LOOK, arm]
        out[n_arms + arm] = state[ENROLLED, arm]
    out[2 * n_arms] = n
    c = n_arms
    enrolled, evaluable, x = out[c : c + wide], out[c + wide : c + 2 * wide], out[c + 2 * wide : c + 3 * wide]
    success, best = out[c + 3 * wide : c + 4 * wide], out[c + 4 * wide + 3 :]
    response, stable, progressive = best[:wide], best[wide : 2 * wide], best[2 * wide : 3 * wide]
    missing = best[3 * wide : 4 * wide]
    lost, early = _I32(IS_NOT_EVALUABLE), _I32(IS_PROGRESSIVE)
    _count_kind(n_arms, end, arms, never, due, kind, lost, lost, missing)
    _count_due(n_arms, end, arms, patient[BY_CONFIRMED + number[FINAL_MODE]], due, x)
    _count_kind(n_arms, end, arms, progression, due, kind, early, early, progressive)
    for arm in range(wide):
        evaluable[arm] = enrolled[arm] - (missing[arm] if number[UNEVALUABLE] != NON_RESPONDER else 0)
        response[arm], stable[arm] = x[arm], enrolled[arm] - x[arm] - progressive[arm] - missing[arm]
        state[COUNTED, arm], state[RESPONSES, arm] = evaluable[arm], x[arm]
    _write_success(whole, bound, state, n_kept, success)
    out[c + 4 * wide], out[c + 4 * wide + 1] = cutoff, cutoff if n_kept > 0 else last_stop
    out[c + 4 * wide + 2] = _I64(patient[ENTRY, n - 1]) if n > 0 else MISSING
    crossed, rest = patient[CROSSED], best[4 * wide :]
    _count_due(n_arms, end, arms, progression, due, rest)
    for k in range(3):
        low = _I32(CROSSED_RESPONSE)
        high = _I32(CROSSED_FAILURE if k == 0 else CROSSED_STABLE if k == 1 else CROSSED_RESPONSE)
        _count_kind(n_arms, end, arms, progression, due, crossed, low, high, rest[(k + 1) * wide :])
    dead, left, on_study = rest[4 * wide : 5 * wide], rest[5 * wide : 6 * wide], rest[6 * wide : 7 * wide]
    _count_due(n_arms, end, arms, patient[DEATH], due, dead)
    _count_due(n_arms, end, arms, off, due, left)
    for arm in range(wide):
        on_study[arm] = enrolled[arm] - left[arm]
        left[arm] -= dead[arm]
    c += 15 * wide + 3
    if number[TOXICITY] != NO_TOXICITY:
        _count_due(n_arms, end, arms, patient[TOXICITY_AT], due, out[c:])
        c += wide
    for k in range(number[N_TREATMENT_TIMES]):
        _write_on_treatment(n, whole[TREATMENT_TIMES, k], arms, due, off, n_arms, out[c:])
        c += wide
    _write_enrolment_curve(n, patient[ENTRY], whole[CURVE_DAYS], number[N_CURVE_DAYS], out[c:])
    return c + number[N_CURVE_DAYS]


@loop
def _write_enrolment_curve(
    n: int64, entry: NDArray[int32], day: NDArray[int64], n_days: int64, out: NDArray[int64]
) -> None:
    """Write how many had entered by each of some days, which ascend."""
    i = _I64(0)
    for k in range(n_days):
        while i < n and entry[i] <= day[k]:
            i += 1
        out[k] = i


@loop
def _observe_survival(
    n: uint64,
    due: NDArray[int32],
    followed: NDArray[int32],
    death: NDArray[int32],
    time: NDArray[int32],
    is_event: NDArray[int32],
) -> None:
    for i in range(_ZERO, n):
        end = min(due[i], followed[i])
        dies = death[i] <= end
        is_event[i] = _I32(dies)
        time[i] = death[i] if dies else end


@loop
def _observe_failure(
    n: uint64,
    visit: NDArray[int64],
    n_visits: int64,
    due: NDArray[int32],
    failed: NDArray[int32],
    time: NDArray[int32],
    is_event: NDArray[int32],
) -> None:
    """Write time to failure, or to the last scheduled visit before the cut-off (without visits, to the cut-off)."""
    for i in range(_ZERO, n):
        time[i] = due[i] if n_visits == 0 else _I32(0)
        is_event[i] = _I32(failed[i] <= due[i])
    for v in range(n_visits):
        day = _I32(visit[v])
        for i in range(_ZERO, n):
            time[i] = day if day <= due[i] else time[i]
    for i in range(_ZERO, n):
        time[i] = failed[i] if is_event[i] else time[i]


@loop
def _write_response_times(n: int64, patient: NDArray[int32], counted_at: NDArray[int32], out: NDArray[int64]) -> None:
    """Write median time to response and median follow-up after onset of those whose response counts by the cut-off."""
    due, first, off, followed = patient[SPARE], patient[FIRST], patient[OFF], patient[FOLLOWED]
    onset, after, found = patient[CLOCK], patient[WITHDRAWAL], _I64(0)
    for i in range(n):
        if counted_at[i] <= due[i]:
            onset[found] = first[i]
            after[found] = min(off[i], followed[i], due[i]) - first[i]
            found += 1
    out[0] = median(onset, found) if found > 0 else MISSING
    out[1] = median(after, found) if found > 0 else MISSING


@loop
def write_survival(
    whole: NDArray[int64],
    real: NDArray[float64],
    patient: NDArray[int32],
    state: NDArray[int64],
    key: NDArray[int64],
    curve: NDArray[float64],
    cutoff: int64,
    out: NDArray[int64],
) -> None:
    """Write survival, follow-up and response times. Rows of patients that are no longer needed serve as room."""
    number, n, z = whole[NUMBER], state[SINGLE_STATE, N_ENROLLED], real[SINGLE, Z_LEVEL]
    n_arms, n_at, at = number[N_ARMS], number[N_TIMES], whole[TIMES]
    end, arms, due, entry = in_lanes(n), patient[ARM], patient[SPARE], patient[ENTRY]
    time, event, width = patient[CLASS], patient[CONF], (n_arms + 1) * (3 * n_at + 1)
    _observe_survival(end, due, patient[FOLLOWED], patient[DEATH], time, event)
    sort_times(n, time, event, arms, key[0], key[1])
    rank_of_death, follow_up = survive(n, n_arms, at, n_at, z, key[1], state, curve, out)
    middle = _I64(entry[(n - 1) >> 1]) + entry[n >> 1] + 1 if n > 0 else _I64(0)
    out[width] = follow_up
    out[width + 1] = cutoff - (middle >> 1) if n > 0 else MISSING
    out[width + 2] = _I64(due[n - 1]) if n > 0 else MISSING
    c = width + 3
    failed = patient[OFF] if number[FAILURE_AT_LEAVING] else patient[FAILURE]
    _observe_failure(end, whole[VISITS], number[N_VISITS], due, failed, time, event)
    sort_times(n, time, event, arms, key[0], key[1])
    rank_of_failure, _ = survive(n, n_arms, at, n_at, z, key[1], state, curve, out[c:])
    c += width
    out[c], out[c + 1] = rank_of_death, rank_of_failure
    _write_response_times(n, patient, patient[BY_CONFIRMED + number[FINAL_MODE]], out[c + 2 :])
