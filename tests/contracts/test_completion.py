"""What a shell completes, asked as the shells ask: by the script that they are given."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trialsim.spec.shipped import shipped_names

PROGRAM = Path(sys.executable).with_name("trialsim")
ASK = """
eval "$(_TRIALSIM_COMPLETE=bash_source "$1")"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
compopt() { printf '%s %s\\n' "$1" "$2"; }
_trialsim_completion "$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(*words: str) -> list[str]:
    """Return what bash offers behind some words; the last of them is being typed."""
    asked = ["bash", "-c", ASK, "bash", str(PROGRAM), "trialsim", *words]
    own = {"PATH": f"{PROGRAM.parent}:/usr/bin:/bin"}
    said = subprocess.run(asked, check=True, capture_output=True, text=True, env=own).stdout
    return [line for line in said.split("\n") if line]


pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")


def test_verbs_and_options() -> None:
    assert {"run", "sweep", "compare", "replay", "search", "report", "validate"} <= set(completed(""))
    assert completed("sw") == ["sweep"]
    assert completed("run", "gist", "--eng") == ["--engine"]
    assert completed("run", "gist", "--engine", "") == ["auto", "exact", "montecarlo"]


@pytest.mark.parametrize("verb", ["run", "check", "sweep", "compare", "replay", "report", "boundaries"])
def test_scenarios_and_designs_that_ship_beside_files(verb: str) -> None:
    ships = {*shipped_names("scenarios"), *shipped_names("designs")}
    wanted = sorted(name for name in ships if name.startswith("gist"))
    assert len(wanted) > 2
    first, *others = completed(verb, "gist")
    assert first == "-o default"  # and files, if none of these is meant
    assert sorted(others) == wanted


@pytest.mark.parametrize("verb", ["validate", "analyse"])
def test_designs_only(verb: str) -> None:
    assert sorted(completed(verb, "gist")[1:]) == [name for name in shipped_names("designs") if name.startswith("gist")]


@pytest.mark.parametrize(
    "words", [("run", "gist", "--out"), ("sweep", "gist-sweep", "--plot-out"), ("report", "--store")]
)
def test_files_where_a_file_is_meant(words: tuple[str, ...]) -> None:
    assert completed(*words, "x") == ["-o default"]
