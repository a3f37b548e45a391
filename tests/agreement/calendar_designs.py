"""Random small trials for the naive twin of the calendar, drawn by hypothesis. Times are in minutes."""

from __future__ import annotations

from math import inf
from typing import Any

from hypothesis import strategies as st

DAY = 1440
MONTH = 43_830
NEVER = 2**30


def _some(draw: Any, *values: Any) -> Any:
    return draw(st.sampled_from(values))


@st.composite
def trials(draw: Any) -> dict[str, Any]:
    """Draw a trial: one to three arms, up to three looks, every kind of trigger, hold, stop and entry law."""
    n_arms = _some(draw, 1, 2, 2, 3)
    ratio = [_some(draw, 1, 1, 2) for _ in range(n_arms)]
    cap = [draw(st.integers(4, 16)) for _ in range(n_arms)]
    n_max = sum(cap)
    unevaluable = _some(draw, "non_responder", "non_responder", "dropped", "replaced")
    looks = [_look(draw, cap, number, unevaluable) for number in range(draw(st.integers(0, 3)))]
    return {
        "ratio": ratio,
        "cap": cap,
        "when_arm_stops": _some(draw, "arm_cap", "refill", "stop_trial"),
        "block_sizes": [sum(ratio) * rounds for rounds in _some(draw, (1,), (2,), (1, 2), (1, 2, 3))],
        "entry": _entry(draw, n_max),
        **_patients(draw, n_arms),
        "tox": _toxicity(draw, n_arms, n_max),
        "unevaluable": unevaluable,
        "looks": looks,
        "final": {
            "mode": _some(draw, "confirmed", "first_seen"),
            "success": _criterion(draw, cap, is_success=True),
        },
        "cutoff": _some(
            draw,
            ("day", 400 * DAY),
            ("day", 150 * DAY),
            ("after_last_entry", 200 * DAY),
            ("after_last_entry", 20 * DAY),
            ("after_last_entry", 0),
        ),
        "visits": _some(draw, [], [30 * DAY, 91 * DAY], [7 * DAY]),
        "failure_at": _some(draw, "progression", "leaving"),
        "survival_at": _some(draw, [365 * DAY], [0, 60 * DAY, 200 * DAY]),
        "on_treatment_at": _some(draw, [], [30 * DAY, 122 * DAY]),
        "z": 1.959963984540054,
        "adverse": None,
        "ecog": None,
        "pk": None,
    }


def _entry(draw: Any, n_max: int) -> dict[str, Any]:
    law = _some(draw, "poisson", "pieces", "window", "given")
    if law == "poisson":
        return {"law": "poisson", "start": [0.0], "rate": [draw(st.floats(1, 40))]}
    if law == "pieces":
        rate = [_some(draw, 3.0, 12.0), 0.0, _some(draw, 0.0, 8.0)]
        return {"law": "poisson", "start": [0.0, 60.0 * DAY, 90.0 * DAY], "rate": rate}
    if law == "window":
        return {"law": "window", "width": 200.0 * DAY, "power": _some(draw, 1.0, 1.366, 0.5)}
    n = _some(draw, n_max, n_max + 3, max(n_max - 3, 0), 0)
    coarse = _some(draw, 1, 7 * DAY)  # whole weeks: many patients enter in the same minute
    days = draw(st.lists(st.integers(0, 250 * DAY // coarse), min_size=n, max_size=n))
    return {"law": "given", "minutes": sorted(day * coarse for day in days)}


def _patients(draw: Any, n_arms: int) -> dict[str, Any]:
    def each(*values: Any) -> list[Any]:
        return [_some(draw, *values) for _ in range(n_arms)]

    is_immediate = _some(draw, False, False, True)
    low, high = _some(draw, (0.0, 0.0), (28.0 * DAY, 84.0 * DAY), (10.0 * DAY, 10.0 * DAY))
    visits = ([0], [1.0]) if is_immediate else ([30 * DAY, 91 * DAY, 183 * DAY], [0.3, 0.8, 1.0])
    early = _some(draw, ([30 * DAY, 91 * DAY], [0.35, 1.0]), ([7 * DAY], [1.0]), ([], []))
    return {
        "class_bounds": [(p, 0.8, 0.9) for p in each(0.0, 0.1, 0.3, 0.6, 0.8)],
        "response_day": visits[0],
        "response_share": visits[1],
        "confirm_lo": [low] * len(visits[0]),
        "confirm_hi": [high] * len(visits[0]),
        "early_day": early[0],
        "early_share": early[1],
        "stable_start": _some(draw, 0, 91 * DAY),
        "stable_mean": each(inf, MONTH / 0.05, MONTH / 0.5),
        "response_mean": each(inf, MONTH / 0.05, MONTH / 0.5),
        "withdraw_mean": each(inf, MONTH / 0.01, MONTH / 0.2),
        "death_before_mean": each(inf, MONTH / 0.01, MONTH / 0.2),
        "death_after_mean": each(inf, MONTH / 0.1, MONTH / 1.0),
        "cross": each(0.0, 0.0, 0.6),
        "cross_outcome": (0.2, 0.5),
        "cross_lag": _some(draw, (30.0 * DAY, 91.0 * DAY), (0.0, 0.0)),
    }


def _toxicity(draw: Any, n_arms: int, n_max: int) -> dict[str, Any] | None:
    monitor = _some(draw, None, None, "none", "looks", "continuous")
    if monitor is None:
        return None
    start = [_some(draw, 2, 3, NEVER) for _ in range(n_arms)]
    return {
        "p": [_some(draw, 0.1, 0.4) for _ in range(n_arms)],
        "within": 60.0 * DAY,
        "bound": [[first + n // 4 for n in range(n_max + 1)] for first in start],
        "monitor": monitor,
    }


def _look(draw: Any, cap: list[int], number: int, unevaluable: str) -> dict[str, Any]:
    fires = _some(
        draw,
        "when_decided",
        "when_decided",
        "when_known",
        ("after", 60 * DAY),
        ("after", 0),
        ("completed", 50 * DAY),
        ("failures", 4),
        ("deaths", 2),
        ("day", 150 * DAY),
    )
    waits = isinstance(fires, str) or fires[0] == "after"
    wanted = [draw(st.integers(2, 5)) + 3 * number for _ in cap]
    total = draw(st.integers(2, max(3, sum(cap) // 2))) + 4 * number
    return {
        "at": {"per_arm": wanted} if _some(draw, True, False) else {"total": total},
        "fires": fires,
        "mode": _some(draw, "confirmed", "first_seen"),
        "hold": waits and unevaluable != "replaced" and _some(draw, True, False),
        "continue": _criterion(draw, cap, is_success=False),
        "success": _criterion(draw, cap, is_success=True),
    }


def _criterion(draw: Any, cap: list[int], *, is_success: bool) -> Any:
    of = _some(draw, None, "arm", "pooled")
    if of is None:
        return None
    n_max, part = sum(cap), _some(draw, 2, 3, 4)
    least = [max(1, n // part) for n in range(n_max + 1)]
    least[0] = NEVER if is_success else 0  # nothing is decided about nobody
    numbers: Any = [least for _ in cap] if of == "arm" else least
    if not is_success:
        return (of, numbers)
    then = _some(draw, "continue", "stop")
    return (of, numbers, then) if of == "arm" else (of, numbers, then, _some(draw, True, False))
