"""What a store knows about a run: how far it got, who made it, and the result itself as it was kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from trialsim._version import __version__
from trialsim.api import Result
from trialsim.errors import InputError
from trialsim.records import PRECISION, agreement_of
from trialsim.spec.scenario import Scenario
from trialsim.sweep.single import engine_of, kept_scenario
from trialsim.sweep.work import Keys, n_sims_of

if TYPE_CHECKING:
    from trialsim.api import EngineChoice
    from trialsim.records import Record
    from trialsim.store import Store, Sweep

_HOW_HARD = ("seed", "n_sims", "vary", "notes", "title", "narrative")
"""Fields whose change makes no other question."""


class Origin(NamedTuple):
    """A result in a store that a run can go on from."""

    n_sims: int
    """Replicates that it has; under calendar conduct, calendar trials."""
    is_complete: bool
    """Whether nothing is left to simulate."""
    created: str
    """UTC, ISO 8601."""
    version: str
    """Of the trialsim that computed it."""


def origin_of(store: Store, scenario: Scenario, engine: EngineChoice) -> Origin | None:
    """Return what a run of a scenario can go on from; None if the store has nothing.

    Raises
    ------
    InputError
        If the store cannot be read.
    """
    key, wanted = Keys(engine).of(scenario), n_sims_of(scenario, engine)
    found = store.longest_below(key, wanted)
    if found is None:
        return None
    lines = (line for line in store.results() if line.key == key and line.n_sims == found.n_sims)
    line = next(lines, None)
    created, version = (line.created, line.version) if line is not None else ("", "")
    return Origin(found.n_sims, found.n_sims == wanted, created, version)


def scenario_of_run(found: Sweep) -> Scenario:
    """Return the scenario of a stored run.

    Raises
    ------
    InputError
        If this version of trialsim cannot read it.
    """
    return kept_scenario(found)


def result_as_kept(store: Store, found: Sweep, scenario: Scenario) -> Result:
    """Return the result of a stored run as it was kept, with nothing computed again; what was not kept is missing.

    Raises
    ------
    InputError
        If the store holds no result of it any more.
    """
    cell = next(iter(store.cells(found.id)), None)
    if cell is None or not cell.layout:
        raise InputError(f"{store.path}: the result of {found.id[:8]} is not in the store any more; run it again")
    engine, records = engine_of(found), cell.records
    if not _are_of(scenario, records):
        raise InputError(f"{store.path}: the result kept of {found.id[:8]} is not one of its scenario; run it again")
    if engine == "auto" and not any(record.engine == "montecarlo" for record in records):
        engine = "exact"
    facts: dict[str, Any] = dict.fromkeys(("stream", "python", "numpy", "numba", "wall_s"))
    facts |= {"trialsim": found.version, "seed": scenario.seed, "n_sims": cell.facts.get("n_sims")}
    agreement = agreement_of(list(records)) if any(record.is_judged for record in records) else None
    return Result(scenario, engine, records, facts, agreement, cell.facts.get("why_not"))


def _are_of(scenario: Scenario, records: tuple[Record, ...]) -> bool:
    """Return whether records are of every plan and truth of a scenario, with what its intervals can promise."""
    plans = [name for name, _ in scenario.designs()]
    cases = {(record.plan, record.truth) for record in records}
    precise = {record.plan for record in records if record.measure == PRECISION[0]}
    return precise >= set(plans) and cases >= {(plan, truth.name) for plan in plans for truth in scenario.truths}


def is_of_this_version(found: Sweep) -> bool:
    """Return whether a stored run was made by this version of trialsim."""
    return found.version == __version__


def latest_other(store: Store, scenario: Scenario) -> tuple[Sweep, tuple[str, ...]] | None:
    """Return the latest stored run of the scenario's name, and which of its parts differ; None without one that does.

    A run of the same scenario by another version differs in no part.

    Raises
    ------
    InputError
        If the store cannot be read.
    """
    named = [one for one in store.sweeps() if one.name == scenario.name and not one.axes]
    if not named:
        return None
    differ = differences(scenario, named[-1].scenario)
    return (named[-1], differ) if differ or not is_of_this_version(named[-1]) else None


def differences(scenario: Scenario, text: str) -> tuple[str, ...]:
    """Return the parts in which a scenario and one kept as JSON ask something else; not how hard they try.

    >>> from trialsim import load_scenario
    >>> other = load_scenario("simon-20-40", ["seed=2", "truths.0.response_rate=0.25"])
    >>> differences(load_scenario("simon-20-40"), other.model_dump_json(by_alias=True))
    ('truths',)
    """
    own = json.loads(scenario.model_dump_json(by_alias=True))
    try:
        kept = json.loads(text)
    except (ValueError, RecursionError):
        kept = None
    kept = kept if isinstance(kept, dict) else {}
    for data in (own, kept):
        if isinstance(data.get("conduct"), dict):
            data["conduct"].pop("n_sims", None)
    return tuple(key for key in dict.fromkeys((*own, *kept)) if key not in _HOW_HARD and own.get(key) != kept.get(key))
