"""A sweep as Parquet: a row group per batch, each axis of one type."""

from __future__ import annotations

import json
from array import array
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trialsim.errors import InputError
from trialsim.sweep.export_table import FIELDS, NUMBERS, SCHEMA, axis_columns, batches, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO

    from trialsim.sweep.cells import Level, SweepResult
    from trialsim.sweep.export_table import Batch, Kind

ROW_GROUP = 65_536
"""A row group ends with the cell that brings it to so many rows."""

_OWN = pa.schema(
    [
        ("cell", pa.int64()),
        *((name, pa.float64() if name in NUMBERS else pa.string()) for name in FIELDS),
        ("error", pa.string()),
    ]
)
"""The columns that do not depend on the axes."""
_TYPES = {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string()}


class _Group(NamedTuple):
    """The rows of a row group, and what their axes are made of."""

    rows: pa.RecordBatch
    levels: list[tuple[Level, ...]]
    """Of each cell."""
    n_rows: array[int]
    """Of each cell."""


def write_parquet(result: SweepResult, path: str, kinds: Sequence[Kind] | None) -> None:
    """Write Parquet. Without `kinds`, the rows wait in a temporary file until the levels of all cells are known."""
    groups = map(_group, batches(result.cells, ROW_GROUP))
    if kinds is not None:
        _write(result, path, kinds, groups)
        return
    kept = _Levels(len(result.axes))
    with TemporaryFile() as file:
        sizes = _put_aside(groups, file, kept)
        file.seek(0)
        _write(result, path, kept.kinds(), _fetched(file, sizes, kept))


def _write(result: SweepResult, path: str, kinds: Sequence[Kind], groups: Iterable[_Group]) -> None:
    names = axis_columns(result.axes)
    fields = [pa.field(name, _TYPES[kind]) for name, kind in zip(names, kinds, strict=True)]
    metadata = {"trialsim.schema": SCHEMA, "trialsim.sweep": result.name, "trialsim.axes": json.dumps(result.axes)}
    schema = pa.schema([_OWN.field(0), *fields, *list(_OWN)[1:]], metadata)
    with open(path, "wb") as file, pq.ParquetWriter(file, schema) as writer:
        for group in groups:
            index = np.repeat(np.arange(len(group.levels)), group.n_rows)
            columns = [
                pa.array([_of_kind(levels[axis], kind, result.axes[axis]) for levels in group.levels], _TYPES[kind])
                for axis, kind in enumerate(kinds)
            ]
            first, *others = group.rows.columns
            batch = pa.record_batch([first, *(column.take(index) for column in columns), *others], schema=schema)
            writer.write_batch(batch, row_group_size=batch.num_rows)


def _group(batch: Batch) -> _Group:
    cells = pa.array(list(batch.per_row(cell.number for cell in batch.cells)), pa.int64())
    errors = pa.array(list(batch.per_row(cell.error for cell in batch.cells)), pa.string())
    columns = [
        pa.array(batch.columns[name], pa.float64()) if name in NUMBERS else _words(batch.columns[name])
        for name in FIELDS
    ]
    rows = pa.record_batch([cells, *columns, errors], schema=_OWN)
    return _Group(rows, [cell.levels for cell in batch.cells], batch.n_rows)


def _words(column: tuple[str | None, ...]) -> pa.Array:
    """Return a column of words; there are few different ones, so Arrow is told each once."""
    numbers = {word: number for number, word in enumerate(dict.fromkeys(column))}
    index = np.fromiter(map(numbers.__getitem__, column), np.int64, len(column))
    return pa.array(list(numbers), pa.string()).take(index)


def _of_kind(level: Level, kind: Kind, axis: str) -> Level:
    """Return a level as its axis holds it."""
    if kind == "string":
        return level if isinstance(level, str) else str(level).lower() if isinstance(level, bool) else str(level)
    if isinstance(level, str | bool) or (kind == "int64" and not isinstance(level, int)):
        raise InputError(f'axis {axis}: the level "{level}" is not of the type {kind} that the axis is to have')
    return level if kind == "int64" else float(level)


class _Levels:
    """The levels of the cells so far, each different one kept once."""

    def __init__(self, n_axes: int) -> None:
        self.numbers: list[dict[tuple[type, Level], int]] = [{} for _ in range(n_axes)]
        self.codes = [array("I") for _ in range(n_axes)]

    def add(self, levels: tuple[Level, ...]) -> None:
        for numbers, codes, level in zip(self.numbers, self.codes, levels, strict=True):
            codes.append(numbers.setdefault((type(level), level), len(numbers)))

    def kinds(self) -> list[Kind]:
        return [kind_of(level for _, level in numbers) for numbers in self.numbers]

    def cells(self, first: int, n: int) -> list[tuple[Level, ...]]:
        """Return the levels of some cells."""
        known = [[level for _, level in numbers] for numbers in self.numbers]
        return [
            tuple(own[codes[cell]] for own, codes in zip(known, self.codes, strict=True))
            for cell in range(first, first + n)
        ]


def _put_aside(groups: Iterable[_Group], file: IO[bytes], kept: _Levels) -> list[array[int]]:
    """Write the rows to a temporary file and remember the levels; return the number of rows of each cell."""
    sizes = []
    with pa.ipc.new_stream(file, _OWN, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        for group in groups:
            stream.write_batch(group.rows)
            sizes.append(group.n_rows)
            for levels in group.levels:
                kept.add(levels)
    return sizes


def _fetched(file: IO[bytes], sizes: list[array[int]], kept: _Levels) -> Iterator[_Group]:
    first = 0
    with pa.ipc.open_stream(file) as stream:
        for rows, n_rows in zip(stream, sizes, strict=True):
            yield _Group(rows, kept.cells(first, len(n_rows)), n_rows)
            first += len(n_rows)
