"""The posterior probability that the response rate is above a fixed rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from trialsim.inference.posterior import posterior_above
from trialsim.spec.fields import Part, Probability, Rate
from trialsim.spec.rules.boundary import first_met, reaches
from trialsim.spec.rules.prior import PriorBelief, as_prior, in_words

if TYPE_CHECKING:
    from trialsim.spec.rules.asked import Asked


class PosteriorRule(Part):
    """Met when the posterior probability that the response rate exceeds `above` is at least `at_least`.

    Beta-binomial, the prior a Beta distribution or a mixture of them (Thall and Simon, Biometrics 1994;50:337-349, with
    a fixed standard rate).

    >>> from trialsim.spec.rules.asked import Asked
    >>> prior = {"responses": 0.2, "non_responses": 0.8}
    >>> PosteriorRule(kind="posterior", above=0.2, at_least=0.9, prior=prior).boundary(Asked("treatment", 36, 36))
    11
    """

    bound: ClassVar[str] = "at_least"
    """The field that decides when the rule is met."""
    looks_ahead: ClassVar[bool] = False

    kind: Literal["posterior"]
    above: Rate
    """Response rate to be exceeded."""
    at_least: Probability
    """Posterior probability needed."""
    prior: PriorBelief
    """Beta, or a list of weighted Betas."""

    def boundary(self, asked: Asked) -> int:
        """Return the smallest number of responses that meets the rule (n + 1: none does)."""
        return first_met(reaches(posterior_above(self.above, asked.n, as_prior(self.prior)), self.at_least))

    def per_arm(self) -> None:
        """Return None: the rule asks the same of all arms."""

    def wording(self, arms: tuple[str, ...]) -> str:  # noqa: ARG002
        """Return the rule as a clause."""
        belief = f"the posterior probability that the response rate exceeds {100 * self.above:g} %"
        return f"{belief} is at least {self.at_least:g} ({in_words(as_prior(self.prior))})"
