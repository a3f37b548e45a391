"""YAML of a stranger is read in a process of its own first, with bounded time and memory; then as any other here.

    python -m app.service.bounded

is that process: texts come in, a line of JSON each, and `read` or `memory` goes out. What it finds wrong it keeps to
itself; the server reads the text again, now known to be harmless, and has the sentence at first hand.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import weakref
from concurrent.futures import Future, TimeoutError
from pathlib import Path
from typing import Any

START_S = 60.0
"""How long the process may take to begin, on a machine that is busy."""
MORE_MEMORY = 512 << 20
"""Bytes beyond what the process has when it begins."""
_ROOT = Path(__file__).resolve().parents[2]


class TooMuchError(Exception):
    """A text takes more time or memory to read than any scenario does; the text is one sentence."""


class BoundedReader:
    """Tries texts in a process that is ended when one takes too long; the next text gets a new one.

    Parameters
    ----------
    seconds
        How long a text may take.
    program
        The process; tests put another in its place.
    """

    def __init__(self, seconds: float, program: tuple[str, ...] = ("-m", "app.service.bounded")) -> None:
        self._seconds, self._program = seconds, program
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_ready = False
        self._owner = 0

    def start(self) -> None:
        """Start the process, without waiting for it."""
        with self._lock:
            self._running()

    def check(self, text: str) -> None:
        """Read a text.

        Raises
        ------
        TooMuchError
            If it takes too long, or more memory than there is for it.
        """
        with self._lock:
            try:
                answer = self._answer(text)
            except TimeoutError:
                self._end()
                raise TooMuchError(f"it takes more than {self._seconds:g} s to read; it is refused") from None
            if answer != "read":
                self._end()
                raise TooMuchError("it takes too much memory to read; it is refused")

    def _answer(self, text: str) -> str:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        if not self._is_ready:
            self._is_ready = _soon(process.stdout.readline, START_S).strip() == "ready"
        with contextlib.suppress(OSError):  # it has died: there will be no answer
            process.stdin.write(json.dumps(text) + "\n")
            process.stdin.flush()
        return _soon(process.stdout.readline, self._seconds).strip()

    def _running(self) -> subprocess.Popen[str]:
        is_own = self._owner == os.getpid()  # a server that forks: no two of its processes share a pipe
        if self._process is None or not is_own or self._process.poll() is not None:
            pipe, self._is_ready, self._owner = subprocess.PIPE, False, os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, *self._program],
                stdin=pipe,
                stdout=pipe,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                cwd=_ROOT,
            )
            weakref.finalize(self, _end, self._process)
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def _soon(call: Any, seconds: float) -> str:
    """Return what a call returns, if it does so in time."""
    found: Future[str] = Future()
    threading.Thread(target=lambda: found.set_result(call()), daemon=True).start()
    return found.result(seconds)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):  # no such thing on Windows
        import resource

        n_pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = n_pages * resource.getpagesize() + MORE_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    """Read texts until there are no more."""
    from trialsim.spec.load import scenario_document, scenario_of, shipped_document

    scenario_of(shipped_document("gist"))  # all that is imported late is imported now
    _limit_memory()
    print("ready", flush=True)
    for line in sys.stdin:
        answer = "read"
        try:
            scenario_of(scenario_document(json.loads(line), "the text"))
        except MemoryError:
            answer = "memory"
        except Exception:
            pass
        print(answer, flush=True)


if __name__ == "__main__":
    main()
