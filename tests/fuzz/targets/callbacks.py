"""Forged requests to the dashboard: any value for any component, as a browser would post it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from dash import Dash

from app import ids
from app.main import create_app
from app.settings import Settings
from app.state import State, as_data
from tests.app.test_security import UPDATE, body, callbacks
from tests.fuzz.mutation import as_text, of_data
from tests.fuzz.target import BrokenPromise, Target
from tests.fuzz.watch import ROOT

_STATE = as_data(
    State("simon-1989-20-40", changes=(("design.enrolment.cap", 40),), rates=(0.3,), view=(("n_sims", "10"),))
)
_ROUTE = {"path": "/sweep", "search": "?base=simon-1989-20-40&set=design.enrolment.cap%3D40", "n": 1}
_DRAWN = {"pins": [{"name": "a", **_STATE}, {"name": "b", **_STATE}], "v": 1, "n": 1}
_VALUES = [_STATE, _ROUTE, _DRAWN, 5, 0.5, "word", [1], True, {"v": 1, "pins": [{"name": "a", **_STATE}]}]
_INSIDE = ("Traceback", str(ROOT), "site-packages", 'File "')
_CARRIED = (ids.STATE, ids.ROUTE, ids.PINS)


class _Log(logging.Handler):
    """Keeps what the server says of its own faults."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.found.append(record)


@cache
def _app() -> Dash:
    return create_app(Settings(warm=False, store="no-such-folder/no.sqlite", allowed_hosts="*"))


@cache
def _callbacks() -> list[dict[str, Any]]:
    return callbacks(_app())


def seeds() -> list[bytes]:
    """Return which callback, whether all its values are forged or only what a link carries, and the values."""
    return [json.dumps([number % 40, number % 3 == 0, value]).encode() for number, value in enumerate(_VALUES * 5)]


def mutate(data: bytes, rng: Random) -> bytes:
    """Change the values; take another callback now and then."""
    number, is_all, value = json.loads(data)
    number = rng.randrange(40)
    try:
        value = json.loads(of_data(as_text(value), rng, _VALUES))
    except (ValueError, RecursionError):
        value = data.decode()
    return json.dumps([number, is_all, value]).encode()


def begin(_: Path) -> Callable[[bytes], None]:
    """Return what posts a request."""
    client, log = _app().server.test_client(), _Log()
    for name in ("trialsim.app", "app", "dash", "werkzeug"):
        logging.getLogger(name).addHandler(log)
        logging.getLogger(name).propagate = False
    _app().server.config["PROPAGATE_EXCEPTIONS"] = False

    def one(data: bytes) -> None:
        try:
            number, is_all, value = json.loads(data)
            number = int(number)
        except (ValueError, TypeError, OverflowError, RecursionError):
            return
        known = _callbacks()
        log.found.clear()
        wanted = body(known[number % len(known)], lambda name: value if is_all or _is_carried(name) else None)
        answer = client.post(UPDATE, json=wanted)
        text = answer.get_data(as_text=True)
        told = next((words for words in _INSIDE if words in text), None)
        if answer.status_code not in (200, 204, 413) or told is not None:
            raise BrokenPromise(f"a request is answered with {answer.status_code} {told}: {text[:300]}") from _cause(
                log
            )
        if log.found and not is_all and "NoneType" not in str(_cause(log)):
            raise BrokenPromise("what a link carries is a fault of the server") from _cause(log)

    return one


def _is_carried(name: Any) -> bool:
    return name in _CARRIED or (isinstance(name, dict) and name.get("t") == "own")


def _cause(log: _Log) -> BaseException | None:
    found = log.found[-1].exc_info if log.found else None
    return found[1] if found else None


TARGET = Target("callbacks", seeds, mutate, begin, limit_s=20.0)
