"""The service's part for running a sweep: what the form asks for, within the limits of the dashboard, into the store.

Like `app.service` it talks to trialsim.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from app.service.service import Refusal
from app.service.sweeps import engine_of, question

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.service.service import Service
    from app.state import State
    from trialsim.api import EngineChoice
    from trialsim.spec.scenario import Scenario


class Plan(NamedTuple):
    """What the form asks for, once it is known to make sense."""

    scenario: Scenario
    engine: EngineChoice
    n_cells: int
    n_sims: int
    """Replicates of each truth in a cell; 0 if all is exact."""


def planned(service: Service, state: State) -> Plan:
    """Return what the form asks for.

    Raises
    ------
    Refusal
        If it makes no sense, or is more than a visitor may ask for.
    """
    from trialsim.sweep.grid import grid_of

    engine = engine_of(state)
    scenario = service.scenario(state, *question(service, state))
    n_cells, most = len(grid_of(scenario)), service.settings.max_cells
    if n_cells > most:
        raise Refusal(
            f"the grid has {n_cells:,} cells, more than the {most:,} that the dashboard runs; vary less, or run the "
            "command line below: its sweep opens here too"
        )
    if engine == "exact":
        return Plan(scenario, "exact", n_cells, 0)
    is_calendar = scenario.conduct is not None
    n_sims = max(scenario.conduct.n_sims if scenario.conduct is not None else 0, scenario.n_sims)
    n, limit = n_cells * len(scenario.truths) * n_sims, service.settings.max_sims
    if is_calendar and scenario.conduct is not None:
        n, limit = n_cells * len(scenario.truths) * scenario.conduct.n_sims, service.settings.max_trials
    if n > limit:
        raise Refusal(
            f"{n_cells:,} cells with {n // n_cells:,} replicates each are {n:,}, more than the {limit:,} that the "
            "dashboard simulates at a time; lower one of them, or run the command line below: its sweep opens here too"
        )
    return Plan(scenario, "auto", n_cells, n_sims)


def run(service: Service, state: State, told: Callable[[float, str], None]) -> tuple[str, str]:
    """Run the sweep of the form into the store; return its id and what was done, in words.

    Parameters
    ----------
    service, state
        What is asked for.
    told
        Called with the share that is done and with words; whatever it raises ends the sweep, and what is finished by
        then is kept.

    Raises
    ------
    Refusal
        If the form makes no sense, or the store cannot be used.
    """
    from trialsim.store import open_store
    from trialsim.sweep.run import Settings, Step, sweep

    plan = planned(service, state)
    began, first = time.monotonic(), -1

    def advanced(step: Step) -> None:
        nonlocal first
        first = step.n_done if first < 0 else first
        told(step.n_done / max(step.n_cells, 1), _progress(step.n_done, step.n_cells, first, time.monotonic() - began))

    told(0.0, f"0 of {plan.n_cells:,} cells")
    with open_store(service.settings.store) as store:
        found = sweep(plan.scenario, store, Settings(plan.engine, n_jobs=service.settings.n_jobs), advanced)
    parts = [f"{found.n_computed:,} computed"]
    parts += [f"{found.n_reused:,} already in the store"] if found.n_reused else []
    parts += [f"{found.n_failed:,} failed"] if found.n_failed else []
    words = f"{found.n_cells:,} cells: {', '.join(parts)}, in {time.monotonic() - began:.1f} s."
    if found.n_judged:
        words += f" Largest |z| of {found.n_judged:,} simulated values against exact ones: {found.worst_z:.1f}."
    return found.sweep_id, words


def _progress(n_done: int, n_cells: int, first: int, elapsed_s: float) -> str:
    words = f"{n_done:,} of {n_cells:,} cells"
    if n_done <= first or elapsed_s < 1:
        return words
    left_s = (n_cells - n_done) * elapsed_s / (n_done - first)
    return f"{words}, about {f'{left_s:.0f} s' if left_s < 90 else f'{left_s / 60:.0f} min'} left"
