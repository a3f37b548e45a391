"""A comparison of designs as text, Markdown, HTML, JSON and CSV. A difference is never shown without its error."""

from __future__ import annotations

import csv
import io
import json
from html import escape
from typing import TYPE_CHECKING

from trialsim.comparison.changes import changes
from trialsim.comparison.document import document, flat_rows
from trialsim.report.calendar_tables import calendar_digits, with_error
from trialsim.report.comparison_notes import MAX_MCSE_ERROR, footnotes
from trialsim.report.document import csv_cell
from trialsim.report.numbers import formatted, formatted_mcse, formatted_z
from trialsim.report.render import one_table_as_html as table_as_html
from trialsim.report.render import table_as_markdown, table_as_text
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.comparison.designs import Comparison, Row
    from trialsim.comparison.difference import Difference
    from trialsim.records import Record

MAX_CHANGES = 8
"""Of more fields that differ, only so many are named in a text."""

_IDEAL = {
    "p_continue": "goes on",
    "pet": "stops before the end",
    "n_mean": "mean N",
    "p_success": "success",
    "p_reject": "null rejected",
}
_CONDUCTED = {
    "p_takes_place": "takes place",
    "day_mean": "day",
    "enrolled_mean": "enrolled",
    "overrun_mean": "overrun",
    "months_mean": "months",
    **_IDEAL,
}
_OF_TRIAL = ("pet", "enrolled_mean", "overrun_mean")
"""Shown for the trial alone, unless everything is asked for."""

_STYLE = (
    "body{font:15px/1.4 sans-serif;margin:2em}table{border-collapse:collapse}td,th{padding:.1em .7em;text-align:left}"
)


def rendered(found: Comparison, format_: str, *, full: bool = False) -> str:
    """Return a comparison in a format: "text", "markdown", "html", "json" or "csv".

    Parameters
    ----------
    found
        From `comparison.designs.compare`.
    format_
        JSON and CSV always hold every measure.
    full
        Every measure, rather than decisions, patients, durations, overrun and success.
    """
    if format_ in ("json", "csv"):
        return as_json(found) if format_ == "json" else as_csv(found)
    head, shown = _head(found), tables(found, full=full)
    foot = footnotes(found)
    if format_ == "text":
        return "\n".join([_title(found), *(f"  {x}" for x in head), "", *map(table_as_text, shown), *foot]) + "\n"
    if format_ == "markdown":
        parts = [f"# {_title(found)}", "", *(f"- {line}" for line in head), "", *map(table_as_markdown, shown)]
        return "\n\n".join(["\n".join(parts), *foot]) + "\n"
    body = [f"<h1>{escape(_title(found))}</h1>", "<ul>", *(f"<li>{escape(line)}</li>" for line in head), "</ul>"]
    body += [*map(table_as_html, shown), *(f"<p>{escape(line)}</p>" for line in foot)]
    top = f'<meta charset="utf-8"><title>{escape(_title(found))}</title><style>{_STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{top}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def tables(found: Comparison, *, full: bool = False) -> list[Table]:
    """Return the tables: per plan ideal conduct and, where designs share one, calendar conduct.

    Two designs stand in one table. Of more, the values of all come first, then how each differs from the first.
    """
    result = []
    for plan in dict.fromkeys(row.plan for row in found.rows):
        for words, engines in (("ideal conduct", ("exact", "montecarlo")), ("as conducted", ("calendar",))):
            rows = [row for row in found.rows if row.plan == plan and row.engine in engines]
            rows = rows if full else [row for row in rows if is_brief(row)]
            others = range(len(found.sides) - 1)
            title = f"{plan}, {words}"
            if len(found.sides) == 2:
                result.append(_table(found, title, rows, values=True, others=others))
            else:
                result.append(_table(found, f"{title}: all designs", rows, values=True, others=()))
                result += [
                    _table(found, f"{title}: {found.sides[i + 1].letter} against A", rows, values=False, others=[i])
                    for i in others
                ]
    return [table for table in result if table.rows]


def is_brief(row: Row) -> bool:
    """Return whether a measure is among those shown without being asked for."""
    chosen = _CONDUCTED if row.engine == "calendar" else _IDEAL
    return row.measure in chosen and row.given is None and (row.measure not in _OF_TRIAL or row.arm is None)


def _table(found: Comparison, title: str, rows: Sequence[Row], *, values: bool, others: Sequence[int]) -> Table:
    """Return a table: values of all designs, differences of some of them, or both; columns without a word left out."""
    header = ["truth", "of", "measure"]
    header += [side.letter for side in found.sides] if values else []
    for i in others:
        header += [f"{found.sides[i + 1].letter} − A", "exact", "z", "replicates"]
    table, lines = Table(title, header, 3), []
    for row in rows:
        cells = [value_cell(record) for record in row.values] if values else []
        for i in others:
            cells += _difference_cells(row, row.differences[i])
        if any(cells):
            lines.append([row.truth or "any", row.arm or "trial", label_of(row), *cells])
    kept = [i for i in range(len(header)) if i < 3 or any(line[i] for line in lines)]
    table.header = [header[i] for i in kept]
    for before, line in zip([None, *lines], lines, strict=False):
        same_truth = before is not None and before[0] == line[0]
        table.rows.append([("" if same_truth and i == 0 else line[i]) for i in kept])
    return table


def label_of(row: Row) -> str:
    """Return what a measure is called."""
    known = (_CONDUCTED if row.engine == "calendar" else _IDEAL).get(row.measure, row.measure)
    if row.measure == "day_mean":
        known = "held on day" if row.look is not None else "decided on day"
    look = f" at {row.look}" if row.look is not None else ""
    value = f", {row.value:g}" if row.value is not None else ""
    variant = f", {row.variant}" if row.variant is not None else ""
    return known + look + value + variant + (f", given {row.given}" if row.given is not None else "")


def value_cell(record: Record | None) -> str:
    """Return the exact value, or the simulated one with its MCSE in brackets."""
    if record is None:
        return ""
    if record.engine != "calendar" and record.exact is not None:
        return formatted(record, "exact")
    if record.estimate is None:
        return "none seen"
    if record.bound is not None:
        return f"{record.estimate:g} ({formatted_mcse(record)})"
    return with_error(record.estimate, record.mcse, digits_of(record))


def _difference_cells(row: Row, found: Difference | None) -> list[str]:
    """Return the simulated difference with its MCSE, the exact one, z, and what pairing saved."""
    record = row.values[0]
    if found is None or record is None:
        return ["", "", "", ""]
    exact = "" if found.exact is None else signed(f"{found.exact:.{digits_of(record)}f}")
    if record.engine == "exact":
        return ["", exact, "", ""]
    simulated = "–"
    if found.value is not None:
        simulated = signed(with_error(found.value, found.mcse, digits_of(record)))
        simulated = simulated.replace(" (0)", " (alike)")
    z = formatted_z(record._replace(z=found.z, is_judged=found.is_judged)) if found.exact is not None else ""
    return [simulated, exact, z, _saved(found)]


def _saved(found: Difference) -> str:
    """Return how many times more replicates independent runs would need, where that is known well enough."""
    ratio, error = found.variance_ratio, found.mcse_error
    if ratio is None or error is None:
        return ""
    return "few" if error > MAX_MCSE_ERROR else f"× {ratio:.{1 if ratio < 100 else 0}f}"


def digits_of(record: Record) -> int:
    """Return decimal places as in `report.numbers`; under calendar conduct, as in its tables."""
    if record.measure.endswith("_quantile"):
        return 0
    if record.engine == "calendar":
        return calendar_digits(record.measure)
    return 4 if record.measure.startswith("n_") and record.measure != "n_pmf" else 6


def signed(text: str) -> str:
    """Return a number with its sign; zero has none."""
    number = text.split(" ")[0]
    if float(number) == 0.0:
        return text.removeprefix("-")
    return text if number.startswith("-") else f"+{text}"


def _title(found: Comparison) -> str:
    return f"{len(found.sides)} designs on the same simulated patients"


def _head(found: Comparison) -> list[str]:
    """Return what each design is, in which fields it differs from the first, and what was not compared."""
    lines = []
    for side in found.sides:
        lines.append(f"{side.letter}: {side.label}")
        differing = changes(found.sides[0].scenario, side.scenario)
        parts = [f"{change.path} {_cut(change.own)} → {_cut(change.other)}" for change in differing[:MAX_CHANGES]]
        more = len(differing) - len(parts)
        parts += [f"and {more} other field{'s' if more > 1 else ''}"] if more else []
        lines += [f"{side.letter} differs from A in {'; '.join(parts)}."] if parts else []
    return [*lines, *found.notes]


def _cut(text: str, length: int = 60) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def as_json(found: Comparison) -> str:
    """Return the document as JSON text; numbers have all their digits."""
    return json.dumps(document(found), indent=1, allow_nan=False, default=float, ensure_ascii=False) + "\n"


def as_csv(found: Comparison) -> str:
    """Return one row per measure and design that is compared with the first."""
    out = io.StringIO()
    writer = csv.writer(out)
    for cells in flat_rows(found):
        writer.writerow([csv_cell(value) for value in cells])
    return out.getvalue()
