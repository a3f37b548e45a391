"""What most searches are asked: two response rates, two error rates, and how many patients there may be."""

from __future__ import annotations

from typing import Any, NamedTuple

from trialsim.errors import InputError

MAX_N = 1000
"""The most patients that a search will try; a plain two-stage search takes about half a second there."""

ROUNDING = 1e-12
"""An error rate is kept if it is exceeded by no more than this: exactly 1/16 is 1/16, however it is summed."""

LEAST_ERROR = 1e-9
"""Error rates nearer to 0 or 1 would be a matter of rounding."""


class Targets(NamedTuple):
    """The error rates that a design shall keep at two response rates."""

    null_rate: float
    """Response rate of no interest (p0 of the papers)."""
    target_rate: float
    """Response rate worth having (p1)."""
    alpha: float
    """Most probability of rejecting the null rate when it is true."""
    beta: float
    """Most probability of not rejecting it at the target rate."""

    @property
    def asked(self) -> dict[str, Any]:
        """The targets by the names of the options."""
        return self._asdict()


def checked_targets(null_rate: float, target_rate: float, alpha: float, beta: float) -> Targets:
    """Return the targets of a search.

    Raises
    ------
    InputError
        If a rate or an error rate is not strictly between 0 and 1, or the null rate is not below the target rate.

    >>> checked_targets(0.05, 0.20, 0.05, 0.10).target_rate
    0.2
    """
    for name, value in (("null rate", null_rate), ("target rate", target_rate)):
        if not 0 < value < 1:
            raise InputError(f"{name} {value:g}: a response rate strictly between 0 and 1 is needed")
    for name, value in (("alpha", alpha), ("beta", beta)):
        if not LEAST_ERROR <= value <= 1 - LEAST_ERROR:
            raise InputError(f"{name} {value:g}: an error rate strictly between 0 and 1 is needed, such as 0.05")
    if null_rate >= target_rate:
        raise InputError(
            f"the null rate {null_rate:g} is not below the target rate {target_rate:g}; "
            + ("raise the target rate" if null_rate == target_rate else "have they been swapped?")
        )
    return Targets(float(null_rate), float(target_rate), float(alpha), float(beta))


def checked_n(n_max: int, least: int = 1, most: int = MAX_N, name: str = "n-max") -> int:
    """Return the most patients that a search may use.

    Raises
    ------
    InputError
        If it is below `least` or above `most`.
    """
    if not least <= n_max <= most:
        raise InputError(f"{name} {n_max}: a number of patients from {least} to {most} is needed")
    return n_max
