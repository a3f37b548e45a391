"""The result that a report is about: run for it, going on from what the store holds, or taken from the store."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import click

from trialsim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.api import Reading, Result
    from trialsim.effort import Target
    from trialsim.kept import Kept
    from trialsim.report.regulatory.blocks import Section
    from trialsim.spec.scenario import Scenario
    from trialsim.store import Store, Sweep
    from trialsim.sweep.stored import Origin


class Asked(NamedTuple):
    """How hard to try, and where results are kept."""

    jobs: int
    store: str
    saves: bool
    target: Target | None


class Reported(NamedTuple):
    """A result, and what is to be said about where it came from."""

    result: Result
    stored: str
    """What came from the store, who kept it and when; empty: nothing."""
    alerts: tuple[str, ...]
    extra: tuple[Section, ...] = ()


class _Start(NamedTuple):
    """What the store holds before a run."""

    kept: Kept
    origin: Origin | None
    alerts: tuple[str, ...]


def from_scenario(scenario: Scenario, asked: Asked) -> Reported:
    """Run a scenario with both engines and its other readings, going on from what the store holds.

    Raises
    ------
    InputError
        As `api.run`. A store that cannot be used is said, and done without.
    """
    from trialsim.verbs.run import run_with_progress, save_result

    start = _start(scenario, asked)
    result = run_with_progress(scenario, "auto", asked.jobs, None, start.kept, asked.target)
    if asked.saves and not (start.origin is not None and start.origin.is_complete and asked.target is None):
        save_result(result, start.kept, asked.store)
    readings, n_taken = _readings(result.scenario, asked)
    told = []
    if start.origin is not None:
        origin, what = start.origin, "calendar trials" if scenario.conduct is not None else "replicates"
        which = "all" if origin.is_complete else "the first"
        told.append(f"{which} {origin.n_sims:,} {what} of each plan and truth ({_by(origin.created, origin.version)})")
    if n_taken:
        told.append(f"{n_taken:,} of {len(readings):,} simulations of other readings")
    return Reported(replace(result, readings=readings), " and ".join(told), start.alerts)


def from_store(name: str, path: str) -> Reported:
    """Return a stored run: from its tallies, or, where they are gone or another version made it, as it was kept.

    Of a sweep, the exact values of its scenario as it stands are returned, and the sweep as a section.

    Raises
    ------
    InputError
        If there is no such run, or this version cannot read its scenario; if it is a sweep, and its scenario cannot
        be solved exactly as it stands.
    """
    from trialsim.store import open_store
    from trialsim.sweep.stored import scenario_of_run

    with open_store(path, read_only=True) as store:
        found = store.sweep(name)
        scenario = scenario_of_run(found)
        if found.axes:
            return _swept(store, found, scenario)
        result = _kept_result(store, found, scenario)
    stored = f"the whole result ({_by(found.created, found.version)}, as {found.id[:8]})"
    return Reported(result, stored, _other_today(scenario))


def _swept(store: Store, found: Sweep, scenario: Scenario) -> Reported:
    """Return the exact values of the scenario as it stands, and its sweep as a section: nothing is simulated."""
    from trialsim.api import run
    from trialsim.errors import NotSolvableError
    from trialsim.report.regulatory.blocks import Section
    from trialsim.report.regulatory.sweep_section import sweep_blocks
    from trialsim.sweep.run import replicates_of, result_of

    try:
        result = run(scenario, "exact")
    except NotSolvableError as error:
        raise InputError(
            f"--from {found.id[:8]}: is a sweep whose scenario cannot be solved exactly as it stands ({error}); report "
            f"the scenario itself, and see the sweep by `results show {found.id[:8]}`"
        ) from None
    blocks = tuple(sweep_blocks(lambda: result_of(store, found.id), replicates_of(store, found.id)))
    stored = f"the {found.n_kept:,} cells of the sweep in the last section ({_by(found.created, found.version)})"
    alert = (
        f"This report is of a sweep over {', '.join(found.axes)}: the sections before the last are of the scenario as "
        "it stands, solved exactly; nothing was simulated for them."
    )
    sweep = Section(0, "sweep", f"The sweep {found.name}", blocks)
    return Reported(result, stored, (alert, *_other_today(scenario)), (sweep,))


def _kept_result(store: Store, found: Sweep, scenario: Scenario) -> Result:
    from trialsim.api import run
    from trialsim.sweep.readings import kept_readings
    from trialsim.sweep.single import engine_of, kept_tallies
    from trialsim.sweep.stored import is_of_this_version, origin_of, result_as_kept

    engine = engine_of(found)
    if not is_of_this_version(found):
        return result_as_kept(store, found, scenario)
    if engine == "exact":
        return run(scenario, engine)
    origin = origin_of(store, scenario, engine)
    if origin is None or not origin.is_complete:
        return result_as_kept(store, found, scenario)
    result = run(scenario, engine, kept=kept_tallies(store, scenario, engine))
    return replace(result, readings=kept_readings(scenario, store))


def _start(scenario: Scenario, asked: Asked) -> _Start:
    """Return what an earlier run left in the store; nothing if there is no store, or none that can be read."""
    from trialsim.kept import Kept
    from trialsim.report.regulatory.alerts import changed
    from trialsim.store import open_store
    from trialsim.sweep.single import kept_tallies
    from trialsim.sweep.stored import latest_other, origin_of

    if not asked.saves or not os.path.exists(asked.store):
        return _Start(Kept(), None, ())
    with contextlib.suppress(InputError, ValueError), open_store(asked.store, read_only=True) as store:
        origin = origin_of(store, scenario, "auto")
        if origin is not None:
            return _Start(kept_tallies(store, scenario, "auto"), origin, ())
        other = latest_other(store, scenario)
        if other is not None:
            found, differ = other
            return _Start(Kept(), None, (changed(found.name, differ, found.created, found.version),))
    return _Start(Kept(), None, ())


def _readings(scenario: Scenario, asked: Asked) -> tuple[tuple[Reading, ...], int]:
    from trialsim.progress import ProgressBar
    from trialsim.sweep.readings import n_trials, readings

    with ProgressBar(n_trials(scenario)) as bar, opened(asked) as store:
        return readings(scenario, store, n_jobs=asked.jobs, progress=bar.advance)


@contextlib.contextmanager
def opened(asked: Asked) -> Iterator[Store | None]:
    """Give the store; None where nothing is to be kept, or nothing can be (which has been said by then)."""
    from trialsim.store import open_store

    store: Store | None = None
    if asked.saves:
        with contextlib.suppress(InputError):
            store = open_store(asked.store)
    try:
        yield store
    finally:
        if store is not None:
            store.close()


def _other_today(scenario: Scenario) -> tuple[str, ...]:
    """Return the alert that what ships under the name of a stored scenario asks something else by now."""
    from trialsim.report.regulatory.alerts import other_file
    from trialsim.spec.load import load_scenario
    from trialsim.spec.shipped import shipped_names
    from trialsim.sweep.stored import differences

    if scenario.name not in shipped_names("scenarios"):
        return ()
    try:
        ships = load_scenario(scenario.name)
    except InputError:
        return ()
    differ = differences(ships, scenario.model_dump_json(by_alias=True))
    return (other_file(scenario.name, differ),) if differ else ()


def _by(created: str, version: str) -> str:
    return f"kept {created[:10]} by trialsim {version}"


def say_that_it_varies(scenario: Scenario) -> None:
    """Say that a report takes a scenario with a grid as it stands."""
    if scenario.vary is not None:
        click.echo("The scenario varies fields; report takes it as it stands (sweep runs its grid).", err=True)
