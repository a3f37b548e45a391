"""One arm over many rates at once: against whole-number path counts, the exact engine, and following every patient."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest

from tests.naive.search import by_every_order
from trialsim.compile import compile_design
from trialsim.engines.exact import solve
from trialsim.engines.path_counts import MAX_PATIENTS, binomial_terms, curve, path_shares
from trialsim.inference.sequential import LookBounds, Scheme, path_counts
from trialsim.search.documents import staged_document
from trialsim.search.evaluation import Staged
from trialsim.spec.design import Design

FIVE = Scheme((LookBounds(40, 2, 20), LookBounds(80, 8, 34), LookBounds(120, 15, 45), LookBounds(160, 24, 52)), 200)
DESIGNS = [
    Staged((10, 29), (1, 5), (None, 6)),
    Staged((15, 25), (3, 8), (7, 9)),
    Staged((8, 16, 24), (-1, 2, 6), (5, 6, 7)),
    Staged((8, 16, 24), (-1, -1, 0), (None, None, 1)),
    Staged((30,), (4,), (5,)),
    Staged((5, 6, 7, 8, 9), (0, 0, 1, 1, 2), (4, 5, None, 5, 3)),
]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("rate", [Fraction(0), Fraction(1, 50), Fraction(1, 3), Fraction(9, 10), Fraction(1)])
def test_the_curve_is_what_following_every_patient_gives(design: Staged, rate: Fraction) -> None:
    expected = by_every_order(*design, rate)
    found = design.curve([float(rate)])
    assert found.p_reject[0] == pytest.approx(float(expected["p_reject"]), abs=1e-13)
    assert found.n_mean[0] == pytest.approx(float(expected["n_mean"]), abs=1e-12)
    assert found.pet[0] == pytest.approx(float(expected["pet"]), abs=1e-13)


@pytest.mark.parametrize("rate", [0.003, 0.05, 0.2, 0.31, 0.8])
def test_five_looks_of_200_patients_agree_with_the_exact_engine(rate: float) -> None:
    looks = (*(look.n for look in FIVE.looks), 200)
    stops = (*(look.stop_low for look in FIVE.looks), 39)
    document = staged_document("five", "", "", None, looks, stops, (*(look.stop_high for look in FIVE.looks), None))
    plan = compile_design(Design.model_validate(document))
    tally = solve(plan, (rate,))
    found = curve(path_shares(FIVE, 40), [rate])
    for n, ending in zip(plan.endings.n[:, 0], tally.ending, strict=True):
        index = looks.index(int(n))
        stopped = found.futility[0, index] + found.efficacy[0, index] if index < 4 else 1 - found.pet[0]
        own = sum(t for m, t in zip(plan.endings.n[:, 0], tally.ending, strict=True) if m == n)
        assert abs(stopped - own) < 1e-12, (n, ending)
    success = sum(tally.arm[plan.arm_cells.success])
    early = sum(tally.criterion[plan.nodes.ending < 0, 0])
    assert abs(found.p_reject[0] - success - early) < 1e-12


def test_shares_are_the_whole_number_counts() -> None:
    shares = path_shares(FIVE, 40)
    counts = path_counts(FIVE.looks, 200)
    from math import comb

    expected = [count / comb(200, x) if x >= 40 else 0.0 for x, count in enumerate(counts)]
    assert np.allclose(shares.success, expected, rtol=0, atol=1e-13)
    last = path_counts(FIVE.looks, 200)
    going_on = 1 - shares.futility.sum(axis=0) - shares.efficacy.sum(axis=0)
    assert np.allclose(going_on, [count / comb(200, x) for x, count in enumerate(last)], rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [1, 37, 200, MAX_PATIENTS])
def test_binomial_terms_are_scipys(n: int) -> None:
    from scipy.stats import binom

    rates = np.array([0.0, 1e-9, 0.01, 0.3, 0.5, 0.77, 1 - 1e-9, 1.0])
    expected = binom.pmf(np.arange(n + 1)[:, None], n, rates)
    assert np.allclose(binomial_terms(n, rates), expected, rtol=1e-10, atol=1e-15)
    assert np.allclose(binomial_terms(n, rates).sum(axis=0), 1.0, rtol=0, atol=1e-12)


def test_p_reject_rises_with_the_rate() -> None:
    found = curve(path_shares(FIVE, 40), np.linspace(0, 1, 200))
    assert (np.diff(found.p_reject) > -1e-13).all()
    assert found.p_reject[0] == 0.0
    assert found.p_reject[-1] == pytest.approx(1.0, abs=1e-13)


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="1001 patients"):
        path_shares(Scheme((), 1001), 5)
    with pytest.raises(ValueError, match="after the final"):
        path_shares(Scheme((LookBounds(12, 1, 13),), 10), 5)


def test_200_rates_are_a_matter_of_milliseconds() -> None:
    """The bench has the figure to reach; this only sees that nobody walks the tree for each rate."""
    rates = np.linspace(0, 1, 200)
    curve(path_shares(FIVE, 40), rates)
    taken = []
    for _ in range(20):
        began = time.thread_time()
        curve(path_shares(FIVE, 40), rates)
        taken.append(time.thread_time() - began)
    assert min(taken) < 0.01
