"""Writing files so that nothing is ever half-written."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trialsim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replaced_when_complete(path: str | Path) -> Iterator[str]:
    """Give a temporary name beside `path`; take its place when the block ends well, remove it when it does not."""
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield str(temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        with replaced_when_complete(path) as temporary:
            Path(temporary).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}).") from None


def check_writable(path: str, option: str) -> None:
    """Refuse an output path that cannot work, before any time is spent.

    Raises
    ------
    InputError
        If the path is a folder, or its folder is missing or cannot be written.
    """
    target = Path(path)
    try:
        if not path or "\0" in path or target.is_dir():
            raise InputError(f"{option} {path}: is a folder; name a file.")
        if not target.parent.is_dir():
            raise InputError(f"{option} {path}: the folder {target.parent} does not exist; make it first.")
        if not os.access(target.parent, os.W_OK) or (target.exists() and not os.access(target, os.W_OK)):
            raise InputError(f"{option} {path}: cannot be written; choose another place.")
    except OSError as error:
        raise InputError(f"{option} {path[:80]}: cannot be written ({error.strerror}).") from None
