"""The fuzzer finds what is planted, and a little of it finds nothing in the library."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.__main__ import main, table
from tests.fuzz.child import Batch, save
from tests.fuzz.mutation import of_data, of_text
from tests.fuzz.parent import Parent, Plan, shared_out
from tests.fuzz.targets import GUIDED, SHARES

PLANTED = 5
"""A seed under which the planted target has one input that ends its process, and one that blocks it."""


def test_every_kind_of_planted_fault_is_found_and_no_input_is_tried_twice(tmp_path: Path) -> None:
    plan = Plan(PLANTED, 60.0, tmp_path / "found", hang_s=1.0)
    tally = Parent(plan, {"planted": 40}).run()["planted"]
    kinds = "\n".join(tally.kinds)
    for words in (
        "KeyError",
        "TooLongError more processor time",
        "TooLongError more than",
        "MemoryError",
        "BrokenPromise written",
        "BrokenPromise read",
        "BrokenPromise speaks of its inside",
        "an input hangs",
        "an input ends its process (3)",
    ):
        assert words in kinds, words
    assert tally.n == 40
    n_fine = sum(_planted(PLANTED, number) == b"fine" for number in range(40))
    assert tally.n_faults == 40 - n_fine
    assert not list(tmp_path.glob("outside*"))


def _planted(seed: int, number: int) -> bytes:
    from tests.fuzz.targets.planted import mutate

    rng = Random(f"{seed}/planted/{number}")
    rng.choice([b"fine"])
    return mutate(b"fine", rng)


def test_what_was_found_can_be_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import subprocess
    import sys

    from tests.fuzz.watch import ROOT

    save(tmp_path, Batch("planted", 0, 1), 1, b"traceback", "KeyError", 0, "words")
    (found,) = tmp_path.glob("*.input")
    again = [sys.executable, "-m", "tests.fuzz", "--again", str(found)]
    ran = subprocess.run(again, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, "KeyError: 'nothing'" in ran.stderr) == (1, True)
    with pytest.raises(SystemExit):
        main(["no-such-target"])
    assert "accepted: designs" in capsys.readouterr().err


def test_inputs_are_shared_out_and_told() -> None:
    shares = shared_out(1_000_000, SHARES)
    assert sum(shares.values()) == 1_000_000
    assert shares.keys() == GUIDED.keys()
    assert min(shared_out(9, SHARES).values()) == 1
    assert "in all" in table({})


def test_the_same_number_is_the_same_input() -> None:
    data = json.dumps({"a": [1, "x", {"b": None}], "c": 0.5}).encode()
    for change in (lambda rng: of_data(data, rng, [{"d": 1}]), lambda rng: of_text(data, rng)):
        found = [change(Random(number)) for number in range(200)]
        assert found == [change(Random(number)) for number in range(200)]
        assert len(set(found)) > 100


def _smoke(names: list[str], n: int, folder: Path) -> None:
    plan = Plan(seed=7, seconds=300.0, failures=folder, at_once=len(names))
    tallies = Parent(plan, dict.fromkeys(names, n)).run()
    assert {name: one.n for name, one in tallies.items()} == dict.fromkeys(names, n)
    assert [(name, kind) for name, one in tallies.items() for kind in one.kinds] == []


SLOW_TO_IMPORT = ("links", "callbacks", "names")


def test_a_few_inputs_of_each_kind_do_what_they_may(tmp_path: Path) -> None:
    _smoke([name for name in SHARES if name not in SLOW_TO_IMPORT], 60, tmp_path)


@pytest.mark.long
def test_a_few_inputs_for_the_dashboard_and_for_pages_do_what_they_may(tmp_path: Path) -> None:
    _smoke(list(SLOW_TO_IMPORT), 200, tmp_path)
