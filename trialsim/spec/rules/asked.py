"""What a rule is asked: the numbers of patients that its boundary may depend on."""

from __future__ import annotations

from typing import NamedTuple


class Asked(NamedTuple):
    """An arm (or all arms together) at a look, before its responses are counted.

    A rule answers with `boundary(asked)`: the smallest number of responses that meets it, n + 1 if none does.
    """

    arm: str
    """An arm's name, or "pooled"."""
    n: int
    """Patients whose responses are counted."""
    n_final: int
    """Patients planned for the final analysis, before any arm stops; at least `n`."""
    final_least: int | None = None
    """Responses among `n_final` that make the final analysis a success; n_final + 1: none; None: no such criterion."""

    @property
    def n_left(self) -> int:
        """Patients still to come."""
        return self.n_final - self.n

    def success_at_the_end(self) -> int:
        """Return `final_least`.

        Raises
        ------
        ValueError
            If the design does not say what success at the final analysis is.
        """
        if self.final_least is None:
            of = "all arms together" if self.arm == "pooled" else "each arm"
            raise ValueError(
                f"the rule looks ahead to the final analysis; the last look needs a success_if of {of} that does not"
            )
        return self.final_least
