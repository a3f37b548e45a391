"""Background jobs through a real Dash application, driven as the browser drives it."""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, ctx, dcc, html, set_props

from app.jobs import BUSY, ThreadManager, sentence_of
from tests.app.gate import SOON, Gate, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class KindError(ValueError):
    """A sentence for the user."""


class Tab:
    """A page load: its end_id, and posts as the renderer makes them."""

    def __init__(self, app: Dash) -> None:
        self.app, self.client = app, app.server.test_client()
        page = self.client.get("/").get_data(as_text=True)
        config = re.search(r'<script id="_dash-config"[^>]*>(.*?)</script>', page)
        assert config is not None
        self.end_id = json.loads(config[1])["end_id"]

    def post(self, n: int | None, **query: str) -> Any:
        """Post the callback "go"; in polls the renderer sends null."""
        body = {
            "output": "..out.children...side.children..",
            "outputs": [{"id": "out", "property": "children"}, {"id": "side", "property": "children"}],
            "inputs": [{"id": "go", "property": "n_clicks", "value": n}],
            "state": [{"id": "what", "property": "data", "value": None if query else "good"}],
            "changedPropIds": ["go.n_clicks"],
            "parsedChangedPropsIds": ["go.n_clicks"],
        }
        return self._send(body, query)

    def cancel(self, job: str) -> Any:
        body = {
            "output": "stop.id",
            "outputs": {"id": "stop", "property": "id"},
            "inputs": [{"id": "stop", "property": "n_clicks", "value": 1}],
            "changedPropIds": ["stop.n_clicks"],
            "parsedChangedPropsIds": ["stop.n_clicks"],
        }
        return self._send(body, {"cancelJob": job})

    def _send(self, body: dict[str, Any], query: dict[str, str]) -> Any:
        return self.client.post("/_dash-update-component", json=body, query_string={"endId": self.end_id, **query})

    def start(self, n: int = 1) -> dict[str, str]:
        handles = self.post(n).get_json()
        return {"cacheKey": handles["cacheKey"], "job": handles["job"]}

    def last(self, handles: dict[str, str]) -> Any:
        """Poll to the end; return the last answer."""
        deadline = time.monotonic() + SOON
        while time.monotonic() < deadline:
            answer = self.post(None, **handles)
            if answer.status_code != 200 or "response" in answer.get_json():
                return answer
            time.sleep(0.01)  # a job stands behind those who ask for it
        raise AssertionError("no answer")


@contextmanager
def made(fn: Callable[..., Any], manager: ThreadManager, errors: list[Exception]) -> Iterator[Dash]:
    def on_error(error: Exception) -> None:
        errors.append(error)
        set_props("toast", {"children": sentence_of(error) or "fault"})

    app = Dash(__name__, background_callback_manager=manager, on_error=on_error)
    buttons = [html.Button(id=name) for name in ("go", "stop")]
    app.layout = html.Div([*buttons, dcc.Store("what"), *(html.P(id=name) for name in ("out", "side", "bar", "toast"))])

    @app.callback(
        Output("out", "children"),
        Output("side", "children"),
        Input("go", "n_clicks"),
        State("what", "data"),
        background=True,
        progress=[Output("bar", "children")],
        progress_default=[""],
        cancel=[Input("stop", "n_clicks")],
        prevent_initial_call=True,
    )
    def go(set_progress: Callable[[Any], None], n: int, what: str) -> Any:
        return fn(set_progress, n, what)

    app._setup_server()
    yield app


def test_dash_polls_progress_and_answer() -> None:
    gate, manager = Gate(), ThreadManager(1, 0)

    def job(set_progress: Callable[[Any], None], n: int, what: str) -> list[str]:
        set_progress("begun")
        gate(lambda _: None)
        set_props("toast", {"children": "said"})
        return [f"{what} {n}", str(ctx.triggered_id)]

    with made(job, manager, []) as app:
        tab = Tab(app)
        first = tab.post(3).get_json()
        assert first["progressDefault"] == {"bar.children": ""}
        handles = {"cacheKey": first["cacheKey"], "job": first["job"]}
        assert gate.runs.wait(SOON)
        assert tab.post(None, **handles).get_json() == {"multi": True, "progress": {"bar.children": "begun"}}
        gate.goes_on.set()
        answer = tab.last(handles).get_json()
        assert answer["response"] == {"out": {"children": "good 3"}, "side": {"children": "go"}}
        assert answer["sideUpdate"] == {"toast": {"children": "said"}}
        assert tab.post(None, **handles).status_code == 204
        assert manager._jobs == {}


def test_what_is_set_of_a_component_between_two_polls_adds_up() -> None:
    gate = Gate()

    def job(set_progress: Callable[[Any], None], *_: Any) -> list[str]:
        for props in ({"children": "first", "hidden": True}, {"children": "second"}):
            set_props("toast", props)
        return gate(set_progress, "")

    with made(job, ThreadManager(1, 0), []) as app:
        tab = Tab(app)
        handles = tab.start()
        gate.goes_on.set()
        assert gate.ended.wait(SOON)
        answer = tab.last(handles).get_json()
    assert answer["sideUpdate"] == {"toast": {"children": "second", "hidden": True}}


def test_dash_shows_the_error_of_a_job_to_on_error() -> None:
    errors: list[Exception] = []

    def job(_: Any, n: int, what: str) -> None:
        raise KindError(f"{what} {n} is not")

    with made(job, ThreadManager(1, 0, told=(KindError,)), errors) as app:
        tab = Tab(app)
        answer = tab.last(tab.start()).get_json()
    assert sentence_of(errors[0]) == "good 1 is not"
    assert answer["sideUpdate"] == {"toast": {"children": "good 1 is not"}}


def test_dash_hears_that_the_server_is_busy() -> None:
    gate, errors = Gate(), []

    with made(gate.of_page, ThreadManager(1, 0), errors) as app:
        tab = Tab(app)
        first = tab.start()
        answer = tab.last(tab.start(2)).get_json()
        assert answer["sideUpdate"] == {"toast": {"children": BUSY}}
        gate.goes_on.set()
        assert tab.last(first).status_code == 200


def test_cancel_ends_the_polls_of_the_page() -> None:
    gate, manager = Gate(), ThreadManager(1, 0)
    with made(gate.of_page, manager, []) as app:
        tab = Tab(app)
        handles = tab.start()
        assert gate.runs.wait(SOON)
        assert tab.cancel(handles["job"]).status_code == 200
        assert tab.last(handles).status_code == 204
        gate.goes_on.set()
        until(lambda: manager._n_threads == 0)


def test_a_new_click_replaces_the_job_of_the_old_one() -> None:
    gate, manager = Gate(), ThreadManager(1, 1)
    with made(gate.of_page, manager, []) as app:
        tab = Tab(app)
        old = tab.start(1)
        assert gate.runs.wait(SOON)
        new = tab.post(2, oldJob=old["job"]).get_json()
        assert tab.last(old).status_code == 204
        gate.goes_on.set()
        answer = tab.last({"cacheKey": new["cacheKey"], "job": new["job"]}).get_json()
        assert answer["response"]["out"] == {"children": "done"}


def test_two_tabs_with_the_same_request_both_get_their_answer() -> None:
    with made(lambda _, n, what: [what, str(n)], ThreadManager(2, 8), []) as app:
        tabs = [Tab(app) for _ in range(6)]
        handles = [tab.start(5) for tab in tabs]
        answers = [tab.last(own).get_json() for tab, own in zip(tabs, handles, strict=True)]
    assert [answer["response"]["side"]["children"] for answer in answers] == ["5"] * 6


def test_another_tab_cannot_take_the_result_or_stop_the_job() -> None:
    gate = Gate()
    with made(gate.of_page, ThreadManager(1, 0), []) as app:
        tab, thief = Tab(app), Tab(app)
        handles = tab.start()
        thief.cancel(handles["job"])
        assert thief.post(None, **handles).status_code == 204
        gate.goes_on.set()
        assert tab.last(handles).get_json()["response"]["out"] == {"children": "done"}


def test_two_apps_of_the_same_source_call_their_own_functions() -> None:
    with (
        made(lambda *_: ["first", ""], ThreadManager(1, 0), []) as one,
        made(lambda *_: ["second", ""], ThreadManager(1, 0), []) as two,
    ):
        tabs = [Tab(one), Tab(two)]
        answers = [tab.last(tab.start()).get_json()["response"]["out"]["children"] for tab in tabs]
    assert answers == ["first", "second"]
