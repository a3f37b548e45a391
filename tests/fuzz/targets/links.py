"""What a browser brings to the dashboard: the query of an address, the designs it keeps, a file dropped on the page."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode

from app.actions import _file
from app.pins import Pin, as_data, in_link, pins_of, shelf
from app.service import Service
from app.settings import Settings
from app.shell import page
from app.state import State, from_query, packed, query_of
from tests.fuzz import shipped
from tests.fuzz.mutation import NAMES, NUMBERS, OTHERS, as_text, of_data, of_text
from tests.fuzz.target import Target, answered, check_sentence
from trialsim.spec.shipped import shipped_names

_CHANGES = (("design.enrolment.cap", 40), ("design.looks.0.continue_if.rule.at_least", 5), ("truths.0.notes", "<b>"))
_PATHS = ("/", "/simulate", "/sweep", "/compare", "/replay", "/designs", "/no/such")


class _Harmless:
    """Stands for the process of bounded time and memory, which has tests of its own; here the fuzzer sets bounds."""

    def check(self, text: str) -> None:
        """Find nothing wrong."""

    def start(self) -> None:
        """Start nothing."""


@cache
def _service() -> Service:
    service = Service(Settings(warm=False, store="no-such-folder/no.sqlite"))
    service.reader = _Harmless()  # type: ignore[assignment]
    return service


@cache
def _uploaded() -> str:
    return as_text(shipped.whole()).decode()


def seeds() -> list[bytes]:
    """Return links, what browsers keep, and uploads."""
    plain = State("simon-1989-20-40", changes=_CHANGES, rates=(0.3,), view=(("truth", "active"), ("n_sims", "1000")))
    pins = (Pin("a", plain._replace(view=())), Pin("b", State("fleming-1982-20-40")))
    found = [query_of(plain), query_of(State(packed=packed(_uploaded()))), query_of(plain._replace(pins=in_link(pins)))]
    found += ["?base=simon-1989-20-40", json.dumps(as_data(pins))]
    upload = b64encode(_uploaded().encode()).decode()
    return [*(one.encode() for one in found), f"data:text/yaml;base64,{upload}".encode()]


def mutate(data: bytes, rng: Random) -> bytes:
    """Change letters; or a part of a link, unpacked and packed again; or the data, or the file."""
    if rng.random() < 0.2:
        return of_text(data, rng)
    if data.startswith(b"data:"):
        return b"data:text/yaml;base64," + b64encode(of_data(_uploaded().encode(), rng, shipped.donors()))
    if data.startswith(b"{"):
        return of_data(data, rng, ())
    pairs = parse_qsl(data.decode().removeprefix("?"), keep_blank_values=True)
    at = rng.randrange(len(pairs))
    key, text = pairs[at]
    pairs[at] = (key, _other(key, text, rng)) if rng.random() < 0.9 else (str(rng.choice(NAMES)), text)
    if rng.random() < 0.3:
        pairs.append(("set", f"{rng.choice(_CHANGES)[0]}={_json(rng.choice(rng.choice((NAMES, NUMBERS, OTHERS))))}"))
    return f"?{urlencode(pairs, errors='replace')}".encode()


def _other(key: str, text: str, rng: Random) -> str:
    if key == "z":
        return packed(of_data(_uploaded().encode(), rng, shipped.donors()).decode("utf-8", "replace"))
    if key == "set" and rng.random() < 0.7:
        path, _, value = text.partition("=")
        value = _json(rng.choice(rng.choice((NAMES, NUMBERS, OTHERS)))) if rng.random() < 0.7 else value
        return f"{path if rng.random() < 0.7 else rng.choice(NAMES)}={value}"
    if key == "base" and rng.random() < 0.7:
        return str(rng.choice(NAMES)) if rng.random() < 0.8 else "gehan-1961-20"
    return of_text(text.encode(), rng).decode("utf-8", "replace")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)  # half letters can be sent in no other way


def begin(_: Path) -> Callable[[bytes], None]:
    """Return what tries what a browser brings."""
    for path in _PATHS:
        page(_service(), path, "?base=simon-1989-20-40")  # so that all is imported that is imported late

    def one(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        if text.startswith("data:"):
            answered(lambda: _service().uploaded(*_file(text, text[:99])))
        elif text.startswith("{"):
            _keeps(text)
        else:
            _links(text, shipped.one_in(40, data))

    return one


def _keeps(text: str) -> None:
    """Try what a browser keeps, or says that it keeps."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    pins, problems = pins_of(data)
    _check(problems)
    assert pins_of(json.loads(json.dumps(as_data(pins)))) == (pins, []), "what is kept is read again as something else"
    assert not pins or shelf(State(pins=in_link(pins)), None).pins == pins, "a link carries other designs"


def _links(query: str, is_shown: bool) -> None:
    state, problems = from_query(query)
    _check(problems)
    _check(shelf(state, None).problems)
    service = _service()
    is_large = state.base not in shipped_names("designs") and not state.packed
    if (is_shown or not is_large) and answered(lambda: service.scenario(state)) is not None:
        answered(lambda: service.command_of("explore", state))
        if is_shown:
            answered(lambda: service.yaml_of("explore", state))
    if is_shown and not state.packed and not is_large:
        _, data, told = page(service, _PATHS[len(query) % len(_PATHS)], query)
        assert from_query(query_of(State(**_fields(data))))[1] == [], "a state of ours makes a link that is none"
        _check(_words(told))


def _fields(data: dict[str, Any]) -> dict[str, Any]:
    pairs = {"base": data["base"], "packed": data["z"], "rates": tuple(data["rates"]), "pins": data["pins"]}
    return {**pairs, "changes": tuple(data["set"].items()), "view": tuple(data["view"].items())}


def _words(told: Any) -> Iterator[str]:
    for alert in told or ():
        yield str(alert.children)


def _check(problems: Any) -> None:
    """Check that what is told of a link is a sentence; letters that do not print stand in what it quotes."""
    for problem in problems:
        check_sentence("".join(letter if letter.isprintable() else "?" for letter in problem))


TARGET = Target("links", seeds, mutate, begin)
