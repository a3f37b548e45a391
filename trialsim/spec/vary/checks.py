"""Whether a sweep is one, before its scenario is looked at: values, sizes, conditions."""

from __future__ import annotations

from math import log10, prod
from typing import TYPE_CHECKING

from trialsim.spec.fields import MAX_SIMS
from trialsim.spec.vary.names import check_names
from trialsim.spec.vary.points import Points, read_label

if TYPE_CHECKING:
    from trialsim.spec.vary import Vary
    from trialsim.spec.vary.axis import Axis

SAMPLED = ("random", "latin-hypercube", "sobol")
"""Ways to combine that draw points instead of listing them."""

MAX_POINTS = 10**19
"""Values of a range; no field has more."""

MAX_ASKED = 20_000
"""Cells that are tried against the conditions on loading; of more, only until the first that is kept."""


def check_block(vary: Vary) -> None:
    """Check what can be checked of a sweep without its scenario.

    Raises
    ------
    ValueError
        "path | problem".
    """
    check_names(vary.axes)
    for index, name in enumerate(vary.measures):
        if name in vary.measures[:index]:
            raise ValueError(f"measures.{index} | {name} is there twice; name each measure once")
    _check_samples(vary)
    for path, axis in vary.axes.items():
        _check_axis(path, axis, vary.combine)
    _check_size(vary)
    _check_conditions(vary)


def _check_samples(vary: Vary) -> None:
    if vary.is_sampled and vary.samples is None:
        raise ValueError(f"samples | combine: {vary.combine} needs a number of samples, such as samples: 256")
    if not vary.is_sampled and vary.samples is not None:
        raise ValueError(f"samples | combine: {vary.combine} draws no samples; accepted with {_listed()}")


def _check_axis(path: str, axis: Axis, combine: str) -> None:
    if axis.is_continuous and combine not in SAMPLED:
        raise ValueError(f"{path} | a range of decimals needs a step; accepted without one: combine: {_listed()}")
    if axis.scale == "log" and combine not in SAMPLED:
        raise ValueError(f"{path}.scale | only samples have a scale; accepted with combine: {_listed()}")
    if Points(axis).n > MAX_POINTS:
        raise ValueError(f"{path}.step | the range has {counted(Points(axis).n)} values; take a larger step")
    levels = [read_label(label) for label in axis.levels] if axis.levels is not None else list(axis.values or ())
    if combine == "zip" and axis.levels is None:
        return  # the same value may come in several rows
    seen = set()
    for level in levels:
        if level in seen:
            raise ValueError(f"{path} | {level} is there twice; name each value once")
        seen.add(level)


def _check_size(vary: Vary) -> None:
    sizes = [points.n for points in vary.points()]
    if vary.combine == "zip":
        for path, size in zip(vary.axes, sizes, strict=True):
            if size != sizes[0]:
                first = f"{vary.names[0]} has {sizes[0]:,}"
                raise ValueError(f"{path} | found {size:,} values where {first}; with combine: zip all have as many")
    n_cells = vary.samples or (sizes[0] if vary.combine == "zip" else prod(sizes))
    if n_cells > vary.max_cells:
        remedy = "raise max_cells" if n_cells <= MAX_SIMS else "draw samples (combine: sobol)"
        raise ValueError(
            f"max_cells | the grid has {counted(n_cells)} cells, more than the {vary.max_cells:,} accepted; "
            f"vary less, or {remedy}"
        )


def _check_conditions(vary: Vary) -> None:
    if not vary.where:
        return
    if vary.is_sampled:
        vary.conditions()
        return
    rows = vary.rows()
    is_empty = rows.count() == 0 if rows.n_asked() <= MAX_ASKED else next(iter(rows), None) is None
    if is_empty:
        raise ValueError(f"where | the grid is empty: none of its {rows.n_raw:,} cells meets the conditions")


def counted(n: int) -> str:
    """Return a number of cells; one that nobody would read to its end by its magnitude.

    >>> counted(1_000_000), counted(10**40)
    ('1,000,000', 'about 10^40')
    """
    return f"{n:,}" if n < 10**18 else f"about 10^{round((n.bit_length() - 1) * log10(2))}"


def _listed() -> str:
    return ", ".join(SAMPLED)
