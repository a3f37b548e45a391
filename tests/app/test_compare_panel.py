"""Compare without a browser: pins that are read again, numbers that are the library's, commands that give them."""

from __future__ import annotations

import csv
import io
import json
import shlex
import zlib
from base64 import urlsafe_b64decode
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.panels import compare_answers, compare_calls, compare_pins
from app.pins import (
    MAX_NAME,
    MAX_PINS,
    Pin,
    as_data,
    as_reference,
    from_link,
    in_link,
    pin_of,
    pins_of,
    renamed,
    shelf,
    with_pin,
    without,
)
from app.service import Refusal, Service, comparison, comparison_files
from app.service.comparison import Effort, looked_up
from app.settings import Settings
from app.state import State, from_query, packed, query_of, state_of
from tests.contracts.in_process import called
from trialsim.comparison.designs import compare
from trialsim.comparison.document import document
from trialsim.curves import curves

GATE = "design.looks.proof-of-concept.at.per_arm"
NEEDED = "design.looks.proof-of-concept.continue_if.rule.at_least"
AS_IT_IS = Pin("as it is", State())
LARGER = Pin("20: per; arm", State(changes=((GATE, 20),)))
STRICTER = Pin("4 responders", State(changes=((NEEDED, 4),), rates=(0.1, 0.4)))
SIMON = Pin("Simon", State(base="simon-20-40"))
FEW = Effort(400, 0)


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(Settings(warm=False))


# ---------------------------------------------------------------- pins

_NAMES = st.text("ab <>é“;:=", min_size=1, max_size=20).map(str.strip).filter(bool).map(lambda t: " ".join(t.split()))
_STATES = st.builds(
    State,
    st.sampled_from(["gist", "simon-20-40"]),
    st.sampled_from(["", packed("schema: 1")]),
    st.dictionaries(st.sampled_from([GATE, NEEDED, "n_sims"]), st.integers() | st.text(max_size=5), max_size=3).map(
        lambda found: tuple(found.items())
    ),
    st.lists(st.integers(0, 100).map(lambda n: n / 100), max_size=3).map(tuple),
    st.just(()),
    st.just(""),
)
_PINS = st.lists(st.builds(Pin, _NAMES, _STATES), max_size=MAX_PINS).map(tuple)


@settings(max_examples=100, deadline=None)
@given(pins=_PINS)
def test_pins_are_read_as_they_were_kept(pins: tuple[Pin, ...]) -> None:
    assert pins_of(json.loads(json.dumps(as_data(pins)))) == (pins, [])
    assert from_link(in_link(pins)) == (pins, [])
    state = State(pins=in_link(pins))
    assert from_query(query_of(state)) == (state, [])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["v", "pins", "name", "set"]), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(data=_JSON | _JSON.map(lambda inner: {"v": 1, "pins": [inner, inner]}), text=st.text(max_size=40))
def test_any_nonsense_is_read(data: Any, text: str) -> None:
    for pins, problems in (pins_of(data), from_link(text), from_link(packed(json.dumps(data)))):
        assert len(pins) <= MAX_PINS
        assert all(pin.name and isinstance(pin.state, State) for pin in pins)
        assert all(problem.endswith(".") for problem in problems)


@pytest.mark.parametrize(
    ("data", "n_pins", "words"),
    [
        ({"v": 7, "pins": []}, 0, "could not be read"),
        ([1, 2], 0, "could not be read"),
        ({"v": 1, "pins": [5, {"name": "x"}, {"base": 3}]}, 1, "2 left aside"),
        ({"v": 1, "pins": [{"name": str(n)} for n in range(9)]}, MAX_PINS, "More than 4"),
    ],
)
def test_what_is_left_aside_is_said(data: Any, n_pins: int, words: str) -> None:
    pins, problems = pins_of(data)
    assert len(pins) == n_pins
    assert words in problems[0]


def test_a_damaged_or_huge_link_is_said() -> None:
    assert "damaged" in from_link("!!!")[1][0]
    assert "damaged" in from_link(packed("[" * 200_000))[1][0]
    bomb = packed(json.dumps({"v": 1, "pins": [{"name": "x" * 400_000}]}))
    assert len(bomb) < 2_000
    assert from_link(bomb)[0] == ()
    assert from_link(bomb)[1] != []


def test_a_link_shows_exactly_its_pins_and_keeps_ones_own() -> None:
    stored, linked = as_data([SIMON]), State(pins=in_link([AS_IT_IS, LARGER]))
    found = shelf(linked, stored)
    assert found.pins == (AS_IT_IS, LARGER)
    assert (found.is_own, found.n_kept) == (False, 1)
    own, after = compare_pins.edited(linked, stored, without(found.pins, 0))
    assert own is None
    assert from_link(after.pins)[0] == (LARGER,)
    assert shelf(State(), stored).pins == (SIMON,)


def test_pinning_makes_the_pins_of_a_link_ones_own(service: Service) -> None:
    linked = State(base="simon-20-40", pins=in_link([AS_IT_IS, LARGER]), view=(("measure", "x"),))
    own, after, words = compare_pins.pinned(service, linked, as_data([STRICTER]), "  mine ")
    wanted = (AS_IT_IS, LARGER, Pin("mine", State(base="simon-20-40")))
    assert pins_of(own)[0] == from_link(after.pins)[0] == wanted
    assert "“mine”; 3 of 4" in words
    assert shelf(after, own).is_own


def test_ones_own_pins_are_edited_where_they_are_kept() -> None:
    stored = as_data([AS_IT_IS, LARGER])
    shown = State(pins=in_link([AS_IT_IS, LARGER]))
    own, after = compare_pins.edited(shown, stored, [LARGER])
    assert own == as_data([LARGER])
    assert from_link(after.pins)[0] == (LARGER,)
    assert compare_pins.edited(shown, stored, [])[1].pins == ""


def test_a_pin_without_a_name_is_called_after_its_changes(service: Service) -> None:
    state = State(changes=((GATE, 20),))
    own, _, _ = compare_pins.pinned(service, state, None, "")
    assert pins_of(own)[0] == (Pin("gist, per arm 20", state),)


def test_what_cannot_be_pinned(service: Service) -> None:
    kept = as_data([AS_IT_IS])
    with pytest.raises(Refusal, match="pinned already, as “as it is”"):
        compare_pins.pinned(service, State(view=(("x", "y"),)), kept, "again")
    with pytest.raises(Refusal, match="per_arm"):
        compare_pins.pinned(service, State(changes=((GATE, -1),)), kept, "bad")
    with pytest.raises(Refusal, match="no scenario or design"):
        compare_pins.pinned(service, State(base="nobody"), kept, "bad")
    four = [Pin(str(n), State(changes=((GATE, 18 + n),))) for n in range(4)]
    with pytest.raises(Refusal, match="4 designs are pinned"):
        compare_pins.pinned(service, State(), as_data(four), "fifth")


def test_names_are_tidy_and_never_twice() -> None:
    assert pin_of(" a\n\tb\x00 ", State()).name == "a b"
    assert len(pin_of("x" * 500, State()).name) == MAX_NAME
    assert [one.name for one in with_pin([AS_IT_IS], LARGER._replace(name="as it is"))] == ["as it is", "as it is (2)"]
    assert [one.name for one in renamed([AS_IT_IS, LARGER], ["x", "x"])] == ["x", "x (2)"]
    assert renamed([AS_IT_IS, LARGER], [""]) == (AS_IT_IS, LARGER)
    assert as_reference([AS_IT_IS, LARGER, SIMON], 2) == (SIMON, AS_IT_IS, LARGER)


# ---------------------------------------------------------------- exact


def test_the_exact_tables_are_those_of_the_library(service: Service) -> None:
    found = comparison.exact(service, looked_up(service, [AS_IT_IS, LARGER, STRICTER]))
    assert found is not None
    rows = compare(comparison.scenarios(service, [AS_IT_IS, LARGER, STRICTER]), "exact").rows
    index = {(row.truth, row.arm, row.measure): row for row in rows if row.given is None}
    assert [table.title.partition(":")[0] for table in found.tables] == ["null rate", "target rate", "explored"]
    for table in found.tables:
        shown = {(row[0], row[1]): row for row in table.rows}
        own = index[table.title.partition(":")[0], "600 mg", "p_continue"]
        values = [record.exact for record in own.values if record is not None]
        cells = shown["600 mg", "goes on at proof-of-concept"][2:]
        assert [float(cell) for cell in cells[:3]] == pytest.approx(values, abs=1e-6)
        assert [float(cell) for cell in cells[3:]] == pytest.approx(
            [values[1] - values[0], values[2] - values[0]], abs=2e-6
        )


def test_all_designs_are_compared_at_the_truths_of_the_first(service: Service) -> None:
    first, second = comparison.scenarios(service, [STRICTER, AS_IT_IS])
    assert [t.rates(("400 mg", "600 mg")) for t in first[1].truths] == [
        t.rates(("400 mg", "600 mg")) for t in second[1].truths
    ]
    assert first[1].truths[-1].rates(("400 mg", "600 mg")) == (0.1, 0.4)
    found = comparison.exact(service, looked_up(service, [AS_IT_IS, SIMON]))
    assert found is not None
    assert any("D has" in note or "B has other arms; explored means 40 % there" in note for note in found.notes)
    assert any("A alone has the looks" in note for note in found.notes)


def test_fields_that_differ(service: Service) -> None:
    rows = comparison.differing(service, [AS_IT_IS, LARGER, STRICTER])
    assert sorted(rows) == [[GATE, "18", "20", "18"], [NEEDED, "3", "3", "4"]]
    with_simon = {row[0]: row[1:] for row in comparison.differing(service, [AS_IT_IS, LARGER, SIMON])}
    assert with_simon[GATE] == ["18", "20", "–"]


def test_the_figure_has_the_curve_of_each_design(service: Service) -> None:
    label = "P(400 mg goes on at proof-of-concept)"
    figure = compare_answers.answer_figure(service, [AS_IT_IS, LARGER], label, "value")
    assert figure is not None
    for trace, pin in zip(figure.data, (AS_IT_IS, LARGER), strict=True):
        wanted = curves(service.design(pin.state)).of("p_continue", "400 mg", "proof-of-concept")
        assert trace.y == pytest.approx(wanted)
    assert [trace.name for trace in figure.data] == ["A: as it is", "B: 20: per; arm"]
    assert compare_answers.answer_figure(service, [AS_IT_IS], "nonsense", "value") is None


def test_a_pin_that_makes_no_sense_says_so_and_leaves_the_others(service: Service) -> None:
    broken = Pin("broken", State(changes=((GATE, 10_000),)))
    found = looked_up(service, [broken, AS_IT_IS, LARGER])
    assert [one.letter for one in found] == ["", "A", "B"]
    assert found[0].problem.startswith("Cannot be used any more: ")
    page = compare_answers.answer(service, State(), shelf(State(), as_data([broken, AS_IT_IS, LARGER])))
    assert page.can_compare
    assert len(page.cards) == 3
    assert len(page.tables) == 4


def test_the_empty_page_leads_to_explore(service: Service) -> None:
    page = compare_answers.answer(service, State(), shelf(State(), None))
    assert (page.cards, page.labels, page.can_compare) == ([], [], False)
    assert compare_answers.NOTHING in str(page.head)
    one = compare_answers.answer(service, State(), shelf(State(), as_data([AS_IT_IS])))
    assert not one.can_compare
    assert one.labels


# ---------------------------------------------------------------- simulated


def _plain(text: str) -> str:
    """Return what the browser makes of a file: it has no limit of a link."""
    return zlib.decompress(urlsafe_b64decode(text + "=" * (-len(text) % 4))).decode()


def test_simulated_differences_are_those_of_the_library(service: Service) -> None:
    told: list[tuple[float, str]] = []
    pins = [AS_IT_IS, LARGER]
    shown, files = compare_answers.answer_simulated(service, pins, FEW, told.append)
    wanted = document(compare(comparison.scenarios(service, pins, FEW), "auto"))
    found = json.loads(_plain(files["json"]))
    assert found["measures"] == json.loads(json.dumps(wanted["measures"]))
    assert found["provenance"]["n_sims"] == FEW.n_sims
    assert any(one["differences"]["B"] and one["differences"]["B"]["mcse"] for one in found["measures"])
    assert set(files) == {*comparison.FORMATS, "name"}
    assert "B − A" in str(shown)
    assert "jackknife" in str(shown)
    shares = [share for share, _ in told]
    assert all(first <= second for first, second in pairwise(shares))
    assert (shares[0], shares[-1]) == (0.0, pytest.approx(100.0))


@pytest.mark.long
def test_calendar_trials_are_compared_where_there_is_a_conduct(service: Service) -> None:
    shares: list[float] = []
    found = comparison.simulated(service, [AS_IT_IS, LARGER], Effort(200, 20), shares.append)
    assert any("as conducted" in table.title for table in found.tables)
    assert shares[-1] == pytest.approx(1.0)
    assert all(first <= second for first, second in pairwise(shares))
    assert any("Only" in note for note in comparison.simulated(
        service, [AS_IT_IS, SIMON], Effort(200, 20), lambda _: None
    ).notes)  # fmt: skip


def test_what_is_raised_while_it_runs_ends_it(service: Service) -> None:
    class Enough(BaseException):
        pass

    def stop(share: float) -> None:
        if share > 0.3:
            raise Enough

    with pytest.raises(Enough):
        comparison.simulated(service, [AS_IT_IS, LARGER], FEW, stop)


@pytest.mark.parametrize(
    ("effort", "words"),
    [(Effort(0, 0), "replicates"), (Effort(10**9, 0), "2,000,000"), (Effort(10, 10**9), "200,000 can be simulated")],
)
def test_more_than_the_settings_allow_is_refused(service: Service, effort: Effort, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        comparison.simulated(service, [AS_IT_IS, LARGER], effort, lambda _: None)


def test_an_effort_that_is_none_is_refused() -> None:
    assert compare_calls.effort_of("100", True, "20") == Effort(100, 20)
    assert compare_calls.effort_of("100", False, "x") == Effort(100, 0)
    for sims, trials in (("1e9", "1"), (None, "1"), ("-1", "1"), ("10", "²"), ("9" * 50, "1")):
        with pytest.raises(Refusal):
            compare_calls.effort_of(sims, True, trials)


def test_one_design_alone_is_refused(service: Service) -> None:
    with pytest.raises(Refusal, match="2 to 8 designs"):
        compare_answers.answer_simulated(service, [AS_IT_IS], FEW, lambda _: None)


# ---------------------------------------------------------------- what leaves the page


def _differences(text: str) -> list[tuple[str, ...]]:
    rows = csv.DictReader(io.StringIO(text))
    return [(r["truth"], r["measure"], r["arm"], r["look"], r["design"], r["difference_value"]) for r in rows]


@pytest.mark.parametrize(
    ("pins", "effort"),
    [
        pytest.param([AS_IT_IS, LARGER], FEW, marks=pytest.mark.long),
        pytest.param([LARGER, AS_IT_IS, STRICTER], FEW, marks=pytest.mark.long),
        ([LARGER, STRICTER], Effort(200, 10)),
    ],
)
def test_the_command_line_gives_the_numbers_of_the_page(
    service: Service, tmp_path: Path, pins: list[Pin], effort: Effort
) -> None:
    words = shlex.split(comparison_files.command(service, pins, effort))
    assert words[:5] == ["python", "-m", "trialsim", "compare", "gist"]
    ran = called(tmp_path, *words[3:], "--format", "csv")
    assert ran.code == 0, ran.err
    found = comparison.simulated(service, pins, effort, lambda _: None)
    assert _differences(ran.out) == _differences(_plain(found.files["csv"]))


def test_designs_of_several_bases_are_compared_by_their_files(service: Service, tmp_path: Path) -> None:
    pins = [AS_IT_IS, SIMON]
    for number in range(2):
        name, text = comparison_files.yaml_of(service, pins, number, FEW)
        (tmp_path / name).write_text(text, encoding="utf-8")
    words = shlex.split(comparison_files.command(service, pins, FEW))
    assert words[3:] == ["compare", "A-as-it-is.yaml", "B-simon.yaml"]
    ran = called(tmp_path, *words[3:], "--format", "csv")
    assert ran.code == 0, ran.err
    found = comparison.simulated(service, pins, FEW, lambda _: None)
    assert _differences(ran.out) == _differences(_plain(found.files["csv"]))


def test_the_exact_comparison_as_a_file(service: Service) -> None:
    name, text = comparison_files.exact_file(service, [AS_IT_IS, LARGER], "json")
    assert name == "comparison-exact.json"
    assert [one["label"] for one in json.loads(text)["designs"]] == ["as it is", "20: per; arm"]
    with pytest.raises(Refusal, match="no download"):
        comparison_files.exact_file(service, [AS_IT_IS, LARGER], "exe")
    with pytest.raises(Refusal, match="no such pin"):
        comparison_files.yaml_of(service, [AS_IT_IS], -1, FEW)


def test_the_address_carries_pins_and_measure() -> None:
    state = state_of({"base": "gist", "view": {"other": "x", "measure": "old"}})
    after = compare_calls.carried(state, in_link([AS_IT_IS]), "new")
    assert dict(after.view) == {"other": "x", "measure": "new"}
    assert compare_calls.pins_of({"pins": after.pins}) == (AS_IT_IS,)
    assert compare_calls.unnamed([AS_IT_IS]) == compare_calls.unnamed([AS_IT_IS._replace(name="other")])
    assert compare_calls.unnamed([AS_IT_IS]) != compare_calls.unnamed([LARGER])
