"""The names of measures: the contract's, and ours beside them. Extended, never renamed. A published value names one."""

from __future__ import annotations

from typing import Literal

MeasureName = Literal[
    "p_continue",
    "p_stop",
    "p_arms_continuing",
    "p_pattern",
    "p_toxic",
    "pet",
    "p_reached",
    "p_success",
    "p_reject",
    "n_mean",
    "n_sd",
    "n_pmf",
    "n_quantile",
    "ci_coverage",
    "ci_half_width_mean",
    "ci_half_width_max",
    "ci_distance_max",
    "n_for_half_width",
    "n_for_distance",
    "rate_mean",
    "rate_bias",
    "rate_rmse",
]
