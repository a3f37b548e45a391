"""`boundaries`: the decision table of a design on the command line, in every format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.contracts import test_cli
from tests.contracts.test_cli import InProcess
from trialsim.compile import compile_design
from trialsim.plan import NEVER
from trialsim.report.boundaries import Boundary, boundaries, decision_table
from trialsim.report.plots.boundaries import boundary_plots
from trialsim.spec.load import load_design
from trialsim.spec.shipped import shipped_names

in_process = test_cli.in_process


def found(name: str, *overrides: str) -> list[Boundary]:
    design = load_design(name, overrides)
    return list(boundaries(design, compile_design(design)))


def test_the_founding_trial() -> None:
    gate = [one for one in found("gist-imatinib") if one.look == "proof-of-concept"]
    assert [(one.of, one.n, one.stop, one.success) for one in gate] == [
        ("400 mg", 18, 2, NEVER),
        ("600 mg", 18, 2, NEVER),
    ]
    (interim,) = [one for one in found("gist-imatinib") if one.look == "interim"]
    assert (interim.of, interim.n, interim.stop, interim.success, interim.ends) == ("pooled", 100, -1, 29, False)


def test_a_success_that_stops_is_told_from_one_that_does_not() -> None:
    stops = found("simon-1989-20-40", "looks.0.success_if={rule: {kind: responses, at_least: 9}, then: stop}")
    assert [(one.n, one.stop, one.success, one.ends) for one in stops] == [(17, 3, 9, True), (37, -1, 11, False)]


@pytest.mark.parametrize("name", shipped_names("designs"))
def test_every_design_that_ships_has_a_table_and_a_picture(name: str) -> None:
    design = load_design(name)
    rows = found(name)
    table = decision_table(design, compile_design(design), name, with_rates=True)
    assert len(table.rows) == len(rows)
    assert {len(row) for row in table.rows} <= {len(table.header)}
    figures = boundary_plots(rows, name)
    drawn = sum(len(trace.x) for figure in figures for trace in figure.data if trace.mode != "lines")
    told = {one._replace(of="") for one in rows}
    assert drawn == sum(0 <= count < NEVER - 1 for one in told for count in (one.stop, one.success, one.toxic))


def test_every_format_says_the_same(in_process: InProcess, tmp_path: Path) -> None:
    def printed(format_: str) -> str:
        ran = in_process("boundaries", "simon-1989-20-40", "--format", format_)
        assert ran.code == 0, ran.err
        return str(ran.out)

    rows = json.loads(printed("json"))["boundaries"]
    assert [(row["patients"], row["stop_at_or_below"], row["success_at_or_above"]) for row in rows] == [
        (17, 3, None),
        (37, None, 11),
    ]
    flat = list(csv.DictReader(io.StringIO(printed("csv"))))
    assert [{key: str(value or "") for key, value in row.items()} for row in rows] == [
        {key: "" if value == "False" else value for key, value in row.items()} for row in flat
    ]
    assert "3 (17.6 %)" in printed("text")
    assert "| second stage" in printed("markdown")
    assert in_process("boundaries", "gist", "--out", str(tmp_path / "b.html")).code == 0
    page = (tmp_path / "b.html").read_text(encoding="utf-8")
    assert page.count("data-figure=") == 2 * 2  # two plans; the arms share a picture, the pooled have one
    assert "http" not in page.split("<body>")[1]


def test_mistakes_are_one_sentence(in_process: InProcess) -> None:
    for words in (
        ["boundaries", "nowhere.yaml"],
        ["boundaries", "gist-imatinib", "--set", "looks.0.at.per_arm=0"],
    ):
        ran = in_process(*words)
        assert ran.code == 2
        assert ran.err.count("\n") == 1
