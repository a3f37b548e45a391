"""The store: results and sweeps in one SQLite file, which several programs may use at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim._version import __version__
from trialsim.errors import InputError, nearest
from trialsim.store import rows
from trialsim.store.kinds import Done
from trialsim.store.opening import WAIT_S, connect
from trialsim.store.pruning import drop
from trialsim.store.results import Results
from trialsim.store.schema import KEY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from trialsim.store.kinds import KeptCell, Key, Level, Pruned, Sweep

_READ_AT_ONCE = 64
"""Rows: what is streamed is read in pieces, so that memory stays flat and no writer has to wait for a reader."""

_PUT_FAILED = """INSERT INTO cells (sweep, number, levels, seal, error) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (sweep, number) DO UPDATE SET levels = excluded.levels, seal = excluded.seal, error = excluded.error
    WHERE cells.result IS NULL"""

_PUT_CELL = f"""INSERT INTO cells (sweep, number, levels, seal, result)
    SELECT ?, ?, ?, ?, id FROM results WHERE {KEY} AND n_sims = ?
    ON CONFLICT (sweep, number) DO UPDATE
    SET levels = excluded.levels, seal = excluded.seal, result = excluded.result, error = NULL"""

_CELLS = f"""SELECT number, levels, error, cells.seal, {rows.KEYS}, {rows.BODY}
    FROM cells LEFT JOIN results ON results.id = cells.result
    WHERE sweep = ? AND number > ? ORDER BY number LIMIT {_READ_AT_ONCE}"""

_SWEEPS = """SELECT sweep_id, about, n_cells, seal,
    (SELECT count(result) FROM cells WHERE sweep = sweeps.id),
    (SELECT count(error) FROM cells WHERE sweep = sweeps.id), created, version FROM sweeps ORDER BY id"""


def open_store(path: str | Path, *, must_exist: bool = False, read_only: bool = False, wait_s: float = WAIT_S) -> Store:
    """Open a store; a new one is made, with its folder, unless it must exist.

    Parameters
    ----------
    path
        The file; while it is in use, others with its name and "-wal", "-shm" or "-journal" may lie beside it.
    must_exist
        Refuse a file that is not there. Implied by `read_only`.
    read_only
        Keep nothing: whatever would is refused.
    wait_s
        How long to wait for other programs that write to the store, in seconds.

    Raises
    ------
    InputError
        If the file is no store, is damaged, is of another version, or cannot be used; it is then left as it is.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, open_store(f"{folder}/trialsim.sqlite") as store:
    ...     store.sweeps()
    []
    """
    connection = connect(str(path), must_exist=must_exist, read_only=read_only, wait_s=wait_s)
    return Store(connection, str(path))


class Store(Results):
    """Results and sweeps in one file. A context manager, for the thread and process that opened it.

    Whatever goes wrong with the file is an `InputError`; what was kept before stays kept.
    """

    def begin_sweep(self, sweep_id: str, name: str, axes: Sequence[str], scenario: str, n_cells: int) -> None:
        """Announce a sweep; one that was begun before goes on.

        Raises
        ------
        InputError
            If the sweep of this id has another name, other axes, another scenario or another number of cells.
        """
        wanted = rows.sweep_row(sweep_id, name, axes, scenario, n_cells)
        with self.batch():
            with self._told:
                self._connection.execute(
                    "INSERT INTO sweeps (sweep_id, about, n_cells, seal, created, version) VALUES (?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT DO NOTHING",
                    (*wanted, rows.now(), __version__),
                )
                query = "SELECT sweep_id, about, n_cells, seal FROM sweeps WHERE sweep_id = ?"
                found = self._connection.execute(query, (sweep_id,)).fetchone()
            if found != wanted:
                raise InputError(f"{self.path}: sweep {sweep_id} is another one here; choose another place")

    def put_cells(
        self, sweep_id: str, cells: Sequence[tuple[int, tuple[Level, ...], Key | None, int, str | None]]
    ) -> None:
        """Keep what came out of cells, all or none: number, levels, key, replicates, error.

        A result replaces an error or another result; an error replaces only an error.

        Raises
        ------
        InputError
            If the sweep or a result is not in the store (another program may have pruned it), or nothing can be kept.
        """
        good, failed = [], []
        for number, levels, key, n_sims, error in cells:
            if key is None or error is not None:
                failed.append(rows.failed_cell_row(sweep_id, number, levels, error))
            else:
                good.append(rows.cell_row(sweep_id, number, levels, key, n_sims))
        with self.batch():
            sweep = self._number_of(sweep_id)
            if sweep is None:
                raise InputError(f"{self.path}: sweep {sweep_id} is no longer in the store; run it again")
            with self._told:
                self._connection.executemany(_PUT_FAILED, ((sweep, *row) for row in failed))
                n_put = self._connection.executemany(_PUT_CELL, ((sweep, *row) for row in good)).rowcount
            if good and n_put != len(good):
                raise InputError(f"{self.path}: results of sweep {sweep_id} were dropped meanwhile; run it again")

    def done(self, sweep_id: str) -> Done:
        """Return the numbers of the cells with a result, and of those with an error; none if the sweep is unknown."""
        done = Done(set(), set())
        with self._told:
            query = "SELECT number, result IS NULL FROM cells JOIN sweeps ON sweeps.id = sweep WHERE sweep_id = ?"
            for number, is_failed in self._connection.execute(query, (sweep_id,)):
                done[is_failed].add(number)
        return done

    def cells(self, sweep_id: str) -> Iterator[KeptCell]:
        """Yield the cells of a sweep that have a result or an error, in the order of their numbers.

        Cells that are put meanwhile may be among them. None if the sweep is unknown.
        """
        sweep, last = self._number_of(sweep_id), -1
        while sweep is not None:
            with self._told, self._snapshot():
                found = self._connection.execute(_CELLS, (sweep, last)).fetchall()
                cells = [rows.cell_of(sweep_id, row, self._layout_by) for row in found]
            if not cells:
                return
            yield from cells
            last = cells[-1].number

    def sweeps(self) -> list[Sweep]:
        """Return the sweeps, the oldest first."""
        with self._told:
            return [rows.sweep_of(row) for row in self._connection.execute(_SWEEPS)]

    def sweep(self, beginning: str) -> Sweep:
        """Return the sweep whose id begins so, or the latest of that name.

        Raises
        ------
        InputError
            If there is none, or there are several ids that begin so.
        """
        sweeps = self.sweeps()
        found = [sweep for sweep in sweeps if sweep.id == beginning]
        found = found or [sweep for sweep in sweeps if sweep.name == beginning][-1:]
        found = found or [sweep for sweep in sweeps if beginning and sweep.id.startswith(beginning)]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(f'{self.path}: several sweeps begin with "{beginning}"; add more of the id')
        names = list(dict.fromkeys(sweep.name for sweep in sweeps))
        remedy = nearest(beginning, names) if names else "there are no sweeps in it yet"
        raise InputError(f'{self.path}: no sweep has the name or id "{beginning}"; {remedy}')

    def prune(
        self,
        *,
        sweeps: Collection[str] = (),
        before: datetime | None = None,
        unused: bool = False,
        streams: Collection[str] | None = None,
        versions: Collection[str] | None = None,
        dry_run: bool = False,
    ) -> Pruned:
        """Drop sweeps and results, and make the file smaller.

        Parameters
        ----------
        sweeps
            Drop these (ids), and their results that are in no other sweep.
        before
            Drop sweeps that were begun before this moment, as above, and older results that are in no sweep.
        unused
            Drop results that are in no sweep.
        streams, versions
            Keep only results of these streams of random numbers, or of these versions of trialsim; a sweep loses the
            cells of the others, which can be run again.
        dry_run
            Only say what would be dropped.

        Raises
        ------
        InputError
            If a sweep is not there, or nothing can be dropped.
        """
        for sweep_id in sweeps:
            if self._number_of(sweep_id) is None:
                raise InputError(f"{self.path}: there is no sweep {sweep_id} in the store")
        if self._connection.in_transaction:
            raise RuntimeError("a store is not pruned within a batch")
        moment = rows.stamp(before) if before is not None else None
        with self._told:
            return drop(self._connection, sweeps, moment, unused, streams, versions, dry_run)

    def _number_of(self, sweep_id: str) -> int | None:
        with self._told:
            found = self._connection.execute("SELECT id FROM sweeps WHERE sweep_id = ?", (sweep_id,)).fetchone()
        return None if found is None else int(found[0])
