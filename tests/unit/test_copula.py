"""Thresholds of adverse events: held to an integral over the factor, which knows no bivariate normal distribution."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from trialsim.inference.copula import _both_below, thresholds

PROBABILITIES = [0.0, 1e-6, 0.01, 0.3, 0.5, 0.98, 1.0]
CORRELATIONS = [0.0, 0.0798, 0.1267, 0.5, 1.0]


def latent_limit(t: float, rho: float, factor: np.ndarray) -> np.ndarray:
    """Return what the event's own part may reach before the latent passes t."""
    if rho == 1.0:
        return np.where(factor > t, -np.inf, np.inf)
    return (t - np.sqrt(rho) * factor) / np.sqrt(1.0 - rho)


def kinks(t_any: float, t_severe: float, rho: float, rho_severe: float) -> list[float]:
    """Return the factors at which the integrand jumps, or at which the other latent becomes the one passed first."""
    jumps = [t for t, r in ((t_any, rho), (t_severe, rho_severe)) if r == 1.0]
    if jumps or not np.isfinite([t_any, t_severe]).all():
        return jumps
    at_zero, at_one = (
        latent_limit(t_any, rho, np.array([f]))[0] - latent_limit(t_severe, rho_severe, np.array([f]))[0]
        for f in (0, 1)
    )
    return [at_zero / (at_zero - at_one)] if at_zero != at_one else []


def p_union(t_any: float, t_severe: float, rho: float, rho_severe: float) -> float:
    """Return P(either latent is beyond its threshold) by Gauss-Legendre quadrature between the kinks."""
    node, weight = np.polynomial.legendre.leggauss(60)
    inner = [f for f in kinks(t_any, t_severe, rho, rho_severe) if -9 < f < 9]
    total = 0.0
    for low, high in itertools.pairwise(sorted([*np.linspace(-9.0, 9.0, 19), *inner])):
        factor = (low + high) / 2 + (high - low) / 2 * node
        limit = np.minimum(latent_limit(t_any, rho, factor), latent_limit(t_severe, rho_severe, factor))
        density = np.exp(-(factor**2) / 2) / np.sqrt(2 * np.pi)
        total += float((weight * density * ndtr(-limit)).sum() * (high - low) / 2)
    return total


@pytest.mark.parametrize("rho", CORRELATIONS)
@pytest.mark.parametrize("rho_severe", CORRELATIONS)
def test_both_probabilities_come_out(rho: float, rho_severe: float) -> None:
    pairs = np.array([(p, s) for p in PROBABILITIES for s in PROBABILITIES if s <= p])
    t_any, t_severe = thresholds(pairs[:, 0], pairs[:, 1], rho, rho_severe)
    np.testing.assert_allclose(ndtr(-t_severe), pairs[:, 1], rtol=0, atol=1e-14)
    found = [p_union(a, s, rho, rho_severe) for a, s in zip(t_any, t_severe, strict=True)]
    np.testing.assert_allclose(found, pairs[:, 0], rtol=0, atol=1e-10)


def test_edges_are_infinite_or_plain() -> None:
    t_any, t_severe = thresholds([0.0, 1.0, 1.0, 0.3, 0.3], [0.0, 0.0, 0.5, 0.3, 0.0], 0.2, 0.1)
    np.testing.assert_array_equal(t_any[:4], [np.inf, -np.inf, -np.inf, np.inf])
    np.testing.assert_array_equal(t_severe[:3], [np.inf, np.inf, 0.0])
    assert t_any[4] == -ndtri(0.3)


def test_equal_correlations_need_one_latent() -> None:
    """The two latents are then the same, and so the thresholds are those of each grade alone."""
    t_any, t_severe = thresholds([0.5, 0.2], [0.1, 0.1], 0.3, 0.3)
    np.testing.assert_allclose([t_any, t_severe], [-ndtri([0.5, 0.2]), -ndtri([0.1, 0.1])], rtol=0, atol=1e-15)


def test_arrays_are_broadcast() -> None:
    p_any, p_severe = np.array([[0.5, 0.2], [0.6, 0.9]]), np.array([0.1, 0.2])
    t_any, t_severe = thresholds(p_any, p_severe, 0.1267, 0.0798)
    assert t_any.shape == t_severe.shape == (2, 2)
    one, _ = thresholds(0.9, 0.2, 0.1267, 0.0798)
    assert t_any[1, 1] == one


def test_more_grade_3_than_any_is_refused() -> None:
    with pytest.raises(ValueError, match="grade 3/4 is more probable than any grade"):
        thresholds([0.5, 0.1], [0.1, 0.2], 0.1, 0.1)


def test_latents_that_are_all_but_one_have_a_slope_beyond_numbers() -> None:
    """X and Y are the same normal, so both are below when X is below the smaller: P(X <= 0) = 1/2."""
    h, k, cosine, sine = (np.array([value]) for value in (1e-300, 37.84, 1.0, 4.7e-157))
    assert _both_below(h, k, cosine, sine) == pytest.approx(0.5, abs=1e-15)
    assert _both_below(k, h, cosine, sine) == pytest.approx(0.5, abs=1e-15)
