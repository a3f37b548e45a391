"""The store gives back what it was given, found by its key, whole batches at a time, without growing in memory."""

from __future__ import annotations

import gc
import json
import math
import os
import sqlite3
import tracemalloc
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialsim.errors import InputError
from trialsim.records import Record
from trialsim.store import NUMBERS, WORDS, Finding, Key, Layout, Store, joined, open_store, split
from trialsim.store.layouts import read_sheet, sheet

STREAM = "threefry2x64-13/1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "results.sqlite") as opened:
        yield opened


def layout_of(n: int, truth: str = "inactive") -> Layout:
    return tuple(
        ("plan", truth, "n_pmf", "low", None, None, look, None, "montecarlo", look % 2 == 0) for look in range(n)
    )


LAYOUT = layout_of(3)


def key_of(number: int) -> Key:
    return Key(f"{number:064x}", 1, "auto", STREAM)


def finding_of(number: int, n_sims: int = 1000, tally: bytes | None = None, layout: Layout = LAYOUT) -> Finding:
    numbers = np.arange(len(layout) * 6, dtype=np.float64).reshape(-1, 6) + number
    return Finding(key_of(number), n_sims, layout, numbers, tally, {"why_not": None})


def is_same(one: Finding | None, other: Finding | None) -> bool:
    """Whether two findings are equal, NaN for NaN."""
    if one is None or other is None:
        return one is other
    return one._replace(numbers=None) == other._replace(numbers=None) and np.array_equal(  # type: ignore[arg-type]
        one.numbers, other.numbers, equal_nan=True
    )


shown = st.characters(
    exclude_categories=("Cc", "Cs"),
    exclude_characters="\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
)
words = st.text(shown, max_size=8)
"""Whatever can be shown; what would move a terminal's cursor is refused on reading."""
maybe = st.none() | words
numbers = st.none() | st.floats(allow_nan=False)
records = st.builds(
    Record,
    plan=words,
    truth=maybe,
    measure=words,
    arm=maybe,
    look=maybe,
    given=maybe,
    value=numbers | st.integers(-(10**9), 10**9),
    variant=maybe,
    estimate=numbers,
    mcse=numbers,
    bound=numbers,
    engine=words,
    exact=numbers,
    z=numbers,
    is_judged=st.booleans(),
    cost=numbers,
)
levels = st.booleans() | st.integers() | st.floats(allow_nan=False) | words


def test_a_record_has_no_field_beyond_words_and_numbers() -> None:
    assert sorted(NUMBERS + WORDS) == sorted(Record._fields)


@given(st.lists(records, max_size=12))
def test_records_taken_apart_and_joined_are_the_same(found: list[Record]) -> None:
    layout, values = split(found)
    assert values.shape == (len(found), 6)
    assert joined(layout, values) == tuple(found)


@given(st.lists(records, max_size=12))
def test_a_layout_is_read_as_it_was_written_down_to_the_types(found: list[Record]) -> None:
    layout, _ = split(found)
    again = read_sheet(sheet(layout))
    assert again == layout
    assert [[type(word) for word in row] for row in again] == [[type(word) for word in row] for row in layout]


def test_equal_layouts_are_one_object_but_a_whole_number_is_no_float() -> None:
    record = Record("plan", "truth", "n_pmf", None, None, None, 91, None, 0.5, 0.1, None, "exact", None, None, False)
    first, second = split([record])[0], split([record._replace(estimate=0.25)])[0]
    other = split([record._replace(value=91.0)])[0]
    assert first is second
    assert other == first
    assert sheet(other).digest != sheet(first).digest
    assert type(read_sheet(sheet(first))[0][6]) is int
    assert type(read_sheet(sheet(other))[0][6]) is float


def test_numpy_scalars_are_kept_as_python_ones(store: Store) -> None:
    layout = (("p", None, "m", None, None, None, np.float64(0.5), None, "exact", np.bool_(True)),)
    facts = {"n": np.int64(3)}
    store.put([Finding(key_of(1), 0, layout, np.zeros((1, 6)), None, facts)])  # type: ignore[arg-type]
    with open_store(store.path) as other:
        found = other.find(key_of(1), 0)
    assert found is not None
    assert found.layout == (("p", None, "m", None, None, None, 0.5, None, "exact", True),)
    assert found.facts == {"n": 3}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    found=st.lists(records, max_size=6),
    key=st.builds(Key, words, st.integers(0, 2**63 - 1), words, words),
    n_sims=st.integers(0, 2**40),
    tally=st.none() | st.binary(max_size=40),
    facts=st.dictionaries(words, st.none() | words | st.integers(0, 9) | st.lists(words, max_size=2), max_size=3),
    at=st.lists(levels, max_size=3),
)
def test_what_is_put_is_found_by_another_program(tmp_path: Path, found, key, n_sims, tally, facts, at) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "trip.sqlite"
    path.unlink(missing_ok=True)
    kept = Finding(key, n_sims, *split(found), tally, facts)
    with open_store(path) as store, store.batch():
        store.put([kept])
        store.begin_sweep("s", "name", [], "", 1)
        store.put_cells("s", [(0, tuple(at), key, n_sims, None)])
    with open_store(path, read_only=True) as store:
        again = store.find(key, n_sims)
        (cell,) = store.cells("s")
    assert is_same(again, kept)
    assert again is not None
    assert again.records == cell.records == tuple(found)
    assert cell.levels == tuple(at)
    assert cell.facts == facts


def test_a_result_that_is_there_stays_as_it_is(store: Store) -> None:
    store.put([finding_of(1)])
    store.put([finding_of(1)._replace(numbers=np.zeros((3, 6))), finding_of(2)])
    assert is_same(store.find(key_of(1), 1000), finding_of(1))
    assert is_same(store.find(key_of(2), 1000), finding_of(2))


@pytest.mark.parametrize("other", [{"cell": "x"}, {"seed": 2}, {"engine": "exact"}, {"stream": "other/1"}])
def test_every_part_of_the_key_counts(store: Store, other: dict[str, object]) -> None:
    store.put([finding_of(1)])
    elsewhere = key_of(1)._replace(**other)  # type: ignore[arg-type]
    assert store.find(elsewhere, 1000) is None
    assert store.longest_below(elsewhere, 1000) is None
    assert store.find(key_of(1), 999) is None
    asked = [(key_of(1), 1000), (elsewhere, 1000), (key_of(1), 999)]
    assert store.present(asked) == {(key_of(1), 1000)}


def test_many_are_present_at_once(store: Store) -> None:
    store.put([finding_of(number) for number in range(0, 2000, 2)])
    asked = [(key_of(number), 1000) for number in range(2000)]
    assert store.present(asked) == set(asked[::2])
    assert store.present([]) == set()


def test_a_longer_run_goes_on_from_the_longest_that_has_a_tally(store: Store) -> None:
    runs = [(100, b"a"), (200, b"b"), (300, None), (500, b"c")]
    store.put([finding_of(1, n_sims, tally) for n_sims, tally in runs])
    longest = {n: store.longest_below(key_of(1), n) for n in (99, 100, 300, 499, 500, 10**6)}
    assert {n: found and (found.n_sims, found.tally) for n, found in longest.items()} == {
        99: None,
        100: (100, b"a"),
        300: (200, b"b"),
        499: (200, b"b"),
        500: (500, b"c"),
        10**6: (500, b"c"),
    }


def test_numbers_that_fit_no_layout_are_refused_and_nothing_is_kept(store: Store) -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 6\) for 3 records"):
        store.put([finding_of(1), finding_of(2)._replace(numbers=np.zeros((2, 6)))])
    assert store.find(key_of(1), 1000) is None
    store.put([finding_of(1)])
    assert store.find(key_of(1), 1000) is not None


def test_a_batch_is_kept_whole_or_not_at_all(store: Store) -> None:
    store.begin_sweep("s", "name", ["a"], "", 9)

    def put(number: int) -> None:
        store.put([finding_of(number)])
        store.put_cells("s", [(number, (number,), key_of(number), 1000, None)])

    def fail(error: type[BaseException]) -> None:
        with store.batch():
            put(1)
            with store.batch():
                put(2)
            raise error

    for error in (ZeroDivisionError, KeyboardInterrupt):
        with pytest.raises(error):
            fail(error)
    assert [cell.number for cell in store.cells("s")] == []
    assert store.present([(key_of(number), 1000) for number in range(4)]) == set()
    with store.batch(), store.batch():
        put(3)
    with open_store(store.path) as other:
        assert [cell.number for cell in other.cells("s")] == [3]


def test_the_cells_come_in_order_without_what_differs_from_run_to_run(store: Store) -> None:
    store.begin_sweep("s", "name", ["rate", "cap"], "text", 300)
    numbers = [*range(200, 300), *range(100), *range(150, 200)]
    store.put([finding_of(number) for number in numbers])
    store.put_cells("s", [(number, (0.5, f"cap {number}"), key_of(number), 1000, None) for number in numbers])
    cells = list(store.cells("s"))
    assert [cell.number for cell in cells] == sorted(numbers)
    assert cells[99].levels == (0.5, "cap 99")
    assert cells[99].records == finding_of(99).records
    assert set(cells[0]._fields) == {"number", "levels", "layout", "numbers", "facts", "error"}
    assert store.done("s").kept == set(numbers)
    assert not store.done("s").failed


def test_a_result_replaces_an_error_and_no_error_a_result(store: Store) -> None:
    store.begin_sweep("s", "name", ["a"], "", 3)
    store.put([finding_of(1), finding_of(2)])
    store.put_cells("s", [(0, (0,), key_of(1), 1000, None), (1, (1,), None, 0, "bad."), (2, (2,), None, 0, "bad.")])
    assert store.done("s") == ({0}, {1, 2})
    assert [(cell.error, cell.records) for cell in store.cells("s")][1:] == [("bad.", ())] * 2
    store.put_cells("s", [(0, (0,), None, 0, "late."), (1, (1,), key_of(2), 1000, None), (2, (2,), None, 0, "worse.")])
    assert store.done("s") == ({0, 1}, {2})
    assert [cell.error for cell in store.cells("s")] == [None, None, "worse."]
    store.put_cells("s", [(0, (0,), key_of(2), 1000, None)])
    assert [len(cell.records) for cell in store.cells("s")] == [3, 3, 0]
    assert next(iter(store.cells("s"))).records == finding_of(2).records


def test_an_error_in_strange_letters_is_kept(store: Store) -> None:
    store.begin_sweep("s", "name", ["a"], "", 1)
    store.put_cells("s", [(0, ("a\ud800\0",), None, 0, "é \ud800.")])
    assert [(cell.levels, cell.error) for cell in store.cells("s")] == [(("a\ud800\0",), "é ?.")]


def test_a_cell_without_its_result_or_its_sweep_is_refused(store: Store) -> None:
    store.begin_sweep("s", "name", ["a"], "", 3)
    store.put([finding_of(1)])
    cells = [(0, (0,), key_of(1), 1000, None), (1, (1,), key_of(2), 1000, None)]
    with pytest.raises(InputError, match=r"were dropped meanwhile; run it again\."):
        store.put_cells("s", cells)
    assert store.done("s") == (set(), set())
    with pytest.raises(InputError, match=r"sweep other is no longer in the store"):
        store.put_cells("other", cells[:1])


def test_a_sweep_is_begun_once(store: Store) -> None:
    store.begin_sweep("s1", "rates", ["a", "b"], "text: é", 12)
    store.begin_sweep("s1", "rates", ["a", "b"], "text: é", 12)
    (sweep,) = store.sweeps()
    assert sweep[:7] == ("s1", "rates", ("a", "b"), "text: é", 12, 0, 0)
    with pytest.raises(InputError, match="another"):
        store.begin_sweep("s1", "rates", ["a", "c"], "text: é", 12)
    assert store.sweeps() == [sweep]


def test_the_lists_count_what_is_there(store: Store) -> None:
    for name in ("one", "two"):
        store.begin_sweep(f"{name}-id", name, ["a"], "", 5)
        store.put([finding_of(1, tally=b"t"), finding_of(2, 0, layout=layout_of(7))])
        store.put_cells(f"{name}-id", [(0, (0,), key_of(1), 1000, None), (1, (1,), None, 0, "bad.")])
    assert [(sweep.id, sweep.n_cells, sweep.n_kept, sweep.n_failed) for sweep in store.sweeps()] == [
        ("one-id", 5, 1, 1),
        ("two-id", 5, 1, 1),
    ]
    lines = list(store.results())
    assert [(line.key, line.n_sims, line.n_records, line.n_sweeps, line.has_tally) for line in lines] == [
        (key_of(1), 1000, 3, 2, True),
        (key_of(2), 0, 7, 0, False),
    ]
    assert all(datetime.fromisoformat(line.created).tzinfo is not None for line in lines)
    store.put([finding_of(number) for number in range(1000, 3500)])
    assert len({line.key for line in store.results()}) == 2502


def test_a_sweep_is_named_by_the_beginning_of_its_id_or_its_name(store: Store) -> None:
    with pytest.raises(InputError, match="there are no sweeps in it yet"):
        store.sweep("any")
    for sweep_id, name in (("abc1", "rates"), ("abc2", "rates"), ("abd", "caps"), ("ab", "other")):
        store.begin_sweep(sweep_id, name, ["a"], "", 1)
    named = {word: store.sweep(word).id for word in ("abc1", "abd", "rates", "caps", "ab")}
    assert named == {"abc1": "abc1", "abd": "abd", "rates": "abc2", "caps": "abd", "ab": "ab"}
    with pytest.raises(InputError, match=r'several sweeps begin with "abc"'):
        store.sweep("abc")
    with pytest.raises(InputError, match=r'did you mean "rates"\?'):
        store.sweep("rate")
    with pytest.raises(InputError, match="no sweep"):
        store.sweep("")


def filled(store: Store) -> None:
    """Sweep one has results 0 to 3, sweep two 3 to 5; 6 and 7 are in no sweep."""
    store.put([finding_of(number, layout=layout_of(50, f"truth {number}")) for number in range(8)])
    for sweep_id, numbers in (("one", range(4)), ("two", range(3, 6))):
        store.begin_sweep(sweep_id, sweep_id, ["a"], "", 9)
        store.put_cells(sweep_id, [(number, (number,), key_of(number), 1000, None) for number in numbers])


def left(store: Store) -> set[int]:
    return {number for number in range(8) if store.find(key_of(number), 1000)}


def test_pruning_a_sweep_drops_what_only_it_has(store: Store) -> None:
    filled(store)
    assert store.prune(sweeps=["one"], dry_run=True) == (1, 3, 0)
    assert left(store) == set(range(8))
    dropped = store.prune(sweeps=["one"])
    assert dropped[:2] == (1, 3)
    assert left(store) == {3, 4, 5, 6, 7}
    assert [sweep.id for sweep in store.sweeps()] == ["two"]
    assert [cell.number for cell in store.cells("two")] == [3, 4, 5]
    assert list(store.cells("one")) == []
    with pytest.raises(InputError, match="there is no sweep one"):
        store.prune(sweeps=["one"])


def test_pruning_what_is_unused(store: Store) -> None:
    filled(store)
    assert store.prune(unused=True)[:2] == (0, 2)
    assert left(store) == set(range(6))
    assert store.prune(unused=True)[:2] == (0, 0)


def test_pruning_by_date(store: Store) -> None:
    filled(store)
    now = datetime.now(UTC)
    assert store.prune(before=now - timedelta(hours=1))[:2] == (0, 0)
    naive = (now + timedelta(minutes=1)).astimezone().replace(tzinfo=None)
    assert store.prune(before=naive)[:2] == (2, 8)
    assert left(store) == set()


def test_pruning_other_streams_and_versions_leaves_cells_to_run_again(store: Store) -> None:
    filled(store)
    other = finding_of(9)._replace(key=key_of(9)._replace(stream="new/2"))
    store.put([other])
    store.begin_sweep("two", "two", ["a"], "", 9)
    store.put_cells("two", [(8, (8,), other.key, 1000, None)])
    assert store.prune(versions=["0.0.1", next(store.results()).version])[:2] == (0, 0)
    assert store.prune(streams=["new/2"])[:2] == (0, 8)
    assert [sweep.id for sweep in store.sweeps()] == ["one", "two"]
    assert store.done("one") == (set(), set())
    assert store.done("two") == ({8}, set())
    assert store.prune(versions=[])[:2] == (0, 1)


def test_pruning_makes_the_file_smaller_and_drops_the_words_too(store: Store, tmp_path: Path) -> None:
    store.put([finding_of(number, layout=layout_of(100, f"truth {number}")) for number in range(300)])
    store.close()
    before = os.path.getsize(store.path)
    with open_store(store.path) as again:
        dropped = again.prune(unused=True)
    after = os.path.getsize(store.path)
    assert before - after == dropped.n_bytes > 1_000_000
    assert dropped[:2] == (0, 300)
    with sqlite3.connect(store.path) as plain:
        assert plain.execute("SELECT count(*) FROM layouts").fetchone() == (0,)
    plain.close()
    assert os.listdir(tmp_path) == ["results.sqlite"]


def test_nothing_is_left_beside_a_store_that_was_closed(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "results.sqlite"
    with open_store(path) as one, open_store(path) as two:
        one.put([finding_of(1)])
        two.put([finding_of(2)])
        assert is_same(one.find(key_of(2), 1000), finding_of(2))
    with open_store(path, read_only=True) as reader:
        assert reader.find(key_of(1), 1000) is not None
    assert os.listdir(path.parent) == ["results.sqlite"]


def test_cells_may_be_put_while_they_are_streamed(store: Store) -> None:
    store.begin_sweep("s", "name", ["a"], "", 400)
    store.put([finding_of(number) for number in range(400)])
    store.put_cells("s", [(number, (number,), key_of(number), 1000, None) for number in range(200)])
    seen = []
    with open_store(store.path) as other:
        for cell in store.cells("s"):
            seen.append(cell.number)
            if cell.number < 200:
                mine = cell.number + 200
                other.put_cells("s", [(mine, (mine,), key_of(mine), 1000, None)])
    assert seen == list(range(400))


@pytest.mark.long
def test_streaming_holds_only_a_few_cells(store: Store) -> None:
    """Twice the cells need hardly more memory, once caches are full (what is streamed is 10 MB in all)."""
    layout = layout_of(10)
    for sweep_id, n in (("small", 4000), ("large", 8_000)):
        store.begin_sweep(sweep_id, sweep_id, ["a"], "", n)
        for begin in range(0, n, 1000):
            some = range(begin, begin + 1000)
            with store.batch():
                store.put([finding_of(number, layout=layout) for number in some])
                store.put_cells(sweep_id, [(number, (number,), key_of(number), 1000, None) for number in some])

    def peak(sweep_id: str) -> tuple[int, int]:
        gc.collect()
        tracemalloc.start()
        n = sum(len(cell.numbers) == 10 for cell in store.cells(sweep_id))
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return n, highest

    peak("small")
    n_small, small = peak("small")
    n_large, large = peak("large")
    assert (n_small, n_large) == (4000, 8_000)
    assert large < 1.25 * small
    assert large < 500_000


def test_what_is_kept_is_open_to_other_programs(store: Store) -> None:
    """A promise to the reader of the file, and to a later version: plain SQL, JSON and little-endian float64."""
    store.put([finding_of(1)])
    with sqlite3.connect(store.path) as plain:
        facts, packed = plain.execute("SELECT facts, numbers FROM results").fetchone()
        (words_packed,) = plain.execute("SELECT packed FROM layouts").fetchone()
    plain.close()
    assert json.loads(facts) == {"why_not": None}
    assert json.loads(zlib.decompress(words_packed)) == [list(row) for row in LAYOUT]
    assert np.array_equal(np.frombuffer(packed, "<f8").reshape(3, 6), finding_of(1).numbers)


def test_what_is_kept_is_on_the_disk_before_it_is_said_to_be(store: Store) -> None:
    """What no test can try is a power cut: SQLite's own promise for it is asked for."""
    asked = ("synchronous", "journal_mode", "foreign_keys")
    assert [store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked] == [2, "wal", 1]


def test_infinities_are_numbers_and_nan_is_none() -> None:
    values = np.array([[math.inf, -math.inf, math.nan, -0.0, 5e-324, 1.0]])
    (record,) = joined(layout_of(1), values)
    assert (record.estimate, record.mcse, record.bound) == (math.inf, -math.inf, None)
    assert record.exact is not None
    assert math.copysign(1.0, record.exact) == -1.0
    assert np.array_equal(split([record])[1], values, equal_nan=True)
