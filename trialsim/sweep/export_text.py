"""A sweep as CSV or JSON. Numbers have all their digits, as Python's `repr` writes them."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from trialsim.sweep.export_table import FIELDS, NUMBERS, SCHEMA, axis_columns, batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trialsim.sweep.cells import CellResult, SweepResult
    from trialsim.sweep.export_table import Batch

BATCH = 8_192
"""Rows that are made into text together."""

_QUOTED = re.compile(r'[",\r\n]')
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet would run, or what would be taken for such a word with its ' before it."""


def write_csv(result: SweepResult, file: TextIO) -> None:
    """Write CSV (RFC 4180); a word that a spreadsheet would run gets a ' before it."""
    names = ("cell", *axis_columns(result.axes), *FIELDS, "error")
    file.write(",".join(map(_csv_text, names)) + "\r\n")

    def head(cell: CellResult) -> str:
        return ",".join(map(_csv_text, (cell.number, *cell.levels)))

    for batch in batches(result.cells, BATCH):
        ends = batch.per_row([f"{_csv_text(cell.error)}\r\n" for cell in batch.cells])
        file.writelines(map(",".join, zip(*_texts(batch, head, _csv_text), ends, strict=True)))


def write_json(result: SweepResult, file: TextIO) -> None:
    """Write one JSON object, a row per line."""
    keys = [f"{_json_text(name)}: " for name in ("cell", *axis_columns(result.axes))]
    fields = [f"{_json_text(name)}: " for name in (*FIELDS, "error")]
    row = "{%s, " + ", ".join(f"{key}%s" for key in fields) + "}"

    def head(cell: CellResult) -> str:
        values = map(_json_text, (cell.number, *cell.levels))
        return ", ".join(key + value for key, value in zip(keys, values, strict=True))

    axes = json.dumps(result.axes, ensure_ascii=False)
    file.write(f'{{"schema": "{SCHEMA}", "name": {_json_text(result.name)}, "axes": {axes}, "rows": [')
    between = "\n"
    for batch in batches(result.cells, BATCH):
        ends = batch.per_row([_json_text(cell.error) for cell in batch.cells])
        rows = zip(*_texts(batch, head, _json_text), ends, strict=True)
        file.write(between + ",\n".join([row % texts for texts in rows]))
        between = ",\n"
    file.write("\n]}\n")


def _texts(batch: Batch, head: Callable[[CellResult], str], text_of: Callable[[Any], str]) -> Iterator[Iterable[str]]:
    """Yield columns of text: what the rows of a cell begin with, then the fields."""
    yield batch.per_row(map(head, batch.cells))
    for name in FIELDS:
        column = batch.columns[name]
        if name in NUMBERS:
            yield _number_texts(column, text_of)
        else:
            known = {word: text_of(word) for word in set(column)}
            yield map(known.__getitem__, column)


def _number_texts(column: tuple[Any, ...], text_of: Callable[[Any], str]) -> list[str]:
    """Return the texts of numbers. Arrow makes most of them: the same digits in a sixth of the time."""
    import pyarrow as pa

    numbers = pa.array(column, pa.float64())
    if numbers.null_count == len(column):
        return [text_of(None)] * len(column)
    texts: list[str] = numbers.cast(pa.string()).fill_null(text_of(None)).to_pylist()
    is_valid = numbers.is_valid().to_numpy(zero_copy_only=False)
    values = numbers.to_numpy(zero_copy_only=False)
    size = np.abs(values)
    is_plain = (size >= 1e-4) & (size < 1e6) & (values != np.floor(values))  # there Arrow writes what Python does
    for index in np.flatnonzero(is_valid & ~is_plain).tolist():
        texts[index] = text_of(column[index])
    return texts


def _csv_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    text = f"'{value}" if _FORMULA.match(value) else value
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _json_text(value: Any) -> str:
    if isinstance(value, float):
        if isfinite(value):
            return float.__repr__(value)
        return '"NaN"' if value != value else '"Infinity"' if value > 0 else '"-Infinity"'
    return json.dumps(value, ensure_ascii=False)
