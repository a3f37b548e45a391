"""What is seen beside the course of a trial: adverse events, performance status, exposure.

What is not asked for costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trialsim.columns import EXPOSURE, Column, bedside_columns
from trialsim.inference.copula import thresholds
from trialsim.spec.conduct.checks import by_arm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.spec.conduct import Conduct
    from trialsim.spec.conduct.safety import AdverseEvents
    from trialsim.spec.conduct.status import Exposure

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class AdverseLaw(NamedTuple):
    """Thresholds (2, arms, events) and loadings (4,) of the copula."""

    threshold: Floats
    loading: Floats


class ExposureLaw(NamedTuple):
    """Lognormal laws and sampling of `kernels.exposure`."""

    n_first: int
    mu: Floats
    law: Floats
    hours: tuple[float, ...]


class StatusLaw(NamedTuple):
    """Cumulative shares at baseline (states,) and later (states, states)."""

    base: Floats
    later: Floats


class Bedside(NamedTuple):
    """The laws that a scenario asks for."""

    n_arms: int
    adverse: AdverseLaw | None
    status: StatusLaw | None
    exposure: ExposureLaw | None

    def columns(self) -> list[Column]:
        """Return the columns of `watch`."""
        n_events = self.adverse.threshold.shape[2] if self.adverse is not None else 0
        n_states = len(self.status.base) if self.status is not None else 0
        return bedside_columns(self.n_arms, n_events, n_states, has_exposure=self.exposure is not None)

    def watch(self, seed: int, first: int, arm: NDArray[np.int8]) -> Ints:
        """Return the columns of trials `first`, `first` + 1, …, whose patients have these arms (-1: not enrolled)."""
        n_patients, begin, address = arm.shape[1], np.uint64(first), np.uint64(seed)
        parts = [np.zeros((len(arm), 0), np.int64)]
        if self.adverse is not None:
            from trialsim.kernels.adverse import adverse_room, count_adverse

            width = (2 * self.adverse.threshold.shape[2] + 2) * (self.n_arms + 1)
            parts.append(np.zeros((len(arm), width), np.int64))
            word, real, start = adverse_room(self.n_arms, n_patients)
            count_adverse(address, begin, arm, *self.adverse, word, real, start, parts[-1])
        if self.status is not None:
            from trialsim.kernels.status import count_status, status_room

            parts.append(np.zeros((len(arm), 2 * len(self.status.base)), np.int64))
            count_status(address, begin, arm, *self.status, *status_room(n_patients), parts[-1])
        if self.exposure is not None:
            parts.append(self._expose(address, begin, arm))
        return np.hstack(parts)

    def _expose(self, seed: np.uint64, first: np.uint64, arm: NDArray[np.int8]) -> Ints:
        from trialsim.kernels.exposure import exposure_room, sampling_plan, summarise_exposure

        assert self.exposure is not None
        n_first, mu, law, hours = self.exposure
        out = np.zeros((len(arm), len(EXPOSURE) * self.n_arms), np.int64)
        plan = sampling_plan(hours, law[3], law[4])
        room = exposure_room(self.n_arms, arm.shape[1])
        summarise_exposure(seed, first, arm, np.int64(n_first), mu, law, plan, *room, out)
        return out


def bedside_of(arms: tuple[str, ...], conduct: Conduct) -> Bedside:
    """Return the laws of a conduct."""
    status = conduct.performance_status
    return Bedside(
        len(arms),
        _adverse(arms, conduct.adverse_events) if conduct.adverse_events is not None else None,
        StatusLaw(np.cumsum(status.baseline), np.cumsum(status.transition, axis=1)) if status is not None else None,
        _exposure(arms, conduct.exposure) if conduct.exposure is not None else None,
    )


def _adverse(arms: tuple[str, ...], given: AdverseEvents) -> AdverseLaw:
    p_any = np.array([by_arm(event.any_grade, arms) for event in given.events]).T
    p_severe = np.array([by_arm(event.severe, arms) for event in given.events]).T
    rho, rho_severe = given.correlation.any_grade, given.correlation.severe
    t_any, t_severe = thresholds(p_any, p_severe, rho, rho_severe)
    loading = np.sqrt([rho, 1 - rho, rho_severe, 1 - rho_severe])
    return AdverseLaw(np.ascontiguousarray(np.stack([t_any, t_severe])), loading)


def _exposure(arms: tuple[str, ...], given: Exposure) -> ExposureLaw:
    dose = np.array(by_arm(given.dose, arms), np.float64) / given.reference_dose
    sigma = float(np.sqrt(np.log1p((given.auc_sd / given.auc_mean) ** 2)))
    sigma_half = float(np.sqrt(np.log1p(given.half_life_cv**2)))
    mu = np.log(given.auc_mean * dose) - sigma**2 / 2
    mu_half = float(np.log(given.half_life_hours)) - sigma_half**2 / 2
    law = np.array([sigma, mu_half, sigma_half, given.absorption_per_hour, given.interval_hours])
    return ExposureLaw(given.patients_per_arm or 0, mu, law, given.sample_hours)
