"""The dashboard as a whole: settings in, a Dash application out. `app.main:server` is what a WSGI server serves."""

from __future__ import annotations

from typing import Any

from dash import Dash, set_props
from flask import Flask

from app import actions, shell
from app.compression import keep_compressed
from app.index import IGNORED, Dashboard, index
from app.jobs import sentence_of
from app.managers import manager_of
from app.panels import panels
from app.security import secure
from app.service import Service, TrialsimError
from app.service.imports import import_early
from app.settings import Settings, settings_from_environment

WENT_WRONG = "Something went wrong in the server; nothing of yours is lost. Please try again, or reload the page."


def create_app(settings: Settings | None = None) -> Dash:
    """Return the application. Nothing is shared between two of them.

    Parameters
    ----------
    settings
        Limits and places; None: those of the environment.
    """
    settings = settings or settings_from_environment()
    server = Flask("app")
    keep_compressed(server)
    app = Dashboard(
        __name__,
        server=server,
        assets_folder="assets",
        compress=True,
        update_title="",
        title="trialsim",
        index_string=index(),
        assets_ignore=IGNORED,
        suppress_callback_exceptions=True,
        health_endpoint="healthz",
        on_error=_tell,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    import_early()
    service = Service(settings)
    jobs = manager_of(settings, told=(TrialsimError,))
    app.server.extensions["trialsim-jobs"] = jobs
    app.layout = shell.layout(service)
    shell.register(app, service)
    actions.register(app, service)
    for panel in panels():
        panel.register(app, service, jobs)
    secure(app, settings)
    _set_up(app)
    if settings.warm:
        service.warm()
    return app


def _set_up(app: Dash) -> None:
    """Make the first request: Dash names its scripts then, and another at the same time would meet half of them."""
    app.server.test_client().get("/", base_url="http://localhost")


def _tell(error: Exception) -> None:
    """Say in a sentence what went wrong; what is nobody's mistake goes to the server's log, not to the page."""
    sentence = str(error) if isinstance(error, TrialsimError) else sentence_of(error)
    if sentence is None:
        import logging

        logging.getLogger("trialsim.app").error("A callback failed.", exc_info=error)
    words = {"title": "Not done", "message": sentence or WENT_WRONG}
    toast = {"action": "show", "color": "red", "autoClose": 8000, **words}
    set_props("toasts", {"sendNotifications": [toast]})


def __getattr__(name: str) -> Any:
    """Return what servers ask for: `gunicorn app.main:server`, `celery -A app.main:celery worker`."""
    if name == "server":
        return create_app().server
    if name == "celery":
        return create_app().server.extensions["trialsim-jobs"].handle
    raise AttributeError(f"module 'app.main' has no attribute {name!r}")
