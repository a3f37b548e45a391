"""The names of measures that a sweep can keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from trialsim.columns import CODE, MEASURE_NAMES, PATIENTS, Column, Shape, bedside_columns, columns
from trialsim.spec.conduct.names import columns_of
from trialsim.spec.measures import MeasureName

if TYPE_CHECKING:
    from trialsim.spec.scenario import Scenario


def known_measures(scenario: Scenario, *, varies_conduct: bool) -> tuple[str, ...]:
    """Return the names of the measures that a scenario can have, the contract's first.

    Where a sweep changes the conduct, all measures of calendar trials count.
    """
    ideal: tuple[str, ...] = get_args(MeasureName)
    if scenario.conduct is None and not varies_conduct:
        return ideal
    found = _all_columns()
    if scenario.conduct is not None and not varies_conduct:
        found = columns_of(scenario.design, scenario.conduct)
    quantities = {column.quantity for column in found}
    names = [f"{MEASURE_NAMES.get(column.quantity, column.quantity)}{end}" for column in found for end in _ends(column)]
    names += ["p_takes_place", "months_mean"]
    names += ["p_stop_toxicity"] if "toxicities" in quantities else []
    names += [f"p_{quantity}" for quantity in ("logrank_os", "logrank_ttf") if quantity in quantities]
    return tuple(dict.fromkeys((*ideal, *names)))


def _all_columns() -> list[Column]:
    every = columns(Shape(1, 1, 1, 1, 1, has_toxicity=True, has_survival=True))
    return every + bedside_columns(1, 1, 1, has_exposure=True)


def _ends(column: Column) -> tuple[str, ...]:
    if column.unit == CODE or column.quantity == "evaluable":
        return ()  # measures of ideal conduct report them
    ends = ("_mean", "_sd", "_quantile")
    return ends if column.unit == PATIENTS or column.quantity == "look_day" else (*ends, "_known")
