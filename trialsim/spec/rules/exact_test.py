"""The one-sided exact binomial test."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from trialsim.inference.binomial import pmf
from trialsim.spec.fields import Part, Probability, Rate
from trialsim.spec.rules.boundary import ROUNDING, first_met

if TYPE_CHECKING:
    from trialsim.spec.rules.asked import Asked


class ExactTestRule(Part):
    """Met when so many responses or more have a probability of at most `alpha` under the null rate.

    The one-sided exact binomial test; as the final rule of a single-stage design, that of A'Hern (Stat Med
    2001;20:859-866).

    >>> from trialsim.spec.rules.asked import Asked
    >>> ExactTestRule(kind="exact-test", null_rate=0.20, alpha=0.05).boundary(Asked("treatment", 37, 37))
    13
    """

    bound: ClassVar[str] = "alpha"
    """The field that decides when the rule is met."""
    looks_ahead: ClassVar[bool] = False

    kind: Literal["exact-test"]
    null_rate: Rate
    """Response rate under the null hypothesis."""
    alpha: Probability
    """One-sided level of the test."""

    def boundary(self, asked: Asked) -> int:
        """Return the smallest number of responses that meets the rule (n + 1: none does)."""
        at_least = np.cumsum(pmf(asked.n, self.null_rate)[::-1])[::-1]
        return first_met(at_least <= self.alpha * (1.0 + ROUNDING))

    def per_arm(self) -> None:
        """Return None: the rule asks the same of all arms."""

    def wording(self, arms: tuple[str, ...]) -> str:  # noqa: ARG002
        """Return the rule as a clause."""
        return f"the one-sided exact test rejects a response rate of {100 * self.null_rate:g} % at level {self.alpha:g}"
