"""What a moving slider is answered: exact values of the design where the slider is, and a sentence for nonsense."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from scipy.stats import binom

from app.main import create_app
from app.panels import explore, explore_moves
from app.service import Service
from app.settings import Settings
from app.state import State, as_data

GATE = "design.looks.proof-of-concept.at.per_arm"
NEEDED = "design.looks.proof-of-concept.continue_if.rule.at_least"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    store = tmp_path_factory.mktemp("store") / "trialsim.sqlite"
    return create_app(Settings(store=str(store), warm=False)).server.test_client()


def ask(client: FlaskClient, sliders: Any, state: State | None = None) -> dict[str, Any]:
    """Ask as the browser does."""
    answer = client.post(explore_moves.PATH, json={"state": as_data(state or State()), "sliders": sliders})
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_the_curves_are_those_of_the_slider(client: FlaskClient) -> None:
    lines = ask(client, {GATE: 24})["lines"]
    for step in (0, 5, 30, 100):
        assert lines[0][step] == pytest.approx(binom.sf(2, 24, step / 100), abs=1e-6)


def test_the_cards_are_those_of_the_whole_page(client: FlaskClient) -> None:
    service = Service(Settings())
    page = explore.answer(service, State(changes=((GATE, 24),)))
    shown = [paper.children[1].children.value for paper in page.cards]
    assert ask(client, {GATE: 24})["cards"] == pytest.approx(shown, abs=1e-4)
    assert [trace["y"] for trace in page.figures["operating"]["data"] if trace["mode"] == "lines"] == [
        pytest.approx(line, abs=1e-6) for line in ask(client, {GATE: 24})["lines"]
    ]


def test_an_answer_is_kept_and_belongs_to_its_question(client: FlaskClient) -> None:
    first = ask(client, {GATE: 30})
    assert ask(client, {GATE: 31}) != first
    assert ask(client, {GATE: 30}, State(changes=((NEEDED, 5),))) != first
    assert ask(client, {GATE: 30}, State(base="simon-20-40")) != first
    assert ask(client, {GATE: 30}, State(view=(("day", "3"),))) == first


def test_what_makes_no_sense_together_is_a_sentence(client: FlaskClient) -> None:
    assert "cannot meet" in ask(client, {GATE: 2})["refused"]
    unknown = ask(client, {}, State(base="../../etc/passwd"))
    assert "refused" in unknown


@pytest.mark.parametrize("value", [-5, 5000, 10**400, math.nan, math.inf, 1e308, True, "24", None, [24], {"a": 1}])
def test_a_forged_slider_has_not_moved(client: FlaskClient, value: object) -> None:
    body = json.dumps({"state": as_data(State()), "sliders": {GATE: value, "rates.0": value}})
    answer = client.post(explore_moves.PATH, data=body, content_type="application/json")
    assert answer.get_json() == ask(client, {})


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'{"sliders": []}', b"\xff\xfe", b"{" * 5000])
def test_a_forged_question_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = client.post(explore_moves.PATH, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


def test_a_form_of_another_site_is_not_answered(client: FlaskClient) -> None:
    body = json.dumps({"state": as_data(State()), "sliders": {}})
    assert client.post(explore_moves.PATH, data=body, content_type="text/plain").status_code == 400


def test_what_the_browser_asks_is_what_the_server_answers() -> None:
    script = (Path(explore_moves.__file__).parents[1] / "assets" / "moves.js").read_text(encoding="utf-8")
    assert f'const PATH = "{explore_moves.PATH}";' in script
