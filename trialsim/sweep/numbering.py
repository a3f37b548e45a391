"""The number of a cell from the numbers of its points, whatever the order in which cells are visited."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.spec.vary.rows import Product

BLOCK_BYTES = 64
"""Bytes of marks that are counted at a time."""


class Numbering:
    """How many cells of a product come before one. With conditions, a bit per row marks the cells that are kept."""

    def __init__(self, rows: Product) -> None:
        self._sizes = [points.n for points in rows.axes]
        self._marks = self._marked(rows) if rows.conditions else None
        self._before = [0]
        for start in range(0, len(self._marks or b""), BLOCK_BYTES):
            self._before.append(self._before[-1] + self._n_marks(start, start + BLOCK_BYTES))

    def __getitem__(self, numbers: Sequence[int]) -> int:
        """Return the number of the cell with these points, which is kept."""
        place = self._place(numbers)
        if self._marks is None:
            return place
        byte, bit = divmod(place, 8)
        block = byte // BLOCK_BYTES
        in_byte = (self._marks[byte] & ((1 << bit) - 1)).bit_count()
        return self._before[block] + self._n_marks(block * BLOCK_BYTES, byte) + in_byte

    def _place(self, numbers: Sequence[int]) -> int:
        """Return the number that the cell would have without conditions."""
        place = 0
        for number, size in zip(numbers, self._sizes, strict=True):
            place = place * size + number
        return place

    def _marked(self, rows: Product) -> bytearray:
        marks = bytearray(rows.n_raw // 8 + 1)
        everything = rows.walk(range(len(rows.axes)))
        for numbers, _ in rows.along(everything, 0, len(rows.axes), *rows.start()):
            byte, bit = divmod(self._place(numbers), 8)
            marks[byte] |= 1 << bit
        return marks

    def _n_marks(self, start: int, stop: int) -> int:
        assert self._marks is not None
        return int.from_bytes(self._marks[start:stop], "little").bit_count()
