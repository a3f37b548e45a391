"""Results in one SQLite file, found by what they are a function of."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Self

from trialsim.store import rows
from trialsim.store.faults import Broken, Told
from trialsim.store.kinds import Finding
from trialsim.store.layouts import MOST_LAYOUTS, Sheet, read_sheet, sheet
from trialsim.store.schema import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from trialsim.store.kinds import Key, ResultLine
    from trialsim.store.layouts import Layout

_LINES_AT_ONCE = 1000

_FIND = f"SELECT n_sims, tally_seal, tally, {rows.BODY} FROM results WHERE {KEY}"

_PUT = f"INSERT INTO results ({rows.RESULT_COLUMNS}) VALUES ({'?, ' * 12}?) ON CONFLICT DO NOTHING"

_RESULTS = f"""SELECT id, cell, seed, engine, stream, n_sims, length(numbers),
    (SELECT count(DISTINCT sweep) FROM cells WHERE result = results.id), tally IS NOT NULL, created, version
    FROM results WHERE id > ? ORDER BY id LIMIT {_LINES_AT_ONCE}"""


class Results:
    """The results of a store."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self.path = path
        self._connection = connection
        self._told = Told(path)
        self._sheets: dict[int, tuple[Layout, Sheet]] = {}  # by identity: the layout is held, so it stays unique
        self._layouts: dict[bytes, Layout] = {}

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Close the store. What was not yet kept is dropped."""
        with self._told:
            self._connection.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Keep all that the block puts, or nothing if it ends with an error.

        Other programs wait meanwhile: compute first, then open a batch. A batch in a batch belongs to the outer one.

        Raises
        ------
        InputError
            If it cannot be kept.
        """
        if self._connection.in_transaction:
            yield
            return
        try:
            with self._told:
                self._connection.execute("BEGIN IMMEDIATE")
            yield
            if not self._connection.in_transaction:
                raise RuntimeError("a batch went on after an error that ended it")
            with self._told:
                self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.rollback()
            raise

    def present(self, keys: Sequence[tuple[Key, int]]) -> set[tuple[Key, int]]:
        """Return which of these results, each a key and a number of replicates, are there."""
        query = f"SELECT 1 FROM results WHERE {KEY} AND n_sims = ?"
        with self._told, self._snapshot():
            ask = self._connection.execute
            return {asked for asked in keys if ask(query, (*asked[0], asked[1])).fetchone()}

    def find(self, key: Key, n_sims: int) -> Finding | None:
        """Return a result, if it is there."""
        return self._found(key, f"{_FIND} AND n_sims = ?", n_sims)

    def longest_below(self, key: Key, n_sims: int) -> Finding | None:
        """Return the result with the most replicates, at most `n_sims`, that a longer run can go on from."""
        return self._found(key, f"{_FIND} AND n_sims <= ? AND tally IS NOT NULL ORDER BY n_sims DESC LIMIT 1", n_sims)

    def put(self, findings: Sequence[Finding]) -> None:
        """Keep results, all or none. One that is there already stays as it is.

        Raises
        ------
        ValueError
            If a finding has not one row of numbers per record.
        InputError
            If they cannot be kept.
        """
        sheets = [self._sheet_of(finding.layout) for finding in findings]
        created = rows.now()
        new = (rows.result_row(finding, own.digest, created) for finding, own in zip(findings, sheets, strict=True))
        with self.batch(), self._told:
            self._connection.executemany(
                "INSERT INTO layouts VALUES (?, ?) ON CONFLICT DO NOTHING", dict.fromkeys(sheets)
            )
            self._connection.executemany(_PUT, new)

    def results(self) -> Iterator[ResultLine]:
        """Yield a line for each result, in the order in which they were kept."""
        last = -1
        while True:
            with self._told:
                found = self._connection.execute(_RESULTS, (last,)).fetchall()
                lines = [rows.line_of(row[1:]) for row in found]
            if not found:
                return
            yield from lines
            last = found[-1][0]

    def _found(self, key: Key, query: str, n_sims: int) -> Finding | None:
        with self._told, self._snapshot():
            row = self._connection.execute(query, (*key, n_sims)).fetchone()
            if row is None:
                return None
            kept, tally_seal, tally, *body = row
            layout, numbers, facts = rows.body_of((*key, kept), body, self._layout_by)
            return Finding(key, kept, layout, numbers, rows.tally_of(tally_seal, tally), facts)

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Read several times as if at one moment, whatever other programs write meanwhile."""
        if self._connection.in_transaction:
            yield
            return
        try:
            self._connection.execute("BEGIN")
            yield
        finally:
            self._connection.rollback()

    def _sheet_of(self, layout: Layout) -> Sheet:
        known = self._sheets.get(id(layout))
        if known is None:
            if len(self._sheets) >= MOST_LAYOUTS:
                self._sheets.clear()
            known = self._sheets[id(layout)] = (layout, sheet(layout))
        return known[1]

    def _layout_by(self, digest: bytes) -> Layout:
        known = self._layouts.get(digest)
        if known is None:
            row = self._connection.execute("SELECT packed FROM layouts WHERE digest = ?", (digest,)).fetchone()
            if row is None:
                raise Broken("the words of a result are missing")
            if len(self._layouts) >= MOST_LAYOUTS:
                self._layouts.clear()
            known = self._layouts[digest] = read_sheet(Sheet(digest, row[0]))
        return known
