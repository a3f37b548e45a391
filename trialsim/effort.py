"""How long to simulate: until the Monte Carlo standard errors are as small as was asked for.

A first run says how large each error is; errors shrink with the root of the number of replicates, so it also says how
long the run must be. The run goes on from where it stood, and equals one that was that long from the beginning.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from trialsim.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trialsim.api import EngineChoice, Result
    from trialsim.kept import Kept
    from trialsim.records import Record
    from trialsim.spec.scenario import Scenario

MAX_SIMS = 10_000_000
MARGIN = 1.02
"""An error estimated from a first run is itself uncertain."""

STEP = {"montecarlo": 10_000, "calendar": 500}
"""Lengths are whole numbers of so many replicates."""


class Target(NamedTuple):
    """The largest standard error that is wanted, of every probability or of named measures."""

    every: float | None
    """Of all measures that are probabilities."""
    of_measure: tuple[tuple[str, float], ...] = ()
    max_sims: int = MAX_SIMS

    def of(self, record: Record) -> float | None:
        """Return the largest standard error wanted for a record; None: any will do."""
        named = dict(self.of_measure).get(record.measure)
        is_probability = record.measure.startswith("p_") or record.measure == "pet"
        return named if named is not None else self.every if is_probability else None


class Need(NamedTuple):
    """How long a run must be, and because of which record."""

    engine: str
    """"montecarlo" or "calendar"."""
    n_sims: int
    record: Record
    wanted: float
    """The standard error that is wanted of it."""


def target_of(texts: Iterable[str], max_sims: int = MAX_SIMS) -> Target | None:
    """Return the target in texts such as "0.001" and "n_mean=0.05"; None if there are none.

    Raises
    ------
    InputError
        If a text is no such thing.

    >>> target_of(["0.001", "n_mean=0.05"])
    Target(every=0.001, of_measure=(('n_mean', 0.05),), max_sims=10000000)
    """
    every, named = None, {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = float("nan")
        if not 0.0 < value < float("inf") or (equals and not name.strip()):
            raise InputError(
                f"--target-mcse {text[:80]}: a positive number such as 0.001 (of every probability), "
                "or measure=number such as n_mean=0.05"
            )
        if equals:
            named[name.strip()] = value
        else:
            every = value
    return Target(every, tuple(named.items()), max_sims) if every is not None or named else None


def run_until(
    scenario: Scenario,
    target: Target,
    engine: EngineChoice = "auto",
    *,
    n_jobs: int = 1,
    measures: tuple[str, ...] = (),
    kept: Kept | None = None,
    progress: Callable[[int], None] = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Result:
    """Return the operating characteristics of a scenario, simulated until a target is met or `max_sims` is reached.

    Parameters
    ----------
    scenario
        Its numbers of replicates are those of the first run.
    target
        The standard errors that are wanted.
    engine, n_jobs, measures, kept, progress
        As `api.run`.
    tell
        Called with a sentence about each planned length and its reason.

    Raises
    ------
    InputError
        If the target names a measure that the scenario does not have; and as `api.run`.
    """
    from trialsim.api import run
    from trialsim.kept import Kept

    kept = kept if kept is not None else Kept()
    scenario = _with_lengths(scenario, {"montecarlo": min(scenario.n_sims, target.max_sims)})
    while True:
        result = run(scenario, engine, n_jobs=n_jobs, measures=measures, kept=kept, progress=progress)
        _check_names(target, result)
        needs = [need for need in needs_of(result, target) if need.n_sims > _length(scenario, need.engine)]
        if not needs:
            tell(_met(scenario))
            return result
        for need in needs:
            tell(_told(need, _length(scenario, need.engine), target))
        longer = {need.engine: min(need.n_sims, target.max_sims) for need in needs}
        if all(_length(scenario, name) >= n for name, n in longer.items()):
            return result
        scenario = _with_lengths(scenario, longer)


def needs_of(result: Result, target: Target) -> list[Need]:
    """Return, for each engine that simulated, how long it must run for the record that asks most."""
    longest: dict[str, Need] = {}
    for record in result.records:
        wanted = target.of(record)
        if record.engine not in STEP or wanted is None or record.mcse is None or record.mcse <= wanted:
            continue
        step, so_far = STEP[record.engine], _length(result.scenario, record.engine)
        n_sims = ceil(so_far * MARGIN * (record.mcse / wanted) ** 2 / step) * step
        if record.engine not in longest or n_sims > longest[record.engine].n_sims:
            longest[record.engine] = Need(record.engine, n_sims, record, wanted)
    return list(longest.values())


def _length(scenario: Scenario, engine: str) -> int:
    if engine == "calendar":
        assert scenario.conduct is not None
        return scenario.conduct.n_sims
    return scenario.n_sims


def _with_lengths(scenario: Scenario, n_sims: dict[str, int]) -> Scenario:
    changes: dict[str, object] = {"n_sims": n_sims.get("montecarlo", scenario.n_sims)}
    if scenario.conduct is not None and "calendar" in n_sims:
        changes["conduct"] = scenario.conduct.model_copy(update={"n_sims": n_sims["calendar"]})
    return scenario.model_copy(update=changes)


def _check_names(target: Target, result: Result) -> None:
    names = list(dict.fromkeys(record.measure for record in result.records))
    for name, _ in target.of_measure:
        if name not in names:
            raise InputError(f"--target-mcse {name}: no such measure here; {nearest(name, names)}")


def _met(scenario: Scenario) -> str:
    calendar = f" ({scenario.conduct.n_sims:,} under calendar conduct)" if scenario.conduct is not None else ""
    return f"{scenario.n_sims:,} trials per plan and truth{calendar} meet the target."


def _told(need: Need, so_far: int, target: Target) -> str:
    record = need.record
    where = ", ".join(str(part) for part in (record.arm, record.look, record.given, record.truth, record.plan) if part)
    what = "calendar trials" if need.engine == "calendar" else "trials"
    n_sims = min(need.n_sims, target.max_sims)
    limit = f" (it would take {need.n_sims:,}; --max-sims allows no more)" if n_sims < need.n_sims else ""
    return (
        f"{n_sims:,} {what} per plan and truth are planned{limit}: after {so_far:,}, {record.measure} ({where}) "
        f"has MCSE {record.mcse:.2g}, and {need.wanted:g} is wanted."
    )
