"""The Sweep and Designs pages in a real browser: from a form to a picture, a cell and a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.app.conftest import Opener

GATE, NEEDED = "design.looks.proof-of-concept.at.per_arm", "design.looks.proof-of-concept.continue_if.rule.at_least"

pytestmark = pytest.mark.browser
SOON = 20_000
"""Milliseconds: the first picture of a browser loads what draws it."""
SMALL = f"v.vary.0={GATE}%3D17..18&v.vary.1={NEEDED}%3D2..3"


def run(page: Page) -> None:
    page.click("#sweep-run")
    expect(page.locator("#sweep-told")).to_contain_text("4 cells", timeout=SOON)
    expect(page.locator("#sweep-graph .main-svg").first).to_be_visible(timeout=SOON)


def test_a_sweep_is_run_drawn_opened_and_taken_home(open_page: Opener) -> None:
    page = open_page(f"/sweep?{SMALL}")
    expect(page.locator("#vary-words")).to_have_text("4 cells under 2 truths each, solved exactly.")
    run(page)
    expect(page.locator("#title-sweep")).to_contain_text("p_stop, 400 mg, proof-of-concept, truth null rate")
    expect(page.locator("#cell-grid .ag-row")).to_have_count(4)
    expect(page).to_have_url(re.compile(r"v\.sweep=[0-9a-f]{16}"))
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV", exact=True).click()
    assert waiting.value.suggested_filename.startswith("gist-")
    assert "patients_per_arm,responses_needed," in Path(waiting.value.path()).read_text()
    page.get_by_text("Pareto front", exact=True).click()
    expect(page.locator("[id*='note'][id*='sweep']")).to_contain_text("that no other beats")
    expect(page).to_have_url(re.compile(r"v\.pic\.pic=pareto"))
    again = open_page("", address=page.url)
    expect(again.locator("#title-sweep")).to_contain_text("against")
    page.locator("#cell-grid .ag-row").nth(3).click()
    page.click("#cell-explore")
    expect(page).to_have_url(re.compile(rf"{re.escape(GATE)}%3D18"))
    expect(page.locator("#explore-words")).to_contain_text("first 18 patients")


@pytest.mark.slow_browser
def test_a_click_into_the_map_leads_to_its_cell(open_page: Opener) -> None:
    page = open_page(f"/sweep?{SMALL}")
    run(page)
    box = page.locator("#sweep-graph .heatmaplayer").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    expect(page.locator("#sweep-cell")).to_contain_text("Cell 3")


@pytest.mark.slow_browser
def test_a_mistake_is_told_beside_its_row_until_it_is_mended(open_page: Opener) -> None:
    page = open_page(f"/sweep?{SMALL}")
    first = page.get_by_label("field 1: from")
    first.fill("0")
    expect(page.locator(".vary-row .field-error").first).to_have_text("found 0; accepted: at least 1")
    expect(page.locator("#sweep-run")).to_be_disabled()
    first.fill("16")
    expect(page.locator("#vary-words")).to_contain_text("6 cells")
    expect(page).to_have_url(re.compile(r"16\.\.18"))
    page.locator("label", has_text="list").first.click()
    expect(page.get_by_label("field 1: values")).to_have_value("16, 18")
    expect(page.locator("#vary-words")).to_contain_text("4 cells")


@pytest.mark.slow_browser
def test_a_long_sweep_can_be_cancelled(open_page: Opener) -> None:
    page = open_page("/sweep?v.vary.engine=calendar&v.vary.sims=700")
    page.click("#sweep-run")
    expect(page.locator("#sweep-progress-words")).to_contain_text("of 126 cells", timeout=SOON)
    page.click("#sweep-cancel")
    expect(page.locator("#sweep-told")).to_contain_text("What was computed is in the store")
    expect(page.locator("#sweep-run")).to_be_enabled()


@pytest.mark.slow_browser
@pytest.mark.parametrize("look", [{"width": 390, "height": 800, "scheme": "dark"}, {}])
def test_the_catalogue_shows_what_is_chosen(open_page: Opener, look: dict[str, Any]) -> None:
    page = open_page("/designs", **look)
    expect(page.locator("#design-title")).to_contain_text("Imatinib")
    row = page.locator("#design-grid .ag-row", has_text="simon-1989-20-40").first
    for _ in range(10):
        if row.is_visible():
            break
        page.locator("#design-grid [aria-label='Next Page']").click()
    row.click()
    expect(page.locator("#design-title")).to_contain_text("Simon optimal")
    expect(page).to_have_url(re.compile(r"v\.design=simon-1989-20-40"))
    expect(page.get_by_text("4 of 4 agree")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("window.innerWidth")


@pytest.mark.slow_browser
def test_the_page_fits_a_telephone(open_page: Opener) -> None:
    page = open_page(f"/sweep?{SMALL}", width=390, height=800)
    run(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
