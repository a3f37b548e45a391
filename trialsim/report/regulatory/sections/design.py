"""The design: what the protocol fixes, and how its sentences are read here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.report.boundaries import boundaries, decision_table
from trialsim.report.explain import joined, look_in_words
from trialsim.report.numbers import percent
from trialsim.report.regulatory.blocks import Grid, Heading, Missing, Picture, Points, Words
from trialsim.report.regulatory.sources import shown, source_of
from trialsim.report.regulatory.telling import narrative_of, paragraphs, told
from trialsim.report.table import Table
from trialsim.spec.paths import MISSING, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material
    from trialsim.spec.design import Design
    from trialsim.spec.narrative import Estimand, Narrative
    from trialsim.spec.scenario import Scenario

_WHEN_ARM_STOPS = {
    "arm_cap": "When an arm stops, the others go on to their own number of patients.",
    "refill": "When an arm stops, the others take over the patients that it leaves unused.",
    "stop_trial": "When an arm stops, the whole trial stops.",
}


def blocks(material: Material) -> Iterator[Block]:
    """Yield arms, endpoint, looks, decision tables, flow, estimand, analysis sets and ambiguities."""
    design, said = material.scenario.design, narrative_of(material.scenario)
    yield from _source(design)
    yield from _arms(material)
    yield from _endpoint(design, said)
    yield from _looks(material)
    yield from _estimand(said)
    yield from _analysis(design, said)
    yield from _ambiguities(material.scenario, said)


def _source(design: Design) -> Iterator[Block]:
    if design.title:
        yield Words(f"{design.title}.".replace("..", "."))
    if design.source:
        yield Words(f"Source of the design: {' '.join(design.source.split())}")
    else:
        yield Missing("The protocol or paper that the design is from", "design.source")
    yield from paragraphs(design.notes)


def _arms(material: Material) -> Iterator[Block]:
    """Yield who is randomised to what, and to how many patients under each enrolment plan."""
    design = material.scenario.design
    yield Heading("Arms and allocation")
    plans = [(name, own.caps) for name, own, _ in material.plans]
    table = Table("arms", ["arm", "treatment", "ratio", *(f"most patients, plan {name}" for name, _ in plans)], 2)
    for index, arm in enumerate(design.arms):
        table.rows.append([arm.name, arm.dose or "–", str(arm.ratio), *(str(caps[index]) for _, caps in plans)])
    yield Grid(table, "assumed")
    for arm in design.arms:
        if not arm.dose:
            yield Missing(f'The treatment of the arm "{arm.name}", with its dose', f"design.arms.{arm.name}.dose")
    if len(design.arms) == 1:
        yield Words("There is one arm, and nothing is randomised.")
        return
    size = design.allocation.block_size or sum(design.ratio)
    ratio = ":".join(map(str, design.ratio))
    yield Words(f"Patients are randomised {ratio} to {joined(list(design.arm_names))}, in permuted blocks of {size}.")
    conduct = material.scenario.conduct
    if conduct is not None and conduct.allocation.block_sizes:
        sizes = " or ".join(map(str, conduct.allocation.block_sizes))
        yield Words(f"As conducted, the blocks are of {sizes} patients.")
    ways = dict.fromkeys(own.enrolment.when_arm_stops for _, own, _ in material.plans)
    yield Words(" ".join(_WHEN_ARM_STOPS[way] for way in ways))


def _endpoint(design: Design, said: Narrative) -> Iterator[Block]:
    yield Heading("Endpoint and how it is classified")
    yield Words(f"The endpoint is {design.endpoint.name}, yes or no for each patient.")
    yield from told(design.endpoint.definition, "The definition of the endpoint", "design.endpoint.definition")
    if design.toxicity is not None:
        yield Words(f"The second endpoint is {design.toxicity.name}, yes or no for each patient.")
        yield from told(design.toxicity.definition, "The definition of toxicity", "design.toxicity.definition")
        unacceptable, acceptable = design.toxicity.null_rate, design.toxicity.target_rate
        target = "" if acceptable is None else f", one of {percent(acceptable)} acceptable"
        yield Words(f"A toxicity rate of {percent(unacceptable)} is unacceptable{target}.")
    if design.hypotheses is None and design.toxicity is None:
        yield Missing("The rates that the design is meant to tell apart", "design.hypotheses")
    if design.hypotheses is not None:
        null, target = percent(design.hypotheses.null_rate), percent(design.hypotheses.target_rate)
        yield Words(f"The design is meant to tell a response rate of {null} (null) from one of {target} (target).")
    source = source_of("design.hypotheses", said.sources)
    if source:
        yield Words(f"Source of the rates: {source}")


def _looks(material: Material) -> Iterator[Block]:
    """Yield what each look decides: in words, in numbers, as pictures."""
    from trialsim.report.plots.boundaries import boundary_plots
    from trialsim.report.plots.flow import flow_plot

    design = material.scenario.design
    yield Heading("Looks and decisions")
    notes = [f" Note: {' '.join(look.notes.split())}" if look.notes else "" for look in design.looks]
    words = [look_in_words(look, design) for look in design.looks]
    yield Points(tuple(said + note for said, note in zip(words, notes, strict=True)))
    drawn: list[object] = []
    for name, own, plan in material.plans:
        found = list(boundaries(own, plan))
        table = decision_table(own, plan, name, with_rates=True)
        if table.rows:
            yield Grid(table, "exact")
        if found not in drawn:  # enrolment plans that decide alike share their pictures
            yield Picture(flow_plot(own, found, f"the design, {name}"), "exact" if found else "")
            yield from (Picture(figure, "exact") for figure in boundary_plots(found, f"the design, {name}"))
            drawn.append(found)


def _estimand(said: Narrative) -> Iterator[Block]:
    yield Heading("Estimand and intercurrent events")
    if said.estimand is None:
        yield Missing("The estimand", "narrative.estimand")
    else:
        yield from _attributes(said.estimand)
    if not said.intercurrent_events:
        yield Missing("Intercurrent events and how they are dealt with", "narrative.intercurrent_events")
        return
    table = Table("intercurrent events", ["event", "strategy", "what that means here"], 3)
    for one in said.intercurrent_events:
        table.rows.append([one.event, (one.strategy or "not given").replace("_", " "), one.handling or "–"])
    yield Grid(table, "assumed")


def _attributes(estimand: Estimand) -> Iterator[Block]:
    given = {"treatment": estimand.treatment, "population": estimand.population, "variable": estimand.variable}
    given["summary"] = estimand.summary
    names = {"summary": "population-level summary"}
    words = {name: " ".join(text.split()) for name, text in given.items()}
    points = tuple(f"{names.get(name, name).capitalize()}: {text}" for name, text in words.items() if text)
    if points:
        yield Points(points)
    for name, text in words.items():
        if not text:
            yield Missing(f"The {names.get(name, name)} of the estimand", f"narrative.estimand.{name}")


def _analysis(design: Design, said: Narrative) -> Iterator[Block]:
    yield Heading("Analysis sets and the final analysis")
    if said.analysis_sets:
        yield Points(tuple(f"{one.name}: {' '.join(one.definition.split())}" for one in said.analysis_sets))
    else:
        yield Missing("The analysis sets", "narrative.analysis_sets")
    level = f"{100 * design.analysis.level:g} %"
    yield Words(f"The response rates are reported with {level} {design.analysis.interval} intervals.")


def _ambiguities(scenario: Scenario, said: Narrative) -> Iterator[Block]:
    yield Heading("Ambiguities of the protocol and how they were resolved")
    if said.ambiguities:
        table = Table("ambiguities", ["what is ambiguous", "how it is read here"], 2)
        table.rows = [[" ".join(one.what.split()), " ".join(one.resolved.split())] for one in said.ambiguities]
        yield Grid(table, "assumed")
    else:
        yield Missing("Ambiguities of the protocol and how they were resolved", "narrative.ambiguities")
    readings = readings_table(scenario)
    if readings.rows:
        yield Words("Other readings are tried one at a time; what comes of them is in the section on sensitivity.")
        yield Grid(readings, "assumed")


def readings_table(scenario: Scenario) -> Table:
    """Return each other reading of the protocol: what it sets, and what stands there in this scenario."""
    table = Table("other readings of the protocol", ["reading", "sets", "to", "here it is"], 4)
    for flip in scenario.conduct.sensitivity if scenario.conduct is not None else ():
        for path, value in flip.set.items():
            here = value_at(scenario, path)
            own = "not said" if here is MISSING or here is None else shown(here)
            table.rows.append([flip.name, path, shown(value), own])
    return table
