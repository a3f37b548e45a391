"""The service's part for design search: what is asked, the designs found, and their picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from app.service.service import Refusal
from app.state import State, packed, query_of
from trialsim.errors import InputError
from trialsim.report.plots.feasible import feasible_designs
from trialsim.report.search_tables import table as table_of
from trialsim.search.fleming import fleming
from trialsim.search.predictive import predictive
from trialsim.search.simon import simon
from trialsim.search.single_stage import single_stage
from trialsim.spec.design import Design
from trialsim.spec.written import as_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import plotly.graph_objects as go

    from trialsim.report.table import Table
    from trialsim.search.found import Found, Search


class Family(NamedTuple):
    """Designs of one kind."""

    words: str
    search: Callable[..., Search]
    most: int = 150
    """Most patients of a design that is looked for, so that an answer takes no longer than a moment."""


FAMILIES = {
    "simon": Family("Simon: two stages, optimal, minimax and admissible", simon),
    "single-stage": Family("single stage, exact (A'Hern)", single_stage),
    "fleming": Family("Fleming: two stages of equal size", fleming),
    "predictive": Family("predictive probability: a look after every patient (Lee and Liu)", predictive, 50),
}
"""By the name that the command line gives them: the families that ask for rates and errors alone."""

ASKED = {"null_rate": 0.05, "target_rate": 0.30, "alpha": 0.05, "beta": 0.10}
"""What every family asks, with the values that the page begins with."""


class Answer(NamedTuple):
    """What a search answers."""

    table: Table
    figure: go.Figure | None
    """The feasible set, where the family has one."""
    links: tuple[tuple[str, str], ...]
    """For each design words, and the query that opens it on any page."""
    notes: tuple[str, ...]
    command: str


def find(family: str, asked: Mapping[str, Any]) -> Answer:
    """Return the designs that a family finds.

    Raises
    ------
    Refusal
        If what is asked makes no sense, or nothing keeps it.
    """
    if family not in FAMILIES:
        raise Refusal(f"there is no family {family[:40]} here; accepted: {', '.join(FAMILIES)}.")
    values = {name: _number(name, asked.get(name)) for name in ASKED}
    try:
        found = FAMILIES[family].search(**values, n_max=FAMILIES[family].most)
    except InputError as error:
        raise Refusal(str(error)) from None
    feasible = found.feasible
    is_drawn = feasible is not None and {"n", "en_null"} <= set(feasible.columns)
    options = " ".join(f"--{name.replace('_', '-')} {value:g}" for name, value in values.items())
    return Answer(
        table_of(found),
        feasible_designs(found) if is_drawn else None,
        tuple((_words(design), query_of(_state(design))) for design in found.designs if design.document),
        found.notes,
        f"python -m trialsim search {family} {options} --n-max {FAMILIES[family].most}",
    )


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(f"{name.replace('_', ' ')}: a number from 0 to 1 is needed.")
    return float(value)


def _words(design: Found) -> str:
    return f"{design.criterion}, {design.looks[-1]} patients"


def _state(design: Found) -> State:
    """Return the state that shows a found design; it is carried by the address."""
    return State(packed=packed(as_yaml(Design.model_validate(design.document))))
