"""Other readings of a protocol, each kept in the store as soon as it is simulated, so that none is simulated twice."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from trialsim.api import READING_TRUTHS, Reading, reading_cases, reading_of
from trialsim.errors import InputError
from trialsim.store import Finding, split
from trialsim.sweep.work import Keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from trialsim.api import ReadingCase
    from trialsim.spec.scenario import Scenario
    from trialsim.store import Key, Store


def readings(
    scenario: Scenario, store: Store | None = None, *, n_jobs: int = 1, progress: Callable[[int], None] = lambda _: None
) -> tuple[tuple[Reading, ...], int]:
    """Return the sensitivity to other readings of the protocol, and how many of them came from the store.

    Parameters
    ----------
    scenario
        As `api.run` with `sensitivity`, whose readings these are.
    store
        Where they are looked up, and kept if it can be written; None: nowhere.
    n_jobs, progress
        As `api.run`.

    Raises
    ------
    InputError
        If the store cannot be read.
    """
    found: list[Reading] = []
    n_taken = 0
    for case in reading_cases(scenario):
        kept = _kept(case, store) if store is not None else None
        if kept is not None:
            n_taken += 1
            progress(_n_sims(case))
        found.append(kept or _simulated(case, store, n_jobs, progress))
    return tuple(found), n_taken


def kept_or_simulated(case: ReadingCase, store: Store | None = None, n_jobs: int = 1) -> Reading:
    """Return a reading under a truth: out of the store, or simulated and kept there; parameters as `readings`.

    Raises
    ------
    InputError
        If the store cannot be read.
    """
    kept = _kept(case, store) if store is not None else None
    return kept or _simulated(case, store, n_jobs)


def _simulated(
    case: ReadingCase, store: Store | None, n_jobs: int, progress: Callable[[int], None] = lambda _: None
) -> Reading:
    reading = reading_of(case, n_jobs, progress)
    if store is not None:
        with suppress(InputError):  # the next report takes a little longer
            store.put([Finding(_key(case), _n_sims(case), *split(reading.records), None, {})])
    return reading


def kept_readings(scenario: Scenario, store: Store) -> tuple[Reading, ...]:
    """Return the other readings if the store has them all, otherwise none."""
    cases = reading_cases(scenario)
    found = tuple(reading for case in cases if (reading := _kept(case, store)) is not None)
    return found if len(found) == len(cases) else ()


def n_trials(scenario: Scenario) -> int:
    """Return about how many trials the other readings consist of."""
    if scenario.conduct is None or not scenario.conduct.sensitivity:
        return 0
    return scenario.conduct.n_sims * (1 + len(scenario.conduct.sensitivity)) * min(len(scenario.truths), READING_TRUTHS)


def _kept(case: ReadingCase, store: Store) -> Reading | None:
    found = store.find(_key(case), _n_sims(case))
    return Reading(case.name, case.truth.name, found.records) if found is not None else None


def _n_sims(case: ReadingCase) -> int:
    assert case.scenario.conduct is not None
    return case.scenario.conduct.n_sims


def _key(case: ReadingCase) -> Key:
    """Return what a reading is a function of: its scenario with this truth only, whatever other readings there are."""
    assert case.scenario.conduct is not None
    conduct = case.scenario.conduct.model_copy(update={"sensitivity": ()})
    only = case.scenario.model_copy(update={"truths": (case.truth,), "conduct": conduct})
    return Keys("auto", ("reading",)).of(only)
