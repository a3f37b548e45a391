"""The fields of a form: all that can be changed, within the schema's limits; and scenarios written as YAML."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.amount import few
from trialsim import InputError, Scenario, load_scenario
from trialsim.spec.form import fields_of
from trialsim.spec.load import load_design, scenario_document, scenario_of, shipped_document
from trialsim.spec.shipped import shipped_names
from trialsim.spec.written import as_yaml

GIST = load_scenario("gist", ["plans=[]"])
ALL = [*shipped_names("scenarios"), *shipped_names("designs")]


def _parts(name: str) -> list[tuple[Scenario, list]]:  # type: ignore[type-arg]
    scenario = load_scenario(name)
    parts = [(scenario.design, "design")] + ([(scenario.conduct, "conduct")] if scenario.conduct is not None else [])
    return [(scenario, list(fields_of(part, path))) for part, path in parts]


def test_the_founding_form_has_the_protocols_fields() -> None:
    found = {one.path: one for one in fields_of(GIST.design, "design")}
    gate = found["design.looks.proof-of-concept.at.per_arm"]
    assert (gate.value, gate.kind, gate.least, gate.most) == (18, "whole", 1, 20_000)
    assert (gate.group, gate.label, gate.where) == ("proof-of-concept", "patients per arm", "design.looks.0.at.per_arm")
    needed = found["design.looks.proof-of-concept.continue_if.rule.at_least"]
    assert (needed.value, needed.low, needed.step) == (3, 0, 1)
    assert found["design.enrolment.cap.600 mg"].value == 74
    assert found["design.enrolment.when_arm_stops"].choices == ("arm_cap", "refill", "stop_trial")
    assert found["design.looks.interim.success_if.requires_all_arms"].kind == "switch"
    assert not any(word in path for path in found for word in ("published", "source", "schema"))


@pytest.mark.parametrize("name", few(ALL, 4))
def test_every_field_can_be_set_to_its_own_value_and_stays_within_its_slider(name: str) -> None:
    n_fields = 0
    for scenario, fields in _parts(name):
        assert len({one.path for one in fields}) == len(fields)
        for one in fields:
            n_fields += 1
            value = str(one.value).lower() if isinstance(one.value, bool) else one.value
            again = load_scenario(name, [f"{one.path}={value}"])
            same = [other for _, own in _parts_of(again) for other in own if other.path == one.path]
            assert same[0].value == one.value
            assert again.design.arm_names == scenario.design.arm_names
            if one.kind in ("whole", "number"):
                assert one.low <= one.value <= one.high
                assert one.least is None or one.low >= one.least
                assert one.most is None or one.high <= one.most
                assert one.step > 0
    assert n_fields > 5


def _parts_of(scenario: Scenario) -> list[tuple[Scenario, list]]:  # type: ignore[type-arg]
    parts = [(scenario.design, "design")] + ([(scenario.conduct, "conduct")] if scenario.conduct is not None else [])
    return [(scenario, list(fields_of(part, path))) for part, path in parts]


@pytest.mark.parametrize("name", ALL)
def test_yaml_written_is_read_as_the_same_scenario(name: str) -> None:
    scenario = load_scenario(name)
    again = scenario_of(scenario_document(as_yaml(scenario), "written"))
    assert again == scenario
    assert again.id == scenario.id


_WORDS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Zs"), blacklist_characters="\ufeff\x85")
    | st.just(" "),
    min_size=1,
    max_size=30,
).filter(lambda text: text.strip() not in ("", "pooled", "none", "trial") and " + " not in text)


@settings(max_examples=60, deadline=None)
@given(
    name=_WORDS | st.sampled_from(["1e5", "no", "1:30", "null", "~", "36/73", "- a", "# b", "a: b", "0x1f", "=", '"'])
)
def test_names_survive_the_writing(name: str) -> None:
    document = shipped_document("simon-20-40")
    document.data["design"]["arms"][0]["name"] = name
    document.data["title"] = f"{name} {name}"
    scenario = scenario_of(document)
    again = scenario_of(scenario_document(as_yaml(scenario), "written"))
    assert again == scenario


def test_a_design_is_asked_the_plainest_question() -> None:
    scenario = load_scenario("simon-1989-20-40")
    assert [(truth.name, truth.response_rate) for truth in scenario.truths] == [
        ("null rate", 0.2),
        ("target rate", 0.4),
    ]
    assert scenario.name == "simon-1989-20-40"


def test_a_design_that_watches_toxicity_is_tried_at_both_of_its_toxicity_rates() -> None:
    scenario = load_scenario("bryant-day-1995")
    assert [(truth.name, truth.response_rate, truth.toxicity_rate) for truth in scenario.truths] == [
        ("null rate", 0.3, 0.2),
        ("target rate", 0.5, 0.2),
        ("target rate, too toxic", 0.5, 0.4),
    ]


def test_a_rule_for_toxicity_counts_toxicities() -> None:
    labels = {one.path: one.label for one in fields_of(load_design("bryant-day-1995"), "design")}
    assert labels["design.looks.first stage.toxic_if.rule.at_least"] == "toxicities too many"
    assert labels["design.looks.first stage.continue_if.rule.at_least"] == "responses needed"


def test_a_design_without_hypotheses_is_tried_at_round_rates() -> None:
    text = (
        "schema: trialsim.design/1\nname: plain\narms: [{name: a}]\nenrolment: {cap: 20}\n"
        "looks: [{name: final, at: full_enrolment}]\n"
    )
    scenario = scenario_of(scenario_document(text, "plain.yaml"))
    assert [truth.response_rate for truth in scenario.truths] == [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize("design", ["/etc/hostname", "../designs/gist-imatinib.yaml", "secret.yaml", "./gist.yaml"])
def test_a_document_from_elsewhere_reads_no_file(design: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "secret.yaml").write_text("schema: trialsim.design/1\nname: secret\n")
    text = f"schema: trialsim.scenario/1\nname: a\ndesign: {design}\ntruths: [{{name: a, response_rate: 0.1}}]\n"
    with pytest.raises(InputError, match="no other file is read"):
        scenario_of(scenario_document(text, str(tmp_path / "up.yaml")))
    with pytest.raises(InputError, match="no other file is read"):
        scenario_of(scenario_document(text.replace(design, "gist-imatinib"), "up"), [f"design={design}"])


def test_a_document_from_elsewhere_may_name_what_ships() -> None:
    text = "schema: trialsim.scenario/1\nname: a\ndesign: gist-imatinib\ntruths: [{name: a, response_rate: 0.1}]\n"
    assert scenario_of(scenario_document(text, "up")).design.name == "gist-imatinib"


def test_a_document_is_left_as_it_is() -> None:
    document = shipped_document("gist")
    before = repr(document.data)
    changed = scenario_of(document, ["conduct=null", "plans=[]", "design.looks.proof-of-concept.at.per_arm=20"])
    assert repr(document.data) == before
    assert (
        changed.id
        == load_scenario("gist", ["conduct=null", "plans=[]", "design.looks.proof-of-concept.at.per_arm=20"]).id
    )


def test_nothing_else_ships() -> None:
    with pytest.raises(InputError, match='did you mean "gist"'):
        shipped_document("gits")
