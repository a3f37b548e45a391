"""What can go wrong with a store, each as one sentence."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from trialsim.errors import InputError

if TYPE_CHECKING:
    from types import TracebackType

CAN_ONLY_BE_READ = "can only be read, or its folder; make both writable, or choose another place for the store"
FULL = "the disk is full and the last batch was not kept; make room and run again: what was kept is not lost"
NOT_OURS = "is not a store of trialsim and is left as it is; choose another place for the store"

_SENTENCES = {
    sqlite3.SQLITE_BUSY: "other programs have been writing to the store for too long; wait for them and run again",
    sqlite3.SQLITE_LOCKED: "other programs have been writing to the store for too long; wait for them and run again",
    sqlite3.SQLITE_PROTOCOL: "other programs have been opening the store for too long; wait for them and run again",
    sqlite3.SQLITE_READONLY: CAN_ONLY_BE_READ,
    sqlite3.SQLITE_PERM: CAN_ONLY_BE_READ,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_CANTOPEN: "cannot be opened, or nothing written beside it; choose another place for the store",
    sqlite3.SQLITE_IOERR: "cannot be read or written (the disk reports an error); choose another place for the store",
    sqlite3.SQLITE_NOTADB: NOT_OURS,
    sqlite3.SQLITE_TOOBIG: "a result is too large to be kept (a gigabyte and more)",
}
_DAMAGES = {
    sqlite3.SQLITE_CORRUPT: "its pages do not fit together",
    sqlite3.SQLITE_ERROR: "a table is missing or has another form",
    sqlite3.SQLITE_CONSTRAINT: "its tables contradict each other",
}
_LITTLE = 64 * 1024
"""Bytes: with less room than this, what the disk reports is that it is full."""


def kind_of(error: sqlite3.Error) -> int:
    """Return SQLite's code for an error; text that cannot be decoded has none, and is damage."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)) & 0xFF


def damage(path: str, finding: object = _DAMAGES[sqlite3.SQLITE_CORRUPT]) -> InputError:
    """Return the error for a file that is no longer what was written."""
    return InputError(
        f"{path}: the store is damaged ({finding}) and is left as it is; put a copy back, or move it away to begin anew"
    )


def fault(path: str, error: sqlite3.Error) -> InputError:
    """Return what SQLite reports about a store as a sentence."""
    kind = kind_of(error)
    if kind == sqlite3.SQLITE_IOERR and _has_no_room(path):
        kind = sqlite3.SQLITE_FULL
    sentence = _SENTENCES.get(kind)
    return InputError(f"{path}: {sentence}") if sentence else damage(path, _DAMAGES.get(kind, error))


class Broken(Exception):  # noqa: N818 (never seen outside the store)
    """Something in the store is not as it was written."""


class Told:
    """Wherever a store is touched: what SQLite raises, and what cannot be read, is told as an `InputError`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> None:
        """Begin to listen."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Turn what SQLite raised into a sentence; a mistake in the program stays what it is."""
        if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.ProgrammingError):
            raise fault(self.path, error) from error
        if isinstance(error, Broken):
            raise damage(self.path, error) from error
        if isinstance(error, UnicodeDecodeError):  # of SQLite's own message, which quotes what is damaged
            raise damage(self.path) from error


def _has_no_room(path: str) -> bool:
    try:
        return shutil.disk_usage(Path(path).absolute().parent).free < _LITTLE
    except OSError:
        return False
