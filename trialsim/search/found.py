"""What a search returns, whatever its family."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Found(NamedTuple):
    """One design that a search found."""

    criterion: str
    """Why it was chosen: "optimal", "minimax", "admissible", "smallest", …"""
    looks: tuple[int, ...]
    """Patients (of each arm) at each look; the last is the final analysis."""
    stop_at_or_below: tuple[int, ...]
    """The most responses that stop at each look; at the last, that do not reject the null hypothesis; -1: none does.
    Empty where the family decides by something else than one count."""
    measures: Mapping[str, float]
    """Exact figures by name: alpha, power, en_null, pet_null, and what the family adds."""
    document: Mapping[str, Any]
    """The design (or scenario), ready to be written as YAML; empty if the answer is not one."""
    details: Mapping[str, Any] = NOTHING
    """What else describes the design, by name, as plain data: reject_at_or_above, theta_t, …"""


class Feasible(NamedTuple):
    """Every design that keeps the targets and that nobody beats in both axes of the picture, or all of them."""

    columns: tuple[str, ...]
    """Names; for the picture, `n` (largest number of patients) and `en_null` must be among them."""
    values: NDArray[np.float64]
    """Shape (designs, columns)."""


class Search(NamedTuple):
    """The answer of a search."""

    family: str
    asked: Mapping[str, Any]
    """What was asked, by the names of the options."""
    designs: tuple[Found, ...]
    feasible: Feasible | None = None
    """For the Pareto picture, where the family has one."""
    notes: tuple[str, ...] = ()
    """Sentences on how to read the answer."""
