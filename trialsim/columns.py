"""The columns that the calendar kernel writes for each trial: their names, units and order."""

from __future__ import annotations

from typing import NamedTuple

PATIENTS, MINUTES, MILLIONTHS, SIGNED, CODE = "patients", "minutes", "millionths", "signed millionths", "code"
AMOUNT = "millionths of an amount"
"""Without a natural upper limit: an AUC, a half-life."""


MEASURE_NAMES = {
    "look_day": "day",
    "look_filled": "filled_day",
    "look_enrolled": "enrolled",
    "look_counted": "counted",
    "look_responses": "counted_responses",
    "look_pipeline": "pipeline",
    "look_overrun": "overrun",
    "duration": "day",
    "enrolled": "n",
}
"""Names of measures where they are not those of the columns."""


class Column(NamedTuple):
    """A number of one simulated trial."""

    quantity: str
    unit: str
    arm: int | None = None
    """Number of the arm; -1: all arms together; None: of the trial."""
    look: int | None = None
    point: int | None = None
    """Which time of those asked for, or which adverse event or state."""


class Shape(NamedTuple):
    """What decides which columns there are."""

    n_arms: int
    n_looks: int
    """Without the final one."""
    n_times: int
    n_treatment_times: int
    n_curve_days: int
    has_toxicity: bool
    has_survival: bool


LOOK_COUNTS = ("look_enrolled", "look_counted", "look_responses", "look_pipeline", "look_overrun")
FINAL_COUNTS = (
    "best_response",
    "best_stable",
    "best_progressive",
    "not_evaluable",
    "progressions",
    "crossovers",
    "helped",
    "crossover_responses",
    "deaths",
    "withdrawn",
    "on_study",
)


def columns(shape: Shape) -> list[Column]:
    """Return the columns in the order in which `kernels.calendar` writes them."""
    arms, everyone = range(shape.n_arms), (*range(shape.n_arms), -1)
    found: list[Column] = []
    for look in range(shape.n_looks):
        found += [Column("look_day", MINUTES, look=look), Column("look_filled", MINUTES, look=look)]
        found += [Column(name, PATIENTS, arm, look) for name in LOOK_COUNTS for arm in everyone]
        found += [Column("look_decision", CODE, arm, look) for arm in arms]
        found += [Column("look_success", CODE, arm, look) for arm in everyone]
    found += [Column("stop_look", CODE, arm) for arm in arms]
    found += [Column(name, PATIENTS, arm) for name in ("enrolled", "evaluable", "responses") for arm in everyone]
    found += [Column("success", CODE, arm) for arm in everyone]
    found += [Column(name, MINUTES) for name in ("cutoff", "duration", "last_entry")]
    found += [Column(name, PATIENTS, arm) for name in FINAL_COUNTS for arm in everyone]
    if shape.has_toxicity:
        found += [Column("toxicities", PATIENTS, arm) for arm in everyone]
    for point in range(shape.n_treatment_times):
        found += [Column("on_treatment", PATIENTS, arm, point=point) for arm in everyone]
    found += [Column("enrolled_by", PATIENTS, point=point) for point in range(shape.n_curve_days)]
    return found + (_survival(shape) if shape.has_survival else [])


def _survival(shape: Shape) -> list[Column]:
    found = _curve("os", shape)
    found += [Column(name, MINUTES) for name in ("follow_up", "potential_follow_up", "shortest_follow_up")]
    found += _curve("ttf", shape)
    found += [Column(name, SIGNED) for name in ("logrank_os", "logrank_ttf")]
    return found + [Column(name, MINUTES) for name in ("time_to_response", "follow_up_after_onset")]


def _curve(name: str, shape: Shape) -> list[Column]:
    found = []
    for arm in (*range(shape.n_arms), -1):
        for point in range(shape.n_times):
            found += [Column(f"{name}{part}", MILLIONTHS, arm, point=point) for part in ("", "_lower", "_upper")]
        found.append(Column(f"{name}_median", MINUTES, arm))
    return found


EXPOSURE = ("auc_mean", "auc_sd", "half_life_mean", "auc_sampled_mean", "half_life_sampled_mean")


def bedside_columns(n_arms: int, n_events: int, n_states: int, *, has_exposure: bool) -> list[Column]:
    """Return the columns of adverse events, performance status and exposure, in the order of their kernels."""
    found = []
    for event in range(n_events + 1 if n_events else 0):
        for quantity in ("any_grade", "severe"):
            found += [Column(quantity, PATIENTS, arm, point=event) for arm in (*range(n_arms), -1)]
    for quantity in ("status_at_baseline", "status_later"):
        found += [Column(quantity, PATIENTS, point=state) for state in range(n_states)]
    if has_exposure:
        found += [Column(quantity, AMOUNT, arm) for quantity in EXPOSURE for arm in range(n_arms)]
    return found
