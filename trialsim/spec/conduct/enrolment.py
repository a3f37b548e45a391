"""When patients come, and the blocks in which they are randomised."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from trialsim.spec.fields import Days, Hazard, Part, Patients


class Period(Part):
    """A constant enrolment rate from a month on."""

    from_month: Hazard
    """Month from which on the rate holds; the first is 0."""
    per_month: Hazard
    """Patients per month; 0 is a pause."""


class Window(Part):
    """So many patients within a window, entry days = days · U^(1/power): power above 1 is a ramp upwards."""

    days: Annotated[Days, Field(gt=0)]
    """Length of the window."""
    power: Annotated[Hazard, Field(ge=0.05, le=20)] = 1.0
    """1: a steady rate; above 1: rising; below 1: falling."""
    patients: Patients | None = None
    """Whom the window describes; a plan for more (fewer) goes on (ends) at the same intensity. None: the plan's."""


class Arrivals(Part):
    """How patients come: exactly one of the four; none is 10 a month."""

    per_month: Annotated[Hazard, Field(gt=0)] | None = None
    """Poisson, constant rate."""
    rates: Annotated[tuple[Period, ...], Field(min_length=1, max_length=200)] | None = None
    """Poisson, piecewise constant rates; 0 is a pause."""
    window: Window | None = None
    """So many patients within a window, in order of random days."""
    entry_days: Annotated[tuple[Days, ...], Field(min_length=1, max_length=20_000)] | None = None
    """Given entry days, in order."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        given = [name for name in ("per_month", "rates", "window", "entry_days") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{given[1]} | {given[0]} says already how patients come; leave one out")
        if self.rates is not None:
            months = [period.from_month for period in self.rates]
            if months[0] != 0:
                raise ValueError("rates.0.from_month | the first period begins at month 0")
            for index in range(1, len(months)):
                if months[index] <= months[index - 1]:
                    raise ValueError(
                        f"rates.{index}.from_month | periods are out of order; each begins after the one before"
                    )
            if all(period.per_month == 0 for period in self.rates):
                raise ValueError("rates | every rate is 0, so nobody would ever enter; at least one above 0")
        if self.entry_days is not None and list(self.entry_days) != sorted(self.entry_days):
            raise ValueError("entry_days | the days are out of order; list them from first to last")
        return self


class BlockSizes(Part):
    """Sizes of the permuted blocks, drawn with equal chance; none: the design's."""

    block_sizes: Annotated[tuple[Patients, ...], Field(max_length=20)] = ()
    """Patients per block; several: drawn with equal chance."""
