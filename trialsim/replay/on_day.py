"""What was known of a trial on a day: its patients, its counts, the looks held so far and what the next one waits for.

The trial is over when it is replayed, so its raw numbers know the future. They are asked only whether something had
happened by that minute; whatever a day cannot know (who will turn out not evaluable, who will stay long enough) is
counted once it has shown.
"""

from __future__ import annotations

from collections import Counter
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.errors import InputError
from trialsim.kernels import clinic as c
from trialsim.replay.case import case_of, trial_of
from trialsim.replay.patients import patients_of
from trialsim.replay.values import POOLED, ArmStop, LookSeen, Patient
from trialsim.replay.waiting import Waiting, waiting_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.replay.case import Ints, Trial
    from trialsim.replay.values import Replay

DAY = 1440
UNSETTLED = "not settled"
"""Best response of a patient of whom it is still open whether there will be one."""


class ArmOnDay(NamedTuple):
    """An arm, or all (pooled), on a day; patients."""

    name: str
    enrolled: int
    on_study: int
    left: dict[str, int]
    """Off study by then, by the reason of `Patient.exit_reason`; those who died later are among them."""
    off_alive: int
    first_seen: int
    """Responses seen, confirmed or not."""
    confirmed: int
    unsettled: int
    """Patients whose response is still open, as the next look counts responses."""
    progressions: int
    crossovers: int
    deaths: int
    toxicities: int | None
    """None: the scenario has none."""
    stop: ArmStop | None
    """None: in the trial on that day (or pooled)."""


class OnDay(NamedTuple):
    """A trial as known on a day."""

    minute: int
    is_closed: bool
    """Whether the data had been closed."""
    arms: tuple[ArmOnDay, ...]
    """The last one is pooled."""
    looks: tuple[LookSeen, ...]
    """Those held by then."""
    stops: tuple[ArmStop, ...]
    patients: tuple[Patient, ...]
    """Those who had entered, with what was known of them; `at_looks` for the looks held by then."""
    waiting: Waiting | None
    """For what the next look waits; None: the data had been closed."""


def seen_on(replay: Replay, day: float) -> OnDay:
    """Return what was known on a day of a replayed trial; from the data cut-off on, nothing is added.

    Parameters
    ----------
    replay
        From `trialsim.replay.replay`.
    day
        Days after the start of enrolment; what happened at that very minute is known.

    Raises
    ------
    InputError
        If the day is no number, or negative.

    >>> from trialsim import load_scenario
    >>> from trialsim.replay import replay
    >>> on = seen_on(replay(load_scenario("gist"), 5), 100)
    >>> [(arm.name, arm.enrolled, arm.confirmed) for arm in on.arms]
    [('400 mg', 23, 0), ('600 mg', 23, 0), ('pooled', 46, 0)]
    """
    if not isfinite(day) or day < 0:
        raise InputError(f"day {day}: a day of the trial is a number from 0")
    minute = min(round(day * DAY), replay.cutoff)
    trial = trial_of(case_of(replay.scenario, replay.truth, replay.plan), replay.trial)
    stops = tuple(stop for stop in replay.stops if stop.minute <= minute)
    looks = tuple(look for look in replay.looks if look.minute is not None and look.minute <= minute)
    is_closed = minute >= replay.cutoff
    waiting = None if is_closed else waiting_on(trial, minute, [stop.arm for stop in stops])
    patients = _patients_on(trial, replay.looks, minute)
    mode = int(trial.number[c.FINAL_MODE] if waiting is None else waiting.mode)
    has_entered = trial.entry <= minute
    open_in = [trial.arm[i] for i in np.flatnonzero(has_entered & ~_is_settled(trial, mode, minute))]
    arms = [_arm_on(replay, patients, arm, name, open_in, stops) for arm, name in enumerate(trial.names[:-1])]
    arms.append(_arm_on(replay, patients, None, POOLED, open_in, ()))
    return OnDay(minute, is_closed, tuple(arms), looks, stops, patients, waiting)


def _is_settled(trial: Trial, mode: int, minute: int) -> Ints:
    found: Ints = trial.entry + trial.rows[c.KNOWN_CONFIRMED + mode] <= minute
    return found


def _patients_on(trial: Trial, looks: Sequence[LookSeen], minute: int) -> tuple[Patient, ...]:
    """Return the patients as if the data had been closed at that minute."""
    has_entered, is_closed = trial.entry <= minute, minute >= trial.of("cutoff")
    cells = {**trial.cells, ("cutoff", None, None): minute}
    closed = trial._replace(rows=trial.rows[:, has_entered], cells=cells)
    held = [look if look.minute is not None and look.minute <= minute else look._replace(minute=None) for look in looks]
    patients = tuple(patients_of(closed, held))
    if is_closed:
        return patients
    is_settled = _is_settled(closed, int(trial.number[c.FINAL_MODE]), minute)
    return tuple(_still_open(patient, is_known) for patient, is_known in zip(patients, is_settled, strict=True))


def _still_open(patient: Patient, is_settled: bool) -> Patient:
    """Return a patient without what only the cut-off tells: best response and outcome of crossing over."""
    if not is_settled and patient.observed not in ("response", "progressive"):
        patient = patient._replace(observed=UNSETTLED)
    return patient._replace(crossover="under way") if patient.crossover in ("response", "stable") else patient


def _arm_on(
    replay: Replay,
    patients: Sequence[Patient],
    arm: int | None,
    name: str,
    open_in: Sequence[int],
    stops: Sequence[ArmStop],
) -> ArmOnDay:
    own = [patient for patient in patients if arm is None or patient.arm == name]
    left = Counter(patient.exit_reason for patient in own if patient.exit_reason is not None)
    deaths = sum(patient.death is not None for patient in own)
    return ArmOnDay(
        name=name,
        enrolled=len(own),
        on_study=len(own) - left.total(),
        left=dict(sorted(left.items())),
        off_alive=left.total() - deaths,
        first_seen=sum(patient.first_response is not None for patient in own),
        confirmed=sum(patient.confirmation is not None for patient in own),
        unsettled=len(open_in) if arm is None else sum(other == arm for other in open_in),
        progressions=sum(patient.progression is not None for patient in own),
        crossovers=sum(patient.crossover is not None for patient in own),
        deaths=deaths,
        toxicities=None if replay.conduct.toxicity is None else sum(patient.toxicity is not None for patient in own),
        stop=next((stop for stop in stops if stop.arm == name), None),
    )
