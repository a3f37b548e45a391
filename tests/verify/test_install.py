"""Built with `python -m build`, installed into an empty environment, and run from a folder that knows nothing of us.

Needs a package index. Where none answers these tests fail and say so: what was not tried is not green.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.contracts.packages import ROOT
from tests.verify.installed import ran

pytestmark = pytest.mark.slow_install


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment into which only the wheel was installed."""
    folder = tmp_path_factory.mktemp("empty") / "environment"
    ran(folder.parent, sys.executable, "-m", "venv", folder)
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
