"""What the wheel and the source distribution hold, and that the wheel works where nothing else of ours is."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import tarfile
import zipfile
from email.parser import BytesParser
from pathlib import Path

import pytest

from tests.contracts.packages import ROOT, built, members
from trialsim._version import __version__
from trialsim.spec.shipped import shipped_names


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


def tracked(room: str) -> set[str]:
    """Return the files of a folder of the checkout that are meant to be installed."""
    found = {path for path in (ROOT / room).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    return {path.relative_to(ROOT).as_posix() for path in found}


def test_the_wheel_holds_all_of_the_package_the_dashboard_and_what_ships(wheel: Path) -> None:
    found = members(wheel)
    expected = tracked("trialsim") | tracked("app")
    assert {"app/assets/trialsim.css", "app/assets/trialsim.js", "trialsim/py.typed"} <= expected
    for room in ("designs", "scenarios"):
        assert len(shipped_names(room)) >= 3
        expected |= {f"trialsim/shipped/{name}" for name in tracked(room)}
    ours = {name for name in found if ".dist-info/" not in name}
    assert ours == expected
    for name in expected:
        assert found[name] == (ROOT / name.replace("trialsim/shipped/", "")).read_bytes()


def test_the_wheel_says_what_it_is_and_installs_both_programs(wheel: Path) -> None:
    found, info = members(wheel), f"trialsim-{__version__}.dist-info"
    said = BytesParser().parsebytes(found[f"{info}/METADATA"])
    assert said["Requires-Python"] == ">=3.11"
    assert said["Version"] == __version__
    assert not [line for line in said.get_all("Requires-Dist", []) if "pytest" in line and "extra" not in line]
    scripts = configparser.ConfigParser()
    scripts.read_string(found[f"{info}/entry_points.txt"].decode())
    assert dict(scripts["console_scripts"]) == {
        "trialsim": "trialsim.__main__:run",
        "trialsim-dashboard": "app.__main__:main",
    }
    assert f"{info}/licenses/LICENSE" in found


def test_the_wheel_works_from_any_folder_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    installed, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with zipfile.ZipFile(wheel) as file:
        file.extractall(installed)
    code = (
        "import sys, trialsim.spec.shipped as s, app.__main__ as a; from trialsim.cli import main;"
        "print(s.__file__, a.__file__, sep='\\n');"
        "sys.argv[1:] = ['run', 'gist', '--engine', 'exact', '--no-save', '--format', 'csv']; main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=elsewhere, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    one, two, *rows = done.stdout.splitlines()
    assert Path(one).is_relative_to(installed)
    assert Path(two).is_relative_to(installed)
    assert len(rows) > 100
    assert os.listdir(elsewhere) == []


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    sdist = built(ROOT, "sdist", tmp_path)
    found = members(sdist)
    assert {"Makefile", "requirements.lock", "README.md", "CHANGELOG.md", "tools/make_venv.sh", "PKG-INFO"} <= set(
        found
    )
    assert {name for name in tracked("tests") if name.endswith(".py")} <= set(found)
    with tarfile.open(sdist) as file:
        file.extractall(tmp_path, filter="data")
    (tmp_path / "again").mkdir()
    again = built(tmp_path / f"trialsim-{__version__}", "wheel", tmp_path / "again")
    assert members(again) == members(wheel)
