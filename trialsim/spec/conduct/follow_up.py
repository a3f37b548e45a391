"""Scheduled visits, the data cut-off, and survival."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trialsim.spec.fields import Days, Part


def check_order(field: str, days: tuple[float, ...]) -> None:
    """Check that days are in order.

    Raises
    ------
    ValueError
        "path | problem".
    """
    for index in range(1, len(days)):
        if days[index] <= days[index - 1]:
            raise ValueError(f"{field}.{index} | days are out of order: {days[index]:g} after {days[index - 1]:g}")


class Visits(Part):
    """When patients are seen, in days after entry. They matter for censoring and for confirmation at the next visit."""

    days: Annotated[tuple[Days, ...], Field(max_length=100)] = ()
    """Days after entry, in order."""
    then_every_days: Annotated[Days, Field(ge=1)] | None = None
    """After the last of `days`, every so many days."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        check_order("days", self.days)
        if self.then_every_days is not None and not self.days:
            raise ValueError("then_every_days | after which visit? give days too")
        return self

    def up_to(self, horizon: float) -> tuple[float, ...]:
        """Return the visit days not after a horizon, at most 200."""
        found = list(self.days)
        while self.then_every_days is not None and found[-1] + self.then_every_days <= horizon and len(found) < 200:
            found.append(found[-1] + self.then_every_days)
        return tuple(day for day in found if day <= horizon)


class Cutoff(Part):
    """When the data are closed: a day of the calendar, or so many days after the last entry.

    Neither: once the response of the last patient is known.
    """

    day: Annotated[Days, Field(gt=0)] | None = None
    """Day of the calendar, counted from the start of enrolment."""
    days_after_last_entry: Days | None = None
    """So many days after the last patient entered."""

    @model_validator(mode="after")
    def _at_most_one(self) -> Self:
        if self.day is not None and self.days_after_last_entry is not None:
            raise ValueError("days_after_last_entry | day says already when; leave one out")
        return self


class Survival(Part):
    """Time to treatment failure and overall survival of each simulated trial."""

    at_days: Annotated[tuple[Days, ...], Field(min_length=1, max_length=20)] = (365.0,)
    """Days at which the curves are read."""
    failure_at: Literal["progression", "leaving"] = "progression"
    """progression: treatment fails at first progression, crossover or not; leaving: on leaving the study."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        check_order("at_days", self.at_days)
        return self
