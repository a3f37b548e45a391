"""One simulated trial, made again from its number; what each look saw of it; and which number has a story to tell.

The kernel runs the trial from its addresses, so it is bit for bit the trial of the run. Here its columns and its
patients are put into words of the protocol, and nothing is told that was not known by the data cut-off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.replay.case import case_of, trial_of
from trialsim.replay.endings import ended_of, stops_of
from trialsim.replay.finders import FINDERS, find_trial
from trialsim.replay.looks import look_of
from trialsim.replay.patients import patients_of
from trialsim.replay.survival import kaplan_meier
from trialsim.replay.values import ArmStop, AtLook, Ended, Found, LookSeen, Patient, Replay

if TYPE_CHECKING:
    from trialsim.spec.scenario import Scenario

__all__ = [
    "FINDERS",
    "ArmStop",
    "AtLook",
    "Ended",
    "Found",
    "LookSeen",
    "Patient",
    "Replay",
    "find_trial",
    "kaplan_meier",
    "replay",
]


def replay(scenario: Scenario, trial: int, truth: str | None = None, plan: str | None = None) -> Replay:
    """Return trial number `trial` of a scenario, the same as in its run.

    Parameters
    ----------
    scenario
        From `load_scenario`, with a `conduct`.
    trial
        Its number, from 0.
    truth, plan
        Names; None: those of `conduct.match`, or the first.

    Raises
    ------
    InputError
        If the scenario has no conduct, or there is no such trial, truth or plan.

    >>> from trialsim import load_scenario
    >>> one = replay(load_scenario("gist"), 5)
    >>> len(one.patients), one.patients[0].number
    (147, 1)
    """
    case = case_of(scenario, truth, plan)
    found = trial_of(case, trial)
    looks = tuple(look_of(found, index) for index in range(len(case.design.looks) - 1))
    return Replay(
        scenario=scenario,
        plan=case.plan,
        design=case.design,
        truth=case.truth,
        rates=case.rates,
        trial=int(trial),
        columns=found.columns,
        values=found.values,
        looks=looks,
        stops=tuple(sorted(stops_of(found), key=lambda stop: stop.minute)),
        arms=ended_of(found),
        cutoff=found.of("cutoff"),
        duration=found.of("duration"),
        patients=tuple(patients_of(found, looks)),
    )
