"""The uniformly minimum variance unbiased estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from trialsim.inference.sequential import path_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.inference.sequential import Scheme

    Floats: TypeAlias = NDArray[np.float64]


def umvue(scheme: Scheme, stage: int) -> Floats:
    """Return the unbiased estimate of least variance (Jung and Kim, Stat Med 2004;23:881-896).

    The first patient's response, averaged over all orders of responses that lead to the outcome. The quotient of two
    whole numbers, correctly rounded.
    """
    passed, n = scheme.passed(stage), scheme.n_at(stage)
    return shares(path_counts(passed, n, "first"), path_counts(passed, n))


def shares(part: tuple[int, ...], whole: tuple[int, ...]) -> Floats:
    """Return part / whole; x / n where there is no whole."""
    n = len(whole) - 1
    return np.array([some / every if every else x / n for x, (some, every) in enumerate(zip(part, whole, strict=True))])
