"""Kaplan-Meier, its reverse, and log-rank of one trial (docs/calendar-conduct.md, section 7): one sort, one pass."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import loop
from trialsim.kernels.clinic import AT_RISK, CENSORED, EVENTS, MISSING, SO_FAR

if TYPE_CHECKING:
    from numpy import float64, int32, int64
    from numpy.typing import NDArray

FIXED = 1_000_000
"""Probabilities and statistics are written down in millionths."""

_TIE = 1e-9
"""A curve that rounding keeps above one half has reached it."""

_TIME, _LOW = 6, 63
"""A key is time · 64 + arm · 2 + (1 if an event): whole numbers that sort by time."""


@loop
def fixed(x: float) -> int64:
    """Return a number in millionths, rounded."""
    return _I64(np.floor(x * FIXED + 0.5))


@loop
def _sort(n: int64, key: NDArray[int64]) -> None:
    """Sort the first `n` keys (Shell 1959, gaps of Ciura 2001)."""
    for gap in (_U(301), _U(57), _U(10), _U(1)):
        for i in range(gap, _U(n)):
            value, j = key[i], i
            while j >= gap and key[j - gap] > value:
                key[j] = key[j - gap]
                j -= gap
            key[j] = value


@loop
def _merge(n: int64, n_late: int64, late: NDArray[int64], key: NDArray[int64]) -> None:
    """Merge two sorted runs, the first `n` of `key` and `n_late` in `late`, into `key`."""
    i, j, k = n - 1, n_late - 1, n + n_late - 1
    while j >= 0:
        if i >= 0 and key[i] > late[j]:
            key[k] = key[i]
            i -= 1
        else:
            key[k] = late[j]
            j -= 1
        k -= 1


@loop
def sort_times(
    n: int64,
    time: NDArray[int32],
    is_event: NDArray[int32],
    arms: NDArray[int32],
    late: NDArray[int64],
    key: NDArray[int64],
) -> None:
    """Write sorted keys. From the last to enter they nearly are in order, so only those that are not are sorted."""
    n_in_order, n_late, highest = _I64(0), _I64(0), _I64(-1)
    for i in range(n):
        j = n - 1 - i
        value = (_I64(time[j]) << _TIME) + (arms[j] << 1) + is_event[j]
        if value >= highest and not is_event[j]:
            key[n_in_order] = highest = value
            n_in_order += 1
        else:
            late[n_late] = value
            n_late += 1
    _sort(n_late, late)
    _merge(n_in_order, n_late, late, key)


@loop
def _write_point(group: int64, k: int64, n_at: int64, z: float, curve: NDArray[float64], out: NDArray[int64]) -> None:
    """Write estimate and limits of a group (of all, if it is the last) at point k."""
    survival, c = curve[0, group], group * (3 * n_at + 1) + 3 * k
    out[c] = fixed(survival)
    if 0.0 < survival < 1.0:
        middle = log(-log(survival))
        reach = z * sqrt(curve[1, group]) / log(survival)
        out[c + 1] = fixed(exp(-exp(middle - reach)))
        out[c + 2] = fixed(exp(-exp(middle + reach)))


@loop
def _fall(group: int64, at_risk: int64, n_events: int64, curve: NDArray[float64]) -> bool:
    """Let the curve of a group fall by its events; return whether it is at one half or below."""
    curve[0, group] *= (at_risk - n_events) / float(at_risk)
    if at_risk > n_events:
        curve[1, group] += n_events / (float(at_risk) * (at_risk - n_events))
    return bool(curve[0, group] <= 0.5 + _TIE)


@loop
def survive(
    n: int64,
    n_arms: int64,
    at: NDArray[int64],
    n_at: int64,
    z: float,
    key: NDArray[int64],
    state: NDArray[int64],
    curve: NDArray[float64],
    out: NDArray[int64],
) -> tuple[int64, int64]:
    """Write the curves of each arm and of all: estimate and limits at each time of `at`, then the median.

    Parameters
    ----------
    n, n_arms
        Patients, arms.
    at, n_at
        Times of the points, ascending, and how many.
    z
        Normal quantile of the limits.
    key
        From `sort_times`.
    state, curve
        Room.
    out
        (3 n_at + 1) columns of each arm, then of all.

    Notes
    -----
    Between events the reverse curve falls in proportion to the patients left: it is `lost` times those left over all,
    where `lost` grows by m / (m - d) at each d events among m patients.

    Returns
    -------
    int, int
        Log-rank z of the first of two arms, in millionths (Mantel 1966; positive: more events than expected), and
        median of the reverse Kaplan-Meier curve of all; MISSING where there is none.
    """
    at_risk, events, censored, size, every = state[AT_RISK], state[EVENTS], state[CENSORED], state[SO_FAR], n_arms
    each = 3 * n_at + 1
    for column in range((n_arms + 1) * each):
        out[column] = MISSING
    for group in range(n_arms + 1):
        at_risk[group], curve[0, group], curve[1, group] = 0, 1.0, 0.0
    for i in range(n):
        at_risk[(key[i] & _LOW) >> 1] += 1
    at_risk[every] = n
    for group in range(n_arms + 1):
        size[group] = at_risk[group]
    k, i, lost, reverse_median = _I64(0), _I64(0), 1.0, _I64(MISSING)
    half = (0.5 + _TIE) * n
    difference, variance = 0.0, 0.0
    while i < n or k < n_at:
        now = key[i] >> _TIME if i < n else _I64(2**60)
        while k < n_at and at[k] < now:
            for group in range(n_arms + 1):
                if size[group] > 0:
                    _write_point(group, k, n_at, z, curve, out)
            k += 1
        if i >= n:
            break
        if not key[i] & 1 and (i + 1 == n or key[i + 1] >> _TIME != now):  # a censoring on its own, as most are
            at_risk[(key[i] & _LOW) >> 1] -= 1
            at_risk[every] -= 1
            if lost * at_risk[every] <= half and reverse_median == MISSING:
                reverse_median = now
            i += 1
            continue
        for group in range(n_arms + 1):
            events[group], censored[group] = 0, 0
        while i < n and key[i] >> _TIME == now:
            arm, is_event = (key[i] & _LOW) >> 1, key[i] & 1
            events[arm] += is_event
            events[every] += is_event
            censored[arm] += 1 - is_event
            censored[every] += 1 - is_event
            i += 1
        if n_arms == 2 and events[every] > 0:
            share = at_risk[0] / float(at_risk[every])
            difference += events[0] - events[every] * share
            if at_risk[every] > 1:
                left = (at_risk[every] - events[every]) / (at_risk[every] - 1.0)
                variance += events[every] * share * (1.0 - share) * left
        for group in range(n_arms + 1):
            if events[group] > 0:
                is_low = _fall(group, at_risk[group], events[group], curve)
                if is_low and out[group * each + 3 * n_at] == MISSING:
                    out[group * each + 3 * n_at] = now
        left_by_censoring = at_risk[every] - censored[every]
        if censored[every] > 0 and lost * left_by_censoring <= half and reverse_median == MISSING:
            reverse_median = now
        if left_by_censoring > events[every]:
            lost *= left_by_censoring / float(left_by_censoring - events[every])
        for group in range(n_arms + 1):
            at_risk[group] -= events[group] + censored[group]
    rank = fixed(difference / sqrt(variance)) if variance > 0.0 else _I64(MISSING)
    return rank, reverse_median
