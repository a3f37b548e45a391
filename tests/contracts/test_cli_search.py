"""`search` from outside: formats, what is saved, bad input."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.contracts.in_process import called
from trialsim.verbs.search import FAMILIES, search

RATES = ("--null-rate", "0.05", "--target-rate", "0.20")
SIMON = ("search", "simon", *RATES, "--alpha", "0.05", "--beta", "0.10")
OWN = {
    "simon": (*RATES, "--beta", "0.1"),
    "single-stage": RATES,
    "gehan": RATES,
    "fleming": (*RATES, "--stages", "3"),
}


def test_the_contract_of_the_issue(tmp_path: Path) -> None:
    ran = called(tmp_path, *SIMON, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    document = json.loads(ran.out)
    assert document["schema"] == "trialsim.search/1"
    designs = {design["criterion"]: design for design in document["designs"]}
    assert set(designs) == {"optimal", "minimax", "admissible"}
    optimal = designs["optimal"]
    assert optimal["looks"] == [21, 41]
    assert optimal["stop_at_or_below"] == [1, 4]
    for name, value in {
        "en_null": 26.6605631,
        "pet_null": 0.71697184,
        "alpha": 0.04567225,
        "power": 0.90166086,
    }.items():
        assert optimal[name] == pytest.approx(value, abs=1e-7)
    feasible = document["feasible"]
    sizes = [row[feasible["columns"].index("n")] for row in feasible["values"]]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (38, 100)


def test_families_are_registered_once_and_show_a_working_example(tmp_path: Path) -> None:
    names = [family.name for family in FAMILIES]
    assert len(names) == len(set(names)) >= 4
    assert set(OWN) <= set(names)
    assert set(search.commands) == set(names)
    for name in OWN:
        ran = called(tmp_path, "search", name, "--help")
        assert ran.code == 0
        examples = re.findall(rf"^ +python -m trialsim (search {name} .*)$", ran.out, flags=re.MULTILINE)
        assert examples
        for example in examples:
            assert called(tmp_path, *shlex.split(example)).code == 0, example


@pytest.mark.parametrize("family", OWN)
def test_every_format_holds_the_same_designs(family: str, tmp_path: Path) -> None:
    words = ("search", family, *OWN[family])
    ran = {name: called(tmp_path, *words, "--format", name) for name in ("text", "json", "csv", "markdown", "html")}
    assert all((one.code, one.err) == (0, "") for one in ran.values())
    designs = json.loads(ran["json"].out)["designs"]
    rows = list(csv.DictReader(io.StringIO(ran["csv"].out)))
    assert len(rows) == len(designs) > 0
    for row, design in zip(rows, designs, strict=True):
        assert row["criterion"] == design["criterion"]
        assert [int(n) for n in row["looks"].split()] == design["looks"]
        assert [int(x) for x in row["stop_at_or_below"].split()] == design["stop_at_or_below"]
        assert float(row["en_target"]) == design["en_target"]
        looks = ", ".join(map(str, design["looks"]))
        for name in ("text", "markdown", "html"):
            assert looks in ran[name].out
            assert f"{design['en_target']:.2f}" in ran[name].out


class Figures(HTMLParser):
    """Collects the JSON of the pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_inside = tag == "script" and dict(attrs).get("type") == "application/json"

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self.found.append(data)
            self._is_inside = False


def test_html_has_the_pareto_picture(tmp_path: Path) -> None:
    ran = called(tmp_path, *SIMON, "--out", "simon.html")
    assert ran.code == 0
    page = Figures()
    page.feed((tmp_path / "simon.html").read_text(encoding="utf-8"))
    (figure,) = page.found
    traces = {trace["name"]: trace for trace in json.loads(figure)["data"]}
    assert set(traces) == {"feasible", "lower convex hull", "optimal", "minimax", "admissible"}
    assert len(traces["feasible"]["x"]) == 63
    assert traces["optimal"]["x"] == [41]
    assert traces["minimax"]["x"] == [38]
    assert traces["admissible"]["x"] == [39, 40]


@pytest.mark.parametrize("family", OWN)
def test_saved_designs_check_and_run(family: str, tmp_path: Path) -> None:
    ran = called(tmp_path, "search", family, *OWN[family], "--save", "found", "--format", "json")
    assert ran.code == 0
    documents = {design["design"]["name"]: design["design"] for design in json.loads(ran.out)["designs"]}
    saved = sorted((tmp_path / "found").iterdir())
    assert {path.stem for path in saved} == set(documents)
    for path in saved[:2]:
        assert f"Written to {Path('found') / path.name}." in ran.err
        assert called(tmp_path, "check", str(path)).code == 0
        assert called(tmp_path, "run", str(path), "--engine", "exact", "--no-save").code == 0


def test_rates_may_be_fractions(tmp_path: Path) -> None:
    words = ("search", "simon", "--null-rate", "1/20", "--target-rate", "1/5", "--alpha", "1/20", "--beta", "1/10")
    assert called(tmp_path, *words).out == called(tmp_path, *SIMON).out


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("simon", *RATES, "--n-max", "20"), r"no two-stage design of at most 20 .*an n-max of 38 would do\.$"),
        (("simon", "--null-rate", "0.4", "--target-rate", "0.2"), "null rate 0.4 is not below the target rate 0.2"),
        (("simon", "--null-rate", "0.2", "--target-rate", "1.2"), "--target-rate 1.2: is not a rate from 0 to 1"),
        (("simon", "--null-rate", "x", "--target-rate", "0.2"), "--null-rate x: is not a rate"),
        (("simon", "--null-rate", "nan", "--target-rate", "0.2"), "--null-rate nan: is not a rate"),
        (("simon", "--null-rate", "1/0", "--target-rate", "0.2"), "--null-rate 1/0: is not a rate"),
        (("simon", *RATES, "--alpha", "0"), "alpha 0: an error rate strictly between 0 and 1"),
        (("simon", *RATES, "--beta", "1"), "beta 1: an error rate strictly between 0 and 1"),
        (("simon", *RATES, "--n-max", "0"), "n-max 0: a number of patients from 2 to 1000"),
        (("simon", *RATES, "--n-max", "99999999"), "n-max 99999999: a number of patients from 2 to 1000"),
        (("simon", *RATES, "--out", "no/such/folder.json"), "the folder no/such does not exist"),
        (("simon", *RATES, "--out", "x.pdf"), r"what format is \.pdf"),
        (("fleming", *RATES, "--looks", "15,10"), "10 does not follow 15; looks must increase"),
        (("fleming", *RATES, "--looks", "15,b"), "--looks 15,b: whole numbers"),
        (("fleming", *RATES, "--looks", "15,1001"), "last look 1001: a number of patients from 1 to 1000"),
        (("gehan", "--target-rate", "0.2", "--standard-error", "0.001"), "needs 250000 patients, more than the n-max"),
        (("gehan", "--target-rate", "0"), "target rate 0: a number strictly between 0 and 1"),
    ],
)
def test_bad_input_is_one_sentence(words: tuple[str, ...], what: str, tmp_path: Path) -> None:
    ran = called(tmp_path, "search", *words)
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("trialsim: ")
    assert re.search(what, lines[0]), lines[0]


def test_a_missing_option_and_an_unknown_family_are_told(tmp_path: Path) -> None:
    for words in (("simon", "--target-rate", "0.2"), ("simson",), ("simon", *RATES, "--n-max", "many")):
        ran = called(tmp_path, "search", *words)
        assert ran.code == 2
        assert "Traceback" not in ran.err
    assert "simon" in called(tmp_path, "search", "--help").out


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = called(tmp_path, *SIMON, "--save", "file/inside")
    assert ran.code == 2
    assert "--save file/inside: cannot be made" in ran.err
