"""The machine lets us down: a full disk, closed folders, a damaged kernel cache, no home, no folder for temporary
files, a clock that jumps. Nothing is lost, one clear sentence, no traceback.

Ctrl-C: test_ctrl_c; the store: test_store_faults.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from tests.contracts.in_process import Ran, called
from tests.contracts.test_store_faults import as_nobody
from trialsim.kernels import _jit

ROOT = Path(__file__).parents[2]
SIMON = "simon-1989-20-40"
GRID = """\
schema: trialsim.scenario/1
name: grid
design: simon-1989-20-40
truths: [{name: varied, response_rate: 0.3}]
vary:
  truths.varied.response_rate: {as: rate, from: 0.1, to: 0.5, step: 0.05}
"""
EXACT = ("--engine", "exact", "--no-save")
PICTURE = "--engine exact --plot curves --x rate --measure n_mean --plot-out out.html"
SIMON_S = "--null-rate 0.2 --target-rate 0.5 --alpha 0.1 --beta 0.1 --n-max 30 --out out.html"
WRITERS: dict[str, tuple[str, ...]] = {
    "run": ("run", SIMON, *EXACT, "--out", "out.html"),
    "trials": ("run", SIMON, "--n-sims", "2000", "--no-save", "--trials", "out.parquet"),
    "picture": ("sweep", "grid.yaml", *PICTURE.split()),
    "compare": ("compare", SIMON, "fleming-1982-20-40", "--engine", "exact", "--out", "out.html"),
    "search": ("search", "simon", *SIMON_S.split()),
    "boundaries": ("boundaries", SIMON, "--out", "out.html"),
    "analyse": ("analyse", SIMON, "--observed", "20/43", "--out", "out.json"),
    "replay": ("replay", "gist", "--trial", "3", "--out", "out.csv"),
    "report": ("report", SIMON, "--n-sims", "200", "--null-tolerance", "0.2", "--no-save", "--out", "out.html"),
}
SWEEPS = {name: ("sweep", "grid.yaml", "--engine", "exact", "--out", f"out.{name}") for name in ("csv", "parquet")}


def sentence_of(ran: Ran, *codes: int) -> str:
    """Assert that a command ended with one sentence on stderr, and return it."""
    assert ran.code in codes, ran
    assert "Traceback" not in ran.err
    *notes, said = ran.err.strip().splitlines()
    assert all(note.startswith("9 cells: ") for note in notes)
    assert said.startswith("trialsim: ")
    assert said.endswith(".")
    return said


def small_sweep(folder: Path) -> None:
    (folder / "grid.yaml").write_text(GRID, encoding="utf-8")


# Full, or closed to writing


@contextlib.contextmanager
def no_more_than(n_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size: the system refuses to write, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("verb", WRITERS)
def test_an_output_that_finds_no_room_leaves_the_old_file_as_it_was(verb: str, tmp_path: Path) -> None:
    words = WRITERS[verb]
    small_sweep(tmp_path)
    if verb == "picture":  # what is kept has its place already
        assert called(tmp_path, *words[:4]).code == 0
    (tmp_path / words[-1]).write_text("old")
    before = sorted(os.listdir(tmp_path))
    with no_more_than(80_000 if verb == "picture" else 100):
        ran = called(tmp_path, *words)
    assert words[-1] in sentence_of(ran, 1, 2)
    assert (tmp_path / words[-1]).read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("format_", SWEEPS)
def test_rows_that_find_a_full_device_are_kept_in_the_store(format_: str, tmp_path: Path) -> None:
    small_sweep(tmp_path)
    out = tmp_path / f"out.{format_}"
    out.symlink_to("/dev/full")
    ran = called(tmp_path, *SWEEPS[format_])
    assert "No space left" in sentence_of(ran, 1, 2)
    assert "9 cells: 9 computed. Kept in results/trialsim.sqlite" in ran.err
    out.unlink()
    again = called(tmp_path, *SWEEPS[format_])
    assert again.code == 0
    assert "9 cells: 0 computed, 9 already there" in again.err
    assert out.stat().st_size > 1000


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder that can be read but not written."""
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above) / "closed"
        folder.mkdir()
        small_sweep(folder)
        os.chmod(above, 0o755)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("verb", [*WRITERS, *SWEEPS])
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_computed(verb: str, closed_folder: Path) -> None:
    with as_nobody():
        ran = called(closed_folder, *{**WRITERS, **SWEEPS}[verb])
    assert "choose another place" in sentence_of(ran, 2)
    assert os.listdir(closed_folder) == ["grid.yaml"]


def test_a_result_that_cannot_be_kept_is_shown_all_the_same(closed_folder: Path) -> None:
    with as_nobody():
        ran = called(closed_folder, "run", SIMON, "--engine", "exact", "--format", "csv")
    assert ran.code == 0
    assert ran.err.startswith("trialsim: the result was not kept (results/trialsim.sqlite: ")
    assert "Traceback" not in ran.err
    assert ran.out == called(closed_folder, "run", SIMON, *EXACT, "--format", "csv").out


# The kernel cache


def total(values: Any) -> float:
    found = 0.0
    for value in values:
        found += value
    return found


Again = Callable[[], tuple[float, int]]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for compiled kernels."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(_jit, "CACHE_FOLDER", tmp_path / "cache")
    return tmp_path / "cache"


def started_anew() -> tuple[float, int]:
    """Return what a kernel gives in a program that has just begun, and how often it was found in the cache."""
    kernel: Any = _jit.kernel(total)
    return float(kernel(np.arange(5.0))), sum(kernel.stats.cache_hits.values())


def flipped(data: bytes) -> bytes:
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "one bit": flipped,
    "cut short": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "zeros": lambda data: bytes(len(data)),
    "something else": lambda _: b"hello\n" * 100,
}


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_kernel_is_compiled_again_and_never_run(damage: str, ending: str, cache: Path) -> None:
    assert started_anew() == (10.0, 0)
    assert started_anew() == (10.0, 1)
    (file,) = cache.rglob(f"*.{ending}")
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert started_anew() == (10.0, 0)
    assert started_anew() == (10.0, 1)


def test_a_kernel_that_finds_no_room_is_run_and_not_kept(cache: Path) -> None:
    with no_more_than(100):
        assert started_anew() == (10.0, 0)
    assert not [path for path in cache.rglob("*.*") if path.is_file() and path.stat().st_size]
    assert started_anew() == (10.0, 0)
    assert started_anew() == (10.0, 1)


def test_a_cache_that_is_closed_or_gone_is_done_without(cache: Path, tmp_path: Path) -> None:
    assert started_anew() == (10.0, 0)
    shutil.rmtree(cache)
    cache.write_text("a file where the folder was")
    assert started_anew()[0] == 10.0  # kept beside the source, if that is open: then a second run of the tests finds it
    assert cache.read_text() == "a file where the folder was"
    assert tmp_path.is_dir()


# No home, no place for temporary files


def in_a_process(cwd: Path, code: str, **options: Any) -> Ran:
    """Run Python code in a program of its own."""
    hidden = ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"PYTHONPATH": str(ROOT), **options.pop("environment", {})}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, check=False, **options
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def become_unknown() -> None:
    """Be a user of whom the system knows neither name nor home, as in a container, with root's rights."""
    os.setreuid(54_321, 0)


@pytest.mark.parametrize("how", ["unknown user", "home that is none"])
def test_without_a_home_everything_works_and_no_folder_is_made(how: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"environment": {"HOME": "~"}}
    if how == "unknown user":
        if os.geteuid() != 0:
            pytest.skip("only root can become a user whom nobody knows")
        options = {"preexec_fn": become_unknown}
    code = (
        "import sys; from trialsim.kernels import _jit; print(_jit.CACHE_FOLDER); sys.stdout.flush()\n"
        f"sys.argv[1:] = ['run', '{SIMON}', '--engine', 'exact', '--no-save', '--format', 'csv']\n"
        "from trialsim.cli import main; main()"
    )
    ran = in_a_process(tmp_path, code, **options)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("None\n")
    assert ran.out.count("\n") > 50
    assert os.listdir(tmp_path) == []


def test_a_folder_for_temporary_files_that_is_missing_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_sweep(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    monkeypatch.setattr(tempfile, "tempdir", None)  # what Python looked up when it began
    ran = called(tmp_path, *SWEEPS["parquet"])
    assert ran.code == 0, ran.err
    assert (tmp_path / "out.parquet").stat().st_size > 1000
    assert not (tmp_path / "missing").exists()


# A clock that jumps


def test_a_clock_that_jumps_changes_no_number_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datetime

    small_sweep(tmp_path)
    years = iter([2026, 1969, 2106, 1999, 9998, 1970] * 1000)

    class Jumping(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.datetime(next(years), 2, 28, 23, 59, 59, tzinfo=tz)

    sweep = ("sweep", "grid.yaml", "--engine", "exact", "--format", "csv")
    steady = called(tmp_path, *sweep, "--store", "steady.sqlite")
    monkeypatch.setattr("trialsim.store.rows.datetime", Jumping)
    jumping = called(tmp_path, *sweep, "--store", "jumping.sqlite")
    again = called(tmp_path, *sweep, "--store", "jumping.sqlite")
    assert (steady.code, jumping.code, again.code) == (0, 0, 0)
    assert steady.out == jumping.out == again.out
    assert "9 cells: 0 computed, 9 already there" in again.err
    assert next(years) != 2026  # the clock was asked, and jumped
    shown = called(tmp_path, "results", "list", "--store", "jumping.sqlite")
    assert (shown.code, shown.err) == (0, "")
    assert "9 of 9" in shown.out
