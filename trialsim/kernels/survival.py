"""Kaplan-Meier, reverse Kaplan-Meier and log-rank of one trial (docs/calendar-conduct.md, section 7).

Events are few against patients, so nothing is sorted: the numbers at risk are counted for each event, and each event of a
tie takes the factor 1 - 1/(n - those before it), which multiplies to 1 - d/n.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy import int32 as _I32
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import loop
from trialsim.kernels.clinic import MISSING, NEVER

if TYPE_CHECKING:
    from numpy import int32, int64, uint64
    from numpy.typing import NDArray

FIXED = 1_000_000
"""Probabilities and statistics are written down in millionths."""

_TIE = 1e-9
"""A curve that rounding keeps above one half has reached it."""

_ALL = _I32(-1)
_ZERO = _U(0)


@loop
def fixed(x: float) -> int64:
    """Return a number in millionths, rounded."""
    return _I64(np.floor(x * FIXED + 0.5))


@loop
def _n_at_risk(n: uint64, time: NDArray[int32], arm: NDArray[int32], which: int32, at: int32) -> int64:
    count = 0
    for i in range(_ZERO, n):
        count += (time[i] >= at) & ((arm[i] == which) | (which < 0))
    return _I64(count)


@loop
def collect_events(
    n: uint64, time: NDArray[int32], is_event: NDArray[int32], arm: NDArray[int32], which: int32, out: NDArray[int32]
) -> int64:
    """Write the times of the events of an arm (-1: of all) and return how many."""
    found = _I64(0)
    for i in range(_ZERO, n):
        if is_event[i] and (which < 0 or arm[i] == which):
            out[found] = time[i]
            found += 1
    return found


@loop
def sort_events(time: NDArray[int32], n: int64) -> None:
    """Sort the first `n` times (Shell 1959, gaps of Ciura 2001)."""
    for gap in (701, 301, 132, 57, 23, 10, 4, 1):
        for i in range(gap, n):
            value, j = time[i], i
            while j >= gap and time[j - gap] > value:
                time[j] = time[j - gap]
                j -= gap
            time[j] = value


@loop
def kaplan_meier(
    n: uint64,
    time: NDArray[int32],
    is_event: NDArray[int32],
    arm: NDArray[int32],
    which: int32,
    at: NDArray[int64],
    n_at: int64,
    z: float,
    event: NDArray[int32],
    out: NDArray[int64],
) -> None:
    """Write estimate, lower and upper limit at each time of `at`, then the median, for an arm (-1: for all)."""
    for k in range(3 * n_at + 1):
        out[k] = MISSING
    n_group = _n_at_risk(n, time, arm, which, _I32(-1))
    if n_group == 0:
        return
    n_events = collect_events(n, time, is_event, arm, which, event)
    sort_events(event, n_events)
    survival, variance, k, ties = 1.0, 0.0, _I64(0), _I64(0)
    for e in range(n_events + 1):
        now = _I64(event[e]) if e < n_events else _I64(NEVER)
        while k < n_at and at[k] < now:
            _write_point(survival, variance, z, out, 3 * k)
            k += 1
        if e == n_events:
            break
        ties = ties + 1 if e > 0 and event[e - 1] == event[e] else _I64(0)
        left = _n_at_risk(n, time, arm, which, event[e]) - ties
        survival *= (left - 1.0) / left
        variance += 1.0 / (left * (left - 1.0)) if left > 1 else 0.0
        is_last_of_tie = e + 1 == n_events or event[e + 1] != event[e]
        if is_last_of_tie and survival <= 0.5 + _TIE and out[3 * n_at] == MISSING:
            out[3 * n_at] = now


@loop
def _write_point(survival: float, variance: float, z: float, out: NDArray[int64], k: int64) -> None:
    out[k] = fixed(survival)
    if 0.0 < survival < 1.0:
        middle = log(-log(survival))
        reach = z * sqrt(variance) / log(survival)
        out[k + 1] = fixed(exp(-exp(middle - reach)))
        out[k + 2] = fixed(exp(-exp(middle + reach)))


@loop
def log_rank(
    n: uint64,
    time: NDArray[int32],
    is_event: NDArray[int32],
    arm: NDArray[int32],
    event: NDArray[int32],
) -> int64:
    """Return (O - E) / sqrt(V) of the first of two arms, in millionths (Mantel 1966)."""
    n_events = collect_events(n, time, is_event, arm, _ALL, event)
    observed = 0
    for i in range(_ZERO, n):
        observed += is_event[i] & (arm[i] == 0)
    expected, variance = 0.0, 0.0
    for e in range(n_events):
        ties = 0
        for other in range(n_events):
            ties += event[other] == event[e]
        both = _n_at_risk(n, time, arm, _ALL, event[e])
        share = _n_at_risk(n, time, arm, _I32(0), event[e]) / both
        expected += share
        if both > 1:
            variance += share * (1.0 - share) * (both - ties) / (both - 1.0)
    if variance <= 0.0:
        return MISSING
    return fixed((observed - expected) / sqrt(variance))


@loop
def reverse_median(
    n: uint64, time: NDArray[int32], is_event: NDArray[int32], arm: NDArray[int32], event: NDArray[int32]
) -> int64:
    """Return the median of the reverse Kaplan-Meier curve, events and censorings exchanged.

    Between events the curve falls in proportion to the patients left, so its value at `t` is those left after `t` over all,
    times m / (m - 1) for each event before `t`, where m are at risk, without those censored at the same minute.
    """
    n_events = collect_events(n, time, is_event, arm, _ALL, event)
    low, high = _I64(-1), _I64(0)
    for i in range(_ZERO, n):
        if not is_event[i]:
            high = max(high, _I64(time[i]))
    if _reverse_curve(n, time, event, n_events, high) > 0.5 + _TIE:
        return MISSING
    while high - low > 1:
        middle = (low + high) >> 1
        if _reverse_curve(n, time, event, n_events, middle) <= 0.5 + _TIE:
            high = middle
        else:
            low = middle
    return high


@loop
def _reverse_curve(n: uint64, time: NDArray[int32], event: NDArray[int32], n_events: int64, at: int64) -> float:
    left = _n_at_risk(n, time, time, _ALL, _I32(at + 1))
    for e in range(n_events):
        left += event[e] == at
    if left == 0:
        return 0.0
    curve = left / float(n)
    for e in range(n_events):
        if event[e] < at:
            at_risk = _n_at_risk(n, time, time, _ALL, _I32(event[e] + 1))
            for other in range(e, n_events):
                at_risk += event[other] == event[e]
            curve *= at_risk / (at_risk - 1.0)
    return curve
