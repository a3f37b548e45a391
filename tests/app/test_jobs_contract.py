"""What the installed Dash calls on a manager of background callbacks, `app.jobs` has; and which manager is made."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import dash
import pytest
from dash.background_callback.managers import BaseBackgroundCallbackManager

from app.jobs import ThreadManager
from app.managers import NO_CELERY, QueueError, manager_of
from app.queued_jobs import QueueManager
from app.settings import Settings


def test_every_method_that_dash_calls_is_ours() -> None:
    folder = Path(dash.__file__).parent
    source = "".join((folder / name).read_text(encoding="utf-8") for name in ("_callback.py", "dash.py"))
    called = set(re.findall(r"(?:callback_manager|executor|\bmanager)\.(\w+)\(", source))
    assert {"call_job_fn", "get_result", "job_running", "terminate_job", "get_progress"} <= called
    for name in called | {"make_job_fn"}:
        assert name in vars(ThreadManager), name
        assert name in vars(QueueManager), name


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("call_job_fn", ["key", "job_fn", "args", "context"]),
        ("make_job_fn", ["fn", "progress", "key"]),
        ("get_result", ["key", "job"]),
        ("get_progress", ["key"]),
        ("get_updated_props", ["key"]),
        ("job_running", ["job"]),
        ("terminate_job", ["job"]),
        ("register", ["key", "fn", "progress"]),
        ("get_or_create_signing_secret", ["generate"]),
    ],
)
def test_signatures_are_those_of_dash(method: str, names: list[str]) -> None:
    for owner in (BaseBackgroundCallbackManager, ThreadManager, QueueManager):
        assert [*inspect.signature(getattr(owner, method)).parameters][1:] == names


def test_there_is_one_signing_secret() -> None:
    manager, fresh = ThreadManager(1, 0), iter([b"one", b"two"])
    assert manager.get_or_create_signing_secret(lambda: next(fresh)) == b"one"
    assert manager.get_or_create_signing_secret(lambda: next(fresh)) == b"one"


def test_threads_unless_a_broker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELERY_BROKER", raising=False)
    assert isinstance(manager_of(Settings()), ThreadManager)


def test_without_celery_a_broker_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "celery", None)
    monkeypatch.setenv("CELERY_BROKER", "redis://127.0.0.1:1")
    with pytest.raises(QueueError, match=re.escape(NO_CELERY)):
        manager_of(Settings())
