"""The boundaries of a design (under each enrolment plan) as text, Markdown, HTML, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from trialsim.compile import compile_design
from trialsim.plan import NEVER
from trialsim.report.boundaries import boundaries, decision_table
from trialsim.report.document import csv_cell
from trialsim.report.render import one_table_as_html, table_as_markdown, table_as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trialsim.report.boundaries import Boundary
    from trialsim.report.table import Table
    from trialsim.spec.design import Design

SCHEMA = "trialsim.boundaries/1"
COLUMNS = (
    "plan",
    "look",
    "of",
    "patients",
    "stop_at_or_below",
    "success_at_or_above",
    "success_stops",
    "toxic_at_or_above",
)


def rendered(plans: Sequence[tuple[str, Design]], format_: str) -> str:
    """Return the decision tables of enrolment plans (name and design) in a format.

    Raises
    ------
    InputError
        If a rule cannot be compiled.
    """
    if format_ == "json":
        return json.dumps({"schema": SCHEMA, "boundaries": list(_rows(plans))}, indent=1, ensure_ascii=False) + "\n"
    if format_ == "csv":
        return _as_csv(plans)
    tables = [decision_table(design, compile_design(design), name, with_rates=True) for name, design in plans]
    if format_ == "html":
        return _as_html(plans, tables)
    return "\n".join((table_as_markdown if format_ == "markdown" else table_as_text)(table) for table in tables)


def _rows(plans: Sequence[tuple[str, Design]]) -> Iterator[dict[str, Any]]:
    for name, design in plans:
        for one in boundaries(design, compile_design(design)):
            yield dict(zip(COLUMNS, (name, *_values(one)), strict=True))


def _values(one: Boundary) -> tuple[Any, ...]:
    """Return the cells of a row: None where a look has no such boundary, or no number of responses meets it."""
    stop = None if one.stop < 0 else min(one.stop, one.n)
    least = [None if value >= NEVER else value for value in (one.success, one.toxic)]
    return one.look, one.of, one.n, stop, least[0], one.ends, least[1]


def _as_csv(plans: Sequence[tuple[str, Design]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in _rows(plans):
        writer.writerow([csv_cell(value) for value in row.values()])
    return out.getvalue()


def _as_html(plans: Sequence[tuple[str, Design]], tables: Sequence[Table]) -> str:
    from trialsim.report.page import page
    from trialsim.report.plots.boundaries import boundary_plots

    figures = [
        figure
        for name, design in plans
        for figure in boundary_plots(list(boundaries(design, compile_design(design))), name)
    ]
    return page(f"Boundaries of {plans[0][1].name}", "\n".join(map(one_table_as_html, tables)), figures)
