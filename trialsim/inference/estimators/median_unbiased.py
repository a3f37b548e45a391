"""The median-unbiased estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from trialsim.inference.stagewise import rate_where

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trialsim.inference.sequential import Scheme

    Floats: TypeAlias = NDArray[np.float64]


def median_unbiased(scheme: Scheme, stage: int) -> Floats:
    """Return the rate at which the stagewise P value is 1/2 (Jennison and Turnbull 2000, section 8.3; Koyama and Chen).

    For responses, which are whole numbers, the true rate is below it with probability at most 1/2, and above it with
    probability at most 1/2 plus that of the outcome.
    """
    return rate_where(scheme.passed(stage), scheme.n_at(stage), 0.5).copy()
