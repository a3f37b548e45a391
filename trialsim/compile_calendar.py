"""From a design, its conduct and a truth to the arrays that the calendar kernels read.

Beside `compile`, the only file that knows both the protocol's words and the kernels' rows. The definition is
docs/calendar-conduct.md; nothing here is random.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from trialsim.errors import InputError
from trialsim.kernels import clinic as c
from trialsim.kernels.clinic import Clinic
from trialsim.plan import NEVER
from trialsim.spec.conduct.checks import by_arm
from trialsim.spec.conduct.looks import LookConduct
from trialsim.spec.conduct.names import curve_days
from trialsim.spec.looks import per_arm_sizes
from trialsim.spec.rules.asked import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trialsim.spec.conduct import Conduct
    from trialsim.spec.conduct.response import VisitShare
    from trialsim.spec.design import Design
    from trialsim.spec.rules import Rule

DAY = 1440
MONTH = 43_830
_NOBODY = int(NEVER)


def compile_calendar(design: Design, conduct: Conduct, rates: tuple[float, ...]) -> Clinic:
    """Return the compiled trial of a design under a conduct and a truth.

    Raises
    ------
    InputError
        If a rule cannot be written as a number of responses.
    """
    number = np.zeros(c.N_NUMBERS, np.int64)
    real = _reals(design, conduct, rates, number)
    whole = _wholes(design, conduct, number)
    return Clinic(_frozen(whole), _frozen(real), _frozen(_bounds(design, conduct)))


def minutes(days: float) -> int:
    """Return days in whole minutes."""
    return round(days * DAY)


def cutoff_of(conduct: Conduct) -> tuple[int, int]:
    """Return the kind of data cut-off, and its day or the time after the last entry, in minutes.

    Without one, the data are closed once the response of the last patient is known.
    """
    if conduct.cutoff.day is not None:
        return c.ON_DAY, minutes(conduct.cutoff.day)
    if conduct.cutoff.days_after_last_entry is not None:
        return c.AFTER_LAST_ENTRY, minutes(conduct.cutoff.days_after_last_entry)
    lows, highs = _confirmation(conduct)
    last = max(minutes(visit.day) + high for visit, high in zip(conduct.response.first_seen, highs, strict=True))
    return c.AFTER_LAST_ENTRY, int(np.ceil(max(last, *lows)))


def _latest(conduct: Conduct) -> int:
    """Return the minute from which on a time does not matter."""
    kind, minute = cutoff_of(conduct)
    return minute + 1 if kind == c.ON_DAY else c.HORIZON


def visits_of(conduct: Conduct) -> tuple[float, ...]:
    """Return the scheduled visits that can matter, in days."""
    return conduct.visits.up_to(conduct.cutoff.day if conduct.cutoff.day is not None else 3653.0)


def look_of(conduct: Conduct, name: str) -> LookConduct:
    """Return how a look is held; the defaults if nothing is said."""
    return conduct.looks.get(name, LookConduct())


def _wholes(design: Design, conduct: Conduct, number: np.ndarray) -> np.ndarray:
    sizes = conduct.allocation.block_sizes or (design.allocation.block_size or sum(design.ratio),)
    survival = conduct.survival
    rows: list[Sequence[int]] = [
        number,  # type: ignore[list-item]  # filled by the time it is copied
        design.ratio,
        design.caps,
        [size // sum(design.ratio) for size in sizes],
        [minutes(day) for day in visits_of(conduct)],
        [minutes(day) for day in survival.at_days] if survival is not None else [],
        [minutes(day) for day in conduct.on_treatment_at_days],
        [minutes(day) for day in curve_days(conduct)],
    ]
    counts = (c.N_BLOCK_SIZES, c.N_VISITS, c.N_TIMES, c.N_TREATMENT_TIMES, c.N_CURVE_DAYS)
    for where, row in zip(counts, rows[c.BLOCK_ROUNDS :], strict=True):
        number[where] = len(row)
    for look in design.looks[:-1]:
        rows += _look_rows(design, conduct, look.name)
    rows.append([-1] * len(design.arms))
    _numbers(design, conduct, number)
    whole = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for index, row in enumerate(rows):
        whole[index, : len(row)] = row
    return whole


def _numbers(design: Design, conduct: Conduct, number: np.ndarray) -> None:
    final, kind = design.looks[-1], cutoff_of(conduct)
    toxicity = conduct.toxicity
    number[c.N_ARMS], number[c.N_LOOKS], number[c.N_MAX] = len(design.arms), len(design.looks) - 1, sum(design.caps)
    number[c.WHEN_ARM_STOPS] = ("arm_cap", "refill", "stop_trial").index(design.enrolment.when_arm_stops)
    number[c.UNEVALUABLE] = ("non_responder", "dropped", "replaced").index(conduct.unevaluable)
    number[c.FINAL_MODE] = ("confirmed", "first_seen").index(look_of(conduct, final.name).counts)
    number[c.FINAL_CRITERION] = _of(final.success_if)
    number[c.FINAL_REQUIRES_ALL] = final.success_if is not None and final.success_if.requires_all_arms
    number[c.CUTOFF_KIND], number[c.CUTOFF] = kind
    number[c.LATEST] = _latest(conduct)
    number[c.STABLE_START] = minutes(conduct.progression.stable.from_day)
    number[c.HAS_SURVIVAL] = conduct.survival is not None
    number[c.FAILURE_AT_LEAVING] = conduct.survival is not None and conduct.survival.failure_at == "leaving"
    if toxicity is not None:
        watched = {"looks": c.AT_LOOKS, "continuous": c.CONTINUOUS}[toxicity.watched]
        number[c.TOXICITY] = c.COUNTED_ONLY if toxicity.stop_if is None else watched


def _of(criterion: Any) -> int:
    return ("", "arm", "pooled").index("" if criterion is None else criterion.of)


def _look_rows(design: Design, conduct: Conduct, name: str) -> list[Sequence[int]]:
    """Return the numbers of a look, and what it wants of each arm."""
    look, own = next(look for look in design.looks if look.name == name), look_of(conduct, name)
    assert look.at != "full_enrolment"
    numbers = [0] * c.N_LOOK_NUMBERS
    kinds = {
        "after_days": c.AFTER_DAYS,
        "when_known": c.WHEN_KNOWN,
        "when_decided": c.WHEN_DECIDED,
        "completed_days": c.COMPLETED,
        "failures": c.FAILURES,
        "deaths": c.DEATHS,
        "day": c.DAY,
    }
    numbers[c.FIRES] = kinds[own.kind]
    if not isinstance(own.fires, str):
        value = getattr(own.fires, own.kind)
        numbers[c.AFTER_MINUTES] = value if own.kind in ("failures", "deaths") else minutes(value)
    numbers[c.IS_PER_ARM], numbers[c.WANTED] = look.at.per_arm is not None, look.at.total or 0
    numbers[c.MODE] = ("confirmed", "first_seen").index(own.counts)
    numbers[c.HOLDS] = own.hold == "until_decided"
    numbers[c.CONTINUE_OF], numbers[c.SUCCESS_OF] = _of(look.continue_if), _of(look.success_if)
    if look.success_if is not None:
        numbers[c.SUCCESS_STOPS] = look.success_if.then == "stop"
        numbers[c.REQUIRES_ALL] = look.success_if.requires_all_arms
    wanted = per_arm_sizes(look.at, design.arm_names) if look.at.per_arm is not None else (0,) * len(design.arms)
    return [numbers, wanted]


def _reals(design: Design, conduct: Conduct, rates: tuple[float, ...], number: np.ndarray) -> np.ndarray:
    arms = design.arm_names
    missing, progressive = (
        np.array(by_arm(value, arms)) for value in (conduct.response.not_evaluable, conduct.response.progressive)
    )
    share = np.array(rates) * (1 - missing if conduct.response.rate_is_of == "evaluable" else 1.0)
    rows: list[Any] = [()] * c.N_REAL_ROWS
    rows[c.P_RESPONSE], rows[c.FROM_NOT_EVALUABLE] = share, 1 - missing
    rows[c.FROM_PROGRESSIVE] = np.maximum(1 - missing - progressive, share)
    _times(design, conduct, rows)
    first_seen = conduct.response.first_seen
    lows, highs = _confirmation(conduct)
    rows[c.VISIT_SHARE], rows[c.VISIT_DAY] = _shares(first_seen)
    rows[c.CONFIRM_LOW], rows[c.CONFIRM_WIDTH] = lows, [high - low for low, high in zip(lows, highs, strict=True)]
    rows[c.EARLY_SHARE], rows[c.EARLY_DAY] = _shares(conduct.progression.early)
    number[c.N_RESPONSE_VISITS], number[c.N_EARLY_VISITS] = len(first_seen), len(conduct.progression.early)
    _crossover_and_toxicity(design, conduct, rows)
    _arrivals(design, conduct, rows, number)
    real = np.zeros((c.N_REAL_ROWS, max(map(len, rows))))
    for index, row in enumerate(rows):
        real[index, : len(row)] = row
    return real


def _times(design: Design, conduct: Conduct, rows: list[Any]) -> None:
    """Write the means of exponential times, in minutes, and their floors."""
    arms, progression, death = design.arm_names, conduct.progression, conduct.death
    later = zip(by_arm(progression.response.per_month, arms), by_arm(progression.stable.per_month, arms), strict=True)
    hazards = {
        c.LATER_MEAN: [hazard for of_arm in later for hazard in of_arm],
        c.WITHDRAWAL_MEAN: by_arm(conduct.withdrawal.per_month, arms),
        c.DEATH_BEFORE_MEAN: by_arm(death.before_progression_per_month, arms),
        c.DEATH_AFTER_MEAN: by_arm(death.after_progression_per_month, arms),
    }
    for row, of_row in hazards.items():
        rows[row] = [MONTH / hazard if hazard > 0 else np.inf for hazard in of_row]
    for mean, floor in (
        (c.LATER_MEAN, c.LATER_FLOOR),
        (c.WITHDRAWAL_MEAN, c.WITHDRAWAL_FLOOR),
        (c.DEATH_BEFORE_MEAN, c.DEATH_BEFORE_FLOOR),
    ):
        rows[floor] = c.floors(rows[mean], _latest(conduct))


def _shares(visits: tuple[VisitShare, ...]) -> tuple[list[float], list[float]]:
    """Return cumulative shares and days in minutes."""
    return list(np.cumsum([visit.probability for visit in visits])), [minutes(visit.day) for visit in visits]


def _confirmation(conduct: Conduct) -> tuple[list[float], list[float]]:
    """Return, for each response visit, the least and the greatest time until confirmation, in minutes."""
    confirmation, days = conduct.response.confirmation, [visit.day for visit in conduct.response.first_seen]
    if confirmation.at_next_visit:
        schedule = conduct.visits.up_to(3653.0)
        lags = []
        for day in days:
            following = next(visit for visit in schedule if visit > day)  # there is one: `spec.conduct.checks`
            lags.append(float(minutes(following) - minutes(day)))
        return lags, lags
    low, high = confirmation.after_days or (0.0, 0.0)
    return [float(minutes(low))] * len(days), [float(minutes(high))] * len(days)


def _crossover_and_toxicity(design: Design, conduct: Conduct, rows: list[Any]) -> None:
    arms, single = design.arm_names, [0.0] * c.N_SINGLE
    rows[c.P_CROSSOVER] = rows[c.P_TOXICITY] = (0.0,) * len(arms)
    if conduct.crossover is not None:
        outcome = conduct.crossover.outcome
        low, high = (float(minutes(day)) for day in conduct.crossover.failure_after_days)
        rows[c.P_CROSSOVER] = by_arm(conduct.crossover.probability, arms)
        single[c.CROSS_RESPONSE], single[c.CROSS_HELPED] = outcome.response, outcome.response + outcome.stable
        single[c.LAG_LOW], single[c.LAG_WIDTH] = low, high - low
    if conduct.toxicity is not None:
        rows[c.P_TOXICITY] = by_arm(conduct.toxicity.rate, arms)
        single[c.TOXIC_WITHIN] = float(minutes(conduct.toxicity.within_days))
    from scipy.special import ndtri

    single[c.Z_LEVEL] = float(ndtri(0.5 + design.analysis.level / 2))
    rows[c.SINGLE] = single


def _arrivals(design: Design, conduct: Conduct, rows: list[Any], number: np.ndarray) -> None:
    enrolment = conduct.enrolment
    if enrolment.entry_days is not None:
        number[c.ENTRY_LAW] = c.GIVEN
        rows[c.PIECE_START] = [minutes(day) for day in enrolment.entry_days]
        number[c.N_PIECES] = len(enrolment.entry_days)
        return
    if enrolment.window is not None:
        window, n = enrolment.window, sum(design.caps)
        number[c.ENTRY_LAW] = c.WINDOW
        stretch = (n / (window.patients or n)) ** (1 / window.power)
        rows[c.PIECE_START], rows[c.PIECE_SCALE] = [window.days * DAY * stretch], [1 / window.power]
        return
    periods = [(0.0, enrolment.per_month or 10.0)]
    if enrolment.rates is not None:
        periods = [(period.from_month, period.per_month) for period in enrolment.rates]
    starts = [float(round(month * MONTH)) for month, _ in periods]
    since = [0.0]
    for index in range(1, len(periods)):
        since.append(since[-1] + (starts[index] - starts[index - 1]) * periods[index - 1][1] / MONTH)
    number[c.ENTRY_LAW], number[c.N_PIECES] = c.POISSON, len(periods)
    rows[c.PIECE_START], rows[c.PIECE_FROM] = starts, since
    rows[c.PIECE_SCALE] = [MONTH / rate if rate > 0 else np.inf for _, rate in periods]


def _bounds(design: Design, conduct: Conduct) -> np.ndarray:
    """Return the least number that meets each criterion, for every number of patients that may be counted."""
    n_arms, n_max = len(design.arms), sum(design.caps)
    bound = np.full((3, len(design.looks), n_arms + 1, n_max + 1), _NOBODY, np.int32)
    bound[c.CONTINUE_LEAST, :, :, 0] = 0
    for index, look in enumerate(design.looks):
        for which, criterion in ((c.CONTINUE_LEAST, look.continue_if), (c.SUCCESS_LEAST, look.success_if)):
            if criterion is None:
                continue
            where = f"design {design.name}, looks.{look.name}"
            sizes = _sizes(design, conduct, index)
            for arm, name in enumerate((*design.arm_names, "pooled")):
                if (criterion.of == "pooled") == (arm == n_arms):
                    _fill(bound[which, index, arm], criterion.rule, partial(design.asked, name), sizes, where)
    if conduct.toxicity is not None and conduct.toxicity.stop_if is not None:
        for arm, name in enumerate(design.arm_names):
            ask = partial(_asked_of_toxicity, name, design.caps[arm])
            where = "conduct.toxicity.stop_if"
            _fill(bound[c.TOXIC_LEAST, 0, arm], conduct.toxicity.stop_if, ask, range(1, n_max + 1), where)
    return bound


def _asked_of_toxicity(arm: str, cap: int, n: int) -> Asked:
    return Asked(arm, n, max(n, cap))


def _fill(row: np.ndarray, rule: Rule, ask: Callable[[int], Asked], sizes: Sequence[int], where: str) -> None:
    for n in sizes:
        try:
            least = rule.boundary(ask(n))
        except ValueError as error:
            raise InputError(f"{where}: {error}.") from None
        row[n] = least if least <= n else _NOBODY


def _sizes(design: Design, conduct: Conduct, index: int) -> Sequence[int]:
    """Return the numbers of patients at which a look's rule may be asked: one, or any."""
    look, every = design.looks[index], range(1, sum(design.caps) + 1)
    own = look_of(conduct, look.name)
    is_fixed = own.kind in ("after_days", "when_known", "when_decided") and conduct.unevaluable == "non_responder"
    if look.at == "full_enrolment" or not is_fixed:
        return every
    if look.at.total is not None and all(x is None or x.of == "pooled" for x in (look.continue_if, look.success_if)):
        return (look.at.total,)
    if look.at.per_arm is not None and all(x is None or x.of == "arm" for x in (look.continue_if, look.success_if)):
        return sorted(set(per_arm_sizes(look.at, design.arm_names)))
    return every


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
