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

MOST_TRUTHS = 10
"""Of more, the first are shown: this is one page."""

MOST_COLUMNS = 7
"""If the arms need more, the trial stands for them."""

MOST_SENTENCES = 2

MOST_LOOKS = 6
"""Of more, the first and the last are described."""


class Column(NamedTuple):
    """A measure of an arm, of the pooled responses ("pooled"), or of the trial (None)."""

    label: str
    measure: str
    arm: str | None
    look: str | None = None


def blocks(material: Material) -> Iterator[Block]:
    """Yield design, truths, main numbers, verdict and conclusions."""
    scenario = material.scenario
    said = narrative_of(scenario)
    yield from design_in_short(scenario.design)
    others = [sum(design.caps) for _, design, _ in material.plans[1:]]
    kept = [line for line in sentences(material.result) if not _is_of(line, others)]
    if kept:
        yield Points(tuple(kept[:MOST_SENTENCES]))
    table, records = main_table(material)
    if table.rows:
        yield Grid(table, badge_of(records), (_note(material),))
    conducted = as_conducted(material)
    if conducted:
        yield Words(conducted)
    yield Heading("Verification and conclusions")
    yield Words(" ".join(line.strip() for line in verdict(material.result)))
    yield from told(said.conclusions, "The conclusions of the simulation study", "narrative.conclusions")


def _is_of(sentence: str, caps: list[int]) -> bool:
    """Return whether a sentence of the protocol is about a plan of so many patients."""
    return any(sentence.startswith(f"With {cap} patients,") for cap in caps)


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
    columns = _columns(material)
    is_exact, is_simulated = _engines(material)
    header = ["truth", "true rate", "engine", *(column.label for column in columns)]
    table = Table(f"{plan}: main operating characteristics", header, 3)
    used: list[Record] = []
    for truth in material.scenario.truths[:MOST_TRUTHS]:
        keys = [(plan, truth.name, c.measure, c.arm, c.look, None, None, None) for c in columns]
        found = [material.records.get(key) for key in keys]
        rates = " / ".join(dict.fromkeys(map(percent, truth.rates(design.arm_names))))
        lines = [["exact", *(_exact(r) for r in found)]] if is_exact else []
        lines += [["simulated", *(_simulated(r) for r in found)]] if is_simulated else []
        for number, line in enumerate(lines):
            table.rows.append([*((truth.name, rates) if number == 0 else ("", "")), *line])
        used += [record for record in found if record is not None]
    return table, used


def _engines(material: Material) -> tuple[bool, bool]:
    """Return whether any number of ideal conduct is exact, and whether any is simulated."""
    records = [r for r in material.records.values() if r.truth is not None]
    return any(r.exact is not None for r in records), any(r.engine == "montecarlo" for r in records)


def _columns(material: Material) -> list[Column]:
    """Return the measures of the page: early stopping, success, toxicity, patients."""
    plan, design, _ = material.plans[0]
    there = {(key[2], key[3], key[4]) for key in material.records if key[0] == plan and key[5] is None}
    looks = [look for look in design.look_names if any(("p_success", of, look) in there for of in _whom(design))]
    succeeds: list[tuple[str, str, str | None]] = [("p_reject", "rejects", None)]
    if not any(measure == "p_reject" for measure, _, _ in there):
        succeeds = [("p_success", "success", look) for look in looks[-1:]]
    asked = [("pet", "stops early", None), *succeeds, ("p_toxic", "too toxic", None)]
    found = [
        Column(words + _of(arm, design), measure, arm, look)
        for measure, words, look in asked
        for arm in _whom(design)
        if (measure, arm, look) in there
    ]
    if len(found) >= MOST_COLUMNS:
        found = [column for column in found if column.arm not in design.arm_names]
    return [*found, Column("mean N" + _of(None, design), "n_mean", None)]


def _whom(design: Design) -> tuple[str | None, ...]:
    """Return of whom a measure can be: of each arm; of the pooled responses and the trial, if there are several."""
    return design.arm_names if len(design.arms) == 1 else (*design.arm_names, "pooled", None)


def _of(arm: str | None, design: Design) -> str:
    if len(design.arms) == 1:
        return ""
    return {None: ", all arms", "pooled": ", pooled responses"}.get(arm, f", {arm}")


def _exact(record: Record | None) -> str:
    return "–" if record is None or record.exact is None else formatted(record, "exact")


def _simulated(record: Record | None) -> str:
    """Return the estimate with its MCSE in brackets."""
    if record is None or record.engine == "exact":
        return "–"
    digits = 2 if record.measure == "n_mean" else 4
    if record.bound is not None and record.estimate is not None:
        return f"{record.estimate:g} ({formatted_mcse(record)})"
    return with_error(record.estimate, record.mcse, digits)


def _note(material: Material) -> str:
    columns, is_simulated = _columns(material), _engines(material)[1]
    words = "Stops early: before the final look. N: patients enrolled."
    words += "".join(f" Success: at {column.look}." for column in columns if column.measure == "p_success")
    words += " Rejects: the null hypothesis." if any(column.measure == "p_reject" for column in columns) else ""
    if is_simulated:
        words += (
            f" Simulated: {material.scenario.n_sims:,} replicates, seed {material.scenario.seed}; in brackets MCSE, "
        )
        words += "< or > the 95 % limit where the simulation saw none or all, 0 where all were alike."
    n_truths = len(material.scenario.truths)
    left_out = [f"{n_truths - MOST_TRUTHS} further truths"] if n_truths > MOST_TRUTHS else []
    left_out += [f"the plan of {name}" for name, _, _ in material.plans[1:]]
    return words + (f" For {joined(left_out)} see the section on operating characteristics." if left_out else "")


def as_conducted(material: Material) -> str:
    """Return when each look is held as conducted, and how many patients have entered by then, in a sentence."""
    scenario = material.scenario
    if scenario.conduct is None:
        return ""
    match = scenario.conduct.match
    truth = match.truth if match is not None else scenario.truths[-1].name
    plan = (match.plan if match is not None else None) or material.plans[0][0]
    index = {
        (r.measure, r.look): r
        for r in material.result.records
        if r.engine == "calendar" and (r.plan, r.truth, r.arm, r.given, r.variant) == (plan, truth, None, None, None)
    }
    parts = []
    for look in scenario.design.look_names[:MOST_LOOKS]:
        day, entered = index.get(("day_mean", look)), index.get(("enrolled_mean", look))
        if day is not None and entered is not None and day.estimate is not None:
            parts.append(f"{look} is held on day {_mean(day)}, when {_mean(entered)} patients have entered")
    if not parts:
        return ""
    return f"As conducted ({plan}, truth {truth}; means, in brackets MCSE), {joined(parts)}."


def _mean(record: Record) -> str:
    return with_error(record.estimate, record.mcse, calendar_digits(record.measure))
