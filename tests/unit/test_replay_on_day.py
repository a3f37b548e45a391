"""What was known on a day: counted by hand from the patients, equal to the looks and to the cut-off, blind to later."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.amount import few
from trialsim import InputError, Scenario, load_scenario
from trialsim.kernels import clinic as c
from trialsim.replay import Patient, Replay, kaplan_meier, on_day, replay
from trialsim.replay.case import NEVER, Trial
from trialsim.replay.on_day import UNSETTLED, OnDay, seen_on

DAY = 1440
TOXICITY = 'conduct.toxicity={rate: 0.25, stop_if: {kind: responses, at_least: 8}, watched: "continuous"}'
GATE, INTERIM = "conduct.looks.proof-of-concept", "conduct.looks.interim"
READINGS: dict[str, list[str]] = {
    "as shipped": [],
    "first seen": [
        f"{GATE}.counts=first_seen",
        f"{INTERIM}.counts=first_seen",
        "conduct.looks.final.counts=first_seen",
    ],
    "known": [f"{GATE}.fires=when_known"],
    "held": [f"{GATE}.hold=until_decided"],
    "held for days": [f"{GATE}.hold=until_decided", f"{GATE}.fires={{after_days: 60}}"],
    "dropped": ["conduct.unevaluable=dropped", f"{GATE}.fires={{after_days: 10}}"],
    "replaced": ["conduct.unevaluable=replaced"],
    "completed": [f"{INTERIM}.fires={{completed_days: 183}}"],
    "failures": [f"{INTERIM}.fires={{failures: 20}}"],
    "deaths": [f"{INTERIM}.fires={{deaths: 8}}"],
    "day": [f"{INTERIM}.fires={{day: 300}}"],
    "leaving": ["conduct.survival.failure_at=leaving", "conduct.visits={days: []}"],
    "toxicity": [TOXICITY],
    "refill": ["plans.0.when_arm_stops=refill"],
    "stops all": [TOXICITY, "plans.0.when_arm_stops=stop_trial"],
    "after the last entry": ["conduct.cutoff={days_after_last_entry: 200}"],
}
DAYS = (0, 20.5, 61, 130, 190, 271.3, 340, 430)


def gist(*overrides: str) -> Scenario:
    return load_scenario("gist", ["conduct.sensitivity=[]", *overrides])


@pytest.fixture(scope="module")
def replays() -> dict[str, list[Replay]]:
    truths = ("calibrated", "inactive", "mixed")
    return {
        name: [replay(gist(*overrides), trial, truth) for trial, truth in zip((0, 5, 12), truths, strict=True)]
        for name, overrides in READINGS.items()
    }


def by(patient: Patient, minute: int, *times: int | None) -> list[bool]:
    return [time is not None and patient.entry + time <= minute for time in times]


def counted(one: Replay, minute: int, name: str) -> dict[str, int]:
    """Count on a day, from what the cut-off knows of the patients."""
    own = [p for p in one.patients if p.entry <= minute and name in (p.arm, "pooled")]
    had = [by(p, minute, p.first_response, p.confirmation, p.progression, p.exit, p.death) for p in own]
    seen, confirmed, progressed, left, died = (sum(row[i] for row in had) for i in range(5))
    return {
        "enrolled": len(own),
        "on_study": len(own) - left,
        "off_alive": left - died,
        "first_seen": seen,
        "confirmed": confirmed,
        "progressions": progressed,
        "crossovers": sum(p.crossover is not None and row[2] for p, row in zip(own, had, strict=True)),
        "deaths": died,
    }


@pytest.mark.parametrize("name", few(READINGS, 4))
def test_counts_are_those_made_by_hand(name: str, replays: dict[str, list[Replay]]) -> None:
    for one in replays[name]:
        for day in (*DAYS, one.cutoff / DAY):
            on = seen_on(one, day)
            minute = min(round(day * DAY), one.cutoff)
            assert on.minute == minute
            for arm in on.arms:
                expected = counted(one, minute, arm.name)
                assert {field: getattr(arm, field) for field in expected} == expected
                own = [p for p in one.patients if arm.name in (p.arm, "pooled")]
                assert arm.left == Counter(p.exit_reason for p in own if by(p, minute, p.exit)[0])
                poisoned = sum(by(p, minute, p.toxicity)[0] for p in own)
                assert arm.toxicities == (poisoned if "toxicity" in "".join(READINGS[name]) else None)
            assert on.looks == tuple(x for x in one.looks if x.minute is not None and x.minute <= minute)
            assert {arm.name for arm in on.arms if arm.stop} == {x.arm for x in one.stops if x.minute <= minute}


@pytest.mark.parametrize("name", READINGS)
def test_at_the_cut_off_everything_is_as_at_the_cut_off(name: str, replays: dict[str, list[Replay]]) -> None:
    for one in replays[name]:
        for day in (one.cutoff / DAY, one.cutoff / DAY + 1000):
            on = seen_on(one, day)
            assert on.is_closed
            assert on.waiting is None
            assert on.patients == one.patients
            for arm, ended in zip(on.arms, one.arms, strict=True):
                same = ("enrolled", "on_study", "progressions", "crossovers", "deaths")
                assert {field: getattr(arm, field) for field in same} == {field: ended.n[field] for field in same}
                assert arm.off_alive == ended.n["withdrawn"]
                assert ended.n["best_response"] == (arm.first_seen if name == "first seen" else arm.confirmed)
                assert arm.toxicities == ended.toxicities


@pytest.mark.parametrize("name", READINGS)
def test_on_the_minute_of_a_look_the_committee_knows_what_the_look_saw(
    name: str, replays: dict[str, list[Replay]]
) -> None:
    n_held = 0
    for one in replays[name]:
        held = [look for look in one.looks if look.minute is not None]
        n_held += len(held)
        for number, look in enumerate(held):
            assert look.minute is not None
            on = seen_on(one, look.minute / DAY)
            assert on.looks[: number + 1] == tuple(held[: number + 1])
            for arm, seen in zip(on.arms, look.arms, strict=True):
                assert (arm.enrolled, arm.unsettled) == (seen.enrolled, seen.pipeline)
    assert n_held > 0 or name == "stops all"


# What the next look waits for


def before(one: Replay, minute: int) -> OnDay:
    return seen_on(one, (minute - 1) / DAY)


@pytest.mark.parametrize("name", READINGS)
def test_a_look_is_awaited_until_it_is_held(name: str, replays: dict[str, list[Replay]]) -> None:
    for one in replays[name]:
        for look in (look for look in one.looks if look.minute is not None):
            waiting = before(one, look.minute).waiting
            assert waiting is not None
            assert waiting.look == look.name or look.minute in [other.minute for other in one.looks if other != look]
            assert waiting.due in (None, look.minute)
            n_short = sum(there.n < there.wanted for there in waiting.there)
            assert (n_short > 0) == (waiting.what in ("patients", "completers", "failures", "deaths"))
            if waiting.what == "settled":
                assert sum(there.unsettled for there in waiting.there) > 0


@pytest.mark.long
def test_every_kind_of_waiting_is_met(replays: dict[str, list[Replay]]) -> None:
    met = {
        (name, on.waiting.what)
        for name, own in replays.items()
        for one in own
        for on in (seen_on(one, day) for day in DAYS)
        if on.waiting is not None
    }
    assert {("as shipped", "patients"), ("as shipped", "certain"), ("as shipped", "due"), ("known", "settled")} <= met
    assert {("completed", "completers"), ("failures", "failures"), ("deaths", "deaths"), ("day", "due")} <= met
    assert {what for _, what in met} == {
        *("patients", "completers", "due", "settled", "certain", "failures", "deaths", "cut-off")
    }


@pytest.mark.long
def test_a_day_that_is_certain_is_named_and_kept(replays: dict[str, list[Replay]]) -> None:
    n = 0
    for name in ("as shipped", "dropped", "held for days", "day"):
        for one in replays[name]:
            days = {look.name: look.minute for look in one.looks}
            for day in range(0, 460, 10):
                waiting = seen_on(one, day).waiting
                if waiting is not None and waiting.due is not None and waiting.due <= one.cutoff:
                    is_stopped = len(one.stops) == 2  # then there may be no such look
                    assert is_stopped or waiting.due == days.get(waiting.look, one.cutoff)
                    n += 1
    assert n > 50


@pytest.mark.parametrize("name", ["held", "held for days", "as shipped"])
def test_enrolment_is_held_when_it_is(name: str, replays: dict[str, list[Replay]]) -> None:
    for one in replays[name]:
        look = one.looks[0]
        assert look.minute is not None
        assert (look.held_from is None) == (name == "as shipped")
        for minute in {look.minute - 1, look.minute, *([look.held_from - 1, look.held_from] if look.held_from else [])}:
            waiting = seen_on(one, minute / DAY).waiting
            is_held = look.held_from is not None and look.held_from <= minute < look.minute
            assert waiting is not None
            assert waiting.is_held == is_held


def test_the_final_analysis_is_awaited_when_no_look_is_left() -> None:
    one = replay(gist(f"{GATE}.continue_if.rule.at_least=18".replace("conduct", "design")), 0)
    assert len(one.stops) == 2
    waiting = seen_on(one, one.stops[-1].minute / DAY).waiting
    assert waiting is not None
    assert (waiting.look, waiting.what, waiting.due) == ("final", "cut-off", one.cutoff)
    later = replay(gist("conduct.cutoff={days_after_last_entry: 200}"), 0)
    waiting = seen_on(later, later.cutoff / DAY - 1).waiting
    assert waiting is not None
    assert (waiting.what, waiting.due) == ("cut-off", None)


def test_a_look_that_is_passed_over_is_not_awaited() -> None:
    overrides = (
        f"{GATE}.fires={{after_days: 1}}",
        "design.looks.interim.at={total: 140}",
        "design.looks.proof-of-concept.continue_if.rule.at_least={400 mg: 18, 600 mg: 0}",
    )
    one = replay(gist(*overrides), 0)
    stop = one.stops[0].minute
    earlier, later = before(one, stop).waiting, seen_on(one, stop / DAY).waiting
    assert earlier is not None
    assert later is not None
    assert (earlier.look, later.look) == ("proof-of-concept", "final")


# Nothing of later


_TIMES = (
    *(c.FIRST, c.CONF, c.BY_CONFIRMED, c.BY_SEEN, c.KNOWN_CONFIRMED, c.KNOWN_SEEN, c.PROGRESSION, c.WITHDRAWAL),
    *(c.DEATH_BEFORE, c.FAILURE, c.OFF, c.DEATH, c.FOLLOWED, c.TOXICITY_AT),
)


def with_another_future(trial: Trial, minute: int, rng: np.random.Generator) -> Trial:
    """Return a trial that is the same up to a minute, and different after it."""
    rows = trial.rows.copy()
    is_later = rows[c.ENTRY] > minute
    rows[c.ENTRY, is_later] = np.sort(rng.integers(minute + 1, minute + 10**6, is_later.sum()))
    rows[c.ARM, is_later] = rng.integers(0, trial.n_arms, is_later.sum())
    due = minute - rows[c.ENTRY]
    is_on_study, is_open = rows[c.OFF] > due, rows[[c.KNOWN_CONFIRMED, c.KNOWN_SEEN]].min(axis=0) > due
    n_kinds = np.where(due < 30 * DAY, 4, 3)  # who is not evaluable is known by the first response visit
    rows[c.CLASS] = np.where(is_open, rng.integers(0, n_kinds), rows[c.CLASS])
    another = np.where(rows[c.CROSSED] == c.NOT_CROSSED, 0, rng.integers(1, 4, len(due)))
    another = np.where(rows[c.PROGRESSION] > due, rng.integers(0, 4, len(due)), another)
    rows[c.CROSSED] = np.where(is_on_study, another, rows[c.CROSSED])
    for row in _TIMES:
        is_unknown = rows[row] > due
        if row not in (c.DEATH, c.FOLLOWED):
            is_unknown &= is_on_study
        new = np.where(rng.random(len(due)) < 0.3, NEVER, np.maximum(due, -1) + 1 + rng.integers(0, 10**6, len(due)))
        rows[row] = np.where(is_unknown, new, rows[row])
    stopped = {arm for arm in range(trial.n_arms) if not is_later[trial.arm == arm].any()}
    cells = {key: value for key, value in trial.cells.items() if key[0] != "look_day" or (value or NEVER) <= minute}
    cells |= {key: None for key in trial.cells if key not in cells}
    cells |= {("enrolled", arm, None): 10**6 for arm in range(trial.n_arms) if arm not in stopped}
    return trial._replace(rows=rows, cells=cells)


@pytest.mark.parametrize("name", few(READINGS, 4))
def test_another_future_changes_nothing(
    name: str, replays: dict[str, list[Replay]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, real = np.random.default_rng(20), on_day.trial_of
    for one in replays[name]:
        for day in (20, 130, 190, 340):
            known = seen_on(one, day)
            with monkeypatch.context() as patch:
                patch.setattr(on_day, "trial_of", lambda *at: with_another_future(real(*at), day * DAY, rng))  # noqa: B023
                assert seen_on(replace(one, patients=(), arms=(), values=()), day) == known


def test_what_only_the_cut_off_tells_stays_open(replays: dict[str, list[Replay]]) -> None:
    observed, crossed = Counter(), Counter()
    for one in replays["as shipped"]:
        for day in DAYS:
            for patient, final in zip((on := seen_on(one, day)).patients, one.patients, strict=False):
                observed[patient.observed] += 1
                crossed[patient.crossover] += 1
                assert patient.entry == final.entry
                assert patient.follow_up <= on.minute - patient.entry
    assert set(observed) == {UNSETTLED, "response", "stable", "progressive", "not evaluable"}
    assert set(crossed) == {None, "under way", "failure"}


# Curves


def test_patients_alive_are_censored_on_that_day(replays: dict[str, list[Replay]]) -> None:
    for one in replays["as shipped"]:
        minute = 340 * DAY
        for patient in seen_on(one, 340).patients:
            if patient.death is None and patient.exit_reason != "withdrawal" and patient.crossover is None:
                assert patient.follow_up == minute - patient.entry


def test_curves_of_a_later_day_have_the_events_of_an_earlier_one(replays: dict[str, list[Replay]]) -> None:
    for one in replays["as shipped"]:
        seen = [seen_on(one, day).patients for day in DAYS]
        for earlier, later in pairwise(seen):
            for before_, after in zip(earlier, later, strict=False):
                assert before_.death in (None, after.death)
                assert after.treatment_end >= before_.treatment_end
                assert not before_.has_failed or before_.treatment_end == after.treatment_end
        curve = kaplan_meier(*zip(*((p.follow_up, p.death is not None) for p in seen[-1]), strict=True))
        assert len(curve.minute) == len({p.death for p in seen[-1]} - {None})


@pytest.mark.parametrize("day", [-1, float("nan"), float("inf")])
def test_a_day_is_a_number_from_0(day: float, replays: dict[str, list[Replay]]) -> None:
    with pytest.raises(InputError, match="a day of the trial is a number from 0"):
        seen_on(replays["as shipped"][0], day)
