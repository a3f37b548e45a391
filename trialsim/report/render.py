"""Tables and sentences as plain text, Markdown or HTML."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING

from trialsim.report.protocol import sentences
from trialsim.report.tables import Table, tables

if TYPE_CHECKING:
    from trialsim.api import Result

LABEL_WIDTH = 16
"""Longer headings of number columns are wrapped between words."""


def as_text(result: Result, *, full: bool = False) -> str:
    """Return the result for a terminal: the protocol's sentences, the tables, the verdict."""
    parts = [title(result), *(f"  {line}" for line in sentences(result)), ""]
    parts += [table_as_text(table) for table in tables(result, full=full)]
    return "\n".join([*parts, *verdict(result), provenance_line(result)]) + "\n"


def as_markdown(result: Result, *, full: bool = False) -> str:
    """Return the result in Markdown."""
    parts = [f"# {title(result)}", "", *(f"- {line}" for line in sentences(result)), ""]
    parts += [table_as_markdown(table) for table in tables(result, full=full)]
    return "\n".join([*parts, *verdict(result), "", provenance_line(result)]) + "\n"


def as_html(result: Result, *, full: bool = False) -> str:
    """Return the result as one HTML page that needs nothing else."""
    body = [
        f"<h1>{escape(title(result))}</h1>",
        "<ul>",
        *(f"<li>{escape(line)}</li>" for line in sentences(result)),
        "</ul>",
    ]
    for table in tables(result, full=full):
        body += [f"<h2>{escape(table.title)}</h2>", "<table>", _html_row(table.header, "th", table.n_labels)]
        body += [*(_html_row(row, "td", table.n_labels) for row in table.rows), "</table>"]
    body += [f"<p>{escape(line)}</p>" for line in (*verdict(result), provenance_line(result))]
    style = (
        "body{font:15px/1.4 sans-serif;margin:2em}table{border-collapse:collapse}"
        "td,th{padding:.1em .7em;text-align:left}.n{text-align:right}"
    )
    head = f'<meta charset="utf-8"><title>{escape(title(result))}</title><style>{style}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def title(result: Result) -> str:
    """Return the title line."""
    scenario = result.scenario
    return f"{scenario.name}: {scenario.title}" if scenario.title else scenario.name


def verdict(result: Result) -> list[str]:
    """Return what the check of the engines against each other found."""
    if result.why_not is not None:
        return [f"Simulated only: {result.why_not}"]
    found = result.agreement
    if found is None:
        return [
            "Exact values only; nothing was simulated."
            if result.engine == "exact"
            else "Simulated only; nothing was compared with an exact value."
        ]
    worst = abs(found.worst.z) if found.worst is not None and found.worst.z is not None else 0.0
    rule = f"limit {found.limit:.2f}: family-wise error 0.001, Bonferroni"
    line = f"Simulated against exact: {found.n_judged:,} measures judged, largest |z| {worst:.2f} ({rule})."
    lines = [line + (" The engines agree." if not found.failures else f" {len(found.failures)} DISAGREE:")]
    for r in found.failures[:20]:
        which = ", ".join(
            str(part) for part in (r.plan, r.truth, r.arm, r.look, r.given, r.value, r.variant) if part is not None
        )
        lines.append(
            f"  {r.measure} ({which}): simulated {r.estimate:.6g}, MCSE {r.mcse:.2g}, exact {r.exact:.6g}, z {r.z:.2f}"
        )
    return lines


def provenance_line(result: Result) -> str:
    """Return what the result rests on, in a line."""
    facts = result.provenance
    simulated = (
        f", {facts['n_sims']:,} replicates, seed {facts['seed']}, stream {facts['stream']}" if facts["stream"] else ""
    )
    return f"Scenario {result.scenario.id}, trialsim {facts['trialsim']}{simulated}; {facts['wall_s']:.2f} s."


def table_as_text(table: Table) -> str:
    """Return one table with aligned columns; a label that repeats is printed once."""
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(
        title=table.title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for index, name in enumerate(table.header):
        is_label = index < table.n_labels
        if is_label:
            shown.add_column(Text(name), no_wrap=True, vertical="bottom")
        else:
            longest_word = max(map(len, name.split()), default=1)
            width = max(longest_word, LABEL_WIDTH)
            shown.add_column(Text(name), justify="right", vertical="bottom", min_width=longest_word, max_width=width)
    for row in table.rows:
        shown.add_row(*(Text(cell) for cell in row))
    out = io.StringIO()
    Console(file=out, width=1000, color_system=None, legacy_windows=False).print(shown)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def table_as_markdown(table: Table) -> str:
    """Return one table in Markdown, under a heading."""
    rule = ["---"] * table.n_labels + ["---:"] * (len(table.header) - table.n_labels)
    lines = [table.header, rule, *table.rows]
    return "\n".join(
        [f"## {table.title}", "", *("| " + " | ".join(map(_markdown_cell, line)) + " |" for line in lines), ""]
    )


def _markdown_cell(text: str) -> str:
    return text.replace("|", "\\|")


def _html_row(cells: list[str], tag: str, n_labels: int) -> str:
    shown = (f"<{tag}{'' if i < n_labels else ' class=n'}>{escape(cell)}</{tag}>" for i, cell in enumerate(cells))
    return f"<tr>{''.join(shown)}</tr>"
