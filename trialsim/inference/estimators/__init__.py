"""Estimators of a response rate after an arm could stop early. To add one: a file here, a line in `ESTIMATORS`.

Each is a function (scheme, stage) → its value for x = 0 … n responses at the end of that stage (an array of shape
(n + 1,)); stage `len(scheme.looks)` ends with the final analysis. Values at x that the looks exclude mean nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from trialsim.inference.estimators.bias_adjusted import bias_adjusted
from trialsim.inference.estimators.conditional_umvue import conditional_umvue
from trialsim.inference.estimators.median_unbiased import median_unbiased
from trialsim.inference.estimators.mle import mle
from trialsim.inference.estimators.umvue import umvue

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from trialsim.inference.sequential import Scheme

    Floats: TypeAlias = NDArray[np.float64]

EstimatorName = Literal["mle", "umvue", "conditional-umvue", "bias-adjusted", "median-unbiased"]

ESTIMATORS: dict[str, Callable[[Scheme, int], Floats]] = {
    "mle": mle,
    "umvue": umvue,
    "conditional-umvue": conditional_umvue,
    "bias-adjusted": bias_adjusted,
    "median-unbiased": median_unbiased,
}


@lru_cache(maxsize=4096)
def estimates(name: str, scheme: Scheme, stage: int) -> Floats:
    """Return an estimator's values for x = 0 … n at the end of a stage, read-only; computed once.

    >>> from trialsim.inference.sequential import LookBounds, Scheme
    >>> float(estimates("umvue", Scheme((LookBounds(18, 2, 19),), 73), 1)[6].round(4))
    0.1783
    """
    values = ESTIMATORS[name](scheme, stage)
    values.setflags(write=False)
    return values
