"""Rules for toxicity where they are written, explained and reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.agreement.joint_designs import TWINS, data_of, design_of, scenario_of
from tests.naive import joint as naive
from trialsim import Design, InputError, Scenario, load_scenario, run, write_trials
from trialsim.compile import compile_design
from trialsim.curves import curves
from trialsim.engines.exact import why_not
from trialsim.inference.joint import JointRates
from trialsim.report.check import explanation
from trialsim.report.document import document
from trialsim.report.tables import toxicity_in_words
from trialsim.spec.written import as_yaml

NAME = "bryant and day"


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the scenario with one field replaced; None takes it away."""
    data: dict[str, Any] = json.loads(json.dumps(scenario_of(NAME, 1_000)))
    *parents, last = path.split(".")
    place: Any = data
    for key in parents:
        place = place[int(key) if isinstance(place, list) else key]
    if value is None:
        place.pop(last)
    else:
        place[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("truths.1.toxicity_rate", None, "has rules for toxicity, so every truth needs a toxicity rate"),
        ("truths.1.toxicity_rate", {"B": 0.2}, 'there is no arm "B"'),
        ("truths.0.odds_ratio", 0, "greater than or equal to 0.0001"),
        ("design.toxicity", None, "does not say which toxicity rate is unacceptable"),
        ("design.toxicity", {"null_rate": 0.2, "target_rate": 0.2}, "must be below null_rate"),
        ("design.looks.0.toxic_if.rule.at_least", 8, "at least 8 patients have toxicity, which the 7 patients"),
        ("design.looks.0.continue_if.of", "pooled", "cannot stand in a design with toxic_if"),
        ("design.looks.0.toxic_if.of", "pooled", "arm"),
        ("conduct", {}, "the calendar does not simulate the rules for toxicity"),
    ],
)
def test_what_makes_no_sense_is_refused(path: str, value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Scenario.model_validate(changed(path, value))


def test_toxicity_needs_an_endpoint() -> None:
    with pytest.raises(InputError, match="has no toxicity endpoint"):
        load_scenario("simon-20-40", ["truths.0.toxicity_rate=0.2"])
    alone = changed("truths.0.toxicity_rate", None)
    alone["design"]["looks"] = [{**look, "toxic_if": None} for look in alone["design"]["looks"]]
    with pytest.raises(ValueError, match="joins response to toxicity_rate, which is missing"):
        Scenario.model_validate(alone)


def test_scenarios_without_toxicity_are_what_they_were() -> None:
    """Fields that nobody fills in are not part of what a result is a function of."""
    assert "toxic" not in json.dumps(load_scenario("gist").design.model_dump(mode="json"))
    assert "toxicity_rate" not in json.dumps([truth.model_dump() for truth in load_scenario("gist").truths])


def test_a_design_survives_being_written(tmp_path: Path) -> None:
    import trialsim

    design = design_of(TWINS[NAME])
    (tmp_path / "joint.yaml").write_text(as_yaml(design))
    assert trialsim.load_design(str(tmp_path / "joint.yaml")) == design


def test_the_explanation_tells_the_rules() -> None:
    text = " ".join(explanation(Scenario.model_validate(scenario_of(NAME))).split())
    for words in (
        "a rate of 40 % is unacceptable, one of 20 % acceptable",
        "the trial stops if at least 4 patients have toxicity, whatever its responses",
        "no success of the trial if at least 6 patients have toxicity",
        "truth 1 (50 %; toxicity 35 %, odds ratio 4)",
        "look 0 A 7 1 – 4",
        "look 1 A 15 – 5 6",
    ):
        assert words in text


def test_measures_of_toxicity_are_the_enumeration_s() -> None:
    result = run(Scenario.model_validate(scenario_of(NAME, 1_000)), "exact")
    found = {(r.truth, r.look): r.exact for r in result.records if r.measure == "p_toxic"}
    ended = naive.enumerate_arm(TWINS[NAME], naive.cells_of(0.5, 0.35, 4.0))
    toxic = [float(sum(p for (look, why, _), p in ended.items() if why == "toxic" and look == at)) for at in (0, 1)]
    assert found["truth 1", "look 0"] == pytest.approx(toxic[0], abs=1e-12)
    assert found["truth 1", "look 1"] == pytest.approx(toxic[1], abs=1e-12)
    assert found["truth 1", None] == pytest.approx(sum(toxic), abs=1e-12)
    truths = document(result)["truths"]
    assert truths[1] == {
        "name": "truth 1",
        "response_rate": {"A": 0.5},
        "toxicity_rate": {"A": 0.35},
        "odds_ratio": 4.0,
    }
    assert toxicity_in_words(result.scenario.truths[1], "A", ("A",)) == ", toxicity 35 %"


def test_curves_are_at_the_acceptable_toxicity_rate() -> None:
    design = design_of(TWINS[NAME])
    found = curves(design, [(0.3,), (0.5,), JointRates((0.5,), (0.4,))]).of("p_reject", "A")
    assert found is not None
    for value, truth in zip(found, ((0.3, 0.2, 1.0), (0.5, 0.2, 1.0), (0.5, 0.4, 1.0)), strict=True):
        ended = naive.enumerate_arm(TWINS[NAME], naive.cells_of(*truth))
        assert value == pytest.approx(sum(p for (_, why, _), p in ended.items() if why == "reject"), abs=1e-12)
    along = curves(design).of("p_reject", "A")
    assert along is not None
    assert (along[1:] >= along[:-1] - 1e-12).all()


def test_too_large_a_design_is_declined() -> None:
    twin = {"looks": [{"n": 2_000, "stop_low": -1, "stop_high": None, "toxic": 500}], "success": 400}
    assert "billion steps" in str(why_not(compile_design(design_of(twin))))


def test_trials_tell_toxicities(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = tmp_path / "trials.parquet"
    write_trials(Scenario.model_validate(scenario_of(NAME, 40)), str(path))
    rows = pq.read_table(path).to_pylist()
    assert len(rows) == 160
    for row in rows[40:80]:
        look, why, responses, toxicities = naive.simulate_arm(TWINS[NAME], (0.5, 0.35, 4.0), 5, row["trial"])
        assert (row["A: responses"], row["A: toxicities"]) == (responses, toxicities)
        assert row["A: too toxic"] == (why == "toxic")
        assert row["look 1: success of A"] == (None if look == 0 else why == "reject")


def test_rules_of_every_kind_are_asked_of_toxicities() -> None:
    data = data_of(TWINS[NAME])
    rule = {"kind": "bop2", "above": 0.4, "lambda": 0.7, "gamma": 0.8, "direction": "harm"}
    for look in data["looks"]:
        look["toxic_if"] = {"rule": rule}
    plan = compile_design(Design.model_validate(data))
    # P(rate > 0.4 | t of n) > 1 - 0.7 (n / 15)^0.8 under Beta(0.4, 0.6): as scipy says
    from scipy.stats import beta

    for n in (7, 15):
        cut = 1 - 0.7 * (n / 15) ** 0.8
        least = next(t for t in range(n + 1) if beta(0.4 + t, 0.6 + n - t).sf(0.4) > cut)
        own = plan.nodes.toxic_least[(plan.nodes.n[:, 0] == n) & (plan.nodes.toxic_digit > 0), 0]
        assert set(own.tolist()) == {least}
