"""The service's part for the sweeps of the store: their list, pictures, cells and downloads, wherever they were made.

Like `app.service` it talks to trialsim. The store is the one of the settings; nothing that a visitor sends is a path.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from app.service.service import Refusal
from app.service.truths import rates_held
from app.state import State, packed
from trialsim.report.sweep_choices import contents_of
from trialsim.report.sweep_measures import select
from trialsim.report.sweep_table import level_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from app.service.service import Service
    from trialsim.records import Record
    from trialsim.report.sweep_choices import Contents
    from trialsim.spec.scenario import Scenario
    from trialsim.store import Store, Sweep

MAX_OPENED = 20_000
"""Cells of a sweep that the page opens; a larger one is for the command line."""
FORMATS = ("csv", "json", "parquet")


class Picture(NamedTuple):
    """A picture of a sweep that is wanted."""

    kind: str
    """heat-map, curves or pareto."""
    measure: str
    x: str
    """Name of an axis."""
    y: str
    """Of a heat map: the other axis. Of curves: the axis with a line per level; empty for one line."""
    second: str
    """Of a Pareto front: the other measure."""
    goals: tuple[str, str]
    """min or max of each."""
    at: tuple[tuple[str, Any], ...]
    """Levels at which other axes are fixed."""


class Opened(NamedTuple):
    """A sweep of the store."""

    line: Sweep
    contents: Contents


class Cells(NamedTuple):
    """Cells of a sweep as rows of a table."""

    axes: tuple[str, ...]
    labels: tuple[str, ...]
    """Of the numbers."""
    is_exact: tuple[bool, ...]
    rows: tuple[tuple[int, tuple[Any, ...], tuple[tuple[float | None, str], ...], str], ...]
    """Number, levels, each number with how sure it is, error."""
    n_cells: int


def listed(service: Service) -> list[Sweep]:
    """Return the sweeps of the store, the latest first; none if there is no store yet.

    Raises
    ------
    Refusal
        If the store cannot be read.
    """
    from trialsim.store import open_store

    if not Path(service.settings.store).is_file():
        return []
    with open_store(service.settings.store, read_only=True) as store:
        return [sweep for sweep in reversed(store.sweeps()) if sweep.axes]


def opened(service: Service, name: str) -> Opened:
    """Return a sweep by its id, or the beginning of it, or its name.

    Raises
    ------
    Refusal
        If there is none, it has no cells yet, or it is too large for the page.
    """
    from trialsim.sweep.run import result_of

    with _store(service) as store:
        line = store.sweep(name)
        if not line.axes:
            raise Refusal(f"{line.name} is a run without a sweep; open it with python -m trialsim results show")
        if line.n_cells > MAX_OPENED:
            raise Refusal(
                f"{line.n_cells:,} cells are more than the page opens ({MAX_OPENED:,}); they are drawn by python -m "
                f"trialsim results show {line.id[:8]}"
            )
        return Opened(line, contents_of(result_of(store, line.id)))


def drawn(service: Service, sweep_id: str, wanted: Picture) -> go.Figure:
    """Return a picture of a sweep.

    Raises
    ------
    Refusal
        If an axis, a level or a measure does not fit it.
    """
    from trialsim.report.plots.heat_map import heat_map
    from trialsim.report.plots.pareto import pareto
    from trialsim.report.plots.sweep_curves import sweep_curves
    from trialsim.sweep.run import replicates_of, result_of

    with _store(service) as store:
        result, at = result_of(store, sweep_id), dict(wanted.at)
        n_sims = replicates_of(store, sweep_id)
        if wanted.kind == "pareto":
            goals: Any = wanted.goals
            return pareto(result, wanted.measure, wanted.second, goals, at=at, n_sims=n_sims)
        if wanted.kind == "curves":
            return sweep_curves(result, wanted.measure, wanted.x, wanted.y or None, at=at, n_sims=n_sims)
        return heat_map(result, wanted.measure, wanted.x, wanted.y, at=at, n_sims=n_sims)


def cells(service: Service, sweep_id: str, selectors: Sequence[str], most: int) -> Cells:
    """Return the cells of a sweep with some of their numbers, at most so many of them.

    Raises
    ------
    Refusal
        If a selector does not fit it.
    """
    from trialsim.sweep.run import result_of

    with _store(service) as store:
        found = select(result_of(store, sweep_id), selectors)
    rows = [
        (cell.number, tuple(map(_level, cell.levels)), tuple(map(_shown, cell.records)), cell.error or "")
        for cell in found.cells[:most]
    ]
    is_exact = tuple(
        all(record is None or record.engine == "exact" for record in records)
        for records in zip(*(cell.records for cell in found.cells if cell.records), strict=True)
    )
    return Cells(found.axes, found.labels, is_exact, tuple(rows), len(found.cells))


def exported(service: Service, name: str, format_: str) -> tuple[str, bytes]:
    """Return the name and the bytes of a download: those of `results export`, or the scenario as YAML.

    Raises
    ------
    Refusal
        If there is no such sweep or download.
    """
    from trialsim.sweep.export import write_export
    from trialsim.sweep.run import result_of

    with _store(service) as store:
        line = store.sweep(name)
        called = f"{line.name}-{line.id[:8]}"
        if format_ == "yaml":
            return f"{called}.yaml", yaml_of(line).encode()
        if format_ not in FORMATS:
            raise Refusal(f"there is no download {format_[:20]} here")
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"sweep.{format_}"
            write_export(result_of(store, line.id), path, format_)  # type: ignore[arg-type]  # one of the three
            return f"{called}.{format_}", path.read_bytes()


def found(service: Service, name: str) -> Sweep:
    """Return the line of a sweep.

    Raises
    ------
    Refusal
        If there is none.
    """
    with _store(service) as store:
        return store.sweep(name)


def yaml_of(line: Sweep) -> str:
    """Return the scenario of a sweep as YAML, with its `vary` block.

    Raises
    ------
    Refusal
        If this version of trialsim cannot read it.
    """
    from trialsim.spec.written import as_yaml

    return as_yaml(_scenario(line))


def in_words(line: Sweep) -> str:
    """Return what a sweep varies, as a paragraph."""
    from trialsim.report.explain_sweep import sweep_paragraph

    return sweep_paragraph(_scenario(line))


def cell_state(service: Service, state: State, name: str, number: int) -> State:
    """Return the state that shows the design of a cell on other pages: as changes to the base where that is possible.

    Raises
    ------
    Refusal
        If there is no such cell, or it makes no sense by itself.
    """
    from trialsim.spec.written import as_yaml
    from trialsim.sweep.grid import grid_of

    line = found(service, name)
    grid = grid_of(_scenario(line))
    cell = next((cell for cell in grid if cell.number == number), None)
    if cell is None:
        raise Refusal(f"the sweep {line.name} has no cell {number}")
    scenario = grid.scenario(cell)
    varied = [(".".join(map(str, one.path)), one.value) for one in grid.overrides(cell)]
    rates = scenario.truths[0].rates(scenario.design.arm_names)
    own = rates_held(rates) if len(scenario.truths) == 1 else state.rates
    changes = tuple((path, value) for path, value in varied if path.split(".")[0] == "design")
    before = tuple(change for change in state.changes if change[0].split(".")[0] == "design")
    bases = [state._replace(changes=(*before, *changes)), State(line.name, changes=changes)]
    for base in bases:
        candidate = base._replace(rates=own, view=())
        if _is_same(service, candidate, scenario):
            return candidate
    return State(packed=packed(as_yaml(scenario)), rates=own)


def _is_same(service: Service, state: State, scenario: Scenario) -> bool:
    try:
        return service.design(state) == scenario.design
    except Refusal:
        return False


def _store(service: Service) -> Store:
    """Open the store for reading.

    Raises
    ------
    Refusal
        If it is not there, or cannot be read.
    """
    from trialsim.store import open_store

    if not Path(service.settings.store).is_file():
        raise Refusal("there is no store of results yet; run a sweep first")
    return open_store(service.settings.store, read_only=True)


def _scenario(line: Sweep) -> Scenario:
    from pydantic import ValidationError

    from trialsim.spec.scenario import Scenario

    try:
        return Scenario.model_validate_json(line.scenario)
    except ValidationError:
        raise Refusal(f"the scenario of {line.name} was made by trialsim {line.version} and cannot be read") from None


def _level(level: Any) -> Any:
    """Return a level as a table shows it: numbers stay numbers, a word that a spreadsheet would run gets a '."""
    if isinstance(level, int | float) and not isinstance(level, bool):
        return level
    text = level_text(level)
    return f"'{text}" if text.lstrip("'")[:1] in tuple("=+-@\t\r") else text


def _shown(record: Record | None) -> tuple[float | None, str]:
    if record is None:
        return None, "no such number"
    if record.engine == "exact":
        return record.estimate, "exact"
    if record.estimate is None:
        return None, "none seen"
    if record.bound is not None:
        return record.estimate, f"95 % limit {record.bound:.2g}"
    return record.estimate, "" if record.mcse is None else f"MCSE {record.mcse:.2g}"
