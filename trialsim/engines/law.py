"""The joint law of the arms' responses on one path through the plan.

While every decision looks at one arm alone, the arms are independent on a path and the law is a product of one vector
per arm. A stop that looks at the pooled responses ties arms together: from then on they share a tensor. In a design
with rules for toxicity each arm has a matrix, responses by toxicities.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.plan import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.inference.joint import Cells

    Floats = NDArray[np.float64]


class Law(NamedTuple):
    """A sub-probability: its total is the probability of the path."""

    groups: tuple[tuple[int, ...], ...]
    """Arms that share a tensor, in the order of its axes."""
    tensors: tuple[Floats, ...]
    """Per group, the weight of each combination of responses."""

    @property
    def total(self) -> float:
        """Probability of the path."""
        return prod(float(tensor.sum()) for tensor in self.tensors)

    def with_draw(self, arm: int, pmf: Floats) -> Law:
        """Return the law after the responses of further patients of an arm have been added."""
        group, axis = self._where(arm)
        return self._with(group, _convolved(self.tensors[group], axis, pmf))

    def with_patients(self, arm: int, n: int, cells: Cells) -> Law:
        """Return the law after responses and toxicities of `n` further patients of an arm have been added, one by one.

        Numbers of toxicities that no path has are left out at the end of their axis.
        """
        group, _ = self._where(arm)
        matrix = self.tensors[group]
        matrix = matrix[:, : int(np.flatnonzero(matrix.any(axis=0))[-1]) + 1]
        for _ in range(n):
            grown = np.zeros((matrix.shape[0] + 1, matrix.shape[1] + 1))
            grown[:-1, :-1] = cells.neither * matrix
            grown[1:, :-1] += cells.response * matrix
            grown[:-1, 1:] += cells.toxicity * matrix
            grown[1:, 1:] += cells.both * matrix
            matrix = grown
        return self._with(group, matrix)

    def kept_toxic(self, arm: int, least: int) -> Law:
        """Return the law where the arm has at least `least` toxicities."""
        return self.kept(_toxicities(arm), least - 1, int(NEVER))

    def kept_tolerated(self, arm: int, least: int) -> Law:
        """Return the law where the arm has fewer than `least` toxicities."""
        return self if least >= NEVER else self.kept(_toxicities(arm), -1, least)

    def of_responses(self) -> Law:
        """Return the law of the responses alone."""
        if self.groups[0][-1] >= 0:
            return self
        return Law(tuple(group[:1] for group in self.groups), tuple(matrix.sum(axis=1) for matrix in self.tensors))

    def kept(self, arm: int, low: int, high: int) -> Law:
        """Return the law on the part of the path where the arm has more than `low` and fewer than `high` responses."""
        group, axis = self._where(arm)
        tensor = self.tensors[group]
        responses = np.arange(tensor.shape[axis])
        keep = (responses > low) & (responses < high)
        if keep.all():
            return self
        return self._with(group, tensor * keep.reshape([-1 if i == axis else 1 for i in range(tensor.ndim)]))

    def kept_pooled(self, low: int, high: int) -> Law:
        """Return the law where all arms together have more than `low` and fewer than `high` responses; ties them."""
        tensor = self.tensors[0]
        for other in self.tensors[1:]:
            tensor = np.multiply.outer(tensor, other)
        pooled = sum(np.ogrid[tuple(slice(size) for size in tensor.shape)])
        joined = tuple(arm for group in self.groups for arm in group)
        return Law((joined,), (tensor * ((pooled > low) & (pooled < high)),))

    def of_arm(self, arm: int) -> Floats:
        """Return the weight of each number of responses of an arm, on this path."""
        group, axis = self._where(arm)
        others = prod(float(tensor.sum()) for index, tensor in enumerate(self.tensors) if index != group)
        tensor = self.tensors[group]
        alone = tensor.sum(axis=tuple(i for i in range(tensor.ndim) if i != axis)) if tensor.ndim > 1 else tensor
        return alone * others

    def pooled(self) -> Floats:
        """Return the weight of each number of responses of all arms together, on this path."""
        total = np.ones(1)
        for tensor in self.tensors:
            total = np.convolve(total, _sum_of_axes(tensor))
        return total

    def _where(self, arm: int) -> tuple[int, int]:
        return next((index, group.index(arm)) for index, group in enumerate(self.groups) if arm in group)

    def _with(self, group: int, tensor: Floats) -> Law:
        return Law(self.groups, (*self.tensors[:group], tensor, *self.tensors[group + 1 :]))


def independent_jointly(n_arms: int) -> Law:
    """Return the law of responses and toxicities before anybody is enrolled."""
    return Law(tuple((arm, _toxicities(arm)) for arm in range(n_arms)), (np.ones((1, 1)),) * n_arms)


def _toxicities(arm: int) -> int:
    """Return what the axis of an arm's toxicities is called, where that of its responses is called by the arm."""
    return -1 - arm


def independent(n_arms: int) -> Law:
    """Return the law before anybody is enrolled."""
    return Law(tuple((arm,) for arm in range(n_arms)), (np.ones(1),) * n_arms)


def _convolved(tensor: Floats, axis: int, pmf: Floats) -> Floats:
    if tensor.ndim == 1:
        return np.convolve(tensor, pmf) if len(tensor) > 1 else tensor[0] * pmf
    size = tensor.shape[axis]
    shifts = np.zeros((size + len(pmf) - 1, size))
    for responses in range(size):
        shifts[responses : responses + len(pmf), responses] = pmf
    return np.moveaxis(np.tensordot(shifts, tensor, axes=(1, axis)), 0, axis)


def _sum_of_axes(tensor: Floats) -> Floats:
    if tensor.ndim == 1:
        return tensor
    pooled = sum(np.ogrid[tuple(slice(size) for size in tensor.shape)])
    return np.bincount(np.ravel(pooled), weights=tensor.ravel()).astype(np.float64)
