"""What the exact engine says of a design document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trialsim.curves import curves
from trialsim.spec.design import Design

if TYPE_CHECKING:
    from collections.abc import Mapping


def engine_figures(document: Mapping[str, Any], null_rate: float, target_rate: float) -> dict[str, float]:
    design = Design.model_validate(document)
    found = curves(design, [(null_rate,), (target_rate,)], ("p_reject", "pet", "n_mean")).values
    of = {key[0]: values for key, values in found.items()}
    names = {"alpha": ("p_reject", 0), "power": ("p_reject", 1), "en_null": ("n_mean", 0), "pet_null": ("pet", 0)}
    names |= {"en_target": ("n_mean", 1), "pet_target": ("pet", 1)}
    return {name: float(of[measure][truth]) for name, (measure, truth) in names.items()}
