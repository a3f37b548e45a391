"""What a replayed trial is made of: its looks, the arms that stopped, how it ended, its patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from trialsim.columns import Column
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario

POOLED = "pooled"


class Patient(NamedTuple):
    """A patient as known at the data cut-off. Times in minutes after entry; None: not by the cut-off."""

    number: int
    """From 1, in order of entry."""
    arm: str
    entry: int
    """Minute of the trial."""
    observed: str
    """Best response: "response", "stable", "progressive", "not evaluable"."""
    first_response: int | None
    confirmation: int | None
    progression: int | None
    crossover: str | None
    """What crossing over at progression achieved: "response", "stable", "failure", or "under way"."""
    exit: int | None
    """When the patient left the study."""
    exit_reason: str | None
    """"progression", "failure after crossover", "withdrawal", "death"."""
    death: int | None
    toxicity: int | None
    follow_up: int
    """End of follow-up for survival: death, withdrawal or cut-off."""
    treatment_end: int
    """Time to treatment failure, or to its censoring."""
    has_failed: bool
    at_looks: tuple[str, ...]
    """What each look made of the patient; empty: not entered yet, or the look did not take place."""


class AtLook(NamedTuple):
    """What a look saw of an arm, or of all (pooled), and what it decided."""

    name: str
    enrolled: int
    counted: int
    responses: int
    pipeline: int
    overrun: int
    continue_least: int | None
    """Responses needed to go on; None: nothing was asked. More than were counted: it could not be met."""
    success_least: int | None
    decision: str | None
    """"continue", "futility", "efficacy", "toxicity"; None: no longer in the trial (or pooled)."""
    is_success: bool | None


class LookSeen(NamedTuple):
    """A look before the final analysis."""

    name: str
    minute: int | None
    """None: it did not take place."""
    filled: int | None
    """When the last of its patients entered."""
    held_from: int | None
    """Since when enrolment was held for it; None: it was not."""
    arms: tuple[AtLook, ...]
    """The last one is pooled; empty if the look did not take place."""
    why_not: str
    """Why it did not take place."""


class ArmStop(NamedTuple):
    """The end of an arm before the final analysis."""

    arm: str
    minute: int
    look: str | None
    """None: between looks."""
    reason: str
    """"futility", "efficacy", "toxicity", "another arm"."""
    toxicities: int | None
    entered: int | None
    toxic_least: int | None
    """Toxicities at which so many patients entered stop the arm."""


class Ended(NamedTuple):
    """An arm, or all (pooled), at the data cut-off; patients."""

    name: str
    went_on: bool
    n: dict[str, int]
    """"enrolled", "evaluable", "responses", and `columns.FINAL_COUNTS`."""
    toxicities: int | None
    success_least: int | None
    is_success: bool | None


class Found(NamedTuple):
    """The trial that a finder chose."""

    trial: int
    which: str
    n_scanned: int
    why: str


@dataclass(frozen=True)
class Replay:
    """One simulated trial."""

    scenario: Scenario
    plan: str
    design: Design
    truth: str
    rates: tuple[float, ...]
    trial: int
    columns: tuple[Column, ...]
    values: tuple[int | None, ...]
    """The columns of the trial as the run has them; None: no value in this trial."""
    looks: tuple[LookSeen, ...]
    stops: tuple[ArmStop, ...]
    """In order of time."""
    arms: tuple[Ended, ...]
    """The last one is pooled."""
    cutoff: int
    duration: int
    patients: tuple[Patient, ...]
    found: Found | None = None

    @property
    def conduct(self) -> Conduct:
        """How the trial is run."""
        assert self.scenario.conduct is not None
        return self.scenario.conduct
