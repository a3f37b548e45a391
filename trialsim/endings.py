"""What happened: tallies of the endings, as counts of replicates or as exact probabilities. They merge by addition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.plan import Plan

    Weights: TypeAlias = NDArray[Any]


class Tally(NamedTuple):
    """How often each thing happened.

    From the Monte Carlo engine the weights are int64 counts of replicates; from the exact engine, float64
    probabilities. Nothing that reads a tally needs to know which.
    """

    n_trials: float
    """Replicates, or 1 for probabilities."""
    ending: Weights
    """(E,) trials that ended so."""
    criterion: Weights
    """(N, A + 1) trials that met the success criterion of a node before the end: each arm's, then the pooled one."""
    arm: Weights
    """One entry per row of `ArmCells`."""
    pooled: Weights
    """One entry per row of `PooledCells`."""

    def merged(self, other: Tally) -> Tally:
        """Return the tally of both sets of trials."""
        return Tally(
            self.n_trials + other.n_trials,
            self.ending + other.ending,
            self.criterion + other.criterion,
            self.arm + other.arm,
            self.pooled + other.pooled,
        )

    def scaled(self, n_trials: int) -> Tally:
        """Return the counts to be expected in `n_trials` replicates."""
        factor = n_trials / self.n_trials
        return Tally(n_trials, self.ending * factor, self.criterion * factor, self.arm * factor, self.pooled * factor)


def empty_tally(plan: Plan, dtype: type[np.generic]) -> Tally:
    """Return a tally of no trials, shaped for a plan."""
    n_nodes, n_arms = plan.nodes.n.shape
    return Tally(
        0,
        np.zeros(len(plan.endings.n), dtype),
        np.zeros((n_nodes, n_arms + 1), dtype),
        np.zeros(len(plan.arm_cells.x), dtype),
        np.zeros(len(plan.pooled_cells.x), dtype),
    )
