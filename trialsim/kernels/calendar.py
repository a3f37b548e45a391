"""Trials as they are run, one after another (docs/calendar-conduct.md).

A trial reads nothing but its own addresses, so neither block nor order can change it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy import int8 as _I8
from numpy import uint64 as _U

from trialsim.kernels._jit import borrowed, kernel
from trialsim.kernels.clinic import ARM, HAS_SURVIVAL, N_ARMS, N_ENROLLED, N_LOOKS, NUMBER, SINGLE_STATE
from trialsim.kernels.closing import write_final, write_survival
from trialsim.kernels.conduct import conduct

if TYPE_CHECKING:
    from numpy import int64, uint64

    from trialsim.kernels.clinic import Book, Clinic, Room


@kernel
def simulate_calendar(seed: uint64, first: uint64, n_trials: int64, clinic: Clinic, room: Room, book: Book) -> None:
    """Simulate trials `first` … `first` + `n_trials` - 1 and write their columns (and the arms of their patients).

    Parameters
    ----------
    seed, first, n_trials
        Which trials.
    clinic
        The compiled trial.
    room
        From `clinic.room`; its contents do not matter. Afterwards `room.patient` holds the patients of the last trial.
    book
        Filled in place, one row per trial, in the order of `trialsim.columns`.
    """
    whole, real, bound = borrowed(clinic.whole), borrowed(clinic.real), borrowed(clinic.bound)
    patient, word, gap, state = borrowed(room.patient), borrowed(room.word), borrowed(room.gap), borrowed(room.state)
    key, curve = borrowed(room.key), borrowed(room.curve)
    column, arm = borrowed(book.column), borrowed(book.arm)
    n_arms = whole[NUMBER, N_ARMS]
    at = whole[NUMBER, N_LOOKS] * (2 + 5 * (n_arms + 1) + n_arms + n_arms + 1)
    for t in range(n_trials):
        out = column[t]
        cutoff, last_stop = conduct(seed, first + _U(t), whole, real, bound, patient, word, gap, state, out)
        written = write_final(whole, bound, patient, state, cutoff, last_stop, out[at:])
        if whole[NUMBER, HAS_SURVIVAL]:
            write_survival(whole, real, patient, state, key, curve, cutoff, out[at + written :])
        if arm.shape[0] > 0:
            n = state[SINGLE_STATE, N_ENROLLED]
            for i in range(arm.shape[1]):
                arm[t, i] = _I8(patient[ARM, i] if i < n else -1)
