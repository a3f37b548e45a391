"""The patients of one trial, as known at the data cut-off (docs/calendar-conduct.md, sections 5 to 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialsim.kernels import clinic as c
from trialsim.replay.case import NEVER
from trialsim.replay.looks import population
from trialsim.replay.values import Patient

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from trialsim.replay.case import Ints, Trial, Truths
    from trialsim.replay.values import LookSeen

_CROSSED = ("", "response", "stable", "failure")


def patients_of(trial: Trial, looks: Sequence[LookSeen]) -> Iterator[Patient]:
    """Yield the patients in order of entry, as known at the cut-off."""
    due = trial.of("cutoff") - trial.entry
    final, follow_up = int(trial.number[c.FINAL_MODE]), np.minimum(trial.rows[c.FOLLOWED], due)
    counted = trial.rows[c.BY_CONFIRMED + final]
    has_toxicity = trial.number[c.TOXICITY] != c.NO_TOXICITY
    is_dead = trial.rows[c.DEATH] <= follow_up
    follow_up = np.where(is_dead, trial.rows[c.DEATH], follow_up)
    treatment_end, has_failed = _time_to_failure(trial, due)
    at_looks = [_made_of(trial, index, look) for index, look in enumerate(looks)]
    for i in range(len(trial.entry)):
        row = [int(value) for value in trial.rows[:, i]]
        known = [value if value <= due[i] else None for value in row]
        is_response = counted[i] <= due[i]
        crossed = _CROSSED[row[c.CROSSED] if known[c.PROGRESSION] is not None else c.NOT_CROSSED]
        if crossed == "failure" and known[c.OFF] is None:
            crossed = "under way"
        yield Patient(
            i + 1,
            trial.names[row[c.ARM]],
            row[c.ENTRY],
            "response" if is_response else _without_response(row[c.CLASS], known[c.PROGRESSION]),
            known[c.BY_SEEN],
            known[c.BY_CONFIRMED],
            known[c.PROGRESSION],
            crossed or None,
            known[c.OFF],
            _exit_reason(row) if known[c.OFF] is not None else None,
            row[c.DEATH] if is_dead[i] else None,
            known[c.TOXICITY_AT] if has_toxicity else None,
            int(follow_up[i]),
            int(treatment_end[i]),
            bool(has_failed[i]),
            tuple(str(of_look[i]) for of_look in at_looks),
        )


def _without_response(kind: int, progression: int | None) -> str:
    """Return the best response of a patient without a response at the cut-off."""
    if kind == c.IS_NOT_EVALUABLE:
        return "not evaluable"
    return "progressive" if kind == c.IS_PROGRESSIVE and progression is not None else "stable"


def _time_to_failure(trial: Trial, due: Ints) -> tuple[Ints, Truths]:
    """Return time to treatment failure or to its censoring, and whether treatment failed."""
    survival = trial.case.conduct.survival
    failure = trial.rows[c.OFF if survival is not None and survival.failure_at == "leaving" else c.FAILURE]
    visits = trial.whole[c.VISITS, : trial.number[c.N_VISITS]]
    censored = due if len(visits) == 0 else np.concatenate([[0], visits])[np.searchsorted(visits, due, "right")]
    return np.where(failure <= due, failure, censored), failure <= due


def _made_of(trial: Trial, look: int, seen: LookSeen) -> NDArray[np.str_]:
    """Return what a look made of each patient."""
    if seen.minute is None:
        return np.full(len(trial.entry), "")
    mode = int(trial.of_look(look)[c.MODE])
    is_in = population(trial, look, seen.minute)
    is_counted = is_in.copy()
    if trial.number[c.UNEVALUABLE] != c.NON_RESPONDER:
        is_counted &= trial.rows[c.CLASS] != c.IS_NOT_EVALUABLE
    has_entered = trial.entry <= seen.minute
    responds = trial.entry + trial.rows[c.BY_CONFIRMED + mode] <= seen.minute
    is_open = trial.entry + trial.rows[c.KNOWN_CONFIRMED + mode] > seen.minute
    return np.select(
        [~has_entered, is_counted & responds, is_counted & is_open, is_counted, is_open, is_in],
        [
            "",
            "counted, response",
            "counted, not settled (pipeline)",
            "counted, no response",
            "not counted, not settled (pipeline)",
            "not counted, not evaluable",
        ],
        "not counted, settled",
    )


def _exit_reason(row: list[int]) -> str:
    if row[c.PROGRESSION] < NEVER and row[c.CROSSED] == c.NOT_CROSSED:
        return "progression"
    if row[c.DEATH] <= row[c.FOLLOWED] and row[c.OFF] == row[c.DEATH]:
        return "death"
    return "failure after crossover" if row[c.CROSSED] == c.CROSSED_FAILURE else "withdrawal"
