"""How the numbers were computed, how precise the simulation is, and how to run it again."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from trialsim.report.explain import joined
from trialsim.report.numbers import formatted_mcse
from trialsim.report.regulatory.blocks import Grid, Heading, Listing, Points, Words
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.api import Record
    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material

_ENGINES = {"montecarlo": "ideal conduct", "calendar": "calendar conduct"}


def blocks(material: Material) -> Iterator[Block]:
    """Yield the implementation."""
    yield Heading("Exact values")
    yield from _exact(material)
    yield Heading("Simulation")
    yield from _simulation(material)
    yield Heading("Random numbers")
    yield from _random_numbers(material)
    yield Heading("Running it again")
    yield from _again(material)


def _exact(material: Material) -> Iterator[Block]:
    sizes = [f"{len(plan.nodes.look):,} for {name}" for name, _, plan in material.plans]
    yield Words(
        "Every rule is turned into numbers of responses before anything is run: a table that says, for each look as it "
        "can be reached, from which count on an arm stops, goes on or succeeds. The looks that can be reached form a "
        f"tree (nodes: {joined(sizes)}). The exact engine carries the joint probabilities of the arms' numbers of "
        "responses through that tree, adding the binomial responses of each stage and deciding at each node. Its "
        "values are sums of such probabilities; nothing is drawn, and the only error is that of double precision."
    )
    if material.result.why_not is not None:
        yield Words(f"Not everything could be solved: {material.result.why_not}")


def _simulation(material: Material) -> Iterator[Block]:
    scenario, engine = material.scenario, material.result.engine
    if engine == "exact":
        yield Words("Nothing was simulated: all values in this report are exact.")
        return
    yield Words(
        "The simulator draws the responses of each stage, compares them with the same table, and counts what happens. "
        "What both engines give is compared, measure by measure, in the section on verification."
    )
    rows = [_precision(material, "montecarlo", scenario.n_sims)]
    if scenario.conduct is not None:
        rows.append(_precision(material, "calendar", scenario.conduct.n_sims))
        yield Words(
            "Under calendar conduct each trial is simulated patient by patient: enrolment, visits, confirmation, "
            "progression, withdrawal and death, and every look sees what was known on its day."
        )
    header = ["simulated under", "replicates per plan and truth", "MCSE at a proportion of 50 %", "largest MCSE", "of"]
    notes = (
        "MCSE at 50 %: the square root of 0.25 / replicates; no proportion over all replicates can have a larger one.",
        "Largest MCSE: of all probabilities over all replicates in this report, as estimated from the simulation.",
    )
    yield Grid(Table("Replicates and the precision they give", header, 1, rows), "simulated", notes)
    yield Words(_why_so_many(material))


def _precision(material: Material, engine: str, n_sims: int) -> list[str]:
    worst = max(
        (r for r in material.result.records if r.engine == engine and _is_probability(r)),
        key=lambda record: record.mcse or 0.0,
        default=None,
    )
    words = [f"{n_sims:,}", f"{sqrt(0.25 / n_sims):.6f}", formatted_mcse(worst), _named(worst)]
    return [_ENGINES[engine], *words]


def _is_probability(record: Record) -> bool:
    """Return whether a record is a share of all replicates."""
    return (record.measure.startswith("p_") or record.measure == "pet") and record.given is None and bool(record.mcse)


def _named(record: Record | None) -> str:
    if record is None:
        return ""
    parts = [record.measure, record.arm, record.look, record.truth, record.plan]
    return ", ".join(part for part in parts if part)


def _why_so_many(material: Material) -> str:
    target = material.target
    if target is None:
        return (
            "No target for the standard error fixed these numbers; they are those of the scenario. "
            "(report --target-mcse 0.001 would simulate until the MCSE of every probability is at most 0.001.)"
        )
    wanted = [f"at most {target.every:g} for every probability"] if target.every is not None else []
    wanted += [f"at most {value:g} for {name}" for name, value in target.of_measure]
    return (
        f"The numbers of replicates were fixed by the MCSE that was asked for: {joined(wanted)}, with no more than "
        f"{target.max_sims:,} replicates."
    )


def _random_numbers(material: Material) -> Iterator[Block]:
    facts = material.result.provenance
    if material.result.engine == "exact":
        yield Words("None were used.")
        return
    stream = facts["stream"] or "as the version that made the result has it"
    yield Words(
        f"The generator is Threefry-2x64 with 13 rounds, a counter-based generator of the Random123 family (Salmon et "
        f"al., Parallel random numbers: as easy as 1, 2, 3, SC11); stream {stream}, seed {facts['seed']}."
    )
    yield Points(
        (
            "A random number has an address: seed, replicate, purpose and place within the replicate give one number, "
            "and nothing else does. There is no state to be kept, and no stream that parallel workers could share.",
            "Threads, the size of blocks and the order of work change no bit; the first 10,000 replicates of a million "
            "are the same as those of a run of 10,000.",
            "Any single replicate can be told again from its number (replay), patient by patient.",
            "Designs that share a stage see the same patients in it.",
        )
    )


def _again(material: Material) -> Iterator[Block]:
    yield Words("This report was made by:")
    yield Listing(material.command)
    yield Words(
        "The HTML file of this report carries its scenario, with everything that was changed on the command line. "
        "With it, and with the same version of trialsim, these commands repeat the result to the last digit:"
    )
    engine = "" if material.result.engine == "auto" else f" --engine {material.result.engine}"
    yield Listing(
        "python -m trialsim check report.html\n"
        f"python -m trialsim run report.html{engine} --format json --out result.json\n"
        "python -m trialsim report report.html --out again.html"
    )
    yield Words(f"The id that they show is that of the scenario: {material.scenario.id}.")
