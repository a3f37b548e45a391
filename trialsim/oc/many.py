"""Measures at many truths at once, from exact probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialsim.oc.decisions import decisions, early_termination
from trialsim.oc.sample_size import sample_size
from trialsim.oc.success import success
from trialsim.oc.table import FAMILIES, table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.endings import Tally
    from trialsim.oc.entry import Entry, Setting

MEASURES = tuple(name for family in (decisions, early_termination, sample_size, success) for name in FAMILIES[family])
"""Measures that do not ask for the true rate, so that one pass does for all truths."""


def exact_values(setting: Setting, tally: Tally) -> tuple[list[Entry], NDArray[np.float64]]:
    """Return the measures, and their values: one row per truth, one column per measure.

    Parameters
    ----------
    setting
        Its rates do not matter. Of the measures wanted, those among `MEASURES` are returned.
    tally
        From `exact_many.solve_each`.
    """
    measures = tuple(name for name in MEASURES if not setting.measures or name in setting.measures)
    entries = table(setting._replace(measures=measures), tally) if measures else []
    n_truths = tally.ending.shape[-1]
    columns = [np.broadcast_to(np.asarray(entry.estimate.value, float), (n_truths,)) for entry in entries]
    return entries, np.stack(columns, axis=1) if columns else np.empty((n_truths, 0))
