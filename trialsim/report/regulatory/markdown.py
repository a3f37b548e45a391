"""The report in GitHub's Markdown: the same blocks, with the numbers of small figures in place of the figures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from trialsim.report.regulatory.blocks import (
    Checklist,
    Grid,
    Heading,
    Listing,
    Missing,
    Picture,
    Points,
    Words,
)
from trialsim.report.regulatory.numbering import missing_parts, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trialsim.report.regulatory.blocks import Badge, Document
    from trialsim.report.regulatory.numbering import Numbered

MOST_POINTS = 25
"""Points up to which the lines of a figure are written out."""

_MARKUP = re.compile(r"([\\`*_\[\]<>|~$&])")
_STARTS = re.compile(r"^(\s*)(#|[-+=](?=\s|$|[-=])|\d+(?=[.)](?:\s|$)))", re.MULTILINE)


def as_markdown(document: Document) -> str:
    """Return the report in Markdown; nothing that a user wrote is taken for markup."""
    titles = {section.id: f"{section.number} {section.title}" for section in document.sections}
    lines = [f"# {plain(document.title)}", "", "Simulation report", ""]
    for alert in document.alerts:
        lines += [f"> **{plain(alert)}**", ""]
    missing = missing_parts(document)
    if missing:
        lines += [f"**MISSING**, not written yet: {', '.join(f'`{block.place}`' for block, _ in missing)}.", ""]
    lines += ["## Contents", ""]
    lines += [f"- [{plain(titles[section.id])}](#{_slug(titles[section.id])})" for section in document.sections]
    for section in document.sections:
        lines += ["", f"## {plain(titles[section.id])}", ""]
        for found in numbered(section):
            lines += [*_block(found, titles), ""]
    return "\n".join(lines).rstrip() + "\n"


def plain(text: str) -> str:
    r"""Return text that Markdown shows as it is.

    >>> print(plain("<b>1. p_stop</b>"))
    \<b\>1. p\_stop\</b\>
    """
    escaped = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return _STARTS.sub(lambda found: _started(found[1], found[2]), escaped)


def _started(space: str, start: str) -> str:
    return f"{space}{start}\\" if start.isdigit() else f"{space}\\{start}"


def _block(found: Numbered, titles: dict[str, str]) -> Iterator[str]:
    match found.block:
        case Words(text):
            yield "\n\n".join(plain(part) for part in text.split("\n\n") if part.strip())
        case Points(items):
            yield from (f"- {plain(item)}" for item in items)
        case Heading(text):
            yield f"### {found.label} {plain(text)}"
        case Grid(table, badge, notes):
            yield f"{_caption(found, table.title, badge)}\n"
            yield _table(table.header, table.rows, table.n_labels)
            yield from (f"\n{plain(note)}" for note in notes)
        case Picture():
            yield from _picture(found, found.block)
        case Missing(what, place):
            yield f"**MISSING: {plain(what)}.** Nobody has written this yet; it belongs into `{place}` of the scenario."
        case Listing(text):
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
            yield f"{fence}text\n{text.rstrip()}\n{fence}"
        case Checklist(title, items):
            yield f"{_caption(found, title, '')}\n"
            rows = [
                [
                    item.asks,
                    ", ".join(titles.get(name, f"{name} (not in this report)") for name in item.sections),
                    item.source,
                    "yes" if item.was_checked else "no, from memory",
                ]
                for item in items
            ]
            yield _table(["What is asked, in our words", "Where", "Source", "Read there"], rows, 4)


def _caption(found: Numbered, title: str, badge: Badge) -> str:
    return f"**{found.label}.** {plain(title)}" + (f" ({badge})" if badge else "")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], n_labels: int) -> str:
    sides = [":--" if column < n_labels else "--:" for column in range(len(header))]
    lines = [[plain(cell) for cell in header], sides, *([plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _picture(found: Numbered, picture: Picture) -> Iterator[str]:
    layout = picture.figure.layout
    yield _caption(found, str(layout.meta["title"]), picture.badge) + "\n"
    table = _points(picture)
    if table is None:
        yield "The HTML report draws this figure; it has too many points for a table."
    else:
        yield f"The HTML report draws this figure; these are its points.\n\n{table}"
    yield from (f"\n{plain(str(note))}" for note in layout.meta["notes"])


def _points(picture: Picture) -> str | None:
    """Return the lines of a figure over the x that they share; None if they are many, or share none."""
    data: list[dict[str, Any]] = [trace.to_plotly_json() for trace in picture.figure.data]
    if not data or any(trace.get("x") is None or trace.get("y") is None for trace in data):
        return None
    x = list(data[0]["x"])
    if len(x) > MOST_POINTS or any(list(trace["x"]) != x or len(trace["y"]) != len(x) for trace in data):
        return None
    axis = str(picture.figure.layout.xaxis.title.text or "x")
    header = [axis, *(str(trace.get("name") or "value") for trace in data)]
    rows = [[_number(value) for value in row] for row in zip(x, *(trace["y"] for trace in data), strict=True)]
    return _table(header, rows, 1)


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else "" if value is None else str(value)


def _slug(title: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
