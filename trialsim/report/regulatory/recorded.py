"""A record as the cells of a table, and the plan and truth that are told of when one stands for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.report.numbers import formatted, formatted_mcse

if TYPE_CHECKING:
    from trialsim.api import Record
    from trialsim.report.regulatory.material import Material


class Case(NamedTuple):
    """A plan under a truth."""

    plan: str
    truth: str


def main_case(material: Material) -> Case:
    """Return the plan and truth that the model of conduct is held against; without these, the first and the last."""
    scenario = material.scenario
    match = scenario.conduct.match if scenario.conduct is not None else None
    plan = match.plan if match is not None and match.plan is not None else scenario.designs()[0][0]
    return Case(plan, match.truth if match is not None else scenario.truths[-1].name)


def exact(record: Record | None) -> str:
    """Return the exact value; a dash if there is none."""
    return formatted(record, "exact") or "–"


def simulated(record: Record | None) -> str:
    """Return the estimate with its MCSE in brackets; a dash if nothing was simulated."""
    if record is None or record.engine == "exact" or record.mcse is None:
        return "–"
    return f"{formatted(record, 'estimate')} ({formatted_mcse(record)})"
