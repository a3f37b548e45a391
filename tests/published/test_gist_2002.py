"""The founding trial: the numbers that a user checks first (exact; Demetri et al., N Engl J Med 2002;347:472-480)."""

import pytest

import trialsim
from trialsim.inference.intervals import limits

ARM, LOOK = "400 mg", "proof-of-concept"


@pytest.fixture(scope="module")
def exact() -> dict[tuple[object, ...], float | None]:
    records = trialsim.run(trialsim.load_scenario("gist"), "exact").records
    return {(r.plan, r.truth, r.measure, r.arm, r.look, r.value): r.exact for r in records if r.given is None}


@pytest.mark.parametrize(
    ("truth", "measure", "arm", "look", "value", "printed", "digits"),
    [
        ("inactive", "p_stop", ARM, LOOK, None, 0.941871, 6),
        ("active", "p_stop", ARM, LOOK, None, 0.059952, 6),
        ("modest", "p_continue", ARM, LOOK, None, 0.728658, 6),
        ("inactive", "p_arms_continuing", None, LOOK, 0, 0.887121, 6),
        ("active", "p_arms_continuing", None, LOOK, 2, 0.883690, 6),
        ("inactive", "n_mean", None, None, None, 42.4523, 4),
        ("weak", "n_mean", None, None, None, 65.5486, 4),
        ("active", "n_mean", None, None, None, 140.3453, 4),
        (None, "ci_distance_max", "pooled", None, 147, 0.084163, 6),
        (None, "ci_half_width_max", "pooled", None, 147, 0.083499, 6),
    ],
)
def test_exact_values(exact, truth, measure, arm, look, value, printed, digits) -> None:  # type: ignore[no-untyped-def]
    assert round(exact["147 patients", truth, measure, arm, look, value], digits) == printed


def test_at_least_one_arm_goes_on_if_both_are_inactive(exact) -> None:  # type: ignore[no-untyped-def]
    none = exact["147 patients", "inactive", "p_arms_continuing", None, LOOK, 0]
    assert round(1 - none, 6) == 0.112879


def test_the_200_patient_plan(exact) -> None:  # type: ignore[no-untyped-def]
    assert round(exact["200 patients", None, "ci_half_width_max", "pooled", None, 200], 6) == 0.071342


@pytest.mark.parametrize(
    ("x", "n", "lower", "upper"),
    [
        (36, 73, 37.4, 61.3),
        (43, 74, 46.1, 69.5),
        (79, 147, 45.3, 62.0),
        (23, 73, 21.1, 43.4),
        (18, 74, 15.1, 35.7),
        (41, 147, 20.8, 35.9),
    ],
)
def test_published_intervals(x: int, n: int, lower: float, upper: float) -> None:
    low, high = limits("clopper-pearson", n, 0.95)
    assert (round(100 * low[x], 1), round(100 * high[x], 1)) == (lower, upper)


def test_the_interim_criterion_needs_29_of_100() -> None:
    lower, _ = limits("clopper-pearson", 100, 0.95)
    assert lower[28] <= 0.20 < lower[29]


def test_unevaluable_patients_break_the_six_per_cent() -> None:
    """7 of 147 patients (4.8 %) cannot be evaluated and count as non-responders: .30 becomes 42 / 147."""
    scenario = trialsim.load_scenario("gist", ["truths.active.response_rate=42/147"])
    found = [r.exact for r in trialsim.run(scenario, "exact").records if r.truth == "active" and r.measure == "p_stop"]
    assert round(found[0], 4) == 0.0766
