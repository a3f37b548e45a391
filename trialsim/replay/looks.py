"""The looks of one trial: what each saw and decided, or why there was none (docs/calendar-conduct.md, section 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialsim.kernels import clinic as c
from trialsim.replay.endings import DECISIONS, stops_of
from trialsim.replay.values import AtLook, LookSeen

if TYPE_CHECKING:
    from trialsim.replay.case import Trial, Truths


def look_of(trial: Trial, index: int) -> LookSeen:
    """Return what a look saw and decided."""
    name, minute = trial.case.design.looks[index].name, trial.cells["look_day", None, index]
    if minute is None:
        return LookSeen(name, None, None, None, (), _why_not(trial, index))
    arms = tuple(_at_look(trial, arm, index) for arm in (*range(trial.n_arms), -1))
    return LookSeen(name, minute, trial.cells["look_filled", None, index], _held_from(trial, index, minute), arms, "")


def _at_look(trial: Trial, arm: int, look: int) -> AtLook:
    of_look, is_pooled = trial.of_look(look), arm < 0
    enrolled, counted, responses, pipeline, overrun = (
        trial.of(f"look_{what}", arm, look) for what in ("enrolled", "counted", "responses", "pipeline", "overrun")
    )
    scope, slot = (c.OF_POOLED, trial.n_arms) if is_pooled else (c.OF_ARM, arm)
    asked = is_pooled or not trial.is_out(arm, look)
    continue_least, success_least = (
        trial.least(which, look, slot, counted) if of_look[of] == scope and asked and counted else None
        for which, of in ((c.CONTINUE_LEAST, c.CONTINUE_OF), (c.SUCCESS_LEAST, c.SUCCESS_OF))
    )
    code = None if is_pooled else trial.cells["look_decision", arm, look]
    success = trial.cells["look_success", arm, look]
    return AtLook(
        trial.names[arm],
        enrolled,
        counted,
        responses,
        pipeline,
        overrun,
        continue_least,
        success_least,
        decision=None if code is None else DECISIONS[code],
        is_success=None if success is None else bool(success),
    )


def population(trial: Trial, look: int, minute: int) -> Truths:
    """Return who belongs to a look held at a minute: `kernels.looks.populate`, for a trial that is over."""
    of_look, wanted = trial.of_look(look), trial.wanted(look)
    fires = of_look[c.FIRES]
    may: Truths = trial.entry <= minute
    if fires >= c.FAILURES:
        return may
    if fires == c.COMPLETED:
        may &= trial.rows[c.OFF] >= of_look[c.AFTER_MINUTES]
    elif trial.number[c.UNEVALUABLE] == c.REPLACED:
        may &= trial.rows[c.CLASS] != c.IS_NOT_EVALUABLE
    if not of_look[c.IS_PER_ARM]:
        may &= np.cumsum(may) <= of_look[c.WANTED]
        return may
    for arm in range(trial.n_arms):
        own = trial.arm == arm
        may &= ~own | (np.cumsum(may & own) <= wanted[arm])
    return may


def _held_from(trial: Trial, look: int, minute: int) -> int | None:
    of_look = trial.of_look(look)
    if not of_look[c.HOLDS]:
        return None
    waited_for = population(trial, look, minute)
    if of_look[c.IS_PER_ARM]:
        waited_for &= ~np.isin(trial.arm, [arm for arm in range(trial.n_arms) if trial.is_out(arm, look)])
    earlier = [trial.cells["look_day", None, index] or 0 for index in range(look)]
    earlier += [stop.minute for stop in stops_of(trial) if stop.look is None and stop.minute <= minute]
    return max(int(trial.entry[waited_for].max()), *earlier, 0)


def _why_not(trial: Trial, look: int) -> str:
    """Return why a look did not take place."""
    names, of_look = trial.names[:-1], trial.of_look(look)
    out = [name for arm, name in enumerate(names) if trial.is_out(arm, look)]
    if len(out) == len(names):
        return "every arm had stopped before" if len(names) > 1 else "the trial had stopped before"
    if _is_passed_over(trial, look):
        return (
            f"it is planned for {of_look[c.WANTED]} patients, and with {' and '.join(out)} stopped there can be no "
            f"more than {_room(trial, look)}"
        )
    return _too_late(trial, look, out)


def _is_passed_over(trial: Trial, look: int) -> bool:
    """Return whether the caps could not hold what a look wants, arms having stopped."""
    of_look = trial.of_look(look)
    if of_look[c.IS_PER_ARM] or of_look[c.FIRES] >= c.FAILURES:
        return False  # the caps of arms that are in the trial never fall
    return _room(trial, look) < int(of_look[c.WANTED])


def _room(trial: Trial, look: int) -> int:
    """Return how many patients the caps allow when a look comes up."""
    caps, n = trial.case.design.caps, [trial.of("enrolled", arm) for arm in range(trial.n_arms)]
    if trial.number[c.WHEN_ARM_STOPS] == c.REFILL:
        return sum(caps)
    return sum(n[arm] if trial.is_out(arm, look) else caps[arm] for arm in range(trial.n_arms))


def _too_late(trial: Trial, look: int, out: list[str]) -> str:
    """Return what a look was still waiting for when the data were closed."""
    of_look, cutoff, looks = trial.of_look(look), trial.of("cutoff"), trial.case.design.looks
    for earlier in range(look):
        if trial.cells["look_day", None, earlier] is None and not _is_passed_over(trial, earlier):
            return f"{looks[earlier].name}, which comes before it, had not taken place by the data cut-off"
    fires, value = int(of_look[c.FIRES]), int(of_look[c.AFTER_MINUTES])
    if fires in (c.FAILURES, c.DEATHS):
        what, row = ("failures", c.FAILURE) if fires == c.FAILURES else ("deaths", c.DEATH)
        n = int((trial.entry + trial.rows[row] <= cutoff).sum())
        return f"it waits for {value} {what}, and there were {n} by the data cut-off"
    if fires == c.DAY:
        return f"its day, {value / 1440:g}, came after the data cut-off"
    return _short(trial, look, out) or _unsettled(trial, look)


def _short(trial: Trial, look: int, out: list[str]) -> str:
    """Return which patients a look still lacked at the data cut-off; nothing if they were there."""
    of_look, there = trial.of_look(look), population(trial, look, trial.of("cutoff"))
    if not of_look[c.IS_PER_ARM]:
        lacking = [f"{int(there.sum())} of {of_look[c.WANTED]}"] if there.sum() < of_look[c.WANTED] else []
    else:
        wanted = trial.wanted(look)
        n = [int((there & (trial.arm == arm)).sum()) for arm in range(trial.n_arms)]
        lacking = [
            f"{name} {n[arm]} of {wanted[arm]}"
            for arm, name in enumerate(trial.names[:-1])
            if name not in out and n[arm] < wanted[arm]
        ]
    return f"its patients were not there by the data cut-off ({', '.join(lacking)})" if lacking else ""


def _unsettled(trial: Trial, look: int) -> str:
    """Return what a look whose patients were there was waiting for."""
    of_look, cutoff = trial.of_look(look), trial.of("cutoff")
    mode, is_in = int(of_look[c.MODE]), population(trial, look, cutoff)
    if of_look[c.FIRES] in (c.AFTER_DAYS, c.COMPLETED):
        due = int(trial.entry[is_in].max(initial=0) + of_look[c.AFTER_MINUTES])
        return f"it was due on day {due / 1440:.1f}, after the data cut-off"
    if trial.number[c.UNEVALUABLE] != c.NON_RESPONDER:
        is_in &= trial.rows[c.CLASS] != c.IS_NOT_EVALUABLE
    responds = is_in & (trial.entry + trial.rows[c.BY_CONFIRMED + mode] <= cutoff)
    is_open = is_in & (trial.entry + trial.rows[c.KNOWN_CONFIRMED + mode] > cutoff)
    what = "its rule was not yet certain" if of_look[c.FIRES] == c.WHEN_DECIDED else "not every response was settled"
    arms = [
        f"{name}: {int((responds & own).sum())} of {int((is_in & own).sum())} with a response, "
        f"{int((is_open & own).sum())} not settled"
        for arm, name in enumerate(trial.names[:-1])
        if (own := trial.arm == arm).any() and not trial.is_out(arm, look)
    ]
    return f"by the data cut-off {what} ({'; '.join(arms)})"
