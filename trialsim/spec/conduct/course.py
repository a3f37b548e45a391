"""What happens to patients on study: progression, crossover, withdrawal, death. Hazards are per month."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from trialsim.spec.conduct.response import VisitShare, check_shares
from trialsim.spec.fields import Days, HazardPerArm, Part, Rate, RatePerArm


class StableCourse(Part):
    """Progression of stable disease: a hazard from a day on."""

    per_month: HazardPerArm = 0.0
    """Hazard of progression per month."""
    from_day: Days = 0.0
    """Day after entry from which on it counts."""


class ResponseCourse(Part):
    """Progression after a response: a hazard from its confirmation on."""

    per_month: HazardPerArm = 0.0
    """Hazard of progression per month."""


class Course(Part):
    """When disease progresses."""

    early: Annotated[tuple[VisitShare, ...], Field(max_length=50)] = ()
    """At which visit progression from the start is seen; none: never."""
    stable: StableCourse = StableCourse()
    """Progression of stable disease."""
    response: ResponseCourse = ResponseCourse()
    """Progression after a response."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        check_shares("early", self.early)
        return self


class CrossoverOutcome(Part):
    """What crossover achieves; the rest fails."""

    response: Rate
    """Share of those who cross over who respond."""
    stable: Rate
    """Share of those who cross over whose disease is stable."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.response + self.stable > 1 + 1e-9:
            total = self.response + self.stable
            raise ValueError(f"stable | the outcomes sum to {total:.4g}; together they are at most 1")
        return self


class Crossover(Part):
    """Patients who progress may change to another arm's treatment."""

    probability: RatePerArm
    """Of crossing over, given progression on the arm."""
    outcome: CrossoverOutcome
    """What becomes of those who cross over."""
    failure_after_days: tuple[Days, Days]
    """Those who fail leave between so many days and so many after progression."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        low, high = self.failure_after_days
        if low > high:
            raise ValueError(f"failure_after_days | the window ends (day {high:g}) before it begins (day {low:g})")
        return self


class Withdrawal(Part):
    """Leaving the study for other reasons; follow-up ends."""

    per_month: HazardPerArm = 0.0
    """Hazard per month."""


class Death(Part):
    """Death, before progression and after progression that crossover did not help."""

    before_progression_per_month: HazardPerArm = 0.0
    """Hazard per month, until progression."""
    after_progression_per_month: HazardPerArm = 0.0
    """Hazard per month, from progression on."""
