"""Mutation led by the branches that inputs reach: atheris, where somebody has installed it; nothing else needs it."""

from __future__ import annotations

import importlib
import pkgutil
import struct
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.fuzz.child import MOST_BYTES
from tests.fuzz.mutation import of_text
from tests.fuzz.targets import GUIDED

if TYPE_CHECKING:
    from tests.fuzz.child import Child


def _import_kernels() -> None:
    """Import what numba compiles before anything is instrumented: it cannot compile what atheris puts in."""
    import trialsim.kernels

    for found in pkgutil.iter_modules(trialsim.kernels.__path__, "trialsim.kernels."):
        importlib.import_module(found.name)


def guided(child: Child, folder: Path) -> None:
    """Try the one batch of a child: what reaches a new branch is changed further. Never returns.

    The modules are imported here for the first time, under the eyes of atheris, before any target is.
    """
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    (batch,) = child.batches
    _import_kernels()
    with atheris.instrument_imports(include=list(GUIDED[batch.target]), enable_loader_override=False):
        for package in GUIDED[batch.target]:
            importlib.import_module(package)
        (tries,) = child.prepared()
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, data in enumerate(tries.seeds):
        (corpus / f"{number:04}").write_bytes(data)
    child.watch.start()
    begun, number = time.monotonic(), batch.start

    def one(data: bytes) -> None:
        nonlocal number
        child.one(0, tries, number, data[:MOST_BYTES], begun)
        number += 1

    def changed(data: bytes, most: int, seed: int) -> bytes:
        rng = Random(seed)
        if rng.random() < 0.1:
            return bytes(atheris.Mutate(data, most)[:most])
        try:
            return tries.target.mutate(data, rng)[:most]
        except (ValueError, IndexError, TypeError, struct.error):  # what was cut is of no form that it knows
            return of_text(data, rng)[:most]

    seconds = max(1, int(child.end - time.time()))
    options = [f"-runs={batch.n}", f"-seed={child.seed + batch.start + 1}", f"-max_total_time={seconds}"]
    options += [f"-max_len={MOST_BYTES}", "-timeout=600", "-rss_limit_mb=0", "-detect_leaks=0"]
    options += ["-verbosity=0", "-reload=0", "-len_control=0", "-print_final_stats=0"]
    atheris.Setup(["fuzz", *options, str(corpus)], one, custom_mutator=changed)
    atheris.Fuzz()
