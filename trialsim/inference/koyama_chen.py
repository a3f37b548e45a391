"""Inference after a two-stage design by Koyama and Chen, Stat Med 2008;27:3145-3154 (PMC6047527).

Second stage as planned: outcomes in the order of stages, then of responses, so P values are those of the stagewise
ordering. Second stage of another size than planned: the data of the second stage alone, given the first, are summed up
by their own P value; the rate at which the *planned* second stage would have succeeded with just that probability says
how strong they are; the P value is the probability of such strength over all first stages (their section 4).

Two versions of the limits. `limits`: each from its own tail, exact. `p_value_limits`: both from the P value function,
P = alpha / 2 and P = 1 - alpha / 2, as the R package clinfun (twostage.inference) and the authors' own R program do;
its upper limit is lower than the exact one and covers less than it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from trialsim.inference import stagewise
from trialsim.inference.sequential import binomial_rows, solved

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.inference.sequential import LookBounds, Scheme

    Floats: TypeAlias = NDArray[np.float64]


def why_not(scheme: Scheme) -> str | None:
    """Return why the method does not apply to a scheme; None if it does."""
    if len(scheme.looks) > 1:
        return "it is for two stages"
    if scheme.looks and scheme.looks[0].stop_high <= scheme.looks[0].n:
        return "it is for a first stage that stops for futility only"
    return None


def p_value_limits(passed: tuple[LookBounds, ...], n: int, level: float) -> tuple[Floats, Floats]:
    """Return both limits from the P value function, for x = 0 … n: what clinfun prints, as far as its 4 digits go."""
    tail = (1.0 - level) / 2
    return stagewise.rate_where(passed, n, tail), stagewise.rate_where(passed, n, 1.0 - tail)


class SecondStage(NamedTuple):
    """A two-stage design whose second stage had another size than planned."""

    first: LookBounds
    n_planned: int
    """Patients planned for the final analysis."""
    least: int
    """Responses among them that make the final analysis a success."""
    x_first: int
    """Responses observed in the first stage; it went on."""
    n: int
    """Patients at the final analysis."""
    x: int
    """Responses observed by then."""


def why_not_attained(data: SecondStage) -> str | None:
    """Return why the method for another second stage than planned does not apply; None if it does."""
    needed = data.least - data.x_first
    if needed <= 0:
        return "the first stage alone had enough responses for success, so the planned second stage decides nothing"
    if needed > data.n_planned - data.first.n:
        return "after this first stage the planned second stage could not succeed"
    return None


def attained_p_value(data: SecondStage, rate: float, *, beyond: bool = False) -> float:
    """Return the P value at a rate when the second stage was not of the planned size.

    Parameters
    ----------
    data
        For which `why_not_attained` is None.
    rate
        In [0, 1].
    beyond
        The probability of what is stronger than observed, rather than at least as strong.
    """
    from scipy.special import bdtrc, betaincinv

    planned, added = data.n_planned - data.first.n, data.n - data.first.n
    needed = data.least - data.x_first
    gained = data.x - data.x_first + beyond
    own = 1.0 if gained <= 0 else 0.0 if gained > added else float(bdtrc(gained - 1, added, rate))
    strength = float(betaincinv(needed, planned - needed + 1, own))
    x_first = np.arange(data.first.stop_low + 1, data.first.n + 1)
    still = data.least - x_first
    safe = np.clip(still - 1, 0, planned)
    succeeds = np.where(still <= 0, 1.0, np.where(still > planned, 0.0, bdtrc(safe, planned, strength)))
    if not 0.0 < rate < 1.0:
        return 0.0 if rate <= 0.0 else float(succeeds[-1])
    return float(binomial_rows(data.first.n, np.full(1, rate))[0][x_first] @ succeeds)


def attained_rate(data: SecondStage, probability: float, *, beyond: bool = False) -> float:
    """Return the rate at which `attained_p_value` is `probability`; 0 or 1 if there is none."""
    crossing = solved(
        lambda rates: np.array([attained_p_value(data, float(rate), beyond=beyond) - probability for rate in rates]), 1
    )
    return float(crossing[0])


def attained_limits(data: SecondStage, level: float) -> tuple[float, float]:
    """Return limits when the second stage was not of the planned size, each from its own tail."""
    tail = (1.0 - level) / 2
    return attained_rate(data, tail), attained_rate(data, 1.0 - tail, beyond=True)


def attained_p_value_limits(data: SecondStage, level: float) -> tuple[float, float]:
    """Return the same with both limits from the P value function."""
    tail = (1.0 - level) / 2
    return attained_rate(data, tail), attained_rate(data, 1.0 - tail)
