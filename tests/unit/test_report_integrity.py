"""Integrity: who sees what, and looks asked again of all who had entered, against the trials themselves."""

from __future__ import annotations

from itertools import product
from math import comb, sqrt
from statistics import mean, pstdev

import pytest

from tests.unit.report_material import gist, grid, material, missing, row, simon, text
from trialsim import load_scenario
from trialsim.replay import Replay, replay
from trialsim.replay.overrun import asked_again
from trialsim.report.calendar_tables import shown
from trialsim.report.regulatory.sections import integrity

PLAN = "147 patients"


def test_who_sees_what_is_as_it_was_written() -> None:
    own = gist()
    told = own.scenario.narrative
    assert told is not None
    table = grid(integrity.blocks(own), "who sees what").table
    assert table.rows == [[one.look, one.who, one.sees] for one in told.integrity]
    assert missing(integrity.blocks(own)) == []
    assert missing(integrity.blocks(simon())) == ["narrative.integrity"]
    strange = "narrative.integrity=[{look: halfway, who: nobody, sees: nothing}]"
    unknown = material("gist", "n_sims=20", "conduct=null", strange)
    assert 'there is no look "halfway"' in text(integrity.blocks(unknown))
    assert missing(integrity.blocks(unknown)) == ["narrative.integrity"]


def test_looks_are_shown_as_recorded() -> None:
    own = gist()
    table = grid(integrity.blocks(own), "looks as conducted").table
    for truth, look, arm in product(("inactive", "calibrated"), ("proof-of-concept", "interim"), ("400 mg", None)):
        cells = row(table, truth, look, arm or "trial")
        record = own.conducted[PLAN, truth, "overrun_mean", arm, look, None, None, None]
        assert cells["overrun"] == shown(record)
    enrolled = own.conducted[PLAN, "calibrated", "enrolled_mean", None, "interim", None, None, None]
    counted = own.conducted[PLAN, "calibrated", "counted_mean", None, "interim", None, None, None]
    overrun = own.conducted[PLAN, "calibrated", "overrun_mean", None, "interim", None, None, None]
    assert enrolled.estimate is not None
    assert counted.estimate is not None
    assert overrun.estimate == pytest.approx(enrolled.estimate - counted.estimate)


def _again(trial: Replay, look: int) -> tuple[int, int]:
    """Count, among the patients as listed, who had entered by the day of a look, and who of them ever responded."""
    minute = trial.looks[look].minute
    assert minute is not None
    entered = [patient for patient in trial.patients if patient.entry <= minute]
    return sum(patient.observed == "response" for patient in entered), len(entered)


def _is_above(x: int, n: int) -> bool:
    """Whether the lower limit of the 95 % Clopper-Pearson interval is above 20 %: so many are too rare at 20 %."""
    return sum(comb(n, k) * 0.2**k * 0.8 ** (n - k) for k in range(x, n + 1)) < 0.025


def test_looks_asked_again_are_counted_from_the_listed_patients() -> None:
    scenario = load_scenario("gist", ["conduct.n_sims=40"])
    trials = [replay(scenario, number, "active", PLAN) for number in range(40)]
    held = [trial for trial in trials if trial.looks[1].minute is not None]
    found = next(x for x in asked_again(scenario, "active", PLAN) if (x.look, x.of) == ("interim", "pooled"))
    seen = [trial.looks[1].arms[-1] for trial in held]
    again = [_again(trial, 1) for trial in held]
    assert (found.n_looked_at, found.n_trials) == (40, len(held))
    assert found.counted.value == pytest.approx(mean(arm.counted for arm in seen))
    assert found.entered.value == pytest.approx(mean(n for _, n in again))
    rates = [x / n - arm.responses / arm.counted for (x, n), arm in zip(again, seen, strict=True)]
    assert found.difference.value == pytest.approx(mean(rates))
    assert found.difference.mcse == pytest.approx(pstdev(rates) / sqrt(len(rates)))
    met = [bool(arm.is_success) for arm in seen]
    by_all = [
        _is_above(x, n) and all(arm.decision != "futility" for arm in trial.looks[0].arms[:-1])
        for trial, (x, n) in zip(held, again, strict=True)
    ]
    assert found.p_met.value == pytest.approx(mean(met))
    assert found.p_met_by_all.value == pytest.approx(mean(by_all))
    assert found.p_differs.value == pytest.approx(mean(a != b for a, b in zip(met, by_all, strict=True)))
    assert 0 < mean(by_all) < 1


def test_a_fixed_number_of_responses_is_not_asked_of_more_patients() -> None:
    scenario = load_scenario("gist", ["conduct.n_sims=5"])
    gates = [one for one in asked_again(scenario, "active", PLAN) if one.look == "proof-of-concept"]
    assert [one.of for one in gates] == ["400 mg", "600 mg", "pooled"]
    assert all(one.criterion == "" and one.counted.value in (18.0, 36.0) for one in gates)


def test_both_analyses_are_tabled_with_their_errors() -> None:
    own = gist()
    found = next(x for x in asked_again(own.scenario, "calibrated", PLAN) if (x.look, x.of) == ("interim", "pooled"))
    cells = row(grid(integrity.blocks(own), "truth calibrated: looks at the trigger").table, "interim", "pooled")
    assert cells["trials"] == str(found.n_trials)
    assert cells["difference of rates"] == f"{found.difference.value:.4f} ({found.difference.mcse:.4f})"
    assert cells["criterion"] == "for success"


def test_where_nothing_can_be_seen_early_it_is_said() -> None:
    assert "no look before the final analysis" in text(integrity.blocks(material("ahern-2001-10-35", "n_sims=50")))
    assert "Without a calendar there is no overrun" in text(integrity.blocks(simon()))
    exact = material("gist", engine="exact")
    assert "was not simulated, so that nothing is known of its overrun" in text(integrity.blocks(exact))


def test_the_fewest_and_the_most_overrun_are_named() -> None:
    own = gist()
    means = {
        truth.name: own.conducted[PLAN, truth.name, "overrun_mean", None, "proof-of-concept", None, None, None]
        for truth in own.scenario.truths
    }
    most = max(means.values(), key=lambda record: record.estimate or 0.0)
    least = min(means.values(), key=lambda record: record.estimate or 0.0)
    said = text(integrity.blocks(own))
    assert f"{shown(least)} under truth {least.truth}, the fewest, and {shown(most)} under truth {most.truth}" in said
