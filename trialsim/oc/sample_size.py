"""How many patients: mean, SD, distribution and quantiles of N, per arm and in total."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trialsim.oc.entry import Entry
from trialsim.oc.mcse import mean, proportion, quantile, standard_deviation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.endings import Tally
    from trialsim.oc.entry import Setting


def sample_size(setting: Setting, tally: Tally) -> Iterator[Entry]:
    """Yield n_mean, n_sd, n_quantile and n_pmf of each arm and of the trial (arm None)."""
    ending_n = setting.plan.endings.n
    sizes = [*zip(setting.arms, ending_n.T, strict=True), (None, ending_n.sum(axis=1))]
    for arm, n in sizes:
        values, index = np.unique(n, return_inverse=True)
        weights = (np.arange(len(values))[:, None] == index) @ tally.ending
        yield Entry("n_mean", mean(values, weights), arm)
        yield Entry("n_sd", standard_deviation(values, weights), arm)
        for probability in setting.quantiles if setting.wants("n_quantile") else ():
            yield Entry("n_quantile", quantile(values, weights, probability), arm, value=probability)
        for value, weight in zip(values, weights, strict=True) if setting.wants("n_pmf") else ():
            yield Entry("n_pmf", proportion(weight, tally.n_trials), arm, value=int(value))
