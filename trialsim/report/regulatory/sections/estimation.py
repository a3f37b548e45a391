"""Estimation: bias, error, coverage and width, over all trials and given how an arm ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.report.explain import joined
from trialsim.report.numbers import percent
from trialsim.report.regulatory.blocks import Grid, Heading, Points, Words
from trialsim.report.regulatory.recorded import exact, simulated
from trialsim.report.regulatory.telling import badge_of
from trialsim.report.table import Table
from trialsim.report.tables import ideal_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.api import Record
    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material

MOST_COLUMNS = 6
"""With more methods, each measure has a table of its own."""
_POINT = {"rate_bias": "bias", "rate_rmse": "RMSE"}
_INTERVAL = {"ci_coverage": "coverage", "ci_half_width_mean": "mean half-width"}
_GIVEN = {None: "all trials", "continue": "it goes on", "stop": "it stops", "all_continue": "all go on"}
_NAMES = {"mle": "observed rate"}


class Column(NamedTuple):
    """A measure by one method."""

    measure: str
    variant: str


class Line(NamedTuple):
    """What a row is about."""

    truth: str
    arm: str
    given: str | None


def blocks(material: Material) -> Iterator[Block]:
    """Yield estimates and intervals of the first plan, and what other methods could be asked for."""
    plan = material.plans[0][0]
    yield Words(_what(material))
    columns = _columns(material, plan, (*_POINT, *_INTERVAL))
    if not columns:
        yield Words("This run holds no measures of estimation.")
        return
    for heading, measures in (("Estimates of the response rate", _POINT), ("Confidence intervals", _INTERVAL)):
        yield Heading(heading)
        yield Points(tuple(_sentences(material, plan, tuple(measures))))
        for title, own in _sheets(measures, [column for column in columns if column.measure in measures]):
            table, used = _table(material, plan, f"{plan}: {title}", own)
            if table.rows:
                yield Grid(table, badge_of(used), _notes(material, measures))
    yield Heading("The precision that the sample size promises")
    yield Grid(ideal_tables(material.result)[0], "exact")
    yield Words(_other_methods(material))


def _what(material: Material) -> str:
    design = material.scenario.design
    words = (
        "An arm that could have stopped early and did not has been selected by its own responses, so its estimate is "
        "shown over all trials and given how the arm ended. Bias is the mean estimate minus the true rate, RMSE the "
        "root of the mean squared difference; coverage is the share of trials whose "
        f"{percent(design.analysis.level)} interval holds the true rate. All as rates from 0 to 1, under ideal conduct."
    )
    if len(design.arms) > 1:
        words += " The true pooled rate is the mean over the patients enrolled."
    others = [name for name, _, _ in material.plans[1:]]
    words += f" Of the plan {material.plans[0][0]}; for {joined(others)} see the appendices." if others else ""
    if material.conducted:
        words += " What conduct does to bias and coverage is in the section on operating characteristics."
    return words


def _columns(material: Material, plan: str, measures: tuple[str, ...]) -> list[Column]:
    """Return the measures with each method that was asked for, in order."""
    own = [r for r in material.records.values() if r.plan == plan and r.truth is not None]
    found = dict.fromkeys(Column(measure, str(r.variant)) for measure in measures for r in own if r.measure == measure)
    return list(found)


def _sheets(measures: dict[str, str], columns: list[Column]) -> Iterator[tuple[str, list[Column]]]:
    """Yield the tables: all columns in one where they fit, or one per measure."""
    if len(columns) <= MOST_COLUMNS // 2:
        yield joined(list(measures.values())), columns
        return
    for measure, words in measures.items():
        own = [column for column in columns if column.measure == measure]
        for part in range(0, len(own), MOST_COLUMNS):
            yield words, own[part : part + MOST_COLUMNS]


def _table(material: Material, plan: str, title: str, columns: list[Column]) -> tuple[Table, list[Record | None]]:
    """Return a table with a line for the exact and one for the simulated value, and the records that it shows."""
    arms = material.scenario.design.arm_names
    has_arms = len(arms) > 1
    words = {**_POINT, **_INTERVAL}
    header = ["truth", "true rate", *(["of"] if has_arms else []), "trials in which", ""]
    header += [f"{words[column.measure]}, {_NAMES.get(column.variant, column.variant)}" for column in columns]
    table, used = Table(title, header, 5 if has_arms else 4), []
    for line in _lines(material):
        found = [_record(material, plan, line, column) for column in columns]
        if all(record is None or (record.exact is None and record.estimate is None) for record in found):
            continue
        used += found
        labels = [line.truth, _rate(material, line), *([line.arm] if has_arms else []), _GIVEN[line.given]]
        cells = []
        if any(record is not None and record.exact is not None for record in found):
            cells.append(["exact", *(exact(record) for record in found)])
        if any(record is not None and record.engine != "exact" for record in found):
            cells.append(["simulated (MCSE)", *(simulated(record) for record in found)])
        table.rows += [[*(labels if first == 0 else [""] * len(labels)), *row] for first, row in enumerate(cells)]
    return table, used


def _lines(material: Material) -> Iterator[Line]:
    arms = material.scenario.design.arm_names
    can_stop = any(key[2] == "p_stop" for key in material.records)
    for truth in material.scenario.truths:
        for arm in arms:
            yield from (Line(truth.name, arm, given) for given in ((None, "continue", "stop") if can_stop else (None,)))
        if len(arms) > 1:
            yield from (
                Line(truth.name, "pooled", given) for given in ((None, "all_continue") if can_stop else (None,))
            )


def _rate(material: Material, line: Line) -> str:
    truth = next(truth for truth in material.scenario.truths if truth.name == line.truth)
    arms = material.scenario.design.arm_names
    rates = dict(zip(arms, truth.rates(arms), strict=True))
    own = rates.values() if line.arm == "pooled" else [rates[line.arm]]
    return " / ".join(dict.fromkeys(map(percent, own)))


def _record(material: Material, plan: str, line: Line, column: Column) -> Record | None:
    key = (plan, line.truth, column.measure, line.arm, None, line.given, None, column.variant)
    return material.records.get(key)


def _sentences(material: Material, plan: str, measures: tuple[str, ...]) -> Iterator[str]:
    """Yield between what the bias (or coverage) of each method lies, over truths and arms, and given going on."""
    what = measures[0]
    for column in _columns(material, plan, (what,)):
        name = _NAMES.get(column.variant, column.variant)
        parts = []
        for given, words in ((None, "over all trials"), ("continue", "given that the arm goes on")):
            lines = [line for line in _lines(material) if line.given == given and line.arm != "pooled"]
            found = [r for line in lines if (r := _record(material, plan, line, column)) is not None]
            if ends := _ends(found, what):
                parts.append(f"{ends} {words}")
        if parts:
            subject = f"The bias of the {name}" if what == "rate_bias" else f"The coverage of the {name} interval"
            yield f"{subject} lies {'; '.join(parts)}."


def _ends(found: list[Record], what: str) -> str:
    """Return the range of records: exact, or simulated with the MCSE of each end."""
    values = [(r.exact, None) if r.exact is not None else (r.estimate, r.mcse) for r in found]
    known = [(value, mcse) for value, mcse in values if value is not None]
    if not known:
        return ""
    ends = [_end(*end, what) for end in (min(known, key=lambda v: v[0]), max(known, key=lambda v: v[0]))]
    return f"at {ends[0]}" if ends[0] == ends[1] else f"between {ends[0]} and {ends[1]}"


def _end(value: float, mcse: float | None, what: str) -> str:
    sign = "+" if what == "rate_bias" and value > 0 else ""
    number = f"{sign}{100 * value:.2f}".replace("+0.00", "0.00").replace("-0.00", "0.00")
    unit = "percentage points" if what == "rate_bias" else "%"
    return f"{number} {unit}" + ("" if mcse is None else f" (MCSE {100 * mcse:.2f})")


def _notes(material: Material, measures: dict[str, str]) -> tuple[str, ...]:
    notes = ["A dash: no trial under this truth ends so, or the method says nothing there."]
    if measures is _INTERVAL and material.scenario.estimators:
        notes.append("Intervals after stopping promise coverage over all trials, not given the decision.")
    return tuple(notes)


def _other_methods(material: Material) -> str:
    """Return which methods were asked for, or what asking would add."""
    asked: list[str] = list(material.scenario.estimators)
    if not asked:
        return (
            "Only the observed rate and intervals that ignore the looks were asked for. `estimators:` in the scenario, "
            "for instance `estimators: [umvue, conditional-umvue, bias-adjusted, median-unbiased, stagewise]`, adds "
            "estimates and intervals made for trials that can stop, with the same measures."
        )
    shown = {key[7] for key in material.records}
    left_out = [name for name in asked if name not in shown]
    words = f"Beside the observed rate, these methods were asked for: {joined(asked)}."
    if left_out:
        words += f" Not computed, for they do not apply to this design: {joined(left_out)}."
    return words
