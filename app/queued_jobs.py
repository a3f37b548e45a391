"""Long computations in other processes: background callbacks through a Celery queue, for several server processes.

Dash's own manager for Celery keeps only what a job has set last, and now and then loses a result between two polls; so
what a job tells is kept here in three records, each written by the job alone; what its page has read in a fourth,
written by polls alone, one after the other; and that it was cancelled in a fifth, since that may come during a poll.
Nothing needs a lock, and whichever server process is polled gives the answer.
"""

from __future__ import annotations

import json
import secrets
import time
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.background_callback._proxy_set_props import ProxySetProps
from dash.background_callback.managers import BaseBackgroundCallbackManager
from dash.exceptions import PreventUpdate
from plotly.utils import PlotlyJSONEncoder

from app.jobs import TOO_LONG, Cancelled, error_of

if TYPE_CHECKING:
    from collections.abc import Callable

GONE = "The process that computed this has ended; please start the run again."
_FAILED = ("FAILURE", "REVOKED")
_SECRET = "trialsim-secret"


class TooLong(BaseException):
    """The job has run for longer than it may; as `Cancelled`, not to be caught by the job."""


class _Records:
    """The records of a job in the queue's store of results."""

    def __init__(self, backend: Any, key: str) -> None:
        self._backend, self._key = backend, key

    def read(self, name: str) -> Any:
        found = self._backend.get(f"trialsim-{self._key}-{name}")
        return None if found is None else json.loads(found)

    def write(self, name: str, value: Any) -> None:
        self._backend.set(f"trialsim-{self._key}-{name}", json.dumps(value, cls=PlotlyJSONEncoder))

    def drop(self) -> None:
        for name in ("told", "props", "result"):
            self._backend.delete(f"trialsim-{self._key}-{name}")


class _Teller:
    """A job's own side: what it tells, and whether anybody still listens."""

    def __init__(self, records: _Records, abandoned_after_s: float, longest_s: float, clock: Callable[[], float]):
        self._records, self._clock = records, clock
        self._abandoned_after, self._longest = abandoned_after_s, longest_s
        self._began = self._heard = clock()
        self._polls: Any = None
        self._told: dict[str, Any] = {"n": 0, "progress": None, "props": 0}
        self._props: dict[str, dict[str, Any]] = {}
        self._is_new = False

    def check(self) -> None:
        """Raise if the page has cancelled, has not polled for a while, or has waited long enough."""
        page, now = self._records.read("page") or {}, self._clock()
        if page.get("polls") != self._polls:
            self._polls, self._heard = page.get("polls"), now
        if self._records.read("stopped") or now - self._heard > self._abandoned_after:
            raise Cancelled
        if now - self._began > self._longest:
            raise TooLong

    def progress(self, value: Any) -> None:
        self.check()
        self._told |= {
            "n": self._told["n"] + 1,
            "progress": list(value) if isinstance(value, list | tuple) else [value],
        }
        self.flush()

    def props(self, id_: str, props: dict[str, Any]) -> None:
        """Keep what was set; it is told with the next progress, or at the end."""
        self._is_new = True
        self._props[id_] = {**self._props.get(id_, {}), **props}

    def flush(self) -> None:
        if self._is_new:
            self._told["props"] += 1
            self._records.write("props", self._props)
            self._is_new = False
        self._records.write("told", self._told)

    def end(self, result: Any) -> None:
        self.flush()
        self._records.write("result", {"is": result})


class QueueManager(BaseBackgroundCallbackManager):
    """Run background callbacks as tasks of a Celery application.

    Parameters
    ----------
    handle
        The Celery application, with a store of results that keeps values by their key, such as Redis.
    abandoned_after_s
        A job stops if its page has not asked for it for so long.
    longest_s
        A job is stopped when it has run for so long.
    told
        Exceptions whose text is written for the user; `app.jobs.sentence_of` finds it again.
    clock
        Seconds that only ever grow; each process has its own.
    """

    def __init__(
        self,
        handle: Any,
        abandoned_after_s: float = 10.0,
        *,
        longest_s: float = float("inf"),
        told: tuple[type[Exception], ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.handle = handle
        self._abandoned_after, self._longest, self._told, self._clock = abandoned_after_s, longest_s, told, clock
        super().__init__(cache_by=None)

    def make_job_fn(self, fn: Callable[..., Any], progress: bool, key: str | None = None) -> Any:
        """Return the task that calls a function of a page."""

        def task(job: str, args: Any, context: dict[str, Any]) -> None:
            teller = _Teller(self._records(job), self._abandoned_after, self._longest, self._clock)
            own = AttributeDict(**context)
            own.ignore_register_page = False
            own.updated_props = ProxySetProps(teller.props)
            context_value.set(own)
            first = [teller.progress] if progress else []
            call = partial(fn, *first, **args) if isinstance(args, dict) else partial(fn, *first, *args)
            teller.end(self._result(teller, call))

        return self.handle.task(name=f"trialsim_{key}")(task)

    def _result(self, teller: _Teller, call: Callable[[], Any]) -> Any:
        try:
            teller.check()
            return call()
        except (PreventUpdate, Cancelled):
            return no_update
        except TooLong:
            return error_of(TOO_LONG)
        except self._told as error:
            return error_of(str(error))
        except Exception as error:
            return error_of(str(error) or type(error).__name__, traceback.format_exc())

    def build_cache_key(self, *_: object) -> str:
        """Return a key of its own for each call: two tabs with the same parameters share nothing."""
        return secrets.token_hex(16)

    def call_job_fn(self, key: str, job_fn: Any, args: Any, context: dict[str, Any]) -> str:
        """Put a job into the queue; its handle is its key."""
        self._records(key).write("page", {"polls": 0, "progress": 0, "props": 0, "collected": False})
        job_fn.apply_async(args=(key, args, dict(context)), task_id=key)
        return key

    def get_progress(self, key: str) -> list[Any] | None:
        """Return the latest progress, once. This is the first call of a poll: the job hears that it is asked for."""
        page = self._page(key)
        if not page:
            return None
        told = self._records(key).read("told") or {"n": 0, "progress": None}
        is_new = told["n"] > page["progress"]
        self._turn(key, polls=page["polls"] + 1, progress=told["n"])
        return told["progress"] if is_new else None

    def get_result(self, key: str, job: str | None) -> Any:  # noqa: ARG002
        """Return the result, once; `UNDEFINED` if there is none (yet)."""
        page = self._page(key)
        if page.get("collected", True) or self._is_stopped(key):
            return self.UNDEFINED
        found = self._records(key).read("result")
        if found is None and self.handle.AsyncResult(key).status in _FAILED:
            found = {"is": error_of(GONE)}
        if found is None:
            return self.UNDEFINED
        self._turn(key, collected=True)
        return found["is"]

    def job_running(self, job: str) -> bool:
        """Return whether a result is still to come; a finished job runs until its result has been collected."""
        page = self._page(job)
        return not page.get("collected", True) and not self._is_stopped(job)

    def get_updated_props(self, key: str | None) -> dict[str, Any]:
        """Return what the job has set beside its outputs, if it has set anything since."""
        page = self._page(key) if key is not None else {}
        if key is None or not page:
            return {}
        records = self._records(key)
        n = (records.read("told") or {"props": 0})["props"]
        found = records.read("props") if n > page["props"] and not self._is_stopped(key) else {}
        if n > page["props"]:
            self._turn(key, props=n)
        if page["collected"]:
            records.drop()
        return found or {}

    def terminate_job(self, job: str | None) -> None:
        """Cancel a job: it ends at its next `set_progress`, or before it has begun."""
        if job is not None and self._page(job):
            self._records(job).write("stopped", True)

    def get_or_create_signing_secret(self, generate: Callable[[], bytes]) -> bytes:
        """Return the secret that signs the handles of jobs, the same in all server processes."""
        found = self.handle.backend.get(_SECRET)
        if found is None:
            self.handle.backend.set(_SECRET, generate())
            found = self.handle.backend.get(_SECRET)
        return found.encode() if isinstance(found, str) else bytes(found)

    def _records(self, key: str) -> _Records:
        return _Records(self.handle.backend, key)

    def _page(self, key: str | None) -> dict[str, Any]:
        return (self._records(key).read("page") if key else None) or {}

    def _is_stopped(self, key: str) -> bool:
        return bool(self._records(key).read("stopped"))

    def _turn(self, key: str, **changes: Any) -> None:
        self._records(key).write("page", {**self._page(key), **changes})
