"""The command line as DESIGN.md (sections 6 and 7) promises it, from outside: real processes, written numbers."""

from __future__ import annotations

import csv
import json
import math
import os
import pty
import re
import resource
import shlex
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pyarrow.parquet as pq
import pytest
import yaml

from tests.contracts.in_process import called

ROOT = Path(__file__).resolve().parents[2]
VERBS = (
    *("run", "check", "sweep", "compare", "replay", "results", "schema", "list", "validate", "analyse", "search"),
    "report",
)
STANDING_ALONE = (
    "run",
    "check",
    "schema",
    "list",
    "validate",
    "analyse",
    "search",
)  # the others' examples take minutes or a store
N_SIMS = 2000

CONTRACT_KEYS = (
    *("truth", "measure", "arm", "look", "given", "value", "variant"),
    *("estimate", "mcse", "engine", "exact", "z"),
)
ADDED_KEYS = ("plan", "bound", "cost")  # DESIGN.md does not name them yet; nothing else may be added silently
ADDRESS = ("plan", "truth", "measure", "arm", "look", "given", "value", "variant")
CONTRACT_MEASURES = {
    *("p_continue", "p_stop", "p_arms_continuing", "p_success", "n_mean", "n_sd", "n_pmf", "n_quantile", "pet"),
    *("ci_coverage", "ci_half_width_mean", "ci_half_width_max", "ci_distance_max"),
    *("rate_mean", "rate_bias", "rate_rmse"),
}
ADDED_MEASURES = {"p_pattern", "p_reached", "n_for_distance"}

Record = dict[str, Any]


class Ran(NamedTuple):
    """What a process left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def on_paper(words: tuple[str, ...]) -> tuple[str, ...]:
    """The founding trial without its calendar, which has tests of its own and would make these slow."""
    return (*words, "--set", "conduct=null") if words[:2] == ("run", "gist") else words


def trialsim(cwd: Path, *words: str, python: tuple[str, ...] = (), **options: Any) -> Ran:
    command = [sys.executable, *python, "-m", "trialsim", *on_paper(words)]
    done = subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=120, check=False, **options
    )
    return Ran(done.returncode, done.stdout, done.stderr)


class InProcess(NamedTuple):
    """The command line called in this process, so that a test can spoil a part of it."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Ran:
        from trialsim.cli import main

        self.monkeypatch.setattr(sys, "argv", ["trialsim", *on_paper(words)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        return Ran(code, *self.capsys.readouterr())


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> InProcess:
    monkeypatch.chdir(tmp_path)
    return InProcess(monkeypatch, capsys)


def refuse_constant(word: str) -> float:
    raise AssertionError(f"{word} is not JSON")


def parsed(text: str) -> dict[str, Any]:
    document = json.loads(text, parse_constant=refuse_constant)
    assert isinstance(document, dict)
    return document


def address(record: Record) -> tuple[Any, ...]:
    return tuple(record[key] for key in ADDRESS)


def number(document: dict[str, Any], **wanted: Any) -> Any:
    found = [
        record
        for record in document["measures"]
        if all(record[key] == value for key, value in wanted.items())
        and all(record[key] is None for key in ("given", "look", "arm", "truth", "value") if key not in wanted)
    ]
    assert len(found) == 1, wanted
    return found[0]["estimate"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def auto_run(folder: Path) -> Ran:
    words = ("--format", "json", "--n-sims", str(N_SIMS), "--jobs", "1", "--trials", "trials.parquet")
    return trialsim(folder, "run", "gist", *words)


@pytest.fixture(scope="module")
def auto(auto_run: Ran) -> dict[str, Any]:
    assert auto_run.code == 0, auto_run.err
    return parsed(auto_run.out)


@pytest.fixture(scope="module")
def exact_run(folder: Path) -> Ran:
    return trialsim(folder, "run", "gist", "--engine", "exact", "--format", "json", "--no-save")


@pytest.fixture(scope="module")
def exact(exact_run: Ran) -> dict[str, Any]:
    assert exact_run.code == 0, exact_run.err
    return parsed(exact_run.out)


@pytest.fixture(scope="module")
def simulated(folder: Path) -> dict[str, Any]:
    words = ("--engine", "montecarlo", "--format", "json", "--n-sims", str(N_SIMS), "--no-save")
    ran = called(folder, *on_paper(("run", "gist", *words)))
    assert (ran.code, ran.err) == (0, "")
    return parsed(ran.out)


# The numbers of the protocol


@pytest.mark.parametrize(
    ("printed", "wanted"),
    [
        (0.941871, {"truth": "inactive", "measure": "p_stop", "arm": "400 mg", "look": "proof-of-concept"}),
        (0.059952, {"truth": "active", "measure": "p_stop", "arm": "600 mg", "look": "proof-of-concept"}),
        (0.728658, {"truth": "modest", "measure": "p_continue", "arm": "400 mg", "look": "proof-of-concept"}),
        (0.887121, {"truth": "inactive", "measure": "p_arms_continuing", "look": "proof-of-concept", "value": 0}),
        (0.883690, {"truth": "active", "measure": "p_arms_continuing", "look": "proof-of-concept", "value": 2}),
        (0.084163, {"measure": "ci_distance_max", "arm": "pooled", "value": 147}),
        (0.083499, {"measure": "ci_half_width_max", "arm": "pooled", "value": 147}),
    ],
)
@pytest.mark.parametrize("engine", ["exact", "auto"])
def test_six_digits_of_the_founding_trial(
    printed: float, wanted: dict[str, Any], engine: str, exact: dict[str, Any], auto: dict[str, Any]
) -> None:
    document = exact if engine == "exact" else {"measures": [r | {"estimate": r["exact"]} for r in auto["measures"]]}
    assert abs(number(document, plan="147 patients", **wanted) - printed) <= 5.000001e-7


@pytest.mark.parametrize(("truth", "printed"), [("inactive", 42.4523), ("weak", 65.5486), ("active", 140.3453)])
def test_expected_number_of_patients(truth: str, printed: float, exact: dict[str, Any]) -> None:
    found = number(exact, plan="147 patients", truth=truth, measure="n_mean")
    assert abs(found - printed) <= 5.000001e-5


def test_half_width_of_the_larger_plan_and_one_arm_or_more(exact: dict[str, Any]) -> None:
    wide = number(exact, plan="200 patients", measure="ci_half_width_max", arm="pooled", value=200)
    assert abs(wide - 0.071342) <= 5.000001e-7
    gate = {"truth": "inactive", "measure": "p_arms_continuing", "look": "proof-of-concept"}
    some = sum(number(exact, plan="147 patients", value=value, **gate) for value in (1, 2))
    assert abs(some - 0.112879) <= 5.000001e-7


def test_patients_not_evaluable_break_the_six_percent(in_process: InProcess) -> None:
    rate = 0.30 * (1 - 7 / 147)
    words = ("--engine", "exact", "--no-save", "--format", "json", "--set", f"truths.active.response_rate={rate}")
    document = parsed(in_process("run", "gist", *words).out)
    found = number(
        document, plan="147 patients", truth="active", measure="p_stop", arm="400 mg", look="proof-of-concept"
    )
    assert abs(found - 0.0766) <= 5.0001e-5


# The result document


@pytest.mark.parametrize("name", ["auto", "exact", "simulated"])
def test_document_has_the_keys_of_the_contract_and_no_others(name: str, request: pytest.FixtureRequest) -> None:
    document = request.getfixturevalue(name)
    assert set(document) == {"schema", "scenario", "truths", "provenance", "measures"} | {
        "plans",
        "agreement",
        "match",
        "missed_looks",
        "sensitivity",
    }
    assert document["schema"] == "trialsim.result/1"
    assert set(document["scenario"]) == {"name", "id"}
    assert document["scenario"]["name"] == "gist"
    assert re.fullmatch(r"[0-9a-f]{12,64}", document["scenario"]["id"])
    words = {"trialsim", "seed", "n_sims", "stream", "python", "numpy", "numba", "wall_s"}
    assert set(document["provenance"]) == words
    assert len(document["measures"]) > 500
    for record in document["measures"]:
        assert set(record) == {*CONTRACT_KEYS, *ADDED_KEYS}


def test_truths_are_resolved_to_a_rate_per_arm(exact: dict[str, Any]) -> None:
    truths = {truth["name"]: truth["response_rate"] for truth in exact["truths"]}
    assert list(truths) == ["inactive", "weak", "modest", "active", "mixed", "observed", "calibrated"]
    assert truths["inactive"] == {"400 mg": 0.05, "600 mg": 0.05}
    assert truths["mixed"] == {"400 mg": 0.05, "600 mg": 0.30}
    assert truths["observed"] == {"400 mg": 36 / 73, "600 mg": 43 / 74}


@pytest.mark.parametrize("name", ["auto", "exact", "simulated"])
def test_record_words_come_from_the_contract(name: str, request: pytest.FixtureRequest) -> None:
    records: list[Record] = request.getfixturevalue(name)["measures"]
    assert {record["measure"] for record in records} == CONTRACT_MEASURES | ADDED_MEASURES
    assert {record["arm"] for record in records} == {"400 mg", "600 mg", "pooled", None}
    assert {record["look"] for record in records} == {"proof-of-concept", "interim", "final", None}
    assert {record["given"] for record in records} == {"continue", "stop", "all_continue", None}
    variants = {record["variant"] for record in records if record["measure"].startswith("ci_")}
    assert variants == {"clopper-pearson"}
    assert {record["variant"] for record in records if record["measure"].startswith("rate_")} == {"mle"}
    for record in records:
        fixed = record["measure"] in {"ci_half_width_max", "ci_distance_max", "n_for_distance"}
        assert (record["truth"] is None) == fixed, record


@pytest.mark.parametrize("name", ["auto", "exact", "simulated"])
def test_an_address_names_one_number(name: str, request: pytest.FixtureRequest) -> None:
    counts = Counter(address(record) for record in request.getfixturevalue(name)["measures"])
    assert [key for key, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("name", ["auto", "exact", "simulated"])
def test_record_types(name: str, request: pytest.FixtureRequest) -> None:
    for record in request.getfixturevalue(name)["measures"]:
        for key in ("truth", "arm", "look", "given", "variant"):
            assert record[key] is None or isinstance(record[key], str), record
        for key in ("value", "estimate", "mcse", "bound", "exact", "z"):
            value = record[key]
            assert value is None or (isinstance(value, int | float) and not isinstance(value, bool)), record
        assert record["engine"] in {"exact", "montecarlo"}, record
        assert (record["mcse"] is None) == (record["estimate"] is None), record
        assert record["mcse"] is None or record["mcse"] >= 0, record
        assert record["estimate"] is not None or record["given"] is not None, record


def test_exact_engine_has_no_error_and_names_itself(exact: dict[str, Any]) -> None:
    for record in exact["measures"]:
        assert (record["engine"], record["mcse"], record["z"], record["bound"]) == ("exact", 0, None, None), record
        assert record["exact"] == record["estimate"], record
    nothing_simulated = {key: exact["provenance"][key] for key in ("seed", "n_sims", "stream", "numba")}
    assert set(nothing_simulated.values()) == {None}


def test_montecarlo_engine_knows_no_exact_value(simulated: dict[str, Any]) -> None:
    drawn = [record for record in simulated["measures"] if record["truth"] is not None]
    assert len(drawn) > 500
    for record in drawn:
        assert (record["engine"], record["exact"], record["z"]) == ("montecarlo", None, None), record


def test_both_engines_stand_side_by_side(
    auto: dict[str, Any], exact: dict[str, Any], simulated: dict[str, Any]
) -> None:
    expected = {address(record): record["estimate"] for record in exact["measures"]}
    drawn = {address(record): record["estimate"] for record in simulated["measures"]}
    checked = 0
    for record in auto["measures"]:
        assert record["estimate"] == drawn[address(record)], record
        if address(record) in expected:
            assert record["exact"] == pytest.approx(expected[address(record)], abs=1e-9, rel=1e-9), record
            checked += 1
        if record["z"] is not None and abs(record["z"]) > 1e-6:
            assert math.copysign(1, record["z"]) == math.copysign(1, record["estimate"] - record["exact"]), record
            assert abs(record["z"]) < 6, record
    assert checked > 900
    assert auto["provenance"]["n_sims"] == N_SIMS
    assert auto["provenance"]["seed"] == 1


def test_mcse_of_a_proportion_and_of_a_proportion_given_a_condition(auto: dict[str, Any]) -> None:
    n_gone_on = {
        (r["plan"], r["truth"], r["arm"]): round(r["estimate"] * N_SIMS)
        for r in auto["measures"]
        if r["measure"] == "p_continue"
    }
    checked = Counter[str]()
    for record in auto["measures"]:
        name, given, p = record["measure"], record["given"], record["estimate"]
        if name in {"p_stop", "p_continue", "p_arms_continuing", "p_pattern", "p_success", "pet"}:
            n = N_SIMS
        elif name == "ci_coverage" and given == "continue":
            n = n_gone_on[record["plan"], record["truth"], record["arm"]]
        else:
            continue
        if p is None:
            assert n == 0
            continue
        checked[name] += 1
        assert record["mcse"] == pytest.approx(math.sqrt(p * (1 - p) / n), rel=1e-9), record
        assert (record["bound"] is not None) == (p in (0, 1)), record
        if p == 0:
            assert record["bound"] == pytest.approx(1 - 0.025 ** (1 / n), rel=1e-9), record
        if p == 1:
            assert record["bound"] == pytest.approx(0.025 ** (1 / n), rel=1e-9), record
    assert len(checked) == 7


@pytest.mark.parametrize("name", ["exact", "auto"])
def test_probabilities_add_up(name: str, request: pytest.FixtureRequest) -> None:
    records = request.getfixturevalue(name)["measures"]
    for families in (("p_stop", "p_continue"), ("p_arms_continuing",), ("p_pattern",), ("n_pmf",)):
        sums = Counter[tuple[Any, ...]]()
        for record in records:
            if record["measure"] in families:
                sums[record["plan"], record["truth"], record["arm"], record["look"]] += record["estimate"]
        assert len(sums) >= 12
        assert list(sums.values()) == pytest.approx([1.0] * len(sums), abs=1e-9)


@pytest.mark.parametrize("name", ["exact", "auto"])
def test_moments_and_quantiles_of_n_follow_from_its_distribution(name: str, request: pytest.FixtureRequest) -> None:
    document = request.getfixturevalue(name)
    pmf: dict[tuple[Any, ...], dict[float, float]] = {}
    for record in document["measures"]:
        if record["measure"] == "n_pmf":
            pmf.setdefault((record["plan"], record["truth"], record["arm"]), {})[record["value"]] = record["estimate"]
    assert len(pmf) >= 12
    for (plan, truth, arm), law in pmf.items():
        where = {"plan": plan, "truth": truth, "arm": arm}
        mean = sum(n * p for n, p in law.items())
        variance = sum((n - mean) ** 2 * p for n, p in law.items())
        assert number(document, measure="n_mean", **where) == pytest.approx(mean, rel=1e-9)
        assert number(document, measure="n_sd", **where) == pytest.approx(math.sqrt(variance), rel=1e-3, abs=1e-9)
        for level in (0.05, 0.5, 0.95):
            found = number(document, measure="n_quantile", value=level, **where)
            assert sum(p for n, p in law.items() if n <= found) >= level - 1e-12
            assert sum(p for n, p in law.items() if n < found) < level + 1e-12


@pytest.mark.parametrize("name", ["exact", "auto"])
def test_conditional_measures_obey_the_law_of_total_probability(name: str, request: pytest.FixtureRequest) -> None:
    by_key = {address(record): record["estimate"] for record in request.getfixturevalue(name)["measures"]}
    checked = 0
    for key, whole in by_key.items():
        plan, truth, measure, arm, look, given, value, variant = key
        if measure not in {"ci_coverage", "ci_half_width_mean", "rate_mean", "rate_bias"} or given or arm == "pooled":
            continue
        parts = 0.0
        for condition, probability in (("stop", "p_stop"), ("continue", "p_continue")):
            p = by_key[plan, truth, probability, arm, "proof-of-concept", None, None, None]
            part = by_key[plan, truth, measure, arm, look, condition, value, variant]
            parts += p * part if p else 0.0
        assert whole == pytest.approx(parts, abs=1e-9), key
        checked += 1
    assert checked == 2 * 7 * 2 * 4


def test_bias_is_the_mean_less_the_truth(exact: dict[str, Any]) -> None:
    rates = {truth["name"]: truth["response_rate"] for truth in exact["truths"]}
    by_key = {address(record): record["estimate"] for record in exact["measures"]}
    biases = [key for key in by_key if key[2] == "rate_bias" and key[3] in ("400 mg", "600 mg")]
    assert len(biases) == 2 * 7 * 2 * 4
    for key in biases:
        mean = by_key[(*key[:2], "rate_mean", *key[3:])]
        assert by_key[key] == pytest.approx(mean - rates[key[1]][key[3]], abs=1e-12)


# Formats and files


def test_stdout_holds_the_result_and_nothing_else(auto_run: Ran, folder: Path) -> None:
    assert auto_run.code == 0
    assert auto_run.out.startswith("{")
    assert auto_run.out.endswith("}\n")
    assert [path.name for path in (folder / "results").iterdir()] == ["trialsim.sqlite"]
    kept = re.fullmatch(r"Kept in results/trialsim\.sqlite as (\w{8}) \(trialsim results show \1\)\.\n", auto_run.err)
    assert kept is not None
    shown = called(folder, "results", "export", kept[1], "--format", "json")
    rows = parsed(shown.out)["rows"]
    measures = parsed(auto_run.out)["measures"]
    assert [(row["measure"], row["arm"], row["estimate"], row["exact"]) for row in rows] == [
        (record["measure"], record["arm"], record["estimate"], record["exact"]) for record in measures
    ]


def test_no_save_saves_nothing_and_is_silent(tmp_path: Path, in_process: InProcess) -> None:
    ran = in_process("run", "gist", "--engine", "exact", "--no-save")
    assert (ran.code, ran.err) == (0, "")
    assert list(tmp_path.iterdir()) == []


def records_of_csv(text: str) -> list[Record]:
    def value_of(key: str, cell: str) -> Any:
        if cell == "":
            return None
        return float(cell) if key in {"value", "estimate", "mcse", "bound", "exact", "z", "cost"} else cell

    return [{key: value_of(key, cell) for key, cell in row.items()} for row in csv.DictReader(text.splitlines())]


def test_csv_holds_the_records_of_the_json(in_process: InProcess, auto: dict[str, Any]) -> None:
    ran = in_process("run", "gist", "--format", "csv", "--n-sims", str(N_SIMS), "--no-save")
    assert (ran.code, ran.err) == (0, "")
    rows = records_of_csv(ran.out)
    assert list(rows[0]) == list(auto["measures"][0])
    assert rows == auto["measures"]


class Balance(HTMLParser):
    """Collects what a page refers to and whether its tags are closed."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags = Counter[str]()
        self.references: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.references += [value or "" for key, value in attrs if key in {"src", "href"}]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def as_page(text: str) -> Balance:
    page = Balance()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


def test_text_begins_with_the_two_sentences_of_the_protocol(in_process: InProcess) -> None:
    ran = in_process("run", "gist", "--engine", "exact", "--no-save")
    first = " ".join(ran.out.split("\n\n")[0].split())
    assert "94.2 %" in first
    assert "6.0 %" in first
    assert "±8.4" in first
    assert "largest distance from estimate to limit" in first
    for printed in ("0.941871", "0.059952", "0.728658", "0.887121", "0.883690", "0.084163", "0.083499", "0.071342"):
        assert printed in ran.out
    for printed in ("42.4523", "65.5486", "140.3453"):
        assert printed in ran.out


def test_text_explains_the_signs_it_uses(in_process: InProcess) -> None:
    ran = in_process("run", "gist", "--n-sims", str(N_SIMS), "--no-save")
    assert ran.code == 0
    assert "MCSE" in ran.out
    if re.search(r"\(-?\d+\.\d\d\)", ran.out):
        assert re.search(r"parenthes|bracket", ran.out), "values of z in brackets, and no word on what brackets mean"
    if re.search(r"< \d+(\.\d+)?e-\d+", ran.out):
        assert re.search(r"95 %[^\n]*(bound|limit)|(bound|limit)[^\n]*95 %", ran.out), "a bound without its level"


def test_markdown_tables_are_rectangular(in_process: InProcess) -> None:
    ran = in_process("run", "gist", "--engine", "exact", "--no-save", "--format", "markdown")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("# gist")
    blocks = [block.split("\n") for block in ran.out.split("\n\n") if block.startswith("|")]
    assert len(blocks) >= 5
    for block in blocks:
        assert len({line.replace("\\|", "").count("|") for line in block if line}) == 1, block[0]
        assert set(block[1]) <= set("|-: ")
    assert re.search(r"\| +0\.941871 +\| +0\.058129 +\|", ran.out)


def test_html_is_one_closed_file(in_process: InProcess) -> None:
    ran = in_process("run", "gist", "--engine", "exact", "--no-save", "--format", "html")
    assert (ran.code, ran.err) == (0, "")
    page = as_page(ran.out)
    assert page.tags["table"] >= 5
    assert page.references == []
    assert "0.941871" in page.words
    assert "url(" not in ran.out
    assert "@import" not in ran.out


def without_clock(text: str) -> str:
    text = re.sub(r'"wall_s": [0-9.e-]+', '"wall_s"', text)
    return re.sub(r"\d+\.\d+ s\b", "_ s", text)


@pytest.mark.parametrize(
    ("suffix", "format_"),
    [("json", "json"), ("csv", "csv"), ("md", "markdown"), ("html", "html"), ("txt", "text")],
)
def test_out_takes_the_format_from_the_suffix(suffix: str, format_: str, tmp_path: Path, in_process: InProcess) -> None:
    words = ("run", "gist", "--engine", "exact", "--no-save")
    to_file = in_process(*words, "--out", f"result.{suffix}")
    assert (to_file.code, to_file.out) == (0, "")
    assert to_file.err.strip() == f"Written to result.{suffix}."
    assert [path.name for path in tmp_path.iterdir()] == [f"result.{suffix}"]
    printed = in_process(*words, "--format", format_).out
    written = (tmp_path / f"result.{suffix}").read_bytes().decode("utf-8")
    assert without_clock(written) == without_clock(printed)


def test_format_wins_over_the_suffix(tmp_path: Path, in_process: InProcess) -> None:
    ran = in_process("run", "gist", "--engine", "exact", "--no-save", "--out", "r.txt", "--format", "json")
    assert ran.code == 0
    assert parsed((tmp_path / "r.txt").read_text(encoding="utf-8"))["schema"] == "trialsim.result/1"


def small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_disk_that_fills_up_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("old", encoding="utf-8")
    words = ("--engine", "exact", "--no-save", "--out", "r.json")
    ran = trialsim(tmp_path, "run", "gist", *words, preexec_fn=small_files, python=("-B",))
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert "r.json" in ran.err
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"r.json": "old"}


def test_a_full_stdout_is_no_traceback(tmp_path: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "trialsim", "run", "gist", "--engine", "exact", "--no-save"],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr


def test_out_writes_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "target.json").write_text("old", encoding="utf-8")
    (tmp_path / "link.json").symlink_to("target.json")
    ran = called(tmp_path, *on_paper(("run", "gist", "--engine", "exact", "--no-save", "--out", "link.json")))
    assert ran.code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert parsed((tmp_path / "target.json").read_text(encoding="utf-8"))["schema"] == "trialsim.result/1"


@pytest.mark.parametrize("option", ["--out", "--trials"])
def test_a_special_file_is_never_replaced(option: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # stands for /dev/null and /dev/stdout, which a rename would destroy for the whole machine
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        engine = ("--engine", "exact") if option == "--out" else ("--n-sims", "10")
        ran = trialsim(tmp_path, "run", "gist", *engine, "--no-save", option, "pipe")
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert ran.code in (0, 2)
        assert "Traceback" not in ran.err
    finally:
        os.close(reader)


# Options


def p_stop(n: int, at_least: int, rate: float) -> float:
    return sum(math.comb(n, x) * rate**x * (1 - rate) ** (n - x) for x in range(at_least))


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("design.looks.proof-of-concept.continue_if.rule.at_least=4", p_stop(18, 4, 0.05)),
        ("design.looks.0.continue_if.rule.at_least=4", p_stop(18, 4, 0.05)),
        ("design.looks.0.at.per_arm=20", p_stop(20, 3, 0.05)),
        ("truths.inactive.response_rate=3/40", p_stop(18, 3, 3 / 40)),
        ("truths.0.response_rate=0.1", p_stop(18, 3, 0.1)),
        ("truths.0.response_rate={400 mg: 0.2, 600 mg: 0.9}", p_stop(18, 3, 0.2)),
    ],
)
def test_set_changes_any_field(override: str, expected: float, in_process: InProcess) -> None:
    words = ("--engine", "exact", "--no-save", "--format", "json", "--set", override)
    ran = in_process("run", "gist", *words)
    assert (ran.code, ran.err) == (0, "")
    where = {"plan": "147 patients", "truth": "inactive", "arm": "400 mg", "look": "proof-of-concept"}
    assert number(parsed(ran.out), measure="p_stop", **where) == pytest.approx(expected, abs=1e-9)


def test_set_is_repeatable_and_the_last_one_wins(in_process: InProcess) -> None:
    pairs = ("n_sims=5", "seed=9", "n_sims=7", "plans.0.cap.400 mg=60", "name=other")
    sets = [word for pair in pairs for word in ("--set", pair)]
    document = parsed(in_process("run", "gist", *sets, "--format", "json", "--no-save").out)
    assert document["provenance"]["n_sims"] == 7
    assert document["provenance"]["seed"] == 9
    assert document["scenario"]["name"] == "other"
    assert document["plans"][0]["cap"] == {"400 mg": 60, "600 mg": 74}


def measures_of(text: str) -> str:
    head, _, tail = text.partition('"measures":')
    assert head.startswith("{")
    assert len(tail) > 5_000
    return tail


def test_jobs_change_no_byte_of_the_measures(tmp_path: Path) -> None:
    one_truth = ("--set", "plans=[]", "--set", "truths=[{name: a, response_rate: 0.2}]")
    words = (
        "run",
        "gist",
        "--engine",
        "montecarlo",
        "--n-sims",
        "1000000",
        "--format",
        "json",
        "--no-save",
        *one_truth,
    )
    one, two = (called(tmp_path, *on_paper(words), "--jobs", jobs) for jobs in ("1", "2"))
    assert (one.code, two.code, one.err, two.err) == (0, 0, "", "")
    assert measures_of(one.out) == measures_of(two.out)


def test_seed_is_what_changes_the_numbers(in_process: InProcess, simulated: dict[str, Any]) -> None:
    words = ("run", "gist", "--engine", "montecarlo", "--n-sims", str(N_SIMS), "--format", "json", "--no-save")
    same, other, largest = (parsed(in_process(*words, "--seed", s).out) for s in ("1", "2", str(2**63 - 1)))
    assert same["measures"] == simulated["measures"]
    assert other["provenance"]["seed"] == 2
    assert largest["provenance"]["seed"] == 2**63 - 1
    for first, second in pairwise((same, other, largest)):
        differing = sum(a != b for a, b in zip(first["measures"], second["measures"], strict=False))
        assert differing > 500


def test_trials_hold_a_row_per_replicate_that_gives_the_estimates(folder: Path, auto: dict[str, Any]) -> None:
    rows = pq.read_table(folder / "trials.parquet").to_pylist()
    assert len(rows) == 2 * 7 * N_SIMS
    by_setting: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        by_setting.setdefault((row["plan"], row["truth"]), []).append(row)
    assert len(by_setting) == 14
    for (plan, truth), trials in by_setting.items():
        assert [row["trial"] for row in trials] == list(range(N_SIMS))
        where = {"plan": plan, "truth": truth}
        for arm in ("400 mg", "600 mg"):
            stopped = sum(row[f"{arm}: stopped at"] == "proof-of-concept" for row in trials)
            found = number(auto, measure="p_stop", arm=arm, look="proof-of-concept", **where)
            assert found == pytest.approx(stopped / N_SIMS, abs=1e-12)
            patients = sum(row[f"{arm}: patients"] for row in trials)
            assert number(auto, measure="n_mean", arm=arm, **where) == pytest.approx(patients / N_SIMS, rel=1e-12)
            rate = sum(row[f"{arm}: responses"] / row[f"{arm}: patients"] for row in trials) / N_SIMS
            assert number(auto, measure="rate_mean", arm=arm, **where) == pytest.approx(rate, rel=1e-9)
            for row in trials:
                gone_on = row[f"{arm}: stopped at"] is None
                assert (row[f"{arm}: patients"] > 18) == gone_on
                assert gone_on or row[f"{arm}: responses"] < 3
        total = sum(row["400 mg: patients"] + row["600 mg: patients"] for row in trials)
        assert number(auto, measure="n_mean", **where) == pytest.approx(total / N_SIMS, rel=1e-12)
        met = sum(row["interim: success of pooled"] is True for row in trials)
        found = number(auto, measure="p_success", arm="pooled", look="interim", **where)
        assert found == pytest.approx(met / N_SIMS, abs=1e-12)


def test_a_longer_run_begins_with_the_shorter_one(tmp_path: Path, in_process: InProcess, folder: Path) -> None:
    ran = in_process("run", "gist", "--n-sims", "300", "--trials", "short.parquet", "--no-save")
    assert ran.code == 0
    short = pq.read_table(tmp_path / "short.parquet").to_pylist()
    long = [row for row in pq.read_table(folder / "trials.parquet").to_pylist() if row["trial"] < 300]
    assert len(short) == 2 * 7 * 300
    assert short == long


def arms_design(folder: Path, names: list[str], **truth: Any) -> None:
    design = {
        "schema": "trialsim.design/1",
        "name": "several",
        "title": "Several <arms> | [red]names[/red]",
        "arms": [{"name": name, "ratio": 1 + (index == 0)} for index, name in enumerate(names)],
        "endpoint": {"name": "response"},
        "enrolment": {"cap": 10 * (len(names) + 1), "when_arm_stops": "arm_cap"},
        "looks": [
            {"name": "one", "at": {"total": 5 * (len(names) + 1)}, "continue_if": gate(1)},
            {"name": "end", "at": "full_enrolment"},
        ],
    }
    scenario = {
        "schema": "trialsim.scenario/1",
        "name": "several",
        "title": "Several <arms> | [red]names[/red]",
        "design": "d.yaml",
        "truths": [{"name": "a third, [b]", "response_rate": "1/3"}] if not truth else [truth],
        "n_sims": 1000,
        "seed": 3,
    }
    for name, content in (("d.yaml", design), ("s.yaml", scenario)):
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def gate(at_least: int) -> dict[str, Any]:
    return {"of": "arm", "rule": {"kind": "responses", "at_least": at_least}}


def test_names_are_data_in_every_format(tmp_path: Path, in_process: InProcess) -> None:
    names = ["<i>x", 'say "no", never', "[bold]y[/bold]", "p|q"]
    arms_design(tmp_path, names)
    outputs = {
        format_: in_process("run", "s.yaml", "--no-save", "--format", format_)
        for format_ in ("text", "json", "csv", "markdown", "html")
    }
    assert {format_: ran.code for format_, ran in outputs.items()} == dict.fromkeys(outputs, 0)
    records = parsed(outputs["json"].out)["measures"]
    assert {record["arm"] for record in records} == {*names, "pooled", None}
    assert records_of_csv(outputs["csv"].out) == records
    for name in names:
        assert name in outputs["text"].out
        assert name.replace("|", "\\|") in outputs["markdown"].out
    page = as_page(outputs["html"].out)
    assert page.tags["i"] == 0
    for name in names:
        assert any(name in word for word in page.words)


def test_csv_disarms_names_that_a_spreadsheet_would_run(tmp_path: Path, in_process: InProcess) -> None:
    arms_design(tmp_path, ["+ drug", "-5 %"], name="=1", response_rate=0.3)
    words = ("run", "s.yaml", "--no-save", "--engine", "exact", "--format")
    records = parsed(in_process(*words, "json").out)["measures"]
    rows = records_of_csv(in_process(*words, "csv").out)
    assert {row["arm"] for row in rows} == {"'+ drug", "'-5 %", "pooled", None}
    assert [{**row, "arm": (row["arm"] or "").removeprefix("'")} for row in rows if row["arm"] == "'+ drug"] == [
        {**record, "truth": record["truth"] and "'=1"} for record in records if record["arm"] == "+ drug"
    ]


@pytest.mark.parametrize("names", [["A", "B", "A + B"], ["none", "other"], ["A"]])
def test_arms_may_be_called_what_they_are(names: list[str], tmp_path: Path, in_process: InProcess) -> None:
    arms_design(tmp_path, names)
    ran = in_process("run", "s.yaml", "--no-save", "--format", "json")
    if ran.code == 2:
        assert ran.err.count("\n") == 1
        assert names[-1] in ran.err or names[0] in ran.err
        return
    assert ran.code == 0
    counts = Counter(address(record) for record in parsed(ran.out)["measures"])
    assert [key for key, count in counts.items() if count > 1] == []


def test_a_quantile_asked_for_twice_is_one_number(in_process: InProcess) -> None:
    words = ("--engine", "exact", "--no-save", "--format", "json", "--set", "quantiles=[0.5, 0.5]")
    ran = in_process("run", "gist", *words)
    assert ran.code in (0, 2)
    if ran.code == 0:
        counts = Counter(address(record) for record in parsed(ran.out)["measures"])
        assert [key for key, count in counts.items() if count > 1] == []


# Progress, pipes, interruption, encodings


@pytest.mark.long
def test_progress_shows_on_a_terminal_only(tmp_path: Path) -> None:
    terminal, end = pty.openpty()
    words = ("run", "gist", "--n-sims", "3000000", "--jobs", "1", "--format", "csv", "--no-save")
    words = on_paper(words)
    with open(tmp_path / "out.csv", "wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "trialsim", *words], cwd=tmp_path, env=environment(), stdout=out, stderr=end
        )
    os.close(end)
    shown = b""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other end has gone
            break
        if not chunk:
            break
        shown += chunk
    os.close(terminal)
    assert process.wait(timeout=60) == 0
    assert b"left" in shown
    assert len(records_of_csv((tmp_path / "out.csv").read_text(encoding="utf-8"))) > 500


@pytest.mark.parametrize("words", ["run gist --engine exact --no-save --format json", "schema"])
def test_a_reader_that_goes_away_leaves_no_traceback(words: str, tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m trialsim {words} | head -n 1"
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    words = ("run", "gist", "--n-sims", "200000000", "--jobs", "1", "--out", "r.json", "--trials", "t.parquet")
    words = on_paper(words)
    process = subprocess.Popen(
        [sys.executable, "-m", "trialsim", *words],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )
    time.sleep(3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode not in (0, 2, 3)
    assert out == ""
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        (("run", "gist", "--engine", "exact", "--no-save"), "latin-1"),
        (("check", "gist"), "latin-1"),
        (("check", "gist"), "ascii"),
    ],
)
@pytest.mark.long
def test_a_narrow_encoding_of_the_terminal_is_no_crash(words: tuple[str, ...], encoding: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "trialsim", *words],
        cwd=tmp_path,
        env=environment(PYTHONIOENCODING=encoding),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
    assert b"clopper-pearson" in done.stdout.replace(b"\n", b"").lower()


# Exit codes and verbs


@pytest.fixture
def spoiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the simulation draw from rates three points higher than it was asked to."""
    from trialsim.engines import montecarlo

    honest = montecarlo.simulate

    def dishonest(study: Any, *rest: Any, **more: Any) -> Any:
        return honest(study._replace(rates=tuple(rate + 0.03 for rate in study.rates)), *rest, **more)

    monkeypatch.setattr(montecarlo, "simulate", dishonest)


@pytest.mark.usefixtures("spoiled")
@pytest.mark.parametrize("format_", ["text", "json", "csv", "markdown", "html"])
def test_engines_that_disagree_give_exit_code_3_and_say_so(format_: str, in_process: InProcess) -> None:
    ran = in_process("run", "gist", "--n-sims", "2000", "--no-save", "--format", format_)
    assert ran.code == 3
    assert len(ran.out) > 10_000
    assert re.search(r"disagree", ran.err), "nothing on stderr says why the exit code is 3"
    if format_ == "json":
        assert parsed(ran.out)["agreement"]["n_failures"] > 0


@pytest.mark.usefixtures("spoiled")
def test_validate_gives_exit_code_3_when_a_simulated_value_is_wrong(in_process: InProcess) -> None:
    assert in_process("validate", "gist-imatinib", "--n-sims", "20000").code == 3


def test_engines_that_agree_give_exit_code_0(in_process: InProcess) -> None:
    ran = in_process("run", "gist", "--n-sims", "2000", "--no-save")
    assert (ran.code, ran.err) == (0, "")
    assert "The engines agree." in ran.out


@pytest.mark.parametrize(
    "sets",
    [
        (
            "truths=[{name: a toss of a coin, response_rate: 0.1458097436}]",
            "n_sims=1000",
        ),  # an arm stops with probability .5
        ("truths=[{name: certain, response_rate: 1}, {name: never, response_rate: 0}]", "n_sims=1000"),
        ("n_sims=1", "seed=5"),
    ],
)
def test_a_law_without_spread_in_its_squares_is_no_disagreement(sets: tuple[str, ...], in_process: InProcess) -> None:
    words = [word for pair in ("plans=[]", *sets) for word in ("--set", pair)]
    ran = in_process("run", "gist", *words, "--no-save", "--format", "json")
    assert parsed(ran.out)["agreement"]["n_failures"] == 0
    assert ran.code == 0


@pytest.mark.long
def test_what_the_exact_engine_cannot_solve_is_simulated(in_process: InProcess, tmp_path: Path) -> None:
    arms_design(tmp_path, [f"arm {letter}" for letter in "abcde"])
    design = yaml.safe_load((tmp_path / "d.yaml").read_text(encoding="utf-8"))
    del design["arms"][0]["ratio"]
    design["enrolment"]["cap"] = 350
    gates = [{"name": f"look {n}", "at": {"per_arm": 10 * n}, "continue_if": gate(n)} for n in range(1, 7)]
    design["looks"] = [*gates, {"name": "end", "at": "full_enrolment"}]
    (tmp_path / "d.yaml").write_text(yaml.safe_dump(design, sort_keys=False), encoding="utf-8")
    for engine in ("montecarlo", "auto"):
        ran = in_process("run", "s.yaml", "--no-save", "--format", "json", "--engine", engine, "--n-sims", "2000")
        assert ran.code == 0, ran.err
        assert len(parsed(ran.out)["measures"]) > 50


def test_check_explains_and_runs_nothing(tmp_path: Path) -> None:
    ran = called(tmp_path, "check", str(ROOT / "scenarios/gist.yaml"), str(ROOT / "designs/gist-imatinib.yaml"))
    assert (ran.code, ran.err) == (0, "")
    words = " ".join(ran.out.split())
    for phrase in (
        "permuted blocks of 4",
        "first 18 patients of each arm",
        "at least 3",
        "first 100 patients",
        "clopper-pearson",
        "the others go on to their own number of patients",
        "quantiles = [0.05, 0.5, 0.95]",
    ):
        assert phrase in words
    assert list(tmp_path.iterdir()) == []


def test_check_shows_the_effect_of_set(in_process: InProcess) -> None:
    ran = in_process("check", "gist", "--set", "design.looks.0.continue_if.rule.at_least=5")
    assert ran.code == 0
    assert "at least 5 patients respond" in " ".join(ran.out.split())


def test_check_takes_the_name_of_a_shipped_design(in_process: InProcess) -> None:
    ran = in_process("check", "gist-imatinib")
    assert (ran.code, ran.err) == (0, "")
    assert "gist-imatinib" in ran.out


SHIPPED = [(kind, path) for kind in ("scenario", "design") for path in sorted((ROOT / f"{kind}s").glob("*.yaml"))]


def test_something_ships() -> None:
    assert {kind for kind, _ in SHIPPED} == {"scenario", "design"}


@pytest.fixture(scope="module")
def schemas(folder: Path) -> dict[str, Any]:
    found = {}
    for kind in ("scenario", "design"):
        ran = called(folder, "schema", kind)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == (ROOT / f"{kind}s/schema.json").read_text(encoding="utf-8"), "run `make docs`"
        found[kind] = parsed(ran.out)
    return found


def test_schema_without_a_kind_is_that_of_scenarios(folder: Path, schemas: dict[str, Any]) -> None:
    assert parsed(trialsim(folder, "schema").out) == schemas["scenario"]


@pytest.mark.parametrize("kind", ["scenario", "design"])
def test_schema_is_a_json_schema(kind: str, schemas: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas[kind])
    assert schemas[kind]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schemas[kind]["additionalProperties"] is False


@pytest.mark.parametrize(("kind", "path"), SHIPPED, ids=lambda value: getattr(value, "name", value))
def test_shipped_files_satisfy_and_name_their_schema(kind: str, path: Path, schemas: dict[str, Any]) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=schema.json\n")
    jsonschema.Draft202012Validator(schemas[kind]).validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("scenario", "seed", -1),
        ("scenario", "n_sims", 0),
        ("scenario", "n_sims", 10**12),
        ("scenario", "n_sims", "many"),
        ("scenario", "nsims", 3),
        ("scenario", "truths", []),
        ("scenario", "truths.0.response_rate", 1.5),
        ("scenario", "truths.0.response_rate", "a half"),
        ("scenario", "truths.0.rate", 0.5),
        ("scenario", "quantiles", [1.5]),
        ("scenario", "quantiles", [0]),
        ("scenario", "intervals", ["walt"]),
        ("scenario", "plans.0.cap", 0),
        ("scenario", "name", ""),
        ("design", "arms", []),
        ("design", "arms.0.ratio", 0),
        ("design", "arms.0.ratio", 1.5),
        ("design", "allocation.block_size", 0),
        ("design", "enrolment.when_arm_stops", "refil"),
        ("design", "looks", []),
        ("design", "looks.0.at.per_arm", 0),
        ("design", "looks.0.at.per_arms", 18),
        ("design", "looks.0.continue_if.rule.at_least", -1),
        ("design", "looks.0.continue_if.rule.kind", "reponses"),
        ("design", "looks.1.success_if.rule.level", 95),
        ("design", "looks.1.success_if.rule.above", 2),
        ("design", "analysis.level", 0),
        ("design", "analysis.level", 1),
        ("design", "hypotheses.null_rate", -0.1),
        ("design", "endpoint.kind", "survival"),
    ],
)
def test_schema_refuses_what_the_program_refuses(kind: str, path: str, value: Any, schemas: dict[str, Any]) -> None:
    name = {"scenario": "scenarios/gist.yaml", "design": "designs/gist-imatinib.yaml"}[kind]
    content = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    *parents, last = path.split(".")
    place = content
    for word in parents:
        place = place[int(word) if word.isdigit() else word]
    place[last] = value
    assert not jsonschema.Draft202012Validator(schemas[kind]).is_valid(content)


def test_list_names_everything_that_ships_with_its_title(in_process: InProcess) -> None:
    ran = in_process("list")
    assert (ran.code, ran.err) == (0, "")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    for _, path in SHIPPED:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert f"{content['name']} {content['title']}" in lines


def test_validate_shows_what_was_printed_beside_both_engines(in_process: InProcess) -> None:
    ran = in_process("validate", "gist-imatinib", "simon-1989-20-40", "--n-sims", "20000", "--format", "markdown")
    assert (ran.code, ran.err) == (0, "")
    lines = [line for line in ran.out.splitlines() if line.startswith("|")]
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    gist = [dict(zip(head, row, strict=True)) for row in rows if row[0] == "gist-imatinib"]
    assert [row["measure"].split()[0] for row in gist] == ["p_stop", "p_stop", "ci_distance_max"]
    assert [row["printed"] for row in gist] == ["0.94", "< 0.06", "0.084"]
    assert [row["exact"] for row in gist] == ["0.941871", "0.059952", "0.084163"]
    assert {row["verdict"] for row in gist} == {"agrees"}
    assert all(0.93 < float(row["simulated"]) < 0.95 for row in gist[:1])


def test_validate_is_readable_where_there_is_no_terminal(in_process: InProcess) -> None:
    ran = in_process("validate", "--engine", "exact")
    assert ran.code == 0
    assert len([line for line in ran.out.splitlines() if line.startswith("gist-imatinib")]) == 3
    assert len(ran.out.splitlines()) < 2 * ran.out.count("agrees") + 10, "one published value fills many lines"


# Help and imports


def verbs(folder: Path) -> list[str]:
    ran = trialsim(folder, "--help")
    assert (ran.code, ran.err) == (0, "")
    return re.findall(r"^  ([a-z]+) {2,}\S", ran.out.partition("Commands:")[2], flags=re.MULTILINE)


def test_help_lists_the_verbs(tmp_path: Path) -> None:
    assert set(verbs(tmp_path)) >= set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_shows_an_example(verb: str, tmp_path: Path) -> None:
    ran = trialsim(tmp_path, verb, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert re.search(rf"^ +python -m trialsim {verb}\b.*$", ran.out, flags=re.MULTILINE)


@pytest.mark.parametrize("verb", STANDING_ALONE)
def test_every_verb_has_an_example_that_works(verb: str, tmp_path: Path, in_process: InProcess) -> None:
    ran = trialsim(tmp_path, verb, "--help")
    assert (ran.code, ran.err) == (0, "")
    examples = re.findall(rf"^ +python -m trialsim ({verb}\b.*)$", ran.out, flags=re.MULTILINE)
    assert examples
    for name in ("scenarios", "designs"):
        (tmp_path / name).symlink_to(ROOT / name)
    for example in examples:
        words = shlex.split(example.partition(" > ")[0])
        quick = ("--n-sims", "100") if verb == "run" else ()
        tried = in_process(*words, *quick)
        assert tried.code == 0, example
        assert tried.out or "--out" in example


def imported(folder: Path, *words: str) -> set[str]:
    ran = trialsim(folder, *words, python=("-X", "importtime"))
    assert ran.code == 0
    return {line.rpartition("|")[2].strip() for line in ran.err.splitlines() if line.startswith("import time:")}


def under(modules: set[str], *packages: str) -> set[str]:
    return {name for name in modules for package in packages if name == package or name.startswith(package + ".")}


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("--version",)])
def test_help_imports_nothing_heavy(words: tuple[str, ...], tmp_path: Path) -> None:
    modules = imported(tmp_path, *words)
    assert "click" in modules
    assert under(modules, "numpy", "pydantic", "scipy", "numba", "joblib", "pyarrow", "yaml", "rich") == set()


def test_exact_engine_imports_no_machinery_of_simulation(tmp_path: Path) -> None:
    modules = imported(tmp_path, "run", "gist", "--engine", "exact", "--no-save")
    assert "numpy" in modules
    assert under(modules, "numba", "joblib", "scipy.stats", "pyarrow", "trialsim.kernels") == set()


def test_both_engines_never_import_scipy_stats(tmp_path: Path) -> None:
    modules = imported(tmp_path, "run", "gist", "--n-sims", "100", "--no-save")
    assert "numba" in modules
    assert under(modules, "scipy.stats", "pyarrow") == set()
