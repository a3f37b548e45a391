"""Who runs long computations: threads of this process, or, if a broker is named, other processes through Celery."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from app.jobs import ThreadManager

if TYPE_CHECKING:
    from dash.background_callback.managers import BaseBackgroundCallbackManager

    from app.settings import Settings

NO_CELERY = (
    "A Celery broker is named, but Celery is not installed: pip install 'dash[celery]', or name no broker "
    "(TRIALSIM_CELERY_BROKER, CELERY_BROKER)."
)


NO_BROKER = "The Celery broker that TRIALSIM_CELERY_BROKER (or CELERY_BROKER) names does not answer ({why}); start it."


class QueueError(RuntimeError):
    """A queue is asked for, but is not there; the text is one sentence."""


def manager_of(settings: Settings, told: tuple[type[Exception], ...] = ()) -> BaseBackgroundCallbackManager:
    """Return who runs the background callbacks.

    Parameters
    ----------
    settings
        Limits, and the address of a broker, which keeps the results too; without one, the environment variable
        CELERY_BROKER, if set.
    told
        Exceptions whose text is written for the user.

    Raises
    ------
    QueueError
        If a broker is named that does not answer, or Celery is not installed.
    """
    broker = settings.celery_broker or os.environ.get("CELERY_BROKER")
    if not broker:
        return ThreadManager(
            settings.n_running,
            settings.n_waiting,
            n_per_visitor=settings.n_per_visitor,
            longest_s=settings.max_job_seconds,
            told=told,
        )
    from app.queued_jobs import QueueManager

    try:
        from celery import Celery
    except ImportError as error:
        raise QueueError(NO_CELERY) from error
    handle = Celery("trialsim", broker=broker, backend=broker)
    handle.conf.broker_connection_retry_on_startup = True
    _check(handle)
    return QueueManager(handle, longest_s=settings.max_job_seconds, told=told)


def _check(handle: Any) -> None:
    try:
        with handle.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=5)
    except Exception as error:  # each transport has its own
        why = type(error).__name__ if "@" in str(error) else str(error)  # an address may hold a password
        raise QueueError(NO_BROKER.format(why=why.rstrip(".") or type(error).__name__)) from error
