"""The documents say what is true: the README's code runs, generated pages are current, links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import trialsim
from trialsim.cli import app
from trialsim.spec.shipped import shipped_names
from trialsim.validation import as_page, as_table, summary, validate
from trialsim.validation.shown import PAGE_HEAD

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_readme_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})
    exact, estimate, mcse, z = map(float, capsys.readouterr().out.split())
    assert exact == pytest.approx(0.059952, abs=1e-6)
    assert abs(estimate - exact) < 4 * mcse
    assert abs(z) < 4


def test_the_readme_commands_are_ones_we_have() -> None:
    lines = [line for line in README.splitlines() if line.startswith(".venv/bin/python -m trialsim")]
    assert len(lines) >= 10
    for line in lines:
        verb, *arguments = shlex.split(line, comments=True)[3:]
        command = app.commands[verb]
        command.make_context(verb, arguments)  # parses: raises on an unknown option or argument


def test_the_readme_quotes_what_is_printed() -> None:
    quoted = " ".join(re.findall(r"```\n(At proof.*?)```", README, flags=re.DOTALL)[0].split())
    from trialsim.report.protocol import sentences

    printed = sentences(trialsim.run(trialsim.load_scenario("gist"), "exact"))
    assert quoted == " ".join(printed[:2])


def test_the_validation_page_is_current() -> None:
    """All that does not depend on the simulation; the whole page is compared below."""
    page = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    found = [item for name in shipped_names("designs") for item in validate(trialsim.load_design(name), "exact")]
    assert page.startswith(f"{PAGE_HEAD}{summary(found).sentence}\n")
    lines = [line.strip("| ") for line in page.splitlines() if line.startswith("| ")]
    printed = [[cell.strip() for cell in line.split(" | ")][:7] for line in lines[1:]]
    assert printed == [[cell.replace("|", "\\|") for cell in row[:7]] for row in as_table(found).rows]


def test_the_readme_counts_the_designs() -> None:
    assert f"({len(shipped_names('designs'))} published designs," in README


@pytest.mark.slow_statistics
def test_the_whole_validation_page_is_current() -> None:
    found = [item for name in shipped_names("designs") for item in validate(trialsim.load_design(name))]
    assert (ROOT / "docs" / "validation.md").read_text(encoding="utf-8") == as_page(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_make_targets_are_those_of_the_contract() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    assert {"setup", "run", "test", "check", "verify", "bench", "docs", "clean"} <= targets
