"""Operating characteristics: decisions, patients, errors over the null region, power, curves, and the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.curves import joint
from trialsim.engines.exact import why_not
from trialsim.errors import InputError
from trialsim.proof.power import powers
from trialsim.proof.simulated import simulate_null_region
from trialsim.report.calendar_tables import conduct_tables, missed_notes
from trialsim.report.error_rates import (
    beyond_the_bound,
    certificates,
    error_sentences,
    error_table,
    power_table,
    simulated_table,
    what_happens,
)
from trialsim.report.explain import joined
from trialsim.report.numbers import percent
from trialsim.report.plots.joint_map import joint_map
from trialsim.report.plots.null_region import null_region
from trialsim.report.plots.operating_curves import operating_curves
from trialsim.report.plots.sample_size import expected_size
from trialsim.report.regulatory.blocks import Grid, Heading, Missing, Picture, Points, Words
from trialsim.report.regulatory.telling import badge_of
from trialsim.report.tables import ideal_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.proof.null_region import NullRegion, Statement
    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material
    from trialsim.report.table import Table
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.design import Design

TILES = (
    "By simulation too: the region is cut into tiles, the error is simulated in the middle of each, and the upper "
    "Clopper-Pearson limit carried to the whole tile by the tilt bound (Yang, Thompson and Sklar, arXiv:2212.10042). "
    "Each limit holds with the confidence shown; so, wherever the worst rates lie, the largest error is below the "
    "largest bound with that confidence. Other arms respond at any rate that the conduct allows."
)
_DECISIONS = ("decisions and patients", "which arms go on", "toxicity", "success criteria")


def blocks(material: Material) -> Iterator[Block]:
    """Yield the operating characteristics."""
    yield Heading("Decisions and number of patients")
    yield Words(_how(material))
    yield from _ideal(material)
    yield Heading("Error rates over the null region")
    yield from _errors(material)
    yield Heading("Power at the target rate")
    yield from _powers(material)
    yield Heading("Over all true rates")
    yield from _curves(material)
    yield Heading("On the calendar")
    yield from _calendar(material)


def _how(material: Material) -> str:
    scenario = material.scenario
    words = "Under ideal conduct: every response is known at once, and nobody is enrolled while a decision is pending."
    if len(scenario.design.arms) > 1:
        words += " Per arm, and (as trial or pooled) of all arms together."
    if material.result.agreement is not None:
        words += " Each exact value stands above the simulated one, its Monte Carlo standard error (MCSE) and z."
    elif material.result.why_not is not None:
        words += f" Not everything could be solved exactly: {material.result.why_not}"
    return words


def _ideal(material: Material) -> Iterator[Grid]:
    """Yield the tables of decisions and patients, of every plan."""
    for table in ideal_tables(material.result):
        plan = _plan_of(material, table)
        if plan is not None and table.title.endswith(tuple(f": {name}" for name in _DECISIONS)):
            yield Grid(table, badge_of(r for r in material.records.values() if r.plan == plan and r.truth is not None))


def _plan_of(material: Material, table: Table) -> str | None:
    """Return the plan that a table is of; of names that begin alike, the longest."""
    names = [name for name, _, _ in material.plans if table.title.startswith(f"{name}: ")]
    return max(names, key=len, default=None)


def _errors(material: Material) -> Iterator[Block]:
    design = material.scenario.design
    if design.hypotheses is None and not design.watches_toxicity:
        yield Missing("The null rate, over whose region the error rates would be bounded", "design.hypotheses")
        return
    yield Words(_region(design))
    for name, own, plan in material.plans:
        region = material.null_regions[name]
        if region.statements:
            yield Points(tuple(f"{name}: {sentence}" for sentence in error_sentences(own, region)))
            title = f"{name}: the largest error rates over the null region"
            yield Grid(error_table(title, own, region), "exact", certificates(region))
        for reason in region.declined:
            yield Words(f"{name}: not proved, {reason}. {_on_request(material, own)}".rstrip())
        if name == material.plans[0][0]:
            worst = _to_draw(region)
            if worst is not None:
                yield Picture(null_region(own, plan, worst, what_happens(own, worst.event)), "exact")
    if material.null_sims:
        yield from _simulated(material)


def _simulated(material: Material) -> Iterator[Block]:
    """Yield bounds by simulation: on the calendar of the first plan, and on paper of plans that are not solved."""
    yield Words(TILES)
    for number, (name, design, plan) in enumerate(material.plans):
        calendar = material.scenario.conduct
        conducts: list[Conduct | None] = [None] if why_not(plan) is not None or calendar is None else []
        conducts += [calendar] if number == 0 and calendar is not None else []
        for conduct in conducts:
            how = "under ideal conduct" if conduct is None else "as conducted"
            try:
                found = simulate_null_region(design, conduct, n_sims=material.null_sims, seed=material.scenario.seed)
            except InputError as error:
                yield Words(f"{name}, {how}: not simulated. {error}")
                continue
            title = f"{name}: bounds of the error rates by simulation, {how}"
            yield Grid(simulated_table(title, design, material.null_regions[name], found), "simulated")


def _region(design: Design) -> str:
    """Return which rates the null region holds, and which errors are looked at there."""
    words = []
    if design.hypotheses is not None:
        words.append(f"a response rate of at most {percent(design.hypotheses.null_rate)}")
    if design.toxicity is not None and design.watches_toxicity:
        words.append(f"a toxicity rate of at least {percent(design.toxicity.null_rate)}")
    found = (
        f"The null hypothesis of an arm is {' or '.join(words)}. An error rate is not a property of one truth: it is "
        "the largest probability of the error over all true rates for which the null hypothesis is true, under ideal "
        "conduct."
    )
    if len(design.arms) > 1:
        found += (
            " With several arms that means all of them, or some while the others respond at any rate; the error is "
            "then that it happens to at least one arm whose null hypothesis is true (the family-wise error rate). A "
            "criterion of all arms pooled is in error only where the null hypotheses of all arms are true."
        )
    return found


def _on_request(material: Material, design: Design) -> str:
    if material.null_sims or design.hypotheses is None or design.watches_toxicity:
        return ""
    return (
        "With --null-sims N the error is simulated on tiles of the region and bounded by Clopper-Pearson limits and "
        "the tilt bound (docs/null-region.md)."
    )


def _to_draw(region: NullRegion) -> Statement | None:
    """Return the statement to draw: of the first error, that in which the null hypotheses of most arms are true."""
    first = [found for found in region.statements if found.event.kind == region.statements[0].event.kind]
    return max(first, key=lambda found: len(found.arms), default=None)


def _powers(material: Material) -> Iterator[Block]:
    design = material.scenario.design
    if design.hypotheses is None:
        yield Missing("The target rate at which the design should have power", "design.hypotheses")
        return
    for name, own, plan in material.plans:
        found = powers(own, plan)
        if found:
            target = percent(design.hypotheses.target_rate)
            title = f"{name}: power with every arm at {target}" if len(own.arms) > 1 else f"{name}: power at {target}"
            yield Grid(power_table(title, own, found), "exact")
        else:
            reason = why_not(plan) or "a path does not say which arm was accepted."
            yield Words(f"{name}: no power is computed beside the truths above: {reason}")


def _curves(material: Material) -> Iterator[Block]:
    name, design, plan = material.plans[0]
    reason = why_not(plan)
    if reason is not None:
        yield Words(f"No curves: {reason}")
        return
    if len(material.plans) > 1:
        others = joined([other for other, _, _ in material.plans[1:]])
        yield Words(f"Of the plan {name}; for {others} see the tables above.")
    yield Picture(operating_curves(material.curves), "exact")
    yield Picture(expected_size(material.curves), "exact")
    both = None if design.watches_toxicity else joint(design)
    if both is not None:
        yield Picture(joint_map(both), "exact")


def _calendar(material: Material) -> Iterator[Block]:
    if not material.conducted:
        conduct = material.scenario.conduct
        why = "the scenario has no conduct" if conduct is None else "nothing was simulated on the calendar in this run"
        yield Words(f"Days, enrolment during decisions and overrun are not known: {why}.")
        return
    assert material.scenario.conduct is not None  # what was conducted has a conduct
    yield Words(
        f"As conducted, from {material.scenario.conduct.n_sims:,} simulated trials for each plan and truth: what "
        "conduct costs against the ideal, when looks are held, and how many patients have entered who are not counted "
        "(overrun) or whose outcome is not yet known (pipeline)."
    )
    for name, _, _ in material.plans:
        records = [record for record in material.conducted.values() if record.plan == name]
        for number, table in enumerate(conduct_tables(material.result, name, records)):
            if table.rows:  # the first is the one with ideal values
                yield Grid(table, badge_of(records) if number == 0 else "simulated")
    worse = tuple(_worse_than_proved(material))
    if worse:
        yield Words(
            "Error rates are bounded under ideal conduct only. As conducted, these are larger than their bounds:"
        )
        yield Points(worse)
    missed = missed_notes(material.result)
    if missed:
        yield Points(tuple(missed))


def _worse_than_proved(material: Material) -> Iterator[str]:
    for name, design, _ in material.plans:
        for truth in material.scenario.truths:
            own = {
                (r.measure, r.arm, r.look): r
                for r in material.conducted.values()
                if (r.plan, r.truth, r.given, r.value, r.variant) == (name, truth.name, None, None, None)
            }
            yield from (f"{name}: {line}" for line in beyond_the_bound(design, material.null_regions[name], own, truth))
