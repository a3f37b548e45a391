"""The rows of a result: one number each, simulated values beside their exact ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.oc.agreement import compare, z_limit
from trialsim.oc.entry import Entry, Setting
from trialsim.oc.precision import precision
from trialsim.oc.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.endings import CalendarTally, Tally
    from trialsim.inference.precision import Width
    from trialsim.oc.mcse import Estimate
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario


PRECISION = ("ci_half_width_max", "ci_distance_max", "n_for_half_width", "n_for_distance")
"""Measures that an interval has by itself."""


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


def intervals_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the intervals to report, the design's own first, each once."""
    return tuple(dict.fromkeys((scenario.design.analysis.interval, *scenario.intervals)))


def calendar_records(
    setting: Setting, scenario: Scenario, plan: str, truth: str, exact: Tally | None, conducted: CalendarTally
) -> Iterator[Record]:
    """Yield a record per measure under calendar conduct, beside its exact value under ideal conduct if there is one."""
    from trialsim.calendar import setting_of
    from trialsim.oc.calendar import calendar_measures
    from trialsim.oc.conduct import as_endings

    assert scenario.conduct is not None
    expected = {entry.key: entry.estimate for entry in table(setting, exact)} if exact is not None else {}
    own_plan, tally = as_endings(conducted, setting.plan)
    calendar = setting_of(scenario.design, scenario.conduct, setting.quantiles, setting.measures)
    entries = [*table(setting._replace(plan=own_plan), tally), *calendar_measures(calendar, conducted)]
    for entry in entries:
        if not setting.wants(entry.measure):
            continue
        ideal = expected.get(entry.key)
        words = (plan, truth, entry.measure, entry.arm, entry.look, entry.given, entry.value, entry.variant)
        value, found = None if ideal is None else ideal.value, entry.estimate
        cost = None if value is None or found.value is None else found.value - value
        bound = bound_of(found)
        yield Record(*words, found.value, found.mcse, bound, "calendar", value, z=None, is_judged=False, cost=cost)


def missed_looks(tally: CalendarTally, plan: str, truth: str, design: Design) -> list[MissedLook]:
    """Return the looks that did not take place in some trials, and the planned number that was not reached."""
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


def precision_records(setting: Setting, plan_name: str, design: Design) -> Iterator[Record]:
    """Yield what an interval can promise at each number of patients; it depends on no truth."""
    targets: dict[Width, float | None] = {
        "distance": design.analysis.target_distance,
        "half-width": design.analysis.target_half_width,
    }
    if not setting.wants(*PRECISION):
        return
    for entry in precision(setting, design.caps, targets):
        yield _record(plan_name, None, entry, entry.estimate, None)


def records_of(
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
    return Record(*words, simulated.value, simulated.mcse, bound_of(simulated), "montecarlo", exact_value, z, is_judged)


def bound_of(simulated: Estimate) -> float | None:
    """Return what 95 % confidence leaves possible when the simulation saw none, or all (Clopper-Pearson)."""
    if simulated.kind != "proportion" or simulated.value not in (0.0, 1.0):
        return None
    beyond = 1.0 - float(0.025 ** (1.0 / simulated.n))
    return beyond if simulated.value == 0.0 else 1.0 - beyond


def agreement_of(records: list[Record]) -> Agreement:
    """Return how the simulated values stand to the exact ones."""
    judged = [record for record in records if record.is_judged and record.z is not None]
    limit = z_limit(len(judged))
    worst = max(judged, key=lambda record: abs(record.z or 0.0), default=None)
    failures = tuple(record for record in judged if abs(record.z or 0.0) > limit)
    return Agreement(len(judged), limit, worst, failures)
