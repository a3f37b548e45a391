"""The table of contents, and the document that it makes of the material."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.report.document import as_csv
from trialsim.report.regulatory.alerts import alerts_of
from trialsim.report.regulatory.blocks import Document, Section
from trialsim.report.regulatory.sections import (
    aims,
    appendices,
    benchmarks,
    design,
    estimation,
    examples,
    implementation,
    integrity,
    limitations,
    model,
    operating_characteristics,
    provenance,
    safety,
    sensitivity,
    synopsis,
    truths,
    verification,
)

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
    Entry("synopsis", "Synopsis", synopsis.blocks),
    Entry("aims", "Aims and the decision supported", aims.blocks),
    Entry("design", "Design", design.blocks),
    Entry("benchmarks", "Benchmark designs in the same scenarios", benchmarks.blocks),
    Entry("model", "Data-generating model", model.blocks),
    Entry("truths", "Truths and why these", truths.blocks),
    Entry("implementation", "Implementation", implementation.blocks),
    Entry("operating-characteristics", "Operating characteristics", operating_characteristics.blocks),
    Entry("estimation", "Estimation", estimation.blocks),
    Entry("safety", "Interim and safety", safety.blocks),
    Entry("sensitivity", "Sensitivity", sensitivity.blocks),
    Entry("examples", "Example trials", examples.blocks),
    Entry("verification", "Verification", verification.blocks),
    Entry("integrity", "Integrity", integrity.blocks),
    Entry("limitations", "Limitations and conclusions", limitations.blocks),
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
    sections += tuple(section._replace(number=len(sections) + place) for place, section in enumerate(material.extra))
    title = material.scenario.title or material.scenario.name
    alerts = (*material.alerts, *alerts_of(material.result, material.scenario_yaml))
    return Document(title, alerts, sections, material.scenario_yaml, as_csv(material.result))
