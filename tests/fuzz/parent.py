"""Shares inputs out to processes, and ends and replaces those that hang or die; none of their inputs is tried twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from tests.fuzz.child import BEGINS, SLOT, TRIES, Batch, Slot, in_slot, save
from tests.fuzz.watch import ROOT

PIECE = 20_000
"""Inputs of a batch at most; a target has several, so that all targets go on side by side."""
START_S = 120.0
"""Seconds of processor time that a process may take to import and to try the first inputs."""
ASLEEP = 10
"""By how much longer a process may sleep, or a busy machine may keep it waiting."""
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where small files are written quickest; None: where all temporary files are."""
_PLAIN = {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}


@dataclass
class Tally:
    """What came of the inputs of a target."""

    n: int = 0
    seconds: float = 0.0
    n_faults: int = 0
    kinds: dict[str, Path] = field(default_factory=dict)
    """The kinds of its faults, each with the file that tells of it."""


@dataclass(frozen=True)
class Plan:
    """How inputs are tried."""

    seed: int
    seconds: float
    """After which no further input is begun."""
    failures: Path
    jobs: int = 1
    how: str = "plain"
    """Or "guided"."""
    hang_s: float = 60.0
    """Seconds of processor time without a sign of an input after which its process is ended."""
    at_once: int = 1
    """Batches of a process, which imports everything for all of them."""


class _Worker:
    """A process, its folder and its batches."""

    def __init__(self, plan: Plan, batches: list[Batch], end: float) -> None:
        self.plan, self.batches = plan, batches
        self.counted: dict[int, tuple[int, float, int]] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="trialsim-fuzz-", dir=IN_MEMORY, ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        task = {"batches": batches, "failures": str(plan.failures), "seed": plan.seed, "end": end}
        (self.folder / "task.json").write_text(json.dumps(task))
        (self.folder / "slot").write_bytes(bytes(SLOT))
        self._errors = (self.folder / "errors").open("wb")
        program = [sys.executable, "-m", "tests.fuzz.child", plan.how, str(self.folder)]
        own = {**os.environ, **_PLAIN, "TMPDIR": str(self.folder)}
        self.process = subprocess.Popen(program, cwd=ROOT, env=own, stdout=self._errors, stderr=self._errors)
        self._seen: tuple[Slot, float, float] = (self.slot()[0], time.monotonic(), 0.0)

    def slot(self) -> tuple[Slot, bytes]:
        """Return where the process is."""
        return in_slot(self.folder / "slot")

    def hangs(self) -> bool:
        """Return whether the process has shown no sign for too long."""
        slot, (last, since, used) = self.slot()[0], self._seen
        own = _processor_s(self.process.pid)
        if (slot.state, slot.batch, slot.number) != (last.state, last.batch, last.number):
            self._seen = (slot, time.monotonic(), own)
            return False
        limit = START_S if slot.state == BEGINS else self.plan.hang_s
        return own - used > limit or time.monotonic() - since > ASLEEP * limit

    def errors(self) -> str:
        """Return what the process has said at last."""
        return (self.folder / "errors").read_text("utf-8", "replace")[-4000:]

    def close(self) -> None:
        """End the process and remove its folder."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._errors.close()
        self._folder.cleanup()


class Parent:
    """Tries inputs of several targets."""

    def __init__(self, plan: Plan, wanted: dict[str, int]) -> None:
        self.plan, self.wanted = plan, wanted
        self.tallies = {name: Tally() for name in wanted}
        n_pieces = 1 if plan.how == "guided" else 1 + max(wanted.values()) // PIECE
        pieces = [_pieces(name, n, n_pieces if n > n_pieces else 1) for name, n in wanted.items()]
        self._queue = deque(batch for row in zip_longest(*pieces) for batch in row if batch)
        self._workers: list[_Worker] = []
        self._end = 0.0

    def run(self, told: Callable[[dict[str, Tally], float], None] = lambda *_: None) -> dict[str, Tally]:
        """Try them all, or as many as the time allows; `told` is given the tallies and the seconds so far."""
        begun, self._end = time.monotonic(), time.time() + self.plan.seconds
        try:
            while (self._queue and time.time() < self._end) or self._workers:
                self._start()
                time.sleep(0.05)
                for worker in list(self._workers):
                    self._look_after(worker)
                told(self.tallies, time.monotonic() - begun)
        finally:
            for worker in self._workers:
                worker.close()
        self._collect(begun)
        return self.tallies

    def _start(self) -> None:
        while self._queue and len(self._workers) < self.plan.jobs and time.time() < self._end:
            n = min(self.plan.at_once, len(self._queue))
            self._workers.append(_Worker(self.plan, [self._queue.popleft() for _ in range(n)], self._end))

    def _look_after(self, worker: _Worker) -> None:
        code, is_stuck = worker.process.poll(), worker.hangs()
        slot, data = worker.slot()
        self._count(worker, slot)
        if code is None and not is_stuck:
            return
        self._workers.remove(worker)
        if is_stuck and code is None:
            worker.process.kill()
            code = worker.process.wait()
        if is_stuck or code != 0:
            self._blame(worker, slot, data, "hangs" if is_stuck else f"ends its process ({code})")
        worker.close()

    def _count(self, worker: _Worker, slot: Slot) -> None:
        """Add to the tallies what the process has done since it was looked at last."""
        for index in range(slot.batch + 1 if slot.state != BEGINS else 0):
            batch = worker.batches[index]
            is_past = index < slot.batch
            before = worker.counted.get(index, (0, 0.0, 0))
            n = batch.n if is_past else slot.number - batch.start + (slot.state != TRIES)
            now = (n, before[1] if is_past else slot.seconds, before[2] if is_past else slot.n_faults)
            tally = self.tallies[batch.target]
            tally.n += now[0] - before[0]
            tally.seconds += now[1] - before[1]
            tally.n_faults += now[2] - before[2]
            worker.counted[index] = now

    def _blame(self, worker: _Worker, slot: Slot, data: bytes, what: str) -> None:
        """Write down the input at which a process ended, and let another go on behind it."""
        batch = worker.batches[slot.batch]
        tally = self.tallies[batch.target]
        tally.n_faults += 1
        if slot.state == BEGINS:
            names = ", ".join(dict.fromkeys(one.target for one in worker.batches))
            save(self.plan.failures, batch, self.plan.seed, b"", f"{names}: {what} at the start", 0, worker.errors())
            return
        save(self.plan.failures, batch, self.plan.seed, data, f"an input {what}", slot.number, worker.errors())
        tally.n += slot.state == TRIES
        done = slot.number + 1 - batch.start
        left = Batch(batch.target, batch.start + done, batch.n - done)
        self._queue.extendleft([*worker.batches[: slot.batch : -1], *([left] if left.n > 0 else [])])

    def _collect(self, begun: float) -> None:
        """Find what the children have written down in this run."""
        since = time.time() - (time.monotonic() - begun) - 1.0
        for told in sorted(self.plan.failures.glob("*.txt")):
            target = told.name.partition("-")[0]
            if target in self.tallies and told.stat().st_mtime >= since:
                self.tallies[target].kinds.setdefault(told.read_text("utf-8").partition("\n")[0], told)


def _processor_s(pid: int) -> float:
    """Return the processor time of a process so far, in seconds; 0 if it has ended."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def shared_out(n: int, shares: dict[str, int]) -> dict[str, int]:
    """Return how many of `n` inputs each target gets: at least one, and `n` in all where there are enough.

    >>> shared_out(10, {"a": 3, "b": 1})
    {'a': 8, 'b': 2}
    """
    whole = sum(shares.values())
    ends = [round(n * sum(list(shares.values())[: k + 1]) / whole) for k in range(len(shares))]
    return {name: max(1, end - begin) for name, begin, end in zip(shares, [0, *ends], ends, strict=False)}


def _pieces(name: str, n: int, pieces: int) -> Sequence[Batch]:
    ends = [n * (k + 1) // pieces for k in range(pieces)]
    return [Batch(name, begin, end - begin) for begin, end in zip([0, *ends], ends, strict=False)]
