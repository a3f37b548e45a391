"""One design under one plan and truth: its measures as `run` reports them, and without each group of replicates."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from trialsim.comparison.groups import group_edges, n_counts_of, simulate_groups
from trialsim.comparison.left_out import Key, left_out
from trialsim.compile import compile_design
from trialsim.errors import NotSolvableError
from trialsim.oc.entry import Setting
from trialsim.oc.table import table
from trialsim.records import Record, calendar_records, intervals_of, precision_records, records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from trialsim.api import EngineChoice
    from trialsim.comparison.groups import Edges
    from trialsim.comparison.matching import MatchedPlan, Side
    from trialsim.endings import Tally
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Truth

    Floats: TypeAlias = NDArray[Any]


class Case(NamedTuple):
    """A design under one plan, compiled."""

    side: Side
    design: Design
    setting: Setting
    """Without a truth."""
    why_not: str | None
    """Why it is not solved exactly, if that was asked for."""


class Cell(NamedTuple):
    """The measures of a design under one truth."""

    records: tuple[Record, ...]
    left_out: dict[Key, Floats]
    """(G,) each measure without each group of replicates; empty if nothing was simulated."""
    sizes: Floats | None
    """(G,) replicates of each group; None: nothing was simulated."""
    implied: dict[Key, float]
    """Standard errors that the exact distribution implies; empty if it is not known."""


def case_of(side: Side, plan: MatchedPlan, design: Design | None, engine: EngineChoice) -> Case | None:
    """Return a design compiled; None for a plan that it does not have.

    Raises
    ------
    NotSolvableError
        With `engine` "exact", if it cannot be solved exactly.
    """
    if design is None:
        return None
    from trialsim.engines.exact import why_not

    compiled = compile_design(design)
    reason = None if engine == "montecarlo" else why_not(compiled)
    if reason and engine == "exact":
        raise NotSolvableError(f"design {design.name} of {side.letter}, {plan.name}: {reason}")
    level, quantiles = design.analysis.level, side.scenario.quantiles
    setting = Setting(compiled, design.arm_names, design.look_names, (), intervals_of(side.scenario), level, quantiles)
    return Case(side, design, setting, reason)


def precision_cell(case: Case | None, plan: MatchedPlan) -> Cell | None:
    """Return the precision of a plan, whatever the truth: exact."""
    return None if case is None else Cell(tuple(precision_records(case.setting, plan.name, case.design)), {}, None, {})


class Work(NamedTuple):
    """How the cells of a plan are filled, the same for all designs."""

    engine: EngineChoice
    n_jobs: int
    progress: Callable[[int], None]
    edges: Edges
    """First replicate of each group, and their number."""
    calendar_edges: Edges | None
    """The same of calendar trials; None: the reference has no conduct."""

    @classmethod
    def of(
        cls, cases: Sequence[Case | None], engine: EngineChoice, n_jobs: int, progress: Callable[[int], None]
    ) -> Work:
        """Return how cells are filled: with the replicates of the first design, which all have."""
        known = [case for case in cases if case is not None]
        scenario = known[0].side.scenario
        n_counts = max(n_counts_of(case.setting.plan) for case in known)
        conduct = scenario.conduct if engine != "exact" else None
        calendar_edges = group_edges(conduct.n_sims) if conduct is not None else None
        return cls(engine, n_jobs, progress, group_edges(scenario.n_sims, n_counts), calendar_edges)

    def cells(
        self, plan: MatchedPlan, cases: Sequence[Case | None], truths: Sequence[Truth | None]
    ) -> Iterator[list[Cell | None]]:
        """Yield a cell per design under ideal conduct; then under calendar conduct, for those that share it.

        Nothing is yielded where no other design has the plan and the truth of the reference.
        """
        pairs = list(zip(cases, truths, strict=True))
        is_there = [case is not None and truth is not None for case, truth in pairs]
        if not is_there[0] or not any(is_there[1:]):
            return
        yield [self._ideal(plan, case, truth) if case and truth else None for case, truth in pairs]
        conducted = [bool(case and truth and case.side.scenario.conduct) for case, truth in pairs]
        if self.calendar_edges is not None and any(conducted[1:]):
            yield [
                self._conducted(plan, case, truth, self.calendar_edges) if case and truth and has else None
                for (case, truth), has in zip(pairs, conducted, strict=True)
            ]

    def _ideal(self, plan: MatchedPlan, case: Case, truth: Truth) -> Cell:
        from trialsim.engines.exact import solve

        setting = case.setting._replace(rates=truth.rates(case.design.arm_names))
        is_solved = self.engine != "montecarlo" and not case.why_not
        exact = solve(setting.plan, setting.rates) if is_solved else None
        if self.engine == "exact":
            return Cell(tuple(records_of(setting, plan.name, truth.name, exact, None)), {}, None, {})
        from trialsim.engines.montecarlo import Study

        study = Study(setting.plan, setting.rates, case.side.scenario.seed)
        groups = simulate_groups(study, self.edges, n_jobs=self.n_jobs, progress=self.progress)
        total = groups.total()
        records = records_of(setting, plan.name, truth.name, exact, total)
        implied = implied_errors(setting, exact, total) if exact is not None else {}
        return Cell(tuple(records), left_out(setting, groups), groups.n_trials, implied)

    def _conducted(self, plan: MatchedPlan, case: Case, truth: Truth, edges: Edges) -> Cell:
        from trialsim.calendar import setting_of, study_of
        from trialsim.comparison.calendar_groups import endings_in_groups, simulate_calendar_groups
        from trialsim.comparison.calendar_left_out import calendar_left_out

        scenario, conduct = case.side.scenario, case.side.scenario.conduct
        assert conduct is not None
        setting = case.setting._replace(rates=truth.rates(case.design.arm_names))
        study = study_of(case.design, conduct, setting.rates, scenario.seed)
        found = simulate_calendar_groups(study, edges, setting.quantiles, n_jobs=self.n_jobs, progress=self.progress)
        own_plan, groups = endings_in_groups(found, setting.plan)
        words = setting_of(scenario.design, conduct, setting.quantiles)
        others = left_out(setting._replace(plan=own_plan), groups) | calendar_left_out(words, found)
        records = calendar_records(setting, scenario, plan.name, truth.name, None, found.whole)
        return Cell(tuple(records), others, groups.n_trials, {})


def implied_errors(setting: Setting, exact: Tally, simulated: Tally) -> dict[Key, float]:
    """Return the standard error of each measure that its exact distribution implies for the replicates it rests on."""
    expected = {entry.key: entry.estimate for entry in table(setting, exact.scaled(int(simulated.n_trials)))}
    found = {}
    for key, estimate in ((entry.key, entry.estimate) for entry in table(setting, simulated)):
        own = expected.get(key)
        if own is not None and own.mcse is not None and estimate.n > 0:
            found[key] = own.mcse * sqrt(own.n / estimate.n)
    return found
