"""The first trial of a scenario that tells a given story: how many arms stop, or which arm is judged wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from trialsim.engines.calendar import BLOCK, columns_of, trials
from trialsim.kernels import clinic as c
from trialsim.replay.case import Case, case_of
from trialsim.replay.values import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.replay.case import Ints, Truths
    from trialsim.spec.scenario import Scenario

MAX_SCANNED = 5_000
"""No more trials than this are looked at for a story."""
_FIRST_BLOCKS = (100, 400)


class _Seen(NamedTuple):
    """The columns of some trials."""

    case: Case
    where: dict[tuple[str, int | None, int | None], int]
    matrix: Ints

    def of(self, quantity: str, arm: int | None = None, look: int | None = None) -> Ints:
        """Return a column."""
        found: Ints = self.matrix[:, self.where[quantity, arm, look]]
        return found

    def stops(self, arm: int) -> Truths:
        """Return whether an arm stops before the end, otherwise than by success."""
        look = self.of("stop_look", arm)
        found: Truths = look != c.IN_TRIAL
        for index in range(len(self.case.design.looks) - 1):
            found &= ~((look == index) & (self.of("look_decision", arm, index) == c.EFFICACY))
        return found

    def were_held(self) -> Truths:
        """Return whether every look that can stop an arm took place."""
        found: Truths = np.ones(len(self.matrix), np.bool_)
        for index, look in enumerate(self.case.design.looks[:-1]):
            if look.continue_if is not None:
                found &= self.of("look_day", None, index) != c.MISSING
        return found

    def succeeds(self, arm: int) -> Truths | None:
        """Return whether an arm succeeds, early or at the end; None if the end asks nothing of arms."""
        final = self.case.design.looks[-1].success_if
        if final is None or final.of != "arm":
            return None
        is_in: Truths = self.of("stop_look", arm) == c.IN_TRIAL
        found: Truths = np.where(is_in, self.of("success", arm) == 1, ~self.stops(arm))
        return found


_Story: TypeAlias = Callable[[_Seen], "Truths"]


def arms_stop(scenario: Scenario, n_stopping: int, truth: str, plan: str) -> Found | None:
    """Return the first trial in which so many arms stop otherwise than by success; None if none was found.

    Where none shall, all arms go on to the end, and every look that could have stopped one took place.

    Raises
    ------
    InputError
        As `replay`.
    """

    def story(seen: _Seen) -> Truths:
        arms = range(len(seen.case.design.arms))
        if n_stopping == 0:
            goes_on: Truths = np.all([seen.of("stop_look", arm) == c.IN_TRIAL for arm in arms], axis=0)
            return goes_on & seen.were_held()
        found: Truths = np.sum([seen.stops(arm) for arm in arms], axis=0) == n_stopping
        return found

    n_arms = len(scenario.design.arms)
    everybody = "both arms stop" if n_arms == 2 else f"all {n_arms} arms stop"
    why = everybody if n_stopping == n_arms else f"{n_stopping} of {n_arms} arms stop{'s' * (n_stopping == 1)}"
    if n_stopping == 0:
        why = "no arm stops"
    if n_arms == 1:
        why = f"the trial {'stops early' if n_stopping else 'goes on to the end'}"
    return _first(case_of(scenario, truth, plan), story, "arms-stop", why)


def wrongly_content(scenario: Scenario, truth: str, plan: str) -> Found | None:
    """Return the first trial in which an arm with no more than the null rate succeeds (or, where the end asks nothing
    of arms, goes on past every look that could have stopped it); None if none was found or no arm is such.

    Raises
    ------
    InputError
        As `replay`.
    """
    case = case_of(scenario, truth, plan)
    hypotheses = case.design.hypotheses
    null = [i for i, rate in enumerate(case.rates) if hypotheses is not None and rate <= hypotheses.null_rate]

    def story(arm: int) -> _Story:
        def told(seen: _Seen) -> Truths:
            succeeds = seen.succeeds(arm)
            return seen.were_held() & (seen.of("stop_look", arm) == c.IN_TRIAL) if succeeds is None else succeeds

        return told

    return _first_of(case, null, story, "false-go", "is let through though its true rate is not above the null rate")


def wrongly_stopped(scenario: Scenario, truth: str, plan: str) -> Found | None:
    """Return the first trial in which an arm with the target rate or more stops, or ends without success where the end
    asks for it; None if none was found or no arm is such.

    Raises
    ------
    InputError
        As `replay`.
    """
    case = case_of(scenario, truth, plan)
    hypotheses = case.design.hypotheses
    good = [i for i, rate in enumerate(case.rates) if hypotheses is not None and rate >= hypotheses.target_rate]

    def story(arm: int) -> _Story:
        def told(seen: _Seen) -> Truths:
            succeeds = seen.succeeds(arm)
            return seen.stops(arm) if succeeds is None else ~succeeds

        return told

    return _first_of(case, good, story, "false-stop", "is given up though its true rate reaches the target rate")


def _first_of(case: Case, arms: list[int], story: Callable[[int], _Story], which: str, words: str) -> Found | None:
    """Return the earliest of the first trials in which the story is true of an arm."""
    names = case.design.arm_names
    found = [_first(case, story(arm), which, f"{names[arm]} {words}") for arm in arms]
    return min((one for one in found if one is not None), key=lambda one: one.trial, default=None)


def _first(case: Case, story: _Story, which: str, why: str) -> Found | None:
    for start, seen in _blocks(case):
        told = story(seen)
        if told.any():
            at = start + int(np.argmax(told))
            return Found(at, which, at + 1, why)
    return None


def _blocks(case: Case) -> Iterator[tuple[int, _Seen]]:
    """Yield the number of the first trial and the columns of each block; the first blocks are small."""
    whole = case.study.clinic.whole.copy()
    whole[c.NUMBER, c.HAS_SURVIVAL] = 0
    whole.setflags(write=False)
    study = case.study._replace(clinic=case.study.clinic._replace(whole=whole), bedside=None)
    where = {(x.quantity, x.arm, x.look): i for i, x in enumerate(columns_of(study)) if x.point is None}
    sizes, first = iter(_FIRST_BLOCKS), 0
    n_trials = min(case.conduct.n_sims, MAX_SCANNED)
    while first < n_trials:
        n = min(next(sizes, BLOCK), n_trials - first)
        yield first, _Seen(case, where, trials(study, first, n))
        first += n
