"""Response and toxicity of a patient together: the 2 x 2 table with given margins and odds ratio."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable


class Cells(NamedTuple):
    """The probabilities of what a patient can have; they sum to 1."""

    neither: float
    response: float
    """And no toxicity."""
    toxicity: float
    """And no response."""
    both: float


def cells(response: float, toxicity: float, odds_ratio: float = 1.0) -> Cells:
    """Return the cells of the 2 x 2 table with these margins.

    The table with given margins and odds ratio is the root of a quadratic (Plackett, J Am Stat Assoc 1965;60:516-522;
    reference not checked). The root is taken in the form that does not cancel.

    Parameters
    ----------
    response, toxicity
        Probabilities.
    odds_ratio
        both x neither / (response only x toxicity only); positive. 1: independent.

    >>> [round(cell, 3) for cell in cells(0.5, 0.5, 9.0)]
    [0.375, 0.125, 0.125, 0.375]
    """
    excess = odds_ratio - 1.0
    total = 1.0 + (response + toxicity) * excess
    root = sqrt(max(total * total - 4.0 * odds_ratio * excess * response * toxicity, 0.0))
    both = 2.0 * odds_ratio * response * toxicity / (total + root) if total > 0.0 else (total - root) / (2.0 * excess)
    both = min(max(both, response + toxicity - 1.0, 0.0), response, toxicity)
    return Cells(max(1.0 - response - toxicity + both, 0.0), response - both, toxicity - both, both)


class JointRates(tuple[float, ...]):
    """The true response rate of each arm, which is all that most readers want, with its toxicity rate beside it."""

    toxicity: tuple[float, ...]
    """True toxicity rate of each arm."""
    odds_ratio: float
    """Of response and toxicity in a patient, the same in all arms."""

    def __new__(cls, response: Iterable[float], toxicity: Iterable[float], odds_ratio: float = 1.0) -> Self:
        """Make the rates of arms in the same order."""
        rates = super().__new__(cls, response)
        rates.toxicity, rates.odds_ratio = tuple(toxicity), odds_ratio
        if len(rates.toxicity) != len(rates):
            raise ValueError(f"{len(rates)} response rates, but {len(rates.toxicity)} toxicity rates")
        return rates

    def __getnewargs__(self) -> tuple[tuple[float, ...], tuple[float, ...], float]:
        """Return what a copy is made of."""
        return tuple(self), self.toxicity, self.odds_ratio

    def __eq__(self, other: object) -> bool:
        """Return whether response and toxicity are the same."""
        return isinstance(other, JointRates) and self.__getnewargs__() == other.__getnewargs__()

    def __ne__(self, other: object) -> bool:
        """Return whether response or toxicity differ."""
        return not self == other

    def __hash__(self) -> int:
        """Return the hash of both."""
        return hash(self.__getnewargs__())

    def cells(self, arm: int) -> Cells:
        """Return the 2 x 2 table of an arm."""
        return cells(self[arm], self.toxicity[arm], self.odds_ratio)


def joint(rates: Any) -> JointRates:
    """Return the rates, which a design with rules for toxicity needs.

    Raises
    ------
    ValueError
        If they do not say the toxicity.
    """
    if not isinstance(rates, JointRates):
        raise ValueError("the design has rules for toxicity, so the truth needs its toxicity rate (JointRates)")
    return rates
