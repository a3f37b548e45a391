"""The oldest rule of phase 2: at least so many responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from trialsim.spec.fields import Part, ResponsesPerArm

if TYPE_CHECKING:
    from trialsim.spec.rules.asked import Asked


class ResponsesRule(Part):
    """Met when the number of responses is at least `at_least` (Gehan 1961, J Chronic Dis 13:346; Simon 1989).

    >>> from trialsim.spec.rules.asked import Asked
    >>> ResponsesRule(kind="responses", at_least=3).boundary(Asked("400 mg", 18, 73))
    3
    """

    bound: ClassVar[str] = "at_least"
    """The field that decides when the rule is met."""
    looks_ahead: ClassVar[bool] = False

    kind: Literal["responses"]
    at_least: ResponsesPerArm
    """Responses needed; one number, or one for each arm by name."""

    def boundary(self, asked: Asked) -> int:
        """Return the smallest number of responses that meets the rule (n + 1: none does)."""
        needed = self.at_least[asked.arm] if isinstance(self.at_least, dict) else self.at_least
        return min(needed, asked.n + 1)

    def per_arm(self) -> dict[str, int] | None:
        """Return what the rule asks of each arm by name; None if it asks the same of all."""
        return self.at_least if isinstance(self.at_least, dict) else None

    def wording(self, arms: tuple[str, ...]) -> str:
        """Return the rule as a clause: "at least 3 patients respond"."""
        if isinstance(self.at_least, int):
            return f"at least {self.at_least} {'patient responds' if self.at_least == 1 else 'patients respond'}"
        return "at least " + ", ".join(f"{self.at_least[arm]} ({arm})" for arm in arms) + " patients respond"
