"""The precision of a plan, whatever the truth: its worst interval, and the smallest sample for a promised width."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, get_args

from trialsim.inference.precision import Width, smallest_n, worst
from trialsim.oc.entry import POOLED, Entry
from trialsim.oc.mcse import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trialsim.oc.entry import Setting


def precision(setting: Setting, caps: tuple[int, ...], targets: Mapping[Width, float | None]) -> Iterator[Entry]:
    """Yield ci_half_width_max and ci_distance_max (`value` = n) and, for a target, n_for_half_width and n_for_distance.

    Parameters
    ----------
    setting
        Intervals and level.
    caps
        Planned patients of each arm.
    targets
        The width that the protocol promises, by its definition; None where it promises nothing.
    """
    sizes = {name: (*caps, sum(caps))[index] for index, name in enumerate(setting.arms_and_pooled())}
    whole = POOLED if POOLED in sizes else setting.arms[0]
    for interval in setting.intervals:
        for width in get_args(Width):
            name = width.replace("-", "_")
            for arm, n in sizes.items():
                value, _ = worst(interval, n, setting.level, width)
                yield Entry(f"ci_{name}_max", _certain(value), arm, value=n, variant=interval)
            target = targets.get(width)
            if target is not None:
                smallest = smallest_n(interval, setting.level, width, target)
                yield Entry(f"n_for_{name}", _certain(smallest), whole, value=target, variant=interval)


def _certain(value: float | None) -> Estimate:
    return Estimate(value, 0.0, inf, "mean")
