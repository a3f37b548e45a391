"""Design files: read, and what loads is explained, compiled and written as a table, as `check` and `boundaries` do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.fuzz import shipped
from tests.fuzz.mutation import of_data
from tests.fuzz.target import Target, answered, check_lines
from trialsim import load_design
from trialsim.report.boundary_document import rendered
from trialsim.report.check import explanation
from trialsim.spec.written import as_yaml

MOST_PATIENTS = 150
"""Of a design that is compiled; larger ones are compiled in other tests."""
FORMATS = ("text", "json", "csv", "markdown")


def seeds() -> list[bytes]:
    """Return designs that ship, as data and as text."""
    whole = shipped.data_of("simon-1989-20-40", is_whole=True)
    return [*shipped.as_inputs([*shipped.a_few(), whole]), shipped.text_of("ahern-2001-20-40", "designs").encode()]


def mutate(data: bytes, rng: Random) -> bytes:
    """Change a design."""
    return of_data(data, rng, shipped.donors())


def begin(folder: Path) -> Callable[[bytes], None]:
    """Return what tries a design file."""
    path = folder / "design.yaml"

    def one(data: bytes) -> None:
        path.write_bytes(data)
        found = answered(lambda: load_design(path))
        if found is None or sum(found.caps) > MOST_PATIENTS:
            return
        if shipped.one_in(4, data):
            words = answered(lambda: explanation(found))
            if words is not None:
                check_lines(words)
        if shipped.one_in(16, data):
            format_ = FORMATS[len(data) % len(FORMATS)]
            answered(lambda: rendered([(found.name, found)], format_))
            path.write_text(as_yaml(found), encoding="utf-8")
            assert load_design(path) == found, "a design that is written and read again is another one"

    return one


TARGET = Target("designs", seeds, mutate, begin, is_closed=False)
