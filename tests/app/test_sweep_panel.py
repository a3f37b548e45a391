"""The Sweep page without a browser: its form, its runs, and the store that it shares with the command line."""

from __future__ import annotations

import json
import shlex
import threading
from pathlib import Path
from typing import Any

import pytest

from app.jobs import Cancelled
from app.main import create_app
from app.panels import sweep, sweep_cells, sweep_form, sweep_pictures, sweep_shown
from app.service import Refusal, Service, sweep_runs, sweep_store, sweeps
from app.service.sweeps import Row
from app.settings import Settings
from app.state import State, as_data, from_query, query_of
from tests.app.test_security import UPDATE, body, callbacks
from tests.contracts.in_process import called

GATE, NEEDED = "design.looks.proof-of-concept.at.per_arm", "design.looks.proof-of-concept.continue_if.rule.at_least"
SMALL = (Row(GATE, False, 17, 18), Row(NEEDED, True, values="2, 3"))
P_STOP = "p_stop[arm=400 mg,truth=null rate]"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(Settings(store=str(tmp_path / "results" / "trialsim.sqlite"), warm=False))


def asked(service: Service, rows: Any = SMALL, engine: str = "exact", sims: int = 200, state: State = State()) -> State:  # noqa: B008
    return sweep_form.with_form(service, state, list(rows), engine, sims, list(sweeps.KEPT), "own")


def made(service: Service, state: State) -> str:
    found = sweep.run(service, state, lambda *_: None)
    assert found["problem"] == ""
    return found["id"]


def command(service: Service, state: State) -> list[str]:
    return shlex.split(service.command_of("sweep", state))[3:]


def texts(component: Any) -> str:
    return json.dumps(component, default=lambda one: one.to_plotly_json(), ensure_ascii=False)


# The form.


def test_the_founding_design_has_a_sweep_ready_to_run(service: Service) -> None:
    assert sweeps.rows_of(service, State()) == [Row(GATE, False, 10, 30), Row(NEEDED, False, 1, 6)]
    found = sweep_form.checked(service, State())
    assert found.words == "126 cells under 2 truths each, solved exactly."
    assert found.is_ready


@pytest.mark.parametrize("base", ["gist", "gist-sweep", "gist-calendar-sweep", "simon-20-40", "simon-1989-20-40"])
def test_every_base_has_a_form(service: Service, base: str) -> None:
    state = State(base)
    found = sweep_form.checked(service, state)
    assert bool(found.words) != bool(found.problem)
    assert sweeps.takes_own(service, state) == base.endswith("sweep")
    page = texts(sweep.layout(service, state))
    assert sweep_cells.NO_SWEEPS in page
    assert sweep.NOT_OPEN in page


@pytest.mark.parametrize(
    "row",
    [
        Row("n_sims", False, 10, 30, 5),
        Row("a.b", False, 0.05, 0.6, 0.05),
        Row("a.b", False, None, 3),
        Row("a.b", False),
        Row("a.b", True, values="arm_cap, refill"),
        Row("a.400 mg", True, values=""),
    ],
)
def test_a_row_is_read_as_it_was_written(row: Row) -> None:
    assert sweeps.read(sweeps.written(row)) == row


def test_a_link_carries_the_form(service: Service) -> None:
    state = asked(service, engine="simulated", sims=300)
    assert from_query(query_of(state)) == (state, [])
    assert sweeps.rows_of(service, state) == list(SMALL)
    assert sweep_runs.planned(service, state).n_sims == 300
    default = sweep_form.with_form(
        service, State(), sweeps.default_rows(sweeps.fields(service, State())), "exact", 2_000, list(sweeps.KEPT), "own"
    )
    assert default == State()


@pytest.mark.parametrize(
    ("rows", "beside"),
    [
        ([Row(GATE, False, 0, 5), SMALL[1]], ("found 0; accepted: at least 1", "")),
        ([SMALL[0], Row(NEEDED, False, 6, 1)], ("", "6 is above to (1); a range goes upwards")),
        ([SMALL[0], Row(NEEDED, False, 1)], ("", 'the field "to" must not be missing where "from" is given')),
        ([SMALL[0], Row(GATE, True, values="18")], ("this field is varied twice; leave out one of the rows", "")),
        ([Row("design.nowhere", True, values="1")], ('the path does not exist: unknown field "nowhere"',)),
    ],
)
def test_a_mistake_is_told_beside_its_row(service: Service, rows: list[Row], beside: tuple[str, ...]) -> None:
    found = sweep_form.checked(service, asked(service, rows))
    assert not found.is_ready
    assert found.problem == ""
    assert [own[: len(told)] if told else own for own, told in zip(found.beside, beside, strict=True)] == list(beside)


def test_limits_are_those_of_the_settings(tmp_path: Path) -> None:
    service = Service(Settings(store=str(tmp_path / "s.sqlite"), max_cells=3, max_sims=1_000, max_trials=1_000))
    found = sweep_form.checked(service, asked(service))
    assert found.problem.startswith("The grid has 4 cells, more than the 3 that the dashboard runs")
    one_row = asked(service, SMALL[:1], "simulated", 251)
    assert "502 replicates each are 1,004, more than the 1,000" in sweep_form.checked(service, one_row).problem
    assert sweep_form.checked(service, asked(service, SMALL[:1], "simulated", 250)).is_ready
    assert "more than the 1,000" in sweep_form.checked(service, asked(service, SMALL[:1], "calendar", 251)).problem
    assert not Path(service.settings.store).exists()
    assert "more than the 3" in sweep.run(service, asked(service), lambda *_: None)["problem"]


def test_fields_chosen_anew_bring_values_that_suit_them(service: Service) -> None:
    chosen = [Row("design.enrolment.when_arm_stops", False, 17, 18), SMALL[1]]
    now = sweep_form.changed(service, State(), SMALL, chosen)
    assert now == [Row("design.enrolment.when_arm_stops", True, values="arm_cap, refill, stop_trial"), SMALL[1]]
    as_list = [SMALL[0]._replace(is_list=True), SMALL[1]]
    assert sweep_form.changed(service, State(), SMALL, as_list)[0].values == "17, 18"
    more = sweep_form.one_more(service, State(), now)
    assert sweep_form.checked(service, asked(service, more)).words == "66 cells under 2 truths each, solved exactly."


def test_every_field_can_be_varied_as_it_is_offered(service: Service) -> None:
    for one in sweeps.fields(service, State()):
        state = asked(service, [sweeps.new_row(one)])
        found = sweep_form.checked(service, state)
        assert found.is_ready or found.beside[0], one.path  # some ends of a slider contradict the rest of a design
    rate = f"truths.{sweeps.EXPLORED}.response_rate"
    plan = sweep_runs.planned(service, asked(service, [SMALL[0], Row(rate, False, 0.05, 0.6, 0.05)]))
    assert (plan.n_cells, [truth.name for truth in plan.scenario.truths]) == (24, [sweeps.EXPLORED])


# The store, shared with the command line.


@pytest.mark.parametrize("engine", ["exact", "simulated"])
def test_a_sweep_made_here_is_that_of_the_command_line(service: Service, tmp_path: Path, engine: str) -> None:
    state = asked(service, engine=engine)
    sweep_id = made(service, state)
    listed = called(tmp_path, "results", "list", "--format", "json")
    assert [(one["id"], one["n_kept"]) for one in json.loads(listed.out)] == [(sweep_id, 4)]
    assert called(tmp_path, "results", "export", sweep_id, "--out", "ours.csv").code == 0
    again = called(tmp_path, *command(service, state))
    assert again.code == 0
    assert "4 already there" in again.err
    other = called(tmp_path, *command(service, state), "--store", "other.sqlite", "--out", "theirs.csv")
    assert "4 computed" in other.err
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "theirs.csv").read_bytes()
    assert sweep_store.exported(service, sweep_id, "csv")[1] == (tmp_path / "theirs.csv").read_bytes()


def test_a_sweep_of_the_command_line_opens_here(service: Service, tmp_path: Path) -> None:
    words = ["--set", "vary.n_gate.to=11", "--set", "vary.response_rate.step=0.25", "--engine", "exact"]
    assert called(tmp_path, "sweep", "gist-sweep", *words, "--out", "theirs.parquet").code == 0
    (row,) = sweep_cells.list_rows(service)
    assert (row["name"], row["cells"], row["done"]) == ("gist-sweep", 72, 72)
    assert row["axes"] == "n_gate, responses_needed, n_max, response_rate"
    name, content = sweep_store.exported(service, row["id"][:6], "parquet")
    assert name == f"gist-sweep-{row['id'][:8]}.parquet"
    assert content == (tmp_path / "theirs.parquet").read_bytes()
    opened = sweep_store.opened(service, "gist-sweep")
    for kind in sweep_pictures.KINDS:
        found = sweep_pictures.drawn(service, opened, {"pic": kind})
        assert found.problem == ""
        assert "exact" in found.title
    page = texts(sweep.layout(service, State(view=(("sweep", row["id"]),))))
    assert "n_gate (design.looks.proof-of-concept.at.per_arm) from 10 to 11, 2 values" in page


def test_a_file_with_a_sweep_of_its_own_is_run_as_it_is(service: Service, tmp_path: Path) -> None:
    yaml = service.yaml_of("sweep", asked(service))
    (tmp_path / "mine.yaml").write_text(yaml)
    assert called(tmp_path, "sweep", "mine.yaml", "--engine", "exact").code == 0
    from app.state import packed

    state = State(packed=packed(yaml))
    assert sweeps.takes_own(service, state)
    found = sweep.run(service, state, lambda *_: None)
    assert found["words"].startswith("4 cells: 0 computed, 4 already in the store")
    assert len(sweep_cells.list_rows(service)) == 1


def test_what_was_computed_before_a_cancel_is_kept(service: Service) -> None:
    state = asked(service, [Row(GATE, False, 10, 30), Row(NEEDED, False, 1, 6)], "simulated", 200)
    told: list[float] = []

    def cancelled(share: float, _: str) -> None:
        told.append(share)
        if share > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        sweep.run(service, state, cancelled)
    (row,) = sweep_cells.list_rows(service)
    assert 0 < row["done"] < row["cells"] == 126
    assert told == [0.0, row["done"] / 126]
    opened = sweep_store.opened(service, row["id"])
    assert "Combinations without a cell" in sweep_pictures.drawn(service, opened, {}).notes
    assert "not computed yet" in texts(sweep_pictures.open_sweep(service, row["id"], {}))
    found = sweep.run(service, state, lambda *_: None)
    assert f"{126 - row['done']} computed, {row['done']} already in the store" in found["words"]
    assert found["id"] == row["id"]


def test_two_tabs_at_once_share_the_store(service: Service) -> None:
    states = [asked(service), asked(service, [Row(GATE, False, 18, 19), SMALL[1]])]
    found: dict[int, str] = {}
    tabs = [threading.Thread(target=lambda n=n: found.update({n: made(service, states[n])})) for n in (0, 1)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert {row["id"]: row["done"] for row in sweep_cells.list_rows(service)} == {found[0]: 4, found[1]: 4}


def test_no_store_and_a_damaged_one(service: Service, tmp_path: Path) -> None:
    assert sweep_cells.list_rows(service) == []
    assert not Path(service.settings.store).exists()
    with pytest.raises(Refusal, match="no store of results yet"):
        sweep_store.opened(service, "gist")
    damaged = Service(Settings(store=str(tmp_path / "damaged.sqlite")))
    Path(damaged.settings.store).write_bytes(b"SQLite format 3\0" + bytes(200))
    page = texts(sweep.layout(damaged, State(view=(("sweep", "gist"),))))
    assert page.count("damaged.sqlite:") == 2
    assert "damaged.sqlite" in sweep.run(damaged, asked(damaged), lambda *_: None)["problem"]
    assert Path(damaged.settings.store).read_bytes() == b"SQLite format 3\0" + bytes(200)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "nothing", "' OR 1=1 --"])
def test_no_name_from_the_browser_is_a_path(service: Service, name: str) -> None:
    made(service, asked(service))
    with pytest.raises(Refusal, match="no sweep has the name or id"):
        sweep_store.exported(service, name, "csv")
    with pytest.raises(Refusal, match="there is no download"):
        sweep_store.exported(service, "gist", name)


# Pictures, cells, and the way on.


def test_pictures_follow_the_view(service: Service) -> None:
    opened = sweep_store.opened(service, made(service, asked(service)))
    view = {"pic": "curves", "m": P_STOP, "x": "0", "by": "", "at": "1:1"}
    wanted = sweep_pictures.picture_of(opened, view)
    assert wanted.at == (("responses_needed", 3),)
    figure = sweep_store.drawn(service, opened.line.id, wanted)
    assert list(figure.data[0].x) == [17, 18]
    assert figure.data[0].y[1] == pytest.approx(0.941871, abs=1e-6)
    assert "responses_needed is 3." in figure.layout.meta["notes"]
    asked_for = sweep_pictures.chosen(opened, {"pic": "pie", "m": "p_go", "x": "7", "y": "-1", "g1": "best"})
    assert asked_for["pic"] == "curves"
    assert sweep_pictures.is_selector(opened, asked_for["m"])
    assert (asked_for["x"], asked_for["y"], asked_for["g1"]) == ("0", "1", "min")
    same = sweep_pictures.drawn(service, opened, {"pic": "heat-map", "x": "0", "y": "0"})
    assert "asked for twice" in same.problem


def test_a_simulated_picture_says_how_sure_it_is(service: Service) -> None:
    opened = sweep_store.opened(service, made(service, asked(service, engine="simulated")))
    found = sweep_pictures.drawn(service, opened, {"m": P_STOP})
    assert "simulated, 200 replicates per cell, MCSE at most" in found.title
    columns, rows, _ = sweep_cells.table_of(service, opened.line.id, [P_STOP])
    assert [column["field"] for column in columns] == ["cell", "a0", "a1", "m0", "e0"]
    assert all(row["e0"].startswith(("MCSE 0.", "95 % limit ")) for row in rows)


def test_the_table_has_at_most_so_many_rows(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep_id = made(service, asked(service))
    columns, rows, told = sweep_cells.table_of(service, sweep_id, [P_STOP, "n_mean[truth=target rate]"])
    assert [row["cell"] for row in rows] == [0, 1, 2, 3]
    assert (rows[3]["a0"], rows[3]["a1"]) == (18, 3)
    assert rows[3]["m0"] == pytest.approx(0.941871, abs=1e-6)
    assert told == ""
    assert [column["headerName"] for column in columns[1:3]] == ["patients_per_arm", "responses_needed"]
    monkeypatch.setattr(sweep_cells, "MAX_ROWS", 3)
    _, rows, told = sweep_cells.table_of(service, sweep_id, [P_STOP])
    assert (len(rows), told) == (3, "The first 3 of 4 cells.")


def test_a_cell_opens_on_explore_as_changes_to_its_base(service: Service) -> None:
    state = asked(service, state=State(changes=(("design.analysis.level", 0.9),)))
    there = sweep_store.cell_state(service, state, made(service, state), 2)
    assert there == State(changes=(("design.analysis.level", 0.9), (GATE, 18), (NEEDED, 2)))
    assert from_query(query_of(there)) == (there, [])


def test_a_cell_of_another_sweep_opens_on_explore_too(service: Service, tmp_path: Path) -> None:
    words = ["--set", "vary.n_gate.to=11", "--set", "vary.response_rate.step=0.25", "--engine", "exact"]
    called(tmp_path, "sweep", "gist-sweep", *words)
    there = sweep_store.cell_state(service, State("simon-20-40"), "gist-sweep", 5)
    assert (there.base, there.rates) == ("gist-sweep", (0.55, 0.55))
    assert dict(there.changes)["design.enrolment.cap"] == {"400 mg": 100, "600 mg": 100}
    (tmp_path / "mine.yaml").write_text(
        service.yaml_of("sweep", asked(service)).replace("name: gist\n", "name: mine\n")
    )
    assert called(tmp_path, "sweep", "mine.yaml", "--engine", "exact").code == 0
    packed = sweep_store.cell_state(service, State("simon-20-40"), "mine", 3)
    assert packed.packed
    design = service.design(packed)
    assert design.looks[0].at.per_arm == 18  # type: ignore[union-attr]
    with pytest.raises(Refusal, match="no cell 4"):
        sweep_store.cell_state(service, State(), "mine", 4)
    assert "no cell 99" in texts(sweep_pictures.cell_link(service, State(), "mine", 99))


def test_every_mark_of_a_picture_carries_the_number_of_its_cell(service: Service) -> None:
    opened = sweep_store.opened(service, made(service, asked(service)))
    numbers = {}
    for kind in sweep_pictures.KINDS:
        figure = sweep_pictures.drawn(service, opened, {"pic": kind}).figure
        assert figure is not None
        found = [number for trace in figure.data if trace.customdata is not None for number in _flat(trace.customdata)]
        numbers[kind] = sorted(int(number) for number in found)
    assert numbers == {kind: [0, 1, 2, 3] for kind in sweep_pictures.KINDS}


def _flat(data: Any) -> list[Any]:
    return [one for row in data for one in (row if hasattr(row, "__len__") else [row])]


@pytest.mark.parametrize("click", [None, {}, {"points": []}, {"points": [{}]}, {"points": [{"customdata": "1"}]}, 3])
def test_a_click_beside_the_cells_is_none(click: Any) -> None:
    assert sweep_shown.clicked(click) is None
    assert sweep_shown.clicked({"points": [{"customdata": 7}]}) == 7


def test_a_page_changes_its_own_part_of_the_view_only() -> None:
    before = as_data(State(view=(("trial", "3"), ("pic.m", "pet"))))
    patch = sweep_shown.view_changes(before, State(view=(("trial", "3"), ("sweep", "abc")))).to_plotly_json()
    done = [(one["operation"], one["location"]) for one in patch["operations"]]
    assert done == [("Assign", ["view", "sweep"]), ("Delete", ["view", "pic.m"])]


def test_a_large_sweep_is_left_to_the_command_line(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep_id = made(service, asked(service))
    monkeypatch.setattr(sweep_store, "MAX_OPENED", 3)
    with pytest.raises(Refusal, match=rf"results show {sweep_id[:8]}"):
        sweep_store.opened(service, sweep_id)


def test_the_default_sweep_takes_less_than_a_second(service: Service) -> None:
    import time

    made(service, asked(service))  # what is compiled is compiled
    began = time.process_time()
    made(service, State())
    assert time.process_time() - began < 2.0  # 0.6 s on the machine it was written on


def test_a_cancel_is_told_though_the_list_has_changed_at_once(service: Service) -> None:
    """A busy page names several causes in one question; the list, named first, must not hide the others."""
    app = create_app(service.settings)
    (opening,) = [one for one in callbacks(app) if "sweep-told.children" in one["output"]]
    values = {"sweep-cancel": 1, "sweep-list": [], "state": as_data(State())}
    asked_ = body(opening, lambda name: values.get(str(name)))
    both = ["sweep-list.selectedRows", "sweep-cancel.n_clicks"]
    for causes, is_told in ((both, True), (both[::-1], True), (both[:1], False)):
        asked_["changedPropIds"] = causes
        answer = app.server.test_client().post(UPDATE, json=asked_).get_data(as_text=True)
        assert ("What was computed is in the store" in answer) == is_told, causes
