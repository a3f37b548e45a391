"""The parts of a comparison: groups, measures without a group, the jackknife, matching, variants, what is judged."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialsim import Design, InputError, Scenario, load_scenario
from trialsim.calendar import setting_of, study_of
from trialsim.comparison import cells, left_out
from trialsim.comparison.calendar_groups import CalendarGroups, endings_in_groups, simulate_calendar_groups
from trialsim.comparison.calendar_left_out import calendar_left_out
from trialsim.comparison.changes import changes
from trialsim.comparison.designs import compare
from trialsim.comparison.difference import MAX_SKEWNESS, Simulated, difference
from trialsim.comparison.groups import Groups, group_edges, n_counts_of, simulate_groups
from trialsim.comparison.jackknife import LeftOut, paired, pseudo_values, standard_errors
from trialsim.comparison.left_out import QUICK, family_left_out, one_by_one, quantile_left_out
from trialsim.comparison.matching import matched_plans, matched_truths, part_notes, sides_of
from trialsim.comparison.variants import variant_of
from trialsim.compile import compile_design
from trialsim.endings import CalendarTally, ColumnSums
from trialsim.engines.calendar import CalendarStudy, columns_of, shape_of, simulate_trials, trials
from trialsim.engines.calendar_endings import endings_of
from trialsim.engines.montecarlo import Study, simulate
from trialsim.oc.calendar import CalendarSetting, calendar_measures
from trialsim.oc.entry import Entry, Setting
from trialsim.oc.mcse import proportion, quantile
from trialsim.oc.table import FAMILIES, table
from trialsim.records import Record

GATE = "design.looks.proof-of-concept.continue_if.rule.at_least"
ONE_TRUTH = ["truths=[{name: x, response_rate: 0.2}]", "plans=[]", "conduct=null"]

# ---------------------------------------------------------------- groups


@given(st.integers(1, 10**9))
def test_groups_are_all_replicates_in_almost_equal_parts(n_sims: int) -> None:
    edges = group_edges(n_sims)
    sizes = np.diff(edges)
    assert (edges[0], edges[-1]) == (0, n_sims)
    assert sizes.max() - sizes.min() <= 1
    assert sizes.min() >= (2 if n_sims >= 4 else 1)
    assert len(sizes) == min(200, max(n_sims // 2, min(n_sims, 2)))


def test_a_plan_with_very_many_paths_has_fewer_groups() -> None:
    assert [len(group_edges(10**6, n)) - 1 for n in (1, 10**5, 4 * 10**5, 10**9)] == [200, 200, 50, 20]
    setting, groups = _case("the founding trial")
    assert n_counts_of(setting.plan) == sum(part[..., 0].size for part in groups[1:])


def _small_looks(**more: Any) -> dict[str, Any]:
    return {"of": "arm", "rule": {"kind": "responses", "at_least": 2}, **more}


def _design(n_arms: int, looks: list[dict[str, Any]], cap: int, when: str = "arm_cap") -> Design:
    data = {
        "schema": "trialsim.design/1",
        "name": "small",
        "arms": [{"name": f"arm {i}"} for i in range(n_arms)],
        "enrolment": {"cap": cap, "when_arm_stops": when},
        "looks": [{"name": f"look {i}", **look} for i, look in enumerate(looks)],
    }
    return Design.model_validate(data)


EFFICACY = _small_looks(then="stop", rule={"kind": "responses", "at_least": 5})
DESIGNS = {
    "the founding trial": lambda: load_scenario("gist", ["conduct=null"]).design,
    "one arm, two stages": lambda: load_scenario("simon-20-40").design,
    "no look but the last": lambda: _design(1, [{"at": "full_enrolment"}], 20),
    "efficacy and success, refilled": lambda: _design(
        3,
        [
            {"at": {"per_arm": 6}, "continue_if": _small_looks(), "success_if": EFFICACY},
            {"at": "full_enrolment", "success_if": _small_looks(rule={"kind": "responses", "at_least": 9})},
        ],
        60,
        "refill",
    ),
    "pooled": lambda: _design(
        2,
        [
            {"at": {"total": 16}, "continue_if": _small_looks(of="pooled")},
            {"at": {"total": 30}, "success_if": _small_looks(of="pooled", rule={"kind": "responses", "at_least": 9})},
            {
                "at": "full_enrolment",
                "success_if": _small_looks(of="pooled", rule={"kind": "responses", "at_least": 12}),
            },
        ],
        40,
    ),
}


@lru_cache
def _case(name: str) -> tuple[Setting, Groups]:
    design = DESIGNS[name]()
    plan, rates = compile_design(design), tuple(np.linspace(0.15, 0.35, len(design.arms)))
    setting = Setting(
        plan, design.arm_names, design.look_names, rates, ("clopper-pearson", "wald"), 0.9, (0.1, 0.5, 0.95)
    )
    return setting, simulate_groups(Study(plan, rates, 3), group_edges(1500))


@pytest.mark.parametrize("name", DESIGNS)
def test_all_groups_together_are_the_run(name: str) -> None:
    setting, groups = _case(name)
    whole, total = simulate(Study(setting.plan, setting.rates, 3), 1500), groups.total()
    assert (total.n_trials, len(groups.n_trials)) == (whole.n_trials, 200)
    for one, other in zip(total[1:], whole[1:], strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    assert total.ending.sum() == 1500


# ---------------------------------------------------------------- measures without a group


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
@pytest.mark.parametrize("name", DESIGNS)
def test_the_quick_way_says_what_the_family_says_group_by_group(name: str, family: Any) -> None:
    setting, groups = _case(name)
    setting = setting._replace(estimators=("umvue", "median-unbiased", "stagewise"))
    assert family in QUICK
    rest = groups.without_each()
    quick, slow = family_left_out(family, setting, groups, rest), one_by_one(family, setting, rest)
    assert list(quick) == list(slow)
    for key, values in quick.items():
        if key[0] != "n_quantile":
            np.testing.assert_allclose(values, slow[key], rtol=1e-12, atol=1e-12, err_msg=str(key))


def test_designs_have_every_kind_of_measure() -> None:
    keys = {entry.key for name in DESIGNS for entry in table(_case(name)[0], _case(name)[1].total())}
    seen = {(key[0], key[3], key[1] == "pooled") for key in keys}
    assert {("p_success", None, True), ("p_success", None, False), ("p_reject", None, True)} <= seen
    assert {("ci_coverage", given, False) for given in (None, "continue", "stop", "all_continue")} <= seen
    assert {"p_pattern", "pet", "p_reached", "n_quantile", "n_sd", "rate_rmse"} <= {measure for measure, _, _ in seen}


def test_a_measure_without_the_condition_is_nan() -> None:
    setting, groups = _case("the founding trial")
    setting = setting._replace(rates=(0.0, 0.0))
    plan = setting.plan
    sure = simulate_groups(Study(plan, setting.rates, 3), group_edges(40))
    values = left_out.left_out(setting, sure)["ci_coverage", "400 mg", None, "continue", None, "wald"]
    assert np.isnan(values).all()
    assert len(groups.n_trials) == 200


def test_a_family_that_nobody_made_quick_works_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def new(setting: Setting, tally: Any) -> Iterator[Entry]:
        yield Entry("p_first", proportion(tally.ending[0], tally.n_trials), setting.arms[0])

    monkeypatch.setattr(left_out, "FAMILIES", (*FAMILIES, new))
    setting, groups = _case("the founding trial")
    found = left_out.left_out(setting, groups)["p_first", "400 mg", None, None, None, None]
    rest = groups.without_each()
    np.testing.assert_allclose(found, rest.ending[0] / rest.n_trials)


def test_a_quantile_moves_with_the_share_at_or_below_it() -> None:
    """From half a standard error of the share below its probability to half above it moves it by its own error."""
    values, weights = np.arange(100.0), np.full(100, 10.0)
    whole = quantile(values, weights, 0.5)
    share = 0.5
    error = sqrt(0.25 / 1000)
    moved = quantile_left_out(whole, np.array([share, share - error, share + error]), share)
    assert whole.mcse is not None
    assert whole.mcse > 0
    np.testing.assert_allclose(moved, whole.value + np.array([0.0, whole.mcse, -whole.mcse]))


# ---------------------------------------------------------------- calendar


N_CALENDAR = 260
TOXIC = ["conduct.toxicity={rate: 0.1, stop_if: {kind: responses, at_least: 10}}", "conduct.match=null"]


@lru_cache
def _calendar(block: int) -> tuple[CalendarStudy, CalendarSetting, Setting, CalendarGroups]:
    from trialsim.comparison import calendar_groups

    scenario = load_scenario("gist", [*TOXIC, "quantiles=[0.1, 0.5]"])
    assert scenario.conduct is not None
    _, design = scenario.designs()[0]
    study = study_of(design, scenario.conduct, (0.2, 0.4), 9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calendar_groups, "BLOCK", block)
        patch.setattr(calendar_groups, "PILOT", 2 * block)
        found = simulate_calendar_groups(study, group_edges(N_CALENDAR), scenario.quantiles)
    plan = compile_design(design)
    setting = Setting(plan, design.arm_names, design.look_names, (0.2, 0.4), ("wald",), 0.95, scenario.quantiles)
    return study, setting_of(design, scenario.conduct, scenario.quantiles), setting, found


def _tally(study: CalendarStudy, matrix: Any) -> CalendarTally:
    found = columns_of(study)
    return CalendarTally(len(matrix), ColumnSums.of(found, matrix), *endings_of(found, matrix, shape_of(study.clinic)))


@pytest.mark.parametrize("block", [2_500, 100, 7])
def test_calendar_groups_together_are_the_run(block: int) -> None:
    study, _, _, found = _calendar(block)
    whole, own = simulate_trials(study, N_CALENDAR), found.whole
    assert (own.n_trials, own.sums.n, own.sums.total) == (whole.n_trials, whole.sums.n, whole.sums.total)
    assert own.sums.squares == whole.sums.squares
    for one, other in zip(own.sums.histogram, whole.sums.histogram, strict=True):
        np.testing.assert_array_equal(one, other)
    assert own.missed == whole.missed
    for name in ("endings", "outcomes", "pooled", "criteria"):
        assert getattr(own, name).rows == getattr(whole, name).rows
    np.testing.assert_array_equal(found.columns.n.sum(axis=0), whole.sums.n)


@pytest.mark.parametrize("block", [2_500, 100, 7])
def test_calendar_measures_without_a_group_are_those_of_the_other_trials(block: int) -> None:
    study, words, setting, found = _calendar(block)
    matrix, edges = trials(study, 0, N_CALENDAR), group_edges(N_CALENDAR)
    plan, groups = endings_in_groups(found, setting.plan)
    own = calendar_left_out(words, found)
    own |= left_out.left_out(setting._replace(plan=plan), groups)
    everything = [*calendar_measures(words, found.whole), *table(setting._replace(plan=plan), groups.total())]
    assert set(own) == {entry.key for entry in everything}
    assert {"p_stop_toxicity", "p_logrank_os", "months_mean", "os_median_known"} <= {key[0] for key in own}
    compared = 0
    for group in (0, 1, 77, len(edges) - 2):
        others = _tally(study, np.delete(matrix, np.s_[edges[group] : edges[group + 1]], axis=0))
        for entry in calendar_measures(words, others):
            if not entry.measure.endswith("_quantile") and entry.estimate.value is not None:
                value = own[entry.key][group]
                scale = max(1.0, abs(entry.estimate.value))
                assert value == pytest.approx(entry.estimate.value, abs=1e-9 * scale), entry.key
                compared += 1
    assert compared > 2000


def test_quantiles_of_days_move_with_their_share() -> None:
    study, words, _, found = _calendar(2_500)
    matrix, edges = trials(study, 0, N_CALENDAR), group_edges(N_CALENDAR)
    index = next(i for i, column in enumerate(columns_of(study)) if column.quantity == "last_entry")
    whole = {entry.key: entry.estimate for entry in calendar_measures(words, found.whole)}
    key = ("last_entry_quantile", None, None, None, 0.1, None)
    days = matrix[:, index] // 1440
    own = whole[key]
    assert own.value is not None
    assert own.mcse is not None
    assert own.mcse > 0
    at_most = days <= own.value
    without = np.array([np.delete(at_most, np.s_[a:b]).mean() for a, b in pairwise(edges)])
    expected = own.value + own.mcse / sqrt(0.09 / N_CALENDAR) * (at_most.mean() - without)
    np.testing.assert_allclose(calendar_left_out(words, found)[key], expected, rtol=1e-12)


# ---------------------------------------------------------------- jackknife


def _left_out(values: np.ndarray, sizes: np.ndarray) -> LeftOut:
    """The mean of groups that have these means."""
    total = values @ sizes
    return LeftOut(
        (total / sizes.sum())[:, None][:, 0], (total[:, None] - values * sizes) / (sizes.sum() - sizes), sizes
    )


def test_the_jackknife_of_a_mean_is_batch_means() -> None:
    values = np.random.default_rng(1).normal(size=(3, 50))
    of = _left_out(values, np.full(50, 7.0))
    np.testing.assert_allclose(pseudo_values(of), values)
    np.testing.assert_allclose(standard_errors(of), values.std(axis=1, ddof=1) / sqrt(50))


def test_groups_of_unequal_size_are_weighed() -> None:
    """Against the variance of a weighted mean whose groups have variance 1 / size, on average over many draws."""
    random, sizes = np.random.default_rng(2), np.array([1.0] * 20 + [5.0] * 20)
    values = random.normal(size=(4000, 40)) / np.sqrt(sizes)
    found = standard_errors(_left_out(values, sizes))
    assert (found**2).mean() == pytest.approx(1 / sizes.sum(), rel=0.02)
    assert (_left_out(values, sizes).values).var() == pytest.approx(1 / sizes.sum(), rel=0.05)


def test_a_pair_knows_what_is_common() -> None:
    random, sizes = np.random.default_rng(3), np.full(200, 10.0)
    common, own = random.normal(size=(1, 200)), random.normal(size=(1, 200))
    first, second = _left_out(common, sizes), _left_out(common + 0.5 * own + 3.0, sizes)
    found = paired(first, second)
    assert found.value[0] == pytest.approx(3.0, abs=0.15)
    assert found.mcse[0] == pytest.approx(0.5 * own.std(ddof=1) / sqrt(200))
    single = standard_errors(first)[0] ** 2 + standard_errors(second)[0] ** 2
    assert found.variance_ratio[0] == pytest.approx(single / found.mcse[0] ** 2)
    assert found.variance_ratio[0] > 5
    alike = paired(first, first)
    assert (alike.value[0], alike.mcse[0], alike.skewness[0]) == (0.0, 0.0, 0.0)
    assert np.isnan(alike.variance_ratio[0])


def test_an_error_that_rests_on_few_groups_says_so() -> None:
    """Of 200 groups 1, 4 or 100 differ: the relative error of the MCSE is about 1 / (2 * root of how many)."""
    sizes, nothing = np.full(200, 10.0), np.zeros((3, 200))
    some = nothing.copy()
    some[0, :1], some[1, :4], some[2, :100] = 1.0, 1.0, 1.0
    found = paired(_left_out(nothing, sizes), _left_out(some, sizes))
    np.testing.assert_allclose(found.mcse_error, [0.5, 0.25, 0.007], rtol=0.05, atol=0.03)
    normal = np.random.default_rng(4).normal(size=(100, 200))
    errors = paired(_left_out(np.zeros((100, 200)), sizes), _left_out(normal, sizes)).mcse_error
    assert errors.mean() == pytest.approx(1 / sqrt(2 * 199), rel=0.05)
    spread = standard_errors(_left_out(np.random.default_rng(5).normal(size=(2000, 200)), sizes))
    assert spread.std() / spread.mean() == pytest.approx(0.05, rel=0.1)


def test_variance_that_should_have_been_seen_and_was_not_counts_in_z() -> None:
    """Two replicates met a condition and agreed: they show no variance, and their exact distribution has some."""
    sizes, shown = np.full(200, 10.0), np.random.default_rng(6).normal(size=(2, 200))
    nothing = np.zeros((2, 200))
    own = standard_errors(_left_out(shown, sizes))
    reference = _left_out(shown, sizes)._replace(implied=own * 1.1)
    found = paired(reference, _left_out(nothing, sizes)._replace(implied=np.array([0.35, np.nan])))
    np.testing.assert_allclose(found.unseen, [0.35**2, 0.0])
    near, far = (
        difference(_record(0.5, 0.5), _record(0.0, 0.4), Simulated(-0.5, 0.06, 1.0, 0.0, 0.05, unseen, 1000, 200))
        for unseen in (0.35**2, 0.0)
    )
    assert near is not None
    assert far is not None
    assert near.z is not None
    assert far.z is not None
    assert abs(near.z) < 2 < 5 < abs(far.z)


def test_one_group_or_an_undefined_measure_has_no_error() -> None:
    assert np.isnan(standard_errors(LeftOut(np.ones(1), np.full((1, 1), np.nan), np.ones(1)))[0])
    others = np.array([[1.0, np.nan, 1.0]])
    assert np.isnan(standard_errors(LeftOut(np.ones(1), others, np.ones(3)))[0])


# ---------------------------------------------------------------- differences


def _record(estimate: float | None, exact: float | None, measure: str = "p_stop", **more: Any) -> Record:
    own = Record(
        "plan", "x", measure, None, None, None, None, None, estimate, 0.01, None, "montecarlo", exact, 0.0, True
    )
    return own._replace(**more)


def test_a_difference_far_from_the_exact_one_is_seen() -> None:
    reference, other = _record(0.5, 0.5), _record(0.6, 0.6)
    found = difference(reference, other, Simulated(0.13, 0.01, 2.0, 0.01, 0.05, 0.0, 1000, 200))
    assert found is not None
    assert (found.value, found.mcse, found.variance_ratio) == (0.13, 0.01, 2.0)
    assert found.exact == pytest.approx(0.1)
    assert found.is_judged
    assert found.z is not None
    assert 2.9 < found.z < 3.0  # t = 3 with 199 degrees of freedom, told as a normal quantile


@pytest.mark.parametrize(
    ("changes_of_other", "simulated"),
    [
        ({"is_judged": False}, Simulated(0.1, 0.01, 2.0, 0.0, 0.05, 0.0, 1000, 200)),
        ({}, Simulated(0.1, 0.01, 2.0, 1.01 * MAX_SKEWNESS, 0.05, 0.0, 1000, 200)),
        ({"measure": "n_quantile"}, Simulated(1.0, 0.5, 2.0, 0.0, 0.05, 0.0, 1000, 200)),
        ({"given": "continue"}, Simulated(0.0, 0.0, float("nan"), 0.0, 0.05, 0.0, 1000, 200)),
        ({"measure": "n_mean"}, Simulated(0.0, 0.0, float("nan"), 0.0, 0.05, 0.0, 1000, 200)),
    ],
)
def test_what_is_not_judged(changes_of_other: dict[str, Any], simulated: Simulated) -> None:
    reference = _record(0.5, 0.5)._replace(**{**changes_of_other, "is_judged": True})
    found = difference(reference, _record(0.6, 0.6)._replace(**changes_of_other), simulated)
    assert found is not None
    assert not found.is_judged


def test_a_probability_that_never_differed_is_judged_by_how_often_it_should_have() -> None:
    never = Simulated(0.0, 0.0, float("nan"), 0.0, 0.05, 0.0, 1000, 200)
    rare = difference(_record(0.5, 0.5), _record(0.5, 0.5001), never)
    often = difference(_record(0.5, 0.5), _record(0.5, 0.55), never)
    for found, far in ((rare, False), (often, True)):
        assert found is not None
        assert found.is_judged
        assert found.z is not None
        assert (abs(found.z) > 6) == far
        assert found.z <= 0


def test_no_difference_without_its_error() -> None:
    found = difference(
        _record(0.5, None), _record(0.6, None), Simulated(0.1, float("nan"), 1.0, 0.0, 0.05, 0.0, 1000, 200)
    )
    assert found is not None
    assert (found.value, found.mcse, found.z) == (None, None, None)
    assert difference(_record(None, None), _record(0.6, None), None) is None
    conducted = _record(0.5, 0.4, engine="calendar")
    ideal = difference(conducted, conducted, Simulated(0.0, 0.0, float("nan"), 0.0, 0.05, 0.0, 1000, 200))
    assert ideal is not None
    assert ideal.exact is None


def test_an_exact_difference_has_no_error() -> None:
    found = difference(_record(0.5, 0.5, engine="exact"), _record(0.7, 0.7, engine="exact"), None)
    assert found is not None
    assert found.value == found.exact == pytest.approx(0.2)
    assert found.mcse == 0.0


def test_a_wrong_engine_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Design B is simulated at another rate than it is solved at: its values and its differences disagree."""
    first, second = (load_scenario("gist", [*ONE_TRUTH, f"{GATE}={least}"]) for least in (3, 4))
    assert compare([("A", first), ("B", second)]).agreement.failures == ()  # type: ignore[union-attr]
    honest = cells.simulate_groups

    def wrong(study: Study, edges: Any, **more: Any) -> Groups:
        is_second = study.plan.nodes.stop_low.max() == 3
        return honest(study._replace(rates=(0.21, 0.21)) if is_second else study, edges, **more)

    monkeypatch.setattr(cells, "simulate_groups", wrong)
    agreement = compare([("A", first), ("B", second)]).agreement
    assert agreement is not None
    assert {judged.is_difference for judged in agreement.failures} == {True, False}
    assert all(judged.design == 1 for judged in agreement.failures)


# ---------------------------------------------------------------- matching


def _scenario(*more: str) -> Scenario:
    return load_scenario("gist", [*ONE_TRUTH, *more])


def test_seed_and_replicates_are_those_of_the_first() -> None:
    first, second = _scenario("seed=5", "n_sims=1000"), _scenario("seed=6", "n_sims=1e6")
    sides, notes = sides_of([("one", first), ("two", second)])
    assert [(side.letter, side.label) for side in sides] == [("A", "one"), ("B", "two")]
    assert {(side.scenario.seed, side.scenario.n_sims) for side in sides} == {(5, 1000)}
    assert notes == [
        "B is run with the seed and the number of replicates of A (its own: seed 6 and n_sims 1,000,000).",
        "B is the same scenario as A.",
    ]
    conducted = [load_scenario("gist", [f"conduct.n_sims={n}"]) for n in (100, 200)]
    sides, notes = sides_of([("one", conducted[0]), ("two", conducted[1])])
    assert [side.scenario.conduct.n_sims for side in sides if side.scenario.conduct] == [100, 100]
    assert "conduct.n_sims 200" in notes[0]


@pytest.mark.parametrize("count", [0, 1, 9])
def test_two_to_eight_designs(count: int) -> None:
    with pytest.raises(InputError, match=f"takes 2 to 8 designs, and there are {count}"):
        sides_of([("x", _scenario())] * count)
    assert len(sides_of([("x", _scenario())] * 8)[0]) == 8


def test_plans_are_matched_by_name_or_are_the_only_ones() -> None:
    both, one = load_scenario("gist", ["conduct=null"]), _scenario()
    plans, notes = matched_plans(sides_of([("a", both), ("b", both)])[0])
    assert [plan.name for plan in plans] == ["147 patients", "200 patients"]
    assert notes == []
    plans, notes = matched_plans(sides_of([("a", both), ("b", one)])[0])
    assert [plan.name for plan in plans] == ["147 patients"]
    assert notes == ['Not compared: A alone has the plan "200 patients".']
    larger = _scenario("design.enrolment.cap={400 mg: 80, 600 mg: 80}")
    plans, notes = matched_plans(sides_of([("a", one), ("b", larger)])[0])
    assert [design and sum(design.caps) for design in plans[0].designs] == [147, 160]
    assert notes == ['The plan "147 patients" of A is compared with "160 patients" of B.']
    plans, _ = matched_plans(sides_of([("a", both), ("b", one), ("c", both)])[0])
    assert [[design is not None for design in plan.designs] for plan in plans] == [
        [True, True, True],
        [True, False, True],
    ]
    with pytest.raises(InputError, match='A \\(a\\) and B \\(b\\) have no plan of the same name: "147 patients", "200'):
        matched_plans(sides_of([("a", both), ("b", larger)])[0])


def test_truths_are_matched_by_name() -> None:
    other = _scenario("truths=[{name: y, response_rate: 0.3}, {name: x, response_rate: {400 mg: 0.2, 600 mg: 0.4}}]")
    truths, notes = matched_truths(sides_of([("a", _scenario()), ("b", other)])[0])
    assert [[truth and truth.name for truth in own] for own in truths] == [["x", "x"]]
    assert notes == [
        'Not compared: B alone has the truth "y".',
        'The truth "x" has other response rates in A and in B: 600 mg 0.2 and 0.4.',
    ]
    alien = _scenario("truths=[{name: z, response_rate: 0.3}]")
    with pytest.raises(InputError, match='have no truth of the same name: "x" against "z"; name what'):
        matched_truths(sides_of([("a", _scenario()), ("b", alien)])[0])


def test_arms_looks_and_conduct_that_only_one_has_are_named() -> None:
    simon, gist = load_scenario("simon-20-40"), load_scenario("gist")
    notes = part_notes(sides_of([("a", gist), ("b", simon)])[0])
    assert notes[0].startswith('Not compared: A alone has the arms "400 mg", "600 mg"; B alone has the arm ')
    assert 'A alone has the looks "proof-of-concept", "interim", "final"; B' in notes[1]
    assert notes[2] == "Only A has a conduct: no day, overrun or duration is compared."
    assert part_notes(sides_of([("a", gist), ("b", gist)])[0]) == []


def test_what_both_have_is_compared_and_the_rest_is_shown() -> None:
    """The founding trial and a design with one arm share the measures of the whole trial."""
    truths = "truths=[{name: x, response_rate: 0.2}]"
    simon = load_scenario("simon-20-40", [truths])
    found = compare([("a", _scenario("n_sims=500")), ("b", simon)])
    shared = {row.measure for row in found.rows if row.differences[0] is not None}
    assert {"pet", "n_mean", "n_sd", "n_quantile"} <= shared
    assert "p_continue" not in shared
    assert any(row.measure == "p_continue" and row.values[1] is None for row in found.rows)
    assert any(row.measure == "p_continue" and row.values[0] is None for row in found.rows)
    assert all(row.differences[0] is None for row in found.rows if None in row.values)


def test_changes_are_named_by_their_path() -> None:
    found = changes(_scenario(), _scenario(f"{GATE}=4", "title=other", "seed=9", "conduct={n_sims: 5}"))
    assert [change.path for change in found] == [GATE, "conduct"]
    assert (found[0].own, found[0].other, found[1].own) == ("3", "4", "–")
    assert changes(_scenario(), _scenario("n_sims=5", "design.notes=x")) == []
    gone = changes(_scenario(), _scenario("truths=[{name: y, response_rate: 0.2}]"))
    assert [change.path for change in gone] == ["truths.x", "truths.y"]
    assert gone[0].own == '{"response_rate": 0.2, "notes": ""}'


# ---------------------------------------------------------------- variants


@pytest.mark.parametrize(
    ("text", "label", "found"),
    [
        ("a.b=1", "a.b=1", ("a.b=1",)),
        ("small: a.b=1; c=2;", "small", ("a.b=1", "c=2")),
        ("small:a.b=1", "small", ("a.b=1",)),
        ("a={x: 1, y: 2}; b=[1, 2]", "a={x: 1, y: 2}; b=[1, 2]", ("a={x: 1, y: 2}", "b=[1, 2]")),
        ("n: a={x: 'p;q', y: [1, 2]}; b='r;s'", "n", ("a={x: 'p;q', y: [1, 2]}", "b='r;s'")),
        ('n: title="a: b; c = d"', "n", ('title="a: b; c = d"',)),
        ("c.fires={after_days: 91}", "c.fires={after_days: 91}", ("c.fires={after_days: 91}",)),
        ("n:\n  a=1;\n  b=2", "n", ("a=1", "b=2")),
        ("title=a=b", "title=a=b", ("title=a=b",)),
    ],
)
def test_variants(text: str, label: str, found: tuple[str, ...]) -> None:
    variant = variant_of(text)
    assert (variant.label, variant.changes) == (label, found)
    assert [override.option for override in variant.overrides()] == ["--variant"] * len(found)


@pytest.mark.parametrize(
    "text", ["", "  ", "name:", "name: ;", "a", "name: a", "a=1; b", "=1", "a..b=1", ": a=1", "a=[1"]
)
def test_variants_that_make_no_sense(text: str) -> None:
    with pytest.raises(InputError, match=r"^--variant "):
        variant_of(text)
