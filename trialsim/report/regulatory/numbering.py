"""Numbers of headings, tables and figures: "8.1", "Table 8.1", "Figure 8.1", the same in every format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.report.regulatory.blocks import Checklist, Grid, Heading, Missing, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.report.regulatory.blocks import Block, Document, Section

_SERIES = {Heading: "", Grid: "Table", Checklist: "Table", Picture: "Figure"}


class Numbered(NamedTuple):
    """A block with its number."""

    block: Block
    label: str
    """ "Table 8.1"; "8.1" for a heading; empty for what has no number."""
    anchor: str
    """An id within the page; empty for what has no number and is not missing."""


def numbered(section: Section) -> Iterator[Numbered]:
    """Yield the blocks of a section with their numbers."""
    counts = {"": 0, "Table": 0, "Figure": 0, "missing": 0}
    for block in section.blocks:
        series = "missing" if isinstance(block, Missing) else _SERIES.get(type(block))
        if series is None:
            yield Numbered(block, "", "")
            continue
        counts[series] += 1
        number = f"{section.number}.{counts[series]}"
        anchor = f"{series.lower() or 'part'}-{number.replace('.', '-')}"
        yield Numbered(block, "" if series == "missing" else f"{series} {number}".strip(), anchor)


def missing_parts(document: Document) -> list[tuple[Missing, str]]:
    """Return what nobody wrote, each field once, with the anchor of its first place."""
    found: dict[str, tuple[Missing, str]] = {}
    for section in document.sections:
        for one in numbered(section):
            if isinstance(one.block, Missing):
                found.setdefault(one.block.place, (one.block, one.anchor))
    return list(found.values())
