"""What ships, as plain data to begin from: small, so that a million inputs take minutes."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from zlib import crc32

from tests.fuzz.mutation import as_text
from trialsim.spec.shipped import shipped_folder, shipped_names
from trialsim.spec.yaml import read_yaml

_LEFT_OUT = ("published", "source", "notes", "title")


def text_of(name: str, room: str) -> str:
    """Return the text of a design or scenario that ships."""
    return (shipped_folder(room) / f"{name}.yaml").read_text(encoding="utf-8")


@cache
def _json_of(name: str, room: str) -> str:
    return json.dumps(read_yaml(text_of(name, room))[0])


def data_of(name: str, room: str = "designs", *, is_whole: bool = False) -> dict[str, Any]:
    """Return the data of a design or scenario that ships; what only explains it is left out."""
    data = json.loads(_json_of(name, room))
    return {key: value for key, value in data.items() if is_whole or key not in _LEFT_OUT}


@cache
def donors() -> tuple[dict[str, Any], ...]:
    """Return all that ships, whole, to lend values from; nothing in it is to be changed."""
    scenarios_ = (data_of(name, "scenarios", is_whole=True) for name in shipped_names("scenarios"))
    return (*(data_of(name, is_whole=True) for name in shipped_names("designs")), *scenarios_)


def a_few() -> list[dict[str, Any]]:
    """Return designs of several kinds, the small ones several times: they are begun from most often."""
    small = ("simon-1989-20-40", "gehan-1961-20", "fleming-1982-20-40", "ahern-2001-20-40")
    names = ("gist-imatinib", "bryant-day-1995", "bop2-20-40-efficacy", "mander-2010-10-40-efficacy")
    return [data_of(name) for name in (*small * 5, *names)]


def plain() -> dict[str, Any]:
    """Return a scenario that names its design."""
    return {**data_of("simon-20-40", "scenarios"), "n_sims": 1000}


def whole() -> dict[str, Any]:
    """Return a scenario with its design in it, and two plans."""
    plans = [{"name": "a", "cap": 40}, {"name": "b", "cap": 45}]
    return {**plain(), "design": data_of("simon-1989-20-40"), "plans": plans}


def swept() -> dict[str, Any]:
    """Return a scenario with a sweep."""
    axes = {"design.enrolment.cap": {"as": "n", "from": 30, "to": 40}, "n_sims": {"values": [10, 20]}}
    return {**plain(), "vary": {**axes, "where": "n >= 32", "measures": ["p_stop"]}}


def scenarios() -> list[dict[str, Any]]:
    """Return scenarios of all kinds, the plain ones several times: they are begun from most often."""
    calendar = data_of("gist-calendar-sweep", "scenarios")
    narrative = {
        "aims": "To learn.",
        "estimand": {"population": "all"},
        "intercurrent_events": [{"event": "death", "strategy": "composite"}],
        "integrity": [{"look": "first stage", "who": "monitors", "sees": "responses"}],
        "rationale": {"design.enrolment.cap": "as planned"},
    }
    return [
        *[plain()] * 8,
        *[whole()] * 3,
        *[swept()] * 3,
        {**plain(), "narrative": narrative},
        data_of("gist-sweep", "scenarios"),
        calendar,
        {key: value for key, value in calendar.items() if key != "vary"},
    ]


def as_inputs(found: list[dict[str, Any]]) -> list[bytes]:
    """Return data as inputs: JSON, which YAML can read."""
    return [as_text(one) for one in found]


def one_in(n: int, data: bytes) -> bool:
    """Return whether an input is one of those, every n-th, with which a costly thing is tried too."""
    return crc32(data) % n == 0
