"""What figures of calendar trials show: bands, shares and distributions from a tally, each number with its MCSE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from trialsim.oc.calendar import MONTH_DAYS, SCALE, column_mean
from trialsim.oc.mcse import Estimate, proportion, quantile
from trialsim.spec.conduct.names import curve_days, points_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from trialsim.endings import CalendarTally
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.design import Design

LOW, MEDIAN, HIGH = 0.05, 0.5, 0.95
"""The quantiles over trials that figures show."""

MOST_BINS = 30
_WIDTHS = {
    "patients": (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
    "days": (1, 2, 5, 7, 14, 28, 56, 91, 182, 365, 730, 1461),
    "months": (0.1, 0.25, 0.5, 1, 2, 3, 6, 12, 24, 60),
}


class Point(NamedTuple):
    """What trials look like on one day: mean, and the range of the middle 90 %."""

    day: float
    mean: Estimate
    low: Estimate
    high: Estimate


class LookDay(NamedTuple):
    """When a look takes place, over the trials in which it does."""

    name: str
    takes_place: Estimate
    day: Point
    """Of the day of the decision; its own `day` is 0."""
    enrolled: Estimate
    """Mean number of patients enrolled on that day."""


class EnrolmentCurve(NamedTuple):
    """Patients enrolled by the end of each month, and the looks."""

    n_trials: int
    points: tuple[Point, ...]
    looks: tuple[LookDay, ...]


class Quantity(NamedTuple):
    """A number of a trial whose distribution can be shown."""

    key: str
    label: str
    column: int
    unit: str
    """"patients", "days" or "months"."""


class Bin(NamedTuple):
    """Trials whose value is at least `low` and below `high`."""

    low: float
    high: float
    share: Estimate


class Distribution(NamedTuple):
    """How a number varies from trial to trial."""

    quantity: Quantity
    n_trials: int
    n: int
    """Trials in which it has a value; shares are of these."""
    bins: tuple[Bin, ...]
    """Without gaps, from the smallest value to the largest."""
    mean: Estimate
    median: Estimate
    low: Estimate
    high: Estimate


class SurvivalBand(NamedTuple):
    """The Kaplan-Meier curves of an arm."""

    arm: str
    points: tuple[Point, ...]


class EventShare(NamedTuple):
    """Patients of an arm with an adverse event."""

    event: str
    arm: str
    any_grade: Estimate
    severe: Estimate


class Count(NamedTuple):
    """Patients of an arm (or all, "pooled") to whom something happened."""

    quantity: str
    arm: str
    mean: Estimate
    low: Estimate
    high: Estimate


COURSE = (
    "enrolled",
    "best_response",
    "best_stable",
    "best_progressive",
    "not_evaluable",
    "progressions",
    "crossovers",
    "deaths",
    "withdrawn",
    "on_study",
    "toxicities",
)
"""Patients' courses at the cut-off."""


def enrolment_curve(design: Design, conduct: Conduct, tally: CalendarTally) -> EnrolmentCurve:
    """Return how enrolment grows, and when looks take place."""
    zero = Estimate(0.0, 0.0, tally.n_trials, "mean")
    points = [Point(0.0, zero, zero, zero)]
    for number, day in enumerate(curve_days(conduct)):
        points.append(_point(tally, _column(tally, "enrolled_by", point=number), day))
    return EnrolmentCurve(tally.n_trials, tuple(points), tuple(_looks(design, tally)))


def _looks(design: Design, tally: CalendarTally) -> Iterator[LookDay]:
    for look, name in enumerate(design.look_names[:-1]):
        day = _column(tally, "look_day", look=look)
        share = proportion(tally.sums.n[day], tally.n_trials)
        enrolled = column_mean(tally, _column(tally, "look_enrolled", arm=-1, look=look))
        yield LookDay(name, share, _point(tally, day, 0.0), enrolled)


def quantities(design: Design, tally: CalendarTally) -> tuple[Quantity, ...]:
    """Return the numbers of a trial whose distribution can be shown: of the trial, then of each look."""
    found = [
        Quantity("duration", "duration of the trial", _column(tally, "duration"), "months"),
        Quantity("n", "patients enrolled", _column(tally, "enrolled", arm=-1), "patients"),
    ]
    for look, name in enumerate(design.look_names[:-1]):
        for quantity, words in (
            ("overrun", "patients enrolled but not counted"),
            ("pipeline", "patients whose response was not settled"),
            ("enrolled", "patients enrolled"),
        ):
            column = _column(tally, f"look_{quantity}", arm=-1, look=look)
            found.append(Quantity(f"{quantity}.{look}", f"{words} at {name}", column, "patients"))
        found.append(Quantity(f"day.{look}", f"day of {name}", _column(tally, "look_day", look=look), "days"))
    return tuple(found)


def distribution(tally: CalendarTally, quantity: Quantity) -> Distribution:
    """Return how a number varies from trial to trial.

    Times are known in whole days, and a day belongs to the bin in which it begins.
    """
    index, n = quantity.column, tally.sums.n[quantity.column]
    divisor = MONTH_DAYS if quantity.unit == "months" else 1.0
    edges, counts = tally.sums.values(index)
    scale = SCALE[tally.sums.columns[index].unit] / divisor
    values = edges * scale
    low, median, high = (_quantile(values, counts, probability) for probability in (LOW, MEDIAN, HIGH))
    mean = _times(column_mean(tally, index), 1 / divisor)
    return Distribution(quantity, tally.n_trials, n, _bins(quantity.unit, values, counts, n), mean, median, low, high)


def _bins(unit: str, values: NDArray[Any], counts: NDArray[np.int64], n: int) -> tuple[Bin, ...]:
    seen = np.flatnonzero(counts)
    if n == 0:
        return ()
    smallest, largest = values[seen[0]], values[seen[-1]]
    widths = _WIDTHS[unit]
    width = next((w for w in widths if _place(largest, w) - _place(smallest, w) < MOST_BINS), widths[-1])
    first = _place(smallest, width)
    places = np.floor(values[seen] / width + 1e-9).astype(np.int64) - first
    sums = np.bincount(places, counts[seen])
    return tuple(
        Bin((first + place) * width, (first + place + 1) * width, proportion(count, n))
        for place, count in enumerate(sums)
    )


def _place(value: float, width: float) -> int:
    return int(np.floor(value / width + 1e-9))


def survival_bands(
    design: Design, conduct: Conduct, tally: CalendarTally, curve: Literal["os", "ttf"]
) -> tuple[SurvivalBand, ...]:
    """Return the Kaplan-Meier curves of each arm over trials; none if the conduct asks for no survival.

    Parameters
    ----------
    design, conduct
        Of the trials.
    tally
        What happened in them.
    curve
        "os": overall survival; "ttf": time to treatment failure.
    """
    if conduct.survival is None:
        return ()
    one = Estimate(1.0, 0.0, tally.n_trials, "mean")
    found = []
    for arm, name in enumerate(design.arm_names):
        points = [Point(0.0, one, one, one)]
        for number, day in enumerate(conduct.survival.at_days):
            points += [_point(tally, _column(tally, curve, arm=arm, point=number), day)] if day > 0 else []
        found.append(SurvivalBand(name, tuple(points)))
    return tuple(found)


def adverse_events(design: Design, conduct: Conduct, tally: CalendarTally) -> tuple[EventShare, ...]:
    """Return the share of patients of each arm with each adverse event, the most frequent event first.

    Patients have their events independently of each other and of when their arm stops, so a share is a proportion of
    all patients of all trials.
    """
    if conduct.adverse_events is None:
        return ()
    rows: list[tuple[float, tuple[EventShare, ...]]] = []
    for point, event in enumerate(points_of(conduct)["any_grade"]):
        own = tuple(
            EventShare(event, name, _share(tally, "any_grade", arm, point), _share(tally, "severe", arm, point))
            for arm, name in enumerate(design.arm_names)
        )
        rows.append((_share(tally, "any_grade", -1, point).value or 0.0, own))
    rows.sort(key=lambda row: -row[0])
    return tuple(share for _, own in rows for share in own)


def _share(tally: CalendarTally, quantity: str, arm: int, point: int) -> Estimate:
    n_patients = tally.sums.total[_column(tally, "enrolled", arm=arm)]
    return proportion(tally.sums.total[_column(tally, quantity, arm=arm, point=point)], n_patients)


def course_counts(design: Design, tally: CalendarTally) -> tuple[Count, ...]:
    """Return how many patients had each course by the cut-off: of each arm, then of all."""
    columns = [(column.quantity, column.arm) for column in tally.sums.columns]
    arms = [*enumerate(design.arm_names), *([(-1, "pooled")] if len(design.arms) > 1 else [])]
    found = []
    for quantity in COURSE:
        for arm, name in arms:
            if (quantity, arm) in columns:
                point = _point(tally, columns.index((quantity, arm)), 0.0)
                found.append(Count(quantity, name, point.mean, point.low, point.high))
    return tuple(found)


def _column(
    tally: CalendarTally, quantity: str, *, arm: int | None = None, look: int | None = None, point: int | None = None
) -> int:
    wanted = (quantity, arm, look, point)
    return next(i for i, c in enumerate(tally.sums.columns) if (c.quantity, c.arm, c.look, c.point) == wanted)


def _point(tally: CalendarTally, index: int, day: float) -> Point:
    values, counts = tally.sums.values(index)
    scaled = values * SCALE[tally.sums.columns[index].unit]
    return Point(day, column_mean(tally, index), _quantile(scaled, counts, LOW), _quantile(scaled, counts, HIGH))


def _quantile(values: NDArray[Any], counts: NDArray[np.int64], probability: float) -> Estimate:
    if not counts.any():
        return Estimate(None, None, 0, "quantile")
    return quantile(values, counts, probability)._replace(distribution=None)


def _times(estimate: Estimate, factor: float) -> Estimate:
    if estimate.value is None or estimate.mcse is None:
        return estimate
    return estimate._replace(value=estimate.value * factor, mcse=estimate.mcse * factor)
