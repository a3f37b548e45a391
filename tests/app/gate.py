"""A job that waits to be let go on, a page that polls for one, and waiting no longer than needed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.jobs import ThreadManager

SOON = 20.0
"""Seconds that nothing here takes; a wait that long is a failure."""


class Gate:
    """A job that says when it runs, and goes on when it is let."""

    def __init__(self) -> None:
        self.runs, self.goes_on, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.n_runs = 0

    def of_page(self, set_progress: Callable[[Any], None], n: int, _: str) -> Any:
        """Return what the application below expects."""
        return self(set_progress, n)

    def __call__(self, set_progress: Callable[[Any], None], *args: Any) -> Any:
        self.n_runs += 1
        self.runs.set()
        try:
            assert self.goes_on.wait(SOON)
            set_progress(("half", 50))
            return ["done", *args]
        finally:
            self.ended.set()


class Page:
    """What Dash asks the manager for on behalf of a page."""

    def __init__(self, manager: ThreadManager, fn: Callable[..., Any], args: Any = (), context: Any = None) -> None:
        self.manager = manager
        key = manager.build_cache_key(fn, args, [], None)
        self.key = key
        self.job = manager.call_job_fn(
            key, manager.make_job_fn(fn, True), args, {"triggered_inputs": [], **(context or {})}
        )

    def poll(self) -> tuple[str, Any, Any]:
        """Return "waits", "answer" or "nothing", with the answer and the progress: `dash._callback`, in its order."""
        progress = self.manager.get_progress(self.key)
        result = self.manager.get_result(self.key, self.job)
        is_running = self.manager.job_running(self.job)
        self.manager.get_updated_props(self.key)
        if result is not self.manager.UNDEFINED:
            return "answer", result, progress
        return ("waits" if is_running else "nothing"), None, progress

    def answer(self) -> Any:
        """Poll until there is an answer."""
        deadline = time.monotonic() + SOON
        while time.monotonic() < deadline:
            state, result, _ = self.poll()
            if state != "waits":
                assert state == "answer"
                return result
            time.sleep(0.001)
        raise AssertionError("no answer")


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)
