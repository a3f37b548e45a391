"""No target, but a test of the fuzzer: inputs that do what none may, one of each kind. `tests.fuzz` leaves it out."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

from tests.fuzz.target import Target, answered
from trialsim.errors import InputError

KINDS = ("traceback", "long", "swallowed", "memory", "outside", "read", "words", "fine")
"""What an input may do; the rarer ones end or block the process."""
RARE = ("dies", "stuck")


def seeds() -> list[bytes]:
    """Return an input with which nothing is wrong."""
    return [b"fine"]


def mutate(_: bytes, rng: Random) -> bytes:
    """Return a kind by chance."""
    return rng.choice(RARE if rng.random() < 0.05 else KINDS).encode()


def begin(folder: Path) -> Callable[[bytes], None]:
    """Return what does as an input says."""

    def refused() -> None:
        raise InputError("what is wrong: Traceback")

    def one(data: bytes) -> None:
        match data.decode():
            case "traceback":
                raise KeyError("nothing")
            case "long":
                while True:
                    pass
            case "swallowed":
                with suppress(BaseException):
                    while True:
                        pass
            case "memory":
                bytearray(4 << 30)
            case "outside":
                (folder.parents[1] / "outside.txt").write_text("x")
            case "read":
                folder.parents[1].joinpath("task.json").read_text()
            case "words":
                answered(refused)
            case "dies":
                os._exit(3)
            case "stuck":
                sum(range(10**12))  # in C, where no signal is looked at

    return one


TARGET = Target("planted", seeds, mutate, begin, limit_s=0.2)
