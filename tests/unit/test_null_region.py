"""The proof over the null region against listing, against itself by other ways, and by simulation."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

import numpy as np
import pytest

from tests.agreement import designs as d
from tests.naive import bayes_search
from tests.naive import null_region as naive
from trialsim import Design, InputError, load_design, load_scenario
from trialsim.compile import compile_design
from trialsim.curves import curves
from trialsim.proof import information, simulated
from trialsim.proof.bernstein import MAX_COEFFICIENTS, Polynomial, coefficients, has_coefficients, largest
from trialsim.proof.coupling import falls_with_toxicity, is_falling, is_rising
from trialsim.proof.events import Event, decided, probability
from trialsim.proof.null_region import NullRegion, Statement, prove
from trialsim.proof.power import powers
from trialsim.proof.samplers import calendar_sampler, counts_sampler, patients_of
from trialsim.proof.simulated import simulate_null_region
from trialsim.proof.tilt import Patients, tilt_bound, upper_limit
from trialsim.spec.conduct import Conduct
from trialsim.spec.shipped import shipped_names

FINAL = {"at": "full_enrolment"}
REJECT = Event("reject", (0,))


def responses(at_least: int) -> dict[str, Any]:
    return {"kind": "responses", "at_least": at_least}


def made(data: d.Data, null_rate: float = 0.2) -> Design:
    return Design.model_validate({**data, "hypotheses": {"null_rate": null_rate, "target_rate": null_rate + 0.2}})


def race(n_arms: int = 2, look: int = 6, cap: int = 10) -> d.Data:
    """Arms that stop with the trial as soon as one of them succeeds or fails: help for one can hurt another."""
    return d.data_of(
        [1] * n_arms,
        [cap] * n_arms,
        [
            {
                "at": {"per_arm": look},
                "continue_if": {"rule": responses(1)},
                "success_if": {"then": "stop", "rule": responses(look // 2)},
            },
            {**FINAL, "success_if": {"rule": responses(cap // 2)}},
        ],
        "stop_trial",
    )


RACE = made(race())


def only(region: NullRegion, arms: tuple[int, ...]) -> Statement:
    (found,) = [one for one in region.statements if one.arms == arms]
    return found


# ---------------------------------------------------------------- one arm: the worst rate is the null rate

ONE_ARM = [
    name
    for name in shipped_names("designs")
    if len(load_design(name).arms) == 1 and load_design(name).hypotheses and not load_design(name).watches_toxicity
]


@pytest.mark.parametrize("name", ONE_ARM)
def test_with_one_arm_the_error_is_proved_at_the_null_rate(name: str) -> None:
    design = load_design(name)
    assert design.hypotheses is not None
    (found,) = prove(design).statements
    alpha = curves(design, [(design.hypotheses.null_rate,)]).of("p_reject", design.arm_names[0])
    assert alpha is not None
    assert (found.certificate, found.worst, found.gap, found.n_tiles) == (
        "coupling",
        (design.hypotheses.null_rate,),
        0,
        0,
    )
    assert found.value == pytest.approx(alpha.item(), abs=1e-14)
    (tiled,) = prove(design, way="Bernstein").statements
    assert tiled.certificate == "Bernstein"
    assert (tiled.worst, tiled.value) == (found.worst, found.value)
    assert found.value <= tiled.upper <= found.value + 1e-4


def test_simons_design_has_the_error_of_every_path_counted() -> None:
    alpha, _, _ = bayes_search.staged([17, 37], [3, 10], [18, 38], Fraction(1, 5))
    power, _, _ = bayes_search.staged([17, 37], [3, 10], [18, 38], Fraction(2, 5))
    design = load_design("simon-1989-20-40")
    assert prove(design).statements[0].value == pytest.approx(float(alpha), abs=1e-13)
    assert powers(design, compile_design(design))[0].value == pytest.approx(float(power), abs=1e-13)


# ---------------------------------------------------------------- the polynomial

LOOKS = [(4, 0, 4), (8, 2, 6)]
SMALL = d.data_of(
    [1],
    11,
    [
        {
            "at": {"per_arm": n},
            "continue_if": {"rule": responses(low + 1)},
            "success_if": {"then": "stop", "rule": responses(high)},
        }
        for n, low, high in LOOKS
    ]
    + [{**FINAL, "success_if": {"rule": responses(5)}}],
)


def test_coefficients_are_shares_of_orders() -> None:
    plan = compile_design(made(SMALL))
    shares = coefficients(plan, decided(plan, REJECT), ((0.0, 1.0),))
    assert shares.tolist() == pytest.approx([float(share) for share in naive.shares(LOOKS, 11, 5)], abs=1e-14)


@pytest.mark.parametrize(("low", "high"), [("1/10", "3/10"), ("0", "1/4"), ("2/3", "1"), ("1/8", "1")])
def test_coefficients_on_an_interval_are_de_casteljaus(low: str, high: str) -> None:
    plan, ends = compile_design(made(SMALL)), (Fraction(low), Fraction(high))
    own = Polynomial(coefficients(plan, decided(plan, REJECT), ((0.0, 1.0),))).on(((float(ends[0]), float(ends[1])),))
    expected = naive.on_interval(naive.shares(LOOKS, 11, 5), *ends)
    assert own.tolist() == pytest.approx([float(share) for share in expected], abs=1e-13)
    assert own[0] == pytest.approx(float(naive.value(naive.shares(LOOKS, 11, 5), ends[0])), abs=1e-13)


def test_the_search_finds_the_top_of_a_hill() -> None:
    """Coefficients 1 at 3 of 10 and 0 elsewhere: the binomial term, whose top is at 0.3."""
    shares = np.zeros(11)
    shares[3] = 1.0
    top = comb(10, 3) * 0.3**3 * 0.7**7
    found = largest(Polynomial(shares), ((0.0, 1.0),), 1e-6, 1000)
    assert found.value <= top <= found.upper <= found.value + 2e-6
    assert found.worst[0] == pytest.approx(0.3, abs=1e-2)
    short = largest(Polynomial(shares), ((0.0, 1.0),), 1e-6, 5)
    assert short.n_tiles <= 5
    assert short.value < top < short.upper


# ---------------------------------------------------------------- several arms


def test_what_helps_one_arm_can_hurt_another() -> None:
    plan = compile_design(RACE)
    one, both = decided(plan, Event("reject", (0,))), decided(plan, Event("reject", (0, 1)))
    assert is_rising(plan, one, 0)
    assert not is_rising(plan, one, 1)
    assert not is_falling(plan, one, 1)
    assert is_rising(plan, both, 0)
    never_fails = race()
    del never_fails["looks"][0]["continue_if"]
    plan = compile_design(made(never_fails))
    assert is_falling(plan, decided(plan, Event("reject", (0,))), 1)


def test_the_worst_point_can_lie_inside() -> None:
    """By enumeration in fractions: the other arm at 0 or 1 gives less than where it is neither."""
    case = d.case_of(race(), (0.2, 0.0))

    def twin(other: Fraction) -> Fraction:
        trials = naive_trials(case, [Fraction(1, 5), other])
        return naive.probability(case.twin, trials, "reject", (0,))

    found = only(prove(RACE, tolerance=1e-6), (0,))
    assert found.certificate == "Bernstein"
    assert found.worst[0] == 0.2
    assert found.fixed == (0,)
    assert found.value == pytest.approx(float(twin(Fraction(found.worst[1]))), abs=1e-12)
    assert float(max(twin(Fraction(0)), twin(Fraction(1)))) < found.value - 0.004
    grid = max(float(twin(Fraction(step, 12))) for step in range(13))
    assert grid <= found.upper <= found.value + 1.01e-6


def naive_trials(case: d.Case, rates: list[Fraction]) -> list[Any]:
    return d.twin_trials(case._replace(rates=tuple(float(rate) for rate in rates)))


def test_separate_arms_do_not_care_about_each_other() -> None:
    data = d.data_of(
        [1, 2, 1],
        [12, 20, 9],
        [
            {"at": {"per_arm": 5}, "continue_if": {"rule": responses(1)}},
            {**FINAL, "success_if": {"rule": responses(4)}},
        ],
    )
    region = prove(made(data))
    alphas = []
    for arm, n in enumerate((12, 20, 9)):
        alpha, _, _ = bayes_search.staged([5, n], [0, 3], [6, n + 1], Fraction(1, 5))
        found = only(region, (arm,))
        assert found.value == pytest.approx(float(alpha), abs=1e-13)
        assert set(found.indifferent) == {0, 1, 2} - {arm}
        alphas.append(float(alpha))
    for arms in ((0, 1), (0, 2), (1, 2), (0, 1, 2)):
        found = only(region, arms)
        none = np.prod([1.0 - alphas[arm] for arm in arms])
        assert found.value == pytest.approx(1.0 - none, abs=1e-13)
        assert (found.certificate, found.gap) == ("coupling", 0.0)


def test_the_founding_trial_is_judged_by_who_goes_on() -> None:
    """The paper's 94 % is the chance that an arm at 5 % stops; either of two goes on with 1 - 0.94 ** 2."""
    region = prove(load_design("gist-imatinib"))
    stops = naive.at_most(2, 18, Fraction(1, 20))
    assert [found.event.kind for found in region.statements] == ["go on", "go on", "go on", "success"]
    assert only_kind(region, (0,)).value == pytest.approx(float(1 - stops), abs=1e-14)
    assert only_kind(region, (0, 1)).value == pytest.approx(float(1 - stops**2), abs=1e-14)
    assert all((found.certificate, found.gap) == ("coupling", 0.0) for found in region.statements)
    pooled = region.statements[-1]
    assert (pooled.event.slots, pooled.arms) == ((2,), (0, 1))


def only_kind(region: NullRegion, arms: tuple[int, ...]) -> Statement:
    (found,) = [one for one in region.statements if one.arms == arms and one.event.kind == "go on"]
    return found


def test_power_of_every_arm_is_that_of_each_where_they_are_separate() -> None:
    design = load_design("gist-imatinib")
    goes_on = 1 - naive.at_most(2, 18, Fraction(3, 10))
    found = powers(design, compile_design(design))
    expected = [goes_on, goes_on, 1 - (1 - goes_on) ** 2, goes_on**2]
    assert [power.value for power in found[:4]] == pytest.approx([float(value) for value in expected], abs=1e-13)
    assert [power.is_every for power in found] == [False, False, False, True, False]


def test_bounds_add_up_where_tiles_leave_more() -> None:
    """Three arms that take over each other's patients: with few tiles, two errors added up say more than the tiles."""
    data = d.data_of(
        [1, 1, 1],
        [60, 60, 60],
        [
            {"at": {"per_arm": 20}, "continue_if": {"rule": responses(6)}},
            {**FINAL, "success_if": {"rule": {"kind": "confidence-limit", "side": "lower", "above": 0.2}}},
        ],
        "refill",
    )
    data["looks"][1]["success_if"]["rule"] |= {"interval": "clopper-pearson", "level": 0.9}
    region = prove(made(data), max_tiles=9)
    both = only(region, (0, 1))
    assert both.certificate == "sum"
    assert both.upper == only(region, (0,)).upper + only(region, (1,)).upper
    plan = compile_design(made(data))
    assert (181) ** 3 > MAX_COEFFICIENTS
    assert not has_coefficients(plan, ((0.0, 0.2),) * 3)
    assert has_coefficients(plan, ((0.2, 0.2), (0.0, 0.2), (0.0, 0.2)))


# ---------------------------------------------------------------- toxicity


def test_bryant_and_days_errors_over_the_whole_region() -> None:
    """Too few responses and no toxicity at all: a design for responses alone. And the same with the two exchanged."""
    response, toxicity = prove(load_design("bryant-day-1995")).statements
    by_response, _, _ = bayes_search.staged([19, 33], [5, 12], [20, 34], Fraction(3, 10))
    by_toxicity, _, _ = bayes_search.staged([19, 33], [19 - 8, 33 - 11], [20, 34], Fraction(6, 10))
    assert response.value == pytest.approx(float(by_response), abs=1e-13)
    assert toxicity.value == pytest.approx(float(by_toxicity), abs=1e-13)
    assert (tuple(response.worst), response.worst.toxicity) == ((0.3,), (0.0,))  # type: ignore[attr-defined]
    assert (tuple(toxicity.worst), toxicity.worst.toxicity) == ((1.0,), (0.4,))  # type: ignore[attr-defined]
    assert (response.null_rate, toxicity.null_rate) == (0.3, 0.4)


def test_fewer_toxicities_never_hurt() -> None:
    plan = compile_design(load_design("toxicity-20-35-four-looks"))
    verdict = decided(plan, Event("tolerated", (0,)))
    assert falls_with_toxicity(plan, verdict, 0)
    assert is_rising(plan, verdict, 0)
    (found,) = prove(load_design("toxicity-20-35-four-looks")).statements
    assert (found.event.kind, found.null, found.certificate) == ("reject", "toxicity", "coupling")
    assert found.worst.toxicity == (0.35,)  # type: ignore[attr-defined]
    assert round(found.value, 3) == 0.089  # clinfun's documentation of toxbdry: one minus pcross.hi 0.911 at 0.35
    silent = {**load_design("toxicity-20-35-four-looks").model_dump(mode="json", by_alias=True), "published": []}
    del silent["looks"][-1]["success_if"]
    (tolerated,) = prove(Design.model_validate(silent)).statements
    assert tolerated.event.kind == "tolerated"
    assert tolerated.value == pytest.approx(found.value, abs=1e-13)  # all who are tolerated are accepted


# ---------------------------------------------------------------- bounds from values alone


def simon_at(rate: float) -> float:
    plan = compile_design(load_design("simon-1989-20-40"))
    return probability(plan, decided(plan, REJECT), (rate,))


CENTRES = (0.05, 0.2, 0.35, 0.5, 0.8)


@pytest.mark.parametrize("half", [0.005, 0.02, 0.05])
def test_bounds_from_one_value_hold_around_it(half: float) -> None:
    for centre in CENTRES:
        box, value = ((centre - half, centre + half),), simon_at(centre)
        inside = [simon_at(rate) for rate in np.linspace(*box[0], 9).tolist()]
        for bound in (
            information.at_most(value, (centre,), box, (37,)),
            tilt_bound(value, (centre,), box, (Patients(37),)),
        ):
            assert max(inside) <= bound <= 1.0


def test_bounds_hold_in_two_arms() -> None:
    plan = compile_design(RACE)
    verdict = decided(plan, Event("reject", (0, 1)))
    for centre in product((0.1, 0.3, 0.6), repeat=2):
        box = tuple((rate - 0.06, rate + 0.06) for rate in centre)
        value = probability(plan, verdict, centre)
        bounds = (
            information.at_most(value, centre, box, (10, 10)),
            tilt_bound(value, centre, box, (Patients(10),) * 2),
        )
        for rates in product(*(np.linspace(*ends, 5).tolist() for ends in box)):
            assert probability(plan, verdict, rates) <= min(bounds)


def test_the_information_bound_is_reached() -> None:
    """P(no response of 1) is 1 - p: the angle of P moves exactly as that of p."""
    assert information.at_most(0.3, (0.7,), ((0.5, 0.7),), (1,)) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("power", [2, 3])
def test_tilting_by_a_given_power_is_hoelders_inequality(power: int) -> None:
    """The bound is the least over powers q, so it is at most f ** (1 - 1 / q) * (E L ** q) ** (1 / q) at each."""
    moment = naive.moment(12, Fraction(1, 5), Fraction(1, 4), power)
    hoelder = 0.1 ** (1 - 1 / power) * float(moment) ** (1 / power)
    assert tilt_bound(0.1, (0.2,), ((0.2, 0.25),), (Patients(12),)) <= hoelder
    from trialsim.proof.tilt import _log_moment  # the moment itself, at that power

    one = _log_moment(0.2, 0.25, Patients(12), np.array([float(power)]))[0]
    assert 12 * one == pytest.approx(np.log(float(moment)), abs=1e-12)


def test_the_least_power_is_found() -> None:
    powers_of_q = 1.0 + np.exp(np.linspace(-6, 12, 20_000))
    from trialsim.proof.tilt import _log_bounds

    box, patients = ((0.15, 0.26),), (Patients(40),)
    least = float(np.exp(_log_bounds(0.03, (0.2,), box, patients, powers_of_q).min()))
    found = tilt_bound(0.03, (0.2,), box, patients)
    assert least <= found * (1 + 1e-6)
    assert found <= least * (1 + 1e-3)


def test_classes_that_no_rate_changes_are_carried_along() -> None:
    """Of 10 patients each responds with 0.2, is not evaluable with 0.3; the event: no stable patient at all."""
    value = (0.2 + 0.3) ** 10
    bound = tilt_bound(value, (0.2,), ((0.2, 0.3),), (Patients(10, 1.0, 0.3),))
    assert (0.3 + 0.3) ** 10 <= bound
    plain = tilt_bound(value, (0.2,), ((0.2, 0.3),), (Patients(10),))
    assert bound > plain  # the same change of the rate is a larger one of the law


@pytest.mark.parametrize(("k", "n", "confidence"), [(0, 20, 0.95), (3, 50, 0.99), (49, 50, 0.9)])
def test_the_upper_limit_is_clopper_and_pearsons(k: int, n: int, confidence: float) -> None:
    limit = upper_limit(k, n, confidence)
    assert float(naive.at_most(k, n, Fraction(limit))) == pytest.approx(1 - confidence, abs=1e-9)
    assert upper_limit(n, n, confidence) == 1.0


# ---------------------------------------------------------------- by simulation


@pytest.mark.parametrize(
    "event", [Event("reject", (0,)), Event("reject", (0, 1)), Event("go on", (1,)), Event("go on", (0, 1))]
)
def test_the_counts_sampler_is_the_probability(event: Event) -> None:
    plan, rates, n = compile_design(RACE), (0.25, 0.15), 40_000
    expected = probability(plan, decided(plan, event), rates)
    assert 0.02 < expected < 0.98
    z = (counts_sampler(plan, event)(rates, n, 7) / n - expected) / (expected * (1 - expected) / n) ** 0.5
    assert abs(z) < 4.0


@pytest.mark.parametrize("event", [Event("go on", (0,)), Event("go on", (0, 1)), Event("success", (2,), 1)])
def test_the_calendar_sampler_is_the_probability_where_conduct_is_ideal(event: Event) -> None:
    """Responses that are known at once, looks that hold enrolment: the calendar then changes nothing."""
    design = load_design("gist-imatinib")
    conduct = Conduct.model_validate(
        {"looks": {name: {"hold": "until_decided"} for name in ("proof-of-concept", "interim")}}
    )
    plan, rates, n = compile_design(design), (0.15, 0.3), 4_000
    expected = probability(plan, decided(plan, event), rates)
    assert 0.02 < expected < 0.98
    z = (calendar_sampler(design, conduct, event)(rates, n, 3) / n - expected) / (expected * (1 - expected) / n) ** 0.5
    assert abs(z) < 4.0


def test_a_simulated_bound_is_above_the_exact_error() -> None:
    (found,) = simulate_null_region(load_design("simon-1989-20-40"), n_sims=4_000)
    assert (found.n_tiles, found.fixed, found.rates) == (1, (0,), (0.2,))
    assert simon_at(0.2) <= found.upper <= simon_at(0.2) + 0.04


def test_a_simulated_bound_on_tiles_is_above_the_exact_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "is_rising", lambda *_: False)
    monkeypatch.setattr(simulated, "is_falling", lambda *_: False)
    (found,) = simulate_null_region(load_design("simon-1989-20-40"), n_sims=4_000)
    assert (found.n_tiles, found.fixed) == (24, ())
    assert found.tile[0][1] == 0.2
    assert simon_at(0.2) <= found.upper <= simon_at(0.2) + 0.15


def test_simulated_bounds_of_two_arms_are_above_the_exact_ones() -> None:
    proved = prove(RACE)
    for found in simulate_null_region(RACE, n_sims=2_000, tiles=16):
        exact = only(proved, found.arms)
        assert found.fixed == exact.fixed
        assert exact.value <= found.upper <= exact.value + 0.25


@pytest.mark.slow_statistics
def test_simulated_bounds_hold_as_often_as_they_say() -> None:
    """200 studies of one arm at 80 % confidence: at least 80 % hold, but for chance (3.5 standard errors)."""
    design, exact = load_design("simon-1989-20-40"), simon_at(0.2)
    studies = [simulate_null_region(design, n_sims=500, confidence=0.8, seed=seed)[0] for seed in range(200)]
    held = sum(study.upper >= exact for study in studies)
    assert 160 - 3.5 * (200 * 0.8 * 0.2) ** 0.5 <= held < 200


def test_conduct_says_what_a_rate_can_change() -> None:
    scenario = load_scenario("gist")
    assert scenario.conduct is not None
    plan = compile_design(scenario.design)
    first, second = patients_of(scenario.design, scenario.conduct, plan)
    assert (first.n, first.share, second.n) == (73, 1.0, 74)
    assert [first.fixed, second.fixed] == pytest.approx([14 / 73, 13 / 74])
    found = simulate_null_region(scenario.design, scenario.conduct, n_sims=40, tiles=1)
    assert [one.arms for one in found] == [(0,), (1,), (0, 1), (0, 1)]
    assert found[0].tile[1][1] == pytest.approx(1 - 13 / 74)
    assert all(one.estimate <= one.upper <= 1.0 for one in found)


# ---------------------------------------------------------------- what is declined


def test_without_a_null_rate_there_is_no_null_region() -> None:
    region = prove(load_design("gehan-1961-20"))
    assert (region.statements, region.null_rate) == ((), None)
    assert region.declined == ("the design names no null rate (hypotheses.null_rate), so no null region",)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("gehan-1961-20", {}, "design gehan-1961-20 names no null rate; write hypotheses.null_rate."),
        (
            "bryant-day-1995",
            {},
            "design bryant-day-1995 has rules for toxicity; tiles are simulated for responses alone.",
        ),
        ("simon-1989-20-40", {"confidence": 1.0}, "confidence 1: a number between 0 and 1, such as 0.99, is accepted."),
    ],
)
def test_simulation_declines_in_one_sentence(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        simulate_null_region(load_design(name), **options)
    assert str(caught.value) == words


def test_what_a_pooled_rule_and_an_arm_decide_together_is_declined() -> None:
    data = d.data_of(
        [1, 1],
        [10, 10],
        [
            {
                "at": {"per_arm": 5},
                "continue_if": {"of": "pooled", "rule": responses(2)},
                "success_if": {"then": "stop", "rule": responses(4)},
            },
            {**FINAL, "success_if": {"rule": responses(5)}},
        ],
    )
    region = prove(made(data))
    assert region.statements == ()
    assert region.declined[0].startswith("arms and all arms together can succeed at the same look")
