"""The search on the Designs page: found designs, their picture, and the sentence where there is none."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from app.panels import designs_search
from app.service import Refusal, Service, searching
from app.settings import Settings
from app.state import State, from_query
from tests.amount import few
from tests.app.conftest import Opener
from tests.contracts.test_cli import trialsim as called

ASKED = {"null_rate": 0.05, "target_rate": 0.20, "alpha": 0.05, "beta": 0.10}


def texts(part: Any) -> str:
    return json.dumps(part.to_plotly_json(), default=lambda one: one.to_plotly_json())


@pytest.mark.parametrize("family", few(searching.FAMILIES, 1))
def test_the_command_line_finds_the_same(family: str, tmp_path: Path) -> None:
    found = searching.find(family, ASKED)
    words = shlex.split(found.command)
    code, out, err = called(tmp_path, *words[3:], "--format", "json")
    assert code == 0, err
    theirs = json.loads(out)["designs"]
    assert [row[0] for row in found.table.rows] == [one["criterion"] for one in theirs]
    assert [row[1] for row in found.table.rows] == [in_words(one["looks"]) for one in theirs]


def in_words(looks: list[int]) -> str:
    few_looks = ", ".join(map(str, looks))
    return few_looks if len(looks) < 4 else f"{looks[0]} to {looks[-1]}, {len(looks)} looks"


def test_a_found_design_opens_on_every_page_as_it_was_found(tmp_path: Path) -> None:
    service = Service(Settings(store=str(tmp_path / "s.sqlite")))
    found = searching.find("simon", ASKED)
    words, query = found.links[0]
    assert words == "optimal, 41 patients"
    design = service.design(from_query(query)[0])
    assert [look.at.total for look in design.looks[:-1]] == [21]  # type: ignore[union-attr]
    assert sum(design.caps) == 41
    assert found.figure is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"null_rate": 0.3}, "null rate"),
        ({"alpha": 0.0}, "alpha"),
        ({"beta": None}, "beta: a number"),
        ({"target_rate": 0.06}, "no two-stage design of at most 150 patients"),
    ],
)
def test_what_cannot_be_is_one_sentence(change: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal) as refused:
        searching.find("simon", ASKED | change)
    assert words in str(refused.value)
    assert words in texts(designs_search.answer("simon", ASKED | change))


def test_a_family_that_is_none() -> None:
    with pytest.raises(Refusal, match="no family nonsense here; accepted: simon"):
        searching.find("nonsense", ASKED)
    state = State(view=(("search", "simon"), ("search.alpha", "x"), ("search.beta", "0.2")))
    assert designs_search.asked_of(state) == ("simon", {**searching.ASKED, "beta": 0.2})


@pytest.mark.browser
@pytest.mark.slow_browser
def test_a_search_is_asked_answered_and_shared(open_page: Opener) -> None:
    page = open_page("/designs")
    page.get_by_role("textbox", name="target rate").fill("0.2")
    page.click("#search-run")
    expect(page.locator("#search-found table")).to_contain_text("minimax")
    expect(page.locator("#search-found .main-svg").first).to_be_visible(timeout=60_000)
    expect(page).to_have_url(re.compile(r"v\.search=simon.*v\.search\.target_rate=0\.2"))
    page.get_by_role("link", name="explore: optimal, 41 patients").click()
    expect(page.locator("#explore-words")).to_contain_text("first 21 patients")
