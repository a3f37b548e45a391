"""Dropping what is no longer wanted from a store."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from trialsim.store.faults import kind_of
from trialsim.store.kinds import Pruned

if TYPE_CHECKING:
    from collections.abc import Collection

_IS_UNUSED = "NOT EXISTS (SELECT 1 FROM cells WHERE cells.result = results.id)"

_NO_ROOM_OR_IN_USE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def drop(
    connection: sqlite3.Connection,
    sweeps: Collection[str],
    before: str | None,
    unused: bool,
    streams: Collection[str] | None,
    versions: Collection[str] | None,
    dry_run: bool,
) -> Pruned:
    """Drop as `Store.prune` says; the moment `before` as it is kept."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        n_sweeps = _count(connection, "sweeps")
        n_results = _count(connection, "results")
        _drop_sweeps(connection, sweeps, before)
        if before is not None:
            connection.execute(f"DELETE FROM results WHERE created < ? AND {_IS_UNUSED}", (before,))
        if unused:
            connection.execute(f"DELETE FROM results WHERE {_IS_UNUSED}")
        for column, kept in (("stream", streams), ("version", versions)):
            if kept is not None:
                marks = ", ".join("?" * len(kept))
                connection.execute(f"DELETE FROM results WHERE {column} NOT IN ({marks})", tuple(kept))
        connection.execute("DELETE FROM layouts WHERE digest NOT IN (SELECT layout FROM results)")
        n_sweeps -= _count(connection, "sweeps")
        n_results -= _count(connection, "results")
        connection.execute("ROLLBACK" if dry_run else "COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()
    return Pruned(n_sweeps, n_results, 0 if dry_run else _shrunk(connection))


def _drop_sweeps(connection: sqlite3.Connection, sweeps: Collection[str], before: str | None) -> None:
    """Drop sweeps by id or age, and their results that no other sweep has."""
    found = connection.execute("SELECT id, sweep_id, created FROM sweeps").fetchall()
    doomed = [
        (number,) for number, name, created in found if name in sweeps or (before is not None and created < before)
    ]
    results: set[tuple[int]] = set()
    for sweep in doomed:
        results.update(connection.execute("SELECT result FROM cells WHERE sweep = ? AND result IS NOT NULL", sweep))
    connection.executemany("DELETE FROM sweeps WHERE id = ?", doomed)
    connection.executemany(f"DELETE FROM results WHERE id = ? AND {_IS_UNUSED}", results)


def _shrunk(connection: sqlite3.Connection) -> int:
    """Give the room back, if there is room to do so and nobody is in the way; return how many bytes."""
    size = _bytes(connection)
    try:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        if kind_of(error) not in _NO_ROOM_OR_IN_USE:
            raise
    return size - _bytes(connection)


def _bytes(connection: sqlite3.Connection) -> int:
    pages, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    return pages * size


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
