"""The report as one HTML file that needs nothing else and asks nobody for anything."""

from __future__ import annotations

import json
from base64 import b64encode
from gzip import compress
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING

from trialsim.report.regulatory.blocks import (
    Checklist,
    Grid,
    Heading,
    Listing,
    Missing,
    Picture,
    Points,
    Section,
    Words,
)
from trialsim.report.regulatory.html_style import SCRIPT, STYLE
from trialsim.report.regulatory.numbering import missing_parts, numbered
from trialsim.spec.embedded import embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.report.regulatory.blocks import Badge, Document
    from trialsim.report.regulatory.numbering import Numbered
    from trialsim.report.table import Table

LONG = 24
"""Rows from which on a table may go over a page when it is printed, its header repeated."""
BROAD = 10
"""Columns beyond which it is printed on a page turned to the side."""
WORDY = 40
"""Letters from which on a cell holds a sentence, which is wrapped."""

NO_FIGURES = "The figure could not be drawn here: it needs a browser of 2023 or later that runs scripts."


def as_html(document: Document) -> str:
    """Return the report as a page; the same document gives the same bytes."""
    pages = _Pages(document)
    body = "\n".join(pages.body())
    head = "\n".join(pages.head())
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


class _Pages:
    """A document on its way to HTML."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.titles = {section.id: f"{section.number} {section.title}" for section in document.sections}
        self.template = ""
        self.has_figures = any(isinstance(block, Picture) for section in document.sections for block in section.blocks)
        self.plotly = _plotly() if self.has_figures else b""

    def head(self) -> Iterator[str]:
        """Yield what stands in the head; the scenario first, so that it is found without reading the rest."""
        hashes = " ".join(f"'sha256-{_digest(text)}'" for text in (SCRIPT.encode(), self.plotly) if text)
        policy = (
            f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
            "base-uri 'none'; form-action 'none'"
        )
        yield '<meta charset="utf-8">'
        yield embedded(self.document.scenario_yaml)
        yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<title>{escape(self.document.title)}: simulation report</title>\n<style>{STYLE}</style>"

    def body(self) -> Iterator[str]:
        """Yield the first lines, the contents, the sections and what the page draws its figures with."""
        yield '<a class="skip" href="#main">To the report</a>'
        yield f'<header><p class="soft">Simulation report</p><h1>{escape(self.document.title)}</h1>'
        yield from (f'<p class="alert" role="note">{escape(alert)}</p>' for alert in self.document.alerts)
        yield from self._missing()
        yield '</header>\n<div class="beside"><nav aria-label="Contents"><h2>Contents</h2><ul>'
        for section in self.document.sections:
            number, title = f'<span class="n">{section.number}</span>', escape(section.title)
            yield f'<li><a href="#{escape(section.id)}">{number} {title}</a></li>'
        yield '</ul></nav>\n<main id="main" tabindex="-1">'
        for section in self.document.sections:
            yield from self._section(section)
        yield "</main></div>"
        yield from self._data()
        yield f"<script>{SCRIPT}</script>"

    def _missing(self) -> Iterator[str]:
        found = missing_parts(self.document)
        if found:
            links = ", ".join(f'<a href="#{anchor}">{escape(block.place)}</a>' for block, anchor in found)
            what = "1 part is" if len(found) == 1 else f"{len(found)} parts are"
            yield f'<p class="missing"><strong>missing</strong>: {what} not written yet: {links}.</p>'

    def _data(self) -> Iterator[str]:
        if self.document.records_csv:
            yield f'<script type="application/gzip" id="records">{_packed(self.document.records_csv.encode())}</script>'
        if self.template:
            yield f'<script type="application/json" id="template">{self.template}</script>'
        if self.plotly:
            yield f'<script type="application/gzip" id="plotly">{_packed(self.plotly)}</script>'

    def _section(self, section: Section) -> Iterator[str]:
        name = escape(section.id)
        yield f'<section id="{name}" aria-labelledby="{name}-title">'
        yield f'<h2 id="{name}-title">{section.number} {escape(section.title)}</h2>'
        for found in numbered(section):
            yield from self._block(found)
        if section is self.document.sections[-1] and self.document.records_csv:
            yield '<p><button type="button" id="save-records">Save all numbers (CSV)</button></p>'
        yield "</section>"

    def _block(self, found: Numbered) -> Iterator[str]:
        match found.block:
            case Words(text):
                yield from (f"<p>{escape(part.strip())}</p>" for part in text.split("\n\n") if part.strip())
            case Points(items):
                yield "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"
            case Heading(text):
                yield f'<h3 id="{found.anchor}">{found.label} {escape(text)}</h3>'
            case Grid(table, badge, notes):
                yield _table(table, _caption(found, table.title, badge), found.anchor)
                yield from (f'<p class="note">{escape(note)}</p>' for note in notes)
            case Picture():
                yield from self._picture(found, found.block)
            case Missing(what, place):
                yield (
                    f'<p class="missing" id="{found.anchor}"><strong>missing</strong>: {escape(what)}. '
                    f"Nobody has written this yet; it belongs into <code>{escape(place)}</code> of the scenario.</p>"
                )
            case Listing(text):
                yield f"<pre>{escape(text)}</pre>"
            case Checklist():
                yield self._checklist(found, found.block)

    def _picture(self, found: Numbered, picture: Picture) -> Iterator[str]:
        layout = picture.figure.layout
        title, notes = str(layout.meta["title"]), layout.meta["notes"]
        data = json.loads(picture.figure.to_json())
        template = data["layout"].pop("template", None)
        shared = _json(template) if template else ""
        if shared and self.template in ("", shared):
            self.template, how = shared, ' data-template="yes"'
        else:
            data["layout"] |= {"template": template} if template else {}
            how = ""
        yield '<figure class="picture">'
        yield f'<figcaption id="{found.anchor}-title">{_caption(found, title, picture.badge)}</figcaption>'
        height = layout.height or 450
        yield (
            f'<div class="plot" id="{found.anchor}" role="img" aria-labelledby="{found.anchor}-title" '
            f'style="min-height:{height:g}px"></div>'
        )
        yield f'<p class="late soft">{NO_FIGURES}</p><noscript><p class="soft">{NO_FIGURES}</p></noscript>'
        yield from (f'<p class="note">{escape(str(note))}</p>' for note in notes)
        yield f'</figure><script type="application/json" data-figure="{found.anchor}"{how}>{_json(data)}</script>'

    def _checklist(self, found: Numbered, checklist: Checklist) -> str:
        rows = []
        for item in checklist.items:
            where = ", ".join(
                f'<a href="#{escape(name)}">{escape(self.titles[name])}</a>'
                if name in self.titles
                else f"{escape(name)} (not in this report)"
                for name in item.sections
            )
            read = "yes" if item.was_checked else "no, from memory"
            rows.append(f"<tr><th scope=row>{escape(item.asks)}<td>{where}<td>{escape(item.source)}<td>{read}")
        header = "".join(
            f"<th scope=col>{name}" for name in ("What is asked, in our words", "Where", "Source", "Read there")
        )
        name = _caption(found, checklist.title, "")
        return _framed(f"<thead><tr>{header}<tbody>{''.join(rows)}", name, found.anchor, "words long")


def _table(table: Table, caption: str, anchor: str) -> str:
    rows = [_row(row, table.n_labels) for row in table.rows]
    # End tags are left out where HTML allows it: in large tables they would be half of the file.
    header = "".join(f"<th scope=col>{escape(name)}" if name else "<td>" for name in table.header)
    is_wordy = any(len(cell) > WORDY for row in table.rows for cell in row)
    kind = f"l{min(table.n_labels, 8)}{' words' if is_wordy else ''} {'long' if len(rows) > LONG else 'short'}"
    kind += " broad" if len(table.header) > BROAD else ""
    return _framed(f"<thead><tr>{header}<tbody>{''.join(rows)}", caption, anchor, kind)


def _row(row: list[str], n_labels: int) -> str:
    cells = [escape(cell, quote=False) for cell in row]
    first = f"<th scope=row>{cells[0]}" if n_labels and cells and cells[0] else ""
    return f"<tr>{first}" + "".join(f"<td>{cell}" for cell in cells[1 if first else 0 :])


def _framed(inside: str, caption: str, anchor: str, kind: str) -> str:
    """Return a table in a frame that can be scrolled, by keyboard too."""
    return (
        f'<figure class="{kind}" id="{anchor}"><div class="scroll" role="region" tabindex="0" '
        f'aria-labelledby="{anchor}-title"><table class="{kind}"><caption id="{anchor}-title">{caption}</caption>'
        f"{inside}</table></div></figure>"
    )


def _caption(found: Numbered, title: str, badge: Badge) -> str:
    kind = "both" if badge == "exact and simulated" else badge
    mark = f' <span class="badge {kind}">{badge}</span>' if badge else ""
    return f"<strong>{found.label}</strong> {escape(title)}{mark}"


def _json(data: object) -> str:
    """Return JSON that cannot end a script element."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def _plotly() -> bytes:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).encode()


def _packed(data: bytes) -> str:
    """Return bytes as text, compressed; the same bytes give the same text."""
    return b64encode(compress(data, 6, mtime=0)).decode()


def _digest(data: bytes) -> str:
    return b64encode(sha256(data).digest()).decode()
