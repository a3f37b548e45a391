"""What becomes of patients: one purpose at a time over rows of patients (docs/calendar-conduct.md, section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import uint64 as _U

from trialsim.kernels._jit import inlined, loop
from trialsim.kernels.arrivals import fill_gaps
from trialsim.kernels.clinic import (
    AFTER,
    ARM,
    BY_CONFIRMED,
    CLASS,
    CONF,
    CONFIRM_LOW,
    CONFIRM_WIDTH,
    CONFIRMED,
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
    IS_NOT_EVALUABLE,
    IS_PROGRESSIVE,
    IS_RESPONSE,
    IS_STABLE,
    KNOWN_CONFIRMED,
    LAG_LOW,
    LAG_WIDTH,
    LANES,
    LATEST,
    LEAVING,
    N_ARMS,
    N_DRAWN,
    N_EARLY_VISITS,
    N_RESPONSE_VISITS,
    NEVER,
    NO_TOXICITY,
    NOT_CROSSED,
    NUMBER,
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


_NEVER = float(2**30)
_RESPONSE, _STABLE, _PROGRESSIVE = _I32(IS_RESPONSE), _I32(IS_STABLE), _I32(IS_PROGRESSIVE)
_NOT_EVALUABLE, _NONE = _I32(IS_NOT_EVALUABLE), _I32(NOT_CROSSED)


@inlined
def _minutes(gap: float, mean: float, latest: float) -> int32:
    """Return an exponential time in whole minutes; NEVER if it is not before `latest`."""
    minutes = gap * mean
    return _I32(minutes if minutes < latest else _NEVER)


@loop
def _classify(
    start: uint64,
    end: uint64,
    word: NDArray[uint64],
    arm: NDArray[int32],
    response: NDArray[float64],
    progressive: NDArray[float64],
    missing: NDArray[float64],
    out: NDArray[int32],
) -> None:
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
    which: int32,
    stable_from: int32,
    stable_mean: float,
    response_mean: float,
    latest: float,
    gap: NDArray[float64],
    arm: NDArray[int32],
    kind: NDArray[int32],
    conf: NDArray[int32],
    out: NDArray[int32],
) -> None:
    """Write the progression of an arm's stable and responding patients; that of the others stands there already."""
    for i in range(start, end):
        c = kind[i]
        is_response = c == _RESPONSE
        lasting = _minutes(gap[i], response_mean if is_response else stable_mean, latest)
        later = _I32(min((conf[i] if is_response else stable_from) + lasting, NEVER))
        other = out[i] if c == _PROGRESSIVE else NEVER
        found = later if c <= _STABLE else other
        out[i] = found if arm[i] == which else out[i]


@loop
def _last(
    start: uint64,
    end: uint64,
    which: int32,
    mean: float,
    latest: float,
    gap: NDArray[float64],
    arm: NDArray[int32],
    out: NDArray[int32],
) -> None:
    """Write an exponential time for the patients of an arm."""
    for i in range(start, end):
        found = _minutes(gap[i], mean, latest)
        out[i] = found if arm[i] == which else out[i]


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
def _after_progression(
    start: uint64,
    end: uint64,
    seed: uint64,
    replicate: uint64,
    p_crossover: NDArray[float64],
    mean: NDArray[float64],
    single: NDArray[float64],
    latest: float,
    arm: NDArray[int32],
    progression: NDArray[int32],
    off: NDArray[int32],
    death: NDArray[int32],
    followed: NDArray[int32],
    crossed: NDArray[int32],
) -> None:
    """Write crossover, leaving and death of those who progressed on study: few, so their words are drawn singly."""
    for i in range(start, end):
        g, a = progression[i], _U(arm[i])
        if g >= NEVER:
            continue
        crossing, dying = threefry2x64(replicate, i, seed, AFTER)
        lag = _U(0)
        if unit(crossing) < p_crossover[a]:
            which, lag = threefry2x64(replicate, i, seed, CROSSOVER)
            u = unit(which)
            if u < single[CROSS_HELPED]:
                # As if there had been no progression: `_end_without_progression` wrote the rest.
                crossed[i] = _I32(CROSSED_RESPONSE if u < single[CROSS_RESPONSE] else CROSSED_STABLE)
                continue
            crossed[i] = _I32(CROSSED_FAILURE)
        dies = _I32(min(g + _minutes(minus_log(unit(dying)), mean[a], latest), NEVER))
        left = _I32(min(g + _I32(single[LAG_LOW] + unit(lag) * single[LAG_WIDTH]), dies))
        death[i], followed[i] = dies, NEVER
        off[i] = left if crossed[i] == CROSSED_FAILURE else g


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
    within: float,
    even: NDArray[uint64],
    odd: NDArray[uint64],
    arm: NDArray[int32],
    share: NDArray[float64],
    off: NDArray[int32],
    out: NDArray[int32],
) -> None:
    for i in range(start, end):
        at = _I32(unit(odd[i]) * within)
        out[i] = at if (unit(even[i]) < share[_U(arm[i])]) & (at < off[i]) else NEVER


@loop
def draw_patients(
    seed: uint64,
    replicate: uint64,
    whole: NDArray[int64],
    real: NDArray[float64],
    patient: NDArray[int32],
    word: NDArray[uint64],
    gap: NDArray[float64],
    state: NDArray[int64],
    upto: int64,
) -> None:
    """Write what becomes of the patients not drawn yet, up to number `upto` - 1; their arms are known."""
    if upto <= state[SINGLE_STATE, N_DRAWN]:
        return
    # Some patients beyond are drawn along, under whatever arm stands there; they are drawn again once theirs is known.
    start, last = _U(state[SINGLE_STATE, N_DRAWN]), _U(upto)
    end = start + ((last - start + _U(LANES // 2 - 1)) & ~_U(LANES // 2 - 1))
    state[SINGLE_STATE, N_DRAWN] = upto
    even, when, lag, later = word[0], word[1], word[2], word[3]
    arm, kind, first, conf = patient[ARM], patient[CLASS], patient[FIRST], patient[CONF]
    progression, withdrawal, death_before = patient[PROGRESSION], patient[WITHDRAWAL], patient[DEATH_BEFORE]
    n_arms = whole[NUMBER, N_ARMS]
    fill_patients(seed, RESPONSE, replicate, start, end, even, when)
    _classify(start, end, even, arm, real[P_RESPONSE], real[FROM_PROGRESSIVE], real[FROM_NOT_EVALUABLE], kind)
    fill_patients(seed, COURSE, replicate, start, end, lag, later)
    _set_never(start, end, progression)
    n_visits, n_early = whole[NUMBER, N_RESPONSE_VISITS], whole[NUMBER, N_EARLY_VISITS]
    for back in range(n_visits):
        v = n_visits - 1 - back
        share = real[VISIT_SHARE, v] if back > 0 else 2.0
        day, low, width = real[VISIT_DAY, v], real[CONFIRM_LOW, v], real[CONFIRM_WIDTH, v]
        _first_seen(start, end, day, share, low, width, when, lag, first, conf)
    for back in range(n_early):
        v = n_early - 1 - back
        _early(start, end, real[EARLY_DAY, v], real[EARLY_SHARE, v] if back > 0 else 2.0, when, progression)
    fill_gaps(start, end, later, gap)
    latest = float(whole[NUMBER, LATEST])
    stable_from = _I32(whole[NUMBER, STABLE_START])
    for a in range(n_arms):
        means = real[STABLE_MEAN, a], real[RESPONSE_MEAN, a]
        _later(start, end, _I32(a), stable_from, means[0], means[1], latest, gap, arm, kind, conf, progression)
    fill_patients(seed, LEAVING, replicate, start, end, even, when)
    fill_gaps(start, end, even, gap)
    for a in range(n_arms):
        _last(start, end, _I32(a), real[WITHDRAWAL_MEAN, a], latest, gap, arm, withdrawal)
    fill_gaps(start, end, when, gap)
    for a in range(n_arms):
        _last(start, end, _I32(a), real[DEATH_BEFORE_MEAN, a], latest, gap, arm, death_before)
    failure, off, death = patient[FAILURE], patient[OFF], patient[DEATH]
    followed, crossed = patient[FOLLOWED], patient[CROSSED]
    _end_without_progression(start, end, progression, withdrawal, death_before, failure, off, death, followed, crossed)
    cross, mean, single = real[P_CROSSOVER], real[DEATH_AFTER_MEAN], real[SINGLE]
    _after_progression(
        start, last, seed, replicate, cross, mean, single, latest, arm, progression, off, death, followed, crossed
    )
    for mode in range(2):
        at, counted = conf if mode == CONFIRMED else first, patient[BY_CONFIRMED + mode]
        last = _I32(real[VISIT_DAY, n_visits - 1])
        seen = _I32(real[VISIT_DAY, 0]), last
        gone = withdrawal, death_before
        _count_response(
            start,
            end,
            seen[0],
            seen[1],
            kind,
            at,
            progression,
            gone[0],
            gone[1],
            counted,
            patient[KNOWN_CONFIRMED + mode],
        )
    if whole[NUMBER, TOXICITY] != NO_TOXICITY:
        fill_patients(seed, TOXIC, replicate, start, end, even, when)
        _toxicity(start, end, real[SINGLE, TOXIC_WITHIN], even, when, arm, real[P_TOXICITY], off, patient[TOXICITY_AT])
