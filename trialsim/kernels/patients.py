"""What becomes of patients: one purpose at a time over rows of patients (docs/calendar-conduct.md, section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int32 as _I32
from numpy import uint64 as _U

from trialsim.kernels._jit import loop
from trialsim.kernels.clinic import (
    ARM,
    BY_CONFIRMED,
    CLASS,
    CONF,
    CONFIRMED,
    COURSE,
    DEATH_BEFORE,
    FIRST,
    FROM_NOT_EVALUABLE,
    FROM_PROGRESSIVE,
    IS_NOT_EVALUABLE,
    IS_PROGRESSIVE,
    IS_RESPONSE,
    IS_STABLE,
    KNOWN_CONFIRMED,
    N_RESPONSE_VISITS,
    NEVER,
    NO_TOXICITY,
    NOT_CROSSED,
    NUMBER,
    OFF,
    P_RESPONSE,
    P_TOXICITY,
    PROGRESSION,
    RESPONSE,
    SINGLE,
    TOXIC,
    TOXIC_WITHIN,
    TOXICITY,
    TOXICITY_AT,
    VISIT_DAY,
    WITHDRAWAL,
)
from trialsim.kernels.course import draw_end, draw_progression
from trialsim.kernels.numeric import unit
from trialsim.kernels.order import in_lanes
from trialsim.kernels.rng import fill_patients

if TYPE_CHECKING:
    from numpy import float64, int32, int64, uint64
    from numpy.typing import NDArray


_NEVER = float(2**30)
_RESPONSE, _STABLE, _PROGRESSIVE = _I32(IS_RESPONSE), _I32(IS_STABLE), _I32(IS_PROGRESSIVE)
_NOT_EVALUABLE, _NONE = _I32(IS_NOT_EVALUABLE), _I32(NOT_CROSSED)


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
    first_patient: int64,
    n: int64,
) -> None:
    """Write what becomes of patients `first_patient` … `n` - 1; their arms are known."""
    if n <= first_patient:
        return
    start = _U(first_patient)
    end = start + in_lanes(n - first_patient)
    arm, kind = patient[ARM], patient[CLASS]
    fill_patients(seed, RESPONSE, replicate, start, end, word[0], word[1])
    _classify(start, end, word[0], arm, real[P_RESPONSE], real[FROM_PROGRESSIVE], real[FROM_NOT_EVALUABLE], kind)
    fill_patients(seed, COURSE, replicate, start, end, word[2], word[3])
    draw_progression(start, end, whole, real, patient, word, gap)
    draw_end(seed, replicate, start, end, whole, real, patient, word, gap)
    progression, withdrawal, death_before = patient[PROGRESSION], patient[WITHDRAWAL], patient[DEATH_BEFORE]
    visits = _I32(real[VISIT_DAY, 0]), _I32(real[VISIT_DAY, whole[NUMBER, N_RESPONSE_VISITS] - 1])
    for mode in range(2):
        at = patient[CONF if mode == CONFIRMED else FIRST]
        counted, known = patient[BY_CONFIRMED + mode], patient[KNOWN_CONFIRMED + mode]
        _count_response(
            start, end, visits[0], visits[1], kind, at, progression, withdrawal, death_before, counted, known
        )
    if whole[NUMBER, TOXICITY] != NO_TOXICITY:
        fill_patients(seed, TOXIC, replicate, start, end, word[0], word[1])
        within, shares = real[SINGLE, TOXIC_WITHIN], real[P_TOXICITY]
        _toxicity(start, end, within, word[0], word[1], arm, shares, patient[OFF], patient[TOXICITY_AT])
