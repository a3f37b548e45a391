"""Which commit of a git repository a file belongs to. Never fails: what is not known is said."""

from __future__ import annotations

import subprocess
from pathlib import Path

from trialsim.spec.shipped import shipped_file

_WAIT_S = 5


def commit_of(source: str) -> str:
    """Return the commit that the repository of a file is at, and whether the file is as it was committed, in words.

    Parameters
    ----------
    source
        A path, or the name of a scenario or design that ships; empty for a result that came from a store.
    """
    if not source:
        return "none: the scenario came from the store"
    try:
        path = _file_of(source)
        if path is None:
            return "none: no such file any more"
        commit = _git(path, "rev-parse", "--verify", "HEAD")
        if not commit:
            return "none: the file is in no git repository"
        # Hashes are compared because they run no filter or hook that a repository may bring along.
        committed, now = (
            _git(path, "rev-parse", f"HEAD:./{path.name}"),
            _git(path, "hash-object", "--no-filters", "--", path.name),
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return "none: git could not be asked"
    if not committed:
        return f"{commit}, of which the file is no part"
    return commit if committed == now else f"{commit}, with changes to the file that are not committed"


def _file_of(source: str) -> Path | None:
    path = Path(source)
    if path.is_file():
        return path.resolve()
    found = shipped_file(source, "scenarios") or shipped_file(source, "designs")
    return found.resolve() if found is not None else None


def _git(path: Path, *words: str) -> str:
    """Return what git says; nothing if it refuses."""
    command = ["git", "-c", "core.fsmonitor=false", *words]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=_WAIT_S, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
