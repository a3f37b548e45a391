"""What people have to say about a simulation study: free text for its report. It changes no number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from trialsim.errors import nearest
from trialsim.spec.fields import LINES, Name, Part
from trialsim.spec.paths import MISSING, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.spec.scenario import Scenario

MAX_LETTERS = 8_000
"""Of one text: some two pages."""
MAX_ITEMS = 60
"""Of one list."""

if TYPE_CHECKING:
    Prose: TypeAlias = str
    Statement: TypeAlias = str
else:
    _ALLOWED = rf"^[^{LINES}]*$"
    Prose = Annotated[str, StringConstraints(max_length=MAX_LETTERS, strip_whitespace=True, pattern=_ALLOWED)]
    """Plain text, which is shown as it is; an empty line begins a new paragraph."""
    Statement = Annotated[
        str, StringConstraints(min_length=1, max_length=MAX_LETTERS, strip_whitespace=True, pattern=_ALLOWED)
    ]
    """Plain text that is not empty."""

Strategy = Literal["treatment_policy", "hypothetical", "composite", "while_on_treatment", "principal_stratum"]
"""How an intercurrent event is dealt with: the five strategies of ICH E9(R1), section A.3.2."""


class Estimand(Part):
    """What is to be estimated: four of the attributes of ICH E9(R1), section A.3.3; events are a list of their own."""

    treatment: Prose = ""
    """The treatment, and what it is compared with."""
    population: Prose = ""
    """The patients whom the question is about."""
    variable: Prose = ""
    """What is measured of each patient."""
    summary: Prose = ""
    """The population-level summary, such as the response rate of an arm."""


class IntercurrentEvent(Part):
    """An event after the start of treatment that affects the variable or its meaning."""

    event: Statement
    """What happens."""
    strategy: Strategy | None = None
    """One of the five of ICH E9(R1)."""
    handling: Prose = ""
    """What that means here."""


class AnalysisSet(Part):
    """Whose data an analysis uses."""

    name: Name
    """As the protocol names it."""
    definition: Statement
    """Who belongs to it."""


class Ambiguity(Part):
    """A sentence of the protocol that can be read in several ways."""

    what: Statement
    """What can be read in several ways."""
    resolved: Statement
    """How it is read here."""


class Access(Part):
    """Who sees what at a look."""

    look: Name
    """The look, by name."""
    who: Statement
    """Who sees the data."""
    sees: Statement
    """What they see."""


class Narrative(Part):
    """Free text for the report; what is not given is shown as missing there."""

    status: Literal["draft", "locked"] = "draft"
    """locked: the simulation protocol is final; a change from here on is an amendment."""
    aims: Prose = ""
    """What is to be learned."""
    decision: Prose = ""
    """The decision that the study supports."""
    estimand: Estimand | None = None
    """What is to be estimated."""
    intercurrent_events: Annotated[tuple[IntercurrentEvent, ...], Field(max_length=MAX_ITEMS)] = ()
    """What may happen after the start of treatment, and what that means for the variable."""
    analysis_sets: Annotated[tuple[AnalysisSet, ...], Field(max_length=MAX_ITEMS)] = ()
    """Whose data the analyses use."""
    ambiguities: Annotated[tuple[Ambiguity, ...], Field(max_length=MAX_ITEMS)] = ()
    """Sentences of the protocol that can be read in several ways, and how they are read here."""
    truths: Prose = ""
    """Why these truths, and no others."""
    rationale: Annotated[dict[Name, Statement], Field(max_length=200)] = Field(default_factory=dict)
    """Why a truth is among them, by its name; beside the notes of the truth itself."""
    sources: Annotated[dict[Name, Statement], Field(max_length=500)] = Field(default_factory=dict)
    """Where numbers come from, by their path in the scenario: `conduct.death` speaks for all that is in it."""
    integrity: Annotated[tuple[Access, ...], Field(max_length=MAX_ITEMS)] = ()
    """Who sees what at which look."""
    limitations: Annotated[tuple[Statement, ...], Field(max_length=MAX_ITEMS)] = ()
    """What the study cannot show, a sentence each."""
    conclusions: Prose = ""
    """What follows."""


def speaks_of_nothing(scenario: Scenario) -> Iterator[str]:
    """Yield a sentence for each truth, look or value that the narrative names and the scenario does not have.

    They are no errors: a truth may be set aside for one run, and the words about it stay.
    """
    told = scenario.narrative
    if told is None:
        return
    truths = [truth.name for truth in scenario.truths]
    for name in told.rationale:
        if name not in truths:
            yield f'narrative.rationale.{name}: there is no truth "{name}"; {nearest(name, truths)}'
    for index, access in enumerate(told.integrity):
        if access.look not in scenario.design.look_names:
            words = nearest(access.look, scenario.design.look_names)
            yield f'narrative.integrity.{index}.look: there is no look "{access.look}"; {words}'
    for path in told.sources:
        if value_at(scenario, path) is MISSING:
            yield f"narrative.sources.{path}: the scenario has no such value"
