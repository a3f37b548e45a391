"""Designs compared: every measure of each, and the paired differences on common random numbers.

The same replicates, by number, are simulated under every design. A random number has an address, so replicate 912 sees
the same patients in all of them, and most of the noise of a difference cancels.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, get_args

import numpy as np

from trialsim.api import EngineChoice
from trialsim.comparison.cells import Work, case_of, precision_cell
from trialsim.comparison.difference import Difference, Simulated, difference
from trialsim.comparison.jackknife import LeftOut, paired
from trialsim.comparison.matching import matched_plans, matched_truths, part_notes, sides_of
from trialsim.errors import InputError, nearest
from trialsim.oc.agreement import z_limit
from trialsim.provenance import provenance
from trialsim.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trialsim.comparison.cells import Cell
    from trialsim.comparison.left_out import Key
    from trialsim.comparison.matching import Side
    from trialsim.spec.scenario import Scenario

    _Index: TypeAlias = dict[Key, Record]


class Row(NamedTuple):
    """One measure under every design."""

    plan: str
    """Of the reference."""
    truth: str | None
    measure: str
    arm: str | None
    look: str | None
    given: str | None
    value: float | None
    variant: str | None
    engine: str
    """"montecarlo", "exact", or "calendar": under calendar conduct."""
    values: tuple[Record | None, ...]
    """One per design, as `run` reports it; None: the design has no such measure."""
    differences: tuple[Difference | None, ...]
    """One per design after the first: minus the first."""


class Judged(NamedTuple):
    """A simulated number that was held against its exact one."""

    row: Row
    design: int
    """Number of the design, from 0."""
    is_difference: bool
    z: float


class Agreement(NamedTuple):
    """How the simulated values and differences stand to the exact ones."""

    n_values: int
    n_differences: int
    limit: float
    """The largest |z| that they may show."""
    worst: Judged | None
    failures: tuple[Judged, ...]


@dataclass(frozen=True)
class Comparison:
    """Designs with all measures that they have in common."""

    sides: tuple[Side, ...]
    engine: EngineChoice
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    """What could not be matched, and what was changed for the comparison."""
    n_groups: int | None
    """Groups of replicates behind an MCSE of a difference (the fewest of all plans); None: nothing was simulated."""
    n_calendar_groups: int | None
    """The same of calendar trials; None: none were compared."""
    provenance: dict[str, Any]
    agreement: Agreement | None
    """None if only one engine ran."""
    why_not: str | None
    """Why the exact engine declined, and for which designs, if it did."""


def compare(
    scenarios: Sequence[tuple[str, Scenario]],
    engine: EngineChoice = "auto",
    *,
    n_jobs: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """Return the operating characteristics of several designs side by side, and their paired differences.

    Parameters
    ----------
    scenarios
        2 to 8 designs, each with a label; the first is the reference. All are run with its seed and its numbers of
        replicates.
    engine
        "exact": probabilities only; "montecarlo": simulation only; "auto": both where the exact engine can, checked
        against each other.
    n_jobs
        Threads for the simulation; -1 for one per core. Changes no number.
    progress
        Called with the number of replicates after each part.

    Raises
    ------
    InputError
        If there are too few or too many designs, two have no plan or no truth in common, or `engine` is none of the
        three.
    NotSolvableError
        With `engine="exact"`, if a design cannot be solved exactly.

    >>> from trialsim import load_scenario
    >>> stricter = load_scenario("gist", ["design.looks.proof-of-concept.continue_if.rule.at_least=4"])
    >>> found = compare([("gist", load_scenario("gist")), ("stricter", stricter)], engine="exact")
    >>> row = next(row for row in found.rows if row.measure == "p_continue" and row.truth == "inactive")
    >>> f"{row.differences[0].exact:.4f}"
    '-0.0473'
    """
    if engine not in get_args(EngineChoice):
        raise InputError(f'engine "{engine}": {nearest(engine, get_args(EngineChoice))}')
    began = perf_counter()
    sides, notes = sides_of(scenarios)
    plans, plan_notes = matched_plans(sides)
    truths, truth_notes = matched_truths(sides)
    rows: list[Row] = []
    works: list[Work] = []
    reasons: list[str] = []
    for plan in plans:
        cases = [case_of(side, plan, design, engine) for side, design in zip(sides, plan.designs, strict=True)]
        reasons += [f"{plan.name} of {case.side.letter}: {case.why_not}" for case in cases if case and case.why_not]
        rows += _rows([precision_cell(case, plan) for case in cases])
        works.append(Work.of(cases, engine, n_jobs, progress))
        for own in truths:
            for cells in works[-1].cells(plan, cases, own):
                rows += _rows(cells)
    facts = provenance(sides[0].scenario, simulated=engine != "exact", wall_s=perf_counter() - began)
    return Comparison(
        sides,
        engine,
        tuple(rows),
        (*notes, *plan_notes, *truth_notes, *part_notes(sides)),
        None if engine == "exact" else min(len(work.edges) for work in works) - 1,
        _n_calendar_groups(rows, works),
        facts,
        _agreement(rows) if engine == "auto" else None,
        " ".join(reasons) or None,
    )


def _n_calendar_groups(rows: Sequence[Row], works: Sequence[Work]) -> int | None:
    edges = works[0].calendar_edges
    return len(edges) - 1 if edges is not None and any(row.engine == "calendar" for row in rows) else None


def _rows(cells: Sequence[Cell | None]) -> Iterator[Row]:
    """Yield a row per measure that any design has, those of the reference first."""
    indexes = [{_key(record): record for record in cell.records} if cell is not None else {} for cell in cells]
    simulated = [_paired(cells[0], indexes[0], cell, index) for cell, index in zip(cells[1:], indexes[1:], strict=True)]
    for key in dict.fromkeys(key for index in indexes for key in index):
        values = tuple(index.get(key) for index in indexes)
        one = next(record for record in values if record is not None)
        differences = tuple(
            difference(values[0], value, own.get(key)) if values[0] is not None and value is not None else None
            for value, own in zip(values[1:], simulated, strict=True)
        )
        yield Row(*one[:8], one.engine, values, differences)


def _key(record: Record) -> Key:
    """Return what makes two records the same measure: `Entry.key`."""
    return (record.measure, record.arm, record.look, record.given, record.value, record.variant)


def _paired(own: Cell | None, references: _Index, cell: Cell | None, others: _Index) -> dict[Key, Simulated]:
    """Return the paired difference of each measure that both designs saw."""
    if own is None or cell is None or own.sizes is None:
        return {}
    keys = [key for key in references if key in others and _is_seen(references[key]) and _is_seen(others[key])]
    if not keys:
        return {}
    sizes = np.asarray(own.sizes, float)
    first, second = (
        LeftOut(
            np.array([index[key].estimate for key in keys], float),
            np.array([of.left_out[key] for key in keys], float),
            sizes,
            np.array([of.implied.get(key, np.nan) for key in keys], float),
        )
        for of, index in ((own, references), (cell, others))
    )
    rows = zip(*(part.tolist() for part in paired(first, second)), strict=True)
    n, n_groups = int(sizes.sum()), len(sizes)
    return {
        key: Simulated(value, mcse, ratio, skewness, mcse_error, unseen, n, n_groups)
        for key, (value, mcse, ratio, skewness, mcse_error, unseen) in zip(keys, rows, strict=True)
    }


def _is_seen(record: Record) -> bool:
    return record.estimate is not None


def _agreement(rows: Sequence[Row]) -> Agreement | None:
    """Return how simulated values and differences stand to the exact ones; None where nothing was judged."""
    values, differences = [], []
    for row in rows:
        for design, record in enumerate(row.values):
            if record is not None and record.is_judged and record.z is not None:
                values.append(Judged(row, design, is_difference=False, z=record.z))
        for design, found in enumerate(row.differences, start=1):
            if found is not None and found.is_judged and found.z is not None:
                differences.append(Judged(row, design, is_difference=True, z=found.z))
    judged = [*values, *differences]
    if not judged:
        return None
    limit = z_limit(len(judged))
    failures = tuple(item for item in judged if abs(item.z) > limit)
    return Agreement(len(values), len(differences), limit, max(judged, key=lambda item: abs(item.z)), failures)
