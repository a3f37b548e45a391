"""The block as it is written, before it is validated: designs by name, and paths of `--set` that lead into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trialsim.spec.vary import RESERVED

if TYPE_CHECKING:
    from trialsim.spec.overrides import Path


def designs_to_read(data: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the places of the names of designs among the levels of a sweep over `design`; a list becomes levels."""
    block = data.get("vary")
    axis = block.get("design") if isinstance(block, dict) else None
    if isinstance(axis, list) and axis and _are_names(axis):
        axis = {"levels": {name: name for name in axis}}
    elif isinstance(axis, dict) and isinstance(axis.get("values"), list) and _are_names(axis["values"]):
        values = axis["values"]
        axis = {**{key: value for key, value in axis.items() if key != "values"}, "levels": {n: n for n in values}}
    if not isinstance(block, dict) or not isinstance(axis, dict) or not isinstance(axis.get("levels"), dict):
        return []
    data["vary"] = {key: axis if key == "design" else value for key, value in block.items()}
    return [("vary", "design", "levels", label) for label, value in axis["levels"].items() if isinstance(value, str)]


def _are_names(values: list[Any]) -> bool:
    """Return whether these can be labels: words, each of them once."""
    return all(isinstance(value, str) for value in values) and len(set(values)) == len(values)


def path_in_block(data: dict[str, Any], path: Path) -> Path:
    """Return a path of `--set` with the parts that are one key of the sweep put together.

    `vary.design.enrolment.cap.to` leads to `to` of the key `design.enrolment.cap`, if there is that key; the name of an
    axis may stand for its path. A path that the sweep does not have yet becomes its key.

    >>> path_in_block({"vary": {"truths.0.response_rate": {"as": "rate"}}}, ("vary", "rate", "to"))
    ('vary', 'truths.0.response_rate', 'to')
    """
    if len(path) < 2 or path[0] != "vary" or path[1] in RESERVED:
        return path
    block = data.get("vary")
    keys: dict[str, Any] = block if isinstance(block, dict) else {}
    names = {
        axis["as"]: key for key, axis in keys.items() if isinstance(axis, dict) and isinstance(axis.get("as"), str)
    }
    for depth in range(len(path), 1, -1):
        start = ".".join(map(str, path[1:depth]))
        if start in keys or (depth == 2 and start in names):
            return ("vary", names.get(start, start) if start not in keys else start, *path[depth:])
    return ("vary", ".".join(map(str, path[1:])))
