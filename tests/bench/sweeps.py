"""Sweeps: cells per second, what a cell costs beside its kernel, what a second worker brings, memory."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import trialsim
from trialsim.compile import compile_design
from trialsim.engines.montecarlo import Study, simulate
from trialsim.spec.scenario import Scenario
from trialsim.store import open_store
from trialsim.sweep.grid import grid_of
from trialsim.sweep.run import Settings, sweep


def _swept(scenario: Scenario, **settings: Any) -> tuple[float, float]:
    """Return seconds of wall and of processor time of a sweep into a new store."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "s.sqlite") as store:
        wall, own = time.perf_counter(), time.process_time()
        sweep(scenario, store, Settings(**settings))
        return time.perf_counter() - wall, time.process_time() - own


def _changed(name: str, vary: dict[str, Any], **changes: Any) -> Scenario:
    data = trialsim.load_scenario(name).model_dump(by_alias=True, exclude_unset=True)
    return Scenario.model_validate({**data, **changes, "vary": {**vary, "measures": ["p_stop", "pet", "n_mean"]}})


def bench_exact() -> None:
    """The shipped exact sweep, the YAML and the store included; then every cell a design of its own."""
    began = time.process_time()
    scenario = trialsim.load_scenario("gist-sweep")
    loading = time.process_time() - began
    n = len(grid_of(scenario))
    _swept(scenario, engine="exact", n_jobs=1)
    wall, own = min(_swept(scenario, engine="exact", n_jobs=1) for _ in range(3))
    print(f"gist-sweep, {n:,} exact cells: {n / (own + loading):,.0f} per second of one core (2,000), {wall:.1f} s")
    gates = {"design.looks.proof-of-concept.at.per_arm": {"as": "n", "from": 10, "to": 40}}
    needed = {"design.looks.proof-of-concept.continue_if.rule.at_least": {"as": "r", "from": 1, "to": 10}}
    one_truth = _changed("gist-sweep", {**gates, **needed, "where": "r <= n"})
    n = len(grid_of(one_truth))
    wall, own = min(_swept(one_truth, engine="exact", n_jobs=1) for _ in range(3))
    print(f"  {n:,} designs at one truth each: {n / own:,.0f} per second of one core")


def bench_counts() -> None:
    """500 cells of 10,000 replicates on two threads, against the kernel alone."""
    rates = {"truths.varied.response_rate": {"as": "rate", "from": 0.05, "to": 0.549, "step": 0.001}}
    scenario = _changed("gist-sweep", rates, n_sims=10_000)
    cells = list(grid_of(scenario))
    plan = compile_design(scenario.design)
    studies = [Study(plan, (rate, rate), 1) for cell in cells for rate in cell.values]
    simulate(studies[0], 10_000)
    began = time.process_time()
    for study in studies:
        simulate(study, 10_000)
    kernel = time.process_time() - began
    two, _ = min(_swept(scenario, engine="montecarlo", n_jobs=2) for _ in range(3))
    print(
        f"{len(cells)} cells of 10,000 replicates, two threads: {two:.2f} s, {two / (kernel / 2):.1f} times the kernel "
        f"and its tables alone on two cores (1.3); {(two - kernel / 2) / len(cells) * 1e3:.2f} ms per cell beside it"
    )


def bench_jobs() -> None:
    """Two workers against one where the work is worth dividing."""
    rates = {"truths.varied.response_rate": {"as": "rate", "from": 0.1, "to": 0.5, "step": 0.05}}
    scenario = _changed("gist-sweep", rates, n_sims=10_000_000)
    one = min(_swept(scenario, engine="montecarlo", n_jobs=1)[0] for _ in range(2))
    for backend in ("threads", "processes"):
        two = min(_swept(scenario, engine="montecarlo", n_jobs=2, backend=backend)[0] for _ in range(2))
        print(f"two {backend} against one, 9 cells of ten million replicates: {one / two:.2f} times as fast (1.7)")


def bench_memory() -> None:
    """Peak memory of a small sweep and of one ten times as large, in this process."""
    for step, name in ((0.005, "1,110"), (0.0005, "11,010")):
        rates = {"truths.varied.response_rate": {"as": "rate", "from": 0.05, "to": 0.6, "step": step}}
        gates = {"design.looks.proof-of-concept.at.per_arm": {"as": "n", "from": 15, "to": 24}}
        _swept(_changed("gist-sweep", {**gates, **rates}), engine="exact", n_jobs=1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory after {name} cells: {peak:,.0f} MB")
