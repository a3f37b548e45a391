"""Pages about a design that watches toxicity: they ask at its acceptable toxicity rate, or another."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from app.panels import explore, explore_moves
from app.pins import Pin
from app.service import Service, comparison, sweeps
from app.service.truths import EXPLORED
from app.settings import Settings
from app.state import State
from trialsim import load_design, run
from trialsim.inference.joint import JointRates

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
    assert len(explore_moves.answer_moving(service, state).lines) > 0
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


def exact_of(scenario: Any, truth: str, measure: str) -> float:
    """Return what `run` finds for a measure of the only arm."""
    found = [
        r
        for r in run(scenario, "exact").records
        if (r.truth, r.measure, r.given, r.look) == (truth, measure, None, None)
    ]
    return float(found[0].exact or math.nan)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("toxicity", [0.05, 0.45])
def test_explore_has_a_slider_for_toxicity(service: Service, base: str, toxicity: float) -> None:
    at_rest = State(base=base)
    known = explore_moves.fields(service, at_rest)
    assert [(one.label, one.group) for one in known if one.path == "rates.1"] == [("toxicity", "true rates")]
    assert known[0].label.endswith(": response")
    state = explore_moves.moved(at_rest, {"rates.0": 0.4, "rates.1": toxicity}, known)
    assert state.rates == (0.4, toxicity)
    scenario = service.scenario(state, *service.question(state))
    truths = {truth.name: truth for truth in scenario.truths}
    assert truths[EXPLORED].toxicity_rate == toxicity
    usual = scenario.design.toxicity.usual_rate if scenario.design.toxicity is not None else None
    assert {one.toxicity_rate for name, one in truths.items() if name != EXPLORED} <= {usual}  # as in the protocol
    page = explore.answer(service, state)
    curve = next(one for one in page.figures["operating"]["data"] if one["name"].startswith("success"))
    assert curve["y"][40] == pytest.approx(exact_of(scenario, EXPLORED, "p_reject"), abs=1e-12)
    assert f"toxicity rate of {100 * toxicity:g} %" in str(page.figures["operating"]["layout"]["meta"])
    moving = explore_moves.answer_moving(service, state).lines
    assert [list(one["y"]) for one in page.figures["operating"]["data"] if one["mode"] == "lines"] == [
        pytest.approx(line, abs=1e-6) for line in moving
    ]


def test_more_toxicity_means_less_success(service: Service) -> None:
    lines = [
        np.array(explore_moves.answer_moving(service, State(base="bryant-day-1995", rates=(0.4, toxicity))).lines[-1])
        for toxicity in (0.0, 0.2, 0.5, 1.0)
    ]
    assert all((lower <= higher + 1e-9).all() for higher, lower in pairwise(lines))
    assert lines[-1].max() < 1e-6 < 0.9 < lines[0].max()


def test_a_link_without_a_rate_of_toxicity_means_the_acceptable_one(service: Service) -> None:
    design = service.design(State(base="bryant-day-1995"))
    rates = [
        service.explored_rates(State(base="bryant-day-1995", rates=held), design) for held in ((), (0.5,), (0.5, 0.2))
    ]
    assert [tuple(one) for one in rates] == [(0.5,)] * 3
    assert [one.toxicity for one in rates if isinstance(one, JointRates)] == [(0.2,)] * 3
    assert service.explored_rates(State(base="bryant-day-1995", rates=(0.5, 0.2, 0.1)), design) == rates[0]
    plain = service.design(State(base="simon-1989-20-40"))
    assert service.explored_rates(State(rates=(0.3, 0.2)), plain) == (0.4,)


def test_cards_and_figures_say_their_toxicity(service: Service) -> None:
    page = explore.answer(service, State(base="bryant-day-1995", rates=(0.3, 0.35)))
    words = " ".join(str(page.cards).replace("\\xa0", " ").split())
    assert "true rate is 50 % and that of toxicity 20 %" in words
    assert "at 30 %, toxicity 35 % (explored)" in words
    assert "30 %; toxicity 35 %" in str(page.figures["distribution"])
    without = str(explore.answer(service, State(base="simon-1989-20-40")))
    assert "toxicity" not in without


def test_compare_takes_the_toxicity_of_the_first(service: Service) -> None:
    pins = (
        Pin("as it is", State(base="bryant-day-1995", rates=(0.4, 0.3))),
        Pin(
            "stricter", State(base="bryant-day-1995", changes=(("design.looks.first stage.toxic_if.rule.at_least", 7),))
        ),
    )
    rates = [
        {truth.name: truth.toxicity_rate for truth in scenario.truths}
        for _, scenario in comparison.scenarios(service, pins)
    ]
    assert [one[EXPLORED] for one in rates] == [0.3, 0.3]
    first, second = comparison.looked_up(service, pins)
    assert first.curves is not None
    assert second.curves is not None
    assert first.curves.truths == second.curves.truths
    assert first.curves.truths[0].toxicity == (0.3,)


def test_toxicity_can_be_swept_and_a_cell_opens_in_explore(service: Service) -> None:
    state = State(base="bryant-day-1995")
    path = f"truths.{EXPLORED}.toxicity_rate"
    assert path in [one.path for one in sweeps.fields(service, state)]


def test_what_is_the_arms_and_the_trials_stands_once(service: Service) -> None:
    design = service.design(State(base="bryant-day-1995"))
    labels = [row.label for row in service.measures(*service.at_truths(design, (0.4,)))]
    assert len(set(labels)) == len(labels) == 7
