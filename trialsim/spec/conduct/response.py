"""Who responds, when it is first seen, and when it is confirmed."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, model_validator

from trialsim.spec.fields import Days, Part, Rate, RatePerArm

Unevaluable = Literal["non_responder", "dropped", "replaced"]


class VisitShare(Part):
    """A visit and the share of patients at whom it happens."""

    day: Days
    """Day after entry."""
    probability: Rate
    """Share of patients; the shares sum to 1."""


def check_shares(field: str, shares: tuple[VisitShare, ...]) -> None:
    """Check that visits are in order and their probabilities sum to 1.

    Raises
    ------
    ValueError
        "path | problem".
    """
    for index in range(1, len(shares)):
        if shares[index].day <= shares[index - 1].day:
            raise ValueError(
                f"{field}.{index}.day | visit days are out of order: {shares[index].day:g} "
                f"after {shares[index - 1].day:g}"
            )
    total = sum(share.probability for share in shares)
    if shares and abs(total - 1) > 1e-9:
        raise ValueError(f"{field} | the probabilities sum to {total:.10g}; they must sum to 1")


class Confirmation(Part):
    """When a response is confirmed after it is first seen; neither: at once."""

    after_days: tuple[Days, Days] | None = None
    """A scan at any moment between so many days and so many, all equally likely."""
    at_next_visit: StrictBool = False
    """At the first scheduled visit after it is first seen."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.after_days is not None and self.at_next_visit:
            raise ValueError("at_next_visit | after_days says already when; leave one out")
        if self.after_days is not None and self.after_days[0] > self.after_days[1]:
            low, high = self.after_days
            raise ValueError(f"after_days | the window ends (day {high:g}) before it begins (day {low:g})")
        return self


class Response(Part):
    """Classes of best response and the time to response."""

    rate_is_of: Literal["all", "evaluable"] = "all"
    """Whether a truth's response rate is a share of all patients or of the evaluable ones."""
    first_seen: Annotated[tuple[VisitShare, ...], Field(min_length=1, max_length=50)] = (
        VisitShare(day=0, probability=1),
    )
    """At which visit a response is first seen."""
    confirmation: Confirmation = Confirmation()
    """When a response is confirmed; nothing said: at once."""
    progressive: RatePerArm = 0.0
    """Share of patients whose disease progresses from the start."""
    not_evaluable: RatePerArm = 0.0
    """Share of patients who are never assessed."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        check_shares("first_seen", self.first_seen)
        return self
