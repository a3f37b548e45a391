"""Deterministic curtailment: the end is already settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from trialsim.spec.fields import Part

if TYPE_CHECKING:
    from trialsim.spec.rules.asked import Asked


class CurtailmentRule(Part):
    """Met while success at the final analysis is still possible, or once it is certain, whoever is still to come.

    What counts as success is the `success_if` of the last look. As a rule for going on it never changes what the final
    analysis says, only when that is known (compared with stochastic curtailment in Law, Grayling and Mander, J Biopharm
    Stat 2022;32:671-691).

    >>> from trialsim.spec.rules.asked import Asked
    >>> CurtailmentRule(kind="curtailment").boundary(Asked("treatment", 30, 37, final_least=11))
    4
    """

    bound: ClassVar[str] = "success"
    """The field that decides when the rule is met."""
    looks_ahead: ClassVar[bool] = True

    kind: Literal["curtailment"]
    success: Literal["possible", "certain"] = "possible"
    """possible: if all patients still to come respond; certain: even if none of them does."""

    def boundary(self, asked: Asked) -> int:
        """Return the smallest number of responses that meets the rule (n + 1: none does).

        Raises
        ------
        ValueError
            If the design does not say what success at the final analysis is.
        """
        least = asked.success_at_the_end()
        return min(max(least - asked.n_left, 0) if self.success == "possible" else least, asked.n + 1)

    def per_arm(self) -> None:
        """Return None: the rule asks the same of all arms."""

    def wording(self, arms: tuple[str, ...]) -> str:  # noqa: ARG002
        """Return the rule as a clause."""
        return f"success at the final analysis is {'still possible' if self.success == 'possible' else 'certain'}"
