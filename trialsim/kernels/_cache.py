"""Compiled kernels on disk, each file behind a digest of itself: what is damaged is compiled again, never run.

A disk that fills up, is closed to writing or loses power costs the next start its compiled kernels, and nothing else.
Numba itself would end the program with a traceback, or hand damaged machine code to the linker.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.serialize import dumps

_DIGEST_BYTES = 32


class _CheckedFiles(IndexDataCacheFile):
    """Index and machine code of one kernel; a file that is not as it was written counts as missing."""

    def _load_index(self) -> dict[Any, str]:
        with contextlib.suppress(OSError):
            version, stamp, overloads = pickle.loads(_read(self._index_path))
            if (version, stamp) == (self._version, self._source_stamp):
                return dict(overloads)
        return {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        return pickle.loads(_read(self._data_path(name)))

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _write(self, path: str, data: Any) -> None:
        body = dumps(data)
        with self._open_for_write(path) as file:
            file.write(hashlib.sha256(body).digest() + body)


def _read(path: str) -> bytes:
    """Return what was written to a file; an `OSError` if it is not there, or no longer what was written."""
    with open(path, "rb") as file:
        digest, body = file.read(_DIGEST_BYTES), file.read()
    if hashlib.sha256(body).digest() != digest:
        raise OSError(f"{path} is damaged")
    return body


class CheckedCache(FunctionCache):
    """The cache of one kernel."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _CheckedFiles(self._cache_path, self._impl.filename_base, stamp)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled kernel, if there is room for it."""
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)
