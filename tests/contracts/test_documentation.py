"""The pages that teach are run: each command and program as written, each printed number compared (CONTRIBUTING.md)."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.contracts.in_process import called

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [
    DOCS / "index.md",
    DOCS / "tutorial.md",
    *sorted((DOCS / "how-to").glob("*.md")),
    *sorted((DOCS / "explanation").glob("*.md")),
]
ANY = "…"
"""Stands for lines that are left out, or inside a line for a part of it."""


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str
    file: str | None
    """Where the reader was told to save it."""


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page; `Save as` in the words before one names its file."""
    end = 0
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE):
        names = re.findall(r"Save as `([^`]+)`", page[end : found.start()])
        yield Block(found[1], found[2], names[-1] if names else None)
        end = found.end()


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of a block of the shell."""
    for line in text.replace("\\\n", " ").splitlines():
        program, *words = shlex.split(line, comments=True)
        assert program == "trialsim", line
        yield words


def assert_printed(quoted: str, printed: str) -> None:
    """Check that what a page quotes was printed: lines together where they stand together, in this order."""
    lines, place = [line.rstrip() for line in printed.splitlines()], 0
    for passage in re.split(rf"^{ANY}\n", quoted, flags=re.MULTILINE):
        wanted = [
            re.compile(".*".join(map(re.escape, line.rstrip().split(ANY))) + r"\Z") for line in passage.splitlines()
        ]
        starts = range(place, len(lines) - len(wanted) + 1)
        at = next((i for i in starts if all(w.match(lines[i + k]) for k, w in enumerate(wanted))), None)
        assert at is not None, f"not printed:\n{passage}\nprinted was:\n{printed}"
        place = at + len(wanted)


def run_python(text: str, names: dict[str, object], folder: Path) -> str:
    """Run a program in a folder, with the names that earlier ones of the page have set; return what it prints."""
    out = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out):
        exec(compile(text, "page", "exec"), names)
    return out.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_says_what_is_printed(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    names: dict[str, object] = {}
    printed: str | None = None
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.file is not None:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            ran = [called(tmp_path, *words) for words in commands(block.text)]
            assert [one.code for one in ran] == [0] * len(ran), ran[-1].err
            printed = "".join(one.err + one.out for one in ran)
        elif block.language == "python":
            printed = run_python(block.text, names, tmp_path)
        elif block.language == "text":
            assert printed is not None, f"nothing ran before:\n{block.text}"
            assert_printed(block.text, printed)
    sys.modules.pop("likelihood_ratio", None)  # the file that how-to/write-a-rule.md has its reader save


def test_what_is_not_printed_is_noticed() -> None:
    printed = "first  0.1\nsecond 0.2\nthird  0.3\n"
    assert_printed("first  0.1\n…\nthird  …3\n", printed)
    for wrong in ("first  0.2\n", "third  0.3\n…\nfirst  0.1\n", "first  0.1\nthird  0.3\n", "0.1\n"):
        with pytest.raises(AssertionError, match="not printed"):
            assert_printed(wrong, printed)


def test_pages_that_teach_have_something_to_run() -> None:
    without = {page.stem for page in PAGES if not any(b.language in ("sh", "python") for b in blocks(page.read_text()))}
    assert without == {"deploy-the-dashboard"}  # a server and a proxy: tests/app starts the same servers


def test_every_page_is_in_the_navigation() -> None:
    navigation = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    listed = set(re.findall(r"[\w/.-]+\.md", navigation))
    assert pages - listed == set()
    assert listed - pages - {"changelog.md", "contributing.md", "security.md"} == set()
