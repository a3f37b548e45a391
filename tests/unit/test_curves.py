"""Curves over the true rate against the exact engine at one truth at a time, and against binomial tails by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from trialsim import Design, load_design, load_scenario, run
from trialsim.curves import AT_TRUTH, curves, joint, same_rate, widths
from trialsim.errors import NotSolvableError
from trialsim.inference.precision import worst
from trialsim.report.cards import cards
from trialsim.report.plots.joint_map import joint_map
from trialsim.report.plots.operating_curves import lines, operating_curves
from trialsim.report.plots.sample_size import expected, expected_size, size_distribution
from trialsim.report.plots.width_curve import width_curve

GIST = load_design("gist-imatinib")
SIMON = load_design("simon-1989-20-40")


def test_going_on_is_a_binomial_tail() -> None:
    rates = np.array([truth[0] for truth in same_rate((0.0, 0.0))])
    tail = binom.sf(2, 18, rates)
    found = curves(GIST)
    for arm in GIST.arm_names:
        np.testing.assert_allclose(found.of("p_continue", arm, "proof-of-concept"), tail, atol=1e-12)
    np.testing.assert_allclose(found.of("p_arms_continuing", None, "proof-of-concept", 2), tail**2, atol=1e-12)
    np.testing.assert_allclose(found.of("p_arms_continuing", None, "proof-of-concept", 0), (1 - tail) ** 2, atol=1e-12)


@pytest.mark.parametrize("name", ["gist", "simon-20-40"])
def test_every_measure_is_that_of_a_run(name: str) -> None:
    changes = ["conduct=null", "plans=[]"] if name == "gist" else []
    scenario = load_scenario(name, changes)
    arms = scenario.design.arm_names
    found = curves(scenario.design, [truth.rates(arms) for truth in scenario.truths], AT_TRUTH)
    records = run(scenario, engine="exact").records
    index = {(r.truth, r.measure, r.arm, r.look, r.given, r.value, r.variant): r.exact for r in records}
    compared = 0
    for key, values in found.values.items():
        for number, truth in enumerate(scenario.truths):
            assert values[number] == pytest.approx(index[truth.name, *key], abs=1e-12), key
            compared += 1
    assert compared >= 20 * len(scenario.truths)


def test_joint_is_a_product_of_tails_where_arms_are_independent() -> None:
    found = joint(GIST)
    assert found is not None
    tail = binom.sf(2, 18, found.rates)
    np.testing.assert_allclose(found.n_going_on[2], np.outer(tail, tail), atol=1e-12)
    one = np.outer(tail, 1 - tail) + np.outer(1 - tail, tail)
    np.testing.assert_allclose(found.n_going_on[1], one, atol=1e-12)
    np.testing.assert_allclose(found.n_going_on.sum(axis=0), 1.0, atol=1e-12)


def test_joint_has_the_second_arm_in_its_rows() -> None:
    data = GIST.model_dump(by_alias=True)
    data["looks"][0]["continue_if"]["rule"]["at_least"] = {"400 mg": 1, "600 mg": 6}
    data["published"] = []
    found = joint(Design.model_validate(data))
    assert found is not None
    first, second = binom.sf(0, 18, found.rates), binom.sf(5, 18, found.rates)
    np.testing.assert_allclose(found.n_going_on[2], np.outer(second, first), atol=1e-12)


def test_joint_is_for_two_arms_and_a_look_that_stops_one() -> None:
    assert joint(SIMON) is None
    data = GIST.model_dump(by_alias=True)
    data["looks"][0]["continue_if"] = None
    data["published"] = []
    assert joint(Design.model_validate(data)) is None
    assert joint(GIST, "interim") is None


def test_widths_are_those_of_precision() -> None:
    found = widths(GIST)
    assert found.chosen == 147
    assert found.distance[found.n.index(147)] == pytest.approx(0.084163, abs=1e-6)
    for n, distance, half in zip(found.n, found.distance, found.half_width, strict=True):
        assert distance == worst("clopper-pearson", n, 0.95, "distance")[0]
        assert half == worst("clopper-pearson", n, 0.95, "half-width")[0]
    assert (found.target, found.target_of) == (0.0842, "distance")


def test_a_design_that_cannot_be_solved_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trialsim.curves.why_not", lambda plan: f"{len(plan.nodes.n)} nodes are too many")
    with pytest.raises(NotSolvableError, match=r"gist-imatinib: \d+ nodes are too many"):
        curves(GIST)


def test_the_figure_draws_the_lines() -> None:
    found = curves(GIST)
    figure = operating_curves(found, (0.05, 0.3))
    drawn = lines(found)
    assert [line.name for line in drawn] == [trace.name for trace in figure.data[: len(drawn)]]
    for line, trace in zip(drawn, figure.data, strict=False):
        assert list(trace.y) == line.values.tolist()
    assert [trace.x[0] for trace in figure.data[len(drawn) :]] == [0.05, 0.3]
    assert "nothing is simulated" in figure.layout.meta["notes"][0]
    assert len({(trace.line.color, trace.line.dash) for trace in figure.data[: len(drawn)]}) == len(drawn)


def test_size_figures_draw_mean_and_distribution() -> None:
    found = curves(GIST)
    figure = expected_size(found)
    assert [list(trace.y) for trace in figure.data] == expected(found)
    rates = np.array([truth[0] for truth in found.truths])
    goes_on = binom.sf(2, 18, rates)
    np.testing.assert_allclose(figure.data[0].y, 36 + goes_on * 55 + goes_on * 56, atol=1e-9)
    at = curves(GIST, [(0.05, 0.05), (0.3, 0.3)], AT_TRUTH)
    bars = size_distribution(at, ("null", "target"))
    assert list(bars.data[0].x) == ["36", "91", "92", "147"]
    for bar in bars.data:
        assert sum(bar.y) == pytest.approx(1.0, abs=1e-12)


def test_many_totals_are_drawn_cumulatively() -> None:
    data = SIMON.model_dump(by_alias=True)
    data["published"], data["enrolment"] = [], {"cap": 60}
    rule = {"kind": "responses", "at_least": 1}
    data["looks"] = [
        *({"name": f"look {n}", "at": {"total": n}, "continue_if": {"rule": rule}} for n in range(2, 46)),
        {"name": "final", "at": "full_enrolment"},
    ]
    at = curves(Design.model_validate(data), [(0.1,)], AT_TRUTH)
    figure = size_distribution(at, ("explored",))
    heights = list(figure.data[0].y)
    assert heights == sorted(heights)
    assert heights[-1] == pytest.approx(1.0, abs=1e-12)


def test_map_and_width_show_what_they_are_given() -> None:
    found = joint(GIST)
    assert found is not None
    figure = joint_map(found, "one", (0.05, 0.3))
    np.testing.assert_array_equal(np.array(figure.data[0].z), found.n_going_on[1])
    assert (figure.data[1].x[0], figure.data[1].y[0]) == (0.05, 0.3)
    wide = width_curve(widths(GIST))
    assert list(wide.data[0].y) == list(widths(GIST).distance)
    assert "147" in wide.data[2].text[0]


def test_cards_quote_the_protocol() -> None:
    at = curves(GIST, [(0.05, 0.05), (0.3, 0.3), (0.1, 0.2)], AT_TRUTH)
    found = cards(at, ("null", "target", "explored"))
    assert [f"{card.value:.3f}" for card in found[:2]] == ["0.942", "0.060"]
    assert found[0].sentence == "If the true rate is 5 %, an arm stops at proof-of-concept"
    sizes = [card for card in found if card.unit == "patients"]
    assert [card.sentence.rpartition("(")[2] for card in sizes] == ["null)", "target)", "explored)"]
    simon = cards(curves(SIMON, [(0.2,), (0.4,)], AT_TRUTH), ("null", "target"))
    errors = {card.detail: card.value for card in simon}
    assert errors["type I error, exact"] == pytest.approx(0.0948, abs=1e-3)
    assert errors["power, exact"] > 0.90
