"""Each dependency is used, said to be for something, and listed with its licence."""

from __future__ import annotations

import re
from importlib.metadata import packages_distributions
from pathlib import Path

from tools.write_dependencies import FOR, NOTES, PAGE, direct, licence, locked, normal, page

ROOT = Path(__file__).parents[2]
NOT_IMPORTED = {"flask-compress"}  # Dash imports it, if app/compression.py asks for compression


def test_each_is_for_something_and_nothing_else_is_listed() -> None:
    names = {name for names in direct().values() for name in names}
    assert names == set(FOR)
    assert set(NOTES) < names
    assert names <= set(locked())


def test_each_of_the_program_is_imported_by_it() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for room in ("trialsim", "app") for path in (ROOT / room).rglob("*.py")
    )
    found = re.findall(r"^\s*(?:from|import) ([\w.]+)", code, flags=re.MULTILINE)
    imported = {module.split(".")[0] for module in found}
    of = packages_distributions()
    packages = {normal(name) for module in imported for name in of.get(module, [])}
    assert set(direct()["program"]) - packages == NOT_IMPORTED
    brought_along = {"flask", "werkzeug", "llvmlite", "pydantic-core", "distributed"}  # by Dash, numba, pydantic; extra
    assert packages & set(locked()) - set(direct()["program"]) <= brought_along


def test_licences_are_those_that_the_packages_state() -> None:
    assert "MIT" in str(licence("Dash"))
    assert licence("no-such-package-here") is None


def test_the_page_is_current() -> None:
    """But for the licences: other versions, as `make test-lowest` has them, state the same ones otherwise."""

    def rows(text: str) -> list[list[str]]:
        return [[cell.strip() for cell in line.split("|")[1:3]] for line in text.splitlines() if line.startswith("| `")]

    assert len(rows(page())) > 30
    assert rows(PAGE.read_text(encoding="utf-8")) == rows(page())
