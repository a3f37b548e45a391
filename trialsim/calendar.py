"""The calendar of a scenario: its studies, the words of its measures, and the published results it is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.compile_calendar import compile_calendar
from trialsim.engines.calendar import CalendarStudy
from trialsim.oc.calendar import SCALE, CalendarSetting, column_mean, column_sd
from trialsim.oc.mcse import Estimate, quantile
from trialsim.spec.conduct.names import column_of, points_of

if TYPE_CHECKING:
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


def setting_of(
    design: Design, conduct: Conduct, quantiles: tuple[float, ...], measures: tuple[str, ...] = ()
) -> CalendarSetting:
    """Return the words of calendar measures, and which are wanted (none: all)."""
    return CalendarSetting(design.arm_names, design.look_names, quantiles, points_of(conduct), measures)


SINGLE_TRIAL_RANGE = (0.025, 0.975)
"""The quantiles over trials between which a single trial lies with 95 %."""


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
    low: Estimate
    """95 % range of a single trial."""
    high: Estimate
    verdict: str
    """"inside", "outside", "impossible" or "not printed"."""
    reason: str


def match_rows(design: Design, conduct: Conduct, tally: CalendarTally) -> tuple[MatchRow, ...]:
    """Return each published result with mean and 95 % range of a single simulated trial."""
    assert conduct.match is not None
    return tuple(
        _match_row(result, tally, column_of(result, number, design, conduct))
        for number, result in enumerate(conduct.match.results)
    )


def _match_row(result: PublishedResult, tally: CalendarTally, index: int) -> MatchRow:
    column = tally.sums.columns[index]
    factor = UNITS.get(result.unit, 1.0)
    if result.unit == "%" and column.unit == "patients":
        factor = 100.0 / _patients(tally, column.arm)
    scale = SCALE[column.unit] * factor
    mean, sd = _times(column_mean(tally, index), factor), _times(column_sd(tally, index), factor)
    values, counts = tally.sums.values(index)
    low, high = (quantile(values * scale, counts, probability) for probability in SINGLE_TRIAL_RANGE)
    verdict = "not printed"
    if result.printed is not None and low.value is not None and high.value is not None and tally.sums.n[index]:
        half = 0.5 * 10.0**-result.digits
        verdict = "inside" if low.value - half <= result.printed <= high.value + half else "outside"
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
