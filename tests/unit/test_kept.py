"""Tallies between runs: read as they were written, and a run that goes on equals one from the beginning."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trialsim
from trialsim.api import run
from trialsim.kept import Kept, kept_from
from trialsim.spec.scenario import Scenario

CALENDAR = [
    "truths=[{name: calibrated, response_rate: {400 mg: 0.637, 600 mg: 0.752}}]",
    "plans=[{name: 147 patients, cap: {400 mg: 73, 600 mg: 74}}]",
]


def scenario(n_sims: int, n_calendar: int) -> Scenario:
    counts = [f"n_sims={n_sims}", f"conduct.n_sims={n_calendar}"]
    return trialsim.load_scenario("gist", [*CALENDAR, *counts])


def test_longer_run_goes_on_from_shorter() -> None:
    whole = run(scenario(9_000, 130))
    kept, seen = Kept(), []
    run(scenario(4_000, 50), kept=kept)
    read = kept_from(kept.as_bytes())
    went_on = run(scenario(9_000, 130), kept=read, progress=seen.append)
    assert went_on.records == whole.records
    assert repr(went_on.match) == repr(whole.match)
    assert went_on.missed == whole.missed
    assert sum(seen) == 5_000 + 80  # only what was missing is simulated
    again = run(scenario(9_000, 130), kept=kept_from(read.as_bytes()), progress=seen.append)
    assert again.records == whole.records
    assert sum(seen) == 5_000 + 80


def test_shorter_run_does_not_use_longer_tallies() -> None:
    kept = Kept()
    run(scenario(3_000, 60), kept=kept)
    assert run(scenario(2_000, 40), kept=kept).records == run(scenario(2_000, 40)).records


def test_tallies_of_other_columns_are_not_used() -> None:
    kept = Kept()
    run(scenario(1_000, 30), kept=kept)
    bare = trialsim.load_scenario(
        "gist",
        [*CALENDAR, "n_sims=1000", "conduct.n_sims=60", "conduct.match=null", "conduct.survival=null"],
    )
    assert run(bare, kept=kept_from(kept.as_bytes())).records == run(bare).records


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(data: bytes) -> None:
    for candidate in (data, zlib.compress(data), zlib.compress(b"\x05\x00\x00\x00[1,2]" + data)):
        with pytest.raises(ValueError):
            kept_from(candidate)


def test_every_cut_of_real_bytes_is_refused() -> None:
    kept = Kept()
    run(scenario(500, 5), kept=kept)
    raw = zlib.decompress(kept.as_bytes())
    for size in range(0, len(raw) - 1, max(len(raw) // 60, 1)):
        with pytest.raises(ValueError):
            kept_from(zlib.compress(raw[:size]))
