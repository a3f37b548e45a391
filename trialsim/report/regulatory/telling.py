"""From what somebody wrote to blocks: paragraphs, or what is missing and where it would be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.report.regulatory.blocks import Missing, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trialsim.api import Record
    from trialsim.report.regulatory.blocks import Badge
    from trialsim.spec.narrative import Narrative
    from trialsim.spec.scenario import Scenario


def narrative_of(scenario: Scenario) -> Narrative:
    """Return the narrative of a scenario; one that says nothing, if it has none."""
    from trialsim.spec.narrative import Narrative

    return scenario.narrative or Narrative()


def paragraphs(text: str) -> Iterator[Words]:
    """Yield the paragraphs of a plain text; an empty line parts them."""
    for part in text.split("\n\n"):
        if part.strip():
            yield Words(" ".join(part.split()))


def told(text: str, what: str, place: str) -> Iterator[Words | Missing]:
    """Yield the paragraphs of a text; if nobody wrote it, what is missing and where it would stand.

    >>> list(told("", "The aims of the study", "narrative.aims"))
    [Missing(what='The aims of the study', place='narrative.aims')]
    """
    if text.strip():
        yield from paragraphs(text)
    else:
        yield Missing(what, place)


def badge_of(records: Iterable[Record | None]) -> Badge:
    """Return where the numbers of records come from."""
    found = [record for record in records if record is not None]
    is_exact = any(record.exact is not None for record in found)
    is_simulated = any(record.engine != "exact" for record in found)
    if is_exact and is_simulated:
        return "exact and simulated"
    return "simulated" if is_simulated else "exact" if is_exact else ""
