"""The calendar kernel against its naive twin: every column of every trial, over designs that hypothesis draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agreement.calendar_designs import DAY, MONTH, trials
from tests.agreement.clinics import clinic_of, shape_of
from tests.naive import calendar as twin
from trialsim.columns import Column, columns
from trialsim.compile_calendar import compile_calendar
from trialsim.kernels import clinic as c
from trialsim.kernels.calendar import simulate_calendar
from trialsim.spec.load import load_scenario

SEED = 5
TRIALS_EACH = 4
_NAMES = {
    "best_response": "best/R",
    "best_stable": "best/SD",
    "best_progressive": "best/PD",
    "not_evaluable": "best/NE",
    "potential_follow_up": "potential",
    "shortest_follow_up": "shortest",
    "follow_up_after_onset": "after_onset",
}


def simulated(trial: dict[str, Any], first: int, n_trials: int, seed: int = SEED) -> tuple[list[Column], np.ndarray]:
    found = columns(shape_of(trial))
    book = c.Book(np.full((n_trials, len(found)), 7**9, np.int64), np.zeros((0, 1), np.int8))
    room = c.room(len(trial["ratio"]), sum(trial["cap"]))
    simulate_calendar(np.uint64(seed), np.uint64(first), n_trials, clinic_of(trial), room, book)
    return found, book.column


def name_in_twin(column: Column) -> str:
    arm = "all" if column.arm in (None, -1) else str(column.arm)
    quantity = _NAMES.get(column.quantity, column.quantity)
    if column.look is not None:
        name = f"look/{column.look}/{quantity.removeprefix('look_')}"
        return name if column.arm is None else f"{name}/{arm}"
    if quantity in ("cutoff", "duration", "last_entry"):
        return quantity
    return f"{quantity}/{arm}" if column.point is None else f"{quantity}/{column.point}/{arm}"


def differences(found: list[Column], row: np.ndarray, expected: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    wrong = []
    for column, value in zip(found, row.tolist(), strict=True):
        name = name_in_twin(column)
        if name.startswith("evaluable") and name not in expected:
            name = name.replace("evaluable", "enrolled")  # the twin counts them only where it makes a difference
        wanted, got = expected[name], None if value == c.MISSING else value
        if column.quantity == "stop_look" and got is not None:
            got = max(got, c.STOPPED_BETWEEN)  # the kernel also says before which look
        if "millionths" in column.unit and wanted is not None and got is not None:
            is_same = abs(wanted * 1e6 - got) <= 1.01
        else:
            is_same = wanted == got
        if not is_same:
            wrong.append((name, wanted, got))
    return wrong


def agree(trial: dict[str, Any], first: int, n_trials: int) -> None:
    found, matrix = simulated(trial, first, n_trials)
    for number, row in enumerate(matrix):
        assert differences(found, row, twin.simulate(trial, SEED, first + number)) == []


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(trials(), st.integers(0, 10**9))
def test_kernel_is_its_twin(trial: dict[str, Any], first: int) -> None:
    """Against 50 random designs; `make verify` tries 4,000."""
    agree(trial, first, TRIALS_EACH)


def founding_trial() -> dict[str, Any]:
    """The calibrated founding trial, written down a second time, from its numbers and not from the YAML."""
    p, early, lost = (0.637, 0.752), (12 / 73, 8 / 74), (2 / 73, 5 / 74)
    gate = [min(3, n + 1) if n < 3 else 3 for n in range(148)]
    gate[0] = 0
    interim = {
        "at": {"total": 100},
        "fires": ("after", 183 * DAY),
        "mode": "confirmed",
        "hold": False,
        "continue": None,
        "success": ("pooled", [29] * 148, "continue", True),
    }
    return {
        "ratio": [1, 1],
        "cap": [73, 74],
        "when_arm_stops": "arm_cap",
        "block_sizes": [4],
        "entry": {"law": "window", "width": 304.0 * DAY, "power": 1.366},
        "class_bounds": [(p[a], 1 - lost[a] - early[a], 1 - lost[a]) for a in (0, 1)],
        "response_day": [30 * DAY, 91 * DAY, 183 * DAY, 365 * DAY],
        "response_share": [0.12, 0.46, 0.92, 1.0],
        "confirm_lo": [28.0 * DAY] * 4,
        "confirm_hi": [84.0 * DAY] * 4,
        "early_day": [30 * DAY, 91 * DAY],
        "early_share": [0.35, 1.0],
        "stable_start": 91 * DAY,
        "stable_mean": [MONTH / 0.034] * 2,
        "response_mean": [MONTH / 0.0135] * 2,
        "withdraw_mean": [MONTH / 0.001] * 2,
        "death_before_mean": [MONTH / 0.0007] * 2,
        "death_after_mean": [MONTH / 0.13] * 2,
        "cross": [9 / 17, 0.0],
        "cross_outcome": (1 / 9, 3 / 9),
        "cross_lag": (30.0 * DAY, 91.0 * DAY),
        "tox": None,
        "unevaluable": "non_responder",
        "looks": [
            {
                "at": {"per_arm": [18, 18]},
                "fires": "when_decided",
                "mode": "confirmed",
                "hold": False,
                "continue": ("arm", [gate, gate]),
                "success": None,
            },
            interim,
        ],
        "final": {"mode": "confirmed", "success": None},
        "cutoff": ("day", 471 * DAY),
        "visits": [30 * DAY, 91 * DAY, 183 * DAY, 365 * DAY],
        "failure_at": "progression",
        "survival_at": [365 * DAY],
        "on_treatment_at": [122 * DAY],
        "z": 1.959963984540054,
        "adverse": None,
        "ecog": None,
        "pk": None,
    }


def test_founding_trial_is_its_twin() -> None:
    agree(founding_trial(), 0, 25)


def test_yaml_compiles_to_the_founding_trial() -> None:
    scenario = load_scenario("gist")
    assert scenario.conduct is not None
    _, design = scenario.designs()[0]
    compiled, written = compile_calendar(design, scenario.conduct, (0.637, 0.752)), clinic_of(founding_trial())
    number = compiled.whole[c.NUMBER].copy()
    number[c.N_CURVE_DAYS] = 0  # asked for by every report, not by the trial
    np.testing.assert_array_equal(number[: c.N_NUMBERS], written.whole[c.NUMBER, : c.N_NUMBERS])
    for row in (c.RATIO, c.CAP, c.BLOCK_ROUNDS, c.VISITS, c.TIMES, c.TREATMENT_TIMES):
        np.testing.assert_array_equal(compiled.whole[row, :4], written.whole[row, :4])
    looks = slice(c.FIRST_LOOK, c.FIRST_LOOK + 5)
    np.testing.assert_array_equal(compiled.whole[looks, :10], written.whole[looks, :10])
    width = min(compiled.real.shape[1], written.real.shape[1])
    np.testing.assert_allclose(compiled.real[:, :width], written.real[:, :width], rtol=1e-15)
    gate, interim = compiled.bound[c.CONTINUE_LEAST, 0], compiled.bound[c.SUCCESS_LEAST, 1]
    assert gate[0, 18] == gate[1, 18] == 3
    assert interim[2, 100] == 29
