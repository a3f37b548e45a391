"""Two server processes and two workers behind a Redis broker, as docs/how-to/deploy-the-dashboard.md has it.

Needs a package index, and a Redis server, which root on Debian gets from apt. What was not tried fails and says so.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import socket

import pytest
from playwright.sync_api import Page

from tests.app.browser import wait
from tests.app.conftest import Opener, browser_type_launch_args, open_page, profile  # noqa: F401 (fixtures)
from tests.verify.installed import OURS, ran

pytestmark = [pytest.mark.slow_install, pytest.mark.browser]
READY_S = 300.0
"""Three programs compile the kernels at once."""


def redis_server() -> str:
    """Return the program; root gets it from apt where it is missing."""
    found = shutil.which("redis-server")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for words in (["update"], ["install", "-y", "--no-install-recommends", "redis-server"]):
            subprocess.run(["apt-get", *words], check=False, capture_output=True)
        found = shutil.which("redis-server")
    if found is None:
        pytest.fail("NOT RUN: no redis-server here; install it (Debian: apt-get install redis-server).", pytrace=False)
    return found


def free_port() -> int:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(folder: Path, *words: object, **environment: str) -> Iterator[None]:
    """Run a program with all that it starts, until the end."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    with (folder / f"{Path(str(words[0])).name}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in words],
            cwd=folder,
            env={**kept, **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture(scope="module")
def app_url(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of two server processes whose simulations run in a worker of Celery's."""
    redis, folder = redis_server(), tmp_path_factory.mktemp("queue")
    programs = folder / "environment" / "bin"
    ran(folder, shutil.which("python3") or "python3", "-m", "venv", programs.parent)
    ran(folder, programs / "python", "-m", "pip", "install", wheel, "dash[celery]", "gunicorn")
    port, queue = free_port(), free_port()
    broker = {"TRIALSIM_CELERY_BROKER": f"redis://127.0.0.1:{queue}/0", "TRIALSIM_STORE": str(folder / "s.sqlite")}
    server = ["--workers", "2", "--worker-class", "gthread", "--threads", "4", "--no-control-socket", "--bind"]
    worker = ["-A", "app.main:celery", "worker", "--concurrency", "2", "--loglevel", "INFO"]
    with ExitStack() as stack:
        for words in (
            (redis, "--port", queue, "--bind", "127.0.0.1", "--save", "", "--dir", folder),
            (programs / "celery", *worker),
            (programs / "gunicorn", *server, f"127.0.0.1:{port}", "app.main:server"),
        ):
            stack.enter_context(running(folder, *words, **broker))
        deadline, found = time.monotonic() + READY_S, f"http://127.0.0.1:{port}"
        while True:
            try:
                urllib.request.urlopen(f"{found}/healthz", timeout=5).read()
                if "ready." in (folder / "celery.log").read_text(errors="replace"):
                    break
            except OSError:
                pass
            assert time.monotonic() < deadline, [log.read_text() for log in folder.glob("*.log")]
            time.sleep(0.5)
        yield found


def done(page: Page) -> str:
    """Wait for the end of a run; return what it found."""
    page.wait_for_selector("#simulate-saves:not([hidden])", timeout=120_000)
    wait(page)
    return page.locator("#simulate-costs table").inner_text()


def test_runs_side_by_side_have_their_own_estimates_and_can_be_cancelled(open_page: Opener) -> None:  # noqa: F811
    tabs = [open_page(f"/simulate?v.n_sims=2000&v.truth={truth}") for truth in ("weak", "active")]
    for tab in tabs:
        tab.click("#simulate-run")
    first, second = (done(tab) for tab in tabs)
    assert first != second
    assert tabs[0].locator("#simulate-told").inner_text().startswith("2,000 trials in ")
    alone = open_page("/simulate?v.n_sims=2000&v.truth=weak")
    alone.click("#simulate-run")
    assert done(alone) == first
    long = open_page("/simulate?v.n_sims=200000&v.truth=active")
    long.click("#simulate-run")
    long.wait_for_selector("#simulate-costs table")
    long.click("#simulate-cancel")
    long.wait_for_selector("#simulate-run:not([disabled])")
    alone.click("#simulate-run")  # a worker is free again
    assert done(alone) == first
