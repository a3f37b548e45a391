"""Estimates and intervals after stopping: bias, RMSE, coverage and width, unconditional and given how the arm ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialsim.inference.after_stopping import is_estimator, limits_after, why_not
from trialsim.inference.estimators import estimates
from trialsim.inference.sequential import LookBounds, Scheme
from trialsim.oc.coverage import ROUNDING
from trialsim.oc.entry import Entry
from trialsim.oc.mcse import mean, proportion, root_mean_square

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.endings import Tally
    from trialsim.oc.entry import Floats, Setting
    from trialsim.plan import Plan


def after_stopping(setting: Setting, tally: Tally) -> Iterator[Entry]:
    """Yield rate_mean, rate_bias, rate_rmse, ci_coverage and ci_half_width_mean of the methods asked for, per arm.

    `variant` names the method. Nothing where the stops are not those of each arm alone (pooled stops, toxicity, the
    calendar), nor of a method that does not apply to all schemes of the design.
    """
    for name, lower, upper in methods(setting):
        for arm, given, rows in conditions(setting):
            rate, weight = setting.rates[setting.arms.index(arm)], tally.arm[rows]
            if is_estimator(name):
                yield from _of_estimator(lower[rows], rate, weight, (arm, given, name))
            else:
                yield from _of_interval(lower[rows], upper[rows], rate, weight, (arm, given, name))


def methods(setting: Setting) -> Iterator[tuple[str, Floats, Floats]]:
    """Yield the methods that are asked for and apply, each with its limits at the entries of the arm tally.

    Of an estimator both are its value.
    """
    schemes = schemes_of(setting.plan)
    for name in setting.estimators if schemes else ():
        if not any(why_not(name, scheme) for scheme in schemes):
            yield name, *_values(setting, name, schemes)


def _of_estimator(values: Floats, rate: float, weight: Floats, words: tuple[str, str | None, str]) -> Iterator[Entry]:
    arm, given, name = words
    error = values - rate
    yield Entry("rate_mean", mean(values, weight), arm, given=given, variant=name)
    yield Entry("rate_bias", mean(error, weight), arm, given=given, variant=name)
    yield Entry("rate_rmse", root_mean_square(error, weight), arm, given=given, variant=name)


def _of_interval(
    lower: Floats, upper: Floats, rate: float, weight: Floats, words: tuple[str, str | None, str]
) -> Iterator[Entry]:
    arm, given, name = words
    covers = (lower <= rate + ROUNDING) & (rate - ROUNDING <= upper)
    share = proportion(weight[covers].sum(), float(weight.sum()))
    yield Entry("ci_coverage", share, arm, given=given, variant=name)
    yield Entry("ci_half_width_mean", mean((upper - lower) / 2, weight), arm, given=given, variant=name)


def schemes_of(plan: Plan) -> list[Scheme]:
    """Return the schemes of a plan, in the order in which its blocks number them."""
    return [
        Scheme(tuple(LookBounds(*look) for look in looks if look[0] > 0), n_final)
        for looks, n_final in zip(plan.schemes.looks.tolist(), plan.schemes.n_final.tolist(), strict=True)
    ]


def _values(setting: Setting, name: str, schemes: list[Scheme]) -> tuple[Floats, Floats]:
    """Return a method's value (or its two limits) at each entry of the arm tally."""
    blocks = setting.plan.schemes
    found = []
    for number, stage in zip(blocks.scheme.tolist(), blocks.stage.tolist(), strict=True):
        if is_estimator(name):
            found.append((estimates(name, schemes[number], stage),) * 2)
        else:
            found.append(limits_after(name, schemes[number], stage, setting.level))
    return np.concatenate([lower for lower, _ in found]), np.concatenate([upper for _, upper in found])


def conditions(setting: Setting) -> Iterator[tuple[str, str | None, Floats]]:
    """Yield each arm with each condition and the entries of the tally that meet it."""
    cells = setting.plan.arm_cells
    for index, arm in enumerate(setting.arms):
        own = cells.arm == index
        yield arm, None, own
        yield arm, "continue", own & cells.went_on
        yield arm, "stop", own & ~cells.went_on
        if len(setting.arms) > 1:
            yield arm, "all_continue", own & cells.all_went_on
