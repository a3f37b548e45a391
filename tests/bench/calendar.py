"""The calendar kernel: against drawing its own uniform numbers, vectorised numpy, and the naive twin."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numba
import numpy as np

import trialsim
from tests.agreement.test_calendar_twin import founding_trial
from tests.naive import calendar as twin
from trialsim.calendar import study_of
from trialsim.columns import columns
from trialsim.engines.calendar import CalendarStudy, shape_of, simulate_trials
from trialsim.kernels import clinic as c
from trialsim.kernels.calendar import simulate_calendar
from trialsim.kernels.numeric import unit
from trialsim.kernels.rng import fill_patients

N_PATIENTS = 147
PURPOSES = (c.ENTRY_GAP, c.PLACE, c.RESPONSE, c.COURSE, c.LEAVING)
MONTH = 30.4375


@numba.njit
def draw_uniforms(n_trials, n_purposes, even, odd, out):  # type: ignore[no-untyped-def]
    """Draw both words of every purpose for every patient, and turn them into uniform numbers."""
    for trial in range(n_trials):
        for purpose in range(n_purposes):
            fill_patients(
                np.uint64(1), np.uint64(purpose + 2), np.uint64(trial), np.uint64(0), np.uint64(147), even, odd
            )
            for i in range(np.uint64(0), np.uint64(147)):
                out[i] = unit(even[i])
            for i in range(np.uint64(0), np.uint64(147)):
                out[i] = unit(odd[i])


def numpy_trials(n: int, rng: np.random.Generator) -> dict[str, float]:
    """Simulate the calibrated founding trial with vectorised numpy: entry, course, gate, interim, counts."""
    shape = (n, N_PATIENTS)
    entry = np.sort(304 * rng.random(shape) ** (1 / 1.366), axis=1)
    arm = rng.permuted(np.tile([0, 0, 1, 1], (n * 37, 1)), axis=1).reshape(n, 148)[:, :N_PATIENTS]
    u, when = rng.random(shape), rng.random(shape)
    p, early = np.array([0.637, 0.752])[arm], np.array([12 / 73, 8 / 74])[arm]
    lost = np.array([2 / 73, 5 / 74])[arm]
    kind = np.where(u < p, 0, np.where(u >= 1 - lost, 3, np.where(u >= 1 - lost - early, 2, 1)))
    first = np.array([30, 91, 183, 365])[np.searchsorted([0.12, 0.46, 0.92], when, side="right")]
    confirmed = first + rng.uniform(28, 84, shape)
    later = rng.exponential(MONTH, shape)
    progression = np.where(kind == 0, confirmed + later / 0.0135, 91 + later / 0.034)
    progression = np.where(kind == 2, np.where(when < 0.35, 30, 91), np.where(kind == 3, np.inf, progression))
    gone = np.minimum(rng.exponential(MONTH / 0.001, shape), rng.exponential(MONTH / 0.0007, shape))
    counts = (kind == 0) & (confirmed < gone)
    progressed = (progression < gone) & (progression < 471 - entry)
    crossed = progressed & (arm == 0) & (rng.random(shape) < 9 / 17)
    helped = crossed & (rng.random(shape) < 3 / 9)
    death = np.where(progressed & ~helped, progression + rng.exponential(MONTH / 0.13, shape), gone)
    seen = np.where(counts, entry + confirmed, np.inf)
    gate = np.zeros(n)
    for a in (0, 1):
        among = np.where((arm == a) & (np.cumsum(arm == a, axis=1) <= 18), seen, np.inf)
        gate = np.maximum(gate, np.partition(among, 2, axis=1)[:, 2])
    met = (seen[:, :100] <= entry[:, 99:100] + 183).sum(axis=1) >= 29
    return {
        "responses": float((counts & (entry + confirmed <= 471)).sum(axis=1).mean()),
        "gate": float(gate.mean()),
        "deaths": float((death < 471 - entry).sum(axis=1).mean()),
        "interim": float(met.mean()),
    }


def _us(work: Callable[[], object], n: int) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) / n * 1e6


def _study(*, lean: bool) -> CalendarStudy:
    scenario = trialsim.load_scenario("gist")
    assert scenario.conduct is not None
    changes = {"survival": None, "on_treatment_at_days": ()} if lean else {}
    bare = {"adverse_events": None, "performance_status": None, "exposure": None}
    conduct = scenario.conduct.model_copy(update={**bare, **changes})
    return study_of(scenario.designs()[0][1], conduct, (0.637, 0.752), 1)


def bench_calendar() -> None:
    """One calendar trial on one core, in turns with what it is measured against."""
    n, rng = 2_000, np.random.default_rng(1)
    even, odd, out = np.zeros(148, np.uint64), np.zeros(148, np.uint64), np.zeros(148)
    works: dict[str, Callable[[], object]] = {
        "drawing": lambda: draw_uniforms(n, len(PURPOSES), even, odd, out),
        "numpy": lambda: numpy_trials(200, rng),
    }
    for name, lean in (("lean", True), ("with survival", False)):
        study = _study(lean=lean)
        book = c.Book(np.zeros((n, len(columns(shape_of(study.clinic)))), np.int64), np.zeros((0, 1), np.int8))
        room = c.room(2, N_PATIENTS)
        works[name] = lambda study=study, book=book, room=room: simulate_calendar(  # type: ignore[misc]
            np.uint64(1), np.uint64(0), np.int64(n), study.clinic, room, book
        )
    taken: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(7):
        for name, work in works.items():
            taken[name].append(_us(work, 200 if name == "numpy" else n))
    median = {name: statistics.median(values) for name, values in taken.items()}
    began = time.process_time()
    for replicate in range(3):
        twin.simulate(founding_trial(), 1, replicate)
    naive = (time.process_time() - began) / 3 * 1e6
    print(
        f"calendar trial of {N_PATIENTS}: {median['lean']:.1f} µs, with survival {median['with survival']:.1f}, "
        f"uniform numbers {median['drawing']:.1f}: ratio {median['lean'] / median['drawing']:.1f} (at most 3)"
    )
    print(
        f"  numpy, without survival, {median['numpy']:.0f} µs: {median['numpy'] / median['lean']:.1f} times (4); "
        f"naive twin {naive:,.0f} µs: {naive / median['with survival']:,.0f} times (100)"
    )
    print(f"  numpy simulates the same trial: {numpy_trials(4_000, rng)}")


def bench_whole_model(n: int = 100_000) -> None:
    """The whole model of the founding trial, with adverse events, performance status, exposure and survival."""
    scenario = trialsim.load_scenario("gist")
    assert scenario.conduct is not None
    study = study_of(scenario.designs()[0][1], scenario.conduct, (0.637, 0.752), 1)
    simulate_trials(study, 100)
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        simulate_trials(study, n, n_jobs=2)
        taken.append(time.perf_counter() - began)
    print(f"{n:,} calendar trials of the whole model, two jobs: {statistics.median(taken):.1f} s (5)")
