"""At a terminal: a progress bar on stderr when a run is long, silence when nobody watches, a clean stop on Ctrl-C."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONG = ["run", "gist", "--set", "conduct=null", "--n-sims", "1000000000", "--set", "plans=[]", "--jobs", "1"]
COMMAND = [sys.executable, "-m", "trialsim"]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}


def _read(terminal: int, until: str, seconds: float) -> str:
    """Read what a terminal shows until some words appear."""
    os.set_blocking(terminal, False)
    seen, began = "", time.monotonic()
    while until not in seen and time.monotonic() - began < seconds:
        try:
            seen += os.read(terminal, 65536).decode(errors="replace")
        except (BlockingIOError, OSError):
            time.sleep(0.05)
    return seen


def _listen() -> None:
    """Hear Ctrl-C even if the tests were started in the background, where it is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_long_run_shows_its_progress_on_stderr_and_stops_cleanly(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *LONG, "--out", "result.json"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        cwd=tmp_path,
        env=_environment(),
        preexec_fn=_listen,
    )
    os.close(theirs)
    shown = _read(ours, "simulating", 60)  # a first run compiles its kernels before that, and says so
    assert "simulating" in shown
    assert "time left" in shown
    process.send_signal(signal.SIGINT)
    shown = _read(ours, "half-written", 30)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "trialsim: stopped; no file is left half-written." in shown
    assert "Traceback" not in shown
    assert output == b""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_nothing_is_shown_when_stderr_is_not_a_terminal(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, *LONG],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=_environment(),
        preexec_fn=_listen,
    )
    time.sleep(4)  # a bar would be there after one second
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output == b""
    assert errors.decode().strip() == "trialsim: stopped; no file is left half-written."


@pytest.mark.long
def test_a_short_run_shows_no_bar(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [*COMMAND, "run", "gist", "--engine", "exact", "--no-save"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, cwd=tmp_path, env=_environment())
    os.close(theirs)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert "simulating" not in _read(ours, "simulating", 0.5)
