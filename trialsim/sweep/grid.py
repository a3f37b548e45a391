"""The grid of a sweep: its cells in order, and the scenario that each of them is.

Nothing is listed: cells are made when they are asked for, so a grid of a million needs no more memory than one of ten.
Only samples are drawn beforehand (8 bytes per sample and axis).
"""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from trialsim.errors import InputError, Place, at
from trialsim.spec.vary.points import Point
from trialsim.spec.vary.rows import Product
from trialsim.spec.vary.variants import Refusal, Variants
from trialsim.sweep.numbering import Numbering

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trialsim.spec.overrides import Override
    from trialsim.spec.scenario import Scenario
    from trialsim.spec.vary import Vary
    from trialsim.spec.vary.rows import Zip
    from trialsim.sweep.cells import Level
    from trialsim.sweep.sampling import Samples

MAX_GROUP = 1_024
"""Cells of a group; what is more comes as a further group of the same key."""


class Cell(NamedTuple):
    """One cell of a grid."""

    number: int
    """Its place in the grid, from 0: the last axis moves fastest, excluded cells have no number."""
    levels: tuple[Level, ...]
    """One per axis: what is shown."""
    values: tuple[Any, ...]
    """One per axis: what is set."""


class Group(NamedTuple):
    """Cells that differ in their truths only, so that one compiled design serves them all."""

    key: tuple[Level, ...]
    """The levels of the axes that are not under `truths`."""
    cells: tuple[Cell, ...]


class Grid:
    """The cells of a scenario's sweep. Not to be shared among threads or processes: `grid_of` is quick.

    Iterating, counting and `groups` raise `InputError` where a condition cannot be decided in a cell.
    """

    def __init__(self, scenario: Scenario, vary: Vary) -> None:
        self.axes: tuple[str, ...] = vary.names
        """Names as they are shown."""
        self.paths: tuple[str, ...] = tuple(vary.axes)
        self._scenario_name, self._vary = scenario.name, vary
        self._rows = _rows(vary, scenario.seed)
        self._variants = Variants(scenario)
        self._n_cells: int | None = None
        self._outer = tuple(
            axis for axis, paths in enumerate(vary.paths) if any(path.split(".")[0] != "truths" for path in paths)
        )

    def __len__(self) -> int:
        """Return the number of cells that are kept."""
        if self._n_cells is None:
            try:
                self._n_cells = self._rows.count()
            except ValueError as error:
                raise self._refused(error) from None
        return self._n_cells

    def __iter__(self) -> Iterator[Cell]:
        """Yield the cells in the order of their numbers."""
        try:
            for number, row in enumerate(self._rows):
                yield _cell(number, row)
        except ValueError as error:
            raise self._refused(error) from None

    def groups(self) -> Iterator[Group]:
        """Yield every cell once, next to those of which it differs in its truths only.

        In a product all such cells are together, in groups of up to `MAX_GROUP`; in a zip, and among samples, those
        that follow one another. A cell keeps its number.
        """
        cells = self._by_truths(self._rows) if isinstance(self._rows, Product) else iter(self)
        try:
            for key, together in groupby(cells, self._key):
                while found := tuple(islice(together, MAX_GROUP)):
                    yield Group(key, found)
        except ValueError as error:
            raise self._refused(error) from None

    def overrides(self, cell: Cell) -> list[Override]:
        """Return what a cell changes in the scenario, as `--set` would: another design first."""
        points = map(Point, cell.levels, cell.values)
        return self._vary.overrides(dict(enumerate(points)))

    def scenario(self, cell: Cell) -> Scenario:
        """Return the scenario that a cell is: without `vary`, and without other readings of the protocol.

        Raises
        ------
        InputError
            If the cell makes no sense, with its levels in the sentence.
        """
        found = self._variants.attempt(self.overrides(cell))
        if not isinstance(found, Refusal):
            return found
        path = ".".join(map(str, found.path))
        levels = ", ".join(f"{name} {level}" for name, level in zip(self.axes, cell.levels, strict=True))
        error = InputError(f"cell {cell.number} ({levels}): {path}: {found.problem}")
        error.path, error.problem = path, found.problem
        raise error

    def _by_truths(self, rows: Product) -> Iterator[Cell]:
        """Yield the cells of a product with the truths moving fastest."""
        inner = [axis for axis in range(len(self.axes)) if axis not in self._outer]
        order = [*self._outer, *inner]
        if order == sorted(order):
            yield from self
            return
        numbering = Numbering(rows)
        for numbers, row in rows.along(rows.walk(order), 0, len(order), *rows.start()):
            yield _cell(numbering[numbers], row)

    def _key(self, cell: Cell) -> tuple[Level, ...]:
        return tuple(cell.levels[axis] for axis in self._outer)

    def _refused(self, error: ValueError) -> InputError:
        path, _, problem = str(error).partition(" | ")
        return at(Place(self._scenario_name, None, f"vary.{path}"), problem)


def grid_of(scenario: Scenario) -> Grid:
    """Return the grid of a scenario's sweep.

    Raises
    ------
    InputError
        If the scenario varies nothing, or none of its samples meets the conditions.

    >>> from trialsim import load_scenario
    >>> grid = grid_of(load_scenario("gist-sweep"))
    >>> len(grid), grid.axes
    (3024, ('n_gate', 'responses_needed', 'n_max', 'response_rate'))
    >>> next(iter(grid)).levels
    (10, 1, 147, 0.05)
    """
    if scenario.vary is None:
        raise InputError(f"{scenario.name}: there is nothing to sweep; name paths and their values under vary")
    grid = Grid(scenario, scenario.vary)
    if next(iter(grid), None) is None:
        n_samples = scenario.vary.samples or 0
        problem = f"the grid is empty: none of its {n_samples:,} samples meets the conditions"
        raise at(Place(scenario.name, None, "vary.where"), problem)
    return grid


def _rows(vary: Vary, seed: int) -> Product | Zip | Samples:
    if not vary.is_sampled:
        return vary.rows()
    from trialsim.sweep.sampling import Samples, shares

    drawn = shares(vary.combine, vary.samples or 0, len(vary.axes), seed)
    return Samples(vary.points(), vary.conditions(), drawn)


def _cell(number: int, row: Sequence[Point]) -> Cell:
    return Cell(number, tuple(point.level for point in row), tuple(point.value for point in row))
