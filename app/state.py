"""What the address bar carries: a base, the changes to it, the true rates explored, and what each page remembers.

The changes are those of `--set` on the command line, so that a link, a command and a YAML file say the same.
"""

from __future__ import annotations

import json
import math
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

DEFAULT_BASE = "gist"
MAX_TEXT = 256_000
"""Bytes of an uploaded text, once unpacked."""
MAX_CHANGES, MAX_LETTERS, MAX_RATES, MAX_VIEW = 200, 300, 16, 40


class State(NamedTuple):
    """What a link says."""

    base: str = DEFAULT_BASE
    """Name of a scenario or design that ships."""
    packed: str = ""
    """An uploaded YAML instead, compressed."""
    changes: tuple[tuple[str, Any], ...] = ()
    """Dotted path and value of each change."""
    rates: tuple[float, ...] = ()
    """True rate of each arm as explored; empty: none was chosen."""
    view: tuple[tuple[str, str], ...] = ()
    """What pages remember."""
    pins: str = ""
    """The designs pinned for comparison (`app.pins`), compressed."""

    def seen(self, key: str, default: str = "") -> str:
        """Return what a page remembers under a key."""
        return dict(self.view).get(key, default)


def state_of(data: object) -> State:
    """Return the state in the browser's store, whatever it holds: what makes no sense is left out."""
    if not isinstance(data, dict):
        return State()
    base, packed, changes, rates, view, pins = (data.get(key) for key in ("base", "z", "set", "rates", "view", "pins"))
    return State(
        base if isinstance(base, str) and base else DEFAULT_BASE,
        packed if isinstance(packed, str) else "",
        tuple(_changes(changes)) if isinstance(changes, dict) else (),
        tuple(_rates(rates)) if isinstance(rates, list) else (),
        tuple(
            (str(key)[:MAX_LETTERS], str(value)[:MAX_LETTERS])
            for key, value in list(view.items() if isinstance(view, dict) else ())[:MAX_VIEW]
            if isinstance(value, str | int | float)
        ),
        pins if isinstance(pins, str) else "",
    )


def as_data(state: State) -> dict[str, Any]:
    """Return the state as the browser keeps it: what `state_of` reads."""
    return {
        "base": state.base,
        "z": state.packed,
        "set": dict(state.changes),
        "rates": list(state.rates),
        "view": dict(state.view),
        "pins": state.pins,
    }


def query_of(state: State) -> str:
    """Return the state as the query of an address; empty for the default.

    >>> query_of(State(changes=(("design.enrolment.cap", 147),), rates=(0.05, 0.3)))
    '?set=design.enrolment.cap%3D147&rates=0.05%2C0.3'
    """
    pairs = [("base", state.base)] if state.base != DEFAULT_BASE and not state.packed else []
    pairs += [("z", state.packed)] if state.packed else []
    pairs += [("set", f"{path}={json.dumps(value)}") for path, value in state.changes]
    pairs += [("rates", ",".join(f"{rate:g}" for rate in state.rates))] if state.rates else []
    pairs += [(f"v.{key}", value) for key, value in state.view]
    pairs += [("pins", state.pins)] if state.pins else []
    return f"?{urlencode(pairs)}" if pairs else ""


def from_query(query: str | None) -> tuple[State, list[str]]:
    """Return the state in the query of an address, and a sentence for each part that could not be read.

    >>> from_query("?set=design.enrolment.cap%3D147")[0].changes
    (('design.enrolment.cap', 147),)
    """
    data: dict[str, Any] = {"set": {}, "view": {}}
    problems: list[str] = []
    try:
        pairs = parse_qsl((query or "").removeprefix("?"), keep_blank_values=True, max_num_fields=500)
    except ValueError:
        return State(), ["The link has too many parts and was left aside."]
    for key, text in pairs:
        problem = _read(data, key, text)
        if problem:
            problems.append(problem)
    return state_of(data), problems


def _read(data: dict[str, Any], key: str, text: str) -> str | None:
    """Put one part of a query into the data; return a sentence if it cannot be read."""
    if key in ("base", "z", "pins"):
        data[key] = text
    elif key == "rates":
        parts = text.split(",")
        try:
            rates = [float(part) for part in parts]
        except ValueError:
            rates = [math.nan]
        if not all(0 <= rate <= 1 for rate in rates):
            return f"The link's true rates were left aside: “{_short(text)}” are not rates from 0 to 1."
        data["rates"] = rates
    elif key == "set":
        path, equals, value = text.partition("=")
        try:
            data["set"][path] = json.loads(value, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return f"A change in the link was left aside: “{_short(text)}” is not path=value."
        if not equals or not path:
            return f"A change in the link was left aside: “{_short(text)}” is not path=value."
    elif key.startswith("v."):
        data["view"][key[2:]] = text
    else:
        return f"A part of the link was left aside: nobody knows “{_short(key)}”."
    return None


def packed(text: str) -> str:
    """Return a text as it fits into an address."""
    return urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def unpacked(text: str) -> str:
    """Return the text that `packed` was given.

    Raises
    ------
    ValueError
        If it is none, or too long, in one sentence.
    """
    decompressor, plain = zlib.decompressobj(), b""
    try:
        plain = decompressor.decompress(urlsafe_b64decode(text + "=" * (-len(text) % 4)), MAX_TEXT + 1)
        found = plain.decode("utf-8") if decompressor.eof else None
    except (ValueError, zlib.error):  # not base64, not compressed, not text
        found = None
    if len(plain) > MAX_TEXT:
        raise ValueError("The file in the link is too large.")
    if found is None:
        raise ValueError("The file in the link is damaged.")
    return found


def _changes(changes: dict[Any, Any]) -> list[tuple[str, Any]]:
    kept = []
    for path, value in list(changes.items())[:MAX_CHANGES]:
        if isinstance(path, str) and 0 < len(path) <= MAX_LETTERS and len(json.dumps(value)) <= MAX_TEXT:
            kept.append((path, value))
    return kept


def _rates(rates: list[Any]) -> list[float]:
    is_rate = [isinstance(rate, int | float) and not isinstance(rate, bool) and 0 <= rate <= 1 for rate in rates]
    return [float(rate) for rate in rates] if all(is_rate) and len(rates) <= MAX_RATES else []


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
