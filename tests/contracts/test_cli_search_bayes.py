"""`search predictive|bop2|precision|selection|calibrate` on the command line, and the page about them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.contracts.in_process import called
from trialsim.spec.load import load_design
from trialsim.verbs.search import search

PAGE = Path(__file__).parents[2] / "docs" / "search-bayes.md"
CASES = {
    "predictive": "--null-rate 0.2 --target-rate 2/5 --alpha 0.1 --beta 0.1 --n-min 35 --n-max 37 --cohort 5",
    "bop2": "--null-rate 0.2 --target-rate 0.4 --looks 10,20,40 --prior 1 1",
    "precision": "--target 0.1 --interval wilson",
    "selection": "--arms 3 --low-rate 0.2 --difference 0.3 --margin 0.05",
    "calibrate": "simon-1989-20-40 --field enrolment.cap --from 20 --to 60 --measure p_reject --at-rate .4 --target .9",
}


def _commands():
    text = PAGE.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.startswith("    python -m trialsim")]


def test_the_page_s_commands_are_ones_we_have():
    families = set()
    for line in _commands():
        verb, family, *arguments = shlex.split(line)[3:]
        assert verb == "search"
        search.commands[family].make_context(family, arguments)
        families.add(family)
    assert families == set(CASES)


@pytest.mark.parametrize("family", CASES)
def test_json_holds_designs_that_can_be_saved_and_loaded(tmp_path, family):
    ran = called(tmp_path, "search", family, *CASES[family].split(), "--format", "json", "--save", "found")
    assert ran.code == 0, ran.err
    answer = json.loads(ran.out)
    assert answer["family"] == family
    saved = {path.stem: load_design(path) for path in (tmp_path / "found").iterdir()}
    assert saved.keys() == {design["design"]["name"] for design in answer["designs"]}
    for design in answer["designs"]:
        sizes = saved[design["design"]["name"]].caps
        assert design["looks"][-1] == (sizes[0] if family == "selection" else sum(sizes))


@pytest.mark.parametrize("format_", ["text", "csv", "markdown", "html"])
@pytest.mark.parametrize("family", ["predictive", "selection", "calibrate"])
def test_every_format_is_written(tmp_path, family, format_):
    ran = called(tmp_path, "search", family, *CASES[family].split(), "--format", format_)
    assert ran.code == 0, ran.err
    assert {"predictive": "36", "selection": "p correct", "calibrate": "enrolment.cap"}[family] in ran.out.replace(
        "_", " "
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("bop2 --null-rate 0.2 --target-rate 0.4 --looks 10,ten", "--looks 10,ten: whole numbers"),
        ("bop2 --null-rate 0.2 --target-rate 0.4 --looks 20,10", "must increase"),
        ("predictive --null-rate 0.4 --target-rate 0.2", "have they been swapped?"),
        ("predictive --null-rate 0.2 --target-rate 0.4 --prior 0 1", "must be above 0"),
        (
            "calibrate simon-1989-20-40 --field enrolment.cap --from 1 --to inf --measure p_reject --target 0.1",
            "finite",
        ),
        ("predictive --null-rate 0.2 --target-rate 0.4 --theta-u nan", "theta-u nan"),
        ("precision --target 8.4", "a width above 0 and below 1"),
        ("selection --arms 3 --low-rate 0.9 --difference 0.2", "is above 1"),
        (
            "calibrate simon-1989-20-40 --field title --from 1 --to 2 --measure p_reject --target 0.1 --at-rate 0.2",
            "title",
        ),
    ],
)
def test_a_user_s_mistake_is_one_sentence_and_exit_code_2(tmp_path, words, said):
    ran = called(tmp_path, "search", *shlex.split(words))
    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""
    assert len(ran.err.strip().splitlines()) == 1
