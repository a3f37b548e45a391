"""The bias-adjusted estimator."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from trialsim.inference.sequential import law, solved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.inference.sequential import Scheme

    Floats: TypeAlias = NDArray[np.float64]


def bias_adjusted(scheme: Scheme, stage: int) -> Floats:
    """Return the rate at which the observed rate is what one expects (Whitehead, Biometrika 1986;73:573-581).

    The expected observed rate is 0 at rate 0 and 1 at rate 1, so there is such a rate for every outcome.
    """
    observed, which = np.unique(_observed(scheme), return_inverse=True)
    solutions = _solutions(scheme)
    n = scheme.n_at(stage)
    assert len(solutions) == len(observed) == which.max() + 1
    return np.asarray(solutions[np.searchsorted(observed, np.arange(n + 1) / n)])


def _observed(scheme: Scheme) -> Floats:
    return np.concatenate([np.arange(n + 1) / n for n in (*(look.n for look in scheme.looks), scheme.n_final)])


@lru_cache(maxsize=256)
def _solutions(scheme: Scheme) -> Floats:
    """Return the solution for each possible observed rate, in order."""
    observed = np.unique(_observed(scheme))
    return solved(lambda rates: expected_rate(scheme, rates) - observed, len(observed))


def expected_rate(scheme: Scheme, rates: Floats) -> Floats:
    """Return the expected observed rate at each true rate, strictly between 0 and 1."""
    found = law(scheme.looks, scheme.n_final, rates) @ (np.arange(scheme.n_final + 1) / scheme.n_final)
    for stage, (n, low, high) in enumerate(scheme.looks):
        x = np.arange(n + 1)
        found = found + law(scheme.passed(stage), n, rates) @ np.where((x <= low) | (x >= high), x / n, 0.0)
    return np.asarray(found)
