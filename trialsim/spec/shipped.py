"""The designs and scenarios that ship: beside the package in a checkout, inside it once installed."""

from __future__ import annotations

import re
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_SAFE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")


def shipped_folder(room: str) -> Path:
    """Return the folder of "designs" or "scenarios"."""
    installed = _PACKAGE / "shipped" / room
    return installed if installed.is_dir() else _PACKAGE.parent / room


def shipped_names(room: str) -> tuple[str, ...]:
    """Return the names that ship, sorted."""
    return tuple(sorted(path.stem for path in shipped_folder(room).glob("*.yaml")))


def shipped_file(source: str, room: str) -> Path | None:
    """Return the shipped file that `source` names: `gist`, `gist.yaml` or `scenarios/gist.yaml`; else None."""
    name = source.removeprefix("./").removeprefix(f"{room}/").removesuffix(".yaml")
    if not _SAFE_NAME.match(name):
        return None
    path = shipped_folder(room) / f"{name}.yaml"
    return path if path.is_file() else None
