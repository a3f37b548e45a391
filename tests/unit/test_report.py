"""What is printed: the numbers, the bounds, the words, the files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import trialsim
from trialsim.api import Agreement, Record
from trialsim.errors import InputError
from trialsim.files import check_writable, replaced_when_complete, write_text
from trialsim.report.check import explanation
from trialsim.report.document import COLUMNS, as_csv, as_json, document
from trialsim.report.numbers import formatted, formatted_mcse, formatted_z
from trialsim.report.protocol import sentences
from trialsim.report.render import as_html, as_markdown, as_text, table_as_text, verdict
from trialsim.report.table import Table
from trialsim.report.tables import tables

BASE = Record("p", "t", "p_stop", "A", "l", None, None, None, 0.25, 0.0043, None, "montecarlo", 0.2512, -0.28, True)


@pytest.fixture(scope="module")
def both() -> trialsim.Result:
    return trialsim.run(trialsim.load_scenario("gist", ["n_sims=2000", "conduct.n_sims=200"]))


@pytest.fixture(scope="module")
def exact() -> trialsim.Result:
    return trialsim.run(trialsim.load_scenario("gist"), "exact")


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, ("0.251200", "0.250000", "0.004300", "-0.28")),
        ({"estimate": 0.0, "mcse": 0.0, "bound": 3.7e-5, "z": -0.001}, ("0.251200", "0.000000", "< 3.7e-05", "0.00")),
        ({"estimate": 1.0, "mcse": 0.0, "bound": 0.99996}, ("0.251200", "1.000000", "> 1 - 4.0e-05", "-0.28")),
        ({"estimate": 1.0, "mcse": 0.0, "bound": 0.84}, ("0.251200", "1.000000", "> 0.8400", "-0.28")),
        ({"estimate": None, "mcse": None, "z": None}, ("0.251200", "none seen", "–", "–")),
        ({"is_judged": False}, ("0.251200", "0.250000", "0.004300", "(-0.28)")),
        ({"mcse": 2e-8}, ("0.251200", "0.250000", "2.0e-08", "-0.28")),
        (
            {"measure": "n_mean", "estimate": 42.43, "mcse": 0.058, "exact": 42.4523},
            ("42.4523", "42.4300", "0.0580", "-0.28"),
        ),
        ({"measure": "n_mean", "estimate": 18.0, "mcse": 0.0}, ("0.2512", "18.0000", "all alike", "-0.28")),
        ({"measure": "n_quantile", "estimate": 92.0, "mcse": 0.0, "exact": 92.0}, ("92", "92", "same", "-0.28")),
        ({"measure": "n_quantile", "estimate": 92.0, "mcse": 1.5, "exact": 91.0}, ("91", "92", "1.5000", "-0.28")),
        ({"exact": None, "z": None}, ("–", "0.250000", "0.004300", "–")),
    ],
)
def test_numbers(changes: dict[str, object], shown: tuple[str, ...]) -> None:
    record = BASE._replace(**changes)
    found = (formatted(record, "exact"), formatted(record, "estimate"), formatted_mcse(record), formatted_z(record))
    assert found == shown
    assert formatted(None, "exact") == formatted_mcse(None) == formatted_z(None) == ""


def test_no_simulated_figure_is_shown_as_0_plus_minus_0(both: trialsim.Result) -> None:
    for table in tables(both, full=True):
        if "distribution" in table.title or "who goes on" in table.title:
            for mcse in table.rows[2::4]:
                assert not any(cell and re.fullmatch(r"0\.?0*", cell) for cell in mcse[table.n_labels :])


def test_the_protocol_in_numbers(exact: trialsim.Result, both: trialsim.Result) -> None:
    for result in (exact, both):
        stop, first, second, smallest = sentences(result)
        assert "at least 3 patients respond" in stop
        assert "94.2 % if its true response rate is 5 %" in stop
        assert "6.0 % if its true response rate is 30 %" in stop
        assert "±8.4 (8.4163) points" in first
        assert "largest distance from estimate to limit" in first
        assert "8.3 (8.3499)" in first
        assert second.startswith("With 200 patients")
        assert smallest.startswith("147 patients are the fewest")
    simulated = trialsim.run(trialsim.load_scenario("gist", ["n_sims=2000", "conduct.n_sims=200"]), "montecarlo")
    assert "(simulated, MCSE 0.005" in sentences(simulated)[0]


def test_a_target_that_needs_too_many_patients_is_said() -> None:
    result = trialsim.run(trialsim.load_scenario("gist", ["design.analysis.target_distance=0.0001"]), "exact")
    assert "More than 20,000 patients would be needed" in sentences(result)[-1]
    half_width = trialsim.load_scenario("gist", ["design.analysis.target_half_width=0.0835"])
    assert "147 patients are the fewest that keep the half-width" in sentences(trialsim.run(half_width, "exact"))[-1]


def test_text_has_the_numbers_of_the_records(both: trialsim.Result, exact: trialsim.Result) -> None:
    for result in (both, exact):
        brief, full = as_text(result), as_text(result, full=True)
        for number in (
            "0.941871",
            "0.059952",
            "0.887121",
            "0.883690",
            "42.4523",
            "65.5486",
            "140.3453",
            "0.084163",
            "0.083499",
        ):
            assert number in brief
            assert number in full
        shown = [r for r in result.records if r.truth and r.measure not in ("n_quantile", "n_mean", "n_sd")]
        missing = [
            r for r in shown if r.exact is not None and f"{r.exact:.6f}".replace("-0.000000", "0.000000") not in full
        ]
        assert missing == []


def test_tables_of_many_arms_are_split_not_cut() -> None:
    arms = [f"arm {i}" for i in range(5)]
    changes = [
        "design.arms=[" + ", ".join(f"{{name: {arm}}}" for arm in arms) + "]",
        "design.enrolment.cap=200",
        "design.looks.interim.success_if=null",
        "design.allocation.block_size=5",
        "plans=[]",
        "conduct=null",
        "truths=[{name: low, response_rate: 0.1}]",
    ]
    result = trialsim.run(trialsim.load_scenario("gist", changes), "exact")
    found = tables(result, full=True)
    parts = [table for table in found if "distribution" in table.title]
    columns = [name for table in parts for name in table.header[table.n_labels :]]
    assert len(parts) > 1
    assert len(columns) == len(set(columns)) == len({r.value for r in result.records if r.measure == "n_pmf"})
    assert "5 arms go on" in as_text(result)


def test_verdicts(both: trialsim.Result, exact: trialsim.Result) -> None:
    assert "The engines agree" in verdict(both)[0]
    assert "nothing was simulated" in verdict(exact)[0]
    failing = BASE._replace(z=9.87)
    broken = replace(both, agreement=Agreement(10, 4.0, failing, (failing,)))
    lines = verdict(broken)
    assert "1 DISAGREE" in lines[0]
    assert "p_stop (p, t, A, l): simulated 0.25, MCSE 0.0043, exact 0.2512, z 9.87" in lines[1]
    assert verdict(replace(both, why_not="p: too large."))[0] == "Not solved exactly, p: too large."


def test_documents_hold_every_record_with_all_digits(both: trialsim.Result) -> None:
    parsed = json.loads(as_json(both))
    assert parsed == json.loads(json.dumps(document(both)))
    found = both.agreement
    assert found is not None
    assert parsed["agreement"] == {
        "n_judged": found.n_judged,
        "z_limit": found.limit,
        "z_worst": abs(found.worst.z),
        "n_failures": 0,
    }
    assert found.n_judged > 500
    assert len(parsed["measures"]) == len(both.records)
    for row, record in zip(parsed["measures"], both.records, strict=True):
        assert list(row) == list(COLUMNS)
        assert row["estimate"] == record.estimate
        assert row["exact"] == record.exact
    lines = as_csv(both).splitlines()
    assert len(lines) == len(both.records) + 1
    assert lines[0] == ",".join(COLUMNS)


def test_csv_disarms_spreadsheet_formulas() -> None:
    changes = ["conduct=null", "truths=[{name: '=1+1', response_rate: 0.05}]"]
    text = as_csv(trialsim.run(trialsim.load_scenario("gist", changes), "exact"))
    assert ",'=1+1," in text
    assert ",=1+1," not in text


def test_html_escapes_and_needs_nothing_else() -> None:
    changes = ["conduct=null", "truths=[{name: '<script>alert(1)</script>', response_rate: 0.05}]"]
    page = as_html(trialsim.run(trialsim.load_scenario("gist", changes), "exact"))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page
    assert page.startswith("<!DOCTYPE html>")


def test_markdown_escapes_bars() -> None:
    changes = ["conduct=null", "truths=[{name: 'a|b', response_rate: 0.05}]"]
    assert "a\\|b" in as_markdown(trialsim.run(trialsim.load_scenario("gist", changes), "exact"))


def test_headings_wrap_between_words() -> None:
    text = table_as_text(Table("t", ["label", "a heading of several words"], 1, [["x", "1.0"]]))
    assert "a heading of\n" in text
    assert "several words" in text


def test_check_explains(both: trialsim.Result) -> None:
    text = explanation(both.scenario)
    assert "a valid scenario" in text
    assert re.search(r"proof-of-concept +600 mg +18 +2 +–", text)
    assert re.search(r"interim +pooled +100 +– +29", text)
    one_arm = explanation(trialsim.load_design("simon-1989-20-40"))
    assert "a valid design" in one_arm
    assert re.search(r"second stage +treatment +37 +– +11", one_arm)


def _write_half(target: Path) -> None:
    with replaced_when_complete(target) as temporary:
        Path(temporary).write_text("half")
        raise ZeroDivisionError


def test_files_are_whole_or_not_there(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    write_text(target, "first")
    with pytest.raises(ZeroDivisionError):
        _write_half(target)
    assert target.read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / "out.txt" / "below", "text")


def test_output_paths_are_checked_before_work(tmp_path: Path) -> None:
    check_writable(str(tmp_path / "new.json"), "--out")
    for path, problem in (
        (tmp_path, "folder"),
        (tmp_path / "no" / "x", "does not exist"),
        ("", "empty"),
        ("a\0b", "NUL"),
    ):
        with pytest.raises(InputError, match=problem):
            check_writable(str(path), "--out")


def test_what_the_exact_engine_declines_is_simulated_and_said() -> None:
    """A pooled stop ties three arms of 200 patients: too many combinations. The smaller plan beside it is solved."""
    changes = [
        "design.arms=[{name: A}, {name: B}, {name: C}]",
        "design.allocation.block_size=3",
        "design.enrolment.cap=60",
        "design.looks.proof-of-concept.continue_if={of: pooled, rule: {kind: responses, at_least: 9}}",
        "design.looks.interim.at={total: 57}",
        "design.looks.interim.success_if=null",
        "conduct=null",
        "truths=[{name: low, response_rate: 0.1}]",
        "plans=[{name: large, cap: 600}, {name: small, cap: 60}]",
        "n_sims=500",
    ]
    scenario = trialsim.load_scenario("gist", changes)
    with pytest.raises(trialsim.NotSolvableError, match="large: a stop that looks at the pooled responses"):
        trialsim.run(scenario, "exact")
    result = trialsim.run(scenario)
    solved = {record.plan: record.exact is not None for record in result.records if record.truth}
    assert solved == {"large": False, "small": True}
    text = as_text(result)
    assert "Not solved exactly, large: a stop" in text
    assert "The engines agree." in text


def test_a_design_that_cannot_stop_has_no_rows_given_that_it_went_on() -> None:
    single = [
        "design.looks=[{name: only, at: full_enrolment}]",
        "conduct=null",
        "truths=[{name: low, response_rate: 0.1}]",
    ]
    text = as_text(trialsim.run(trialsim.load_scenario("simon-20-40", single), "exact"))
    assert "arm goes on" not in text
    assert "arm goes on" in as_text(trialsim.run(trialsim.load_scenario("simon-20-40"), "exact"))


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(InputError, match='did you mean "exact"'):
        trialsim.run(trialsim.load_scenario("gist"), "exakt")  # type: ignore[arg-type]
