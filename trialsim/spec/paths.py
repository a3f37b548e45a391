"""Dotted paths into a scenario: what stands there, and whether anything ever could."""

from __future__ import annotations

from functools import lru_cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from trialsim.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

MISSING = object()
"""What stands where nothing does."""


def value_at(part: Any, path: str) -> Any:
    """Return what stands at a path, or `MISSING`. Items of lists go by number or name.

    >>> from trialsim import load_scenario
    >>> value_at(load_scenario("gist"), "design.looks.proof-of-concept.at.per_arm")
    18
    """
    return _value(part, path.split("."))


def _value(part: Any, steps: Sequence[str]) -> Any:
    if not steps:
        return part
    if isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            if steps[0] == (field.alias or name):
                return _value(getattr(part, name), steps[1:])
        return MISSING
    for count in range(1, len(steps) + 1):  # names may hold dots
        inner = _item(part, ".".join(steps[:count]))
        found = MISSING if inner is MISSING else _value(inner, steps[count:])
        if found is not MISSING:
            return found
    return MISSING


def _item(part: Any, name: str) -> Any:
    if isinstance(part, dict):
        return part.get(name, MISSING)
    if isinstance(part, tuple):
        if name.isdecimal():
            return part[int(name)] if int(name) < len(part) else MISSING
        return next((item for item in part if getattr(item, "name", None) == name), MISSING)
    return MISSING


@lru_cache(maxsize=1024)
def check_path(model: type[BaseModel], path: str) -> None:
    """Check that a path could lead somewhere: that its fields are known, whatever names people have chosen.

    Raises
    ------
    ValueError
        If a field is unknown: with the nearest that is known.
    """
    kinds: list[Any] = [model]
    for step in path.split("."):
        kinds = [one for kind in kinds for one in _alternatives(kind)]
        models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        fields = {field.alias or name: field.annotation for part in models for name, field in part.model_fields.items()}
        own = [part.model_fields for part in models]
        inside = [f.annotation for known in own for name, f in known.items() if step == (f.alias or name)]
        chosen = [one for kind in kinds for one in _items(kind)]
        if not inside and not chosen:
            if models:
                raise ValueError(f'"{step}" is no field there; {nearest(step, fields)}')
            raise ValueError(f'nothing stands inside the value before "{step}"')
        kinds = inside + chosen


def _alternatives(kind: Any) -> list[Any]:
    """Return the types that a value may have, aliases and unions taken apart."""
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [found for each in get_args(kind) for found in _alternatives(each)]
    return [kind]


def _items(kind: Any) -> list[Any]:
    """Return the type of what is in a list or mapping; a name may hold dots, so that more of it may follow."""
    if kind is Any:
        return [Any]
    if get_origin(kind) is dict:
        return [get_args(kind)[1], *([] if _holds_parts(get_args(kind)[1]) else [kind])]
    if get_origin(kind) is tuple:
        return [one for one in get_args(kind) if one is not Ellipsis]
    return []


def _holds_parts(kind: Any) -> bool:
    return any(isinstance(one, type) and issubclass(one, BaseModel) for one in _alternatives(kind))
