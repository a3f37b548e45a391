"""What a look waits for, what it counts, and whether enrolment waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeAlias

from pydantic import Discriminator, Tag, model_validator

from trialsim.spec.fields import Days, Part, Patients

TRIGGERS = ("after_days", "completed_days", "failures", "deaths", "day")


class Trigger(Part):
    """What a look waits for: exactly one of the five."""

    after_days: Days | None = None
    """So many days after the last patient of the look entered."""
    completed_days: Days | None = None
    """The first patients to complete so many days on study; they are the ones counted."""
    failures: Patients | None = None
    """So many treatment failures among all who have entered."""
    deaths: Patients | None = None
    """So many deaths among all who have entered."""
    day: Days | None = None
    """A day of the calendar, counted from the start of enrolment."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(getattr(self, name) is not None for name in TRIGGERS) != 1:
            raise ValueError("exactly one of " + ", ".join(TRIGGERS))
        return self

    @property
    def kind(self) -> str:
        """Name of the field that is given."""
        return next(name for name in TRIGGERS if getattr(self, name) is not None)


if TYPE_CHECKING:
    Fires: TypeAlias = Literal["when_decided", "when_known"] | Trigger
else:
    Fires = Annotated[
        Annotated[Literal["when_decided", "when_known"], Tag("word")] | Annotated[Trigger, Tag("trigger")],
        Discriminator(lambda value: "trigger" if isinstance(value, dict | Trigger) else "word"),
    ]


class LookConduct(Part):
    """How one look is held."""

    fires: Fires = "when_known"
    """when_decided: as soon as every criterion is certain; when_known: once every patient's response is settled."""
    counts: Literal["confirmed", "first_seen"] = "confirmed"
    """When a response counts."""
    hold: Literal["none", "until_decided"] = "none"
    """Whether enrolment stops, once the look's patients have entered, until it is decided."""

    @property
    def kind(self) -> str:
        """Name of what the look waits for."""
        return self.fires if isinstance(self.fires, str) else self.fires.kind

    @model_validator(mode="after")
    def _hold_ends(self) -> Self:
        if self.hold == "until_decided" and self.kind not in ("when_decided", "when_known", "after_days"):
            raise ValueError(
                f"hold | a hold with no way to end: the look waits for {self.kind.replace('_', ' ')}, which may need "
                "patients that the hold keeps out; use hold: none, or fires: when_decided, when_known or after_days"
            )
        return self
