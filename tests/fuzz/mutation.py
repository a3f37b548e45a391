"""From one input to another: of data, by its structure; of text, by its letters. The same `Random`, the same change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

HOSTILE_HTML = (
    "<fuzzed a=1>",
    '"><fuzzed>',
    "' fuzzed=1 x='",
    '" fuzzed="1',
    "</script><fuzzed>",
    "</title><fuzzed>",
    "</style><fuzzed>",
    "--><fuzzed>",
    "&lt;fuzzed&gt;",
    "<a href='javascript:fuzzed'>x</a>",
    "`${fuzzed}`",
)
_PLACES = (
    "../../../../../../etc/passwd",
    "/etc/passwd",
    "..\\..\\pyproject.toml",
    "../designs/gist-imatinib",
    *("//x/y", "~", "/dev/stdin", "/proc/self/environ", "file:///etc/passwd", "http://127.0.0.1:9/x", "con"),
    *(".", "..", "x.csv"),
)
_LETTERS = (
    *("a\x00b", "a\nb", "\ud800", "\udcff", "é", "e\u0301", "\u202eabc", "𝟙𝟚", "٣", "²", "名前", "\ufeff", "\u2028"),
    *("\x1b[2J", "\x9b2J", "😀" * 30),
)
_WORDS = (
    *("pooled", "none", "trial", "a + b", "a.b.0", "0", "-1", "01", " ", "", "kind", "__class__", "{0.__class__}"),
    *("%s%n", "1/3", "0/0", "5/3", "999999999/999999999", "1e999", "0x10", "1_0", "nan", "inf", ".inf", "true"),
    *("null", "no", "1:30", "=cmd|' /C calc'!A0", "$(id)", "; rm -rf x", "[" * 60, "9" * 5000, "x" * 300, "x" * 70_000),
    *("simon-1989-20-40", "gist-imatinib", "full_enrolment", "responses", "posterior", "any", "all", "table"),
    *("observed", "response_rate", "design.enrolment.cap"),
)
_COPIES = (1, 1, 1, 1, 2, 2, 2, 25, 25, 250)
NAMES = (*HOSTILE_HTML, *_PLACES, *_LETTERS, *_WORDS)
NUMBERS: tuple[Any, ...] = (
    *(0, -0.0, 1, -1, 2, 3, 0.5, 0.05, 0.999999, 1e-300, 5e-324, 1e308, -1e308, 1e16 + 1, 36.5),
    *(100, 2_000, 20_000, 20_001, 100_000, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, 1e5, -(10**12)),
    *(float("nan"), float("inf"), float("-inf")),
)
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [None], [[]], {"": None}, {"name": "a"}, {"kind": "responses"})
TOKENS = (
    *("&a ", "*a", "!!python/object/apply:os.system ", "!x ", "? ", "- ", ": ", "|", ">", "%YAML 1.3\n", "---\n"),
    *("...\n", "\t", "<<: ", "[", "]", "{", "}", '"', "'", "#", ",", "=", ".", "\r", "\x85", "\ufeff", "\\", "\x00"),
    *("&lt;", "%", "schema: trialsim.design/1\n", "schema: trialsim.scenario/1\n", "kind: table\n", "design: "),
    *("\n  ", "e9", "_"),
)


def of_data(data: bytes, rng: Random, donors: Sequence[Any]) -> bytes:
    """Change JSON by its structure, or text that is none by its letters; donors lend values."""
    try:
        found = json.loads(data.replace(b".nan", b"NaN").replace(b"-.inf", b"-Infinity").replace(b".inf", b"Infinity"))
    except (ValueError, RecursionError):
        return of_text(data, rng)
    if rng.random() < 0.05:
        return of_text(data, rng)
    holder = [found]
    try:
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 9))):
            _change(holder, rng, donors)
        return as_text(holder[0])
    except (RecursionError, ValueError):  # nested too deep, or numbers too long, for JSON
        return data


def as_text(data: Any) -> bytes:
    """Return data as JSON that YAML reads too."""
    text = json.dumps(data, ensure_ascii=False)
    text = text.replace("NaN", ".nan").replace("-Infinity", "-.inf").replace("Infinity", ".inf")
    return text.encode("utf-8", "surrogatepass")


def of_text(data: bytes, rng: Random) -> bytes:
    """Change text by a few letters, words or pieces."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(found) + 1)
        piece = found[at : at + rng.choice((1, 1, 3, 10, 100))]
        kind = rng.randrange(7)
        if kind == 0 and found:
            found[at % len(found)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            found[at:at] = rng.choice(TOKENS).encode()
        elif kind == 2:
            found[at:at] = rng.choice(NAMES).encode("utf-8", "surrogatepass")
        elif kind == 3:
            del found[at : at + len(piece)]
        elif kind == 4:
            found[at:at] = piece * rng.choice((1, 2, 40))
        elif kind == 5:
            found[at:at] = str(rng.choice(NUMBERS)).encode()
        else:
            found[at : at + 1] = bytes([rng.randrange(256)])
    return bytes(found[:280_000])


def _change(holder: list[Any], rng: Random, donors: Sequence[Any]) -> None:
    """Change the data in a list of one at one place."""
    container, key = _place(holder, rng)
    value, kind = container[key], rng.randrange(10)
    if kind <= 1:
        container[key] = _hostile(rng)
    elif kind == 2 and container is not holder:
        del container[key]
    elif kind == 3 and isinstance(container, dict):
        container[_other_key(str(key), rng, container)] = container.pop(key)
    elif kind == 4 and isinstance(container, dict):
        container[_other_key(str(key), rng, container)] = value
    elif kind == 4 and isinstance(container, list) and container is not holder:
        container[key:key] = [_copy(value) for _ in range(rng.choice(_COPIES))]
    elif kind == 5 and donors:
        source = [rng.choice(donors)]
        other, name = _place(source, rng)
        container[key] = _copy(other[name])
    elif kind == 6:
        other, name = _place(holder, rng)
        container[key] = _copy(other[name])
    elif kind == 7 and rng.random() < 0.3:
        for _ in range(rng.choice((1, 2, 5, 30))):
            container[key] = [container[key]] if rng.random() < 0.5 else {rng.choice(NAMES): container[key]}
    elif isinstance(value, bool) or value is None:
        container[key] = rng.choice((True, False, None, 0, "true"))
    elif isinstance(value, int | float):
        container[key] = _number(value, rng)
    elif isinstance(value, str):
        at = rng.randrange(len(value) + 1)
        container[key] = value[:at] + rng.choice((*NAMES, *TOKENS)) + value[at + rng.randrange(3) :]
    else:
        container[key] = _copy(rng.choice((*OTHERS, *NUMBERS)))


def _place(holder: list[Any], rng: Random) -> tuple[Any, Any]:
    """Return a container in the data and a key of it."""
    container: Any = holder
    key: Any = 0
    while isinstance(container[key], dict | list) and container[key] and rng.random() < 0.85:
        container = container[key]
        key = rng.choice(list(container)) if isinstance(container, dict) else rng.randrange(len(container))
    return container, key


def _hostile(rng: Random) -> Any:
    return _copy(rng.choice(rng.choice((NAMES, NUMBERS, OTHERS))))


def _number(value: float, rng: Random) -> Any:
    try:
        near = (value + 1, value - 1, value * 10, value / 10, -value, str(value), [value], 1 - value, int(value))
    except (OverflowError, ValueError):
        return rng.choice(NUMBERS)
    return rng.choice((*near, *NUMBERS))


def _other_key(key: str, rng: Random, container: dict[str, Any]) -> str:
    at = rng.randrange(len(key) + 1)
    return str(rng.choice((key[:at] + key[at + 1 :], key[:at] + "x" + key[at:], rng.choice(NAMES), *container)))


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(one) for key, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value
