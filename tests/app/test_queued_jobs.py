"""Jobs in a queue outside the server: a stand-in for Celery with one store, as many server processes as there are apps.

The real one, with Redis, workers and two server processes, is in tests/verify/test_celery.py.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from dash import set_props

from app.jobs import TOO_LONG, sentence_of
from app.queued_jobs import GONE, QueueManager
from tests.app.gate import SOON, Gate, until
from tests.app.test_jobs_in_dash import KindError, Tab, made

if TYPE_CHECKING:
    from collections.abc import Callable


class Status(NamedTuple):
    status: str


class Store:
    """Keeps bytes by key, as Redis does; shared by all processes."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.found.get(key)

    def set(self, key: str, value: str | bytes) -> None:
        self.found[key] = value.encode() if isinstance(value, str) else value

    def delete(self, key: str) -> None:
        self.found.pop(key, None)


class Queue:
    """What `QueueManager` asks of a Celery application; a task gets what survives the way through JSON."""

    def __init__(self) -> None:
        self.backend, self.threads, self.status = Store(), list[threading.Thread](), "PENDING"
        self.holds = False
        self.held: list[threading.Thread] = []

    def task(self, name: str) -> Callable[[Any], Any]:
        assert name.startswith("trialsim_")
        return lambda run: Task(self, run)

    def AsyncResult(self, _: str) -> Status:
        return Status(self.status)

    def ended(self) -> None:
        for thread in self.threads:
            thread.join(SOON)
            assert not thread.is_alive()


class Task:
    def __init__(self, queue: Queue, run: Callable[..., None]) -> None:
        self.queue, self.run = queue, run

    def apply_async(self, args: Any, task_id: str) -> None:
        assert args[0] == task_id
        own = json.loads(json.dumps(args))
        thread = threading.Thread(target=self.run, args=own, daemon=True)
        if self.queue.holds:
            self.queue.held.append(thread)
            return
        self.queue.threads.append(thread)
        thread.start()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_properties_and_answer_come_whichever_process_is_asked() -> None:
    gate, queue = Gate(), Queue()

    def job(set_progress: Callable[[Any], None], n: int, what: str) -> list[str]:
        set_props("toast", {"children": "said", "hidden": False})
        set_props("bar", {"title": "first"})
        set_props("toast", {"children": "said again"})
        set_progress("begun")
        gate(lambda _: None)
        set_props("bar", {"title": "last"})
        return [f"{what} {n}", "side"]

    with made(job, QueueManager(queue), []) as one, made(job, QueueManager(queue), []) as two:  # type: ignore[arg-type]
        tab, other = Tab(one), Tab(two)
        other.end_id = tab.end_id  # the same page, answered by another process
        handles = tab.start(3)
        assert gate.runs.wait(SOON)
        answer = other.post(None, **handles).get_json()
        assert answer["progress"] == {"bar.children": "begun"}
        assert answer["sideUpdate"]["toast"] == {"children": "said again", "hidden": False}  # nothing is lost
        assert answer["sideUpdate"]["bar"] == {"title": "first"}
        again = tab.post(None, **handles).get_json()
        assert "progress" not in again
        assert "sideUpdate" not in again
        gate.goes_on.set()
        queue.ended()
        last = other.last(handles).get_json()
        assert last["response"] == {"out": {"children": "good 3"}, "side": {"children": "side"}}
        assert last["sideUpdate"]["bar"] == {"title": "last"}
        assert tab.post(None, **handles).status_code == 204
        left = [key for key in queue.backend.found if not key.endswith(("-page", "-secret"))]
        assert left == []


@pytest.mark.parametrize("is_told", [True, False])
def test_an_error_is_its_sentence_and_a_fault_is_none(is_told: bool) -> None:
    errors: list[Exception] = []

    def job(_: Any, n: int, what: str) -> None:
        raise KindError(f"{what} {n} is not")

    with made(job, QueueManager(Queue(), told=(KindError,) if is_told else ()), errors) as app:  # type: ignore[arg-type]
        tab = Tab(app)
        answer = tab.last(tab.start()).get_json()
    assert sentence_of(errors[0]) == ("good 1 is not" if is_told else None)
    assert answer["sideUpdate"] == {"toast": {"children": "good 1 is not" if is_told else "fault"}}


def test_cancel_ends_the_job_and_the_polls() -> None:
    gate, queue = Gate(), Queue()
    with made(gate.of_page, QueueManager(queue), []) as app:  # type: ignore[arg-type]
        tab = Tab(app)
        handles = tab.start()
        assert gate.runs.wait(SOON)
        assert tab.cancel(handles["job"]).status_code == 200
        assert tab.last(handles).status_code == 204
        gate.goes_on.set()
        assert gate.ended.wait(SOON)
        queue.ended()
        assert tab.post(None, **handles).status_code == 204


def test_a_cancel_during_a_poll_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue()
    queue.holds = True
    manager = QueueManager(queue)
    key = manager.call_job_fn("k", Task(queue, lambda *_: None), [], {})
    keep = queue.backend.set

    def cancel_first(name: str, value: str | bytes) -> None:
        if name.endswith("-page"):
            monkeypatch.setattr(queue.backend, "set", keep)
            manager.terminate_job(key)
        keep(name, value)

    monkeypatch.setattr(queue.backend, "set", cancel_first)
    manager.get_progress(key)
    assert not manager.job_running(key)


def test_what_was_cancelled_in_the_queue_never_runs() -> None:
    gate, queue = Gate(), Queue()
    queue.holds = True
    with made(gate.of_page, QueueManager(queue), []) as app:  # type: ignore[arg-type]
        tab = Tab(app)
        tab.cancel(tab.start()["job"])
        (thread,) = queue.held
        thread.start()
        thread.join(SOON)
    assert gate.n_runs == 0


def test_two_tabs_with_the_same_request_both_get_their_answer() -> None:
    with made(lambda _, n, what: [what, str(n)], QueueManager(Queue()), []) as app:  # type: ignore[arg-type]
        tabs = [Tab(app) for _ in range(6)]
        handles = [tab.start(5) for tab in tabs]
        answers = [tab.last(own).get_json() for tab, own in zip(tabs, handles, strict=True)]
    assert [answer["response"]["side"]["children"] for answer in answers] == ["5"] * 6


def test_a_job_that_nobody_asks_for_stops_and_one_that_is_asked_for_goes_on() -> None:
    clock, queue, steps = Clock(), Queue(), Gate()
    told, ended = threading.Semaphore(0), threading.Event()

    def job(set_progress: Callable[[Any], None], *_: Any) -> list[str]:
        try:
            for step in range(1000):
                assert told.acquire(timeout=SOON)
                steps.n_runs = step + 1
                set_progress(str(step))
        finally:
            ended.set()
        return ["never", ""]

    with made(job, QueueManager(queue, 10.0, clock=clock), []) as app:  # type: ignore[arg-type]
        tab = Tab(app)
        handles = tab.start()
        for step in range(5):  # 45 s in all, asked for every 9
            clock.now += 9.0
            tab.post(None, **handles)
            told.release()
            until(lambda step=step: steps.n_runs == step + 1)  # type: ignore[misc]
        assert not ended.is_set()
        told.release()
        until(lambda: steps.n_runs == 6)
        clock.now += 11.0
        told.release()
        assert ended.wait(SOON)
        queue.ended()


def test_a_job_of_too_long_is_stopped_with_a_sentence() -> None:
    clock, errors = Clock(), []

    def job(set_progress: Callable[[Any], None], *_: Any) -> list[str]:
        clock.now += 61.0
        set_progress("late")
        return ["never", ""]

    with made(job, QueueManager(Queue(), 100.0, longest_s=60.0, clock=clock), errors) as app:  # type: ignore[arg-type]
        tab = Tab(app)
        answer = tab.last(tab.start()).get_json()
    assert answer["sideUpdate"] == {"toast": {"children": TOO_LONG}}


def test_a_worker_that_died_is_said() -> None:
    queue, errors = Queue(), []
    queue.holds = True
    with made(lambda *_: ["never", ""], QueueManager(queue), errors) as app:  # type: ignore[arg-type]
        tab = Tab(app)
        handles = tab.start()
        assert tab.post(None, **handles).status_code in (200, 204)
        queue.status = "FAILURE"
        answer = tab.last(handles).get_json()
    assert answer["sideUpdate"] == {"toast": {"children": GONE}}


def test_a_handle_that_nobody_gave_is_nothing() -> None:
    manager = QueueManager(Queue())
    assert manager.get_progress("no") is None
    assert manager.get_result("no", "no") is manager.UNDEFINED
    assert not manager.job_running("no")
    assert manager.get_updated_props("no") == {}
    assert manager.get_updated_props(None) == {}
    manager.terminate_job("no")
    manager.terminate_job(None)
