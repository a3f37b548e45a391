"""Samples of the unit cube, for grids that are too large to list: the same seed gives the same samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from trialsim.spec.vary.points import Points
    from trialsim.spec.vary.rows import Row
    from trialsim.spec.vary.where import Condition

BLOCK = 65_536
"""Samples drawn at a time; a power of two, which keeps Sobol points balanced."""


def shares(method: str, n_samples: int, n_axes: int, seed: int) -> NDArray[np.float64]:
    """Return samples of the unit cube.

    Parameters
    ----------
    method
        "random": independent; "latin-hypercube": each axis in as many equal parts as there are samples, one in each
        part; "sobol": scrambled Sobol points, which are balanced where their number is a power of two. With "random"
        and "sobol", more samples begin with the same ones.
    n_samples, n_axes
        Rows and columns.
    seed
        The scenario's.

    Returns
    -------
    Samples by axis, at least 0 and below 1.
    """
    generator = np.random.default_rng(seed)
    if method == "random":
        independent: NDArray[np.float64] = generator.random((n_samples, n_axes))
        return independent
    from scipy.stats import qmc  # slow to import

    if method == "latin-hypercube":
        found = qmc.LatinHypercube(n_axes, rng=generator).random(n_samples)
    else:
        found = _sobol(qmc.Sobol(n_axes, scramble=True, rng=generator), n_samples, n_axes)
    below_one: NDArray[np.float64] = np.minimum(found, np.nextafter(1.0, 0.0))
    return below_one


def _sobol(sampler: Any, n_samples: int, n_axes: int) -> NDArray[np.float64]:
    """Return Sobol points block by block: scipy warns of a first number that is no power of two."""
    found = np.empty((n_samples, n_axes))
    for start in range(0, n_samples, BLOCK):
        n_left = min(BLOCK, n_samples - start)
        n_drawn = 1 << (n_left - 1).bit_length() if start == 0 else n_left
        found[start : start + n_left] = sampler.random(n_drawn)[:n_left]
    return found


class Samples:
    """Rows of points at sampled shares of the axes, where the conditions hold."""

    def __init__(self, axes: Sequence[Points], conditions: Sequence[Condition], shares: NDArray[np.float64]) -> None:
        self.axes = axes
        self.conditions = conditions
        self._shares = shares
        self.n_raw = len(shares)

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows that are kept, in the order in which they were drawn."""
        for sample in self._shares:
            row = tuple(points.at_share(float(share)) for points, share in zip(self.axes, sample, strict=True))
            if all(condition.holds(row) for condition in self.conditions):
                yield row

    def count(self) -> int:
        """Return the number of rows that are kept."""
        return sum(1 for _ in self) if self.conditions else self.n_raw
