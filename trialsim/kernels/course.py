"""The course of patients: response, progression, leaving, crossover, death (docs/calendar-conduct.md, section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import uint64 as _U

from trialsim.kernels._jit import inlined, loop
from trialsim.kernels.arrivals import fill_gaps
from trialsim.kernels.clinic import (
    AFTER,
    ARM,
    CLASS,
    CONF,
    CONFIRM_LOW,
    CONFIRM_WIDTH,
    CROSS_HELPED,
    CROSS_RESPONSE,
    CROSSED,
    CROSSED_FAILURE,
    CROSSED_RESPONSE,
    CROSSED_STABLE,
    CROSSOVER,
    DEATH,
    DEATH_AFTER_MEAN,
    DEATH_BEFORE,
    DEATH_BEFORE_FLOOR,
    DEATH_BEFORE_MEAN,
    EARLY_DAY,
    EARLY_SHARE,
    FAILURE,
    FIRST,
    FOLLOWED,
    IS_NOT_EVALUABLE,
    IS_PROGRESSIVE,
    IS_RESPONSE,
    IS_STABLE,
    LAG_LOW,
    LAG_WIDTH,
    LATER_FLOOR,
    LATER_MEAN,
    LATEST,
    LEAVING,
    N_EARLY_VISITS,
    N_RESPONSE_VISITS,
    NEVER,
    NOT_CROSSED,
    NUMBER,
    OFF,
    P_CROSSOVER,
    PROGRESSION,
    SINGLE,
    SPARE,
    STABLE_START,
    VISIT_DAY,
    VISIT_SHARE,
    WITHDRAWAL,
    WITHDRAWAL_FLOOR,
    WITHDRAWAL_MEAN,
)
from trialsim.kernels.numeric import minus_log, unit
from trialsim.kernels.order import in_lanes
from trialsim.kernels.rng import fill_patients, threefry2x64

if TYPE_CHECKING:
    from numpy import float64, int32, int64, uint64
    from numpy.typing import NDArray


_NEVER = float(2**30)
_RESPONSE, _STABLE, _PROGRESSIVE = _I32(IS_RESPONSE), _I32(IS_STABLE), _I32(IS_PROGRESSIVE)
_NOT_EVALUABLE, _NONE = _I32(IS_NOT_EVALUABLE), _I32(NOT_CROSSED)


@inlined
def _minutes(gap: float, mean: float, latest: float) -> int32:
    """Return an exponential time in whole minutes; NEVER if it is not before `latest`."""
    minutes = gap * mean
    return _I32(minutes if minutes < latest else _NEVER)


@loop
def _choose(
    start: uint64, end: uint64, share: NDArray[float64], n: int64, word: NDArray[uint64], out: NDArray[int32]
) -> None:
    """Write which of `n` things is chosen by cumulative shares."""
    for i in range(start, end):
        out[i] = 0
    for k in range(n - 1):
        least = share[k]
        for i in range(start, end):
            out[i] = _I32(out[i] + (unit(word[i]) >= least))


@loop
def _first_seen(
    start: uint64,
    end: uint64,
    day: NDArray[float64],
    low: NDArray[float64],
    width: NDArray[float64],
    visit: NDArray[int32],
    lag: NDArray[uint64],
    first: NDArray[int32],
    conf: NDArray[int32],
) -> None:
    """Write first response and confirmation."""
    for i in range(start, end):
        v = _U(visit[i])
        seen = _I32(day[v])
        first[i] = seen
        conf[i] = seen + _I32(low[v] + unit(lag[i]) * width[v])


@loop
def _early(
    start: uint64,
    end: uint64,
    day: NDArray[float64],
    n_visits: int64,
    visit: NDArray[int32],
    kind: NDArray[int32],
    out: NDArray[int32],
) -> None:
    """Write the progression of those whose best is progression; the others have none so far."""
    which = _PROGRESSIVE if n_visits > 0 else _I32(-1)
    for i in range(start, end):
        out[i] = _I32(day[_U(visit[i])]) if kind[i] == which else NEVER


@loop
def _list_later(
    start: uint64,
    end: uint64,
    floor: NDArray[float64],
    word: NDArray[uint64],
    arm: NDArray[int32],
    kind: NDArray[int32],
    listed: NDArray[int32],
) -> uint64:
    """List the stable and responding patients who may progress in time; return how many."""
    found = _U(0)
    for i in range(start, end):
        c = kind[i]
        at = _U(2 * arm[i] + c) if c <= _STABLE else _U(0)
        listed[found] = _I32(i)
        found += _U((c <= _STABLE) & (unit(word[i]) > floor[at]))
    for k in range(found, in_lanes(found)):
        listed[k] = _I32(start)
    return found


@loop
def _collect(n: uint64, listed: NDArray[int32], word: NDArray[uint64], out: NDArray[uint64]) -> None:
    """Write the words of those listed side by side."""
    for k in range(_U(0), n):
        out[k] = word[_U(listed[k])]


@loop
def _later(
    n: uint64,
    listed: NDArray[int32],
    stable_from: int32,
    mean: NDArray[float64],
    latest: float,
    gap: NDArray[float64],
    arm: NDArray[int32],
    kind: NDArray[int32],
    conf: NDArray[int32],
    out: NDArray[int32],
) -> None:
    """Write the progression of stable and responding patients."""
    for k in range(_U(0), n):
        i = _U(listed[k])
        lasting = _minutes(gap[k], mean[_U(2 * arm[i] + kind[i])], latest)
        out[i] = _I32(min((conf[i] if kind[i] == _RESPONSE else stable_from) + lasting, NEVER))


@loop
def _leave(
    start: uint64,
    end: uint64,
    floor: NDArray[float64],
    mean: NDArray[float64],
    latest: float,
    word: NDArray[uint64],
    arm: NDArray[int32],
    out: NDArray[int32],
) -> None:
    """Write an exponential time; few are in time, so only their logarithm is taken."""
    for i in range(start, end):
        u, out[i] = unit(word[i]), NEVER
        if u > floor[_U(arm[i])]:
            out[i] = _minutes(minus_log(u), mean[_U(arm[i])], latest)


@loop
def _end_without_progression(
    start: uint64,
    end: uint64,
    progression: NDArray[int32],
    withdrawal: NDArray[int32],
    death_before: NDArray[int32],
    failure: NDArray[int32],
    off: NDArray[int32],
    death: NDArray[int32],
    followed: NDArray[int32],
    crossed: NDArray[int32],
) -> None:
    """Write how it ends for those who do not progress, and a first answer for those who do."""
    for i in range(start, end):
        w, d = withdrawal[i], death_before[i]
        gone = min(w, d)
        failure[i] = min(progression[i], gone)
        progression[i] = progression[i] if progression[i] < gone else NEVER
        off[i] = gone
        death[i] = d if d <= w else NEVER
        followed[i] = w if w < d else NEVER
        crossed[i] = _NONE


@loop
def _list_progressed(start: uint64, end: uint64, progression: NDArray[int32], listed: NDArray[int32]) -> uint64:
    found = _U(0)
    for i in range(start, end):
        listed[found] = _I32(i)
        found += _U(progression[i] < NEVER)
    for k in range(found, in_lanes(found)):
        listed[k] = _I32(start)
    return found


@loop
def _fill_listed(
    seed: uint64,
    purpose: uint64,
    replicate: uint64,
    n: uint64,
    listed: NDArray[int32],
    even: NDArray[uint64],
    odd: NDArray[uint64],
) -> None:
    """Fill two rows with both words of those listed."""
    for k in range(_U(0), n):
        even[k], odd[k] = threefry2x64(replicate, _U(listed[k]), seed, purpose)


@loop
def _after_progression(
    n: uint64,
    listed: NDArray[int32],
    p_crossover: NDArray[float64],
    mean: NDArray[float64],
    single: NDArray[float64],
    latest: float,
    crossing: NDArray[uint64],
    dying: NDArray[float64],
    outcome: NDArray[uint64],
    lag: NDArray[uint64],
    arm: NDArray[int32],
    progression: NDArray[int32],
    off: NDArray[int32],
    death: NDArray[int32],
    followed: NDArray[int32],
    crossed: NDArray[int32],
) -> None:
    """Write crossover, leaving and death of those who progressed on study."""
    for k in range(_U(0), n):
        i = _U(listed[k])
        g, a = progression[i], _U(arm[i])
        crosses, u = unit(crossing[k]) < p_crossover[a], unit(outcome[k])
        if crosses and u < single[CROSS_HELPED]:
            # As if there had been no progression: `_end_without_progression` wrote the rest.
            crossed[i] = _I32(CROSSED_RESPONSE if u < single[CROSS_RESPONSE] else CROSSED_STABLE)
            continue
        dies = _I32(min(g + _minutes(dying[k], mean[a], latest), NEVER))
        left = _I32(min(g + _I32(single[LAG_LOW] + unit(lag[k]) * single[LAG_WIDTH]), dies))
        death[i], followed[i] = dies, NEVER
        crossed[i] = _I32(CROSSED_FAILURE) if crosses else _NONE
        off[i] = left if crosses else g


@loop
def draw_progression(
    start: uint64,
    end: uint64,
    whole: NDArray[int64],
    real: NDArray[float64],
    patient: NDArray[int32],
    word: NDArray[uint64],
    gap: NDArray[float64],
) -> None:
    """Write first response, confirmation and progression from words 1 (visit), 2 (confirmation), 3 (progression)."""
    arm, kind, conf, chosen = patient[ARM], patient[CLASS], patient[CONF], patient[SPARE]
    progression, n_early = patient[PROGRESSION], whole[NUMBER, N_EARLY_VISITS]
    _choose(start, end, real[VISIT_SHARE], whole[NUMBER, N_RESPONSE_VISITS], word[1], chosen)
    days, low, width = real[VISIT_DAY], real[CONFIRM_LOW], real[CONFIRM_WIDTH]
    _first_seen(start, end, days, low, width, chosen, word[2], patient[FIRST], conf)
    _choose(start, end, real[EARLY_SHARE], n_early, word[1], chosen)
    _early(start, end, real[EARLY_DAY], n_early, chosen, kind, progression)
    n = _list_later(start, end, real[LATER_FLOOR], word[3], arm, kind, chosen)
    _collect(in_lanes(n), chosen, word[3], word[0])
    fill_gaps(_U(0), in_lanes(n), word[0], gap)
    mean, stable_from = real[LATER_MEAN], _I32(whole[NUMBER, STABLE_START])
    _later(n, chosen, stable_from, mean, float(whole[NUMBER, LATEST]), gap, arm, kind, conf, progression)


@loop
def draw_end(
    seed: uint64,
    replicate: uint64,
    start: uint64,
    end: uint64,
    whole: NDArray[int64],
    real: NDArray[float64],
    patient: NDArray[int32],
    word: NDArray[uint64],
    gap: NDArray[float64],
) -> None:
    """Write withdrawal, death, crossover and leaving."""
    arm, progression, withdrawal = patient[ARM], patient[PROGRESSION], patient[WITHDRAWAL]
    death_before, latest = patient[DEATH_BEFORE], float(whole[NUMBER, LATEST])
    fill_patients(seed, LEAVING, replicate, start, end, word[0], word[1])
    _leave(start, end, real[WITHDRAWAL_FLOOR], real[WITHDRAWAL_MEAN], latest, word[0], arm, withdrawal)
    _leave(start, end, real[DEATH_BEFORE_FLOOR], real[DEATH_BEFORE_MEAN], latest, word[1], arm, death_before)
    failure, off, death = patient[FAILURE], patient[OFF], patient[DEATH]
    followed, crossed, listed = patient[FOLLOWED], patient[CROSSED], patient[SPARE]
    _end_without_progression(start, end, progression, withdrawal, death_before, failure, off, death, followed, crossed)
    n = _list_progressed(start, end, progression, listed)
    _fill_listed(seed, AFTER, replicate, in_lanes(n), listed, word[0], word[1])
    fill_gaps(_U(0), in_lanes(n), word[1], gap)
    _fill_listed(seed, CROSSOVER, replicate, in_lanes(n), listed, word[2], word[3])
    cross, mean, single = real[P_CROSSOVER], real[DEATH_AFTER_MEAN], real[SINGLE]
    _after_progression(
        n,
        listed,
        cross,
        mean,
        single,
        latest,
        word[0],
        gap,
        word[2],
        word[3],
        arm,
        progression,
        off,
        death,
        followed,
        crossed,
    )
