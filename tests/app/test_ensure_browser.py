"""Which browser the tests take, and how they come by one: fake programs on a PATH of their own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tools import ensure_browser

ANSWERS = "#!/bin/sh\necho Chromium 1.2.3\n"
STUB = "#!/bin/sh\necho 'requires the chromium snap to be installed' >&2\nexit 1\n"


class Machine:
    """A machine of which everything is known: programs, user, distribution, and what was installed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._patch = folder, monkeypatch
        self.bin, self.said = folder / "bin", folder / "said"
        self.bin.mkdir()
        for name in ("TRIALSIM_CHROMIUM", "TRIALSIM_REQUIRE_BROWSER"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(folder / "playwright"))
        self.python("exit 1")
        self.user(is_root=False, is_debian=False)

    def program(self, name: str, text: str) -> str:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def python(self, body: str) -> None:
        """Let `python -m playwright` be this script, which writes down what it was asked."""
        script = f'#!/bin/sh\necho "python $*" >> {self.said}\n{body}\n'
        self._patch.setattr(ensure_browser.sys, "executable", self.program("python-of-the-tests", script))

    def apt(self, body: str = "exit 0") -> None:
        self.program("apt-get", f'#!/bin/sh\necho "apt-get $*" >> {self.said}\n{body}\n')

    def user(self, *, is_root: bool, is_debian: bool) -> None:
        self._patch.setattr(os, "geteuid", lambda: 0 if is_root else 1000)
        version = self.folder / "debian_version"
        if is_debian:
            version.write_text("13.0\n")
        self._patch.setattr(ensure_browser, "DEBIAN", version)

    def asked(self) -> list[str]:
        return self.said.read_text().splitlines() if self.said.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def making(path: Path | str) -> str:
    """Return shell that makes a browser."""
    folder = f'/bin/mkdir -p "$(/usr/bin/dirname {path})"'
    return f'{folder}\nprintf "#!/bin/sh\\necho Chromium 1\\n" > {path}\n/bin/chmod +x {path}'


@pytest.mark.parametrize("name", ensure_browser.NAMES)
def test_a_browser_on_the_path_is_taken(machine: Machine, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = machine.program(name, ANSWERS)
    assert ensure_browser.main() == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert machine.asked() == []


def test_a_stub_is_passed_over(machine: Machine) -> None:
    machine.program("chromium", STUB)
    machine.program("chromium-browser", "#!/bin/sh\nexit 0\n")  # answers nothing
    path = machine.program("google-chrome", ANSWERS)
    assert ensure_browser.find() == path


def test_the_named_browser_comes_first(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.program("chromium", ANSWERS)
    mine = machine.program("mine", ANSWERS)
    monkeypatch.setenv("TRIALSIM_CHROMIUM", mine)
    assert ensure_browser.find() == mine


def test_a_named_browser_that_does_not_answer_is_no_other(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.program("chromium", ANSWERS)
    monkeypatch.setenv("TRIALSIM_CHROMIUM", "/no/such/browser")
    assert ensure_browser.main() == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "TRIALSIM_CHROMIUM names /no/such/browser, which does not answer --version" in err
    assert machine.asked() == []


def test_what_playwright_has_downloaded_is_found(machine: Machine) -> None:
    for number in (9, 1200, 1187):
        path = machine.folder / f"playwright/chromium_headless_shell-{number}/chrome-linux/headless_shell"
        path.parent.mkdir(parents=True)
        path.write_text(ANSWERS)
        path.chmod(0o755)
    found = ensure_browser.find()
    assert found is not None
    assert "chromium_headless_shell-1200" in found


def test_root_on_debian_asks_apt(machine: Machine) -> None:
    machine.user(is_root=True, is_debian=True)
    machine.apt(f'[ "$1" = update ] || {{ {making(machine.bin / "chromium")}; }}')
    assert ensure_browser.main() == 0
    assert machine.asked() == [
        "apt-get update",
        "apt-get install -y --no-install-recommends chromium fonts-dejavu-core",
    ]


def test_others_ask_playwright(machine: Machine) -> None:
    machine.user(is_root=False, is_debian=True)
    machine.apt()
    machine.python(making(machine.folder / "playwright/chromium_headless_shell-1/chrome-linux/headless_shell"))
    assert ensure_browser.main() == 0
    assert machine.asked() == ["python -m playwright install --only-shell chromium"]


def test_root_asks_playwright_where_apt_has_a_stub_only(machine: Machine) -> None:
    machine.user(is_root=True, is_debian=True)
    machine.apt()
    machine.program("chromium", STUB)
    machine.python(making(machine.folder / "playwright/chromium_headless_shell-1/chrome-linux/headless_shell"))
    assert ensure_browser.main() == 0
    assert machine.asked()[-1] == "python -m playwright install --only-shell chromium --with-deps"


def test_nothing_works_is_one_sentence_that_says_what_to_install(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    assert ensure_browser.main() == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == (
        "ensure_browser: no browser could be installed; install Chromium (Debian: apt-get install chromium) "
        "or name a browser by TRIALSIM_CHROMIUM=/path/to/chromium."
    )
    assert machine.asked() == ["python -m playwright install --only-shell chromium"]


def test_it_runs_as_a_program(machine: Machine) -> None:
    import subprocess

    path = machine.program("chrome", ANSWERS)
    tool = Path(ensure_browser.__file__)
    real = Path(sys.prefix) / "bin/python"
    done = subprocess.run([real, tool], env=dict(os.environ), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{path}\n")
