"""`sweep` and `results` from outside: what they print, write and refuse."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from tests.contracts.in_process import Ran, called

ROOT = Path(__file__).resolve().parents[2]
AXES = ["n_gate", "r", "rate"]
GRID: dict[str, Any] = {
    "schema": "trialsim.scenario/1",
    "name": "grid",
    "design": "gist-imatinib",
    "truths": [{"name": "varied", "response_rate": 0.3}],
    "vary": {
        "design.looks.proof-of-concept.at.per_arm": {"as": "n_gate", "values": [12, 18]},
        "design.looks.proof-of-concept.continue_if.rule.at_least": {"as": "r", "from": 2, "to": 4},
        "truths.varied.response_rate": {"as": "rate", "values": [0.05, 0.3]},
        "measures": ["p_stop", "n_mean"],
    },
    "n_sims": 2_000,
}


def trialsim(cwd: Path, *words: str) -> Ran:
    return called(cwd, *words)


def write(folder: Path, **changes: Any) -> None:
    data = {**GRID, **changes}
    (folder / "grid.yaml").write_text(yaml.safe_dump(data, sort_keys=False))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the sweep has been run once, exactly."""
    path = tmp_path_factory.mktemp("sweep")
    write(path)
    ran = trialsim(path, "sweep", "grid.yaml", "--engine", "exact", "--out", "grid.csv")
    assert ran.code == 0, ran.err
    assert re.search(
        r"^12 cells: 12 computed\. Kept in results/trialsim\.sqlite as \w{8}\.\nWritten to grid\.csv\.", ran.err
    )
    return path


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_a_row_per_measure_and_cell(folder: Path) -> None:
    rows = rows_of((folder / "grid.csv").read_text())
    assert list(rows[0])[: 1 + len(AXES)] == ["cell", *AXES]
    assert len(rows) == 12 * (2 + 3)
    assert {(row["n_gate"], row["r"], row["rate"]) for row in rows} == {
        (str(n), str(r), str(rate)) for n in (12, 18) for r in (2, 3, 4) for rate in (0.05, 0.3)
    }
    stop = next(
        row
        for row in rows
        if (row["n_gate"], row["r"], row["rate"], row["measure"], row["arm"]) == ("18", "3", "0.05", "p_stop", "400 mg")
    )
    assert float(stop["exact"]) == pytest.approx(0.941871, abs=1e-6)  # the protocol's 94 %
    assert stop["engine"] == "exact"


def test_three_formats_hold_the_same(folder: Path) -> None:
    assert trialsim(folder, "results", "export", "grid", "--out", "grid.parquet").code == 0
    as_json = trialsim(folder, "results", "export", "grid", "--format", "json")
    assert as_json.code == 0
    from_csv = rows_of((folder / "grid.csv").read_text())
    from_json = json.loads(as_json.out)
    from_parquet = pq.read_table(folder / "grid.parquet").to_pylist()
    assert from_json["schema"] == "trialsim.sweep/1"
    assert from_json["axes"] == AXES
    assert len(from_json["rows"]) == len(from_csv) == len(from_parquet)
    for text, other, row in zip(from_csv, from_json["rows"], from_parquet, strict=True):
        assert float(text["estimate"]) == other["estimate"] == row["estimate"]
        assert text["measure"] == other["measure"] == row["measure"]
        assert [float(text[axis]) for axis in AXES] == [other[axis] for axis in AXES] == [row[axis] for axis in AXES]


def test_second_time_nothing_is_computed_and_the_bytes_are_the_same(folder: Path) -> None:
    ran = trialsim(folder, "sweep", "grid.yaml", "--engine", "exact", "--out", "again.csv")
    assert "12 cells: 0 computed, 12 already there." in ran.err
    assert (folder / "again.csv").read_bytes() == (folder / "grid.csv").read_bytes()


def test_text_says_what_and_where(folder: Path) -> None:
    ran = trialsim(folder, "results", "show", "grid")
    assert ran.code == 0
    assert ran.out.startswith("Sweep grid: 12 cells.\nExact values only")
    assert "p_stop" in ran.out


def test_list_names_the_sweep_and_how_far_it_is(folder: Path) -> None:
    listed = trialsim(folder, "results", "list")
    assert re.search(r"^\w{8} +grid +n_gate, r, rate +12 of 12 ", listed.out, re.MULTILINE)
    found = json.loads(trialsim(folder, "results", "list", "--format", "json").out)
    assert [(each["name"], each["n_cells"], each["n_kept"]) for each in found] == [("grid", 12, 12)]


@pytest.mark.parametrize(
    "picture",
    [
        ("heat-map", "--measure", "p_stop[400 mg]", "--x", "n_gate", "--y", "r", "--at", "rate=0.05"),
        ("curves", "--measure", "p_stop[400 mg]", "--x", "rate", "--by", "r", "--at", "n_gate=18"),
        ("pareto", "--minimise", "n_mean", "--maximise", "p_stop[400 mg]", "--at", "rate=0.05"),
    ],
    ids=["heat-map", "curves", "pareto"],
)
def test_pictures_need_nothing_from_elsewhere(folder: Path, picture: tuple[str, ...]) -> None:
    ran = trialsim(folder, "results", "show", "grid", "--plot", *picture, "--plot-out", f"{picture[0]}.html")
    assert (ran.code, ran.out) == (0, "")
    page = (folder / f"{picture[0]}.html").read_text()
    assert "Plotly.react" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)


def test_prune_drops_and_makes_room(tmp_path: Path) -> None:
    write(tmp_path)
    trialsim(tmp_path, "sweep", "grid.yaml", "--engine", "exact", "--out", "grid.csv")
    dry = trialsim(tmp_path, "results", "prune", "grid", "--dry-run")
    assert dry.out == "1 runs and sweeps and 12 results would go.\n"
    assert trialsim(tmp_path, "results", "prune", "grid").out.startswith("1 runs and sweeps and 12 results dropped;")
    assert trialsim(tmp_path, "results", "list").out == "results/trialsim.sqlite holds no results yet.\n"


def test_run_is_kept_and_shown_without_simulating_again(tmp_path: Path) -> None:
    first = trialsim(tmp_path, "run", "simon-20-40", "--n-sims", "5000")
    shown = trialsim(tmp_path, "results", "show", "simon-20-40")
    assert shown.code == 0

    def without_seconds(text: str) -> str:
        return re.sub(r"; [\d.]+ s\.\n$", "", text)

    assert without_seconds(shown.out) == without_seconds(first.out)


def test_longer_run_equals_one_from_the_beginning(tmp_path: Path) -> None:
    words = ("run", "simon-20-40", "--format", "csv")
    trialsim(tmp_path, *words, "--n-sims", "5000")
    grown = trialsim(tmp_path, *words, "--n-sims", "9000")
    fresh = trialsim(tmp_path, *words, "--n-sims", "9000", "--no-save")
    assert grown.out == fresh.out


def test_target_mcse_says_what_it_plans(tmp_path: Path) -> None:
    ran = trialsim(tmp_path, "run", "simon-20-40", "--n-sims", "1000", "--target-mcse", "0.004", "--format", "csv")
    assert ran.code == 0
    planned = re.search(r"^([\d,]+) trials per plan and truth are planned: after 1,000, \w+ \(.*\) has MCSE", ran.err)
    assert planned is not None
    errors = [
        float(row["mcse"])
        for row in rows_of(ran.out)
        if row["measure"].startswith("p_") and row["engine"] == "montecarlo" and row["mcse"]
    ]
    assert errors
    assert max(errors) <= 0.004
    n_sims = planned[1].replace(",", "")
    same = trialsim(tmp_path, "run", "simon-20-40", "--n-sims", n_sims, "--format", "csv", "--no-save")
    assert same.out == ran.out


def test_interrupt_keeps_what_is_finished_and_says_so(tmp_path: Path) -> None:
    write(tmp_path, n_sims=20_000_000)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "trialsim", "sweep", "grid.yaml", "--engine", "montecarlo", "--jobs", "1"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    ) as started:
        store, patience = tmp_path / "results" / "trialsim.sqlite", time.monotonic() + 90
        while time.monotonic() < patience and n_results(store) < 1:
            time.sleep(0.05)
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=60)
    assert started.returncode == 1
    assert "Traceback" not in said
    assert (
        "What is finished is kept in results/trialsim.sqlite; go on with\n  python -m trialsim sweep grid.yaml" in said
    )
    kept = n_results(store)
    assert 0 < kept < 12
    small = trialsim(tmp_path, "results", "list")
    assert f"{kept} of 12" in small.out


def n_results(store: Path) -> int:
    if not store.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM results").fetchone()[0])
    except sqlite3.Error:
        return 0


REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]] = {
    "nothing to vary": ({"vary": None}, (), ("nothing to sweep", "vary")),
    "unknown path": ({"vary": {"design.looks.proof-of-koncept.at.per_arm": [1]}}, (), ("proof-of-koncept",)),
    "empty grid": ({"vary": {"n_sims": []}}, (), ("vary",)),
    "a billion cells": (
        {"vary": {f"{path}": {"from": 1, "to": 1000} for path in ("seed", "n_sims", "conduct.n_sims")}},
        (),
        ("1,000,000,000", "max_cells"),
    ),
    "no workers": ({}, ("--jobs", "0"), ("--jobs 0", "-1")),
    "unreachable scheduler": ({}, ("--scheduler", "tcp://127.0.0.1:1"), ("--scheduler tcp://127.0.0.1:1", "answers")),
    "picture nowhere": ({}, ("--plot", "curves", "--measure", "n_mean", "--x", "r"), ("--plot-out",)),
    "picture of nothing": ({}, ("--plot", "heat-map", "--plot-out", "x.html"), ("--measure", "--x", "--y")),
    "picture without a kind": ({}, ("--measure", "n_mean"), ("add --plot",)),
    "no format": ({}, ("--out", "grid.docx"), ("grid.docx", "CSV", "Parquet")),
    "parquet to the terminal": ({}, ("--format", "parquet"), ("--out",)),
    "target of exact values": ({}, ("--target-mcse", "0.1"), ("--target-mcse", "exact")),
    "target that is none": ({}, ("--target-mcse", "small", "--engine", "auto"), ("--target-mcse small",)),
    "store is a folder": ({}, ("--store", "."), ("folder",)),
    "store is no store": ({}, ("--store", "grid.yaml"), ("grid.yaml",)),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if "scheduler" in name else name for name in REFUSED]
)
def test_refusals_are_one_sentence(tmp_path: Path, name: str) -> None:
    changes, words, needles = REFUSED[name]
    write(tmp_path, **changes)
    before = (tmp_path / "grid.yaml").read_bytes()
    ran = trialsim(tmp_path, "sweep", "grid.yaml", "--engine", "exact", *words)
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err
    assert all(needle in ran.err for needle in needles), ran.err
    assert ran.out == ""
    assert (tmp_path / "grid.yaml").read_bytes() == before


def test_read_only_store_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path)
    trialsim(tmp_path, "sweep", "grid.yaml", "--engine", "exact", "--out", "a.csv")
    store = tmp_path / "results" / "trialsim.sqlite"
    store.chmod(0o444)
    (tmp_path / "results").chmod(0o555)
    try:
        if os.access(store, os.W_OK):
            pytest.skip("this user may write to every file (root)")
        ran = trialsim(tmp_path, "sweep", "grid.yaml", "--engine", "exact")
    finally:
        (tmp_path / "results").chmod(0o755)
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert "trialsim.sqlite" in ran.err


def test_missing_store_and_unknown_name(tmp_path: Path, folder: Path) -> None:
    missing = trialsim(tmp_path, "results", "list")
    assert (missing.code, missing.out) == (2, "")
    assert "results/trialsim.sqlite" in missing.err
    unknown = trialsim(folder, "results", "show", "gird")
    assert unknown.code == 2
    assert 'did you mean "grid"' in unknown.err
