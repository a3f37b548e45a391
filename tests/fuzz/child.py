"""One process that tries inputs, and writes down what goes wrong; `tests.fuzz.__main__` starts and watches it."""

from __future__ import annotations

import hashlib
import importlib
import json
import mmap
import os
import re
import struct
import sys
import time
import traceback
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.fuzz.target import Target
from tests.fuzz.watch import ROOT, Watch

MOST_BYTES = 600_000
"""Of an input; more than any reader takes, so that their own limits are met."""
_HEAD = struct.Struct("<QQQQQd")
SLOT = _HEAD.size + MOST_BYTES
"""Bytes of the file that a child and its parent share."""
BEGINS, TRIES, RESTS = range(3)


class Batch(NamedTuple):
    """Inputs of a target: `n` of them, from number `start` on."""

    target: str
    start: int
    n: int


class Slot(NamedTuple):
    """Where a child is."""

    state: int
    """`BEGINS`: no input was tried yet; `TRIES`: an input is being tried; `RESTS`: between inputs."""
    batch: int
    """Number of the batch."""
    number: int
    """Number of the present, or else of the last, input."""
    n_faults: int
    length: int
    """Bytes of the input, which follows."""
    seconds: float
    """How long this batch took so far."""


def in_slot(path: Path) -> tuple[Slot, bytes]:
    """Return where a child is, and the last input that it began."""
    content = path.read_bytes()
    slot = Slot(*_HEAD.unpack_from(content))
    return slot, content[_HEAD.size : _HEAD.size + slot.length]


class Tries:
    """Tries inputs of a target, counts faults, and writes down the shortest input of each kind of fault."""

    def __init__(self, target: Target, watch: Watch, failures: Path | None, seed: int, start: int) -> None:
        self.target, self.seed, self.start = target, seed, start
        self.n_faults = 0
        self._watch, self._failures = watch, failures
        self._known: dict[str, int] = {}
        folder = Path(watch.folder) / target.name
        folder.mkdir(exist_ok=True)
        self._try = target.begin(folder)
        self.seeds = target.seeds()
        for first in self.seeds:
            self._try(first)  # what is imported late is imported now, unwatched

    def data(self, number: int) -> bytes:
        """Return an input; it depends on the seed, the target and its number alone."""
        rng = Random(f"{self.seed}/{self.target.name}/{number}")
        return self.target.mutate(rng.choice(self.seeds), rng)[:MOST_BYTES]

    def one(self, number: int, data: bytes) -> BaseException | None:
        """Try an input; return what went wrong, if anything did."""
        try:
            with self._watch.one(self.target.limit_s, self.target.is_closed):
                self._try(data)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.n_faults += 1
            kind = kind_of(error)
            if self._failures is not None and len(data) < self._known.get(kind, len(data) + 1):
                self._known[kind] = len(data)
                words = "".join(traceback.format_exception(error))
                save(self._failures, Batch(self.target.name, self.start, 0), self.seed, data, kind, number, words)
            return error
        return None


def kind_of(error: BaseException) -> str:
    """Return what faults with one root have in common: the error, and the last place of ours that it came through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(ROOT))]
    own = [f"{Path(one.filename).relative_to(ROOT)}:{one.name}" for one in frames if "fuzz" not in one.filename]
    words = re.sub(r"[0-9]+", "…", str(error).partition(":")[0])[:80]
    return f"{type(error).__name__} {own[-1] if own else ' '.join(words.split())}"


def save(folder: Path, batch: Batch, seed: int, data: bytes, kind: str, number: int, words: str) -> None:
    """Write an input down, and beside it what went wrong; no two children write to the same file."""
    digest = hashlib.sha256(kind.encode("utf-8", "replace")).hexdigest()[:8]
    name = f"{batch.target}-{digest}-{seed}-{batch.start}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.input").write_bytes(data)
    again = f"again: python -m tests.fuzz --again {folder / name}.input\n"
    text = f"{kind}\n{again}seed {seed}, input {number}\n\n{words}"
    (folder / f"{name}.txt").write_text(text, encoding="utf-8", errors="backslashreplace")


class Child:
    """Tries batches, one after the other, and keeps the slot."""

    def __init__(self, folder: Path) -> None:
        task = json.loads((folder / "task.json").read_text())
        self.failures, self.seed, self.end = Path(task["failures"]), task["seed"], task["end"]
        self.batches = [Batch(*one) for one in task["batches"]]
        self.watch = Watch(folder / "work")
        Path(self.watch.folder).mkdir(exist_ok=True)
        os.chdir(self.watch.folder)
        self._slot = mmap.mmap(os.open(folder / "slot", os.O_RDWR), SLOT)

    def prepared(self) -> list[Tries]:
        """Return what tries each batch, with everything imported."""
        return [Tries(target_of(one.target), self.watch, self.failures, self.seed, one.start) for one in self.batches]

    def one(self, index: int, tries: Tries, number: int, data: bytes, begun: float) -> None:
        """Try an input; what it is stands in the slot before."""
        self._slot[_HEAD.size : _HEAD.size + len(data)] = data
        rest = (index, number, tries.n_faults, len(data), time.monotonic() - begun)
        self._slot[: _HEAD.size] = _HEAD.pack(TRIES, *rest)
        tries.one(number, data)
        rest = (index, number, tries.n_faults, len(data), time.monotonic() - begun)
        self._slot[: _HEAD.size] = _HEAD.pack(RESTS, *rest)

    def plain(self) -> None:
        """Try all batches, as far as the time goes."""
        prepared = self.prepared()
        self.watch.start()
        for index, (batch, tries) in enumerate(zip(self.batches, prepared, strict=True)):
            begun = time.monotonic()
            for number in range(batch.start, batch.start + batch.n):
                self.one(index, tries, number, tries.data(number), begun)
                if time.time() > self.end:
                    return


def target_of(name: str) -> Target:
    """Return a target by its name."""
    found = importlib.import_module(f"tests.fuzz.targets.{name}").TARGET
    assert isinstance(found, Target)
    return found


def main(how: str, folder: Path) -> None:
    """Do what the task in a folder says."""
    child = Child(folder)
    if how == "guided":
        from tests.fuzz.guided import guided

        guided(child, folder)
    else:
        child.plain()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
