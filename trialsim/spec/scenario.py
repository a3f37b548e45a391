"""The scenario: a design and the question put to it."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from trialsim.errors import InputError, nearest
from trialsim.inference.after_stopping import AfterStoppingName
from trialsim.inference.intervals import IntervalName
from trialsim.inference.joint import JointRates
from trialsim.spec.conduct import Conduct
from trialsim.spec.conduct.checks import check_conduct
from trialsim.spec.conduct.names import column_of, columns_of
from trialsim.spec.conduct.reproduction import Flip
from trialsim.spec.design import Design, Enrolment, WhenArmStops, check_arm_keys
from trialsim.spec.fields import (
    Name,
    OddsRatio,
    Part,
    PatientsPerArm,
    Probability,
    RatePerArm,
    Replicates,
    Seed,
    Slug,
    Text,
)
from trialsim.spec.looks import Look
from trialsim.spec.messages import first_problem
from trialsim.spec.narrative import Narrative
from trialsim.spec.overrides import Override, apply_overrides, path_of
from trialsim.spec.paths import check_path
from trialsim.spec.vary import Vary
from trialsim.spec.vary.probe import check_vary


class Truth(Part):
    """An assumed state of nature: the true response rate of each arm."""

    name: Name
    """As tables show it."""
    response_rate: RatePerArm
    """One rate for all arms, or one for each by name; a number or a fraction such as 36/73."""
    toxicity_rate: RatePerArm | None = Field(default=None, exclude_if=lambda value: value is None)
    """True toxicity rate, where the design has rules for toxicity; written as the response rate."""
    odds_ratio: OddsRatio | None = Field(default=None, exclude_if=lambda value: value is None)
    """Odds ratio of response and toxicity in a patient, the same in all arms; None: 1, they are independent."""
    notes: Text = ""
    """Why it is among the truths."""

    def rates(self, arms: tuple[str, ...]) -> tuple[float, ...]:
        """Return the true response rate of each arm; `JointRates`, with its toxicity, if the truth says so."""
        response = _of_each(self.response_rate, arms)
        if self.toxicity_rate is None:
            return response
        return JointRates(response, _of_each(self.toxicity_rate, arms), self.odds_ratio or 1.0)


def _of_each(rate: float | dict[str, float], arms: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(rate[arm] for arm in arms) if isinstance(rate, dict) else (rate,) * len(arms)


class EnrolmentPlan(Part):
    """One of several enrolment caps to compare; what is not given is the design's."""

    name: Name
    """As tables show it."""
    cap: PatientsPerArm
    """Most patients: a total, shared out by the allocation ratio, or a number for each arm."""
    when_arm_stops: WhenArmStops | None = None
    """As the design's `enrolment.when_arm_stops`; none: that."""
    non_binding: Literal["follow", "overrule"] = Field(default="follow", exclude_if=lambda value: value == "follow")
    """overrule: nobody is stopped by a `continue_if` that is not binding, so that its part in the errors is seen."""


class Scenario(Part):
    """A design, the truths it is tried under, and how hard to try."""

    schema_: Literal["trialsim.scenario/1"] = Field(alias="schema")
    """The format of the file."""
    name: Slug
    """Under which results are kept and listed; letters, digits, dots, dashes and underscores."""
    title: Text = ""
    """One line, the heading of results."""
    notes: Text = ""
    """For readers; changes no number."""
    design: Design
    """The design, in full, or its name."""
    plans: Annotated[tuple[EnrolmentPlan, ...], Field(max_length=20)] = ()
    """Enrolment plans to compare; none: the design's own."""
    truths: Annotated[tuple[Truth, ...], Field(min_length=1, max_length=200)]
    """The assumed states of nature, each simulated and solved by itself."""
    intervals: tuple[IntervalName, ...] = ()
    """Intervals to report beside the design's own."""
    estimators: tuple[AfterStoppingName, ...] = Field(default=(), exclude_if=lambda value: not value)
    """Estimators and intervals after stopping to report beside the observed rate (docs/after-stopping.md)."""
    quantiles: tuple[Probability, ...] = (0.05, 0.5, 0.95)
    """Quantiles of the number of patients to report."""
    conduct: Conduct | None = None
    """How the trial is run. None: ideal conduct only."""
    vary: Vary | None = None
    """What a sweep varies. None: nothing; other verbs leave it aside."""
    narrative: Narrative | None = Field(default=None, exclude_if=lambda value: value is None)
    """What people say about the study, for its report (docs/narrative.md). It changes no number."""
    seed: Seed = 1
    """Of the random numbers. The same seed gives the same numbers to the last bit."""
    n_sims: Replicates = 100_000
    """Trials simulated per plan and truth, under ideal conduct."""

    @property
    def id(self) -> str:
        """First 16 hex digits of the SHA-256 of the resolved scenario's sorted JSON."""
        data = self.model_dump(mode="json", by_alias=True)
        vary = data.pop("vary")
        if vary is not None:
            data["vary"] = list(vary.items())  # their order numbers the cells
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def designs(self) -> tuple[tuple[str, Design], ...]:
        """Return name and design of each enrolment plan; one, named after its cap, if the scenario has no plans."""
        if not self.plans:
            return ((f"{sum(self.design.caps)} patients", self.design),)
        return tuple((plan.name, _with_plan(self.design, plan)) for plan in self.plans)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        self.check()
        return self

    def check(self) -> None:
        """Check that the parts of the scenario go together.

        Raises
        ------
        ValueError
            "path | problem".
        """
        arms = self.design.arm_names
        for path, names in (("plans", [p.name for p in self.plans]), ("truths", [t.name for t in self.truths])):
            for index, name in enumerate(names):
                if name in names[:index]:
                    raise ValueError(f'{path}.{index}.name | the name "{name}" is used twice; give each its own')
        for index, probability in enumerate(self.quantiles):
            if probability in self.quantiles[:index]:
                raise ValueError(f"quantiles.{index} | {probability:g} is there twice; name each once")
        for index, truth in enumerate(self.truths):
            if isinstance(truth.response_rate, dict):
                check_arm_keys(f"truths.{index}.response_rate", truth.response_rate, arms, what="rate")
            _check_toxicity(self.design, index, truth)
        for index, plan in enumerate(self.plans):
            try:
                _with_plan(self.design, plan)
            except ValueError as error:
                problem = str(error.errors()[0]["msg"] if hasattr(error, "errors") else error)
                where, _, words = problem.removeprefix("Value error, ").rpartition(" | ")
                field = ".cap" if where == "enrolment.cap" else ""
                raise ValueError(f"plans.{index}{field} | {words}") from None
        if self.conduct is not None:
            rates = [(truth.name, truth.rates(arms)) for truth in self.truths]
            check_conduct(self.conduct, [design for _, design in self.designs()], rates)
            _check_match(self)
            for index, flip in enumerate(self.conduct.sensitivity):
                _check_flip(self, index, flip)
        if self.vary is not None:
            check_vary(self, self.vary)
        if self.narrative is not None:
            _check_sources(self.narrative)

    def flipped(self, flip: Flip) -> Scenario:
        """Return the scenario under another reading of the protocol.

        Raises
        ------
        InputError
            If a path of the reading leads nowhere.
        ValueError
            If the reading makes no sense.
        """
        return Scenario.model_validate(self.changed(flip))

    def changed(self, flip: Flip) -> dict[str, Any]:
        """Return the scenario's data under another reading, not validated."""
        data = self.model_dump(by_alias=True, exclude_unset=True)
        data["conduct"].pop("sensitivity", None)
        data.pop("vary", None)
        data.pop("narrative", None)
        changes = [Override(path_of(path), value, f"{path}: {value}", "set") for path, value in flip.set.items()]
        apply_overrides(data, changes)
        return data


def _check_toxicity(design: Design, index: int, truth: Truth) -> None:
    if isinstance(truth.toxicity_rate, dict):
        check_arm_keys(f"truths.{index}.toxicity_rate", truth.toxicity_rate, design.arm_names, what="rate")
    if design.watches_toxicity and truth.toxicity_rate is None:
        raise ValueError(
            f"truths.{index}.toxicity_rate | missing: design {design.name} has rules for toxicity, "
            "so every truth needs a toxicity rate"
        )
    for field in ("toxicity_rate", "odds_ratio"):
        if design.toxicity is None and getattr(truth, field) is not None:
            where = f"truths.{index}.{field}"
            raise ValueError(
                f"{where} | design {design.name} has no toxicity endpoint; add toxicity to it, and toxic_if"
            )
    if truth.odds_ratio is not None and truth.toxicity_rate is None:
        raise ValueError(f"truths.{index}.odds_ratio | it joins response to toxicity_rate, which is missing")


def _check_match(scenario: Scenario) -> None:
    assert scenario.conduct is not None
    match = scenario.conduct.match
    if match is None:
        return
    plans, truths = [name for name, _ in scenario.designs()], [truth.name for truth in scenario.truths]
    if match.truth not in truths:
        raise ValueError(
            f'conduct.match.truth | there is no truth "{match.truth}"; {nearest(match.truth, truths)}; '
            "or leave the match out (conduct.match: null)"
        )
    found = columns_of(scenario.design, scenario.conduct)
    for index, result in enumerate(match.results):
        if result.label in [other.label for other in match.results[:index]]:
            raise ValueError(f'conduct.match.results.{index}.label | the label "{result.label}" is used twice')
        column_of(result, index, scenario.design, scenario.conduct, found)
    if match.plan is not None and match.plan not in plans:
        raise ValueError(
            f'conduct.match.plan | there is no plan "{match.plan}"; {nearest(match.plan, plans)}; '
            "or leave the match out (conduct.match: null)"
        )


def _check_flip(scenario: Scenario, index: int, flip: Flip) -> None:
    assert scenario.conduct is not None
    if flip.name in [other.name for other in scenario.conduct.sensitivity[:index]]:
        raise ValueError(f'conduct.sensitivity.{index}.name | the name "{flip.name}" is used twice')
    try:
        variant = scenario.flipped(flip)
        if variant.conduct is None:
            raise ValueError("it takes the conduct away")
    except InputError as error:
        raise ValueError(f"conduct.sensitivity.{index}.set | {error}") from None
    except ValidationError as error:
        path, problem = first_problem(error, Scenario, scenario.changed(flip))
        where = ".".join(map(str, path))
        raise ValueError(
            f'conduct.sensitivity.{index}.set | the reading "{flip.name}" makes no sense: {where}: {problem}'
        ) from None
    except ValueError as error:
        problem = str(error.errors()[0]["msg"] if hasattr(error, "errors") else error)
        words = problem.removeprefix("Value error, ").replace(" | ", ": ", 1)
        raise ValueError(
            f'conduct.sensitivity.{index}.set | the reading "{flip.name}" makes no sense: {words}'
        ) from None


def _check_sources(narrative: Narrative) -> None:
    for path in narrative.sources:
        try:
            check_path(Scenario, path)
        except ValueError as error:
            raise ValueError(f"narrative.sources | {path}: {error}") from None


def _with_plan(design: Design, plan: EnrolmentPlan) -> Design:
    enrolment = Enrolment(cap=plan.cap, when_arm_stops=plan.when_arm_stops or design.enrolment.when_arm_stops)
    fields = {name: value for name, value in design if name not in ("schema_", "enrolment")}
    if plan.non_binding == "overrule":
        fields["looks"] = tuple(_without_non_binding(look) for look in design.looks)
    return Design.model_validate({**fields, "schema": design.schema_, "enrolment": enrolment})


def _without_non_binding(look: Look) -> Look:
    """Return the look without its rule for going on, if that is not binding."""
    if look.continue_if is None or look.continue_if.binding:
        return look
    return look.model_copy(update={"continue_if": None})
