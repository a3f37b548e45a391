"""What patients are exposed to, and what its sampling would say (docs/calendar-conduct.md, section 9)."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy import int64 as _I64
from numpy import uint64 as _U

from trialsim.kernels._jit import inlined, kernel, loop
from trialsim.kernels.adverse import fill_normals, list_by_arm
from trialsim.kernels.clinic import EXPOSURE, MISSING
from trialsim.kernels.numeric import exp, minus_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import float64, int8, int64, uint64
    from numpy.typing import NDArray

_ZERO = _U(0)
_LN2 = 0.6931471805599453
_LARGEST = 9e12
"""In millionths this is nearly the largest int64; what is beyond is missing."""
_LEAST_EXPONENT = -600.0

_AUC, _HALF_LIFE, _RATE, _SCALE, _KEPT, _AREA, _SLOPE, _N_ROWS = range(8)
"""Rows of `real`; the first two hold the normals at first, AREA and SLOPE hold in the end what was sampled."""
_SIGMA, _MU_HALF_LIFE, _SIGMA_HALF_LIFE, _ABSORPTION, _INTERVAL = range(5)
_HOUR, _ABSORBED, _AREA_WEIGHT, _SLOPE_WEIGHT = range(4)


@loop
def _expose(start: uint64, end: uint64, mu: float, law: NDArray[float64], real: NDArray[float64]) -> None:
    """Turn an arm's normals into AUC and half-life, and write what concentrations need of them."""
    sigma, mu_half_life, sigma_half_life = law[_SIGMA], law[_MU_HALF_LIFE], law[_SIGMA_HALF_LIFE]
    absorption, interval = law[_ABSORPTION], law[_INTERVAL]
    for i in range(start, end):
        auc, half_life = exp(mu + sigma * real[_AUC, i]), exp(mu_half_life + sigma_half_life * real[_HALF_LIFE, i])
        rate = _LN2 / half_life
        real[_AUC, i], real[_HALF_LIFE, i], real[_RATE, i] = auc, half_life, rate
        real[_SCALE, i] = auc * rate * absorption / (absorption - rate)
        exponent = rate * -interval
        real[_KEPT, i] = 1.0 / (1.0 - exp(exponent if exponent > _LEAST_EXPONENT else _LEAST_EXPONENT))
        real[_AREA, i] = real[_SLOPE, i] = 0.0


@inlined
def _concentration(i: int, hour: float, absorbed: float, real: NDArray[float64]) -> float:
    """Return the concentration of a listed patient at an hour after a dose at steady state."""
    exponent = real[_RATE, i] * -hour
    eliminated = exp(exponent if exponent > _LEAST_EXPONENT else _LEAST_EXPONENT) * real[_KEPT, i]
    return real[_SCALE, i] * (eliminated - absorbed)


@loop
def _add_area(n: uint64, hour: float, absorbed: float, weight: float, real: NDArray[float64]) -> None:
    """Add what the sample at one hour gives to the area."""
    for i in range(_ZERO, n):
        real[_AREA, i] += weight * _concentration(i, hour, absorbed, real)


@loop
def _add_slope(n: uint64, hour: float, absorbed: float, weight: float, real: NDArray[float64]) -> None:
    """Add what the sample at one hour gives to the slope."""
    for i in range(_ZERO, n):
        real[_SLOPE, i] -= weight * minus_log(_concentration(i, hour, absorbed, real))


@loop
def _to_half_life(n: uint64, real: NDArray[float64]) -> None:
    for i in range(_ZERO, n):
        real[_SLOPE, i] = -_LN2 / real[_SLOPE, i]


@loop
def _in_millionths(x: float) -> int64:
    """Return a number in millionths; MISSING if it is none or too large."""
    return _I64(np.floor(x * 1e6 + 0.5)) if abs(x) < _LARGEST else MISSING


@loop
def _mean(start: uint64, end: uint64, row: int, real: NDArray[float64]) -> float:
    total = 0.0
    for i in range(start, end):
        total += real[row, i]
    return total / float(end - start)


@loop
def _standard_deviation(start: uint64, end: uint64, centre: float, row: int, real: NDArray[float64]) -> float:
    total = 0.0
    for i in range(start, end):
        total += (real[row, i] - centre) * (real[row, i] - centre)
    return sqrt(total / max(float(end - start) - 1.0, 0.0))


@loop
def _write(
    start: uint64, end: uint64, is_sampled: bool, real: NDArray[float64], a: int, n_arms: int, out: NDArray[int64]
) -> None:
    """Write the columns of arm `a`; nobody has no mean, and one patient no standard deviation (0 / 0)."""
    centre = _mean(start, end, _AUC, real)
    out[a] = _in_millionths(centre)
    out[n_arms + a] = _in_millionths(_standard_deviation(start, end, centre, _AUC, real))
    out[2 * n_arms + a] = _in_millionths(_mean(start, end, _HALF_LIFE, real))
    out[3 * n_arms + a] = _in_millionths(_mean(start, end, _AREA, real)) if is_sampled else MISSING
    out[4 * n_arms + a] = _in_millionths(_mean(start, end, _SLOPE, real)) if is_sampled else MISSING


@kernel
def summarise_exposure(
    seed: uint64,
    first: uint64,
    arm: NDArray[int8],
    n_first: int64,
    mu: NDArray[float64],
    law: NDArray[float64],
    sampling: NDArray[float64],
    order: NDArray[uint64],
    real: NDArray[float64],
    begin: NDArray[int64],
    out: NDArray[int64],
) -> None:
    """Summarise the exposure of each arm's patients in trials `first`, `first` + 1, ….

    A patient's exposure is a function of seed, replicate and patient alone, and sums run in the order of patients: a
    trial's columns do not depend on which trials are summarised with it.

    Parameters
    ----------
    seed, first
        Which trials: the rows of `arm`.
    arm
        (trials, patients) arm of each patient, -1 if not enrolled.
    n_first
        Of each arm the first so many patients; 0 for all.
    mu
        (arms,) mean of ln AUC.
    law
        (5,) standard deviation of ln AUC; mean and standard deviation of ln half-life in hours; absorption per hour;
        dosing interval in hours.
    sampling
        (4, hours) from `sampling_plan`; without hours, what would be sampled is missing.
    order, real, begin
        From `exposure_room`.
    out
        (trials, 5 arms), filled in place, in millionths, rounded, `MISSING` where undefined. First the mean AUC of each
        arm, then in the same way its standard deviation between patients (n - 1), the mean half-life, the mean AUC as
        sampled, the mean half-life as sampled.
    """
    n_arms, n_hours, limit = mu.shape[0], sampling.shape[1], n_first if n_first > 0 else _I64(arm.shape[1])
    even, odd = real[_AUC], real[_HALF_LIFE]
    for t in range(arm.shape[0]):
        columns = out[t]
        n = _U(list_by_arm(arm[t], n_arms, limit, order, begin))
        fill_normals(seed, EXPOSURE, first + _U(t), _ZERO, n, order, even, odd)
        for a in range(n_arms):
            _expose(_U(begin[a]), _U(begin[a + 1]), mu[a], law, real)
        for h in range(n_hours):
            hour, absorbed = sampling[_HOUR, h], sampling[_ABSORBED, h]
            if sampling[_AREA_WEIGHT, h] != 0.0:
                _add_area(n, hour, absorbed, sampling[_AREA_WEIGHT, h], real)
            if sampling[_SLOPE_WEIGHT, h] != 0.0:
                _add_slope(n, hour, absorbed, sampling[_SLOPE_WEIGHT, h], real)
        _to_half_life(n, real)
        for a in range(n_arms):
            _write(_U(begin[a]), _U(begin[a + 1]), n_hours > 0, real, a, n_arms, columns)


def sampling_plan(hours: Sequence[float], absorption: float, interval: float) -> NDArray[float64]:
    """Return what `summarise_exposure` needs to know of the samples.

    Parameters
    ----------
    hours
        Hours after the dose at which samples are taken, ascending; at least two, or none.
    absorption
        Per hour.
    interval
        Hours between doses.

    Returns
    -------
    sampling
        (4, hours): the hour, the absorption term of the concentration, the weight in the area from 0 to the dosing
        interval by the linear trapezoid, the weight in the slope of the line through the last three logarithms.
    """
    hour = np.asarray(hours, np.float64)
    plan = np.zeros((4, hour.size))
    if hour.size == 0:
        return plan
    plan[_HOUR], plan[_ABSORBED] = hour, np.exp(-absorption * hour) / -np.expm1(-absorption * interval)
    inside = np.flatnonzero((hour >= 0) & (hour <= interval))
    for start, end in pairwise(inside):
        plan[_AREA_WEIGHT, [start, end]] += (hour[end] - hour[start]) / 2
    from_mean = hour[-3:] - hour[-3:].mean()
    plan[_SLOPE_WEIGHT, -3:] = from_mean / (from_mean**2).sum()
    return plan


def exposure_room(n_arms: int, n_patients: int) -> tuple[NDArray[uint64], NDArray[float64], NDArray[int64]]:
    """Return room for `summarise_exposure` to work in; its contents do not matter."""
    return np.zeros(n_patients + 1, np.uint64), np.zeros((_N_ROWS, n_patients)), np.zeros(n_arms + 1, np.int64)
