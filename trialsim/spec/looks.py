"""A look at the data: when it falls, who goes on, what counts as success."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Self, TypeAlias

from pydantic import model_validator

from trialsim.spec.fields import Name, Part, Patients, Text
from trialsim.spec.rules import Rule

Scope = Literal["arm", "pooled"]
KeyCheck: TypeAlias = Callable[[str, dict[str, int], tuple[str, ...]], None]


class At(Part):
    """When a look falls: so many patients in each arm, or in all arms together."""

    per_arm: Patients | dict[Name, Patients] | None = None
    total: Patients | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.per_arm is None) == (self.total is None):
            raise ValueError("exactly one of per_arm and total")
        return self


class ContinueIf(Part):
    """Who goes on; whoever does not meet the rule stops for futility."""

    rule: Rule
    of: Scope = "arm"
    """arm: each arm by its own responses; pooled: all arms together, by the responses of all."""


class SuccessIf(Part):
    """What counts as success at the look."""

    rule: Rule
    of: Scope = "arm"
    then: Literal["continue", "stop"] = "continue"
    """stop: an arm (or, pooled, the trial) that succeeds stops for efficacy."""
    requires_all_arms: bool = False
    """With `of: pooled`: cannot be met once an arm has stopped."""


class Look(Part):
    """A planned look; the last one is the final analysis, at full enrolment."""

    name: Name
    at: Literal["full_enrolment"] | At
    continue_if: ContinueIf | None = None
    success_if: SuccessIf | None = None
    notes: Text = ""

    def check_rules(self, path: str, arms: tuple[str, ...], check_keys: KeyCheck) -> None:
        """Check what the rules name against the arms.

        Raises
        ------
        ValueError
            "path | problem".
        """
        for field, criterion in (("continue_if", self.continue_if), ("success_if", self.success_if)):
            if criterion is None:
                continue
            named = criterion.rule.arm_names()
            if named and criterion.of == "pooled":
                raise ValueError(f"{path}.{field}.rule | a pooled rule takes one number, not one per arm")
            if named:
                check_keys(f"{path}.{field}.rule.at_least", dict.fromkeys(named, 0), arms)
        success = self.success_if
        if success is not None and success.requires_all_arms and success.of == "arm":
            raise ValueError(f"{path}.success_if.requires_all_arms | only a pooled criterion can require all arms")
        if success is not None and success.then == "stop" and self.at == "full_enrolment":
            raise ValueError(f"{path}.success_if.then | the trial ends at the final look anyway; leave out then: stop")


def per_arm_sizes(at: At, arms: tuple[str, ...]) -> tuple[int, ...]:
    """Return the patients per arm that a `per_arm` look asks for."""
    assert at.per_arm is not None
    if isinstance(at.per_arm, dict):
        return tuple(at.per_arm[arm] for arm in arms)
    return (at.per_arm,) * len(arms)
