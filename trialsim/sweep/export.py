"""A sweep as one table, in CSV, JSON or Parquet: a row per measure and cell, streamed.

Columns: `cell`, one per axis, the fields of a record in the order of the CSV of `run`, `error`. A cell without records
is one row: its number, its levels, its error if it failed, and nothing else.

An axis whose name is taken (a record has a field `value`) gets the column `axis.value`: the fields of a record are a
contract, the name of an axis is the user's own.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from trialsim.errors import InputError, nearest
from trialsim.files import replaced_when_complete
from trialsim.sweep.export_text import write_csv, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from trialsim.sweep.cells import CellResult, SweepResult
    from trialsim.sweep.export_table import Kind

ExportFormat: TypeAlias = Literal["csv", "json", "parquet"]


def write_export(
    result: SweepResult, path: str | Path | None, format_: ExportFormat, *, kinds: Sequence[Kind] | None = None
) -> None:
    """Write a sweep, cell by cell: memory does not grow with their number. The same content gives the same bytes.

    Parameters
    ----------
    result
        Its cells are read once.
    path
        A file, which is there whole or not at all; None: stdout (CSV and JSON only).
    format_
        "csv": as RFC 4180 says, numbers with all their digits; a word that a spreadsheet would run gets a ' before it.
        "json": one object with schema, name, axes and rows; a number that JSON does not have is the word NaN, Infinity
        or -Infinity.
        "parquet": an axis has one type for all its levels.
    kinds
        The types of the axes in Parquet, if they are known (see `kind_of`). Otherwise they follow from the levels of
        all cells, and until these are known the rows wait in a temporary file.

    Raises
    ------
    InputError
        If the format is not known, the file cannot be written, the cells cannot be read, or a level is not of its kind.
    """
    if format_ not in get_args(ExportFormat):
        raise InputError(f'format "{format_}": {nearest(format_, get_args(ExportFormat))}')
    if format_ == "parquet" and path is None:
        raise InputError("Parquet is no text for the terminal; name a file for it")
    result = result._replace(cells=_readable(result.cells))
    write = write_json if format_ == "json" else write_csv
    if path is None:
        write(result, sys.stdout)
        return
    with _written(path) as temporary:
        if format_ == "parquet":
            from trialsim.sweep.export_parquet import write_parquet

            write_parquet(result, temporary, kinds)
        else:
            with open(temporary, "w", encoding="utf-8", newline="") as file:
                write(result, file)


@contextmanager
def _written(path: str | Path) -> Iterator[str]:
    try:
        with replaced_when_complete(path) as temporary:
            yield temporary
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from None


def _readable(cells: Iterable[CellResult]) -> Iterator[CellResult]:
    """Yield the cells; what cannot be read is not blamed on the file that is written."""
    try:
        yield from cells
    except OSError as error:
        raise InputError(f"the cells of the sweep cannot be read ({error.strerror or error})") from None
