"""A slider of Explore on a slow way to the server: one question at a time, and the last figure is the last position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from scipy.stats import binom

from app.panels.explore_moves import PATH

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser
GATE = "design.looks.proof-of-concept.at.per_arm"
SLOW_MS = 250
SLOW_WAY = """([path, wait]) => {
  const straight = window.fetch;
  window.way = { open: 0, most: 0, questions: [], answered: 0, wait };
  window.fetch = async (address, question) => {
    if (address !== path) return straight(address, question);
    const way = window.way;
    way.questions.push(JSON.parse(question.body).sliders);
    way.most = Math.max(way.most, ++way.open);
    const answer = await straight(address, question);
    await new Promise((later) => setTimeout(later, way.wait));
    way.open -= 1;
    way.answered += 1;
    return answer;
  };
}"""
IS_SHOWN = "(at) => Math.abs(document.querySelector('.js-plotly-plot').data[0].y[20] - at) < 1e-6"


@pytest.fixture
def thumb(page: Page) -> Locator:
    """The slider of the first look, its questions on a slow way."""
    page.evaluate(SLOW_WAY, [PATH, SLOW_MS])
    found = page.get_by_role("slider", name="proof-of-concept").first
    found.scroll_into_view_if_needed()
    return found


def grasp(page: Page, thumb: Locator) -> tuple[float, float]:
    """Press the pointer on a slider; return where."""
    box = thumb.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    return x, y


def position(thumb: Locator) -> int:
    return int(str(thumb.get_attribute("aria-valuenow")))


def goes_on(n: int) -> float:
    """Return the probability that an arm goes on at a true rate of 20 %, at least 3 of n responding."""
    return float(binom.sf(2, n, 0.2))


def way(page: Page) -> dict[str, Any]:
    return dict(page.evaluate("() => window.way"))


def test_one_question_at_a_time_and_the_last_position_is_shown(page: Page, thumb: Locator) -> None:
    x, y = grasp(page, thumb)
    for step in range(1, 21):
        page.mouse.move(x + 4 * step, y)
        page.wait_for_timeout(30)
    last = position(thumb)
    assert last > 25
    page.wait_for_function(IS_SHOWN, arg=goes_on(last))
    seen = way(page)
    page.mouse.up()
    assert seen["most"] == 1
    assert seen["questions"][-1][GATE] == last
    assert 2 <= len(seen["questions"]) < 12  # what was passed over meanwhile is never asked


def test_an_answer_that_comes_late_changes_nothing(page: Page, thumb: Locator) -> None:
    page.evaluate("() => { window.way.wait = 3000; }")
    x, y = grasp(page, thumb)
    page.mouse.move(x + 20, y)
    page.wait_for_function("() => window.way.open === 1")
    page.mouse.move(x + 60, y)
    last = position(thumb)
    page.mouse.up()
    expect(page.locator("#explore-words")).to_contain_text(f"first {last} patients")  # the whole page has settled
    page.wait_for_function(IS_SHOWN, arg=goes_on(last))
    assert way(page)["questions"][0][GATE] < last
    page.wait_for_function("() => window.way.answered === window.way.questions.length")
    page.wait_for_timeout(200)
    assert page.evaluate(IS_SHOWN, goes_on(last))
