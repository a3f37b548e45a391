"""Several rules joined: one of them is enough, or all are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from trialsim.spec.fields import Part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from trialsim.spec.rules import Rule
    from trialsim.spec.rules.asked import Asked

MAX_DEPTH = 4
"""Rules in rules in rules in a rule; more cannot be read by people."""


class _Joined(Part):
    """What `any` and `all` have in common."""

    bound: ClassVar[str] = "rules"
    """The field that decides when the rule is met."""
    word: ClassVar[str]

    kind: str
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=10)]
    """The rules that are joined, each with its own kind; up to four deep."""

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if _depth(self) > MAX_DEPTH:
            raise ValueError(f"rules must not be nested more than {MAX_DEPTH} deep")
        return self

    @property
    def looks_ahead(self) -> bool:
        """Whether one of the rules does."""
        return any(rule.looks_ahead for rule in self.rules)

    def per_arm(self) -> dict[str, int] | None:
        """Return what the first rule that differs between arms asks of each; None if none does."""
        found = (rule.per_arm() for rule in self.rules)
        return next((needed for needed in found if needed is not None), None)

    def wording(self, arms: tuple[str, ...]) -> str:
        """Return the rules as a clause."""
        parts = [f"({rule.wording(arms)})" if isinstance(rule, _Joined) else rule.wording(arms) for rule in self.rules]
        return f" {self.word} ".join(parts)


class AnyRule(_Joined):
    """Met when at least one of the rules is.

    >>> from trialsim.spec.rules.asked import Asked
    >>> rules = [{"kind": "responses", "at_least": 9}, {"kind": "exact-test", "null_rate": 0.2, "alpha": 0.05}]
    >>> AnyRule(kind="any", rules=rules).boundary(Asked("treatment", 17, 37))
    7
    """

    word: ClassVar[str] = "or"

    kind: Literal["any"]

    def boundary(self, asked: Asked) -> int:
        """Return the smallest number of responses that meets the rule (n + 1: none does).

        Raises
        ------
        ValueError
            As the rules do.
        """
        return min(rule.boundary(asked) for rule in self.rules)


class AllRule(_Joined):
    """Met when every one of the rules is.

    >>> from trialsim.spec.rules.asked import Asked
    >>> rules = [{"kind": "responses", "at_least": 9}, {"kind": "exact-test", "null_rate": 0.2, "alpha": 0.05}]
    >>> AllRule(kind="all", rules=rules).boundary(Asked("treatment", 17, 37))
    9
    """

    word: ClassVar[str] = "and"

    kind: Literal["all"]

    def boundary(self, asked: Asked) -> int:
        """Return the smallest number of responses that meets the rule (n + 1: none does).

        Raises
        ------
        ValueError
            As the rules do.
        """
        return max(rule.boundary(asked) for rule in self.rules)


def _depth(rule: Any) -> int:
    return 1 + max(_depth(part) for part in rule.rules) if isinstance(rule, _Joined) else 1


def leaves(rule: Rule, path: str) -> Iterator[tuple[str, Rule]]:
    """Yield the rules that a rule is made of, with their paths; the rule itself if it joins none."""
    if isinstance(rule, _Joined):
        for index, part in enumerate(rule.rules):
            yield from leaves(part, f"{path}.rules.{index}")
    else:
        yield path, rule
