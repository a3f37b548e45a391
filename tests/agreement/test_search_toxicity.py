"""Toxicity boundaries against every sequence of patients, scipy's posterior, and both engines."""

from __future__ import annotations

from fractions import Fraction

import pytest
from scipy import stats

from tests.naive import toxicity as naive
from trialsim import Design, InputError, Scenario, run
from trialsim.search.toxicity import crossing, toxicity

LOOKS = {"each patient": tuple(range(1, 10)), "from the third": tuple(range(3, 10)), "cohorts": (3, 6, 9)}


@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize(("rate", "alpha"), [("1/5", "1/10"), ("3/10", "1/20")])
def test_pocock_boundary_is_the_best_of_all_levels(name: str, rate: str, alpha: str) -> None:
    looks, p = LOOKS[name], Fraction(rate)
    level, least = naive.pocock(looks, p, Fraction(alpha))
    found = toxicity(float(p), 9, float(Fraction(alpha)), looks=looks, unacceptable_rate=0.5).designs[0]
    assert found.measures["level"] == pytest.approx(float(level), rel=1e-9)
    rules = {
        look["name"]: look["toxic_if"]["rule"]["at_least"] for look in found.document["looks"] if "toxic_if" in look
    }
    assert rules == {f"{n} patients": bound for n, bound in zip(looks, least, strict=True) if bound <= n}
    for rate_name, true_rate, en in (("alpha", p, "en_target"), ("power", Fraction(1, 2), "en_null")):
        crossed, expected = naive.crossing(looks, least, true_rate)
        assert found.measures[rate_name] == pytest.approx(float(sum(crossed.values())), abs=1e-12)
        assert found.measures[en] == pytest.approx(float(expected), abs=1e-11)


def test_crossing_at_each_look() -> None:
    looks, least = (1, 2, 4, 7, 9), (2, 2, 2, 3, 5)
    rates = (Fraction(1, 10), Fraction(1, 3), Fraction(9, 10))
    found = crossing(looks, least, [float(rate) for rate in rates])
    for index, rate in enumerate(rates):
        crossed, expected = naive.crossing(looks, least, rate)
        assert found.by_look[:, index] == pytest.approx([float(crossed[n]) for n in looks], abs=1e-13)
        assert found.n_mean[index] == pytest.approx(float(expected), abs=1e-12)


def test_posterior_boundary() -> None:
    prior, rate, alpha, n_max = (0.5, 1.5), 0.25, 0.08, 20
    found = toxicity(rate, n_max, alpha, shape="posterior", prior=prior).designs[0]
    cut = found.measures["posterior"]

    def least_at(n: int, at: float) -> int:
        above = [stats.beta(prior[0] + x, prior[1] + n - x).sf(rate) for x in range(n + 1)]
        return next((x for x, p in enumerate(above) if p >= at - 1e-9), n + 1)

    looks = range(1, n_max + 1)
    rules = {n: least_at(n, cut) for n in looks}
    shown = {
        look["name"]: look["toxic_if"]["rule"]["at_least"] for look in found.document["looks"] if "toxic_if" in look
    }
    assert shown == {f"{n} patients": bound for n, bound in rules.items() if bound <= n}
    assert found.measures["alpha"] <= alpha
    values = {stats.beta(prior[0] + x, prior[1] + n - x).sf(rate) for n in looks for x in range(n + 1)}
    easier = max(value for value in values if value < cut - 1e-9)
    earlier = [least_at(n, easier) for n in looks]
    assert crossing(list(looks), earlier, [rate]).ever[0] > alpha


def test_the_engines_say_the_same_of_the_design() -> None:
    found = toxicity(0.2, 24, 0.1, unacceptable_rate=0.45).designs[0]
    design = Design.model_validate(found.document)
    truths = [
        {"name": "acceptable", "response_rate": 0.3, "toxicity_rate": 0.2},
        {"name": "unacceptable", "response_rate": 0.3, "toxicity_rate": 0.45, "odds_ratio": 3.0},
    ]
    scenario = {"schema": "trialsim.scenario/1", "name": "t", "design": design, "truths": truths, "n_sims": 20_000}
    result = run(Scenario.model_validate(scenario))
    assert result.agreement is not None
    assert result.agreement.failures == ()
    exact = {
        (r.truth, r.measure, r.arm, r.look): r.exact for r in result.records if r.value is None and r.given is None
    }
    for truth, ever, patients in (("acceptable", "alpha", "en_target"), ("unacceptable", "power", "en_null")):
        assert exact[truth, "p_toxic", "treatment", None] == pytest.approx(found.measures[ever], abs=1e-12)
        assert exact[truth, "p_reject", "treatment", None] == pytest.approx(1 - found.measures[ever], abs=1e-12)
        assert exact[truth, "n_mean", None, None] == pytest.approx(found.measures[patients], abs=1e-10)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"rate": 0.0}, "toxicity rate 0"),
        ({"n": 201}, "n 201"),
        ({"alpha": 1.0}, "alpha 1"),
        ({"unacceptable_rate": 0.1}, "not above"),
        ({"looks": (5, 5, 30)}, "increase"),
        ({"looks": (5, 20)}, "to n, 30"),
        ({"shape": "bayes"}, "pocock or posterior"),
        ({"prior": (1.0, 1.0)}, "only the posterior shape"),
        ({"prior": (0.0, 1.0), "shape": "posterior"}, "above 0"),
        ({"n": 2, "alpha": 0.01}, "no boundary keeps alpha 0.01"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        toxicity(**{"rate": 0.2, "n": 30, **asked})  # type: ignore[arg-type]
