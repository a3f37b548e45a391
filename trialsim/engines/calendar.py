"""The calendar engine: blocks of trials on joblib's threads, each added up by columns and by endings.

Sums are whole numbers and merge in any order, so that neither jobs nor block size changes a bit. Memory holds one block
per job and the tally.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.columns import Shape, columns
from trialsim.endings import CalendarTally, ColumnSums
from trialsim.engines.calendar_endings import endings_of, missed_looks
from trialsim.kernels import clinic as c
from trialsim.kernels.calendar import simulate_calendar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from trialsim.columns import Column
    from trialsim.engines.bedside import Bedside
    from trialsim.kernels.clinic import Book, Clinic

BLOCK = 2_500
"""Trials per block: some 50 ms of work, which hides what a thread costs."""


class CalendarStudy(NamedTuple):
    """What is simulated: a compiled trial from a seed, and what is seen beside it (adverse events and the like)."""

    clinic: Clinic
    seed: int
    bedside: Bedside | None = None


def shape_of(clinic: Clinic) -> Shape:
    """Return what decides the columns of a compiled trial."""
    number = clinic.whole[c.NUMBER]
    return Shape(
        int(number[c.N_ARMS]),
        int(number[c.N_LOOKS]),
        int(number[c.N_TIMES]),
        int(number[c.N_TREATMENT_TIMES]),
        int(number[c.N_CURVE_DAYS]),
        bool(number[c.TOXICITY] != c.NO_TOXICITY),
        bool(number[c.HAS_SURVIVAL]),
    )


def columns_of(study: CalendarStudy) -> list[Column]:
    """Return all columns of a study."""
    found = columns(shape_of(study.clinic))
    return found + (study.bedside.columns() if study.bedside is not None else [])


def trials(study: CalendarStudy, first: int, n_trials: int) -> NDArray[np.int64]:
    """Return the columns of trials `first` … `first` + `n_trials` - 1, one row per trial."""
    return _book(study, first, n_trials)[0].column


def one_trial(study: CalendarStudy, trial: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the columns of one trial, and its patients (`clinic.N_PATIENT_ROWS` rows)."""
    book, _ = _book(study, trial, 1)
    # Survival reuses rows of patients as room, so the patients come from a run without it.
    whole = study.clinic.whole.copy()
    whole[c.NUMBER, c.HAS_SURVIVAL] = 0
    whole.setflags(write=False)
    plain = CalendarStudy(study.clinic._replace(whole=whole), study.seed)
    _, patients = _book(plain, trial, 1)
    n = int(book.column[0][_enrolled_column(plain)])
    return book.column[0], patients[:, :n]


def simulate_trials(
    study: CalendarStudy,
    n_sims: int,
    *,
    begun: CalendarTally | None = None,
    n_jobs: int = 1,
    block: int = BLOCK,
    progress: Callable[[int], None] = lambda _: None,
) -> CalendarTally:
    """Return the tally of trials 0 … `n_sims` - 1.

    Parameters
    ----------
    study
        Compiled trial, seed.
    n_sims
        Number of trials.
    begun
        The tally of the first of them, from a shorter run; the others are added to it.
    n_jobs
        Threads; -1 for one per core.
    block
        Trials per block.
    progress
        Called with the number of trials after each block; with 0 before kernels are compiled.
    """
    if not simulate_calendar.signatures:  # type: ignore[attr-defined]  # nothing compiled yet in this process
        progress(0)
    found = columns_of(study)
    tally = begun if begun is not None else CalendarTally.empty(found)
    blocks = [(at, min(block, n_sims - at)) for at in range(tally.n_trials, n_sims, block)]
    for part in _in_order(study, found, blocks, n_jobs):
        tally.add(part)
        progress(part.n_trials)
    return tally


def _in_order(
    study: CalendarStudy, found: list[Column], blocks: list[tuple[int, int]], n_jobs: int
) -> Iterator[CalendarTally]:
    if n_jobs == 1 or len(blocks) <= 1:
        return (_block(study, found, first, n) for first, n in blocks)
    from joblib import Parallel, delayed

    # The first block compiles the kernels, once; the others then run side by side.
    parallel = Parallel(n_jobs=n_jobs, backend="threading", return_as="generator")
    tallies: Iterator[CalendarTally] = parallel(delayed(_block)(study, found, first, n) for first, n in blocks)
    return tallies


def _block(study: CalendarStudy, found: list[Column], first: int, n_trials: int) -> CalendarTally:
    matrix, shape = trials(study, first, n_trials), shape_of(study.clinic)
    missed = missed_looks(found, matrix, shape, first)
    return CalendarTally(n_trials, ColumnSums.of(found, matrix), *endings_of(found, matrix, shape), missed)


def _enrolled_column(study: CalendarStudy) -> int:
    found = columns(shape_of(study.clinic))
    return next(i for i, column in enumerate(found) if column.quantity == "enrolled" and column.arm == -1)


def _book(study: CalendarStudy, first: int, n_trials: int) -> tuple[Book, NDArray[np.int32]]:
    number = study.clinic.whole[c.NUMBER]
    n_arms, n_max = int(number[c.N_ARMS]), int(number[c.N_MAX])
    n_own = len(columns(shape_of(study.clinic)))
    arm = np.empty((n_trials if study.bedside is not None else 0, n_max), np.int8)
    book = c.Book(np.empty((n_trials, n_own), np.int64), arm)
    room = c.room(n_arms, n_max)
    simulate_calendar(np.uint64(study.seed), np.uint64(first), np.int64(n_trials), study.clinic, room, book)
    if study.bedside is not None:
        seen = study.bedside.watch(study.seed, first, arm)
        book = c.Book(np.hstack([book.column, seen]), arm)
    return book, room.patient
