"""The answer of a search as text, Markdown, HTML, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from trialsim.report.document import csv_cell
from trialsim.report.render import one_table_as_html, table_as_markdown, table_as_text
from trialsim.report.table import Table

if TYPE_CHECKING:
    from trialsim.search.found import Feasible, Found, Search

SCHEMA = "trialsim.search/1"
MANY_LOOKS = 6
"""With more, a line shows only where a boundary rises; JSON and CSV hold all."""

PATIENTS = ("en_", "n_", "months", "day")
"""How names of measures begin that are no probabilities; they are written with two decimals."""


def rendered(search: Search, format_: str) -> str:
    """Return the answer of a search in a format: text, json, csv, markdown or html."""
    writers = {"text": as_text, "json": as_json, "csv": as_csv, "markdown": as_markdown, "html": as_html}
    return writers[format_](search)


def as_text(search: Search) -> str:
    """Return what was asked, a line per design, and the notes."""
    return "\n".join([f"{heading(search)}\n", table_as_text(table(search)), *search.notes]) + "\n"


def as_markdown(search: Search) -> str:
    """Return the same in Markdown."""
    return "\n".join(
        [f"# {heading(search)}\n", table_as_markdown(table(search)), *(f"- {n}" for n in search.notes), ""]
    )


def as_html(search: Search) -> str:
    """Return one page that needs nothing else, with the picture of the feasible designs where there is one."""
    from trialsim.report.page import page

    figures = []
    if search.feasible is not None and {"n", "en_null"} <= set(search.feasible.columns):
        from trialsim.report.plots.feasible import feasible_designs

        figures.append(feasible_designs(search))
    body = [one_table_as_html(table(search)), *(f"<p>{escape(note)}</p>" for note in search.notes)]
    return page(heading(search), "\n".join(body), figures)


def document(search: Search) -> dict[str, Any]:
    """Return the answer as one JSON object; each design holds its figures and its own document."""
    found = {
        "schema": SCHEMA,
        "family": search.family,
        "asked": dict(search.asked),
        "designs": [{**row(design), "design": dict(design.document)} for design in search.designs],
        "notes": list(search.notes),
    }
    return found if search.feasible is None else {**found, "feasible": _feasible(search.feasible)}


def row(design: Found) -> dict[str, Any]:
    """Return a design's figures by name: criterion, looks, stop_at_or_below, then details and measures."""
    looks = {"looks": list(design.looks), "stop_at_or_below": list(design.stop_at_or_below)}
    return {"criterion": design.criterion, **looks, **design.details, **design.measures}


def as_json(search: Search) -> str:
    """Return the document as JSON text; numbers have all their digits."""
    return json.dumps(document(search), indent=1, allow_nan=False, default=_plain, ensure_ascii=False) + "\n"


def as_csv(search: Search) -> str:
    """Return a row per design (RFC 4180); a list stands in one cell, its numbers parted by blanks."""
    rows = [row(design) for design in search.designs]
    columns = list(dict.fromkeys(name for each in rows for name in each))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for each in rows:
        writer.writerow([_cell(each.get(name)) for name in columns])
    return out.getvalue()


def heading(search: Search) -> str:
    """Return the family and what was asked, in a line."""
    asked = [f"{name.replace('_', ' ')} {_word(value)}" for name, value in search.asked.items() if value is not None]
    return f"search {search.family}: {', '.join(asked)}"


def table(search: Search) -> Table:
    """Return a line per design."""
    details = list(dict.fromkeys(name for design in search.designs for name in design.details))
    measures = list(dict.fromkeys(name for design in search.designs for name in design.measures))
    has_counts = any(design.stop_at_or_below for design in search.designs)
    labels = ["criterion", "patients", *(["stop at or below"] if has_counts else [])]
    labels += [name.replace("_", " ") for name in details]
    found = Table("designs", [*labels, *(_label(name) for name in measures)], len(labels))
    for design in search.designs:
        words = [design.criterion, _looks(design), *([_stops(design)] if has_counts else [])]
        words += [_word(design.details.get(name)) for name in details]
        found.rows.append(words + [_number(name, design.measures.get(name)) for name in measures])
    return found


def _looks(design: Found) -> str:
    """Return the patients at each look; of many looks the first, the last, and how many they are."""
    looks = design.looks
    return _word(looks) if len(looks) <= MANY_LOOKS else f"{looks[0]} to {looks[-1]}, {len(looks)} looks"


def _stops(design: Found) -> str:
    """Return the most responses that stop at each look; of many looks those at which more stop than before."""
    if len(design.looks) <= MANY_LOOKS:
        return _word(design.stop_at_or_below)
    pairs = zip((-1, *design.stop_at_or_below), design.stop_at_or_below, design.looks, strict=False)
    return ", ".join(f"{now}/{n}" for before, now, n in pairs if now > before) or "–"


def _label(name: str) -> str:
    words = {"en": "EN", "pet": "PET", "n": "N"}
    return " ".join(words.get(word, word) for word in name.split("_"))


def _number(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if name.startswith(PATIENTS) else f"{value:.4f}"


def _word(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, list | tuple):
        return ", ".join(map(_word, value)) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _cell(value: Any) -> object:
    if isinstance(value, list | tuple) and all(each is None or isinstance(each, int | float) for each in value):
        return " ".join("" if each is None else str(each) for each in value)  # numbers: nothing a spreadsheet runs
    if isinstance(value, list | tuple | dict):
        value = json.dumps(value, default=_plain)
    return csv_cell(value)


def _feasible(feasible: Feasible) -> dict[str, Any]:
    return {"columns": list(feasible.columns), "values": feasible.values.tolist()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return dict(value)
