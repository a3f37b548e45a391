"""`--set dotted.path=value`: changing any field of scenario or design before it is validated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from trialsim.errors import InputError, nearest
from trialsim.spec.yaml import read_yaml

Path = tuple[str | int, ...]
MOST_DIGITS = 9
"""Of the number of an item in a list; a longer word of digits is a name."""


@dataclass
class Override:
    """One change: where, what, and the words the user wrote."""

    path: Path
    value: Any
    text: str
    option: str = "--set"


def override_of(text: str) -> Override:
    """Return the override in `dotted.path=value`.

    Raises
    ------
    InputError
        If there is no `=`, a part of the path is empty, or the value is not YAML.

    >>> override_of("truths.0.response_rate=0.1").path
    ('truths', 0, 'response_rate')
    """
    dotted, equals, value = text.partition("=")
    parts = [part.strip() for part in dotted.split(".")]
    if not equals or not all(parts):
        raise InputError(f"--set {text}: write it as dotted.path=value, for example --set n_sims=1000.")
    try:
        data = read_yaml(value)[0]
    except yaml.YAMLError:
        raise InputError(
            f"--set {text}: {value!r} cannot be read as a value; quote words with special characters."
        ) from None
    return Override(path_of(dotted), data, text)


def path_of(dotted: str) -> Path:
    """Return a dotted path in parts: `truths.0.response_rate` is ("truths", 0, "response_rate")."""
    return tuple(int(part) if _is_number(part) else part for part in (piece.strip() for piece in dotted.split(".")))


def _is_number(part: str) -> bool:
    return part.isdecimal() and len(part) <= MOST_DIGITS


def apply_overrides(data: dict[str, Any], overrides: list[Override]) -> None:
    """Make the changes in place. Keys that no model knows are left for validation to refuse.

    Raises
    ------
    InputError
        If a path leads through a plain value, or to a list item that is not there.
    """
    for override in overrides:
        container: Any = data
        for depth, part in enumerate(override.path):
            is_last = depth == len(override.path) - 1
            key = _key(container, part, override)
            if is_last:
                container[key] = override.value
            elif isinstance(container, dict) and container.get(key) is None:
                container[key] = {}
            container = container[key]


def _key(container: Any, part: str | int, override: Override) -> str | int:
    """Return the key of `part` in a mapping, or the number of the list item that `part` numbers or names."""
    shown = f"{override.option} {override.text}"
    if isinstance(container, dict):
        return str(part)
    if not isinstance(container, list | tuple):
        raise InputError(f'{shown}: the path does not exist; what stands before "{part}" is a single value.')
    if isinstance(part, int) and part < len(container):
        return part
    names = [str(item.get("name")) for item in container if isinstance(item, dict)]
    if str(part) in names:
        return names.index(str(part))
    raise InputError(f'{shown}: the path does not exist; no item "{part}", {nearest(str(part), names)}.')
