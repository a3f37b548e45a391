"""Replicates in groups: what happened under ideal conduct in each of some 200 runs of consecutive replicates.

Groups are what the error of a paired difference is estimated from. They are sets of whole replicates with the numbers
that `run` gives them, so that all groups together are the tally of `run`, bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from trialsim.endings import Tally
from trialsim.engines.montecarlo import BLOCK, in_block_order
from trialsim.engines.tables import draw_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from trialsim.engines.montecarlo import Study
    from trialsim.plan import Plan

    Weights: TypeAlias = NDArray[Any]
    Edges: TypeAlias = NDArray[np.int64]

N_GROUPS = 200
"""With so many the relative error of a standard error is 1 / sqrt(2 * 199) = 5 %."""

FEWEST_GROUPS = 20

MAX_COUNTS = 20_000_000
"""A plan with very many paths is given fewer groups, so that all their counts fit into 160 MB."""


class Groups(NamedTuple):
    """A tally whose entries have one more axis, the last: the groups."""

    n_trials: Weights
    """(G,)"""
    ending: Weights
    """(E, G)"""
    criterion: Weights
    """(N, A + 1, G)"""
    arm: Weights
    """(rows of `ArmCells`, G)"""
    pooled: Weights
    """(rows of `PooledCells`, G)"""

    @classmethod
    def of(cls, tallies: Sequence[Tally]) -> Groups:
        """Return tallies of the same plan side by side."""
        return cls(*(np.stack(parts, axis=-1) for parts in zip(*tallies, strict=True)))

    def total(self) -> Tally:
        """Return the tally of all groups together."""
        n_trials, *parts = (part.sum(axis=-1) for part in self)
        return Tally(int(n_trials), *parts)

    def without_each(self) -> Groups:
        """Return, in the place of each group, all others together."""
        return Groups(*(part.sum(axis=-1, keepdims=True) - part for part in self))

    def at(self, group: int) -> Tally:
        """Return the tally of one group."""
        n_trials, *parts = (part[..., group] for part in self)
        return Tally(int(n_trials), *parts)


def group_edges(n_sims: int, n_counts: int = 1) -> Edges:
    """Return the first replicate of each group, and `n_sims`: 200 groups, fewer where they would have one replicate.

    Parameters
    ----------
    n_sims
        Number of replicates.
    n_counts
        How many things are counted in each group (`n_counts_of` the largest plan).

    >>> group_edges(1000)[[0, 1, -1]].tolist()
    [0, 5, 1000]
    >>> len(group_edges(100)) - 1, len(group_edges(10_000, 400_000)) - 1
    (50, 50)
    """
    most = min(N_GROUPS, max(MAX_COUNTS // n_counts, FEWEST_GROUPS))
    n_groups = min(most, max(n_sims // 2, min(n_sims, 2)))
    return np.arange(n_groups + 1) * n_sims // n_groups


def n_counts_of(plan: Plan) -> int:
    """Return how many counts the tally of a plan has."""
    n_nodes, n_arms = map(int, plan.nodes.n.shape)
    return len(plan.endings.n) + n_nodes * (n_arms + 1) + len(plan.arm_cells.x) + len(plan.pooled_cells.x)


def simulate_groups(
    study: Study, edges: Edges, *, n_jobs: int = 1, progress: Callable[[int], None] = lambda _: None
) -> Groups:
    """Return the tally of each group of replicates.

    Parameters
    ----------
    study
        Plan, true response rate of each arm, seed.
    edges
        From `group_edges`.
    n_jobs
        Threads; -1 for one per core. Changes no number.
    progress
        Called with the number of replicates after each group.
    """
    sizes = np.diff(edges)
    blocks = list(zip(edges[:-1].tolist(), sizes.tolist(), strict=True))
    is_worth_threads = sizes[0] >= BLOCK // 4  # a smaller group takes less time than handing it to a thread
    tallies = []
    tables = draw_tables(study.plan.draws, study.rates)
    for tally in in_block_order(study, tables, blocks, n_jobs if is_worth_threads else 1):
        tallies.append(tally)
        progress(int(tally.n_trials))
    return Groups.of(tallies)
