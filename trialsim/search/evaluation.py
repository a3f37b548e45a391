"""The exact figures of a single-arm design with response counts at its looks, from its path counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.engines.path_counts import curve, path_shares
from trialsim.inference.sequential import LookBounds, Scheme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.engines.path_counts import Curve
    from trialsim.search.targets import Targets


class Staged(NamedTuple):
    """A single-arm design: looks, and the responses that stop at each."""

    looks: tuple[int, ...]
    """Patients at each look, increasing; the last is the final analysis."""
    stop_at_or_below: tuple[int, ...]
    """The most responses that stop for futility, -1: none do; at the last, that do not reject the null rate."""
    reject_at_or_above: tuple[int | None, ...]
    """Responses that reject the null rate, None: none do; at the last, one more than do not."""

    def curve(self, rates: Sequence[float]) -> Curve:
        """Return what the design does at each rate."""
        bounds = [
            LookBounds(n, most, n + 1 if least is None else least)
            for n, most, least in zip(self.looks, self.stop_at_or_below, self.reject_at_or_above, strict=True)
        ]
        return curve(path_shares(Scheme(tuple(bounds[:-1]), self.looks[-1]), self.stop_at_or_below[-1] + 1), rates)

    def measures(self, targets: Targets) -> dict[str, float]:
        """Return alpha, power, and patients and early stops at both rates."""
        found = self.curve((targets.null_rate, targets.target_rate))
        return {
            "alpha": float(found.p_reject[0]),
            "power": float(found.p_reject[1]),
            "en_null": float(found.n_mean[0]),
            "pet_null": float(found.pet[0]),
            "en_target": float(found.n_mean[1]),
            "pet_target": float(found.pet[1]),
        }
