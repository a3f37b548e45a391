"""The rules of the library: what they refuse, how they read, and that all that shows a design copes with them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter
from scipy.stats import binom

from trialsim import Design, InputError, Scenario, load_design, load_scenario, run
from trialsim.compile import compile_design
from trialsim.compile_calendar import compile_calendar
from trialsim.curves import curves
from trialsim.kernels.clinic import TOXIC_LEAST
from trialsim.report.boundaries import decision_table
from trialsim.report.cards import cards
from trialsim.report.explain import paragraph, question
from trialsim.spec.form import FormField, fields_of
from trialsim.spec.load import scenario_document, scenario_of
from trialsim.spec.looks import of_toxicities
from trialsim.spec.rules import RULES, Rule
from trialsim.spec.rules.asked import Asked
from trialsim.spec.rules.bop2 import Bop2Rule
from trialsim.spec.rules.boundary import exceeds, first_met, reaches
from trialsim.spec.rules.posterior import PosteriorRule
from trialsim.spec.rules.prior import as_prior
from trialsim.spec.rules.table import TableRule
from trialsim.spec.written import as_yaml

BETA = "prior: {responses: 0.2, non_responses: 0.8}"
POSTERIOR = f"kind: posterior, above: 0.2, at_least: 0.9, {BETA}"
DESIGN = """\
schema: trialsim.design/1
name: rules
arms: [{name: treatment}]
hypotheses: {null_rate: 0.2, target_rate: 0.4}
enrolment: {cap: 36}
looks:
  - name: first
    at: {total: 10}
    continue_if: {rule: {RULE}}
  - name: final
    at: full_enrolment
    success_if: {rule: {FINAL}}
"""


def scenario(rule: str, final: str = POSTERIOR, **changes: str) -> Scenario:
    text = DESIGN.replace("{RULE}", f"{{{rule}}}").replace("{FINAL}", f"{{{final}}}")
    for old, new in changes.items():
        text = text.replace(old, new)
    return scenario_of(scenario_document(text, "d.yaml"))


NESTED = (
    f"kind: all, rules: [{{kind: table, at_least: {{10: 1}}}}, {{kind: any, rules: "
    f"[{{kind: bop2, above: 0.2, lambda: 0.9, gamma: 1}}, {{kind: conditional-power, rate: 0.4, at_least: 0.02}}, "
    f"{{kind: predictive-probability, at_least: 0.001, {BETA}}}]}}]"
)

REFUSED = [
    ("kind: posteriour", "", 'rule.kind: found "posteriour"; did you mean "posterior"?'),
    ("kin: posterior, above: 0.2", "", 'rule.kin: unknown field "kin"; did you mean "kind"?'),
    (f"kind: posterior, abov: 0.2, {BETA}", "", 'rule.abov: unknown field "abov"; did you mean "above"?'),
    ("kind: posterior, above: 0.2, at_least: 0.9", "", 'rule.prior: the field "prior" is missing.'),
    (
        "kind: posterior, above: 0.2, at_least: 0.9, prior: {responses: 0, non_responses: 1}",
        "",
        "rule.prior.responses: found 0; accepted: more than 0.",
    ),
    (
        "kind: posterior, above: 0.2, at_least: 0.9, prior: {non_responses: 1}",
        "",
        'rule.prior.responses: the field "responses" is missing.',
    ),
    (
        "kind: posterior, above: 0.2, at_least: 0.9, prior: [{responses: 1, non_responses: 1, weight: 0.4}]",
        "",
        "rule.prior: the weights of the mixture sum to 0.4; they must sum to 1.",
    ),
    (
        "kind: posterior, above: 0.2, at_least: 0.9, prior: [{responses: 1, non_responses: -1, weight: 1}]",
        "",
        "rule.prior.0.non_responses: found -1; accepted: more than 0.",
    ),
    ("kind: bop2, above: 0, lambda: 0.9, gamma: 1", "", "rule: above must lie between 0 and 1, both excluded"),
    ("kind: bop2, above: 0.2, lambd: 0.9, gamma: 1", "", 'unknown field "lambd"; did you mean "lambda"?'),
    ("kind: bop2, above: 0.2, lambda: 1.9, gamma: 1", "", "rule.lambda: found 1.9; accepted: less than 1."),
    ("kind: curtailment", "kind: curtailment", "looks.1.success_if.rule: the rule looks ahead to the final analysis;"),
    ("kind: conditional-power, rate: seen, at_least: 0.1", "", 'rate: found "seen"; accepted: a rate from 0 to 1, a '),
    (
        "kind: table, at_least: {9: 1}",
        "",
        "rule: the table has no row for n = 10, the nearest is for n = 9; add one, or set",
    ),
    ("kind: table, at_least: {9: 3, 10: 2}", "", "rule.at_least: the table asks for 3 responses of 9 patients, but"),
    ("kind: table, at_least: {ten: 2}", "", 'the row "ten" must be for a whole number of patients from 1.'),
    ("kind: table, at_least: {10: 1.5}", "", "rule.at_least.10: found 1.5; accepted: a whole number."),
    ("kind: table, at_least: {10: 11}", "", "which the 10 patients of arm treatment cannot meet."),
    ("kind: table, at_least: 3", "", "rule.at_least: found 3; accepted: a mapping from patients to the fewest"),
    ("kind: table, at_least: secret.csv", "", 'rule.at_least: "secret.csv" is a file, and no other file is read'),
    ("kind: any, rules: []", "", "rule.rules: found a list; accepted: at least 1 item."),
    ("kind: any, rules: [{kind: postrior}]", "", 'rules.0.kind: found "postrior"; did you mean "posterior"?'),
    (
        "kind: any, rules: [{kind: all, rules: [{kind: responses, at_lest: 3}]}]",
        "",
        'rule.rules.0.rules.0.at_lest: unknown field "at_lest"; did you mean "at_least"?',
    ),
    (
        "kind: any, rules: [{kind: all, rules: [{kind: responses, at_least: {treatmnt: 3}}]}]",
        "",
        'rule.rules.0.rules.0.at_least: there is no arm "treatmnt"; did you mean "treatment"?',
    ),
    (
        "kind: any, rules: [{kind: any, rules: [{kind: any, rules: [{kind: any, rules: [{kind: curtailment}]}]}]}]",
        "",
        "rules must not be nested more than 4 deep.",
    ),
    ("kind: exact-test, null_rate: 0.9, alpha: 1e-5", "", "rejects a response rate of 90 % at level 1e-05, which the"),
]


@pytest.mark.parametrize(("rule", "final", "words"), REFUSED)
def test_a_mistake_in_a_rule_is_one_sentence(rule: str, final: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario(rule, final or POSTERIOR)
    text = str(caught.value)
    assert words in text
    assert text.startswith("d.yaml, line ")
    assert text.count("\n") == 0


def test_a_rule_that_looks_ahead_needs_a_final_criterion() -> None:
    text = DESIGN.replace("{RULE}", "{kind: curtailment}").split("    success_if")[0]
    with pytest.raises(InputError, match=r"continue_if\.rule: the rule looks ahead .* needs a success_if of each arm"):
        scenario_of(scenario_document(text, "d.yaml"))


def test_nested_rules_are_explained_run_drawn_and_written() -> None:
    found = scenario(NESTED)
    text = paragraph(found.design)
    for words in (
        "at least 1 of 10 patients respond and (",
        "at least 0.9 (n / N)^1 (prior Beta(0.2, 0.8)) or the prob",
    ):
        assert words in text
    rows = decision_table(found.design, compile_design(found.design), "rules").rows
    assert rows == [["first", "treatment", "10", "0", "–"], ["final", "treatment", "36", "–", "11"]]
    assert list(cards(curves(found.design, [(0.2,), (0.4,)]), ["null", "target"]))
    assert scenario_of(scenario_document(as_yaml(found), "again.yaml")) == found


def test_the_form_offers_the_numbers_of_a_rule_within_what_is_accepted() -> None:
    fields = {one.path.removeprefix("design.looks.first.continue_if.rule."): one for one in _fields(NESTED)}
    assert fields["rules.1.rules.0.lambda"].label == "lambda"
    assert fields["rules.1.rules.1.at_least"].label == "conditional power needed"
    assert fields["rules.1.rules.2.prior.responses"].value == 0.2
    assert (fields["rules.0.at_least.10"].kind, fields["rules.0.at_least.10"].value) == ("whole", 1)
    small = fields["rules.1.rules.2.at_least"]
    assert (small.low, small.high, small.step) == (0.001, 0.1, 0.001)
    document = scenario_document(as_yaml(scenario(NESTED)), "d.yaml")
    n_tried = 0
    for one in fields.values():
        assert one.group == "first" or not one.path.startswith("design.looks.first")
        for value in (one.low, one.high) if _can_be_set(one) else ():
            assert scenario_of(document, [f"{one.path}={value}"]).design.look_names == ("first", "final")
            n_tried += 1
    assert n_tried == 14


def _can_be_set(one: FormField) -> bool:
    """Whether all that the slider covers is accepted; but a rate of 0 has no prior of its own in BOP2."""
    return one.kind == "number" and ".first." in one.path and not one.path.endswith(".above")


def _fields(rule: str) -> list[FormField]:
    return list(fields_of(scenario(rule).design, "design"))


def test_a_rule_that_is_not_binding_can_be_overruled() -> None:
    rule = "kind: responses, at_least: 2}, binding: false"
    plans = "plans=[{name: followed, cap: 36}, {name: overruled, cap: 36, non_binding: overrule}]"
    text = DESIGN.replace("{RULE}}", f"{{{rule}}}").replace("{FINAL}", f"{{{POSTERIOR}}}")
    found = scenario_of(scenario_document(text, "d.yaml"), [plans])
    assert "may be stopped otherwise (not binding)" in paragraph(found.design)
    assert "overruled (36, rules that are not binding overruled)" in question(found)
    records = run(found, engine="exact").records
    alpha = [r.exact for r in records if r.measure == "p_reject" and r.truth == "null rate" and r.exact is not None]
    size = [r.exact for r in records if r.measure == "n_mean" and r.truth == "null rate" and r.arm is None]
    least = PosteriorRule(
        kind="posterior", above=0.2, at_least=0.9, prior={"responses": 0.2, "non_responses": 0.8}
    ).boundary(Asked("treatment", 36, 36))
    both = sum(binom.pmf(x, 10, 0.2) * binom.sf(least - x - 1, 26, 0.2) for x in range(2, 11))
    assert min(alpha) == pytest.approx(both, abs=1e-12)
    assert max(alpha) == pytest.approx(binom.sf(least - 1, 36, 0.2), abs=1e-12)
    assert size == pytest.approx([36 - 26 * binom.cdf(1, 10, 0.2), 36])


def test_a_binding_rule_is_never_overruled_and_leaves_the_scenario_as_it_was() -> None:
    plain = scenario("kind: responses, at_least: 2")
    overruled = scenario_of(
        scenario_document(as_yaml(plain), "d.yaml"), ["plans=[{name: a, cap: 36, non_binding: overrule}]"]
    )
    assert overruled.designs()[0][1].looks == plain.design.looks
    assert "binding" not in plain.design.model_dump_json()


def test_more_responses_than_patients_in_a_table_means_none_is_enough() -> None:
    rule = TableRule(kind="table", at_least={5: 6, 10: 4, 20: 7}, other_n="row_below")
    assert [rule.boundary(Asked("a", n, 40)) for n in (3, 5, 9, 10, 15, 20, 37)] == [4, 6, 6, 4, 4, 7, 7]


def test_a_long_table_is_named_by_its_ends() -> None:
    rule = TableRule(kind="table", at_least={n: n // 4 for n in range(10, 200)})
    words = rule.wording(())
    assert words.startswith("at least 2 of 10, 2 of 11, 3 of 12, ")
    assert words.endswith(", …, 49 of 199 patients respond")
    with pytest.raises(
        ValueError, match=r"^the table has no row for n = 5, the nearest are for n = 10 and 11; add one"
    ):
        rule.boundary(Asked("a", 5, 40))


def test_a_table_can_stand_in_a_file(tmp_path: Path) -> None:
    design = DESIGN.replace("{RULE}", "{kind: table, at_least: t.csv}").replace("{FINAL}", f"{{{POSTERIOR}}}")
    (tmp_path / "d.yaml").write_text(design)
    (tmp_path / "s.yaml").write_text(
        "schema: trialsim.scenario/1\nname: s\ndesign: d.yaml\ntruths: [{name: a, response_rate: 0.2}]\n"
    )
    (tmp_path / "t.csv").write_text("n, at_least\n10, 2\n36, 11\n")
    expected = {10: 2, 36: 11}
    assert _table(load_design(tmp_path / "d.yaml")) == expected
    assert _table(load_scenario(tmp_path / "s.yaml").design) == expected
    for text, words in (
        ("n,least\n10,2\n", 'found the columns "n,least"; accepted: n,at_least'),
        ("n,at_least\n10,x\n", 'found the row "10,x"; accepted: two whole numbers'),
        ("n,at_least\n10,2\n10,3\n", "n = 10 is there twice"),
        ("n,at_least\n10,3\n11,2\n", "the responses needed must not fall"),
        ("", "accepted: n,at_least"),
    ):
        (tmp_path / "t.csv").write_text(text)
        with pytest.raises(InputError, match=r"d\.yaml, line 9, looks\.0\.continue_if\.rule\.at_least: ") as caught:
            load_scenario(tmp_path / "s.yaml")
        assert words in str(caught.value)
    with pytest.raises(InputError, match=r"nowhere\.csv: cannot be read"):
        load_design(tmp_path / "d.yaml", ["looks.first.continue_if.rule.at_least=nowhere.csv"])


def _table(design: Design) -> dict[int, int]:
    first: Any = design.looks[0].continue_if
    rows: dict[int, int] = first.rule.at_least
    return rows


def test_the_first_count_that_meets_a_rule_or_why_there_is_none() -> None:
    assert first_met(np.array([True, True])) == 0
    assert first_met(np.array([False, False])) == 2
    with pytest.raises(ValueError, match=r"^not monotone in the responses at n = 3: 1 of 3 meet it, 2 do not; try b$"):
        first_met(np.array([False, True, False, True]), "try b")


def test_a_probability_equal_to_its_cut_but_for_rounding_reaches_it_and_does_not_exceed_it() -> None:
    third = np.array([1 / 3 - 1e-15, 1 / 3 + 1e-15])
    assert reaches(third, 1 / 3).all()
    assert not exceeds(third, 1 / 3).any()
    assert not reaches(third, 1 / 3 + 1e-9).any()
    assert exceeds(third, 1 / 3 - 1e-9).all()


def test_a_mixture_is_scaled_to_weights_of_exactly_1() -> None:
    parts = [{"responses": 1, "non_responses": 1, "weight": weight} for weight in (0.3333333, 0.6666667)]
    rule = PosteriorRule(kind="posterior", above=0.2, at_least=0.9, prior=parts)
    assert sum(part.weight for part in as_prior(rule.prior)) == pytest.approx(1, abs=1e-15)


def test_a_rule_for_toxicities_says_so() -> None:
    rule = PosteriorRule(kind="posterior", above=0.2, at_least=0.9, prior={"responses": 1, "non_responses": 1})
    assert of_toxicities(rule.wording(())).startswith("the posterior probability that the toxicity rate exceeds 20 %")


def test_a_table_of_toxicities_is_asked_for_every_number_of_patients() -> None:
    rule = "{kind: any, rules: [{kind: table, at_least: {5: 3, 10: 5}}, {kind: responses, at_least: 30}]}"
    stop = ["conduct.sensitivity=[]", f"conduct.toxicity={{rate: 0.2, stop_if: {rule}}}"]
    found = load_scenario("gist", stop)
    assert found.conduct is not None
    with pytest.raises(
        InputError, match=r"^conduct\.toxicity\.stop_if: the table has no row for n = 1, the nearest are"
    ):
        compile_calendar(found.design, found.conduct, (0.1, 0.1))
    below = load_scenario("gist", [stop[0], stop[1].replace("10: 5}", "10: 5}, other_n: row_below")])
    assert below.conduct is not None
    bound = compile_calendar(below.design, below.conduct, (0.1, 0.1)).bound
    assert bound[TOXIC_LEAST, 0, 0, [3, 5, 9, 10, 40]].tolist() == [3, 3, 3, 5, 5]


def test_bop2_of_toxicities_counts_the_patients_of_its_arm() -> None:
    rule = {"kind": "bop2", "above": 0.3, "lambda": 0.9, "gamma": 1, "direction": "harm"}
    found = load_scenario("gist", ["conduct.sensitivity=[]", f"conduct.toxicity={{rate: 0.2, stop_if: {rule}}}"])
    assert found.conduct is not None
    bound = compile_calendar(found.design, found.conduct, (0.1, 0.1)).bound[TOXIC_LEAST, 0, :2]
    own = Bop2Rule(**rule)
    for arm, cap in enumerate(found.design.caps):
        assert [own.boundary(Asked("a", n, cap)) for n in (20, 50, 73)] == bound[arm, [20, 50, 73]].tolist()


def test_toxicities_of_a_conduct_have_no_final_analysis_to_look_ahead_to() -> None:
    stop = "conduct.toxicity={rate: 0.2, stop_if: {kind: any, rules: [{kind: curtailment}]}}"
    with pytest.raises(InputError, match=r"stop_if\.rules\.0\.kind: the rule looks ahead to the final analysis, which"):
        load_scenario("gist", ["conduct.sensitivity=[]", stop])


def test_the_decision_tables_of_the_page_on_rules_are_true() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    found = re.findall(r"```yaml\n(.*?)```\n\n\| 10 \| 17 \| 24 \| 30 \|\n\|[-|]+\|\n\| (.*?) \|\n", page, re.DOTALL)
    kinds = set()
    for text, row in found:
        fields = yaml.safe_load(text)
        kinds.add(fields["kind"])
        rule = TypeAdapter(Rule).validate_python(fields)
        sizes = (10, 17, 24, 30)
        least = [rule.boundary(Asked("treatment", n, 36, final_least=11)) for n in sizes]
        shown = ["none" if x > n else str(x) for n, x in zip(sizes, least, strict=True)]
        assert row.split(" | ") == shown, text
    assert kinds == {rule.model_fields["kind"].annotation.__args__[0] for rule in RULES}
