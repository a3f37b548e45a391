"""Wheel and source distribution of this checkout, built without a package index."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def built(source: Path, target: str, folder: Path) -> Path:
    """Build "wheel" or "sdist" from a folder of sources with the build backend that is installed here."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    done = subprocess.run(command, cwd=source, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return made


def members(archive: Path) -> dict[str, bytes]:
    """Return the files of a wheel or of a source distribution; the latter without the folder they are in."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as file:
            return {name: file.read(name) for name in file.namelist()}
    found = {}
    with tarfile.open(archive) as file:
        for member in file.getmembers():
            content = file.extractfile(member)
            if content is not None:
                found[member.name.partition("/")[2]] = content.read()
    return found
