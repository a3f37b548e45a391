"""One trial again: it is the trial of the run, its words add up to its columns, its curves are those of lifelines."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from trialsim import InputError, Scenario, load_scenario
from trialsim.engines.calendar import trials
from trialsim.kernels import clinic as c
from trialsim.replay import FINDERS, Replay, find_trial, kaplan_meier, replay
from trialsim.replay.case import case_of
from trialsim.report.replay import column_keys, patient_table, sentences

TOXICITY = 'conduct.toxicity={rate: 0.25, stop_if: {kind: responses, at_least: 8}, watched: "continuous"}'
READINGS: dict[str, list[str]] = {
    "as shipped": [],
    "first seen": ["conduct.looks.proof-of-concept.counts=first_seen", "conduct.looks.final.counts=first_seen"],
    "known": ["conduct.looks.proof-of-concept.fires=when_known"],
    "held": ["conduct.looks.proof-of-concept.hold=until_decided"],
    "dropped": ["conduct.unevaluable=dropped"],
    "replaced": ["conduct.unevaluable=replaced"],
    "completed": ["conduct.looks.interim.fires={completed_days: 183}"],
    "failures": ["conduct.looks.interim.fires={failures: 20}"],
    "deaths": ["conduct.looks.interim.fires={deaths: 8}"],
    "day": ["conduct.looks.interim.fires={day: 300}"],
    "leaving": ["conduct.survival.failure_at=leaving", "conduct.visits={days: []}"],
    "toxicity": [TOXICITY],
    "toxicity at looks": [TOXICITY.replace("continuous", "looks"), "plans.0.when_arm_stops=refill"],
    "toxicity stops all": [TOXICITY, "plans.0.when_arm_stops=stop_trial"],
    "after the last entry": ["conduct.cutoff={days_after_last_entry: 200}", "conduct.match.truth=weak"],
}
TRIALS = (0, 1, 5, 12)


def gist(*overrides: str) -> Scenario:
    return load_scenario("gist", ["conduct.sensitivity=[]", *overrides])


@pytest.fixture(scope="module")
def replays() -> dict[str, list[Replay]]:
    truths = ("calibrated", "weak", "inactive")
    found = {}
    for name, overrides in READINGS.items():
        scenario = gist(*overrides)
        found[name] = [replay(scenario, trial, truth) for trial in TRIALS for truth in truths]
    return found


@pytest.mark.parametrize("plan", ["147 patients", "200 patients"])
@pytest.mark.parametrize("overrides", [[], ["seed=7", TOXICITY]], ids=["as shipped", "toxicity"])
def test_a_replay_is_the_trial_of_the_run(plan: str, overrides: list[str]) -> None:
    scenario, n = gist(*overrides), 30
    study = case_of(scenario, "mixed", plan).study
    rows = trials(study, 0, n)
    for trial in (0, 1, 7, n - 1):
        again = replay(scenario, trial, "mixed", plan)
        assert [c.MISSING if value is None else value for value in again.values] == rows[trial].tolist()
    assert len({row.tobytes() for row in rows}) == n


def test_trials_far_out_have_addresses_too() -> None:
    scenario = gist()
    (row,) = trials(case_of(scenario, None, None).study, 2**63 - 1, 1)
    again = replay(scenario, 2**63 - 1)
    assert [c.MISSING if value is None else value for value in again.values] == row.tolist()


@pytest.mark.parametrize("name", READINGS)
def test_what_the_looks_made_of_patients_adds_up(name: str, replays: dict[str, list[Replay]]) -> None:
    n_held = 0
    for one in replays[name]:
        for number, look in enumerate(one.looks):
            made = Counter((p.arm, p.at_looks[number]) for p in one.patients)
            if look.minute is None:
                assert {words for _, words in made} <= {""}
                assert look.why_not
                continue
            n_held += 1
            for arm in look.arms[:-1]:
                own = {words: n for (which, words), n in made.items() if which == arm.name}
                assert sum(n for words, n in own.items() if words) == arm.enrolled
                assert sum(n for words, n in own.items() if words.startswith("counted")) == arm.counted
                assert own.get("counted, response", 0) == arm.responses
                assert sum(n for words, n in own.items() if words.endswith("(pipeline)")) == arm.pipeline
                assert arm.overrun >= 0
            assert look.arms[-1].enrolled == sum(1 for p in one.patients if p.entry <= look.minute)
    assert (n_held > 0) == (name != "toxicity stops all")  # which stops before any look


@pytest.mark.parametrize("name", READINGS)
def test_the_listing_adds_up_to_the_columns(name: str, replays: dict[str, list[Replay]]) -> None:
    for one in replays[name]:
        for ended in one.arms:
            own = [p for p in one.patients if ended.name in (p.arm, "pooled")]
            observed = Counter(p.observed for p in own)
            listed = {
                "enrolled": len(own),
                "best_response": observed["response"],
                "best_stable": observed["stable"],
                "best_progressive": observed["progressive"],
                "not_evaluable": observed["not evaluable"],
                "progressions": sum(p.progression is not None for p in own),
                "crossovers": sum(p.crossover is not None for p in own),
                "helped": sum(p.crossover in ("response", "stable") for p in own),
                "crossover_responses": sum(p.crossover == "response" for p in own),
                "deaths": sum(p.death is not None for p in own),
                "withdrawn": sum(p.exit is not None for p in own) - sum(p.death is not None for p in own),
                "on_study": sum(p.exit is None for p in own),
            }
            assert {key: ended.n[key] for key in listed} == listed
            assert ended.toxicities in (None, sum(p.toxicity is not None for p in own))
            for patient in own:
                assert (patient.exit is None) == (patient.exit_reason is None)
    assert any(p.exit_reason == "failure after crossover" for one in replays[name] for p in one.patients)


@pytest.mark.parametrize("name", READINGS)
def test_nothing_is_told_that_was_not_known_by_the_cut_off(name: str, replays: dict[str, list[Replay]]) -> None:
    for one in replays[name]:
        assert [p.number for p in one.patients] == list(range(1, len(one.patients) + 1))
        for p in one.patients:
            times = (p.first_response, p.confirmation, p.progression, p.exit, p.death, p.toxicity, p.follow_up)
            assert all(0 <= p.entry + time <= one.cutoff for time in times if time is not None)
            assert p.treatment_end <= one.cutoff - p.entry


@pytest.mark.parametrize("n_replays", [2, pytest.param(8, marks=pytest.mark.slow_statistics)])  # 4 and 15 s
@pytest.mark.parametrize("name", READINGS)
def test_curves_are_those_of_lifelines_and_of_the_kernel(
    name: str, n_replays: int, replays: dict[str, list[Replay]]
) -> None:
    assert len(replays[name]) >= n_replays
    for one in replays[name][:n_replays]:
        values = dict(zip(column_keys(one), one.values, strict=True))
        for arm in (*one.design.arm_names, "pooled"):
            own = [p for p in one.patients if arm in (p.arm, "pooled")]
            os = ([p.follow_up for p in own], [p.death is not None for p in own])
            ttf = ([p.treatment_end for p in own], [p.has_failed for p in own])
            for which, (time, is_event) in (("os", os), ("ttf", ttf)):
                curve = kaplan_meier(time, is_event)
                other = KaplanMeierFitter().fit(time, is_event)
                points = [0, *curve.minute.tolist(), max(time)]
                expected = other.survival_function_at_times(points).to_numpy()
                assert [curve.at(point) for point in points] == pytest.approx(expected, abs=1e-12)
                own_value = values[f"{which}, {arm}, day 365"]
                assert own_value is not None
                assert abs(curve.at(365 * 1440) * 1e6 - own_value) <= 0.5 + 1e-6
                below = curve.minute[curve.survival <= 0.5 + 1e-9]
                assert values[f"{which}_median, {arm}"] == (int(below[0]) if len(below) else None)


def test_a_curve_without_patients_or_events_stays_at_one() -> None:
    for time in ([], [3, 4]):
        curve = kaplan_meier(time, [False] * len(time))
        assert curve.at(10**6) == 1.0
        assert len(curve.minute) == 0


def test_ties_of_events_and_censorings() -> None:
    curve = kaplan_meier([5, 5, 5, 9], [True, False, True, True])
    assert curve.minute.tolist() == [5, 9]
    assert curve.survival.tolist() == [0.5, 0.0]
    assert (curve.at(4), curve.at(5), curve.at(8), curve.at(9)) == (1.0, 0.5, 0.5, 0.0)


@pytest.mark.parametrize("name", READINGS)
def test_stops_and_duration_agree(name: str, replays: dict[str, list[Replay]]) -> None:
    for one in replays[name]:
        went_on = {ended.name for ended in one.arms[:-1] if ended.went_on}
        assert {stop.arm for stop in one.stops} == set(one.design.arm_names) - went_on
        assert one.duration == (one.cutoff if went_on else max(stop.minute for stop in one.stops))
        for stop in one.stops:
            if stop.reason == "toxicity":
                assert stop.toxicities is not None
                assert stop.toxic_least is not None
                assert stop.toxicities >= stop.toxic_least == 8


def test_toxicity_stops_are_told_with_their_numbers(replays: dict[str, list[Replay]]) -> None:
    stops = [stop for one in replays["toxicity"] for stop in one.stops if stop.look is None]
    assert stops
    assert all(stop.toxicities == stop.toxic_least == 8 for stop in stops)
    together = [stop for one in replays["toxicity stops all"] for stop in one.stops]
    assert {"toxicity", "another arm"} <= {stop.reason for stop in together}
    at_looks = [stop for one in replays["toxicity at looks"] for stop in one.stops if stop.reason == "toxicity"]
    assert at_looks
    assert all(stop.look is not None for stop in at_looks)
    story = " ".join(line for one in replays["toxicity"] for line in sentences(one))
    assert "8 toxicities among" in story
    told = sentences(next(one for one in replays["toxicity stops all"] if len(one.stops) == 2))
    assert [line.split()[0] for line in told[-5:]] == ["Day", "Look", "Look", "Data", "The"]
    assert "(8 or more stop it), stops for toxicity." in story


def test_held_enrolment_is_held(replays: dict[str, list[Replay]]) -> None:
    looks = [(one, one.looks[0]) for one in replays["held"] if one.looks[0].minute is not None]
    assert looks
    for one, look in looks:
        assert look.held_from is not None
        assert look.minute is not None
        assert not [p for p in one.patients if look.held_from < p.entry <= look.minute]
    assert all(one.looks[0].held_from is None for one in replays["known"])


def why_not(look: str, *overrides: str, truth: str = "calibrated", trial: int = 0) -> str:
    one = replay(gist(*overrides), trial, truth)
    return next(found.why_not for found in one.looks if found.name == look)


def test_why_a_look_did_not_take_place() -> None:
    early = ("conduct.cutoff={day: 60}", "conduct.looks.interim.fires=when_known")
    assert why_not("proof-of-concept", *early).startswith("its patients were not there by the data cut-off (400 mg ")
    assert why_not("interim", *early).startswith("proof-of-concept, which comes before it, had not taken place by ")
    day = ("conduct.looks.proof-of-concept.fires={after_days: 300}", "conduct.cutoff={day: 310}")
    assert why_not("proof-of-concept", *day).startswith("it was due on day 4")
    decided = why_not("proof-of-concept", "conduct.cutoff={day: 200}", truth="inactive")
    assert decided.startswith("by the data cut-off its rule was not yet certain (400 mg: ")
    deaths = ("conduct.looks.proof-of-concept.fires={deaths: 140}",)
    assert why_not("proof-of-concept", *deaths).startswith("it waits for 140 deaths, and there were ")


def test_why_a_look_is_passed_over_when_arms_have_stopped() -> None:
    overrides = (
        "conduct.looks.proof-of-concept.fires={after_days: 1}",
        "design.looks.interim.at={total: 140}",
        "design.looks.proof-of-concept.continue_if.rule.at_least={400 mg: 18, 600 mg: 0}",
    )
    one = replay(gist(*overrides), 0)
    assert one.stops[0].arm == "400 mg"
    room = one.arms[0].n["enrolled"] + 74
    assert one.looks[1].why_not == (
        f"it is planned for 140 patients, and with 400 mg stopped there can be no more than {room}"
    )
    both = (overrides[0], "design.looks.proof-of-concept.continue_if.rule.at_least=18")
    assert why_not("interim", *both) == "every arm had stopped before"


def test_rules_are_told_with_their_numbers() -> None:
    one = replay(gist(), 5)
    story = sentences(one)
    look = one.looks[0]
    x, n = look.arms[0].responses, look.arms[0].counted
    assert n == 18
    assert f"To go on at proof-of-concept, 3 or more responses needed: 400 mg {x} of 18, goes on" in " ".join(story)
    assert (
        "29 or more responses needed (the lower limit of the 95 % clopper-pearson interval is above 20 %)" in story[4]
    )
    assert story[0].startswith("147 patients entered (400 mg 73, 600 mg 74), from day ")


def test_columns_that_the_scenario_cannot_have_are_left_out() -> None:
    assert "toxicity" not in patient_table(replay(gist(), 0)).header
    assert "toxicity" in patient_table(replay(gist(TOXICITY), 0)).header
    plain = patient_table(replay(gist("conduct.crossover=null", "conduct.response.confirmation={}"), 0)).header
    assert not {"crossover", "confirmed"} & set(plain)


# Finders


def rows_of(scenario: Scenario, truth: str | None, n: int) -> list[Replay]:
    return [replay(scenario, trial, truth) for trial in range(n)]


@pytest.fixture(scope="module")
def few() -> Scenario:
    only = "conduct.match.results=[{label: deaths, quantity: deaths, arm: pooled, printed: 14}]"
    return gist("conduct.n_sims=41", only, "conduct.adverse_events=null", "conduct.exposure=null")


def test_durations_are_found_by_sorting(few: Scenario) -> None:
    found = rows_of(few, "inactive", 41)

    def key(one: Replay) -> tuple[Any, ...]:
        first = one.looks[0].minute
        return one.duration, 2**30 if first is None else first, len(one.patients), one.trial

    ordered = sorted(found, key=key)
    assert find_trial(few, "median", "inactive").trial == ordered[20].trial
    assert find_trial(few, "shortest", "inactive").trial == ordered[0].trial
    longest = min(found, key=lambda one: (*(-value for value in key(one)[:3]), one.trial))
    chosen = find_trial(few, "longest", "inactive")
    assert chosen.trial == longest.trial
    assert chosen.n_scanned == 41


def test_false_decisions_are_the_first(few: Scenario) -> None:
    found = rows_of(few, "mixed", 41)
    goes = [one.trial for one in found if one.arms[0].went_on]
    stops = [one.trial for one in found if not one.arms[1].went_on]
    assert find_trial(few, "false-go", "mixed").trial == goes[0]
    assert "400 mg goes on to the end" in find_trial(few, "false-go", "mixed").why
    assert stops
    chosen = find_trial(few, "false-stop", "mixed")
    assert (chosen.trial, chosen.n_scanned) == (stops[0], 41)
    assert chosen.why.startswith("600 mg stops although its true rate reaches the target rate (30 %)")


def test_an_arm_stopped_for_success_is_no_false_stop() -> None:
    success = "{of: arm, then: stop, rule: {kind: responses, at_least: 3}}"
    scenario = gist(f"design.looks.proof-of-concept.success_if={success}", "conduct.n_sims=40")
    assert any(stop.reason == "efficacy" for one in rows_of(scenario, "calibrated", 5) for stop in one.stops)
    with pytest.raises(InputError, match="in none of the 40 trials looked at"):
        find_trial(scenario, "false-stop", "calibrated")


def test_looks_that_disagree(few: Scenario) -> None:
    found = rows_of(few, "weak", 41)
    first = next(
        one.trial
        for one in found
        if one.looks[0].minute is not None
        and all(arm.decision == "continue" for arm in one.looks[0].arms[:-1])
        and one.looks[1].minute is not None
        and one.looks[1].arms[-1].is_success is False
    )
    chosen = find_trial(few, "disagree", "weak")
    assert chosen.trial == first
    assert chosen.why.startswith("proof-of-concept goes well for ")


def test_finders_read_no_more_than_their_limit(few: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trialsim.replay.finders.MAX_SCANNED", 10)
    monkeypatch.setattr("trialsim.replay.finders.BLOCK", 4)
    seen: list[int] = []
    assert find_trial(few, "median", progress=seen.append).n_scanned == 10
    assert seen == [4, 4, 2]


def test_finders_that_find_nothing_say_how_many_they_looked_at(few: Scenario) -> None:
    with pytest.raises(InputError, match=r"none of the 41 trials looked at .*truth calibrated"):
        find_trial(few, "disagree")
    with pytest.raises(InputError, match="no arm's true rate is at most the null rate, 5 %, so no trial was looked at"):
        find_trial(few, "false-go")
    with pytest.raises(InputError, match="no arm's true rate is at least the target rate, 30 %"):
        find_trial(few, "false-stop", "weak")
    with pytest.raises(InputError, match='did you mean "median"'):
        find_trial(few, "medan")
    assert len(FINDERS) == 6


def test_default_truth_and_plan() -> None:
    one = replay(gist(), 0)
    assert (one.truth, one.plan) == ("calibrated", "147 patients")
    one = replay(gist("conduct.match=null"), 0)
    assert (one.truth, one.plan) == ("inactive", "147 patients")


@pytest.mark.parametrize("trial", [-1, 2**63, True, 2.0, "5", None])
def test_numbers_that_are_no_trial(trial: Any) -> None:
    with pytest.raises(InputError, match=f"trial {trial}: a trial is a whole number from 0 to 9223372036854775807"):
        replay(gist(), trial)


def test_numpy_numbers_are_trials() -> None:
    assert replay(gist(), np.int64(3)).trial == 3  # type: ignore[arg-type]


def test_names_that_are_not_there() -> None:
    with pytest.raises(InputError, match='there is no truth "calibratd"; did you mean "calibrated"'):
        replay(gist(), 0, truth="calibratd")
    with pytest.raises(InputError, match='there is no plan "147 patient"; did you mean "147 patients"'):
        replay(gist(), 0, plan="147 patient")
    with pytest.raises(InputError, match="scenario simon-20-40: has no conduct"):
        replay(load_scenario("simon-20-40"), 0)


def test_a_single_arm_with_nothing_said() -> None:
    one = replay(load_scenario("simon-20-40", ["conduct={}"]), 4)
    assert len(one.arms) == 2
    assert "pooled" not in " ".join(sentences(one))
    assert all(p.first_response == p.confirmation for p in one.patients)
