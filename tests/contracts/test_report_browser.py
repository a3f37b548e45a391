"""The report's file in a real browser, opened from disk: quiet, private, drawn, reachable, whole on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.app.browser import pictures
from tests.app.conftest import browser_type_launch_args  # noqa: F401 - pytest finds it here
from tests.contracts.in_process import called
from trialsim.api import run
from trialsim.report.plots.operating_curves import operating_curves
from trialsim.report.regulatory.blocks import Grid, Missing, Picture, Section, Words
from trialsim.report.regulatory.contents import document_of
from trialsim.report.regulatory.html import as_html
from trialsim.report.regulatory.material import Material
from trialsim.report.table import Table
from trialsim.spec.load import load_scenario

pytestmark = pytest.mark.browser

RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
LESS = """() => {
  for (const body of document.querySelectorAll('tbody')) [...body.rows].slice(3).forEach((row) => row.remove());
  for (const drawing of document.querySelectorAll('.main-svg')) drawing.replaceChildren();
}"""
"""Without thousands of rows that are all alike, and without plotly's drawings, whose captions are read instead."""
GRAVE = ("serious", "critical")
NARROW = {"width": 390, "height": 844}
A4 = {"width": 680, "height": 1000}
"""The text of a page of A4."""
SCROLLS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BEYOND = (
    "(width) => [...document.querySelectorAll('figure:not(.broad) table, .main-svg, pre')].map("
    "(one) => Math.round(one.getBoundingClientRect().right)).filter((right) => right > width)"
)


class Opened(NamedTuple):
    """A page, and what it complained of and asked for."""

    page: Page
    complaints: list[str]
    requests: list[str]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with two figures and a broad table more than it needs."""
    scenario = load_scenario("simon-20-40", ["n_sims=500"])
    material = Material(run(scenario), "python -m trialsim report simon-20-40", "2026-11-22", source="simon-20-40")
    document = document_of(material)
    figure = operating_curves(material.curves)
    rows = [["row", *(f"{column / 7:.6f}" for column in range(13))] for _ in range(40)]
    table = Table("A broad table", ["", *(f"column {column}" for column in range(13))], 1, rows)
    blocks = (
        Words("<b>no markup</b>"),
        Picture(figure, "exact"),
        Picture(figure, "simulated"),
        Grid(table, "published"),
        Missing("The aims", "narrative.aims"),
    )
    document = document._replace(sections=(*document.sections, Section(99, "more", "More", blocks)))
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(as_html(document), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Opened]:
    """The report, drawn, in a browser that then must have stayed quiet."""
    found = open_file(browser, report)
    yield found
    found.page.close()
    assert found.complaints == []
    assert found.requests == [report.as_uri()]


def open_file(browser: Browser, path: Path, **options: Any) -> Opened:
    """Open a file from disk and wait until its figures are drawn."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, **options)
    found = Opened(page, [], [])
    page.on("console", lambda message: found.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("request", lambda request: found.requests.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-figures]", timeout=60_000)
    return found


def grave(page: Page) -> list[str]:
    """Return the serious and critical findings of axe-core, each with a place."""
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    found: Any = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['target']}" for one in found if one["impact"] in GRAVE]


def test_it_is_drawn_and_sound_in_light_in_dark_and_on_a_phone(opened: Opened) -> None:
    page = opened.page
    assert page.get_attribute("html", "data-figures") == "drawn"
    n_figures = page.locator("script[data-figure]").count()
    assert n_figures >= 2
    assert page.locator(".plot .main-svg:first-child").count() == n_figures
    assert page.locator(".plot path.js-line").count() >= 4
    findings = {}
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.screenshot(path=pictures() / "report-light.png")
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(300)
    assert page.evaluate(ground) != light
    page.screenshot(path=pictures() / "report-dark.png")
    page.evaluate(LESS)
    findings["dark"] = grave(page)
    page.emulate_media(color_scheme="light")
    page.wait_for_timeout(300)
    findings["light"] = grave(page)
    assert findings == {"light": [], "dark": []}
    page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})
    page.wait_for_timeout(300)
    assert page.evaluate(SCROLLS) <= 0
    assert page.locator("#more b").count() == 0


@pytest.mark.slow_browser
def test_links_lead_to_their_places(opened: Opened) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.get_by_role("navigation").get_by_role("link", name="Appendices").click()
    expect(page).to_have_url(re.compile("#appendices$"))
    expect(page.get_by_role("heading", name="Appendices")).to_be_in_viewport()
    dead = "[...document.querySelectorAll('a[href^=\"#\"]')].filter((a) => !document.getElementById(a.hash.slice(1)))"
    assert page.evaluate(f"{dead}.length") == 0


@pytest.mark.slow_browser
def test_all_numbers_are_saved_as_they_are(opened: Opened) -> None:
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Save all numbers").click()
    text = download.value.path().read_text()
    assert text.startswith("plan,truth,measure,arm,look,given,value,variant,estimate,mcse,")
    assert text.count("\n") > 150
    opened.requests[:] = [url for url in opened.requests if not url.startswith("blob:")]  # the page's own memory


def test_on_paper_nothing_is_cut_and_pages_are_numbered(opened: Opened, tmp_path: Path) -> None:
    page = opened.page
    page.set_viewport_size({"width": A4["width"], "height": A4["height"]})
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_timeout(500)
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--page').trim()") == "#ffffff"
    assert page.evaluate(BEYOND, A4["width"]) == []
    assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    page.emulate_media(media="null")
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    data = (tmp_path / "report.pdf").read_bytes()
    sizes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^\]]+)\]", data)}
    upright = {size for size in sizes if size[2] < size[3]}
    assert {(round(size[2]), round(size[3])) for size in upright} == {(595, 842)}
    assert {(round(size[2]), round(size[3])) for size in sizes - upright} == {(842, 595)}  # the broad table


@pytest.mark.slow_browser
def test_without_scripts_or_an_old_browser_a_sentence_stands_for_the_figures(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator("noscript p").first.is_visible()
    context.close()
    old = browser.new_page()
    old.add_init_script("delete window.DecompressionStream")
    old.goto(report.as_uri())
    old.wait_for_selector("html[data-figures=none]")
    assert old.locator(".late").first.is_visible()
    assert "The figure could not be drawn here" in old.locator(".late").first.inner_text()
    old.close()


@pytest.fixture(scope="module")
def founding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the founding trial, on few trials."""
    folder = tmp_path_factory.mktemp("founding")
    few = ("--n-sims", "200", "--set", "conduct.n_sims=20", "--set", "conduct.sensitivity=[]")
    done = called(folder, "report", "gist", *few, "--out", "report.html")
    assert done.code == 0, done.err
    return folder / "report.html"


@pytest.mark.slow_browser
def test_the_founding_trial_is_drawn_and_quiet_too(browser: Browser, founding: Path) -> None:
    found = open_file(browser, founding)
    assert found.page.get_attribute("html", "data-figures") == "drawn"
    count = found.page.locator
    assert count(".plot .main-svg:first-child").count() == count("script[data-figure]").count()
    assert found.page.evaluate(SCROLLS) <= 0
    found.page.close()
    assert found.complaints == []
    assert found.requests == [founding.as_uri()]


@pytest.mark.slow_browser
def test_all_of_the_founding_trial_can_be_reached(browser: Browser, founding: Path) -> None:
    page = open_file(browser, founding).page
    page.evaluate(LESS)
    assert grave(page) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(1000)
    assert grave(page) == []
    page.set_viewport_size({"width": A4["width"], "height": A4["height"]})
    page.emulate_media(media="print")
    page.wait_for_timeout(1000)
    assert page.evaluate(BEYOND, A4["width"]) == []
    page.close()
