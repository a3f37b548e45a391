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
    """Give a temporary name beside `path`; take its place when the block ends well, remove it when it does not.

    A link is followed, so that it stays a link. What is no regular file (a pipe, a device) is written to as it is.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        yield str(target)
        return
    temporary = _beside(target)
    try:
        yield str(temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str, option: str = "") -> None:
    """Write a text file, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written; `option` is what the user gave the path to.
    """
    try:
        with replaced_when_complete(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(
            f"{option} {path}: cannot be written ({error.strerror or error}); choose another place"
        ) from None


def check_writable(path: str, option: str) -> None:
    """Refuse an output path that cannot work, before any time is spent.

    Raises
    ------
    InputError
        If the path is empty or a folder, or its folder is missing or cannot be written.
    """
    if not path.strip() or "\0" in path:
        raise InputError(f"{option}: the name of a file is empty or holds a NUL character; name a file")
    target = Path(path)
    try:
        if target.is_dir():
            raise InputError(f"{option} {path}: is a folder; name a file in it")
        if target.parent.exists() and not target.parent.is_dir():
            raise InputError(f"{option} {path}: {target.parent} is not a folder; choose another place")
        if not target.parent.is_dir():
            raise InputError(f"{option} {path}: the folder {target.parent} does not exist; make it first")
        if target.exists() and not os.access(target, os.W_OK):
            raise InputError(f"{option} {path}: cannot be written; choose another place")
        if not target.exists() or target.is_file():
            trial = _beside(Path(os.path.realpath(target)))
            trial.touch()
            trial.unlink()
    except OSError as error:
        raise InputError(f"{option} {path[:80]}: cannot be written ({error.strerror}); choose another place") from None


def _beside(target: Path) -> Path:
    """Return the temporary name of a file that is being written."""
    return target.with_name(f".{target.name}.{os.getpid()}.part")


def is_same_file(one: str | Path, other: str | Path) -> bool:
    """Return whether two paths lead to the same place, existing or not."""
    return os.path.realpath(one) == os.path.realpath(other)
