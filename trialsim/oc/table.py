"""The registry of measures, and the table of all of them for one plan under one truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.oc.coverage import coverage
from trialsim.oc.decisions import decisions, early_termination
from trialsim.oc.estimation import estimation
from trialsim.oc.sample_size import sample_size
from trialsim.oc.success import success

if TYPE_CHECKING:
    from trialsim.endings import Tally
    from trialsim.oc.entry import Entry, Setting

FAMILIES = (decisions, early_termination, sample_size, success, coverage, estimation)


def table(setting: Setting, tally: Tally) -> list[Entry]:
    """Return every measure, in the order of the registry."""
    return [entry for family in FAMILIES for entry in family(setting, tally)]
