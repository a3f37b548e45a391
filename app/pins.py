"""Designs pinned for comparison: up to four states, each with a name; the first is the reference.

The browser keeps a visitor's own. A link may carry others: then the page shows those, and the visitor's own stay as
they are until the visitor pins a design.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from app.state import State, packed, state_of, unpacked
from app.state import as_data as state_data

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PINS = 4
MAX_NAME = 60
VERSION = 1
LETTERS = "ABCD"


class Pin(NamedTuple):
    """A design under comparison."""

    name: str
    state: State
    """Base, changes and rates; nothing of what pages remember."""


class Shelf(NamedTuple):
    """The pins that a page shows."""

    pins: tuple[Pin, ...]
    is_own: bool
    """Whether they are the visitor's own; otherwise they came with the link."""
    n_kept: int
    """How many of the visitor's own are kept besides."""
    problems: tuple[str, ...]
    """A sentence for each thing that could not be read."""


def pin_of(name: object, state: State) -> Pin:
    """Return a pin of a state under a tidied name.

    >>> pin_of("  20 per   arm ", State(view=(("truth", "active"),)))
    Pin(name='20 per arm', state=State(base='gist', packed='', changes=(), rates=(), view=(), pins=''))
    """
    words = "".join(letter if letter.isprintable() else " " for letter in str(name if isinstance(name, str) else ""))
    return Pin(" ".join(words.split())[:MAX_NAME].strip(), state._replace(view=(), pins=""))


def as_data(pins: Sequence[Pin]) -> dict[str, Any]:
    """Return pins as the browser keeps them."""
    kept = []
    for pin in pins:
        data = state_data(pin.state)
        own = {key: data[key] for key in ("base", "z", "set", "rates") if data[key]}
        kept.append({"name": pin.name, **own})
    return {"v": VERSION, "pins": kept}


def pins_of(data: object) -> tuple[tuple[Pin, ...], list[str]]:
    """Return the pins in what a browser or a link holds, and a sentence for each thing in it that makes no sense."""
    if data is None:
        return (), []
    found = data.get("pins") if isinstance(data, dict) and data.get("v") == VERSION else None
    if not isinstance(found, list):
        return (), ["The stored designs could not be read and were left aside."]
    pins, n_odd = [], 0
    for one in found:
        pin = pin_of(one.get("name"), state_of(one)) if isinstance(one, dict) else None
        if pin is None or not isinstance(one.get("base", ""), str):
            n_odd += 1
        else:
            pins.append(pin if pin.name else pin._replace(name="design"))
    problems = [f"Not all stored designs could be read; {n_odd} left aside."] if n_odd else []
    if len(pins) > MAX_PINS:
        problems.append(f"More than {MAX_PINS} designs were stored; the first {MAX_PINS} are shown.")
    return tuple(pins[:MAX_PINS]), problems


def in_link(pins: Sequence[Pin]) -> str:
    """Return pins as a link carries them; empty if there are none."""
    return packed(json.dumps(as_data(pins), ensure_ascii=False, separators=(",", ":"))) if pins else ""


def from_link(text: str) -> tuple[tuple[Pin, ...], list[str]]:
    """Return the pins that a link carries, and a sentence for each thing that could not be read."""
    if not text:
        return (), []
    try:
        data = json.loads(unpacked(text))
    except (ValueError, RecursionError):
        return (), ["The designs in the link are damaged and were left aside."]
    return pins_of(data if data is not None else "")


def shelf(state: State, stored: object) -> Shelf:
    """Return the pins to show: those of the link if it carries any, else the visitor's own.

    Parameters
    ----------
    state
        Of the address bar.
    stored
        What the browser keeps.
    """
    own, own_problems = pins_of(stored)
    linked, problems = from_link(state.pins)
    if linked and linked != own:
        return Shelf(linked, False, len(own), tuple(problems))
    return Shelf(own, True, len(own), (*problems, *own_problems))


def with_pin(pins: Sequence[Pin], pin: Pin) -> tuple[Pin, ...]:
    """Return the pins and one more.

    Raises
    ------
    ValueError
        If there is no room, or the same design is there already, in one sentence.
    """
    for one in pins:
        if one.state._replace(changes=()) == pin.state._replace(changes=()) and dict(one.state.changes) == dict(
            pin.state.changes
        ):
            raise ValueError(f"This design is pinned already, as “{one.name}”.")
    if len(pins) >= MAX_PINS:
        raise ValueError(f"{MAX_PINS} designs are pinned, and more do not fit; remove one on Compare first.")
    return (*pins, pin._replace(name=_free(pin.name, [one.name for one in pins])))


def renamed(pins: Sequence[Pin], names: Sequence[object]) -> tuple[Pin, ...]:
    """Return the pins under new names; one that is empty changes nothing.

    >>> [pin.name for pin in renamed([Pin("a", State()), Pin("b", State())], ["", "c"])]
    ['a', 'c']
    """
    if len(names) != len(pins):
        return tuple(pins)
    found: list[Pin] = []
    for pin, name in zip(pins, names, strict=True):
        wanted = pin_of(name, pin.state).name or pin.name
        found.append(pin._replace(name=_free(wanted, [one.name for one in found])))
    return tuple(found)


def without(pins: Sequence[Pin], number: int) -> tuple[Pin, ...]:
    """Return the pins without one of them."""
    return tuple(pin for n, pin in enumerate(pins) if n != number)


def as_reference(pins: Sequence[Pin], number: int) -> tuple[Pin, ...]:
    """Return the pins with one of them first."""
    return (*(pin for n, pin in enumerate(pins) if n == number), *without(pins, number))


def _free(name: str, taken: Sequence[str]) -> str:
    """Return a name that is not taken: itself, or with a number."""
    number, found = 2, name
    while found in taken:
        found, number = f"{name[: MAX_NAME - 5]} ({number})", number + 1
    return found
