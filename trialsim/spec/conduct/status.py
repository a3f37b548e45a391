"""Performance status and exposure to the drug."""

from __future__ import annotations

from math import log
from typing import Annotated, Self

from pydantic import Field, model_validator

from trialsim.spec.fields import Days, Hazard, Hours, Name, Part, Patients, PatientsPerArm, Rate


class PerformanceStatus(Part):
    """Performance status (ECOG) at baseline and later: a table of transition probabilities."""

    states: Annotated[tuple[Name, ...], Field(min_length=2, max_length=10)]
    """The states, in order."""
    baseline: tuple[Rate, ...]
    """Share of patients in each state at entry; they sum to 1."""
    at_day: Days
    """When it is assessed again."""
    transition: tuple[tuple[Rate, ...], ...]
    """One row per state at baseline: probabilities of each state later."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        n = len(self.states)
        for index, state in enumerate(self.states):
            if state in self.states[:index]:
                raise ValueError(f'states.{index} | the state "{state}" is there twice; name each once')
        if len(self.transition) != n:
            raise ValueError(f"transition | {len(self.transition)} rows for {n} states; one row per state")
        rows = [("baseline", self.baseline), *((f"transition.{i}", row) for i, row in enumerate(self.transition))]
        for path, row in rows:
            if len(row) != n:
                raise ValueError(f"{path} | {len(row)} probabilities for {n} states; one per state")
            if abs(sum(row) - 1) > 1e-9:
                raise ValueError(f"{path} | the probabilities sum to {sum(row):.10g}; they must sum to 1")
        return self


class Exposure(Part):
    """Pharmacokinetics: one compartment, oral, at steady state; AUC and half-life lognormal between patients."""

    auc_mean: Annotated[Hazard, Field(ge=0.001)]
    """Mean AUC over a dosing interval at the reference dose, µg·h/mL."""
    auc_sd: Hazard
    """Standard deviation of the AUC between patients, in the unit of its mean."""
    reference_dose: Annotated[Hazard, Field(gt=0)] = 1.0
    """Dose at which the mean AUC was measured."""
    dose: PatientsPerArm = 1
    """Dose of each arm, in the unit of the reference dose; exposure is proportional to it."""
    half_life_hours: Annotated[Hours, Field(gt=0)]
    """Mean half-life."""
    half_life_cv: Hazard = 0.0
    """Coefficient of variation of the half-life between patients."""
    absorption_per_hour: Annotated[Hazard, Field(gt=0)] = 1.5
    """Absorption rate constant."""
    interval_hours: Annotated[Hours, Field(gt=0)] = 24.0
    """Hours between doses."""
    sample_hours: Annotated[tuple[Hours, ...], Field(min_length=4, max_length=50)]
    """When blood is drawn after a dose."""
    patients_per_arm: Patients | None = None
    """Of each arm, the first so many are sampled; none: all."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        hours = self.sample_hours
        for index in range(1, len(hours)):
            if hours[index] <= hours[index - 1]:
                raise ValueError(
                    f"sample_hours.{index} | hours are out of order: {hours[index]:g} after {hours[index - 1]:g}"
                )
        if self.absorption_per_hour <= log(2) / self.half_life_hours:
            raise ValueError("absorption_per_hour | absorption is slower than elimination (ln 2 / half-life); raise it")
        if hours[0] != 0 or self.interval_hours not in hours:
            raise ValueError("sample_hours | the AUC needs samples at 0 and at the end of the dosing interval")
        return self
