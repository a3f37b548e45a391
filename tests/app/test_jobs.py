"""Background jobs in threads, asked for as Dash asks for them; a real application is in test_jobs_in_dash.py."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from dash import ctx, no_update
from dash.exceptions import PreventUpdate

from app.jobs import ABANDONED, BUSY, BUSY_OWN, TOO_LONG, VISITOR, ThreadManager, sentence_of
from tests.app.gate import SOON, Gate, Page, until

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class KindError(ValueError):
    """A sentence for the user."""


def n_threads() -> int:
    return sum(thread.name.startswith("job ") for thread in threading.enumerate())


def error_of(result: Any) -> str:
    return str(result["background_callback_error"]["msg"])


# One job


def test_a_job_answers_with_what_its_function_returns() -> None:
    assert Page(ThreadManager(1, 0), lambda _, a, b: [a, b], (1, 2)).answer() == [1, 2]
    assert Page(ThreadManager(1, 0), lambda _, a, b: [a, b], {"b": 2, "a": 1}).answer() == [1, 2]
    assert Page(ThreadManager(1, 0), lambda _, a: a, "one").answer() == "one"


def test_none_is_an_answer_too() -> None:
    assert Page(ThreadManager(1, 0), lambda _: None).answer() is None


def test_progress_is_given_once_and_the_latest_only() -> None:
    gate = Gate()

    def job(set_progress: Callable[[Any], None]) -> str:
        set_progress(1)
        set_progress((2, "two"))
        return str(gate(lambda _: None))

    page = Page(ThreadManager(1, 0), job)
    assert gate.runs.wait(SOON)
    assert page.poll() == ("waits", None, [2, "two"])
    assert page.poll() == ("waits", None, None)
    gate.goes_on.set()
    page.answer()


def test_an_exception_becomes_dashs_error_with_its_trace() -> None:
    found = Page(ThreadManager(1, 0), lambda _: 1 // 0).answer()["background_callback_error"]
    assert "division" in found["msg"]
    assert "ZeroDivisionError" in found["tb"]


def test_an_exception_written_for_the_user_has_no_trace() -> None:
    def job(_: Any) -> None:
        raise KindError("n_sims: at least 1")

    found = Page(ThreadManager(1, 0, told=(KindError,)), job).answer()["background_callback_error"]
    assert found == {"msg": "n_sims: at least 1", "tb": ""}


def test_sentence_of_finds_the_sentence_and_hides_faults() -> None:
    says = "An error occurred inside a background callback: "
    assert sentence_of(Exception(f"{says}{BUSY}\n")) == BUSY
    assert sentence_of(Exception(f"{says}x\nTraceback (most recent call last):\n")) is None
    assert sentence_of(Exception(BUSY)) is None


def test_prevent_update_changes_nothing() -> None:
    def job(_: Any) -> None:
        raise PreventUpdate

    assert Page(ThreadManager(1, 0), job).answer() is no_update


def test_the_context_of_the_callback_is_that_of_its_request() -> None:
    manager = ThreadManager(1, 0)
    key = manager.build_cache_key()
    fn = manager.make_job_fn(lambda: ctx.triggered_id, False)
    manager.call_job_fn(key, fn, (), {"triggered_inputs": [{"prop_id": "go.n_clicks", "value": 1}]})
    until(lambda: manager.job_running(key) and manager._jobs[key].finished is not None)
    assert manager.get_result(key, key) == "go"


# One browser among several


def test_a_browser_has_so_many_jobs_and_another_one_its_own() -> None:
    gate, manager = Gate(), ThreadManager(1, 8, n_per_visitor=2)
    mine, yours = ({"cookies": {VISITOR: word}} for word in ("me", "you"))
    running = Page(manager, gate, context=mine)
    waiting = Page(manager, lambda _: "second", context=mine)
    assert error_of(Page(manager, lambda _: "third", context=mine).answer()) == BUSY_OWN
    other = Page(manager, lambda _: "theirs", context=yours)
    unknown = [Page(manager, lambda _: "unknown") for _ in range(3)]  # without a cookie nobody is told apart
    gate.goes_on.set()
    running.answer()
    assert [page.answer() for page in (waiting, other, *unknown)] == ["second", "theirs", *["unknown"] * 3]
    assert Page(manager, lambda _: "again", context=mine).answer() == "again"


def test_a_job_is_stopped_when_it_takes_too_long() -> None:
    gate, clock = Gate(), Clock()
    manager = ThreadManager(1, 0, abandoned_after_s=1e9, longest_s=60.0, clock=clock)
    page = Page(manager, gate)
    assert gate.runs.wait(SOON)
    clock.now = 59.0
    assert page.poll()[0] == "waits"
    clock.now = 61.0
    assert error_of(page.answer()) == TOO_LONG
    gate.goes_on.set()
    until(lambda: n_threads() == 0)


# Races


def test_a_result_stored_between_two_questions_of_a_poll_is_not_lost() -> None:
    gate, manager = Gate(), ThreadManager(1, 0)
    page = Page(manager, gate)
    assert manager.get_result(page.key, page.job) is manager.UNDEFINED
    gate.goes_on.set()
    until(lambda: manager._jobs[page.key].finished is not None)
    assert manager.job_running(page.job)
    assert manager.get_updated_props(page.key) == {}
    assert page.poll()[:2] == ("answer", ["done"])
    assert page.poll()[0] == "nothing"


def test_a_collected_job_is_forgotten() -> None:
    manager = ThreadManager(1, 0)
    Page(manager, lambda _: 1).answer()
    assert manager._jobs == {}


def test_identical_jobs_do_not_share_anything() -> None:
    manager = ThreadManager(4, 0)

    def job(set_progress: Callable[[Any], None], n: int) -> list[int]:
        set_progress(n)
        return [n]

    pages = [Page(manager, job, (7,)) for _ in range(4)]
    assert len({page.key for page in pages}) == 4
    assert [page.answer() for page in pages] == [[7]] * 4


def test_a_job_cannot_stop_another() -> None:
    manager, gates = ThreadManager(2, 0), [Gate(), Gate()]
    first, second = (Page(manager, gate) for gate in gates)
    manager.terminate_job(first.job)
    for gate in gates:
        gate.goes_on.set()
    assert second.answer() == ["done"]
    assert first.poll()[0] == "nothing"


# Queue


def test_jobs_beyond_the_running_wait_in_order_and_beyond_that_the_server_is_busy() -> None:
    manager, gates, order = ThreadManager(1, 2), [Gate() for _ in range(3)], []

    def job(set_progress: Callable[[Any], None], n: int) -> Any:
        order.append(n)
        return gates[n](set_progress, n)

    pages = [Page(manager, job, (n,)) for n in range(3)]
    late = Page(manager, job, (3,))
    assert error_of(late.answer()) == BUSY
    assert gates[0].runs.wait(SOON)
    assert [page.poll()[0] for page in pages] == ["waits"] * 3
    assert n_threads() == 1
    for gate in gates:
        gate.goes_on.set()
    assert [page.answer() for page in pages] == [["done", 0], ["done", 1], ["done", 2]]
    assert order == [0, 1, 2]


def test_the_queue_has_room_again_after_a_job_that_failed() -> None:
    manager = ThreadManager(1, 0)

    def fails(_: Any) -> None:
        raise RuntimeError("no")

    assert error_of(Page(manager, fails).answer()) == "no"
    until(lambda: manager._n_threads == 0)
    assert Page(manager, lambda _: "yes").answer() == "yes"


def test_a_cancelled_waiting_job_never_runs_and_leaves_its_place() -> None:
    manager, gate, waiting = ThreadManager(1, 1), Gate(), Gate()
    first, second = Page(manager, gate), Page(manager, waiting)
    manager.terminate_job(second.job)
    third = Page(manager, lambda _: "third")
    gate.goes_on.set()
    assert first.answer() == ["done"]
    assert third.answer() == "third"
    assert waiting.n_runs == 0


# Cancelled and abandoned


def test_a_cancelled_job_stops_at_its_next_progress_and_answers_nothing() -> None:
    gate, reached = Gate(), []

    def job(set_progress: Callable[[Any], None]) -> None:
        gate(set_progress)
        reached.append("after")

    manager = ThreadManager(1, 0)
    page = Page(manager, job)
    assert gate.runs.wait(SOON)
    manager.terminate_job(page.job)
    assert page.poll()[0] == "nothing"
    gate.goes_on.set()
    until(lambda: manager._n_threads == 0)
    assert reached == []
    assert manager._jobs == {}


def test_except_exception_in_a_job_does_not_swallow_the_cancellation() -> None:
    gate, reached = Gate(), []

    def job(set_progress: Callable[[Any], None]) -> None:
        try:
            gate(set_progress)
        except Exception:
            reached.append("swallowed")

    manager = ThreadManager(1, 0)
    page = Page(manager, job)
    manager.terminate_job(page.job)
    gate.goes_on.set()
    until(lambda: manager._n_threads == 0)
    assert reached == []


def test_terminating_nobody_does_nothing() -> None:
    manager = ThreadManager(1, 0)
    manager.terminate_job(None)
    manager.terminate_job("4711")
    assert not manager.job_running("4711")
    assert manager.get_updated_props(None) == {}


def test_a_job_nobody_polls_for_is_stopped_and_says_so_if_the_page_comes_back() -> None:
    clock, gate = Clock(), Gate()
    manager = ThreadManager(1, 0, abandoned_after_s=10, clock=clock)
    page = Page(manager, gate)
    assert gate.runs.wait(SOON)
    clock.now = 10.5
    gate.goes_on.set()
    until(lambda: manager._n_threads == 0)
    state, result, progress = page.poll()
    assert (state, error_of(result), progress) == ("answer", ABANDONED, None)


def test_polls_keep_a_job_alive() -> None:
    clock, gate = Clock(), Gate()
    manager = ThreadManager(1, 0, abandoned_after_s=10, clock=clock)
    page = Page(manager, gate)
    for now in (8, 16, 24):
        clock.now = now
        assert page.poll()[0] == "waits"
    gate.goes_on.set()
    assert page.answer() == ["done"]


def test_an_abandoned_waiting_job_never_runs() -> None:
    clock, gate, waiting = Clock(), Gate(), Gate()
    manager = ThreadManager(1, 1, abandoned_after_s=10, clock=clock)
    first = Page(manager, gate)
    Page(manager, waiting)
    clock.now = 9
    first.poll()
    clock.now = 18
    gate.goes_on.set()
    assert first.answer() == ["done"]
    until(lambda: manager._n_threads == 0)
    assert waiting.n_runs == 0


def test_results_that_nobody_collects_are_dropped_after_a_minute() -> None:
    clock = Clock()
    manager = ThreadManager(1, 0, uncollected_after_s=60, clock=clock)
    page = Page(manager, lambda _: 1)
    until(lambda: manager._n_threads == 0)
    clock.now = 59
    manager.get_progress("somebody else")
    assert list(manager._jobs) == [page.key]
    clock.now = 61
    manager.get_progress("somebody else")
    assert manager._jobs == {}
