"""Operating characteristics and estimation in the report: their numbers are the records', digit for digit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest

from tests.naive.null_region import at_most
from tests.unit.report_material import GIST, gist, grid, material, missing, simon, text
from trialsim import load_design
from trialsim.compile import compile_design
from trialsim.proof import simulated
from trialsim.proof.null_region import NullRegion, prove
from trialsim.proof.simulated import simulate_null_region
from trialsim.report.error_rates import (
    certificates,
    error_sentences,
    error_table,
    probability_in_words,
    rounded_up,
    simulated_table,
)
from trialsim.report.numbers import formatted, formatted_mcse
from trialsim.report.plots.null_region import null_region
from trialsim.report.regulatory.blocks import Block, Grid, Heading, Picture
from trialsim.report.regulatory.contents import SECTIONS
from trialsim.report.regulatory.material import Material
from trialsim.report.regulatory.sections import estimation, operating_characteristics

KINDS = (
    "ahern-2001-20-40",
    "bop2-20-40-efficacy",
    "bryant-day-1995",
    "fleming-1982-20-40",
    "gehan-1961-20",
    "lee-liu-2008-20-40",
    "toxicity-20-35-four-looks",
)
"""One design of each kind: a single stage, efficacy stops, toxicity, no hypotheses, many looks."""


def oc(found: Material) -> list[Block]:
    return list(operating_characteristics.blocks(found))


def of_estimation(found: Material) -> list[Block]:
    return list(estimation.blocks(found))


@cache
def gist_oc() -> list[Block]:
    return oc(gist())


def test_both_sections_stand_in_the_contents() -> None:
    ids = [entry.id for entry in SECTIONS]
    assert ids[ids.index("implementation") + 1 :][:3] == ["operating-characteristics", "estimation", "safety"]


# ---------------------------------------------------------------- operating characteristics


def test_every_table_has_its_badge_and_every_figure_says_where_it_is_from() -> None:
    blocks = gist_oc()
    grids = [block for block in blocks if isinstance(block, Grid)]
    assert [block.text for block in blocks if isinstance(block, Heading)] == [
        "Decisions and number of patients",
        "Error rates over the null region",
        "Power at the target rate",
        "Over all true rates",
        "On the calendar",
    ]
    assert {one.badge for one in grids} == {"exact", "simulated", "exact and simulated"}
    assert grid(blocks, "147 patients: decisions and patients").badge == "exact and simulated"
    assert grid(blocks, "147 patients: the calendar of looks").badge == "simulated"
    assert grid(blocks, "200 patients: the cost of conduct").badge == "exact and simulated"
    assert [block.badge for block in blocks if isinstance(block, Picture)] == ["exact"] * 4


def test_decisions_are_the_records() -> None:
    found, blocks = gist(), gist_oc()
    table = grid(blocks, "147 patients: decisions and patients").table
    start = next(number for number, row in enumerate(table.rows) if row[0] == "modest" and row[2] == "600 mg")
    lines = [dict(zip(table.header, row, strict=True)) for row in table.rows[start : start + 4]]
    for column, measure, look in (("stops", "p_stop", "proof-of-concept"), ("mean N", "n_mean", None)):
        record = found.records["147 patients", "modest", measure, "600 mg", look, None, None, None]
        assert [line[column] for line in lines[:3]] == [
            formatted(record, "exact"),
            formatted(record, "estimate"),
            formatted_mcse(record),
        ]


def test_the_largest_errors_of_the_founding_trial() -> None:
    """An arm at 5 % goes on with P(X >= 3), X binomial (18, 0.05); the records of the truth "inactive" say the same."""
    blocks, goes_on = gist_oc(), 1 - at_most(2, 18, Fraction(1, 20))
    for plan in ("147 patients", "200 patients"):
        table = grid(blocks, f"{plan}: the largest error rates").table
        record = gist().records[plan, "inactive", "p_continue", "400 mg", "proof-of-concept", None, None, None]
        largest = [row[2] for row in table.rows]
        assert largest[0] == largest[1] == formatted(record, "exact") == f"{float(goes_on):.6f}"
        assert largest[2] == f"{float(1 - (1 - goes_on) ** 2):.6f}"
        assert float(table.rows[0][4]) >= goes_on
        assert table.rows[0][3] == "400 mg 5 %, 600 mg any"
        assert table.rows[2][:2] == [
            "at least one of 400 mg and 600 mg goes on to the final analysis",
            "every arm at most 5 %",
        ]
    assert "the probability that 400 mg goes on to the final analysis is at most 5.82 %" in text(blocks)


def test_power_is_the_record_of_the_target_truth() -> None:
    table = grid(gist_oc(), "147 patients: power with every arm at 30 %").table
    record = gist().records["147 patients", "active", "p_continue", "600 mg", "proof-of-concept", None, None, None]
    both = gist().records[
        "147 patients", "active", "p_pattern", None, "proof-of-concept", None, None, "400 mg + 600 mg"
    ]
    words = {row[0]: row[2] for row in table.rows}
    assert words["600 mg goes on to the final analysis"] == formatted(record, "exact")
    assert words["every one of 400 mg and 600 mg goes on to the final analysis"] == formatted(both, "exact")


def test_what_conduct_does_to_a_proved_error_is_said() -> None:
    found, said = gist(), text(gist_oc())
    record = found.conducted["147 patients", "inactive", "p_continue", "400 mg", "proof-of-concept", None, None, None]
    assert record.estimate is not None
    assert record.mcse is not None
    assert record.estimate - 2 * record.mcse > 0.0582
    assert (
        "147 patients: Under inactive, the probability that 400 mg goes on to the final analysis is "
        f"{100 * record.estimate:.2f} ({100 * record.mcse:.2f}) % as conducted (in brackets MCSE), against at most "
        "5.82 % under ideal conduct."
    ) in said
    assert "Under active" not in said


def test_one_arm_without_conduct() -> None:
    blocks = oc(simon())
    table = grid(blocks, "37 patients: the largest error rates").table
    record = simon().records["37 patients", "inactive", "p_reject", "treatment", None, None, None, None]
    assert table.rows == [
        [
            "the null hypothesis is rejected",
            "at most 20 %",
            formatted(record, "exact"),
            "20 %",
            "0.094785",
            "0",
            "coupling",
            "–",
        ]
    ]
    assert "Days, enrolment during decisions and overrun are not known: the scenario has no conduct." in text(blocks)
    assert sum(isinstance(block, Picture) for block in blocks) == 3


def test_only_one_engine() -> None:
    exact = material("simon-20-40", "n_sims=200", engine="exact")
    assert grid(oc(exact), "37 patients: decisions and patients").badge == "exact"
    simulated = material("simon-20-40", "n_sims=200", engine="montecarlo")
    assert grid(oc(simulated), "37 patients: decisions and patients").badge == "simulated"
    assert grid(of_estimation(simulated), "37 patients: bias and RMSE").badge == "simulated"


def test_without_hypotheses_the_field_is_named() -> None:
    assert missing(oc(material("gehan-1961-20", "n_sims=100"))) == ["design.hypotheses", "design.hypotheses"]


@pytest.mark.parametrize("name", KINDS)
def test_designs_of_each_kind_have_both_sections(name: str) -> None:
    found = material(name, "n_sims=100")
    assert any(isinstance(block, Grid) for block in oc(found))
    assert any(isinstance(block, Grid) for block in of_estimation(found))


# ---------------------------------------------------------------- words, tables, figure


@pytest.mark.parametrize("value", [0.058128712, 0.0581285, 1e-9, 3.2e-14, 0.9999999, 0.5, 0.0])
def test_bounds_are_never_rounded_down(value: float) -> None:
    for digits in (2, 4, 6):
        up = float(rounded_up(value, digits))
        assert value <= up <= max(value + 1.0001 * 10.0**-digits, 10 * value)
    assert float(probability_in_words(value)) == pytest.approx(value, abs=5.1e-7, rel=0.01)


def test_each_certificate_that_is_used_is_explained() -> None:
    region = prove(load_design("simon-1989-20-40"), way="Bernstein")
    assert certificates(region)[0].startswith("By Bernstein: ")
    assert "and 9.48 % is reached" in next(error_sentences(load_design("simon-1989-20-40"), region))
    assert certificates(NullRegion(None, None, (), ())) == ()


def test_simulated_bounds_are_shown_with_their_confidence() -> None:
    design = load_design("simon-1989-20-40")
    (found,) = simulate_null_region(design, n_sims=500)
    (row,) = simulated_table("bounds", design, prove(design), (found,)).rows
    assert row[3:5] == ["99 %", f"{found.estimate:.4f} ({found.mcse:.4f})"]
    assert float(row[2]) >= found.upper
    assert row[-2:] == ["1", "500"]


def test_the_figure_is_the_error() -> None:
    design = load_design("simon-1989-20-40")
    region, plan = prove(design), compile_design(design)
    line = null_region(design, plan, region.statements[0], "the null hypothesis is rejected").data[0]
    assert (line.x[0], line.x[-1]) == (0.0, 0.2)
    assert line.y[-1] == region.statements[0].value
    assert "largest error" in error_table("errors", design, region).header
    two = load_design("gist-imatinib")
    both = next(found for found in prove(two).statements if len(found.arms) == 2)
    field = null_region(two, compile_design(two), both, "one goes on").data[0]
    one = [float(1 - at_most(2, 18, Fraction(rate))) for rate in field.x]
    assert field.z[-1][3] == pytest.approx(1 - (1 - one[-1]) * (1 - one[3]), abs=1e-12)


# ---------------------------------------------------------------- estimation


def test_bias_is_the_records() -> None:
    table = grid(of_estimation(simon()), "37 patients: bias and RMSE").table
    for row, given, arm in ((0, None, "treatment"), (2, "continue", "treatment"), (4, "stop", "treatment")):
        record = simon().records["37 patients", "inactive", "rate_bias", arm, None, given, None, "mle"]
        lines = [dict(zip(table.header, table.rows[row + line], strict=True)) for line in (0, 1)]
        assert lines[0]["bias, observed rate"] == formatted(record, "exact")
        assert lines[1]["bias, observed rate"] == f"{formatted(record, 'estimate')} ({formatted_mcse(record)})"
    said = text(of_estimation(simon()))
    assert "The bias of the observed rate lies between -2.13 percentage points and -0.61 percentage points" in said
    assert "`estimators:` in the scenario" in said


def test_pooled_and_arms_given_how_they_ended() -> None:
    table = grid(of_estimation(gist()), "147 patients: coverage and mean half-width").table
    labels = [tuple(row[2:4]) for row in table.rows if row[0] == "active" and row[2]]
    assert labels == [
        (arm, given) for arm in ("400 mg", "600 mg") for given in ("all trials", "it goes on", "it stops")
    ] + [("pooled", "all trials"), ("pooled", "all go on")]


def test_methods_that_were_asked_for_stand_beside_each_other() -> None:
    asked = material("simon-20-40", "n_sims=500", "estimators=[umvue,conditional-umvue,median-unbiased,stagewise]")
    blocks = of_estimation(asked)
    bias = grid(blocks, "37 patients: bias").table
    assert bias.header[-4:] == [
        f"bias, {name}" for name in ("observed rate", "umvue", "conditional-umvue", "median-unbiased")
    ]
    exact = dict(zip(bias.header, bias.rows[0], strict=True))
    assert float(exact["bias, umvue"]) == 0.0
    assert "coverage, stagewise" in grid(blocks, "37 patients: coverage").table.header
    said = text(blocks)
    assert "The bias of the umvue lies at 0.00 percentage points over all trials" in said
    assert "Beside the observed rate, these methods were asked for: umvue, conditional-umvue," in said
    assert "`estimators:` in the scenario" not in said


def test_methods_that_do_not_apply_are_named() -> None:
    asked = material(
        "gist", *GIST, "conduct=null", "estimators=[umvue]", 'design.looks.proof-of-concept.continue_if.of="pooled"'
    )
    assert "Not computed, for they do not apply to this design: umvue." in text(of_estimation(asked))


# ---------------------------------------------------------------- by simulation, on request


def test_bounds_by_simulation_are_shown_on_request() -> None:
    found = replace(simon(), null_sims=300)
    (row,) = grid(oc(found), "37 patients: bounds of the error rates by simulation, under ideal conduct").table.rows
    design = found.plans[0][1]
    (bound,) = simulate_null_region(design, n_sims=300, seed=found.scenario.seed)
    assert row[2] == rounded_up(bound.upper, 4)
    assert float(row[2]) >= bound.upper >= prove(design).statements[0].value
    assert "Clopper-Pearson limit" in text(oc(found))
    assert "by simulation" not in "\n".join(block.table.title for block in gist_oc() if isinstance(block, Grid))


def test_on_the_calendar_of_the_first_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "TILES", {2: 1})
    blocks = oc(replace(gist(), null_sims=20))
    titles = [block.table.title for block in blocks if isinstance(block, Grid) and "by simulation" in block.table.title]
    assert titles == ["147 patients: bounds of the error rates by simulation, as conducted"]
    assert len(grid(blocks, titles[0]).table.rows) == 4
    assert grid(blocks, titles[0]).badge == "simulated"


def test_what_cannot_be_simulated_is_said() -> None:
    said = text(oc(replace(material("bryant-day-1995", "n_sims=100"), null_sims=50)))
    assert (
        "not simulated. design bryant-day-1995 has rules for toxicity; tiles are simulated for responses alone." in said
    )
