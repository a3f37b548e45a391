"""`analyse` on the command line: formats, files, exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.contracts.in_process import called

FOUNDING = ("analyse", "gist-imatinib", "--observed", "400 mg=36/73", "--observed", "600 mg=43/74")


def test_text(tmp_path: Path) -> None:
    ran = called(tmp_path, *FOUNDING)
    assert (ran.code, ran.err) == (0, "")
    assert "400 mg went on to the final analysis with 36 of 73 responding (49.3 %)." in ran.out
    assert ran.out.count("The naive answer nearly stands") == 2
    assert "unbiased (UMVUE; Jung, Kim 2004)" in ran.out
    near = called(tmp_path, "analyse", "gist-imatinib", "--observed", "400 mg=3/18,6/73")
    assert near.code == 0
    assert "Warning: so near the stopping boundary" in near.out


def test_json_csv_and_files(tmp_path: Path) -> None:
    document = json.loads(called(tmp_path, *FOUNDING, "--format", "json").out)
    assert [arm["arm"] for arm in document["arms"]] == ["400 mg", "600 mg"]
    assert document["null_rate"] == 0.05
    rows = list(csv.DictReader(io.StringIO(called(tmp_path, *FOUNDING, "--format", "csv").out)))
    assert {row["quantity"] for row in rows} == {"estimate", "interval", "p-value"}
    for name in ("out.html", "out.md", "out.json", "out.csv", "out.txt"):
        ran = called(tmp_path, *FOUNDING, "--out", name)
        assert (ran.code, ran.out) == (0, "")
        assert "36/73" in (tmp_path / name).read_text() or "400 mg" in (tmp_path / name).read_text()
    assert json.loads((tmp_path / "out.json").read_text()) == document


def test_design_files_overrides_and_options(tmp_path: Path) -> None:
    words = ("analyse", "simon-1989-20-40", "--observed", "5/17,12/37", "--format", "json")
    plain = json.loads(called(tmp_path, *words).out)["arms"][0]
    other = json.loads(called(tmp_path, *words, "--null-rate", "0.1", "--level", "0.9").out)
    assert (other["null_rate"], other["level"]) == (0.1, 0.9)
    assert other["arms"][0]["answers"][-1]["value"] < plain["answers"][-1]["value"]
    changed = called(tmp_path, *words, "--set", "looks.first stage.continue_if.rule.at_least=5")
    assert json.loads(changed.out)["arms"][0]["looks_at_which_it_could_stop"][0]["stop_low"] == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gist-imatinib", "--observed", "400 mg=2/18,6/73"), "the arm stops for futility"),
        (("gist-imatinib", "--observed", "400 mg=2/73"), "cannot have gone past proof-of-concept"),
        (("gist-imatinib", "--observed", "400 mg=74/73"), "more than there are patients"),
        (("gist-imatinib", "--observed", "410 mg=36/73"), 'did you mean "400 mg"?'),
        (("gist-imatinib", "--observed", "400 mg=36/73", "--null-rate", "2"), "between 0 and 1"),
        (("gist-imatinb", "--observed", "400 mg=36/73"), "gist-imatinib"),
        (("gist-imatinib", "--observed", "400 mg=36/73", "--out", "no/such/place.txt"), "--out"),
        (("gist-imatinib", "--observed", "400 mg=36/73", "--out", "x.docx"), ".docx"),
        (("gist-imatinib",), "--observed"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    ran = called(tmp_path, "analyse", *words)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_help_shows_an_example(tmp_path: Path) -> None:
    ran = called(tmp_path, "analyse", "--help")
    assert 'analyse gist-imatinib --observed "400 mg=36/73"' in ran.out
