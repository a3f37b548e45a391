"""Who goes on and who stops: per arm, jointly, and overall."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from trialsim.oc.entry import Entry
from trialsim.oc.mcse import proportion
from trialsim.plan import WENT_ON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from trialsim.endings import Tally
    from trialsim.oc.entry import Setting

MAX_PATTERN_ARMS = 4


def stopping_looks(setting: Setting) -> list[int]:
    """Return the looks at which an arm can stop."""
    nodes = setting.plan.nodes
    return sorted({int(look) for look in nodes.look[nodes.n_codes > 1]} - {len(setting.looks) - 1})


def decisions(setting: Setting, tally: Tally) -> Iterator[Entry]:
    """Yield p_stop and p_continue per arm and look, p_arms_continuing and p_pattern per look, p_toxic per arm.

    `p_stop`: the arm stops at this look. `p_continue`: it is still in the trial after it. `p_toxic`: the arm meets its
    rule for toxicity at this look, and stops for it unless the look is the final one; look None: at any look.
    """
    n, stop_look = tally.n_trials, setting.plan.endings.stop_look
    for look in stopping_looks(setting):
        name = setting.looks[look]
        goes_on = (stop_look == WENT_ON) | (stop_look > look)
        for arm, arm_name in enumerate(setting.arms):
            yield Entry("p_stop", proportion(tally.ending[stop_look[:, arm] == look].sum(axis=0), n), arm_name, name)
            yield Entry("p_continue", proportion(tally.ending[goes_on[:, arm]].sum(axis=0), n), arm_name, name)
        how_many = goes_on.sum(axis=1)
        for count in range(len(setting.arms) + 1):
            share = proportion(tally.ending[how_many == count].sum(axis=0), n)
            yield Entry("p_arms_continuing", share, look=name, value=count)
        if 1 < len(setting.arms) <= MAX_PATTERN_ARMS and setting.wants("p_pattern"):
            for pattern in product((True, False), repeat=len(setting.arms)):
                share = proportion(tally.ending[(goes_on == pattern).all(axis=1)].sum(axis=0), n)
                yield Entry("p_pattern", share, look=name, variant=_worded(pattern, setting.arms))
    for arm, at, rows in too_toxic(setting):
        where = None if at is None else setting.looks[at]
        yield Entry("p_toxic", proportion(tally.ending[rows].sum(axis=0), n), setting.arms[arm], where)


def too_toxic(setting: Setting) -> Iterator[tuple[int, int | None, NDArray[np.bool_]]]:
    """Yield arm, look (None: any) and in which endings the arm was too toxic there; nothing without a rule for it."""
    nodes, endings = setting.plan.nodes, setting.plan.endings
    looks = sorted({int(look) for look in nodes.look[nodes.toxic_digit > 0]})
    for arm in range(len(setting.arms)) if looks else ():
        at = np.where(endings.stop_look[:, arm] == WENT_ON, len(setting.looks) - 1, endings.stop_look[:, arm])
        for look in looks:
            yield arm, look, endings.toxic[:, arm] & (at == look)
        yield arm, None, endings.toxic[:, arm]


def early_termination(setting: Setting, tally: Tally) -> Iterator[Entry]:
    """Yield pet (stopped before the final look) per arm and for the trial, and p_reached per later look."""
    if len(setting.looks) == 1:
        return
    stopped = setting.plan.endings.stop_look != WENT_ON
    for arm, name in enumerate(setting.arms):
        yield Entry("pet", proportion(tally.ending[stopped[:, arm]].sum(axis=0), tally.n_trials), name)
    yield Entry("pet", proportion(tally.ending[stopped.all(axis=1)].sum(axis=0), tally.n_trials))
    for look in range(1, len(setting.looks)):
        took_place = setting.plan.endings.node[:, look] >= 0
        yield Entry(
            "p_reached", proportion(tally.ending[took_place].sum(axis=0), tally.n_trials), look=setting.looks[look]
        )


def _worded(pattern: tuple[bool, ...], arms: tuple[str, ...]) -> str:
    going_on = [arm for arm, goes_on in zip(arms, pattern, strict=True) if goes_on]
    return " + ".join(going_on) if going_on else "none"
