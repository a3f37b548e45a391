"""The integer tallies of every shipped scenario at 10,000 replicates, bit for bit.

A change here is a changed result: it needs an entry under "Changed results" in CHANGELOG.md and, if the words drawn
changed, a new stream version. To write the file anew: `python -m tests.golden.test_golden`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import trialsim
from trialsim.calendar import study_of
from trialsim.compile import compile_design
from trialsim.engines.calendar import simulate_trials
from trialsim.engines.montecarlo import Study, simulate
from trialsim.spec.shipped import shipped_names

FILE = Path(__file__).parent / "tallies.json"
N = 10_000
N_CALENDAR = 500


def tallies(name: str) -> dict[str, dict[str, object]]:
    """Return, per plan and truth, the counts of endings and criteria and a digest of the responses' histograms."""
    scenario = trialsim.load_scenario(name)
    found: dict[str, dict[str, object]] = {}
    for plan_name, design in scenario.designs():
        plan = compile_design(design)
        for truth in scenario.truths:
            tally = simulate(Study(plan, truth.rates(design.arm_names), scenario.seed), N)
            found[f"{plan_name} / {truth.name}"] = {
                "endings": {str(n.tolist()): int(count) for n, count in zip(plan.endings.n, tally.ending, strict=True)},
                "criteria": int(tally.criterion.sum()),
                "responses": hashlib.sha256(tally.arm.tobytes() + tally.pooled.tobytes()).hexdigest()[:16],
            }
            if scenario.conduct is not None and truth in (scenario.truths[0], scenario.truths[-1]):
                study = study_of(design, scenario.conduct, truth.rates(design.arm_names), scenario.seed)
                sums = simulate_trials(study, N_CALENDAR).sums
                words = json.dumps([sums.n, sums.total, [histogram.tolist() for histogram in sums.histogram]])
                found[f"{plan_name} / {truth.name}"]["calendar"] = {
                    "columns": len(sums.columns),
                    "sums": hashlib.sha256(words.encode()).hexdigest()[:16],
                }
    return found


@pytest.mark.parametrize("name", shipped_names("scenarios"))
def test_tallies_have_not_changed(name: str) -> None:
    assert tallies(name) == json.loads(FILE.read_text())[name]


def test_nothing_stale_is_kept() -> None:
    assert sorted(json.loads(FILE.read_text())) == sorted(shipped_names("scenarios"))


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: tallies(name) for name in shipped_names("scenarios")}, indent=1) + "\n")
