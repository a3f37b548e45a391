"""Several looks with stops both ways: Fleming TR. One-sample multiple testing procedure for phase II clinical trials.
Biometrics 1982;38:143-151 (formulas as recalled, checked against a design that another program prints).

With N patients in all, z the normal quantile of 1 - alpha, p0 the null rate and [ ] the nearest whole number (a half
upward), look g with n_g patients so far

    rejects the null rate from      r_g = [n_g p0 + z sqrt(N p0 (1 - p0))] + 1 responses on,
    stops for futility up to        a_g = [n_g pA - z sqrt(N pA (1 - pA))] responses,
    with                            pA  = (sqrt(N p0) + z sqrt(1 - p0))^2 / (N + z^2),

and at the last one a = r - 1. His boundaries are approximate; the error rates here are exact, by path counts.
"""

from __future__ import annotations

from itertools import pairwise
from math import floor, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from trialsim.errors import InputError
from trialsim.search.documents import rates_in_name, staged_document
from trialsim.search.evaluation import Staged
from trialsim.search.found import Found, Search
from trialsim.search.targets import ROUNDING, Targets, checked_n, checked_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCE = "Multi-stage design after Fleming TR. Biometrics 1982;38:143-151; error rates exact."
MAX_STAGES = 20


def fleming(
    null_rate: float,
    target_rate: float,
    alpha: float = 0.05,
    beta: float = 0.10,
    n_max: int = 100,
    *,
    stages: int = 2,
    looks: Sequence[int] | None = None,
    rejects_early: bool = True,
) -> Search:
    """Return Fleming's design with given looks, or the smallest with equal stages that keeps both error rates exactly.

    Parameters
    ----------
    null_rate, target_rate, alpha, beta, n_max
        As in every search.
    stages
        Number of equal stages, where `looks` is not given; sizes that N does not divide into are rounded.
    looks
        Patients at each look; the last is the final analysis.
    rejects_early
        Whether an early look may reject the null rate.

    Raises
    ------
    InputError
        If the targets or looks make no sense, or no design of at most `n_max` patients keeps them.

    >>> fleming(0.2, 0.4, 0.05, 0.20, looks=(15, 25)).designs[0].stop_at_or_below
    (3, 8)
    """
    targets = checked_targets(null_rate, target_rate, alpha, beta)
    asked = {**targets.asked, "rejects_early": rejects_early}
    if looks is not None:
        _check_looks(looks)
        design = boundaries(tuple(looks), targets, rejects_early)
        if design is None:
            raise InputError(_no_boundaries(looks))
        found = _found("fleming", design, targets)
        return Search("fleming", {**asked, "looks": tuple(looks)}, (found,), None, (_kept(found, targets),))
    checked_n(n_max)
    if not 1 <= stages <= min(MAX_STAGES, n_max):
        raise InputError(f"stages {stages}: a number of stages from 1 to {min(MAX_STAGES, n_max)} is needed")
    design = _smallest(targets, n_max, stages, rejects_early)
    return Search(
        "fleming", {**asked, "n_max": n_max, "stages": stages}, (_found("smallest", design, targets),), None, ()
    )


def boundaries(looks: tuple[int, ...], targets: Targets, rejects_early: bool) -> Staged | None:
    """Return Fleming's boundaries for these looks; None if they leave nothing between them before the last look."""
    n, p0, z = looks[-1], targets.null_rate, NormalDist().inv_cdf(1 - targets.alpha)
    implied = (sqrt(n * p0) + z * sqrt(1 - p0)) ** 2 / (n + z * z)
    stop, reject = [], []
    for size in looks:
        least = floor(size * p0 + z * sqrt(n * p0 * (1 - p0)) + 0.5) + 1
        most = floor(size * implied - z * sqrt(n * implied * (1 - implied)) + 0.5)
        stop.append(max(most, -1))
        reject.append(least if least <= size and rejects_early else None)
        if size < n and min(least, size + 1) - most < 2:
            return None
        if size == n:
            stop[-1], reject[-1] = least - 1, least
            if not 1 <= least <= n:
                return None
    return Staged(looks, tuple(stop), tuple(reject))


def equal_looks(n: int, stages: int) -> tuple[int, ...]:
    """Return looks after equal stages; sizes are rounded, a half upward.

    >>> equal_looks(40, 3)
    (13, 27, 40)
    """
    return tuple((2 * n * stage + stages) // (2 * stages) for stage in range(1, stages + 1))


def _smallest(targets: Targets, n_max: int, stages: int, rejects_early: bool) -> Staged:
    closest: tuple[float, float, Staged] | None = None
    for n in range(stages, n_max + 1):
        design = boundaries(equal_looks(n, stages), targets, rejects_early)
        if design is None:
            continue
        measures = design.measures(targets)
        if measures["alpha"] > targets.alpha + ROUNDING:
            continue
        if measures["power"] >= 1 - targets.beta - ROUNDING:
            return design
        if closest is None or measures["power"] > closest[0]:
            closest = (measures["power"], measures["alpha"], design)
    none = (
        f"no {stages}-stage design with Fleming's boundaries of at most {n_max} patients keeps alpha {targets.alpha:g} "
        f"and beta {targets.beta:g} exactly at rates {targets.null_rate:g} and {targets.target_rate:g}"
    )
    if closest is None:
        raise InputError(f"{none}, nor does any keep alpha; raise n-max")
    power, alpha, design = closest
    raise InputError(
        f"{none}; the closest that keeps alpha has beta {1 - power:.3g} (alpha {alpha:.3g}, "
        f"looks {', '.join(map(str, design.looks))})"
    )


def _found(criterion: str, design: Staged, targets: Targets) -> Found:
    sizes = "-".join(map(str, design.looks))
    document = staged_document(
        f"fleming-{rates_in_name(targets)}-at-{sizes}",
        f"Fleming design with {len(design.looks)} looks, the last at {design.looks[-1]} patients",
        SOURCE,
        targets,
        design.looks,
        design.stop_at_or_below,
        design.reject_at_or_above,
    )
    details = {"reject_at_or_above": design.reject_at_or_above}
    measures = design.measures(targets)
    return Found(criterion, design.looks, design.stop_at_or_below, measures, document, details)


def _kept(found: Found, targets: Targets) -> str:
    missed = []
    if found.measures["alpha"] > targets.alpha + ROUNDING:
        missed.append(f"alpha {targets.alpha:g}")
    if found.measures["power"] < 1 - targets.beta - ROUNDING:
        missed.append(f"beta {targets.beta:g}")
    return f"These looks do not keep {' and '.join(missed)}." if missed else "Both error rates are kept."


def _check_looks(looks: Sequence[int]) -> None:
    if not 1 <= len(looks) <= MAX_STAGES or looks[0] < 1:
        raise InputError(f"looks {', '.join(map(str, looks))}: 1 to {MAX_STAGES} numbers of patients are needed")
    for first, second in pairwise(looks):
        if second <= first:
            raise InputError(
                f"looks {', '.join(map(str, looks))}: {second} does not follow {first}; looks must increase"
            )
    checked_n(looks[-1], name="last look")


def _no_boundaries(looks: Sequence[int]) -> str:
    words = ", ".join(map(str, looks))
    return f"looks {words}: Fleming's boundaries leave no way to go on at one of them; use fewer looks"
