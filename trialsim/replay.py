"""One simulated trial, made again from its number; what each look saw of it; and which number has a story to tell.

The kernel runs the trial from its addresses, so it is bit for bit the trial of the run. Here its columns and its patients are
put into words of the protocol, and nothing is told that was not known by the data cut-off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.calendar import study_of
from trialsim.engines.calendar import BLOCK, CalendarStudy, columns_of, one_trial, trials
from trialsim.errors import InputError, nearest
from trialsim.kernels import clinic as c

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from trialsim.columns import Column
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario

    Ints = NDArray[np.int64]
    Cells = dict[tuple[str, int | None, int | None], int | None]
    """Value of a column (without points) by quantity, arm and look; None: it has none in this trial."""

POOLED = "pooled"
MAX_SCANNED = 20_000
"""A finder looks at no more trials than this."""

_NEVER = int(c.NEVER)
_CLASSES = ("response", "stable", "progressive", "not evaluable")
_CROSSED = ("", "response", "stable", "failure")
_DECISIONS = ("continue", "futility", "efficacy", "toxicity")


class Patient(NamedTuple):
    """A patient as known at the data cut-off. Times in minutes after entry; None: not by the cut-off."""

    number: int
    """From 1, in order of entry."""
    arm: str
    entry: int
    """Minute of the trial."""
    observed: str
    """Best response: "response", "stable", "progressive", "not evaluable"."""
    first_response: int | None
    confirmation: int | None
    progression: int | None
    crossover: str | None
    """What crossing over at progression achieved: "response", "stable", "failure", or "under way"."""
    exit: int | None
    """When the patient left the study."""
    exit_reason: str | None
    """"progression", "failure after crossover", "withdrawal", "death"."""
    death: int | None
    toxicity: int | None
    follow_up: int
    """End of follow-up for survival: death, withdrawal or cut-off."""
    treatment_end: int
    """Time to treatment failure, or to its censoring."""
    has_failed: bool
    at_looks: tuple[str, ...]
    """What each look made of the patient; empty: not entered yet, or the look did not take place."""


class AtLook(NamedTuple):
    """What a look saw of an arm, or of all (pooled), and what it decided."""

    name: str
    enrolled: int
    counted: int
    responses: int
    pipeline: int
    overrun: int
    continue_least: int | None
    """Responses needed to go on; None: nothing was asked. More than were counted: it could not be met."""
    success_least: int | None
    decision: str | None
    """"continue", "futility", "efficacy", "toxicity"; None: no longer in the trial (or pooled)."""
    is_success: bool | None


class LookSeen(NamedTuple):
    """A look before the final analysis."""

    name: str
    minute: int | None
    """None: it did not take place."""
    filled: int | None
    """When the last of its patients entered."""
    held_from: int | None
    """Since when enrolment was held for it; None: it was not."""
    arms: tuple[AtLook, ...]
    """The last one is pooled; empty if the look did not take place."""
    why_not: str
    """Why it did not take place."""


class ArmStop(NamedTuple):
    """The end of an arm before the final analysis."""

    arm: str
    minute: int
    look: str | None
    """None: between looks."""
    reason: str
    """"futility", "efficacy", "toxicity", "another arm"."""
    toxicities: int | None
    entered: int | None
    toxic_least: int | None
    """Toxicities at which so many patients entered stop the arm."""


class Ended(NamedTuple):
    """An arm, or all (pooled), at the data cut-off; patients."""

    name: str
    went_on: bool
    enrolled: int
    evaluable: int
    responses: int
    best_response: int
    best_stable: int
    best_progressive: int
    not_evaluable: int
    progressions: int
    crossovers: int
    helped: int
    crossover_responses: int
    deaths: int
    withdrawn: int
    on_study: int
    toxicities: int | None
    success_least: int | None
    is_success: bool | None


class Found(NamedTuple):
    """The trial that a finder chose."""

    trial: int
    which: str
    n_scanned: int
    why: str


@dataclass(frozen=True)
class Replay:
    """One simulated trial."""

    scenario: Scenario
    plan: str
    design: Design
    truth: str
    rates: tuple[float, ...]
    trial: int
    columns: tuple[Column, ...]
    values: tuple[int | None, ...]
    """The columns of the trial as the run has them; None: no value in this trial."""
    looks: tuple[LookSeen, ...]
    stops: tuple[ArmStop, ...]
    """In order of time."""
    arms: tuple[Ended, ...]
    """The last one is pooled."""
    cutoff: int
    duration: int
    patients: tuple[Patient, ...]
    found: Found | None = None

    @property
    def conduct(self) -> Conduct:
        """How the trial is run."""
        assert self.scenario.conduct is not None
        return self.scenario.conduct


class _Case(NamedTuple):
    plan: str
    design: Design
    conduct: Conduct
    truth: str
    rates: tuple[float, ...]
    study: CalendarStudy


def replay(scenario: Scenario, trial: int, truth: str | None = None, plan: str | None = None) -> Replay:
    """Return trial number `trial` of a scenario, the same as in its run.

    Parameters
    ----------
    scenario
        From `load_scenario`, with a `conduct`.
    trial
        Its number, from 0.
    truth, plan
        Names; None: those of `conduct.match`, or the first.

    Raises
    ------
    InputError
        If the scenario has no conduct, or there is no such trial, truth or plan.

    >>> from trialsim import load_scenario
    >>> one = replay(load_scenario("gist"), 5)
    >>> len(one.patients), one.patients[0].number
    (147, 1)
    """
    case = _case(scenario, truth, plan)
    if isinstance(trial, bool) or not isinstance(trial, int | np.integer) or not 0 <= trial < 2**63:
        raise InputError(f"trial {trial}: a trial is a whole number from 0 to {2**63 - 1}")
    row, rows = one_trial(case.study, int(trial))
    columns = tuple(columns_of(case.study))
    values = tuple(None if value == c.MISSING else int(value) for value in row)
    cells = {(x.quantity, x.arm, x.look): value for x, value in zip(columns, values, strict=True) if x.point is None}
    reader = _Reader(case, cells, rows.astype(np.int64))
    cutoff = reader.of("cutoff")
    looks = tuple(reader.look(index) for index in range(len(case.design.looks) - 1))
    return Replay(
        scenario,
        case.plan,
        case.design,
        case.truth,
        case.rates,
        int(trial),
        columns,
        values,
        looks,
        tuple(sorted(reader.stops(), key=lambda stop: stop.minute)),
        reader.ended(),
        cutoff,
        reader.of("duration"),
        tuple(reader.patients(looks)),
    )


def _case(scenario: Scenario, truth: str | None, plan: str | None) -> _Case:
    conduct = scenario.conduct
    if conduct is None:
        raise InputError(f"scenario {scenario.name}: has no conduct, so it has no patients to replay; add conduct: to it")
    match, plans, truths = conduct.match, dict(scenario.designs()), {item.name: item for item in scenario.truths}
    truth = truth if truth is not None else match.truth if match is not None else next(iter(truths))
    plan = plan if plan is not None else match.plan if match is not None and match.plan else next(iter(plans))
    for word, name, known in (("truth", truth, list(truths)), ("plan", plan, list(plans))):
        if name not in known:
            raise InputError(f'--{word}: there is no {word} "{name}"; {nearest(name, known)}')
    rates = truths[truth].rates(plans[plan].arm_names)
    study = study_of(plans[plan], conduct, rates, scenario.seed)
    return _Case(plan, plans[plan], conduct, truth, rates, study)


class _Reader:
    """Columns and patients of one trial, read together."""

    def __init__(self, case: _Case, cells: Cells, rows: Ints) -> None:
        self.case, self.cells, self.rows = case, cells, rows
        self.whole, self.bound = case.study.clinic.whole, case.study.clinic.bound
        self.number = self.whole[c.NUMBER]
        self.names = (*case.design.arm_names, POOLED)
        self.n_arms = len(self.names) - 1
        self.entry, self.arm = rows[c.ENTRY], rows[c.ARM]

    def of(self, quantity: str, arm: int | None = None, look: int | None = None) -> int:
        """Return a column that has a value."""
        value = self.cells[quantity, arm, look]
        assert value is not None
        return value

    def is_out(self, arm: int, look: int) -> bool:
        """Return whether an arm was no longer in the trial when a look came up."""
        stop = self.of("stop_look", arm)
        return stop != c.IN_TRIAL and (stop < look if stop >= 0 else c.STOPPED_BETWEEN - stop <= look)

    # Looks

    def look(self, index: int) -> LookSeen:
        """Return what a look saw and decided."""
        name, minute = self.case.design.looks[index].name, self.cells["look_day", None, index]
        if minute is None:
            return LookSeen(name, None, None, None, (), self._why_not(index))
        arms = tuple(self._at_look(arm, index) for arm in (*range(self.n_arms), -1))
        return LookSeen(
            name, minute, self.cells["look_filled", None, index], self._held_from(index, minute), arms, ""
        )

    def _at_look(self, arm: int, look: int) -> AtLook:
        of_look, is_pooled = self._of_look(look), arm < 0
        counts = [
            self.of(f"look_{what}", arm, look) for what in ("enrolled", "counted", "responses", "pipeline", "overrun")
        ]
        scope, slot = (c.OF_POOLED, self.n_arms) if is_pooled else (c.OF_ARM, arm)
        asked = is_pooled or not self.is_out(arm, look)
        needed = [
            int(self.bound[which, look, slot, counts[1]]) if of_look[of] == scope and asked and counts[1] else None
            for which, of in ((c.CONTINUE_LEAST, c.CONTINUE_OF), (c.SUCCESS_LEAST, c.SUCCESS_OF))
        ]
        code = None if is_pooled else self.cells["look_decision", arm, look]
        success = self.cells["look_success", arm, look]
        decision = None if code is None else _DECISIONS[code]
        return AtLook(self.names[arm], *counts, *needed, decision, None if success is None else bool(success))

    def _of_look(self, look: int) -> Ints:
        found: Ints = self.whole[c.FIRST_LOOK + 2 * look]
        return found

    def _population(self, look: int, minute: int) -> NDArray[np.bool_]:
        """Return who belongs to a look held at a minute: `kernels.looks.populate`, for a trial that is over."""
        of_look, wanted = self._of_look(look), self.whole[c.FIRST_LOOK + 2 * look + 1]
        fires = of_look[c.FIRES]
        may = self.entry <= minute
        if fires >= c.FAILURES:
            return may
        if fires == c.COMPLETED:
            may &= self.rows[c.OFF] >= of_look[c.AFTER_MINUTES]
        elif self.number[c.UNEVALUABLE] == c.REPLACED:
            may &= self.rows[c.CLASS] != c.IS_NOT_EVALUABLE
        if not of_look[c.IS_PER_ARM]:
            return may & (np.cumsum(may) <= of_look[c.WANTED])
        for arm in range(self.n_arms):
            own = self.arm == arm
            may &= ~own | (np.cumsum(may & own) <= wanted[arm])
        return may

    def _held_from(self, look: int, minute: int) -> int | None:
        of_look = self._of_look(look)
        if not of_look[c.HOLDS]:
            return None
        waited_for = self._population(look, minute)
        if of_look[c.IS_PER_ARM]:
            waited_for &= ~np.isin(self.arm, [arm for arm in range(self.n_arms) if self.is_out(arm, look)])
        earlier = [self.cells["look_day", None, index] or 0 for index in range(look)]
        earlier += [stop.minute for stop in self.stops() if stop.look is None and stop.minute <= minute]
        return max(int(self.entry[waited_for].max()), *earlier, 0)

    def _why_not(self, look: int) -> str:
        """Return why a look did not take place."""
        names, of_look = self.names[:-1], self._of_look(look)
        out = [name for arm, name in enumerate(names) if self.is_out(arm, look)]
        if len(out) == len(names):
            return "every arm had stopped before" if len(names) > 1 else "the trial had stopped before"
        if not of_look[c.IS_PER_ARM] and of_look[c.FIRES] < c.FAILURES and self._room(look) < of_look[c.WANTED]:
            return (
                f"it is planned for {of_look[c.WANTED]} patients, and with {' and '.join(out)} stopped there can be no "
                f"more than {self._room(look)}"
            )
        return self._too_late(look, out)

    def _room(self, look: int) -> int:
        """Return how many patients the caps allow when a look comes up."""
        caps, n = self.case.design.caps, [self.of("enrolled", arm) for arm in range(self.n_arms)]
        if self.number[c.WHEN_ARM_STOPS] == c.REFILL:
            return sum(caps)
        return sum(n[arm] if self.is_out(arm, look) else caps[arm] for arm in range(self.n_arms))

    def _too_late(self, look: int, out: list[str]) -> str:
        """Return what a look was still waiting for when the data were closed."""
        of_look, cutoff = self._of_look(look), self.of("cutoff")
        fires, value = int(of_look[c.FIRES]), int(of_look[c.AFTER_MINUTES])
        if fires in (c.FAILURES, c.DEATHS):
            what, row = ("failures", c.FAILURE) if fires == c.FAILURES else ("deaths", c.DEATH)
            n = int((self.entry + self.rows[row] <= cutoff).sum())
            return f"it waits for {value} {what}, and there were {n} by the data cut-off"
        if fires == c.DAY:
            return f"its day, {value / 1440:g}, came after the data cut-off"
        there = self._population(look, cutoff)
        wanted = self.whole[c.FIRST_LOOK + 2 * look + 1]
        short = [
            f"{int((there & (self.arm == arm)).sum())} of {wanted[arm]} of {name}"
            for arm, name in enumerate(self.names[:-1])
            if of_look[c.IS_PER_ARM] and name not in out and (there & (self.arm == arm)).sum() < wanted[arm]
        ]
        if not of_look[c.IS_PER_ARM] and there.sum() < of_look[c.WANTED]:
            short = [f"{int(there.sum())} of {of_look[c.WANTED]}"]
        if short:
            return f"its patients were not complete by the data cut-off ({', '.join(short)})"
        return "what it waits for had not come by the data cut-off"

    # Stops and end

    def stops(self) -> Iterator[ArmStop]:
        """Yield the arms that stopped."""
        for arm, name in enumerate(self.names[:-1]):
            stop = self.of("stop_look", arm)
            if stop == c.IN_TRIAL:
                continue
            if stop < 0:
                who, minute = self._crossed(arm)
                yield self._stop(arm, minute, None, "toxicity" if who == arm else "another arm")
                continue
            code = self.of("look_decision", arm, stop)
            reason = _DECISIONS[code] if code != c.CONTINUE else "another arm"
            yield self._stop(arm, self.of("look_day", None, stop), self.case.design.looks[stop].name, reason)

    def _stop(self, arm: int, minute: int, look: str | None, reason: str) -> ArmStop:
        name = self.names[arm]
        if reason != "toxicity":
            return ArmStop(name, minute, look, reason, None, None, None)
        own = self.arm == arm
        n = int((own & (self.entry <= minute)).sum())
        y = int((own & (self.entry + self.rows[c.TOXICITY_AT] <= minute)).sum())
        return ArmStop(name, minute, look, reason, y, n, int(self.bound[c.TOXIC_LEAST, 0, arm, n]))

    def _crossed(self, arm: int) -> tuple[int, int]:
        """Return whose toxicities stopped an arm between looks, and when."""
        arms = range(self.n_arms) if self.number[c.WHEN_ARM_STOPS] == c.STOP_TRIAL else (arm,)
        found = [(minute, other) for other in arms if (minute := self._crossing(other)) is not None]
        minute, who = min(found)
        return who, minute

    def _crossing(self, arm: int) -> int | None:
        """Return the minute of the first toxicity of an arm that reaches its boundary."""
        own = self.arm == arm
        entry, at = self.entry[own], np.sort((self.entry + self.rows[c.TOXICITY_AT])[own])
        for minute in at[at < _NEVER]:
            n, y = int((entry <= minute).sum()), int((at <= minute).sum())
            if y >= self.bound[c.TOXIC_LEAST, 0, arm, n]:
                return int(minute)
        return None

    def ended(self) -> tuple[Ended, ...]:
        """Return each arm, and all, at the data cut-off."""
        found, final = [], self.bound[c.SUCCESS_LEAST, self.number[c.N_LOOKS]]
        has_toxicity = self.number[c.TOXICITY] != c.NO_TOXICITY
        for arm in (*range(self.n_arms), -1):
            went_on = any(
                self.of("stop_look", other) == c.IN_TRIAL for other in (range(self.n_arms) if arm < 0 else (arm,))
            )
            success = self.cells["success", arm, None]
            needed = None if success is None else int(final[arm, self.of("evaluable", arm)])
            # Of Ended's fields, those between went_on and toxicities are columns of the same name.
            counts = [self.of(name, arm) for name in Ended._fields[2:-3]]
            toxicities = self.of("toxicities", arm) if has_toxicity else None
            verdict = None if success is None else bool(success)
            found.append(Ended(self.names[arm], went_on, *counts, toxicities, needed, verdict))
        return tuple(found)

    # Patients

    def patients(self, looks: Sequence[LookSeen]) -> Iterator[Patient]:
        """Yield the patients in order of entry, as known at the cut-off."""
        due = self.of("cutoff") - self.entry
        final, follow_up = int(self.number[c.FINAL_MODE]), np.minimum(self.rows[c.FOLLOWED], due)
        counted = self.rows[c.BY_CONFIRMED + final]
        has_toxicity = self.number[c.TOXICITY] != c.NO_TOXICITY
        is_dead = self.rows[c.DEATH] <= follow_up
        follow_up = np.where(is_dead, self.rows[c.DEATH], follow_up)
        treatment_end, has_failed = self._time_to_failure(due)
        at_looks = [self._made_of(index, look) for index, look in enumerate(looks)]
        for i in range(len(self.entry)):
            row = [int(value) for value in self.rows[:, i]]
            known = [value if value <= due[i] else None for value in row]
            kind = row[c.CLASS]
            if counted[i] <= due[i]:
                observed = c.IS_RESPONSE
            elif kind == c.IS_PROGRESSIVE and known[c.PROGRESSION] is not None:
                observed = c.IS_PROGRESSIVE
            else:
                observed = c.IS_NOT_EVALUABLE if kind == c.IS_NOT_EVALUABLE else c.IS_STABLE
            crossed = _CROSSED[row[c.CROSSED] if known[c.PROGRESSION] is not None else c.NOT_CROSSED]
            if crossed == "failure" and known[c.OFF] is None:
                crossed = "under way"
            yield Patient(
                i + 1,
                self.names[row[c.ARM]],
                row[c.ENTRY],
                _CLASSES[observed],
                known[c.BY_SEEN],
                known[c.BY_CONFIRMED],
                known[c.PROGRESSION],
                crossed or None,
                known[c.OFF],
                _exit_reason(row) if known[c.OFF] is not None else None,
                row[c.DEATH] if is_dead[i] else None,
                known[c.TOXICITY_AT] if has_toxicity else None,
                int(follow_up[i]),
                int(treatment_end[i]),
                bool(has_failed[i]),
                tuple(str(of_look[i]) for of_look in at_looks),
            )

    def _time_to_failure(self, due: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """Return time to treatment failure or censoring, and whether it failed (docs/calendar-conduct.md, section 7)."""
        survival = self.case.conduct.survival
        failure = self.rows[c.OFF if survival is not None and survival.failure_at == "leaving" else c.FAILURE]
        visits = self.whole[c.VISITS, : self.number[c.N_VISITS]]
        censored = due if len(visits) == 0 else np.concatenate([[0], visits])[np.searchsorted(visits, due, "right")]
        return np.where(failure <= due, failure, censored), failure <= due

    def _made_of(self, look: int, seen: LookSeen) -> NDArray[np.str_]:
        """Return what a look made of each patient."""
        if seen.minute is None:
            return np.full(len(self.entry), "")
        mode = int(self._of_look(look)[c.MODE])
        is_in = self._population(look, seen.minute)
        is_counted = is_in.copy()
        if self.number[c.UNEVALUABLE] != c.NON_RESPONDER:
            is_counted &= self.rows[c.CLASS] != c.IS_NOT_EVALUABLE
        has_entered = self.entry <= seen.minute
        responds = self.entry + self.rows[c.BY_CONFIRMED + mode] <= seen.minute
        is_open = self.entry + self.rows[c.KNOWN_CONFIRMED + mode] > seen.minute
        return np.select(
            [~has_entered, is_counted & responds, is_counted & is_open, is_counted, is_in, is_open],
            [
                "",
                "counted, response",
                "counted, not settled (pipeline)",
                "counted, no response",
                "not counted, not evaluable",
                "not counted, not settled (pipeline)",
            ],
            "not counted, settled",
        )


def _exit_reason(row: list[int]) -> str:
    if row[c.PROGRESSION] < _NEVER and row[c.CROSSED] == c.NOT_CROSSED:
        return "progression"
    if row[c.DEATH] <= row[c.FOLLOWED] and row[c.OFF] == row[c.DEATH]:
        return "death"
    return "failure after crossover" if row[c.CROSSED] == c.CROSSED_FAILURE else "withdrawal"


class Curve(NamedTuple):
    """A Kaplan-Meier curve: it falls at each event time to the value beside it."""

    minute: Ints
    survival: NDArray[np.float64]

    def at(self, minute: int) -> float:
        """Return the curve's value at a time, events at that very minute included."""
        n_fallen = int(np.searchsorted(self.minute, minute, "right"))
        return float(self.survival[n_fallen - 1]) if n_fallen else 1.0


def kaplan_meier(time: Sequence[int], is_event: Sequence[bool]) -> Curve:
    """Return the Kaplan-Meier curve of times, some of which are events and the others censored.

    >>> kaplan_meier([1, 2, 2, 3], [True, True, False, False]).survival
    array([0.75, 0.5 ])
    """
    times, events = np.asarray(time, np.int64), np.asarray(is_event, np.bool_)
    minute, n_events = np.unique(times[events], return_counts=True)
    n_at_risk = len(times) - np.searchsorted(np.sort(times), minute, "left")
    return Curve(minute, np.cumprod((n_at_risk - n_events) / n_at_risk))


# Finders


def find_trial(
    scenario: Scenario,
    which: str = "median",
    truth: str | None = None,
    plan: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Found:
    """Return a trial with a story among the first of a scenario's calendar trials (at most `MAX_SCANNED`).

    Parameters
    ----------
    scenario, truth, plan
        As for `replay`.
    which
        A name of `FINDERS`.
    progress
        Called with the number of trials after each block.

    Raises
    ------
    InputError
        If there is no such finder, or no such trial among those looked at.
    """
    if which not in FINDERS:
        raise InputError(f'--find "{which}": {nearest(which, FINDERS)}')
    case = _case(scenario, truth, plan)
    return FINDERS[which](_Scan(case, which, min(case.conduct.n_sims, MAX_SCANNED), progress))


class _Scan(NamedTuple):
    case: _Case
    which: str
    n_trials: int
    progress: Callable[[int], None]

    def blocks(self) -> Iterator[tuple[int, _Block]]:
        """Yield the number of the first trial and the columns of each block."""
        study = self.case.study._replace(bedside=None)
        whole = study.clinic.whole.copy()
        whole[c.NUMBER, c.HAS_SURVIVAL] = 0  # no finder asks for it, and it takes half the time
        whole.setflags(write=False)
        study = study._replace(clinic=study.clinic._replace(whole=whole))
        where = {(x.quantity, x.arm, x.look): i for i, x in enumerate(columns_of(study)) if x.point is None}
        for first in range(0, self.n_trials, BLOCK):
            n = min(BLOCK, self.n_trials - first)
            yield first, _Block(where, trials(study, first, n))
            self.progress(n)

    def first(self, story: Callable[[_Block], list[tuple[NDArray[np.bool_], str]]], what: str) -> Found:
        """Return the first trial of which one of the stories is true."""
        for start, block in self.blocks():
            told = story(block)
            is_found = np.any([found for found, _ in told], axis=0)
            if is_found.any():
                at = int(np.argmax(is_found))
                why = next(words for found, words in told if found[at])
                return Found(start + at, self.which, start + len(is_found), why)
        raise InputError(
            f"--find {self.which}: in none of the {self.n_trials:,} trials looked at (plan {self.case.plan}, truth "
            f"{self.case.truth}) {what}; try another --truth, --plan or --seed"
        )


class _Block(NamedTuple):
    where: dict[tuple[str, int | None, int | None], int]
    matrix: Ints

    def of(self, quantity: str, arm: int | None = None, look: int | None = None) -> Ints:
        """Return a column."""
        found: Ints = self.matrix[:, self.where[quantity, arm, look]]
        return found


def _by_duration(scan: _Scan) -> Found:
    """Order the trials by duration; under a fixed cut-off, which most reach, by the day of the first look among equals."""
    has_day, has_looks = scan.case.conduct.cutoff.day is not None, len(scan.case.design.looks) > 1
    parts: list[list[Ints]] = [[], [], []]
    for _, block in scan.blocks():
        n = block.of("enrolled", -1)
        first_look = block.of("look_day", None, 0) if has_day and has_looks else np.zeros_like(n)
        for part, values in zip(parts, (block.of("duration"), first_look, n), strict=True):
            part.append(values)
    duration, first_look, n = (np.concatenate(part) for part in parts)
    first_look = np.where(first_look == c.MISSING, _NEVER, first_look)
    sign = -1 if scan.which == "longest" else 1
    order = np.lexsort((np.arange(len(n)), sign * n, sign * first_look, sign * duration))
    chosen = int(order[(len(order) - 1) // 2 if scan.which == "median" else 0])
    words = {"median": "in the middle of", "longest": "the longest of", "shortest": "the shortest of"}[scan.which]
    why = f"{words} the first {len(n):,} trials by duration (day {duration[chosen] / 1440:.1f})"
    if has_day and has_looks:
        held = first_look[chosen] < _NEVER
        day = f"day {first_look[chosen] / 1440:.1f}" if held else "not held"
        why += f", and among equals by the first look ({day})"
    return Found(chosen, scan.which, len(n), f"{why}, then by the number of patients ({n[chosen]})")


def _rates_against(scan: _Scan, bound: str) -> tuple[float, list[tuple[int, str]]]:
    """Return the null or target rate, and the arms whose true rate is at most (at least) that."""
    design, rates = scan.case.design, scan.case.rates
    if design.hypotheses is None:
        raise InputError(f"--find {scan.which}: design {design.name} names no hypotheses; add hypotheses: to it")
    limit = float(getattr(design.hypotheses, bound))
    is_null = bound == "null_rate"
    arms = [
        (arm, name)
        for arm, name in enumerate(design.arm_names)
        if (rates[arm] <= limit if is_null else rates[arm] >= limit)
    ]
    if not arms:
        raise InputError(
            f"--find {scan.which}: under truth {scan.case.truth} no arm's true rate is {'at most' if is_null else 'at least'} "
            f"the {bound.replace('_', ' ')}, {100 * limit:g} %, so no trial was looked at; choose another --truth"
        )
    return limit, arms


def _false_go(scan: _Scan) -> Found:
    limit, arms = _rates_against(scan, "null_rate")
    gates = [i for i, look in enumerate(scan.case.design.looks[:-1]) if look.continue_if is not None]

    def story(block: _Block) -> list[tuple[NDArray[np.bool_], str]]:
        words = f"goes on to the end although its true rate is not above the null rate ({100 * limit:g} %)"
        held = np.ones(len(block.matrix), np.bool_)
        for look in gates:
            held &= block.of("look_day", None, look) != c.MISSING
        told = [(block.of("stop_look", arm) == c.IN_TRIAL, f"{name} {words}") for arm, name in arms]
        late = ", for a look that could have stopped it did not take place"
        return [*((goes_on & held, why) for goes_on, why in told), *((on, why + late) for on, why in told)]

    return scan.first(story, "does an arm that should stop go on to the end")


def _false_stop(scan: _Scan) -> Found:
    limit, arms = _rates_against(scan, "target_rate")
    n_arms = len(scan.case.design.arms)

    def story(block: _Block) -> list[tuple[NDArray[np.bool_], str]]:
        words = f"stops although its true rate reaches the target rate ({100 * limit:g} %)"
        by_success = np.zeros((len(block.matrix), n_arms), np.bool_)
        for look in range(len(scan.case.design.looks) - 1):
            succeeded = np.any([block.of("look_decision", arm, look) == c.EFFICACY for arm in range(n_arms)], axis=0)
            for arm, _ in arms:
                own = block.of("look_decision", arm, look)
                by_success[:, arm] |= (
                    (block.of("stop_look", arm) == look) & succeeded & np.isin(own, (c.CONTINUE, c.EFFICACY))
                )
        return [((block.of("stop_look", arm) != c.IN_TRIAL) & ~by_success[:, arm], f"{name} {words}") for arm, name in arms]

    return scan.first(story, "does an arm that should go on stop")


def _disagree(scan: _Scan) -> Found:
    """Find a look that is content with an arm (or, pooled, with the trial) and a later one that is not."""
    looks, arms = scan.case.design.looks, scan.case.design.arm_names
    slots = [*enumerate(arms), (-1, POOLED)]

    def content(block: _Block, slot: int, look: int) -> NDArray[np.bool_]:
        found = block.of("look_success", slot, look) == 1
        rule = looks[look].continue_if
        if rule is not None and (rule.of == "pooled") == (slot < 0):
            own = [block.of("look_decision", arm, look) == c.CONTINUE for arm in ([slot] if slot >= 0 else range(len(arms)))]
            found |= np.all(own, axis=0)
        return found

    def not_content(block: _Block, slot: int, look: int) -> NDArray[np.bool_]:
        is_final, rule = look == len(looks) - 1, looks[look].success_if
        found = (block.of("success", slot) if is_final else block.of("look_success", slot, look)) == 0
        if rule is not None and rule.requires_all_arms:
            # That an arm has stopped is why, not what was seen.
            for arm in range(len(arms)):
                stop = block.of("stop_look", arm)
                found &= (stop == c.IN_TRIAL) | (stop >= look)
        if not is_final and slot >= 0:
            found |= block.of("look_decision", slot, look) == c.FUTILITY
        return found

    def story(block: _Block) -> list[tuple[NDArray[np.bool_], str]]:
        told = []
        for later in range(1, len(looks)):
            for earlier in range(later):
                for slot, name in slots:
                    for other in {slot, -1}:
                        who = name if other == slot else "the trial"
                        words = (
                            f"{looks[earlier].name} goes well for {name if slot >= 0 else 'the trial'}, "
                            f"{looks[later].name} does not for {who if who != POOLED else 'the trial'}"
                        )
                        told.append((content(block, slot, earlier) & not_content(block, other, later), words))
        return told or [(np.zeros(len(block.matrix), np.bool_), "")]

    return scan.first(story, "is a later look less content than an earlier one")


FINDERS: dict[str, Callable[[_Scan], Found]] = {
    "median": _by_duration,
    "longest": _by_duration,
    "shortest": _by_duration,
    "false-go": _false_go,
    "false-stop": _false_stop,
    "disagree": _disagree,
}
"""To add one: a function from a scan to what it found, and a line here."""
