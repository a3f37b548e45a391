"""The Bayesian optimal phase 2 rule: a posterior probability against a cut that rises with the patients seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from trialsim.inference.posterior import Beta, Prior, posterior_above
from trialsim.spec.fields import Part, Probability, Rate, parse_number
from trialsim.spec.rules.boundary import exceeds, first_met, reaches
from trialsim.spec.rules.prior import PriorBelief, as_prior, in_words

if TYPE_CHECKING:
    from trialsim.spec.rules.asked import Asked

    Exponent: TypeAlias = float
else:
    Exponent = Annotated[
        float,
        BeforeValidator(parse_number),
        Field(ge=0, le=100),
        WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100}),
    ]


class Bop2Rule(Part):
    """Met when P(response rate > above | x of n) is at least lambda (n / N)^gamma.

    N is the number of patients planned for the final analysis. With `direction: harm` (for toxicities) it is met when
    P(rate > above | x of n) is more than 1 - lambda (n / N)^gamma. Zhou, Lee and Yuan, Stat Med 2017;36:3302-3314, for
    one binary endpoint; the prior, unless given, is worth one patient with a mean of `above`: Beta(above, 1 - above).

    >>> from trialsim.spec.rules.asked import Asked
    >>> rule = Bop2Rule(**{"kind": "bop2", "above": 0.2, "lambda": 0.9, "gamma": 1.0})
    >>> [rule.boundary(Asked("treatment", n, 40)) for n in (10, 20, 30, 40)]
    [2, 4, 8, 12]
    """

    bound: ClassVar[str] = "lambda"
    """The field that decides when the rule is met."""
    looks_ahead: ClassVar[bool] = False

    kind: Literal["bop2"]
    above: Rate
    """Response rate to be exceeded."""
    lambda_: Probability = Field(alias="lambda")
    """Posterior probability needed at the final analysis."""
    gamma: Exponent
    """How fast the cut rises; 0: not at all."""
    direction: Literal["benefit", "harm"] = "benefit"
    """benefit: met by responses; harm: met by toxicities."""
    prior: PriorBelief | None = None
    """Beta, or a list of weighted Betas; None: Beta(above, 1 - above)."""

    @model_validator(mode="after")
    def _has_a_prior(self) -> Self:
        if self.prior is None and not 0 < self.above < 1:
            raise ValueError(
                "above must lie between 0 and 1, both excluded, as the prior is Beta(above, 1 - above); or give a prior"
            )
        return self

    def belief(self) -> Prior:
        """Return the prior."""
        return (Beta(self.above, 1.0 - self.above),) if self.prior is None else as_prior(self.prior)

    def boundary(self, asked: Asked) -> int:
        """Return the smallest number of responses that meets the rule (n + 1: none does)."""
        above = posterior_above(self.above, asked.n, self.belief())
        cut = self.lambda_ * (asked.n / asked.n_final) ** self.gamma
        return first_met(reaches(above, cut) if self.direction == "benefit" else exceeds(above, 1.0 - cut))

    def per_arm(self) -> None:
        """Return None: the rule asks the same of all arms."""

    def wording(self, arms: tuple[str, ...]) -> str:  # noqa: ARG002
        """Return the rule as a clause."""
        belief = f"the posterior probability that the response rate exceeds {100 * self.above:g} %"
        cut = f"{self.lambda_:g} (n / N)^{self.gamma:g}"
        asks = f"is at least {cut}" if self.direction == "benefit" else f"is more than 1 - {cut}"
        return f"{belief} {asks} ({in_words(self.belief())})"
