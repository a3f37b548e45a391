"""Built with `python -m build`, installed into an empty environment, and run from a folder that knows nothing of us.

Needs a package index. Where none answers these tests fail and say so: what was not tried is not green.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.packages import ROOT

pytestmark = pytest.mark.slow_install
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


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel, which was made from the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    ran(ROOT, sys.executable, "-m", "build", "--outdir", folder)
    return folder


@pytest.fixture(scope="module")
def programs(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment into which only the wheel was installed."""
    folder = tmp_path_factory.mktemp("empty") / "environment"
    ran(folder.parent, sys.executable, "-m", "venv", folder)
    (wheel,) = dist.glob("*.whl")
    ran(folder.parent, folder / "bin" / "python", "-m", "pip", "install", wheel)
    return folder / "bin"


def test_the_main_job_runs_from_any_folder(programs: Path, tmp_path: Path) -> None:
    words = ("run", "gist", "--n-sims", "200", "--no-save", "--format", "json")
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    one = json.loads(ran(elsewhere, programs / "trialsim", *words, **cache))
    two = json.loads(ran(elsewhere, programs / "python", "-m", "trialsim", *words, **cache))
    assert len(one["measures"]) > 500
    assert one["measures"] == two["measures"]
    assert one["scenario"]["name"] == "gist"
    assert os.listdir(elsewhere) == []


def test_what_ships_is_there(programs: Path, tmp_path: Path) -> None:
    said = ran(tmp_path, programs / "trialsim", "list")
    for room in ("designs", "scenarios"):
        for path in (ROOT / room).glob("*.yaml"):
            assert path.stem in said


def test_the_dashboard_is_there(programs: Path, tmp_path: Path) -> None:
    for command in ((programs / "python", "-m", "app"), (programs / "trialsim-dashboard",)):
        assert "--port" in ran(tmp_path, *command, "--help")
    asked = "create_app().server.test_client().get('/assets/trialsim.css').status_code"
    said = ran(tmp_path, programs / "python", "-c", f"from app.main import create_app; print({asked})")
    assert said.split()[-1] == "200"


def test_nothing_of_the_tests_was_installed_and_nothing_conflicts(programs: Path, tmp_path: Path) -> None:
    ran(tmp_path, programs / "python", "-m", "pip", "check")
    names = {line["name"].lower() for line in json.loads(ran(tmp_path, programs / "pip", "list", "--format", "json"))}
    assert "trialsim" in names
    assert not names & {"pytest", "hypothesis", "ruff", "mypy", "lifelines"}
