"""The form of what stands in a store: a seal tells of damage, not of somebody who can compute one."""

from __future__ import annotations

import json
import zlib
from typing import Any

from trialsim.errors import shown
from trialsim.store.faults import Broken

MOST_UNPACKED = 64 << 20
"""Bytes of the words of a result, once unpacked; thousands of times what any scenario makes."""
MOST_WHOLE = 2**63 - 1
MOST_LEVEL = 10**300
"""Of a level, unless it is infinite: so much can be drawn."""


def text_in(value: Any, what: str) -> str:
    """Return a word or sentence that can be shown anywhere.

    Raises
    ------
    Broken
        If it is no text, or would move a terminal's cursor.
    """
    if not isinstance(value, str) or shown(value) != value:
        raise Broken(f"{what} has another form")
    return value


def whole_in(value: Any, what: str) -> int:
    """Return a number of something.

    Raises
    ------
    Broken
        If it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_WHOLE:
        raise Broken(f"{what} has another form")
    return value


def level_in(value: Any) -> bool | int | float | str:
    """Return the level of a cell; what words hold is minded where they are shown.

    Raises
    ------
    Broken
        If it is neither a number nor a word.
    """
    if isinstance(value, str) or value is True or value is False:
        return value
    if isinstance(value, int | float) and (abs(value) <= MOST_LEVEL or abs(value) == float("inf")):
        return value
    raise Broken("a cell has another form")


def json_in(text: Any, kind: type, what: str) -> Any:
    """Return a list or a mapping from JSON.

    Raises
    ------
    Broken
        If it is none.
    """
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise Broken(f"{what} has another form") from None
    if not isinstance(found, kind):
        raise Broken(f"{what} has another form")
    return found


def unpacked(packed: Any, most: int = MOST_UNPACKED) -> bytes:
    """Return what was compressed, if it is not larger than anything that is ever kept.

    Raises
    ------
    ValueError
        If it is, or is damaged.
    """
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(packed, most)
    except (zlib.error, TypeError):
        raise ValueError("it cannot be unpacked") from None
    if not unpacker.eof:
        raise ValueError("it is not whole, or too large")
    return found
