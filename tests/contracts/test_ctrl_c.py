"""Ctrl-C in every phase of a command: one sentence, the old file as it was, the store whole, no traceback.

The signal is a real one, sent by the program to itself at the moment that a certain function is called.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.in_process import called
from tests.contracts.test_environment_faults import SIMON, WRITERS, in_a_process, sentence_of, small_sweep
from tests.contracts.test_store_faults import is_whole
from trialsim.store import open_store


@contextlib.contextmanager
def ctrl_c_at(place: str) -> Iterator[list[str]]:
    """Send ourselves the signal of Ctrl-C when a function ("module:name", or "c:name") is called for the first time."""
    module, _, name = place.rpartition(":")
    sent: list[str] = []

    def watch(frame: Any, event: str, argument: Any) -> None:
        if event == "call" and module != "c":
            is_there = frame.f_code.co_name == name and frame.f_globals.get("__name__") == module
        else:
            is_there = event == "c_call" and module == "c" and argument.__name__ == name
        if is_there and not sent:
            sent.append(place)
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.setprofile(watch)
    try:
        yield sent
    except KeyboardInterrupt:
        pytest.fail(f"Ctrl-C in {place} was not heard by the command line")
    finally:
        sys.setprofile(None)
        signal.signal(signal.SIGINT, before)


RUN = ("run", SIMON, "--n-sims", "2000", "--jobs", "1", "--out", "out.json", "--store", "kept.sqlite")
PHASES = [
    ("trialsim.spec.load:load_scenario", RUN),
    ("trialsim.compile:compile_design", RUN),
    ("trialsim.engines.exact:solve", RUN),
    ("trialsim.engines.montecarlo:simulate", RUN),
    ("trialsim.oc.table:table", RUN),
    ("trialsim.report.document:as_json", RUN),
    ("trialsim.files:write_text", RUN),
    ("c:replace", RUN),
    ("trialsim.sweep.single:keep_run", RUN),
    ("trialsim.store.results:put", RUN),
    (
        "trialsim.engines.calendar:simulate_trials",
        ("run", "gist", "--n-sims", "20", "--jobs", "1", "--no-save", "--out", "out.json"),
    ),
    ("trialsim.report.check:explanation", ("check", SIMON)),
    ("trialsim.engines.exact:solve", ("validate", SIMON)),
    ("trialsim.search.simon:best_designs", WRITERS["search"]),
    ("trialsim.comparison.designs:compare", WRITERS["compare"]),
    ("c:replace", WRITERS["report"]),
    ("trialsim.replay:replay", WRITERS["replay"]),
    ("trialsim.report.boundary_document:rendered", ("boundaries", SIMON, "--format", "json")),
]


@pytest.mark.parametrize(("place", "words"), PHASES, ids=[f"{words[0]} {place}" for place, words in PHASES])
def test_ctrl_c_in_every_phase_is_one_sentence_and_leaves_whole_files(
    place: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    small_sweep(tmp_path)
    for name in ("out.json", "out.html"):
        (tmp_path / name).write_text("old")
    with ctrl_c_at(place) as sent:
        ran = called(tmp_path, *words)
    assert sent == [place]
    assert ran.code == 1
    assert ran.err.strip().splitlines()[-1] == "trialsim: stopped; no file is left half-written."
    assert "Traceback" not in ran.err
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]
    if place not in ("trialsim.sweep.single:keep_run", "trialsim.store.results:put"):
        assert (tmp_path / "out.json").read_text() == "old"
    if (store := tmp_path / "kept.sqlite").exists():
        with open_store(store, read_only=True) as kept:
            assert kept.sweeps() == []
        assert is_whole(store)


def test_ctrl_c_while_the_program_is_loaded_is_no_traceback(tmp_path: Path) -> None:
    code = (
        "import os, runpy, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'click.core': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "sys.argv = ['trialsim', 'list']\n"
        "runpy.run_module('trialsim', run_name='__main__')\n"
    )
    ran = in_a_process(tmp_path, code)
    assert sentence_of(ran, 1, -signal.SIGINT) == "trialsim: stopped; no file is left half-written."
