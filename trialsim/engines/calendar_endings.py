"""From the columns of calendar trials to the endings that ideal conduct knows, so that the same measures read both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialsim.endings import N_EXAMPLES, Counter, Missed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.columns import Column, Shape


def endings_of(
    found: list[Column], matrix: NDArray[np.int64], shape: Shape
) -> tuple[Counter, Counter, Counter, Counter]:
    """Return how often each ending, each arm's outcome, each pooled outcome and each met criterion occurred.

    Rows of the counters: patients of each arm, stop look of each arm, whether each look took place · arm, patients,
    responses, went on, all went on, success · patients of each arm, responses, all went on, success · look, arm (the
    last: pooled).
    """
    where = {(column.quantity, column.arm, column.look): index for index, column in enumerate(found)}
    arms = range(shape.n_arms)

    def column(quantity: str, arm: int | None = None, look: int | None = None) -> NDArray[np.int64]:
        return matrix[:, where[quantity, arm, look]]

    def block(quantity: str) -> NDArray[np.int64]:
        return np.column_stack([column(quantity, arm) for arm in arms])

    stop_look, n, x = block("stop_look"), block("evaluable"), block("responses")
    took_place = [(column("look_day", None, look) >= 0).astype(np.int64) for look in range(shape.n_looks)]
    went_on = (stop_look == -1).astype(np.int64)
    all_on = went_on.min(axis=1)
    endings = Counter.of(np.column_stack([block("enrolled"), stop_look, *took_place]))
    outcomes, criteria = Counter(), Counter()
    for arm in arms:
        success = np.maximum(column("success", arm), 0)
        rows = np.column_stack([np.full(len(matrix), arm), n[:, arm], x[:, arm], went_on[:, arm], all_on, success])
        outcomes.add(Counter.of(rows[n[:, arm] > 0]))
    some = n.sum(axis=1) > 0
    pooled = np.column_stack([n, x.sum(axis=1), all_on, np.maximum(column("success", -1), 0)])
    for look in range(shape.n_looks):
        for slot in (*arms, -1):
            met = int((column("look_success", slot, look) == 1).sum())
            if met:
                criteria.rows[look, shape.n_arms if slot < 0 else slot] = met
    return endings, outcomes, Counter.of(pooled[some]), criteria


def missed_looks(found: list[Column], matrix: NDArray[np.int64], shape: Shape, first: int) -> dict[int, Missed]:
    """Return, for each look, the trials that never reached it although an arm was still in at the end."""
    where = {(column.quantity, column.arm, column.look): index for index, column in enumerate(found)}
    stop_look = matrix[:, [where["stop_look", arm, None] for arm in range(shape.n_arms)]]
    goes_on = (stop_look == -1).any(axis=1)
    missed = {}
    for look in range(shape.n_looks):
        never = np.flatnonzero(goes_on & (matrix[:, where["look_day", None, look]] < 0))
        missed[look] = Missed(len(never), tuple(int(first + i) for i in never[:N_EXAMPLES]))
    return missed
