"""Running a sweep: what the store does not hold yet is computed and kept, a piece at a time."""

from __future__ import annotations

import hashlib
import json
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trialsim._version import __version__
from trialsim.errors import InputError
from trialsim.sweep.cells import CellResult, SweepResult
from trialsim.sweep.grid import grid_of
from trialsim.sweep.parallel import workers
from trialsim.sweep.work import Keys, Outcome, Pending, Task, n_sims_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trialsim.api import EngineChoice
    from trialsim.effort import Target
    from trialsim.spec.scenario import Scenario
    from trialsim.store import Finding, Key, Store, Sweep
    from trialsim.sweep.cells import Level
    from trialsim.sweep.grid import Cell, Grid
    from trialsim.sweep.parallel import Backend

WAVE = 2_048
"""Cells that are looked up and given out together."""

TASK_S = 0.25
"""About what a task is to take, so that scheduling costs little and little is lost when it is killed."""

_MOST_TOGETHER = 128
_COUNTS_S, _CALENDAR_S, _PYTHON_S, _EXACT_S = 3e-8, 6e-5, 2e-3, 5e-4
"""About what a replicate, a calendar trial, the tables of a simulated plan and truth, and an exact cell take."""


class Settings(NamedTuple):
    """How a sweep is run. Nothing here changes a number, but for the engine and the target."""

    engine: EngineChoice = "auto"
    backend: Backend = "threads"
    n_jobs: int = -1
    scheduler: str | None = None
    is_strict: bool = False
    """End at the first cell that fails."""
    target: Target | None = None


class Step(NamedTuple):
    """How far a sweep has come."""

    n_cells: int
    n_done: int
    n_failed: int
    worst_mcse: float
    """The largest standard error of a probability so far; 0 if all are exact."""


class Summary(NamedTuple):
    """What a sweep did."""

    sweep_id: str
    n_cells: int
    n_computed: int
    n_reused: int
    """Cells whose results were in the store, from this sweep or another."""
    n_failed: int
    n_judged: int
    """Simulated values that were held against exact ones."""
    worst_z: float


def sweep_id_of(scenario: Scenario, settings: Settings) -> str:
    """Return what makes two sweeps the same: then one resumes the other."""
    text = f"{__version__} {settings.engine} {settings.target} {scenario.model_dump_json(by_alias=True)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sweep(
    scenario: Scenario,
    store: Store,
    settings: Settings | None = None,
    progress: Callable[[Step], None] = lambda _: None,
) -> Summary:
    """Run the sweep of a scenario; what is in the store already is not computed again.

    Parameters
    ----------
    scenario
        With a `vary` block.
    store
        Open for writing. Each finished task is kept at once, so that whatever ends the sweep loses only what was being
        computed.
    settings
        How it is run.
    progress
        Called whenever cells are finished.

    Raises
    ------
    InputError
        If there is nothing to vary, the store cannot be written, or the workers cannot be reached; with `is_strict`,
        if a cell fails.
    """
    settings = settings or Settings()
    grid = grid_of(scenario)
    sweep_id = sweep_id_of(scenario, settings)
    store.begin_sweep(sweep_id, scenario.name, grid.axes, scenario.model_dump_json(by_alias=True), len(grid))
    run = _Run(scenario, store, settings, grid, sweep_id, progress)
    with workers(settings.backend, _n_jobs(scenario, settings), settings.scheduler) as compute:
        pending = run.pending()
        while wave := list(islice(pending, WAVE)):
            missing = run.missing(wave)
            if settings.engine != "exact" and settings.backend != "threads":
                run.compile_kernels(missing)
            for outcomes in compute(run.tasks(missing)):
                run.keep(outcomes)
    return run.summary()


def _n_jobs(scenario: Scenario, settings: Settings) -> int:
    """Return how many workers serve: threads only get in each other's way where a cell is more Python than kernel."""
    if settings.backend != "threads":
        return settings.n_jobs
    return settings.n_jobs if settings.engine != "exact" and _kernel_s(scenario) > _PYTHON_S else 1


def _kernel_s(scenario: Scenario) -> float:
    """Return about how long the kernels work for one plan and truth."""
    calendar = scenario.conduct.n_sims * _CALENDAR_S if scenario.conduct is not None else 0.0
    return scenario.n_sims * _COUNTS_S + calendar


def result_of(store: Store, sweep_id: str) -> SweepResult:
    """Return a sweep in the store; its cells are read while they are asked for.

    Raises
    ------
    InputError
        If the store cannot be read; while cells are read, if one has not a level for each axis.
    """
    found = store.sweep(sweep_id)
    return SweepResult(found.name, found.axes, _cells(store, found))


def _cells(store: Store, found: Sweep) -> Iterator[CellResult]:
    for cell in store.cells(found.id):
        if len(cell.levels) != len(found.axes):
            raise InputError(
                f"{store.path}: the store is damaged (cell {cell.number} is of another sweep); put a copy back"
            )
        yield CellResult(cell.number, cell.levels, cell.records, cell.error)


def replicates_of(store: Store, sweep_id: str) -> int | None:
    """Return the replicates of every cell of a sweep; None where cells or engines differ in them, or nobody knows."""
    try:
        scenario = json.loads(store.sweep(sweep_id).scenario)
    except (ValueError, RecursionError):
        scenario = None
    if not isinstance(scenario, dict) or scenario.get("conduct") is not None:
        return None
    n_sims, varied = scenario.get("n_sims"), scenario.get("vary")
    is_same = isinstance(n_sims, int) and not (isinstance(varied, dict) and "n_sims" in varied)
    return n_sims if is_same else None


class _Run:
    """A sweep under way."""

    def __init__(
        self,
        scenario: Scenario,
        store: Store,
        settings: Settings,
        grid: Grid,
        sweep_id: str,
        progress: Callable[[Step], None],
    ) -> None:
        assert scenario.vary is not None
        self.store, self.settings, self.grid, self.sweep_id, self.progress = store, settings, grid, sweep_id, progress
        self.measures = tuple(scenario.vary.measures)
        self.keys = Keys(settings.engine, self.measures, settings.target)
        self.n_sims = n_sims_of(scenario, settings.engine)
        self.step = Step(len(grid), 0, 0, 0.0)
        self.n_reused = self.n_computed = self.n_judged = 0
        self.worst_z = 0.0
        self._is_warm = False

    def pending(self) -> Iterator[Pending]:
        """Yield the cells that this sweep has no result of; those that make no sense are kept as failed."""
        kept = self.store.done(self.sweep_id).kept
        self.n_reused = len(kept)
        self.step = self.step._replace(n_done=len(kept))
        for number, group in enumerate(self.grid.groups()):
            for cell in group.cells:
                if cell.number not in kept and (found := self._resolved(cell, number)) is not None:
                    yield found

    def _resolved(self, cell: Cell, group: int) -> Pending | None:
        try:
            scenario = self.grid.scenario(cell)
        except InputError as error:
            self.keep([Outcome(cell.number, cell.levels, None, str(error))])
            return None
        key = self.keys.of(scenario)
        return Pending(cell.number, cell.levels, scenario, key, n_sims_of(scenario, self.settings.engine), group)

    def missing(self, wave: list[Pending]) -> list[Pending]:
        """Return the cells that must be computed. Results that the store has of the others are made this sweep's."""
        present = self.store.present([(pending.key, pending.n_sims) for pending in wave])
        found = [pending for pending in wave if (pending.key, pending.n_sims) in present]
        if found:
            rows = [(each.number, each.levels, each.key, each.n_sims, None) for each in found]
            self.store.put_cells(self.sweep_id, rows)
            self.n_reused += len(found)
            self._advance(len(found), 0, 0.0)
        return [self._begun(each) for each in wave if (each.key, each.n_sims) not in present]

    def _begun(self, pending: Pending) -> Pending:
        """Return a cell with the tallies of the longest shorter run, if there was one."""
        if self.settings.engine == "exact" or self.settings.target is not None:
            return pending
        shorter = self.store.longest_below(pending.key, pending.n_sims)
        return pending if shorter is None else pending._replace(begun=shorter.tally)

    def tasks(self, wave: list[Pending]) -> list[Task]:
        """Return cells as tasks of about `TASK_S` seconds each."""
        found: list[Task] = []
        together: list[Pending] = []
        seconds = 0.0
        for pending in wave:
            seconds += self._seconds(pending.scenario)
            together.append(pending)
            if seconds >= TASK_S or len(together) == _MOST_TOGETHER:
                found.append(self._task(together))
                together, seconds = [], 0.0
        return [*found, self._task(together)] if together else found

    def _task(self, cells: list[Pending]) -> Task:
        return Task(self.settings.engine, self.measures, tuple(cells), self.settings.target)

    def _seconds(self, scenario: Scenario) -> float:
        if self.settings.engine == "exact":
            return _EXACT_S
        n_runs = len(scenario.truths) * max(len(scenario.plans), 1)
        return n_runs * (_PYTHON_S + _kernel_s(scenario))

    def compile_kernels(self, wave: list[Pending]) -> None:
        """Compile what the cells need, here and once: workers then find it on disk."""
        if self._is_warm or not wave:
            return
        from trialsim.sweep.work import compute

        first = wave[0].scenario
        shortest: dict[str, Any] = {"n_sims": 1}
        if first.conduct is not None:
            shortest["conduct"] = first.conduct.model_copy(update={"n_sims": 1})
        compute(self._task([wave[0]._replace(scenario=first.model_copy(update=shortest), begun=None)]))
        self._is_warm = True

    def keep(self, outcomes: list[Outcome]) -> None:
        """Keep what came out of a task, all of it or (if something kills us) nothing.

        Raises
        ------
        InputError
            With `is_strict`, if a cell failed.
        """
        findings = [outcome.finding for outcome in outcomes if outcome.finding is not None]
        with self.store.batch():
            self.store.put(findings)
            self.store.put_cells(self.sweep_id, [_row(outcome) for outcome in outcomes])
        failed = [outcome for outcome in outcomes if outcome.finding is None]
        for finding in findings:
            self.n_judged += int(finding.facts.get("n_judged", 0))
            self.worst_z = max(self.worst_z, float(finding.facts.get("worst_z", 0.0)))
        self.n_computed += len(findings)
        self._advance(len(outcomes), len(failed), max(map(_worst_mcse, findings), default=0.0))
        if failed and self.settings.is_strict:
            raise InputError(f"--strict: {failed[0].error}")

    def _advance(self, n_done: int, n_failed: int, worst_mcse: float) -> None:
        before = self.step
        worst = max(before.worst_mcse, worst_mcse)
        self.step = Step(before.n_cells, before.n_done + n_done, before.n_failed + n_failed, worst)
        self.progress(self.step)

    def summary(self) -> Summary:
        """Return what the sweep did."""
        counts = (self.n_computed, self.n_reused, self.step.n_failed)
        return Summary(self.sweep_id, self.step.n_cells, *counts, self.n_judged, self.worst_z)


def _row(outcome: Outcome) -> tuple[int, tuple[Level, ...], Key | None, int, str | None]:
    finding = outcome.finding
    if finding is None:
        return outcome.number, outcome.levels, None, 0, outcome.error
    return outcome.number, outcome.levels, finding.key, finding.n_sims, None


def _worst_mcse(finding: Finding) -> float:
    """Return the largest standard error of a probability."""
    rows = [index for index, words in enumerate(finding.layout) if words[2].startswith("p_")]
    errors = finding.numbers[rows, 1]
    return float(np.nanmax(errors)) if errors.size and not np.isnan(errors).all() else 0.0
