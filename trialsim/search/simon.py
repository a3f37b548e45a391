"""Two stages with a stop for futility: Simon R. Optimal two-stage designs for phase II clinical trials. Control Clin
Trials 1989;10:1-10. Admissible designs: Jung SH, Lee T, Kim K, George SL. Stat Med 2004;23:561-569.

Searched are all designs with 0 <= r1 < n1 < n and r1 < r < n that keep both error rates: at least one patient in the
second stage, and an r that the second stage can still miss. Ties: of the r that keep both rates with the same n, n1 and
r1, the lowest; of the designs of a size that expect as many patients, the one with the smaller n1; of sizes that expect
as many, the smaller.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.errors import InputError
from trialsim.search.documents import rates_in_name, staged_document
from trialsim.search.evaluation import Staged
from trialsim.search.found import Feasible, Found, Search
from trialsim.search.targets import MAX_N, Targets, checked_n, checked_targets

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

SOURCE = "Two-stage design of Simon R. Control Clin Trials 1989;10:1-10, found by search."
COLUMNS = ("n1", "r1", "n", "r", "en_null", "pet_null", "alpha", "power")
NOTES = (
    "admissible: fewest patients by w × largest number + (1 - w) × expected number at the null rate, for the weights w "
    "shown (Jung 2004); the optimal and the minimax design are admissible too.",
)
_CLOSE = 1e-5
"""How closely the nearest feasible error rate is found."""


class Best(NamedTuple):
    """The best design of each size."""

    sizes: NDArray[np.int64]
    """(F,) sizes for which there is one, increasing."""
    values: NDArray[np.float64]
    """(F, 8) as `COLUMNS`."""
    hull: NDArray[np.int64]
    """The rows of admissible designs, from minimax to optimal."""


def simon(null_rate: float, target_rate: float, alpha: float = 0.05, beta: float = 0.10, n_max: int = 100) -> Search:
    """Return the optimal, the minimax and the admissible designs, with the best design of every size.

    Raises
    ------
    InputError
        If the targets make no sense, or no design of at most `n_max` patients keeps them.

    >>> found = simon(0.05, 0.20, 0.05, 0.10)
    >>> [(design.criterion, design.looks, design.stop_at_or_below) for design in found.designs][:2]
    [('optimal', (21, 41), (1, 4)), ('minimax', (29, 38), (1, 4))]
    """
    targets = checked_targets(null_rate, target_rate, alpha, beta)
    best = best_designs(targets, checked_n(n_max, 2))
    if not len(best.sizes):
        raise InputError(_infeasible(targets, n_max))
    weights = _weights(best)
    chosen = [("optimal", len(best.hull) - 1), ("minimax", 0)]
    chosen += [("admissible", place) for place in range(1, len(best.hull) - 1)]
    designs = tuple(_found(name, best.values[best.hull[place]], weights[place], targets) for name, place in chosen)
    within = f"optimal: among designs of at most {n_max} patients; a larger n-max may find one that expects fewer."
    return Search("simon", {**targets.asked, "n_max": n_max}, designs, Feasible(COLUMNS, best.values), (*NOTES, within))


def best_designs(targets: Targets, n_max: int) -> Best:
    """Return the design of each size up to `n_max` that keeps both error rates and expects fewest at the null rate."""
    from trialsim.kernels.two_stage import two_stage

    designs, figures = np.zeros((n_max + 1, 3), np.int64), np.zeros((n_max + 1, 4))
    hull = np.zeros(n_max + 1, np.int64)
    null_rate, target_rate, alpha, beta = map(np.float64, targets)
    n_admissible = two_stage(null_rate, target_rate, alpha, beta, designs, figures, hull)
    sizes = np.flatnonzero(np.isfinite(figures[:, 0]))
    n1, r1, r = designs[sizes].T
    values = np.column_stack([n1, r1, sizes, r, figures[sizes]])
    return Best(sizes, values, np.searchsorted(sizes, hull[:n_admissible]))


def _weights(best: Best) -> list[list[float]]:
    """Return, for each admissible design, the lowest and the highest weight of n for which it is the best."""
    n, expected = best.values[best.hull, 2], best.values[best.hull, 4]
    slopes = -np.diff(expected) / np.diff(n)
    turns = [1.0, *(slopes / (1.0 + slopes)).tolist(), 0.0]
    return [[low, high] for high, low in pairwise(turns)]


def _found(criterion: str, values: NDArray[np.float64], weight: list[float], targets: Targets) -> Found:
    n1, r1, n, r = (int(value) for value in values[:4])
    name = f"simon-{criterion}{f'-{n}' if criterion == 'admissible' else ''}-{rates_in_name(targets)}"
    title = f"Simon two-stage design, {criterion}: stop at {r1} or fewer of {n1}, succeed at {r + 1} or more of {n}"
    document: dict[str, Any] = staged_document(name, title, SOURCE, targets, (n1, n), (r1, r))
    design = Staged((n1, n), (r1, r), (None, r + 1))
    return Found(criterion, (n1, n), (r1, r), design.measures(targets), document, {"weight_of_n": weight})


def _infeasible(targets: Targets, n_max: int) -> str:
    near = []
    if (looser := _nearest(targets, n_max, "beta")) is not None:
        near.append(f"alpha {targets.alpha:g} with beta {_above(1 - looser[7])} ({_words(looser)})")
    if (looser := _nearest(targets, n_max, "alpha")) is not None:
        near.append(f"beta {targets.beta:g} with alpha {_above(looser[6])} ({_words(looser)})")
    sentence = (
        f"no two-stage design of at most {n_max} patients keeps alpha {targets.alpha:g} and beta {targets.beta:g} at "
        f"rates {targets.null_rate:g} and {targets.target_rate:g}; "
        + (f"the closest keep {' or '.join(near)}" if near else "nor is there one that keeps either")
    )
    if n_max == MAX_N:
        return sentence
    sizes = best_designs(targets, MAX_N).sizes
    return f"{sentence}; {f'an n-max of {sizes[0]} would do' if len(sizes) else f'nor would an n-max of {MAX_N} do'}"


def _nearest(targets: Targets, n_max: int, which: str) -> NDArray[np.float64] | None:
    """Return the design that keeps one error rate with the other as small as can be; None: none keeps it."""
    low, high, found = getattr(targets, which), 1.0 - _CLOSE, None
    while high - low > _CLOSE:
        middle = high if found is None else (low + high) / 2
        best = best_designs(targets._replace(**{which: middle}), n_max)
        if len(best.sizes):
            errors = 1 - best.values[:, 7] if which == "beta" else best.values[:, 6]
            found = best.values[int(np.argmin(errors))]
            high = min(middle, float(errors.min()))
        elif found is None:
            return None
        else:
            low = middle
    return found


def _above(error: float) -> str:
    """Return an error rate to three digits, rounded up, so that asking for it finds the design."""
    return f"{np.ceil(error * 1000 - 1e-9) / 1000:.3f}"


def _words(values: NDArray[np.float64]) -> str:
    n1, r1, n, r = (int(value) for value in values[:4])
    return f"{r1} of {n1}, {r} of {n}"
