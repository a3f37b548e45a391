"""The bounds of an input: processor time, memory, and the files that it makes the program touch."""

from __future__ import annotations

import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fuzz.target import BrokenPromise

ROOT = Path(__file__).resolve().parents[2]
MORE_MEMORY = 512 << 20
"""Bytes of address space beyond what the program has before the first input."""

_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
_NEVER = {
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "subprocess.Popen",
    "socket.connect",
    "socket.bind",
    "ctypes.dlopen",
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PROGRAM = tuple(map(os.path.realpath, (sys.prefix, sys.base_prefix, sysconfig.get_paths()["stdlib"])))
_SHIPPED = (str(ROOT / "designs"), str(ROOT / "scenarios"), str(ROOT / "app" / "assets"))


class TooLongError(BaseException):
    """An input took more processor time than it may. No `except Exception` stops it."""


class Watch:
    """Watches the inputs of one process, from `start` on."""

    def __init__(self, folder: Path) -> None:
        self.folder = os.path.realpath(folder)
        self._is_on = self._is_closed = self._was_too_long = False
        self._seen: list[str] = []

    def start(self) -> None:
        """Begin: from now on, memory is bounded and every file that is opened is seen."""
        signal.signal(signal.SIGPROF, self._too_long)
        sys.addaudithook(self._hook)
        n_pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = n_pages * resource.getpagesize() + MORE_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))

    @contextmanager
    def one(self, limit_s: float, is_closed: bool) -> Iterator[None]:
        """Watch one input.

        Parameters
        ----------
        limit_s
            Seconds of processor time that it may take.
        is_closed
            Whether it may cause no file to be read but what ships.

        Raises
        ------
        TooLongError, BrokenPromise
            If it broke a bound, even if the program went on as if nothing had happened.
        """
        self._seen.clear()
        self._is_closed, self._was_too_long, self._is_on = is_closed, False, True
        signal.setitimer(signal.ITIMER_PROF, limit_s, limit_s)
        try:
            yield
        finally:
            self._is_on = False
            signal.setitimer(signal.ITIMER_PROF, 0)
        if self._was_too_long:
            raise TooLongError(f"more than {limit_s:g} s of processor time, and what stops it was swallowed")
        if self._seen:
            raise BrokenPromise("; ".join(self._seen)[:2000])

    def _too_long(self, *_: object) -> None:
        if self._is_on:
            self._was_too_long = True
            raise TooLongError("more processor time than an input may take")

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._is_on:
            return
        if event == "open":
            self._opened(*args)
        elif event == "sqlite3.connect":
            self._outside(str(args[0]).removeprefix("file://").partition("?")[0], "a database")
        elif event in _CHANGES:
            self._outside(args[0], event)
        elif event in _NEVER:
            self._seen.append(f"{event} {args!r}"[:300])

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int) or path is None:
            return
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & _WRITING):
            self._outside(path, "written")
        elif self._is_closed:
            self._outside(path, "read", (*_PROGRAM, *_SHIPPED))

    def _outside(self, path: Any, what: str, more: tuple[str, ...] = ()) -> None:
        found = os.path.realpath(os.fsdecode(path))
        is_code = what == "read" and _is_in(found, str(ROOT)) and found.endswith((".py", ".pyc"))
        if found != os.devnull and not is_code and not any(_is_in(found, folder) for folder in (self.folder, *more)):
            self._seen.append(f"{what}: {found}")


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
