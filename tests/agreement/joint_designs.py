"""Designs of one arm with rules for responses and toxicities, told to trialsim and to the naive twin."""

from __future__ import annotations

from typing import Any

from trialsim import Design

Data = dict[str, Any]

TWINS: dict[str, Data] = {
    "bryant and day": {
        "looks": [
            {"n": 7, "stop_low": 1, "stop_high": None, "toxic": 4},
            {"n": 15, "stop_low": -1, "stop_high": None, "toxic": 6},
        ],
        "success": 5,
    },
    "toxicity at interim looks only": {
        "looks": [
            {"n": 3, "stop_low": -1, "stop_high": None, "toxic": 2},
            {"n": 8, "stop_low": 2, "stop_high": None, "toxic": 5},
            {"n": 13, "stop_low": -1, "stop_high": None, "toxic": None},
        ],
        "success": 6,
    },
    "efficacy stops, toxicity first": {
        "looks": [
            {"n": 4, "stop_low": 0, "stop_high": 4, "toxic": None},
            {"n": 9, "stop_low": 2, "stop_high": 6, "toxic": 4},
            {"n": 14, "stop_low": -1, "stop_high": None, "toxic": 6},
        ],
        "success": 7,
    },
    "single stage": {"looks": [{"n": 12, "stop_low": -1, "stop_high": None, "toxic": 5}], "success": 4},
}
TRUTHS = ((0.3, 0.2, 1.0), (0.5, 0.35, 4.0), (0.25, 0.4, 0.2), (0.8, 0.9, 0.01), (0.0, 0.3, 3.0), (1.0, 1.0, 2.0))
"""Response rate, toxicity rate, odds ratio."""


def data_of(twin: Data, arms: tuple[str, ...] = ("A",)) -> Data:
    """Return the design file; with several arms all have the same looks and nobody heeds the others."""
    looks: list[Data] = []
    for number, look in enumerate(twin["looks"]):
        is_final = number == len(twin["looks"]) - 1
        entry: Data = {"name": f"look {number}", "at": "full_enrolment" if is_final else {"per_arm": look["n"]}}
        if look["stop_low"] >= 0:
            entry["continue_if"] = {"rule": _at_least(look["stop_low"] + 1)}
        if look["stop_high"] is not None:
            entry["success_if"] = {"rule": _at_least(look["stop_high"]), "then": "stop"}
        if is_final:
            entry["success_if"] = {"rule": _at_least(twin["success"])}
        if look["toxic"] is not None:
            entry["toxic_if"] = {"rule": _at_least(look["toxic"])}
        looks.append(entry)
    n = twin["looks"][-1]["n"]
    return {
        "schema": "trialsim.design/1",
        "name": "joint",
        "arms": [{"name": name} for name in arms],
        "toxicity": {"null_rate": 0.4, "target_rate": 0.2},
        "enrolment": {"cap": dict.fromkeys(arms, n)},
        "looks": looks,
    }


def design_of(twin: Data, arms: tuple[str, ...] = ("A",)) -> Design:
    """Return the design."""
    return Design.model_validate(data_of(twin, arms))


def scenario_of(name: str, n_sims: int = 40_000) -> Data:
    """Return a scenario of the design under the first truths."""
    truths = [
        {"name": f"truth {number}", "response_rate": p, "toxicity_rate": q, "odds_ratio": ratio}
        for number, (p, q, ratio) in enumerate(TRUTHS[:4])
    ]
    design = data_of(TWINS[name])
    return {
        "schema": "trialsim.scenario/1",
        "name": "j",
        "design": design,
        "truths": truths,
        "seed": 5,
        "n_sims": n_sims,
    }


def _at_least(count: int) -> Data:
    return {"kind": "responses", "at_least": count}
