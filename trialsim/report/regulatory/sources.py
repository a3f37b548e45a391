"""Which numbers a part of a scenario holds, and where somebody said that they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST = 160
"""Letters of a value in a row; what takes more is parted into rows of its own."""

MOST_SHOWN = 20
"""Items of a list that are written out."""

NO_SOURCE = "no source given"

_NO_NUMBERS = ("name", "states", "match", "sensitivity", "n_sims")
"""What holds no number of the model: names, what it is held against, how often it is simulated."""


class Entry(NamedTuple):
    """A value, or some that stand together, with its source."""

    path: str
    value: str
    source: str | None
    """None: nobody gave one."""


def entries(part: Any, path: str, sources: Mapping[str, str]) -> Iterator[Entry]:
    """Yield what is said in a part of a scenario, each value under the longest path that has a source.

    Parameters
    ----------
    part
        A validated part of a scenario, such as its conduct.
    path
        Where it stands, as `--set` takes it.
    sources
        From path to source; a source speaks for all that stands below its path.

    >>> list(entries({"400 mg": 0.5}, "truths.mixed.response_rate", {"truths.mixed": "guessed"}))
    [Entry(path='truths.mixed.response_rate', value='400 mg: 0.5', source='guessed')]
    """
    text = shown(part)
    has_deeper = any(key.startswith(f"{path}.") for key in sources)
    stands_alone = path in sources or hasattr(part, "name") or not _holds_blocks(part)
    inside = list(_inside(part, path, sources))
    if inside and (has_deeper or not stands_alone or len(text) > LONGEST):
        for where, value in inside:
            yield from entries(value, where, sources)
    elif text:
        yield Entry(path, text, source_of(path, sources))


def source_of(path: str, sources: Mapping[str, str]) -> str | None:
    """Return the source of a path, or of what it stands in; None: there is none."""
    while path:
        if path in sources:
            return sources[path]
        path = path.rpartition(".")[0]
    return None


def shown(value: Any) -> str:
    """Return a value in a line: numbers with up to six digits, what was left at its default left out.

    >>> shown({"after_days": (28.0, 84.0), "at_next_visit": False})
    'after_days: [28, 84], at_next_visit: false'
    """
    if isinstance(value, BaseModel | dict):
        return ", ".join(f"{key}: {_nested(inner)}" for key, inner in _said(value).items())
    return _nested(value)


def _nested(value: Any) -> str:
    if isinstance(value, BaseModel | dict):
        return "{" + shown(value) + "}"
    if isinstance(value, list | tuple):
        rest = f", … {len(value)} in all" if len(value) > MOST_SHOWN else ""
        return "[" + ", ".join(map(_nested, value[:MOST_SHOWN])) + rest + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _said(value: BaseModel | dict[str, Any]) -> dict[str, Any]:
    """Return what somebody wrote of a part, by the names of the YAML."""
    if isinstance(value, dict):
        return value
    fields = type(value).model_fields
    named = {name: (field.alias or name, getattr(value, name)) for name, field in fields.items()}
    return {key: own for name, (key, own) in named.items() if _is_said(value, name) and own is not None}


def _is_said(part: BaseModel, name: str) -> bool:
    return name in part.model_fields_set and name not in _NO_NUMBERS


def _inside(part: Any, path: str, sources: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield path and value of what stands in a part: what was said, and defaults that have a source."""
    if isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            where = f"{path}.{field.alias or name}"
            is_sourced = any(key == where or key.startswith(f"{where}.") for key in sources)
            value = getattr(part, name)
            if name not in _NO_NUMBERS and value is not None and (name in part.model_fields_set or is_sourced):
                yield where, value
    elif isinstance(part, dict):
        yield from ((f"{path}.{key}", value) for key, value in part.items())
    elif isinstance(part, list | tuple) and any(isinstance(item, BaseModel) for item in part):
        for index, item in enumerate(part):
            yield f"{path}.{getattr(item, 'name', index)}", item


def _holds_blocks(part: Any) -> bool:
    """Return whether a part holds parts, mappings or lists, so that its values deserve rows of their own."""
    if not isinstance(part, BaseModel | dict):
        return False
    return any(isinstance(value, BaseModel | dict | list | tuple) for value in _said(part).values())
