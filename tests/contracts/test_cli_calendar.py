"""The command line with a calendar: tables, document, sensitivity, seeds, jobs."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.in_process import called
from tests.contracts.test_cli import ROOT, trialsim

GIST = str(ROOT / "scenarios" / "gist.yaml")
SMALL = ("--n-sims", "400", "--no-save")
ACTIVE = (
    *("--set", "truths=[{name: active, response_rate: 0.3}]"),
    *("--set", "plans=[]", "--set", "conduct.match=null"),
)
ADDRESS = ("plan", "truth", "measure", "arm", "look", "given", "value", "variant", "engine")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    ran = trialsim(tmp_path_factory.mktemp("calendar"), "run", GIST, *SMALL, "--format", "json", "--jobs", "1")
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, Any] = json.loads(ran.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    return found


def _calendar(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [record for record in document["measures"] if record["engine"] == "calendar"]


@pytest.mark.long
def test_an_address_and_an_engine_name_one_number(document: dict[str, Any]) -> None:
    counts = Counter(tuple(record[key] for key in ADDRESS) for record in document["measures"])
    assert [key for key, count in counts.items() if count > 1] == []


def test_no_simulated_figure_is_without_its_mcse(document: dict[str, Any]) -> None:
    records = _calendar(document)
    assert len(records) > 5000
    for record in records:
        assert (record["mcse"] is None) == (record["estimate"] is None), record
        assert record["z"] is None


def test_the_cost_of_conduct_is_the_difference_to_the_ideal(document: dict[str, Any]) -> None:
    records = [record for record in _calendar(document) if record["exact"] is not None]
    assert {"p_stop", "n_mean", "rate_bias", "ci_coverage"} <= {record["measure"] for record in records}
    ideal = {
        tuple(record[key] for key in ADDRESS[:-1]): record["exact"]
        for record in document["measures"]
        if record["engine"] == "montecarlo"
    }
    for record in records:
        assert record["exact"] == pytest.approx(ideal[tuple(record[key] for key in ADDRESS[:-1])], rel=1e-9, abs=1e-12)
        if record["estimate"] is not None:
            assert record["cost"] == pytest.approx(record["estimate"] - record["exact"], abs=1e-12)
    assert all(record["cost"] is None for record in document["measures"] if record["engine"] != "calendar")


def test_every_measure_with_an_exact_value_has_its_value_as_conducted(document: dict[str, Any]) -> None:
    """But for the distribution of N, whose points conduct itself decides."""
    whole = [r for r in document["measures"] if r["engine"] == "montecarlo" and r["measure"] != "n_pmf"]
    conducted = {tuple(record[key] for key in ADDRESS[:-1]) for record in _calendar(document)}
    missing = {tuple(record[key] for key in ADDRESS[:-1]) for record in whole} - conducted
    assert missing == set()


def test_match_tells_the_impossible_apart(document: dict[str, Any]) -> None:
    rows = {row["result"]: row for row in document["match"]}
    assert len(rows) == 30
    impossible = {name for name, row in rows.items() if row["verdict"] == "impossible"}
    assert impossible == {"shortest follow-up", "still receiving treatment at month 4"}
    assert all(rows[name]["reason"] for name in impossible)
    assert all(row[key] is not None for row in rows.values() for key in ("mcse", "low_mcse", "high_mcse"))
    for name in impossible:
        assert not rows[name]["low"] <= rows[name]["printed"] <= rows[name]["high"]
    assert {row["verdict"] for name, row in rows.items() if name not in impossible} == {"inside", "not printed"}


def test_text_holds_the_calendar(tmp_path: Path) -> None:
    ran = called(tmp_path, "run", GIST, *SMALL)
    assert ran.code == 0
    for words in (
        "the published trial and the model",
        "147 patients: the cost of conduct",
        "200 patients: the calendar of looks",
        "147 patients: duration, enrolment and N",
        "survival and follow-up",
        "safety and exposure",
        "cannot be reproduced by any model",
        "13 other readings of the protocol are listed; --sensitivity tries them.",
    ):
        assert words in ran.out, words


def test_sensitivity_tries_each_reading_once(tmp_path: Path) -> None:
    words = ("--set", "n_sims=100", "--set", "conduct.n_sims=50", "--no-save", "--sensitivity")
    few = (
        "--set",
        "truths=[{name: calibrated, response_rate: 0.6}]",
        "--set",
        "plans=[]",
        "--set",
        "conduct.match=null",
    )
    ran = called(tmp_path, "run", GIST, *words, *few, "--format", "json")
    assert ran.code == 0
    readings = [(entry["reading"], entry["truth"]) for entry in json.loads(ran.out)["sensitivity"]]
    assert len(readings) == len(set(readings)) == 14
    assert readings[0] == ("as the protocol is read here", "calibrated")


def test_jobs_change_no_byte(tmp_path: Path) -> None:
    words = ("run", GIST, *SMALL, *ACTIVE, "--set", "conduct.n_sims=2500", "--format", "json")
    one, two = (json.loads(called(tmp_path, *words, "--jobs", jobs).out) for jobs in ("1", "2"))
    assert len(_calendar(one)) > 300
    assert two["measures"] == one["measures"]


@pytest.mark.long
def test_n_sims_is_for_the_calendar_too(document: dict[str, Any], tmp_path: Path) -> None:
    ran = called(tmp_path, "run", GIST, *SMALL, *ACTIVE, "--set", "conduct.n_sims=300", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    own = next(r for r in rows if r["engine"] == "calendar" and r["measure"] == "p_stop" and r["truth"] == "active")
    other = next(r for r in _calendar(document) if r["measure"] == "p_stop" and r["truth"] == "active")
    assert float(own["estimate"]) * 300 == pytest.approx(round(float(own["estimate"]) * 300))
    assert other["estimate"] * 400 == pytest.approx(round(other["estimate"] * 400))


def test_exact_engine_simulates_no_calendar(tmp_path: Path) -> None:
    ran = called(tmp_path, "run", GIST, "--engine", "exact", "--no-save", "--format", "json")
    document = json.loads(ran.out)
    assert {record["engine"] for record in document["measures"]} == {"exact"}
    assert document["match"] == document["sensitivity"] == []
