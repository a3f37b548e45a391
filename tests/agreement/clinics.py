"""From the naive twin's plain trial to the arrays of the calendar kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialsim.columns import Shape
from trialsim.kernels import clinic as c

FIRES = ["after", "when_known", "when_decided", "completed", "failures", "deaths", "day"]
NOTHING = 2**30


def shape_of(trial: dict[str, Any]) -> Shape:
    return Shape(
        len(trial["ratio"]),
        len(trial["looks"]),
        len(trial["survival_at"]),
        len(trial["on_treatment_at"]),
        0,
        trial["tox"] is not None,
        True,
    )


def _bounds(trial: dict[str, Any]) -> np.ndarray:
    n_arms, n_max = len(trial["ratio"]), sum(trial["cap"])
    bound = np.full((3, len(trial["looks"]) + 1, n_arms + 1, n_max + 1), NOTHING, np.int32)
    for number, look in enumerate([*trial["looks"], trial["final"]]):
        for which, name in ((c.CONTINUE_LEAST, "continue"), (c.SUCCESS_LEAST, "success")):
            criterion = look.get(name)
            if criterion is None:
                continue
            if criterion[0] == "arm":
                bound[which, number, :n_arms] = criterion[1]
            else:
                bound[which, number, n_arms] = criterion[1]
            bound[which, number, :, 0] = NOTHING if which == c.SUCCESS_LEAST else 0
    if trial["tox"]:
        bound[c.TOXIC_LEAST, 0, :n_arms] = trial["tox"]["bound"]
    return bound


def clinic_of(trial: dict[str, Any]) -> c.Clinic:
    n_arms, n_looks, n_max = len(trial["ratio"]), len(trial["looks"]), sum(trial["cap"])
    entry, tox = trial["entry"], trial["tox"]
    number = np.zeros(c.N_NUMBERS, np.int64)
    number[c.N_ARMS], number[c.N_LOOKS], number[c.N_MAX] = n_arms, n_looks, n_max
    number[c.WHEN_ARM_STOPS] = ["arm_cap", "refill", "stop_trial"].index(trial["when_arm_stops"])
    number[c.ENTRY_LAW] = ["poisson", "window", "given"].index(entry["law"])
    number[c.UNEVALUABLE] = ["non_responder", "dropped", "replaced"].index(trial["unevaluable"])
    final = trial["final"]
    number[c.FINAL_MODE] = ["confirmed", "first_seen"].index(final["mode"])
    success = final.get("success")
    number[c.FINAL_CRITERION] = ["", "arm", "pooled"].index(success[0] if success else "")
    number[c.FINAL_REQUIRES_ALL] = bool(success and success[0] == "pooled" and success[3])
    number[c.CUTOFF_KIND] = ["day", "after_last_entry"].index(trial["cutoff"][0])
    number[c.CUTOFF] = trial["cutoff"][1]
    number[c.FAILURE_AT_LEAVING] = trial["failure_at"] == "leaving"
    number[c.TOXICITY] = 0 if tox is None else ["", "none", "looks", "continuous"].index(tox["monitor"])
    number[c.STABLE_START] = trial["stable_start"]
    number[c.HAS_SURVIVAL] = 1
    number[c.LATEST] = trial["cutoff"][1] + 1 if trial["cutoff"][0] == "day" else c.HORIZON
    rounds = [size // sum(trial["ratio"]) for size in trial["block_sizes"]]
    rows = [number, trial["ratio"], trial["cap"], rounds]
    rows += [trial["visits"], trial["survival_at"], trial["on_treatment_at"], []]
    counts = [c.N_BLOCK_SIZES, c.N_VISITS, c.N_TIMES, c.N_TREATMENT_TIMES, c.N_CURVE_DAYS]
    number[counts] = [len(row) for row in rows[3:]]
    for look in trial["looks"]:
        numbers = np.zeros(c.N_LOOK_NUMBERS, np.int64)
        fires = look["fires"] if isinstance(look["fires"], tuple) else (look["fires"], 0)
        numbers[[c.FIRES, c.AFTER_MINUTES]] = FIRES.index(fires[0]), fires[1]
        per_arm = look["at"].get("per_arm")
        numbers[[c.IS_PER_ARM, c.WANTED]] = per_arm is not None, look["at"].get("total", 0)
        numbers[[c.MODE, c.HOLDS]] = ["confirmed", "first_seen"].index(look["mode"]), look["hold"]
        for of, name in ((c.CONTINUE_OF, "continue"), (c.SUCCESS_OF, "success")):
            numbers[of] = ["", "arm", "pooled"].index(look[name][0] if look[name] else "")
        if look["success"]:
            numbers[c.SUCCESS_STOPS] = look["success"][2] == "stop"
            numbers[c.REQUIRES_ALL] = look["success"][0] == "pooled" and look["success"][3]
        rows += [numbers, per_arm or [0] * n_arms]
    rows += [[-1] * n_arms]
    whole = np.zeros((len(rows), max(len(row) for row in rows)), np.int64)
    for index, row in enumerate(rows):
        whole[index, : len(row)] = row
    whole_and_real = whole, _reals(trial, number)
    whole[c.NUMBER, : c.N_NUMBERS] = number
    return c.Clinic(*whole_and_real, _bounds(trial))


def _reals(trial: dict[str, Any], number: np.ndarray) -> np.ndarray:
    entry, tox = trial["entry"], trial["tox"]
    rows: list[Any] = [[]] * c.N_REAL_ROWS
    for index in range(3):
        rows[index] = [bounds[index] for bounds in trial["class_bounds"]]
    for index, name in (
        (c.WITHDRAWAL_MEAN, "withdraw_mean"),
        (c.DEATH_BEFORE_MEAN, "death_before_mean"),
        (c.DEATH_AFTER_MEAN, "death_after_mean"),
        (c.P_CROSSOVER, "cross"),
        (c.VISIT_SHARE, "response_share"),
        (c.VISIT_DAY, "response_day"),
        (c.CONFIRM_LOW, "confirm_lo"),
        (c.EARLY_SHARE, "early_share"),
        (c.EARLY_DAY, "early_day"),
    ):
        rows[index] = trial[name]
    both = zip(trial["response_mean"], trial["stable_mean"], strict=True)
    rows[c.LATER_MEAN] = [mean for of_arm in both for mean in of_arm]
    for mean, floor in (
        (c.LATER_MEAN, c.LATER_FLOOR),
        (c.WITHDRAWAL_MEAN, c.WITHDRAWAL_FLOOR),
        (c.DEATH_BEFORE_MEAN, c.DEATH_BEFORE_FLOOR),
    ):
        rows[floor] = c.floors(rows[mean], float(number[c.LATEST]))
    rows[c.P_TOXICITY] = tox["p"] if tox else []
    rows[c.CONFIRM_WIDTH] = [high - low for low, high in zip(trial["confirm_lo"], trial["confirm_hi"], strict=True)]
    number[[c.N_RESPONSE_VISITS, c.N_EARLY_VISITS]] = len(trial["response_day"]), len(trial["early_day"])
    single = [0.0] * c.N_SINGLE
    single[c.CROSS_RESPONSE], single[c.CROSS_HELPED] = trial["cross_outcome"]
    single[c.LAG_LOW], single[c.LAG_WIDTH] = trial["cross_lag"][0], trial["cross_lag"][1] - trial["cross_lag"][0]
    single[c.TOXIC_WITHIN], single[c.Z_LEVEL] = tox["within"] if tox else 0.0, trial["z"]
    rows[c.SINGLE] = single
    if entry["law"] == "poisson":
        start, rate = entry["start"], entry["rate"]
        rows[c.PIECE_START] = start
        rows[c.PIECE_SCALE] = [43830 / r if r else np.inf for r in rate]
        since = [0.0]
        for k in range(len(start) - 1):
            since.append(since[-1] + (start[k + 1] - start[k]) * rate[k] / 43830)
        rows[c.PIECE_FROM] = since
        number[c.N_PIECES] = len(start)
    elif entry["law"] == "window":
        rows[c.PIECE_START], rows[c.PIECE_SCALE] = [entry["width"]], [1 / entry["power"]]
    else:
        rows[c.PIECE_START] = entry["minutes"]
        number[c.N_PIECES] = len(entry["minutes"])
    real = np.zeros((c.N_REAL_ROWS, max(len(row) for row in rows)))
    for index, row in enumerate(rows):
        real[index, : len(row)] = row
    return real
