"""How the arms of one trial ended: stopped, when and why, or with the data cut-off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialsim.columns import FINAL_COUNTS
from trialsim.kernels import clinic as c
from trialsim.replay.case import NEVER
from trialsim.replay.values import ArmStop, Ended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.replay.case import Trial

DECISIONS = ("continue", "futility", "efficacy", "toxicity")
"""Words for the codes of `kernels.clinic`."""


def stops_of(trial: Trial) -> Iterator[ArmStop]:
    """Yield the arms that stopped."""
    for arm in range(trial.n_arms):
        stop = trial.of("stop_look", arm)
        if stop == c.IN_TRIAL:
            continue
        if stop < 0:
            who, minute = _crossed(trial, arm)
            yield _stop(trial, arm, minute, None, "toxicity" if who == arm else "another arm")
            continue
        code = trial.of("look_decision", arm, stop)
        reason = DECISIONS[code] if code != c.CONTINUE else "another arm"
        yield _stop(trial, arm, trial.of("look_day", None, stop), trial.case.design.looks[stop].name, reason)


def _stop(trial: Trial, arm: int, minute: int, look: str | None, reason: str) -> ArmStop:
    name = trial.names[arm]
    if reason != "toxicity":
        return ArmStop(name, minute, look, reason, None, None, None)
    own = trial.arm == arm
    n = int((own & (trial.entry <= minute)).sum())
    y = int((own & (trial.entry + trial.rows[c.TOXICITY_AT] <= minute)).sum())
    return ArmStop(name, minute, look, reason, y, n, trial.least(c.TOXIC_LEAST, 0, arm, n))


def _crossed(trial: Trial, arm: int) -> tuple[int, int]:
    """Return whose toxicities stopped an arm between looks, and when."""
    arms = range(trial.n_arms) if trial.number[c.WHEN_ARM_STOPS] == c.STOP_TRIAL else (arm,)
    found = [(minute, other) for other in arms if (minute := _crossing(trial, other)) is not None]
    minute, who = min(found)
    return who, minute


def _crossing(trial: Trial, arm: int) -> int | None:
    """Return the minute of the first toxicity of an arm that reaches its boundary."""
    own = trial.arm == arm
    entry, at = trial.entry[own], np.sort((trial.entry + trial.rows[c.TOXICITY_AT])[own])
    for minute in at[at < NEVER]:
        n, y = int((entry <= minute).sum()), int((at <= minute).sum())
        if y >= trial.least(c.TOXIC_LEAST, 0, arm, n):
            return int(minute)
    return None


def ended_of(trial: Trial) -> tuple[Ended, ...]:
    """Return each arm, and all, at the data cut-off."""
    found, final = [], int(trial.number[c.N_LOOKS])
    has_toxicity = trial.number[c.TOXICITY] != c.NO_TOXICITY
    for arm in (*range(trial.n_arms), -1):
        went_on = any(
            trial.of("stop_look", other) == c.IN_TRIAL for other in (range(trial.n_arms) if arm < 0 else (arm,))
        )
        success = trial.cells["success", arm, None]
        found.append(
            Ended(
                trial.names[arm],
                went_on,
                {name: trial.of(name, arm) for name in ("enrolled", "evaluable", "responses", *FINAL_COUNTS)},
                trial.of("toxicities", arm) if has_toxicity else None,
                None if success is None else trial.least(c.SUCCESS_LEAST, final, arm, trial.of("evaluable", arm)),
                None if success is None else bool(success),
            )
        )
    return tuple(found)
