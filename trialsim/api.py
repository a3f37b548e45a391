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

    from trialsim.endings import Tally
    from trialsim.inference.precision import Width
    from trialsim.oc.mcse import Estimate
    from trialsim.plan import Plan
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


def run(
    scenario: Scenario,
    engine: EngineChoice = "auto",
    *,
    n_jobs: int = 1,
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
    were_both = engine == "auto" and any(record.is_judged for record in records)
    facts = provenance(scenario, simulated=engine != "exact", wall_s=perf_counter() - began)
    return Result(
        scenario, engine, tuple(records), facts, _agreement(records) if were_both else None, " ".join(reasons) or None
    )


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
