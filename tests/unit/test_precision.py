"""The worst width over all outcomes, and the smallest sample, against a search that tries everything."""

import pytest

from trialsim.inference.intervals import INTERVALS, limits
from trialsim.inference.precision import smallest_n, widths, worst


def test_widths_by_hand() -> None:
    lower, upper = limits("clopper-pearson", 10, 0.95)
    assert widths("clopper-pearson", 10, 0.95, "half-width")[3] == pytest.approx((upper[3] - lower[3]) / 2)
    assert widths("clopper-pearson", 10, 0.95, "distance")[3] == pytest.approx(max(0.3 - lower[3], upper[3] - 0.3))


@pytest.mark.parametrize(
    ("n", "width", "value"),
    [(147, "distance", 0.084163), (147, "half-width", 0.083499), (200, "half-width", 0.071342)],
)
def test_founding_trial(n: int, width: str, value: float) -> None:
    assert worst("clopper-pearson", n, 0.95, width)[0] == pytest.approx(value, abs=5e-7)


@pytest.mark.parametrize("interval", sorted(INTERVALS))
@pytest.mark.parametrize("width", ["distance", "half-width"])
@pytest.mark.parametrize("target", [0.99, 0.5, 0.3, 0.21, 0.15, 0.1234])
@pytest.mark.parametrize("n_tried", [200, pytest.param(400, marks=pytest.mark.slow_statistics)])  # mid-p: 1 and 6 s
def test_smallest_n_is_what_trying_every_n_finds(interval: str, width: str, target: float, n_tried: int) -> None:
    too_few = [n for n in range(1, n_tried) if worst(interval, n, 0.95, width)[0] > target]
    assert smallest_n(interval, 0.95, width, target) == max(too_few, default=0) + 1


def test_smallest_n_gives_up_at_the_limit() -> None:
    assert smallest_n("wald", 0.95, "distance", 0.01, n_max=500) is None
    assert smallest_n("wald", 0.95, "distance", 0.0439, n_max=500) == 499
