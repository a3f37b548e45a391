"""A simulation that grows: early estimates from a few trials, better ones from more, the last as from one long run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.api import run
from trialsim.compile import compile_design
from trialsim.errors import InputError, nearest
from trialsim.kept import Kept
from trialsim.spec.conduct import Conduct
from trialsim.spec.conduct.enrolment import Arrivals
from trialsim.spec.conduct.follow_up import Survival

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trialsim.api import Result
    from trialsim.endings import CalendarTally
    from trialsim.plan import Plan
    from trialsim.records import Record
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario

FIRST_STEPS = (500, 1_000, 2_000, 5_000)
LATER_STEP = 10_000
MOST_LATER_STEPS = 20
MOST_DAYS = 20
"""Days at which the schema lets survival curves be read."""
HORIZON_DAYS = 730.5
"""Of a trial without a day on which the data are closed: as far as the enrolment curve is read."""
PLAIN_ENROLMENT = 10.0
"""Patients per month where a scenario does not say."""

ESTIMATES = ("p_stop", "p_continue", "p_success", "pet", "p_reject", "n_mean")
"""Measures that both ideal and calendar conduct have, and that show what conduct costs."""


class Growth(NamedTuple):
    """A simulation so far."""

    scenario: Scenario
    """Of one truth and one plan; with as many trials as are done."""
    n_done: int
    n_sims: int
    result: Result
    tally: CalendarTally
    """Not to be changed, and not to be kept: the next step adds to it."""


def steps_to(n_sims: int) -> tuple[int, ...]:
    """Return the numbers of trials at which estimates are given.

    >>> steps_to(25_000)
    (500, 1000, 2000, 5000, 10000, 20000, 25000)
    """
    step = max(LATER_STEP, -(-n_sims // MOST_LATER_STEPS // LATER_STEP) * LATER_STEP)
    return (*(n for n in FIRST_STEPS if n < n_sims), *range(step, n_sims, step), n_sims)


def of_one_truth(scenario: Scenario, truth: str) -> Scenario:
    """Return a scenario with one of its truths and the design's own plan; plain conduct if it has none.

    Raises
    ------
    InputError
        If there is no such truth.
    """
    names = [item.name for item in scenario.truths]
    if truth not in names:
        raise InputError(f'there is no truth "{truth}"; {nearest(truth, names)}')
    conduct = scenario.conduct if scenario.conduct is not None else plain_conduct()
    one = tuple(item for item in scenario.truths if item.name == truth)
    return scenario.model_copy(update={"plans": (), "truths": one, "conduct": conduct, "vary": None})


def plain_conduct() -> Conduct:
    """Return the conduct of a scenario that has none: patients come at a constant rate, all else happens at once."""
    return Conduct(enrolment=Arrivals(per_month=PLAIN_ENROLMENT))


def grow(
    scenario: Scenario,
    truth: str,
    n_sims: int,
    *,
    n_jobs: int = 1,
    measures: tuple[str, ...] = (),
    compiled: Callable[[Design], Plan] = compile_design,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Growth]:
    """Yield the simulation of one truth after 500, 1,000, 2,000, … calendar trials.

    The last has the same numbers as `api.run` of the same scenario with `n_sims` trials.

    Parameters
    ----------
    scenario
        From `load_scenario`; see `of_one_truth` for what is taken of it.
    truth
        Its name.
    n_sims
        Calendar trials at the end; as many are simulated under ideal conduct.
    n_jobs
        Threads. Changes no number.
    measures
        Names of the measures that are wanted; none: all.
    compiled
        Gives the plan of a design.
    progress
        Called with the number of calendar trials done after each block. What it raises ends the simulation.

    Raises
    ------
    InputError
        If there is no such truth, or a rule cannot be compiled.
    """
    one = of_one_truth(scenario, truth)
    assert one.conduct is not None
    ((_, design),) = one.designs()
    plan, kept, done = compiled(design), Kept(), 0
    for n in steps_to(n_sims):
        so_far = one.model_copy(update={"n_sims": n, "conduct": one.conduct.model_copy(update={"n_sims": n})})
        told = _Told(done, n, progress)
        result = run(so_far, n_jobs=n_jobs, measures=measures, kept=kept, compiled=lambda _: plan, progress=told)
        done = n
        yield Growth(so_far, n, n_sims, result, _tally(kept, so_far))


class _Told:
    """Counts calendar trials: `api.run` reports replicates under ideal conduct first, then those of the calendar."""

    def __init__(self, done: int, n: int, progress: Callable[[int], None]) -> None:
        self._ideal_left = n - done
        self._done = done
        self._progress = progress

    def __call__(self, n_trials: int) -> None:
        if self._ideal_left > 0:
            self._ideal_left -= n_trials
        else:
            self._done += n_trials
        self._progress(self._done)


def _tally(kept: Kept, scenario: Scenario) -> CalendarTally:
    from trialsim.calendar import study_of
    from trialsim.engines.calendar import columns_of

    assert scenario.conduct is not None
    ((plan, design),) = scenario.designs()
    truth = scenario.truths[0]
    study = study_of(design, scenario.conduct, truth.rates(design.arm_names), scenario.seed)
    tally = kept.conducted((plan, truth.name), columns_of(study))
    assert tally is not None
    return tally


def costs(result: Result) -> tuple[Record, ...]:
    """Return the records that have both a value under calendar conduct and the exact one under ideal conduct.

    Each number once: P(stop) tells what P(continue) tells, and what the PET of an arm with one stopping look tells.
    """
    found = [
        record
        for record in result.records
        if record.engine == "calendar"
        and record.measure in ESTIMATES
        and record.measure != "p_continue"
        and record.exact is not None
        and record.given is None
    ]
    stops = [record.arm for record in found if record.measure == "p_stop"]
    is_told = {arm for arm in stops if stops.count(arm) == 1}
    is_told |= {None} if len({record.arm for record in found} - {None, "pooled"}) == 1 else set()
    return tuple(
        record
        for record in found
        if record.measure not in ("pet", "n_mean")
        or (record.arm not in is_told if record.measure == "pet" else record.arm is not None or None not in is_told)
    )


def with_survival_grid(scenario: Scenario, n_days: int = 14) -> Scenario:
    """Return the scenario with its survival curves read often enough to be drawn.

    The days of the scenario stay; others are added, evenly spaced up to the cut-off. No other number changes. A
    scenario without conduct comes back as it is.

    Parameters
    ----------
    scenario
        From `load_scenario`.
    n_days
        Days to add, as far as `MOST_DAYS` allows.

    >>> from trialsim import load_scenario
    >>> with_survival_grid(load_scenario("gist"), 4).conduct.survival.at_days
    (118.0, 236.0, 353.0, 365.0, 471.0)
    """
    conduct = scenario.conduct
    if conduct is None:
        return scenario
    horizon = conduct.cutoff.day if conduct.cutoff.day is not None else HORIZON_DAYS
    own = conduct.survival.at_days if conduct.survival is not None else ()
    n_days = min(n_days, MOST_DAYS - len(own))
    grid = {float(max(round(horizon * (k + 1) / n_days), 1)) for k in range(n_days)}
    survival = conduct.survival if conduct.survival is not None else Survival()
    dense = survival.model_copy(update={"at_days": tuple(sorted(grid.union(own)))})
    return scenario.model_copy(update={"conduct": conduct.model_copy(update={"survival": dense})})
