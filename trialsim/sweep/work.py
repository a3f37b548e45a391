"""The work of a sweep: cells to be computed, and what comes out of them. It travels to other processes as it is."""

from __future__ import annotations

import hashlib
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trialsim._version import __version__
from trialsim.compile import compile_design
from trialsim.errors import TrialsimError
from trialsim.kept import Kept, kept_from
from trialsim.kernels.stream import STREAM
from trialsim.oc.many import MEASURES
from trialsim.store import Finding, Key, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.api import EngineChoice, Result
    from trialsim.effort import Target
    from trialsim.plan import Plan
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario
    from trialsim.sweep.cells import Level


_NOT_IN_KEY: dict[str, Any] = {
    **dict.fromkeys(("name", "title", "notes", "design", "seed", "n_sims", "vary", "narrative"), True),
    "conduct": {"n_sims": True},
}


class Pending(NamedTuple):
    """A cell to be computed."""

    number: int
    levels: tuple[Level, ...]
    scenario: Scenario
    key: Key
    n_sims: int
    """The number of replicates by which its result is kept; 0 for an exact one."""
    group: int = 0
    """Cells of a group differ in their truths only."""
    begun: bytes | None = None
    """The tallies of a shorter run."""


class Task(NamedTuple):
    """Cells that are computed together, by one worker."""

    engine: EngineChoice
    measures: tuple[str, ...]
    """The measures that are kept; none: all."""
    cells: tuple[Pending, ...]
    target: Target | None = None


class Outcome(NamedTuple):
    """What came out of a cell."""

    number: int
    levels: tuple[Level, ...]
    finding: Finding | None
    error: str | None = None


class Keys:
    """What results are functions of; one object for many cells, of which most share their design."""

    def __init__(self, engine: EngineChoice, measures: tuple[str, ...] = (), target: Target | None = None) -> None:
        self._engine = engine
        self._asked = f"{__version__} {','.join(measures)} {target}"
        self._design: Design | None = None
        self._design_text = ""

    def of(self, scenario: Scenario) -> Key:
        """Return what the result of a cell is a function of, beside the number of replicates.

        Its name and notes do not matter. Under calendar conduct, the replicates counted are those of the calendar.
        """
        if scenario.design is not self._design:
            self._design, self._design_text = scenario.design, scenario.design.model_dump_json(by_alias=True)
        text = scenario.model_dump_json(by_alias=True, exclude=_NOT_IN_KEY)
        ideal = scenario.n_sims if scenario.conduct is not None and self._engine != "exact" else 0
        about = f"{self._asked} {ideal} {self._design_text} {text}"
        return Key(hashlib.sha256(about.encode()).hexdigest()[:32], scenario.seed, self._engine, STREAM)


def n_sims_of(scenario: Scenario, engine: EngineChoice) -> int:
    """Return the number of replicates by which a cell's result is kept."""
    if engine == "exact":
        return 0
    return scenario.conduct.n_sims if scenario.conduct is not None else scenario.n_sims


def compute(task: Task) -> list[Outcome]:
    """Compute the cells of a task. A cell that fails is an outcome with its error."""
    if task.engine == "exact" and task.measures and set(task.measures) <= set(MEASURES):
        return list(_exact(task))
    compiled = _LastCompiled()
    return [_computed(task, pending, compiled) for pending in task.cells]


class _LastCompiled:
    """Compiles designs, and the same one twice in a row but once."""

    def __init__(self) -> None:
        self._last: tuple[Design, Plan] | None = None

    def __call__(self, design: Design) -> Plan:
        if self._last is None or self._last[0] is not design:
            self._last = design, compile_design(design)
        return self._last[1]


def _exact(task: Task) -> Iterator[Outcome]:
    """Yield the cells of a task solved exactly, those of one design at once; one by one where that fails."""
    from trialsim.sweep.exactly import solved

    for _, together in groupby(task.cells, lambda pending: pending.group):
        group = list(together)
        try:
            found = solved([pending.scenario for pending in group], task.measures)
        except (TrialsimError, ValueError, MemoryError):
            yield from (_computed(task, pending, _LastCompiled()) for pending in group)
            continue
        for pending, (layout, numbers) in zip(group, found, strict=True):
            yield Outcome(pending.number, pending.levels, Finding(pending.key, 0, layout, numbers, None, {}))


def _computed(task: Task, pending: Pending, compiled: _LastCompiled) -> Outcome:
    try:
        finding = _finding(task, pending, compiled)
    except TrialsimError as error:
        return Outcome(pending.number, pending.levels, None, str(error))
    except MemoryError:
        return Outcome(pending.number, pending.levels, None, "not enough memory for this cell")
    except Exception as error:  # a fault of ours in one cell must not lose the others; it is told with the cell
        return Outcome(pending.number, pending.levels, None, f"a fault in trialsim: {type(error).__name__}: {error}")
    return Outcome(pending.number, pending.levels, finding)


def _finding(task: Task, pending: Pending, compiled: _LastCompiled) -> Finding:
    from trialsim.api import run
    from trialsim.effort import run_until

    kept = kept_from(pending.begun) if pending.begun is not None else Kept()
    if task.target is not None and task.engine != "exact":
        result = run_until(pending.scenario, task.target, task.engine, measures=task.measures, kept=kept)
    else:
        result = run(pending.scenario, task.engine, measures=task.measures, kept=kept, compiled=compiled)
    layout, numbers = split(
        [record for record in result.records if not task.measures or record.measure in task.measures]
    )
    tally = kept.as_bytes() if task.engine != "exact" else None
    return Finding(pending.key, pending.n_sims, layout, np.ascontiguousarray(numbers), tally, facts_of(result))


def facts_of(result: Result) -> dict[str, Any]:
    """Return a few facts about a result beside its records."""
    facts: dict[str, Any] = {"n_sims": result.scenario.n_sims if result.engine != "exact" else 0}
    if result.why_not:
        facts["why_not"] = result.why_not
    if result.agreement is not None and result.agreement.worst is not None:
        facts["n_judged"], facts["worst_z"] = result.agreement.n_judged, abs(result.agreement.worst.z or 0.0)
    return facts
