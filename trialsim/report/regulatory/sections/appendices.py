"""Every number, the scenario, the installation, and what guidances ask for with the place where it is answered."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from trialsim.report.calendar_tables import calendar_tables
from trialsim.report.regulatory.blocks import Badge, Grid, Heading, Listing, Points, Words
from trialsim.report.regulatory.checklist import CHECKLISTS
from trialsim.report.render import legend
from trialsim.report.table import Table
from trialsim.report.tables import ideal_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "joblib", "pydantic", "PyYAML", "plotly", "pyarrow", "click", "rich")
"""What trialsim computes, reads and draws with."""


def blocks(material: Material) -> Iterator[Block]:
    """Yield the appendices."""
    yield Heading("All measures")
    yield Words(
        f"{len(material.result.records):,} numbers, every measure under every condition. The HTML file carries them "
        "with all their digits as CSV; here they are rounded."
    )
    if notes := legend(material.result):
        yield Points(tuple(notes))
    yield from _tables(material)
    yield Heading("Configuration")
    yield Words("The scenario with its design, as the file carries it; what was left at its default is left out.")
    yield Listing(material.scenario_yaml)
    yield Heading("Session")
    yield Grid(Table("What was installed when the report was made", ["program", "version"], 2, list(_session())), "")
    yield Heading("Checklists")
    yield Words(
        "What guidances ask for, in our own words and not in theirs. Where the last column says that the place was not "
        "read, the item is from memory and public summaries: check it at its source before relying on it."
    )
    yield from CHECKLISTS


def _tables(material: Material) -> Iterator[Grid]:
    """Yield all tables, the ideal ones first; the first of them does not depend on any truth."""
    result = material.result
    first, *ideal = ideal_tables(result, full=True)
    yield Grid(first, "exact")
    badges: dict[str, Badge] = {"auto": "exact and simulated", "exact": "exact", "montecarlo": "simulated"}
    of_truths = [record for record in result.records if record.truth is not None and record.engine != "calendar"]
    solved = {record.plan for record in of_truths if record.exact is not None}
    plans = sorted((plan for plan, _ in result.scenario.designs()), key=len, reverse=True)
    for table in ideal:
        plan = next(plan for plan in plans if table.title.startswith(f"{plan}: "))
        yield Grid(table, badges[result.engine] if plan in solved else "simulated")
    for table in calendar_tables(result, full=True):
        yield Grid(table, "simulated")


def _session() -> Iterator[list[str]]:
    yield ["trialsim", _version_of("trialsim")]
    yield [f"Python ({platform.python_implementation()})", platform.python_version()]
    yield ["operating system", platform.platform()]
    yield ["machine", platform.machine()]
    yield from ([name, _version_of(name)] for name in PACKAGES)


def _version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"
