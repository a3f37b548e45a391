"""Scenarios of a stranger: as text, which may name what ships and no file, and in the HTML page of a report."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from random import Random

from tests.fuzz import shipped
from tests.fuzz.mutation import as_text, of_data, of_text
from tests.fuzz.target import Target, answered, check_lines
from tests.fuzz.targets.designs import MOST_PATIENTS
from trialsim import Scenario, load_scenario
from trialsim.report.check import explanation
from trialsim.spec.embedded import embedded
from trialsim.spec.load import scenario_document, scenario_of
from trialsim.spec.written import as_yaml

_PAGE = b"<!doctype html"


def seeds() -> list[bytes]:
    """Return scenarios, and a page that carries one."""
    found = shipped.as_inputs(shipped.scenarios())
    return [*found, shipped.text_of("simon-20-40", "scenarios").encode(), page(found[0].decode())]


def page(text: str) -> bytes:
    """Return a page as a report begins, with a scenario in it."""
    return f'<!DOCTYPE html>\n<html lang="en"><head><title>{escape("x")}</title>\n{embedded(text)}\n</head>'.encode()


def mutate(data: bytes, rng: Random) -> bytes:
    """Change a scenario, or a page: its words, or the scenario that it carries."""
    if not data.lower().startswith(_PAGE):
        return of_data(data, rng, shipped.donors())
    if rng.random() < 0.5:
        return of_text(data, rng)
    return page(of_data(as_text(shipped.plain()), rng, shipped.donors()).decode("utf-8", "replace"))


def begin(folder: Path) -> Callable[[bytes], None]:
    """Return what tries a scenario."""
    path = folder / "page.html"

    def loaded(data: bytes) -> Scenario | None:
        if data.lower().startswith(_PAGE):
            path.write_bytes(data)
            return answered(lambda: load_scenario(path))
        text = data.decode("utf-8", "surrogateescape")
        return answered(lambda: scenario_of(scenario_document(text, "the text")))

    def one(data: bytes) -> None:
        found = loaded(data)
        if found is None or max(sum(plan.caps) for _, plan in found.designs()) > MOST_PATIENTS:
            return
        if shipped.one_in(4, data):
            words = answered(lambda: explanation(found))
            if words is not None:
                check_lines(words)
        if shipped.one_in(16, data):
            again = scenario_of(scenario_document(as_yaml(found), "as written"))
            assert again == found, "a scenario that is written and read again is another one"

    return one


TARGET = Target("scenarios", seeds, mutate, begin)
