"""The Simulate page in a browser: estimates while it runs, cancel, stale results, menus, a small screen."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import pytest

from app.panels.simulate import STOPPED
from app.panels.simulate_answers import STALE
from tests.app.browser import wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


pytestmark = pytest.mark.browser
FIGURE = "#simulate-results .js-plotly-plot .main-svg"


def is_done(page: Page) -> None:
    page.wait_for_selector("#simulate-saves:not([hidden])", timeout=120_000)
    wait(page)


def note(page: Page, title: str) -> str:
    return page.locator(".card", has=page.get_by_role("heading", name=title)).locator("p.note").inner_text()


def jobs() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("job ")]


def assert_no_jobs(page: Page) -> None:
    for _ in range(600):  # a job stands behind everything else
        if not jobs():
            break
        page.wait_for_timeout(50)
    assert not jobs()


@pytest.mark.slow_browser
def test_nothing_runs_before_it_is_asked_for(open_page: Callable[..., Page]) -> None:
    page = open_page("/simulate?v.n_sims=2000")
    assert page.locator("#simulate-empty").is_visible()
    assert not page.locator("#simulate-shown").is_visible()
    assert page.locator("#simulate-told").inner_text() == ""
    assert not jobs()


def test_a_run_to_its_end_and_then_another_question(open_page: Callable[..., Page]) -> None:
    page = open_page("/simulate?v.n_sims=2000&v.truth=weak")
    page.click("#simulate-run")
    page.wait_for_selector("#simulate-costs table")
    is_done(page)
    assert not page.locator("#simulate-empty").is_visible()
    assert page.locator("#simulate-told").inner_text().startswith("2,000 trials in ")
    for title in (
        "What conduct costs",
        "Enrolment and the days",
        "From trial to trial",
        "Kaplan-Meier",
        "How the estim",
    ):
        assert "2,000 calendar trials" in note(page, title)
        assert "MCSE" in note(page, title)
    assert page.locator("#simulate-costs tbody tr").count() == 7
    assert not page.locator("#simulate-match-card").is_visible()

    before = note(page, "From trial to trial")
    page.click("#simulate-menu-distribution")
    page.get_by_role("option", name="duration of the trial").click()
    page.wait_for_function("before => !document.body.innerText.includes(before)", arg=before)
    assert "In months" in note(page, "From trial to trial")

    page.get_by_role("textbox", name="enrolment: days of the enrolment window").fill("200")
    page.get_by_text(STALE).wait_for()
    assert page.locator("#simulate-results").get_attribute("class") == "results stale"
    assert "conduct.enrolment.window.days%3D200" in page.evaluate("() => location.search")
    page.get_by_role("textbox", name="enrolment: days of the enrolment window").fill("304")
    page.get_by_text(STALE).wait_for(state="detached")


def test_two_tabs_at_once_have_each_their_own_estimates(open_page: Callable[..., Page]) -> None:
    """The same question in both but for the truth; a third run, alone, finds what the first found beside another."""
    tabs = [open_page(f"/simulate?v.n_sims=500&v.truth={truth}") for truth in ("weak", "active")]
    for tab in tabs:
        tab.click("#simulate-run")
    for tab in tabs:
        is_done(tab)
    first, second = (tab.locator("#simulate-costs table").inner_text() for tab in tabs)
    assert first != second
    alone = tabs[0]
    alone.reload()
    wait(alone)
    alone.click("#simulate-run")
    is_done(alone)
    assert alone.locator("#simulate-costs table").inner_text() == first


def test_cancel_leaves_the_estimates_and_ends_the_thread(open_page: Callable[..., Page]) -> None:
    page = open_page("/simulate?v.n_sims=200000&v.truth=active")
    page.click("#simulate-run")
    page.wait_for_selector("#simulate-costs table")
    assert jobs()
    page.click("#simulate-cancel")
    page.wait_for_selector("#simulate-run:not([disabled])")
    page.get_by_text(STOPPED).wait_for()
    assert_no_jobs(page)
    assert page.locator("#simulate-costs table").is_visible()
    assert re.search(r"Simulated: [\d,]+ calendar trials", note(page, "What conduct costs"))


@pytest.mark.slow_browser
def test_leaving_the_page_ends_the_run(open_page: Callable[..., Page]) -> None:
    page = open_page("/simulate?v.n_sims=200000&v.truth=active")
    page.click("#simulate-run")
    page.wait_for_selector("#simulate-costs table")
    page.get_by_role("link", name="Explore").click()
    page.wait_for_selector("#explore-cards")
    assert_no_jobs(page)
    page.get_by_role("link", name="Simulate").click()
    page.wait_for_selector("#simulate-run:not([disabled])")
    wait(page)
    assert page.locator("#simulate-empty").is_visible()
    assert page.locator("#simulate-told").inner_text() == ""


@pytest.mark.slow_browser
def test_an_error_stands_beside_its_field(open_page: Callable[..., Page]) -> None:
    page = open_page("/simulate")
    box = page.get_by_role("textbox", name="enrolment: power of the window")
    box.fill("0")
    page.locator(".field-error", has_text="accepted: at least 0.05").wait_for()
    page.click("#simulate-run")
    page.locator("#simulate-told", has_text="accepted: at least 0.05").wait_for()
    box.fill("1.2")
    page.locator(".field-error", has_text="accepted").wait_for(state="detached")


@pytest.mark.slow_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_small_screen(open_page: Callable[..., Page], scheme: str) -> None:
    page = open_page("/simulate?v.n_sims=500", scheme=scheme, width=390)
    page.click("#simulate-run")
    is_done(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert page.locator("#simulate-match-card").is_visible()
    for plot in page.locator(FIGURE).all():
        box = plot.bounding_box()
        assert box is None or box["width"] <= 390
