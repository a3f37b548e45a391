"""The registry of measures, and the table of all of them for one plan under one truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.oc.coverage import coverage
from trialsim.oc.decisions import decisions, early_termination
from trialsim.oc.estimation import estimation
from trialsim.oc.estimators import after_stopping
from trialsim.oc.sample_size import sample_size
from trialsim.oc.success import success

if TYPE_CHECKING:
    from trialsim.endings import Tally
    from trialsim.oc.entry import Entry, Setting

FAMILIES = {
    decisions: ("p_stop", "p_continue", "p_arms_continuing", "p_pattern", "p_toxic"),
    early_termination: ("pet", "p_reached"),
    sample_size: ("n_mean", "n_sd", "n_quantile", "n_pmf"),
    success: ("p_success", "p_reject"),
    coverage: ("ci_coverage", "ci_half_width_mean"),
    estimation: ("rate_mean", "rate_bias", "rate_rmse"),
    after_stopping: ("rate_mean", "rate_bias", "rate_rmse", "ci_coverage", "ci_half_width_mean"),
}
"""Families of measures, and what they yield."""


def table(setting: Setting, tally: Tally) -> list[Entry]:
    """Return every measure that is wanted, in the order of the registry."""
    families = [family for family, names in FAMILIES.items() if setting.wants(*names)]
    return [entry for family in families for entry in family(setting, tally) if setting.wants(entry.measure)]
