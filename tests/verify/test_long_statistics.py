"""Long statistical checks: many replicates, many seeds, and the words themselves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import trialsim
from tests.compiled import called
from trialsim.compile import compile_design
from trialsim.engines.exact import solve
from trialsim.engines.montecarlo import Study, simulate
from trialsim.kernels import rng
from trialsim.oc.agreement import compare
from trialsim.oc.entry import Setting
from trialsim.oc.table import table

fill_words = called(rng.fill_words)

pytestmark = pytest.mark.slow_statistics


@pytest.mark.parametrize("name", ["gist", "simon-20-40"])
def test_ten_million_replicates_agree(name: str) -> None:
    result = trialsim.run(trialsim.load_scenario(name, ["n_sims=10_000_000", "seed=20020815"]), n_jobs=-1)
    assert result.agreement is not None
    assert result.agreement.failures == ()


def test_z_is_standard_normal_over_seeds() -> None:
    """Over 400 seeds, z of each frequent measure has mean 0, variance 1 and normal tails."""
    scenario = trialsim.load_scenario("gist")
    design = scenario.designs()[0][1]
    plan, rates, n = compile_design(design), (0.10, 0.30), 20_000
    setting = Setting(plan, design.arm_names, design.look_names, rates, ("clopper-pearson",), 0.95, (0.5,))
    expected = {entry.key: entry.estimate for entry in table(setting, solve(plan, rates).scaled(n))}
    zs: dict[object, list[float]] = {}
    for seed in range(400):
        for entry in table(setting, simulate(Study(plan, rates, seed), n)):
            z, is_judged = compare(entry.estimate, expected[entry.key])
            if is_judged and entry.measure != "n_quantile" and z is not None:
                zs.setdefault(entry.key, []).append(z)
    frequent = {key: values for key, values in zs.items() if len(values) == 400 and np.std(values) > 0}
    assert len(frequent) > 40
    worst = min(stats.kstest(values, "norm").pvalue for values in frequent.values())
    assert worst > 0.001 / len(frequent)
    variances = [np.var(values) for values in frequent.values()]
    assert 0.9 < np.mean(variances) < 1.1


@pytest.mark.parametrize("axis", ["replicate", "index", "purpose", "seed"])
def test_words_are_uniform_and_uncorrelated_along_every_axis_of_the_address(axis: str) -> None:
    n = 200_000
    even, odd = np.empty(n, np.uint64), np.empty(n, np.uint64)
    one_even, one_odd = np.empty(1, np.uint64), np.empty(1, np.uint64)
    if axis == "replicate":
        fill_words(np.uint64(1), np.uint64(1), np.uint64(0), np.uint64(0), np.uint64(n), even, odd)
    else:
        for i in range(n):
            address = {"seed": 1, "purpose": 1, "replicate": 7, "index": 0} | {axis: i}
            order = (address[name] for name in ("seed", "purpose", "replicate", "index"))
            fill_words(*map(np.uint64, order), np.uint64(1), one_even, one_odd)
            even[i], odd[i] = one_even[0], one_odd[0]
    for words in (even, odd):
        uniform = words / 2.0**64
        assert stats.kstest(uniform, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(uniform[1:], uniform[:-1])[0, 1]) < 5 / np.sqrt(n)
        bits = (words[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
        assert np.abs(bits.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(n)
    assert abs(np.corrcoef(even / 2.0**64, odd / 2.0**64)[0, 1]) < 5 / np.sqrt(n)
