"""What the next look of a trial waits for on a day (docs/calendar-conduct.md, section 6), from what that day knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from trialsim.kernels import clinic as c
from trialsim.replay.values import POOLED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.replay.case import Ints, Trial, Truths

What = Literal["patients", "completers", "due", "settled", "certain", "failures", "deaths", "cut-off"]


class There(NamedTuple):
    """What there is of an arm, or of all (pooled), of what a look waits for."""

    name: str
    n: int
    """Patients who are there, or events."""
    wanted: int
    responses: int
    unsettled: int


class Waiting(NamedTuple):
    """For what the next look waits."""

    look: str
    what: What
    """Its "patients"; "completers" (patients who have stayed long enough); the day on which it is "due"; every response
    "settled"; its rule "certain"; "failures" or "deaths"; "cut-off": the final analysis, nothing else being left."""
    there: tuple[There, ...]
    due: int | None
    """The minute on which it is held, if that is certain by now."""
    is_held: bool
    """Whether enrolment is held for it."""
    mode: int
    """How it counts responses: confirmed or first seen."""


def waiting_on(trial: Trial, minute: int, stopped: Sequence[str]) -> Waiting:
    """Return for what the next look waits at a minute, arms `stopped` being out by then."""
    out = [arm for arm, name in enumerate(trial.names[:-1]) if name in stopped]
    look = _next_look(trial, minute, out)
    if look is None:
        is_on_day = trial.number[c.CUTOFF_KIND] == c.ON_DAY
        due = int(trial.number[c.CUTOFF]) if is_on_day else None
        return Waiting(trial.case.design.looks[-1].name, "cut-off", (), due, False, int(trial.number[c.FINAL_MODE]))
    fires = int(trial.of_look(look)[c.FIRES])
    if fires in (c.FAILURES, c.DEATHS):
        return _for_events(trial, look, minute)
    if fires == c.DAY:
        return _waiting(trial, look, "due", (), int(trial.of_look(look)[c.AFTER_MINUTES]))
    return _for_patients(trial, look, minute, out)


def _waiting(trial: Trial, look: int, what: What, there: Sequence[There], due: int | None = None) -> Waiting:
    of_look = trial.of_look(look)
    is_held = bool(of_look[c.HOLDS]) and what in ("due", "settled", "certain")
    return Waiting(trial.case.design.looks[look].name, what, tuple(there), due, is_held, int(of_look[c.MODE]))


def _next_look(trial: Trial, minute: int, out: Sequence[int]) -> int | None:
    """Return the first look after those held that the caps can still hold; None: the final analysis is next."""
    if len(out) == trial.n_arms:
        return None
    n_looks = len(trial.case.design.looks) - 1
    days = [trial.cells["look_day", None, look] for look in range(n_looks)]
    held = [look for look, at in enumerate(days) if at is not None and at <= minute]
    for look in range(max(held, default=-1) + 1, n_looks):
        of_look = trial.of_look(look)
        if of_look[c.IS_PER_ARM] or of_look[c.FIRES] >= c.FAILURES or _room(trial, out) >= of_look[c.WANTED]:
            return look
    return None


def _room(trial: Trial, out: Sequence[int]) -> int:
    """Return how many patients the caps allow, some arms being out."""
    caps = trial.case.design.caps
    if trial.number[c.WHEN_ARM_STOPS] == c.REFILL:
        return sum(caps)
    return sum(trial.of("enrolled", arm) if arm in out else cap for arm, cap in enumerate(caps))


def _for_events(trial: Trial, look: int, minute: int) -> Waiting:
    of_look = trial.of_look(look)
    is_failures = of_look[c.FIRES] == c.FAILURES
    row = trial.rows[c.FAILURE if is_failures else c.DEATH]
    is_seen = row <= (c.NEVER if is_failures else trial.rows[c.FOLLOWED])
    n = int((is_seen & (trial.entry + row <= minute)).sum())
    there = There(POOLED, n, int(of_look[c.AFTER_MINUTES]), 0, 0)
    return _waiting(trial, look, "failures" if is_failures else "deaths", [there])


def _for_patients(trial: Trial, look: int, minute: int, out: Sequence[int]) -> Waiting:
    """Return for what a look waits that has patients of its own."""
    of_look, fires = trial.of_look(look), int(trial.of_look(look)[c.FIRES])
    is_in = _population(trial, look, minute)
    there = list(_there(trial, look, minute, is_in, out))
    if any(one.n < one.wanted for one in there):
        return _waiting(trial, look, "completers" if fires == c.COMPLETED else "patients", there)
    if fires == c.AFTER_DAYS and trial.number[c.UNEVALUABLE] != c.REPLACED:
        waited_for = is_in & ~np.isin(trial.arm, out) if of_look[c.IS_PER_ARM] else is_in
        until = int(of_look[c.AFTER_MINUTES])
        if trial.number[c.UNEVALUABLE] == c.DROPPED:
            until = max(until, _first_visit(trial))
        return _waiting(trial, look, "due", there, int(trial.entry[waited_for].max()) + until)
    return _waiting(trial, look, "certain" if fires == c.WHEN_DECIDED else "settled", there)


def _first_visit(trial: Trial) -> int:
    return int(trial.case.study.clinic.real[c.VISIT_DAY, 0])


def _population(trial: Trial, look: int, minute: int) -> Truths:
    """Return who belongs to a look as far as is known at a minute."""
    of_look, wanted = trial.of_look(look), trial.wanted(look)
    may: Truths = trial.entry <= minute
    if of_look[c.FIRES] == c.COMPLETED:
        stays = int(of_look[c.AFTER_MINUTES])
        may &= (trial.rows[c.OFF] >= stays) & (trial.entry + stays <= minute)
    elif trial.number[c.UNEVALUABLE] == c.REPLACED:
        may &= ~_is_known_unevaluable(trial, look, minute)
    if not of_look[c.IS_PER_ARM]:
        may &= np.cumsum(may) <= of_look[c.WANTED]
        return may
    for arm in range(trial.n_arms):
        own = trial.arm == arm
        may &= ~own | (np.cumsum(may & own) <= wanted[arm])
    return may


def _is_known_unevaluable(trial: Trial, look: int, minute: int) -> Truths:
    known: Ints = trial.rows[c.KNOWN_CONFIRMED + int(trial.of_look(look)[c.MODE])]
    found: Truths = (trial.rows[c.CLASS] == c.IS_NOT_EVALUABLE) & (trial.entry + known <= minute)
    return found


def _there(trial: Trial, look: int, minute: int, is_in: Truths, out: Sequence[int]) -> list[There]:
    """Return what there is of each arm that is waited for, or of all."""
    of_look, wanted = trial.of_look(look), trial.wanted(look)
    mode = int(of_look[c.MODE])
    is_counted = is_in
    if trial.number[c.UNEVALUABLE] != c.NON_RESPONDER:
        is_counted = is_in & ~_is_known_unevaluable(trial, look, minute)
    responds = is_counted & (trial.entry + trial.rows[c.BY_CONFIRMED + mode] <= minute)
    is_open = is_counted & (trial.entry + trial.rows[c.KNOWN_CONFIRMED + mode] > minute)
    if not of_look[c.IS_PER_ARM]:
        return [There(POOLED, *(int(x) for x in (is_in.sum(), of_look[c.WANTED], responds.sum(), is_open.sum())))]
    found = []
    for arm in range(trial.n_arms):
        if arm not in out:
            own = trial.arm == arm
            numbers = ((is_in & own).sum(), wanted[arm], (responds & own).sum(), (is_open & own).sum())
            found.append(There(trial.names[arm], *(int(x) for x in numbers)))
    return found
