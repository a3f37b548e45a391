"""Stores of a stranger: the file with bytes changed, or rows changed by somebody who knows how they are sealed."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.mutation import NAMES, NUMBERS, OTHERS, of_data, of_text
from tests.fuzz.shipped import one_in
from tests.fuzz.target import Target, answered, check_lines
from trialsim import load_scenario, run
from trialsim.kept import Kept
from trialsim.report.formats import rendered
from trialsim.report.sweep_choices import contents_of
from trialsim.report.sweep_text import summary
from trialsim.store import Store, Sweep, open_store, rows
from trialsim.sweep.run import Settings, replicates_of, result_of, sweep
from trialsim.sweep.single import keep_run, tallies_from
from trialsim.sweep.stored import result_as_kept, scenario_of_run
from trialsim.verbs.results import _line

_TABLES = {
    "sweeps": ("sweep_id", "about", "n_cells", "seal", "created", "version"),
    "cells": ("number", "levels", "result", "error", "seal"),
    "results": (
        "cell",
        "seed",
        "engine",
        "stream",
        "n_sims",
        "created",
        "version",
        "layout",
        "facts",
        "numbers",
        "tally",
    ),
    "layouts": ("digest", "packed"),
}
_JSON = {"about", "levels", "facts"}
_SWEPT = (
    "vary={truths.active.response_rate: {as: r, from: 0.1, to: 0.3, step: 0.1}, "
    "design.looks.0.continue_if.rule.at_least: {values: [4, 60]}}"
)


@cache
def _store() -> bytes:
    """Return a store with a run and a sweep of few cells, one of which has failed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        with open_store(path) as store:
            kept = Kept()
            wanted = load_scenario("simon-20-40", ["n_sims=50", "intervals=[]"])
            keep_run(store, run(wanted, "montecarlo", kept=kept), kept)
            sweep(load_scenario("simon-20-40", [_SWEPT, "vary.measures=[p_stop, n_mean]"]), store, Settings("exact"))
        with closing(sqlite3.connect(path)) as plain:
            plain.execute("PRAGMA journal_mode=DELETE")
            plain.execute("UPDATE cells SET error = 'no rule', result = NULL WHERE number = 3")
            _seal_all(plain)
            plain.commit()
            plain.execute("VACUUM")
        return path.read_bytes()


def seeds() -> list[bytes]:
    """Return no change, and some plain ones."""
    same = [["cells", "levels", 0, [0.1, 4], True], ["sweeps", "about", 1, ["name", ["a"], "{}"], True]]
    return [b"[]", *(json.dumps([one]).encode() for one in same[:1]), b"raw\n"]


def mutate(data: bytes, rng: Random) -> bytes:
    """Change bytes of the file, or values in rows."""
    if data.startswith(b"raw\n"):
        places = [[rng.randrange(len(_store())), rng.randrange(256)] for _ in range(rng.choice((1, 1, 2, 8, 64)))]
        return b"raw\n" + json.dumps(places).encode()
    changes = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        table = rng.choice(tuple(_TABLES))
        column = rng.choice(_TABLES[table])
        value: Any = {"of": rng.randrange(1 << 30)}
        if rng.random() < 0.4:
            value = rng.choice(rng.choice((NAMES, NUMBERS, OTHERS)))
        changes.append([table, column, rng.randrange(12), value, rng.random() < 0.8])
    return json.dumps(changes).encode()


def begin(folder: Path) -> Callable[[bytes], None]:
    """Return what tries a store: as `results list`, `results show` and `report --from` read it."""
    path = folder / "store.sqlite"

    def one(data: bytes) -> None:
        for left in folder.iterdir():
            left.unlink()
        path.write_bytes(_damaged(data))
        _change(path, [] if data.startswith(b"raw\n") else _asked(data))
        answered(lambda: _read(path, is_shown=one_in(6, data)))
        if one_in(32, data):
            answered(lambda: _prune(path))
        assert {left.name.removeprefix("store.sqlite") for left in folder.iterdir()} <= {"", "-wal", "-shm", "-journal"}

    return one


def _damaged(data: bytes) -> bytes:
    content = bytearray(_store())
    for place, value in _asked(data[4:] or b"[]", n=2) if data.startswith(b"raw\n") else ():
        content[place % len(content)] = value % 256
    return bytes(content)


def _asked(data: bytes, n: int = 5) -> list[Any]:
    """Return the changes that an input asks for; what is none of `n` parts is left out."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return []
    lists = [one for one in found if isinstance(one, list) and len(one) == n] if isinstance(found, list) else []
    if n == 2:
        return [one for one in lists if all(isinstance(part, int) for part in one)]
    return [one for one in lists if str(one[1]) in _TABLES.get(str(one[0]), ()) and isinstance(one[2], int)]


def _change(path: Path, changes: list[Any]) -> None:
    """Make changes; what the tables themselves do not take is left as it is."""
    with closing(sqlite3.connect(path)) as plain:
        plain.text_factory = bytes
        for table, column, row, value, is_sealed in changes:
            key = "rowid" if table != "cells" else "number"
            kept = [one[0] for one in plain.execute(f"SELECT {key} FROM {table} ORDER BY {key}")]
            if not kept:
                continue
            where = kept[row % len(kept)]
            old = plain.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", (where,)).fetchone()[0]
            try:
                plain.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (_value(old, column, value), where))
            except (sqlite3.Error, UnicodeEncodeError, OverflowError, zlib.error):
                continue
            if is_sealed:
                _seal_all(plain)
        plain.commit()


def _value(old: Any, column: str, value: Any) -> Any:
    """Return the new value of a field: itself, or the old one changed by chance, packed as it was."""
    if not isinstance(value, dict) or not isinstance(value.get("of"), int):
        return json.dumps(value) if isinstance(value, list | dict) or column in _JSON else value
    rng = Random(value["of"])
    if not isinstance(old, bytes):
        return rng.choice(NUMBERS)
    if column == "packed":
        return zlib.compress(of_data(zlib.decompress(old), rng, ()), 1)
    if column == "tally":
        return zlib.compress(of_text(zlib.decompress(old), rng), 1)
    if column in ("numbers", "layout", "digest"):
        return of_text(old, rng)
    return (of_data if column in _JSON else of_text)(old, rng, *([()] if column in _JSON else [])).decode(
        "utf-8", "replace"
    )


def _seal_all(plain: sqlite3.Connection) -> None:
    """Write the seals that belong to what stands in the rows, as `trialsim.store.rows` does."""
    factory, plain.text_factory = plain.text_factory, lambda text: text.decode("utf-8", "replace")
    for digest, packed in plain.execute("SELECT digest, packed FROM layouts").fetchall():
        try:
            own = blake2b(zlib.decompress(packed), digest_size=16).digest()
        except (zlib.error, TypeError):
            continue
        plain.execute("UPDATE OR IGNORE layouts SET digest = ? WHERE digest = ?", (own, digest))
        plain.execute("UPDATE results SET layout = ? WHERE layout = ?", (own, digest))
    for sweep_id, about, n_cells in plain.execute("SELECT sweep_id, about, n_cells FROM sweeps").fetchall():
        plain.execute("UPDATE sweeps SET seal = ? WHERE sweep_id = ?", (rows._seal(sweep_id, about, n_cells), sweep_id))
    query = f"SELECT results.id, {rows.KEYS}, {rows.BODY}, tally FROM results"
    for number, *key, layout, facts, numbers, _, tally in plain.execute(query).fetchall():
        blob = b"".join(one for one in (layout, numbers) if isinstance(one, bytes))
        own_seal = rows._seal(*key, facts, blob=blob)
        seals = own_seal, zlib.crc32(tally) if isinstance(tally, bytes) else None
        plain.execute("UPDATE results SET seal = ?, tally_seal = ? WHERE id = ?", (*seals, number))
    query = f"""SELECT sweep, number, levels, error, sweep_id, {rows.KEYS} FROM cells JOIN sweeps ON sweeps.id = sweep
        LEFT JOIN results ON results.id = cells.result"""
    for number_of, number, levels, error, sweep_id, *key in plain.execute(query).fetchall():
        seal = rows._seal(sweep_id, number, levels, error, *key)
        plain.execute("UPDATE cells SET seal = ? WHERE sweep = ? AND number = ?", (seal, number_of, number))
    plain.text_factory = factory


def _read(path: Path, *, is_shown: bool) -> None:
    with open_store(path, read_only=True, wait_s=0.0) as store:
        for each in answered(store.sweeps) or ():
            _show(store, each, is_shown)
        for line in answered(lambda: list(store.results())) or ():
            found = answered(partial(store.longest_below, line.key, line.n_sims))
            if found is not None and found.tally is not None:
                answered(partial(tallies_from, found.tally, str(path)))


def _show(store: Store, each: Sweep, is_shown: bool) -> None:
    check_lines(" ".join(_line(each)))
    answered(lambda: store.sweep(each.id))
    if each.axes:
        answered(lambda: _show_sweep(store, each.id))
    else:
        found = answered(lambda: result_as_kept(store, each, scenario_of_run(each)))
        if found is not None and is_shown:
            check_lines(rendered(replace(found, provenance={**found.provenance, "wall_s": 0.0}), "text", full=False))


def _show_sweep(store: Store, sweep_id: str) -> None:
    contents_of(result_of(store, sweep_id))
    check_lines(summary(result_of(store, sweep_id), n_sims=replicates_of(store, sweep_id)))


def _prune(path: Path) -> None:
    with open_store(path, must_exist=True, wait_s=0.0) as store:
        store.prune(sweeps=[each.id for each in store.sweeps()][:1], unused=True, versions=["0.1.0"])


TARGET = Target("stores", seeds, mutate, begin)
