"""Find a browser for the tests of the dashboard, or install one: `python tools/ensure_browser.py` prints its path.

A browser counts if it answers `--version`; what Ubuntu calls chromium inside a container is a stub that does not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

VARIABLE = "TRIALSIM_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SHELLS = ("headless_shell", "chrome-headless-shell", "headless_shell.exe", "chrome-headless-shell.exe")
DEBIAN = Path("/etc/debian_version")
HOW = f"install Chromium (Debian: apt-get install chromium) or name a browser by {VARIABLE}=/path/to/chromium"


def find() -> str | None:
    """Return the path of a browser that answers: the named one, one on the PATH, or Playwright's own."""
    named = os.environ.get(VARIABLE)
    if named:
        return named if _answers(named) else None
    on_path = (shutil.which(name) for name in NAMES)
    return next((path for path in [*filter(None, on_path), *_of_playwright()] if _answers(path)), None)


def _answers(path: str) -> bool:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


def _of_playwright() -> list[str]:
    """Return the browsers that Playwright has downloaded, the newest first."""
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    home = Path.home()
    places = [Path(named)] if named else [home / ".cache/ms-playwright", home / "Library/Caches/ms-playwright"]
    folders = [folder for place in places for folder in place.glob("chromium_headless_shell-*")]
    folders.sort(key=lambda folder: int("0" + folder.name.rpartition("-")[2]), reverse=True)
    return [str(path) for folder in folders for name in SHELLS for path in folder.rglob(name)]


def install() -> str | None:
    """Install a browser in the first way that works; return its path, None if no way does."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    apt = shutil.which("apt-get")
    if is_root and apt and DEBIAN.exists():
        packages = ("install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core")
        if _done(apt, "update") and _done(apt, *packages) and (found := find()):
            return found
    own = (sys.executable, "-m", "playwright", "install", "--only-shell", "chromium")
    ways = [(*own, "--with-deps"), own] if is_root else [own]
    return next((found for way in ways if _done(*way) and (found := find())), None)


def _done(*command: str) -> bool:
    """Run a command, its output to stderr; say whether it succeeded."""
    print(f"ensure_browser: {' '.join(command)}", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(command, env=quiet, stdout=sys.stderr, timeout=600, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> int:
    """Print the path of a browser; exit code 1 and one sentence if there is none."""
    named = os.environ.get(VARIABLE)
    found = find() or (None if named else install())
    if found is None:
        why = f"{VARIABLE} names {named}, which does not answer --version" if named else "no browser could be installed"
        print(f"ensure_browser: {why}; {HOW}.", file=sys.stderr)
        return 1
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
