"""A truth that a page asks about, as the data of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trialsim.inference.joint import JointRates

if TYPE_CHECKING:
    from trialsim.spec.design import Design

EXPLORED = "explored"
"""Name of the truth made of the rates chosen on the page."""


def truth_of(design: Design, name: str, rate: float | dict[str, float], like: tuple[float, ...] = ()) -> dict[str, Any]:
    """Return a truth at these response rates; where the design watches toxicity, with a toxicity rate as well.

    Parameters
    ----------
    design
        Its arms and its endpoints.
    name, rate
        Of the truth.
    like
        Rates of the design's arms whose toxicity it has; without any, the rate that the design names acceptable.
    """
    truth: dict[str, Any] = {"name": name, "response_rate": rate}
    if design.toxicity is None:
        return truth
    if not isinstance(like, JointRates):
        return {**truth, "toxicity_rate": design.toxicity.usual_rate}
    alike = len(set(like.toxicity)) == 1
    toxicity = like.toxicity[0] if alike else dict(zip(design.arm_names, like.toxicity, strict=True))
    odds = {"odds_ratio": like.odds_ratio} if like.odds_ratio != 1.0 else {}
    return {**truth, "toxicity_rate": toxicity, **odds}


def explored_truth(design: Design, rates: tuple[float, ...]) -> dict[str, Any]:
    """Return the truth that a page explores, from the rates of the design's arms (`Service.explored_rates`)."""
    return truth_of(design, EXPLORED, dict(zip(design.arm_names, rates, strict=True)), rates)


def rates_chosen(design: Design, rates: tuple[float, ...]) -> tuple[float, ...] | None:
    """Return the rates of a design's arms that a page holds; None if it holds none that fit.

    Where the design watches toxicity, one more rate may follow those of the arms: of toxicity, the same in all.
    """
    n_arms = len(design.arms)
    if len(rates) not in (n_arms, n_arms + design.watches_toxicity):
        return None
    if design.toxicity is None or not design.watches_toxicity:
        return rates
    return JointRates(rates[:n_arms], ((*rates, design.toxicity.usual_rate)[n_arms],) * n_arms)


def rates_held(rates: tuple[float, ...]) -> tuple[float, ...]:
    """Return rates as a page holds them: what `rates_chosen` reads.

    >>> rates_held((0.2, 0.4)), rates_held(JointRates((0.2, 0.4), (0.1, 0.1)))
    ((0.2, 0.4), (0.2, 0.4, 0.1))
    """
    return (*rates, rates.toxicity[0]) if isinstance(rates, JointRates) else tuple(rates)
