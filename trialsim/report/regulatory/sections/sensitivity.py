"""How much the results rest on readings of the protocol, and on what nobody can fix beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.api import READING_SIMS
from trialsim.errors import NotSolvableError
from trialsim.report.calendar_tables import readings_table, shown
from trialsim.report.numbers import percent
from trialsim.report.regulatory.blocks import Grid, Heading, Missing, Points, Words
from trialsim.report.regulatory.nuisance import cells, exact_grid, simulated_grid
from trialsim.report.regulatory.recorded import main_case
from trialsim.report.regulatory.telling import narrative_of
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trialsim.api import Reading, Record
    from trialsim.curves import Key
    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material
    from trialsim.report.regulatory.nuisance import ExactGrid
    from trialsim.spec.scenario import Scenario

_WATCHED = {"p_stop": "the probability of stopping", "p_success": "the probability of success"}


def blocks(material: Material) -> Iterator[Block]:
    """Yield the readings flipped one at a time, the rates that are not as assumed, and the grid of conduct."""
    yield Heading("Other readings of the protocol")
    yield from _readings(material)
    yield Heading("True rates that are not as assumed")
    yield from _exact(material)
    yield Heading("How the trial is run")
    yield from _conduct(material)


def _readings(material: Material) -> Iterator[Block]:
    scenario, readings = material.scenario, material.result.readings
    if scenario.conduct is None or not scenario.conduct.sensitivity:
        n_ambiguities = len(narrative_of(scenario).ambiguities)
        what = f" to the {n_ambiguities} ambiguities of the protocol that the section on the design lists"
        yield Missing(f"Other readings{what if n_ambiguities else ' of the protocol'}", "conduct.sensitivity")
        return
    names = [flip.name for flip in scenario.conduct.sensitivity]
    if not readings:
        yield Words(f"The scenario names {len(names)} other readings; they were not simulated for this result.")
        return
    ambiguities = len(narrative_of(scenario).ambiguities)
    told = (
        f" The section on the design lists {ambiguities} ambiguities and how each is resolved." if ambiguities else ""
    )
    n_all = scenario.conduct.n_sims
    n_sims = min(n_all, READING_SIMS)
    more = f" (run --sensitivity takes all {n_all:,})" if n_sims < n_all else ""
    yield Words(
        f"Each of {len(names)} other readings is tried by itself, with {n_sims:,} trials as conducted{more} "
        f"under each of {len({r.truth for r in readings})} truths; the first line of a truth is the reading that all "
        f"other sections rest on.{told}"
    )
    table = readings_table(tuple(sorted(readings, key=lambda r: [t.name for t in scenario.truths].index(r.truth))))
    yield Grid(
        table, "simulated", ("Only the MCSE of each number is shown; simulated patients are shared by readings.",)
    )
    lines = tuple(_largest_changes(readings))
    if lines:
        yield Points(lines)


def _largest_changes(readings: Sequence[Reading]) -> Iterator[str]:
    """Yield, for each truth, which line moves the chances of stopping and of success most from the first line."""
    for truth in dict.fromkeys(reading.truth for reading in readings):
        own = [reading for reading in readings if reading.truth == truth]
        base = _index(own[0])
        for measure, words in _WATCHED.items():
            moved = [
                (abs((record.estimate or 0.0) - (base[key].estimate or 0.0)), reading.name, base[key], record)
                for reading in own[1:]
                for key, record in _index(reading).items()
                if key[0] == measure and key in base
            ]
            if moved:
                by, name, before, after = max(moved, key=lambda move: move[0])
                whom = f" of {after.arm}" if after.arm else ""
                yield (
                    f'Under truth {truth}, {words}{whom} at {after.look} moves most with "{name}": {shown(after)} in '
                    f"place of {shown(before)}."
                    if by > 0.0
                    else f"Under truth {truth}, {words} is the same in every line."
                )


def _index(reading: Reading) -> dict[tuple[str, str | None, str | None], Record]:
    return {(r.measure, r.arm, r.look): r for r in reading.records if r.measure in _WATCHED and r.given is None}


def _exact(material: Material) -> Iterator[Block]:
    design = material.plans[0][1]
    try:
        grid = exact_grid(design)
    except NotSolvableError as error:
        yield Words(f"Not shown: the design cannot be solved exactly ({str(error).rstrip('.')}).")
        return
    if grid is None:
        yield Missing("The null and the target rate, around which the true rates could be varied", "design.hypotheses")
        return
    note = (
        "All arms have the same true rate. A patient who cannot be evaluated counts as a non-responder, so that if a "
        "share of patients is lost in this way the rate falls by that share of itself."
    )
    for place, words in ((0, "null"), (1, "target")):
        yield Grid(_grid_table(grid, place, f"{material.plans[0][0]}: beside the {words} rate"), "exact", (note,))


def _grid_table(grid: ExactGrid, place: int, title: str) -> Table:
    table = Table(title, ["change", "true rate", *(_label(key, grid.keys) for key in grid.keys)], 2)
    for row, name in enumerate(grid.names):
        at = row + place * len(grid.names)
        cells_ = [f"{grid.found.values[key][at] + 0.0:.{4 if key[0] == 'n_mean' else 6}f}" for key in grid.keys]
        table.rows.append([name, percent(grid.rates[row][place], 2), *cells_])
    return table


def _label(key: Key, keys: tuple[Key, ...]) -> str:
    measure, arm, look = key[:3]
    words = {"p_reject": "null rejected", "p_continue": "goes on", "p_success": "success", "n_mean": "mean N"}[measure]
    at = f" at {look}" if look is not None and len({other[2] for other in keys if other[0] == measure}) > 1 else ""
    return f"{words}{at}" + (f", {arm}" if arm is not None and measure != "n_mean" else "")


def _conduct(material: Material) -> Iterator[Block]:
    scenario = material.scenario
    if scenario.conduct is None:
        yield Words("The scenario has no model of how the trial is run, so that there is nothing of the kind to vary.")
        return
    if not material.conducted:
        yield Words("The trial as conducted was not simulated.")
        return
    case = main_case(material)
    truths = _truths(scenario) or (case.truth,)
    found, refused = cells(scenario, case.plan, truths)
    readings = simulated_grid(found, material.read)
    assert found[0].scenario.conduct is not None
    yield Words(
        f"One at a time, with {found[0].scenario.conduct.n_sims:,} trials in each cell ({case.plan}): the speed of "
        "enrolment, the share of patients who cannot be evaluated (in all arms), and how late responses are seen. The "
        "MCSE is that of so few trials; a sweep would tell smaller differences."
    )
    table = readings_table(tuple(sorted(readings, key=lambda r: truths.index(r.truth))))
    table.title = f"{case.plan}: how the trial is run, one change at a time (in brackets MCSE)"
    table.header[0] = "change"
    notes = [
        "Responses are those by the data cut-off. A look whose day does not come before the cut-off stops nobody, so "
        "that a small probability of stopping can mean that there was no look."
    ]
    if scenario.conduct.response.rate_is_of == "all":
        notes.append("The true rate is that of all patients; those who cannot be evaluated are taken from the others.")
    yield Grid(table, "simulated", tuple(notes))
    yield Points((*_largest_changes(readings), *refused))


def _truths(scenario: Scenario) -> tuple[str, ...]:
    """Return the first truth with every arm at the null rate or below, and the first with every arm at the target."""
    hypotheses, arms = scenario.design.hypotheses, scenario.design.arm_names
    if hypotheses is None:
        return ()
    null = [t.name for t in scenario.truths if all(rate <= hypotheses.null_rate for rate in t.rates(arms))]
    target = [t.name for t in scenario.truths if all(rate >= hypotheses.target_rate for rate in t.rates(arms))]
    return (*null[:1], *target[:1])
