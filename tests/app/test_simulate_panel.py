"""The Simulate page without a browser: its numbers are the command line's, and errors stand beside their fields."""

from __future__ import annotations

import csv
import io
import json
import shlex
import zlib
from base64 import b64decode, urlsafe_b64decode
from itertools import pairwise

import pytest

from app.jobs import Cancelled
from app.panels import simulate_form
from app.panels.simulate_answers import STALE, answer, followed, progress_words, question, run
from app.service import Refusal, Service, conduct
from app.service.simulation import simulated
from app.settings import Settings
from app.shell import page
from app.state import State, packed
from tests.contracts.in_process import called

SMALL = ("n_sims", "600")


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(Settings(warm=False))


def of(*view: tuple[str, str], base: str = "gist", **rest: object) -> State:
    return State(base=base, view=(SMALL, *view), **rest)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def steps(service: Service) -> list:
    return list(simulated(service, of(("truth", "weak")), lambda _: None))


def texts(component: object) -> str:
    """Return all words of a component."""
    children = getattr(component, "children", component)
    if isinstance(children, list | tuple):
        return " ".join(map(texts, children))
    return texts(children) if hasattr(children, "children") else str(children or "")


def test_estimates_come_before_all_else_and_sharpen(steps):
    assert [(step.n_done, bool(step.menus)) for step in steps] == [(500, False), (500, True), (600, True)]
    for step in steps:
        assert set(answer(step)) >= {("figure", "estimates"), "simulate-costs", "simulate-shown"}
        assert f"{step.n_done:,} calendar trials" in answer(step)["note", "estimates"]["children"]
    half = [max(step.figures["estimates"].data[1].error_x.array) for step in (steps[0], steps[-1])]
    assert half[0] > half[1] > 0
    assert [bool(step.files) for step in steps] == [False, False, True]


def test_the_command_beside_it_gives_the_same_numbers(service, steps, tmp_path):
    command = service.command_of("simulate", of(("truth", "weak")))
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "trialsim", "run"]
    code, out, _ = called(tmp_path, *words[3:], "--format", "csv")
    assert code == 0

    def calendar(text: str) -> dict:
        names = ("truth", "measure", "arm", "look", "given", "value", "variant")
        rows = csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#"))
        return {tuple(r[n] for n in names): (r["estimate"], r["mcse"]) for r in rows if r["engine"] == "calendar"}

    shown, wanted = calendar(plain(steps[-1].files["csv"])), calendar(out)
    assert {key[1] for key in shown} >= {"p_stop", "n_mean", "p_success"}
    for key, numbers in shown.items():
        assert numbers == wanted[key]


def plain(text: str) -> str:
    return zlib.decompress(urlsafe_b64decode(text + "=" * (-len(text) % 4))).decode()


def test_the_result_leaves_the_page_in_every_format(steps):
    import pyarrow.parquet as pq

    files = steps[-1].files
    assert files["name"] == "gist-simulated"
    rows = list(csv.DictReader(line for line in io.StringIO(plain(files["csv"])) if not line.startswith("#")))
    assert pq.read_table(io.BytesIO(b64decode(files["parquet"]))).num_rows == len(rows) > 20
    assert len(json.loads(plain(files["json"]))["measures"]) == len(rows)


def test_every_figure_is_there_in_the_end_and_one_of_each_menu_before(steps):
    for menu in steps[1].menus.values():
        assert list(menu.figures) == [menu.chosen]
    for menu in steps[-1].menus.values():
        assert list(menu.figures) == list(menu.labels)
    drawn = answer(steps[-1])["simulate-drawn"]["data"]
    for own in drawn.values():
        for one in own.values():
            assert "MCSE" in one["note"]
    assert answer(steps[1])["simulate-menu-distribution"]["value"] == steps[1].menus["distribution"].chosen
    assert "value" not in answer(steps[-1])["simulate-menu-distribution"]  # it is the visitor's by then


def test_the_menu_that_the_visitor_chose_is_drawn_first(service):
    wanted = {"distribution": "duration of the trial"}
    step = next(one for one in simulated(service, of(), lambda _: None, wanted) if one.menus)
    assert list(step.menus["distribution"].figures) == ["duration of the trial"]


def test_costs_in_words(steps):
    rows = {row[0]: row[1:] for row in steps[-1].costs.rows}
    exact, seen, cost = rows["400 mg stops at proof-of-concept"]
    assert float(exact) == pytest.approx(0.7338, abs=1e-3)
    assert float(cost.split()[0]) == pytest.approx(float(seen.split()[0]) - float(exact), abs=1e-4)
    assert seen.split()[1] == cost.split()[1]  # the exact value has no error
    assert rows["mean number of patients"][1].endswith("(in every trial)")
    assert "none seen (95 %: under" in rows["success, pooled at interim"][1]


def test_published_results_stand_under_their_own_truth_only(service, steps):
    assert all(step.match is None for step in steps)
    assert answer(steps[-1])["simulate-match-card"]["hidden"]
    *_, last = simulated(service, of(), lambda _: None)
    assert last.match.rows[0][:3] == ["responses 400 mg", "inside", "36"]
    assert not answer(last)["simulate-match-card"]["hidden"]
    assert any("cannot be reproduced by any model" in note for note in last.notes)


def test_explored_rates_are_a_truth(service):
    state = of(("truth", "explored"), rates=(0.1, 0.4))
    scenario = service.scenario(state, *conduct.changes(service, state))
    assert [truth.rates(scenario.design.arm_names) for truth in scenario.truths] == [(0.1, 0.4)]


@pytest.mark.parametrize(
    ("view", "path", "wanted"),
    [
        ((), "enrolment.window.days", 304.0),
        ((("enrolment", conduct.PER_MONTH), ("per_month", "7.5")), "enrolment.per_month", 7.5),
        ((("enrolment", conduct.PER_MONTH),), "enrolment.per_month", 10.0),
        ((("visits", "every 61 days"),), "visits.then_every_days", 61.0),
        ((("confirmation", "false"),), "response.confirmation.after_days", None),
        ((), "response.confirmation.after_days", (28.0, 84.0)),
    ],
)
def test_choices_of_the_form(service, view, path, wanted):
    state = of(*view)
    value = service.scenario(state, *conduct.changes(service, state)).conduct
    for name in path.split("."):
        value = getattr(value, name)
    assert value == wanted


def test_confirmation_where_the_design_has_none(service):
    state = of(("confirmation", "true"), base="simon-1989-20-40")
    found = service.scenario(state, *conduct.changes(service, state)).conduct
    assert found.response.confirmation.after_days == (28.0, 84.0)


def test_a_design_without_conduct_gets_a_plain_one_and_the_page_says_so(service):
    state = of(base="simon-1989-20-40")
    assert service.scenario(state, *conduct.changes(service, state)).conduct.enrolment.per_month == 10.0
    assert simulate_form.NO_CONDUCT in texts(page(service, "/simulate", "?base=simon-1989-20-40")[0])
    assert simulate_form.NO_CONDUCT not in texts(page(service, "/simulate", "")[0])
    *_, last = simulated(service, state, lambda _: None)
    assert last.n_done == 600
    assert "events" not in last.figures


def test_looks_have_fields_even_if_the_conduct_does_not_name_them(service):
    state = State(base="simon-1989-20-40")
    paths = {one.path for one in conduct.conduct_fields(service, state)}
    assert {f"conduct.looks.first stage.{name}" for name in ("fires", "counts", "hold")} <= paths
    held = of(base="simon-1989-20-40", changes=(("conduct.looks.first stage.hold", "until_decided"),))
    scenario = service.scenario(held, *conduct.changes(service, held))
    assert scenario.conduct.looks["first stage"].hold == "until_decided"
    assert scenario.conduct.enrolment.per_month in (None, 10.0)  # nothing said is 10 a month, too


def test_every_field_of_the_form_has_a_base_value(service):
    for state in (State(), State(base="simon-1989-20-40")):
        known = simulate_form.base_values(service, state)
        paths = [one.path for one in simulate_form.fields(service, state)]
        assert len(paths) == len(set(paths)) > 5
        assert set(paths) | {simulate_form.TRUTH, simulate_form.TRIALS} == set(known)


@pytest.mark.parametrize("text", ["abc", "0", "-5", "1e5", "200001", "9" * 40, "²"])
def test_a_number_of_trials_that_is_none(service, text):
    with pytest.raises(Refusal, match="a number of trials from 1 to 200,000") as caught:
        conduct.n_trials(service, State(view=(("n_sims", text),)))
    assert caught.value.path == simulate_form.TRIALS
    assert "a number of trials" in texts(page(service, "/simulate", f"?v.n_sims={text}")[0])


def test_errors_stand_beside_their_fields(service):
    keys = ["conduct.unevaluable", "conduct.cutoff.day", simulate_form.TRIALS]
    _, _, alert, beside = followed(service, of(changes=(("conduct.cutoff.day", 0),)), None, keys)
    assert beside == ["", "found 0; accepted: more than 0", ""]
    assert "conduct.cutoff.day" in texts(alert)
    _, _, _, beside = followed(service, State(view=(("n_sims", "0"),)), None, keys)
    assert beside[:2] == ["", ""]
    assert "from 1 to" in beside[2]


def test_only_the_chosen_truth_has_to_fit_the_conduct(service):
    many_missing = (("conduct.response.not_evaluable.400 mg", 0.6),)
    assert followed(service, of(("truth", "active"), changes=(many_missing[0],)), None, [])[2] is not None
    assert followed(service, of(("truth", "weak"), changes=(many_missing[0],)), None, [])[2] is None


def test_results_go_stale_when_the_question_changes(service):
    state = of(("truth", "weak"))
    fresh = ("results", None, None, [""])
    assert followed(service, state, None, ["x"]) == fresh
    assert followed(service, state, question(state), ["x"]) == fresh
    assert followed(service, state._replace(view=(*state.view, ("trial", "7"))), question(state), ["x"]) == fresh
    for other in (of(("truth", "active")), state._replace(rates=(0.1, 0.2)), state._replace(base="simon-1989-20-40")):
        assert followed(service, other, question(state), ["x"])[:2] == ("results stale", STALE)


def test_a_run_says_how_far_it_is(service):
    told, put = [], []
    words = run(service, of(("truth", "weak")), {}, told.append, lambda component, _: put.append(component))
    shares = [share for share, _ in told]
    assert shares[-1] == 100
    assert all(before <= after for before, after in pairwise(shares))
    assert "600 of 600 trials (100 %)" in told[-1][1]
    assert words.startswith("600 trials in ")
    assert words.endswith("seed 1.")
    assert put.count("simulate-of") == 3


def test_a_run_that_nobody_waits_for_ends_at_once(service):
    def tell(so_far: tuple[float, str]) -> None:
        if so_far[0] >= 1:
            raise Cancelled

    state = State(view=(("n_sims", "100000"),))
    steps = []
    with pytest.raises(Cancelled):
        run(service, state, {}, tell, lambda component, _: steps.append(component))
    assert steps.count("simulate-of") <= 4  # of sixteen


def test_time_left():
    assert progress_words(0, 1000, 0.0) == "0 of 1,000 trials (0 %)"
    assert progress_words(250, 1000, 3.0) == "250 of 1,000 trials (25 %), about 9 s left"


def test_an_uploaded_scenario(service):
    text = service.yaml_of("simulate", of(("truth", "weak")))
    *_, last = simulated(service, State(packed=packed(text), view=(SMALL,)), lambda _: None)
    *_, shipped = simulated(service, of(("truth", "weak")), lambda _: None)
    assert last.costs.rows == shipped.costs.rows
