"""A run in the store: a sweep of one cell that varies nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from trialsim.errors import InputError
from trialsim.kept import Kept, kept_from
from trialsim.spec.scenario import Scenario
from trialsim.store import Finding, split
from trialsim.sweep.run import Settings, sweep_id_of
from trialsim.sweep.work import Keys, facts_of, n_sims_of

if TYPE_CHECKING:
    from trialsim.api import EngineChoice, Result
    from trialsim.store import Store, Sweep


def kept_tallies(store: Store, scenario: Scenario, engine: EngineChoice) -> Kept:
    """Return the tallies that a run of a scenario can go on from; none if the store has none.

    Raises
    ------
    InputError
        If the store, or what it holds there, cannot be read.
    """
    if engine == "exact":
        return Kept()
    found = store.longest_below(Keys(engine).of(scenario), n_sims_of(scenario, engine))
    return tallies_from(found.tally, store.path) if found is not None and found.tally is not None else Kept()


def tallies_from(data: bytes, path: str) -> Kept:
    """Return the tallies that a store holds as bytes.

    Raises
    ------
    InputError
        If they are none; `path` is what the sentence calls the store.
    """
    try:
        return kept_from(data)
    except ValueError as error:
        raise InputError(
            f"{path}: tallies of a run are not as they were written ({error}); run it with --no-save"
        ) from None


def kept_scenario(found: Sweep) -> Scenario:
    """Return the scenario of a stored run.

    Raises
    ------
    InputError
        If this version of trialsim cannot read it.
    """
    try:
        return Scenario.model_validate_json(found.scenario)
    except (ValidationError, InputError):
        raise InputError(
            f"{found.id[:8]}: its scenario was written by trialsim {found.version} and cannot be read by this version; "
            "report from the scenario file instead"
        ) from None


def engine_of(found: Sweep) -> EngineChoice:
    """Return the engine of a run in the store."""
    scenario = kept_scenario(found)
    engines: tuple[EngineChoice, ...] = ("auto", "exact", "montecarlo")
    return next((engine for engine in engines if sweep_id_of(scenario, Settings(engine)) == found.id), "auto")


def keep_run(store: Store, result: Result, kept: Kept) -> str:
    """Keep a run; return the id by which the store knows it."""
    scenario, engine = result.scenario.model_copy(update={"vary": None}), result.engine
    run_id, key = sweep_id_of(scenario, Settings(engine)), Keys(engine).of(scenario)
    layout, numbers = split(result.records)
    tally = kept.as_bytes() if engine != "exact" else None
    finding = Finding(key, n_sims_of(scenario, engine), layout, numbers, tally, facts_of(result))
    with store.batch():
        store.begin_sweep(run_id, scenario.name, (), scenario.model_dump_json(by_alias=True), 1)
        store.put([finding])
        store.put_cells(run_id, [(0, (), key, finding.n_sims, None)])
    return run_id
