"""What a store keeps and gives back: keys, findings, cells, and the lines of its lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from trialsim.store.layouts import joined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trialsim.records import Record
    from trialsim.store.layouts import Layout

Level: TypeAlias = bool | int | float | str
"""The value of a varied path in a cell, as it is shown."""


class Key(NamedTuple):
    """What a result is a function of, beside the number of replicates."""

    cell: str
    """Hash of the resolved scenario without its seed and number of replicates."""
    seed: int
    engine: str
    """"auto", "exact" or "montecarlo"."""
    stream: str
    """Name and version of the random numbers."""


class Finding(NamedTuple):
    """One result to keep, or as it was kept."""

    key: Key
    n_sims: int
    """Replicates; 0 for an exact result."""
    layout: Layout
    """The words of each record. One object for many findings makes keeping them cheap."""
    numbers: NDArray[np.float64]
    """(len(layout), 6) the numbers of each record, in the order of `NUMBERS`; NaN where there is none."""
    tally: bytes | None
    """With it a later, longer run goes on from `n_sims` replicates; opaque to the store."""
    facts: dict[str, Any]
    """A few facts beside the records, as JSON can hold them."""

    @property
    def records(self) -> tuple[Record, ...]:
        """The records, put together."""
        return joined(self.layout, self.numbers)


class KeptCell(NamedTuple):
    """One cell of a sweep as it was kept: with a result, or with an error."""

    number: int
    levels: tuple[Level, ...]
    layout: Layout
    """Empty if the cell failed."""
    numbers: NDArray[np.float64]
    """(len(layout), 6) as in `Finding`."""
    facts: dict[str, Any]
    error: str | None

    @property
    def records(self) -> tuple[Record, ...]:
        """The records, put together; none if the cell failed."""
        return joined(self.layout, self.numbers)


class Done(NamedTuple):
    """The numbers of the cells of a sweep that need not be visited, or have been in vain."""

    kept: set[int]
    """Cells with a result."""
    failed: set[int]
    """Cells with an error."""


class Sweep(NamedTuple):
    """A sweep in the store."""

    id: str
    name: str
    axes: tuple[str, ...]
    scenario: str
    """The resolved scenario, as text."""
    n_cells: int
    """Cells of the whole grid."""
    n_kept: int
    """Cells with a result so far."""
    n_failed: int
    """Cells with an error."""
    created: str
    """When it was begun: UTC, ISO 8601."""
    version: str
    """Of the trialsim that began it."""


class ResultLine(NamedTuple):
    """One line of the list of results."""

    key: Key
    n_sims: int
    n_records: int
    n_sweeps: int
    """Sweeps that it is a cell of."""
    has_tally: bool
    """Whether a longer run can go on from it."""
    created: str
    """UTC, ISO 8601."""
    version: str
    """Of the trialsim that computed it."""


class Pruned(NamedTuple):
    """What was dropped from a store."""

    n_sweeps: int
    n_results: int
    n_bytes: int
    """By how much the file became smaller."""
