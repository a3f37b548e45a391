"""The Monte Carlo engine: blocks of fixed size, side by side on joblib's threads, merged in block order.

Nothing here can change a result: a replicate depends on (seed, number) alone and tallies are integers. Memory holds one
tally per job, whatever `n_sims` is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.endings import Tally, empty_tally
from trialsim.engines.tables import draw_tables, walk_of
from trialsim.kernels.counts import Record, Tallies, scratch, simulate_counts
from trialsim.plan import watches_toxicity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trialsim.engines.tables import DrawTables
    from trialsim.kernels.joint_counts import JointRecord
    from trialsim.plan import Plan

BLOCK = 250_000
"""Replicates per block: about 7 ms of work, which hides what a thread costs."""

RECORD_BLOCK = 50_000
"""Replicates per block when each is written down."""


class Study(NamedTuple):
    """What is simulated: a plan at a truth from a seed."""

    plan: Plan
    rates: tuple[float, ...]
    """True response rate of each arm; `JointRates` if the plan watches toxicity."""
    seed: int


def simulate(
    study: Study,
    n_sims: int,
    *,
    begun: Tally | None = None,
    n_jobs: int = 1,
    block: int = BLOCK,
    progress: Callable[[int], None] = lambda _: None,
) -> Tally:
    """Return the tally of replicates 0 … `n_sims` - 1.

    Parameters
    ----------
    study
        Plan, true response rate of each arm, seed.
    n_sims
        Number of replicates.
    begun
        The tally of the first of them, from a shorter run; the others are added.
    n_jobs
        Threads; -1 for one per core.
    block
        Replicates per block.
    progress
        Called with the number of replicates after each block.
    """
    tables = draw_tables(study.plan.draws, study.rates)
    merged = begun if begun is not None else empty_tally(study.plan, np.int64)
    blocks = [(first, min(block, n_sims - first)) for first in range(int(merged.n_trials), n_sims, block)]
    for tally in in_block_order(study, tables, blocks, n_jobs):
        merged = merged.merged(tally)
        progress(int(tally.n_trials))
    return merged


def record(study: Study, first: int, n_trials: int) -> Record:
    """Return what happened in each of the replicates `first` … `first` + `n_trials` - 1."""
    tables = draw_tables(study.plan.draws, study.rates)
    written = _empty_record(study.plan, n_trials)
    _run_block(study, tables, first, n_trials, written)
    return written


def record_jointly(study: Study, first: int, n_trials: int) -> JointRecord:
    """Return the same where the plan watches toxicity, with the toxicities."""
    tables = draw_tables(study.plan.draws, study.rates)
    return _run_joint_block(study, tables, first, n_trials, written_down=True)[1]


def in_block_order(study: Study, tables: DrawTables, blocks: list[tuple[int, int]], n_jobs: int) -> Iterator[Tally]:
    """Yield the tally of each block, in order. One block or one job needs no joblib."""
    if n_jobs == 1 or len(blocks) <= 1:
        return (_run_block(study, tables, first, n) for first, n in blocks)
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=n_jobs, backend="threading", return_as="generator")
    tallies: Iterator[Tally] = parallel(delayed(_run_block)(study, tables, first, n) for first, n in blocks)
    return tallies


def _run_block(study: Study, tables: DrawTables, first: int, n_trials: int, written: Record | None = None) -> Tally:
    if watches_toxicity(study.plan):
        return _run_joint_block(study, tables, first, n_trials, written_down=False)[0]
    tally = empty_tally(study.plan, np.int64)
    simulate_counts(
        np.uint64(study.seed),
        np.uint64(first),
        np.int64(n_trials),
        walk_of(study.plan.nodes),
        tables.guide,
        tables.threshold,
        Tallies(tally.ending, tally.criterion, tally.arm, tally.pooled),
        _empty_record(study.plan, 0) if written is None else written,
        scratch(study.plan.nodes.n.shape[1], len(study.plan.endings.node[0]), int(study.plan.nodes.n_codes.max())),
    )
    return tally._replace(n_trials=n_trials)


def _run_joint_block(
    study: Study, tables: DrawTables, first: int, n_trials: int, *, written_down: bool
) -> tuple[Tally, JointRecord]:
    from trialsim.engines.montecarlo_joint import empty_joint_record, run_joint_block  # its kernel is its own

    tally = empty_tally(study.plan, np.int64)._replace(n_trials=n_trials)
    written = empty_joint_record(study.plan, n_trials if written_down else 0)
    run_joint_block(study, tables, first, tally, written)
    return tally, written


def _empty_record(plan: Plan, n_trials: int) -> Record:
    n_arms, n_looks = plan.nodes.n.shape[1], plan.endings.node.shape[1]
    return Record(
        np.zeros(n_trials, np.int32),
        np.zeros((n_looks, n_arms, n_trials), np.int32),
    )
