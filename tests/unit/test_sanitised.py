"""A sample of every kind of kernel, compiled and not compiled, to the last bit; `make verify` runs the whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sanitised import answer


@pytest.mark.long
def test_kernels_return_the_same_without_compilation(tmp_path: Path) -> None:
    plain = answer({"NUMBA_DISABLE_JIT": "1"}, "quick", tmp_path)
    compiled = answer({}, "quick")
    assert len(compiled["digests"]) > 100
    assert plain["digests"] == compiled["digests"]
    assert not list(tmp_path.rglob("*.nbc"))  # nothing was compiled there
