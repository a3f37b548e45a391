"""The proof over the null region on random designs: its probabilities are the twin's, its claims are never wrong."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.agreement import designs as d
from tests.naive import null_region as naive
from trialsim.inference.binomial import pmf
from trialsim.proof.bernstein import coefficients
from trialsim.proof.coupling import is_falling, is_rising
from trialsim.proof.events import Event, decided, probability, why_not_decided
from trialsim.proof.null_region import prove
from trialsim.spec.design import Hypotheses

if TYPE_CHECKING:
    from trialsim.proof.bernstein import Floats
    from trialsim.proof.events import Decided
    from trialsim.proof.null_region import Way

SETTINGS = settings(
    derandomize=True,
    deadline=None,
    max_examples=14,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
SMALL = d.Shape(max_cap=(10, 6, 4), max_looks=3)
ROUNDING = 1e-12


def events_of(case: d.Case) -> list[Event]:
    """Return every event that the paths decide, of each arm, of all arms, and of all pooled."""
    n_arms = len(case.rates)
    found = [Event("reject", (n_arms,))]
    looks = range(len(case.design.looks) - 1)
    for slots in {tuple(range(n_arms)), *((arm,) for arm in range(n_arms))}:
        found += [Event("reject", slots), Event("go on", slots), *(Event("success", slots, look) for look in looks)]
    found += [Event("success", (n_arms,), look) for look in looks]
    return [event for event in sorted(found) if why_not_decided(case.plan, event) is None]


def test_probabilities_are_those_of_the_enumeration() -> None:
    seen: Counter[str] = Counter()

    @SETTINGS
    @given(d.designs(SMALL))
    def check(case: d.Case) -> None:
        trials = d.twin_trials(case)
        for event in events_of(case):
            expected = float(naive.probability(case.twin, trials, event.kind, event.slots, event.look))
            found = probability(case.plan, decided(case.plan, event), case.rates)
            assert found == pytest.approx(expected, abs=ROUNDING)
            seen[f"{event.kind}, {'pooled' if event.slots == (len(case.rates),) else 'arms'}"] += 0 < expected < 1

    check()
    assert set(seen) >= {"reject, arms", "reject, pooled", "go on, arms", "success, arms", "success, pooled"}
    assert min(seen.values()) >= 1, seen


def values(case: d.Case, verdict: Decided, rates: list[tuple[float, ...]]) -> Floats:
    """Return the polynomial at every combination of the rates of each arm: one axis per arm."""
    found = coefficients(case.plan, verdict, ((0.0, 1.0),) * len(rates))
    for own in rates:
        terms = np.stack([pmf(found.shape[0] - 1, rate) for rate in own])
        found = np.moveaxis(np.tensordot(terms, found, axes=(1, 0)), 0, -1)
    return found


def test_the_polynomial_is_the_probability() -> None:
    @SETTINGS
    @given(d.designs(SMALL))
    def check(case: d.Case) -> None:
        for event in events_of(case):
            verdict = decided(case.plan, event)
            shares = coefficients(case.plan, verdict, ((0.0, 1.0),) * len(case.rates))
            assert shares.min() >= 0.0
            assert shares.max() <= 1.0 + ROUNDING
            found = values(case, verdict, [(rate,) for rate in case.rates])
            assert found.item() == pytest.approx(probability(case.plan, verdict, case.rates), abs=ROUNDING)

    check()


def test_what_coupling_proves_is_so() -> None:
    claims: Counter[str] = Counter()

    @SETTINGS
    @given(d.designs(SMALL))
    def check(case: d.Case) -> None:
        for event in events_of(case):
            verdict = decided(case.plan, event)
            found = values(case, verdict, [(0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)] * len(case.rates))
            for arm in range(len(case.rates)):
                rises, falls = is_rising(case.plan, verdict, arm), is_falling(case.plan, verdict, arm)
                claims[f"{rises} {falls}"] += 1
                steps = np.diff(found, axis=arm)
                assert not rises or steps.min() >= -ROUNDING
                assert not falls or steps.max() <= ROUNDING

    check()
    assert claims["True False"] > 20, claims
    assert claims["True True"] > 3, claims
    assert claims["False False"] > 0, claims


@pytest.mark.parametrize(("way", "n"), [("auto", 10), ("Bernstein", 8), ("information", 3)])
def test_no_rates_in_the_region_exceed_the_bound(way: Way, n: int) -> None:
    certificates: Counter[str] = Counter()

    @settings(SETTINGS, max_examples=n)
    @given(d.designs(SMALL))
    def check(case: d.Case) -> None:
        design = case.design.model_copy(update={"hypotheses": Hypotheses(null_rate=0.3, target_rate=0.6)})
        for found in prove(design, way=way, tolerance=1e-3, max_tiles=25).statements:
            certificates[found.certificate] += 1
            verdict, arms = decided(case.plan, found.event), range(len(case.rates))
            assert all(0.0 <= found.worst[arm] <= (0.3 if arm in found.arms else 1.0) for arm in arms)
            assert found.value == pytest.approx(probability(case.plan, verdict, found.worst), abs=ROUNDING)
            assert found.value <= found.upper
            ranges = [np.linspace(0.0, 0.3 if arm in found.arms else 1.0, 16) for arm in arms]
            assert values(case, verdict, [tuple(rates.tolist()) for rates in ranges]).max() <= found.upper + ROUNDING

    check()
    assert certificates["coupling" if way == "auto" else way] > 5, certificates
