"""Pictures and summaries of a sweep: the right numbers at the right places, and words that help."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trialsim
from trialsim.errors import InputError
from trialsim.report.plots.heat_map import heat_map
from trialsim.report.plots.pareto import front, pareto
from trialsim.report.plots.sweep_curves import sweep_curves
from trialsim.report.sweep_hover import shortened
from trialsim.report.sweep_html import as_html, with_notes, write_picture
from trialsim.report.sweep_measures import select, selector_of
from trialsim.report.sweep_panels import WIDTHS
from trialsim.report.sweep_table import level_text
from trialsim.report.sweep_text import summary
from trialsim.sweep.cells import CellResult, SweepResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXACT = trialsim.Record("p", "t", "p_stop", "A", "l", None, None, None, 0.5, 0.0, None, "exact", 0.5, None, False)
SIMULATED = EXACT._replace(engine="montecarlo", mcse=0.01)


def value_at(*levels: Any) -> float:
    """Return a number that no other cell of a test has."""
    return sum((index + 1) * 0.37 ** (place + 1) for place, index in enumerate(levels))


def grid(
    axes: dict[str, list[Any]],
    record: trialsim.Record = EXACT,
    fails: Callable[..., bool] = lambda *_: False,
    left_out: Callable[..., bool] = lambda *_: False,
) -> SweepResult:
    """Return a sweep whose numbers say where they belong, its cells to be read once."""

    def cells() -> Iterator[CellResult]:
        number = 0
        for places in product(*(range(len(levels)) for levels in axes.values())):
            own = tuple(levels[place] for levels, place in zip(axes.values(), places, strict=True))
            if left_out(*own):
                continue
            value = value_at(*places)
            found = (record._replace(estimate=value), record._replace(measure="n_mean", arm=None, estimate=100 * value))
            has_failed = fails(*own)
            yield CellResult(number, own, () if has_failed else found, "it is too small." if has_failed else None)
            number += 1

    return SweepResult("s", tuple(axes), cells())


def notes(figure: go.Figure) -> list[str]:
    return list(figure.layout.meta["notes"])


def maps(figure: go.Figure) -> list[go.Heatmap]:
    return [trace for trace in figure.data if trace.type == "heatmap"]


# Selectors


@pytest.mark.parametrize(
    ("text", "measure", "words"),
    [
        ("n_mean", "n_mean", ()),
        (" p_stop [ 400 mg ,proof-of-concept ] ", "p_stop", ("400 mg", "proof-of-concept")),
        ("p_pattern[400 mg + 600 mg]", "p_pattern", ("400 mg + 600 mg",)),
        ('p_stop["high, then low"]', "p_stop", ("high, then low",)),
        ("p_stop[arm [new]]", "p_stop", ("arm [new]",)),
        ("n_mean[]", "n_mean", ()),
    ],
)
def test_selectors(text: str, measure: str, words: tuple[str, ...]) -> None:
    found = selector_of(text)
    assert (found.measure, found.words) == (measure, words)


@pytest.mark.parametrize("text", ["", "[a]", "p_stop[a", "p_stop[a] b"])
def test_what_is_no_selector(text: str) -> None:
    with pytest.raises(InputError, match="write it as a name with words in brackets, such as p_stop"):
        selector_of(text)


@pytest.fixture(scope="module")
def gist() -> trialsim.Result:
    return trialsim.run(trialsim.load_scenario("gist", ["n_sims=500", "conduct.n_sims=20"]))


def chosen(result: trialsim.Result, text: str) -> trialsim.Record:
    cell = CellResult(0, (1,), result.records)
    (record,) = select(SweepResult("s", ("x",), [cell]), [text]).cells[0].records
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("n_mean[active, 147 patients, ideal]", {"arm": None, "truth": "active", "plan": "147 patients"}),
        ("n_mean[active, 147 patients, calendar]", {"arm": None, "engine": "calendar"}),
        ("p_stop[400 mg, active, 200 patients, ideal]", {"arm": "400 mg", "look": "proof-of-concept", "given": None}),
        ("p_stop[400 MG,truth=active,plan=200 patients,conduct=ideal]", {"arm": "400 mg", "engine": "montecarlo"}),
        ("n_quantile[0.95, active, 147 patients, ideal]", {"arm": None, "value": 0.95}),
        ("p_arms_continuing[2, active, 147 patients, ideal]", {"value": 2.0}),
        ("day_mean[active, 147 patients]", {"look": None}),
        ("day_mean[interim, active, 147 patients]", {"look": "interim"}),
        ("p_pattern[400 mg + 600 mg, active, 147 patients, ideal]", {"variant": "400 mg + 600 mg"}),
        ("rate_bias[600 mg, mle, continue, active, 147 patients, ideal]", {"given": "continue", "variant": "mle"}),
    ],
)
def test_a_selector_finds_the_one_number(gist: trialsim.Result, text: str, wanted: dict[str, Any]) -> None:
    found = chosen(gist, text)
    assert {field: getattr(found, field) for field in wanted} == wanted
    assert found.measure == selector_of(text).measure


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("p_stp", 'no measure "p_stp" in the sweep: did you mean "p_stop"?'),
        ("p_stop[400mg]", 'p_stop[400mg]: no p_stop has "400mg"; did you mean "400 mg"?'),
        ("p_stop[truth=activ]", 'no p_stop has this truth; did you mean "active"?'),
        ("p_stop[arm=active]", "no p_stop has this arm; accepted: 400 mg, 600 mg."),
        ("p_stop[400 mg, 600 mg]", "no p_stop has all of these at once; there are arm (400 mg, 600 mg), look"),
        ("n_mean[active, 147 patients]", "2 numbers of cell 0 match; name one of each: conduct (ideal, calendar)."),
        ("p_stop[active, 147 patients, ideal]", "2 numbers of cell 0 match; name one of each: arm (400 mg, 600 mg)."),
    ],
)
def test_a_selector_that_finds_none_or_several_says_which_there_are(
    gist: trialsim.Result, text: str, sentence: str
) -> None:
    with pytest.raises(InputError) as caught:
        chosen(gist, text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_that_mean_two_things_can_be_told_apart() -> None:
    arm = EXACT._replace(arm="active", truth="none")
    truth = EXACT._replace(arm="B", truth="active", estimate=0.7)
    result = SweepResult("s", ("x",), [CellResult(3, (1,), (arm, truth))])
    with pytest.raises(InputError, match="2 numbers of cell 3 match"):
        select(result, ["p_stop[active]"])
    assert select(result, ["p_stop[arm=active]"]).cells[0].records == (arm,)
    assert select(result, ["p_stop[truth=active]"]).cells[0].records == (truth,)
    whole = EXACT._replace(arm=None, estimate=0.9)
    both = SweepResult("s", ("x",), [CellResult(0, (1,), (whole._replace(look=None, arm="A"), whole))])
    with pytest.raises(InputError, match=r"name one of each: arm \(A, arm=none\), look \(look=none, l\)"):
        select(both, ["p_stop"])
    assert select(both, ["p_stop[arm=none]"]).cells[0].records == (whole,)


def test_a_name_may_change_from_cell_to_cell() -> None:
    records = [EXACT._replace(plan=f"{n} patients", value=float(n), arm=arm) for n, arm in ((10, "A"), (20, "B"))]
    cells = [CellResult(place, (place,), (record,)) for place, record in enumerate(records)]
    found = select(SweepResult("s", ("x",), cells), ["p_stop"])
    assert [cell.records[0] for cell in found.cells] == records
    assert found.labels == ("p_stop, l, truth t",)
    assert found.notes == ("p_stop: the arm is not the same in all cells.",)


def test_a_sweep_without_numbers_says_why() -> None:
    cells = [CellResult(0, (1,), (), "the cap is too small.")]
    with pytest.raises(InputError, match="s has no numbers to show: none in 1 cell; the first: the cap is too small"):
        select(SweepResult("s", ("x",), cells), ["p_stop"])


# Heat maps

AXES = {"n_gate": [30, 10, 20], "rate": [0.1, 0.05], "rule": ["Pocock", "linear"], "cap": list(range(7))}


def test_a_heat_map_has_every_number_at_its_place() -> None:
    figure = heat_map(grid(AXES), "p_stop", "n_gate", "rate", at={"cap": 3, "rule": "linear"})
    (own,) = maps(figure)
    assert list(own.x) == ["10", "20", "30"]
    assert list(own.y) == ["0.05", "0.1"]
    for i, n_gate in enumerate((10, 20, 30)):
        for j, rate in enumerate((0.05, 0.1)):
            wanted = value_at(AXES["n_gate"].index(n_gate), AXES["rate"].index(rate), 1, 3)
            assert own.z[j][i] == wanted
            assert f"n_gate: {n_gate}<br>rate: {rate}<br>rule: linear<br>cap: 3<br>" in own.hovertext[j][i]
            assert f"{wanted:.6g} (exact)" in own.hovertext[j][i]
            assert own.text[j][i] == f"{wanted:.3f}"
    assert figure.layout.title.text == "p_stop, A, l, truth t, p: exact"
    assert figure.layout.xaxis.title.text == "n_gate"
    assert figure.layout.yaxis.title.text == "rate"
    assert "cap is 3. rule is linear." in " ".join(notes(figure))
    assert figure.layout.coloraxis.colorscale[0] == (0.0, "#440154")  # viridis
    assert figure.layout.coloraxis.colorbar.title.text == "p_stop"


def test_few_levels_of_other_axes_are_panels_and_many_are_fixed() -> None:
    figure = heat_map(grid(AXES), "p_stop", "n_gate", "rate")
    assert [own.text for own in figure.layout.annotations] == ["<b>rule Pocock</b>", "<b>rule linear</b>"]
    assert "cap is 0, one of 7 levels." in " ".join(notes(figure))
    for rule, own in enumerate(maps(figure)):
        assert own.z[0][0] == value_at(1, 1, rule, 0)
        assert own.xaxis == ("x", "x2")[rule]
    six = heat_map(grid({**AXES, "cap": [1, 2, 3]}), "p_stop", "n_gate", "rate")
    assert len(maps(six)) == 6
    assert notes(six) == []


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_heat_map_against_brute_force(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    kinds = [
        lambda n: [f"w{i}" for i in range(n)],
        lambda n: [5 * i for i in range(n)],
        lambda n: [i / 8 for i in range(n)],
    ]
    axes = {f"a{i}": data.draw(st.permutations(data.draw(st.sampled_from(kinds))(n))) for i, n in enumerate(sizes)}
    failed = data.draw(st.integers(0, 5))
    left_out = data.draw(st.sampled_from([lambda *_: False, lambda first, *_: first in ("w1", 5, 0.125)]))
    cells = list(grid(axes, fails=lambda *own: hash(own) % 6 == failed, left_out=left_out).cells)
    if not any(cell.records for cell in cells):
        return
    x, y = data.draw(st.permutations(sorted(axes)))[:2]
    figure = heat_map(SweepResult("s", tuple(axes), cells), "p_stop", x, y)
    places = {name: place for place, name in enumerate(axes)}
    seen = set()
    for own in maps(figure):
        for j, row in enumerate(own.z):
            for i, value in enumerate(row):
                hovered = own.hovertext[j][i]
                if not hovered:
                    assert value is None
                    continue
                (cell,) = [cell for cell in cells if hovered.startswith(f"<b>cell {cell.number}</b>")]
                assert level_text(cell.levels[places[x]]) == own.x[i]
                assert level_text(cell.levels[places[y]]) == own.y[j]
                assert value == (cell.records[0].estimate if cell.records else None)
                seen.add(cell.number)
    others = [place for name, place in places.items() if name not in (x, y)]
    fixed = [place for place in others if f"{list(axes)[place]} is " in " ".join(notes(figure))]
    first = cells[0].levels
    assert seen == {cell.number for cell in cells if all(cell.levels[place] == first[place] for place in fixed)}
    n_failed = sum(cell.error is not None for cell in cells if cell.number in seen)
    assert (f"{n_failed} cell{'s' if n_failed > 1 else ''} failed (×)." in " ".join(notes(figure))) == (n_failed > 0)


def test_failed_and_left_out_cells_are_gaps_and_counted() -> None:
    result = grid(
        {"n": [1, 2, 3], "k": [1, 2, 3]}, fails=lambda n, k: n == 2 and k > 1, left_out=lambda n, k: n == 3 and k == 3
    )
    figure = heat_map(result, "p_stop", "n", "k")
    own, failed = figure.data
    assert [[value is None for value in row] for row in own.z] == [
        [False, False, False],
        [False, True, False],
        [False, True, True],
    ]
    assert list(zip(failed.x, failed.y, strict=True)) == [("2", "2"), ("2", "3")]
    assert "failed: it is too small." in failed.hovertext[0]
    assert notes(figure) == ["2 cells failed (×).", "Combinations without a cell in the sweep: 1."]


def test_cells_without_the_number_or_without_an_event_are_gaps() -> None:
    records = [EXACT, EXACT._replace(measure="other"), SIMULATED._replace(estimate=None, mcse=None)]
    cells = [CellResult(place, (place, 1), (record,)) for place, record in enumerate(records)]
    figure = heat_map(SweepResult("s", ("n", "k"), cells), "p_stop", "n", "k")
    assert list(maps(figure)[0].z[0]) == [0.5, None, None]
    assert notes(figure) == ["1 cell has no such number.", "In 1 cell no replicate met the condition."]


def test_axes_and_levels_can_be_written_as_on_the_command_line() -> None:
    axes = {"design.looks.interim.at": [20, 30], "truths.0.rate": [0.05, 36 / 73], "on": [True, False], "k": ["5", 5.5]}
    at = {"rate": "0.493151", "on": "true", "k": 5}
    curve = sweep_curves(grid(axes), "p_stop", "at", at=at)
    assert list(curve.data[0].y) == [value_at(0, 1, 0, 0), value_at(1, 1, 0, 0)]
    assert curve.layout.xaxis.title.text == "design.looks.interim.at"


@pytest.mark.parametrize(
    ("x", "y", "at", "sentence"),
    [
        ("n_gat", "rate", {}, 'the sweep has no axis "n_gat": did you mean "n_gate"?'),
        ("n_gate", "n_gate", {}, "the axis n_gate is asked for twice; show it or fix it once."),
        ("n_gate", "rate", {"rate": 0.1}, "the axis rate is asked for twice; show it or fix it once."),
        ("n_gate", "rate", {"rule": "pocok"}, 'the axis rule has no level "pocok": did you mean "Pocock"?'),
        ("n_gate", "rate", {"cap": 9}, 'the axis cap has no level "9": accepted: 0, 1, 2, 3, 4, 5, 6.'),
    ],
)
def test_axes_that_do_not_fit(x: str, y: str, at: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        heat_map(grid(AXES), "p_stop", x, y, at=at)
    assert str(caught.value) == sentence


def test_levels_that_no_cell_has_together() -> None:
    result = grid({"n": [1, 2], "k": [1, 2], "j": [1, 2]}, left_out=lambda n, k, _: n == k)
    with pytest.raises(InputError, match="the sweep has no cell where n is 2, k is 2"):
        sweep_curves(result, "p_stop", "j", at={"n": 2, "k": 2})


def test_samples_are_no_grid() -> None:
    cells = [CellResult(n, (n / 7, n * n), (EXACT,)) for n in range(100)]
    with pytest.raises(InputError, match="a heat map needs a grid, and of 10,000 combinations of a and b only 100 are"):
        heat_map(SweepResult("s", ("a", "b"), cells), "p_stop", "a", "b")


# Curves


def test_curves_have_every_number_at_its_place() -> None:
    figure = sweep_curves(grid(AXES), "p_stop", "n_gate", "rule", at={"rate": 0.05, "cap": 2})
    assert [trace.name for trace in figure.data] == ["Pocock", "linear"]
    for rule, trace in enumerate(figure.data):
        assert list(trace.x) == [10, 20, 30]
        assert list(trace.y) == [value_at(place, 1, rule, 2) for place in (1, 2, 0)]
    assert figure.layout.legend.title.text == "rule"
    assert figure.layout.title.text.endswith(": exact")
    assert {trace.line.color for trace in figure.data} == {"#0072B2", "#E69F00"}


def test_a_band_is_196_standard_errors_and_gaps_break_it() -> None:
    result = grid({"n": list(range(6))}, SIMULATED, fails=lambda n: n == 2)
    figure = sweep_curves(result, "p_stop", "n", n_sims=2500)
    band, curve = figure.data
    assert list(curve.y) == [None if n == 2 else value_at(n) for n in range(6)]
    assert list(band.x) == [0, 1, 1, 0, None, 3, 4, 5, 5, 4, 3]
    for x, y in zip(band.x, band.y, strict=True):
        assert y is None or abs(y - value_at(x)) == pytest.approx(1.96 * 0.01)
    assert [y > value_at(x) for x, y in zip(band.x[:4], band.y[:4], strict=True)] == [True, True, False, False]
    assert figure.layout.title.text.endswith(": simulated, 2,500 replicates per cell, MCSE at most 0.01")
    assert notes(figure) == ["1 cell failed.", "Band: ±1.96 Monte Carlo standard errors."]


def test_a_band_reaches_to_the_limit_where_none_was_seen() -> None:
    none = SIMULATED._replace(estimate=0.0, mcse=0.0, bound=0.004)
    every = SIMULATED._replace(estimate=1.0, mcse=0.0, bound=0.996)
    cells = [CellResult(0, (0,), (none,)), CellResult(1, (1,), (every,))]
    figure = sweep_curves(SweepResult("s", ("n",), cells), "p_stop", "n")
    assert list(figure.data[0].y) == [0.004, 1.0, 0.996, 0.0]
    assert "to the 95 % limit where the simulation saw none or all" in " ".join(notes(figure))


def test_left_out_cells_do_not_break_a_line_and_other_engines_are_told() -> None:
    result = grid({"n": [1, 2, 3]}, left_out=lambda n: n == 2)
    figure = sweep_curves(result, "p_stop", "n")
    assert list(figure.data[0].x) == [1, 3]
    mixed = [CellResult(n, (n,), ((EXACT, SIMULATED)[n % 2],)) for n in range(3)]
    figure = sweep_curves(SweepResult("s", ("n",), mixed), "p_stop", "n")
    assert "1 of 3 numbers simulated, MCSE at most 0.01" in figure.layout.title.text


def test_points_that_differ_in_another_axis_are_not_joined() -> None:
    cells = [CellResult(n, (n, n * n), (SIMULATED,)) for n in range(5)]
    figure = sweep_curves(SweepResult("s", ("a", "b"), cells), "p_stop", "a")
    (points,) = figure.data
    assert points.mode == "markers"
    assert list(points.error_y.array) == pytest.approx([1.96 * 0.01] * 5)
    assert "Each point has its own level of b." in " ".join(notes(figure))


def test_more_lines_than_can_be_told_apart_are_refused() -> None:
    figure = sweep_curves(grid({"n": [1, 2], "k": list(range(28))}), "p_stop", "n", "k")
    assert len({(trace.line.color, trace.line.dash) for trace in figure.data}) == 28
    with pytest.raises(InputError, match="the axis k has 29 levels, more than 28 lines cannot be told apart"):
        sweep_curves(grid({"n": [1, 2], "k": list(range(29))}), "p_stop", "n", "k")


# The front

values = st.integers(0, 6).map(lambda n: n / 2)
goals = st.tuples(st.sampled_from(["min", "max"]), st.sampled_from(["min", "max"]))


@given(st.lists(st.tuples(values, values), max_size=30), goals)
@settings(deadline=None)
def test_the_front_against_brute_force(points: list[tuple[float, float]], wanted: Any) -> None:
    def is_as_good(one: float, other: float, goal: str) -> bool:
        return one <= other if goal == "min" else one >= other

    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one != other and all(is_as_good(a, b, goal) for a, b, goal in zip(one, other, wanted, strict=True))

    unbeaten = {place for place, own in enumerate(points) if not any(beats(other, own) for other in points)}
    found = front(points, wanted)
    assert set(found) == unbeaten
    assert len(found) == len(unbeaten)
    assert [points[place][0] for place in found] == sorted(points[place][0] for place in found)


def test_pareto_shows_every_cell_and_joins_the_front() -> None:
    other = SIMULATED._replace(measure="n_mean")
    pairs = [(1.0, 5.0), (2.0, 2.0), (3.0, 3.0), (4.0, 1.0), (5.0, 5.0)]
    cells = [
        CellResult(
            n,
            (f"design <b>{n}</b>",),
            (SIMULATED._replace(estimate=x), other._replace(estimate=y)),
        )
        for n, (x, y) in enumerate(pairs)
    ]
    cells.append(CellResult(5, ("design 5",), (), "no."))
    figure = pareto(SweepResult("s", ("k",), cells), "p_stop", "n_mean", ("min", "min"), n_sims=100)
    others, best = figure.data
    assert list(zip(best.x, best.y, strict=True)) == [(1.0, 5.0), (2.0, 2.0), (4.0, 1.0)]
    assert sorted(zip(others.x, others.y, strict=True)) == [(3.0, 3.0), (5.0, 5.0)]
    assert best.line.shape == "hv"
    assert list(best.error_x.array) == pytest.approx([0.0196] * 3)
    assert "k: design &lt;b&gt;0&lt;/b&gt;" in best.hovertext[0]
    assert "Front: the 3 of 5 cells that no other beats" in " ".join(notes(figure))
    assert "Cell 1: 2 and 2 at k design <b>1</b>." in notes(figure)
    assert "1 cell failed." in notes(figure)
    assert figure.layout.xaxis.title.text == "p_stop, A, l, truth t, p (smaller is better)"
    assert "simulated, 100 replicates per cell, MCSE at most 0.01 and 0.01" in figure.layout.meta["title"]


def test_pareto_of_some_cells_only() -> None:
    figure = pareto(grid(AXES), "p_stop", "n_mean", ("max", "min"), at={"rule": "linear", "cap": "6"})
    assert sum(len(trace.x) for trace in figure.data) == 6
    assert figure.data[1].line.shape == "vh"
    assert figure.data[1].error_x.array is None
    with pytest.raises(InputError, match='goal "maximum": did you mean "max"'):
        pareto(grid(AXES), "p_stop", "n_mean", ("maximum", "min"))  # type: ignore[arg-type]


# Pages and files


def odd() -> SweepResult:
    axes = {"a <script>": [1, 2], "</script><b>": ["<i>x</i>", "A & B"]}
    return grid(axes, SIMULATED._replace(arm="<img src=x>", truth="a&b"), fails=lambda a, _: a == 2)


@pytest.mark.parametrize(
    "figure",
    [
        lambda: heat_map(odd(), "p_stop", "a <script>", "</script><b>"),
        lambda: sweep_curves(odd(), "p_stop", "a <script>", "</script><b>"),
        lambda: pareto(odd(), "p_stop", "n_mean", ("min", "max")),
    ],
    ids=["heat_map", "sweep_curves", "pareto"],
)
def test_a_page_needs_nothing_else_and_shows_names_as_they_are(figure: Callable[[], go.Figure]) -> None:
    page = as_html(figure())
    assert page == as_html(figure())
    own = page.partition("</style><script>")[0] + page.partition("</script></head>")[2]
    assert not re.search(r"<(script|link|img)[^>]*\b(src|href)=", own)
    for name in ("<script>a", "<i>x</i>", "<img", "a <script>", "</script><b>"):
        assert name not in own
    assert "truth a&amp;b" in own
    data = json.loads(re.search(r'id="data">(.*?)</script>', own)[1])  # type: ignore[index]
    assert [note for note in data["layout"]["meta"]["notes"] if "failed" in note]
    shown = json.dumps({key: value for key, value in data["layout"].items() if key != "meta"}) + json.dumps(
        data["data"]
    )
    assert not re.search(r"<(?!/?b>|br>)", shown)


def test_a_narrow_page_has_one_column_and_a_wide_one_three() -> None:
    figure = heat_map(grid({"x": [1, 2], "y": [1, 2], "z": list(range(5))}), "p_stop", "x", "y")
    narrow, middle, wide = figure.layout.meta["arrangements"]
    assert [own["least_width"] for own in (narrow, middle, wide)] == [0, *list(WIDTHS)[1:]]
    for own, columns in ((narrow, 1), (middle, 2), (wide, 3)):
        assert own["columns"] == columns
        layout = own["layout"]
        domains = [(layout[f"xaxis{n}.domain"], layout[f"yaxis{n}.domain"]) for n in ("", 2, 3, 4, 5)]
        for place, (x, y) in enumerate(domains):
            assert 0 <= x[0] < x[1] <= 1.0000001
            assert 0 <= y[0] < y[1] <= 1
            for other_x, other_y in domains[:place]:
                assert x[0] >= other_x[1] or x[1] <= other_x[0] or y[1] <= other_y[0]
    assert figure.layout.height > wide["layout"]["height"]  # the title; a page has its own
    assert figure.layout.xaxis.domain == tuple(wide["layout"]["xaxis.domain"])


def test_long_names_stay_different() -> None:
    assert shortened(["a" * 20, "b"], 8) == ["aaaaaaa…", "b"]
    assert shortened(["a" * 20, "a" * 21], 8) == ["1 aaaaa…", "2 aaaaa…"]


def test_static_images_need_kaleido(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = heat_map(grid({"n": [1, 2], "k": [1, 2]}), "p_stop", "n", "k")
    monkeypatch.setattr("trialsim.report.sweep_html.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"out.png: .png needs the package kaleido, which is not installed"):
        write_picture(figure, tmp_path / "out.png")
    monkeypatch.setattr("trialsim.report.sweep_html.find_spec", lambda _: True)
    monkeypatch.setattr(go.Figure, "to_image", lambda _, format, width: f"{format} {width}".encode())
    write_picture(figure, tmp_path / "out.PNG")
    assert (tmp_path / "out.PNG").read_bytes() == b"png 1200"

    def fail(*_: Any, **__: Any) -> bytes:
        raise RuntimeError("no browser")

    monkeypatch.setattr(go.Figure, "to_image", fail)
    with pytest.raises(InputError, match=r"out.svg: kaleido could not draw it \(no browser\); or name"):
        write_picture(figure, tmp_path / "out.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["out.PNG"]


def test_a_static_image_has_its_notes_and_the_figure_stays_as_it_is() -> None:
    figure = heat_map(grid(AXES), "p_stop", "n_gate", "rate")
    before = figure.to_json()
    paper = with_notes(figure)
    assert paper.layout.annotations[-1].text == "cap is 0, one of 7 levels."
    assert paper.layout.height > figure.layout.height
    assert figure.to_json() == before


@pytest.mark.parametrize(("name", "sentence"), [("a.gif", "what is .gif?"), ("a", "what is a file without a suffix?")])
def test_other_suffixes_are_refused(name: str, sentence: str, tmp_path: Path) -> None:
    figure = heat_map(grid({"n": [1, 2], "k": [1, 2]}), "p_stop", "n", "k")
    with pytest.raises(InputError, match=re.escape(sentence)):
        write_picture(figure, tmp_path / name)
    write_picture(figure, tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == as_html(figure)


def test_a_real_sweep() -> None:
    cells = []
    for number, (gate, needed) in enumerate(product((10, 18), (1, 3))):
        changes = [
            "conduct=null",
            "plans=[]",
            f"design.looks.proof-of-concept.at.per_arm={gate}",
            f"design.looks.proof-of-concept.continue_if.rule.at_least={needed}",
        ]
        result = trialsim.run(trialsim.load_scenario("gist", changes), "exact")
        cells.append(CellResult(number, (gate, needed), result.records))
    sweep = SweepResult("gist", ("n_gate", "at_least"), cells)
    (own,) = maps(heat_map(sweep, "p_stop[400 mg, inactive]", "n_gate", "at_least"))
    assert own.z[0][0] == pytest.approx(0.95**10)  # no response among 10
    assert own.z[0][1] == pytest.approx(0.95**18)
    assert own.z[1][1] == pytest.approx(0.94187107, abs=1e-8)
    assert "In all cells: plan 147 patients." in summary(sweep)


# Words


def test_a_summary_names_the_smallest_and_the_largest_values_and_their_cells() -> None:
    text = summary(grid(AXES, SIMULATED, fails=lambda _, __, rule, cap: cap == 6 and rule == "linear"), n_sims=2500)
    lines = text.splitlines()
    assert lines[0] == "Sweep s: 84 cells, 6 failed."
    told = (
        "All 156 numbers are simulated with 2,500 replicates per cell; in brackets, their Monte Carlo standard errors."
    )
    assert lines[1] == told
    assert lines[2] == "In all cells: truth t, plan p."
    assert "  n_gate: 10, 20, 30" in lines
    assert "  rule: Pocock, linear" in lines
    assert "  cap: 0, 1, 2, 3, …, 6 (7 levels)" in lines
    assert "6 failed: it is too small." in lines
    (stop,) = [line.split() for line in lines if line.startswith("p_stop, A, l ")]
    low, high = value_at(0, 0, 0, 0), value_at(2, 1, 1, 5)
    assert high > value_at(2, 1, 0, 6)
    assert (
        " ".join(stop)
        == f"p_stop, A, l {low:.6g} (0.01) 0: 30, 0.1, Pocock, 0 {high:.6g} (0.01) 82: 20, 0.05, linear, 5"
    )


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=20))
@settings(deadline=None)
def test_the_ends_of_a_summary_against_brute_force(numbers: list[int]) -> None:
    cells = [CellResult(n, (n,), (EXACT._replace(estimate=float(value)),)) for n, value in enumerate(numbers)]
    (line,) = [line for line in summary(SweepResult("s", ("x",), cells)).splitlines() if line.startswith("p_stop")]
    low, high = numbers.index(min(numbers)), numbers.index(max(numbers))
    assert line.split()[3:] == [str(min(numbers)), f"{low}:", str(low), str(max(numbers)), f"{high}:", str(high)]


def test_a_summary_is_never_longer_than_a_screen_or_two(gist: trialsim.Result) -> None:
    axes = tuple(f"design.looks.a-rather-long-name-{n}.continue_if.rule.at_least" for n in range(30))
    cells = [CellResult(n, (n,) * 30, gist.records) for n in range(2)]
    cells += [CellResult(n, (n,) * 30, (), f"reason {n}: " + "long " * 100) for n in range(2, 50)]
    lines = summary(SweepResult("s", axes, cells)).splitlines()
    assert len(lines) < 80
    assert "and 45 more reasons." in lines
    assert "  and 18 more axes" in lines
    assert [line for line in lines if line.startswith("And ") and "more measures; an export holds all" in line]
    few = [record for record in gist.records if record.measure in ("n_pmf", "pet")]
    lines = summary(SweepResult("s", ("x",), [CellResult(0, (1,), tuple(few))])).splitlines()
    assert [line for line in lines if line.startswith("n_pmf (") and "kinds)" in line]


def test_a_summary_of_nothing() -> None:
    end = ["", "There are no numbers to show."]
    assert summary(SweepResult("s", ("x",), [])).splitlines() == ["Sweep s: 0 cells.", *end]
    lines = summary(SweepResult("s", ("x",), [CellResult(0, (1,), (), "no.")])).splitlines()
    assert lines == ["Sweep s: 1 cell, 1 failed.", "", "  x: 1", "", "1 failed: no.", *end]
