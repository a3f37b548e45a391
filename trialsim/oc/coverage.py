"""The final interval: how often it covers the true rate, and how wide it is, unconditional and given the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialsim.inference.intervals import limits
from trialsim.oc.entry import Entry, outcomes
from trialsim.oc.mcse import mean, proportion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.endings import Tally
    from trialsim.oc.entry import Outcomes, Setting

ROUNDING = 1e-12
"""A limit that equals the true rate covers it, whatever the last bit says."""


def coverage(setting: Setting, tally: Tally) -> Iterator[Entry]:
    """Yield ci_coverage and ci_half_width_mean of each interval (`variant`), per arm and pooled."""
    for found in outcomes(setting, tally.arm, tally.pooled):
        for interval in setting.intervals:
            lower, upper = limits_of(found, interval, setting.level)
            covers = (lower <= found.rate + ROUNDING) & (found.rate - ROUNDING <= upper)
            share = proportion(found.weight[covers].sum(), float(found.weight.sum()))
            half_width = mean((upper - lower) / 2, found.weight)
            yield Entry("ci_coverage", share, found.arm, given=found.given, variant=interval)
            yield Entry("ci_half_width_mean", half_width, found.arm, given=found.given, variant=interval)


def limits_of(found: Outcomes, interval: str, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval's limits at each outcome."""
    lower, upper = np.empty(len(found.n)), np.empty(len(found.n))
    for n in np.unique(found.n):
        rows = found.n == n
        all_lower, all_upper = limits(interval, int(n), level)
        lower[rows], upper[rows] = all_lower[found.x[rows]], all_upper[found.x[rows]]
    return lower, upper
