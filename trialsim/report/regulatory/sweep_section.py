"""A sweep as a section of the report: what was varied, the smallest and largest values, and curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.errors import InputError
from trialsim.report.plots.sweep_curves import sweep_curves
from trialsim.report.regulatory.blocks import Badge, Grid, Heading, Picture, Points, Words
from trialsim.report.sweep_choices import contents_of
from trialsim.report.sweep_text import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.sweep_choices import Contents
    from trialsim.report.sweep_table import Axis
    from trialsim.sweep.cells import SweepResult

MOST_PICTURES = 4
MOST_LINES = 7
_FIRST = ("p_reject", "p_success", "p_continue", "p_stop", "p_arms_continuing", "pet", "n_mean")
"""Measures that are drawn before others."""


def sweep_blocks(read: Callable[[], SweepResult], n_sims: int | None) -> Iterator[Block]:
    """Yield the blocks of a sweep.

    Parameters
    ----------
    read
        Gives the sweep, whose cells can be read once each time.
    n_sims
        Replicates of each cell; None if they differ or none were simulated.
    """
    told, contents = parts(read(), n_sims=n_sims), contents_of(read())
    is_simulated = any(choice.record.engine != "exact" for choice in contents.choices)
    badge: Badge = "simulated" if is_simulated else "exact"
    yield Words(" ".join(told.lines))
    yield Heading("What was varied")
    yield Points(tuple(told.axes))
    if told.errors:
        yield Points(tuple(told.errors))
    if told.table is None:
        yield Words("There are no numbers to show.")
        return
    yield Heading("Results")
    yield Grid(told.table, badge, tuple(told.notes))
    yield from _pictures(read, contents, badge, n_sims)


def _pictures(
    read: Callable[[], SweepResult], contents: Contents, badge: Badge, n_sims: int | None
) -> Iterator[Picture]:
    """Yield curves of the first measures along the axis with the most levels."""
    along = max((axis for axis in contents.axes if axis.is_number), key=lambda axis: len(axis.levels), default=None)
    if along is None:
        return
    measures: dict[str, str] = {}
    for choice in contents.choices:
        measures.setdefault(choice.record.measure, choice.selector)
    chosen = [measures[name] for name in _FIRST if name in measures][:MOST_PICTURES]
    for selector in chosen:
        try:
            yield Picture(sweep_curves(read(), selector, along.name, _lines(contents, along), n_sims=n_sims), badge)
        except InputError:
            continue  # such as a measure that only some cells have: the table speaks for it


def _lines(contents: Contents, along: Axis) -> str | None:
    """Return the axis with the most levels of those that have few enough for a line each."""
    others = [axis for axis in contents.axes if axis is not along and 1 < len(axis.levels) <= MOST_LINES]
    return max(others, key=lambda axis: len(axis.levels)).name if others else None
