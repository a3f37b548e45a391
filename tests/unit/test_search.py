"""Designs that searches find, against exhaustive enumeration."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.naive import search as naive
from trialsim import InputError
from trialsim.api import run
from trialsim.search.fleming import boundaries, equal_looks, fleming
from trialsim.search.found import Search
from trialsim.search.gehan import gehan
from trialsim.search.simon import COLUMNS, best_designs, simon
from trialsim.search.single_stage import always_from, exact_test, single_stage
from trialsim.search.targets import Targets
from trialsim.spec.design import Design
from trialsim.spec.written import as_yaml

GRID = [
    (0.05, 0.20, 0.05, 0.10),
    (0.20, 0.40, 0.10, 0.10),
    (0.50, 0.75, 0.0625, 0.125),
    (0.01, 0.90, 0.30, 0.30),
    (0.50, 0.90, 0.50, 0.01),
    (0.05, 0.50, 0.60, 0.05),
    (0.30, 0.31, 0.70, 0.70),
    (0.01, 0.02, 0.90, 0.90),
    (0.85, 0.95, 0.20, 0.40),
]


def same_as_exhaustive(problem: tuple[float, float, float, float], n_max: int) -> int:
    """Compare the whole feasible set; return how many sizes it has."""
    expected = naive.best_of_each_size(*problem, n_max)
    found = best_designs(Targets(*problem), n_max)
    assert found.sizes.tolist() == sorted(expected)
    for row in found.values:
        n1, r1, n, r = (int(value) for value in row[:4])
        design, en, alpha, power = expected[n]
        assert (n1, r1, n, r) == design, problem
        assert np.allclose(row[[4, 6, 7]], (en, alpha, power), rtol=0, atol=1e-9)
    if len(found.sizes):
        assert found.sizes[found.hull].tolist() == naive.on_hull([(n, expected[n][1]) for n in sorted(expected)])
    return len(expected)


def random_problem(rng: random.Random) -> tuple[float, float, float, float]:
    null = rng.randint(1, 17) / 20
    target = min(null + rng.randint(1, 8) / 20, 0.99)
    return null, target, rng.choice([0.01, 0.05, 0.1, 0.2, 0.4]), rng.choice([0.05, 0.1, 0.2, 0.3, 0.6])


def test_the_feasible_set_is_that_of_exhaustive_enumeration() -> None:
    rng = random.Random(6)
    problems = GRID + [random_problem(rng) for _ in range(150)]
    sizes = [same_as_exhaustive(problem, 18) for problem in problems]
    assert sum(size > 0 for size in sizes) >= 75


@pytest.mark.slow_statistics
def test_the_feasible_set_up_to_60_patients() -> None:
    rng = random.Random(60)
    rates = [(0.05, 0.20), (0.05, 0.25), (0.10, 0.30), (0.20, 0.40), (0.30, 0.50), (0.40, 0.60), (0.60, 0.80)]
    errors = [(0.05, 0.10), (0.05, 0.20), (0.10, 0.10)]
    problems = [(*pair, *both) for pair, both in product(rates, errors)] + [random_problem(rng) for _ in range(40)]
    sizes = [same_as_exhaustive(problem, 60) for problem in problems]
    assert sum(size > 0 for size in sizes) > 40


def test_the_sum_over_pairs_is_what_exhaustive_enumeration_adds_up() -> None:
    (design, en, alpha, power) = naive.best_of_each_size(0.2, 0.5, 0.1, 0.2, 16)[16]
    for rate, reject in ((Fraction(1, 5), alpha), (Fraction(1, 2), power)):
        assert abs(float(naive.p_reject(design, rate)) - reject) < 1e-12
    assert abs(float(naive.en_null(design, Fraction(1, 5))) - en) < 1e-12


def test_extreme_targets_are_searched_like_others() -> None:
    rates = product([1e-300, 1e-9, 0.5, 1 - 1e-6], [2e-9, 0.6, 1 - 1e-7, 1 - 1e-15])
    errors = list(product([1e-9, 0.3, 1 - 1e-9], repeat=2))
    problems = [(*pair, *both) for pair in rates if pair[0] < pair[1] for both in errors]
    assert sum(same_as_exhaustive(problem, 7) > 0 for problem in problems) > 30


def test_weights_say_which_design_is_best() -> None:
    found = simon(0.05, 0.20, 0.05, 0.10)
    assert found.feasible is not None
    n, en = (found.feasible.values[:, COLUMNS.index(name)] for name in ("n", "en_null"))
    covered = 0.0
    for design in found.designs:
        low, high = design.details["weight_of_n"]
        covered += high - low
        for weight in np.linspace(low, high, 7)[1:-1]:
            best = int(np.argmin(weight * n + (1 - weight) * en))
            assert n[best] == design.looks[-1]
    assert covered == pytest.approx(1.0)


def test_optimal_and_minimax_may_be_one() -> None:
    found = simon(0.3, 0.31, 0.7, 0.7, 20)
    kinds = [design.criterion for design in found.designs]
    assert kinds[:2] == ["optimal", "minimax"]
    assert all(design.measures["alpha"] <= 0.7 for design in found.designs)


# Single stage


@pytest.mark.parametrize(
    "words",
    [("0.05", "0.20", "0.05", "0.10"), ("0.5", "0.75", "0.0625", "0.25"), ("0.3", "0.6", "0.01", "0.2")],
)
def test_single_stage_against_fractions(words: tuple[str, str, str, str]) -> None:
    exact = tuple(map(Fraction, words))
    found = single_stage(*map(float, words), n_max=120)
    kept = [naive.single_stage(*exact, n) for n in range(1, 61)]
    sizes = [n for n, test in enumerate(kept, start=1) if test is not None]
    for_good = next(n for n in sizes if all(later in sizes for later in range(n, 61)))
    assert [design.looks for design in found.designs] == [(sizes[0],), (for_good,)]
    for design in found.designs:
        test = kept[design.looks[0] - 1]
        assert test is not None
        assert design.stop_at_or_below == (test[0],)
        assert design.measures["alpha"] == pytest.approx(float(test[1]), abs=1e-12)
        assert design.measures["power"] == pytest.approx(float(test[2]), abs=1e-12)


def test_from_the_bound_on_both_errors_are_kept() -> None:
    targets = Targets(0.4, 0.55, 0.05, 0.1)
    start = always_from(targets)
    assert all(exact_test(n, targets).power >= 0.9 for n in range(start, start + 200))
    assert exact_test(20, targets).power < 0.9


def test_single_stage_says_from_where_all_larger_hold() -> None:
    found = single_stage(0.05, 0.20, 0.05, 0.10, n_max=40)
    assert [design.looks for design in found.designs] == [(38,)]
    assert "only from 45 on" in found.notes[0]


# Fleming


@pytest.mark.parametrize("looks", [(15, 25), (20, 35, 50), (10, 20, 30, 40, 50), (30,)])
@pytest.mark.parametrize("null", [0.05, 0.2, 0.5])
def test_flemings_boundaries_are_his_formula(looks: tuple[int, ...], null: float) -> None:
    accept, reject = naive.fleming(looks, null, 1.6448536269514722)
    found = boundaries(looks, Targets(null, null + 0.2, 0.05, 0.2), True)
    assert found is not None
    assert found.stop_at_or_below == tuple(max(a, -1) for a in accept)
    assert found.reject_at_or_above == tuple(r if r <= n else None for n, r in zip(looks, reject, strict=True))


def test_fleming_finds_the_smallest_by_exact_error_rates() -> None:
    found = fleming(0.05, 0.20, 0.05, 0.10, stages=3).designs[0]
    null, target = Fraction(1, 20), Fraction(1, 5)
    for n in range(3, found.looks[-1] + 1):
        looks = equal_looks(n, 3)
        design = boundaries(looks, Targets(0.05, 0.2, 0.05, 0.1), True)
        if design is None:
            continue
        error = naive.by_every_order(*design, null)["p_reject"]
        power = naive.by_every_order(*design, target)["p_reject"]
        assert (error <= Fraction(1, 20) and power >= Fraction(9, 10)) == (n == found.looks[-1]), n


def test_without_early_rejection_no_look_rejects() -> None:
    both, late = (
        fleming(0.2, 0.4, 0.05, 0.2, looks=(15, 25), rejects_early=early).designs[0] for early in (True, False)
    )
    assert both.details["reject_at_or_above"] == (7, 9)
    assert late.details["reject_at_or_above"] == (None, 9)
    assert late.measures["en_target"] > both.measures["en_target"]
    assert late.measures["power"] < both.measures["power"]


# Gehan


@pytest.mark.parametrize(("target", "beta", "n1"), [("0.2", "0.05", 14), ("0.2", "0.1", 11), ("0.5", "0.0625", 4)])
def test_gehans_first_stage_is_the_smallest(target: str, beta: str, n1: int) -> None:
    none = 1 - Fraction(target)
    assert none**n1 <= Fraction(beta) < none ** (n1 - 1)
    assert {design.looks[0] for design in gehan(float(target), float(beta), 0.1).designs} == {n1}


@pytest.mark.parametrize("error", [0.05, 0.1])
@pytest.mark.parametrize("assumed", ["clopper-pearson", "wald", "observed"])
def test_gehans_second_stage_is_just_large_enough(error: float, assumed: Any) -> None:
    found = gehan(0.2, 0.05, error, assumed=assumed)
    assert len(found.designs) == 14
    for design in found.designs:
        x, rate, second = (design.details[name] for name in ("responses_seen", "assumed_rate", "second_stage"))
        assert x / 14 <= rate <= max(0.5, x / 14)
        assert rate * (1 - rate) / (14 + second) <= error**2 * (1 + 1e-9)
        assert second == 0 or rate * (1 - rate) / (13 + second) > error**2


def test_gehans_assumed_rate_is_a_75_percent_limit() -> None:
    for design in gehan(0.2, 0.05, 0.05).designs:
        x, rate = design.details["responses_seen"], design.details["assumed_rate"]
        if x / 14 < rate < 0.5:
            assert sum(naive.term(14, k, rate) for k in range(x + 1)) == pytest.approx(0.25, abs=1e-9)


# What every family returns


def families() -> list[Search]:
    return [
        simon(0.05, 0.20, 0.05, 0.10),
        simon(0.5, 0.75, 0.1, 0.1),
        single_stage(0.05, 0.20, 0.05, 0.10),
        fleming(0.05, 0.20, 0.05, 0.10, stages=3),
        fleming(0.2, 0.4, 0.05, 0.20, looks=(15, 25), rejects_early=False),
        gehan(0.20, 0.05, 0.10, null_rate=0.05),
    ]


@pytest.mark.parametrize("found", families(), ids=lambda found: found.family)
def test_the_documents_load_and_run_to_the_same_figures(found: Search, tmp_path: Any) -> None:
    from trialsim import load_scenario

    names = set()
    for design in found.designs:
        model = Design.model_validate(dict(design.document))
        path = tmp_path / f"{model.name}.yaml"
        path.write_text(as_yaml(model), encoding="utf-8")
        names.add(model.name)
        ran = {}
        for record in run(load_scenario(path), "exact").records:
            if record.arm in (None, "treatment") and record.given is None and record.variant is None:
                ran[record.measure, record.truth] = record.exact
        rates = {"null": found.asked["null_rate"], "target": found.asked["target_rate"]}
        truths = {truth.name: truth.rates(("treatment",))[0] for truth in load_scenario(path).truths}
        for at, rate in rates.items():
            truth = next(name for name, value in truths.items() if value == rate)
            assert ran["n_mean", truth] == pytest.approx(design.measures[f"en_{at}"], abs=1e-9)
            if len(design.looks) > 1:
                assert ran["pet", truth] == pytest.approx(design.measures[f"pet_{at}"], abs=1e-9)
            if found.family != "gehan":
                reject = design.measures["alpha" if at == "null" else "power"]
                assert ran["p_reject", truth] == pytest.approx(reject, abs=1e-9)
    assert len(names) == len({design.document["name"] for design in found.designs})


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (lambda: simon(0.05, 0.20, 0.05, 0.10, 20), "no two-stage design of at most 20 patients keeps alpha 0.05"),
        (lambda: single_stage(0.05, 0.20, 0.05, 0.10, 20), "no single-stage design of at most 20 patients"),
        (lambda: fleming(0.05, 0.20, 0.05, 0.10, 20), "no 2-stage design with Fleming's boundaries of at most 20"),
        (lambda: gehan(0.20, 0.05, 0.01), "a standard error of 0.01 needs 2500 patients"),
        (lambda: gehan(0.20, 0.05, 0.1, n_max=10), "the first stage alone needs 14 patients"),
        (lambda: simon(0.20, 0.05), "the null rate 0.2 is not below the target rate 0.05; have they been swapped?"),
        (lambda: simon(0.20, 0.20), "the null rate 0.2 is not below the target rate 0.2; raise the target rate"),
        (lambda: simon(0.0, 0.20), "null rate 0: a response rate strictly between 0 and 1"),
        (lambda: simon(0.05, 1.0), "target rate 1: a response rate strictly between 0 and 1"),
        (lambda: simon(0.05, 0.2, 0.0), "alpha 0: an error rate strictly between 0 and 1"),
        (lambda: simon(0.05, 0.2, 0.05, 1.5), "beta 1.5: an error rate strictly between 0 and 1"),
        (lambda: simon(0.05, 0.2, 0.05, 1 - 1e-12), "beta 1: an error rate strictly between 0 and 1"),
        (lambda: simon(0.05, 0.2, 1e-15), "alpha 1e-15: an error rate strictly between 0 and 1"),
        (lambda: simon(0.05, 0.2, n_max=1), "n-max 1: a number of patients from 2 to 1000"),
        (lambda: single_stage(0.05, 0.2, n_max=-3), "n-max -3: a number of patients from 1 to 1000"),
        (lambda: fleming(0.05, 0.2, stages=0), "stages 0: a number of stages from 1 to 20"),
        (lambda: fleming(0.05, 0.2, looks=(20, 10)), "10 does not follow 20; looks must increase"),
        (lambda: fleming(0.05, 0.2, looks=()), "1 to 20 numbers of patients"),
        (lambda: gehan(1.2), "target rate 1.2: a number strictly between 0 and 1"),
        (lambda: gehan(0.2, null_rate=0.3), "null rate 0.3 is not below the target rate 0.2"),
        (lambda: gehan(0.2, standard_error=0.7), "standard error 0.7: a rate above 0 and below 0.5"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(found: Any, what: str) -> None:
    with pytest.raises(InputError, match=what.replace("?", r"\?")) as caught:
        found()
    assert str(caught.value).count(". ") == 0
    assert str(caught.value).endswith((".", "?"))


def test_the_nearest_feasible_error_rates_are_feasible_and_nearest() -> None:
    with pytest.raises(InputError) as caught:
        simon(0.05, 0.20, 0.05, 0.10, 20)
    sentence = str(caught.value)
    beta, alpha = (float(sentence.split(f"with {word} ")[1].split()[0]) for word in ("beta", "alpha"))
    for errors in ((0.05, beta), (alpha, 0.10)):
        assert naive.best_of_each_size(0.05, 0.20, *errors, 20)
    for errors in ((0.05, beta - 0.0011), (alpha - 0.0011, 0.10)):
        assert not naive.best_of_each_size(0.05, 0.20, *errors, 20)
    assert "an n-max of 38 would do" in sentence
