"""Exact cells of one design, all truths at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from trialsim.compile import compile_design
from trialsim.engines.exact import why_not
from trialsim.engines.exact_many import solve_each
from trialsim.errors import NotSolvableError
from trialsim.oc.entry import Setting
from trialsim.oc.many import exact_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario
    from trialsim.store import Layout


def solved(scenarios: Sequence[Scenario], measures: tuple[str, ...]) -> list[tuple[Layout, NDArray[np.float64]]]:
    """Return layout and numbers of each of several scenarios that differ in their truths only.

    Raises
    ------
    NotSolvableError
        If the design cannot be solved exactly.
    InputError
        If a rule cannot be compiled.
    """
    first = scenarios[0]
    rates = [truth.rates(first.design.arm_names) for scenario in scenarios for truth in scenario.truths]
    plans = [(name, *_solved(design, first, rates, measures)) for name, design in first.designs()]
    layouts: dict[tuple[str, ...], Layout] = {}
    found, at = [], 0
    for scenario in scenarios:
        names = tuple(truth.name for truth in scenario.truths)
        if names not in layouts:
            words = [(name, truth, *rest) for name, entries, _ in plans for truth in names for rest in entries]
            layouts[names] = cast("Layout", tuple((*each, "exact", False) for each in words))
        rows = slice(at, at + len(names))
        values = np.concatenate([found_values[rows].ravel() for _, _, found_values in plans])
        numbers = np.full((len(values), 6), np.nan)
        numbers[:, 0], numbers[:, 1], numbers[:, 3] = values, 0.0, values
        found.append((layouts[names], numbers))
        at += len(names)
    return found


def _solved(
    design: Design, scenario: Scenario, rates: list[tuple[float, ...]], measures: tuple[str, ...]
) -> tuple[list[tuple[Any, ...]], NDArray[np.float64]]:
    """Return the words of each measure that is kept, and its value at each truth."""
    plan = compile_design(design)
    if (reason := why_not(plan)) is not None:
        raise NotSolvableError(f"design {design.name}: {reason}")
    setting = Setting(
        plan, design.arm_names, design.look_names, (), (), design.analysis.level, scenario.quantiles, measures
    )
    entries, values = exact_values(setting, solve_each(plan, rates, outcomes=False))
    return [entry.key for entry in entries], values
