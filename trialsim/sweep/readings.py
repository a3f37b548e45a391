"""Other readings of a protocol, each kept in the store as soon as it is simulated, so that none is simulated twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from joblib import effective_n_jobs

from trialsim.api import READING_SIMS, READING_TRUTHS, Reading, in_brief, reading_cases, reading_of
from trialsim.errors import InputError
from trialsim.store import Finding, split
from trialsim.sweep.work import Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trialsim.api import ReadingCase
    from trialsim.spec.scenario import Scenario
    from trialsim.store import Key, Store


def readings(
    scenario: Scenario, store: Store | None = None, *, n_jobs: int = 1, progress: Callable[[int], None] = lambda _: None
) -> tuple[tuple[Reading, ...], int]:
    """Return the sensitivity to other readings of the protocol in brief, and how many of them came from the store.

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
    cases = [in_brief(case) for case in reading_cases(scenario)]
    found = [_kept(case, store) if store is not None else None for case in cases]
    missing = [place for place, reading in enumerate(found) if reading is None]
    progress(sum(map(_n_sims, cases)) - sum(_n_sims(cases[place]) for place in missing))
    for place, reading in zip(missing, at_once([cases[place] for place in missing], n_jobs), strict=True):
        found[place] = reading
        _keep(cases[place], reading, store)
        progress(_n_sims(cases[place]))
    return tuple(reading for reading in found if reading is not None), len(cases) - len(missing)


def at_once(cases: Sequence[ReadingCase], n_jobs: int) -> Iterator[Reading]:
    """Yield readings in their order, each simulated in a thread; whoever stops asking has the others left undone."""
    with ThreadPoolExecutor(effective_n_jobs(n_jobs)) as threads:
        futures = [threads.submit(reading_of, case) for case in cases]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def kept_or_simulated(case: ReadingCase, store: Store | None = None, n_jobs: int = 1) -> Reading:
    """Return a reading under a truth: out of the store, or simulated and kept there; parameters as `readings`.

    Raises
    ------
    InputError
        If the store cannot be read.
    """
    kept = _kept(case, store) if store is not None else None
    if kept is not None:
        return kept
    reading = reading_of(case, n_jobs)
    _keep(case, reading, store)
    return reading


def _keep(case: ReadingCase, reading: Reading, store: Store | None) -> None:
    if store is not None:
        with suppress(InputError):  # the next report takes a little longer
            store.put([Finding(_key(case), _n_sims(case), *split(reading.records), None, {})])


def kept_readings(scenario: Scenario, store: Store) -> tuple[Reading, ...]:
    """Return the other readings if the store has them all, otherwise none."""
    cases = [in_brief(case) for case in reading_cases(scenario)]
    found = tuple(reading for case in cases if (reading := _kept(case, store)) is not None)
    return found if len(found) == len(cases) else ()


def n_trials(scenario: Scenario) -> int:
    """Return about how many trials the other readings consist of."""
    if scenario.conduct is None or not scenario.conduct.sensitivity:
        return 0
    n_sims = min(scenario.conduct.n_sims, READING_SIMS)
    return n_sims * (1 + len(scenario.conduct.sensitivity)) * min(len(scenario.truths), READING_TRUTHS)


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
