"""Tables and sentences as plain text, Markdown or HTML."""

from __future__ import annotations

from html import escape
from textwrap import fill
from typing import TYPE_CHECKING

from trialsim.oc.agreement import FAMILY_WISE_ERROR
from trialsim.report.calendar_tables import match_notes, missed_notes
from trialsim.report.protocol import sentences
from trialsim.report.table import Table
from trialsim.report.tables import tables

if TYPE_CHECKING:
    from trialsim.api import Result

LABEL_WIDTH = 16
"""Longer headings of number columns are wrapped between words."""


def as_text(result: Result, *, full: bool = False) -> str:
    """Return the result for a terminal: the protocol's sentences, the tables, the verdict."""
    parts = [title(result), *(f"  {line}" for line in sentences(result)), ""]
    parts += [table_as_text(table) for table in tables(result, full=full)]
    return "\n".join([*parts, *legend(result), *verdict(result), provenance_line(result)]) + "\n"


def as_markdown(result: Result, *, full: bool = False) -> str:
    """Return the result in Markdown."""
    parts = [f"# {title(result)}", "", *(f"- {line}" for line in sentences(result)), ""]
    parts += [table_as_markdown(table) for table in tables(result, full=full)]
    return "\n".join([*parts, *legend(result), "", *verdict(result), "", provenance_line(result)]) + "\n"


def as_html(result: Result, *, full: bool = False) -> str:
    """Return the result as one HTML page that needs nothing else."""
    body = [f"<h1>{escape(title(result))}</h1>", "<ul>"]
    body += [*(f"<li>{escape(line)}</li>" for line in sentences(result)), "</ul>"]
    body += [one_table_as_html(table) for table in tables(result, full=full)]
    body += [f"<p>{escape(line)}</p>" for line in (*legend(result), *verdict(result), provenance_line(result))]
    style = (
        "body{font:15px/1.4 sans-serif;margin:2em}table{border-collapse:collapse}"
        "td,th{padding:.1em .7em;text-align:left}"
    )
    head = f'<meta charset="utf-8"><title>{escape(title(result))}</title><style>{style}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def title(result: Result) -> str:
    """Return the title line."""
    scenario = result.scenario
    return f"{scenario.name}: {scenario.title}" if scenario.title else scenario.name


def verdict(result: Result) -> list[str]:
    """Return what the check of the engines against each other found."""
    lines = [f"Not solved exactly, {result.why_not}"] if result.why_not is not None else []
    found = result.agreement
    if found is None:
        only = "Exact values only; nothing was simulated." if result.engine == "exact" else "Simulated values only."
        return [*lines, only]
    worst = abs(found.worst.z) if found.worst is not None and found.worst.z is not None else 0.0
    rule = f"limit {found.limit:.2f}: family-wise error {FAMILY_WISE_ERROR:g}, Bonferroni"
    line = f"Simulated against exact: {found.n_judged:,} measures judged, largest |z| {worst:.2f} ({rule})."
    lines += [line + (" The engines agree." if not found.failures else f" {len(found.failures)} DISAGREE:")]
    for r in found.failures[:20]:
        which = ", ".join(
            str(part) for part in (r.plan, r.truth, r.arm, r.look, r.given, r.value, r.variant) if part is not None
        )
        lines.append(
            f"  {r.measure} ({which}): simulated {r.estimate:.6g}, MCSE {r.mcse:.2g}, exact {r.exact:.6g}, z {r.z:.2f}"
        )
    return lines


def legend(result: Result) -> list[str]:
    """Return what the words and signs in the tables mean."""
    many = len(result.scenario.design.arms) > 1
    notes = [*match_notes(result.match), *missed_notes(result)]
    conduct = result.scenario.conduct
    if conduct is not None and conduct.sensitivity and not result.readings and result.engine != "exact":
        notes.append(f"{len(conduct.sensitivity)} other readings of the protocol are listed; --sensitivity tries them.")
    truth = ["pooled: judged against the arms' true rates, averaged over the patients enrolled."] if many else []
    if result.engine == "exact":
        return truth
    if conduct is not None:
        notes.append(
            "As conducted, in brackets MCSE; (0): every trial gave this value, or a quantile is the same one standard "
            "error of its share away."
        )
    return [
        *notes,
        *truth,
        "MCSE: Monte Carlo standard error; < or > instead: the 95 % limit where the simulation saw none or all.",
        "all alike: every replicate gave this value; same: so does the quantile one standard error of its share away.",
        "z in brackets is not judged: too few events for its replicates. N, 5 %: quantile of the number of patients.",
    ]


def provenance_line(result: Result) -> str:
    """Return what the result rests on, in a line."""
    facts = result.provenance
    simulated = (
        f", {facts['n_sims']:,} replicates, seed {facts['seed']}, stream {facts['stream']}" if facts["stream"] else ""
    )
    return f"Scenario {result.scenario.id}, trialsim {facts['trialsim']}{simulated}; {facts['wall_s']:.2f} s."


def table_as_text(table: Table) -> str:
    """Return one table with aligned columns, long headings wrapped between words."""
    header = [fill(name, LABEL_WIDTH, break_long_words=False, break_on_hyphens=False) for name in table.header]
    return f"{table.title}\n{_aligned(table, header, table.rows, 'plain')}\n"


def table_as_markdown(table: Table) -> str:
    """Return one table in Markdown, under a heading."""
    rows = [[cell.replace("|", "\\|") for cell in row] for row in [table.header, *table.rows]]
    return f"## {table.title}\n\n{_aligned(table, rows[0], rows[1:], 'pipe')}\n"


def one_table_as_html(table: Table) -> str:
    """Return a table with its heading."""
    return f"<h2>{escape(table.title)}</h2>\n{_aligned(table, table.header, table.rows, 'html')}"


def _aligned(table: Table, header: list[str], rows: list[list[str]], style: str) -> str:
    from tabulate import tabulate

    sides = ["left"] * table.n_labels + ["right"] * (len(header) - table.n_labels)
    text = tabulate(rows, header, tablefmt=style, colalign=sides if rows else None, disable_numparse=True)
    return "\n".join(line.rstrip() for line in text.splitlines())
