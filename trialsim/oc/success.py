"""Success criteria: met at a look, met at the end, null hypothesis rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialsim.oc.entry import POOLED, Entry
from trialsim.oc.mcse import proportion
from trialsim.plan import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.endings import Tally
    from trialsim.oc.entry import Setting


def success(setting: Setting, tally: Tally) -> Iterator[Entry]:
    """Yield p_success per look (and arm, or pooled) that has a criterion; p_reject where success can end the trial.

    An arm's (or the pooled) null hypothesis is rejected when its criterion is met at the final look, or earlier at a
    look where success stops.
    """
    names = (*setting.arms, POOLED)
    rejected: dict[int, Any] = {}
    for look, slot, weight, is_rejection in _met(setting, tally):
        yield Entry("p_success", proportion(weight, tally.n_trials), names[slot], setting.looks[look])
        if is_rejection:
            rejected[slot] = rejected.get(slot, 0) + weight
    for slot in sorted(rejected):
        yield Entry("p_reject", proportion(rejected[slot], tally.n_trials), names[slot])


def _met(setting: Setting, tally: Tally) -> Iterator[tuple[int, int, Any, bool]]:
    """Yield look, arm (the last: pooled), weight of meeting the criterion, and whether that rejects the null."""
    nodes, arm_cells, pooled_cells = setting.plan.nodes, setting.plan.arm_cells, setting.plan.pooled_cells
    final, n_arms = len(setting.looks) - 1, len(setting.arms)
    for look in range(final):
        own = nodes.look == look
        bounds = np.column_stack([nodes.success[own], nodes.pooled_success[own]])
        stops = np.column_stack([nodes.stop_high[own], nodes.pooled_stop_high[own]])
        for slot in np.flatnonzero((bounds < NEVER).any(axis=0)):
            yield look, int(slot), tally.criterion[own, slot].sum(axis=0), bool((stops[:, slot] < NEVER).any())
    for arm in range(n_arms):
        if arm_cells.success[arm_cells.arm == arm].any():
            yield final, arm, tally.arm[(arm_cells.arm == arm) & arm_cells.success].sum(axis=0), True
    if pooled_cells.success.any():
        yield final, n_arms, tally.pooled[pooled_cells.success].sum(axis=0), True
