"""The registry of intervals after stopping, beside that of the estimators; the names by which both are asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from trialsim.inference import koyama_chen, stagewise
from trialsim.inference.estimators import ESTIMATORS

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from trialsim.inference.sequential import LookBounds, Scheme

    Floats: TypeAlias = NDArray[np.float64]
    Limits: TypeAlias = Callable[[tuple[LookBounds, ...], int, float], tuple[Floats, Floats]]

AfterStoppingName = Literal[
    "umvue",
    "conditional-umvue",
    "bias-adjusted",
    "median-unbiased",
    "stagewise",
    "koyama-chen",
    "koyama-chen-p-value",
]

LIMITS: dict[str, Limits] = {
    "stagewise": stagewise.limits,
    "koyama-chen": stagewise.limits,
    "koyama-chen-p-value": koyama_chen.p_value_limits,
}
"""Functions (looks gone past, n, level) → limits for x = 0 … n. With stages as planned, those of Koyama and Chen, each
from its own tail, are the stagewise ones."""


def is_estimator(name: str) -> bool:
    """Return whether a name is an estimator's; else it is an interval's."""
    return name in ESTIMATORS


def why_not(name: str, scheme: Scheme) -> str | None:
    """Return why a method does not apply to a scheme; None if it does."""
    return koyama_chen.why_not(scheme) if name.startswith("koyama-chen") else None


@lru_cache(maxsize=4096)
def limits_after(name: str, scheme: Scheme, stage: int, level: float) -> tuple[Floats, Floats]:
    """Return the limits for x = 0 … n responses at the end of a stage; computed once."""
    return LIMITS[name](scheme.passed(stage), scheme.n_at(stage), level)
