"""The verb `replay` as DESIGN.md (section 6) promises it: formats, files, refusals; nothing from the network."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from trialsim.cli import main
from trialsim.replay import FINDERS
from trialsim.verbs.replay import FINDS

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("--set", "conduct.sensitivity=[]")
WICKED = '<script>alert("1")</script> & %{x} =cmd'


class Ran(NamedTuple):
    """What the command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str


class Trialsim(NamedTuple):
    """The command line, in this process."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Ran:
        self.monkeypatch.setattr(sys, "argv", ["trialsim", *words])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        return Ran(code, *self.capsys.readouterr())


@pytest.fixture
def trialsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Trialsim:
    monkeypatch.chdir(tmp_path)
    return Trialsim(monkeypatch, capsys)


@pytest.fixture
def wicked(tmp_path: Path) -> str:
    """Return a scenario whose arms and looks have names that HTML, plotly or a spreadsheet would obey."""
    design = f"""
schema: trialsim.design/1
name: wicked
arms: [{{name: '{WICKED}'}}, {{name: "=1+1"}}]
enrolment: {{cap: 20}}
looks:
  - name: '</script><b>first'
    at: {{total: 10}}
    continue_if: {{of: pooled, rule: {{kind: responses, at_least: 1}}}}
  - {{name: final, at: full_enrolment}}
"""
    scenario = """
schema: trialsim.scenario/1
name: wicked
design: wicked-design.yaml
truths: [{name: "<i>half</i>", response_rate: 0.5}]
conduct: {death: {before_progression_per_month: 0.1}, cutoff: {days_after_last_entry: 90}}
"""
    (tmp_path / "wicked-design.yaml").write_text(design)
    (tmp_path / "wicked.yaml").write_text(scenario)
    return "wicked.yaml"


class Page(HTMLParser):
    """What a page would fetch, its elements, and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.cells: list[str] = []
        self.data: dict[str, Any] = {}
        self._holder: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        own = dict(attrs)
        self.fetched += [value for key, value in attrs if key in ("src", "href", "srcset") and value]
        self._holder = own.get("data-for") if tag == "script" else None

    def handle_data(self, data: str) -> None:
        if self._holder is not None:
            self.data[self._holder] = json.loads(data)
            self._holder = None
        elif self.tags and self.tags[-1] in ("td", "th", "li", "h1", "p", "title"):
            self.cells.append(data)


def test_text(trialsim: Trialsim) -> None:
    ran = trialsim("replay", "gist", "--trial", "5", *QUICK)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith("gist, trial 5: plan 147 patients, truth calibrated (true response rate 400 mg 63.7 %, ")
    assert "seed 1, stream threefry2x64-13/1." in " ".join(line.strip() for line in lines[:3])
    at = lines.index("patients")
    assert [line.split()[0] for line in lines[at + 2 : at + 149]] == [str(n) for n in range(1, 148)]
    assert trialsim("replay", "gist", "--trial", "5", *QUICK) == ran
    other = trialsim("replay", "gist", "--trial", "5", "--seed", "2", *QUICK)
    assert "seed 2," in other.out
    assert other.out != ran.out


def test_json_and_csv_say_the_same(trialsim: Trialsim) -> None:
    words = ("replay", "gist", "--trial", "12", "--truth", "mixed", "--plan", "200 patients", *QUICK, "--format")
    document = json.loads(trialsim(*words, "json").out)
    assert document["schema"] == "trialsim.replay/1"
    assert document["truth"] == {"name": "mixed", "response_rate": {"400 mg": 0.05, "600 mg": 0.3}}
    assert (document["trial"], document["plan"], document["found"]) == (12, "200 patients", None)
    assert len(document["scenario"]["id"]) == 16
    columns = document["columns"]
    assert columns["enrolled, pooled"] == len(document["patients"])
    assert columns["deaths, 600 mg"] == sum(
        p["arm"] == "600 mg" and p["death_days"] is not None for p in document["patients"]
    )
    assert {key.split(", ")[0] for key in columns} == set(document["units"])
    assert [look["name"] for look in document["looks"]] == ["proof-of-concept", "interim"]
    look = document["looks"][0]
    if look["took_place"]:
        assert round(look["day"] * 1440) == columns["look_day, proof-of-concept"]
    rows = list(csv.DictReader(io.StringIO(trialsim(*words, "csv").out)))
    assert len(rows) == len(document["patients"])
    for row, patient in zip(rows, document["patients"], strict=True):
        assert list(row) == list(patient)
        shown = {
            key: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            for key, value in patient.items()
        }
        assert row == shown


def test_a_trial_that_nobody_entered(trialsim: Trialsim) -> None:
    words = ("replay", "gist", "--trial", "0", "--set", "conduct.enrolment={entry_days: [480]}", *QUICK, "--format")
    assert "Nobody entered before the data cut-off." in trialsim(*words, "text").out
    full = trialsim("replay", "gist", "--trial", "0", *QUICK, "--format", "csv").out
    assert trialsim(*words, "csv").out.splitlines() == full.splitlines()[:1]
    assert json.loads(trialsim(*words, "json").out)["patients"] == []
    assert trialsim(*words, "html").code == 0


def test_html_needs_nothing_else(trialsim: Trialsim, tmp_path: Path) -> None:
    ran = trialsim("replay", "gist", "--trial", "5", "--out", "trial.html", *QUICK)
    assert (ran.code, ran.out) == (0, "")
    assert "Written to trial.html." in ran.err
    text = (tmp_path / "trial.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.fetched == []
    assert not {"link", "img", "iframe"} & set(page.tags)
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text
    assert page.tags.count("tr") == 148
    assert set(page.data) == {"swimmer", "os", "ttf"}
    names = {trace["name"] for trace in page.data["swimmer"]["data"]}
    assert names >= {"400 mg", "600 mg", "first response", "confirmed", "progression", "crossover", "death"}
    assert len(page.data["swimmer"]["layout"]["shapes"]) == 3
    bars = [trace for trace in page.data["swimmer"]["data"] if trace["type"] == "bar"]
    hovers = [hover for trace in bars for hover in trace["hovertext"]]
    assert any("interim: counted, response" in hover for hover in hovers)
    assert any("interim: not counted, not settled (pipeline)" in hover for hover in hovers)
    assert trialsim("replay", "gist", "--trial", "5", "--format", "html", *QUICK).out == text


def test_names_are_shown_and_not_obeyed(trialsim: Trialsim, wicked: str) -> None:
    ran = trialsim("replay", wicked, "--trial", "0", "--format", "html")
    assert ran.code == 0, ran.err
    page = Page()
    page.feed(ran.out)
    assert "b" not in page.tags
    assert "i" not in page.tags
    assert WICKED in page.cells
    assert page.tags.count("script") == 5
    for figure in page.data.values():
        for trace in figure["data"]:
            assert "<script" not in trace.get("name", "")
            assert not any("<script" in str(hover) for hover in trace.get("hovertext", []))
            assert "hovertemplate" not in trace
    rows = list(csv.DictReader(io.StringIO(trialsim("replay", wicked, "--trial", "0", "--format", "csv").out)))
    assert {row["arm"] for row in rows} == {WICKED, "'=1+1"}
    assert trialsim("replay", wicked, "--trial", "0").code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("gist", "--trial", "-1"), "--trial -1: a trial is a whole number from 0 to 9223372036854775807."),
        (("gist", "--trial", "2.5"), "--trial 2.5: a trial is a whole number"),
        (("gist", "--trial", "9223372036854775808"), "--trial 9223372036854775808: a trial is a whole number"),
        (("gist", "--trial", "9" * 5000), "a trial is a whole number"),
        (("gist", "--trial", "٣"), "a trial is a whole number"),
        (("gist", "--trial", ""), "a trial is a whole number"),
        (("gist", "--trial", "1", "--find", "median"), "--trial and --find both choose the trial; leave one out."),
        (("gist", "--trial", "1", "--truth", "activ"), 'there is no truth "activ"; did you mean "active"?'),
        (("gist", "--trial", "1", "--plan", "147 patient"), 'did you mean "147 patients"?'),
        (("gist", "--trial", "1", "--out", "trial.md"), "a trial is written as text, JSON, CSV or HTML"),
        (("gist", "--trial", "1", "--out", "nowhere/trial.html"), "the folder nowhere does not exist"),
        (("gist", "--find", "disagree", "--set", "conduct.n_sims=30"), "in none of the 30 trials looked at"),
        (("simon-20-40", "--trial", "1"), "scenario simon-20-40: has no conduct"),
        (("gist", "--trial", "1", "--seed", "-3"), "seed"),
    ],
)
def test_refusals_are_one_sentence(words: tuple[str, ...], sentence: str, trialsim: Trialsim) -> None:
    ran = trialsim("replay", *words)
    assert ran.code == 2
    assert ran.out == ""
    assert sentence in ran.err
    assert ran.err.startswith("trialsim: ")
    assert ran.err.count("\n") == 1


def test_find_says_which_and_why(trialsim: Trialsim) -> None:
    words = ("replay", "gist", "--truth", "inactive", *QUICK, "--set", "conduct.n_sims=30")
    ran = trialsim(*words)
    assert "Neither --trial nor --find is given: --find median is taken." in ran.err
    asked = trialsim(*words, "--find", "median")
    assert (asked.code, asked.err, asked.out) == (0, "", ran.out)
    second = " ".join(ran.out.split("\n\n")[0].split())
    assert "Chosen by --find median, 30 trials having been looked at: of median duration (to day " in second
    document = json.loads(trialsim(*words, "--find", "longest", "--format", "json").out)
    assert document["found"]["which"] == "longest"
    assert document["found"]["n_scanned"] == 30
    same = json.loads(trialsim(*words, "--trial", str(document["trial"]), "--format", "json").out)
    assert same["patients"] == document["patients"]
    assert trialsim(*words, "--find", "nonsense").code == 2


def test_the_help_names_the_finders_and_its_examples_work(trialsim: Trialsim) -> None:
    assert tuple(FINDERS) == FINDS
    ran = trialsim("replay", "--help")
    assert ran.code == 0
    examples = re.findall(r"^ +python -m trialsim (replay\b.*)$", ran.out, flags=re.MULTILINE)
    assert len(examples) == 3
    Path("scenarios").symlink_to(ROOT / "scenarios")
    Path("designs").symlink_to(ROOT / "designs")
    for example in examples:
        assert trialsim(*shlex.split(example)).code == 0, example
