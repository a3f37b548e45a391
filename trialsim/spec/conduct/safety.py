"""Toxicity with its stopping boundary, and the table of adverse events."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trialsim.spec.fields import Days, Name, Part, Rate, RatePerArm
from trialsim.spec.rules import Rule


class Toxicity(Part):
    """Dose-limiting toxicity, and the boundary at which it stops an arm."""

    rate: RatePerArm
    """Share of patients who have it while on study."""
    within_days: Days = 30.0
    """It comes within so many days of entry, any of them equally likely."""
    stop_if: Rule | None = None
    """The rule, met by toxicities among the patients entered, that stops an arm; none: toxicities are counted only."""
    watched: Literal["looks", "continuous"] = "continuous"
    """When the rule is asked: at each look, or at each toxicity."""


class AdverseEvent(Part):
    """One row of the table of adverse events: marginal probabilities by arm."""

    name: Name
    """As the table names it."""
    any_grade: RatePerArm
    """Share of patients with the event, of any grade."""
    severe: RatePerArm = 0.0
    """Grade 3 or 4."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        arms = [key for value in (self.any_grade, self.severe) if isinstance(value, dict) for key in value]
        for arm in arms or [""]:
            of_any = self.any_grade.get(arm, 1.0) if isinstance(self.any_grade, dict) else self.any_grade
            of_severe = self.severe.get(arm, 0.0) if isinstance(self.severe, dict) else self.severe
            if of_severe > of_any:
                raise ValueError(f"severe | {of_severe:.4g} of patients have it severely, but only {of_any:.4g} at all")
        return self


class Correlation(Part):
    """Correlation of the latent normals of two events in a patient (one-factor Gaussian copula)."""

    any_grade: Rate = 0.0
    """Between events of any grade."""
    severe: Rate = 0.0
    """Between events of grade 3 or 4."""


class AdverseEvents(Part):
    """The table of adverse events."""

    events: Annotated[tuple[AdverseEvent, ...], Field(min_length=1, max_length=200)]
    """The rows of the table."""
    correlation: Correlation = Correlation()
    """How far events go together in a patient."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        names = [event.name for event in self.events]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise ValueError(f'events.{index}.name | the name "{name}" is used twice; give each its own')
        return self
