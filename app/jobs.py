"""Long computations in threads of the server: Dash asks for them as background callbacks.

One process, several threads. A page polls for its job, and its polls keep the job alive: when they cease, the job
stops. Several processes need a queue outside them; `manager_of` then returns Dash's manager for Celery.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import threading
import time
import traceback
from collections import deque
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.background_callback._proxy_set_props import ProxySetProps
from dash.background_callback.managers import BaseBackgroundCallbackManager
from dash.exceptions import PreventUpdate

if TYPE_CHECKING:
    from collections.abc import Callable

BUSY = "The server is busy with other runs; please try again in a moment."
BUSY_OWN = "You have other runs under way; please let them end, or cancel one."
TOO_LONG = "This run was stopped after the longest time that this server gives to one; please ask for less."
ABANDONED = "This run was stopped, because its page had not asked for it for a while; please start it again."
VISITOR = "trialsim-visitor"
"""The cookie that tells one browser from another, by nothing but a random word."""
NICE = 10
"""How far a job stands behind: of two cores that a browser needs as well, it takes what is left."""
_DASH_SAYS = "An error occurred inside a background callback: "


class Cancelled(BaseException):
    """Nobody waits for this job any more; raised by `set_progress`, not to be caught by the job."""


@dataclass(eq=False)
class _Job:
    """A call under way; all fields are read and written under the lock of its manager."""

    key: str
    call: Callable[[_Job], Any]
    context: Context
    seen: float
    """When its page last asked for it."""
    visitor: str = ""
    """Whose job it is: the browser's cookie; empty: nobody knows."""
    began: float | None = None
    finished: float | None = None
    is_stopped: bool = False
    result: Any = BaseBackgroundCallbackManager.UNDEFINED
    progress: list[Any] | None = None
    props: dict[str, Any] = field(default_factory=dict)


class ThreadManager(BaseBackgroundCallbackManager):
    """Run background callbacks in threads of this process; results stay in memory until their page has them.

    Parameters
    ----------
    n_running
        How many jobs run at a time.
    n_waiting
        How many more may wait; beyond that the answer is `BUSY`.
    told
        Exceptions whose text is written for the user; `sentence_of` finds it again.
    abandoned_after_s
        A job stops if its page has not asked for it for so long.
    uncollected_after_s
        A result is dropped if nobody has asked for it for so long.
    n_per_visitor
        How many jobs of one browser run or wait at a time; beyond that the answer is `BUSY_OWN`.
    longest_s
        A job is stopped when it has run for so long; the answer is `TOO_LONG`.
    clock
        Seconds that only ever grow.
    """

    def __init__(
        self,
        n_running: int,
        n_waiting: int,
        abandoned_after_s: float = 10.0,
        uncollected_after_s: float = 60.0,
        *,
        n_per_visitor: int = 1_000_000,
        longest_s: float = float("inf"),
        told: tuple[type[Exception], ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._n_running, self._n_waiting = n_running, n_waiting
        self._abandoned_after, self._uncollected_after = abandoned_after_s, uncollected_after_s
        self._n_per_visitor, self._longest = n_per_visitor, longest_s
        self._told, self._clock = told, clock
        self._lock = threading.RLock()
        self._jobs: dict[str, _Job] = {}
        self._waiting: deque[_Job] = deque()
        self._n_threads = 0
        self._secret = b""
        self._own: set[str] = set()
        self._is_ready = False
        super().__init__(cache_by=None)
        self._is_ready = True

    def register(self, key: str, fn: Callable[..., Any], progress: bool) -> None:
        """Keep the first function of a key: another app in this process may be made of the same source."""
        if key in self._own:
            return
        if self._is_ready:
            self._own.add(key)
        super().register(key, fn, progress)

    def make_job_fn(self, fn: Callable[..., Any], progress: bool, key: str | None = None) -> Callable[..., Any]:  # noqa: ARG002
        """Return what calls a function of the page, in the thread of a job."""

        def call(args: Any, context: dict[str, Any], job: _Job) -> Any:
            own = AttributeDict(**context)
            own.ignore_register_page = False
            own.updated_props = ProxySetProps(partial(self._set_props, job))
            context_value.set(own)
            first = [partial(self._set_progress, job)] if progress else []
            if isinstance(args, dict):
                return fn(*first, **args)
            return fn(*first, *args) if isinstance(args, list | tuple) else fn(*first, args)

        return call

    def build_cache_key(self, *_: object) -> str:
        """Return a key of its own for each call: two tabs with the same parameters share nothing."""
        return secrets.token_hex(16)

    def call_job_fn(self, key: str, job_fn: Callable[..., Any], args: Any, context: dict[str, Any]) -> str:
        """Start a job, or let it wait, or answer that the server is busy."""
        with self._lock:
            self._sweep()
            visitor = str((context.get("cookies") or {}).get(VISITOR, ""))
            job = _Job(key, partial(job_fn, args, context), copy_context(), self._clock(), visitor)
            self._jobs[key] = job
            if visitor and self._n_of(visitor) > self._n_per_visitor:
                self._finish(job, error_of(BUSY_OWN))
            elif self._n_threads < self._n_running or len(self._waiting) < self._n_waiting:
                self._waiting.append(job)
                self._start()
            else:
                self._finish(job, error_of(BUSY))
        return key

    def get_progress(self, key: str) -> list[Any] | None:
        """Return the latest progress, once."""
        with self._lock:
            job = self._asked_for(key)
            if job is None:
                return None
            progress, job.progress = job.progress, None
            return progress

    def get_result(self, key: str, job: str | None) -> Any:  # noqa: ARG002
        """Return the result, once; `UNDEFINED` if there is none (yet)."""
        with self._lock:
            found = self._asked_for(key)
            if found is None:
                return self.UNDEFINED
            result, found.result = found.result, self.UNDEFINED
            return result

    def job_running(self, job: str) -> bool:
        """Return whether a result is still to come; a finished job runs until its result has been collected."""
        with self._lock:
            found = self._asked_for(job)
            return found is not None and (found.finished is None or found.result is not self.UNDEFINED)

    def get_updated_props(self, key: str | None) -> dict[str, Any]:
        """Return what the job has set beside its outputs, once."""
        with self._lock:
            job = self._asked_for(key)
            if job is None:
                return {}
            if not self.job_running(job.key):
                del self._jobs[job.key]
            props, job.props = job.props, {}
            return props

    def terminate_job(self, job: str | None) -> None:
        """Cancel a job: it ends at its next `set_progress`, and its place in the queue is free at once."""
        with self._lock:
            found = self._jobs.pop(job, None) if job is not None else None
            if found is not None:
                self._stop(found)

    def get_or_create_signing_secret(self, generate: Callable[[], bytes]) -> bytes:
        """Return the secret that signs the handles of jobs; one process has one."""
        with self._lock:
            self._secret = self._secret or generate()
            return self._secret

    def _n_of(self, visitor: str) -> int:
        return sum(job.visitor == visitor and job.finished is None for job in self._jobs.values())

    def _asked_for(self, key: str | None) -> _Job | None:
        job = self._jobs.get(key) if key is not None else None
        if job is not None:
            job.seen = self._clock()
        self._sweep()
        return job

    def _start(self) -> None:
        while self._waiting and self._n_threads < self._n_running:
            job = self._waiting.popleft()
            self._n_threads += 1
            threading.Thread(target=self._work, args=(job,), name=f"job {job.key[:8]}", daemon=True).start()

    def _work(self, job: _Job) -> None:
        step_back()
        with self._lock:
            job.began = self._clock()
        try:
            result = job.context.run(job.call, job)
        except (PreventUpdate, Cancelled):
            result = no_update
        except self._told as error:
            result = error_of(str(error))
        except BaseException as error:
            result = error_of(str(error) or type(error).__name__, traceback.format_exc())
        with self._lock:
            self._n_threads -= 1
            if not job.is_stopped:
                self._finish(job, result)
            self._sweep()
            self._start()

    def _finish(self, job: _Job, result: Any) -> None:
        job.finished, job.result = self._clock(), result

    def _stop(self, job: _Job) -> None:
        job.is_stopped = True
        if job in self._waiting:
            self._waiting.remove(job)

    def _sweep(self) -> None:
        """Stop jobs that are abandoned or take too long, drop what nobody collects."""
        now = self._clock()
        for job in list(self._jobs.values()):
            if job.finished is None and now - job.seen > self._abandoned_after:
                self._stop(job)
                self._finish(job, error_of(ABANDONED))
            elif job.finished is None and job.began is not None and now - job.began > self._longest:
                self._stop(job)
                self._finish(job, error_of(TOO_LONG))
            elif job.finished is not None and now - max(job.seen, job.finished) > self._uncollected_after:
                del self._jobs[job.key]

    def _set_progress(self, job: _Job, value: Any) -> None:
        with self._lock:
            self._sweep()
            if job.is_stopped:
                raise Cancelled
            job.progress = list(value) if isinstance(value, list | tuple) else [value]

    def _set_props(self, job: _Job, id_: str, props: dict[str, Any]) -> None:
        with self._lock:
            job.props[id_] = {**job.props.get(id_, {}), **props}  # what was set before the last poll is not lost


def error_of(sentence: str, trace: str = "") -> dict[str, Any]:
    """Return what Dash takes for the error of a background callback."""
    return {"background_callback_error": {"msg": sentence, "tb": trace}}


def step_back() -> None:
    """Let this thread, and those it starts, go behind the ones that answer visitors; where the system knows how."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def sentence_of(error: Exception) -> str | None:
    """Return the sentence for the user that a background callback ended with; None: a fault of the program.

    >>> sentence_of(ValueError("list index out of range")) is None
    True
    """
    text = str(error)
    if not text.startswith(_DASH_SAYS) or "\nTraceback " in text:
        return None
    return text.removeprefix(_DASH_SAYS).rstrip()
