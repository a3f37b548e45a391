"""What a section of the report is made of, before anybody has chosen HTML or Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from trialsim.report.table import Table

Badge = Literal["", "exact", "simulated", "exact and simulated", "published", "assumed"]
"""Where the numbers of a table or figure come from; empty: it holds none."""


class Words(NamedTuple):
    """A paragraph of plain text."""

    text: str


class Points(NamedTuple):
    """A list of sentences."""

    items: tuple[str, ...]


class Heading(NamedTuple):
    """A heading within a section."""

    text: str


class Grid(NamedTuple):
    """A table."""

    table: Table
    badge: Badge
    notes: tuple[str, ...] = ()


class Picture(NamedTuple):
    """A figure; `figure.layout.meta` holds its title and notes, as in all of `report.plots`."""

    figure: go.Figure
    badge: Badge


class Missing(NamedTuple):
    """Something that a reader expects and nobody wrote; shown in red, never invented."""

    what: str
    """"The aims of the simulation study"."""
    place: str
    """Where it would be written: "narrative.aims"."""


class Listing(NamedTuple):
    """Text to copy: a command, a file."""

    text: str


class Item(NamedTuple):
    """One line of a checklist."""

    source: str
    """The guidance and its place."""
    asks: str
    """What it asks, in our words."""
    sections: tuple[str, ...]
    """Ids of the sections that answer it."""
    was_checked: bool
    """Whether the place was read at its source."""


class Checklist(NamedTuple):
    """A checklist with links to the sections."""

    title: str
    items: tuple[Item, ...]


Block: TypeAlias = Words | Points | Heading | Grid | Picture | Missing | Listing | Checklist


class Section(NamedTuple):
    """A section with its blocks."""

    number: int
    id: str
    title: str
    blocks: tuple[Block, ...]


class Document(NamedTuple):
    """The whole report."""

    title: str
    alerts: tuple[str, ...]
    """What must be said first: made by another version, draft, engines disagree."""
    sections: tuple[Section, ...]
    scenario_yaml: str
    """The resolved scenario; the file carries it, so that it can be run again."""
    records_csv: str = ""
    """Every number of the result with all its digits; the file carries them too."""
