"""The quantities of a calendar trial by name: which columns a conduct has, and which a published result is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.columns import Column, Shape, bedside_columns, columns
from trialsim.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.spec.conduct import Conduct
    from trialsim.spec.conduct.reproduction import PublishedResult
    from trialsim.spec.design import Design

MONTH_DAYS = 30.4375


def curve_days(conduct: Conduct) -> tuple[float, ...]:
    """Return the days at which the enrolment curve is read: each month up to the cut-off, two years at most."""
    last = conduct.cutoff.day if conduct.cutoff.day is not None else 730.5
    return tuple(month * MONTH_DAYS for month in range(1, 25) if month * MONTH_DAYS <= last)


def points_of(conduct: Conduct) -> dict[str, tuple[str, ...]]:
    """Return the names of the points of each quantity that has several."""
    points = {"on_treatment": tuple(f"day {day:g}" for day in conduct.on_treatment_at_days)}
    points["enrolled_by"] = tuple(f"month {month + 1}" for month in range(len(curve_days(conduct))))
    if conduct.survival is not None:
        days = tuple(f"day {day:g}" for day in conduct.survival.at_days)
        points |= {f"{curve}{part}": days for curve in ("os", "ttf") for part in ("", "_lower", "_upper")}
    if conduct.adverse_events is not None:
        names = (*(event.name for event in conduct.adverse_events.events), "at least one")
        points |= {"any_grade": names, "severe": names}
    if conduct.performance_status is not None:
        states = conduct.performance_status.states
        points |= {"status_at_baseline": states, "status_later": states}
    return points


def columns_of(design: Design, conduct: Conduct) -> list[Column]:
    """Return the columns of a design's calendar trials."""
    n_times = len(conduct.survival.at_days) if conduct.survival is not None else 0
    shape = Shape(
        len(design.arms),
        len(design.looks) - 1,
        n_times,
        len(conduct.on_treatment_at_days),
        len(curve_days(conduct)),
        conduct.toxicity is not None,
        conduct.survival is not None,
    )
    n_events = len(conduct.adverse_events.events) if conduct.adverse_events is not None else 0
    n_states = len(conduct.performance_status.states) if conduct.performance_status is not None else 0
    has_exposure = conduct.exposure is not None
    return columns(shape) + bedside_columns(len(design.arms), n_events, n_states, has_exposure=has_exposure)


def column_of(
    result: PublishedResult, number: int, design: Design, conduct: Conduct, found: Sequence[Column] = ()
) -> int:
    """Return which column a published result is.

    Parameters
    ----------
    result, number
        It, and its place in the list.
    design, conduct
        What it is a result of.
    found
        `columns_of(design, conduct)`, from a caller who asks for many.

    Raises
    ------
    ValueError
        "path | problem", if it is none.
    """
    where, found = f"conduct.match.results.{number}", found or columns_of(design, conduct)
    names = sorted({column.quantity for column in found})
    if result.quantity not in names:
        raise ValueError(f'{where}.quantity | found "{result.quantity}"; {nearest(result.quantity, names)}')
    arms = {**{name: index for index, name in enumerate(design.arm_names)}, "pooled": -1}
    if result.arm is not None and result.arm not in arms:
        raise ValueError(f'{where}.arm | found "{result.arm}"; {nearest(result.arm, list(arms))}')
    wanted = (None, -1) if result.arm is None else (arms[result.arm],)
    points = points_of(conduct).get(result.quantity, ())
    for index, column in enumerate(found):
        if column.quantity != result.quantity:
            continue
        look = None if column.look is None else design.look_names[column.look]
        point = None if column.point is None or not points else points[column.point]
        if column.arm in wanted and (look, point) == (result.look, result.at):
            return index
    raise ValueError(
        f"{where} | no column is {result.quantity} of {result.arm or 'the trial'}, look {result.look}, at {result.at}; "
        f"looks: {', '.join(design.look_names)}; at: {', '.join(points) or 'none'}"
    )
