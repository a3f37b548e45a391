"""Which trial of which plan under which truth, and the raw numbers of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.calendar import study_of
from trialsim.engines.calendar import CalendarStudy, columns_of, one_trial
from trialsim.errors import InputError, nearest
from trialsim.kernels import clinic as c
from trialsim.replay.values import POOLED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.columns import Column
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario

    Ints = NDArray[np.int64]
    Truths = NDArray[np.bool_]

NEVER = int(c.NEVER)


class Case(NamedTuple):
    """A plan of a scenario under one truth, compiled."""

    plan: str
    design: Design
    conduct: Conduct
    truth: str
    rates: tuple[float, ...]
    study: CalendarStudy


def case_of(scenario: Scenario, truth: str | None, plan: str | None) -> Case:
    """Return plan and truth by their names; None: those of `conduct.match`, or the first.

    Raises
    ------
    InputError
        If the scenario has no conduct, or no such truth or plan.
    """
    conduct = scenario.conduct
    if conduct is None:
        raise InputError(
            f"scenario {scenario.name}: has no conduct, so it has no patients to replay; add conduct: to it"
        )
    match, plans, truths = conduct.match, dict(scenario.designs()), {item.name: item for item in scenario.truths}
    truth = truth if truth is not None else match.truth if match is not None else next(iter(truths))
    plan = plan if plan is not None else match.plan if match is not None and match.plan else next(iter(plans))
    for word, name, known in (("truth", truth, list(truths)), ("plan", plan, list(plans))):
        if name not in known:
            raise InputError(f'--{word}: there is no {word} "{name}"; {nearest(name, known)}')
    rates = truths[truth].rates(plans[plan].arm_names)
    study = study_of(plans[plan], conduct, rates, scenario.seed)
    return Case(plan, plans[plan], conduct, truth, rates, study)


class Trial(NamedTuple):
    """The raw numbers of one trial: its columns, and its patients in the rows of `kernels.clinic`."""

    case: Case
    columns: tuple[Column, ...]
    values: tuple[int | None, ...]
    """None: no value in this trial."""
    cells: dict[tuple[str, int | None, int | None], int | None]
    """Value by quantity, arm and look, of columns without points."""
    rows: Ints

    @property
    def whole(self) -> Ints:
        """Whole numbers of the compiled trial."""
        return self.case.study.clinic.whole

    @property
    def number(self) -> Ints:
        """Single numbers of the compiled trial."""
        found: Ints = self.whole[c.NUMBER]
        return found

    @property
    def n_arms(self) -> int:
        """How many arms there are."""
        return len(self.case.design.arms)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the arms, and "pooled"."""
        return (*self.case.design.arm_names, POOLED)

    @property
    def entry(self) -> Ints:
        """Minute at which each patient entered."""
        found: Ints = self.rows[c.ENTRY]
        return found

    @property
    def arm(self) -> Ints:
        """Arm of each patient, by number."""
        found: Ints = self.rows[c.ARM]
        return found

    def least(self, which: int, look: int, slot: int, n: int) -> int:
        """Return the least number that meets a criterion, of an arm or (-1) pooled, among `n`."""
        return int(self.case.study.clinic.bound[which, look, slot, n])

    def of_look(self, look: int) -> Ints:
        """Return the numbers of a look of the compiled trial."""
        found: Ints = self.whole[c.FIRST_LOOK + 2 * look]
        return found

    def wanted(self, look: int) -> Ints:
        """Return what a look wants of each arm."""
        found: Ints = self.whole[c.FIRST_LOOK + 2 * look + 1]
        return found

    def of(self, quantity: str, arm: int | None = None, look: int | None = None) -> int:
        """Return a column that has a value."""
        value = self.cells[quantity, arm, look]
        assert value is not None
        return value

    def is_out(self, arm: int, look: int) -> bool:
        """Return whether an arm was no longer in the trial when a look came up."""
        stop = self.of("stop_look", arm)
        return stop != c.IN_TRIAL and (stop < look if stop >= 0 else c.STOPPED_BETWEEN - stop <= look)


def trial_of(case: Case, number: int) -> Trial:
    """Return trial `number` of a case.

    Raises
    ------
    InputError
        If there is no such number.
    """
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or not 0 <= number < 2**63:
        raise InputError(f"trial {number}: a trial is a whole number from 0 to {2**63 - 1}")
    row, rows = one_trial(case.study, int(number))
    columns = tuple(columns_of(case.study))
    values = tuple(None if value == c.MISSING else int(value) for value in row)
    cells = {(x.quantity, x.arm, x.look): value for x, value in zip(columns, values, strict=True) if x.point is None}
    return Trial(case, columns, values, cells, rows.astype(np.int64))
