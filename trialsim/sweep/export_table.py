"""What the formats of an export share: the columns, the types of the axes, and rows gathered into batches."""

from __future__ import annotations

from array import array
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from trialsim.api import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trialsim.sweep.cells import CellResult, Level

Kind: TypeAlias = Literal["int64", "float64", "string"]
"""The type of an axis in Parquet."""

SCHEMA = "trialsim.sweep/1"
FIELDS = tuple(name for name in Record._fields if name != "is_judged")
"""The fields of a record, in the order of the CSV of `run`."""
NUMBERS = frozenset({"value", "estimate", "mcse", "bound", "exact", "z", "cost"})
_NOTHING = (None,) * len(Record._fields)


def axis_columns(axes: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of the axes: their names, with `axis.` before one that is taken.

    >>> axis_columns(["n_sims", "value"])
    ('n_sims', 'axis.value')
    """
    taken = {"cell", *FIELDS, "error"}
    columns = []
    for axis in axes:
        name = axis
        while name in taken:
            name = f"axis.{name}"
        taken.add(name)
        columns.append(name)
    return tuple(columns)


def kind_of(levels: Iterable[Level]) -> Kind:
    """Return the type of an axis with these levels: int64 if all are whole, float64 if all are numbers, or string.

    Whole numbers that would lose digits make it the next type.

    >>> kind_of([1, 2]), kind_of([1, 0.5]), kind_of([1, "two"]), kind_of([True, False])
    ('int64', 'float64', 'string', 'string')
    """
    found = list(levels)
    if not found or any(isinstance(level, bool | str) for level in found):
        return "string"
    whole = [level for level in found if isinstance(level, int)]
    if len(whole) == len(found) and all(-(2**63) <= level < 2**63 for level in whole):
        return "int64"
    return "float64" if all(abs(level) <= 2**53 for level in whole) else "string"


class Batch(NamedTuple):
    """Some cells in a row, and their rows."""

    cells: list[CellResult]
    """Without their records."""
    n_rows: array[int]
    """Of each cell; one for a cell without records."""
    columns: dict[str, tuple[Any, ...]]
    """One per field of a record."""

    def per_row(self, values: Iterable[Any]) -> Iterator[Any]:
        """Return each cell's value once for each of its rows."""
        return chain.from_iterable(map(repeat, values, self.n_rows))


def batches(cells: Iterable[CellResult], least: int) -> Iterator[Batch]:
    """Yield the cells in batches, each of which ends with the cell that brings it to at least so many rows."""
    own: list[CellResult] = []
    rows: list[tuple[Any, ...]] = []
    n_rows = array("I")
    for cell in cells:
        own.append(cell._replace(records=()))
        rows += cell.records or (_NOTHING,)
        n_rows.append(len(cell.records) or 1)
        if len(rows) >= least:
            yield Batch(own, n_rows, _columns(rows))
            own, rows, n_rows = [], [], array("I")
    if rows:
        yield Batch(own, n_rows, _columns(rows))


def _columns(rows: list[tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    return dict(zip(Record._fields, zip(*rows, strict=True), strict=True))
