"""A sweep in words: what is varied, how it is combined, how many cells that makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.spec.vary.points import Points
from trialsim.sweep.grid import grid_of

if TYPE_CHECKING:
    from trialsim.spec.scenario import Scenario
    from trialsim.spec.vary import Vary
    from trialsim.spec.vary.axis import Axis

MAX_LISTED = 8
"""Values that are listed; of more, the first, the last and how many."""

_DRAWN = {
    "random": "independent random samples",
    "latin-hypercube": "samples of a Latin hypercube",
    "sobol": "Sobol points",
}


def sweep_paragraph(scenario: Scenario) -> str:
    """Return the sweep as a paragraph.

    Raises
    ------
    InputError
        If a condition cannot be decided in some cell, or no sample meets it.
    """
    vary = scenario.vary
    assert vary is not None
    axes = [_axis(name, path, axis) for name, (path, axis) in zip(vary.names, vary.axes.items(), strict=True)]
    sentences = [f"The sweep varies {'; '.join(axes)}.", _combination(vary, len(grid_of(scenario)), scenario.seed)]
    if vary.combine == "sobol" and vary.samples and vary.samples & (vary.samples - 1):
        nearby = 1 << (vary.samples - 1).bit_length()
        sentences.append(f"Sobol points are balanced where their number is a power of two, such as {nearby:,}.")
    if vary.measures:
        sentences.append(f"Kept of each cell: {', '.join(vary.measures)}.")
    return " ".join(sentences)


def _axis(name: str, path: str, axis: Axis) -> str:
    """Return "n_gate (design.….per_arm) from 10 to 30, 21 values"."""
    paths = ", ".join([path] * (name != path) + [f"also {other}" for other in axis.also])
    return f"{name}{f' ({paths})' if paths else ''} {_values(axis)}"


def _values(axis: Axis) -> str:
    points = Points(axis)
    if axis.is_continuous:
        return f"from {axis.from_} to {axis.to}{_scale(axis)}"
    if not axis.is_range and points.n <= MAX_LISTED:
        levels = [str(points[number].level) for number in range(points.n)]
        return f"over {', '.join(levels)}"
    by = f" by {axis.step}" if axis.step is not None else ""
    return f"from {points[0].level} to {points[points.n - 1].level}{by}, {points.n:,} values{_scale(axis)}"


def _scale(axis: Axis) -> str:
    return " on a logarithmic scale" if axis.scale == "log" else ""


def _combination(vary: Vary, n_cells: int, seed: int) -> str:
    if vary.is_sampled:
        text = f"{vary.samples:,} {_DRAWN[vary.combine]} are drawn from seed {seed}"
        return f"{text}{_kept(vary, n_cells, vary.samples or 0)}."
    before = vary.rows().n_raw
    how = "Value by value" if vary.combine == "zip" else "Every value with every other"
    return f"{how}, that is {before:,} cell{'s' if before != 1 else ''}{_kept(vary, n_cells, before)}."


def _kept(vary: Vary, n_cells: int, before: int) -> str:
    if not vary.where:
        return ""
    kept = "all of them are" if n_cells == before else f"{n_cells:,} of them {'is' if n_cells == 1 else 'are'}"
    return f"; {kept} kept, where {' and '.join(vary.where)}"
