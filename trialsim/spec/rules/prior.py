"""Prior beliefs about a response rate, as a protocol words them: worth so many responses and non-responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from trialsim.inference.posterior import Beta, Prior
from trialsim.spec.fields import Part, parse_number

MOST = 100_000
"""A prior worth more patients than that is a slip of the keyboard."""

if TYPE_CHECKING:
    Worth: TypeAlias = float
    Weight: TypeAlias = float
else:
    Worth = Annotated[
        float,
        BeforeValidator(parse_number),
        Field(gt=0, le=MOST),
        WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": MOST}),
    ]
    Weight = Annotated[
        float,
        BeforeValidator(parse_number),
        Field(gt=0, le=1),
        WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
    ]


class BetaPrior(Part):
    """Beta(responses, non_responses)."""

    responses: Worth
    """Worth so many responses."""
    non_responses: Worth
    """Worth so many patients without response."""


class Component(BetaPrior):
    """One of several Beta distributions that are mixed."""

    weight: Weight
    """Its share; the weights sum to 1."""


def _sum_to_1(components: tuple[Component, ...]) -> tuple[Component, ...]:
    total = sum(component.weight for component in components)
    if abs(total - 1.0) > 1e-6:
        raise ValueError(f"the weights of the mixture sum to {total:.6g}; they must sum to 1")
    return components


if TYPE_CHECKING:
    PriorBelief: TypeAlias = BetaPrior | tuple[Component, ...]
else:
    PriorBelief = Annotated[
        Annotated[BetaPrior, Tag("beta")]
        | Annotated[
            tuple[Component, ...], Field(min_length=1, max_length=20), AfterValidator(_sum_to_1), Tag("mixture")
        ],
        Discriminator(lambda value: "mixture" if isinstance(value, list | tuple) else "beta"),
    ]


def as_prior(belief: PriorBelief) -> Prior:
    """Return the belief as `inference.posterior` takes it; the weights are scaled to sum to 1 exactly."""
    if isinstance(belief, BetaPrior):
        return (Beta(belief.responses, belief.non_responses),)
    total = sum(part.weight for part in belief)
    return tuple(Beta(part.responses, part.non_responses, part.weight / total) for part in belief)


def in_words(prior: Prior) -> str:
    """Return a prior as a protocol writes it.

    >>> in_words((Beta(1, 9, 0.5), Beta(5, 5, 0.5)))
    'prior 0.5 Beta(1, 9) + 0.5 Beta(5, 5)'
    """
    parts = [
        f"{f'{part.weight:g} ' if len(prior) > 1 else ''}Beta({part.responses:g}, {part.non_responses:g})"
        for part in prior
    ]
    return f"prior {' + '.join(parts)}"
