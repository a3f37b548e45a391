"""Opening a store: the file is checked before anything is written, and nothing that is not ours is touched."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack, suppress
from pathlib import Path

from trialsim.errors import InputError
from trialsim.store.faults import NOT_OURS, Told, damage, kind_of
from trialsim.store.schema import APPLICATION, TABLES, VERSION

WAIT_S = 60.0
"""How long to wait for other programs that write to the same store."""

_CHECKED_BYTES = 4 * 2**20
"""A file of up to this size is read through on opening; in a larger one, damage is found when it is met."""

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100


def connect(path: str, *, must_exist: bool, read_only: bool, wait_s: float) -> sqlite3.Connection:
    """Return a connection to the store in a file, which is made if it may be.

    Raises
    ------
    InputError
        If the file is no store, or cannot be used as one.
    """
    target = _target(path, must_exist=must_exist or read_only, read_only=read_only)
    with Told(path), ExitStack() as opened:
        connection = _opened(path, target, read_only, wait_s, opened)
        _check_ours(connection, path, read_only)
        if not read_only:
            _try_to_write(connection)
            _log_ahead(connection)
        _check_whole(connection, path, target)
        opened.pop_all()
    return connection


def _target(path: str, *, must_exist: bool, read_only: bool) -> Path:
    """Return the file that a path leads to, as far as it can be told without SQLite that it may serve."""
    if not path.strip() or "\0" in path:
        raise InputError("the name of the store is empty or holds a NUL character; name a file")
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise InputError(f"{path}: is a folder; name a file in it for the store")
        if target.exists() and not target.is_file():
            raise InputError(f"{path}: is no regular file; choose another place for the store")
        if must_exist and not target.exists():
            raise InputError(f"{path}: there is no store here yet; a sweep makes one, or name another file")
        if target.exists():
            _check_header(path, target)
        elif not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{path}: {target.parent} is no folder; choose another place for the store") from None
    except OSError as error:
        raise InputError(
            f"{path}: the store cannot be opened ({error.strerror}); choose another place for it"
        ) from None
    effective = os.access in os.supports_effective_ids
    if not read_only and not os.access(target.parent, os.W_OK, effective_ids=effective):
        raise InputError(f"{path}: nothing can be written in its folder; choose another place for the store")
    return target


def _check_header(path: str, target: Path) -> None:
    """Refuse what is not ours before SQLite, which might tidy up after another program, opens it."""
    with target.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if not header and _is_filled(_beside(target, "-wal")):
        raise damage(path, "it is empty, and its write-ahead log is not")
    if not header or (header[:16] != _MAGIC and _is_filled(_beside(target, "-journal"))):
        return  # new; or killed while it was made, which SQLite undoes
    if header[:16] != _MAGIC or int.from_bytes(header[68:72], "big") != APPLICATION:
        raise InputError(f"{path}: {NOT_OURS}")


def _is_filled(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _beside(target: Path, ending: str) -> Path:
    return target.with_name(target.name + ending)


def _opened(path: str, target: Path, read_only: bool, wait_s: float, opened: ExitStack) -> sqlite3.Connection:
    """Return a connection that has been able to read."""
    connection = _connection(target, "mode=rw" if target.exists() else "mode=rwc", wait_s, opened)
    try:
        connection.execute("PRAGMA schema_version")
    except sqlite3.OperationalError as error:
        if kind_of(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR):
            raise
        # A write-ahead log cannot be had: in a folder that can only be read, on a full disk, on some network disks.
        if read_only:
            _check_at_rest(path, target)
            connection = _connection(target, "mode=ro&immutable=1", wait_s, opened)
        else:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("PRAGMA locking_mode=NORMAL")
    for setting in ("foreign_keys=ON", "synchronous=FULL", "cell_size_check=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {setting}")
    if read_only:  # opened for writing all the same, where it can be: SQLite then leaves no files behind
        connection.execute("PRAGMA query_only=ON")
    return connection


def _check_at_rest(path: str, target: Path) -> None:
    """Refuse to read a store as it lies there if part of it is in another file."""
    for log in (_beside(target, "-wal"), _beside(target, "-journal")):
        if _is_filled(log):
            raise InputError(
                f"{path}: a program that was writing to the store was stopped, and {log.name} beside it belongs to it; "
                "copy both to a place that can be written, and read them there"
            )


def _connection(target: Path, how: str, wait_s: float, opened: ExitStack) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{target.as_uri()}?{how}", timeout=wait_s, isolation_level=None, uri=True)
    opened.callback(connection.close)
    return connection


def _check_ours(connection: sqlite3.Connection, path: str, read_only: bool) -> None:
    """Refuse what is not ours or not of our time; fill a file that is new."""
    if not read_only and _number(connection, "page_count") == 0:
        _fill(connection)
    if _number(connection, "application_id") != APPLICATION:
        empty = _number(connection, "page_count") == 0
        raise InputError(f"{path}: {'the file is empty, there is no store in it yet' if empty else NOT_OURS}")
    version = _number(connection, "user_version")
    if version != VERSION:
        when, remedy = ("a newer", "update trialsim") if version > VERSION else ("an older", "use that version")
        raise InputError(
            f"{path}: the store was written by {when} trialsim (its tables are version {version}, here {VERSION}) and "
            f"is left as it is; {remedy}, or choose another place for the store"
        )


def _fill(connection: sqlite3.Connection) -> None:
    """Make the tables, all or none, unless another program has just done so."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _number(connection, "application_id") != APPLICATION:
            for statement in TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={APPLICATION}")
            connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.rollback()
        raise


def _try_to_write(connection: sqlite3.Connection) -> None:
    """Let a store that can only be read say so before anything is computed."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA user_version={VERSION}")
    finally:
        connection.rollback()


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Use a write-ahead log, so that readers and a writer do not wait for each other; if it cannot be had, no harm."""
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode=WAL")


def _check_whole(connection: sqlite3.Connection, path: str, target: Path) -> None:
    if target.stat().st_size <= _CHECKED_BYTES:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise damage(path)


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    found = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(found[0])
