"""Every measure of `oc.table` with each group of replicates left out in turn.

A measure is a function of a tally, so its own function could be called once per group; that is done for a family which
`QUICK` does not know (a new one, say), and takes 200 times as long as the table. `QUICK` says the same for all groups
at once: the values of a family's entries, in the order in which the family yields them. A test holds the two together.
"""

from __future__ import annotations

from itertools import product
from math import sqrt
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from trialsim.inference.after_stopping import is_estimator
from trialsim.oc.coverage import ROUNDING, coverage, limits_of
from trialsim.oc.decisions import MAX_PATTERN_ARMS, decisions, early_termination, stopping_looks, too_toxic
from trialsim.oc.entry import POOLED, outcomes
from trialsim.oc.estimation import estimation
from trialsim.oc.estimators import after_stopping, conditions, methods
from trialsim.oc.mcse import quantile
from trialsim.oc.sample_size import sample_size
from trialsim.oc.success import success
from trialsim.oc.table import FAMILIES
from trialsim.plan import NEVER, WENT_ON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from trialsim.comparison.groups import Groups
    from trialsim.endings import Tally
    from trialsim.oc.entry import Entry, Outcomes, Setting
    from trialsim.oc.mcse import Estimate

    Floats: TypeAlias = NDArray[Any]
    Family: TypeAlias = Callable[[Setting, Tally], Iterator[Entry]]
    Quick: TypeAlias = Callable[[Setting, Groups, Groups], Iterator[Floats]]

Key: TypeAlias = tuple[Any, ...]
"""`Entry.key`."""


def left_out(setting: Setting, groups: Groups) -> dict[Key, Floats]:
    """Return each measure with each group left out: (G,) values, nan where the others do not define it.

    Parameters
    ----------
    setting
        Plan, truth and words.
    groups
        What happened in each group.
    """
    rest = groups.without_each()
    found: dict[Key, Floats] = {}
    for family in FAMILIES:
        found |= family_left_out(family, setting, groups, rest)
    return found


def family_left_out(family: Family, setting: Setting, groups: Groups, rest: Groups) -> dict[Key, Floats]:
    """Return each measure of a family with each group left out."""
    quick = QUICK.get(family)
    if quick is None:
        return one_by_one(family, setting, rest)
    keys = [entry.key for entry in family(setting, groups.total())]
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0 is nan: not defined
        return dict(zip(keys, quick(setting, groups, rest), strict=True))


def one_by_one(family: Family, setting: Setting, rest: Groups) -> dict[Key, Floats]:
    """Return the same by calling the family once per group, which takes long."""
    found: dict[Key, Floats] = {}
    n_groups = len(rest.n_trials)
    for group in range(n_groups):
        for entry in family(setting, rest.at(group)):
            value = entry.estimate.value
            found.setdefault(entry.key, np.full(n_groups, np.nan))[group] = np.nan if value is None else value
    return found


def quantile_left_out(whole: Estimate, shares: Floats, share: float) -> Floats:
    """Return a quantile with each group left out, to first order (Bahadur): where its cumulative share moves it.

    Leaving out and reading again says nothing of a quantile's error (it moves in steps, or not at all); the share of
    replicates at or below it does. What a share is worth is what `oc.mcse.quantile` takes it to be worth.

    Parameters
    ----------
    whole
        The quantile of all replicates.
    shares
        (G,) share of replicates at or below it, without each group.
    share
        The same of all replicates.
    """
    assert whole.distribution is not None
    assert whole.value is not None
    assert whole.mcse is not None
    probability = whole.distribution.probability
    worth = whole.mcse / sqrt(probability * (1.0 - probability) / whole.n)
    return whole.value + worth * (share - shares)


def _decisions(setting: Setting, groups: Groups, rest: Groups) -> Iterator[Floats]:
    del groups
    n, stop_look = rest.n_trials, setting.plan.endings.stop_look
    for look in stopping_looks(setting):
        goes_on = (stop_look == WENT_ON) | (stop_look > look)
        for arm in range(len(setting.arms)):
            yield rest.ending[stop_look[:, arm] == look].sum(axis=0) / n
            yield rest.ending[goes_on[:, arm]].sum(axis=0) / n
        how_many = goes_on.sum(axis=1)
        for count in range(len(setting.arms) + 1):
            yield rest.ending[how_many == count].sum(axis=0) / n
        if 1 < len(setting.arms) <= MAX_PATTERN_ARMS:
            for pattern in product((True, False), repeat=len(setting.arms)):
                yield rest.ending[(goes_on == pattern).all(axis=1)].sum(axis=0) / n
    for _, _, rows in too_toxic(setting):
        yield rest.ending[rows].sum(axis=0) / n


def _early_termination(setting: Setting, groups: Groups, rest: Groups) -> Iterator[Floats]:
    del groups
    if len(setting.looks) == 1:
        return
    stopped = setting.plan.endings.stop_look != WENT_ON
    for rows in (*stopped.T, stopped.all(axis=1)):
        yield rest.ending[rows].sum(axis=0) / rest.n_trials
    for look in range(1, len(setting.looks)):
        yield rest.ending[setting.plan.endings.node[:, look] >= 0].sum(axis=0) / rest.n_trials


def _sample_size(setting: Setting, groups: Groups, rest: Groups) -> Iterator[Floats]:
    ending_n = setting.plan.endings.n
    for sizes in (*ending_n.T, ending_n.sum(axis=1)):
        values, index = np.unique(sizes, return_inverse=True)
        own, others = (_added_up(part.ending, index, len(values)) for part in (groups, rest))
        deviation = values - values @ own.sum(axis=1) / own.sum()  # nothing is lost by subtraction
        yield _mean(values, others)
        yield np.sqrt(np.maximum(_mean(deviation**2, others) - _mean(deviation, others) ** 2, 0.0))
        for probability in setting.quantiles:
            whole = quantile(values, own.sum(axis=1), probability)
            up_to = values <= whole.value
            share = float(own[up_to].sum() / own.sum())
            yield quantile_left_out(whole, others[up_to].sum(axis=0) / rest.n_trials, share)
        yield from others / rest.n_trials


def _success(setting: Setting, groups: Groups, rest: Groups) -> Iterator[Floats]:
    del groups
    n_slots = len(setting.arms) + 1
    rejected = np.zeros((n_slots, len(rest.n_trials)))
    can_reject = np.zeros(n_slots, dtype=bool)
    for slot, weight, is_rejection in _met(setting, rest):
        yield weight / rest.n_trials
        if is_rejection:
            rejected[slot] += weight
            can_reject[slot] = True
    yield from rejected[can_reject] / rest.n_trials


def _met(setting: Setting, rest: Groups) -> Iterator[tuple[int, Floats, bool]]:
    """Yield arm (the last: pooled), how often its criterion was met at a look, and whether that rejects the null."""
    nodes, arm_cells, pooled_cells = setting.plan.nodes, setting.plan.arm_cells, setting.plan.pooled_cells
    for look in range(len(setting.looks) - 1):
        own = nodes.look == look
        bounds = np.column_stack([nodes.success[own], nodes.pooled_success[own]])
        stops = np.column_stack([nodes.stop_high[own], nodes.pooled_stop_high[own]])
        for slot in np.flatnonzero((bounds < NEVER).any(axis=0)):
            yield int(slot), rest.criterion[own, slot].sum(axis=0), bool((stops[:, slot] < NEVER).any())
    for arm in range(len(setting.arms)):
        met = arm_cells.success & (arm_cells.arm == arm)
        if met.any():
            yield arm, rest.arm[met].sum(axis=0), True
    if pooled_cells.success.any():
        yield len(setting.arms), rest.pooled[pooled_cells.success].sum(axis=0), True


def _coverage(setting: Setting, groups: Groups, rest: Groups) -> Iterator[Floats]:
    del groups
    for found, weights in _outcomes(setting, rest):
        for interval in setting.intervals:
            lower, upper = limits_of(found, interval, setting.level)
            covers = (lower <= found.rate + ROUNDING) & (found.rate - ROUNDING <= upper)
            yield weights[covers].sum(axis=0) / weights.sum(axis=0)
            yield _mean((upper - lower) / 2, weights)


def _estimation(setting: Setting, groups: Groups, rest: Groups) -> Iterator[Floats]:
    del groups
    for found, weights in _outcomes(setting, rest):
        observed = found.x / found.n
        error = observed - found.rate
        yield _mean(observed, weights)
        yield _mean(error, weights)
        yield np.sqrt(_mean(error * error, weights))


def _after_stopping(setting: Setting, groups: Groups, rest: Groups) -> Iterator[Floats]:
    del groups
    for name, lower, upper in methods(setting):
        for arm, _, rows in conditions(setting):
            rate, weights = setting.rates[setting.arms.index(arm)], rest.arm[rows]
            low, high = lower[rows], upper[rows]
            if is_estimator(name):
                yield _mean(low, weights)
                yield _mean(low - rate, weights)
                yield np.sqrt(_mean((low - rate) ** 2, weights))
            else:
                covers = (low <= rate + ROUNDING) & (rate - ROUNDING <= high)
                yield weights[covers].sum(axis=0) / weights.sum(axis=0)
                yield _mean((high - low) / 2, weights)


def _outcomes(setting: Setting, rest: Groups) -> Iterator[tuple[Outcomes, Floats]]:
    """Yield the final outcomes as `oc.entry.outcomes` does, and their weights without each group.

    `outcomes` selects weights; given the numbers of the rows in their place, it says which rows it selects.
    """
    for found in outcomes(setting, np.arange(len(rest.arm)), np.arange(len(rest.pooled))):
        weights = rest.pooled if len(setting.arms) > 1 and found.arm == POOLED else rest.arm
        yield found, weights[found.weight]


def _added_up(weights: Floats, index: Floats, n_values: int) -> Floats:
    """Return the weights of each value: row i of `weights` belongs to value index[i]."""
    found = np.zeros((n_values, weights.shape[1]))
    np.add.at(found, index, weights)
    return found


def _mean(values: Floats, weights: Floats) -> Floats:
    found: Floats = values @ weights / weights.sum(axis=0)
    return found


QUICK: dict[Family, Quick] = {
    decisions: _decisions,
    early_termination: _early_termination,
    sample_size: _sample_size,
    success: _success,
    coverage: _coverage,
    estimation: _estimation,
    after_stopping: _after_stopping,
}
