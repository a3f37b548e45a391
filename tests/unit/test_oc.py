"""Every measure against plain Python over the recorded trials: counting, averaging, scipy's intervals."""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from statistics import fmean, pstdev
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import stats

import trialsim
from trialsim.compile import compile_design
from trialsim.engines.montecarlo import Study, record, simulate
from trialsim.oc.entry import Setting
from trialsim.oc.precision import precision
from trialsim.oc.table import FAMILIES, table
from trialsim.trials import trial_columns

N = 3000
ARMS = ("400 mg", "600 mg")


class Row(NamedTuple):
    """One trial, in plain numbers."""

    n: tuple[int, int]
    x: tuple[int, int]
    stop: tuple[str | None, str | None]
    success: dict[str, bool | None]


@lru_cache
def _case() -> tuple[Setting, list[Row], dict[tuple[Any, ...], Any]]:
    changes = [
        "design.looks.final.success_if={of: arm, rule: {kind: responses, at_least: 12}}",
        "design.looks.interim.continue_if={of: arm, rule: {kind: responses, at_least: 8}}",
    ]
    design = trialsim.load_scenario("gist", changes).design
    plan, rates = compile_design(design), (0.14, 0.30)
    study = Study(plan, rates, 7)
    columns = {name: _list(column) for name, column in trial_columns(design, plan, record(study, 0, N)).items()}
    rows = [
        Row(
            tuple(columns[f"{arm}: patients"][i] for arm in ARMS),
            tuple(columns[f"{arm}: responses"][i] for arm in ARMS),
            tuple(columns[f"{arm}: stopped at"][i] for arm in ARMS),
            {name: column[i] for name, column in columns.items() if "success" in name},
        )
        for i in range(N)
    ]
    setting = Setting(plan, ARMS, design.look_names, rates, ("clopper-pearson", "wilson"), 0.95, (0.05, 0.5, 0.9))
    found = {entry.key: entry.estimate for entry in table(setting, simulate(study, N))}
    return setting, rows, found


def _list(column: Any) -> list[Any]:
    return column.to_pylist() if hasattr(column, "to_pylist") else column.tolist()


def _check_proportion(estimate: Any, hits: list[bool]) -> None:
    share = fmean(hits)
    assert estimate.value == pytest.approx(share, abs=1e-12)
    assert estimate.mcse == pytest.approx(sqrt(share * (1 - share) / len(hits)), abs=1e-12)
    assert estimate.n == len(hits)


def _check_mean(estimate: Any, values: list[float]) -> None:
    assert estimate.value == pytest.approx(fmean(values), rel=1e-10)
    assert estimate.mcse == pytest.approx(pstdev(values) / sqrt(len(values)), rel=1e-8)


def test_the_case_has_every_kind_of_trial() -> None:
    _, rows, _ = _case()
    stops = {row.stop for row in rows}
    assert {None, "proof-of-concept", "interim"} <= {stop for pair in stops for stop in pair}
    assert (None, None) in stops
    assert len(stops) >= 6


def test_decisions() -> None:
    setting, rows, found = _case()
    order = {None: 99, "proof-of-concept": 0, "interim": 1}
    for look in ("proof-of-concept", "interim"):
        goes_on = [tuple(order[stop] > order[look] for stop in row.stop) for row in rows]
        for arm, name in enumerate(ARMS):
            _check_proportion(found["p_stop", name, look, None, None, None], [row.stop[arm] == look for row in rows])
            _check_proportion(found["p_continue", name, look, None, None, None], [pair[arm] for pair in goes_on])
        for count in range(3):
            key = ("p_arms_continuing", None, look, None, count, None)
            _check_proportion(found[key], [sum(pair) == count for pair in goes_on])
        patterns = {
            "400 mg + 600 mg": (True, True),
            "400 mg": (True, False),
            "600 mg": (False, True),
            "none": (False, False),
        }
        for variant, pattern in patterns.items():
            _check_proportion(
                found["p_pattern", None, look, None, None, variant], [pair == pattern for pair in goes_on]
            )
    for arm, name in enumerate(ARMS):
        _check_proportion(found["pet", name, None, None, None, None], [row.stop[arm] is not None for row in rows])
    _check_proportion(found["pet", None, None, None, None, None], [None not in row.stop for row in rows])
    took_place = [row.success["interim: success of pooled"] is not None for row in rows]
    _check_proportion(found["p_reached", None, "interim", None, None, None], took_place)
    _check_proportion(found["p_reached", None, "final", None, None, None], [None in row.stop for row in rows])
    assert setting.looks == ("proof-of-concept", "interim", "final")


def test_sample_size() -> None:
    _, rows, found = _case()
    sizes: dict[str | None, list[int]] = {name: [row.n[arm] for row in rows] for arm, name in enumerate(ARMS)}
    sizes[None] = [sum(row.n) for row in rows]
    for name, n in sizes.items():
        _check_mean(found["n_mean", name, None, None, None, None], [float(v) for v in n])
        sd = found["n_sd", name, None, None, None, None]
        assert sd.value == pytest.approx(pstdev(n), rel=1e-10)
        fourth = fmean([(v - fmean(n)) ** 4 for v in n])
        assert sd.mcse == pytest.approx(sqrt((fourth - pstdev(n) ** 4) / len(n)) / (2 * pstdev(n)), rel=1e-8)
        for probability in (0.05, 0.5, 0.9):
            ours = found["n_quantile", name, None, None, probability, None].value
            assert ours == np.quantile(n, probability, method="inverted_cdf")
        for value in set(n):
            _check_proportion(found["n_pmf", name, None, None, value, None], [v == value for v in n])
        support = [key[4] for key in found if key[0] == "n_pmf" and key[1] == name]
        assert set(n) <= set(support)


def test_success() -> None:
    _, rows, found = _case()
    interim = [bool(row.success["interim: success of pooled"]) for row in rows]
    _check_proportion(found["p_success", "pooled", "interim", None, None, None], interim)
    for arm, name in enumerate(ARMS):
        final = [row.stop[arm] is None and row.x[arm] >= 12 for row in rows]
        assert final == [bool(row.success[f"final: success of {name}"]) for row in rows]
        _check_proportion(found["p_success", name, "final", None, None, None], final)
        _check_proportion(found["p_reject", name, None, None, None, None], final)
    assert ("p_reject", "pooled", None, None, None, None) not in found, "the interim criterion stops nobody"


@lru_cache
def _interval(method: str, x: int, n: int) -> tuple[float, float]:
    interval = stats.binomtest(x, n).proportion_ci(0.95, method=method)
    return interval.low, interval.high


def _outcomes(rows: list[Row]) -> dict[tuple[str, str | None], list[tuple[int, int, float]]]:
    """Patients, responses and true rate of each trial, by arm and condition."""
    rates = (0.14, 0.30)
    cases: dict[tuple[str, str | None], list[tuple[int, int, float]]] = {}
    for row in rows:
        both = row.stop == (None, None)
        for arm, name in enumerate(ARMS):
            one = (row.n[arm], row.x[arm], rates[arm])
            conditions = [None, "continue" if row.stop[arm] is None else "stop"] + ["all_continue"] * both
            for given in conditions:
                cases.setdefault((name, given), []).append(one)
        n = sum(row.n)
        pooled = (n, sum(row.x), (row.n[0] * rates[0] + row.n[1] * rates[1]) / n)
        cases.setdefault(("pooled", None), []).append(pooled)
        if both:
            cases.setdefault(("pooled", "all_continue"), []).append(pooled)
    return cases


def test_intervals_and_estimates() -> None:
    _, rows, found = _case()
    for (arm, given), trials in _outcomes(rows).items():
        for variant, method in (("clopper-pearson", "exact"), ("wilson", "wilson")):
            limits = [_interval(method, x, n) for n, x, _ in trials]
            covered = [low <= rate <= high for (low, high), (_, _, rate) in zip(limits, trials, strict=True)]
            _check_proportion(found["ci_coverage", arm, None, given, None, variant], covered)
            half_widths = [(high - low) / 2 for low, high in limits]
            _check_mean(found["ci_half_width_mean", arm, None, given, None, variant], half_widths)
        errors = [x / n - rate for n, x, rate in trials]
        _check_mean(found["rate_mean", arm, None, given, None, "mle"], [x / n for n, x, _ in trials])
        _check_mean(found["rate_bias", arm, None, given, None, "mle"], errors)
        rmse = found["rate_rmse", arm, None, given, None, "mle"]
        squares = [error * error for error in errors]
        assert rmse.value == pytest.approx(sqrt(fmean(squares)), rel=1e-9)
        assert rmse.mcse == pytest.approx(pstdev(squares) / sqrt(len(squares)) / (2 * sqrt(fmean(squares))), rel=1e-7)


def test_every_family_yields_and_no_key_comes_twice() -> None:
    setting, _, _ = _case()
    setting = setting._replace(estimators=("umvue", "stagewise"))
    tally = simulate(Study(setting.plan, setting.rates, 1), 100)
    assert len(FAMILIES) >= 6
    for family in FAMILIES:
        assert list(family(setting, tally)), family.__name__
    keys = [entry.key for entry in table(setting, tally)]
    assert len(keys) == len(set(keys))


@pytest.mark.long
def test_precision_at_every_final_size() -> None:
    setting, rows, _ = _case()
    found = {entry.key: entry.estimate.value for entry in precision(setting, (73, 74), {"distance": 0.0842})}
    sizes = {name: {row.n[arm] for row in rows} for arm, name in enumerate(ARMS)}
    sizes["pooled"] = {sum(row.n) for row in rows}
    for arm, values in sizes.items():
        for n in values:
            limits = [_interval("exact", x, n) for x in range(n + 1)]
            half_width = max(high - low for low, high in limits) / 2
            distance = max(max(x / n - low, high - x / n) for x, (low, high) in enumerate(limits))
            key = (arm, None, None, n, "clopper-pearson")
            assert found["ci_half_width_max", *key] == pytest.approx(half_width, abs=1e-9)
            assert found["ci_distance_max", *key] == pytest.approx(distance, abs=1e-9)
    assert found["n_for_distance", "pooled", None, None, 0.0842, "clopper-pearson"] == 147
    planned = [key[4] for key in found if key[:2] == ("ci_distance_max", "pooled") and key[5] == "wilson"]
    assert planned[0] == 147
