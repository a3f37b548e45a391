"""A growing simulation: the same numbers as one long run, cancelled at once, and denser survival curves."""

from time import perf_counter

import numpy as np
import pytest

from trialsim import InputError, load_scenario
from trialsim.api import run
from trialsim.calendar import study_of
from trialsim.engines.calendar import columns_of, trials
from trialsim.simulation import costs, grow, of_one_truth, steps_to, with_survival_grid

N = 5_600


def with_trials(scenario, n_sims):
    return scenario.model_copy(
        update={"n_sims": n_sims, "conduct": scenario.conduct.model_copy(update={"n_sims": n_sims})}
    )


@pytest.fixture(scope="module")
def gist():
    return load_scenario("gist")


def test_the_last_step_equals_one_long_run(gist):
    *_, last = grow(gist, "mixed", N)
    whole = run(with_trials(of_one_truth(gist, "mixed"), N))
    assert last.n_done == last.n_sims == last.tally.n_trials == N
    assert last.result.records == whole.records
    assert last.result.missed == whole.missed
    assert last.result.provenance["n_sims"] == whole.provenance["n_sims"] == N


def test_it_is_the_truth_of_the_whole_scenario(gist):
    both = gist.model_copy(update={"plans": (), "truths": gist.truths[:2]})
    name = both.truths[1].name
    whole = [record for record in run(with_trials(both, 1_200)).records if record.truth == name]
    *_, last = grow(gist, name, 1_200)
    # How large |z| may be depends on how many are judged, so the agreement differs; the numbers do not.
    assert [record for record in last.result.records if record.truth == name] == whole


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_estimates_come_early_and_threads_change_nothing(gist, n_jobs):
    steps = list(grow(gist, "active", N, n_jobs=n_jobs, measures=("p_stop",)))
    assert [step.n_done for step in steps] == [500, 1_000, 2_000, 5_000, N]
    errors = [costs(step.result)[0].mcse for step in steps]
    assert errors == sorted(errors, reverse=True)
    whole = run(with_trials(of_one_truth(gist, "active"), N), measures=("p_stop",))
    assert costs(steps[-1].result) == costs(whole)
    assert {record.measure for record in steps[0].result.records} == {"p_stop"}


def test_progress_counts_calendar_trials(gist):
    told = []
    for _ in grow(gist, "active", N, measures=("p_stop",), progress=told.append):
        pass
    assert told == sorted(told)
    assert told[-1] == N
    assert set(told) >= {500, 1_000, 2_000, 4_500, 5_000}


class CancelledError(Exception):
    pass


def test_what_progress_raises_ends_it_at_once(gist):
    def cancel(n_done):
        if n_done >= 1_000:
            raise CancelledError

    began, steps = perf_counter(), grow(gist, "active", 10_000_000, measures=("p_stop",), progress=cancel)
    assert next(steps).n_done == 500
    with pytest.raises(CancelledError):
        next(steps)
    assert perf_counter() - began < 30  # ten million trials take a quarter of an hour


def test_published_results_are_matched_under_their_truth_only(gist):
    (calibrated,) = grow(gist, "calibrated", 400)
    (active,) = grow(gist, "active", 400)
    assert len(calibrated.result.match) == len(gist.conduct.match.results)
    assert active.result.match == ()


def test_costs_have_an_exact_value_and_an_error(gist):
    (step,) = grow(gist, "active", 400)
    found = costs(step.result)
    assert {record.measure for record in found} >= {"p_stop", "n_mean", "p_success"}
    for record in found:
        assert record.mcse is not None
        assert record.cost == pytest.approx(record.estimate - record.exact)


def test_a_scenario_without_conduct_gets_a_plain_one():
    scenario = load_scenario("simon-20-40")
    assert scenario.conduct is None
    one = of_one_truth(scenario, scenario.truths[0].name)
    assert one.conduct.enrolment.per_month == 10.0
    *_, last = grow(scenario, scenario.truths[0].name, 800)
    assert costs(last.result)


def test_a_truth_that_is_not_there(gist):
    with pytest.raises(InputError, match='no truth "actve"; did you mean "active"'):
        of_one_truth(gist, "actve")


@pytest.mark.parametrize("n_sims", [1, 400, 500, 501, 5_000, 10_000, 100_000, 123_456, 1_000_000])
def test_steps(n_sims):
    steps = steps_to(n_sims)
    assert steps[-1] == n_sims
    assert list(steps) == sorted(set(steps))
    assert len(steps) <= 25
    assert steps[0] <= 500


def columns_by_name(scenario):
    ((_, design),) = scenario.designs()
    study = study_of(design, scenario.conduct, scenario.truths[0].rates(design.arm_names), scenario.seed)
    matrix, points = trials(study, 0, 600), scenario.conduct.survival
    found = {}
    for index, column in enumerate(columns_of(study)):
        is_curve = column.quantity.removesuffix("_lower").removesuffix("_upper") in ("os", "ttf")
        point = points.at_days[column.point] if is_curve and points is not None else column.point
        found[column.quantity, column.arm, column.look, point] = matrix[:, index]
    return found


@pytest.mark.parametrize("has_survival", [True, False])
@pytest.mark.parametrize("truth", ["active", "weak"])
def test_a_denser_survival_curve_changes_no_other_number(gist, truth, has_survival):
    sparse = of_one_truth(gist, truth)
    if not has_survival:
        sparse = sparse.model_copy(
            update={"conduct": sparse.conduct.model_copy(update={"survival": None, "match": None})}
        )
    dense = with_survival_grid(sparse, 14)
    days = dense.conduct.survival.at_days
    assert 12 <= len(days) <= 20
    assert max(days) == 471
    before, after = columns_by_name(sparse), columns_by_name(dense)
    assert len(before) > 250 - 60 * (not has_survival)
    for name, column in before.items():
        assert np.array_equal(column, after[name]), name
    assert len(after) > len(before)


def test_a_grid_that_is_full_stays():
    scenario = load_scenario("gist", ["conduct.survival.at_days=" + str([*range(10, 200, 10), 365])])
    assert with_survival_grid(scenario).conduct.survival.at_days == scenario.conduct.survival.at_days
