"""`search bryant-day` and `search toxicity` from outside: examples, formats, what is saved, bad input."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from pathlib import Path

import pytest

from tests.contracts.in_process import called

BRYANT_DAY = (
    *("search", "bryant-day", "--null-rate", "3/10", "--target-rate", "0.5"),
    *("--toxicity-null-rate", "0.4", "--toxicity-target-rate", "0.2", "--alpha", "0.15", "--beta", "0.15"),
    *("--n-max", "36"),
)
TOXICITY = ("search", "toxicity", "--toxicity-rate", "0.1", "--n", "30", "--alpha", "0.1")
POSTERIOR = (*TOXICITY, "--shape", "posterior", "--prior", "0.5,0.5", "--looks", "10,20,30")


@pytest.mark.parametrize("family", ["bryant-day", "toxicity"])
def test_help_shows_a_working_example(family: str, tmp_path: Path) -> None:
    ran = called(tmp_path, "search", family, "--help")
    (example,) = re.findall(rf"(search {family} --(?:.*\\\n)*.*)\n", ran.out)
    assert called(tmp_path, *shlex.split(example.replace("\\\n", " "))).code == 0


@pytest.mark.parametrize("words", [BRYANT_DAY, TOXICITY, POSTERIOR], ids=["bryant-day", "pocock", "posterior"])
def test_every_format_holds_the_same_designs_and_they_run(words: tuple[str, ...], tmp_path: Path) -> None:
    names = ("text", "json", "csv", "markdown", "html")
    ran = {name: called(tmp_path, *words, "--format", name, "--save", "found") for name in names}
    assert all(one.code == 0 for one in ran.values())
    designs = json.loads(ran["json"].out)["designs"]
    rows = list(csv.DictReader(io.StringIO(ran["csv"].out)))
    for row, design in zip(rows, designs, strict=True):
        assert [int(n) for n in row["looks"].split()] == design["looks"]
        for name in ("text", "markdown", "html"):
            assert f"{design['alpha']:.4f}" in ran[name].out
    saved = sorted((tmp_path / "found").iterdir())
    assert {path.stem for path in saved} == {design["design"]["name"] for design in designs}
    for path in saved:
        assert called(tmp_path, "check", str(path)).code == 0
        assert called(tmp_path, "run", str(path), "--engine", "exact", "--no-save").code == 0


def test_bryant_day_names_both_boundaries(tmp_path: Path) -> None:
    optimal = json.loads(called(tmp_path, *BRYANT_DAY, "--format", "json").out)["designs"][0]
    assert (optimal["looks"], optimal["stop_at_or_below"]) == ([19, 33], [5, 12])
    assert optimal["too_toxic_at_or_above"] == [8, 11]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((*BRYANT_DAY, "--n-max", "20"), "no two-stage design of at most 20 patients keeps alpha 0.15"),
        ((*BRYANT_DAY, "--toxicity-target-rate", "0.5"), "is not below the toxicity null rate 0.4"),
        ((*BRYANT_DAY, "--odds-ratio", "-1"), "odds ratio -1: a number from 0.0001 to 10000 is needed"),
        ((*BRYANT_DAY, "--alpha-toxicity", "2"), "--alpha-toxicity 2: is not a rate"),
        ((*TOXICITY, "--looks", "10,x"), "--looks 10,x: is not a list of numbers"),
        ((*TOXICITY, "--looks", "10.5,30"), "patients are whole numbers"),
        ((*TOXICITY, "--looks", "inf"), "--looks inf: is not a list of numbers"),
        ((*TOXICITY, "--looks", "20,10,30"), "must increase"),
        ((*TOXICITY, "--prior", "1,1"), "only the posterior shape has one"),
        ((*POSTERIOR, "--prior", "1"), "two numbers such as 0.2,0.8 are needed, not 1"),
        ((*POSTERIOR, "--prior", "0,1"), "two numbers above 0 are needed"),
        ((*TOXICITY, "--prior", "nan,1", "--shape", "posterior"), "--prior nan,1: is not a list of numbers"),
        ((*TOXICITY, "--n", "0"), "n 0: a number of patients from 1 to 200 is needed"),
    ],
)
def test_bad_input_is_one_sentence(words: tuple[str, ...], what: str, tmp_path: Path) -> None:
    ran = called(tmp_path, *words)
    assert (ran.code, ran.out) == (2, "")
    assert what in ran.err
    assert len(ran.err.strip().splitlines()) == 1
