"""Adverse events, performance status and exposure: the kernels are the naive twin, trial by trial."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from tests.naive import calendar as naive
from trialsim.inference.copula import thresholds
from trialsim.kernels.adverse import adverse_room, count_adverse
from trialsim.kernels.clinic import MISSING
from trialsim.kernels.exposure import exposure_room, sampling_plan, summarise_exposure
from trialsim.kernels.status import count_status, status_room

Trial = dict[str, Any]
Columns = dict[str, int | float | None]

EXPOSURE_MEASURES = ("auc_mean", "auc_sd", "half_life_mean", "auc_sampled_mean", "half_life_sampled_mean")


def trial_of(cap: list[int], entered: int, **blocks: Any) -> Trial:
    """Return the plainest trial: one patient a day, the last days not taken, nothing but what section 9 asks for."""
    n_arms = len(cap)
    never = [float("inf")] * n_arms
    return {
        "ratio": [1] * n_arms,
        "cap": cap,
        "when_arm_stops": "arm_cap",
        "block_sizes": [n_arms, 2 * n_arms],
        "entry": {"law": "given", "minutes": [1440 * day for day in range(entered)]},
        "class_bounds": [(0.5, 1.0, 1.0)] * n_arms,
        "response_day": [1440],
        "response_share": [1.0],
        "confirm_lo": [0.0],
        "confirm_hi": [0.0],
        "early_day": [],
        "early_share": [],
        "stable_start": 0,
        **{f"{time}_mean": never for time in ("stable", "response", "withdraw", "death_before", "death_after")},
        "cross": [0.0] * n_arms,
        "cross_outcome": (0.0, 0.0),
        "cross_lag": (0.0, 0.0),
        "tox": None,
        "unevaluable": "non_responder",
        "looks": [],
        "final": {"mode": "confirmed", "success": None},
        "cutoff": ("day", 1440 * 1000),
        "visits": [],
        "failure_at": "progression",
        "survival_at": [],
        "on_treatment_at": [],
        "z": 1.96,
        "adverse": None,
        "ecog": None,
        "pk": None,
        **blocks,
    }


def arms_of_twin(trial: Trial, seed: int, first: int, n_trials: int) -> np.ndarray:
    """Return the arm of each patient of each trial, -1 if not enrolled."""
    arm = np.full((n_trials, sum(trial["cap"])), -1, np.int8)
    for t in range(n_trials):
        for patient in naive.patients(trial, seed, first + t):
            arm[t, patient["number"]] = patient["arm"]
    return arm


def groups_of(trial: Trial) -> list[str]:
    return [*(str(arm) for arm in range(len(trial["cap"]))), "all"]


def named(names: list[str], out: np.ndarray) -> list[Columns]:
    return [dict(zip(names, row, strict=True)) for row in out.tolist()]


def adverse_columns(trial: Trial, seed: int, first: int, arm: np.ndarray) -> list[Columns]:
    events = trial["adverse"]
    threshold = np.array([events["any"], events["severe"]], np.float64)
    _, n_arms, n_rows = threshold.shape
    out = np.full((len(arm), (2 * n_rows + 2) * (n_arms + 1)), -9, np.int64)
    count_adverse(
        np.uint64(seed), np.uint64(first), arm, threshold, loading_of(events), *adverse_room(n_arms, arm.shape[1]), out
    )
    return named(
        [f"{g}/{j}/{a}" for j, g, a in product([*range(n_rows), "every"], ("any", "severe"), groups_of(trial))], out
    )


def loading_of(events: dict[str, Any]) -> np.ndarray:
    rho, rho_severe = events["rho"], events["rho_severe"]
    return np.sqrt([rho, 1 - rho, rho_severe, 1 - rho_severe])


def status_columns(trial: Trial, seed: int, first: int, arm: np.ndarray) -> list[Columns]:
    base, row = np.array(trial["ecog"]["base"]), np.array(trial["ecog"]["row"])
    out = np.full((len(arm), 2 * len(base)), -9, np.int64)
    count_status(np.uint64(seed), np.uint64(first), arm, base, row, *status_room(arm.shape[1]), out)
    return named([f"{state}/{c}/all" for state, c in product(("ecog_base", "ecog"), range(len(base)))], out)


def exposure_columns(trial: Trial, seed: int, first: int, arm: np.ndarray) -> list[Columns]:
    pk, n_arms = trial["pk"], len(trial["cap"])
    law = np.array([pk["sigma"], pk["mu_half"], pk["sigma_half"], pk["ka"], pk["tau"]])
    plan = sampling_plan(pk["hours"], pk["ka"], pk["tau"])
    out = np.full((len(arm), 5 * n_arms), -9, np.int64)
    n_first, room = np.int64(pk["first"] or 0), exposure_room(n_arms, arm.shape[1])
    summarise_exposure(np.uint64(seed), np.uint64(first), arm, n_first, np.array(pk["mu"]), law, plan, *room, out)
    columns = named([f"{measure}/{a}" for measure, a in product(EXPOSURE_MEASURES, range(n_arms))], out)
    return [{name: None if x == MISSING else x / 1e6 for name, x in row.items()} for row in columns]


KERNELS = {"adverse": adverse_columns, "ecog": status_columns, "pk": exposure_columns}


def check(trial: Trial, seed: int, first: int, n_trials: int) -> list[Columns]:
    """Compare every column of every trial; return what the twin says."""
    arm = arms_of_twin(trial, seed, first, n_trials)
    twins = [naive.simulate(trial, seed, first + t) for t in range(n_trials)]
    found: list[Columns] = [{} for _ in twins]
    for block, columns in KERNELS.items():
        if trial[block] is not None:
            for row, more in zip(found, columns(trial, seed, first, arm), strict=True):
                row |= more
    for row, twin in zip(found, twins, strict=True):
        for name, x in row.items():
            same(name, x, twin[name])
        assert section_9(twin) == set(row)
    return twins


def same(name: str, found: float | None, expected: float | None) -> None:
    if isinstance(expected, float):
        assert found == pytest.approx(expected, rel=2e-6, abs=2e-6), name
    else:
        assert found == expected, name


def section_9(twin: Columns) -> set[str]:
    """Return the names of the twin's columns that are about section 9."""
    return {name for name in twin if name.split("/")[0] in {"any", "severe", "ecog", "ecog_base", *EXPOSURE_MEASURES}}


def events_of(p_any: list[list[float]], p_severe: list[list[float]], rho: float, rho_severe: float) -> dict[str, Any]:
    t_any, t_severe = thresholds(p_any, p_severe, rho, rho_severe)
    return {"rho": rho, "rho_severe": rho_severe, "any": t_any.tolist(), "severe": t_severe.tolist()}


STATUS = {"base": [0.4, 0.8, 1.0], "row": [[0.95, 0.99, 1.0], [0.57, 0.97, 1.0], [0.1, 0.82, 1.0]]}
EXPOSURE = {
    "mu": [4.03, 4.43],
    "sigma": 0.394,
    "mu_half": 2.95,
    "sigma_half": 0.29,
    "ka": 1.5,
    "tau": 24.0,
    "hours": [0.0, 1.0, 2.0, 3.0, 8.0, 24.0, 48.0, 72.0],
    "first": None,
}
EVENTS = events_of([[0.7, 0.5, 0.2], [0.8, 0.4, 0.2]], [[0.1, 0.5, 0.0], [0.3, 0.1, 0.2]], 0.1267, 0.0798)
ONE_SURE = events_of([[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]], 0.0, 1.0)

FIXED = {
    "all of it": trial_of([5, 6], 11, adverse=EVENTS, ecog=STATUS, pk=EXPOSURE),
    "not all enrolled": trial_of([5, 6], 7, adverse=EVENTS, ecog=STATUS, pk={**EXPOSURE, "first": 2}),
    "one patient": trial_of([5, 6], 1, adverse=EVENTS, ecog=STATUS, pk={**EXPOSURE, "hours": [0.0, 8.0, 24.0]}),
    "nobody": trial_of([5, 6], 0, adverse=EVENTS, ecog=STATUS, pk=EXPOSURE),
    "sure and impossible": trial_of([5, 6], 11, adverse=ONE_SURE, ecog={"base": [1.0], "row": [[1.0]]}),
    "one arm": trial_of(
        [9], 9, adverse=events_of([[0.4]], [[0.2]], 0.5, 0.5), pk={**EXPOSURE, "mu": [4.0], "first": 4, "tau": 12.0}
    ),
}


@pytest.mark.parametrize("name", FIXED)
def test_fixed_trials(name: str) -> None:
    check(FIXED[name], 20020815, 10**12, 20)


def test_what_fixed_trials_are_for() -> None:
    twins = check(FIXED["one patient"], 1, 0, 5)
    assert all(twin["auc_sd/0"] is twin["auc_sd/1"] is None for twin in twins)
    assert {twin["auc_mean/0"] is None for twin in twins} == {True, False}
    sure = check(FIXED["sure and impossible"], 1, 0, 5)[0]
    assert [sure[f"any/{j}/all"] for j in (0, 1, "every")] == [11, 0, 11]
    assert [sure[f"severe/{j}/{a}"] for j in (0, "every") for a in (0, 1)] == [5, 0, 5, 0]


shares = st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1.0])


@st.composite
def adverse(draw: st.DrawFn, n_arms: int) -> dict[str, Any]:
    n_rows = draw(st.integers(1, 6))
    p_any = np.array(draw(st.lists(shares, min_size=n_arms * n_rows, max_size=n_arms * n_rows)))
    part = np.array(draw(st.lists(shares, min_size=n_arms * n_rows, max_size=n_arms * n_rows)))
    of_arms = (n_arms, n_rows)
    return events_of(p_any.reshape(of_arms), (p_any * part).reshape(of_arms), draw(shares), draw(shares))


@st.composite
def status(draw: st.DrawFn) -> dict[str, Any]:
    n = draw(st.integers(1, 5))
    row = st.lists(shares, min_size=n - 1, max_size=n - 1).map(lambda inner: [*sorted(inner), 1.0])
    return {"base": draw(row), "row": [draw(row) for _ in range(n)]}


@st.composite
def exposure(draw: st.DrawFn, n_arms: int) -> dict[str, Any]:
    hours = draw(st.lists(st.integers(0, 96), min_size=3, max_size=8, unique=True).map(sorted))
    return {
        "mu": [draw(st.floats(-2, 6)) for _ in range(n_arms)],
        "sigma": draw(st.floats(0, 1)),
        "mu_half": draw(st.floats(1.5, 5)),
        "sigma_half": draw(st.floats(0, 0.3)),
        "ka": draw(st.floats(0.9, 4)),
        "tau": float(draw(st.sampled_from([8, 12, 24, 72]))),
        "hours": [float(hour) for hour in hours],
        "first": draw(st.none() | st.integers(1, 5)),
    }


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    cap = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    blocks = {"adverse": draw(adverse(len(cap))), "ecog": draw(status()), "pk": draw(exposure(len(cap)))}
    return trial_of(cap, draw(st.integers(0, sum(cap))), **blocks)


def test_random_trials() -> None:
    seen: Counter[str] = Counter()

    @settings(derandomize=True, deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
    @given(trials(), st.integers(0, 2**63 - 1), st.integers(0, 1000) | st.integers(2**20, 2**62))
    def same_trials(trial: Trial, seed: int, first: int) -> None:
        for twin in check(trial, seed, first, 3):
            seen.update(name.split("/")[0] for name, x in twin.items() if x)

    same_trials()
    assert {"any", "severe", "ecog", "ecog_base", *EXPOSURE_MEASURES} <= set(seen), seen


def test_blocks_of_trials_change_nothing() -> None:
    trial = FIXED["all of it"]
    arm = arms_of_twin(trial, 5, 0, 12)
    for columns in KERNELS.values():
        whole = columns(trial, 5, 0, arm)
        assert whole == columns(trial, 5, 0, arm[:5]) + columns(trial, 5, 5, arm[5:])


# Table 3 of N Engl J Med 2002;347:472-80, top-level rows: any grade 400 mg, 600 mg; grade 3/4 400 mg, 600 mg.
TABLE_3 = np.array(
    [
        (52, 57, 1, 1),
        (37, 40, 1, 1),
        (29, 37, 1, 2),
        (27, 31, 0, 0),
        (22, 29, 0, 0),
        (18, 27, 2, 2),
        (14, 24, 0, 0),
        (19, 19, 1, 0),
        (14, 18, 0, 0),
        (10, 9, 0, 1),
        (8, 10, 3, 4),
        (7, 9, 0, 0),
        (5, 9, 0, 0),
        (4, 9, 1, 2),
        (5, 7, 0, 0),
        (2, 10, 0, 0),
        (6, 4, 5, 2),
        (4, 4, 0, 0),
        (4, 4, 2, 2),
        (4, 3, 2, 0),
        (1, 5, 0, 0),
        (1, 5, 0, 0),
        (1, 5, 0, 0),
        (2, 4, 0, 0),
        (4, 1, 0, 0),
        (4, 1, 0, 0),
        (0, 4, 0, 0),
    ]
)
SIZES = np.array([73, 74])
RHO, RHO_SEVERE = 0.1267, 0.0798
N_TRIALS = 1500


def gist_events() -> tuple[np.ndarray, dict[str, Any]]:
    """Return the published rates (any or grade 3/4, arm, row) and the events with thresholds for them."""
    rates = np.stack([(TABLE_3[:, :2] / SIZES).T, (TABLE_3[:, 2:] / SIZES).T])
    return rates, events_of(rates[0].tolist(), rates[1].tolist(), RHO, RHO_SEVERE)


def p_at_least_one(threshold: np.ndarray) -> np.ndarray:
    """Return P(any grade) and P(grade 3/4) in at least one row, per arm, by the trapezoid over the factor."""
    factor = np.linspace(-8.5, 8.5, 4001)[:, None, None]
    own_any = (threshold[0] - np.sqrt(RHO) * factor) / np.sqrt(1 - RHO)
    own_severe = (threshold[1] - np.sqrt(RHO_SEVERE) * factor) / np.sqrt(1 - RHO_SEVERE)
    none = np.stack([ndtr(np.minimum(own_any, own_severe)).prod(2), ndtr(own_severe).prod(2)])
    density = np.exp(-(factor[:, :, 0] ** 2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray(1 - np.trapezoid(none * density, factor[:, 0, 0], axis=1))


def gist_counts() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rates, the thresholds, and counts (trial, row or every, any or grade 3/4, arm or all)."""
    rates, events = gist_events()
    threshold = np.array([events["any"], events["severe"]])
    arm = np.tile(np.repeat(np.array([0, 1], np.int8), SIZES), (N_TRIALS, 1))
    out = np.zeros((N_TRIALS, 56 * 3), np.int64)
    count_adverse(np.uint64(2002), np.uint64(0), arm, threshold, loading_of(events), *adverse_room(2, 147), out)
    return rates, threshold, out.reshape(N_TRIALS, 28, 2, 3)


def test_published_rates_come_out() -> None:
    rates, _, counts = gist_counts()
    assert len(TABLE_3) == 27
    expected = rates.transpose(2, 0, 1) * SIZES
    error = np.sqrt(expected * (1 - rates.transpose(2, 0, 1)) / N_TRIALS)
    deviation = counts[:, :27, :, :2].mean(axis=0) - expected
    is_possible = expected > 0
    assert (np.abs(deviation[is_possible]) < 4 * error[is_possible]).all()
    assert (deviation[~is_possible] == 0).all()
    assert (counts[..., 2] == counts[..., 0] + counts[..., 1]).all()


def test_at_least_one_event() -> None:
    """98.0 and 21.1 per cent of the patients, as published; and what the model says, by an integral."""
    _, threshold, counts = gist_counts()
    p = p_at_least_one(threshold)
    assert (p @ SIZES / 147).round(3).tolist() == pytest.approx([0.980, 0.211], abs=0.0015)
    rate, n = counts[:, 27, :, :2].mean(axis=0) / SIZES, N_TRIALS * SIZES
    assert (np.abs(rate - p) < 4 * np.sqrt(p * (1 - p) / n)).all()
    assert counts[:, 27, :, 2].mean(axis=0) / 147 == pytest.approx([0.980, 0.211], abs=0.003)


def test_exposure_and_status_have_their_means() -> None:
    """Means of one large trial against the laws: lognormal moments, and shares at baseline and later."""
    n = 40_000
    trial = trial_of([n // 2, n // 2], 0, ecog=STATUS, pk=EXPOSURE)
    arm = np.repeat(np.array([[0, 1]], np.int8), n // 2, axis=1)
    row = exposure_columns(trial, 3, 0, arm)[0]
    for a in range(2):
        mean = np.exp(EXPOSURE["mu"][a] + EXPOSURE["sigma"] ** 2 / 2)
        sd = mean * np.sqrt(np.expm1(EXPOSURE["sigma"] ** 2))
        assert row[f"auc_mean/{a}"] == pytest.approx(mean, abs=4 * sd / np.sqrt(n / 2))
        assert row[f"auc_sd/{a}"] == pytest.approx(sd, rel=0.05)
        assert row[f"half_life_sampled_mean/{a}"] == pytest.approx(row[f"half_life_mean/{a}"], rel=1e-3)
        assert row[f"auc_sampled_mean/{a}"] == pytest.approx(row[f"auc_mean/{a}"], rel=0.05)
    base = np.diff(STATUS["base"], prepend=0.0)
    later = base @ np.diff(STATUS["row"], prepend=0.0)
    found = np.array(list(status_columns(trial, 3, 0, arm)[0].values())) / n
    share = np.concatenate([base, later])
    assert (np.abs(found - share) < 4 * np.sqrt(share * (1 - share) / n)).all()
