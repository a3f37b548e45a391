"""A dashboard that is served, and pages of it in a browser that must stay quiet."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.main import create_app
from app.settings import Settings
from tests.app.browser import FLAGS, Watch, served, wait
from tests.conftest import NOT_RUN
from tools.ensure_browser import HOW, find

Opener = Callable[..., Page]
expect.set_options(timeout=30_000)  # a limit for what is broken, not for a machine that is busy


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The application, its store in a folder of its own."""
    return create_app(Settings(store=str(tmp_path_factory.mktemp("dashboard") / "trialsim.sqlite")))


@pytest.fixture(scope="session")
def app_url(dashboard: Any) -> Iterator[str]:
    """The address at which the dashboard is served, without a slash at its end."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with served(dashboard.server) as address:
        yield address


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """How the browser is started: that of tools/ensure_browser.py."""
    path = find()
    if path is None and os.environ.get("TRIALSIM_REQUIRE_BROWSER"):
        pytest.fail(f"{NOT_RUN}; {HOW}.", pytrace=False)
    if path is None:
        pytest.skip(f"{NOT_RUN}; {HOW}.")
    return {**browser_type_launch_args, "executable_path": path, "args": FLAGS}


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """One profile for each look of the pages, so that the scripts are fetched once for each."""
    kept: dict[tuple[Any, ...], BrowserContext] = {}

    def of(scheme: Any, width: int, height: int) -> BrowserContext:
        look = (scheme, width, height)
        if look not in kept:
            kept[look] = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            kept[look].add_init_script("localStorage.clear()")  # every page is a first visit
        return kept[look]

    yield of
    for context in kept.values():
        context.close()


@pytest.fixture
def open_page(profile: Callable[..., BrowserContext], app_url: str) -> Iterator[Opener]:
    """Open pages: `open_page("/replay?base=gist", scheme="dark", width=390)`; all must have stayed quiet at the end."""
    opened: list[tuple[Page, Watch]] = []

    def opener(
        path: str = "/", *, scheme: str = "light", width: int = 1280, height: int = 900, address: str = app_url
    ) -> Page:
        page = profile(scheme, width, height).new_page()
        page.set_default_timeout(60_000)
        opened.append((page, Watch(page)))
        page.watch = opened[-1][1]  # type: ignore[attr-defined]
        page.goto(address + path)
        wait(page)
        return page

    yield opener
    for page, _ in opened:
        page.close()
    for _, watch in opened:
        watch.assert_quiet()


@pytest.fixture
def page(open_page: Opener) -> Page:
    """The first page of the dashboard."""
    return open_page()
