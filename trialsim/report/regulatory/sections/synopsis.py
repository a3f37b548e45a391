"""The study on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.report.calendar_tables import calendar_digits, with_error
from trialsim.report.explain import joined, paragraph
from trialsim.report.numbers import formatted, formatted_mcse, percent
from trialsim.report.protocol import sentences
from trialsim.report.regulatory.blocks import Grid, Heading, Points, Words
from trialsim.report.regulatory.telling import badge_of, narrative_of, told
from trialsim.report.render import verdict
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.api import Record
    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material
    from trialsim.spec.design import Design

MOST_TRUTHS = 8
"""Of more, the first are shown: this is one page."""

MOST_LOOKS = 6
"""Of more, the first and the last are described."""


class Column(NamedTuple):
    """A measure of the page."""

    label: str
    measure: str
    look: str | None = None


def blocks(material: Material) -> Iterator[Block]:
    """Yield design, truths, main numbers, verdict and conclusions."""
    scenario = material.scenario
    said = narrative_of(scenario)
    yield Heading("Design")
    yield from design_in_short(scenario.design)
    yield Points(tuple(sentences(material.result)))
    yield Heading("Main operating characteristics")
    yield Words(_setting(material))
    table, records = main_table(material)
    if table.rows:
        yield Grid(table, badge_of(records), tuple(_notes(material)))
    conducted = tuple(as_conducted(material))
    if conducted:
        yield Points(conducted)
    yield Heading("Verification")
    yield Words(" ".join(line.strip() for line in verdict(material.result)))
    yield Heading("Conclusions")
    yield from told(said.conclusions, "The conclusions of the simulation study", "narrative.conclusions")


def design_in_short(design: Design) -> Iterator[Words]:
    """Yield the design as a paragraph; of many looks, the first and the last."""
    if len(design.looks) <= MOST_LOOKS:
        yield Words(paragraph(design))
        return
    yield Words(paragraph(design.model_copy(update={"looks": (design.looks[0], design.looks[-1])})))
    yield Words(f"Between these two there are {len(design.looks) - 2} further looks; see the section on the design.")


def main_table(material: Material) -> tuple[Table, list[Record]]:
    """Return the main measures of the first plan under each truth, exact and simulated, and the records shown."""
    plan, design, _ = material.plans[0]
    columns = _columns(material, plan)
    is_exact, is_simulated = _engines(material)
    header = ["truth", "true rate", "of"]
    for column in columns:
        header += [f"{column.label}: exact"] if is_exact else []
        header += [f"{column.label}: simulated (MCSE)"] if is_simulated else []
    table = Table(f"{plan}: main operating characteristics", header, 3)
    used: list[Record] = []
    arms = design.arm_names
    for truth in material.scenario.truths[:MOST_TRUTHS]:
        rates = dict(zip(arms, truth.rates(arms), strict=True))
        for arm in arms if len(arms) == 1 else (*arms, None):
            found = [_record(material, plan, truth.name, arm, column) for column in columns]
            rate = percent(rates[arm]) if arm is not None else " / ".join(dict.fromkeys(map(percent, rates.values())))
            row = [truth.name, rate, arm or "all arms"]
            for record in found:
                row += [formatted(record, "exact") if record is None or record.exact is not None else "–"] * is_exact
                row += [_simulated(record)] * is_simulated
            table.rows.append(row)
            used += [record for record in found if record is not None]
    return table, used


def _engines(material: Material) -> tuple[bool, bool]:
    """Return whether any number of ideal conduct is exact, and whether any is simulated."""
    records = [r for r in material.records.values() if r.truth is not None]
    return any(r.exact is not None for r in records), any(r.engine == "montecarlo" for r in records)


def _columns(material: Material, plan: str) -> list[Column]:
    """Return the measures of the page: early stopping, success, toxicity, patients."""
    own = [key for key in material.records if key[0] == plan and key[5] is None]
    measures = {(key[2], key[4]) for key in own}
    found = [Column("stops early", "pet")]
    if ("p_reject", None) in measures:
        found.append(Column("null rejected", "p_reject"))
    else:
        looks = [look for look in material.scenario.design.look_names if ("p_success", look) in measures]
        found += [Column(f"success at {look}", "p_success", look) for look in looks[-1:]]
    if ("p_toxic", None) in measures:
        found.append(Column("too toxic", "p_toxic"))
    return [*found, Column("mean N", "n_mean")]


def _record(material: Material, plan: str, truth: str, arm: str | None, column: Column) -> Record | None:
    """Return the record of an arm, or of all arms: of the trial, or of their pooled responses."""
    for of in (arm,) if arm is not None else (None, "pooled"):
        record = material.records.get((plan, truth, column.measure, of, column.look, None, None, None))
        if record is not None:
            return record
    return None


def _simulated(record: Record | None) -> str:
    if record is None or record.engine == "exact":
        return "" if record is None else "–"
    return f"{formatted(record, 'estimate')} ({formatted_mcse(record)})"


def _setting(material: Material) -> str:
    """Return under how many truths and with how many replicates the numbers were found."""
    scenario, (is_exact, is_simulated) = material.scenario, _engines(material)
    words = (
        f"{len(scenario.truths)} truth{'s' if len(scenario.truths) > 1 else ''} (why these: see the section on truths)"
    )
    ways = ["exactly"] if is_exact else []
    ways += [f"by simulation ({scenario.n_sims:,} replicates, seed {scenario.seed})"] if is_simulated else []
    return f"The design was tried under {words}, {joined(ways)}."


def _notes(material: Material) -> Iterator[str]:
    yield "Stops early: before the final look. N: patients enrolled."
    n_truths = len(material.scenario.truths)
    if n_truths > MOST_TRUTHS:
        yield f"The first {MOST_TRUTHS} of {n_truths} truths; the section on operating characteristics has the others."
    others = [name for name, _, _ in material.plans[1:]]
    if others:
        yield f"For the plan of {joined(others)} see the section on operating characteristics."
    if len(material.scenario.design.arms) > 1:
        yield "All arms: every arm stops early; success is that of the pooled responses, if the design has it."


def as_conducted(material: Material) -> Iterator[str]:
    """Yield a sentence per look: when it is held as conducted, and how many patients have entered by then."""
    scenario = material.scenario
    if scenario.conduct is None:
        return
    match = scenario.conduct.match
    truth = match.truth if match is not None else scenario.truths[-1].name
    plan = (match.plan if match is not None else None) or material.plans[0][0]
    index = {
        (r.measure, r.look): r
        for r in material.result.records
        if r.engine == "calendar" and (r.plan, r.truth, r.arm, r.given, r.variant) == (plan, truth, None, None, None)
    }
    for look in scenario.design.look_names:
        day, entered = index.get(("day_mean", look)), index.get(("enrolled_mean", look))
        if day is not None and entered is not None and day.estimate is not None:
            yield (
                f"As conducted ({plan}, truth {truth}), {look} is held on day {_mean(day)} on average, when "
                f"{_mean(entered)} patients have entered (in brackets MCSE)."
            )


def _mean(record: Record) -> str:
    return with_error(record.estimate, record.mcse, calendar_digits(record.measure))
