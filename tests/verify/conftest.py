"""What several of the longest tests share: the wheel, and environments into which it was installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.contracts.packages import ROOT
from tests.verify.installed import ran


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, made from the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    ran(ROOT, sys.executable, "-m", "build", "--outdir", folder)
    (found,) = folder.glob("*.whl")
    return found
