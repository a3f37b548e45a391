"""Exact measures of several designs in one table per truth: all values, then how each differs from the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.report.comparison import digits_of, is_brief, label_of, signed, value_cell
from trialsim.report.table import Table

if TYPE_CHECKING:
    from trialsim.comparison.designs import Comparison, Row


def side_by_side(found: Comparison) -> list[Table]:
    """Return a table per truth; a design that does not have a measure has a dash.

    Parameters
    ----------
    found
        From `comparison.designs.compare`, with exact values.
    """
    letters = [side.letter for side in found.sides]
    header = ["of", "measure", *letters, *(f"{letter} − A" for letter in letters[1:])]
    tables: dict[str, Table] = {}
    for row in found.rows:
        if row.truth is None or row.engine == "calendar" or not is_brief(row):
            continue
        table = tables.setdefault(row.truth, Table(row.truth, header, 2))
        table.rows.append([row.arm or "trial", label_of(row), *_values(row), *_differences(row)])
    return list(tables.values())


def _values(row: Row) -> list[str]:
    return [value_cell(record) or "–" for record in row.values]


def _differences(row: Row) -> list[str]:
    exact = [found.exact if found is not None else None for found in row.differences]
    reference = row.values[0]
    if reference is None:
        return ["–"] * len(exact)
    return ["–" if value is None else signed(f"{value:.{digits_of(reference)}f}") for value in exact]
