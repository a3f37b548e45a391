"""Where compiled kernels are kept, and how they are compiled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trialsim.kernels import _jit, counts, draws, passes, rng

ROOT = Path(__file__).parents[2]


def test_any_change_of_a_kernel_source_begins_an_empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _jit.sources_digest()
    folder = tmp_path / "kernels"
    shutil.copytree(Path(_jit.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(_jit, "__file__", str(folder / "_jit.py"))
    assert _jit.sources_digest() == before
    for name in ("passes.py", "rng.py", "_jit.py"):
        with (folder / name).open("a") as source:
            source.write("# changed\n")
        assert _jit.sources_digest() != before
        before = _jit.sources_digest()


def _cache_folder(**environment: str) -> str:
    code = "from trialsim.kernels import _jit; print(_jit.CACHE_FOLDER)"
    kept = {name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env={**kept, **environment})
    return found.stdout.strip()


def test_the_cache_is_named_by_the_digest_and_follows_the_environment(tmp_path: Path) -> None:
    name = f"kernels-{_jit.sources_digest()}"
    assert _cache_folder(NUMBA_CACHE_DIR=str(tmp_path / "a")) == str(tmp_path / "a" / name)
    assert _cache_folder(XDG_CACHE_HOME=str(tmp_path / "b")) == str(tmp_path / "b" / "trialsim" / name)
    assert _cache_folder(HOME=str(tmp_path / "c")) == str(tmp_path / "c" / ".cache" / "trialsim" / name)


def test_without_a_place_for_the_cache_kernels_still_compile(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert _cache_folder(NUMBA_CACHE_DIR=str(tmp_path / "file")) == "None"


def test_no_kernel_is_compiled_with_fast_math() -> None:
    functions = [
        value
        for module in (counts, draws, passes, rng)
        for value in vars(module).values()
        if hasattr(value, "targetoptions")
    ]
    assert len(functions) >= 15
    for function in functions:
        assert function.targetoptions["fastmath"] is False
        assert function.targetoptions["nogil"] is True
