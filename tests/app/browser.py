"""A page of the dashboard in a real browser, and what must never happen on it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

ROOT = Path(__file__).parents[2]
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing can leave, even if a page tries
]
OURS = ("127.0.0.1", "localhost")
READY = """() => {
  const page = document.querySelector('#page');
  if (!page || page.querySelector('.loading') || document.querySelector('._dash-loading')) return false;
  if (document.querySelector('[data-dash-is-loading="true"]')) return false;
  if (document.querySelector('#explore-rest:empty')) return false;
  const figures = [...page.querySelectorAll('[role][aria-labelledby^="title-"]')];
  const grids = [...page.querySelectorAll('.ag-root-wrapper')];
  if (!grids.every((grid) => grid.querySelector('.ag-header-cell') && grid.querySelector('.ag-cell, .ag-overlay')))
    return false;
  return figures.every((figure) => figure.offsetParent === null || figure.querySelector('.main-svg'));
}"""


class Watch:
    """Collects what a page complains of and whom it calls."""

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text} ({message.location.get('url')})")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob", "about") and address.hostname not in OURS:
            self.foreign.append(request.url)

    def expect(self, *words: str) -> None:
        """Forget complaints that a test brought about on purpose: those that hold one of some words."""
        assert any(word in complaint for complaint in self.complaints for word in words), self.complaints
        self.complaints = [one for one in self.complaints if not any(word in one for word in words)]

    def assert_quiet(self) -> None:
        """Assert that nothing was complained of and nobody foreign was called."""
        assert self.foreign == [], self.foreign
        assert self.complaints == [], self.complaints


@contextmanager
def served(application: Callable[..., Any], port: int = 0) -> Iterator[str]:
    """Serve a WSGI application on this machine; give its address."""
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", port, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def wait(page: Page) -> None:
    """Wait until a page stands and its figures are drawn."""
    page.wait_for_function(READY, timeout=60_000)


def pictures() -> Path:
    """Return the folder for pictures of the pages, which git leaves out."""
    folder = Path(os.environ.get("TRIALSIM_SCREENSHOTS", ROOT / "results" / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
