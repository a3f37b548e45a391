"""In which fields two scenarios differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.spec.scenario import Scenario

_WORDS = (
    *("schema", "name", "title", "source", "notes", "published", "seed", "n_sims", "sensitivity", "match", "vary"),
    "narrative",
)
"""What a scenario or design is called, where it is from, and how hard it is tried: no part of what it does."""

_MISSING = object()


class Change(NamedTuple):
    """A field that differs."""

    path: str
    own: str
    """What the reference has, as JSON; "–" where it has none."""
    other: str


def changes(reference: Scenario, other: Scenario) -> list[Change]:
    """Return the fields in which a scenario differs from the reference, in the order of the model.

    >>> from trialsim import load_scenario
    >>> changes(load_scenario("gist"), load_scenario("gist", ["design.looks.proof-of-concept.at.per_arm=20"]))
    [Change(path='design.looks.proof-of-concept.at.per_arm', own='18', other='20')]
    """
    one, two = (scenario.model_dump(mode="json", by_alias=True) for scenario in (reference, other))
    return list(_changes("", one, two))


def _changes(path: str, one: Any, two: Any) -> Iterator[Change]:
    if one == two:
        return
    one, two = _by_name(one), _by_name(two)
    if not (isinstance(one, dict) and isinstance(two, dict)):
        yield Change(path, _shown(one), _shown(two))
        return
    for key in dict.fromkeys((*one, *two)):
        is_word = key == "notes" or (key in _WORDS and path in ("", "design", "conduct"))
        if not is_word:
            yield from _changes(f"{path}.{key}".lstrip("."), one.get(key, _MISSING), two.get(key, _MISSING))


def _by_name(value: Any) -> Any:
    """Return a list of named things as a mapping."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        return {item["name"]: {key: part for key, part in item.items() if key != "name"} for item in value}
    return value


def _shown(value: Any) -> str:
    if value is _MISSING or value is None:
        return "–"
    said = {key: part for key, part in value.items() if part is not None} if isinstance(value, dict) else value
    return json.dumps(said, ensure_ascii=False)
