"""The calendar of a scenario: its studies, the words of its measures, and the published results it is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.compile_calendar import compile_calendar, curve_days
from trialsim.engines.calendar import CalendarStudy, columns_of
from trialsim.errors import InputError, nearest
from trialsim.oc.calendar import SCALE, CalendarSetting, column_mean, column_sd
from trialsim.oc.mcse import Estimate

if TYPE_CHECKING:
    from trialsim.columns import Column
    from trialsim.endings import CalendarTally
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.conduct.reproduction import PublishedResult
    from trialsim.spec.design import Design

UNITS = {"%": 100.0, "weeks": 1 / 7.0, "months": 1 / 30.4375}
"""What a quantity is multiplied by to be in a printed unit."""


def study_of(design: Design, conduct: Conduct, rates: tuple[float, ...], seed: int) -> CalendarStudy:
    """Return the study of a design under a conduct and a truth.

    Raises
    ------
    InputError
        If a rule cannot be compiled.
    """
    bedside = None
    if conduct.adverse_events or conduct.performance_status or conduct.exposure:
        from trialsim.engines.bedside import bedside_of

        bedside = bedside_of(design.arm_names, conduct)
    return CalendarStudy(compile_calendar(design, conduct, rates), seed, bedside)


def setting_of(design: Design, conduct: Conduct, quantiles: tuple[float, ...]) -> CalendarSetting:
    """Return the words of calendar measures."""
    points = {"on_treatment": tuple(f"day {day:g}" for day in conduct.on_treatment_at_days)}
    points["enrolled_by"] = tuple(f"month {month + 1}" for month in range(len(curve_days(conduct))))
    if conduct.survival is not None:
        days = tuple(f"day {day:g}" for day in conduct.survival.at_days)
        points |= {f"{curve}{part}": days for curve in ("os", "ttf") for part in ("", "_lower", "_upper")}
    if conduct.adverse_events is not None:
        names = (*(event.name for event in conduct.adverse_events.events), "at least one")
        points |= {"any_grade": names, "severe": names}
    if conduct.performance_status is not None:
        points |= {
            "status_at_baseline": conduct.performance_status.states,
            "status_later": conduct.performance_status.states,
        }
    return CalendarSetting(design.arm_names, design.look_names, quantiles, points)


class MatchRow(NamedTuple):
    """A published result beside the model."""

    label: str
    place: str
    unit: str
    digits: int
    printed: float | None
    mean: Estimate
    """Over simulated trials."""
    sd: Estimate
    low: float | None
    """95 % range of a single trial."""
    high: float | None
    verdict: str
    """"inside", "outside", "impossible" or "not printed"."""
    reason: str


def match_rows(design: Design, conduct: Conduct, tally: CalendarTally, study: CalendarStudy) -> tuple[MatchRow, ...]:
    """Return each published result with mean and 95 % range of a single simulated trial.

    Raises
    ------
    InputError
        If a result names a quantity that the conduct does not have.
    """
    assert conduct.match is not None
    setting = setting_of(design, conduct, ())
    found = columns_of(study)
    return tuple(
        _match_row(result, tally, _column_of(result, number, setting, found))
        for number, result in enumerate(conduct.match.results)
    )


def _column_of(result: PublishedResult, number: int, setting: CalendarSetting, found: list[Column]) -> int:
    where = f"conduct.match.results.{number}"
    names = sorted({column.quantity for column in found})
    if result.quantity not in names:
        raise InputError(f'{where}.quantity: found "{result.quantity}"; {nearest(result.quantity, names)}.')
    arms = {**{name: index for index, name in enumerate(setting.arms)}, "pooled": -1}
    arm = None if result.arm is None else arms.get(result.arm, -2)
    if arm == -2:
        raise InputError(f'{where}.arm: found "{result.arm}"; {nearest(str(result.arm), list(arms))}.')
    points = setting.points.get(result.quantity, ())
    own = [index for index, column in enumerate(found) if column.quantity == result.quantity]
    for index in own:
        column = found[index]
        look = None if column.look is None else setting.looks[column.look]
        point = None if column.point is None or not points else points[column.point]
        if (column.arm in (arm, -1 if arm is None else arm)) and look == result.look and point == result.at:
            return index
    raise InputError(
        f"{where}: no column is {result.quantity} of {result.arm or 'the trial'}, look {result.look}, at {result.at}; "
        f"looks: {', '.join(setting.looks)}; at: {', '.join(points) or 'none'}."
    )


def _match_row(result: PublishedResult, tally: CalendarTally, index: int) -> MatchRow:
    column = tally.sums.columns[index]
    factor = UNITS.get(result.unit, 1.0)
    if result.unit == "%" and column.unit == "patients":
        factor = 100.0 / _patients(tally, column.arm)
    scale = SCALE[column.unit] * factor
    mean, sd = _times(column_mean(tally, index), factor), _times(column_sd(tally, index), factor)
    values, counts = tally.sums.values(index)
    low, high = None, None
    if counts.sum():
        share = np.cumsum(counts) / counts.sum()
        low, high = (float(values[np.searchsorted(share, p - 1e-12)]) * scale for p in (0.025, 0.975))
    verdict = "not printed"
    if result.printed is not None and low is not None and high is not None:
        half = 0.5 * 10.0**-result.digits
        verdict = "inside" if low - half <= result.printed <= high + half else "outside"
    if result.impossible:
        verdict = "impossible"
    return MatchRow(
        result.label,
        result.place,
        result.unit,
        result.digits,
        result.printed,
        mean,
        sd,
        low,
        high,
        verdict,
        result.impossible,
    )


def _patients(tally: CalendarTally, arm: int | None) -> float:
    """Return the mean number of patients of an arm (-1 or None: of the trial)."""
    wanted = -1 if arm is None else arm
    index = next(i for i, c in enumerate(tally.sums.columns) if c.quantity == "enrolled" and c.arm == wanted)
    return column_mean(tally, index).value or 1.0


def _times(estimate: Estimate, factor: float) -> Estimate:
    if estimate.value is None or estimate.mcse is None:
        return estimate
    return estimate._replace(value=estimate.value * factor, mcse=estimate.mcse * factor)
