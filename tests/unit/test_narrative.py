"""The narrative of a scenario: what is accepted, what is said of the rest, and that it changes no number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import trialsim
from trialsim.comparison.changes import changes
from trialsim.errors import InputError
from trialsim.report.check import explanation
from trialsim.spec.form import fields_of
from trialsim.spec.load import scenario_document, scenario_of
from trialsim.spec.narrative import MAX_ITEMS, MAX_LETTERS, Narrative, speaks_of_nothing
from trialsim.spec.paths import MISSING, check_path, value_at
from trialsim.spec.scenario import Scenario
from trialsim.spec.schema import schema_of
from trialsim.spec.written import as_yaml
from trialsim.sweep.grid import grid_of
from trialsim.sweep.work import Keys

HOSTILE = '<script>alert("1")</script> <img src=x onerror=alert(1)> | **b** [x](javascript:alert(1)) {{7*7}} ​'


def scenario(narrative: Any, **more: Any) -> Scenario:
    text = yaml.safe_dump(
        {
            "schema": "trialsim.scenario/1",
            "name": "s",
            "design": "simon-1989-20-40",
            "truths": [{"name": "low", "response_rate": 0.2}, {"name": "high", "response_rate": 0.4}],
            "narrative": narrative,
            **more,
        }
    )
    return scenario_of(scenario_document(text, "s.yaml"))


def refused(narrative: Any) -> str:
    with pytest.raises(InputError) as error:
        scenario(narrative)
    return str(error.value)


# What is accepted


def test_the_founding_case_says_everything() -> None:
    told = trialsim.load_scenario("gist").narrative
    assert told is not None
    left_out = {name for name in Narrative.model_fields if name not in told.model_fields_set}
    assert left_out == set()
    assert all(getattr(told, name) for name in Narrative.model_fields)
    assert not list(speaks_of_nothing(trialsim.load_scenario("gist")))
    assert "/" not in "".join(path for path in told.sources)


def test_every_ambiguity_of_the_founding_case_has_a_reading_and_every_reading_a_value() -> None:
    gist = trialsim.load_scenario("gist")
    assert gist.narrative is not None
    assert gist.conduct is not None
    assert len(gist.narrative.ambiguities) >= 14
    for flip in gist.conduct.sensitivity:
        assert all(value_at(gist, path) != value for path, value in flip.set.items()), flip.name


@pytest.mark.parametrize(
    "text", ["plain", HOSTILE, "two\n\nparagraphs: yes", "null", "1.5", "ends with: ", "- a\n- b", "ünï ✓"]
)
def test_any_text_survives_the_round_trip(text: str) -> None:
    first = scenario({"aims": text, "limitations": [text], "rationale": {"low": text}})
    again = scenario_of(scenario_document(as_yaml(first), "again.yaml"))
    assert again == first
    assert again.id == first.id
    assert again.narrative is not None
    assert again.narrative.aims == text.strip()
    assert again.narrative.limitations == (text.strip(),)
    assert Scenario.model_validate(json.loads(first.model_dump_json(by_alias=True))) == first


def test_the_founding_case_survives_the_round_trip(tmp_path: Path) -> None:
    gist = trialsim.load_scenario("gist")
    (tmp_path / "again.yaml").write_text(as_yaml(gist), encoding="utf-8")
    again = trialsim.load_scenario(tmp_path / "again.yaml")
    assert again == gist
    assert again.id == gist.id


def test_set_changes_a_narrative_or_begins_one() -> None:
    gist = trialsim.load_scenario("gist", ["narrative.aims=to see", "narrative.limitations.0=one"])
    assert gist.narrative is not None
    assert (gist.narrative.aims, gist.narrative.limitations[0]) == ("to see", "one")
    assert gist.narrative.decision
    begun = trialsim.load_scenario("simon-1989-20-40", ["narrative.status=locked"])
    assert begun.narrative == Narrative(status="locked")
    assert trialsim.load_scenario("gist", ["narrative=null"]).narrative is None


# What is refused


@pytest.mark.parametrize(
    ("narrative", "sentence"),
    [
        ("text", 'narrative: found "text"; accepted: a mapping of fields.'),
        ({"aim": "a"}, 'narrative.aim: unknown field "aim"; did you mean "aims"?'),
        ({"aims": 3}, "narrative.aims: found 3; accepted: text."),
        ({"aims": ["a"]}, "narrative.aims: found a list; accepted: text."),
        ({"aims": "x" * (MAX_LETTERS + 1)}, "accepted: text of at most 8000 characters."),
        ({"aims": "a\x07b"}, "accepted: no control characters"),
        ({"status": "lockd"}, 'narrative.status: found "lockd"; did you mean "locked"?'),
        ({"limitations": "a"}, 'narrative.limitations: found "a"; accepted: a list.'),
        ({"limitations": ["a"] * (MAX_ITEMS + 1)}, "accepted: at most 60 items."),
        ({"limitations": ["a", ""]}, 'narrative.limitations.1: found ""; accepted: text that is not empty.'),
        ({"estimand": {"variabel": "a"}}, 'unknown field "variabel"; did you mean "variable"?'),
        ({"ambiguities": [{"what": "a"}]}, 'narrative.ambiguities.0.resolved: the field "resolved" is missing.'),
        (
            {"intercurrent_events": [{"event": "a", "strategy": "treatment policy"}]},
            'narrative.intercurrent_events.0.strategy: found "treatment policy"; did you mean "treatment_policy"?',
        ),
        ({"analysis_sets": [{"name": "a", "definiton": "b"}]}, 'did you mean "definition"?'),
        ({"integrity": [{"look": "final", "who": "all"}]}, 'narrative.integrity.0.sees: the field "sees" is missing.'),
        ({"rationale": {"low": 1}}, "narrative.rationale.low: found 1; accepted: text."),
        ({"sources": {"conduct.deth": "a"}}, 'conduct.deth: "deth" is no field there; did you mean "death"?'),
        ({"sources": {"conduc": "a"}}, 'did you mean "conduct"?'),
        ({"sources": {"seed.0": "a"}}, 'nothing stands inside the value before "0"'),
    ],
)
def test_refusals_are_one_sentence(narrative: Any, sentence: str) -> None:
    found = refused(narrative)
    assert sentence in found
    assert found.startswith("s.yaml, line ")
    assert "\n" not in found
    assert len(found) < 300


# What it speaks of


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("design.hypotheses.null_rate", 0.05),
        ("design.arms.600 mg.ratio", 1),
        ("truths.1.name", "weak"),
        ("truths.mixed.response_rate.600 mg", 0.3),
        ("conduct.death.after_progression_per_month", 0.13),
        ("conduct.adverse_events.events.edema.severe.400 mg", 1 / 73),
        ("conduct.looks.interim.fires.after_days", 183),
        ("schema", "trialsim.scenario/1"),
        ("conduct.deaths", MISSING),
        ("truths.17", MISSING),
        ("truths.nobody.response_rate", MISSING),
        ("seed.0", MISSING),
    ],
)
def test_what_stands_at_a_path(path: str, value: Any) -> None:
    assert value_at(trialsim.load_scenario("gist"), path) == value


def test_names_with_dots_are_found() -> None:
    truths = [{"name": "0.3 at most", "response_rate": {"treatment": 0.3}}]
    one = scenario({"sources": {"truths.0.response_rate": "a"}}, truths=truths)
    assert value_at(one, "truths.0.3 at most.response_rate.treatment") == 0.3


@pytest.mark.parametrize(
    "path",
    ["conduct.death", "truths.any.response_rate.0.5 mg", "conduct.looks.any.fires.day", "plans.0.cap.x", "n_sims"],
)
def test_paths_that_some_scenario_could_have_are_accepted(path: str) -> None:
    check_path(Scenario, path)
    assert scenario({"sources": {path: "a"}}).narrative is not None


@pytest.mark.parametrize("path", ["", "conduct.", ".conduct", "conduct..death", "truths.any.rate", "conduct.death.x"])
def test_paths_that_no_scenario_could_have_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"is no field there|nothing stands inside"):
        check_path(Scenario, path)


def test_words_about_what_was_set_aside_are_named_and_no_error() -> None:
    told = {
        "rationale": {"low": "a", "hihg": "b"},
        "integrity": [{"look": "frist stage", "who": "all", "sees": "all"}],
        "sources": {"conduct.death": "c", "truths.high": "d"},
    }
    one = scenario(told)
    assert list(speaks_of_nothing(one)) == [
        'narrative.rationale.hihg: there is no truth "hihg"; did you mean "high"?',
        'narrative.integrity.0.look: there is no look "frist stage"; did you mean "first stage"?',
        "narrative.sources.conduct.death: the scenario has no such value",
    ]
    words = explanation(one)
    assert 'there is no truth "hihg"; did you mean "high"?' in words
    assert "no look" not in explanation(scenario({"aims": "a"}))
    changed = ["truths=[{name: other, response_rate: 0.2}]", "conduct=null"]
    assert len(list(speaks_of_nothing(trialsim.load_scenario("gist", changed)))) > 5


# What it changes


def test_it_is_part_of_the_id_as_notes_are_and_of_no_key() -> None:
    plain, told, other = scenario(None), scenario({"aims": "a"}), scenario({"aims": "b"})
    assert len({plain.id, told.id, other.id, scenario(None, notes="a").id}) == 4
    for engine in ("exact", "montecarlo", "auto"):
        assert len({Keys(engine).of(one) for one in (plain, told, other)}) == 1
    assert Keys("exact").of(scenario(None, quantiles=[0.5])) != Keys("exact").of(plain)


def test_a_scenario_without_one_is_written_as_before() -> None:
    assert "narrative" not in json.loads(scenario(None).model_dump_json(by_alias=True))
    assert "narrative" not in json.loads(trialsim.load_scenario("simon-20-40").model_dump_json(by_alias=True))


def test_it_changes_no_number_and_is_no_difference() -> None:
    plain, told = (scenario(one, n_sims=200) for one in (None, {"aims": "a", "rationale": {"low": "b"}}))
    assert trialsim.run(plain).records == trialsim.run(told).records
    assert changes(plain, told) == []


def test_readings_and_cells_are_tried_without_it() -> None:
    gist = trialsim.load_scenario("gist")
    assert gist.conduct is not None
    assert gist.flipped(gist.conduct.sensitivity[0]).narrative is None
    block = {"truths.low.response_rate": [0.1, 0.2]}
    told = scenario({"aims": "a"}, vary=block)
    cells = [grid_of(told).scenario(cell) for cell in grid_of(told)]
    plain = scenario(None, vary=block)
    assert [cell.id for cell in cells] == [grid_of(plain).scenario(cell).id for cell in grid_of(plain)]
    assert all(cell.narrative is None for cell in cells)


def test_it_is_in_no_form_and_among_no_defaults() -> None:
    told = scenario({"aims": "a"})
    assert not [field.path for field in fields_of(told, "scenario") if "narrative" in field.path]
    assert "narrative" not in explanation(told)


def test_the_schema_knows_it() -> None:
    schema = schema_of("scenario")
    known = schema["$defs"]["Narrative"]["properties"]
    assert set(known) == set(Narrative.model_fields)
    assert known["aims"]["maxLength"] == MAX_LETTERS
    assert known["limitations"]["maxItems"] == MAX_ITEMS
    shipped = Path(__file__).parents[2] / "scenarios" / "schema.json"
    assert json.loads(shipped.read_text(encoding="utf-8"))["$defs"]["Narrative"] == schema["$defs"]["Narrative"]
