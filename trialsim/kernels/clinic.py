"""Where things stand in the arrays of the calendar kernels: rows, columns and codes, and the room they work in.

Few arrays with many rows, handed on one by one: each array that a kernel takes costs compilation time, and a tuple of
arrays costs two atomic counts per array and call. The definition is docs/calendar-conduct.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import float64, int8, int32, int64, uint64
    from numpy.typing import NDArray

NEVER = np.int32(2**30)
HORIZON = 36_525 * 1440
MISSING = np.int64(-(2**62))
"""A column that has no value in this trial."""

# Purposes of random numbers, docs/calendar-conduct.md section 2.
ENTRY_GAP, PLACE, RESPONSE, COURSE, LEAVING, AFTER, CROSSOVER, TOXIC, STATUS, EXPOSURE, ADVERSE = (
    np.uint64(purpose) for purpose in range(2, 13)
)

# Numbers of the trial, in row `NUMBER` of `Clinic.whole`.
(
    N_ARMS,
    N_LOOKS,
    N_MAX,
    WHEN_ARM_STOPS,
    ENTRY_LAW,
    N_PIECES,
    N_BLOCK_SIZES,
    UNEVALUABLE,
    FINAL_MODE,
    FINAL_CRITERION,
    FINAL_REQUIRES_ALL,
    CUTOFF_KIND,
    CUTOFF,
    FAILURE_AT_LEAVING,
    TOXICITY,
    N_RESPONSE_VISITS,
    N_EARLY_VISITS,
    N_VISITS,
    HAS_SURVIVAL,
    N_TIMES,
    N_TREATMENT_TIMES,
    N_CURVE_DAYS,
    STABLE_START,
    LATEST,
    N_NUMBERS,
) = range(25)
ARM_CAP, REFILL, STOP_TRIAL = range(3)
POISSON, WINDOW, GIVEN = range(3)
NON_RESPONDER, DROPPED, REPLACED = range(3)
CONFIRMED, FIRST_SEEN = range(2)
ON_DAY, AFTER_LAST_ENTRY = range(2)
NO_TOXICITY, COUNTED_ONLY, AT_LOOKS, CONTINUOUS = range(4)
NO_CRITERION, OF_ARM, OF_POOLED = range(3)

# Rows of whole numbers, in `Clinic.whole`; then two rows per look: its numbers, and what it wants of each arm; then a
# row that wants nothing (-1).
NUMBER, RATIO, CAP, BLOCK_ROUNDS, VISITS, TIMES, TREATMENT_TIMES, CURVE_DAYS, FIRST_LOOK = range(9)
IS_PER_ARM, WANTED, FIRES, AFTER_MINUTES, MODE, HOLDS, CONTINUE_OF, SUCCESS_OF, SUCCESS_STOPS, REQUIRES_ALL = range(10)
N_LOOK_NUMBERS = 10
AFTER_DAYS, WHEN_KNOWN, WHEN_DECIDED, COMPLETED, FAILURES, DEATHS, DAY = range(7)

# Rows of real numbers, in `Clinic.real`: per arm, per visit, and single ones. `LATER_…` have two entries per arm: of
# responding and of stable patients. The floor of a mean is from `floors`.
(
    P_RESPONSE,
    FROM_PROGRESSIVE,
    FROM_NOT_EVALUABLE,
    LATER_MEAN,
    LATER_FLOOR,
    WITHDRAWAL_MEAN,
    WITHDRAWAL_FLOOR,
    DEATH_BEFORE_MEAN,
    DEATH_BEFORE_FLOOR,
    DEATH_AFTER_MEAN,
    P_CROSSOVER,
    P_TOXICITY,
    VISIT_SHARE,
    VISIT_DAY,
    CONFIRM_LOW,
    CONFIRM_WIDTH,
    EARLY_SHARE,
    EARLY_DAY,
    PIECE_START,
    PIECE_SCALE,
    PIECE_FROM,
    SINGLE,
    N_REAL_ROWS,
) = range(23)
CROSS_RESPONSE, CROSS_HELPED, LAG_LOW, LAG_WIDTH, TOXIC_WITHIN, Z_LEVEL, N_SINGLE = range(7)

# Which boundary, in `Clinic.bound`.
CONTINUE_LEAST, SUCCESS_LEAST, TOXIC_LEAST = range(3)

# Rows of patients, in `Room.patient`.
(
    CLOCK,
    ENTRY,
    ARM,
    CLASS,
    FIRST,
    CONF,
    BY_CONFIRMED,
    BY_SEEN,
    KNOWN_CONFIRMED,
    KNOWN_SEEN,
    PROGRESSION,
    WITHDRAWAL,
    DEATH_BEFORE,
    FAILURE,
    OFF,
    DEATH,
    FOLLOWED,
    CROSSED,
    TOXICITY_AT,
    IS_COUNTED,
    SPARE,
    OTHER,
    N_PATIENT_ROWS,
) = range(23)
IS_RESPONSE, IS_STABLE, IS_PROGRESSIVE, IS_NOT_EVALUABLE = range(4)
NOT_CROSSED, CROSSED_RESPONSE, CROSSED_STABLE, CROSSED_FAILURE = range(4)

# State of the trial, in rows of `Room.state`: single numbers and facts about each arm, the same as they were when arms
# were last given, what of the randomisation list is drawn, then numbers of a look by arm and (last) pooled.
SINGLE_STATE, ENROLLED, CAP_NOW, STOP_LOOK, LEFT_IN_BLOCK, BEFORE = range(6)
(LISTED, SO_FAR, COUNTED, RESPONSES, POPULATION, DECISION, SUCCESS, AT_RISK, EVENTS, CENSORED, N_STATE_ROWS) = range(
    2 * BEFORE, 2 * BEFORE + 11
)
N_ALLOCATED, N_ENROLLED, NEXT_PLACE, IN_BLOCK, N_SINGLE_STATE = range(5)
LIST_FROM, N_LISTED = range(2)
IN_TRIAL, STOPPED_BETWEEN = -1, -2
"""Stop looks of an arm that goes on, and of one stopped for toxicity before look 0 (before look 1: one less, …)."""

CONTINUE, FUTILITY, EFFICACY, TOXIC_STOP = range(4)
"""Decisions about an arm."""

LANES = 32
"""Rows are read in multiples of so many patients: what is left over after them would cost as much as the rest."""

LIST_CHUNK = 64
"""Places of the randomisation list that are drawn together."""


def floors(mean: Sequence[float], latest: float) -> NDArray[float64]:
    """Return, for each mean, a uniform number at or below which an exponential time is `latest` or later, for certain.

    Most patients neither die nor withdraw before the data are closed: only the others need a logarithm.
    """
    return np.exp(-latest / np.asarray(mean, float)) * (1.0 - 1e-9)


class Clinic(NamedTuple):
    """A compiled trial under calendar conduct. All arrays are read-only."""

    whole: NDArray[int64]
    """(FIRST_LOOK + 2 * looks + 1, widest)"""
    real: NDArray[float64]
    """(N_REAL_ROWS, widest)"""
    bound: NDArray[int32]
    """(3, looks + 1, arms + 1, patients + 1) least number that meets the criterion, of an arm or (last) pooled."""


class Room(NamedTuple):
    """Room for one trial; its contents do not matter."""

    patient: NDArray[int32]
    """(N_PATIENT_ROWS, patients + 1 + LANES); an arm of every row is one of the trial's, or -1 while a trial closes."""
    word: NDArray[uint64]
    """(6, patients + 1 + LANES) and at least LIST_CHUNK wide; the last two rows hold the randomisation list."""
    gap: NDArray[float64]
    """(patients + 1 + LANES,)"""
    state: NDArray[int64]
    """(N_STATE_ROWS, widest)"""
    key: NDArray[int64]
    """(2, patients + 1) for sorting."""
    curve: NDArray[float64]
    """(2, arms + 1) survival and its variance of each arm and (last) of all."""


class Book(NamedTuple):
    """What is written down of each trial of a block."""

    column: NDArray[int64]
    """(trials, columns)"""
    arm: NDArray[int8]
    """(trials, patients) arm of each patient, -1 if not enrolled; no rows if nobody needs it."""


def room(n_arms: int, n_patients: int) -> Room:
    """Return room for a trial; made in Python, because each array that a kernel makes costs compilation time."""
    width = n_patients + 1 + LANES
    return Room(
        np.zeros((N_PATIENT_ROWS, width), np.int32),
        np.zeros((6, max(width, LIST_CHUNK)), np.uint64),
        np.zeros(width, np.float64),
        np.zeros((N_STATE_ROWS, max(n_arms + 1, N_SINGLE_STATE)), np.int64),
        np.zeros((2, width), np.int64),
        np.zeros((2, n_arms + 1), np.float64),
    )
