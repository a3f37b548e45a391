"""What the study cannot show, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.report.calendar_tables import match_notes, missed_notes
from trialsim.report.regulatory.blocks import Heading, Missing, Points
from trialsim.report.regulatory.sources import entries
from trialsim.report.regulatory.telling import narrative_of, paragraphs, told
from trialsim.spec.narrative import speaks_of_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material


def blocks(material: Material) -> Iterator[Block]:
    """Yield the limitations that were written, those that follow from the run, and the conclusions."""
    said = narrative_of(material.scenario)
    yield Heading("Limitations")
    if said.limitations:
        yield Points(tuple(" ".join(line.split()) for line in said.limitations))
    else:
        yield Missing("The limitations of the simulation study", "narrative.limitations")
    yield Heading("Limitations that the run itself shows")
    yield Points(tuple(of_the_run(material)))
    if material.scenario.notes:
        yield Heading("Notes of the scenario")
        yield from paragraphs(material.scenario.notes)
    yield Heading("Conclusions")
    yield from told(said.conclusions, "The conclusions of the simulation study", "narrative.conclusions")


def of_the_run(material: Material) -> Iterator[str]:
    """Yield what the results do not rest on, or do not reach, in sentences."""
    result, scenario = material.result, material.scenario
    if result.engine == "exact":
        yield "Nothing was simulated: every number is exact, and none is checked against a second engine."
    elif result.engine == "montecarlo":
        yield "No number was solved exactly: every number is an estimate, with the Monte Carlo error shown beside it."
    if result.why_not is not None:
        yield f"Not everything was solved exactly, {result.why_not.rstrip('.')}."
    if result.agreement is not None and result.agreement.failures:
        yield f"{len(result.agreement.failures)} simulated numbers disagree with the exact ones."
    if scenario.conduct is None:
        yield (
            "The trial is simulated as it is on paper: responses are known at once and nobody is enrolled while a "
            "decision is pending, as the scenario has no calendar (conduct)."
        )
    elif result.engine == "exact":
        yield "The trial as conducted (conduct) was not simulated."
    else:
        unsourced = [one for one in entries(scenario.conduct, "conduct", _sources(material)) if one.source is None]
        if unsourced:
            yield f"Of {len(unsourced)} values of the model of conduct no source is given (section on the model)."
    n_truths = len(scenario.truths)
    yield f"Only the listed truths were tried, {n_truths} in number, beside the curves over the true rate."
    yield from match_notes(result.match)
    yield from missed_notes(result)
    yield from (f"The narrative speaks of what is not there: {line}." for line in speaks_of_nothing(scenario))


def _sources(material: Material) -> dict[str, str]:
    return narrative_of(material.scenario).sources
