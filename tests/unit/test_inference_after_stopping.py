"""Inference after stopping against every order of responses, in fractions; and what must hold whatever the design."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.naive import after_stopping as naive
from trialsim.inference import koyama_chen, stagewise
from trialsim.inference.after_stopping import LIMITS, AfterStoppingName, limits_after, why_not
from trialsim.inference.estimators import ESTIMATORS, EstimatorName, estimates
from trialsim.inference.intervals import limits as intervals
from trialsim.inference.sequential import LookBounds, Scheme, law, path_counts

SMALL: list[tuple[naive.Looks, int]] = [
    ([], 5),
    ([(3, 0, None)], 7),
    ([(4, 1, None)], 9),
    ([(3, -1, 3)], 8),
    ([(3, 0, 3), (6, 2, 5)], 8),
    ([(2, 0, None), (4, 1, None), (7, 3, 6)], 9),
    ([(1, 0, None), (2, 0, None)], 6),
    ([(4, 0, None), (4, 1, None)], 4),
]
LARGE = [
    Scheme((LookBounds(18, 2, 19),), 73),
    Scheme((LookBounds(17, 3, 18),), 37),
    Scheme((LookBounds(10, 1, 11),), 29),
    Scheme((LookBounds(20, 2, 9), LookBounds(35, 6, 14)), 60),
    Scheme(tuple(LookBounds(40 * k, 4 * k - 1, 40 * k + 1) for k in range(1, 5)), 200),
    Scheme(tuple(LookBounds(n, n // 5 - 1, n // 2 + 4) for n in range(10, 100, 10)), 100),
]
RATES = np.array([0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.99])
EXACT = [Fraction(1, 10), Fraction(1, 3), Fraction(4, 5)]


def scheme_of(looks: naive.Looks, n_final: int) -> Scheme:
    return Scheme(tuple(LookBounds(n, low, n + 1 if high is None else high) for n, low, high in looks), n_final)


def outcomes(scheme: Scheme, rates: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Return, of each stage, the x at which the arm can end and their probabilities: (rates, x)."""
    found = []
    for stage in range(len(scheme.looks) + 1):
        n = scheme.n_at(stage)
        x = np.arange(n + 1)
        if stage < len(scheme.looks):
            look = scheme.looks[stage]
            x = x[(x <= look.stop_low) | (x >= look.stop_high)]
        found.append((stage, x, law(scheme.passed(stage), n, rates)[:, x]))
    return found


def expected(scheme: Scheme, name: str, rates: np.ndarray) -> np.ndarray:
    """Return the expectation of an estimator at each rate."""
    parts = [weights @ estimates(name, scheme, stage)[x] for stage, x, weights in outcomes(scheme, rates)]
    return np.sum(parts, axis=0)


@pytest.mark.parametrize(("looks", "n_final"), SMALL)
def test_path_counts_are_the_orders_of_responses(looks: naive.Looks, n_final: int) -> None:
    scheme = scheme_of(looks, n_final)
    for (stage, x), orders in naive.all_orders(looks, n_final).items():
        n = scheme.n_at(stage)
        distinct = {order[:n] for order in orders}
        assert path_counts(scheme.passed(stage), n)[x] == len(distinct)
        assert path_counts(scheme.passed(stage), n, "first")[x] == sum(order[0] for order in distinct)


@pytest.mark.parametrize(("looks", "n_final"), SMALL)
def test_estimators_are_those_of_the_enumeration(looks: naive.Looks, n_final: int) -> None:
    scheme = scheme_of(looks, n_final)
    for (stage, x), value in naive.umvue(looks, n_final).items():
        assert estimates("umvue", scheme, stage)[x] == float(value)
    if not looks or looks[-1][0] < n_final:
        for (stage, x), value in naive.conditional_umvue(looks, n_final).items():
            assert estimates("conditional-umvue", scheme, stage)[x] == float(value)
    for stage, x in naive.all_orders(looks, n_final):
        observed = x / scheme.n_at(stage)
        solution = Fraction(float(estimates("bias-adjusted", scheme, stage)[x]))
        assert float(naive.expected_mle(looks, n_final, solution)) == pytest.approx(observed, abs=1e-12)
        assert estimates("mle", scheme, stage)[x] == observed


@pytest.mark.parametrize(("looks", "n_final"), SMALL)
def test_p_values_and_limits_are_those_of_the_enumeration(looks: naive.Looks, n_final: int) -> None:
    scheme, weights = scheme_of(looks, n_final), naive.law(looks, n_final, Fraction(1, 3))
    assert sum(weights.values()) == 1
    ordered = sorted(weights, key=lambda outcome: naive.strength(looks, outcome))
    for index, (stage, x) in enumerate(ordered):
        passed, n = scheme.passed(stage), scheme.n_at(stage)
        for rate in EXACT:
            exact = float(naive.p_value(looks, n_final, (stage, x), rate))
            assert stagewise.p_value(passed, n, x, float(rate)) == pytest.approx(exact, abs=1e-13)
        lower, upper = (float(limit[x]) for limit in stagewise.limits(passed, n, 0.9))
        if index > 0:
            assert float(naive.p_value(looks, n_final, (stage, x), Fraction(lower))) == pytest.approx(0.05, abs=1e-12)
        else:
            assert lower == 0.0
        if index < len(ordered) - 1:
            beyond = naive.p_value(looks, n_final, ordered[index + 1], Fraction(upper))
            assert float(beyond) == pytest.approx(0.95, abs=1e-12)
        else:
            assert upper == 1.0
        other = float(koyama_chen.p_value_limits(passed, n, 0.9)[1][x])
        if index > 0:
            assert float(naive.p_value(looks, n_final, (stage, x), Fraction(other))) == pytest.approx(0.95, abs=1e-12)
            median = Fraction(float(estimates("median-unbiased", scheme, stage)[x]))
            assert float(naive.p_value(looks, n_final, (stage, x), median)) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("scheme", LARGE)
def test_umvue_is_unbiased(scheme: Scheme) -> None:
    assert np.abs(expected(scheme, "umvue", RATES) - RATES).max() < 1e-10
    assert np.abs(expected(scheme, "mle", RATES) - RATES).max() > 1e-3


@pytest.mark.parametrize("scheme", LARGE)
def test_conditional_umvue_is_unbiased_for_arms_that_went_on(scheme: Scheme) -> None:
    stage, x, weights = outcomes(scheme, RATES)[-1]
    likely = weights.sum(axis=1) > 1e-12
    found = (weights @ estimates("conditional-umvue", scheme, stage)[x] / weights.sum(axis=1))[likely]
    assert np.abs(found - RATES[likely]).max() < 1e-10
    assert np.abs((weights @ (x / scheme.n_final) / weights.sum(axis=1))[likely] - RATES[likely]).max() > 1e-3


@pytest.mark.parametrize("scheme", LARGE)
def test_bias_adjusted_has_less_bias_and_the_median_is_one(scheme: Scheme) -> None:
    rates = RATES[2:-2]
    naive_bias, bias = (np.abs(expected(scheme, name, rates) - rates) for name in ("mle", "bias-adjusted"))
    assert bias.mean() < 0.5 * naive_bias.mean()
    below = np.zeros(len(rates))
    at_least = np.zeros(len(rates))
    for stage, x, weights in outcomes(scheme, rates):
        values = estimates("median-unbiased", scheme, stage)[x]
        below += (weights * (values[None, :] > rates[:, None] + 1e-12)).sum(axis=1)
        at_least += (weights * (values[None, :] <= rates[:, None] + 1e-12)).sum(axis=1)
    assert (below <= 0.5).all()
    assert (at_least >= 0.5).all()


@pytest.mark.parametrize("scheme", LARGE)
def test_stagewise_coverage_is_at_least_its_level(scheme: Scheme) -> None:
    rates = np.linspace(0.02, 0.98, 49)
    covered, program = np.zeros(len(rates)), np.zeros(len(rates))
    for stage, x, weights in outcomes(scheme, rates):
        for name, total in (("stagewise", covered), ("koyama-chen-p-value", program)):
            lower, upper = limits_after(name, scheme, stage, 0.9)
            inside = (lower[x] <= rates[:, None] + 1e-12) & (rates[:, None] <= upper[x] + 1e-12)
            total += (weights * inside).sum(axis=1)
    assert covered.min() >= 0.9 - 1e-12
    assert program.min() < 0.9


@pytest.mark.parametrize("n", [1, 18, 73, 200])
def test_without_looks_everything_is_as_ever(n: int) -> None:
    scheme = Scheme((), n)
    for name in ("umvue", "conditional-umvue", "bias-adjusted"):
        assert np.abs(estimates(name, scheme, 0) - np.arange(n + 1) / n).max() < 1e-12
    for name in ("stagewise", "koyama-chen"):
        found, expected = limits_after(name, scheme, 0, 0.95), intervals("clopper-pearson", n, 0.95)
        assert np.abs(np.array(found) - np.array(expected)).max() < 1e-12


def test_path_counts_stay_exact_where_doubles_do_not() -> None:
    counts = path_counts((LookBounds(300, 30, 301),), 900)
    assert sum(counts) == sum(path_counts((), 300)[31:]) * 2**600
    assert 0.3 < estimates("umvue", Scheme((LookBounds(300, 30, 301),), 900), 1)[300] < 0.34


@pytest.mark.parametrize(
    "case", [(19, 7, 39, 17, 7, 23, 10), (19, 7, 39, 17, 9, 15, 9), (10, 2, 29, 6, 2, 19, 4), (10, 2, 29, 6, 3, 25, 0)]
)
def test_koyama_and_chen_with_another_second_stage(case: tuple[int, ...]) -> None:
    n_first, goes_on_with, n_planned, least, x_first, n_added, x_added = case
    first = LookBounds(n_first, goes_on_with - 1, n_first + 1)
    data = koyama_chen.SecondStage(first, n_planned, least, x_first, n_first + n_added, x_first + x_added)
    for rate in (0.1, 0.3, 0.6):
        exact = naive.koyama_chen_p_value(*case, rate)
        assert koyama_chen.attained_p_value(data, rate) == pytest.approx(exact, abs=1e-12)
    lower, upper = koyama_chen.attained_limits(data, 0.9)
    assert koyama_chen.attained_p_value_limits(data, 0.9)[0] == lower
    if x_added > 0:
        assert naive.koyama_chen_p_value(*case, lower) == pytest.approx(0.05, abs=1e-10)
        other = koyama_chen.attained_p_value_limits(data, 0.9)[1]
        assert naive.koyama_chen_p_value(*case, other) == pytest.approx(0.95, abs=1e-10)
        assert lower < other < upper
    assert naive.koyama_chen_p_value(*case[:-1], x_added + 1, upper) == pytest.approx(0.95, abs=1e-10)


def test_koyama_and_chen_just_at_the_criterion_is_the_stagewise_p_value() -> None:
    first = LookBounds(10, 1, 11)
    data = koyama_chen.SecondStage(first, 29, 6, 2, 29, 6)
    for rate in (0.05, 0.1, 0.4):
        assert koyama_chen.attained_p_value(data, rate) == pytest.approx(
            stagewise.p_value((first,), 29, 6, rate), abs=1e-13
        )


def test_koyama_and_chen_say_why_not() -> None:
    one, two = LookBounds(10, 1, 11), LookBounds(20, 3, 21)
    assert koyama_chen.why_not(Scheme((one,), 29)) is None
    assert "two stages" in str(koyama_chen.why_not(Scheme((one, two), 29)))
    assert "futility only" in str(why_not("koyama-chen", Scheme((one._replace(stop_high=5),), 29)))
    assert why_not("stagewise", Scheme((one, two), 29)) is None
    enough = koyama_chen.SecondStage(one, 29, 6, 6, 35, 8)
    assert "enough" in str(koyama_chen.why_not_attained(enough))
    assert "could not succeed" in str(koyama_chen.why_not_attained(enough._replace(least=26)))


def test_p_values_at_certainty() -> None:
    assert stagewise.p_value((LookBounds(10, 1, 11),), 29, 6, 0.0) == 0.0
    assert stagewise.p_value((), 29, 0, 0.0) == 1.0
    assert stagewise.p_value((LookBounds(10, 1, 11),), 29, 6, 1.0) == 1.0


def test_registries() -> None:
    assert tuple(ESTIMATORS) == EstimatorName.__args__
    assert (*tuple(ESTIMATORS)[1:], *LIMITS) == AfterStoppingName.__args__
    for method in ESTIMATORS.values():
        assert method.__doc__
