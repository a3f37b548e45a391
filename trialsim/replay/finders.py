"""Which trial has a story to tell: the typical one, the longest, one that went wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.engines.calendar import BLOCK, columns_of, trials
from trialsim.errors import InputError, nearest
from trialsim.kernels import clinic as c
from trialsim.replay.case import NEVER, Case, case_of
from trialsim.replay.values import POOLED, Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.replay.case import Ints, Truths
    from trialsim.spec.scenario import Scenario

MAX_SCANNED = 20_000
"""A finder looks at no more trials than this."""


def find_trial(
    scenario: Scenario,
    which: str = "median",
    truth: str | None = None,
    plan: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Found:
    """Return a trial with a story among the first of a scenario's calendar trials (at most `MAX_SCANNED`).

    Parameters
    ----------
    scenario, truth, plan
        As for `replay`.
    which
        A name of `FINDERS`.
    progress
        Called with the number of trials after each block.

    Raises
    ------
    InputError
        If there is no such finder, or no such trial among those looked at.
    """
    if which not in FINDERS:
        raise InputError(f'--find "{which}": {nearest(which, FINDERS)}')
    case = case_of(scenario, truth, plan)
    return FINDERS[which](_Scan(case, which, min(case.conduct.n_sims, MAX_SCANNED), progress))


class _Scan(NamedTuple):
    case: Case
    which: str
    n_trials: int
    progress: Callable[[int], None]

    def blocks(self) -> Iterator[tuple[int, _Block]]:
        """Yield the number of the first trial and the columns of each block."""
        study = self.case.study._replace(bedside=None)
        whole = study.clinic.whole.copy()
        whole[c.NUMBER, c.HAS_SURVIVAL] = 0  # no finder asks for it, and it takes half the time
        whole.setflags(write=False)
        study = study._replace(clinic=study.clinic._replace(whole=whole))
        where = {(x.quantity, x.arm, x.look): i for i, x in enumerate(columns_of(study)) if x.point is None}
        for first in range(0, self.n_trials, BLOCK):
            n = min(BLOCK, self.n_trials - first)
            yield first, _Block(where, trials(study, first, n))
            self.progress(n)

    def first(self, story: Callable[[_Block], list[tuple[Truths, str]]], what: str) -> Found:
        """Return the first trial of which one of the stories is true."""
        for start, block in self.blocks():
            told = story(block)
            is_found = np.any([found for found, _ in told], axis=0)
            if is_found.any():
                at = int(np.argmax(is_found))
                why = next(words for found, words in told if found[at])
                return Found(start + at, self.which, start + len(is_found), why)
        raise InputError(
            f"--find {self.which}: in none of the {self.n_trials:,} trials looked at (plan {self.case.plan}, truth "
            f"{self.case.truth}) {what}; try another --truth, --plan or --seed"
        )


class _Block(NamedTuple):
    where: dict[tuple[str, int | None, int | None], int]
    matrix: Ints

    def of(self, quantity: str, arm: int | None = None, look: int | None = None) -> Ints:
        """Return a column."""
        found: Ints = self.matrix[:, self.where[quantity, arm, look]]
        return found


def _by_duration(scan: _Scan) -> Found:
    """Order trials by duration; under a fixed cut-off, which most reach, among equals by the day of the first look."""
    has_day, has_looks = scan.case.conduct.cutoff.day is not None, len(scan.case.design.looks) > 1
    parts: list[list[Ints]] = [[], [], []]
    for _, block in scan.blocks():
        n = block.of("enrolled", -1)
        first_look = block.of("look_day", None, 0) if has_day and has_looks else np.zeros_like(n)
        for part, values in zip(parts, (block.of("duration"), first_look, n), strict=True):
            part.append(values)
    duration, first_look, n = (np.concatenate(part) for part in parts)
    first_look = np.where(first_look == c.MISSING, NEVER, first_look)
    sign = -1 if scan.which == "longest" else 1
    order = np.lexsort((np.arange(len(n)), sign * n, sign * first_look, sign * duration))
    chosen = int(order[(len(order) - 1) // 2 if scan.which == "median" else 0])
    words = {"median": "of median duration", "longest": "the longest", "shortest": "the shortest"}[scan.which]
    why = f"{words} (to day {duration[chosen] / 1440:.1f}"
    if has_day and has_looks:
        held = first_look[chosen] < NEVER
        when = f"on day {first_look[chosen] / 1440:.1f}" if held else "never held"
        why += f"; among equals, by the first look, {when}"
    return Found(chosen, scan.which, len(n), f"{why}; then by the number of patients, {n[chosen]})")


def _rates_against(scan: _Scan, bound: str) -> tuple[float, list[tuple[int, str]]]:
    """Return the null or target rate, and the arms whose true rate is at most (at least) that."""
    design, rates = scan.case.design, scan.case.rates
    if design.hypotheses is None:
        raise InputError(f"--find {scan.which}: design {design.name} names no hypotheses; add hypotheses: to it")
    limit = float(getattr(design.hypotheses, bound))
    is_null = bound == "null_rate"
    arms = [
        (arm, name)
        for arm, name in enumerate(design.arm_names)
        if (rates[arm] <= limit if is_null else rates[arm] >= limit)
    ]
    if not arms:
        against = f"{'at most' if is_null else 'at least'} the {bound.replace('_', ' ')}, {100 * limit:g} %"
        raise InputError(
            f"--find {scan.which}: under truth {scan.case.truth} no arm's true rate is {against}, so no trial was "
            "looked at; choose another --truth"
        )
    return limit, arms


def _false_go(scan: _Scan) -> Found:
    limit, arms = _rates_against(scan, "null_rate")
    gates = [i for i, look in enumerate(scan.case.design.looks[:-1]) if look.continue_if is not None]

    def story(block: _Block) -> list[tuple[Truths, str]]:
        words = f"goes on to the end although its true rate is not above the null rate ({100 * limit:g} %)"
        held = np.ones(len(block.matrix), np.bool_)
        for look in gates:
            held &= block.of("look_day", None, look) != c.MISSING
        told = [(block.of("stop_look", arm) == c.IN_TRIAL, f"{name} {words}") for arm, name in arms]
        late = ", for a look that could have stopped it did not take place"
        return [*((goes_on & held, why) for goes_on, why in told), *((on, why + late) for on, why in told)]

    return scan.first(story, "does an arm that should stop go on to the end")


def _false_stop(scan: _Scan) -> Found:
    limit, arms = _rates_against(scan, "target_rate")
    n_arms = len(scan.case.design.arms)

    def story(block: _Block) -> list[tuple[Truths, str]]:
        words = f"stops although its true rate reaches the target rate ({100 * limit:g} %)"
        by_success = np.zeros((len(block.matrix), n_arms), np.bool_)
        for look in range(len(scan.case.design.looks) - 1):
            succeeded = np.any([block.of("look_decision", arm, look) == c.EFFICACY for arm in range(n_arms)], axis=0)
            for arm, _ in arms:
                own = block.of("look_decision", arm, look)
                by_success[:, arm] |= (
                    (block.of("stop_look", arm) == look) & succeeded & np.isin(own, (c.CONTINUE, c.EFFICACY))
                )
        return [
            ((block.of("stop_look", arm) != c.IN_TRIAL) & ~by_success[:, arm], f"{name} {words}") for arm, name in arms
        ]

    return scan.first(story, "does an arm that should go on stop")


def _disagree(scan: _Scan) -> Found:
    """Find a look that is content with an arm (or, pooled, with the trial) and a later one that is not."""
    looks, arms = scan.case.design.looks, scan.case.design.arm_names
    slots = [*enumerate(arms), (-1, POOLED)]

    def content(block: _Block, slot: int, look: int) -> Truths:
        found: Truths = block.of("look_success", slot, look) == 1
        rule = looks[look].continue_if
        if rule is not None and (rule.of == "pooled") == (slot < 0):
            own = [
                block.of("look_decision", arm, look) == c.CONTINUE
                for arm in ([slot] if slot >= 0 else range(len(arms)))
            ]
            found |= np.all(own, axis=0)
        return found

    def not_content(block: _Block, slot: int, look: int) -> Truths:
        is_final, rule = look == len(looks) - 1, looks[look].success_if
        found: Truths = (block.of("success", slot) if is_final else block.of("look_success", slot, look)) == 0
        if rule is not None and rule.requires_all_arms:
            # That an arm has stopped is why, not what was seen.
            for arm in range(len(arms)):
                stop = block.of("stop_look", arm)
                found &= (stop == c.IN_TRIAL) | (stop >= look)
        if not is_final and slot >= 0:
            found |= block.of("look_decision", slot, look) == c.FUTILITY
        return found

    def story(block: _Block) -> list[tuple[Truths, str]]:
        told = []
        for later in range(1, len(looks)):
            for earlier in range(later):
                for slot, name in slots:
                    for other in dict.fromkeys((slot, -1)):
                        who = name if other == slot else "the trial"
                        words = (
                            f"{looks[earlier].name} goes well for {name if slot >= 0 else 'the trial'}, "
                            f"{looks[later].name} does not for {who if who != POOLED else 'the trial'}"
                        )
                        told.append((content(block, slot, earlier) & not_content(block, other, later), words))
        return told or [(np.zeros(len(block.matrix), np.bool_), "")]

    return scan.first(story, "is a later look less content than an earlier one")


FINDERS: dict[str, Callable[[_Scan], Found]] = {
    "median": _by_duration,
    "longest": _by_duration,
    "shortest": _by_duration,
    "false-go": _false_go,
    "false-stop": _false_stop,
    "disagree": _disagree,
}
"""To add one: a function from a scan to what it found, and a line here."""
