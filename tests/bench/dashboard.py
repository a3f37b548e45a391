"""`python -m tests.bench.dashboard`: what somebody at the dashboard waits for, in a real browser.

Medians and 90th percentiles of: pointer moved to figure repainted while a slider of Explore is dragged, alone and
while a simulation runs in the same server; first figure after the address is opened, and after a click in the
navigation; bytes that cross the wire; the server's start with kernels compiled before; first estimates of a simulation
and the end of one that is cancelled.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

from playwright.sync_api import Browser, Page, sync_playwright
from psutil import Process

from tests.app.browser import FLAGS, wait
from tools.ensure_browser import HOW, find

ROOT = Path(__file__).parents[2]
SLIDER = "proof-of-concept: patients per arm"
LISTEN = """() => {
  const plot = document.querySelector('.js-plotly-plot');
  plot.on('plotly_afterplot', () => requestAnimationFrame(() => { window.drawn = performance.now(); }));
  for (const name of ['pointermove', 'mousemove'])
    window.addEventListener(name, () => { window.moved = performance.now(); }, true);
}"""

UNTIL = """async ([button, ...shown]) => {
  const began = performance.now();
  document.querySelector(button).click();
  const frame = () => new Promise((painted) => requestAnimationFrame(painted));
  do await frame(); while (!shown.every((one) => document.querySelector(one)?.getBoundingClientRect().height > 0));
  await frame();
  window.taken = performance.now() - began;
}"""
"""Click a button, and note how long it takes until all of some things are there and painted."""


def told(what: str, found: list[float], unit: str = "ms") -> None:
    """Print median and 90th percentile."""
    found = sorted(found)
    p90 = found[min(len(found) - 1, round(0.9 * (len(found) - 1)))]
    print(f"{what}: median {statistics.median(found):.0f} {unit}, p90 {p90:.0f} {unit} ({len(found)} times)")


@contextmanager
def started(folder: Path) -> Iterator[tuple[str, float, Process]]:
    """Start the dashboard as its user does; give its address, the seconds until it answered, and its process."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "app", "--port", str(port), "--store", str(folder / "trialsim.sqlite")]
    began, address = time.perf_counter(), f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() - began < 300:
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=1).read()
                break
            except OSError:
                time.sleep(0.02)
        yield address, time.perf_counter() - began, Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def bench_start(folder: Path) -> None:
    """Seconds until the server answers, its kernels compiled by an earlier start."""
    taken = []
    for _ in range(4):
        with started(folder) as (_, seconds, _):
            taken.append(1000 * seconds)
    told("server ready", taken[1:])


def opened(browser: Browser, address: str) -> Page:
    """Open Explore in a fresh profile."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(address)
    wait(page)
    return page


def drag(page: Page, n_moves: int) -> list[float]:
    """Drag to and fro; return the milliseconds from each move of the pointer to the figure repainted."""
    thumb = page.get_by_role("slider", name=SLIDER)
    thumb.scroll_into_view_if_needed()
    box = thumb.bounding_box()
    assert box is not None
    page.evaluate(LISTEN)
    way = 5 if int(str(thumb.get_attribute("aria-valuenow"))) < 25 else -5  # it must not come to its end
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    taken = []
    for move in range(n_moves):
        page.evaluate("() => { window.drawn = 0; }")
        page.mouse.move(x + way * (1 + move % 10), y)
        page.wait_for_function("() => window.drawn > window.moved")
        taken.append(float(page.evaluate("window.drawn - window.moved")))
        page.wait_for_timeout(30)
    page.mouse.up()
    return taken[3:]


def bench_drag(browser: Browser, address: str) -> None:
    """The slider alone, and while another tab simulates."""
    page = opened(browser, address)
    told("slider moved to figure repainted", drag(page, 53))
    other = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    other.goto(f"{address}/simulate?v.n_sims=200000&v.truth=active")
    wait(other)
    other.locator("#simulate-run").click()
    other.wait_for_timeout(2000)
    page.bring_to_front()
    told("the same while a simulation runs", drag(page, 53))
    cancel = other.locator("#simulate-cancel")
    assert cancel.is_enabled(), "the simulation was over before the slider was"
    cancel.click()
    for tab in (page, other):
        tab.context.close()


def bench_first_figure(browser: Browser, address: str) -> None:
    """From the address to the first figure, with an empty cache and from another page; and the bytes of that."""
    cold, within, received = [], [], [0.0]
    for _ in range(5):
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        sizes: list[float] = []
        devtools.on("Network.loadingFinished", lambda event, sizes=sizes: sizes.append(event["encodedDataLength"]))
        began = time.perf_counter()
        page.goto(address)
        page.wait_for_selector(".js-plotly-plot .main-svg")
        cold.append(1000 * (time.perf_counter() - began))
        wait(page)
        received.append(sum(sizes) / 1000)
        page.get_by_role("link", name="Designs", exact=True).click()
        page.wait_for_url("**/designs*")
        wait(page)
        began = time.perf_counter()
        page.get_by_role("link", name="Explore", exact=True).click()
        page.wait_for_selector(".js-plotly-plot .main-svg")
        within.append(1000 * (time.perf_counter() - began))
        page.context.close()
    told("first figure, nothing cached", cold)
    told("first figure, from another page", within)
    told("transferred for the first page", received[1:], "kB")


def bench_simulation(browser: Browser, address: str, server: Process) -> None:
    """100,000 calendar trials: from the click to estimates painted; from cancel to words on the page, and to rest."""
    page = opened(browser, f"{address}/simulate?v.n_sims=100000&v.truth=active")
    first, said, rested = [], [], []
    for _ in range(5):
        page.wait_for_timeout(1500)  # nobody clicks sooner
        page.evaluate(UNTIL, ["#simulate-run", "#simulate-costs table", "#simulate-results .js-plotly-plot .main-svg"])
        first.append(float(page.evaluate("window.taken")))
        page.wait_for_timeout(1500)
        page.evaluate(UNTIL, ["#simulate-cancel", "#simulate-run:not([disabled])"])
        began = time.perf_counter()
        said.append(float(page.evaluate("window.taken")))
        rested.append(said[-1] + 1000 * (at_rest(server) - began))
        page.reload()
        wait(page)
    told("100,000 calendar trials: click to estimates painted", first)
    told("cancel to the page's words", said)
    told("cancel to the server at rest", rested)
    page.context.close()


def at_rest(server: Process) -> float:
    """Return the moment at which a tenth of a second began in which the server hardly computed."""
    while True:
        began, spent = time.perf_counter(), sum(server.cpu_times()[:2])
        time.sleep(0.1)
        if sum(server.cpu_times()[:2]) - spent < 0.03:
            return began


def main() -> None:
    """Print every figure."""
    path = find()
    if path is None:
        print(f"dashboard: not measured, no browser answers here; {HOW}.")
        return
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        bench_start(folder)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        with started(folder) as (address, _, server):
            bench_first_figure(browser, address)
            bench_drag(browser, address)
            bench_simulation(browser, address, server)
        browser.close()


if __name__ == "__main__":
    main()
