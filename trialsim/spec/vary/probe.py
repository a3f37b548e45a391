"""Whether the axes of a sweep lead somewhere in its scenario, and can take the values they are given.

Values are tried before anything runs: each on its own, beside the first values of the other axes, and beside the last.
One that is refused for itself everywhere is a slip of the keyboard. One that only does not go with others (a look of 30
patients, a cap of 20) is left to the cells it is in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from trialsim.errors import nearest
from trialsim.spec.overrides import Path, path_of
from trialsim.spec.vary.measures import known_measures
from trialsim.spec.vary.variants import Refusal, Variants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.spec.scenario import Scenario
    from trialsim.spec.vary import Vary
    from trialsim.spec.vary.points import Point, Points

MAX_TRIED = 64
"""Values of an axis that are tried; of more, so many at equal distances."""


class Fault(NamedTuple):
    """Why a value of an axis is refused."""

    dotted: str
    """The path that was set: the axis's own, or a further one."""
    place: Path
    """The same, items of lists by their number."""
    refusal: Refusal


def check_vary(scenario: Scenario, vary: Vary) -> None:
    """Check the sweep of a scenario against its fields.

    Raises
    ------
    ValueError
        "path | problem".
    """
    _check_measures(scenario, vary)
    for path in vary.axes if scenario.plans else ():
        if path.startswith("design.enrolment.cap"):
            raise ValueError(
                f"vary.{path} | this changes nothing, because each plan has its own cap; vary plans.0.cap, or leave "
                "the plans out (plans: [])"
            )
    variants = Variants(scenario)
    _check_apart(vary, variants.data)
    points = vary.points()
    for axis, path in enumerate(vary.axes):
        _check_axis(vary, variants, points, axis, f"vary.{path}")


def _check_measures(scenario: Scenario, vary: Vary) -> None:
    varies_conduct = any(path.split(".")[0] == "conduct" for paths in vary.paths for path in paths)
    known = known_measures(scenario, varies_conduct=varies_conduct)
    for index, name in enumerate(vary.measures):
        if name in known:
            continue
        if name in known_measures(scenario, varies_conduct=True):
            remedy = "it is a measure of calendar trials that the conduct does not have"
        else:
            remedy = nearest(name, known)
        raise ValueError(f'vary.measures.{index} | found "{name}"; {remedy}')


def _check_apart(vary: Vary, data: dict[str, Any]) -> None:
    """Check that no path is that of another axis, or a part of it; a part of another design is."""
    seen: list[tuple[str, Path]] = []
    for path, dotted in ((paths[0], dotted) for paths in vary.paths for dotted in paths):
        place = _place(data, dotted)
        for other, taken in seen:
            if place == taken:
                raise ValueError(f"vary.{path} | {dotted} is varied already, as {other}; name each path once")
            shorter, longer = sorted((place, taken), key=len)
            if longer[: len(shorter)] == shorter and shorter != ("design",):
                raise ValueError(f"vary.{path} | {dotted} and {other} vary the same field; leave one out")
        seen.append((dotted, place))


def _check_axis(vary: Vary, variants: Variants, points: tuple[Points, ...], axis: int, where: str) -> None:
    tried: list[tuple[Point, Fault | None]] = []
    for number in _numbers(vary, points[axis], axis):
        faults = list(_faults(vary, variants, points, axis, number))
        if all(fault is not None and fault.refusal.is_of_value for fault in faults):
            raise _told(vary, axis, where, points[axis][number], _plainest(faults))
        tried.append((points[axis][number], None if None in faults else _plainest(faults)))
    if all(fault is not None for _, fault in tried):
        raise _told(vary, axis, where, *tried[0])


def _numbers(vary: Vary, points: Points, axis: int) -> Iterator[int]:
    """Yield which values are tried: of a range the ends, of others all if they are not too many."""
    if list(vary.axes.values())[axis].is_range:
        yield from sorted({0, points.n - 1})
        return
    n_tried = min(points.n, MAX_TRIED)
    yield from sorted({round(index * (points.n - 1) / max(n_tried - 1, 1)) for index in range(n_tried)})


def _faults(
    vary: Vary, variants: Variants, points: tuple[Points, ...], axis: int, number: int
) -> Iterator[Fault | None]:
    """Yield what is wrong with a value beside different values of the others, until nothing is."""
    others = [other for other in range(len(points)) if other != axis]
    same = {other: min(number, points[other].n - 1) for other in others}
    beside = [dict.fromkeys(others, 0), {}, {other: points[other].n - 1 for other in others}, same]
    for numbers in [same] if vary.combine == "zip" else beside:
        chosen = {other: points[other][index] for other, index in (numbers | {axis: number}).items()}
        found = variants.attempt(vary.overrides(dict(sorted(chosen.items()))))
        fault = _fault(vary, variants.data, axis, found) if isinstance(found, Refusal) else None
        yield fault
        if fault is None:
            return


def _fault(vary: Vary, data: dict[str, Any], axis: int, refusal: Refusal) -> Fault | None:
    """Return the refusal as one of this axis, None if it is about something else."""
    for dotted in vary.paths[axis]:
        place = _place(data, dotted)
        if refusal.path[: len(place)] == place or refusal.path == path_of(dotted):
            return Fault(dotted, place, refusal)
        if refusal.path and place[: len(refusal.path)] == refusal.path:
            is_of_value = refusal.is_of_value and refusal.is_unknown
            return Fault(dotted, place, refusal._replace(is_of_value=is_of_value))
    return None


def _plainest(faults: list[Fault | None]) -> Fault | None:
    """Return the fault that shows without the other axes, if it does."""
    return faults[1] if len(faults) > 1 else faults[0]


def _told(vary: Vary, axis: int, where: str, point: Point, fault: Fault | None) -> ValueError:
    """Return the error that names the axis, its value, and the field of the scenario."""
    assert fault is not None
    refusal, words = fault.refusal, fault.refusal.problem
    deeper = refusal.path[len(fault.place) :]
    if refusal.is_unknown:
        words = words if "the path does not exist" in words else f"the path does not exist: {words}"
    elif len(refusal.path) < len(fault.place):
        words = f"{'.'.join(map(str, refusal.path))}: {words}"
    elif deeper:
        words = f"{'.'.join(map(str, deeper))}: {words}"
    if fault.dotted != vary.paths[axis][0]:
        words = f"also {fault.dotted}: {words}"
    elif list(vary.axes.values())[axis].levels is not None:
        where = f"{where}.levels.{point.level}"
    return ValueError(f"{where} | {words}")


def _place(data: Any, dotted: str) -> Path:
    """Return a path with the items of lists by their number; what does not exist stays as it is written."""
    place: list[str | int] = []
    for part in path_of(dotted):
        step: str | int = part
        if isinstance(data, list):
            names = [str(item.get("name")) for item in data if isinstance(item, dict)]
            step = names.index(str(part)) if str(part) in names and not isinstance(part, int) else part
            data = data[step] if isinstance(step, int) and step < len(data) else None
        else:
            step = str(part)
            data = data.get(step) if isinstance(data, dict) else None
        place.append(step)
    return tuple(place)
