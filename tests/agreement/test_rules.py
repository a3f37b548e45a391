"""Every rule against its definition in fractions, and the two engines against each other under every rule."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from tests.amount import few
from tests.naive import rules as naive
from trialsim import Design, Scenario, run
from trialsim.spec.rules import RULES
from trialsim.spec.rules.asked import Asked

N = (1, 5, 10, 24, 37)
BY_KIND = {rule.model_fields["kind"].annotation.__args__[0]: rule for rule in RULES}
PRIORS: list[naive.Prior] = [
    [(Fraction(1), Fraction(1), Fraction(1))],
    [(Fraction(1), Fraction(1, 5), Fraction(4, 5))],
    [(Fraction(1), Fraction(6), Fraction(14))],
    [(Fraction(1, 4), Fraction(1, 2), Fraction(1, 2)), (Fraction(3, 4), Fraction(4), Fraction(12))],
]


def rule(kind: str, **fields: Any) -> Any:
    return BY_KIND[kind](kind=kind, **fields)


def as_given(prior: naive.Prior) -> Any:
    parts = [{"weight": float(w), "responses": float(a), "non_responses": float(b)} for w, a, b in prior]
    return parts if len(parts) > 1 else {name: parts[0][name] for name in ("responses", "non_responses")}


def test_exact_test_is_the_binomial_tail() -> None:
    for n, rate, alpha in product(
        N,
        (Fraction(0), Fraction(1, 20), Fraction(1, 5), Fraction(1, 2), Fraction(9, 10)),
        (Fraction(1, 100), Fraction(1, 20), Fraction(1, 32)),
    ):
        least = naive.least([naive.binomial_tail(x, n, rate) <= alpha for x in range(n + 1)])
        assert rule("exact-test", null_rate=float(rate), alpha=float(alpha)).boundary(Asked("a", n, n)) == least


@pytest.mark.parametrize("prior", PRIORS)
def test_posterior_is_the_beta_tail(prior: naive.Prior) -> None:
    seen = set()
    for n, rate in product(N, (Fraction(1, 20), Fraction(1, 5), Fraction(1, 2))):
        above = [naive.posterior_above(rate, x, n, prior) for x in range(n + 1)]
        for at_least in (0.05, 0.37, 0.8, 0.975):
            found = rule("posterior", above=float(rate), at_least=at_least, prior=as_given(prior))
            least = naive.least([p >= at_least for p in above])
            assert found.boundary(Asked("a", n, 40)) == least
            seen.add(least)
    assert len(seen) > 8


@pytest.mark.parametrize("prior", PRIORS)
def test_predictive_probability_is_the_beta_binomial_tail(prior: naive.Prior) -> None:
    seen = set()
    for n, final in product(N, (4, 11, 38)):
        tail = [naive.predictive_tail(final - x, 37 - n, x, n, prior) for x in range(n + 1)]
        for at_least in (0.001, 0.1, 0.63, 0.95):
            found = rule("predictive-probability", at_least=at_least, prior=as_given(prior))
            least = naive.least([p >= at_least for p in tail])
            assert found.boundary(Asked("a", n, 37, final)) == least
            seen.add(least)
    assert len(seen) > 8


@pytest.mark.parametrize("prior", few([None, *PRIORS], 2))
@pytest.mark.parametrize("direction", ["benefit", "harm"])
def test_bop2_is_the_beta_tail_against_a_cut_that_moves(prior: naive.Prior | None, direction: str) -> None:
    seen = set()
    for n, rate, cut, gamma in product(N, (Fraction(1, 10), Fraction(3, 10)), (0.7, 0.93), (0.0, 0.5, 1.0)):
        given: dict[str, Any] = {} if prior is None else {"prior": as_given(prior)}
        found = rule("bop2", above=float(rate), gamma=gamma, direction=direction, **{"lambda": cut}, **given)
        now = cut * (n / 40) ** gamma
        own = [(Fraction(1), rate, 1 - rate)] if prior is None else prior
        above = [naive.posterior_above(rate, x, n, own) for x in range(n + 1)]
        met = [p >= now if direction == "benefit" else p > 1 - now for p in above]
        assert found.boundary(Asked("a", n, 40)) == naive.least(met)
        seen.add(naive.least(met))
    assert len(seen) > 5


def test_curtailment_asks_every_way_the_trial_can_end() -> None:
    for n, final in product(N, (0, 4, 11, 37, 38)):
        ends = {x: [x + y >= final for y in range(37 - n + 1)] for x in range(n + 1)}
        asked = Asked("a", n, 37, final)
        possible, certain = (naive.least([how(ends[x]) for x in range(n + 1)]) for how in (any, all))
        assert rule("curtailment").boundary(asked) == possible
        assert rule("curtailment", success="certain").boundary(asked) == certain


def test_conditional_power_is_the_binomial_tail_of_those_to_come() -> None:
    seen = set()
    for n, final, rate, cut in product(
        N, (0, 4, 11, 37, 38), (Fraction(0), Fraction(2, 5), Fraction(1), None), (0.02, 0.3, 0.9)
    ):
        found = rule("conditional-power", rate="observed" if rate is None else float(rate), at_least=cut)
        rates = [Fraction(x, n) if rate is None else rate for x in range(n + 1)]
        least = naive.least([naive.conditional_tail(final - x, 37 - n, p) >= cut for x, p in enumerate(rates)])
        assert found.boundary(Asked("a", n, 37, final)) == least
        seen.add(least)
    assert len(seen) > 8


def test_joined_rules_are_met_when_any_or_all_of_them_are() -> None:
    parts: list[dict[str, Any]] = [
        {"kind": "responses", "at_least": 4},
        {"kind": "exact-test", "null_rate": 0.1, "alpha": 0.1},
        {"kind": "table", "at_least": {5: 2, 10: 3, 37: 9}, "other_n": "row_below"},
    ]
    for n in N[1:]:
        asked = Asked("a", n, 37)
        each = [rule(part["kind"], **{k: v for k, v in part.items() if k != "kind"}).boundary(asked) for part in parts]
        assert len(set(each)) > 1
        for kind, how in (("any", any), ("all", all)):
            met = [how(x >= least for least in each) for x in range(n + 1)]
            assert rule(kind, rules=parts).boundary(asked) == naive.least(met)


BETA = {"responses": 0.2, "non_responses": 0.8}
MIXED = [{"weight": 0.5, "responses": 1, "non_responses": 4}, {"weight": 0.5, "responses": 2, "non_responses": 2}]
UNDER_TEST: dict[str, dict[str, Any]] = {
    "responses": {"at_least": 3},
    "exact-test": {"null_rate": 0.2, "alpha": 0.4},
    "confidence-limit": {"above": 0.3, "side": "upper"},
    "posterior": {"above": 0.2, "at_least": 0.6, "prior": MIXED},
    "predictive-probability": {"at_least": 0.1, "prior": BETA},
    "bop2": {"above": 0.2, "lambda": 0.9, "gamma": 1},
    "curtailment": {},
    "conditional-power": {"rate": 0.3, "at_least": 0.2},
    "table": {"at_least": {12: 2, 30: 6}},
    "any": {"rules": [{"kind": "responses", "at_least": 4}, {"kind": "curtailment"}]},
    "all": {"rules": [{"kind": "responses", "at_least": 2}, {"kind": "curtailment"}]},
}


def scenario(kind: str) -> Scenario:
    """Two looks at which the rule says who goes on, and a final analysis on a posterior probability."""
    looks = [
        {"name": f"after {n}", "at": {"total": n}, "continue_if": {"rule": {"kind": kind, **UNDER_TEST[kind]}}}
        for n in (12, 30)
    ]
    final = {"rule": {"kind": "posterior", "above": 0.2, "at_least": 0.9, "prior": BETA}}
    design = {
        "schema": "trialsim.design/1",
        "name": kind,
        "arms": [{"name": "treatment"}],
        "enrolment": {"cap": 36},
        "looks": [*looks, {"name": "final", "at": "full_enrolment", "success_if": final}],
    }
    truths = [{"name": str(rate), "response_rate": rate} for rate in (0.2, 0.4)]
    return Scenario.model_validate(
        {"schema": "trialsim.scenario/1", "name": kind, "design": Design.model_validate(design), "truths": truths}
    )


@pytest.mark.parametrize("kind", sorted(BY_KIND))
def test_both_engines_agree_under_every_rule(kind: str) -> None:
    records = run(scenario(kind).model_copy(update={"n_sims": 20_000})).records
    z = {(r.truth, r.measure, r.look): r.z for r in records if r.z is not None}
    assert max(map(abs, z.values())) < 4.5
    for truth in ("0.2", "0.4"):
        assert {(truth, "p_stop", "after 30"), (truth, "p_reject", None), (truth, "n_mean", None)} <= z.keys()
    stopped = [r.estimate for r in records if r.measure == "p_stop" and r.truth == "0.2" and r.estimate is not None]
    assert 0.01 < max(stopped) < 0.9
