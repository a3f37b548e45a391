"""The composition root: scenario → plan → engines → operating characteristics → result."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from trialsim.compile import compile_design
from trialsim.errors import InputError, NotSolvableError, nearest
from trialsim.oc.agreement import compare, z_limit
from trialsim.oc.entry import Entry, Setting
from trialsim.oc.precision import precision
from trialsim.oc.table import table
from trialsim.provenance import provenance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trialsim.calendar import MatchRow
    from trialsim.endings import CalendarTally, Tally
    from trialsim.inference.precision import Width
    from trialsim.oc.mcse import Estimate
    from trialsim.plan import Plan
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario

EngineChoice = Literal["auto", "exact", "montecarlo"]


class Record(NamedTuple):
    """One number of a result: a row of the result document (docs/decisions/0004)."""

    plan: str
    truth: str | None
    measure: str
    arm: str | None
    look: str | None
    given: str | None
    value: float | None
    variant: str | None
    estimate: float | None
    """None: no replicate met the condition."""
    mcse: float | None
    bound: float | None
    """For a proportion of which the simulation saw none (or all): the 95 % Clopper-Pearson limit on the other side."""
    engine: str
    exact: float | None
    z: float | None
    is_judged: bool
    """Whether z counts in the agreement of the engines."""
    cost: float | None = None
    """Cost of conduct: a value under calendar conduct minus its exact value under ideal conduct."""


class Agreement(NamedTuple):
    """How the simulated values stand to the exact ones."""

    n_judged: int
    limit: float
    """The largest |z| that they may show."""
    worst: Record | None
    failures: tuple[Record, ...]


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
        plan = compile_design(design)
        reason = None if engine == "montecarlo" else _why_not(plan)
        if reason and engine == "exact":
            raise NotSolvableError(f"design {design.name}, {plan_name}: {reason}")
        reasons += [f"{plan_name}: {reason}"] if reason else []
        intervals, level = _intervals(scenario), design.analysis.level
        base = Setting(plan, design.arm_names, design.look_names, (), intervals, level, scenario.quantiles)
        records += _precision_records(base, plan_name, design)
        for truth in scenario.truths:
            setting = base._replace(rates=truth.rates(design.arm_names))
            exact = _solve(setting) if engine != "montecarlo" and not reason else None
            simulated = _simulate(setting, scenario, n_jobs, progress) if engine != "exact" else None
            records += _records(setting, plan_name, truth.name, exact, simulated)
            if scenario.conduct is not None and engine != "exact":
                conducted = _conducted(setting, scenario, design, n_jobs, progress)
                records += _calendar_records(setting, scenario, plan_name, truth.name, exact, conducted)
                missed += _missed(conducted, plan_name, truth.name, design)
                if _is_matched(scenario.conduct, plan_name, truth.name, match):
                    from trialsim.calendar import match_rows

                    match = match_rows(design, scenario.conduct, conducted)
    were_both = engine == "auto" and any(record.is_judged for record in records)
    facts = provenance(scenario, simulated=engine != "exact", wall_s=perf_counter() - began)
    agreement = _agreement(records) if were_both else None
    readings = _readings(scenario, n_jobs, progress) if sensitivity and engine != "exact" else ()
    why_not = " ".join(reasons) or None
    return Result(scenario, engine, tuple(records), facts, agreement, why_not, match, tuple(missed), readings)


def _why_not(plan: Plan) -> str | None:
    from trialsim.engines.exact import why_not

    return why_not(plan)


def _intervals(scenario: Scenario) -> tuple[str, ...]:
    """Return the intervals to report, the design's own first, each once."""
    return tuple(dict.fromkeys((scenario.design.analysis.interval, *scenario.intervals)))


def _solve(setting: Setting) -> Tally:
    from trialsim.engines.exact import solve

    return solve(setting.plan, setting.rates)


def _simulate(setting: Setting, scenario: Scenario, n_jobs: int, progress: Callable[[int], None]) -> Tally:
    from trialsim.engines.montecarlo import Study, simulate

    study = Study(setting.plan, setting.rates, scenario.seed)
    return simulate(study, scenario.n_sims, n_jobs=n_jobs, progress=progress)


def _conducted(
    setting: Setting, scenario: Scenario, design: Design, n_jobs: int, progress: Callable[[int], None]
) -> CalendarTally:
    from trialsim.calendar import study_of
    from trialsim.engines.calendar import simulate_trials

    assert scenario.conduct is not None
    study = study_of(design, scenario.conduct, setting.rates, scenario.seed)
    return simulate_trials(study, scenario.conduct.n_sims, n_jobs=n_jobs, progress=progress)


def _calendar_records(
    setting: Setting, scenario: Scenario, plan: str, truth: str, exact: Tally | None, conducted: CalendarTally
) -> Iterator[Record]:
    """Yield a record per measure under calendar conduct, beside its exact value under ideal conduct if there is one."""
    from trialsim.calendar import setting_of
    from trialsim.oc.calendar import calendar_measures
    from trialsim.oc.conduct import as_endings

    assert scenario.conduct is not None
    expected = {entry.key: entry.estimate for entry in table(setting, exact)} if exact is not None else {}
    own_plan, tally = as_endings(conducted, setting.plan)
    calendar = setting_of(scenario.design, scenario.conduct, setting.quantiles)
    entries = [*table(setting._replace(plan=own_plan), tally), *calendar_measures(calendar, conducted)]
    for entry in entries:
        ideal = expected.get(entry.key)
        words = (plan, truth, entry.measure, entry.arm, entry.look, entry.given, entry.value, entry.variant)
        value, found = None if ideal is None else ideal.value, entry.estimate
        cost = None if value is None or found.value is None else found.value - value
        bound = _bound(found)
        yield Record(*words, found.value, found.mcse, bound, "calendar", value, z=None, is_judged=False, cost=cost)


def _is_matched(conduct: Conduct, plan: str, truth: str, match: tuple[MatchRow, ...]) -> bool:
    wanted = conduct.match
    return wanted is not None and truth == wanted.truth and wanted.plan in (plan, None) and not match


class MissedLook(NamedTuple):
    """A look that never took place in some trials although an arm went on to the end."""

    plan: str
    truth: str
    look: str | None
    """None: the planned number of patients was not reached."""
    n: int
    n_trials: int
    trials: tuple[int, ...]
    """Numbers of the first of them."""


def _missed(tally: CalendarTally, plan: str, truth: str, design: Design) -> list[MissedLook]:
    found = [
        MissedLook(plan, truth, design.look_names[look], missed.n, tally.n_trials, missed.first)
        for look, missed in sorted(tally.missed.items())
        if missed.n
    ]
    n_arms, planned = len(design.arms), sum(design.caps)
    short = sum(
        count
        for row, count in tally.endings.rows.items()
        if set(row[n_arms : 2 * n_arms]) == {-1} and sum(row[:n_arms]) < planned
    )
    return found + ([MissedLook(plan, truth, None, short, tally.n_trials, ())] if short else [])


class Reading(NamedTuple):
    """Measures of the trial under one reading of the protocol."""

    name: str
    truth: str
    records: tuple[Record, ...]


READING_TRUTHS = 3
"""Readings are tried under the truth of the match, and under the first ones up to so many in all."""


def _readings(scenario: Scenario, n_jobs: int, progress: Callable[[int], None]) -> tuple[Reading, ...]:
    """Return the sensitivity to each other reading, the protocol's own first, under the plan of the match."""
    if scenario.conduct is None or not scenario.conduct.sensitivity:
        return ()
    names = [truth.name for truth in scenario.truths]
    chosen = [scenario.conduct.match.truth] if scenario.conduct.match is not None else []
    chosen += [name for name in names if name not in chosen][: READING_TRUTHS - len(chosen)]
    found = []
    variants = [("as the protocol is read here", scenario)]
    variants += [(flip.name, scenario.flipped(flip)) for flip in scenario.conduct.sensitivity]
    for name, variant in variants:
        plan_name, design = _plan_of_match(variant)
        plan = compile_design(design)
        for truth in (truth for truth in variant.truths if truth.name in chosen):
            rates = truth.rates(design.arm_names)
            level = design.analysis.level
            setting = Setting(plan, design.arm_names, design.look_names, rates, _intervals(variant), level, (0.5,))
            exact = _solve(setting) if not _why_not(plan) else None
            conducted = _conducted(setting, variant, design, n_jobs, progress)
            records = _calendar_records(setting, variant, plan_name, truth.name, exact, conducted)
            found.append(Reading(name, truth.name, tuple(records)))
    return tuple(found)


def _plan_of_match(scenario: Scenario) -> tuple[str, Design]:
    match = scenario.conduct.match if scenario.conduct is not None else None
    plans = scenario.designs()
    return next(((name, design) for name, design in plans if match is not None and name == match.plan), plans[0])


def _precision_records(setting: Setting, plan_name: str, design: Design) -> Iterator[Record]:
    targets: dict[Width, float | None] = {
        "distance": design.analysis.target_distance,
        "half-width": design.analysis.target_half_width,
    }
    for entry in precision(setting, design.caps, targets):
        yield _record(plan_name, None, entry, entry.estimate, None)


def _records(
    setting: Setting, plan_name: str, truth: str, exact: Tally | None, simulated: Tally | None
) -> Iterator[Record]:
    """Yield a record per measure, each simulated value beside its exact one where there is one."""
    if simulated is None:
        assert exact is not None
        for entry in table(setting, exact):
            yield _record(plan_name, truth, entry, entry.estimate, None)
        return
    n_sims = int(simulated.n_trials)
    expected = (
        {entry.key: entry.estimate for entry in table(setting, exact.scaled(n_sims))} if exact is not None else {}
    )
    for entry in table(setting, simulated):
        yield _record(plan_name, truth, entry, expected.get(entry.key), entry.estimate)


def _record(plan: str, truth: str | None, entry: Entry, exact: Estimate | None, simulated: Estimate | None) -> Record:
    words = (plan, truth, entry.measure, entry.arm, entry.look, entry.given, entry.value, entry.variant)
    exact_value = exact.value if exact is not None else None
    if simulated is None:
        return Record(*words, exact_value, 0.0, None, "exact", exact_value, None, is_judged=False)
    z, is_judged = compare(simulated, exact) if exact is not None else (None, False)
    return Record(*words, simulated.value, simulated.mcse, _bound(simulated), "montecarlo", exact_value, z, is_judged)


def _bound(simulated: Estimate) -> float | None:
    """Return what 95 % confidence leaves possible when the simulation saw none, or all (Clopper-Pearson)."""
    if simulated.kind != "proportion" or simulated.value not in (0.0, 1.0):
        return None
    beyond = 1.0 - float(0.025 ** (1.0 / simulated.n))
    return beyond if simulated.value == 0.0 else 1.0 - beyond


def _agreement(records: list[Record]) -> Agreement:
    judged = [record for record in records if record.is_judged and record.z is not None]
    limit = z_limit(len(judged))
    worst = max(judged, key=lambda record: abs(record.z or 0.0), default=None)
    failures = tuple(record for record in judged if abs(record.z or 0.0) > limit)
    return Agreement(len(judged), limit, worst, failures)


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
