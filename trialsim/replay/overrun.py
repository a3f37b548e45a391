"""Each look asked again of everybody who had entered by its day, once their responses are known: what overrun hides."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.kernels import clinic as c
from trialsim.oc.mcse import Estimate, mean, proportion
from trialsim.replay.case import case_of, trial_of
from trialsim.spec.rules import leaves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.replay.case import Case, Trial
    from trialsim.spec.looks import ContinueIf, SuccessIf
    from trialsim.spec.scenario import Scenario

N_TRIALS = 300


class AskedAgain(NamedTuple):
    """A look, for an arm or for all ("pooled"), over the trials in which it took place."""

    look: str
    of: str
    n_looked_at: int
    """Trials, the first of the run."""
    n_trials: int
    """Trials of these in which the look took place and the arm was still in the trial."""
    counted: Estimate
    """Mean number of patients at the trigger."""
    entered: Estimate
    """Mean number of patients who had entered by then, and whom the look could count."""
    rate: Estimate
    """Mean observed response rate at the trigger."""
    rate_of_all: Estimate
    """The same of all who had entered, with what is known of them by the data cut-off."""
    difference: Estimate
    """Mean over trials of the second rate minus the first."""
    criterion: str
    """"to go on", "for success"; empty: none is asked here of anything but a fixed number of responses."""
    p_met: Estimate
    """Trials in which it is met at the trigger, of those in which both analyses can be asked."""
    p_met_by_all: Estimate
    p_differs: Estimate
    """Trials in which the two analyses answer differently."""


class _Row(NamedTuple):
    n: int
    x: int
    n_all: int
    x_all: int
    met: bool | None
    met_by_all: bool | None


def asked_again(
    scenario: Scenario, truth: str | None = None, plan: str | None = None, n_trials: int = N_TRIALS
) -> tuple[AskedAgain, ...]:
    """Return each look at its trigger beside the same look of all patients who had entered by that day.

    Patients who cannot be evaluated count, or do not, as the conduct says. A response counts when it does for the look.

    Parameters
    ----------
    scenario, truth, plan
        As for `replay`.
    n_trials
        So many of the first trials are looked at, or all if there are fewer.

    Raises
    ------
    InputError
        As `replay`.
    """
    case = _plain(case_of(scenario, truth, plan))
    asker = _Asker(case)
    n_trials = min(n_trials, case.conduct.n_sims)
    found: dict[tuple[int, int], list[_Row]] = {}
    for number in range(n_trials):
        trial = trial_of(case, number)
        for look in range(len(case.design.looks) - 1):
            for slot in (*range(trial.n_arms), *([-1] if trial.n_arms > 1 else [])):
                found.setdefault((look, slot), []).extend(_rows(trial, asker, look, slot))
    return tuple(
        _summed(case, asker, (look, slot), rows, n_trials)
        for (look, slot), rows in sorted(found.items(), key=_order)
        if rows
    )


def _order(item: tuple[tuple[int, int], list[_Row]]) -> tuple[int, bool, int]:
    (look, slot), _ = item
    return look, slot < 0, slot


def _plain(case: Case) -> Case:
    """Return the case without what takes time and changes no response: survival, adverse events and the like."""
    whole = case.study.clinic.whole.copy()
    whole[c.NUMBER, c.HAS_SURVIVAL] = 0
    whole.setflags(write=False)
    clinic = case.study.clinic._replace(whole=whole)
    return case._replace(study=case.study._replace(clinic=clinic, bedside=None))


def _rows(trial: Trial, asker: _Asker, look: int, slot: int) -> Iterator[_Row]:
    """Yield what a look saw, and what it would have seen of all; nothing if it did not take place or counted nobody."""
    minute = trial.cells["look_day", None, look]
    if minute is None or (slot >= 0 and trial.is_out(slot, look)):
        return
    n, x = trial.of("look_counted", slot, look), trial.of("look_responses", slot, look)
    is_in = trial.entry <= minute
    if slot >= 0:
        is_in &= trial.arm == slot
    if trial.number[c.UNEVALUABLE] != c.NON_RESPONDER:
        is_in &= trial.rows[c.CLASS] != c.IS_NOT_EVALUABLE
    mode = int(trial.of_look(look)[c.MODE])
    responds = is_in & (trial.entry + trial.rows[c.BY_CONFIRMED + mode] <= trial.of("cutoff"))
    n_all, x_all = int(is_in.sum()), int(responds.sum())
    if n and n_all:
        met, met_by_all = (asker.is_met(trial, look, slot, *pair) for pair in ((x, n), (x_all, n_all)))
        yield _Row(n, x, n_all, x_all, met, met_by_all)


class _Asker:
    """Asks the rules of a case of any number of patients; each boundary is found once."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._least: dict[tuple[int, int, int], int | None] = {}

    def criterion(self, look: int, slot: int) -> tuple[ContinueIf | SuccessIf, str] | None:
        """Return what a look asks of an arm, or of all: success goes before going on; None if it asks nothing.

        A rule of a fixed number of responses is left out: it was not made for another number of patients.
        """
        spec, of = self._case.design.looks[look], "pooled" if slot < 0 else "arm"
        asked: list[tuple[ContinueIf | SuccessIf | None, str]] = [
            (spec.success_if, "for success"),
            (spec.continue_if, "to go on"),
        ]
        for criterion, words in asked:
            if criterion is not None and criterion.of == of:
                kinds = {leaf.kind for _, leaf in leaves(criterion.rule, "")}
                return None if "responses" in kinds else (criterion, words)
        return None

    def is_met(self, trial: Trial, look: int, slot: int, x: int, n: int) -> bool | None:
        """Return whether `x` responses of `n` meet the criterion; None if nothing is asked, or not of so many."""
        found = self.criterion(look, slot)
        least = None if found is None else self._boundary(look, slot, n)
        if found is None or least is None:
            return None
        if getattr(found[0], "requires_all_arms", False) and any(trial.is_out(a, look) for a in range(trial.n_arms)):
            return False
        return x >= least

    def _boundary(self, look: int, slot: int, n: int) -> int | None:
        if (look, slot, n) not in self._least:
            found, design = self.criterion(look, slot), self._case.design
            assert found is not None
            try:
                least: int | None = found[0].rule.boundary(design.asked((*design.arm_names, "pooled")[slot], n))
            except ValueError:  # a table that ends before
                least = None
            self._least[look, slot, n] = least
        return self._least[look, slot, n]


def _summed(case: Case, asker: _Asker, where: tuple[int, int], rows: list[_Row], n_trials: int) -> AskedAgain:
    look, slot = where
    n, x, n_all, x_all = np.array([row[:4] for row in rows], float).T
    weights, criterion = np.ones(len(rows)), asker.criterion(look, slot)
    answered = np.array([row[4:] for row in rows if None not in row[4:]], float).reshape(-1, 2)
    met, met_by_all = answered.T
    rate, rate_of_all = x / n, x_all / n_all
    return AskedAgain(
        look=case.design.look_names[look],
        of="pooled" if slot < 0 else case.design.arm_names[slot],
        n_looked_at=n_trials,
        n_trials=len(rows),
        counted=mean(n, weights),
        entered=mean(n_all, weights),
        rate=mean(rate, weights),
        rate_of_all=mean(rate_of_all, weights),
        difference=mean(rate_of_all - rate, weights),
        criterion="" if criterion is None else criterion[1],
        p_met=proportion(met.sum(), len(answered)),
        p_met_by_all=proportion(met_by_all.sum(), len(answered)),
        p_differs=proportion(np.abs(met - met_by_all).sum(), len(answered)),
    )
