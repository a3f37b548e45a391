"""Every kernel with bounds checking on, and without compilation: nothing is read outside its array, no bit differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sanitised import answer, written_functions

pytestmark = pytest.mark.sanitised


def test_bounds_checked_compiled_and_plain_are_the_same(tmp_path: Path) -> None:
    compiled = answer({}, "full", tmp_path / "compiled")
    checked = answer({"NUMBA_BOUNDSCHECK": "1"}, "full", tmp_path / "checked")
    plain = answer({"NUMBA_DISABLE_JIT": "1"}, "full", tmp_path / "plain")
    assert (compiled["is_checked"], checked["is_checked"]) == (False, True)
    assert len(compiled["digests"]) > 200
    assert checked["digests"] == compiled["digests"]
    assert plain["digests"] == compiled["digests"]
    assert len(written_functions()) > 100
    assert written_functions() - set(plain["called"]) == set()  # no function of the kernels was left out
