"""One stage, exactly: A'Hern RP. Sample size tables for exact single-stage phase II designs. Stat Med 2001;20:859-866.

Fleming's single-stage sizes (1982) rest on the normal approximation; these do not. Power goes up and down as n grows,
because the number of responses is whole, so the smallest n that keeps both error rates is not the n from which all
larger ones do.
"""

from __future__ import annotations

from math import ceil, log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.errors import InputError
from trialsim.inference.binomial import pmf
from trialsim.search.documents import rates_in_name, staged_document
from trialsim.search.found import Found, Search
from trialsim.search.targets import ROUNDING, Targets, checked_n, checked_targets

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

SOURCE = "Exact single-stage design, after A'Hern RP. Stat Med 2001;20:859-866."

_NAMES = {"smallest": "single-stage", "smallest-for-good": "single-stage-for-good"}


class BinomialTest(NamedTuple):
    """An exact binomial test of one sample."""

    n: int
    most: int
    """The most responses that do not reject; the smallest number that keeps alpha."""
    alpha: float
    power: float


def single_stage(
    null_rate: float, target_rate: float, alpha: float = 0.05, beta: float = 0.10, n_max: int = 200
) -> Search:
    """Return the smallest single-stage design, and the smallest from which all larger ones keep the error rates too.

    Of the thresholds that keep alpha at an n, the lowest is taken: it has the most power.

    Raises
    ------
    InputError
        If the targets make no sense, or no n up to `n_max` keeps them.

    >>> found = single_stage(0.05, 0.20, 0.05, 0.10)
    >>> [(design.criterion, design.looks, design.stop_at_or_below) for design in found.designs]
    [('smallest', (38,), (4,)), ('smallest-for-good', (45,), (5,))]
    """
    targets = checked_targets(null_rate, target_rate, alpha, beta)
    checked_n(n_max)
    tests = [exact_test(n, targets) for n in range(1, max(n_max, always_from(targets)) + 1)]
    kept = [test.power >= 1 - beta - ROUNDING for test in tests]
    if not any(kept[:n_max]):
        raise InputError(_infeasible(tests[:n_max], targets, n_max))
    for_good = len(tests) - kept[::-1].index(False) if False in kept else 0  # place of the first n of the last run
    chosen = [("smallest", tests[kept.index(True)])]
    notes = ["smallest-for-good: every larger n keeps both error rates too, so a few patients more do no harm."]
    if for_good < n_max:
        chosen.append(("smallest-for-good", tests[for_good]))
    else:
        notes = [f"All n keep both error rates only from {for_good + 1} on, above the n-max of {n_max}."]
    asked = {**targets.asked, "n_max": n_max}
    return Search(
        "single-stage", asked, tuple(_found(name, test, targets) for name, test in chosen), None, tuple(notes)
    )


def exact_test(n: int, targets: Targets) -> BinomialTest:
    """Return the exact test of `n` patients: the lowest threshold that keeps alpha, and its power."""
    tail = np.cumsum(pmf(n, targets.null_rate)[::-1])[::-1]  # P(X >= x), x = 0 … n
    above = np.append(tail[1:], 0.0)  # P(X > r)
    most = int(np.argmax(above <= targets.alpha + ROUNDING))
    return BinomialTest(n, most, float(above[most]), float(pmf(n, targets.target_rate)[most + 1 :].sum()))


def always_from(targets: Targets) -> int:
    """Return an n from which Chernoff's bound promises both error rates.

    With a threshold at the rate m between the two, alpha is at most exp(-n K(m, null)) and beta at most
    exp(-n K(m, target)), K the Kullback-Leibler divergence.
    """
    rates = np.linspace(targets.null_rate, targets.target_rate, 402)[1:-1]
    needed = np.maximum(
        log(1 / targets.alpha) / _divergence(rates, targets.null_rate),
        log(1 / targets.beta) / _divergence(rates, targets.target_rate),
    )
    return ceil(float(needed.min()))


def _divergence(rates: Floats, other: float) -> Floats:
    """Return the Kullback-Leibler divergence of two Bernoulli trials."""
    divergence: Floats = rates * np.log(rates / other) + (1 - rates) * np.log((1 - rates) / (1 - other))
    return divergence


def _found(criterion: str, test: BinomialTest, targets: Targets) -> Found:
    document = staged_document(
        f"{_NAMES[criterion]}-{rates_in_name(targets)}",
        f"Single stage, {test.most + 1} of {test.n} responses or more",
        SOURCE,
        targets,
        (test.n,),
        (test.most,),
    )
    n = float(test.n)
    measures = {"alpha": test.alpha, "power": test.power, "en_null": n, "pet_null": 0.0, "en_target": n}
    return Found(criterion, (test.n,), (test.most,), measures, document)


def _infeasible(tests: list[BinomialTest], targets: Targets, n_max: int) -> str:
    closest = max(tests, key=lambda test: test.power)
    return (
        f"no single-stage design of at most {n_max} patients keeps alpha {targets.alpha:g} and beta {targets.beta:g} "
        f"at rates {targets.null_rate:g} and {targets.target_rate:g}; the closest that keeps alpha has beta "
        f"{1 - closest.power:.3g} (more than {closest.most} responses of {closest.n}, alpha {closest.alpha:.3g})"
    )
