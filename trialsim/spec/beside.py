"""Decision tables in CSV files beside a design: `at_least: boundaries.csv` becomes the rows of the file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialsim.errors import InputError, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.spec.load import Document

Steps = tuple[str | int, ...]
COLUMNS = ["n", "at_least"]
MAX_BYTES = 256_000
MOST_DIGITS = 10


def put_tables_in(document: Document) -> None:
    """Replace the names of CSV files in table rules by their rows, in place.

    Raises
    ------
    InputError
        If a file cannot be read or is no such table, or if the document may name no files.
    """
    for path, rule in _tables(document.data, ()):
        where = (*path, "at_least")
        place = document.place(where)
        name = rule["at_least"]
        if not document.may_name_files:
            raise at(place, f'"{name[:80]}" is a file, and no other file is read; write the rows as a mapping')
        file = Path(place.source).parent / name
        try:
            rule["at_least"] = read_table(file)
        except InputError as error:
            raise at(place, str(error)) from None


def read_table(file: Path) -> dict[str, Any]:
    """Return the rows of a CSV file with the columns n and at_least.

    Raises
    ------
    InputError
        If it cannot be read, or is no such table.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        lines = content.decode("utf-8-sig").splitlines()
        header, *rows = [row for row in csv.reader(lines) if any(cell.strip() for cell in row)] or [[]]
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"{file}: not a CSV file in UTF-8; one with the columns n,at_least is wanted") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read ({getattr(error, 'strerror', None) or 'no such name'})") from None
    if len(content) > MAX_BYTES:
        raise InputError(f"{file}: too large for a decision table; at most {MAX_BYTES:,} bytes are read")
    if [cell.strip() for cell in header] != COLUMNS:
        raise InputError(f'{file}: found the columns "{",".join(header)[:60]}"; accepted: n,at_least')
    found: dict[str, Any] = {}
    for row in rows:
        cells = [cell.strip() for cell in row]
        if len(cells) != len(COLUMNS) or not all(cell.isdecimal() and len(cell) < MOST_DIGITS for cell in cells):
            raise InputError(f'{file}: found the row "{",".join(row)[:60]}"; accepted: two whole numbers, n,at_least')
        if cells[0] in found:
            raise InputError(f"{file}: n = {cells[0]} is there twice; give each number of patients once")
        found[cells[0]] = int(cells[1])
    return found


def _tables(data: Any, path: Steps) -> Iterator[tuple[Steps, dict[str, Any]]]:
    """Yield the table rules that name a file, with their paths."""
    if isinstance(data, dict):
        if data.get("kind") == "table" and isinstance(data.get("at_least"), str):
            yield path, data
        for key, value in data.items():
            yield from _tables(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _tables(value, (*path, index))
