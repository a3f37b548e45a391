"""The design: what the protocol fixed before the first patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trialsim.errors import nearest
from trialsim.inference.intervals import IntervalName
from trialsim.spec.allocation.sharing import share_out
from trialsim.spec.fields import (
    Digits,
    Name,
    Number,
    OddsRatio,
    Part,
    Patients,
    PatientsPerArm,
    Probability,
    Rate,
    Ratio,
    Slug,
    Text,
)
from trialsim.spec.looks import Look, per_arm_sizes
from trialsim.spec.measures import MeasureName
from trialsim.spec.rules.asked import Asked

WhenArmStops = Literal["arm_cap", "refill", "stop_trial"]


class Arm(Part):
    """A treatment arm."""

    name: Name
    """As tables show it."""
    dose: Text = ""
    """As the protocol words it, with its unit."""
    ratio: Ratio = 1
    """Share of patients, as a whole number: 2 and 1 is 2:1."""


class Allocation(Part):
    """How patients are randomised to arms."""

    method: Literal["permuted-blocks"] = "permuted-blocks"
    """Permuted blocks; ideal conduct does not depend on it."""
    block_size: Patients | None = None
    """Patients per block; a multiple of the sum of the ratios. None: one round of the ratios."""


class Endpoint(Part):
    """What counts as a response."""

    kind: Literal["binary"] = "binary"
    """Every patient responds or does not."""
    name: Name = "response"
    """As the protocol names it."""
    definition: Text = ""
    """In the words of the protocol."""


class ToxicityEndpoint(Part):
    """What counts as toxicity, and the rates that the rules for it were made to tell apart."""

    name: Name = "toxicity"
    """As the protocol names it."""
    definition: Text = ""
    """In the words of the protocol."""
    null_rate: Rate
    """Unacceptable."""
    target_rate: Rate | None = None
    """Acceptable."""

    @property
    def usual_rate(self) -> float:
        """The rate that is assumed where nobody says another: the acceptable one; if there is none, the other."""
        return self.null_rate if self.target_rate is None else self.target_rate

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.target_rate is not None and self.target_rate >= self.null_rate:
            raise ValueError("target_rate (acceptable toxicity) must be below null_rate (unacceptable)")
        return self


class Hypotheses(Part):
    """The response rates that the design was made to tell apart (p0 and p1 of the papers)."""

    null_rate: Rate
    """Response rate that is not worth going on with (p0)."""
    target_rate: Rate
    """Response rate that should not be missed (p1)."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.null_rate >= self.target_rate:
            raise ValueError("null_rate must be below target_rate")
        return self


class Enrolment(Part):
    """How many patients, and what becomes of the others when an arm stops."""

    cap: PatientsPerArm
    """Most patients: a total, shared out by the allocation ratio, or a number for each arm."""
    when_arm_stops: WhenArmStops = "arm_cap"
    """arm_cap: the others go on to their own caps; refill: they take its patients too; stop_trial: all stop."""


class Analysis(Part):
    """The final estimate and its interval."""

    interval: IntervalName = "clopper-pearson"
    """Method of the final interval."""
    level: Probability = 0.95
    """Confidence level of the final interval, two-sided."""
    target_distance: Probability | None = None
    """The largest distance from estimate to limit that the protocol promises, as a rate."""
    target_half_width: Probability | None = None
    """The largest half-width that the protocol promises, as a rate."""


class PublishedValue(Part):
    """A number printed in a paper, with its place there. It becomes a test by being in the file."""

    measure: MeasureName
    """Name of the measure, as in results."""
    printed: Number
    """The number as printed, a percentage as a fraction of 1."""
    digits: Digits
    """Decimal places printed (of `printed`, a probability or a number of patients)."""
    relation: Literal["equals", "less_than", "at_most", "at_least"] = "equals"
    """How the paper words it: exactly so, less than, at most, at least."""
    response_rate: Rate | None = None
    """True rate of every arm; None for a measure that does not depend on it."""
    toxicity_rate: Rate | None = Field(default=None, exclude_if=lambda value: value is None)
    """True toxicity rate of every arm, where the design has rules for it."""
    odds_ratio: OddsRatio | None = Field(default=None, exclude_if=lambda value: value is None)
    """Of response and toxicity; None: 1."""
    cap: PatientsPerArm | None = None
    """The enrolment cap that the number belongs to, if not the design's own."""
    arm: Name | None = None
    """An arm, or "pooled"; none: the whole trial."""
    look: Name | None = None
    """The look, by name; none: over the whole trial."""
    given: Literal["continue", "stop", "all_continue"] | None = None
    """The condition: given that the arm went on, that it stopped, or that all went on."""
    value: Number | None = None
    """The point of a distribution, such as the number of patients."""
    variant: Name | None = None
    """The method, such as that of an interval."""
    place: Text
    """Where it is printed."""
    checked_at_source: bool = True
    """Whether the number was seen in the paper itself (or in a public copy of its table)."""


class Design(Part):
    """What the protocol fixed: arms, allocation, endpoint, looks, enrolment, analysis; source and published values."""

    schema_: Literal["trialsim.design/1"] = Field(alias="schema")
    """The format of the file."""
    name: Slug
    """Letters, digits, dots, dashes and underscores."""
    title: Text = ""
    """One line, the heading of results."""
    source: Text = ""
    """The publication."""
    notes: Text = ""
    """For readers; changes no number."""
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, max_length=16)]
    """The treatment arms, in order; the first is listed first everywhere."""
    allocation: Allocation = Allocation()
    """How patients are randomised."""
    endpoint: Endpoint = Endpoint()
    """What counts as a response."""
    toxicity: ToxicityEndpoint | None = Field(default=None, exclude_if=lambda value: value is None)
    """The second endpoint, if a look has a rule for it (`toxic_if`)."""
    hypotheses: Hypotheses | None = None
    """The rates that the design tells apart; none: no default truths, no P values."""
    enrolment: Enrolment
    """How many patients."""
    looks: Annotated[tuple[Look, ...], Field(min_length=1, max_length=200)]
    """The looks, in order; the last is the final analysis."""
    analysis: Analysis = Analysis()
    """The final estimate and its interval."""
    published: tuple[PublishedValue, ...] = ()
    """Printed numbers, each of which becomes a test."""

    @property
    def arm_names(self) -> tuple[str, ...]:
        """Names of the arms, in order."""
        return tuple(arm.name for arm in self.arms)

    @property
    def look_names(self) -> tuple[str, ...]:
        """Names of the looks, in order; the last is the final analysis."""
        return tuple(look.name for look in self.looks)

    @property
    def ratio(self) -> tuple[int, ...]:
        """Allocation ratio of each arm."""
        return tuple(arm.ratio for arm in self.arms)

    @property
    def caps(self) -> tuple[int, ...]:
        """Most patients of each arm as planned, before any arm stops."""
        cap = self.enrolment.cap
        if isinstance(cap, dict):
            return tuple(cap[name] for name in self.arm_names)
        shared = share_out(cap, self.ratio)
        assert shared is not None  # no arm is capped here
        return shared

    def asked(self, arm: str, n: int) -> Asked:
        """Return what a rule is asked of an arm (or "pooled") with `n` patients.

        Raises
        ------
        ValueError
            If the criterion of the final look cannot be written as a number of responses.
        """
        caps = dict(zip(self.arm_names, self.caps, strict=True))
        n_final = max(n, sum(caps.values()) if arm == "pooled" else caps[arm])
        final = self.looks[-1].success_if
        if final is None or (len(caps) > 1 and (final.of == "pooled") != (arm == "pooled")):
            return Asked(arm, n, n_final)
        of = "pooled" if final.of == "pooled" else self.arm_names[0] if arm == "pooled" else arm
        return Asked(arm, n, n_final, final.rule.boundary(Asked(of, n_final, n_final)))

    @property
    def watches_toxicity(self) -> bool:
        """Whether a look has a rule for toxicity."""
        return any(look.toxic_if is not None for look in self.looks)

    def asked_of_toxicity(self, arm: str, n: int) -> Asked:
        """Return what a rule for toxicity is asked of an arm with `n` patients.

        Raises
        ------
        ValueError
            If the rule of the final look cannot be written as a number of toxicities.
        """
        n_final = max(n, dict(zip(self.arm_names, self.caps, strict=True))[arm])
        final = self.looks[-1].toxic_if
        return Asked(arm, n, n_final, final.rule.boundary(Asked(arm, n_final, n_final)) if final is not None else None)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        # Each check raises ValueError("path | problem"); `load` turns the path into file and line.
        _check_names("arms", self.arm_names, reserved=("pooled", "none", "trial"))
        _check_names("looks", self.look_names)
        _check_allocation(self)
        _check_caps(self)
        _check_looks(self)
        _check_toxicity(self)
        _check_published(self)
        return self


def _check_names(path: str, names: tuple[str, ...], reserved: tuple[str, ...] = ()) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ValueError(f'{path}.{index}.name | the name "{name}" is used twice; give each its own')
        if reserved and " + " in name:
            raise ValueError(f'{path}.{index}.name | "{name}" reads like two arms; leave out " + "')
        if name in reserved:
            raise ValueError(f'{path}.{index}.name | the name "{name}" is reserved; choose another')


def check_arm_keys(path: str, given: Mapping[str, float], arms: tuple[str, ...], what: str = "number") -> None:
    """Check that a mapping has a value for each arm and for nothing else.

    Raises
    ------
    ValueError
        "path | problem".
    """
    for name in given:
        if name not in arms:
            raise ValueError(f'{path} | there is no arm "{name}"; {nearest(name, arms)}')
    missing = [name for name in arms if name not in given]
    if missing:
        raise ValueError(f"{path} | no {what} for arm {', '.join(missing)}; every arm needs one")


def _check_allocation(design: Design) -> None:
    size = design.allocation.block_size
    if size is not None and size % sum(design.ratio):
        ratio = ":".join(map(str, design.ratio))
        raise ValueError(
            f"allocation.block_size | {size} is not a multiple of {sum(design.ratio)}, so blocks cannot hold {ratio}"
        )


def _check_caps(design: Design) -> None:
    cap = design.enrolment.cap
    if isinstance(cap, dict):
        check_arm_keys("enrolment.cap", cap, design.arm_names)
    elif cap < len(design.arms):
        raise ValueError(f"enrolment.cap | {cap} patients cannot fill {len(design.arms)} arms; at least one per arm")
    elif min(design.caps) < 1:
        raise ValueError(f"enrolment.cap | {cap} patients leave an arm empty at this ratio; raise the cap")


def _check_looks(design: Design) -> None:
    """Check that looks follow one another when no arm stops, within the caps, and end with the final analysis."""
    patients: tuple[int, ...] = (0,) * len(design.arms)
    at_look: list[dict[str, int]] = []
    for index, look in enumerate(design.looks):
        path = f"looks.{index}"
        is_last = index == len(design.looks) - 1
        if is_last != (look.at == "full_enrolment"):
            raise ValueError(f"{path}.at | the last look, and only the last, is at full_enrolment")
        if is_last and look.continue_if is not None:
            raise ValueError(f"{path}.continue_if | nobody is stopped at the final look; use success_if")
        patients = _sizes_if_none_stops(design, index, patients)
        at_look.append(dict(zip(design.arm_names, patients, strict=True)))
    for index in (-1, *range(len(design.looks) - 1)):  # rules may look ahead to the final one, so that is the first
        path = f"looks.{index % len(design.looks)}"
        design.looks[index].check_rules(path, at_look[index], check_arm_keys, design.asked)


def _check_toxicity(design: Design) -> None:
    """Check that toxicity has a rate, and that its rules stand beside rules of each arm only."""
    watched = [index for index, look in enumerate(design.looks) if look.toxic_if is not None]
    if watched and design.toxicity is None:
        raise ValueError(
            f"looks.{watched[0]}.toxic_if | the design does not say which toxicity rate is unacceptable; "
            "add toxicity: {null_rate: …}"
        )
    for index, look in enumerate(design.looks) if watched else ():
        for field in ("continue_if", "success_if"):
            criterion = getattr(look, field)
            if criterion is not None and criterion.of == "pooled":
                raise ValueError(
                    f"looks.{index}.{field}.of | a rule of the pooled responses cannot stand in a design with "
                    "toxic_if; use of: arm"
                )


def _sizes_if_none_stops(design: Design, index: int, patients: tuple[int, ...]) -> tuple[int, ...]:
    look, path, caps = design.looks[index], f"looks.{index}.at", design.caps
    if look.at == "full_enrolment":
        reached: tuple[int, ...] | None = caps
    elif look.at.per_arm is not None:
        wanted = look.at.per_arm
        if isinstance(wanted, dict):
            check_arm_keys(f"{path}.per_arm", wanted, design.arm_names)
        sizes = per_arm_sizes(look.at, design.arm_names)
        for name, size, cap in zip(design.arm_names, sizes, caps, strict=True):
            if size > cap:
                raise ValueError(
                    f"{path}.per_arm | look {look.name} needs {size} patients, but arm {name} is capped at {cap}"
                )
        reached = tuple(max(now, size) for now, size in zip(patients, sizes, strict=True))
    else:
        assert look.at.total is not None
        if look.at.total > sum(caps):
            raise ValueError(
                f"{path}.total | look {look.name} needs {look.at.total} patients, but the cap is {sum(caps)}"
            )
        reached = share_out(max(look.at.total - sum(patients), 0), design.ratio, patients, caps)
    assert reached is not None  # the total is within the caps
    if min(reached) == 0:
        empty = design.arm_names[reached.index(0)]
        raise ValueError(f"{path} | arm {empty} has no patient by then; a look needs at least one in every arm")
    if sum(reached) <= sum(patients):
        raise ValueError(
            f"{path} | look {look.name} adds no patient to the {sum(patients)} of the look before; looks must increase"
        )
    return reached


def _check_published(design: Design) -> None:
    for index, value in enumerate(design.published):
        known = {"arm": (*design.arm_names, "pooled"), "look": design.look_names}
        for field, names in known.items():
            named = getattr(value, field)
            if named is not None and named not in names:
                raise ValueError(f'published.{index}.{field} | there is no {field} "{named}"; {nearest(named, names)}')
        if isinstance(value.cap, dict):
            check_arm_keys(f"published.{index}.cap", value.cap, design.arm_names)
