"""HTML in names and texts: no page of a report, and no part of one, takes them for tags."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz import shipped
from tests.fuzz.mutation import HOSTILE_HTML, NAMES, as_text, of_text
from tests.fuzz.target import BrokenPromise, Target, answered
from trialsim import Scenario, run
from trialsim.compile import compile_design
from trialsim.report.boundaries import decision_table
from trialsim.report.explain import paragraph
from trialsim.report.formats import rendered
from trialsim.report.page import page
from trialsim.report.regulatory.blocks import (
    Checklist,
    Document,
    Grid,
    Heading,
    Item,
    Listing,
    Missing,
    Picture,
    Points,
    Section,
)
from trialsim.report.regulatory.blocks import Words as Paragraph
from trialsim.report.regulatory.contents import document_of
from trialsim.report.regulatory.html import as_html
from trialsim.report.regulatory.material import Material
from trialsim.report.render import one_table_as_html
from trialsim.report.table import Table
from trialsim.spec.load import scenario_document, scenario_of

_WORDS = ("title", "arm", "look", "truth", "notes", "plan", "aims")


def seeds() -> list[bytes]:
    """Return names without and with tags in them."""
    plain = {word: word for word in _WORDS}
    return [as_text(plain), *(as_text(dict.fromkeys(_WORDS, hostile)) for hostile in HOSTILE_HTML[:1])]


def mutate(data: bytes, rng: Random) -> bytes:
    """Change a few of the names."""
    found = json.loads(data)
    for _ in range(rng.choice((1, 2, 7))):
        word = rng.choice(_WORDS)
        new = str(rng.choice(HOSTILE_HTML if rng.random() < 0.6 else NAMES))[:200]
        found[word] = found[word] + new if rng.random() < 0.5 else new
        if rng.random() < 0.3:
            found[word] = of_text(found[word].encode("utf-8", "replace"), rng).decode("utf-8", "replace")
    return as_text(found)


class _Tags(HTMLParser):
    """Collects what is markup: tags with their attributes, comments, declarations, links that run scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect a tag and its attributes."""
        self.found |= {f"<{tag}>", *(f"<{tag} {name}>" for name, _ in attrs)}
        if any((value or "").strip().lower().startswith("javascript:") for _, value in attrs):
            self.found.add(f"<{tag}> that runs a script")

    def handle_comment(self, data: str) -> None:  # noqa: ARG002 (of the base class)
        """Collect a comment."""
        self.found.add("a comment")

    def handle_pi(self, data: str) -> None:  # noqa: ARG002 (of the base class)
        """Collect an instruction."""
        self.found.add("an instruction")


def tags_in(page_text: str) -> set[str]:
    """Return the kinds of markup in a page."""
    parser = _Tags()
    parser.feed(page_text)
    parser.close()
    return parser.found


def begin(_: Path) -> Callable[[bytes], None]:
    """Return what puts names into pages, and compares the tags with those of a page with plain names."""
    plain = json.loads(seeds()[0])
    makers = (_blocks, _tables, _result, _report)
    allowed = [tags_in(made(plain) or "") for made in makers]
    assert all(allowed)

    def one(data: bytes) -> None:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            return
        if not isinstance(found, dict) or not all(isinstance(found.get(word), str) for word in _WORDS):
            return
        for every, made, known in zip((1, 40, 40, 600), makers, allowed, strict=True):
            html = made(found) if shipped.one_in(every, data) else None
            if html is not None and (new := tags_in(html) - known):
                raise BrokenPromise(f"markup of a stranger in {made.__name__}: {', '.join(sorted(new))[:300]}")

    return one


def _blocks(names: dict[str, str]) -> str:
    """Return a report of the blocks that hold text."""
    words = tuple(names.values())
    blocks = (
        Heading(words[0]),
        Paragraph("\n\n".join(words)),
        Points(words),
        Grid(Table(words[1], list(words), 2, [list(words), list(words)]), "assumed", words[:1]),
        Missing(words[2], words[3]),
        Listing("\n".join(words)),
        Checklist(words[4], (Item(words[0], words[1], (words[2],), True),)),
    )
    own = "".join(words).encode("utf-8", "replace").decode()
    return as_html(Document(words[0], words[:2], (Section(1, words[5], words[6], blocks),), own, own))


@cache
def _small() -> str:
    return json.dumps(shipped.whole())


def _scenario(names: dict[str, str]) -> Scenario | None:
    data: dict[str, Any] = json.loads(_small())
    design = data["design"]
    data["title"] = design["title"] = names["title"]
    design["arms"][0]["name"], design["looks"][0]["name"] = names["arm"], names["look"]
    data["truths"], data["notes"] = data["truths"][:1], names["notes"]
    data["truths"][0] |= {"name": names["truth"], "notes": names["notes"]}
    data["plans"], data["narrative"] = [{"name": names["plan"], "cap": 40}], {"aims": names["aims"]}
    return answered(lambda: scenario_of(scenario_document(as_text(data).decode("utf-8", "replace"), "the names")))


def _tables(names: dict[str, str]) -> str | None:
    """Return the decision tables and the words of a design."""
    found = _scenario(names)
    if found is None:
        return None
    tables = [decision_table(design, compile_design(design), name) for name, design in found.designs()]
    return page(paragraph(found.design), "\n".join(map(one_table_as_html, tables)))


def _result(names: dict[str, str]) -> str | None:
    """Return the result of a run as HTML."""
    found = _scenario(names)
    return None if found is None else rendered(run(found, "exact"), "html", full=True)


def _report(names: dict[str, str]) -> str | None:
    """Return the whole report, and after it the words in its figures, in which plotly would find tags of its own."""
    found = _scenario(names)
    if found is None:
        return None
    source = f"{names['title']}?"  # the name of nothing that ships: of that, the report asks git
    document = document_of(Material(run(found, "exact"), names["title"], "2026-01-31", source=source))
    pictures = [block for section in document.sections for block in section.blocks if isinstance(block, Picture)]
    figures = [json.loads(picture.figure.to_json()) for picture in pictures]
    return "\n".join([as_html(document), *(word for figure in figures for word in _words_in(figure))])


def _words_in(part: Any) -> Iterator[str]:
    """Yield the words in a part of a figure that are drawn: all but what is only carried along."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        yield from (word for key, value in part.items() if key != "meta" for word in _words_in(value))
    elif isinstance(part, list):
        yield from (word for value in part for word in _words_in(value))


TARGET = Target("names", seeds, mutate, begin, limit_s=10.0)
