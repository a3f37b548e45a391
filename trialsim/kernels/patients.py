"""What becomes of patients: one purpose at a time over rows of patients (docs/calendar-conduct.md, section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import uint64 as _U

from trialsim.kernels._jit import inlined, loop
from trialsim.kernels.clinic import (
    AFTER,
    ARM,
    BY_CONFIRMED,
    BY_SEEN,
    CLASS,
    CONF,
    CONFIRM_LOW,
    CONFIRM_WIDTH,
    COURSE,
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
    DEATH_BEFORE_MEAN,
    EARLY_DAY,
    EARLY_SHARE,
    FAILURE,
    FIRST,
    FOLLOWED,
    FROM_NOT_EVALUABLE,
    FROM_PROGRESSIVE,
    HORIZON,
    IS_NOT_EVALUABLE,
    IS_PROGRESSIVE,
    IS_RESPONSE,
    IS_STABLE,
    KNOWN_CONFIRMED,
    KNOWN_SEEN,
    LAG_LOW,
    LAG_WIDTH,
    LEAVING,
    N_DRAWN,
    N_EARLY_VISITS,
    N_RESPONSE_VISITS,
    NEVER,
    NO_TOXICITY,
    NOT_CROSSED,
    OFF,
    P_CROSSOVER,
    P_RESPONSE,
    P_TOXICITY,
    PROGRESSION,
    RESPONSE,
    RESPONSE_MEAN,
    SINGLE,
    SINGLE_STATE,
    STABLE_MEAN,
    STABLE_START,
    TOXIC,
    TOXIC_WITHIN,
    TOXICITY,
    TOXICITY_AT,
    VISIT_DAY,
    VISIT_SHARE,
    WITHDRAWAL,
    WITHDRAWAL_MEAN,
)
from trialsim.kernels.numeric import minus_log, unit
from trialsim.kernels.rng import fill_patients, threefry2x64

if TYPE_CHECKING:
    from numpy import float64, int32, int64, uint64
    from numpy.typing import NDArray

    from trialsim.kernels.clinic import Clinic, Room

_NEVER = float(2**30)
_RESPONSE, _STABLE, _PROGRESSIVE = _I32(IS_RESPONSE), _I32(IS_STABLE), _I32(IS_PROGRESSIVE)
_NOT_EVALUABLE, _NONE = _I32(IS_NOT_EVALUABLE), _I32(NOT_CROSSED)


@inlined
def _exponential(word: uint64, mean: float) -> int32:
    """Return an exponential time in whole minutes."""
    minutes = minus_log(unit(word)) * mean
    return _I32(minutes if minutes < HORIZON else _NEVER)


@loop
def _classify(
    start: uint64, end: uint64, word: NDArray[uint64], arm: NDArray[int32], real: NDArray[float64], out: NDArray[int32]
) -> None:
    response, progressive, missing = real[P_RESPONSE], real[FROM_PROGRESSIVE], real[FROM_NOT_EVALUABLE]
    for i in range(start, end):
        u, a = unit(word[i]), _U(arm[i])
        c = _PROGRESSIVE if u >= progressive[a] else _STABLE
        c = _NOT_EVALUABLE if u >= missing[a] else c
        out[i] = _RESPONSE if u < response[a] else c


@loop
def _set_never(start: uint64, end: uint64, out: NDArray[int32]) -> None:
    for i in range(start, end):
        out[i] = NEVER


@loop
def _first_seen(
    start: uint64,
    end: uint64,
    day: float,
    share: float,
    low: float,
    width: float,
    when: NDArray[uint64],
    lag: NDArray[uint64],
    first: NDArray[int32],
    conf: NDArray[int32],
) -> None:
    """Write first response and confirmation of those whose visit is this one (or an earlier one, written later)."""
    visit = _I32(day)
    for i in range(start, end):
        is_here = unit(when[i]) < share
        confirmed = visit + _I32(low + unit(lag[i]) * width)
        first[i] = visit if is_here else first[i]
        conf[i] = confirmed if is_here else conf[i]


@loop
def _early(
    start: uint64, end: uint64, day: float, share: float, when: NDArray[uint64], progression: NDArray[int32]
) -> None:
    visit = _I32(day)
    for i in range(start, end):
        progression[i] = visit if unit(when[i]) < share else progression[i]


@loop
def _later(
    start: uint64,
    end: uint64,
    stable_from: int32,
    real: NDArray[float64],
    word: NDArray[uint64],
    arm: NDArray[int32],
    kind: NDArray[int32],
    conf: NDArray[int32],
    out: NDArray[int32],
) -> None:
    """Write the progression of stable and responding patients; that of progressive ones stands there already."""
    stable, response = real[STABLE_MEAN], real[RESPONSE_MEAN]
    for i in range(start, end):
        a, c = _U(arm[i]), kind[i]
        is_response = c == _RESPONSE
        lasting = _exponential(word[i], response[a] if is_response else stable[a])
        later = min((conf[i] if is_response else stable_from) + lasting, NEVER)
        other = out[i] if c == _PROGRESSIVE else NEVER
        out[i] = later if c <= _STABLE else other


@loop
def _leave(
    start: uint64,
    end: uint64,
    real: NDArray[float64],
    even: NDArray[uint64],
    odd: NDArray[uint64],
    arm: NDArray[int32],
    withdrawal: NDArray[int32],
    death: NDArray[int32],
) -> None:
    out, dead = real[WITHDRAWAL_MEAN], real[DEATH_BEFORE_MEAN]
    for i in range(start, end):
        a = _U(arm[i])
        withdrawal[i] = _exponential(even[i], out[a])
        death[i] = _exponential(odd[i], dead[a])


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
        off[i] = gone
        death[i] = d if d <= w else NEVER
        followed[i] = w if w < d else NEVER
        crossed[i] = _NONE


@loop
def _after_progression(
    seed: uint64,
    replicate: uint64,
    i: uint64,
    clinic: Clinic,
    patient: NDArray[int32],
) -> None:
    """Write crossover, leaving and death of a patient who progressed and was still on study."""
    real = clinic.real
    single, a, g = real[SINGLE], patient[ARM, i], patient[PROGRESSION, i]
    crossing, dying = threefry2x64(replicate, i, seed, AFTER)
    outcome = _NONE
    lag = _U(0)
    if unit(crossing) < real[P_CROSSOVER, a]:
        which, lag = threefry2x64(replicate, i, seed, CROSSOVER)
        u = unit(which)
        outcome = _I32(CROSSED_RESPONSE if u < single[CROSS_RESPONSE] else CROSSED_STABLE)
        if u >= single[CROSS_HELPED]:
            outcome = _I32(CROSSED_FAILURE)
    patient[CROSSED, i] = outcome
    if outcome == CROSSED_RESPONSE or outcome == CROSSED_STABLE:
        return  # as if there had been no progression: `_end_without_progression` wrote the rest
    death = min(g + _exponential(dying, real[DEATH_AFTER_MEAN, a]), NEVER)
    patient[DEATH, i], patient[FOLLOWED, i], patient[OFF, i] = death, NEVER, g
    if outcome == CROSSED_FAILURE:
        patient[OFF, i] = min(g + _I32(single[LAG_LOW] + unit(lag) * single[LAG_WIDTH]), death)


@loop
def _count_response(
    start: uint64,
    end: uint64,
    first_visit: int32,
    last_visit: int32,
    kind: NDArray[int32],
    when: NDArray[int32],
    progression: NDArray[int32],
    withdrawal: NDArray[int32],
    death: NDArray[int32],
    counted: NDArray[int32],
    known: NDArray[int32],
) -> None:
    """Write when a response counts, and when it is settled whether it does."""
    for i in range(start, end):
        c, t, gone = kind[i], when[i], min(withdrawal[i], death[i])
        failed = min(gone, progression[i])
        counts = (c == _RESPONSE) & (t <= progression[i]) & (t < gone)
        last = first_visit if c == _NOT_EVALUABLE else last_visit
        settled = failed if c == _RESPONSE else min(failed, last)
        counted[i] = t if counts else NEVER
        known[i] = t if counts else settled


@loop
def _toxicity(
    start: uint64,
    end: uint64,
    real: NDArray[float64],
    even: NDArray[uint64],
    odd: NDArray[uint64],
    arm: NDArray[int32],
    off: NDArray[int32],
    out: NDArray[int32],
) -> None:
    share, within = real[P_TOXICITY], real[SINGLE, TOXIC_WITHIN]
    for i in range(start, end):
        at = _I32(unit(odd[i]) * within)
        out[i] = at if (unit(even[i]) < share[_U(arm[i])]) & (at < off[i]) else NEVER


@loop
def draw_patients(
    seed: uint64, replicate: uint64, clinic: Clinic, room: Room, state: NDArray[int64], upto: int64
) -> None:
    """Write what becomes of the patients not drawn yet, up to number `upto` - 1; their arms are known."""
    number, _, real, _ = clinic
    p = room.patient
    if upto <= state[SINGLE_STATE, N_DRAWN]:
        return
    start, end = _U(state[SINGLE_STATE, N_DRAWN]), _U(upto)
    state[SINGLE_STATE, N_DRAWN] = upto
    even, when, lag, later = room.word[0], room.word[1], room.word[2], room.word[3]
    fill_patients(seed, RESPONSE, replicate, start, end, even, when)
    _classify(start, end, even, p[ARM], real, p[CLASS])
    fill_patients(seed, COURSE, replicate, start, end, lag, later)
    _set_never(start, end, p[PROGRESSION])
    n_visits, n_early = number[N_RESPONSE_VISITS], number[N_EARLY_VISITS]
    for back in range(n_visits):
        v = n_visits - 1 - back
        share = real[VISIT_SHARE, v] if back > 0 else 2.0
        day, low, width = real[VISIT_DAY, v], real[CONFIRM_LOW, v], real[CONFIRM_WIDTH, v]
        _first_seen(start, end, day, share, low, width, when, lag, p[FIRST], p[CONF])
    for back in range(n_early):
        v = n_early - 1 - back
        _early(start, end, real[EARLY_DAY, v], real[EARLY_SHARE, v] if back > 0 else 2.0, when, p[PROGRESSION])
    _later(start, end, _I32(number[STABLE_START]), real, later, p[ARM], p[CLASS], p[CONF], p[PROGRESSION])
    fill_patients(seed, LEAVING, replicate, start, end, even, when)
    _leave(start, end, real, even, when, p[ARM], p[WITHDRAWAL], p[DEATH_BEFORE])
    _end_without_progression(
        start,
        end,
        p[PROGRESSION],
        p[WITHDRAWAL],
        p[DEATH_BEFORE],
        p[FAILURE],
        p[OFF],
        p[DEATH],
        p[FOLLOWED],
        p[CROSSED],
    )
    for i in range(start, end):
        if p[PROGRESSION, i] < min(p[WITHDRAWAL, i], p[DEATH_BEFORE, i]):
            _after_progression(seed, replicate, i, clinic, p)
    first_visit, last_visit = _I32(real[VISIT_DAY, 0]), _I32(real[VISIT_DAY, n_visits - 1])
    gone = (p[PROGRESSION], p[WITHDRAWAL], p[DEATH_BEFORE])
    _count_response(start, end, first_visit, last_visit, p[CLASS], p[CONF], *gone, p[BY_CONFIRMED], p[KNOWN_CONFIRMED])
    _count_response(start, end, first_visit, last_visit, p[CLASS], p[FIRST], *gone, p[BY_SEEN], p[KNOWN_SEEN])
    if number[TOXICITY] != NO_TOXICITY:
        fill_patients(seed, TOXIC, replicate, start, end, even, when)
        _toxicity(start, end, real, even, when, p[ARM], p[OFF], p[TOXICITY_AT])
