"""Paired differences against brute force: many seeds, trial-by-trial differences, exact values, and `run` itself."""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import stats

from tests.amount import few
from trialsim import Scenario, load_scenario, run
from trialsim.calendar import setting_of, study_of
from trialsim.comparison.calendar_groups import endings_in_groups, simulate_calendar_groups
from trialsim.comparison.calendar_left_out import calendar_left_out
from trialsim.comparison.designs import Comparison, Row, compare
from trialsim.comparison.groups import group_edges, simulate_groups
from trialsim.comparison.jackknife import LeftOut, Paired, paired
from trialsim.comparison.left_out import left_out
from trialsim.compile import compile_design
from trialsim.engines.montecarlo import Study, record
from trialsim.oc.calendar import calendar_measures
from trialsim.oc.entry import Setting
from trialsim.oc.table import table
from trialsim.plan import WENT_ON
from trialsim.records import Record

GATE = "design.looks.proof-of-concept.continue_if.rule.at_least"
BRIEF = ("plans=[]", "conduct=null", "truths=[{name: x, response_rate: {400 mg: 0.12, 600 mg: 0.22}}]")
RATES = (0.12, 0.22)


def _gist(least: int, *more: str) -> Scenario:
    return load_scenario("gist", [*BRIEF, f"{GATE}={least}", *more])


def _pair(*more: str, base: Any = _gist, **options: Any) -> Comparison:
    return compare([("three", base(3, *more)), ("four", base(4, *more))], **options)


def _row(found: Comparison, measure: str, **wanted: Any) -> Row:
    rows = [
        row
        for row in found.rows
        if row.measure == measure and row.truth is not None and all(getattr(row, k) == v for k, v in wanted.items())
    ]
    assert len(rows) == 1, (measure, wanted, len(rows))
    return rows[0]


# ---------------------------------------------------------------- brute force: over many seeds


class Spread(NamedTuple):
    """Of each measure: what differences did over seeds, and what their errors said."""

    sd: np.ndarray
    independent_sd: np.ndarray
    """Of differences between runs with different seeds."""
    mcse: np.ndarray
    """Root mean square."""
    variance_ratio: np.ndarray
    n_seeds: int


def _spread(pairs: list[tuple[LeftOut, LeftOut]]) -> Spread:
    found: list[Paired] = [paired(*pair) for pair in pairs]
    values = np.array([[of.values for of in pair] for pair in pairs])
    return Spread(
        np.array([one.value for one in found]).std(axis=0, ddof=1),
        np.sqrt(values.var(axis=0, ddof=1).sum(axis=0)),
        np.sqrt(np.mean([one.mcse**2 for one in found], axis=0)),
        np.mean([one.variance_ratio for one in found], axis=0),
        len(pairs),
    )


def _assert_errors_are_right(spread: Spread) -> None:
    """Within four standard errors of a standard deviation; an error for independent runs would not pass."""
    tolerance = 4 / sqrt(2 * spread.n_seeds)
    np.testing.assert_allclose(spread.mcse / spread.sd, 1.0, atol=tolerance)
    np.testing.assert_allclose(
        np.sqrt(spread.variance_ratio) / (spread.independent_sd / spread.sd), 1.0, atol=tolerance
    )
    assert (spread.independent_sd / spread.sd > 1 + tolerance).mean() > 0.5


IDEAL_KEYS = [
    ("p_continue", "400 mg", "proof-of-concept", None, None, None),
    ("pet", None, None, None, None, None),
    ("n_mean", None, None, None, None, None),
    ("n_sd", "400 mg", None, None, None, None),
    ("n_sd", None, None, None, None, None),
    ("rate_mean", "400 mg", None, None, None, "mle"),
    ("rate_bias", "pooled", None, None, None, "mle"),
    ("rate_rmse", "600 mg", None, "continue", None, "mle"),
    ("ci_half_width_mean", "600 mg", None, "stop", None, "clopper-pearson"),
    ("ci_coverage", "400 mg", None, "continue", None, "clopper-pearson"),
]


def _left_out_ideal(setting: Setting, seed: int, n_sims: int) -> LeftOut:
    groups = simulate_groups(Study(setting.plan, setting.rates, seed), group_edges(n_sims))
    values = {entry.key: entry.estimate.value for entry in table(setting, groups.total())}
    others = left_out(setting, groups)
    return LeftOut(
        np.array([values[key] for key in IDEAL_KEYS], float),
        np.array([others[key] for key in IDEAL_KEYS]),
        groups.n_trials.astype(float),
    )


@pytest.mark.slow_statistics
def test_errors_of_differences_are_their_spread_over_seeds() -> None:
    settings = []
    for least in (3, 4):
        design = _gist(least).design
        names = (design.arm_names, design.look_names)
        settings.append(Setting(compile_design(design), *names, RATES, ("clopper-pearson",), 0.95, ()))
    pairs = [tuple(_left_out_ideal(setting, seed, 2000) for setting in settings) for seed in range(100)]
    _assert_errors_are_right(_spread(pairs))  # type: ignore[arg-type]


SIMON = (
    "truths=[{name: x, response_rate: 0.3}]",
    "conduct={enrolment: {per_month: 4}, cutoff: {day: 1500}, looks: {first stage: {fires: {after_days: 60}}}}",
)
CALENDAR_KEYS = [
    ("day_mean", None, None, None, None, None),
    ("day_sd", None, None, None, None, None),
    ("last_entry_quantile", None, None, None, 0.6, None),
    ("enrolled_mean", None, "first stage", None, None, None),
    ("overrun_mean", None, "first stage", None, None, None),
    ("responses_mean", "treatment", None, None, None, None),
    ("n_mean", None, None, None, None, None),
    ("pet", None, None, None, None, None),
]


def _left_out_conducted(scenario: Scenario, seed: int, n_sims: int) -> LeftOut:
    design = scenario.design
    assert scenario.conduct is not None
    study = study_of(design, scenario.conduct, (0.3,), seed)
    found = simulate_calendar_groups(study, np.arange(0, n_sims + 1, n_sims // 40), (0.6,))
    words = setting_of(design, scenario.conduct, (0.6,))
    names = (design.arm_names, design.look_names)
    plan, groups = endings_in_groups(found, compile_design(design))
    setting = Setting(plan, *names, (0.3,), ("clopper-pearson",), 0.95, (0.6,))
    entries = [*table(setting, groups.total()), *calendar_measures(words, found.whole)]
    values = {entry.key: entry.estimate.value for entry in entries}
    others = left_out(setting, groups) | calendar_left_out(words, found)
    keys = [(measure, arm and design.arm_names[0], *rest) for measure, arm, *rest in CALENDAR_KEYS]
    return LeftOut(
        np.array([values[key] for key in keys], float),
        np.array([others[key] for key in keys]),
        groups.n_trials.astype(float),
    )


@pytest.mark.slow_statistics
def test_errors_of_calendar_differences_are_their_spread_over_seeds() -> None:
    """One of the designs asks for a response more at its first look, and holds it 40 days later."""
    later = ["design.looks.first stage.continue_if.rule.at_least=5", "conduct.looks.first stage.fires.after_days=100"]
    scenarios = [load_scenario("simon-20-40", [*SIMON, *more]) for more in ((), later)]
    pairs = [tuple(_left_out_conducted(scenario, seed, 800) for scenario in scenarios) for seed in range(60)]
    _assert_errors_are_right(_spread(pairs))  # type: ignore[arg-type]


# ---------------------------------------------------------------- trial by trial


@lru_cache
def _went_on(least: int, seed: int, n_sims: int) -> np.ndarray:
    """Return (A, n) whether each arm went on, of each trial."""
    plan = compile_design(_gist(least).design)
    ending = record(Study(plan, RATES, seed), 0, n_sims).ending
    return (plan.endings.stop_look[ending] == WENT_ON).T


def test_a_proportion_is_batch_means_of_the_same_trials() -> None:
    """Groups of 25 trials, counted one by one."""
    found = _pair("seed=4", "n_sims=5000")
    for arm, name in enumerate(("400 mg", "600 mg")):
        row = _row(found, "p_continue", arm=name)
        differences = _went_on(4, 4, 5000)[arm].astype(float) - _went_on(3, 4, 5000)[arm]
        means = differences.reshape(200, 25).mean(axis=1)
        own = row.differences[0]
        assert own is not None
        assert own.value == pytest.approx(differences.mean(), abs=1e-12)
        assert own.mcse == pytest.approx(means.std(ddof=1) / sqrt(200), rel=1e-9)
        # The same from single trials, which groups estimate with a relative error of 5 %.
        assert own.mcse == pytest.approx(differences.std() / sqrt(5000), rel=0.2)


def test_nested_designs_gain_from_pairing() -> None:
    """Who goes on with four responses goes on with three: pairing saves as many replicates as theory says."""
    assert (_went_on(4, 4, 5000) <= _went_on(3, 4, 5000)).all()
    found = _pair("n_sims=200_000")
    for name in ("400 mg", "600 mg"):
        row = _row(found, "p_continue", arm=name)
        own, probability = row.differences[0], [record.exact for record in row.values if record is not None]
        assert own is not None
        assert own.variance_ratio is not None
        variances = [p * (1 - p) for p in probability if p is not None]
        apart = -(own.exact or 0.0)
        assert sum(variances) / (apart * (1 - apart)) > 1.4
        assert own.variance_ratio == pytest.approx(sum(variances) / (apart * (1 - apart)), rel=0.4)
    ratios = [row.differences[0].variance_ratio for row in found.rows if row.differences[0] is not None]
    assert np.mean([ratio > 1 for ratio in ratios if ratio is not None]) > 0.9


# ---------------------------------------------------------------- the whole comparison


def test_identical_designs_do_not_differ() -> None:
    found = compare([("one", _gist(3, "n_sims=3000")), ("two", _gist(3, "n_sims=3000", "title=again"))])
    assert len(found.rows) > 80
    for row in found.rows:
        own = row.differences[0]
        assert row.values[0] == row.values[1]
        if own is not None and own.value is not None:
            assert (own.value, own.mcse, own.variance_ratio) == (0.0, 0.0, None)
            assert own.exact in (0.0, None)
            assert own.z in (0.0, None)
    assert found.agreement is not None
    assert found.agreement.failures == ()


def _ideal_facts(record: Record | None) -> Any:
    """Return what a comparison says of a value; the cost of conduct is none of its business."""
    if record is None:
        return None
    return record._replace(exact=None, cost=None) if record.engine == "calendar" else record


@pytest.mark.parametrize("n_sims", few([1, 7, 3_000], 1))
def test_values_are_those_of_run(n_sims: int) -> None:
    """With calendar conduct; 3,000 calendar trials fill more than a block, and a group lies in two."""
    truths = "truths=[{name: x, response_rate: 0.3}, {name: y, response_rate: 0.1}]"
    counts = ("seed=8", f"n_sims={n_sims}", f"conduct.n_sims={n_sims}", "conduct.match=null", truths)
    if n_sims > 1000:
        counts = (*counts, "plans=[]", "truths=[{name: x, response_rate: 0.3}]")
    light = ("conduct.adverse_events=null", "conduct.exposure=null", "conduct.performance_status=null")
    scenarios = [load_scenario("gist", [*counts, *light, f"{GATE}={least}"]) for least in (3, 4)]
    found = compare([("A", scenarios[0]), ("B", scenarios[1])])
    for design, scenario in enumerate(scenarios):
        own = [row.values[design] for row in found.rows if row.values[design] is not None]
        theirs = list(run(scenario).records)
        assert len(own) == len(theirs) > 700
        key = lambda record: tuple(map(str, (*record[:8], record.engine)))  # noqa: E731
        for one, other in zip(sorted(own, key=key), sorted(theirs, key=key), strict=True):
            assert _ideal_facts(one) == _ideal_facts(other)
    assert (found.sides[0].scenario.id, found.sides[1].scenario.id) == (scenarios[0].id, scenarios[1].id)
    simulated = [row.differences[0] for row in found.rows if row.engine != "exact"]
    has_value = [own is not None and own.value is not None for own in simulated]
    assert any(has_value) == (n_sims > 1)  # one replicate says nothing of an error


def test_exact_differences_are_differences_of_exact_values() -> None:
    found, scenarios = _pair(engine="exact"), (_gist(3), _gist(4))
    exact = [{record[:8]: record.exact for record in run(scenario, engine="exact").records} for scenario in scenarios]
    simulated = {row[:8]: row.differences[0] for row in _pair("n_sims=2000").rows}
    compared = 0
    for row in found.rows:
        own = row.differences[0]
        if own is not None:
            assert own.value == own.exact == exact[1][row[:8]] - exact[0][row[:8]]  # type: ignore[operator]
            assert (own.mcse, own.z, own.variance_ratio) == (0.0, None, None)
            paired_one = simulated[row[:8]]
            assert paired_one is not None
            assert paired_one.exact == pytest.approx(own.exact, abs=1e-9)
            compared += 1
    assert compared > 80
    assert found.agreement is None
    assert found.n_groups is None


@pytest.mark.long
def test_jobs_change_nothing() -> None:
    base = ("plans=[]", "truths=[{name: x, response_rate: 0.3}]", "conduct.match=null", "conduct.n_sims=3000")
    light = ("conduct.adverse_events=null", "conduct.exposure=null", "conduct.performance_status=null")
    scenarios = [
        (label, load_scenario("gist", [*base, *light, "n_sims=12_600_000", f"{GATE}={least}"]))
        for label, least in (("A", 3), ("B", 4))
    ]
    one, two = (compare(scenarios, "montecarlo", n_jobs=n_jobs) for n_jobs in (1, 2))
    assert repr(one.rows) == repr(two.rows)  # repr: nan is nan
    assert (one.n_groups, one.n_calendar_groups) == (200, 200)


@pytest.mark.slow_statistics
def test_a_wide_difference_between_engines_is_improbable() -> None:
    """Over 40 seeds, z of a few judged differences is standard normal."""
    found: dict[str, list[float]] = {}
    for seed in range(40):
        comparison = _pair(f"seed={seed}", "n_sims=100_000")
        assert comparison.agreement is not None
        assert comparison.agreement.failures == ()
        for row in (
            _row(comparison, "p_continue", arm="400 mg"),
            _row(comparison, "n_mean", arm="600 mg"),
            _row(comparison, "rate_mean", arm="pooled", given=None),
            _row(comparison, "rate_rmse", arm="400 mg", given="continue"),
        ):
            own = row.differences[0]
            assert own is not None
            assert own.is_judged
            assert own.z is not None
            found.setdefault(row.measure, []).append(own.z)
    for values in found.values():
        assert stats.kstest(values, "norm").pvalue > 0.001
    assert len(found) == 4


def test_a_condition_that_two_replicates_met_is_no_disagreement() -> None:
    """Seed 43: no interval of two covered, of which 46 % should; the groups of replicates show no variance in that."""
    own = ("seed=43", "n_sims=20_000", "truths=[{name: x, response_rate: 0.05}]")
    found = _pair(*own)
    row = _row(found, "ci_coverage", arm="pooled", given="all_continue")
    assert row.values[1] is not None
    assert row.values[1].estimate == 0.0
    assert row.values[1].exact == pytest.approx(0.4638, abs=1e-4)
    assert row.differences[0] is not None
    assert abs(row.differences[0].z or 0.0) < 3
    assert found.agreement is not None
    assert found.agreement.failures == ()


def test_small_numbers_of_replicates_use_fewer_groups() -> None:
    found = _pair("n_sims=100")
    assert found.n_groups == 50
    row = _row(found, "p_continue", arm="600 mg")
    own = row.differences[0]
    assert own is not None
    assert own.mcse is not None
    assert 0.01 < own.mcse < 0.1


def test_progress_counts_every_replicate() -> None:
    told: list[int] = []
    base = ("plans=[]", "truths=[{name: x, response_rate: 0.3}]", "conduct.match=null", "conduct.n_sims=70")
    scenario = load_scenario("gist", [*base, "n_sims=300"])
    compare([("A", scenario), ("B", scenario)], progress=told.append)
    assert sum(told) == 2 * (300 + 70)
