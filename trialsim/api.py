"""The composition root: scenario → plan → engines → operating characteristics → result."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from trialsim.compile import compile_design
from trialsim.errors import InputError, NotSolvableError, nearest
from trialsim.oc.entry import Setting
from trialsim.provenance import provenance
from trialsim.records import (
    Agreement,
    MissedLook,
    Record,
    agreement_of,
    calendar_records,
    intervals_of,
    missed_looks,
    precision_records,
    records_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from trialsim.calendar import MatchRow
    from trialsim.endings import CalendarTally, Tally
    from trialsim.kept import Kept
    from trialsim.plan import Plan
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario, Truth

__all__ = ["Agreement", "EngineChoice", "MissedLook", "Reading", "Record", "Result", "run", "write_trials"]

EngineChoice = Literal["auto", "exact", "montecarlo"]


@dataclass(frozen=True)
class Result:
    """A scenario with all its operating characteristics."""

    scenario: Scenario
    engine: EngineChoice
    records: tuple[Record, ...]
    provenance: dict[str, Any]
    agreement: Agreement | None
    """None if only one engine ran."""
    why_not: str | None = None
    """Why the exact engine declined, and for which plans, if it did."""
    match: tuple[MatchRow, ...] = ()
    """Published results beside the model, if the conduct names any."""
    missed: tuple[MissedLook, ...] = ()
    """Looks that never took place in some trials."""
    readings: tuple[Reading, ...] = ()
    """The sensitivity to other readings of the protocol, if asked for."""


def run(
    scenario: Scenario,
    engine: EngineChoice = "auto",
    *,
    n_jobs: int = 1,
    sensitivity: bool = False,
    measures: tuple[str, ...] = (),
    kept: Kept | None = None,
    compiled: Callable[[Design], Plan] = compile_design,
    progress: Callable[[int], None] = lambda _: None,
) -> Result:
    """Return the operating characteristics of a scenario.

    Parameters
    ----------
    scenario
        From `load_scenario`.
    engine
        "exact": probabilities only; "montecarlo": simulation only; "auto": both where the exact engine can, checked
        against each other.
    n_jobs
        Threads for the simulation; -1 for one per core. Changes no number.
    sensitivity
        Also try the other readings of the protocol that the conduct lists, one at a time.
    measures
        Names of the measures that are wanted; none: all.
    kept
        Tallies of shorter runs of the same scenario and seed, which this run goes on from; it leaves its own there.
    compiled
        Gives the plan of a design; for a caller who runs the same design many times.
    progress
        Called with the number of replicates after each block.

    Raises
    ------
    NotSolvableError
        With `engine="exact"`, if a design cannot be solved exactly.
    InputError
        If `engine` is none of the three, or a rule cannot be compiled.

    >>> from trialsim import load_scenario
    >>> result = run(load_scenario("gist"), engine="exact")
    >>> [f"{r.exact:.4f}" for r in result.records if r.measure == "p_stop" and r.truth == "inactive"][0]
    '0.9419'
    """
    if engine not in get_args(EngineChoice):
        raise InputError(f'engine "{engine}": {nearest(engine, get_args(EngineChoice))}')
    began = perf_counter()
    records: list[Record] = []
    reasons: list[str] = []
    match: tuple[MatchRow, ...] = ()
    missed: list[MissedLook] = []
    for plan_name, design in scenario.designs():
        plan = compiled(design)
        reason = None if engine == "montecarlo" else _why_not(plan)
        if reason and engine == "exact":
            raise NotSolvableError(f"design {design.name}, {plan_name}: {reason}")
        reasons += [f"{plan_name}: {reason}"] if reason else []
        intervals, level = intervals_of(scenario), design.analysis.level
        words, chosen = (plan, design.arm_names, design.look_names), (scenario.quantiles, measures, scenario.estimators)
        base = Setting(*words, (), intervals, level, *chosen)
        records += precision_records(base, plan_name, design)
        for truth in scenario.truths:
            setting = base._replace(rates=truth.rates(design.arm_names))
            exact = _solve(setting, design.name) if engine != "montecarlo" and not reason else None
            where = (plan_name, truth.name)
            simulated = _simulate(setting, scenario, n_jobs, progress, kept, where) if engine != "exact" else None
            records += records_of(setting, plan_name, truth.name, exact, simulated)
            if scenario.conduct is not None and engine != "exact":
                conducted = _conducted(setting, scenario, design, n_jobs, progress, kept, where)
                records += calendar_records(setting, scenario, plan_name, truth.name, exact, conducted)
                missed += missed_looks(conducted, plan_name, truth.name, design)
                if _is_matched(scenario.conduct, plan_name, truth.name, match):
                    from trialsim.calendar import match_rows

                    match = match_rows(design, scenario.conduct, conducted)
    were_both = engine == "auto" and any(record.is_judged for record in records)
    facts = provenance(scenario, simulated=engine != "exact", wall_s=perf_counter() - began)
    agreement = agreement_of(records) if were_both else None
    cases = reading_cases(scenario) if sensitivity and engine != "exact" else ()
    readings = tuple(reading_of(case, n_jobs, progress) for case in cases)
    why_not = " ".join(reasons) or None
    return Result(scenario, engine, tuple(records), facts, agreement, why_not, match, tuple(missed), readings)


def _why_not(plan: Plan) -> str | None:
    from trialsim.engines.exact import why_not

    return why_not(plan)


def _solve(setting: Setting, design: str) -> Tally:
    """Return the exact solution, once it has passed the guard.

    Raises
    ------
    InputError
        If an arm is less likely to go on when it responds more often.
    """
    from trialsim.engines.exact import solve
    from trialsim.engines.guard import falls

    tally = solve(setting.plan, setting.rates)
    found = falls(setting.plan, setting.rates, tally)
    if found is not None:
        (rate, higher), (now, then) = found.rates, found.chances
        raise InputError(
            f"design {design}: arm {setting.arms[found.arm]} goes on with probability {now:.6g} at a true rate of "
            f"{rate:g}, but with only {then:.6g} at {higher:g}; a rule is undone by more responses."
        )
    return tally


def _simulate(
    setting: Setting,
    scenario: Scenario,
    n_jobs: int,
    progress: Callable[[int], None],
    kept: Kept | None,
    where: tuple[str, str],
) -> Tally:
    from trialsim.engines.montecarlo import Study, simulate

    study = Study(setting.plan, setting.rates, scenario.seed)
    begun = kept.counts.get(where) if kept is not None else None
    if begun is not None and (begun.n_trials > scenario.n_sims or not begun.fits(setting.plan)):
        begun = None
    tally = simulate(study, scenario.n_sims, begun=begun, n_jobs=n_jobs, progress=progress)
    if kept is not None:
        kept.counts[where] = tally
    return tally


def _conducted(
    setting: Setting,
    scenario: Scenario,
    design: Design,
    n_jobs: int,
    progress: Callable[[int], None],
    kept: Kept | None = None,
    where: tuple[str, str] = ("", ""),
) -> CalendarTally:
    from trialsim.calendar import study_of
    from trialsim.engines.calendar import columns_of, simulate_trials

    assert scenario.conduct is not None
    study, n_sims = study_of(design, scenario.conduct, setting.rates, scenario.seed), scenario.conduct.n_sims
    begun = kept.conducted(where, columns_of(study)) if kept is not None else None
    if begun is not None and begun.n_trials > n_sims:
        begun = None
    tally = simulate_trials(study, n_sims, begun=begun, n_jobs=n_jobs, progress=progress)
    if kept is not None:
        kept.keep_conducted(where, tally)
    return tally


def _is_matched(conduct: Conduct, plan: str, truth: str, match: tuple[MatchRow, ...]) -> bool:
    wanted = conduct.match
    return wanted is not None and truth == wanted.truth and wanted.plan in (plan, None) and not match


class Reading(NamedTuple):
    """Measures of the trial under one reading of the protocol."""

    name: str
    truth: str
    records: tuple[Record, ...]


READING_TRUTHS = 3
"""Readings are tried under the truth of the match, and under the first ones up to so many in all."""


READING_SIMS = 1_000
"""Trials of each reading in a report, at most; `run --sensitivity` takes as many as the scenario has."""


class ReadingCase(NamedTuple):
    """One reading of the protocol under one truth, to be simulated."""

    name: str
    scenario: Scenario
    """As the protocol is read here, or as it is under another reading."""
    truth: Truth


def reading_cases(scenario: Scenario) -> tuple[ReadingCase, ...]:
    """Return what the sensitivity to other readings consists of, the protocol's own reading first; often nothing."""
    if scenario.conduct is None or not scenario.conduct.sensitivity:
        return ()
    names = [truth.name for truth in scenario.truths]
    chosen = [scenario.conduct.match.truth] if scenario.conduct.match is not None else []
    chosen += [name for name in names if name not in chosen][: READING_TRUTHS - len(chosen)]
    variants = [("as the protocol is read here", scenario)]
    variants += [(flip.name, scenario.flipped(flip)) for flip in scenario.conduct.sensitivity]
    return tuple(
        ReadingCase(name, variant, truth)
        for name, variant in variants
        for truth in variant.truths
        if truth.name in chosen
    )


def in_brief(case: ReadingCase) -> ReadingCase:
    """Return a case as a report simulates it: with fewer trials, and without what changes no decision.

    Adverse events, performance status and exposure have random numbers of their own: no other number changes.
    """
    conduct = case.scenario.conduct
    assert conduct is not None
    aside = {"adverse_events": None, "performance_status": None, "exposure": None}
    n_sims = min(conduct.n_sims, READING_SIMS)
    brief = conduct.model_copy(update={**aside, "n_sims": n_sims})
    return case._replace(scenario=case.scenario.model_copy(update={"conduct": brief}))


def reading_of(case: ReadingCase, n_jobs: int = 1, progress: Callable[[int], None] = lambda _: None) -> Reading:
    """Return the measures of the trial under one reading and truth, under the plan of the match; as `run`."""
    plan_name, design = _plan_of_match(case.scenario)
    plan, level, rates = compile_design(design), design.analysis.level, case.truth.rates(design.arm_names)
    intervals = intervals_of(case.scenario)
    setting = Setting(plan, design.arm_names, design.look_names, rates, intervals, level, (0.5,))
    exact = _solve(setting, design.name) if not _why_not(plan) else None
    conducted = _conducted(setting, case.scenario, design, n_jobs, progress)
    records = calendar_records(setting, case.scenario, plan_name, case.truth.name, exact, conducted)
    return Reading(case.name, case.truth.name, tuple(records))


def _plan_of_match(scenario: Scenario) -> tuple[str, Design]:
    match = scenario.conduct.match if scenario.conduct is not None else None
    plans = scenario.designs()
    return next(((name, design) for name, design in plans if match is not None and name == match.plan), plans[0])


def write_trials(scenario: Scenario, path: str, progress: Callable[[int], None] = lambda _: None) -> None:
    """Write one row per replicate to a Parquet file, block by block.

    Columns: plan, truth, trial; per arm its patients, responses and the look at which it stopped (null: it went on);
    per look with a success criterion whether it was met (null: the look did not take place).

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    from trialsim.trials import write

    try:
        write(scenario, path, progress)
    except OSError as error:
        reason = error.strerror or "its folder refuses it"
        raise InputError(f"--trials {path}: cannot be written ({reason}); choose another place") from None
