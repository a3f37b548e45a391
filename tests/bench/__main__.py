"""`make bench`: every speed that the project promises, as a ratio or a median within one run. Gates nothing.

Machines are noisy: figures that are compared are taken in turns (A B A B …) and given as medians.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import trialsim
from tests.bench import dashboard, search, sweeps
from tests.bench.calendar import bench_calendar, bench_whole_model
from trialsim.compile import compile_design
from trialsim.engines.exact import solve
from trialsim.engines.montecarlo import Study, simulate
from trialsim.oc.mcse import proportion

ROOT = Path(__file__).parents[2]


def numpy_trials(rates: tuple[float, float], n: int, rng: np.random.Generator) -> tuple[int, list[np.ndarray]]:
    """Simulate the founding trial of 147 patients with vectorised numpy: only the draws that a trial needs."""
    a, b = rng.binomial(18, rates[0], n), rng.binomial(18, rates[1], n)
    goes_on_a, goes_on_b = a >= 3, b >= 3
    both, only_a, only_b = goes_on_a & goes_on_b, goes_on_a & ~goes_on_b, goes_on_b & ~goes_on_a
    n_both = int(both.sum())
    interim_a = a[both] + rng.binomial(32, rates[0], n_both)
    interim_b = b[both] + rng.binomial(32, rates[1], n_both)
    met = int(((interim_a + interim_b) >= 29).sum())
    a[both] = interim_a + rng.binomial(23, rates[0], n_both)
    b[both] = interim_b + rng.binomial(24, rates[1], n_both)
    a[only_a] += rng.binomial(55, rates[0], int(only_a.sum()))
    b[only_b] += rng.binomial(56, rates[1], int(only_b.sum()))
    how = goes_on_a * 2 + goes_on_b
    return met, [np.bincount(how * 74 + a), np.bincount(how * 75 + b), np.bincount(how * 148 + a + b)]


def cpu_ns_per_trial(work: Callable[[], object], n: int) -> float:
    """Return CPU nanoseconds per trial of one call."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / n * 1e9


def bench_kernel() -> None:
    """Counts kernel against vectorised numpy, per trial on one core, in turns."""
    plan = compile_design(trialsim.load_scenario("gist").designs()[0][1])
    for rates in ((0.20, 0.30), (0.30, 0.30)):
        study, rng = Study(plan, rates, 1), np.random.default_rng(1)
        simulate(study, 1000)
        ours, theirs = [], []
        for _ in range(9):
            ours.append(cpu_ns_per_trial(lambda: simulate(study, 2_000_000), 2_000_000))  # noqa: B023
            theirs.append(cpu_ns_per_trial(lambda: numpy_trials(rates, 250_000, rng), 250_000))  # noqa: B023
        ratio = statistics.median(t / o for o, t in zip(ours, theirs, strict=True))
        print(
            f"kernel at {rates}: {statistics.median(ours):.1f} ns per trial, numpy {statistics.median(theirs):.0f} ns, "
            f"ratio {ratio:.1f} (to reach: 12)"
        )
        met, _ = numpy_trials(rates, 1_000_000, rng)
        tally = simulate(study, 1_000_000)
        same = proportion(float(tally.criterion[:, -1].sum()), 1e6), proportion(met, 1e6)
        print(f"  both simulate the same trial: interim criterion {same[0].value:.4f} and {same[1].value:.4f}")


def bench_jobs(n: int = 100_000_000) -> None:
    """Two threads against one: CPU and elapsed time."""
    study = Study(compile_design(trialsim.load_scenario("gist").designs()[0][1]), (0.30, 0.30), 1)
    figures: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for _ in range(3):
        for jobs, taken in figures.items():
            cpu, wall = time.process_time(), time.perf_counter()
            simulate(study, n, n_jobs=jobs)
            taken.append((time.process_time() - cpu, time.perf_counter() - wall))
    cpu_ratio = statistics.median(two[0] / one[0] for one, two in zip(figures[1], figures[2], strict=True))
    speedup = statistics.median(one[1] / two[1] for one, two in zip(figures[1], figures[2], strict=True))
    print(f"{n:,} replicates, two jobs: {cpu_ratio:.2f} of one's CPU (at most 1.1), {speedup:.2f} times as fast (1.7)")


def bench_exact() -> None:
    """Exact analysis of one truth of the two-arm gate design."""
    plan = compile_design(trialsim.load_scenario("gist").designs()[0][1])
    taken = []
    for _ in range(200):
        began = time.perf_counter()
        solve(plan, (0.05, 0.30))
        taken.append(time.perf_counter() - began)
    print(f"exact, one truth, numpy alone: {1e3 * statistics.median(taken):.2f} ms (to reach: 2 ms)")


def seconds(arguments: list[str], environment: dict[str, str], repeats: int = 7) -> float:
    """Return the median elapsed time of a command in a new process."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        command = [sys.executable, "-m", "trialsim", *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def bench_commands() -> None:
    """Whole commands, each in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        run = ["run", "scenarios/gist.yaml", "--no-save"]
        cold = seconds(run, environment, repeats=1)
        warm = seconds(run, environment)
        print(f"run, both engines, 100,000 replicates: cold {cold:.2f} s (8), warm {warm:.2f} s (1.2)")
        print(f"run --engine exact: {seconds([*run, '--engine', 'exact'], environment):.2f} s (0.6)")
        print(f"--help: {seconds(['--help'], environment):.2f} s (0.3)")


def peak_mb(n_sims: int) -> float:
    """Return the peak memory of a run in a new process."""
    code = (
        f"import resource, trialsim; trialsim.run(trialsim.load_scenario('gist', ['n_sims={n_sims}', 'conduct=null']));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    return int(found.stdout) / 1024


def bench_memory() -> None:
    """Peak memory does not grow with the number of replicates."""
    small, large = peak_mb(100_000), peak_mb(10_000_000)
    print(f"peak memory: {small:.0f} MB at 100,000 replicates, {large:.0f} MB at 10,000,000 (at most 50 MB more)")


if __name__ == "__main__":
    benches = (bench_calendar, bench_whole_model, bench_kernel, bench_exact, bench_commands, bench_memory, bench_jobs)
    for bench in (
        *benches,
        sweeps.bench_exact,
        sweeps.bench_counts,
        sweeps.bench_jobs,
        sweeps.bench_memory,
        search.main,
        dashboard.main,
    ):
        bench()
