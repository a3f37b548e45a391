"""The Explore page without a browser: what it answers is what the library says, and what it refuses it says where."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path

import pytest

from app.panels import explore, explore_moves
from app.service import Refusal, Service
from app.settings import Settings
from app.shell import page
from app.state import State, packed
from tests.contracts.in_process import called
from trialsim import load_scenario, run
from trialsim.curves import curves
from trialsim.report.plots.operating_curves import lines

GATE = "design.looks.proof-of-concept.at.per_arm"
NEEDED = "design.looks.proof-of-concept.continue_if.rule.at_least"


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(Settings(warm=False))


def _changed(**changes: object) -> State:
    paths = {"gate": GATE, "needed": NEEDED}
    return State(changes=tuple((paths[name], value) for name, value in changes.items()))


def test_the_cards_are_the_protocols_sentences(service: Service) -> None:
    found = explore_moves.answer_moving(service, State())
    assert [round(value, 1) for value in found.cards[:2]] == [94.2, 6.0]


def test_a_moved_slider_gives_the_curves_of_the_changed_design(service: Service) -> None:
    design = load_scenario("gist", ["conduct=null", "plans=[]", f"{GATE}=24", f"{NEEDED}=5"]).design
    found = explore_moves.answer_moving(service, _changed(gate=24, needed=5))
    wanted = lines(curves(design))
    assert len(found.lines) == len(wanted)
    for heights, line in zip(found.lines, wanted, strict=True):
        assert heights == pytest.approx(line.values.tolist(), abs=1e-6)


def test_the_page_shows_what_a_run_says(service: Service) -> None:
    state = State(changes=((NEEDED, 4),), rates=(0.1, 0.4))
    records = run(service.scenario(state, *service.question(state)), engine="exact").records
    index = {(r.truth, r.measure, r.arm, r.look): r.exact for r in records if r.given is None and r.value is None}
    design = service.design(state)
    at, names = service.at_truths(design, (0.1, 0.4))
    rows = {row.label: row.values for row in service.measures(at, names)}
    stop = rows["P(600 mg stops at proof-of-concept)"]
    wanted = [
        index[truth, "p_stop", "600 mg", "proof-of-concept"] for truth in ("null rate", "target rate", "explored")
    ]
    assert stop == pytest.approx(wanted, abs=1e-12)
    patients = rows["expected patients, the trial"]
    assert patients[2] == pytest.approx(index["explored", "n_mean", None, None], abs=1e-9)


def test_sliders_at_rest_change_nothing_and_moved_ones_do(service: Service) -> None:
    fields = explore_moves.fields(service, State())
    sliders = {one.path: min(max(one.value, one.low), one.high) for one in fields if one.kind in ("whole", "number")}
    same = explore_moves.moved(State(), sliders, fields)
    assert (same.changes, same.rates) == ((), (0.05, 0.3))
    moved = explore_moves.moved(State(), {**sliders, GATE: 30.0}, fields)
    assert moved.changes == ((GATE, 30),)
    beyond = explore_moves.moved(State(changes=((GATE, 60),)), {**sliders, GATE: 50.0}, fields)
    assert beyond.changes == ((GATE, 60),)  # what is chosen lies outside the slider, which has not moved
    rates = explore_moves.moved(State(), {**sliders, "rates.1": 0.5}, fields)
    assert rates.rates == (0.05, 0.5)


@pytest.mark.parametrize("value", [None, "20", True, [1], {"a": 1}])
def test_a_slider_that_is_nowhere_has_not_moved(service: Service, value: object) -> None:
    fields = explore_moves.fields(service, State())
    assert explore_moves.moved(State(), {GATE: value, "rates.0": value}, fields).changes == ()


def test_an_impossible_rule_is_refused_at_its_field(service: Service) -> None:
    state = _changed(needed=30)
    with pytest.raises(Refusal, match="18 patients of arm 400 mg cannot meet") as refused:
        explore.answer(service, state)
    assert service.field_at(refused.value, explore_moves.fields(service, State())) == NEEDED


@pytest.mark.parametrize(
    ("changes", "words", "field"),
    [
        (((GATE, 0),), "at least 1", GATE),
        (((GATE, 2.5),), "whole number", GATE),
        (((GATE, "a"),), "whole number", GATE),
        (((GATE, 10**30),), "at most 20,000", GATE),
        (((GATE, [1] * 50),), "", GATE),
        ((("design.enrolment.cap", 15_000),), "more than the dashboard takes", "design.enrolment.cap.400 mg"),
        ((("design.analysis.interval", "wals"),), "did you mean", "design.analysis.interval"),
        ((("design.nonsense", 1),), "nonsense", None),
        ((("__class__.x", 1),), "", None),
        ((("design", "/etc/passwd"),), "no other file is read", None),
    ],
)
def test_a_forged_state_is_refused_with_a_sentence(
    service: Service, changes: tuple[tuple[str, object], ...], words: str, field: str | None
) -> None:
    with pytest.raises(Refusal) as refused:
        explore.answer(service, State(changes=changes))
    assert words in str(refused.value)
    if field is not None:
        assert service.field_at(refused.value, explore_moves.fields(service, State())) == field


@pytest.mark.long
def test_every_base_that_ships_can_be_explored(service: Service) -> None:
    scenarios, designs = service.names()
    assert {"gist", "simon-20-40"} <= set(scenarios)
    for base in (*scenarios, *designs):
        found = explore.answer(service, State(base=base))
        assert {"operating", "size", "distribution", "width"} <= found.figures.keys()
        assert all(figure["layout"]["meta"]["notes"] for figure in found.figures.values())


@pytest.mark.parametrize("format_", ["yaml", "csv", "json", "parquet", "html"])
def test_downloads_give_the_numbers_of_the_command_line(service: Service, tmp_path: Path, format_: str) -> None:
    state = State(changes=((NEEDED, 4),), rates=(0.1, 0.4))
    name, content = service.exported("explore", state, format_)
    if format_ == "yaml":
        (tmp_path / name).write_bytes(content)
        ran = called(tmp_path, "run", name, "--engine", "exact", "--format", "csv", "--no-save")
        assert ran.code == 0
        assert ran.out.encode() == service.exported("explore", state, "csv")[1]
    elif format_ == "csv":
        words = shlex.split(service.command_of("explore", state).removeprefix("python -m trialsim "))
        ran = called(tmp_path, *words, "--format", "csv", "--no-save")
        assert ran.out.encode() == content
    elif format_ == "parquet":
        import pyarrow.parquet as pq

        rows = pq.read_table(io.BytesIO(content)).to_pylist()
        csv_rows = list(csv.DictReader(io.StringIO(service.exported("explore", state, "csv")[1].decode())))
        assert [row["measure"] for row in rows] == [row["measure"] for row in csv_rows]
        numbers = [float(row["exact"]) if row["exact"] else None for row in csv_rows]
        assert [row["exact"] for row in rows] == numbers
    elif format_ == "json":
        assert json.loads(content)["scenario"]["id"] == service.scenario(state, *service.question(state)).id
    else:
        assert content.startswith(b"<!DOCTYPE html>")


def test_there_are_no_other_downloads(service: Service) -> None:
    with pytest.raises(Refusal, match="no download exe"):
        service.exported("explore", State(), "exe")


def test_an_upload_becomes_the_page(service: Service) -> None:
    text = service.yaml_of("explore", State(base="simon-20-40"))
    assert service.uploaded(text.encode(), "mine.yaml") == text
    state = State(packed=packed(text))
    assert service.design(state).name == "simon-1989-20-40"
    assert service.command_of("explore", state) == "python -m trialsim run simon-20-40.yaml --engine exact"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no scenario"),
        (b"\xff\xfe\x00", "not a text file in UTF-8"),
        (b"a: [1, 2", "not YAML"),
        (b"a: &a [1]\nb: *a", "anchors and aliases"),
        (b"schema: trialsim.scenario/1\nname: x\n", "design"),
        (b"schema: other", "begins with"),
        (b"x" * 300_000, "too large"),
        (b"[" * 5_000, "nested deeper"),
        (b"!!python/object:os.system [ls]", ""),
    ],
)
def test_a_bad_upload_is_refused_with_a_sentence(service: Service, content: bytes, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        service.uploaded(content, "mine.yaml")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_link_with_nonsense_opens_what_it_can(service: Service) -> None:
    content, data, problems = page(service, "/", "?base=nothing")
    assert content is not None
    assert data["base"] == "gist"
    assert "no scenario or design of that name" in str(problems)
    _, data, problems = page(service, "/", "?set=design.looks.proof-of-concept.at.per_arm%3D-3")
    assert data["set"] == {}
    assert "changes were left aside" in str(problems)
    _, data, problems = page(service, "/", "?z=AAAA")
    assert "damaged" in str(problems)
    content, _, _ = page(service, "/nowhere", "")
    assert "There is no page /nowhere" in str(content)


def test_bars_with_a_pattern_keep_their_colour(service: Service) -> None:
    bars = explore.answer(service, State(base="simon-1989-20-40")).figures["distribution"]["data"]
    assert [one["marker"]["pattern"]["shape"] for one in bars] == ["", "/", "x"]
    for one in bars:  # without this the lines of the pattern are all that is drawn, white on white
        assert one["marker"]["pattern"]["fillmode"] == "overlay"
