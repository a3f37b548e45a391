"""The binomial distribution, by recursion from its mode: no special functions, relative accuracy about 1e-13."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@lru_cache(maxsize=4096)
def pmf(n: int, rate: float) -> NDArray[np.float64]:
    """Return P(X = x) for x = 0 … n, X binomial (n, rate).

    The terms are built outward from the mode by their ratios and scaled to sum to 1, so that nothing large cancels.

    Returns
    -------
    array of float64, shape (n + 1,), read-only

    >>> float(pmf(18, 0.05)[:3].sum().round(6))
    0.941871
    """
    terms = np.zeros(n + 1)
    if rate <= 0.0 or rate >= 1.0:
        terms[0 if rate <= 0.0 else n] = 1.0
    else:
        odds = rate / (1.0 - rate)
        mode = min(int((n + 1) * rate), n)
        x = np.arange(n + 1, dtype=np.float64)
        terms[mode] = 1.0
        terms[mode + 1 :] = np.cumprod((n - x[mode:n]) / (x[mode:n] + 1.0) * odds)
        down = x[mode:0:-1]
        terms[:mode] = np.cumprod(down / (n - down + 1.0) / odds)[::-1]
        terms /= terms.sum()
    terms.setflags(write=False)
    return terms
