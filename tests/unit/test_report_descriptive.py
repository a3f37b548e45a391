"""What the report says of aims, design, model, truths and limitations, and its synopsis."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import comb
from typing import Any

import pytest

import trialsim
from tests.amount import few
from trialsim.compile import compile_design
from trialsim.report.boundaries import boundaries
from trialsim.report.plots.flow import MOST_LOOKS, flow, flow_plot
from trialsim.report.regulatory.blocks import Document, Grid, Heading, Missing, Picture, Points, Section, Words
from trialsim.report.regulatory.contents import SECTIONS
from trialsim.report.regulatory.html import as_html
from trialsim.report.regulatory.material import Material
from trialsim.report.regulatory.sections import aims, design, limitations, model, synopsis, truths
from trialsim.report.regulatory.sources import LONGEST, NO_SOURCE, Entry, entries, source_of
from trialsim.report.regulatory.telling import badge_of, paragraphs, told
from trialsim.report.table import Table
from trialsim.spec.design import Design
from trialsim.spec.paths import value_at
from trialsim.spec.shipped import shipped_names

OURS = {
    "synopsis": synopsis.blocks,
    "aims": aims.blocks,
    "design": design.blocks,
    "model": model.blocks,
    "truths": truths.blocks,
    "limitations": limitations.blocks,
}
FEW = ["n_sims=1000", "conduct.n_sims=50"]
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def material_of(name: str, *overrides: str, engine: Any = "auto") -> Material:
    return Material(trialsim.run(trialsim.load_scenario(name, list(overrides)), engine), "command", "2026-11-22")


@pytest.fixture(scope="module")
def gist() -> Material:
    return material_of("gist", *FEW)


@pytest.fixture(scope="module")
def simon() -> Material:
    return material_of("simon-20-40", "n_sims=2000")


def of(kind: type, blocks: Iterator[Any]) -> list[Any]:
    return [block for block in blocks if isinstance(block, kind)]


def tables(blocks: Iterator[Any]) -> dict[str, Table]:
    return {block.table.title: block.table for block in of(Grid, blocks)}


def text_of(blocks: Iterator[Any]) -> str:
    return "\n".join(
        b.text if isinstance(b, Words) else "\n".join(b.items) for b in blocks if isinstance(b, Words | Points)
    )


# Every section on every scenario and design


def test_ours_are_in_the_contents_in_order() -> None:
    ids = [entry.id for entry in SECTIONS if entry.id in OURS]
    assert ids == list(OURS)
    assert {entry.id: entry.blocks for entry in SECTIONS if entry.id in OURS} == OURS


@pytest.mark.parametrize("name", few([*shipped_names("scenarios"), *shipped_names("designs")], 12))
def test_every_shipped_scenario_and_design_has_them(name: str) -> None:
    scenario = trialsim.load_scenario(name).model_copy(update={"vary": None})
    scenario = scenario.model_copy(update={"truths": scenario.truths[:2]})
    material = Material(trialsim.run(scenario, "exact"), "command", "2026-11-22")
    for section, blocks in OURS.items():
        found = list(blocks(material))
        assert found, section
        for block in found:
            if isinstance(block, Grid):
                assert block.badge, block.table.title
                assert block.table.rows, block.table.title
                assert {len(row) for row in block.table.rows} == {len(block.table.header)}, block.table.title
            if isinstance(block, Picture):
                assert block.figure.layout.meta["title"]


def test_what_nobody_wrote_is_missing_and_named() -> None:
    material = material_of("simon-1989-20-40", "n_sims=200")
    missing = {block.place for blocks in OURS.values() for block in of(Missing, blocks(material))}
    assert missing >= {
        *("narrative.aims", "narrative.decision", "narrative.estimand", "narrative.intercurrent_events"),
        *("narrative.analysis_sets", "narrative.ambiguities", "narrative.truths", "narrative.limitations"),
        *("narrative.conclusions", "conduct", "truths.null rate.notes", "truths.target rate.notes"),
    }


def test_the_founding_case_misses_nothing(gist: Material) -> None:
    assert [block for blocks in OURS.values() for block in of(Missing, blocks(gist))] == []


# Synopsis


def at_most(most: int, n: int, rate: float) -> float:
    return sum(comb(n, x) * rate**x * (1 - rate) ** (n - x) for x in range(most + 1))


def lines_of(table: Table, engine: str) -> dict[str, list[str]]:
    """The numbers of an engine by truth, which stands in the first of its lines."""
    truth, found = "", {}
    for row in table.rows:
        truth = row[0] or truth
        if row[2] == engine:
            found[truth] = row[3:]
    return found


def test_the_exact_numbers_of_the_page_by_enumeration(gist: Material, simon: Material) -> None:
    table, _ = synopsis.main_table(gist)
    both = "stops early, all arms", "success, pooled responses", "mean N, all arms"
    assert table.header[3:] == ["stops early, 400 mg", "stops early, 600 mg", *both]
    exact = lines_of(table, "exact")
    stops = {rate: at_most(2, 18, rate) for rate in (0.05, 0.1, 0.2, 0.3)}
    for truth, low, high in (("inactive", 0.05, 0.05), ("weak", 0.1, 0.1), ("modest", 0.2, 0.2), ("mixed", 0.05, 0.3)):
        one, two = stops[low], stops[high]
        n_mean = 18 * (one + two) + 73 * (1 - one) + 74 * (1 - two)
        wanted = [f"{one:.6f}", f"{two:.6f}", f"{one * two:.6f}", f"{n_mean:.4f}"]
        assert exact[truth][:3] + exact[truth][4:] == wanted
    table, _ = synopsis.main_table(simon)
    assert table.header[3:] == ["stops early", "rejects", "mean N"]
    first, n_first, last, n = 3, 17, 10, 37
    rates = {truth.name: truth.response_rate for truth in simon.scenario.truths}
    for truth, numbers in lines_of(table, "exact").items():
        rate = rates[truth]
        assert isinstance(rate, float)
        stop, second = at_most(first, n_first, rate), n - n_first
        reject = sum(
            comb(n_first, x) * rate**x * (1 - rate) ** (n_first - x) * (1 - at_most(last - x, second, rate))
            for x in range(first + 1, n_first + 1)
        )
        assert numbers == [f"{stop:.6f}", f"{reject:.6f}", f"{n_first * stop + n * (1 - stop):.4f}"]


def test_the_simulated_numbers_of_the_page_are_the_records(gist: Material) -> None:
    table, used = synopsis.main_table(gist)
    shown = [cell for numbers in lines_of(table, "simulated").values() for cell in numbers]
    assert len(shown) == len(used) == 7 * 5
    for cell, record in zip(shown, used, strict=True):
        digits = 2 if record.measure == "n_mean" else 4
        assert record.engine == "montecarlo"
        assert record.estimate is not None
        assert record.mcse is not None
        if record.bound is not None:
            limit = f"< {record.bound:.2g}" if record.estimate == 0 else f"> {record.bound:.4f}"
            assert cell == f"{record.estimate:g} ({limit})"
        elif record.mcse == 0:
            assert cell == f"{record.estimate:.{digits}f} (0)"
        elif record.mcse >= 0.5 * 10**-digits:
            assert cell == f"{record.estimate:.{digits}f} ({record.mcse:.{digits}f})"
    assert badge_of(used) == "exact and simulated"


def test_one_engine_alone_has_one_column_and_its_badge() -> None:
    for engine, badge in (("exact", "exact"), ("montecarlo", "simulated")):
        material = material_of("simon-1989-20-40", "n_sims=300", engine=engine)
        (grid,) = of(Grid, synopsis.blocks(material))
        assert grid.badge == badge
        assert {row[2] for row in grid.table.rows} == {badge}
        assert all("(" in cell for row in grid.table.rows for cell in row[3:]) == (engine == "montecarlo")
        assert ("300 replicates, seed 1" in grid.notes[0]) == (engine == "montecarlo")


def test_the_page_says_when_looks_are_held_as_conducted(gist: Material) -> None:
    sentence = synopsis.as_conducted(gist)
    records = [r for r in gist.result.records if r.engine == "calendar" and r.truth == "calibrated" and r.given is None]
    for look in ("proof-of-concept", "interim"):
        own = {r.measure: r for r in records if r.look == look and r.plan == "147 patients" and r.arm is None}
        day, entered = own["day_mean"], own["enrolled_mean"]
        assert f"{look} is held on day {day.estimate:.1f} ({day.mcse:.1f}), when {entered.estimate:.1f} (" in sentence
    assert synopsis.as_conducted(material_of("simon-20-40", engine="exact")) == ""


def test_the_page_ends_with_verdict_and_conclusions(gist: Material) -> None:
    words = text_of(synopsis.blocks(gist))
    assert "The engines agree." in words
    assert words.index("The engines agree.") < words.index("The rule keeps both probabilities")


def test_many_looks_and_truths_stay_on_the_page() -> None:
    material = material_of("toxicity-10-30-continuous", "n_sims=200", engine="exact")
    assert len(material.scenario.design.looks) > 12
    words = text_of(synopsis.blocks(material))
    assert "further looks; see the section on the design" in words
    assert len(words) < 4000
    many = [f"{{name: t{index}, response_rate: 0.{index}}}" for index in range(10, 30)]
    material = material_of("simon-1989-20-40", f"truths=[{', '.join(many)}]", engine="exact")
    (grid,) = of(Grid, synopsis.blocks(material))
    assert len(grid.table.rows) == synopsis.MOST_TRUTHS
    assert "For 10 further truths see" in grid.notes[0]


def test_many_arms_are_stood_for_by_the_trial() -> None:
    arms = ", ".join(f"{{name: arm {letter}}}" for letter in "ABCDEFG")
    rule = "{at: {per_arm: 10}, name: l, continue_if: {rule: {kind: responses, at_least: 2}}}"
    changes = [f"design.arms=[{arms}]", f"design.looks=[{rule}, {{at: full_enrolment, name: end}}]"]
    truths_now = "truths=[{name: low, response_rate: 0.05}]"
    material = material_of(
        "gist",
        *changes,
        "design.enrolment.cap=140",
        "design.hypotheses=null",
        "plans=[]",
        "conduct=null",
        truths_now,
        "design.published=[]",
        "design.allocation.block_size=7",
        engine="exact",
    )
    table, _ = synopsis.main_table(material)
    assert table.header[3:] == ["stops early, all arms", "mean N, all arms"]
    stop = at_most(1, 10, 0.05)
    assert table.rows[0][3:] == [f"{stop**7:.6f}", f"{7 * (10 * stop + 20 * (1 - stop)):.4f}"]


# Aims


def test_aims_are_paragraphs_and_the_question_follows(gist: Material) -> None:
    found = list(aims.blocks(gist))
    assert [block.text for block in of(Heading, iter(found))][:2] == ["Aims", "The decision that the study supports"]
    assert sum(isinstance(block, Words) for block in found) == 4
    assert "7 assumed truths" in text_of(iter(found[-1:]))


def test_paragraphs() -> None:
    assert list(paragraphs("a\nb\n\n c \n\n\n")) == [Words("a b"), Words("c")]
    assert list(told("  ", "What", "narrative.x")) == [Missing("What", "narrative.x")]


# Design


def test_the_design_has_its_decision_tables_and_pictures(gist: Material) -> None:
    found = list(design.blocks(gist))
    shown = tables(iter(found))
    assert shown["decision table, 147 patients (while no arm has stopped)"].rows[0] == [
        *("proof-of-concept", "400 mg", "18", "2 (11.1 %)", "–")
    ]
    titles = [block.figure.layout.meta["title"] for block in of(Picture, iter(found))]
    assert titles[0] == "Flow of the design, 147 patients"
    assert len(titles) == 3
    assert [row[3:] for row in shown["arms"].rows] == [["73", "100"], ["74", "100"]]
    assert "Fall of at least 50 %" in text_of(iter(found))
    assert [row[1] for row in shown["intercurrent events"].rows] == ["composite", "composite", "while on treatment"]


def test_every_reading_is_listed_with_what_stands_here(gist: Material) -> None:
    rows = design.readings_table(gist.scenario).rows
    assert gist.scenario.conduct is not None
    flips = [(flip.name, path) for flip in gist.scenario.conduct.sensitivity for path in flip.set]
    assert [(row[0], row[1]) for row in rows] == flips
    assert all(row[2] != row[3] for row in rows)
    by_name = {row[0]: row[2:] for row in rows}
    assert by_name["gate 91 days after the 36th entry"] == ["after_days: 91", "when_decided"]


def test_estimand_attributes_that_nobody_gave_are_missing() -> None:
    material = material_of("simon-1989-20-40", "narrative.estimand.variable=response", engine="exact")
    found = list(design.blocks(material))
    assert "Variable: response" in text_of(iter(found))
    places = {block.place for block in of(Missing, iter(found))}
    assert {f"narrative.estimand.{name}" for name in ("treatment", "population", "summary")} <= places
    assert not {"narrative.estimand", "narrative.estimand.variable"} & places


def test_two_endpoints_are_described() -> None:
    words = text_of(design.blocks(material_of("bryant-day-1995", engine="exact")))
    assert "The second endpoint is toxicity" in words
    assert "is unacceptable" in words


def of_design(name: str) -> tuple[Design, list[Any]]:
    found = trialsim.load_design(name)
    return found, list(boundaries(found, compile_design(found)))


def test_the_flow_of_the_founding_case() -> None:
    steps = list(flow(*of_design("gist-imatinib")))
    assert [step.title for step in steps] == ["Enrolment", "proof-of-concept", "interim", "final"]
    assert [[words for words, _ in step.exits] for step in steps] == [
        [],
        ["each arm: stops with 2 or fewer of 18"],
        [],
        [],
    ]
    assert steps[2].lines[-1] == "all arms together: success with 29 or more of 100"


@pytest.mark.parametrize(
    ("name", "exits", "last"),
    [
        ("simon-1989-20-40", ["stops with 3 or fewer of 17"], "success with 11 or more of 37"),
        (
            "mander-2010-10-40-efficacy",
            ["stops with 1 or fewer of 7", "succeeds with 3 or more of 7"],
            "success with 4 or more of 15",
        ),
        (
            "bryant-day-1995",
            ["stops with 5 or fewer of 19", "too toxic with 8 or more of 19"],
            "too toxic with 11 or more of 33",
        ),
    ],
)
def test_who_leaves_where(name: str, exits: list[str], last: str) -> None:
    steps = list(flow(*of_design(name)))
    assert [words for words, _ in steps[1].exits] == exits
    assert steps[-1].lines[-1] == last


def test_many_looks_are_drawn_in_part_and_counted() -> None:
    found, limits = of_design("toxicity-10-30-continuous")
    steps = list(flow(found, limits))
    assert len(steps) == MOST_LOOKS + 2
    hidden = next(step.title for step in steps if "further looks" in step.title)
    assert hidden == f"{len(found.looks) - MOST_LOOKS} further looks"


def test_rules_that_do_not_bind_may_stop() -> None:
    found, limits = of_design("simon-1989-20-40")
    look = found.looks[0]
    assert look.continue_if is not None
    soft = look.model_copy(update={"continue_if": look.continue_if.model_copy(update={"binding": False})})
    steps = list(flow(found.model_copy(update={"looks": (soft, *found.looks[1:])}), limits))
    assert steps[1].exits[0][0] == "may stop with 3 or fewer of 17"


def test_names_in_the_flow_are_shown_as_they_are() -> None:
    found, limits = of_design("simon-1989-20-40")
    arm = found.arms[0].model_copy(update={"name": "<b>A</b>"})
    figure = flow_plot(found.model_copy(update={"arms": (arm,)}), limits, "d")
    texts = [str(annotation.text) for annotation in figure.layout.annotations]
    assert any("&lt;b&gt;A&lt;/b&gt;" in text for text in texts)
    assert not any("<b>A</b>" in text for text in texts)


# Model


def test_every_value_of_the_model_has_the_source_that_was_given(gist: Material) -> None:
    conduct, narrative = gist.scenario.conduct, gist.scenario.narrative
    assert conduct is not None
    assert narrative is not None
    found = list(entries(conduct, "conduct", narrative.sources))
    assert all(entry.source is not None for entry in found)
    paths = [entry.path for entry in found]
    assert len(set(paths)) == len(paths)
    for path in narrative.sources:
        if path.startswith("conduct."):
            assert any(own == path or own.startswith(f"{path}.") for own in paths), path
    for entry in found:
        shown = re.findall(r"[^\s,:\[\]{}]+", entry.value)
        assert all(f"{number:.6g}" in shown for number in numbers_in(value_at(gist.scenario, entry.path))), entry
    written = [getattr(conduct, name) for name in conduct.model_fields_set - {"n_sims", "match", "sensitivity"}]
    in_rows = [number for path in paths for number in numbers_in(value_at(gist.scenario, path))]
    assert sorted(in_rows) == sorted(numbers_in(tuple(written)))
    assert len(in_rows) > 150


def numbers_in(value: Any) -> Iterator[float]:
    """Every number that was written in a part of a scenario, names and defaults aside."""
    if hasattr(value, "model_fields_set"):
        for name in value.model_fields_set - {"name", "states"}:
            yield from numbers_in(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from numbers_in(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from numbers_in(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def test_the_longest_path_speaks() -> None:
    sources = {"conduct": "a", "conduct.death": "b", "conduct.death.after_progression_per_month": "c"}
    assert source_of("conduct.death.after_progression_per_month", sources) == "c"
    assert source_of("conduct.death.before_progression_per_month", sources) == "b"
    assert source_of("conduct.deaths", sources) == "a"
    assert source_of("design.arms", sources) is None
    conduct = trialsim.load_scenario("gist").conduct
    assert conduct is not None
    assert list(entries(conduct.death, "conduct.death", sources)) == [
        Entry("conduct.death.before_progression_per_month", "0.0007", "b"),
        Entry("conduct.death.after_progression_per_month", "0.13", "c"),
    ]
    assert list(entries(conduct.withdrawal, "conduct.withdrawal", {})) == [
        Entry("conduct.withdrawal", "per_month: 0.001", None)
    ]


def test_defaults_are_listed_unless_somebody_gave_their_source() -> None:
    short = ["conduct={looks: {first stage: {fires: when_known}}}"]
    material = material_of("simon-20-40", *short, engine="exact")
    before = text_of(model.blocks(material))
    assert "conduct.unevaluable = non_responder" in before
    material = material_of(
        "simon-20-40", *short, "narrative.sources={conduct.unevaluable: the protocol}", engine="exact"
    )
    assert "conduct.unevaluable = " not in text_of(model.blocks(material))
    (table,) = tables(model.blocks(material)).values()
    assert ["unevaluable", "non_responder", "the protocol"] in table.rows


def test_values_without_a_source_say_so_and_are_counted() -> None:
    material = material_of(
        "gist", "narrative.sources={conduct.death: a book}", "narrative.rationale={nobody: b}", engine="exact"
    )
    table = next(iter(tables(model.blocks(material)).values()))
    without = [row for row in table.rows if row[2] == NO_SOURCE]
    assert next(row for row in table.rows if row[2] == "a book")[0] == "death"
    missing = next(block for block in of(Missing, model.blocks(material)) if block.place == "narrative.sources")
    assert missing.what == f"The source of {len(without)} of these {len(table.rows)} values"
    assert max(len(row[1]) for row in table.rows) <= LONGEST


def test_long_lists_of_days_are_cut() -> None:
    days = ", ".join(map(str, range(1, 148)))
    material = material_of("gist", f"conduct.enrolment={{entry_days: [{days}]}}", engine="exact")
    row = next(row for row in next(iter(tables(model.blocks(material)).values())).rows if "entry_days" in " ".join(row))
    assert row[1].endswith("20, … 147 in all]")


def test_the_match_is_the_results(gist: Material) -> None:
    table = tables(model.blocks(gist))["the published trial and the model (in brackets MCSE)"]
    assert [row[1] for row in table.rows] == [row.verdict for row in gist.result.match]
    for row, found in zip(table.rows, gist.result.match, strict=True):
        assert row[3].startswith(f"{found.mean.value:.{max(found.digits, 1)}f} (")
    words = text_of(model.blocks(gist))
    inside = sum(row.verdict == "inside" for row in gist.result.match)
    assert f"of which 25 were printed: {inside} within the 95 % range" in words
    assert "2 impossible under any model" in words


def test_a_match_that_was_not_simulated_is_not_shown() -> None:
    material = material_of("gist", engine="exact")
    assert "the published trial and the model (in brackets MCSE)" not in tables(model.blocks(material))
    assert "not held against the published results" in text_of(model.blocks(material))
    without = material_of("gist", "conduct.match=null", engine="exact")
    assert "conduct.match" in {block.place for block in of(Missing, model.blocks(without))}


# Truths


def test_each_truth_has_its_rates_and_reasons(gist: Material) -> None:
    table = tables(truths.blocks(gist))["truths"]
    assert ["observed", "600 mg", "58.1081 %", "above the target rate"] in table.rows
    assert ["inactive", "each arm", "5 %", "null rate"] in table.rows
    words = text_of(truths.blocks(gist))
    for truth in gist.scenario.truths:
        assert f"{truth.name}: {truth.notes}" in words
    assert "Source: The paper: 36 of 73 and 43 of 74 patients responded." in words


def test_toxicity_of_a_truth_is_shown() -> None:
    material = material_of("bryant-day-1995", engine="exact")
    table = truths.truths_table(material.scenario)
    assert table.header[-2:] == ["true toxicity rate", "odds ratio"]
    first = material.scenario.truths[0]
    assert table.rows[0][-2:] == [f"{100 * first.toxicity_rate:g} %", "1"]  # type: ignore[operator]


def test_a_hypothesis_without_a_truth_is_missing() -> None:
    material = material_of("simon-1989-20-40", "truths=[{name: a, response_rate: 0.2, notes: b}]", engine="exact")
    missing = [block for block in of(Missing, truths.blocks(material)) if block.place == "truths"]
    assert [block.what for block in missing] == ["A truth with the arm at the target rate, 40 %"]


def test_a_rationale_of_nobody_is_said() -> None:
    material = material_of("simon-1989-20-40", "narrative.rationale={nul rate: a, target rate: b}", engine="exact")
    words = text_of(truths.blocks(material))
    assert 'there is no truth "nul rate"; did you mean "null rate"?' in words
    assert "target rate: b." in words


# Limitations


def test_limitations_of_the_run(gist: Material, simon: Material) -> None:
    assert "no calendar" in text_of(limitations.blocks(simon))
    words = text_of(limitations.blocks(gist))
    assert "no calendar" not in words
    assert '"shortest follow-up" cannot be reproduced by any model' in words
    assert "Nothing was simulated" in text_of(limitations.blocks(material_of("simon-1989-20-40", engine="exact")))
    scenario = gist.scenario.model_copy(update={"narrative": None})
    bare = Material(replace(gist.result, scenario=scenario), "command", "2026-11-22")
    n_rows = len(next(iter(tables(model.blocks(bare)).values())).rows)
    assert f"Of {n_rows} values of the model of conduct no source is given" in text_of(limitations.blocks(bare))


# Markup


def hostile() -> Material:
    told = (
        f"{{aims: '{HOSTILE}', decision: '{HOSTILE}', truths: '{HOSTILE}', conclusions: '{HOSTILE}', "
        f"limitations: ['{HOSTILE}'], ambiguities: [{{what: '{HOSTILE}', resolved: '{HOSTILE}'}}], "
        f"rationale: {{null rate: '{HOSTILE}'}}, analysis_sets: [{{name: '{HOSTILE}', definition: '{HOSTILE}'}}], "
        f"intercurrent_events: [{{event: '{HOSTILE}'}}], sources: {{design.hypotheses: '{HOSTILE}'}}}}"
    )
    return material_of("simon-1989-20-40", f"narrative={told}", engine="exact")


def test_markup_ends_up_harmless() -> None:
    material = hostile()
    sections = tuple(Section(0, name, name, tuple(blocks(material))) for name, blocks in OURS.items())
    page = as_html(Document("t", (), sections, "schema: x"))
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 11
    assert "<script>alert" not in page
    assert "<img" not in page


SHOWS: list[tuple[str, Callable[[Material], Iterator[Any]]]] = list(OURS.items())


@pytest.mark.parametrize(("name", "blocks"), SHOWS)
def test_blocks_are_plain_text(name: str, blocks: Callable[[Material], Iterator[Any]]) -> None:
    words = text_of(blocks(hostile()))
    assert (HOSTILE in words) == (name != "model")
