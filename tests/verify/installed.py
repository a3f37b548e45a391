"""Commands of environments that know nothing of this one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

NO_INDEX = (
    "No matching distribution found",
    "Could not find a version",
    "Network is unreachable",
    "NewConnectionError",
)
OURS = ("PYTHONPATH", "VIRTUAL_ENV", "NUMBA_CACHE_DIR")


def ran(cwd: Path, *words: object, **environment: str) -> str:
    """Return what a command prints; one that fails is a failed test that says why."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env={**kept, **environment}, check=False, capture_output=True, text=True
    )
    said = done.stderr + done.stdout
    if done.returncode and any(sign in said for sign in NO_INDEX):
        pytest.fail(
            f"NOT RUN: the installation was not tried, for no package index answers: {said[-600:]}", pytrace=False
        )
    assert done.returncode == 0, said
    return done.stdout
