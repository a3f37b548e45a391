"""The tables from which a stage's responses are drawn, for one truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.inference.binomial import pmf
from trialsim.kernels.counts import Walk
from trialsim.kernels.draws import GUIDE_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.plan import Draws, Nodes

_LARGEST_WORD = np.uint64(2**64 - 1)


class DrawTables(NamedTuple):
    """For each draw of a plan: the smallest x with word <= threshold[x] is the count; the guide says where to begin."""

    guide: NDArray[np.uint16]
    """(D, 2**GUIDE_BITS)"""
    threshold: NDArray[np.uint64]
    """(D, longest draw + 1); beyond a draw's size, the largest word."""


def draw_tables(draws: Draws, rates: tuple[float, ...]) -> DrawTables:
    """Return the tables of a plan's draws when the arms respond at these rates."""
    n_draws = len(draws.size)
    threshold = np.full((n_draws, int(draws.size.max()) + 1), _LARGEST_WORD)
    guide = np.empty((n_draws, 2**GUIDE_BITS), np.uint16)
    lowest_words = np.arange(2**GUIDE_BITS, dtype=np.uint64) << np.uint64(64 - GUIDE_BITS)
    for row, (arm, size) in enumerate(zip(draws.arm, draws.size, strict=True)):
        terms = pmf(int(size), rates[arm])
        threshold[row, : int(size)] = last_words(terms)
        guide[row] = np.searchsorted(threshold[row], lowest_words, side="left")
        guide[row, 0] = max(guide[row, 0], np.flatnonzero(terms)[0])  # word 0 draws no count of probability 0
    return DrawTables(guide, threshold)


def last_words(terms: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return, for x = 0 … n - 1, the largest word W with W / 2**64 < P(X <= x), from the terms P(X = x).

    Above the median the sum is taken from the other end, so that both tails are right to the last word.
    """
    up_to, beyond = np.cumsum(terms)[:-1], np.cumsum(terms[:0:-1])[::-1]
    from_below = np.ceil(np.minimum(up_to, 0.5) * 2.0**64).astype(np.uint64)
    from_above = np.floor(np.minimum(beyond, 0.5) * 2.0**64).astype(np.uint64)
    # Where P(X <= x) is 0 no word draws x; 0 stands for "none" there, and the guide keeps word 0 away from it.
    last = np.where(up_to < 0.5, np.maximum(from_below, 1) - np.uint64(1), _LARGEST_WORD - from_above)
    return last.astype(np.uint64)


def walk_of(nodes: Nodes) -> Walk:
    """Return a plan's nodes in the form that the kernel walks."""
    per_node = (
        nodes.look,
        nodes.ending,
        nodes.n_codes,
        nodes.first_child,
        nodes.pooled_stop_low,
        nodes.pooled_stop_high,
        nodes.pooled_success,
        nodes.pooled_code[:, 0],
        nodes.pooled_code[:, 1],
    )
    per_arm = (nodes.draw, nodes.stop_low, nodes.stop_high, nodes.success, nodes.stride)
    return Walk(
        np.stack(per_node, axis=-1).astype(np.int32),
        np.stack(per_arm, axis=-1).astype(np.int32),
        nodes.children.astype(np.int32),
        nodes.arm_offset,
        nodes.pooled_offset,
    )
