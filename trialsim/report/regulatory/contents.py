"""The table of contents, and the document that it makes of the material."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.report.document import as_csv
from trialsim.report.regulatory.blocks import Document, Section
from trialsim.report.regulatory.sections import appendices, implementation, provenance
from trialsim.spec.written import as_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material


class Entry(NamedTuple):
    """A section of the report; its number is its place in `SECTIONS`."""

    id: str
    title: str
    blocks: Callable[[Material], Iterator[Block]]


SECTIONS: tuple[Entry, ...] = (
    Entry("provenance", "Provenance", provenance.blocks),
    Entry("implementation", "Implementation", implementation.blocks),
    Entry("appendices", "Appendices", appendices.blocks),
)
"""Provenance is section 0."""


def document_of(material: Material) -> Document:
    """Return the report as sections of blocks.

    Raises
    ------
    InputError
        If a part of it cannot be computed.
    """
    sections = tuple(
        Section(number, entry.id, entry.title, tuple(entry.blocks(material))) for number, entry in enumerate(SECTIONS)
    )
    title = material.scenario.title or material.scenario.name
    return Document(title, material.alerts, sections, as_yaml(material.scenario), as_csv(material.result))
