"""Files that a visitor brings and takes away, in a real browser: what is good opens, what is bad is a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app.conftest import Opener
from tests.app.test_shell_browser import complete, curve
from trialsim import load_design
from trialsim.spec.written import as_yaml

pytestmark = pytest.mark.browser

OWN = (
    as_yaml(load_design("gist-imatinib"))
    .replace("at_least: 3", "at_least: 4")
    .replace("name: gist-imatinib", "name: ours")
)
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{to}: &{to} [{', '.join([f'*{of}'] * 9)}]\n" for of, to in zip("abcdefgh", "bcdefghi", strict=True)
)
BAD = {
    "misspelt.yaml": (OWN.replace("looks:", "loks:").encode(), "loks"),
    "picture.yaml": (bytes(range(256)) * 40, "not a text file in UTF-8"),
    "bomb.yaml": (BOMB.encode(), "bomb.yaml"),
    "empty.yaml": (b"", "empty.yaml"),
}
LARGE = 100 * 2**20


def upload(page: Page, file: Path) -> None:
    """Choose a file as a visitor does."""
    page.locator("#upload input[type=file]").set_input_files(file)


def downloaded(page: Page, button: str) -> Path:
    """Press a button below the page; return the file."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button, exact=True).click()
    return Path(waiting.value.path())


def test_a_design_comes_in_and_its_numbers_are_those_of_the_command_line(open_page: Opener, tmp_path: Path) -> None:
    page = open_page()
    before = curve(page)
    file = tmp_path / "ours.yaml"
    file.write_text(OWN)
    upload(page, file)
    expect(page.locator("#explore-words")).to_contain_text("at least 4 patients respond")
    complete(page)
    assert curve(page) != before
    again = open_page("", address=page.url)
    expect(again.locator("#explore-words")).to_contain_text("at least 4 patients respond")

    taken = tmp_path / "taken.yaml"
    taken.write_bytes(downloaded(page, "YAML").read_bytes())
    shown = json.loads(downloaded(page, "JSON").read_text())
    words = ("-m", "trialsim", "run", str(taken), "--engine", "exact", "--no-save", "--format", "json")
    ours = json.loads(subprocess.run([sys.executable, *words], check=True, capture_output=True).stdout)
    assert len(ours["measures"]) > 50
    assert ours["measures"] == shown["measures"]
    assert ours["scenario"]["id"] == shown["scenario"]["id"]


def test_bad_files_are_sentences_and_the_page_stays(open_page: Opener, tmp_path: Path) -> None:
    page = open_page()
    before, words = curve(page), page.locator("#explore-words").inner_text()
    problem = page.locator("#upload-problem")
    for name, (content, expected) in BAD.items():
        file = tmp_path / name
        file.write_bytes(content)
        upload(page, file)
        expect(problem).to_contain_text(expected)
        said = problem.inner_text()
        assert "Traceback" not in said, said
        assert len(said) < 600, said
    file = tmp_path / "large.yaml"
    with file.open("wb") as large:
        large.truncate(LARGE)
    upload(page, file)
    expect(problem).to_contain_text("too large; at most 256,000 bytes are read")
    assert (curve(page), page.locator("#explore-words").inner_text()) == (before, words)
