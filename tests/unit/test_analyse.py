"""Real data under a design: what is read, where an arm ended, and what is said of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

import trialsim
from trialsim import Design, InputError, NotSolvableError
from trialsim.analysis.answers import analyse
from trialsim.analysis.observed import observed_of
from trialsim.inference import koyama_chen
from trialsim.inference.sequential import LookBounds
from trialsim.report.analysis import rendered
from trialsim.spec.load import load_design

GIST, SIMON = load_design("gist-imatinib"), load_design("simon-1989-20-40")


def design_of(looks: list[dict[str, Any]], cap: Any, n_arms: int = 1, when: str = "arm_cap") -> Design:
    return Design.model_validate(
        {
            "schema": "trialsim.design/1",
            "name": "small",
            "arms": [{"name": name} for name in "ABC"[:n_arms]],
            "hypotheses": {"null_rate": 0.2, "target_rate": 0.4},
            "enrolment": {"cap": cap, "when_arm_stops": when},
            "looks": looks,
        }
    )


def gate(name: str, at: dict[str, Any], at_least: int, success: int | None = None) -> dict[str, Any]:
    look: dict[str, Any] = {
        "name": name,
        "at": at,
        "continue_if": {"rule": {"kind": "responses", "at_least": at_least}},
    }
    if success is not None:
        look["success_if"] = {"then": "stop", "rule": {"kind": "responses", "at_least": success}}
    return look


FINAL = {"name": "final", "at": "full_enrolment"}
FLEMING = design_of([gate("one", {"total": 20}, 4, 9), gate("two", {"total": 35}, 8, 14), FINAL], 50)


def test_the_founding_trial_is_nearly_naive() -> None:
    analysis = analyse(GIST, ["600 mg=43/74", "400 mg=36/73"])
    assert [arm.arm for arm in analysis.arms] == ["400 mg", "600 mg"]
    for arm in analysis.arms:
        assert arm.course.decision == "final"
        assert arm.course.scheme.looks == (LookBounds(18, 2, 19),)
        assert 0 < arm.shift < 0.0003
        assert 0 < arm.limit_shift < 0.0001
        assert arm.sentences[-1].startswith("The naive answer nearly stands: adjusted for the looks, the estimates are")
    assert "within 0.02 percentage points" in analysis.arms[0].sentences[-1]


@pytest.mark.parametrize("text", ["400 mg=3/18,6/73", "400 mg=6/73", "400 mg=3/18,4/50,6/73", "400 mg=final:6/73"])
def test_near_the_gate_it_warns(text: str) -> None:
    (arm,) = analyse(GIST, [text]).arms
    assert arm.needs_adjusting
    assert arm.find("estimate", "umvue").value == pytest.approx(0.17831, abs=5e-6)
    assert arm.shift == pytest.approx(0.17831 - 6 / 73, abs=5e-6)
    assert arm.sentences[-1].startswith("Warning: so near the stopping boundary the naive answer does not stand.")
    assert "of 8.2 % observed, the estimates make 5.1 % to 17.8 %" in arm.sentences[-1].replace("Of 8", "of 8")


def test_an_arm_that_stopped() -> None:
    (arm,) = analyse(GIST, ["400 mg=2/18"]).arms
    assert (arm.course.decision, arm.course.look, arm.course.stage) == ("futility", 0, 0)
    assert arm.find("estimate", "umvue").value == 2 / 18
    assert arm.find("estimate", "conditional-umvue").value is None
    assert "did not go on" in str(arm.find("estimate", "conditional-umvue").reason)
    naive, exact = arm.find("interval", "clopper-pearson"), arm.find("interval", "stagewise")
    assert (exact.lower, exact.upper) == pytest.approx((naive.lower, naive.upper), abs=1e-12)


def test_stops_for_efficacy_and_several_looks() -> None:
    (arm,) = analyse(FLEMING, ["5/20,15/35"]).arms
    assert (arm.course.decision, arm.course.stage) == ("efficacy", 1)
    assert arm.course.scheme.looks == (LookBounds(20, 3, 9), LookBounds(35, 7, 14))
    assert "two stages" in str(arm.find("interval", "koyama-chen").reason)
    assert arm.find("p-value", "koyama-chen").value is None
    assert arm.find("p-value", "stagewise").value > arm.find("p-value", "binomial").value
    assert analyse(FLEMING, ["9/20"]).arms[0].course.decision == "efficacy"
    assert analyse(FLEMING, ["two:7/35"]).arms[0].course.decision == "futility"
    (final,) = analyse(FLEMING, ["15/50"]).arms
    assert (final.course.decision, final.course.stage) == ("final", 2)


def test_attained_sizes() -> None:
    (arm,) = analyse(GIST, ["400 mg=4/20,30/60"]).arms
    assert arm.course.scheme == (((20, 2, 21),), 60)
    assert "at 20 patients instead of 18; its rule, asked at 20, stops the arm at 2 or fewer." in arm.sentences[0]
    assert arm.sentences[1] == "The final analysis has 60 patients instead of 73."
    assert "no success_if" in " ".join(map(str, arm.answers)).replace(
        "the final look has no success_if", "no success_if"
    )
    rule = {"kind": "confidence-limit", "side": "upper", "above": 0.3, "interval": "wilson"}
    looks = [{"name": "gate", "at": {"total": 20}, "continue_if": {"rule": rule}}, FINAL]
    planned, attained = (
        analyse(design_of(looks, 40), [text]).arms[0].course.scheme.looks[0] for text in ("5/20,12/40", "7/30,12/40")
    )
    assert planned == (20, 1, 21)  # upper Wilson limits: 1/20 23.6 %, 2/20 30.1 %
    assert attained == (30, 4, 31)  # 4/30 29.7 %, 5/30 33.6 %


def test_another_second_stage_by_koyama_and_chen() -> None:
    (arm,) = analyse(SIMON, ["5/17,12/35"]).arms
    data = koyama_chen.SecondStage(LookBounds(17, 3, 18), 37, 11, 5, 35, 12)
    assert arm.find("p-value", "koyama-chen").value == koyama_chen.attained_p_value(data, 0.2)
    found = arm.find("interval", "koyama-chen")
    assert (found.lower, found.upper) == koyama_chen.attained_limits(data, 0.95)
    found = arm.find("interval", "koyama-chen-p-value")
    assert (found.lower, found.upper) == koyama_chen.attained_p_value_limits(data, 0.95)
    assert arm.find("p-value", "stagewise").value != arm.find("p-value", "koyama-chen").value
    (total,) = analyse(SIMON, ["12/35"]).arms
    assert "by themselves" in str(total.find("p-value", "koyama-chen").reason)
    (enough,) = analyse(SIMON, ["11/17,12/35"]).arms
    assert "alone had enough" in str(enough.find("interval", "koyama-chen").reason)
    (planned,) = analyse(SIMON, ["12/37"]).arms
    assert planned.find("p-value", "stagewise").value == planned.find("p-value", "koyama-chen").value


def test_arms_that_depend_on_each_other() -> None:
    looks = [gate("gate", {"per_arm": 5}, 2), FINAL]
    refill = design_of(looks, 30, 2, "refill")
    alone, beside = (analyse(refill, texts).arms[0].course for texts in (["A=3/5,6/15"], ["A=3/5,6/25", "B=1/5"]))
    assert (alone.n_planned, beside.n_planned) == (15, 25)
    analysis = analyse(refill, ["A=3/5,6/15"])
    assert any("conditional on the sizes attained" in note for note in analysis.notes)
    assert any("No data of B" in note for note in analysis.notes)
    together = design_of(looks, 30, 2, "stop_trial")
    first, second = analyse(together, ["A=3/5", "B=1/5"]).arms
    assert (first.course.decision, second.course.decision) == ("with the trial", "futility")
    assert first.course.x == 3
    assert analyse(GIST, ["400 mg=36/73"]).notes == ()


def test_pooled_stops_are_refused() -> None:
    looks = [gate("gate", {"per_arm": 5}, 2), FINAL]
    looks[0]["continue_if"]["of"] = "pooled"
    with pytest.raises(NotSolvableError, match="ties the arms together"):
        analyse(design_of(looks, 30, 2), ["A=3/5,6/15"])


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([], "nothing to analyse"),
        (["36/73"], "whose data?"),
        (["500 mg=36/73"], 'there is no arm "500 mg"; did you mean'),
        (["400 mg=36/73", "400 mg=36/73"], "given twice"),
        (["400 mg=36"], '"36" is not responses/patients'),
        (["400 mg=80/73"], "80 responses among 73 patients"),
        (["400 mg=0/0"], "0 patients; accepted: 1 to"),
        (["400 mg=2/73"], "cannot have gone past proof-of-concept, where it stops with 2 or fewer of 18"),
        (["400 mg=2/18,6/73"], "the arm stops for futility (it goes on with 3 or more)"),
        (["400 mg=4/18"], "goes on, so the data of what came after are missing"),
        (["400 mg=4/18,3/73"], "3/73 cannot follow 4/18"),
        (["400 mg=4/18,70/73"], "70/73 cannot follow 4/18"),
        (["400 mg=4/18,4/18"], "4/18 cannot follow 4/18"),
        (["400 mg=3/12"], "12 patients are not more than the 18 of proof-of-concept"),
        (["400 mg=gate:3/18"], 'there is no look "gate"'),
        (["400 mg=proof-of-concept:3/18,6/73"], "name the look of every pair, or of none"),
        (["400 mg=final:6/73,proof-of-concept:3/18"], "cannot follow"),
        (["400 mg=3/18,4/30,5/50,6/73"], "4 pairs, but the design has 3 looks"),
    ],
)
def test_impossible_data_are_one_sentence(texts: list[str], words: str) -> None:
    with pytest.raises(InputError) as error:
        analyse(GIST, texts)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_the_look_that_was_missed_is_named_although_the_first_stops_nobody() -> None:
    rule = {"kind": "confidence-limit", "side": "upper", "above": 0.3, "interval": "wilson"}
    looks = [{"name": f"at {n}", "at": {"total": n}, "continue_if": {"rule": rule}} for n in (3, 20)]
    design = design_of([*looks, FINAL], 40)
    assert analyse(design, ["2/40"]).arms[0].course.scheme.looks == ((20, 1, 21),)
    with pytest.raises(InputError, match="cannot have gone past at 20, where it stops with 1 or fewer of 20"):
        analyse(design, ["1/40"])


def test_impossible_data_with_stops_for_efficacy() -> None:
    with pytest.raises(InputError, match="must have had 14 or more of 35 at two"):
        analyse(FLEMING, ["30/50"])
    with pytest.raises(InputError, match="stops for efficacy"):
        analyse(FLEMING, ["9/20,12/35,15/50"])


@pytest.mark.parametrize("given", [{"null_rate": 0.0}, {"null_rate": 1.5}, {"level": 1.0}])
def test_rates_and_levels_are_checked(given: dict[str, float]) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        analyse(SIMON, ["12/37"], **given)


def test_without_a_null_rate_there_are_no_p_values() -> None:
    design = SIMON.model_copy(update={"hypotheses": None})
    analysis = analyse(design, ["12/37"])
    assert not [a for a in analysis.arms[0].answers if a.quantity == "p-value"]
    assert "--null-rate" in analysis.notes[0]
    assert analyse(design, ["12/37"], null_rate=0.2).arms[0].find("p-value", "binomial").value > 0.05


def test_without_looks_the_naive_answer_is_exact() -> None:
    (arm,) = analyse(design_of([FINAL], 30), ["9/30"]).arms
    assert arm.sentences == ("The arm could not stop early: the naive answer is the exact one.",)
    assert arm.shift < 1e-12


def test_looks_are_assigned_in_order() -> None:
    assert [seen.look for seen in observed_of(GIST, ["400 mg=4/18,20/50,36/73"])[0].seen] == [0, 1, 2]
    assert [seen.look for seen in observed_of(GIST, ["400 mg=4/18,36/73"])[0].seen] == [0, 2]
    assert [seen.look for seen in observed_of(GIST, ["400 mg = final : 36 / 73"])[0].seen] == [2]
    assert observed_of(GIST, ["400 mg=36/73"])[0].seen[0].look is None


def test_every_format_says_the_same() -> None:
    analysis = analyse(GIST, ["400 mg=3/18,6/73", "600 mg=2/18"])
    text, markdown, page, rows = (rendered(analysis, name) for name in ("text", "markdown", "html", "csv"))
    for shown in (text, markdown, page):
        for words in ("17.83 %", "400 mg: 95 % interval", "stopped for futility at proof-of-concept", "Warning"):
            assert words in shown
    assert page.startswith("<!DOCTYPE html>")
    document = json.loads(rendered(analysis, "json"))
    assert document["schema"] == "trialsim.analysis/1"
    assert [arm["decision"] for arm in document["arms"]] == ["final", "futility"]
    answers = [answer for arm in document["arms"] for answer in arm["answers"]]
    assert len(rows.splitlines()) == len(answers) + 1
    assert len({(a["arm"], a["quantity"], a["method"]) for a in answers}) == len(answers)


def test_estimators_are_asked_for_in_a_scenario() -> None:
    plain, asked = (trialsim.load_scenario("gist", extra) for extra in ([], ["estimators=[umvue,stagewise]"]))
    assert plain.estimators == ()
    assert "estimators" not in plain.model_dump()
    assert plain.id != asked.id
    with pytest.raises(InputError, match="umvue"):
        trialsim.load_scenario("gist", ["estimators=[umvu]"])
    found = trialsim.run(asked, "exact", measures=("rate_bias", "ci_coverage")).records
    bias = [r for r in found if r.measure == "rate_bias" and r.variant == "umvue" and r.given is None]
    assert len(bias) == len(asked.truths) * len(asked.plans) * 2
    assert max(abs(r.exact or 0.0) for r in bias) < 1e-12
    assert all((r.exact or 0.0) >= 0.95 - 1e-12 for r in found if r.variant == "stagewise" and r.given is None)
