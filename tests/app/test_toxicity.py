"""Pages about a design that watches toxicity: they ask at its acceptable toxicity rate, and nothing breaks."""

from __future__ import annotations

import pytest

from app.panels import explore
from app.pins import Pin
from app.service import Service, comparison
from app.settings import Settings
from app.state import State
from trialsim import load_design, run

BASES = ("bryant-day-1995", "toxicity-10-30-continuous")


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(Settings(warm=False))


@pytest.mark.parametrize("base", BASES)
def test_explore_asks_at_the_acceptable_toxicity_rate(service: Service, base: str) -> None:
    state = State(base=base, rates=(0.4,))
    design = load_design(base)
    scenario = service.scenario(state, *service.question(state))
    assert design.toxicity is not None
    assert {truth.toxicity_rate for truth in scenario.truths} == {design.toxicity.target_rate}
    assert len(explore.answer_moving(service, state).lines) > 0
    at, names = service.at_truths(design, (0.4,))
    rows = {row.label: row.values for row in service.measures(at, names)}
    exact = {
        (r.truth, r.measure): r.exact for r in run(scenario, "exact").records if r.given is None and r.look is None
    }
    assert any(
        values[names.index("explored")] == pytest.approx(exact["explored", "p_reject"]) for values in rows.values()
    )


def test_compare_asks_both_designs_at_their_acceptable_toxicity_rate(service: Service) -> None:
    pins = (
        Pin("as it is", State(base="bryant-day-1995")),
        Pin("without toxicity", State(base="simon-1989-20-40")),
        Pin(
            "stricter", State(base="bryant-day-1995", changes=(("design.looks.first stage.toxic_if.rule.at_least", 7),))
        ),
    )
    found = comparison.scenarios(service, pins)
    rates = [{truth.toxicity_rate for truth in scenario.truths} for _, scenario in found]
    assert rates == [{0.2}, {None}, {0.2}]
