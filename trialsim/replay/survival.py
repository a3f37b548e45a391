"""The Kaplan-Meier curve of a few patients, to draw (that of every trial is computed by `kernels.survival`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Curve(NamedTuple):
    """A Kaplan-Meier curve: it falls at each event time to the value beside it."""

    minute: NDArray[np.int64]
    survival: NDArray[np.float64]

    def at(self, minute: int) -> float:
        """Return the curve's value at a time, events at that very minute included."""
        n_fallen = int(np.searchsorted(self.minute, minute, "right"))
        return float(self.survival[n_fallen - 1]) if n_fallen else 1.0


def kaplan_meier(time: Sequence[int], is_event: Sequence[bool]) -> Curve:
    """Return the Kaplan-Meier curve of times, some of which are events and the others censored.

    >>> kaplan_meier([1, 2, 2, 3], [True, True, False, False]).survival
    array([0.75, 0.5 ])
    """
    times, events = np.asarray(time, np.int64), np.asarray(is_event, np.bool_)
    minute, n_events = np.unique(times[events], return_counts=True)
    n_at_risk = len(times) - np.searchsorted(np.sort(times), minute, "left")
    return Curve(minute, np.cumprod((n_at_risk - n_events) / n_at_risk, dtype=np.float64))
