"""A store that is killed, shared, full, damaged, foreign or closed to writing: nothing lost, nothing overwritten,
one sentence."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trialsim.errors import InputError
from trialsim.store import Finding, Key, Store, open_store, opening
from trialsim.store.schema import APPLICATION, VERSION

ROOT = Path(__file__).resolve().parents[2]
LAYOUT = tuple(("plan", "truth", "p_stop", f"arm {arm}", None, None, None, None, "exact", False) for arm in range(20))
PER_BATCH = 10

LOGS = pytest.mark.parametrize("log", ["wal", "delete"])
"""With a write-ahead log, and with the rollback journal of file systems that have none."""

WRITER = """\
import sys
sys.path.insert(0, {root!r})
from tests.contracts import test_store_faults as ours
from trialsim.store import opening
if {log!r} == "delete":
    opening._log_ahead = lambda connection: None
print("ready", flush=True)
sys.stdin.readline()
ours.{task}({path!r}, {seed})
"""


def key_of(number: int) -> Key:
    return Key(f"{number:064x}", 7, "auto", "stream/1")


def finding_of(number: int) -> Finding:
    numbers = np.random.default_rng(number).random((len(LAYOUT), 6))
    return Finding(key_of(number), 1000, LAYOUT, numbers, f"tally {number}".encode(), {"number": number})


def put_batch(store: Store, numbers: range) -> None:
    with store.batch():
        store.put([finding_of(number) for number in numbers])
        store.put_cells("s", [(number, (number, "x"), key_of(number), 1000, None) for number in numbers])


def begin(store: Store) -> None:
    store.begin_sweep("s", "name", ["a", "b"], "text", 10**9)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A store with thirty cells."""
    path = tmp_path / "results.sqlite"
    with open_store(path) as store:
        begin(store)
        for first in range(0, 30, PER_BATCH):
            put_batch(store, range(first, first + PER_BATCH))
    return path


def read_all(store: Store, *, may_miss: bool = False) -> list[int]:
    """Read whatever there is, and return the numbers of the cells; a wrong number anywhere is a failure."""
    numbers = []
    for cell in store.cells("s"):
        expected = finding_of(cell.number)
        assert cell.error is None
        assert cell.levels == (cell.number, "x")
        assert cell.layout == LAYOUT
        assert np.array_equal(cell.numbers, expected.numbers)
        assert cell.facts == expected.facts
        found = store.find(key_of(cell.number), 1000)
        assert found is not None or may_miss
        if found is not None:
            assert np.array_equal(found.numbers, expected.numbers)
            assert found.tally == expected.tally
        numbers.append(cell.number)
    assert all(line.n_records == len(LAYOUT) for line in store.results())
    for sweep in store.sweeps():
        assert sweep[:5] == ("s", "name", ("a", "b"), "text", 10**9)
    return numbers


def is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as plain:
        return bool(plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)])


def refused(call: Callable[[], object], path: Path | str, *words: str) -> str:
    """Assert that a call ends with one clear sentence, and return it."""
    with pytest.raises(InputError) as caught:
        call()
    sentence = str(caught.value)
    assert caught.value.exit_code == 2
    assert sentence.count("\n") == 0
    assert sentence.endswith(".")
    assert str(path) in sentence
    for word in words:
        assert word in sentence
    return sentence


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@contextmanager
def writer(task: str, path: Path, log: str = "wal", seed: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Start another program that waits for a line before it does its task."""
    code = WRITER.format(root=str(ROOT), task=task, path=str(path), seed=seed, log=log)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


# Killed


def write_on(path: str, _seed: int) -> None:
    """Go on with the sweep for ever, and say how many cells are kept."""
    with open_store(path) as store:
        begin(store)
        first = len(store.done("s").kept)
        while True:
            put_batch(store, range(first, first + PER_BATCH))
            first += PER_BATCH
            print(first, flush=True)


@LOGS
@pytest.mark.long
def test_killed_at_any_moment_all_that_was_kept_is_there(tmp_path: Path, log: str) -> None:
    path, moments = tmp_path / "results.sqlite", random.Random(20)
    n_before = 0
    for _ in range(4):
        with writer("write_on", path, log) as process:
            go(process)
            assert process.stdout is not None
            said = [process.stdout.readline()]
            time.sleep(moments.uniform(0.0, 0.12))
            process.send_signal(signal.SIGKILL)
            said += process.stdout.readlines()
        n_said = int([line for line in said if line.endswith("\n")][-1])
        with open_store(path) as store:
            numbers = read_all(store)
        assert numbers == list(range(len(numbers)))
        assert len(numbers) in (n_said, n_said + PER_BATCH)  # the last batch may have been kept before it could say so
        assert n_said >= n_before + PER_BATCH
        assert is_whole(path)
        assert os.listdir(tmp_path) == ["results.sqlite"]
        n_before = len(numbers)


def make_many(path: str, _seed: int) -> None:
    """Make one new store after the other."""
    for number in range(10**6):
        with open_store(f"{path}.{number}"):
            print(number, flush=True)


@pytest.mark.long
def test_killed_while_it_is_made_a_store_is_made_again(tmp_path: Path) -> None:
    moments = random.Random(5)
    for repeat in range(3):
        folder = tmp_path / str(repeat)
        folder.mkdir()
        with writer("make_many", folder / "store") as process:
            go(process)
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0.0, 0.05))
            process.send_signal(signal.SIGKILL)
        names = [name for name in os.listdir(folder) if not name.endswith(("-wal", "-shm", "-journal"))]
        assert names
        for name in names:
            with open_store(folder / name) as store:
                begin(store)
                put_batch(store, range(3))
                assert read_all(store) == [0, 1, 2]


def test_a_file_without_a_byte_becomes_a_store_but_is_none_yet(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite"
    path.touch()
    refused(lambda: open_store(path, read_only=True), path, "empty")
    with open_store(path) as store:
        begin(store)
        put_batch(store, range(3))
        assert read_all(store) == [0, 1, 2]


# Shared


def write_shuffled(path: str, seed: int) -> None:
    """Put thirty batches, which others put too, in an order of one's own."""
    with open_store(path) as store:
        begin(store)
        for first in random.Random(seed).sample(range(0, 30 * PER_BATCH, PER_BATCH), 30):
            put_batch(store, range(first, first + PER_BATCH))
            assert first in store.done("s").kept
    print("done", flush=True)


@LOGS
def test_several_programs_make_and_fill_one_store_at_once(tmp_path: Path, log: str) -> None:
    path = tmp_path / "results" / "results.sqlite"
    with writer("write_shuffled", path, log, 1) as one, writer("write_shuffled", path, log, 2) as two:
        for process in (one, two):
            go(process)
        for process in (one, two):
            assert process.stdout is not None
            assert process.stdout.readlines() == ["done\n"]
            assert process.wait() == 0
    with open_store(path, read_only=True) as store:
        assert read_all(store) == list(range(30 * PER_BATCH))
        assert len(list(store.results())) == 30 * PER_BATCH
        assert len(store.sweeps()) == 1
    assert is_whole(path)
    assert os.listdir(path.parent) == ["results.sqlite"]


def test_a_store_that_others_hold_for_too_long_is_left_to_them(kept: Path) -> None:
    with open_store(kept, wait_s=0.05) as store, closing(sqlite3.connect(kept, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused(lambda: put_batch(store, range(30, 33)), kept, "other programs", "run again")
        refused(lambda: open_store(kept, wait_s=0.05), kept, "other programs")
        assert len(read_all(store)) == 30
        other.execute("ROLLBACK")
        put_batch(store, range(30, 33))
        assert len(read_all(store)) == 33


def test_a_writer_waits_for_another(kept: Path) -> None:
    with open_store(kept) as store:
        other = sqlite3.connect(kept, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, lambda: other.execute("ROLLBACK"))
        release.start()
        put_batch(store, range(30, 33))
        release.join()
        other.close()
        assert len(read_all(store)) == 33


def test_a_sweep_that_another_program_pruned_says_so(kept: Path) -> None:
    with open_store(kept) as store, open_store(kept) as other:
        other.prune(sweeps=["s"])
        refused(lambda: put_batch(store, range(30, 33)), kept, "sweep s is no longer in the store", "run it again")
        assert list(store.results()) == []
        begin(store)
        put_batch(store, range(3))
        assert read_all(other) == [0, 1, 2]


def test_where_no_write_ahead_log_can_be_had_a_store_works_all_the_same(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda where, **how: connect(f"{where}&vfs=unix-dotfile", **how))
    with open_store(kept) as store:
        assert read_all(store) == list(range(30))
        put_batch(store, range(30, 33))
        assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    with open_store(kept, read_only=True) as store:
        assert read_all(store) == list(range(33))
    with open_store(kept.with_name("new.sqlite")) as store:
        begin(store)
        put_batch(store, range(3))
        assert read_all(store) == [0, 1, 2]
    assert sorted(os.listdir(kept.parent)) == ["new.sqlite", "results.sqlite"]


# Full


def test_a_full_disk_keeps_what_was_kept(kept: Path) -> None:
    with open_store(kept) as store:
        n_pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count={n_pages + 3}")
        refused(lambda: put_batch(store, range(30, 200)), kept, "the disk is full", "run again")
        assert read_all(store) == list(range(30))
        store._connection.execute("PRAGMA max_page_count=1000000")
        put_batch(store, range(30, 200))
        assert read_all(store) == list(range(200))
    assert is_whole(kept)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        not shutil.which("mount")
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@LOGS
def test_a_disk_that_fills_up_in_truth(small_disk: Path, log: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if log == "delete":
        monkeypatch.setattr(opening, "_log_ahead", lambda _: None)
    path, ballast = small_disk / "results.sqlite", small_disk / "ballast"
    ballast.write_bytes(bytes(400_000))

    def fill() -> None:
        with open_store(path) as store:
            begin(store)
            for first in range(len(store.done("s").kept), 10**5, PER_BATCH):
                put_batch(store, range(first, first + PER_BATCH))

    refused(fill, path, "the disk is full", "run again")
    with open_store(path, read_only=True) as store:
        before = read_all(store)
    assert before == list(range(len(before)))
    assert len(before) >= PER_BATCH
    ballast.unlink()
    refused(fill, path, "the disk is full")
    with open_store(path, read_only=True) as store:
        assert len(read_all(store)) > len(before)
    assert is_whole(path)


def test_a_store_that_finds_no_room_to_begin(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(2**20 - 4096 * 4))
    path = small_disk / "results.sqlite"
    refused(lambda: open_store(path), path, "the disk is full")
    (small_disk / "ballast").unlink()
    with open_store(path) as store:
        begin(store)
        put_batch(store, range(3))
        assert read_all(store) == [0, 1, 2]


def test_a_store_on_a_disk_without_a_byte_to_spare(kept: Path, small_disk: Path) -> None:
    path, ballast = Path(shutil.copy(kept, small_disk)), small_disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass

    def write() -> None:
        with open_store(path) as store:
            put_batch(store, range(30, 60))

    refused(write, path, "the disk is full")
    with open_store(path, read_only=True) as store:
        assert read_all(store) == list(range(30))
    ballast.unlink()
    write()


# Foreign, of another time, or no file at all


def foreign_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE results (x)")
        other.execute("INSERT INTO results VALUES (1)")
        other.commit()


def empty_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version=1")


def database_of_a_killed_program(path: Path) -> None:
    source = path.with_name("source")
    with closing(sqlite3.connect(source, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE results (x)")
        shutil.copy(source, path)
        shutil.copy(f"{source}-wal", f"{path}-wal")
    source.unlink()


FOREIGN = {
    "text": lambda path: path.write_text("schema: trialsim.scenario/1\n" * 300),
    "two letters": lambda path: path.write_text("hi"),
    "zeros": lambda path: path.write_bytes(bytes(8192)),
    "header only": lambda path: path.write_bytes(b"SQLite format 3\0"),
    "database": foreign_database,
    "empty database": empty_database,
    "database of a killed program": database_of_a_killed_program,
}


@pytest.mark.parametrize("how", [{}, {"must_exist": True}, {"read_only": True}], ids=["write", "must exist", "read"])
@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_is_no_store_is_left_as_it_is(tmp_path: Path, name: str, how: dict[str, bool]) -> None:
    path = tmp_path / "results.sqlite"
    FOREIGN[name](path)
    before = contents(tmp_path)
    refused(lambda: open_store(path, **how), path, "is not a store of trialsim and is left as it is")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(("version", "word"), [(VERSION + 1, "newer trialsim"), (VERSION - 1, "older trialsim")])
def test_a_store_of_another_time_is_left_as_it_is(kept: Path, version: int, word: str, read_only: bool) -> None:
    with closing(sqlite3.connect(kept)) as plain:
        plain.execute(f"PRAGMA user_version={version}")
    before = contents(kept.parent)
    refused(lambda: open_store(kept, read_only=read_only), kept, word, "choose another place")
    assert contents(kept.parent) == before


def test_a_place_where_no_store_can_be(tmp_path: Path) -> None:
    refused(lambda: open_store(tmp_path), tmp_path, "is a folder")
    refused(lambda: open_store(" "), "", "empty")
    refused(lambda: open_store(f"{tmp_path}/a\0b"), "", "NUL")
    (tmp_path / "file").write_text("x")
    refused(lambda: open_store(tmp_path / "file" / "results.sqlite"), tmp_path, "is no folder")
    refused(lambda: open_store(tmp_path / "file" / "deeper" / "results.sqlite"), tmp_path, "is no folder")
    os.mkfifo(tmp_path / "pipe")
    refused(lambda: open_store(tmp_path / "pipe"), tmp_path, "no regular file")
    refused(lambda: open_store(tmp_path / ("n" * 300)), tmp_path, "too long")
    for how in ({"must_exist": True}, {"read_only": True}):
        refused(lambda how=how: open_store(tmp_path / "new" / "x.sqlite", **how), tmp_path, "no store here yet")
    assert sorted(os.listdir(tmp_path)) == ["file", "pipe"]


def test_strange_letters_in_a_name_are_letters(tmp_path: Path) -> None:
    path = tmp_path / "a?mode=memory#b%20c é" / "results;.sqlite"
    with open_store(path) as store:
        begin(store)
        put_batch(store, range(3))
    with open_store(path, must_exist=True) as store:
        assert read_all(store) == [0, 1, 2]


# Closed to writing


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user who may not do everything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def closed() -> Iterator[Callable[[Path, int, int], Path]]:
    """A copy of a store with given rights of file and folder."""
    with tempfile.TemporaryDirectory() as above:
        os.chmod(above, 0o755)
        folder = Path(above) / "folder"

        def close(kept: Path, file_mode: int, folder_mode: int) -> Path:
            shutil.copytree(kept.parent, folder)
            for file in folder.iterdir():
                file.chmod(file_mode)
            folder.chmod(folder_mode)
            return folder / kept.name

        yield close
        folder.chmod(0o755)


Close = Callable[[Path, int, int], Path]


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o777), (0o444, 0o555), (0o666, 0o555)])
def test_a_store_that_can_only_be_read_is_read(kept: Path, closed: Close, file_mode: int, folder_mode: int) -> None:
    path = closed(kept, file_mode, folder_mode)
    before = path.read_bytes()
    with as_nobody():
        refused(lambda: open_store(path), path, "choose another place for the store")
        with open_store(path, read_only=True) as store:
            assert read_all(store) == list(range(30))
            refused(lambda: put_batch(store, range(30, 33)), path, "can only be read")
            refused(lambda: begin(store), path, "can only be read")
            refused(lambda: store.prune(unused=True), path, "can only be read")
    assert path.read_bytes() == before


def test_a_new_store_where_nothing_can_be_written(kept: Path, closed: Close) -> None:
    path = closed(kept, 0o444, 0o555)
    with as_nobody():
        refused(lambda: open_store(path.with_name("new.sqlite")), path.parent, "nothing can be written in its folder")
        refused(lambda: open_store(path.parent / "deep" / "new.sqlite"), path.parent, "cannot be opened")
    assert os.listdir(path.parent) == [kept.name]


def test_a_store_opened_for_reading_is_not_written(kept: Path) -> None:
    before = contents(kept.parent)
    with open_store(kept, read_only=True) as store:
        refused(lambda: put_batch(store, range(30, 33)), kept, "can only be read")
        assert read_all(store) == list(range(30))
    assert contents(kept.parent) == before


def test_a_killed_writer_in_a_folder_that_can_only_be_read(kept: Path, closed: Close) -> None:
    with open_store(kept) as store:
        put_batch(store, range(30, 40))
        (kept.parent / "results.sqlite-shm").unlink()
        path = closed(kept, 0o444, 0o555)
    with as_nobody():
        refused(lambda: open_store(path, read_only=True), path, "results.sqlite-wal", "copy both")


# Damaged

CHECKED = pytest.mark.parametrize("checked", [True, False], ids=["read through on opening", "too large for that"])


@CHECKED
@pytest.mark.parametrize("read_only", [False, True])
def test_a_truncated_store_is_left_as_it_is(
    kept: Path, monkeypatch: pytest.MonkeyPatch, checked: bool, read_only: bool
) -> None:
    if not checked:
        monkeypatch.setattr(opening, "_CHECKED_BYTES", -1)
    whole = kept.read_bytes()

    def read() -> None:
        with open_store(kept, read_only=read_only) as store:
            read_all(store)

    for size in (1, 50, 99, 100, 511, 4095, 4096, 5000, len(whole) // 2, len(whole) - 4096, len(whole) - 3000):
        kept.write_bytes(whole[:size])
        refused(read, kept, "left as it is")
        assert kept.read_bytes() == whole[:size]
    kept.write_bytes(b"")
    kept.with_name(f"{kept.name}-wal").write_bytes(b"the results of others")
    refused(read, kept, "damaged")


@CHECKED
def test_no_flipped_bits_go_unnoticed(kept: Path, monkeypatch: pytest.MonkeyPatch, checked: bool) -> None:
    """Wherever a bit is changed: a sentence, or what is read is what was written; or it is not found at all."""
    if not checked:
        monkeypatch.setattr(opening, "_CHECKED_BYTES", -1)
    whole, draws = kept.read_bytes(), random.Random(11)
    n_refused = 0
    for repeat in range(150):
        place = draws.randrange(200 if repeat % 10 == 0 else len(whole))
        flipped = whole[:place] + bytes([whole[place] ^ (1 << draws.randrange(8))]) + whole[place + 1 :]
        kept.write_bytes(flipped)
        try:
            with open_store(kept, read_only=True, wait_s=0.1) as store:
                assert set(read_all(store, may_miss=True)) <= set(range(30))
        except InputError:
            n_refused += 1
        assert kept.read_bytes() == flipped
        for beside in ("-wal", "-shm", "-journal"):
            kept.with_name(kept.name + beside).unlink(missing_ok=True)
    assert n_refused > 50


TAMPERED = {
    "numbers cut short": "UPDATE results SET numbers = substr(numbers, 1, 47)",
    "numbers that are text": "UPDATE results SET numbers = 'many'",
    "other numbers": "UPDATE results SET numbers = zeroblob(960)",
    "facts": "UPDATE results SET facts = '{'",
    "a seal that is no number": "UPDATE results SET seal = 'x'",
    "a tally": "UPDATE results SET tally = x'00'",
    "a tally that is text": "UPDATE results SET tally = 'x'",
    "words": "UPDATE layouts SET packed = x'00'",
    "words that are text": "UPDATE layouts SET packed = 'x'",
    "no words": "DELETE FROM layouts",
    "levels": """UPDATE cells SET levels = '[1,"y"]'""",
    "levels that are no text": "UPDATE cells SET levels = x'ff'",
    "text that is none": "UPDATE cells SET levels = CAST(x'ff' AS TEXT)",
    "a cell with the result of another": "UPDATE cells SET result = result % 30 + 1",
    "a cell without its result": "UPDATE cells SET result = NULL",
    "a cell of another number": "UPDATE cells SET number = number + 1 WHERE number = 29",
    "a result with the key of another": "UPDATE results SET seed = 8",
    "no cells": "DROP TABLE cells",
    "what a sweep is about": "UPDATE sweeps SET about = '[]'",
}


@pytest.mark.parametrize("name", TAMPERED)
def test_whatever_was_changed_is_told(kept: Path, name: str) -> None:
    with closing(sqlite3.connect(kept)) as plain:
        plain.execute(TAMPERED[name])
        plain.commit()
    with open_store(kept) as store:
        sentence = refused(lambda: read_all(store), kept, "the store is damaged", "put a copy back")
    assert "Traceback" not in sentence


def test_other_words_are_told(kept: Path) -> None:
    with closing(sqlite3.connect(kept)) as plain:
        (packed,) = plain.execute("SELECT packed FROM layouts").fetchone()
        other = zlib.compress(zlib.decompress(packed).replace(b"arm 7", b"arm 8"))
        plain.execute("UPDATE layouts SET packed = ?", (other,))
        plain.commit()
    with open_store(kept) as store:
        refused(lambda: read_all(store), kept, "the store is damaged")


def test_damage_that_sqlite_cannot_even_quote_is_told(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().replace(b"CREATE TABLE cells", b"CREATE TABL\xc5 cells"))
    refused(lambda: open_store(kept), kept, "the store is damaged (its pages do not fit together)")


def test_the_file_is_marked_as_ours(kept: Path) -> None:
    header = kept.read_bytes()[:100]
    assert header[68:72] == APPLICATION.to_bytes(4, "big") == b"Tril"
    assert int.from_bytes(header[60:64], "big") == VERSION
