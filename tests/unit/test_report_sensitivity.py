"""Sensitivity: readings as they were simulated, exact grids against binomials, changes of conduct."""

from __future__ import annotations

from dataclasses import replace
from math import comb
from typing import TYPE_CHECKING

import pytest

from tests.unit.report_material import gist, grid, material, missing, row, text
from trialsim import load_design, load_scenario
from trialsim.api import READING_SIMS, in_brief, reading_cases, reading_of
from trialsim.report.calendar_tables import shown
from trialsim.report.regulatory.nuisance import AS_IT_IS, cells, exact_grid, simulated_grid
from trialsim.report.regulatory.sections import sensitivity

if TYPE_CHECKING:
    from trialsim.api import Reading
    from trialsim.report.regulatory.material import Material

PLAN = "147 patients"


@pytest.fixture(scope="module")
def read() -> Material:
    """The founding case with two of its other readings."""
    own = gist()
    wanted = ("as the protocol is read here", "enrolment held at the gate", "gate 91 days after the 36th entry")
    cases = [case for case in reading_cases(own.scenario) if case.name in wanted and case.truth.name == "inactive"]
    return replace(own, result=replace(own.result, readings=tuple(reading_of(case) for case in cases)))


def _stops(reading: Reading, arm: str) -> float:
    (found,) = [r for r in reading.records if r.measure == "p_stop" and r.arm == arm and r.given is None]
    assert found.estimate is not None
    return found.estimate


def test_in_brief_no_number_that_is_shown_differs() -> None:
    """Fewer kernels run, on the same patients; and at most so many trials are simulated."""
    scenario = load_scenario("gist", ["conduct.n_sims=60"])
    for case in reading_cases(scenario)[::7]:
        whole = set(reading_of(case).records)
        brief = set(reading_of(in_brief(case)).records)
        assert len(brief) > 100
        assert brief < whole
        assert not {r.measure for r in brief} & {"any_grade_mean", "severe_mean", "auc_mean_mean"}
    (first, *_) = reading_cases(load_scenario("gist"))
    conduct = in_brief(first).scenario.conduct
    assert conduct is not None
    assert conduct.n_sims == READING_SIMS


def test_readings_are_shown_as_they_were_simulated(read: Material) -> None:
    blocks = list(sensitivity.blocks(read))
    table = grid(blocks, "other readings of the protocol").table
    assert [cells_[0] for cells_ in table.rows] == [reading.name for reading in read.result.readings]
    for reading in read.result.readings:
        record = next(r for r in reading.records if r.measure == "p_stop" and r.arm == "600 mg" and r.given is None)
        assert row(table, reading.name)["stops 600 mg"] == shown(record)
    own = read.conducted[PLAN, "inactive", "p_stop", "600 mg", "proof-of-concept", None, None, None]
    assert row(table, "as the protocol is read here")["stops 600 mg"] == shown(own)


def test_the_reading_that_moves_most_is_named(read: Material) -> None:
    base, *others = read.result.readings
    moved = {(o.name, arm): abs(_stops(o, arm) - _stops(base, arm)) for o in others for arm in ("400 mg", "600 mg")}
    (name, arm), by = max(moved.items(), key=lambda item: item[1])
    assert by > 0.1
    sentence = (
        f'Under truth inactive, the probability of stopping of {arm} at proof-of-concept moves most with "{name}"'
    )
    assert sentence in text(sensitivity.blocks(read))


def test_readings_that_are_not_there_are_said_to_be() -> None:
    said = text(sensitivity.blocks(gist()))
    assert "names 13 other readings; they were not simulated" in said
    assert "conduct.sensitivity" in missing(sensitivity.blocks(material("simon-20-40", "n_sims=50")))
    assert missing(sensitivity.blocks(material("gehan-1961-20", "n_sims=50"))) == [
        "conduct.sensitivity",
        "design.hypotheses",
    ]


def _rejects(rate: float) -> float:
    """Simon's design: more than 3 of 17, then more than 10 of 37; every pair of results."""
    chance = 0.0
    for first in range(4, 18):
        for second in range(21):
            if first + second > 10:
                own = comb(17, first) * rate**first * (1 - rate) ** (17 - first)
                chance += own * comb(20, second) * rate**second * (1 - rate) ** (20 - second)
    return chance


@pytest.mark.parametrize(("place", "of", "rate"), [(0, "null", 0.2), (1, "target", 0.4)])
def test_exact_rates_beside_the_assumed_ones(place: int, of: str, rate: float) -> None:
    table = grid(sensitivity.blocks(material("simon-20-40", "n_sims=50")), f"beside the {of} rate").table
    for change, changed in (
        ("none", rate),
        ("true rates +5 percentage points", rate + 0.05),
        ("20 % of patients count as non-responders", 0.8 * rate),
    ):
        assert row(table, change)["null rejected, treatment"] == f"{_rejects(changed):.6f}"
    found = exact_grid(load_design("simon-1989-20-40"))
    assert found is not None
    assert found.rates[0][place] == rate
    assert exact_grid(load_design("gehan-1961-20")) is None


def test_the_unchanged_cell_is_the_run_itself() -> None:
    own = gist()
    found, refused = cells(own.scenario, PLAN, ("inactive",))
    assert refused == []
    assert found[0].name == AS_IT_IS
    (reading,) = simulated_grid(found[:1])
    for record in reading.records:
        if record.measure in ("p_stop", "p_success", "day_mean", "n_mean", "overrun_mean", "best_response_mean"):
            key = (
                PLAN,
                "inactive",
                record.measure,
                record.arm,
                record.look,
                record.given,
                record.value,
                record.variant,
            )
            assert own.conducted[key].estimate == record.estimate


def test_faster_enrolment_ends_earlier_by_that_factor() -> None:
    by_name = {cell.name: cell for cell in cells(gist().scenario, PLAN, ("calibrated",))[0]}
    days = [
        next(record.estimate for record in reading.records if record.measure == "last_entry_mean")
        for name in (AS_IT_IS, "enrolment 1.5 times as fast")
        for reading in simulated_grid([by_name[name]])
    ]
    assert days[0] is not None
    assert days[1] == pytest.approx(days[0] / 1.5, abs=0.01)


@pytest.mark.parametrize("way", ["entry_days: [1, 3, 9]", "rates: [{from_month: 0, per_month: 6}]", "per_month: 6"])
def test_every_way_of_enrolment_has_its_speeds(way: str) -> None:
    scenario = load_scenario("simon-20-40", [f"conduct={{n_sims: 5, enrolment: {{{way}}}}}"])
    found = {cell.name: cell.scenario.conduct for cell in cells(scenario, "37 patients", ("active",))[0]}
    faster, own = found["enrolment 1.5 times as fast"], scenario.conduct
    assert faster is not None
    assert own is not None
    changed, given = faster.enrolment, own.enrolment
    if given.entry_days is not None:
        assert changed.entry_days == pytest.approx([day / 1.5 for day in given.entry_days])
    elif given.rates is not None:
        assert changed.rates is not None
        assert changed.rates[0].per_month == pytest.approx(9)
    else:
        assert changed.per_month == pytest.approx(9)


def test_what_the_rates_leave_no_room_for_is_named() -> None:
    found, refused = cells(gist().scenario, PLAN, ("calibrated",))
    assert refused == [
        "20 % of patients not evaluable: was left out, since the rates of the truths leave no room for it."
    ]
    assert "20 % of patients not evaluable" not in [cell.name for cell in found]


def test_the_grid_of_conduct_shows_its_errors() -> None:
    table = grid(sensitivity.blocks(gist()), "how the trial is run").table
    assert {cells_[1] for cells_ in table.rows} == {"inactive", "active"}
    numbers = [cell for cells_ in table.rows for cell in cells_[2:] if cell not in ("", "–")]
    assert all("(" in cell for cell in numbers)
    assert "no model of how the trial is run" in text(sensitivity.blocks(material("simon-20-40", "n_sims=50")))
