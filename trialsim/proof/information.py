"""How much a probability can change from one rate to another, from the information that the patients carry.

Whether an event happened is a function of the patients' responses, so it carries no more Fisher information about a
response rate than they do: P'^2 / (P (1 - P)) <= n / (p (1 - p)), with n the most patients of the arm. On the scale of
angles, a = asin(sqrt p) for each rate and for P, this says that the angle of P changes by at most sqrt(n) times the
change of the rate's angle; over several arms by the root of the sum of squares. It holds for any rule and any stopping,
and asks for nothing but values of P. (The distance is that of Fisher and Rao: Rao, Bull Calcutta Math Soc
1945;37:81-91; recalled, not looked up. The bound itself is derived here.)
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from math import asin, pi, sin, sqrt
from typing import TYPE_CHECKING

from trialsim.proof.bernstein import ROUNDING, Bounded, halves
from trialsim.proof.tilt import Patients, tilt_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trialsim.proof.bernstein import Box


def angle(rate: float) -> float:
    """Return asin(sqrt(rate)), from 0 to pi / 2."""
    return asin(sqrt(min(max(rate, 0.0), 1.0)))


def at_most(value: float, centre: Sequence[float], box: Box, n: Sequence[int]) -> float:
    """Return what a probability cannot exceed in a box, if it is `value` at `centre`.

    Parameters
    ----------
    value
        The probability of an event that responses decide.
    centre
        True rates, in the box.
    box
        Lowest and highest rate of each arm.
    n
        The most patients of each arm.
    """
    far = [
        max(angle(high) - angle(rate), angle(rate) - angle(low)) for rate, (low, high) in zip(centre, box, strict=True)
    ]
    reach = angle(value) + sqrt(sum(size * step**2 for size, step in zip(n, far, strict=True)))
    return 1.0 if reach >= pi / 2 else sin(reach) ** 2


def largest(
    probability: Callable[[tuple[float, ...]], float], n: Sequence[int], box: Box, tolerance: float, max_tiles: int
) -> Bounded:
    """Return the largest value on a box of a probability that can be asked anywhere, as `bernstein.largest` does.

    Boxes here are halved on the scale of angles, and a probability is asked at their middle and at the two ends. The
    bound of a box is the smaller of `at_most` and of the tilt bound.
    """
    patients = tuple(Patients(size) for size in n)
    best, worst, number = -1.0, tuple(high for _, high in box), count()
    waiting: list[tuple[float, int, Box]] = []
    angles: Box = tuple((angle(low), angle(high)) for low, high in box)
    for ends in (tuple(low for low, _ in box), tuple(high for _, high in box)):
        value = probability(ends)
        best, worst = (value, ends) if value > best else (best, worst)
    new, n_tiles = [angles], 0
    while True:
        for tile in new:
            middle = tuple(sin((low + high) / 2.0) ** 2 for low, high in tile)
            value = probability(middle)
            n_tiles += 1
            best, worst = (value, middle) if value > best else (best, worst)
            rates = tuple((sin(low) ** 2, sin(high) ** 2) for low, high in tile)
            upper = min(at_most(value, middle, rates, n), tilt_bound(value, middle, rates, patients))
            heappush(waiting, (-upper, next(number), tile))
        upper = max(-waiting[0][0], best)
        if upper - best <= tolerance or n_tiles + 2 > max_tiles:
            return Bounded(best, worst, min(upper + ROUNDING, 1.0), n_tiles)
        _, _, tile = heappop(waiting)
        steps = [sqrt(size) * (high - low) for size, (low, high) in zip(n, tile, strict=True)]
        new = list(halves(tile, steps.index(max(steps))))
