"""Tasks on threads, processes or a Dask cluster, through joblib. Where they run changes no bit of what comes out."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from trialsim.errors import InputError, TrialsimError
from trialsim.sweep.orphans import compute_for
from trialsim.sweep.work import Outcome, Task, compute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Backend: TypeAlias = Literal["threads", "processes", "dask"]
Job: TypeAlias = "Callable[[Task], list[Outcome]]"
Runner: TypeAlias = "Callable[[Sequence[Task]], Iterator[list[Outcome]]]"

PATIENCE = 3
"""How often work is given out again when the worker that had it was killed."""


@contextmanager
def workers(backend: Backend, n_jobs: int, scheduler: str | None = None) -> Iterator[Runner]:
    """Give a function that computes tasks and yields their outcomes as they come; a killed worker's task is retried.

    Parameters
    ----------
    backend
        Where the work is done.
    n_jobs
        Workers; -1 for one per core. An existing Dask cluster decides for itself.
    scheduler
        Address of a Dask scheduler; None: a cluster of our own on this machine.

    Raises
    ------
    InputError
        If Dask is not installed, the scheduler does not answer, or its workers have another version of trialsim.
    """
    if backend == "threads" and n_jobs == 1:
        yield lambda tasks: (compute(task) for task in tasks)
    elif backend == "threads":
        yield _through({"n_jobs": n_jobs, "backend": "threading"})
    elif backend == "processes":
        yield _persistent({"n_jobs": n_jobs, "backend": "loky"}, partial(compute_for, os.getpid()))
    else:
        from joblib import parallel_config

        from trialsim.sweep.dask import cluster

        with cluster(scheduler, n_jobs), parallel_config("dask"):
            yield _persistent({"n_jobs": -1})


def _through(options: dict[str, Any], job: Job = compute) -> Runner:
    from joblib import Parallel, delayed

    def run(tasks: Sequence[Task]) -> Iterator[list[Outcome]]:
        parallel = Parallel(**options, return_as="generator_unordered", batch_size=1, pre_dispatch="all")
        yield from parallel(delayed(job)(task) for task in tasks)

    return run


def _persistent(options: dict[str, Any], job: Job = compute) -> Runner:
    """Return a runner that gives out again what was lost with a killed worker.

    Nobody can say which task killed it, so at first all that are missing go out again; then each alone, and one that
    kills its worker time and again is a failed cell.
    """
    run = _through(options, job)

    def persist(tasks: Sequence[Task]) -> Iterator[list[Outcome]]:
        missing = {pending.number: (task, pending) for task in tasks for pending in task.cells}
        waiting = list(tasks)
        for _ in range(PATIENCE - 1):
            try:
                for outcomes in run(waiting):
                    for outcome in outcomes:
                        missing.pop(outcome.number, None)
                    yield outcomes
            except Exception as error:
                if not _is_lost_worker(error):
                    raise
            if not missing:
                return
            waiting = [task._replace(cells=(pending,)) for task, pending in missing.values()]
        for task, pending in list(missing.values()):
            yield _alone(run, task._replace(cells=(pending,)))

    return persist


def _alone(run: Runner, task: Task) -> list[Outcome]:
    (pending,) = task.cells
    for _ in range(PATIENCE):
        try:
            return next(iter(run([task])))
        except Exception as error:
            if not _is_lost_worker(error):
                raise
    problem = f"its worker was killed {PATIENCE} times (out of memory?)"
    return [Outcome(pending.number, pending.levels, None, problem)]


def _is_lost_worker(error: Exception) -> bool:
    if isinstance(error, TrialsimError | InputError):
        return False
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(
        names & {"BrokenProcessPool", "TerminatedWorkerError", "BrokenExecutor", "KilledWorker", "CommClosedError"}
    )
