"""A block of replicates of a design with rules for toxicity: the plan in the form that `joint_counts` walks."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from trialsim.engines.tables import walk_of
from trialsim.inference.joint import joint
from trialsim.kernels.counts import Tallies
from trialsim.kernels.joint_counts import JointRecord, State, ToxicWalk, simulate_joint_counts

if TYPE_CHECKING:
    from trialsim.endings import Tally
    from trialsim.engines.montecarlo import Study
    from trialsim.engines.tables import DrawTables
    from trialsim.inference.joint import JointRates
    from trialsim.plan import Plan


def run_joint_block(study: Study, tables: DrawTables, first: int, tally: Tally, written: JointRecord) -> None:
    """Simulate replicates from `first` on, add them to a tally of no trials and write them down.

    Parameters
    ----------
    study
        Its rates are `JointRates`.
    tables
        Of the responses.
    first
        The first replicate.
    tally
        Filled in place; its `n_trials` says how many replicates.
    written
        Filled in place; of length 0 if nothing is to be written.

    Raises
    ------
    ValueError
        If the rates do not say the toxicity.
    """
    nodes = study.plan.nodes
    simulate_joint_counts(
        np.uint64(study.seed),
        np.uint64(first),
        np.int64(tally.n_trials),
        walk_of(nodes),
        ToxicWalk(
            nodes.n.astype(np.int32), nodes.toxic_least, nodes.toxic_digit.astype(np.int32), bounds(joint(study.rates))
        ),
        tables.guide,
        tables.threshold,
        Tallies(tally.ending, tally.criterion, tally.arm, tally.pooled),
        written,
        State(np.zeros((3, nodes.n.shape[1]), np.int32), np.empty(int(study.plan.draws.size.max()), np.uint64)),
    )


def bounds(rates: JointRates) -> np.ndarray:
    """Return, per arm, below which upper 52 bits of its word a patient without and with response has toxicity.

    A word's uniform number is (2k + 1) / 2**53, k being its upper 52 bits (docs/calendar-conduct.md, section 2).
    """
    found = np.zeros((len(rates), 2), np.uint64)
    for arm, response in enumerate(rates):
        table = rates.cells(arm)
        given = (
            table.toxicity / (1.0 - response) if response < 1.0 else 0.0,
            table.both / response if response > 0.0 else 0.0,
        )
        found[arm] = [ceil((Fraction(min(share, 1.0)) * 2**53 - 1) / 2) for share in given]
    return found


def empty_joint_record(plan: Plan, n_trials: int) -> JointRecord:
    """Return room for the record of so many replicates."""
    shape = (plan.endings.node.shape[1], plan.nodes.n.shape[1], n_trials)
    return JointRecord(np.zeros(n_trials, np.int32), np.zeros(shape, np.int32), np.zeros(shape, np.int32))
