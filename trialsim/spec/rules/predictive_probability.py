"""The predictive probability that the final analysis will be a success."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from trialsim.inference.predictive import predictive_success
from trialsim.spec.fields import Part, Probability
from trialsim.spec.rules.boundary import first_met, reaches
from trialsim.spec.rules.prior import PriorBelief, as_prior, in_words

if TYPE_CHECKING:
    from trialsim.spec.rules.asked import Asked


class PredictiveProbabilityRule(Part):
    """Met when the final success criterion will be met with a predictive probability of at least `at_least`.

    What counts as success is the `success_if` of the last look; patients still to come are averaged over the posterior
    (Lee and Liu, Clin Trials 2008;5:93-106: theta_L for going on, theta_U for success).

    >>> from trialsim.spec.rules.asked import Asked
    >>> rule = PredictiveProbabilityRule(
    ...     kind="predictive-probability", at_least=0.001, prior={"responses": 0.2, "non_responses": 0.8}
    ... )
    >>> rule.boundary(Asked("treatment", 17, 36, final_least=11))
    2
    """

    bound: ClassVar[str] = "at_least"
    """The field that decides when the rule is met."""
    looks_ahead: ClassVar[bool] = True

    kind: Literal["predictive-probability"]
    at_least: Probability
    """Predictive probability needed."""
    prior: PriorBelief
    """Beta, or a list of weighted Betas; that of a final posterior rule is a field of its own."""

    def boundary(self, asked: Asked) -> int:
        """Return the smallest number of responses that meets the rule (n + 1: none does).

        Raises
        ------
        ValueError
            If the design does not say what success at the final analysis is.
        """
        chance = predictive_success(asked.n, asked.n_left, asked.success_at_the_end(), as_prior(self.prior))
        return first_met(reaches(chance, self.at_least))

    def per_arm(self) -> None:
        """Return None: the rule asks the same of all arms."""

    def wording(self, arms: tuple[str, ...]) -> str:  # noqa: ARG002
        """Return the rule as a clause."""
        chance = "the predictive probability of success at the final analysis"
        return f"{chance} is at least {self.at_least:g} ({in_words(as_prior(self.prior))})"
