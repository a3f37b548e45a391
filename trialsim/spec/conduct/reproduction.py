"""Published results that the model is held against, and other readings of the protocol."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from trialsim.spec.fields import Digits, Name, Number, Part, Text


class PublishedResult(Part):
    """A result printed in the paper, and the quantity of a simulated trial that it is."""

    label: Name
    """As tables show it."""
    quantity: Name
    """Name of the quantity, as `run` prints it (`responses`, `deaths`, `os`, …)."""
    arm: Name | None = None
    """An arm, "pooled", or none for the trial."""
    look: Name | None = None
    """The look, for quantities that belong to one."""
    at: Name | None = None
    """Which day, adverse event or state, for quantities that have several."""
    printed: Number | None = None
    """None: not printed; the model's own value is shown."""
    digits: Digits = 0
    """Decimal places printed."""
    unit: Text = ""
    """"%", "weeks" or "days"; as it stands otherwise."""
    place: Text = ""
    """Where it is printed."""
    impossible: Text = ""
    """Why no model of the trial can reproduce it."""


class Match(Part):
    """Which published results are compared, and under which truth and plan."""

    truth: Name
    """Under which truth, by name."""
    plan: Name | None = None
    """None: the first."""
    results: Annotated[tuple[PublishedResult, ...], Field(min_length=1, max_length=200)]
    """The published results."""


class Flip(Part):
    """Another reading of an ambiguous sentence: fields of the scenario set to other values."""

    name: Name
    """As tables show it."""
    set: Annotated[dict[str, Any], Field(min_length=1, max_length=20)]
    """Dotted paths (as `--set` takes them) and their values."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for path in self.set:
            if path.split(".")[0] not in ("design", "conduct", "plans"):
                raise ValueError(f'set.{path} | a reading changes the design, the plans or the conduct, not "{path}"')
        return self
