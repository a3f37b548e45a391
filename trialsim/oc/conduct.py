"""Calendar trials read as endings, so that every measure of ideal conduct has its value under calendar conduct too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialsim.endings import Tally
from trialsim.plan import NEVER, WENT_ON, ArmCells, Endings, Nodes, Plan, PooledCells, Schemes

if TYPE_CHECKING:
    from trialsim.endings import CalendarTally


def as_endings(tally: CalendarTally, ideal: Plan) -> tuple[Plan, Tally]:
    """Return what happened as the endings of a plan, and how often each did.

    Parameters
    ----------
    tally
        Of calendar trials.
    ideal
        The plan of the same design, which says what can happen at each look.
    """
    n_arms, n_looks = ideal.nodes.n.shape[1], ideal.endings.node.shape[1]
    rows, weight = tally.endings.sorted(2 * n_arms + n_looks - 1)
    stop_look = _stop_looks(rows[:, n_arms : 2 * n_arms])
    node = np.where(rows[:, 2 * n_arms :] > 0, np.arange(n_looks - 1), -1)
    last = np.where((stop_look == WENT_ON).any(axis=1), n_looks - 1, -1)
    nobody = np.zeros(stop_look.shape, np.bool_)  # too toxic at a look: the calendar has its own rule
    endings = Endings(rows[:, :n_arms], stop_look, np.column_stack([node, last]), nobody)
    arm_cells, arm_weight = _arm_cells(tally, ideal)
    pooled_cells, pooled_weight = _pooled_cells(tally, ideal)
    criterion = np.zeros((n_looks, n_arms + 1), np.int64)
    for (look, slot), count in tally.criteria.rows.items():
        criterion[look, slot] = count
    none = np.zeros(0, np.int64)  # arms are looked at with whatever sizes the calendar gives, so no scheme is known
    schemes = Schemes(np.zeros((0, 0, 3), np.int32), none, none, none, none)
    plan = Plan(_nodes(ideal, n_looks), ideal.draws, endings, arm_cells, pooled_cells, schemes)
    return plan, Tally(tally.n_trials, weight, criterion, arm_weight, pooled_weight)


def _stop_looks(codes: np.ndarray) -> np.ndarray:
    """Return stop looks; an arm stopped for toxicity before look k has k - 1/2."""
    return np.where(codes <= -2, -codes - 2.5, codes)


def _nodes(ideal: Plan, n_looks: int) -> Nodes:
    """Return one node per look, which has what any node of that look has."""
    nodes = ideal.nodes
    own = [nodes.look == look for look in range(n_looks)]

    def least(field: np.ndarray) -> np.ndarray:
        return np.array([field[rows].min(axis=0) if rows.any() else np.full(field.shape[1:], NEVER) for rows in own])

    return nodes._replace(
        look=np.arange(n_looks),
        toxic_digit=np.zeros(n_looks, np.int64),
        n_codes=np.array([nodes.n_codes[rows].max(initial=0) for rows in own]),
        success=least(nodes.success),
        stop_high=least(nodes.stop_high),
        pooled_success=least(nodes.pooled_success),
        pooled_stop_high=least(nodes.pooled_stop_high),
    )


def _arm_cells(tally: CalendarTally, ideal: Plan) -> tuple[ArmCells, np.ndarray]:
    rows, weight = tally.outcomes.sorted(6)
    has = [arm for arm in np.unique(ideal.arm_cells.arm) if ideal.arm_cells.success[ideal.arm_cells.arm == arm].any()]
    # A criterion that no trial met is still a criterion: one row of weight 0 says that it exists.
    extra = np.array([[arm, 1, 1, 1, 1, 1] for arm in has], np.int64).reshape(-1, 6)
    rows, weight = np.vstack([rows, extra]), np.append(weight, np.zeros(len(extra), np.int64))
    flags = rows[:, 3:].astype(bool)
    return ArmCells(rows[:, 0], rows[:, 1], rows[:, 2], flags[:, 0], flags[:, 1], flags[:, 2]), weight


def _pooled_cells(tally: CalendarTally, ideal: Plan) -> tuple[PooledCells, np.ndarray]:
    n_arms = ideal.nodes.n.shape[1]
    rows, weight = tally.pooled.sorted(n_arms + 3)
    if ideal.pooled_cells.success.any():
        extra = np.array([[*([1] * n_arms), 1, 1, 1]], np.int64)
        rows, weight = np.vstack([rows, extra]), np.append(weight, 0)
    return PooledCells(rows[:, :n_arms], rows[:, n_arms], rows[:, n_arms + 1] > 0, rows[:, n_arms + 2] > 0), weight
