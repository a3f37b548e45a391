"""Sweeps: every cell is a run of its own, whatever did the work, in whatever order, after whatever interruption."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trialsim
from trialsim.api import run
from trialsim.effort import Target
from trialsim.errors import InputError
from trialsim.spec.scenario import Scenario
from trialsim.store import open_store
from trialsim.sweep.cells import CellResult
from trialsim.sweep.export import write_export
from trialsim.sweep.grid import grid_of
from trialsim.sweep.parallel import workers
from trialsim.sweep.run import Settings, Step, Summary, _n_jobs, result_of, sweep
from trialsim.sweep.work import Keys, Pending, Task

SMALL = """
schema: trialsim.scenario/1
name: small
design: {design}
truths:
  - {{name: low, response_rate: 0.2}}
  - {{name: varied, response_rate: 0.4}}
vary:
  design.looks.first.continue_if.rule.at_least: {{as: r, from: 2, to: 5}}
  truths.varied.response_rate: {{as: rate, from: 0.3, to: 0.5, step: 0.1}}
n_sims: 3_000
"""


@pytest.fixture
def small(tmp_path: Path) -> Scenario:
    names = [look.name for look in trialsim.load_design("simon-1989-20-40").looks]
    text = SMALL.format(design="simon-1989-20-40").replace("looks.first", f"looks.{names[0]}")
    path = tmp_path / "small.yaml"
    path.write_text(text)
    return trialsim.load_scenario(path)


def swept(scenario: Scenario, path: Path, **settings: Any) -> tuple[Summary, list[CellResult]]:
    with open_store(path) as store:
        summary = sweep(scenario, store, Settings(**settings))
        return summary, list(result_of(store, summary.sweep_id).cells)


def exported(path: Path, sweep_id: str) -> bytes:
    out = path.with_suffix(".csv")
    with open_store(path, read_only=True) as store:
        write_export(result_of(store, sweep_id), out, "csv")
    return out.read_bytes()


@pytest.mark.parametrize("engine", ["auto", "exact", "montecarlo"])
def test_every_cell_is_the_run_of_its_scenario(small: Scenario, tmp_path: Path, engine: Any) -> None:
    summary, cells = swept(small, tmp_path / "s.sqlite", engine=engine, n_jobs=1)
    assert (summary.n_cells, summary.n_computed, summary.n_failed) == (12, 12, 0)
    for cell, found in zip(grid_of(small), cells, strict=True):
        assert (found.number, found.levels) == (cell.number, cell.levels)
        assert found.records == run(grid_of(small).scenario(cell), engine).records


@pytest.mark.long
def test_exact_cells_at_once_are_those_one_by_one(tmp_path: Path) -> None:
    scenario = trialsim.load_scenario("gist-sweep")
    assert scenario.vary is not None
    wanted = [0, 1, 700, 1500, 3023]
    _, cells = swept(scenario, tmp_path / "s.sqlite", engine="exact", n_jobs=1)
    grid = list(grid_of(scenario))
    for number in wanted:
        records = run(grid_of(scenario).scenario(grid[number]), "exact", measures=scenario.vary.measures).records
        assert [r[:8] for r in cells[number].records] == [r[:8] for r in records]
        ours = np.array([r.estimate for r in cells[number].records], float)
        np.testing.assert_allclose(ours, np.array([r.estimate for r in records], float), rtol=1e-10)


BACKENDS: list[dict[str, Any]] = [{"n_jobs": 2}, {"n_jobs": 2, "backend": "processes"}]


@pytest.mark.parametrize("settings", BACKENDS, ids=["threads", "processes"])
def test_backend_changes_no_bit(small: Scenario, tmp_path: Path, settings: dict[str, Any]) -> None:
    small = small.model_copy(update={"n_sims": 100_000})  # with fewer, one thread does it all
    assert _n_jobs(small, Settings(**settings)) == 2
    alone, _ = swept(small, tmp_path / "one.sqlite", n_jobs=1)
    other, _ = swept(small, tmp_path / "two.sqlite", **settings)
    assert other == alone
    assert exported(tmp_path / "one.sqlite", alone.sweep_id) == exported(tmp_path / "two.sqlite", other.sweep_id)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A Dask scheduler and two worker processes on loopback, started as their user starts them."""
    from distributed import Client

    about = tmp_path_factory.mktemp("dask") / "scheduler.json"
    common = ["--host", "127.0.0.1", "--no-dashboard"]
    begin = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(about)]
    work = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        "--scheduler-file",
        str(about),
        "--nthreads",
        "1",
        "--no-nanny",
    ]
    started = [subprocess.Popen([*begin, *common], stderr=subprocess.DEVNULL, cwd=about.parent)]
    patience = time.monotonic() + 60
    while not about.exists() and time.monotonic() < patience:
        time.sleep(0.1)
    started += [subprocess.Popen([*work, *common], stderr=subprocess.DEVNULL, cwd=about.parent) for _ in range(2)]
    address = json.loads(about.read_text())["address"]
    with Client(address, timeout=60) as client:  # type: ignore[no-untyped-call]
        client.wait_for_workers(2, timeout=60)  # type: ignore[no-untyped-call]
    yield address
    for process in started:
        process.kill()  # a worker that is asked to end waits for its scheduler for some seconds
    for process in started:
        process.wait(30)


def test_dask_cluster_changes_no_bit(small: Scenario, tmp_path: Path, scheduler: str) -> None:
    from distributed import Client

    with Client(scheduler, timeout=60) as client:  # type: ignore[no-untyped-call]
        places = client.run(os.getpid)
    assert len(set(places.values()) - {os.getpid()}) == 2
    alone, _ = swept(small, tmp_path / "one.sqlite", n_jobs=1)
    other, _ = swept(small, tmp_path / "two.sqlite", backend="dask", scheduler=scheduler)
    assert other == alone
    assert exported(tmp_path / "one.sqlite", alone.sweep_id) == exported(tmp_path / "two.sqlite", other.sweep_id)


def test_worker_of_another_version_is_refused(
    small: Scenario, tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trialsim._version.__version__", "99.0.0")
    with pytest.raises(InputError, match=r"worker .* has trialsim .*, here is 99\.0\.0"):
        swept(small, tmp_path / "s.sqlite", backend="dask", scheduler=scheduler)


def test_unreachable_scheduler_is_one_sentence(
    small: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trialsim.sweep.dask.ANSWER_S", 1.0)
    with pytest.raises(InputError, match="no Dask scheduler answers there"):
        swept(small, tmp_path / "s.sqlite", backend="dask", scheduler="tcp://127.0.0.1:1")


def test_nothing_is_computed_twice(small: Scenario, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    first, cells = swept(small, path, n_jobs=1)
    again, same = swept(small, path, n_jobs=1)
    assert (again.n_computed, again.n_reused) == (0, 12)
    assert same == cells
    renamed = small.model_copy(update={"name": "other", "notes": "the same cells under another name"})
    other, there = swept(renamed, path, n_jobs=1)
    assert other.sweep_id != first.sweep_id
    assert (other.n_computed, other.n_reused) == (0, 12)
    assert there == cells


def test_growing_uses_the_replicates_already_run(
    small: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trialsim.engines import montecarlo

    path, simulated = tmp_path / "s.sqlite", []
    run_block = montecarlo._run_block

    def counted(study: Any, tables: Any, first: int, n: int, *rest: Any) -> Any:
        simulated.append(n)
        return run_block(study, tables, first, n, *rest)

    monkeypatch.setattr(montecarlo, "_run_block", counted)
    swept(small, path, n_jobs=1)
    assert sum(simulated) == 12 * 2 * 3_000
    simulated.clear()
    longer = small.model_copy(update={"n_sims": 5_000})
    _, grown = swept(longer, path, n_jobs=1)
    assert sum(simulated) == 12 * 2 * 2_000
    _, fresh = swept(longer, tmp_path / "fresh.sqlite", n_jobs=1)
    assert grown == fresh


def test_precision_on_demand_in_every_cell(small: Scenario, tmp_path: Path) -> None:
    _, cells = swept(small, tmp_path / "s.sqlite", n_jobs=1, target=Target(0.004))
    errors = [r.mcse for cell in cells for r in cell.records if r.measure.startswith("p_") and r.engine == "montecarlo"]
    assert errors
    assert all(mcse is not None and mcse <= 0.004 for mcse in errors)


def with_bad_cells(scenario: Scenario) -> Scenario:
    data = scenario.model_dump(by_alias=True, exclude_unset=True)
    look = data["design"]["looks"][0]["name"]
    data["vary"] = {
        f"design.looks.{look}.at.total": {"as": "n", "values": [13, 500]},
        "truths.varied.response_rate": {"as": "rate", "values": [0.3, 0.4]},
    }
    return Scenario.model_validate(data)


def test_failing_cell_is_a_row_with_its_error(small: Scenario, tmp_path: Path) -> None:
    scenario = with_bad_cells(small)
    summary, cells = swept(scenario, tmp_path / "s.sqlite", n_jobs=1, engine="exact")
    assert (summary.n_computed, summary.n_failed) == (2, 2)
    assert [cell.error is None for cell in cells] == [True, True, False, False]
    assert "n 500" in (cells[2].error or "")
    rows = exported(tmp_path / "s.sqlite", summary.sweep_id).decode().splitlines()
    assert sum(line.startswith(("2,500,", "3,500,")) for line in rows) == 2
    again, _ = swept(scenario, tmp_path / "s.sqlite", n_jobs=1, engine="exact")
    assert (again.n_computed, again.n_reused, again.n_failed) == (0, 2, 2)


def test_strict_ends_at_the_first_failure_and_keeps_the_rest(small: Scenario, tmp_path: Path) -> None:
    scenario = with_bad_cells(small)
    with pytest.raises(InputError, match="--strict: cell 2"):
        swept(scenario, tmp_path / "s.sqlite", n_jobs=1, engine="exact", is_strict=True)


def test_fault_of_ours_in_a_cell_does_not_lose_the_others(
    small: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import trialsim.api

    whole_run = trialsim.api.run

    def breaks_once(scenario: Scenario, *rest: Any, **more: Any) -> Any:
        if scenario.truths[1].response_rate == 0.4:
            raise ZeroDivisionError("no such luck")
        return whole_run(scenario, *rest, **more)

    monkeypatch.setattr("trialsim.api.run", breaks_once)
    summary, cells = swept(small, tmp_path / "s.sqlite", n_jobs=1)
    assert summary.n_failed == 4
    assert {cell.error for cell in cells if cell.error} == {"a fault in trialsim: ZeroDivisionError: no such luck"}


def test_progress_ends_with_all_cells(small: Scenario, tmp_path: Path) -> None:
    steps: list[Step] = []
    with open_store(tmp_path / "s.sqlite") as store:
        sweep(small, store, Settings(n_jobs=2), steps.append)
    assert [step.n_done for step in steps] == sorted(step.n_done for step in steps)
    assert (steps[-1].n_cells, steps[-1].n_done) == (12, 12)
    assert 0.0 < steps[-1].worst_mcse < 0.02


def sweep_in_child(scenario: Scenario, path: Path, n_steps: int, delay: float) -> None:
    """Sweep in a forked process that is killed `delay` seconds after it has told of so many steps."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with open_store(path) as store:
                sweep(scenario, store, Settings("exact", n_jobs=1), lambda _: os.write(tell, b"."))
        finally:
            os._exit(0)
    os.close(tell)
    for _ in range(n_steps):
        os.read(told, 1)
    os.close(told)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.parametrize("n_moments", [8, pytest.param(40, marks=pytest.mark.slow_statistics)])  # half a second each
def test_killed_at_any_moment_and_resumed_gives_the_same_bytes(
    n_moments: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trialsim.sweep.run.TASK_S", 0.005)  # ten cells are kept together, so that many moments differ
    scenario = trialsim.load_scenario("gist-sweep")
    assert scenario.vary is not None
    data = scenario.model_dump(by_alias=True, exclude_unset=True)
    data["vary"]["design.looks.proof-of-concept.at.per_arm"] = {"as": "n_gate", "values": [12, 18]}
    scenario = Scenario.model_validate(data)
    steps: list[Step] = []
    with open_store(tmp_path / "whole.sqlite") as store:
        undisturbed = sweep(scenario, store, Settings("exact", n_jobs=1), steps.append)
    expected = exported(tmp_path / "whole.sqlite", undisturbed.sweep_id)
    rng, left_over = np.random.default_rng(7), []
    for n_steps in np.linspace(1, len(steps) - 2, n_moments).astype(int):  # all over the sweep
        path = tmp_path / f"killed-{len(left_over)}.sqlite"
        sweep_in_child(scenario, path, int(n_steps), delay=float(rng.uniform(0, 0.005)))
        resumed, _ = swept(scenario, path, engine="exact", n_jobs=1)
        left_over.append(resumed.n_computed)
        assert resumed.sweep_id == undisturbed.sweep_id
        assert exported(path, resumed.sweep_id) == expected
    assert len({n for n in left_over if 0 < n < undisturbed.n_cells}) >= n_moments // 2  # killed in the middle


def workers_of(pid: int) -> list[int]:
    """Return the processes that a process started to do its work (not joblib's own resource tracker)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_text()
        except OSError:
            continue
        if parent == pid and "popen_loky_posix" in words:
            found.append(int(folder.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to find the worker that is killed")
@pytest.mark.long
def test_killed_worker_is_retried(small: Scenario, tmp_path: Path) -> None:
    scenario = small.model_copy(update={"n_sims": 500_000})
    summary: list[Summary] = []
    killed: list[int] = []

    def kill_once(step: Step) -> None:
        if not killed and step.n_done >= 1:
            killed.extend(workers_of(os.getpid())[:1])
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    with open_store(tmp_path / "s.sqlite") as store:
        summary.append(sweep(scenario, store, Settings(n_jobs=2, backend="processes"), kill_once))
        cells = list(result_of(store, summary[0].sweep_id).cells)
    assert killed
    assert summary[0].n_failed == 0
    alone, expected = swept(scenario, tmp_path / "one.sqlite", n_jobs=2)
    assert cells == expected
    assert alone.n_cells == 12


class Deadly:
    """Ends the process that receives it, as a cell does that needs more memory than there is."""

    def __reduce__(self) -> Any:
        return os._exit, (1,)


@pytest.mark.long
def test_cell_that_kills_its_worker_time_and_again_is_a_failed_cell(small: Scenario) -> None:
    cell = next(iter(grid_of(small)))
    scenario = grid_of(small).scenario(cell).model_copy(update={"n_sims": 1_000})
    good = Pending(0, cell.levels, scenario, Keys("montecarlo").of(scenario), 1_000)
    deadly = good._replace(number=1, scenario=Deadly())  # type: ignore[arg-type]
    tasks = [Task("montecarlo", (), (pending,)) for pending in (deadly, good)]
    with workers("processes", 2) as compute:
        outcomes = {outcome.number: outcome for found in compute(tasks) for outcome in found}
    assert outcomes[0].error is None
    assert outcomes[0].finding is not None
    assert outcomes[1].finding is None
    assert outcomes[1].error == "its worker was killed 3 times (out of memory?)"
