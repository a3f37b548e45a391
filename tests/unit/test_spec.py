"""The parts of the specification: YAML, fields, overrides, sharing, rules, explanation."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import trialsim
from trialsim.errors import InputError, Place, nearest
from trialsim.report.explain import defaults, joined, paragraph, question
from trialsim.spec.allocation.sharing import share_out
from trialsim.spec.fields import parse_number, parse_rate, parse_whole
from trialsim.spec.overrides import apply_overrides, override_of
from trialsim.spec.rules import RULES, confidence_limit
from trialsim.spec.rules.asked import Asked
from trialsim.spec.rules.confidence_limit import ConfidenceLimitRule
from trialsim.spec.rules.responses import ResponsesRule
from trialsim.spec.scenario import Scenario
from trialsim.spec.yaml import MAX_DEPTH, MAX_NODES, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("1:30", "1:30"),
        ("1e5", 100000.0),
        ("100_000", 100000),
        ("0.05", 0.05),
        (".5", 0.5),
        ("-3", -3),
        ("010", 10),
        ("true", True),
        ("~", None),
        ("", None),
        ("36/73", "36/73"),
        ("'1'", "1"),
        ("2002-08-15", "2002-08-15"),
        ("[1, [2]]", [1, [2]]),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = read_yaml(text)[0]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.inf", ".nan", "1e999"])
def test_numbers_that_are_not_finite_are_read_as_such(text: str) -> None:
    assert isinstance(read_yaml(text)[0], float)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\nb: *x",
        "a: 1\na: 2",
        "!!python/object/apply:os.system [ls]",
        "!!binary aGk=",
        "? [1, 2]\n: 3",
        "a: [",
        "[" * (MAX_DEPTH + 1),
        "[" + "1," * (MAX_NODES + 1) + "]",
        "a: 1\n--- \nb: 2",
        "\x00",
    ],
)
def test_what_is_not_plain_data_is_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        read_yaml(text)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**9), 10**9)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text("abcé '\"", max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
@settings(derandomize=True, deadline=None, max_examples=150)
def test_what_yaml_writes_we_read_back(value: object) -> None:
    assert read_yaml(yaml.safe_dump(value, allow_unicode=True))[0] == value


def test_lines_are_where_things_stand() -> None:
    _, lines = read_yaml("a: 1\nb:\n  - x\n  - c: 2\n")
    assert (lines["a",], lines["b", 1], lines["b", 1, "c"]) == (1, 4, 4)


@pytest.mark.parametrize(
    ("value", "rate"), [(0, 0.0), (1, 1.0), (0.05, 0.05), ("36/73", 36 / 73), (" 1 / 4 ", 0.25), ("0/5", 0.0)]
)
def test_rates(value: object, rate: float) -> None:
    assert parse_rate(value) == rate


@pytest.mark.parametrize(
    "value", [-0.1, 1.1, True, None, "0.5", "3/0", "5/4", "a/b", [0.5], float("nan"), float("inf"), "1e1/2"]
)
def test_not_rates(value: object) -> None:
    with pytest.raises(ValueError, match="36/73"):
        parse_rate(value)


@pytest.mark.parametrize("value", [True, "3", 2.5, None, float("nan"), float("inf")])
def test_not_whole_numbers(value: object) -> None:
    with pytest.raises(ValueError, match="whole number"):
        parse_whole(value)
    assert parse_whole(1e5) == 100_000


def test_numbers() -> None:
    assert parse_number(3) == 3.0
    for value in (True, "3", None):
        with pytest.raises(ValueError, match="a number"):
            parse_number(value)


@given(st.integers(0, 60), st.lists(st.integers(1, 5), min_size=1, max_size=4))
@settings(derandomize=True, deadline=None)
def test_sharing_keeps_to_the_ratio(n: int, ratio: list[int]) -> None:
    patients = share_out(n, ratio)
    assert patients is not None
    assert sum(patients) == n
    for arm, share in enumerate(ratio):
        assert abs(patients[arm] - Fraction(n * share, sum(ratio))) <= max(ratio)
    if n % sum(ratio) == 0:
        assert list(patients) == [n // sum(ratio) * share for share in ratio]


def test_sharing_respects_caps_and_starts() -> None:
    assert share_out(10, [1, 1], start=[18, 18], cap=[20, 74]) == (20, 26)
    assert share_out(3, [1, 1], start=[0, 5]) == (3, 5)
    assert share_out(100, [1, 1], cap=[30, 40]) is None
    assert share_out(0, [2, 1], start=[4, 4]) == (4, 4)


def test_overrides_reach_list_items_by_number_and_by_name() -> None:
    data = {"looks": [{"name": "first", "n": 1}, {"name": "second"}], "a": None}
    apply_overrides(data, [override_of("looks.1.n=5"), override_of("looks.first.n=7"), override_of("a.b.c=[1, 2]")])
    assert data == {"looks": [{"name": "first", "n": 7}, {"name": "second", "n": 5}], "a": {"b": {"c": [1, 2]}}}


@pytest.mark.parametrize("text", ["a", "=1", "a..b=1", "a=[", "a=*x"])
def test_overrides_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InputError, match="--set"):
        override_of(text)


def test_an_error_is_blamed_on_the_override_that_brought_it_in() -> None:
    """A cap below the look is put right by the second override, so only the third is at fault."""
    together = ["design.enrolment.cap=30", "design.looks.0.at.per_arm=10", "design.looks.1.at.total=25", "plans=[]"]
    assert trialsim.load_scenario("gist", together).design.caps == (15, 15)
    with pytest.raises(InputError, match=r'^--set sede=1, sede: unknown field "sede"; did you mean "seed"\?$'):
        trialsim.load_scenario("gist", [*together, "sede=1"])
    with pytest.raises(InputError, match=r"^--set design.enrolment.cap=30, .*capped at 15\.$"):
        trialsim.load_scenario("gist", ["seed=3", "design.enrolment.cap=30", "n_sims=10"])


def test_a_responses_rule_can_differ_by_arm() -> None:
    rule = ResponsesRule(kind="responses", at_least={"A": 3, "B": 30})
    assert [rule.boundary(Asked(arm, 18, 18)) for arm in "AB"] == [3, 19]
    assert rule.per_arm() == {"A": 3, "B": 30}
    assert rule.wording(("A", "B")) == "at least 3 (A), 30 (B) patients respond"
    assert ResponsesRule(kind="responses", at_least=1).wording(()) == "at least 1 patient responds"


@pytest.mark.parametrize(("side", "n", "first"), [("lower", 100, 29), ("upper", 18, 1), ("lower", 1, 2)])
def test_a_confidence_limit_rule_is_the_first_count_that_meets_it(side: str, n: int, first: int) -> None:
    from scipy import stats

    rule = ConfidenceLimitRule(kind="confidence-limit", above=0.20, side=side)
    limits = [stats.binomtest(x, n).proportion_ci(0.95, "exact") for x in range(n + 1)]
    met = [(interval.low if side == "lower" else interval.high) > 0.20 for interval in limits]
    assert rule.boundary(Asked("pooled", n, n)) == (met.index(True) if True in met else n + 1)
    assert rule.boundary(Asked("pooled", n, n)) == first or side == "upper"


def test_a_rule_that_more_responses_undo_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confidence_limit, "limits", lambda *_: (np.array([0.0, 0.3, 0.1, 0.4]), np.ones(4)))
    rule = ConfidenceLimitRule(kind="confidence-limit", above=0.20)
    with pytest.raises(ValueError, match="not monotone in the responses at n = 3"):
        rule.boundary(Asked("pooled", 3, 3))


def test_every_rule_has_a_boundary_between_0_and_never_and_says_itself() -> None:
    beta = {"responses": 0.2, "non_responses": 0.8}
    examples = {
        "responses": {"at_least": 3},
        "confidence-limit": {"above": 0.1},
        "exact-test": {"null_rate": 0.1, "alpha": 0.05},
        "posterior": {"above": 0.1, "at_least": 0.9, "prior": beta},
        "predictive-probability": {"at_least": 0.1, "prior": beta},
        "bop2": {"above": 0.1, "lambda": 0.9, "gamma": 1},
        "curtailment": {},
        "conditional-power": {"rate": "observed", "at_least": 0.1},
        "table": {"at_least": {1: 1, 5: 2, 50: 9}},
        "any": {"rules": [{"kind": "responses", "at_least": 3}]},
        "all": {"rules": [{"kind": "responses", "at_least": 3}]},
    }
    assert len(RULES) == len(examples)
    for rule_class in RULES:
        (kind,) = rule_class.model_fields["kind"].annotation.__args__
        rule = rule_class(kind=kind, **examples[kind])
        assert all(0 <= rule.boundary(Asked("pooled", n, 60, 12)) <= n + 1 for n in (1, 5, 50))
        assert len(rule.wording(("A",))) > 10
        assert rule_class.__doc__


def test_the_design_in_words() -> None:
    scenario = trialsim.load_scenario("gist")
    text = paragraph(scenario.design)
    for words in (
        "1:1",
        "permuted blocks of 4",
        "first 18 patients of each arm",
        "at least 3 patients respond",
        "first 100 patients",
        "above 20 %",
        "147",
    ):
        assert words in text
    asked = question(scenario)
    for words in ("73 + 74", "100 + 100", "observed (400 mg 49.3 %, 600 mg 58.1 %)", "100,000 replicates from seed 1"):
        assert words in asked


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("arm_cap", "their own number of patients"),
        ("refill", "take over the patients"),
        ("stop_trial", "whole trial stops"),
    ],
)
def test_what_happens_to_the_others_is_said_where_an_arm_can_stop(rule: str, words: str) -> None:
    design = trialsim.load_scenario("gist", [f"design.enrolment.when_arm_stops={rule}"]).design
    assert words in paragraph(design)
    cannot_stop = trialsim.load_scenario("gist", ["design.looks.proof-of-concept.continue_if=null"]).design
    assert "arm stops" not in paragraph(cannot_stop)


def test_defaults_are_what_the_file_does_not_say() -> None:
    found = defaults(trialsim.load_scenario("simon-20-40"))
    assert "design.enrolment.when_arm_stops = arm_cap" in found
    assert "seed = 1" in found
    assert not [line for line in defaults(trialsim.load_scenario("gist")) if line.startswith(("seed", "design.arms"))]


def test_resolved_scenarios_round_trip_and_their_id_is_their_content() -> None:
    for name in ("gist", "simon-20-40"):
        scenario = trialsim.load_scenario(name)
        again = Scenario.model_validate(json.loads(scenario.model_dump_json(by_alias=True)))
        assert again == scenario
        assert again.id == scenario.id
    assert trialsim.load_scenario("gist", ["seed=2"]).id != trialsim.load_scenario("gist").id


def test_models_are_frozen_and_refuse_unknown_keys() -> None:
    scenario = trialsim.load_scenario("gist")
    parts: list[BaseModel] = [scenario, scenario.design, scenario.design.looks[0], scenario.truths[0]]
    for part in parts:
        assert part.model_config["frozen"]
        assert part.model_config["extra"] == "forbid"


def test_words_for_errors() -> None:
    assert str(Place("a.yaml")) == "a.yaml"
    assert nearest("Efficacy", ["efficacy", "futility"]) == 'did you mean "efficacy"?'
    assert joined(["a"]) == "a"


ROOT = Path(__file__).parents[2]


def test_of_many_names_a_few_are_shown() -> None:
    names = [f"design-{n:02}" for n in range(30)]
    assert nearest("design-7", names) == 'did you mean "design-27"?'
    words = nearest("x", names)
    assert words.startswith("30 are accepted, of which the nearest are design-")
    assert words.count("design-") == 4


SIGNS = "{}[]:,-?!&*#|>'\"%@` \n\t\x00\x07é\u2028\ufeff\x850.5eE_ano"


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="this PyYAML was built without libyaml, so there is one reader")
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_the_quick_reader_reads_what_the_strict_one_reads(data: st.DataObject) -> None:
    """A file means the same wherever PyYAML was built with libyaml and where it was not."""
    text = data.draw(st.sampled_from([path.read_text() for path in (ROOT / "designs").glob("simon*.yaml")] + [""]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(st.text(SIGNS, max_size=8)) + text[place + data.draw(st.integers(0, 3)) :]
    found = []
    for has_libyaml in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(yaml, "__with_libyaml__", has_libyaml)
            try:
                found.append(repr(read_yaml(text)))
            except yaml.YAMLError as error:
                found.append(str(error))
    assert found[0] == found[1]
