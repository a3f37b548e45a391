"""The precision of a plan, whatever the truth: its worst interval, and the smallest sample for a promised width."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, get_args

from trialsim.inference.precision import Width, smallest_n, worst
from trialsim.oc.entry import Entry
from trialsim.oc.mcse import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trialsim.oc.entry import Setting


MAX_SIZES = 12
"""Of more sizes that an arm can end with, only the planned, the smallest and the largest are reported."""


def precision(setting: Setting, caps: tuple[int, ...], targets: Mapping[Width, float | None]) -> Iterator[Entry]:
    """Yield ci_half_width_max and ci_distance_max at every final size (`value` = n), and n_for_… a promised width.

    The planned size comes first: it is the worst width given that the arm (pooled: every arm) went on. The others are
    the sizes with which an early stop can leave it.

    Parameters
    ----------
    setting
        Plan, intervals and level.
    caps
        Planned patients of each arm.
    targets
        The width that the protocol promises, by its definition; None where it promises nothing.
    """
    whole = setting.arms_and_pooled()[-1]
    for interval in setting.intervals:
        for width in get_args(Width):
            name = width.replace("-", "_")
            for arm, sizes in _final_sizes(setting, caps).items():
                for n in sizes:
                    value, _ = worst(interval, n, setting.level, width)
                    yield Entry(f"ci_{name}_max", _certain(value), arm, value=n, variant=interval)
            target = targets.get(width)
            if target is not None:
                smallest = smallest_n(interval, setting.level, width, target)
                yield Entry(f"n_for_{name}", _certain(smallest), whole, value=target, variant=interval)


def _final_sizes(setting: Setting, caps: tuple[int, ...]) -> dict[str, list[int]]:
    """Return the sizes with which each arm, and all pooled, can end; the planned one first."""
    ends = setting.plan.endings.n
    columns = [*zip(ends.T, caps, strict=True), (ends.sum(axis=1), sum(caps))]
    found = {}
    for name, (sizes, planned) in zip(setting.arms_and_pooled(), columns, strict=False):
        others = sorted({int(n) for n in sizes} - {planned}, reverse=True)
        found[name] = [planned, *(others if len(others) < MAX_SIZES else [others[0], others[-1]])]
    return found


def _certain(value: float | None) -> Estimate:
    return Estimate(value, 0.0, inf, "mean")
