"""Conditional power, or stochastic curtailment: how likely success is at an assumed response rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

import numpy as np
from pydantic import BeforeValidator, WithJsonSchema

from trialsim.spec.fields import Part, Probability, parse_rate
from trialsim.spec.rules.boundary import first_met, reaches

if TYPE_CHECKING:
    from trialsim.spec.rules.asked import Asked

_WORDS = "a rate from 0 to 1, a fraction such as 36/73, or observed"


def _parse(value: Any) -> float | str:
    try:
        return "observed" if value == "observed" else parse_rate(value)
    except ValueError:
        raise ValueError(_WORDS) from None


if TYPE_CHECKING:
    AssumedRate: TypeAlias = float | Literal["observed"]
else:
    AssumedRate = Annotated[
        Any,
        BeforeValidator(_parse),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "number", "minimum": 0, "maximum": 1},
                    {"type": "string", "pattern": r"^\s*\d{1,9}\s*/\s*\d{1,9}\s*$"},
                    {"type": "string", "enum": ["observed"]},
                ],
                "description": _WORDS,
            }
        ),
    ]


class ConditionalPowerRule(Part):
    """Met when success at the final analysis has a probability of at least `at_least` if `rate` is the response rate.

    `rate: observed` takes the share of responses so far. What counts as success is the `success_if` of the last look
    (stochastic curtailment: Lan, Simon and Halperin, Commun Stat C 1982;1:207-219, pages from memory; in single-arm
    phase 2 trials Kunz and Kieser, Biom J 2012;54:445-456).

    >>> from trialsim.spec.rules.asked import Asked
    >>> rule = ConditionalPowerRule(kind="conditional-power", rate=0.4, at_least=0.3)
    >>> rule.boundary(Asked("treatment", 17, 37, final_least=11))
    2
    """

    bound: ClassVar[str] = "at_least"
    """The field that decides when the rule is met."""
    looks_ahead: ClassVar[bool] = True

    kind: Literal["conditional-power"]
    rate: AssumedRate
    """Response rate of the patients still to come."""
    at_least: Probability
    """Conditional probability needed."""

    def boundary(self, asked: Asked) -> int:
        """Return the smallest number of responses that meets the rule (n + 1: none does).

        Raises
        ------
        ValueError
            If the design does not say what success at the final analysis is.
        """
        from scipy.special import betainc

        x = np.arange(asked.n + 1)
        needed = asked.success_at_the_end() - x
        rate = x / asked.n if self.rate == "observed" else np.full(asked.n + 1, self.rate)
        inside = (needed > 0) & (needed <= asked.n_left)  # P(Y >= k) = I_rate(k, m - k + 1)
        k = np.where(inside, needed, 1)
        tail = betainc(k, np.maximum(asked.n_left - k + 1, 1), rate)
        return first_met(reaches(np.where(inside, tail, needed <= 0), self.at_least))

    def per_arm(self) -> None:
        """Return None: the rule asks the same of all arms."""

    def wording(self, arms: tuple[str, ...]) -> str:  # noqa: ARG002
        """Return the rule as a clause."""
        rate = "as observed" if self.rate == "observed" else f"{100 * self.rate:g} %"
        chance = f"the probability of success at the final analysis, if the response rate is {rate},"
        return f"{chance} is at least {self.at_least:g}"
