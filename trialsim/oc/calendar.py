"""What only calendar conduct has: days of looks, overrun, pipeline, durations, patients' courses, survival, safety."""

from __future__ import annotations

from math import inf, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.columns import AMOUNT, CODE, MEASURE_NAMES, MILLIONTHS, MINUTES, PATIENTS, SIGNED
from trialsim.oc.entry import POOLED, Entry
from trialsim.oc.mcse import Estimate, proportion, quantile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.columns import Column
    from trialsim.endings import CalendarTally

SCALE = {PATIENTS: 1.0, MINUTES: 1.0 / 1440.0, MILLIONTHS: 1e-6, SIGNED: 1e-6, AMOUNT: 1e-6, CODE: 1.0}
"""What a column is multiplied by: minutes become days, millionths their number."""

MONTH_DAYS = 30.4375
SIGNIFICANT = 0.05

_OF_TRIAL = ("enrolled", "look_enrolled", "look_counted", "look_pipeline", "look_overrun", "enrolled_by")
"""Columns whose sum over arms is a number of the trial; of the others it is "pooled"."""

_ELSEWHERE = ("stop_look", "look_decision", "look_success", "success", "enrolled", "evaluable")
"""Columns that the measures of ideal conduct report."""


class CalendarSetting(NamedTuple):
    """The words and choices that calendar measures need."""

    arms: tuple[str, ...]
    looks: tuple[str, ...]
    quantiles: tuple[float, ...]
    points: dict[str, tuple[str, ...]]
    """Names of the points of a column that has several, by quantity; days as text."""
    measures: tuple[str, ...] = ()
    """The measures that are wanted; none: all."""


def calendar_measures(setting: CalendarSetting, tally: CalendarTally) -> Iterator[Entry]:
    """Yield, of each column, mean, SD and quantiles; and shares where a value may be missing or is a code."""
    for index, column in enumerate(tally.sums.columns):
        if column.quantity in ("look_decision", "stop_look"):
            yield from _toxicity_stops(setting, tally, index, column)
        if column.quantity in _ELSEWHERE or not _is_wanted(setting.measures, column):
            continue
        yield from _of_column(setting, tally, index, column)


def _is_wanted(measures: tuple[str, ...], column: Column) -> bool:
    """Return whether any measure of a column is wanted."""
    name = MEASURE_NAMES.get(column.quantity, column.quantity)
    own = {f"{name}_mean", f"{name}_sd", f"{name}_quantile", f"{name}_known", f"p_{name}", "p_takes_place"}
    return not measures or not (own | {"months_mean"}).isdisjoint(measures)


def _of_column(setting: CalendarSetting, tally: CalendarTally, index: int, column: Column) -> Iterator[Entry]:
    sums, words = tally.sums, _words(setting, column)
    name, scale = MEASURE_NAMES.get(column.quantity, column.quantity), SCALE[column.unit]
    n, may_miss = sums.n[index], column.unit in (MINUTES, MILLIONTHS, SIGNED, AMOUNT)
    if column.quantity == "look_day":
        yield _entry("p_takes_place", proportion(n, tally.n_trials), words)
    elif may_miss and n < tally.n_trials:
        yield _entry(f"{name}_known", proportion(n, tally.n_trials), words)
    average = column_mean(tally, index)
    yield _entry(f"{name}_mean", average, words)
    if column.quantity == "duration":
        months = 1 / MONTH_DAYS
        yield _entry("months_mean", _scaled(average, months), words)
    yield _entry(f"{name}_sd", column_sd(tally, index), words)
    values, counts = sums.values(index)
    for probability in setting.quantiles:
        estimate = quantile(values * scale, counts, probability) if n else Estimate(None, None, 0, "quantile")
        yield _entry(f"{name}_quantile", estimate, words, probability)
    if column.quantity.startswith("logrank_") and n:
        from scipy.special import ndtri

        limit = -float(ndtri(SIGNIFICANT / 2)) / scale
        yield _entry(f"p_{name}", proportion(int(counts[np.abs(values) >= limit].sum()), n), words, SIGNIFICANT)


def column_mean(tally: CalendarTally, index: int) -> Estimate:
    """Return the mean of a column over the trials in which it has a value."""
    n, variance = tally.sums.n[index], _variance(tally, index)
    if n == 0:
        return Estimate(None, None, 0, "mean")
    scale = SCALE[tally.sums.columns[index].unit]
    return Estimate(tally.sums.total[index] / n * scale, sqrt(variance / n), n, "mean")


def column_sd(tally: CalendarTally, index: int) -> Estimate:
    """Return the SD of a column; its MCSE is that of a normal distribution (Morris et al. 2019, table 6)."""
    n = tally.sums.n[index]
    if n == 0:
        return Estimate(None, None, 0, "mean")
    sd = sqrt(_variance(tally, index))
    return Estimate(sd, sd / sqrt(2 * max(n - 1, 1)), n, "root", skewness=inf)


def _variance(tally: CalendarTally, index: int) -> float:
    """Return the variance (divisor n), from whole sums: nothing is lost by subtraction."""
    n = tally.sums.n[index]
    if n == 0:
        return 0.0
    above = tally.sums.squares[index] * n - tally.sums.total[index] ** 2
    return above / n**2 * SCALE[tally.sums.columns[index].unit] ** 2


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    if estimate.value is None or estimate.mcse is None:
        return estimate
    return estimate._replace(value=estimate.value * factor, mcse=estimate.mcse * factor)


def _toxicity_stops(setting: CalendarSetting, tally: CalendarTally, index: int, column: Column) -> Iterator[Entry]:
    """Yield how often an arm stops for toxicity: at a look, or between looks."""
    values, counts = tally.sums.values(index)
    at_look = column.quantity == "look_decision"
    stops = counts[values == 3].sum() if at_look else counts[values <= -2].sum()
    if any(other.quantity == "toxicities" for other in tally.sums.columns):
        yield _entry("p_stop_toxicity", proportion(int(stops), tally.n_trials), _words(setting, column))


def _words(setting: CalendarSetting, column: Column) -> tuple[str | None, str | None, str | None]:
    """Return arm, look and variant of a column."""
    arm = None
    if column.arm is not None:
        whole = None if column.quantity in _OF_TRIAL else POOLED
        arm = setting.arms[column.arm] if column.arm >= 0 else whole
        arm = setting.arms[0] if arm == POOLED and len(setting.arms) == 1 else arm
    look = setting.looks[column.look] if column.look is not None else None
    points = setting.points.get(column.quantity)
    return arm, look, points[column.point] if points is not None and column.point is not None else None


def _entry(
    measure: str, estimate: Estimate, words: tuple[str | None, str | None, str | None], value: float | None = None
) -> Entry:
    arm, look, variant = words
    return Entry(measure, estimate, arm, look, value=value, variant=variant)
