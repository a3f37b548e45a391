"""The Replay page without a browser: its trial is the library's, its day knows no later one, it refuses in words."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from dash import no_update

from app.panels import replay as panel
from app.panels.replay_answers import FINDERS, answer, answer_moving, chosen, found, with_conduct, without_day
from app.service import Refusal, Service
from app.settings import Settings
from app.shell import page
from app.state import State, from_query, query_of
from tests.contracts.in_process import called
from trialsim import load_scenario
from trialsim.replay import FINDERS as ALL_FINDERS
from trialsim.replay import find_trial, replay
from trialsim.replay.on_day import seen_on
from trialsim.report.replay import headline, sentences
from trialsim.report.replay_day import day_sentences


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(Settings(warm=False))


def looking_at(**view: object) -> State:
    return State(view=tuple((key, str(value)) for key, value in view.items()))


def texts(component: Any) -> list[str]:
    """Return all words of a component, in order."""
    if component is None or isinstance(component, int | float):
        return []
    if isinstance(component, str):
        return [component]
    if isinstance(component, list | tuple):
        return [word for child in component for word in texts(child)]
    own = [word for name in ("label", "data-label") if isinstance(word := getattr(component, name, None), str)]
    return own + texts(getattr(component, "children", None))


def ids_of(component: Any) -> list[Any]:
    if isinstance(component, list | tuple):
        return [found for child in component for found in ids_of(child)]
    own = [component.id] if getattr(component, "id", None) is not None else []
    children = getattr(component, "children", None)  # a component without children counts as false
    return own + (ids_of(children) if children is not None else [])


def test_the_trial_is_that_of_the_library(service: Service) -> None:
    one = replay(load_scenario("gist", ["plans=[]"]), 7, "mixed")
    shown = answer(service, looking_at(trial=7, truth="mixed", day=150))
    assert shown.headline == headline(one)
    assert shown.story == sentences(one)
    assert len(shown.rows) == len(one.patients)
    assert [row["c0"] for row in shown.rows] == [float(patient.number) for patient in one.patients]
    words = texts(shown.known)
    assert [line for line in day_sentences(one, seen_on(one, 150)) if line not in words] == []


def test_without_a_day_it_is_the_day_of_the_first_look(service: Service) -> None:
    one = replay(load_scenario("gist", ["plans=[]"]), 0)
    assert one.looks[0].minute is not None
    shown = answer(service, State())
    assert 0 <= shown.day - one.looks[0].minute / 1440 < 1
    assert "proof-of-concept was held on day" in " ".join(texts(shown.known))


def test_a_moving_day_changes_words_and_marks_only(service: Service) -> None:
    state = looking_at(trial=3)
    known, (veil, line) = answer_moving(service, state, 100)
    assert "What was known on day 100" in texts(known)
    figure = answer(service, looking_at(trial=3, day=100)).figures["swimmer"]
    assert [figure.layout.shapes[n].x0 for n in (-2, -1)] == [veil["x0"], line["x0"]] == [100, 100]
    assert texts(known) == texts(answer(service, looking_at(trial=3, day=100)).known)
    patch = panel.patched((veil, line)).to_plotly_json()["operations"]
    assert [change["location"] for change in patch] == [["layout", "shapes", -2], ["layout", "shapes", -1]]


def test_a_day_after_the_cut_off_is_the_cut_off(service: Service) -> None:
    assert "The data are closed: this is the final analysis." in texts(answer(service, looking_at(day=9999)).known)


@pytest.mark.parametrize(
    ("view", "about"),
    [
        ({"trial": "-3"}, panel.TRIAL),
        ({"trial": "2.5"}, panel.TRIAL),
        ({"trial": "abc"}, panel.TRIAL),
        ({"trial": str(2**64)}, panel.TRIAL),
        ({"trial": "²"}, panel.TRIAL),
        ({"day": "soon"}, panel.DAY),
        ({"day": "-1"}, panel.DAY),
        ({"day": "nan"}, panel.DAY),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(service: Service, view: dict[str, str], about: str) -> None:
    with pytest.raises(Refusal):
        answer(service, looking_at(**view))
    *outputs, alert, on_trial, on_day = panel.settled(service, looking_at(**view), None)
    assert alert is None
    beside = {panel.TRIAL: on_trial, panel.DAY: on_day}
    assert beside.pop(about).startswith(f"{about.removeprefix('view.')} ")
    assert list(beside.values()) == [""]
    assert all(output is no_update for output in outputs)


def test_an_unknown_truth_is_said_and_the_page_stays(service: Service) -> None:
    *_, alert, on_trial, on_day = panel.settled(service, looking_at(truth="nowhere"), None)
    assert " ".join(texts(alert)).startswith('truth: there is no truth "nowhere"; accepted: ')
    assert (on_trial, on_day) == ("", "")
    content, _, _ = page(service, "/replay", "?v.truth=nowhere")
    assert 'there is no truth "nowhere"' in " ".join(texts(content))
    assert {"i": "swimmer", "t": "figure"} in [{**one} for one in ids_of(content) if isinstance(one, dict)]


def test_a_day_that_only_the_slider_knows_is_kept(service: Service) -> None:
    outputs = panel.settled(service, looking_at(trial=4), 77)
    assert "What was known on day 77" in texts(outputs)
    assert "What was known on day 88" in texts(panel.settled(service, looking_at(trial=4, day=88), 77))


def test_the_explored_rates_are_a_truth(service: Service) -> None:
    state = State(rates=(0.1, 0.45), view=(("truth", "explored"), ("trial", "2")))
    assert service.replays.truths(state)[-1] == "explored"
    assert "truth explored (true response rate 400 mg 10 %, 600 mg 45 %)" in answer(service, state).headline
    assert "explored" not in service.replays.truths(State())


def test_a_day_that_rests_draws_the_curves_and_leaves_the_trial(service: Service) -> None:
    state = looking_at(trial=4, day=200, truth="active")
    patch, *curves = panel.settled(service, state, None, is_drawn=True)[:3]
    whole = panel.settled(service, state, None)
    assert [curve.to_dict() for curve in curves] == [curve.to_dict() for curve in whole[1:3]]
    assert [change["params"]["value"]["x0"] for change in patch.to_plotly_json()["operations"]] == [200, 200]
    again = panel.settled(service, state, None, is_drawn=True)
    assert len(again) == len(whole)
    assert texts(again[8]) == texts(whole[8])
    assert "What was known on day 200" in texts(again[8])
    assert again[6] is again[7] is again[9] is no_update


def test_which_trial_is_drawn_depends_on_everything_but_the_day() -> None:
    one = looking_at(trial=4, day=200, truth="active")
    assert without_day(one) == without_day(looking_at(trial=4, day=10, truth="active"))
    others = [looking_at(trial=5, truth="active"), looking_at(trial=4), one._replace(base="simon-20-40")]
    others.append(one._replace(changes=(("conduct.cutoff", {"day": 300}),)))
    assert all(without_day(one) != without_day(other) for other in others)


# Finders


def test_every_finder_has_words() -> None:
    assert list(FINDERS) == list(ALL_FINDERS)


def test_a_finder_finds_what_the_library_finds_and_tells_how_far_it_is(service: Service) -> None:
    state, shares = State(changes=(("conduct.n_sims", 5_000),), view=(("truth", "mixed"), ("trial", "rubbish"))), []
    number, words = found(service, state, "longest", shares.append)
    wanted = find_trial(load_scenario("gist", ["plans=[]", "conduct.n_sims=5000"]), "longest", "mixed")
    assert number == wanted.trial
    assert words == f"Trial {number}, 5,000 trials having been looked at: {wanted.why}."
    assert shares == [50.0, 100.0]


def test_a_finder_looks_at_no_more_than_the_settings_allow() -> None:
    few = Service(Settings(warm=False, max_trials=1_000))
    assert few.replays.n_scanned(State()) == 1_000
    assert "1,000 trials having been looked at" in found(few, State(), "median", lambda _: None)[1]


def test_a_finder_that_finds_nothing_says_so(service: Service) -> None:
    with pytest.raises(Refusal, match="no arm's true rate is at least the target rate"):
        found(service, looking_at(truth="inactive"), "false-stop", lambda _: None)


def test_previous_and_next() -> None:
    assert [panel.stepped(4, 1), panel.stepped(4, -1), panel.stepped(0, -1)] == [5, 3, 0]
    assert panel.stepped(None, 1) is no_update


# Page, link, downloads


def test_the_page_has_all_that_its_callbacks_name(service: Service) -> None:
    content, data, problems = page(service, "/replay", "?v.trial=5&v.day=100&v.truth=weak")
    assert problems is None
    assert data["view"] == {"trial": "5", "day": "100", "truth": "weak"}
    known = [json.dumps(one, sort_keys=True) if isinstance(one, dict) else one for one in ids_of(content)]
    wanted = [
        json.dumps({"i": "form", "t": "base"}),
        "replay-known",
        "replay-story",
        "replay-find",
        "replay-cancel",
        "replay-progress",
    ]
    wanted += ["replay-previous", "replay-next", "replay-patients", "replay-legend", "replay-found", "replay-alert"]
    wanted += [json.dumps({"k": key, "r": "slider"}) for key in ("view~1day", "view~1trial")]
    wanted += [json.dumps({"k": "view~1truth", "r": "choice"}), json.dumps({"i": "replay", "t": "own"})]
    assert set(wanted) <= set(known)
    assert "trial 5: " in " ".join(texts(content))


def test_a_scenario_without_conduct_is_offered_one(service: Service) -> None:
    content, _, _ = page(service, "/replay", "?base=simon-20-40")
    assert panel.NO_CONDUCT in texts(content)
    state = with_conduct(State(base="simon-20-40"))
    again, problems = from_query(query_of(state))
    assert problems == []
    shown = answer(service, again)
    assert len(shown.rows) > 10
    assert page(service, "/replay", query_of(state))[2] is None


def test_the_command_line_says_the_same(service: Service, tmp_path: Path) -> None:
    state = State(
        changes=(("design.looks.proof-of-concept.at.per_arm", 20),), view=(("trial", "9"), ("truth", "mixed"))
    )
    words = shlex.split(service.command_of("replay", state))
    assert words[:4] == ["python", "-m", "trialsim", "replay"]
    told = called(tmp_path, *words[3:], "--format", "json")
    assert told.code == 0
    assert json.loads(told.out)["story"] == answer(service, state).story


@pytest.mark.parametrize("format_", ["csv", "json", "html", "yaml"])
def test_downloads_are_those_of_the_command_line(service: Service, format_: str) -> None:
    name, content = service.exported("replay", looking_at(trial=6, truth="weak"), format_)
    assert name == ("gist.yaml" if format_ == "yaml" else f"gist-trial-6.{format_}")
    if format_ == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        assert len(rows) == len(answer(service, looking_at(trial=6, truth="weak")).rows)
    if format_ == "json":
        assert (json.loads(content)["trial"], json.loads(content)["truth"]["name"]) == (6, "weak")
    with pytest.raises(Refusal):
        service.exported("replay", looking_at(trial="x"), "csv")


def test_what_is_chosen_defaults_to_the_published_truth(service: Service) -> None:
    assert chosen(service, State()) == ("calibrated", 0, None)
