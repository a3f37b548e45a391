"""The largest error rates over the null region by simulation, for what the exact engine cannot solve.

The region is cut into tiles. At the middle of each the error is simulated, an upper confidence limit taken, and carried
to the whole tile by the tilt bound. The limit of each tile holds with the confidence asked for; so, whichever tile the
worst rates lie in, the largest of all bounds is at least the largest error with that confidence: no price is paid for
the number of tiles (Yang, Thompson and Sklar, arXiv:2212.10042).
"""

from __future__ import annotations

from itertools import pairwise, product
from math import sin
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.compile import compile_design
from trialsim.errors import InputError
from trialsim.plan import watches_toxicity
from trialsim.proof.coupling import is_falling, is_rising
from trialsim.proof.events import Event, decided, why_not_decided
from trialsim.proof.information import angle
from trialsim.proof.null_region import asked_of
from trialsim.proof.samplers import calendar_sampler, counts_sampler, patients_of
from trialsim.proof.tilt import tilt_bound, upper_limit

if TYPE_CHECKING:
    from trialsim.plan import Plan
    from trialsim.proof.bernstein import Box
    from trialsim.proof.samplers import Sampler
    from trialsim.proof.tilt import Patients
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.design import Design

MAX_ARMS = 3
TILES = {0: 1, 1: 24, 2: 10, 3: 6}
"""Tiles along each arm whose rate is not fixed, by the number of such arms, unless the caller says."""


class SimulatedStatement(NamedTuple):
    """A bound on the probability of an error over a part of the null region."""

    event: Event
    arms: tuple[int, ...]
    """The arms whose null hypothesis is true; the rates of the others are anything that the conduct allows."""
    upper: float
    """The largest error is at most this, with the confidence."""
    confidence: float
    tile: Box
    """The tile with the largest bound."""
    estimate: float
    """The largest simulated proportion."""
    mcse: float
    rates: tuple[float, ...]
    """Where it was simulated."""
    n_tiles: int
    n_sims: int
    """Replicates at each tile."""
    fixed: tuple[int, ...]
    """Arms of which the boundaries show that their worst rate is an end of their range."""


def simulate_null_region(
    design: Design,
    conduct: Conduct | None = None,
    *,
    n_sims: int = 20_000,
    tiles: int | None = None,
    confidence: float = 0.99,
    seed: int = 1,
) -> tuple[SimulatedStatement, ...]:
    """Return bounds on the error rates of a design over its null region, each with its confidence.

    Parameters
    ----------
    design
        Of one to three arms, with a null rate and without rules for toxicity.
    conduct
        How the trial is run on the calendar. None: ideal conduct.
    n_sims
        Replicates at each tile.
    tiles
        Along each arm whose rate is not fixed; None: as `TILES` has it.
    confidence
        Of each bound by itself.
    seed
        Of the random numbers.

    Raises
    ------
    InputError
        If the design is not of that kind, or nothing of what its paths decide can be asked.
    """
    plan = _checked(design, conduct, confidence)
    assert design.hypotheses is not None
    found = []
    for event, _, arms in asked_of(design, plan):
        ranges, fixed = _ranges(design, conduct, plan, event, arms)
        patients = patients_of(design, conduct, plan)
        sampler = counts_sampler(plan, event) if conduct is None else calendar_sampler(design, conduct, event)
        n_free = len(design.arms) - len(fixed)
        cut = _cut(ranges, tiles or TILES[n_free])
        found.append(
            _bounded(
                sampler,
                cut,
                patients,
                (n_sims, confidence, seed),
                SimulatedStatement(event, arms, -1.0, confidence, (), -1.0, 0.0, (), len(cut), n_sims, fixed),
            )
        )
    return tuple(found)


def _checked(design: Design, conduct: Conduct | None, confidence: float) -> Plan:
    """Return the plan of a design that can be asked about."""
    if not 0.0 < confidence < 1.0:
        raise InputError(f"confidence {confidence:g}: a number between 0 and 1, such as 0.99, is accepted")
    if design.hypotheses is None:
        raise InputError(f"design {design.name} names no null rate; write hypotheses.null_rate")
    if len(design.arms) > MAX_ARMS:
        raise InputError(f"design {design.name} has {len(design.arms)} arms; tiles are simulated for up to {MAX_ARMS}")
    plan = compile_design(design)
    if watches_toxicity(plan):
        raise InputError(f"design {design.name} has rules for toxicity; tiles are simulated for responses alone")
    for event, _, _ in asked_of(design, plan):
        reason = why_not_decided(plan, event)
        if reason is not None and conduct is None:
            raise InputError(f"design {design.name}: {reason}")
    return plan


def _ranges(
    design: Design, conduct: Conduct | None, plan: Plan, event: Event, arms: tuple[int, ...]
) -> tuple[Box, tuple[int, ...]]:
    """Return the range of each arm's rate, and the arms whose rate is fixed at its worst."""
    assert design.hypotheses is not None
    null_rate, fixed = design.hypotheses.null_rate, []
    found: list[tuple[float, float]] = []
    most = [(1.0 - arm.fixed) / arm.share for arm in patients_of(design, conduct, plan)]
    verdict = decided(plan, event) if conduct is None else None
    for arm, top in enumerate(most):
        if arm in arms and null_rate > top:
            raise InputError(
                f"design {design.name}: the conduct leaves arm {design.arm_names[arm]} a response rate of at most "
                f"{top:.4g}, so its null rate of {null_rate:g} cannot be simulated"
            )
        low, high = 0.0, null_rate if arm in arms else min(top, 1.0)
        if verdict is not None and is_rising(plan, verdict, arm):
            low = high
        elif verdict is not None and is_falling(plan, verdict, arm):
            high = low
        fixed += [arm] if low == high else []
        found.append((low, high))
    return tuple(found), tuple(fixed)


def _cut(ranges: Box, tiles: int) -> list[Box]:
    """Return the tiles of the region: equal steps of asin(sqrt(rate)) along each arm whose rate is not fixed."""
    along = []
    for low, high in ranges:
        if low == high:
            along.append([(low, high)])
            continue
        edges = [sin(edge) ** 2 for edge in np.linspace(angle(low), angle(high), tiles + 1).tolist()]
        edges[0], edges[-1] = low, high
        along.append(list(pairwise(edges)))
    return [tuple(tile) for tile in product(*along)]


def _bounded(
    sampler: Sampler,
    cut: list[Box],
    patients: tuple[Patients, ...],
    effort: tuple[int, float, int],
    statement: SimulatedStatement,
) -> SimulatedStatement:
    n_sims, confidence, seed = effort
    for tile in cut:
        centre = tuple(low if low == high else sin((angle(low) + angle(high)) / 2.0) ** 2 for low, high in tile)
        n_met = sampler(centre, n_sims, seed)
        upper = tilt_bound(upper_limit(n_met, n_sims, confidence), centre, tile, patients)
        if upper > statement.upper:
            statement = statement._replace(upper=upper, tile=tile)
        share = n_met / n_sims
        if share > statement.estimate:
            mcse = (share * (1.0 - share) / n_sims) ** 0.5
            statement = statement._replace(estimate=share, mcse=mcse, rates=centre)
    return statement
