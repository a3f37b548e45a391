"""The verb `compare` from outside: formats, variants, what is matched, errors and exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.in_process import Ran, called
from tests.contracts.test_cli import ROOT, environment

PROGRAM = "from trialsim.cli import main; main()"
GATE = "design.looks.proof-of-concept.continue_if.rule.at_least"
TWO_TRUTHS = "truths=[{name: weak, response_rate: 0.1}, {name: active, response_rate: 0.3}]"
SMALL = ("--set", "conduct=null", "--set", TWO_TRUTHS, "--n-sims", "2000", "--jobs", "1")
VARIANT = ("--variant", f"4 of 18: {GATE}=4")
CONDUCTED = ("--set", "conduct.match=null", "--set", "plans=[]", "--set", TWO_TRUTHS, "--n-sims", "60", "--jobs", "1")

ROW_KEYS = ["plan", "truth", "measure", "arm", "look", "given", "value", "variant", "engine", "designs", "differences"]
VALUE_KEYS = ["estimate", "mcse", "bound", "exact", "z"]
DIFFERENCE_KEYS = ["value", "mcse", "exact", "z", "is_judged", "variance_ratio", "mcse_error"]


def compare(cwd: Path, *words: str) -> Ran:
    return called(cwd, "compare", *words)


def parsed(ran: Ran) -> dict[str, Any]:
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, Any] = json.loads(ran.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compare")


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    ran = compare(folder, "gist", *SMALL, *VARIANT)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    return parsed(compare(folder, "gist", *SMALL, *VARIANT, "--format", "json"))


@pytest.fixture(scope="module")
def conducted(folder: Path) -> dict[str, Any]:
    return parsed(compare(folder, "gist", *CONDUCTED, *VARIANT, "--format", "json"))


# ---------------------------------------------------------------- text


def test_the_text_names_designs_and_what_differs(text: str) -> None:
    assert text.startswith("2 designs on the same simulated patients\n  A: gist\n  B: gist, 4 of 18\n")
    assert f"B differs from A in {GATE} 3 → 4." in text
    assert "147 patients, ideal conduct" in text
    assert "200 patients, ideal conduct" in text
    assert "as conducted" not in text
    for words in ("goes on at proof-of-concept", "mean N", "success at interim", "stops before the end"):
        assert words in text
    assert "ci_coverage" not in text


def test_no_difference_is_shown_without_its_error(text: str) -> None:
    lines = [line for line in text.splitlines() if " goes on at " in line or " mean N " in line]
    assert len(lines) == 2 * 2 * 5
    for line in lines:
        simulated = re.findall(r"[+-]?\d+\.\d+ \((?:\d[\d.e-]*|alike)\)", line)
        assert len(simulated) == 1, line
        assert float(simulated[0].split("(")[1].rstrip(")")) > 0 if "alike" not in line else True


def test_the_legend_says_how_good_the_errors_are(text: str) -> None:
    assert "jackknife over groups of replicates (200); its own relative error is about 5 %" in text
    assert "limit" in text
    assert "The engines agree." in text
    assert re.search(r"Scenarios A [0-9a-f]{16}, B [0-9a-f]{16}; trialsim .*, 2,000 replicates, seed 1", text)


def test_full_shows_every_measure(folder: Path, text: str) -> None:
    full = compare(folder, "gist", *SMALL, *VARIANT, "--full").out
    assert len(full.splitlines()) > 4 * len(text.splitlines())
    assert "ci_coverage, clopper-pearson, given continue" in full
    assert "ci_half_width_max" in full


def test_more_than_two_designs_stand_side_by_side_first(folder: Path) -> None:
    more = ("--variant", f"{GATE}=5; design.looks.proof-of-concept.at.per_arm=24")
    ran = compare(folder, "gist", *SMALL, "--set", "plans=[]", *VARIANT, *more)
    assert ran.code == 0
    assert f"C: gist, {GATE}=5; design.looks.proof-of-concept.at.per_arm=24" in ran.out
    titles = [line for line in ran.out.splitlines() if line.startswith("147 patients")]
    assert titles == [f"147 patients, ideal conduct: {x}" for x in ("all designs", "B against A", "C against A")]
    header = next(line for line in ran.out.splitlines() if line.startswith("truth"))
    assert header.split() == ["truth", "of", "measure", "A", "B", "C"]


def test_exact_alone(folder: Path) -> None:
    ran = compare(folder, "gist", *SMALL, *VARIANT, "--engine", "exact")
    assert (ran.code, ran.err) == (0, "")
    assert "Exact values only" in ran.out
    assert "MCSE" not in ran.out
    assert "-0.168007" in ran.out


def test_simulated_alone(folder: Path) -> None:
    ran = compare(folder, "gist", *SMALL, *VARIANT, "--engine", "montecarlo")
    assert (ran.code, ran.err) == (0, "")
    assert "Simulated values only." in ran.out
    header = next(line for line in ran.out.splitlines() if line.startswith("truth"))
    assert header.split() == ["truth", "of", "measure", "A", "B", "B", "−", "A", "replicates"]


# ---------------------------------------------------------------- documents


def test_the_document_keeps_its_contract(document: dict[str, Any]) -> None:
    assert document["schema"] == "trialsim.comparison/1"
    assert [(own["letter"], own["label"], own["name"]) for own in document["designs"]] == [
        ("A", "gist", "gist"),
        ("B", "gist, 4 of 18", "gist"),
    ]
    assert document["designs"][1]["changes"] == [{"path": GATE, "own": "3", "other": "4"}]
    assert document["reference"] == "A"
    assert document["groups"] == {"ideal": 200, "calendar": None}
    assert document["agreement"]["n_failures"] == 0
    assert document["agreement"]["n_differences"] > 50
    assert document["provenance"]["n_sims"] == 2000
    for row in document["measures"]:
        assert list(row) == ROW_KEYS
        assert list(row["designs"]) == ["A", "B"]
        assert list(row["differences"]) == ["B"]
        assert all(list(own) == VALUE_KEYS for own in row["designs"].values() if own is not None)
        assert all(list(own) == DIFFERENCE_KEYS for own in row["differences"].values() if own is not None)


def _assert_differences(document: dict[str, Any]) -> int:
    n_compared = 0
    for row in document["measures"]:
        one, other, difference = row["designs"]["A"], row["designs"]["B"], row["differences"]["B"]
        if one is None or other is None:
            assert difference is None
        elif difference is not None:
            assert (difference["value"] is None) == (difference["mcse"] is None)
            if difference["value"] is not None:
                assert difference["value"] == pytest.approx(other["estimate"] - one["estimate"], abs=1e-9)
                assert difference["mcse"] >= 0
                n_compared += 1
            if difference["exact"] is not None:
                assert difference["exact"] == other["exact"] - one["exact"]
            if difference["variance_ratio"] is not None:
                assert difference["variance_ratio"] >= 0.5
    return n_compared


def test_differences_are_b_minus_a(document: dict[str, Any]) -> None:
    assert _assert_differences(document) > 200
    simulated = [row for row in document["measures"] if row["engine"] == "montecarlo"]
    assert sum(row["differences"]["B"] is not None for row in simulated) > 0.9 * len(simulated)
    judged = [row["differences"]["B"] for row in simulated if row["differences"]["B"] is not None]
    assert all(own["z"] is not None for own in judged if own["is_judged"])


@pytest.mark.long
def test_calendar_measures_are_paired_too(conducted: dict[str, Any]) -> None:
    assert conducted["groups"] == {"ideal": 30, "calendar": 30}
    rows = [row for row in conducted["measures"] if row["engine"] == "calendar"]
    assert {"day_mean", "overrun_mean", "enrolled_mean", "n_mean", "p_continue", "os_mean", "severe_mean"} <= {
        row["measure"] for row in rows
    }
    assert _assert_differences(conducted) > 1000
    assert all(row["differences"]["B"]["exact"] is None for row in rows if row["differences"]["B"] is not None)
    held = next(row for row in rows if (row["measure"], row["look"]) == ("day_mean", "proof-of-concept"))
    assert held["differences"]["B"]["value"] > 0
    assert held["differences"]["B"]["mcse"] > 0


def test_calendar_tables(folder: Path) -> None:
    ran = compare(folder, "gist", *CONDUCTED, "--variant", "later: conduct.looks.interim.fires={after_days: 200}")
    assert (ran.code, ran.err) == (0, "")
    assert "B differs from A in conduct.looks.interim.fires.after_days 183.0 → 200.0." in ran.out
    assert "147 patients, as conducted" in ran.out
    line = next(line for line in ran.out.splitlines() if "held on day at interim" in line)
    assert re.search(r"\+\d+\.\d \(\S+\)", line)
    assert "overrun at interim" in ran.out
    assert "alike" in ran.out


def test_csv_holds_every_row(folder: Path, document: dict[str, Any]) -> None:
    ran = compare(folder, "gist", *SMALL, *VARIANT, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert len(rows) == len(document["measures"])
    assert {row["design"] for row in rows} == {"B"}
    for row, own in zip(rows, document["measures"], strict=True):
        assert row["measure"] == own["measure"]
        difference = own["differences"]["B"]
        expected = None if difference is None else difference["value"]
        assert row["difference_value"] == ("" if expected is None else repr(expected))
        assert row["reference_exact"] == ("" if own["designs"]["A"] is None else repr(own["designs"]["A"]["exact"]))


class _Tags(HTMLParser):
    """Checks that every element that is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        del attrs
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_and_markdown_by_suffix(folder: Path) -> None:
    named = ("--variant", f"<b>4 | 18</b>: {GATE}=4")
    for suffix in ("html", "md"):
        ran = compare(folder, "gist", *SMALL, *named, "--out", f"found.{suffix}")
        assert (ran.code, ran.out, ran.err) == (0, "", f"Written to found.{suffix}.\n")
    page, markdown = ((folder / f"found.{suffix}").read_text() for suffix in ("html", "md"))
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert {"html", "table", "h1", "h2", "li"} <= tags.seen
    assert "b" not in tags.seen
    assert "# 2 designs on the same simulated patients" in markdown
    assert "## 147 patients, ideal conduct" in markdown
    assert "| truth" in markdown


# ---------------------------------------------------------------- which designs


def test_with_one_scenario_each_set_makes_a_design(folder: Path) -> None:
    document = parsed(
        compare(folder, "simon-20-40", "--set", "n_sims=500", "--set", "design.enrolment.cap=40", "--format", "json")
    )
    assert [own["label"] for own in document["designs"]] == [
        "simon-20-40",
        "simon-20-40, n_sims=500",
        "simon-20-40, design.enrolment.cap=40",
    ]
    assert document["provenance"]["n_sims"] == 100_000
    assert document["notes"] == [
        "B is run with the seed and the number of replicates of A (its own: n_sims 500).",
        "B is the same scenario as A.",
        'The plan "37 patients" of A is compared with "40 patients" of C.',
    ]


def test_two_files_and_a_variant_of_the_first(folder: Path) -> None:
    source = (ROOT / "scenarios" / "simon-20-40.yaml").read_text()
    (folder / "mine.yaml").write_text(source.replace("rate: 0.30", "rate: 0.31") + "\nseed: 7\n")
    words = ("simon-20-40", "mine.yaml", "--set", "n_sims=400", "--variant", "design.enrolment.cap=40")
    document = parsed(compare(folder, *words, "--format", "json"))
    assert [own["label"] for own in document["designs"]] == [
        "simon-20-40 (simon-20-40)",
        "simon-20-40 (mine.yaml)",
        "simon-20-40, design.enrolment.cap=40",
    ]
    assert document["provenance"]["n_sims"] == 400
    assert document["notes"][0] == "B is run with the seed and the number of replicates of A (its own: seed 7)."
    assert 'The truth "between" has other response rates in A and in B: treatment 0.3 and 0.31.' in document["notes"]


def test_the_same_design_twice_is_no_mistake(folder: Path) -> None:
    document = parsed(compare(folder, "simon-20-40", "simon-20-40", "--n-sims", "500", "--format", "json"))
    assert "B is the same scenario as A." in document["notes"]
    for row in document["measures"]:
        assert row["designs"]["A"] == row["designs"]["B"]
        difference = row["differences"]["B"]
        assert difference is None or difference["value"] in (0.0, None)


def test_designs_with_little_in_common_say_so(folder: Path) -> None:
    mine = folder / "brief.yaml"
    mine.write_text(
        "schema: trialsim.scenario/1\nname: brief\ndesign: gist-imatinib\nn_sims: 500\n"
        "truths: [{name: active, response_rate: 0.3}]\n"
    )
    ran = compare(folder, str(mine), "simon-20-40")
    assert ran.code == 0
    for words in (
        'The plan "147 patients" of A is compared with "37 patients" of B.',
        'Not compared: B alone has the truths "inactive", "between".',
        'Not compared: A alone has the arms "400 mg", "600 mg"; B alone has the arm "treatment".',
        'A alone has the looks "proof-of-concept", "interim", "final"; B alone has the looks "first stage"',
    ):
        assert words in ran.out
    assert "mean N" in ran.out


def test_seed_and_jobs(folder: Path, document: dict[str, Any]) -> None:
    def numbers(*words: str) -> Any:
        return parsed(compare(folder, "gist", *SMALL[:-2], *VARIANT, "--format", "json", *words))["measures"]

    assert numbers("--jobs", "2") == document["measures"]
    assert numbers("--jobs", "1", "--seed", "2") != document["measures"]


def test_help_explains_itself(folder: Path) -> None:
    ran = compare(folder, "--help")
    assert ran.code == 0
    assert ran.out.count("python -m trialsim compare ") == 3
    assert "each --set makes one" in " ".join(ran.out.split())
    assert '"4 of 18: design.looks' in ran.out


# ---------------------------------------------------------------- errors

MISTAKES: list[tuple[tuple[str, ...], str]] = [
    (("gist",), "needs two designs or more"),
    (("gist", "nowhere.yaml"), "nowhere.yaml: no such file"),
    (("gist", "--variant", "a"), '"a" has no "="'),
    (("gist", "--variant", "name:"), "write it as"),
    (("gist", "--variant", "n_sims=[1"), "--variant n_sims=[1: '[1' cannot be read"),
    (("gist", "--variant", "n_simz=5"), "--variant n_simz=5"),
    (("gist", "--variant", f"{GATE}=100"), f"--variant {GATE}=100"),
    (("gist", "gist", "--set", "n_sims"), "--set n_sims"),
    (("gist", "gist", "--seed", "x"), "--seed x"),
    (("gist", "gist", "--n-sims", "0"), "--n-sims 0"),
    (("gist", "gist", "--jobs", "0"), "--jobs 0"),
    (("gist", "gist", "--engine", "guess"), "guess"),
    (("gist", "gist", "--out", "nowhere/x.json"), "the folder nowhere does not exist"),
    (("gist", "gist", "--out", "x.doc"), "what format is .doc?"),
    (("gist",) * 9, "9 designs are asked for; up to 8"),
    (("gist", *("--set", "n_sims=5") * 8), "9 designs are asked for; up to 8"),
    (
        ("gist", "--variant", "truths=[{name: other, response_rate: 0.2}]; conduct.match=null"),
        "no truth of the same name",
    ),
    (("gist", "--variant", "plans=[]; design.enrolment.cap=150", "--set", "conduct=null"), "no plan of the same name"),
    ((), "Missing argument"),
]


@pytest.mark.parametrize(("words", "fragment"), MISTAKES, ids=[" ".join(words)[:60] for words, _ in MISTAKES])
def test_a_mistake_is_one_clear_sentence(folder: Path, words: tuple[str, ...], fragment: str) -> None:
    ran = compare(folder, *words)
    assert ran.code == 2, ran.err
    assert ran.out == ""
    assert fragment in ran.err
    assert "Traceback" not in ran.err
    if ran.err.startswith("trialsim: "):
        assert ran.err.count("\n") == 1
        assert ran.err.rstrip().endswith((".", "?"))


def test_the_output_is_none_of_the_scenarios(folder: Path) -> None:
    mine = folder / "keep.yaml"
    mine.write_text((ROOT / "scenarios" / "simon-20-40.yaml").read_text())
    before = mine.read_text()
    ran = compare(folder, "gist", "keep.yaml", "--out", "keep.yaml", "--format", "text")
    assert ran.code == 2
    assert "is one of the scenarios" in ran.err
    assert mine.read_text() == before


def test_a_disagreement_is_exit_code_3(folder: Path) -> None:
    """Design B is simulated at other rates than it is solved at."""
    spoilt = (
        "from trialsim.comparison import cells; honest = cells.simulate_groups\n"
        "def wrong(study, edges, **more):\n"
        "    is_second = study.plan.nodes.stop_low.max() == 3\n"
        "    rates = tuple(1.1 * rate for rate in study.rates)\n"
        "    return honest(study._replace(rates=rates) if is_second else study, edges, **more)\n"
        "cells.simulate_groups = wrong\n"
    )
    command = [sys.executable, "-c", spoilt + PROGRAM, "compare", "gist", *SMALL[:-4], *VARIANT, "--n-sims", "50000"]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "simulated and exact values disagree in" in done.stderr
    assert "DISAGREE:" in done.stdout
    assert re.search(r"^  B − A: \w+ \(.*\): simulated .*, MCSE .*, exact .*, z ", done.stdout, re.MULTILINE)
