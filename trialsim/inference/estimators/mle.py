"""The observed rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.inference.sequential import Scheme

    Floats: TypeAlias = NDArray[np.float64]


def mle(scheme: Scheme, stage: int) -> Floats:
    """Return x / n, the maximum likelihood estimate: how the arm came to stop does not enter the likelihood."""
    n = scheme.n_at(stage)
    return np.arange(n + 1) / n
