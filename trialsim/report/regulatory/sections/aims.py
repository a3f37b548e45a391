"""What is to be learned, and the decision that it supports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.report.explain import question
from trialsim.report.regulatory.blocks import Heading, Words
from trialsim.report.regulatory.telling import narrative_of, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material


def blocks(material: Material) -> Iterator[Block]:
    """Yield the aims and the decision as they were written, and the question that was put to the program."""
    said = narrative_of(material.scenario)
    yield Heading("Aims")
    yield from told(said.aims, "The aims of the simulation study", "narrative.aims")
    yield Heading("The decision that the study supports")
    yield from told(said.decision, "The decision that the study supports", "narrative.decision")
    yield Heading("The question as it was simulated")
    yield Words(question(material.scenario))
