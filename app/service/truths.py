"""A truth that a page asks about, as the data of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialsim.spec.design import Design


def truth_of(design: Design, name: str, rate: float | dict[str, float]) -> dict[str, Any]:
    """Return a truth at these response rates; where the design watches toxicity, at its acceptable toxicity rate.

    The pages have no field for the toxicity of a truth: with it they would ask for two rates of each arm.
    """
    truth = {"name": name, "response_rate": rate}
    return truth if design.toxicity is None else {**truth, "toxicity_rate": design.toxicity.usual_rate}
