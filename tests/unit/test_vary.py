"""The `vary:` block and the grid it stands for: cells, conditions, samples, and the scenario that each cell is."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tracemalloc
from decimal import Decimal
from math import prod
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import trialsim
from trialsim import InputError, Scenario
from trialsim.report.explain_sweep import sweep_paragraph
from trialsim.spec.schema import schema_of
from trialsim.spec.shipped import shipped_folder, shipped_names
from trialsim.spec.vary import FIRST_PARTS, RESERVED, Vary, variants, where
from trialsim.spec.vary.axis import Axis
from trialsim.spec.vary.measures import known_measures
from trialsim.spec.vary.points import Point, Points
from trialsim.spec.vary.variants import Variants
from trialsim.spec.vary.where import Condition
from trialsim.sweep.grid import MAX_GROUP, Grid, grid_of
from trialsim.sweep.sampling import shares

FIRST, SECOND = "truths.0.response_rate", "truths.1.response_rate"
GATE, NEEDED = "design.looks.0.at.per_arm", "design.looks.0.continue_if.rule.at_least"


def scenario(vary: Any, **changes: Any) -> Scenario:
    """Return a scenario of two arms and two truths with a sweep."""
    looks = [
        {"name": "gate", "at": {"per_arm": 6}, "continue_if": {"rule": {"kind": "responses", "at_least": 1}}},
        {"name": "final", "at": "full_enrolment"},
    ]
    design = {
        "schema": "trialsim.design/1",
        "name": "two-arms",
        "arms": [{"name": "A"}, {"name": "B"}],
        "enrolment": {"cap": 40},
        "looks": looks,
    }
    truths = [{"name": "low", "response_rate": 0.1}, {"name": "high", "response_rate": 0.4}]
    data = {"schema": "trialsim.scenario/1", "name": "question", "design": design, "truths": truths}
    return Scenario.model_validate({**data, **changes, "vary": vary})


def grid(vary: Any, **changes: Any) -> Grid:
    return grid_of(scenario(vary, **changes))


def levels(found: Grid) -> list[tuple[Any, ...]]:
    return [cell.levels for cell in found]


# Combinations against brute force

AXES = st.lists(
    st.one_of(
        st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True),
        st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(1, 3)),
    ),
    min_size=1,
    max_size=4,
)
PATHS = ("seed", FIRST, "n_sims", SECOND)
"""Truths are not the last, so that groups change the order."""


def _block(axes: list[Any]) -> tuple[dict[str, Any], list[list[int]]]:
    """Return the axes as they are written, and their values."""
    written: dict[str, Any] = {}
    values = []
    for name, path, axis in zip("abcd", PATHS, axes, strict=False):
        if isinstance(axis, list):
            written[path] = {"as": name, "values": axis}
            values.append(axis)
        else:
            low, width, step = axis
            written[path] = {"as": name, "from": low, "to": low + width, "step": step}
            values.append(list(range(low, low + width + 1, step)))
    return written, values


CONDITIONS = (
    "{0} + {1} <= 9",
    "{0} != {1} or {0} > 3",
    "not {0} in [1, 2, 3]",
    "{0} % 2 == {1} // 2 % 2",
    "{0} <= {1}",
)


@given(AXES, st.lists(st.tuples(st.sampled_from(CONDITIONS), st.integers(0, 3), st.integers(0, 3)), max_size=3))
@settings(derandomize=True, deadline=None, max_examples=150)
def test_a_product_is_that_of_itertools_where_the_conditions_hold(axes: list[Any], chosen: list[Any]) -> None:
    block, values = _block(axes)
    names = "abcd"[: len(values)]
    texts = [text.format(names[one % len(names)], names[other % len(names)]) for text, one, other in chosen]
    rows = Vary.model_construct(
        axes={key: Axis.model_validate(axis) for key, axis in block.items()}, where=texts
    ).rows()
    expected = [
        row
        for row in itertools.product(*values)
        if all(eval(text, {}, dict(zip(names, row, strict=True))) for text in texts)
    ]
    assert [tuple(point.level for point in row) for row in rows] == expected
    assert rows.count() == len(expected)
    assert rows.n_raw == prod(map(len, values))


@given(AXES, st.lists(st.tuples(st.sampled_from(CONDITIONS), st.integers(0, 3), st.integers(0, 3)), max_size=2))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_groups_hold_every_cell_once_and_keep_its_number(axes: list[Any], chosen: list[Any]) -> None:
    block, values = _block(axes)
    names = "abcd"[: len(values)]
    texts = [text.format(names[one % len(names)], names[other % len(names)]) for text, one, other in chosen]
    vary = Vary.model_construct(axes={key: Axis.model_validate(axis) for key, axis in block.items()}, where=texts)
    found = Grid(scenario(None), vary)
    groups = list(found.groups())
    cells = [cell for group in groups for cell in group.cells]
    assert sorted(cells) == list(found)
    assert [cell.number for cell in found] == list(range(len(found)))
    keys = [group.key for group in groups]
    assert len(set(keys)) == len(keys)
    outer = [index for index, path in enumerate(vary.axes) if not path.startswith("truths.")]
    for group in groups:
        assert {tuple(cell.levels[axis] for axis in outer) for cell in group.cells} == {group.key}


def test_a_large_group_comes_in_parts() -> None:
    found = grid({FIRST: {"from": 0.0, "to": 1.0, "step": 0.0005}, "seed": [1, 2]})
    groups = list(found.groups())
    assert [len(group.cells) for group in groups] == [MAX_GROUP, 2001 - MAX_GROUP] * 2
    assert [group.key for group in groups] == [(1,), (1,), (2,), (2,)]


def test_whole_lists_of_truths_are_truths_too() -> None:
    truths = {"levels": {"one": [{"name": "a", "response_rate": 0.1}], "other": [{"name": "b", "response_rate": 0.3}]}}
    found = grid({"truths": truths, "seed": [1, 2]})
    assert [(group.key, [cell.number for cell in group.cells]) for group in found.groups()] == [
        ((1,), [0, 2]),
        ((2,), [1, 3]),
    ]
    assert [found.scenario(cell).truths[0].name for cell in found] == ["a", "a", "b", "b"]


def test_zip_takes_values_together() -> None:
    block = {GATE: [4, 6, 6, 8], NEEDED: {"as": "needed", "from": 0, "to": 3}, FIRST: [0.1, 0.1, 0.2, 0.1]}
    found = grid({**block, "combine": "zip"})
    assert levels(found) == [(4, 0, 0.1), (6, 1, 0.1), (6, 2, 0.2), (8, 3, 0.1)]
    assert len(found) == 4
    kept = grid({**block, "combine": "zip", "where": "per_arm >= 3 * needed"})
    assert [(cell.number, cell.levels[1]) for cell in kept] == [(0, 0), (1, 1), (2, 2)]
    assert len(kept) == 3
    assert [group.key for group in kept.groups()] == [(4, 0), (6, 1), (6, 2)]


def test_the_last_axis_moves_fastest() -> None:
    assert levels(grid({"seed": [2, 1], FIRST: [0.3, 0.2]})) == [(2, 0.3), (2, 0.2), (1, 0.3), (1, 0.2)]


# Points


@given(st.integers(-5000, 5000), st.integers(0, 300), st.integers(1, 500), st.integers(1, 4))
@settings(derandomize=True, deadline=None)
def test_decimal_steps_land_on_decimals(first: int, n_steps: int, step: int, digits: int) -> None:
    unit = Decimal(1).scaleb(-digits)
    expected = [float((first + number * step) * unit) for number in range(n_steps + 1)]
    ends = {"from": expected[0], "to": expected[-1], "step": float(step * unit)}
    points = Points(Axis.model_validate(ends))
    assert [points[number].level for number in range(points.n)] == expected


def test_rates_of_the_shipped_sweep_are_as_they_are_written() -> None:
    found = sorted({cell.levels[3] for cell in grid_of(trialsim.load_scenario("gist-sweep"))})
    assert repr(found) == "[0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6]"


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        ({"from": 10, "to": 12}, [10, 11, 12]),
        ({"from": 1, "to": 8, "step": 3}, [1, 4, 7]),
        ({"from": 5, "to": 5}, [5]),
        ({"from": 0, "to": 0.3, "step": 0.1}, [0.0, 0.1, 0.2, 0.3]),
        ({"from": 1e3, "to": 3e3, "step": 1e3}, [1000.0, 2000.0, 3000.0]),
        ({"from": 10**18, "to": 10**18 + 1}, [10**18, 10**18 + 1]),
        ({"from": 1e-7, "to": 3e-7, "step": 1e-7}, [1e-7, 2e-7, 3e-7]),
        ([True, "a", 2, 0.5], [True, "a", 2, 0.5]),
        (
            {"levels": {"147": [1], "0.5": 2, "1e3": None, "all at once": {"a": 1}, "1/2": 0}},
            [147, 0.5, 1000.0, "all at once", "1/2"],
        ),
    ],
)
def test_points_of_an_axis(axis: Any, expected: list[Any]) -> None:
    points = Points(Axis.model_validate(axis))
    found = [points[number].level for number in range(points.n)]
    assert found == expected
    assert [type(level) for level in found] == [type(level) for level in expected]


def test_a_label_shows_a_value_of_any_kind() -> None:
    cap = {"as": "n_max", "levels": {"30": {"A": 15, "B": 15}, "40": 40}}
    found = grid({"design.enrolment.cap": cap, "where": "n_max > 30"})
    assert [(cell.levels, cell.values) for cell in found] == [((40,), (40,))]
    both = list(grid({"design.enrolment.cap": cap}))
    assert [cell.values[0] for cell in both] == [{"A": 15, "B": 15}, 40]


@given(st.floats(0, 1, exclude_max=True))
@settings(derandomize=True, deadline=None)
def test_shares_stay_within_an_axis(share: float) -> None:
    for axis in (
        {"from": 0.2, "to": 0.3},
        {"from": 1e-6, "to": 1e6, "scale": "log"},
        {"from": 3, "to": 17},
        {"from": 1, "to": 10**6, "scale": "log"},
        {"from": 0.1, "to": 0.7, "step": 0.2},
    ):
        point = Points(Axis.model_validate(axis)).at_share(share)
        assert axis["from"] <= point.level <= axis["to"]
        assert type(point.level) is (int if isinstance(axis["from"], int) else float)


def test_shares_are_equal_among_listed_points_and_even_in_the_logarithm() -> None:
    even = [(number + 0.5) / 12_000 for number in range(12_000)]
    for axis in (
        ["a", "b", "c"],
        {"from": 1, "to": 3},
        {"from": 0.1, "to": 0.3, "step": 0.1},
        {"levels": {"x": 1, "y": 2, "z": 3}},
    ):
        points = Points(Axis.model_validate(axis))
        found = [points.at_share(share).level for share in even]
        assert [found.count(points[number].level) for number in range(3)] == [4000] * 3
    decades = Points(Axis.model_validate({"from": 0.001, "to": 1.0, "scale": "log"}))
    found = [decades.at_share(share).level for share in even]
    assert [sum(low < value < 10 * low for value in found) for low in (0.001, 0.01, 0.1)] == [4000] * 3
    whole = Points(Axis.model_validate({"from": 1, "to": 7, "scale": "log"}))
    found = [whole.at_share(share).level for share in even]
    assert [found.count(1), found.count(2) + found.count(3), sum(map(found.count, (4, 5, 6, 7)))] == [4000] * 3


# Samples

SAMPLED = ("random", "latin-hypercube", "sobol")
RANGES: dict[str, Any] = {
    FIRST: {"as": "rate", "from": 0.05, "to": 0.60},
    GATE: {"as": "n_gate", "from": 3, "to": 18},
    "n_sims": {"as": "n_sims", "from": 100, "to": 100_000, "scale": "log"},
    "design.enrolment.when_arm_stops": {"as": "when", "values": ["arm_cap", "refill"]},
}


@pytest.mark.parametrize("combine", SAMPLED)
def test_samples_are_those_of_the_seed_and_in_bounds(combine: str) -> None:
    found = grid({**RANGES, "combine": combine, "samples": 200}, seed=7)
    assert len(found) == 200
    assert levels(found) == levels(grid({**RANGES, "combine": combine, "samples": 200}, seed=7))
    assert levels(found) != levels(grid({**RANGES, "combine": combine, "samples": 200}, seed=8))
    rates, gates, n_sims, when = zip(*levels(found), strict=True)
    assert 0.05 <= min(rates) < 0.10 < 0.55 < max(rates) <= 0.60
    assert len(set(rates)) == 200
    assert set(gates) == set(range(3, 19))
    assert 100 <= min(n_sims) < 1_000 < 10_000 < max(n_sims) <= 100_000
    assert {type(n) for n in n_sims} == {int}
    assert abs(when.count("refill") - 100) < 30


def test_each_part_of_a_latin_hypercube_has_one_sample() -> None:
    rates = [cell.levels[0] for cell in grid({**RANGES, "combine": "latin-hypercube", "samples": 110})]
    assert sorted(int((rate - 0.05) / 0.005) for rate in rates) == list(range(110))


def test_sobol_points_are_those_of_scipy_and_balanced() -> None:
    from scipy.stats import qmc

    expected = qmc.Sobol(3, scramble=True, rng=np.random.default_rng(5)).random_base2(7)
    assert np.array_equal(shares("sobol", 128, 3, seed=5), expected)
    assert [np.bincount((8 * column).astype(int)).tolist() for column in expected.T] == [[16] * 8] * 3


@pytest.mark.parametrize("combine", ["random", "sobol"])
def test_more_samples_begin_with_the_same(combine: str) -> None:
    fewer, more = (shares(combine, n, 3, seed=1) for n in (100, 70_000))
    assert np.array_equal(fewer, more[:100])
    assert 0 <= more.min() < more.max() < 1


def test_samples_that_a_condition_excludes_have_no_number() -> None:
    block = {**RANGES, "combine": "sobol", "samples": 256}
    everything = levels(grid(block))
    found = grid({**block, "where": "rate < 0.3 and n_gate >= 10"})
    assert levels(found) == [row for row in everything if row[0] < 0.3 and row[1] >= 10]
    assert [cell.number for cell in found] == list(range(len(found)))
    assert 0 < len(found) < 256
    with pytest.raises(InputError, match=r"^question, vary.where: the grid is empty: none of its 256 samples"):
        grid({**block, "where": "rate > 0.7"})


# Conditions

_NUMBERS = st.one_of(st.sampled_from(["a", "b"]), st.integers(0, 5).map(str), st.sampled_from(["0.5", "2.25"]))
_SUMS = st.recursive(
    _NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(st.sampled_from(["abs", "round"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        inner.map(lambda text: f"-{text}"),
    ),
    max_leaves=5,
)
_COMPARED = st.one_of(
    st.tuples(_SUMS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _SUMS).map(" ".join),
    st.tuples(_SUMS, _SUMS, _SUMS).map(lambda t: f"{t[0]} < {t[1]} <= {t[2]}"),
    st.tuples(_SUMS, st.sampled_from(["in", "not in"])).map(lambda t: f"{t[0]} {t[1]} [0, 1, a]"),
)
_TEXTS = st.recursive(
    _COMPARED,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({' '.join(t)})"),
        inner.map(lambda text: f"not ({text})"),
    ),
    max_leaves=3,
)


@given(_TEXTS, st.integers(-3, 3), st.sampled_from([-1.5, 0.0, 0.25, 2.0]))
@settings(derandomize=True, deadline=None, max_examples=150)
def test_a_condition_says_what_python_says(text: str, a: int, b: float) -> None:
    if not {"a", "b"} & set(text.replace("abs", "").replace("and", "").replace("max", "")):
        return
    row = (Point(a, a), Point(b, b))
    condition = Condition(text, {"a": 0, "b": 1})
    try:
        expected = eval(text, {}, {"a": a, "b": b})
    except ZeroDivisionError:
        with pytest.raises(ValueError, match="divides by zero where"):
            condition.holds(row)
    else:
        assert condition.holds(row) is expected
        assert condition.holds(row) is expected  # remembered


def test_words_fractions_and_truth_values_in_conditions() -> None:
    block = {
        "design.enrolment.when_arm_stops": {"as": "when", "values": ["arm_cap", "refill"]},
        FIRST: ["1/20", "3/10"],
    }
    assert levels(grid({**block, "where": 'when == "refill" and response_rate > 0.1'})) == [("refill", "3/10")]
    assert levels(grid({**block, "where": "when in ['refill', 'stop'] and true"})) == [
        ("refill", "1/20"),
        ("refill", "3/10"),
    ]
    assert levels(grid({**block, "where": ["when != 'refill'", "response_rate == 3 / 10"]})) == [("arm_cap", "3/10")]


def test_names_in_conditions() -> None:
    block = {GATE: [4, 6], NEEDED: {"as": "needed", "values": [1, 5]}, FIRST: [0.1], SECOND: [0.2], "seed": [3, 4]}
    assert len(grid({**block, "where": "per_arm > needed and seed == 3"})) == 3
    with pytest.raises(ValueError, match='uses the name "response_rate", which no axis has'):
        grid({**block, "where": "response_rate > 0"})
    with pytest.raises(ValueError, match='uses the name "at_least", which no axis has'):
        grid({**block, "where": "at_least > 0"})


def test_conditions_are_counted_without_walking_through_what_they_do_not_name() -> None:
    block = {
        "seed": {"from": 1, "to": 1000},
        GATE: {"as": "n_gate", "from": 1, "to": 20},
        FIRST: {"from": 0.0, "to": 1.0, "step": 0.001},
        NEEDED: {"as": "needed", "from": 0, "to": 5},
        "n_sims": {"from": 1, "to": 8},
        "where": ["needed <= n_gate", "n_sims % 2 == 1"],
        "max_cells": 10**9,
    }
    found = grid(block)
    assert found._rows.n_asked() == 20 * 6 + 8  # type: ignore[union-attr]
    assert len(found) == 1000 * 1001 * 4 * sum(min(n, 5) + 1 for n in range(1, 21))
    assert next(iter(found)).levels == (1, 1, 0.0, 0, 1)
    with pytest.raises(
        ValueError, match=r"max_cells \| the grid has 960,960,000 cells, more than the 1,000,000 accepted"
    ):
        grid({**block, "max_cells": 10**6})


# Memory and speed


@pytest.mark.parametrize("order", [("seed", FIRST), (FIRST, "seed")])
@pytest.mark.parametrize("texts", [[], ["round(200 * rate) != seed"]])
@pytest.mark.long
def test_memory_is_flat(order: tuple[str, str], texts: list[str]) -> None:
    axes = {
        "seed": {"from": 1, "to": 100},
        FIRST: {"as": "rate", "from": 0.0, "to": 0.995, "step": 0.005},
    }
    found = grid({**{path: axes[path] for path in order}, "where": texts})
    next(found.groups())
    tracemalloc.start()
    try:
        n_cells = sum(1 for _ in found)
        n_in_groups = sum(len(group.cells) for group in found.groups())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert n_cells == n_in_groups == len(found) == 20_000 - (100 if texts else 0)
    assert peak < (3_000_000 if texts else 500_000)  # 20,000 cells would take 6 MB; a condition keeps its answers


def test_a_design_is_read_once_per_group() -> None:
    found = grid_of(trialsim.load_scenario("gist-sweep"))
    groups = list(itertools.islice(found.groups(), 5))
    for group in groups:
        assert len(group.cells) == 12
        assert len({id(found.scenario(cell).design) for cell in group.cells}) == 1
    assert len({id(found.scenario(group.cells[0]).design) for group in groups}) == 5


def test_what_is_remembered_is_bounded_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    block = {GATE: {"as": "n_gate", "from": 3, "to": 19}, FIRST: [0.1, 0.2], NEEDED: [1, 2], "where": "n_gate != 9"}
    expected = [grid(block).scenario(cell).id for cell in grid(block)]
    monkeypatch.setattr(where, "MAX_REMEMBERED", 5)
    monkeypatch.setattr(variants, "MAX_REMEMBERED", 3)
    found = grid(block)
    before = json.dumps(found._variants.data)
    assert [found.scenario(cell).id for cell in found] == expected
    assert json.dumps(found._variants.data) == before
    assert {len(parts) for parts in found._variants._remembered.values()} == {2, 3}
    assert [len(condition._answers) for condition in found._rows.conditions] == [5]


def test_what_is_not_needed_is_not_imported() -> None:
    code = (
        "import sys, trialsim; from trialsim.sweep.grid import grid_of;"
        "grid = grid_of(trialsim.load_scenario('gist-sweep')); len(grid); grid.scenario(next(iter(grid)));"
        "print([m for m in ('scipy.stats', 'numba', 'pandas') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


# The scenario of a cell


@pytest.mark.parametrize("name", ["gist-sweep", "gist-calendar-sweep"])
def test_a_cell_is_the_scenario_with_its_values_set(name: str) -> None:
    found = grid_of(trialsim.load_scenario(name))
    for cell in itertools.islice(found, 0, None, 331 if name == "gist-sweep" else 17):
        words = [f"{path}={json.dumps(value)}" for path, value in zip(found.paths, cell.values, strict=True)]
        expected = trialsim.load_scenario(name, [*words, "vary=null"])
        assert found.scenario(cell) == expected
        assert found.scenario(cell).id == expected.id
        assert found.scenario(cell).vary is None


def test_a_cell_is_what_validation_from_the_start_makes_of_it() -> None:
    block = {
        GATE: {"as": "n_gate", "from": 1, "to": 30},
        NEEDED: [0, 2, 5],
        "design.enrolment.cap": {"levels": {"30": 30, "unequal": {"A": 10, "B": 25}}},
        "design.enrolment.when_arm_stops": ["arm_cap", "refill"],
        FIRST: {"values": ["1/20", 0.3], "also": [SECOND]},
        "n_sims": [10, 1e3],
    }
    found = grid(block)
    slowly, n_refused = Variants(scenario(block)), 0
    for cell in itertools.islice(found, 0, None, 7):
        slow = slowly._from_the_start(found.overrides(cell))
        if isinstance(slow, Scenario):
            assert found.scenario(cell) == slow
            assert found.scenario(cell).model_dump(exclude_unset=True) == slow.model_dump(exclude_unset=True)
            continue
        n_refused += 1
        with pytest.raises(InputError) as caught:
            found.scenario(cell)
        assert caught.value.problem == slow.problem
    assert 50 < n_refused < 150


def test_a_cell_that_makes_no_sense_says_its_levels() -> None:
    found = grid({GATE: {"as": "n_gate", "values": [2, 30]}, NEEDED: {"as": "needed", "values": [1, 3]}})
    cells = list(found)
    assert found.scenario(cells[0]).design.looks[0].at.per_arm == 2  # type: ignore[union-attr]
    with pytest.raises(InputError) as caught:
        found.scenario(cells[1])
    assert str(caught.value) == (
        "cell 1 (n_gate 2, needed 3): design.looks.0.continue_if.rule.at_least: the rule asks that at least 3 patients "
        "respond, which the 2 patients of arm A cannot meet."
    )
    with pytest.raises(InputError, match=r"^cell 2 \(n_gate 30, needed 1\): .*arm A is capped at 20\.$"):
        found.scenario(cells[2])


def test_one_value_at_several_paths() -> None:
    found = grid({FIRST: {"as": "rate", "values": [0.2, 0.5], "also": [SECOND]}})
    made = [found.scenario(cell) for cell in found]
    assert [[truth.response_rate for truth in one.truths] for one in made] == [[0.2, 0.2], [0.5, 0.5]]


def test_a_value_is_not_changed_by_another_axis() -> None:
    enrolment = {"cap": {"A": 10, "B": 10}}
    data = scenario(None).design.model_dump(mode="json", by_alias=True, exclude_unset=True) | {"enrolment": enrolment}
    found = grid({"design": {"levels": {"other": data}}, "design.enrolment.cap.A": [11, 12]})
    assert [found.scenario(cell).design.caps for cell in found] == [(11, 10), (12, 10)]
    assert enrolment == {"cap": {"A": 10, "B": 10}}


def test_other_readings_are_not_tried_in_cells() -> None:
    looks = {"gate": {"fires": "when_known"}}
    readings = [{"name": "held", "set": {"conduct.looks.gate.hold": "until_decided"}}]
    conduct = {"n_sims": 10, "looks": looks, "sensitivity": readings}
    base = scenario({"conduct.looks.gate.counts": ["confirmed", "first_seen"], FIRST: [0.2]}, conduct=conduct)
    assert base.flipped(base.conduct.sensitivity[0]).vary is None  # type: ignore[union-attr]
    made = [grid_of(base).scenario(cell) for cell in grid_of(base)]
    assert [one.conduct.looks["gate"].counts for one in made] == ["confirmed", "first_seen"]  # type: ignore[union-attr]
    assert [one.conduct.sensitivity for one in made] == [(), ()]  # type: ignore[union-attr]


# The block in its scenario


def test_scenarios_without_a_sweep_keep_their_id() -> None:
    assert trialsim.load_scenario("gist").id == "ab5c9a2cdb6638b4"
    assert trialsim.load_scenario("simon-20-40").id == "6eda95c1da1a9645"
    assert trialsim.load_scenario("gist-sweep", ["vary=null"]).id != trialsim.load_scenario("gist-sweep").id


def test_the_id_of_a_sweep_is_its_content_and_its_order() -> None:
    block = {"seed": [1, 2], FIRST: {"as": "rate", "values": [0.1, 0.2]}, "where": "rate > 0.1"}
    base = scenario(block)
    again = Scenario.model_validate(json.loads(base.model_dump_json(by_alias=True)))
    assert again == base
    assert again.id == base.id
    assert scenario({**block, "where": ["rate > 0.1"], "seed": {"values": [1, 2]}}).id == base.id
    assert scenario(dict(reversed(block.items()))).id != base.id
    assert scenario({**block, "seed": [1, 3]}).id != base.id
    assert "axes" not in json.loads(base.model_dump_json(by_alias=True))["vary"]


def test_every_field_on_which_results_depend_can_be_varied() -> None:
    assert set(Scenario.model_fields) - set(FIRST_PARTS) - {"narrative"} == {
        *("schema_", "name", "title", "notes", "vary", "estimators")  # estimators add measures and change none
    }
    assert set(FIRST_PARTS) < set(Scenario.model_fields)
    assert not set(RESERVED) & set(FIRST_PARTS)


def test_nothing_to_sweep() -> None:
    with pytest.raises(InputError, match=r"^gist: there is nothing to sweep; name paths and their values under vary"):
        grid_of(trialsim.load_scenario("gist"))


def test_sweeps_can_be_changed_on_the_command_line() -> None:
    def sizes(*words: str) -> tuple[int, ...]:
        vary = trialsim.load_scenario("gist-sweep", words).vary
        assert vary is not None
        return tuple(points.n for points in vary.points())

    assert sizes() == (21, 6, 2, 12)
    assert sizes("vary.design.looks.proof-of-concept.at.per_arm.to=12") == (3, 6, 2, 12)
    assert sizes("vary.n_gate.to=12", "vary.response_rate=[0.1]", "vary.where=[]") == (3, 6, 2, 1)
    assert sizes("vary.seed=[1, 2, 3]", "vary.max_cells=1e4") == (21, 6, 2, 12, 3)
    assert sizes("vary.truths.varied.response_rate.step=0.11") == (21, 6, 2, 6)
    with pytest.raises(InputError, match=r'^--set vary.n_gat.to=12, vary.n_gat.to: .* unknown field "n_gat"'):
        sizes("vary.n_gat.to=12")
    with pytest.raises(InputError, match=r"^--set vary.max_cells=100, vary.max_cells: the grid has 3,024 cells"):
        sizes("vary.max_cells=100")
    assert sizes("vary.seed={from: 1, to: 3}", "vary.seed.to=4") == (21, 6, 2, 12, 4)
    block = trialsim.load_scenario("gist", ["vary.seed=[1, 2]", "vary.design.allocation.block_size=[2, 4]"]).vary
    assert block is not None
    assert block.names == ("seed", "design.allocation.block_size")


def test_designs_can_be_varied_by_name(tmp_path: Any) -> None:
    text = (shipped_folder("designs") / "simon-1989-20-40.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(text.replace("name: simon-1989-20-40", "name: mine"), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        "schema: trialsim.scenario/1\nname: q\ndesign: mine.yaml\ntruths: [{name: t, response_rate: 0.3}]\n"
        "vary:\n  truths.t.response_rate: [0.2, 0.4]\n  design: [simon-1989-20-40, mine.yaml]\n",
        encoding="utf-8",
    )
    found = grid_of(trialsim.load_scenario(tmp_path / "s.yaml"))
    assert [(cell.levels, found.scenario(cell).design.name) for cell in found] == [
        ((0.2, "simon-1989-20-40"), "simon-1989-20-40"),
        ((0.2, "mine.yaml"), "mine"),
        ((0.4, "simon-1989-20-40"), "simon-1989-20-40"),
        ((0.4, "mine.yaml"), "mine"),
    ]
    assert [[cell.number for cell in group.cells] for group in found.groups()] == [[0, 2], [1, 3]]


def test_shipped_sweeps_are_those_of_the_issue() -> None:
    sweep = grid_of(trialsim.load_scenario("gist-sweep"))
    assert sweep.axes == ("n_gate", "responses_needed", "n_max", "response_rate")
    assert len(sweep) == 21 * 6 * 2 * 12
    assert trialsim.load_scenario("gist-sweep").conduct is None
    calendar_sweep = grid_of(trialsim.load_scenario("gist-calendar-sweep"))
    assert calendar_sweep.axes == ("per_month", "hold", "counts")
    assert len(calendar_sweep) == 21 * 2 * 2
    for name in ("gist-sweep", "gist-calendar-sweep"):
        found = grid_of(trialsim.load_scenario(name))
        assert all(found.scenario(cell) for cell in itertools.islice(found, 0, None, 11))


def test_calendar_sweep_has_the_conduct_of_the_founding_trial() -> None:
    gist, swept = trialsim.load_scenario("gist").conduct, trialsim.load_scenario("gist-calendar-sweep").conduct
    assert gist is not None
    assert swept is not None
    for field in ("allocation", "visits", "response", "unevaluable", "progression", "withdrawal", "death", "looks"):
        assert getattr(swept, field) == getattr(gist, field), field


# Measures


def test_known_measures_are_those_that_a_run_has() -> None:
    base = trialsim.load_scenario("gist-calendar-sweep", ["conduct.n_sims=50", "n_sims=50"])
    ideal = set(known_measures(trialsim.load_scenario("gist-sweep"), varies_conduct=False))
    known = set(known_measures(base, varies_conduct=False))
    found = {record.measure for record in trialsim.run(base).records}
    assert found <= known
    assert {name for name in known - found - ideal if not name.endswith("_known")} == set()


def test_all_calendar_measures_are_known_where_the_conduct_is_varied() -> None:
    words = ["conduct.n_sims=50", "n_sims=50", "conduct.sensitivity=[]", "conduct.match=null", "plans=[]"]
    scenario_ = trialsim.load_scenario("gist", words)
    found = {record.measure for record in trialsim.run(scenario_).records}
    assert found <= set(known_measures(scenario_, varies_conduct=True))
    assert found <= set(known_measures(scenario_, varies_conduct=False))


# In words, and as a schema


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"seed": [1, 2]}, ("varies seed over 1, 2.", "Every value with every other, that is 2 cells.")),
        ({"seed": {"from": 1, "to": 1}}, ("from 1 to 1, 1 values", "that is 1 cell.")),
        (
            {GATE: {"as": "n_gate", "from": 4, "to": 8}, FIRST: [0.1, 0.2], "where": "n_gate > 5"},
            (f"n_gate ({GATE}) from 4 to 8, 5 values", "10 cells; 6 of them are kept, where n_gate > 5."),
        ),
        ({"seed": [1, 2], "where": "seed > 0"}, ("all of them are kept, where seed > 0",)),
        ({"seed": [1, 2], "n_sims": [5, 6], "combine": "zip"}, ("Value by value, that is 2 cells.",)),
        ({FIRST: {"values": [0.1], "also": [SECOND]}}, (f"(also {SECOND})",)),
        (
            {FIRST: {"from": 0.1, "to": 1.0, "scale": "log"}, "combine": "sobol", "samples": 100},
            ("from 0.1 to 1.0 on a logarithmic scale", "100 Sobol points are drawn from seed 1.", "such as 128."),
        ),
        ({FIRST: {"from": 0.1, "to": 1.0}, "combine": "random", "samples": 9}, ("9 independent random samples",)),
        ({"seed": [1, 2], "measures": ["pet", "n_mean"]}, ("Kept of each cell: pet, n_mean.",)),
    ],
)
def test_the_sweep_in_words(block: dict[str, Any], words: tuple[str, ...]) -> None:
    text = sweep_paragraph(scenario(block))
    for expected in words:
        assert expected in text


def test_a_condition_that_cannot_be_decided_somewhere_is_an_error_where_it_is_met() -> None:
    block = {"seed": {"from": 0, "to": 199}, "n_sims": {"from": 1, "to": 200}, "where": "n_sims / (100 - seed) > 0"}
    found = grid(block)
    with pytest.raises(InputError, match=r"^question, vary.where: .*divides by zero where seed = 100, n_sims = 1\.$"):
        len(found)
    for cells in (iter(found), found.groups()):
        with pytest.raises(InputError, match="divides by zero"):
            list(cells)


@pytest.mark.parametrize("name", shipped_names("scenarios"))
def test_the_schema_accepts_what_ships(name: str) -> None:
    import jsonschema

    content = yaml.safe_load((shipped_folder("scenarios") / f"{name}.yaml").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema_of("scenario")).validate(content)


@pytest.mark.parametrize(
    "block",
    [
        {"wher": "a > 1", "seed": [1]},
        {"desing.looks": [1]},
        {"seed": 3},
        {"seed": []},
        {"seed": [None]},
        {"seed": {"form": 1, "to": 2}},
        {"seed": {"from": "one", "to": 2}},
        {"seed": [1], "combine": "zap"},
        {"seed": [1], "samples": 0},
        {"seed": [1], "where": 5},
    ],
)
def test_the_schema_refuses_what_the_program_refuses(block: dict[str, Any]) -> None:
    import jsonschema

    content = yaml.safe_load((shipped_folder("scenarios") / "gist-sweep.yaml").read_text(encoding="utf-8"))
    content["vary"] = block
    assert not jsonschema.Draft202012Validator(schema_of("scenario")).is_valid(content)
    with pytest.raises(ValueError, match="validation error"):
        scenario(block)
