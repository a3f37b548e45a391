"""Many truths at once against one at a time: the exact engine and its measures."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agreement.designs import Case, designs
from trialsim.compile import compile_design
from trialsim.engines.exact import solve, why_not
from trialsim.engines.exact_many import solve_each
from trialsim.oc.entry import Setting
from trialsim.oc.many import MEASURES, exact_values
from trialsim.oc.table import table
from trialsim.spec.load import load_design

RATES = (0.0, 0.03, 0.2, 0.5, 0.77, 1.0)


def check(design: object, rates: list[tuple[float, ...]]) -> None:
    plan = compile_design(design)  # type: ignore[arg-type]
    if why_not(plan) is not None:
        return
    found = solve_each(plan, rates)
    setting = Setting(plan, design.arm_names, design.look_names, (), ("clopper-pearson",), 0.95, (0.1, 0.5, 0.9))  # type: ignore[attr-defined]
    entries, values = exact_values(setting, found)
    assert {entry.measure for entry in entries} <= set(MEASURES)
    for row, truth in enumerate(rates):
        alone = solve(plan, truth)
        for many, one in zip(found[1:], alone[1:], strict=True):
            np.testing.assert_allclose(many[..., row], one, rtol=1e-10, atol=1e-14)
        expected = {entry.key: entry.estimate.value for entry in table(setting._replace(rates=truth), alone)}
        for entry, value in zip(entries, values[row], strict=True):
            wanted = expected[entry.key]
            assert wanted is not None
            # An SD of 0 comes out as the root of what rounding leaves; a quantile steps where a sum reaches it.
            tolerance = 1e-6 if entry.measure == "n_sd" else 1e-10
            if entry.measure != "n_quantile":
                assert abs(value - wanted) < tolerance, (entry.key, value, wanted)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(designs(), st.lists(st.sampled_from(RATES), min_size=2, max_size=4))
def test_many_truths_are_each_truth(case: Case, singles: list[float]) -> None:
    n_arms = len(case.design.arms)
    rates = [(rate,) * n_arms for rate in singles] + [tuple(RATES[(i + 1) % len(RATES)] for i in range(n_arms))]
    check(case.design, rates)


def test_founding_design_over_many_rates() -> None:
    rates = [(rate, other) for rate in (0.05, 0.1, 0.3, 0.6) for other in (0.05, 0.3, 0.45)]
    check(load_design("gist-imatinib"), rates)


def test_quantiles_are_those_of_each_truth() -> None:
    design = load_design("simon-1989-20-40")
    plan = compile_design(design)
    setting = Setting(plan, design.arm_names, design.look_names, (), (), 0.95, (0.05, 0.5, 0.95), ("n_quantile",))
    rates = [(0.05,), (0.2,), (0.31,), (0.4,), (0.9,)]
    entries, values = exact_values(setting, solve_each(plan, rates))
    assert len(entries) == 6
    for row, truth in enumerate(rates):
        expected = [entry.estimate.value for entry in table(setting._replace(rates=truth), solve(plan, truth))]
        assert values[row].tolist() == expected
