"""Compare in a real browser: pin on Explore, rename, simulate, cancel, remove; a shared link keeps one's own pins."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.pins import Pin, in_link
from app.state import State, from_query, query_of
from tests.app.browser import wait
from tests.app.conftest import Opener

pytestmark = pytest.mark.browser

GATE = "design.looks.proof-of-concept.at.per_arm"
LARGER = State(changes=((GATE, 20),))
STRICTER = State(changes=(("design.looks.proof-of-concept.continue_if.rule.at_least", 4),))


def link(*pins: tuple[str, State]) -> str:
    return "/compare" + query_of(State(pins=in_link([Pin(name, state) for name, state in pins])))


def kept(page: Page) -> list[str]:
    """Return the names of the pins that the browser keeps."""
    found: Any = json.loads(page.evaluate("() => localStorage.getItem('pins')") or "null")
    return [one["name"] for one in found["pins"]] if found else []


def names(page: Page) -> list[str]:
    return [box.input_value() for box in page.locator(".pin input").all()]


def traces(page: Page) -> list[str]:
    found: list[str] = page.evaluate("() => document.querySelector('.js-plotly-plot').data.map((one) => one.name)")
    return found


def test_pins_are_made_named_and_removed(open_page: Opener) -> None:
    page = open_page("/" + query_of(LARGER))
    page.locator("#pin-name").fill("20 <b>per arm</b>")
    page.get_by_role("button", name="Pin for comparison").click()
    expect(page.locator("#pin-said")).to_contain_text("1 of 4")
    page.get_by_role("button", name="Reset to the file").click()
    expect(page).to_have_url(re.compile(r"/$"))
    wait(page)
    page.get_by_role("button", name="Pin for comparison").click()
    expect(page.locator("#pin-said")).to_contain_text("Pinned as “gist”; 2 of 4")
    page.get_by_role("link", name="Compare").click()
    expect(page.locator(".pin")).to_have_count(2)
    expect(page.locator("#compare-fields")).to_contain_text(GATE)
    assert names(page) == kept(page) == ["20 <b>per arm</b>", "gist"]

    page.locator(".pin input").nth(1).fill("as published")
    page.keyboard.press("Enter")
    expect(page.locator("#compare-fields")).to_contain_text("B: as published")
    page.get_by_role("button", name="Make reference: as published").click()
    expect(page.locator("#compare-fields")).to_contain_text("A: as published")
    expect(page.locator("#compare-command")).to_contain_text("--variant")
    page.wait_for_function("() => document.querySelector('.js-plotly-plot').data[0].name === 'A: as published'")
    assert traces(page)[1] == "B: 20 &lt;b&gt;per arm&lt;/b&gt;"
    assert from_query(page.url.partition("?")[2])[0].pins != ""

    page.get_by_role("button", name="Remove: 20 <b>per arm</b>").click()
    expect(page.locator(".pin")).to_have_count(1)
    page.get_by_role("button", name="Remove: as published").click()
    expect(page.locator("#compare-head")).to_contain_text("No pinned designs yet: pin one on Explore")
    assert kept(page) == []
    page.get_by_role("link", name="open Explore").click()
    expect(page.get_by_role("button", name="Pin for comparison")).to_be_visible()


@pytest.mark.slow_browser
def test_a_shared_link_shows_its_pins_and_keeps_ones_own(open_page: Opener) -> None:
    page = open_page("/" + query_of(STRICTER))
    page.get_by_role("button", name="Pin for comparison").click()
    expect(page.locator("#pin-said")).to_contain_text("1 of 4")
    page.evaluate("(to) => window.history.pushState({}, '', to)", link(("one", State()), ("two", LARGER)))
    page.evaluate("() => window.dispatchEvent(new CustomEvent('_dashprivate_pushstate'))")
    expect(page.locator("#compare-head")).to_contain_text("came with the link; the one of your own is kept")
    assert names(page) == ["one", "two"]
    page.get_by_role("button", name="Remove: two").click()
    expect(page.locator(".pin")).to_have_count(1)
    assert kept(page) == ["gist, at least 4"]
    page.get_by_role("button", name="Show my own").click()
    expect(page.locator(".pin input")).to_have_value("gist, at least 4")


@pytest.mark.slow_browser
def test_differences_are_simulated_taken_away_and_grow_old(open_page: Opener) -> None:
    page = open_page(link(("as it is", State()), ("20 per arm", LARGER)))
    expect(page.locator("#compare-tables table")).to_have_count(3)
    assert page.locator("#compare-simulated table").count() == 0, "nothing runs unasked"
    expect(page.locator("#compare-saves")).to_be_hidden()
    page.get_by_role("button", name="Simulate the differences").click()
    table = page.locator("#compare-simulated table")
    expect(table).to_have_count(1)
    expect(table).to_contain_text("B − A")
    expect(table.locator("tbody tr").first).to_contain_text(re.compile(r"\+0\.01\d+ \(0\.000\d+\)"))
    expect(page.locator("#compare-simulated")).to_contain_text("100,000 replicates, seed 1")
    with page.expect_download() as download:
        page.locator("#compare-saves").get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == "comparison.csv"
    assert download.value.path().read_text(encoding="utf-8").startswith("plan,truth,measure")
    with page.expect_download() as download:
        page.get_by_role("button", name="YAML: 20 per arm").click()
    assert "per_arm: 20" in download.value.path().read_text(encoding="utf-8")
    page.get_by_role("button", name="Make reference: 20 per arm").click()
    expect(page.locator("#compare-stale")).to_contain_text("have changed since")


@pytest.mark.slow_browser
def test_a_run_is_cancelled(open_page: Opener) -> None:
    page = open_page(link(("as it is", State()), ("20 per arm", LARGER)))
    expect(page.locator("#compare-tables table")).to_have_count(3)
    page.locator("#compare-sims").click()
    page.get_by_role("option", name="2,000,000").click()
    expect(page.locator("#compare-command")).to_contain_text("n_sims=2000000")
    page.get_by_role("button", name="Simulate the differences").click()
    expect(page.locator("#compare-told")).to_contain_text(re.compile("waiting|simulating|left"))
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#compare-told")).to_contain_text("Cancelled")
    expect(page.get_by_role("button", name="Simulate the differences")).to_be_enabled()
    assert page.locator("#compare-simulated table").count() == 0
