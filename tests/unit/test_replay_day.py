"""A day of a replayed trial in words and figures."""

from __future__ import annotations

import pytest

from trialsim import load_scenario
from trialsim.replay import Replay, replay
from trialsim.replay.on_day import seen_on
from trialsim.report.plots.survival_curves import survival_curves
from trialsim.report.plots.swimmer import VEIL, swimmer
from trialsim.report.replay_day import day_sentences, day_table

GATE = "conduct.looks.proof-of-concept"
TOXICITY = 'conduct.toxicity={rate: 0.25, stop_if: {kind: responses, at_least: 8}, watched: "continuous"}'


def gist(*overrides: str, trial: int = 5, truth: str = "calibrated") -> Replay:
    return replay(load_scenario("gist", ["conduct.sensitivity=[]", *overrides]), trial, truth)


@pytest.fixture(scope="module")
def one() -> Replay:
    return gist()


def said(of: Replay, day: float) -> str:
    return " ".join(day_sentences(of, seen_on(of, day)))


def test_a_look_waits_for_its_patients_then_for_its_rule_then_for_its_day(one: Replay) -> None:
    assert said(one, 0) == (
        "By day 0, nobody had entered. proof-of-concept waits for its patients: 400 mg 0 of 18, 600 mg 0 of 18."
    )
    assert "waits for its patients: 400 mg 11 of 18, 600 mg 12 of 18." in said(one, 60)
    assert "waits until its rule is certain: 400 mg 2 of 18 with a response, 13 not settled; 600 mg" in said(one, 150)
    assert said(one, 300).endswith("400 mg goes on; 600 mg goes on. interim is due on day 396.9.")
    assert "interim was held on day 396.9: the trial is a success. No look is left before the end; " in said(one, 400)
    assert said(one, 10**6).endswith("The data are closed: this is the final analysis.")


@pytest.mark.parametrize(
    ("overrides", "day", "words"),
    [
        ([f"{GATE}.hold=until_decided"], 150, "Enrolment is held until proof-of-concept."),
        ([f"{GATE}.fires=when_known"], 150, "has its patients and waits until every response is settled: 400 mg"),
        ([f"{GATE}.fires={{deaths: 30}}"], 300, "waits for deaths: 5 of 30."),
        ([f"{GATE}.fires={{failures: 90}}"], 300, "waits for treatment failures: 18 of 90."),
        ([f"{GATE}.fires={{completed_days: 91}}"], 150, "waits for patients who have completed 91 days: 400 mg "),
        (["conduct.cutoff={days_after_last_entry: 200}"], 430, "the data cut-off is 200 days after the last entry."),
        ([TOXICITY], 400, "No arm is left in the trial; patients are followed to the data cut-off, on day 471."),
    ],
)
def test_what_is_waited_for_is_said(overrides: list[str], day: float, words: str) -> None:
    assert words in said(gist(*overrides), day)


def test_stops_are_told_in_order() -> None:
    words = said(gist(TOXICITY, trial=1, truth="mixed"), 300)
    first, second = words.index("400 mg stopped on day 198.3 (toxicity)."), words.index("600 mg stopped on day 235.1")
    assert first < second
    weak = said(gist(trial=0, truth="inactive"), 465)
    assert "stopped for futility" in weak


def test_the_table_has_the_counts_of_the_day(one: Replay) -> None:
    on = seen_on(one, 300)
    table = day_table(one, on)
    assert table.header == ["day 300", "400 mg", "600 mg", "pooled"]
    rows = {row[0]: row[1:] for row in table.rows}
    for label, field in (("entered", "enrolled"), ("responses confirmed", "confirmed"), ("deaths", "deaths")):
        assert rows[label] == [str(getattr(arm, field)) for arm in on.arms]
    assert "toxicities" not in rows
    assert rows["left: progression"] == [str(arm.left.get("progression", 0)) for arm in on.arms]
    plain = day_table(gist("conduct.response.confirmation={}", "conduct.crossover=null", TOXICITY), on)
    assert [row[0] for row in plain.rows][:2] == ["entered", "responses"]
    assert "toxicities" in [row[0] for row in plain.rows]
    assert "crossed over" not in [row[0] for row in plain.rows]


def test_a_stopped_arm_is_marked() -> None:
    stopped = gist(TOXICITY, trial=1, truth="mixed")
    assert day_table(stopped, seen_on(stopped, 220)).header[1:3] == ["400 mg (stopped)", "600 mg"]


def test_the_swimmer_plot_veils_the_days_to_come(one: Replay) -> None:
    plain, marked = swimmer(one), swimmer(one, 190)
    assert len(marked.layout.shapes) == len(plain.layout.shapes) + 2
    veil, line = marked.layout.shapes[-2:]
    assert (veil.fillcolor, veil.x0, veil.layer) == (VEIL, 190, "above")
    assert veil.x1 >= one.cutoff / 1440
    assert (line.x0, line.x1) == (190, 190)
    assert marked.layout.meta["notes"]


@pytest.mark.parametrize("which", ["os", "ttf"])
def test_curves_of_a_day_keep_their_axis_and_end_on_that_day(one: Replay, which: str) -> None:
    on = seen_on(one, 190)
    full, early = survival_curves(one, which), survival_curves(one, which, on)  # type: ignore[arg-type]
    assert early.layout.xaxis.range == full.layout.xaxis.range
    first = one.patients[0].entry / 1440
    for trace in early.data:
        if trace.mode == "lines":
            assert max(trace.x) <= 190 - first
    n_at_risk = [sum(int(trace.text[0]) for trace in figure.data if trace.mode == "text") for figure in (full, early)]
    assert n_at_risk == [len(one.patients), len(on.patients)]
    assert "as known on day 190.0: " in early.layout.meta["notes"][0]


def test_curves_before_anybody_has_entered_are_flat(one: Replay) -> None:
    figure = survival_curves(one, "os", seen_on(one, 0))
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    assert len(lines) == 2
    assert all(set(trace.y) == {1.0} for trace in lines)
