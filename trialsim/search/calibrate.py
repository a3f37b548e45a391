"""A number of a design (or of a scenario's conduct) set so that a measure meets a target.

Any numeric field, by the dotted path that `--set` takes; any measure: exactly where the exact engine answers it, else
by simulation of the calendar. Every value is tried with the same patients (common random numbers), so the differences
between neighbouring values are far less noisy than the values.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, floor, hypot, isfinite
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from trialsim.errors import InputError, nearest
from trialsim.search.found import Found, Search
from trialsim.search.rounding import within
from trialsim.search.trying import Point, Trial, trial_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trialsim.search.trying import EngineChoice, Which
    from trialsim.spec.overrides import Override

Sense = Literal["nearest", "at-most", "at-least"]
COARSE = 9
"""Values that are tried before a bracket is halved."""
ALL_WHOLE = 41
"""Up to so many whole numbers are all tried where the exact engine answers."""
HALVINGS = 14
SAME = 1e-12


class Goal(NamedTuple):
    """Where the measure shall come to lie."""

    target: float
    sense: Sense

    def meets(self, point: Point) -> bool:
        """Return whether a value of the field does; any does if the nearest is sought."""
        if self.sense == "at-most":
            return point.estimate <= self.target + SAME
        return self.sense == "nearest" or point.estimate >= self.target - SAME

    def is_above(self, point: Point) -> bool:
        """Return on which side of the target a value lies; just on it counts as met."""
        return point.estimate > self.target + SAME if self.sense != "at-least" else point.estimate >= self.target - SAME


def calibrate(
    source: str,
    field: str,
    start: float,
    stop: float,
    which: Which,
    target: float,
    *,
    sense: Sense = "nearest",
    at_rate: float | None = None,
    truth: str | None = None,
    overrides: Sequence[str | Override] = (),
    engine: EngineChoice = "auto",
    seed: int | None = None,
    n_sims: int | None = None,
    n_jobs: int = 1,
) -> Search:
    """Return the value of a field with which a measure is nearest to (at most, at least) a target.

    A few values over the range are tried first; then every bracket in which the measure crosses the target is halved.
    What the tried values say about monotony is told, and the value on the other side of the target is returned too.

    Parameters
    ----------
    source
        A design or scenario: a file, or the name of one that ships.
    field
        Dotted path as for `--set`; in a design it leads into the design.
    start, stop
        The smallest and the largest value of the field.
    which
        The measure.
    target, sense
        What it shall be, or be at most, or at least.
    at_rate
        The true response rate of every arm; None: `truth`.
    truth
        Name of a truth of the scenario; None: its only one.
    overrides
        Other changes, as for `--set`.
    engine
        "auto": exact where the exact engine has the measure, else the calendar.
    seed, n_sims, n_jobs
        Of the calendar; None: the scenario's own.

    Raises
    ------
    InputError
        If the question makes no sense, or no value in the range meets the target.

    >>> from trialsim.search.trying import Which
    >>> found = calibrate("simon-1989-20-40", "looks.second stage.success_if.rule.at_least", 5, 20, Which("p_reject"),
    ...                   0.05, sense="at-most", at_rate=0.2)
    >>> found.designs[0].details["value"], round(found.designs[0].measures["p_reject"], 4)
    (12, 0.0488)
    """
    _check(field, start, stop, target, sense)
    trial = trial_of(source, field, which, at_rate, truth, overrides, engine, seed, n_sims, n_jobs)
    whole = trial.is_whole(start, stop)
    points = _Points(trial, whole)
    goal = Goal(target, sense)
    _search(points, goal, start, stop)
    tried = points.sorted()
    meeting = [point for point in tried if goal.meets(point)]
    if not meeting or (sense == "nearest" and not _is_bracketed(tried, target)):
        raise InputError(_infeasible(tried, which, goal, field))
    chosen = points.tidied(min(meeting, key=lambda point: (abs(point.estimate - target), point.x)))
    beyond = [point for point in points.sorted() if goal.is_above(point) != goal.is_above(chosen)]
    designs = [_found(trial, "calibrated", chosen, which, goal, points)]
    if beyond:
        other = points.tidied(min(beyond, key=lambda point: (abs(point.x - chosen.x), point.x)))
        designs.append(_found(trial, "beyond the target", other, which, goal, points))
    asked = {"source": source, "field": field, "from": start, "to": stop, **which.named, "target": target}
    asked |= {"sense": sense, "at_rate": at_rate, "truth": truth, "engine": trial.engine}
    return Search("calibrate", asked, tuple(designs), None, tuple(_notes(points.sorted(), trial)))


class _Points:
    """The values tried so far, each once."""

    def __init__(self, trial: Trial, whole: bool) -> None:
        self._trial, self.whole = trial, whole
        self._known: dict[float, Point] = {}

    def at(self, x: float) -> Point:
        """Return the measure at a value of the field."""
        key = float(round(x)) if self.whole else float(x)
        if key not in self._known:
            self._known[key] = self._trial.at(int(key) if self.whole else key)
        return self._known[key]

    def sorted(self) -> list[Point]:
        """Return what was tried, by the value of the field."""
        return [self._known[x] for x in sorted(self._known)]

    def plateau(self, point: Point) -> tuple[float, float]:
        """Return the tried neighbours with the same measure: the first and the last."""
        tried = self.sorted()
        low = high = tried.index(point)
        while low > 0 and abs(tried[low - 1].estimate - point.estimate) <= SAME:
            low -= 1
        while high + 1 < len(tried) and abs(tried[high + 1].estimate - point.estimate) <= SAME:
            high += 1
        return tried[low].x, tried[high].x

    def tidied(self, point: Point) -> Point:
        """Return a value with few digits from the plateau of a point, if its measure is the same."""
        low, high = self.plateau(point)
        if self.whole or low == high:
            return point
        tidy = self.at(within(low, high))
        return tidy if abs(tidy.estimate - point.estimate) <= SAME else point


def _search(points: _Points, goal: Goal, start: float, stop: float) -> None:
    """Try values over the range, then halve every bracket in which the target is crossed."""
    if points.whole:
        start, stop = ceil(start), floor(stop)
    count = COARSE
    if points.whole and stop - start < (ALL_WHOLE if points.at(start).is_exact else COARSE):
        count = int(stop - start) + 1
    for step in range(count):
        points.at(start + (stop - start) * step / max(count - 1, 1))
    tried = points.sorted()
    for before, after in pairwise(tried):
        if goal.is_above(before) != goal.is_above(after):
            _halve(points.at, goal.is_above, before, after, points.whole)


def _halve(
    at: Callable[[float], Point], is_above: Callable[[Point], bool], low: Point, high: Point, whole: bool
) -> None:
    for _ in range(64 if whole else HALVINGS):
        if whole and high.x - low.x <= 1:
            return
        if abs(high.estimate - low.estimate) <= 0.1 * max(low.mcse, high.mcse):
            return  # closer than chance can tell
        middle = at((low.x + high.x) // 2 if whole else (low.x + high.x) / 2)
        low, high = (middle, high) if is_above(middle) == is_above(low) else (low, middle)


def _is_bracketed(tried: list[Point], target: float) -> bool:
    """Return whether the target lies between the tried values, or within what chance allows of one."""
    reached = [point.estimate for point in tried]
    return min(reached) - SAME <= target <= max(reached) + SAME or any(
        abs(point.estimate - target) <= 2 * point.mcse for point in tried
    )


def _found(trial: Trial, criterion: str, point: Point, which: Which, goal: Goal, points: _Points) -> Found:
    value = int(point.x) if points.whole else point.x
    details: dict[str, Any] = {"field": trial.field, "value": value, "same_from_to": list(points.plateau(point))}
    if not point.is_exact:
        near = [one.x for one in points.sorted() if abs(one.estimate - goal.target) <= 2 * one.mcse]
        details["within_2_mcse_of_target"] = [near[0], near[-1]] if near else []
    measures = {which.measure: point.estimate, "mcse": point.mcse}
    document = trial.document(value)
    return Found(criterion, trial.looks(value), (), measures, document, details)


def _notes(tried: list[Point], trial: Trial) -> list[str]:
    pairs = list(pairwise(tried))
    steps = [after.estimate - before.estimate for before, after in pairs]
    doubt = [SAME + 3 * hypot(before.mcse, after.mcse) for before, after in pairs]
    rises = all(step >= -limit for step, limit in zip(steps, doubt, strict=True))
    falls = all(step <= limit for step, limit in zip(steps, doubt, strict=True))
    if rises and falls:
        words = f"The measure is the same, or hardly differs, at all {len(tried)} values tried."
    elif rises or falls:
        words = f"At the {len(tried)} values tried the measure {'rises' if rises else 'falls'} throughout."
    else:
        words = (
            f"The measure is not monotone in the field at the {len(tried)} values tried; every crossing of the target "
            f"between the first ones was followed, but there may be others."
        )
    if tried[0].is_exact:
        return [words, "Exact: no Monte Carlo error."]
    return [words, f"Simulated with the same patients at every value, {trial.n_sims:,} calendar trials each."]


def _check(field: str, start: float, stop: float, target: float, sense: str) -> None:
    for name, value in (("from", start), ("to", stop), ("target", target)):
        if not isfinite(value):
            raise InputError(f"{name} {value:g}: a finite number is needed")
    if not start < stop:
        raise InputError(
            f"from {start:g} to {stop:g}: the range of {field} is empty; the first must be below the second"
        )
    if sense not in get_args(Sense):
        raise InputError(f'sense "{sense}": {nearest(sense, get_args(Sense))}')


def _infeasible(tried: list[Point], which: Which, goal: Goal, field: str) -> str:
    best = min(tried, key=lambda point: abs(point.estimate - goal.target))
    doubt = "" if best.is_exact else f" (MCSE {best.mcse:.2g})"
    return (
        f"{which.measure} {goal.sense.replace('-', ' ') if goal.sense != 'nearest' else 'of'} {goal.target:g} is not "
        f"reached with {field} from {tried[0].x:g} to {tried[-1].x:g}; the nearest is {best.estimate:.4g}{doubt} at "
        f"{best.x:g}"
    )
