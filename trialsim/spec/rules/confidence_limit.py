"""A confidence limit of the response rate against a fixed rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from trialsim.inference.intervals import IntervalName, limits
from trialsim.spec.fields import Part, Probability, Rate
from trialsim.spec.rules.boundary import first_met

if TYPE_CHECKING:
    from trialsim.spec.rules.asked import Asked


class ConfidenceLimitRule(Part):
    """Met when the lower (or upper) limit of a two-sided interval lies above a rate.

    `side: lower` asks for evidence that the rate is above `above`; `side: upper` asks only that a rate above it is
    not excluded.

    >>> from trialsim.spec.rules.asked import Asked
    >>> ConfidenceLimitRule(kind="confidence-limit", above=0.20).boundary(Asked("pooled", 100, 147))
    29
    """

    bound: ClassVar[str] = "above"
    """The field that decides when the rule is met."""
    looks_ahead: ClassVar[bool] = False

    kind: Literal["confidence-limit"]
    above: Rate
    """Rate that the limit must lie above."""
    side: Literal["lower", "upper"] = "lower"
    """Which limit is looked at."""
    interval: IntervalName = "clopper-pearson"
    """Method of the interval."""
    level: Probability = 0.95
    """Confidence level, two-sided."""

    def boundary(self, asked: Asked) -> int:
        """Return the smallest number of responses that meets the rule (n + 1: none does).

        Raises
        ------
        ValueError
            If more responses can undo the rule, so that no single number says it.
        """
        lower, upper = limits(self.interval, asked.n, self.level)
        limit = lower if self.side == "lower" else upper
        return first_met(limit > self.above, f"choose another interval than {self.interval}")

    def per_arm(self) -> None:
        """Return None: the rule asks the same of all arms."""

    def wording(self, arms: tuple[str, ...]) -> str:  # noqa: ARG002
        """Return the rule as a clause."""
        interval = f"{100 * self.level:g} % {self.interval} interval"
        return f"the {self.side} limit of the {interval} is above {100 * self.above:g} %"
