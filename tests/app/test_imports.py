"""Jobs run side by side: none of them loads what drawing looks for among the modules, or another meets half of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.service.imports import SOUGHT

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, sys
from app.main import create_app
from app.service import Service
from app.service.simulation import simulated
from app.settings import Settings
from app.state import State

settings = Settings(store=sys.argv[1], warm=False)
create_app(settings)
before = set(sys.modules)
service, state = Service(settings), State(view=(("n_sims", "500"), ("truth", "weak")))
shown = [one for one in simulated(service, state, lambda n_done: None, {})]
found = sorted({name.partition(".")[0] for name in sys.modules} - before)
print(json.dumps({"new": found, "before": sorted(before), "parquet": bool(shown[-1].files["parquet"])}))
"""


@pytest.mark.long
def test_a_job_loads_nothing_that_another_looks_for(tmp_path: Path) -> None:
    words = [sys.executable, "-c", PROGRAM, str(tmp_path / "s.sqlite")]
    said = json.loads(subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    assert said["parquet"]
    assert "pyarrow.parquet" in said["before"]
    assert not set(said["new"]) & {"pandas", "pyarrow", "polars", "numpy", *(name.partition(".")[0] for name in SOUGHT)}
