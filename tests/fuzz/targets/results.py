"""What a store says of a run: the scenario as JSON, and the tallies that a longer run goes on from."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz import shipped
from tests.fuzz.mutation import of_data, of_text
from tests.fuzz.target import Target, answered
from trialsim import Scenario, load_scenario, run
from trialsim.kept import Kept
from trialsim.spec.load import scenario_document, scenario_of
from trialsim.store import Sweep
from trialsim.sweep.single import engine_of, tallies_from
from trialsim.sweep.stored import differences, scenario_of_run

_SIZE = struct.Struct("<I")


@cache
def _simon() -> Scenario:
    return load_scenario("simon-20-40", ["n_sims=50"])


@cache
def _resolved() -> tuple[bytes, ...]:
    plain = [
        scenario_of(scenario_document(json.dumps(one), "a scenario"))
        for one in (shipped.plain(), shipped.whole(), shipped.swept())
    ]
    return tuple(one.model_dump_json(by_alias=True, exclude={"narrative"}).encode() for one in plain)


@cache
def _tallies() -> bytes:
    kept = Kept()
    run(_simon(), "montecarlo", kept=kept)
    return zlib.decompress(kept.as_bytes())


@cache
def _donors() -> list[dict[str, Any]]:
    return [json.loads(one) for one in _resolved()]


def seeds() -> list[bytes]:
    """Return scenarios as a store keeps them, and tallies."""
    return [*(b"scenario\n" + one for one in _resolved()), *[b"tallies\n" + _tallies()] * 3]


def mutate(data: bytes, rng: Random) -> bytes:
    """Change a scenario, the head of tallies, or their numbers."""
    kind, _, rest = data.partition(b"\n")
    if kind != b"tallies":
        return kind + b"\n" + of_data(rest, rng, _donors())
    end = _SIZE.size + _SIZE.unpack_from(rest)[0]
    head, body = rest[_SIZE.size : end], rest[end:]
    if rng.random() < 0.6:
        head = of_data(head, rng, ())
    if rng.random() < 0.4:
        body = of_text(body, rng)
    size = len(head) if rng.random() < 0.95 else rng.randrange(1 << 32)
    return kind + b"\n" + _SIZE.pack(size) + head + body


def begin(_: Path) -> Callable[[bytes], None]:
    """Return what tries a scenario or tallies."""

    def scenario(text: str) -> None:
        found = Sweep("0123456789abcdef", "fuzzed", (), text, 1, 1, 0, "2026-01-31T00:00:00Z", "0.1.0")
        answered(lambda: scenario_of_run(found))
        answered(lambda: engine_of(found))
        answered(lambda: differences(_simon(), text))

    def tallies(raw: bytes) -> None:
        kept = answered(lambda: tallies_from(zlib.compress(raw, 1), "the store"))
        if kept is not None and shipped.one_in(4, raw):
            answered(lambda: run(_simon(), "montecarlo", kept=kept))

    def one(data: bytes) -> None:
        kind, _, rest = data.partition(b"\n")
        if kind == b"tallies":
            tallies(rest)
        else:
            scenario(rest.decode("utf-8", "replace"))

    return one


TARGET = Target("results", seeds, mutate, begin)
