"""What a measure is called, and what it is computed for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[Any]

    from trialsim.oc.mcse import Estimate
    from trialsim.plan import Plan

POOLED = "pooled"


class Setting(NamedTuple):
    """One plan under one truth, with the words and choices that measures need."""

    plan: Plan
    arms: tuple[str, ...]
    looks: tuple[str, ...]
    rates: tuple[float, ...]
    """True response rate of each arm."""
    intervals: tuple[str, ...]
    """The design's own interval first."""
    level: float
    """Confidence level."""
    quantiles: tuple[float, ...]
    measures: tuple[str, ...] = ()
    """The measures that are wanted; none: all."""
    estimators: tuple[str, ...] = ()
    """Estimators and intervals after stopping that are wanted beside the observed rate and its intervals."""

    def wants(self, *measures: str) -> bool:
        """Return whether any of these measures is wanted."""
        return not self.measures or not set(measures).isdisjoint(self.measures)

    def arms_and_pooled(self) -> tuple[str, ...]:
        """Return the arms, and "pooled" where it differs from the only arm."""
        return self.arms if len(self.arms) == 1 else (*self.arms, POOLED)


class Entry(NamedTuple):
    """One number: which measure, of what, and its estimate."""

    measure: str
    estimate: Estimate
    arm: str | None = None
    """An arm, "pooled", or None for the trial."""
    look: str | None = None
    given: str | None = None
    """The condition: "continue", "stop" (the arm), "all_continue"."""
    value: float | None = None
    """The point of a distribution."""
    variant: str | None = None
    """The method or pattern."""

    @property
    def key(self) -> tuple[str, str | None, str | None, str | None, float | None, str | None]:
        """What makes two entries the same measure."""
        return (self.measure, self.arm, self.look, self.given, self.value, self.variant)


class Outcomes(NamedTuple):
    """The final outcomes of an arm (or of all arms pooled) under one condition: one row per (patients, responses)."""

    arm: str
    given: str | None
    n: Floats
    x: Floats
    rate: Floats
    """The true rate of those patients."""
    weight: Floats


def outcomes(setting: Setting, arm_weight: Floats, pooled_weight: Floats) -> Iterator[Outcomes]:
    """Yield the final outcomes of each arm and of all pooled, unconditional and given how the arm ended.

    The true pooled rate is the mean of the arms' rates over the patients enrolled, so it varies with who went on.
    """
    cells = setting.plan.arm_cells
    for index, arm in enumerate(setting.arms):
        own = cells.arm == index
        conditions: dict[str | None, Floats] = {
            None: own,
            "continue": own & cells.went_on,
            "stop": own & ~cells.went_on,
        }
        if len(setting.arms) > 1:
            conditions["all_continue"] = own & cells.all_went_on
        for given, rows in conditions.items():
            rate = (0.0 * cells.n + setting.rates[index])[rows]
            yield Outcomes(arm, given, cells.n[rows], cells.x[rows], rate, arm_weight[rows])
    if len(setting.arms) > 1:
        pooled = setting.plan.pooled_cells
        n = pooled.n.sum(axis=1)
        rate = pooled.n @ setting.rates / n
        everything = np.ones(len(n), dtype=bool)
        for given, rows in ((None, everything), ("all_continue", pooled.all_went_on)):
            yield Outcomes(POOLED, given, n[rows], pooled.x[rows], rate[rows], pooled_weight[rows])
