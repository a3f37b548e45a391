"""How many patients make an estimate precise enough: the smallest n whose confidence interval is narrow enough.

Four ways to say how wide: the interval of the least favourable outcome; that of the outcome an assumed rate makes most
likely (the whole numbers of responses on either side of n times the rate); half the interval's length ("half-width") or
the larger distance from estimate to limit ("distance"); and the half-width that a true rate makes on average.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from trialsim.errors import InputError, nearest
from trialsim.inference.binomial import pmf
from trialsim.inference.intervals import INTERVALS
from trialsim.inference.precision import smallest_n, widths, worst
from trialsim.search.found import Found, Search

if TYPE_CHECKING:
    from collections.abc import Callable

Width = Literal["half-width", "distance", "expected"]
MAX_PRECISION_N = 20_000
SCANNED = 100
"""Up to so many patients, and near the crossing, each n is tried; a narrow interval of few patients is an accident."""
SOURCE = "Sample size for the precision of a confidence interval."


class Wanted(NamedTuple):
    """How precise, and by what."""

    target: float
    width: Width
    interval: str
    level: float
    at_rate: float | None
    """None: whatever is observed."""


def precision(
    target: float,
    width: Width = "half-width",
    interval: str = "clopper-pearson",
    level: float = 0.95,
    *,
    at_rate: float | None = None,
    n_max: int = MAX_PRECISION_N,
) -> Search:
    """Return the smallest n that is precise enough, and the smallest from which all larger ones are too.

    Parameters
    ----------
    target
        The largest width allowed, as a rate: 0.084 is ±8.4 points.
    width
        "half-width": half the interval's length; "distance": the larger distance from estimate to limit; "expected":
        the mean half-width, which needs `at_rate`.
    interval, level
        A name in `inference.intervals.INTERVALS`, and its two-sided level.
    at_rate
        None: for the worst outcome; else for the outcome nearest to this rate ("expected": the true rate).
    n_max
        The most patients.

    Raises
    ------
    InputError
        If the question makes no sense, or `n_max` patients are too few.

    >>> [(found.criterion, found.looks) for found in precision(0.0842, "distance").designs]
    [('smallest', (147,)), ('smallest-for-good', (147,))]
    """
    wanted = Wanted(target, width, interval, level, at_rate)
    _check(wanted, n_max)
    for_good = _for_good(wanted, n_max)
    if for_good is None:
        raise InputError(
            f"with up to {n_max} patients the {_told(wanted)} does not come down to {target:g}; "
            f"at {n_max} it is {achieved(wanted, n_max):.4g}"
        )
    first = next((n for n in range(1, min(SCANNED, for_good)) if achieved(wanted, n) <= target), None)
    if first is None:
        near = range(max(SCANNED, for_good - _window(wanted)), for_good + 1)
        first = next((n for n in near if achieved(wanted, n) <= target), for_good)
    found = tuple(
        _found(name, n, wanted) for name, n in (("smallest", first), ("smallest-for-good", for_good)) if n <= n_max
    )
    asked = {**wanted._asdict(), "n_max": n_max}
    notes = ("smallest-for-good: every larger n is precise enough too.",)
    return Search("precision", asked, found, None, notes)


def achieved(wanted: Wanted, n: int) -> float:
    """Return the width that `n` patients give."""
    if wanted.at_rate is None:
        return worst(wanted.interval, n, wanted.level, "distance" if wanted.width == "distance" else "half-width")[0]
    values = widths(wanted.interval, n, wanted.level, "distance" if wanted.width == "distance" else "half-width")
    if wanted.width == "expected":
        return float(pmf(n, wanted.at_rate) @ values)
    likely = n * wanted.at_rate
    return float(max(values[floor(likely + 1e-9)], values[ceil(likely - 1e-9)]))


def _window(wanted: Wanted) -> int:
    """Return how far from the crossing the width may step up again: some turns of the responses at the rate."""
    if wanted.at_rate is None or wanted.width == "expected":
        return 30
    return 30 + ceil(4 / max(min(wanted.at_rate, 1 - wanted.at_rate), 0.001))


def _for_good(wanted: Wanted, n_max: int) -> int | None:
    """Return the smallest n from which on the width is at most the target; None if it is above `n_max`."""
    if wanted.at_rate is None:
        n = smallest_n(
            wanted.interval, wanted.level, "distance" if wanted.width == "distance" else "half-width", wanted.target
        )
        return n if n is not None and n <= n_max else None
    return _last_failure(lambda n: achieved(wanted, n) <= wanted.target, n_max, _window(wanted))


def _last_failure(reaches: Callable[[int], bool], n_max: int, window: int) -> int | None:
    """Return the n after the last that fails; the width falls as 1 / sqrt(n) with small steps up."""
    low, high = 1, 2
    while not all(reaches(n) for n in (high, high + 1)) or high < 32:
        if high >= n_max:
            break
        low, high = high, min(2 * high, n_max)
    if not reaches(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    near = range(max(1, high - window), high + window + 1)
    found = max((n + 1 for n in near if not reaches(n)), default=1 if near[0] == 1 else near[0])
    return found if found <= n_max else None


def _told(wanted: Wanted) -> str:
    kind = {"half-width": "half-width", "distance": "distance to a limit", "expected": "expected half-width"}
    where = "largest " if wanted.at_rate is None else ""
    at = "" if wanted.at_rate is None else f" at a rate of {wanted.at_rate:g}"
    return f"{where}{kind[wanted.width]} of the {100 * wanted.level:g} % {wanted.interval} interval{at}"


def _found(criterion: str, n: int, wanted: Wanted) -> Found:
    analysis: dict[str, Any] = {"interval": wanted.interval, "level": wanted.level}
    if wanted.at_rate is None:
        analysis["target_distance" if wanted.width == "distance" else "target_half_width"] = wanted.target
    value = achieved(wanted, n)
    document = {
        "schema": "trialsim.design/1",
        "name": f"precision-{wanted.interval}-{wanted.target:.4g}-{n}",
        "title": f"{n} patients: the {_told(wanted)} is {value:.4f}",
        "source": SOURCE,
        "arms": [{"name": "treatment"}],
        "enrolment": {"cap": n},
        "looks": [{"name": "final", "at": "full_enrolment"}],
        "analysis": analysis,
    }
    worst_half, worst_distance = (worst(wanted.interval, n, wanted.level, kind) for kind in ("half-width", "distance"))
    measures = {"width": value, "half_width_max": worst_half[0], "distance_max": worst_distance[0]}
    details = {"responses_at_half_width_max": worst_half[1], "responses_at_distance_max": worst_distance[1]}
    return Found(criterion, (n,), (), measures, document, details)


def _check(wanted: Wanted, n_max: int) -> None:
    if not 0 < wanted.target < 1:
        raise InputError(
            f"target {wanted.target:g}: a width above 0 and below 1 is needed, as a rate: 0.084 for ±8.4 %"
        )
    if wanted.width not in get_args(Width):
        raise InputError(f'width "{wanted.width}": {nearest(wanted.width, get_args(Width))}')
    if wanted.interval not in INTERVALS:
        raise InputError(f'interval "{wanted.interval}": {nearest(wanted.interval, INTERVALS)}')
    if not 0 < wanted.level < 1:
        raise InputError(f"level {wanted.level:g}: a confidence level strictly between 0 and 1 is needed, such as 0.95")
    if wanted.at_rate is not None and not 0 <= wanted.at_rate <= 1:
        raise InputError(f"at-rate {wanted.at_rate:g}: a response rate from 0 to 1 is needed")
    if wanted.width == "expected" and wanted.at_rate is None:
        raise InputError("an expected width depends on the true rate; say which with --at-rate")
    if not 1 <= n_max <= MAX_PRECISION_N:
        raise InputError(f"n-max {n_max}: a number of patients from 1 to {MAX_PRECISION_N:,} is needed")
