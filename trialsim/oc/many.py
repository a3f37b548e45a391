"""Measures at many truths at once, from exact probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialsim.oc.decisions import decisions, early_termination
from trialsim.oc.sample_size import sample_size
from trialsim.oc.success import success

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.endings import Tally
    from trialsim.oc.entry import Entry, Setting

FAMILIES = (decisions, early_termination, sample_size, success)
"""Families whose measures do not ask for the true rate, so that one pass does for all truths."""

MEASURES = ("p_stop", "p_continue", "p_arms_continuing", "p_pattern", "pet", "p_reached") + (
    "n_mean",
    "n_sd",
    "n_quantile",
    "n_pmf",
    "p_success",
    "p_reject",
)


def exact_values(setting: Setting, tally: Tally) -> tuple[list[Entry], NDArray[np.float64]]:
    """Return the measures, and their values: one row per truth, one column per measure.

    Parameters
    ----------
    setting
        Its rates do not matter.
    tally
        From `exact_many.solve_each`.
    """
    entries = [entry for family in FAMILIES for entry in family(setting, tally)]
    n_truths = tally.ending.shape[-1]
    columns = [np.broadcast_to(np.asarray(entry.estimate.value, float), (n_truths,)) for entry in entries]
    return entries, np.stack(columns, axis=1)
