"""A look at the data: when it falls, who goes on, what counts as success."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from trialsim.spec.fields import Name, Part, Patients, PatientsPerArm, Text
from trialsim.spec.rules import Rule, leaves
from trialsim.spec.rules.asked import Asked

Scope = Literal["arm", "pooled"]
KeyCheck: TypeAlias = Callable[[str, Mapping[str, float], tuple[str, ...]], None]
Ask: TypeAlias = Callable[[str, int], Asked]
"""From an arm (or "pooled") and its patients at a look to what its rule is asked."""


class At(Part):
    """When a look falls: so many patients in each arm, or in all arms together."""

    per_arm: PatientsPerArm | None = None
    """Patients in each arm still in the trial: one number, or one for each arm."""
    total: Patients | None = None
    """Patients in all arms together, stopped ones included."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.per_arm is None) == (self.total is None):
            raise ValueError("exactly one of per_arm and total")
        return self


if TYPE_CHECKING:
    LookTime: TypeAlias = Literal["full_enrolment"] | At
else:
    LookTime = Annotated[
        Annotated[Literal["full_enrolment"], Tag("end")] | Annotated[At, Tag("patients")],
        Discriminator(lambda value: "patients" if isinstance(value, dict | At) else "end"),
    ]


class ContinueIf(Part):
    """Who goes on; whoever does not meet the rule stops for futility."""

    rule: Rule
    """The rule that an arm (or all arms together) must meet to go on."""
    of: Scope = "arm"
    """arm: each arm by its own responses; pooled: all arms together, by the responses of all."""
    binding: bool = Field(default=True, exclude_if=lambda value: value)
    """false: those who run the trial may go on all the same (`non_binding: overrule` of an enrolment plan)."""


class SuccessIf(Part):
    """What counts as success at the look."""

    rule: Rule
    """The rule that makes a success."""
    of: Scope = "arm"
    """arm: each arm by its own responses; pooled: all arms together, by the responses of all."""
    then: Literal["continue", "stop"] = "continue"
    """stop: an arm (or, pooled, the trial) that succeeds stops for efficacy."""
    requires_all_arms: bool = False
    """With `of: pooled`: cannot be met once an arm has stopped."""


class ToxicIf(Part):
    """When an arm is too toxic: it stops, or, at the final look, its null hypothesis is not rejected."""

    rule: Rule
    """Met by enough of the arm's patients with toxicity: what a rule says of responses, it says here of toxicities."""
    of: Literal["arm"] = "arm"
    """Each arm by its own patients."""

    def wording(self, arms: tuple[str, ...]) -> str:
        """Return the rule as a clause: "at least 3 patients have toxicity"."""
        return of_toxicities(self.rule.wording(arms))


def of_toxicities(words: str) -> str:
    """Return the wording of a rule, said of toxicities in place of responses.

    >>> of_toxicities("at least 3 patients respond")
    'at least 3 patients have toxicity'
    """
    for response, toxicity in _OF_TOXICITY:
        words = words.replace(response, toxicity)
    return words


_OF_TOXICITY = (
    ("responds", "has toxicity"),
    ("respond", "have toxicity"),
    ("response rate", "toxicity rate"),
    ("responses", "toxicities"),
)


_LONGEST = 240
"""Characters of a rule's wording in an error."""


class Look(Part):
    """A planned look; the last one is the final analysis, at full enrolment."""

    name: Name
    """As the protocol names it."""
    at: LookTime
    """So many patients, or `full_enrolment` for the last look."""
    continue_if: ContinueIf | None = None
    """Who goes on; none: nobody is stopped for futility here."""
    success_if: SuccessIf | None = None
    """What counts as success; at the last look, what rejects the null hypothesis."""
    toxic_if: ToxicIf | None = Field(default=None, exclude_if=lambda value: value is None)
    """When an arm is too toxic; none: toxicity is not looked at."""
    notes: Text = ""
    """For readers; changes no number."""

    def check_rules(self, path: str, patients: Mapping[str, int], check_keys: KeyCheck, ask: Ask) -> None:
        """Check the rules against the arms and the patients they will have.

        Parameters
        ----------
        path
            The look's place in the design.
        patients
            Patients of each arm at the look, by name, if no arm stops.
        check_keys
            Complains of a mapping that does not have a value for each arm.
        ask
            From an arm and its patients to what its rule is asked.

        Raises
        ------
        ValueError
            "path | problem".
        """
        for field, criterion in (("continue_if", self.continue_if), ("success_if", self.success_if)):
            if criterion is not None:
                may_never_be_met = (
                    field == "success_if" and self.at != "full_enrolment" and criterion.rule.kind != "responses"
                )
                _check_rule(f"{path}.{field}.rule", criterion, patients, check_keys, None if may_never_be_met else ask)
        if self.toxic_if is not None:
            is_count = self.toxic_if.rule.kind == "responses"
            _check_rule(f"{path}.toxic_if.rule", self.toxic_if, patients, check_keys, ask if is_count else None)
        success = self.success_if
        if success is not None and success.requires_all_arms and success.of == "arm":
            raise ValueError(f"{path}.success_if.requires_all_arms | only a pooled criterion can require all arms")
        if success is not None and success.then == "stop" and self.at == "full_enrolment":
            raise ValueError(f"{path}.success_if.then | the trial ends at the final look anyway; leave out then: stop")


def _check_rule(
    path: str,
    criterion: ContinueIf | SuccessIf | ToxicIf,
    patients: Mapping[str, int],
    check_keys: KeyCheck,
    ask: Ask | None,
) -> None:
    rule = criterion.rule
    for where, leaf in leaves(rule, path):
        per_arm = leaf.per_arm()
        if per_arm is not None and criterion.of == "pooled":
            raise ValueError(f"{where}.{leaf.bound} | a pooled rule takes one number, not one per arm")
        if per_arm is not None:
            check_keys(f"{where}.{leaf.bound}", per_arm, tuple(patients))
    for arm, n in (patients if criterion.of == "arm" else {"pooled": sum(patients.values())}).items():
        if ask is not None and _least(path, criterion, ask, arm, n) > n:
            of = "all arms together" if arm == "pooled" else f"arm {arm}"
            words = criterion.wording((arm,)) if isinstance(criterion, ToxicIf) else rule.wording((arm,))
            words = words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
            needs = f"{words}, which the {n} patients of {of} cannot meet"
            raise ValueError(f"{path}.{rule.bound} | the rule asks that {needs}")


def _least(path: str, criterion: ContinueIf | SuccessIf | ToxicIf, ask: Ask, arm: str, n: int) -> int:
    try:
        return criterion.rule.boundary(ask(arm, n))
    except ValueError as error:
        raise ValueError(f"{path} | {error}") from None


def per_arm_sizes(at: At, arms: tuple[str, ...]) -> tuple[int, ...]:
    """Return the patients per arm that a `per_arm` look asks for."""
    assert at.per_arm is not None
    if isinstance(at.per_arm, dict):
        return tuple(at.per_arm[arm] for arm in arms)
    return (at.per_arm,) * len(arms)
