"""The service's part for the catalogue: the designs that ship, each with its source and its published values.

Like `app.service` it talks to trialsim.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from app.service.service import Refusal
from trialsim.report.boundaries import decision_table
from trialsim.report.explain import paragraph
from trialsim.spec.load import load_design
from trialsim.spec.shipped import shipped_names

if TYPE_CHECKING:
    from trialsim.report.table import Table
    from trialsim.spec.design import Design

SIGNS = {"equals": "", "less_than": "< ", "at_most": "≤ ", "at_least": "≥ "}


class Line(NamedTuple):
    """A design in the catalogue."""

    name: str
    title: str
    n_arms: int
    n_looks: int
    n_most: int
    null_rate: float | None
    target_rate: float | None
    source: str
    n_published: int


class Compared(NamedTuple):
    """A published value and ours."""

    measure: str
    true_rate: str
    printed: str
    exact: str
    agrees: bool
    place: str
    is_checked: bool
    """Whether the number was read in the source itself."""


class Entry(NamedTuple):
    """A design of the catalogue, in full."""

    line: Line
    words: str
    notes: str
    decisions: Table
    published: tuple[Compared, ...]
    problem: str
    """Why the published values could not be answered exactly; empty if they could."""


def lines() -> list[Line]:
    """Return the designs that ship, by name."""
    return [_line(_design(name)) for name in shipped_names("designs")]


def entry(name: str) -> Entry:
    """Return a design of the catalogue.

    Raises
    ------
    Refusal
        If there is none of this name.
    """
    if name not in shipped_names("designs"):
        raise Refusal(f'there is no design "{name[:60]}" in the catalogue')
    return _entry(name)


@lru_cache(maxsize=64)
def _design(name: str) -> Design:
    return load_design(name)


@lru_cache(maxsize=64)
def _entry(name: str) -> Entry:
    """Solve what is published of a design; the files that ship do not change while the dashboard runs."""
    from trialsim.compile import compile_design

    design = _design(name)
    try:
        published, problem = _published(design), ""
    except Refusal as refused:
        published, problem = (), str(refused)
    return Entry(
        _line(design),
        paragraph(design),
        design.notes,
        decision_table(design, compile_design(design), design.name),
        published,
        problem,
    )


def _published(design: Design) -> tuple[Compared, ...]:
    from trialsim.validation import rates_in_words, validate

    found = []
    for item in validate(design, engine="exact"):
        one, ours = item.published, item.record.exact
        where = [one.arm, one.look, f"if {one.given}" if one.given else None, one.variant]
        at = f" at {one.value:g}" if one.value is not None else ""
        found.append(
            Compared(
                ", ".join([one.measure + at, *(word for word in where if word)]),
                rates_in_words(one),
                f"{SIGNS[one.relation]}{one.printed:.{one.digits}f}",
                "–" if ours is None else f"{ours:.6f}",
                item.agrees,
                one.place,
                one.checked_at_source,
            )
        )
    return tuple(found)


def _line(design: Design) -> Line:
    rates = design.hypotheses
    return Line(
        design.name,
        design.title,
        len(design.arms),
        len(design.looks),
        sum(design.caps),
        rates.null_rate if rates is not None else None,
        rates.target_rate if rates is not None else None,
        design.source,
        len(design.published),
    )
