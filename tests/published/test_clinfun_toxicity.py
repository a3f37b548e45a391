"""Boundaries and figures printed in the documentation of R package clinfun, `toxbdry` (examples, "hi" boundary).

Its "high boundary" has a crossing probability at or below the one asked for; "exceeds" there is "one more" here. Its
examples follow Jennison and Turnbull (2000, chapter 12) and Ivanova, Qaqish and Schell (2005).
"""

from __future__ import annotations

import pytest

from trialsim.search.toxicity import crossing, toxicity

Printed = dict[float, tuple[float, float, float]]
"""By toxicity rate: pcross.hi, pstop.hi, ess.hi."""

FOUR_LOOKS: Printed = {
    0.20: (0.088, 0.079, 72.0),
    0.23: (0.214, 0.188, 68.1),
    0.26: (0.406, 0.354, 62.1),
    0.29: (0.619, 0.548, 54.7),
    0.32: (0.797, 0.727, 47.0),
    0.35: (0.911, 0.859, 39.9),
}
FOUR_LOOKS_15: Printed = {0.20: (0.117, 0.103, 71.6), 0.24: (0.341, 0.297, 65.4), 0.30: (0.758, 0.688, 51.0)}
CONTINUOUS: Printed = {
    0.10: (0.097, 0.096, 28.1),
    0.14: (0.245, 0.239, 25.8),
    0.18: (0.441, 0.430, 22.5),
    0.22: (0.638, 0.624, 19.0),
    0.26: (0.795, 0.781, 15.6),
    0.30: (0.898, 0.888, 12.7),
}
BOUNDARIES = {
    "toxbdry(0.2, 0.35, c(20,40,60,75))": (0.2, 0.10, (20, 40, 60, 75), [7, 12, 17, 21], FOUR_LOOKS),
    "toxbdry(0.2, 0.3, c(20,40,60,75), cP0=0.15)": (0.2, 0.15, (20, 40, 60, 75), [7, 12, 16, 20], FOUR_LOOKS_15),
    "toxbdry(0.1, 0.3, 2:30)": (
        *(0.1, 0.10, tuple(range(2, 31))),
        [1] * 2 + [2] * 5 + [3] * 5 + [4] * 6 + [5] * 7 + [6] * 4,
        CONTINUOUS,
    ),
}


@pytest.mark.parametrize("call", BOUNDARIES)
def test_boundary_and_figures(call: str) -> None:
    rate, alpha, looks, most, printed = BOUNDARIES[call]
    found = toxicity(rate, looks[-1], alpha, looks=looks).designs[0]
    bounds = [look["toxic_if"]["rule"]["at_least"] for look in found.document["looks"]]
    assert [bound - 1 for bound in bounds] == most
    figures = crossing(looks, bounds, list(printed))
    for index, (crossed, stopped, patients) in enumerate(printed.values()):
        assert figures.ever[index] == pytest.approx(crossed, abs=0.0005001)
        assert figures.by_look[:-1, index].sum() == pytest.approx(stopped, abs=0.0005001)
        assert figures.n_mean[index] == pytest.approx(patients, abs=0.05001)
