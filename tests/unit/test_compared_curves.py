"""Designs side by side: the curves and tables are those of each design by itself, and their differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from trialsim import load_design, load_scenario
from trialsim.comparison.designs import compare
from trialsim.curves import curves
from trialsim.report.plots.compared_curves import compared_curves, measures
from trialsim.report.side_by_side import side_by_side

GATE = "design.looks.proof-of-concept.at.per_arm"
PLAIN = ["conduct=null", "plans=[]"]
GIST = curves(load_scenario("gist", PLAIN).design)
LARGER = curves(load_scenario("gist", [*PLAIN, f"{GATE}=24"]).design)
SIMON = curves(load_design("simon-1989-20-40"))
GOES_ON = "P(400 mg goes on at proof-of-concept)"


def test_the_curves_are_binomial_tails_of_each_design() -> None:
    figure = compared_curves(["18", "24"], [GIST, LARGER], GOES_ON)
    rates = np.linspace(0, 1, 101)
    for trace, n in zip(figure.data, (18, 24), strict=True):
        np.testing.assert_allclose(trace.x, rates)
        np.testing.assert_allclose(trace.y, binom.sf(2, n, rates), atol=1e-12)
    assert [trace.name for trace in figure.data] == ["18", "24"]
    assert len({(trace.line.dash, trace.marker.symbol, trace.line.color) for trace in figure.data}) == 2


def test_a_difference_is_to_the_first() -> None:
    figure = compared_curves(["18", "24"], [GIST, LARGER], GOES_ON, as_difference=True)
    rates = np.linspace(0, 1, 101)
    (trace,) = figure.data
    np.testing.assert_allclose(trace.y, binom.sf(2, 24, rates) - binom.sf(2, 18, rates), atol=1e-12)
    assert figure.layout.meta["notes"][0].startswith("Each design minus 18.")


def test_what_is_not_there_is_named_not_drawn() -> None:
    figure = compared_curves(["gist", "Simon"], [GIST, SIMON], GOES_ON)
    assert [trace.name for trace in figure.data] == ["gist"]
    assert "Not drawn: Simon has no such arm" in figure.layout.meta["notes"][1]
    both = compared_curves(["gist", "Simon"], [GIST, SIMON], "expected patients")
    assert [trace.name for trace in both.data] == ["gist", "Simon"]
    np.testing.assert_allclose(both.data[1].y, SIMON.of("n_mean"))


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        compared_curves(["gist"], [GIST], "nonsense")


def test_every_measure_is_listed_once_probabilities_first() -> None:
    found = measures([GIST, SIMON])
    labels = [one.label for one in found]
    assert len(set(labels)) == len(labels)
    assert [one.is_patients for one in found] == sorted(one.is_patients for one in found)
    assert {GOES_ON, "P(all arms go on at proof-of-concept)", "P(success at interim)", "expected patients"} <= {*labels}
    own = next(one for one in found if one.label == "P(all arms go on at proof-of-concept)").values[0]
    assert own is not None
    np.testing.assert_allclose(own, binom.sf(2, 18, np.linspace(0, 1, 101)) ** 2, atol=1e-12)


def test_names_are_shown_as_they_are() -> None:
    figure = compared_curves(["<b>18</b>", "24"], [GIST, LARGER], GOES_ON)
    assert figure.data[0].name == "&lt;b&gt;18&lt;/b&gt;"


def test_exact_tables_side_by_side() -> None:
    changed = [*PLAIN, "truths=[{name: low, response_rate: 0.05}, {name: high, response_rate: 0.3}]"]
    designs = [(str(n), load_scenario("gist", [*changed, f"{GATE}={n}"])) for n in (18, 24, 30)]
    tables = side_by_side(compare(designs, "exact"))
    assert [table.title for table in tables] == ["low", "high"]
    assert tables[0].header == ["of", "measure", "A", "B", "C", "B − A", "C − A"]
    for table, rate in zip(tables, (0.05, 0.3), strict=True):
        row = next(row for row in table.rows if row[:2] == ["400 mg", "goes on at proof-of-concept"])
        tails = [binom.sf(2, n, rate) for n in (18, 24, 30)]
        wanted = [*(f"{tail:.6f}" for tail in tails), *(f"{tail - tails[0]:+.6f}" for tail in tails[1:])]
        assert row[2:] == wanted


def test_a_measure_of_one_design_alone_has_dashes() -> None:
    changed = [*PLAIN, "truths=[{name: low, response_rate: 0.05}]"]
    designs = [("gist", load_scenario("gist", changed)), ("Simon", load_scenario("simon-20-40", changed[2:]))]
    (table,) = side_by_side(compare(designs, "exact"))
    own = {(row[0], row[1]): row[2:] for row in table.rows}
    assert own["400 mg", "goes on at proof-of-concept"][1:] == ["–", "–"]
    assert own["treatment", "goes on at first stage"][0] == "–"
    assert "–" not in own["trial", "mean N"]
