"""Sweeps as tables: those of the store to choose from, the cells of the open one, and what leaves the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import html

from app.fields import empty, refusal
from app.service import Refusal, sweep_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.service import Service
    from app.service.sweep_store import Opened

MAX_ROWS = 2_500
"""Cells that the table shows."""
MAX_CHOICES = 400
"""Numbers of a cell that a select offers."""
NO_SWEEPS = "The store holds no sweeps yet: run one here, or with python -m trialsim sweep on the command line."


def sweep_list(service: Service, open_id: str) -> Any:
    """Return the sweeps of the store as a table to choose from."""
    columns = [
        {"field": "name", "minWidth": 120, "flex": 1},
        {"field": "axes", "headerName": "varied", "minWidth": 160, "flex": 2, "tooltipField": "axes"},
        {"field": "cells", "width": 90, "type": "rightAligned"},
        {"field": "done", "width": 90, "type": "rightAligned"},
        {"field": "failed", "width": 85, "type": "rightAligned"},
        {"field": "begun", "headerName": "begun (UTC)", "width": 150},
        {"field": "id", "width": 105},
    ]
    try:
        rows, problem = list_rows(service), ""
    except Refusal as refused:
        rows, problem = [], str(refused)
    grid = dag.AgGrid(
        id="sweep-list",
        columnDefs=columns,
        rowData=rows,
        getRowId="params.data.id",
        selectedRows={"ids": [row["id"] for row in rows if open_id and row["id"].startswith(open_id)]},
        defaultColDef={"sortable": True, "filter": True, "resizable": True},
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            "pagination": True,
            "paginationPageSize": 6,
            "paginationPageSizeSelector": False,
            "domLayout": "autoHeight",
        },
        style={"height": None},
        className="ag-theme-quartz",
    )
    return dmc.Paper(
        [
            html.H2("Sweeps in the store", className="graph-title"),
            html.Div(refusal(problem) if problem else empty(NO_SWEEPS) if not rows else None, id="sweep-list-told"),
            html.Div(grid, id="sweep-list-box", hidden=not rows),
        ],
        className="card",
        withBorder=True,
        p="sm",
    )


def list_rows(service: Service) -> list[dict[str, Any]]:
    """Return the sweeps of the store as rows.

    Raises
    ------
    Refusal
        If the store cannot be read.
    """
    return [
        {
            "name": line.name,
            "axes": ", ".join(line.axes),
            "cells": line.n_cells,
            "done": line.n_kept,
            "failed": line.n_failed,
            "begun": line.created[:16].replace("T", " "),
            "id": line.id,
        }
        for line in sweep_store.listed(service)
    ]


def table_of(service: Service, sweep_id: str, selectors: Sequence[str]) -> tuple[list[Any], list[Any], str]:
    """Return the columns and the rows of the table of cells, and what is to be said of it.

    Raises
    ------
    Refusal
        If a number is not in the sweep.
    """
    found = sweep_store.cells(service, sweep_id, selectors, MAX_ROWS)
    number = {"filter": "agNumberColumnFilter", "type": "rightAligned"}
    columns: list[Any] = [{"field": "cell", "width": 80, **number}]
    for n, name in enumerate(found.axes):
        is_number = all(isinstance(levels[n], int | float) for _, levels, _, _ in found.rows)
        columns.append({"field": f"a{n}", "headerName": name, "minWidth": 110, **(number if is_number else {})})
    digits = {"function": "params.value == null ? '' : d3.format('.6~g')(params.value)"}
    for n, (label, is_exact) in enumerate(zip(found.labels, found.is_exact, strict=True)):
        name = f"{label} (exact)" if is_exact else label
        columns.append({"field": f"m{n}", "headerName": name, "minWidth": 150, "valueFormatter": digits, **number})
        columns += [] if is_exact else [{"field": f"e{n}", "headerName": "how sure", "width": 140}]
    if any(error for *_, error in found.rows):
        columns.append({"field": "error", "minWidth": 220, "tooltipField": "error"})
    rows = []
    for cell, levels, numbers, error in found.rows:
        row: dict[str, Any] = {"key": str(cell), "cell": cell, "error": error}
        row |= {f"a{n}": level for n, level in enumerate(levels)}
        for n, (value, sure) in enumerate(numbers):
            row |= {f"m{n}": value, f"e{n}": sure}
        rows.append(row)
    told = f"The first {len(rows):,} of {found.n_cells:,} cells." if len(rows) < found.n_cells else ""
    return columns, rows, told


def cell_table(service: Service, opened: Opened, selectors: list[str]) -> Any:
    """Return the cells of a sweep as a table, and the choice of its columns."""
    columns, rows, told = table_of(service, opened.line.id, selectors)
    measures = [{"value": one.selector, "label": one.label} for one in opened.contents.choices[:MAX_CHOICES]]
    pick = dmc.MultiSelect(
        id="cell-columns", label="columns", data=measures, value=selectors, searchable=True, maxValues=12, size="xs"
    )
    grid = dag.AgGrid(
        id="cell-grid",
        columnDefs=columns,
        rowData=rows,
        getRowId="params.data.key",
        defaultColDef={"sortable": True, "filter": True, "resizable": True, "flex": 1, "wrapHeaderText": True}
        | {"autoHeaderHeight": True},
        csvExportParams={"fileName": f"{opened.line.name}-{opened.line.id[:8]}-table.csv"},
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            "tooltipShowDelay": 300,
        },
        style={"height": "420px"},
        className="ag-theme-quartz",
    )
    return dmc.Paper(
        [
            html.H3("Cells", className="graph-title"),
            html.Div([pick], className="field"),
            grid,
            html.P(told, id="cell-told", className="note"),
            html.Div(id="cell-problem", role="alert"),
            dmc.Button("CSV of this table", id="cell-csv", size="compact-sm", variant="default"),
        ],
        className="card",
        withBorder=True,
        p="sm",
    )


def downloads(line: Any) -> Any:
    """Return how all numbers of a sweep leave the page."""
    labels = {"csv": "CSV", "json": "JSON", "parquet": "Parquet", "yaml": "YAML"}
    command = f"python -m trialsim results export {line.id[:8]} --out {line.name}.csv"
    return dmc.Paper(
        [
            html.H3("All numbers of this sweep", className="graph-title"),
            html.Div(
                [
                    html.Span("download"),
                    *(
                        dmc.Button(words, id={"t": "sweep-take", "f": key}, size="compact-sm", variant="default")
                        for key, words in labels.items()
                    ),
                ],
                className="row",
            ),
            html.Code(command, className="command"),
            html.Div(id="sweep-take-problem", role="alert"),
        ],
        className="card",
        withBorder=True,
        p="sm",
    )
