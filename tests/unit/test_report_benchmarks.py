"""Benchmark designs: each figure against brute force, and that they keep the error rates the design attains."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb
from typing import TYPE_CHECKING

import pytest

from tests.naive.bayes_search import staged
from tests.naive.search import best_of_each_size, single_stage
from tests.unit.report_material import grid, material, missing, row, simon, text
from trialsim import load_design
from trialsim.report.regulatory.blocks import Grid
from trialsim.report.regulatory.competitors import Competitor, competitors, rules_of
from trialsim.report.regulatory.sections import benchmarks
from trialsim.spec.shipped import shipped_names

if TYPE_CHECKING:
    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.competitors import Rule

GATE = ("n_sims=200", "conduct=null")


@cache
def _found(design: str) -> tuple[Rule, list[Competitor]]:
    (rule,) = rules_of(load_design(design))
    found, said = competitors(rule)
    assert not said
    return rule, found


@cache
def _simon_blocks() -> tuple[Block, ...]:
    return tuple(benchmarks.blocks(simon()))


@cache
def _counted(looks: tuple[int, ...], stops: tuple[int, ...], rate: Fraction) -> tuple[float, float, float]:
    p, pet, expected = staged(list(looks), list(stops), [n + 1 for n in looks], rate)
    return float(p), float(pet), float(expected)


def _twin(one: Competitor, rate: Fraction) -> tuple[float, float, float]:
    return _counted(one.found.looks, one.found.stop_at_or_below, rate)


def test_the_gate_of_the_founding_trial_is_compared_as_a_rule() -> None:
    rule, _ = _found("gist-imatinib")
    alpha, beta = (
        sum(comb(18, x) * rate**x * (1 - rate) ** (18 - x) for x in xs)
        for rate, xs in ((Fraction(1, 20), range(3, 19)), (Fraction(3, 10), range(3)))
    )
    assert (rule.what, rule.arms, rule.n) == ("go on", ("400 mg", "600 mg"), 18)
    assert rule.alpha == pytest.approx(float(alpha), abs=1e-12)
    assert 1 - rule.power == pytest.approx(float(beta), abs=1e-12)
    assert (rule.en_null, rule.en_target, rule.pet_null) == (18.0, 18.0, 0.0)


@pytest.mark.parametrize(
    ("design", "null", "target"), [("gist-imatinib", (1, 20), (3, 10)), ("simon-1989-20-40", (1, 5), (2, 5))]
)
def test_each_figure_is_that_of_every_path_counted(design: str, null: tuple[int, int], target: tuple[int, int]) -> None:
    rule, found = _found(design)
    assert len(found) == 5
    for one in found:
        alpha, pet, en_null = _twin(one, Fraction(*null))
        power, _, en_target = _twin(one, Fraction(*target))
        measures = one.found.measures
        assert [measures[name] for name in ("alpha", "power", "pet_null", "en_null", "en_target")] == pytest.approx(
            [alpha, power, pet, en_null, en_target], abs=1e-10
        )
        assert alpha <= rule.alpha + 1e-9
        assert power >= rule.power - 1e-9


def test_simons_design_is_its_own_competitor() -> None:
    """Simon 1989, as the documentation of clinfun prints ph2simon(0.2, 0.4, 0.1, 0.1): 3/17, 10/37, EN 26.02."""
    rule, found = _found("simon-1989-20-40")
    optimal = next(one for one in found if one.name == "Simon, optimal")
    assert (optimal.found.looks, optimal.found.stop_at_or_below) == ((17, 37), (3, 10))
    assert rule.what == "reject"
    assert (rule.alpha, rule.power) == pytest.approx((optimal.found.measures["alpha"], optimal.found.measures["power"]))
    assert round(rule.en_null, 2) == 26.02
    assert round(rule.pet_null, 4) == 0.5489


def test_no_smaller_single_stage_and_no_thriftier_two_stage_design_keeps_the_rates() -> None:
    rule, found = _found("gist-imatinib")
    by_name = {one.name: one.found for one in found}
    alpha, beta = (Fraction(error).limit_denominator(10**9) for error in rule.errors)
    kept = [n for n in range(1, 19) if single_stage(Fraction(1, 20), Fraction(3, 10), alpha, beta, n) is not None]
    assert kept[0] == by_name["single stage, smallest"].looks[0] == 18
    best = best_of_each_size(0.05, 0.3, *rule.errors, 34)
    n1, r1, n, r = min(best.values(), key=lambda one: one[1])[0]
    assert (by_name["Simon, optimal"].looks, by_name["Simon, optimal"].stop_at_or_below) == ((n1, n), (r1, r))
    n1, r1, n, r = best[min(best)][0]
    assert (by_name["Simon, minimax"].looks, by_name["Simon, minimax"].stop_at_or_below) == ((n1, n), (r1, r))


def test_the_tables_show_these_figures_under_the_truths() -> None:
    found = list(benchmarks.blocks(material("gist", *GATE)))
    assert "no criterion of success at the end" in text(found)
    table = grid(found, "designs for 5 % against 30 %").table
    assert row(table, "this design")["alpha"] == "0.058129"
    assert row(table, "this design")["power"] == "0.940048"
    assert row(table, "Simon, optimal")["rule"] == "stop at 0 or fewer of 9; go on at 4 or more of 26"
    chances = grid(found, "probability of going on").table
    assert [one[:3] for one in chances.rows if one[0] == "mixed"] == [
        ["mixed", "400 mg", "5 %"],
        ["mixed", "600 mg", "30 %"],
    ]
    expected = float(sum(comb(18, x) * Fraction(1, 10) ** x * Fraction(9, 10) ** (18 - x) for x in range(3, 19)))
    assert row(chances, "weak")["this design"] == row(chances, "weak")["single stage, smallest"] == f"{expected:.6f}"
    assert {block.badge for block in found if isinstance(block, Grid)} == {"exact"}


def test_a_design_that_rejects_is_shown_with_its_records() -> None:
    material_ = simon()
    found = _simon_blocks()
    own = material_.records["37 patients", "between", "p_reject", "treatment", None, None, None, None]
    chances = grid(found, "probability of rejecting").table
    assert row(chances, "between")["this design"] == f"{own.exact:.6f}"
    assert row(chances, "between")["Simon, optimal"] == row(chances, "between")["this design"]
    patients = grid(found, "expected number of patients").table
    assert row(patients, "inactive")["this design"] == "26.0225"


def test_the_cheapest_is_named_with_its_numbers() -> None:
    _, found = _found("simon-1989-20-40")
    best = min(found, key=lambda one: _twin(one, Fraction(1, 5))[2])
    expected = _twin(best, Fraction(1, 5))[2]
    sentence = f"Of these competitors, {best.name} expects the fewest patients at the null rate, {expected:.2f}"
    assert sentence in text(_simon_blocks())


def test_what_cannot_be_compared_is_said() -> None:
    assert missing(benchmarks.blocks(material("gehan-1961-20", "n_sims=50"))) == ["design.hypotheses"]
    assert "for toxicity alone" in text(benchmarks.blocks(material("toxicity-20-35-four-looks", "n_sims=50")))
    looked_at_only = ("n_sims=50", "conduct=null", "design.looks.proof-of-concept.continue_if=null")
    assert "rejects nothing" in text(benchmarks.blocks(material("gist", *looked_at_only)))
    hopeless = ("n_sims=50", "design.hypotheses.target_rate=0.2001", "design.published=[]")
    said = text(benchmarks.blocks(material("simon-20-40", *hopeless)))
    assert "Nothing was searched" in said


def test_every_shipped_design_has_its_benchmarks_or_a_reason() -> None:
    names = shipped_names("designs")
    assert len(names) > 30
    for name in names:
        design = load_design(name)
        if design.hypotheses is not None:
            rules = rules_of(design)
            assert rules, name
            assert all(0 < rule.alpha < rule.power < 1 and rule.en_null <= rule.n for rule in rules), name
