"""The simulation report of what Simulate shows, with every truth, written in the background and downloaded."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html, no_update

from app import ids
from app.fields import refusal
from app.panels.simulate_answers import progress_words
from app.service import Refusal, reporting
from app.state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dash import Dash

    from app.service import Service
    from app.state import State as Link

POLL_MS = 300
WHAT = (
    "The simulation report holds this conduct under every truth and every other reading of the protocol, with the "
    "proofs, example trials and checklists. Each truth gets the calendar trials that are set here, each other "
    "reading at most 1,000."
)
WRITING = "All trials are done; the report is being written."
STOPPED = "No report was written."


def controls() -> Any:
    """Return the buttons, the bar and the words of the report."""
    return html.Div(
        [
            html.Div(
                [
                    dmc.Button("Simulation report (HTML)", id="report-run", size="compact-sm", variant="default"),
                    dmc.Button("Cancel", id="report-cancel", size="compact-sm", variant="default", disabled=True),
                ],
                className="row",
            ),
            html.P(WHAT, className="note"),
            html.Div(
                dmc.Progress(id="report-progress", value=0, size="sm", **{"aria-label": "trials of the report done"}),
                id="report-running",
                hidden=True,
            ),
            html.Div(id="report-told", className="note", role="status", **{"aria-live": "polite"}),
        ]
    )


def written(service: Service, state: Link, tell: Callable[[tuple[float, str]], None]) -> tuple[Any, str]:
    """Return what the browser saves, and the sentence at the end.

    Parameters
    ----------
    service, state
        Settings and the question.
    tell
        Takes the share that is done, in per cent, and words about it; raises when nobody waits any more.

    Raises
    ------
    Refusal
        If the state makes no sense.
    """
    began = monotonic()

    def progress(n_done: int, n_all: int) -> None:
        words = progress_words(n_done, n_all, monotonic() - began) if n_done < n_all else WRITING
        tell((100 * n_done / n_all, words))

    name, text = reporting.report(service, state, progress)
    return dcc.send_string(text, name, type="text/html"), f"{name} was written in {monotonic() - began:.0f} s."


def register(app: Dash, service: Service, jobs: Any) -> None:
    """Register the callbacks of the report."""

    @app.callback(
        Output(ids.DOWNLOAD, "data", allow_duplicate=True),
        Output("report-told", "children"),
        Input("report-run", "n_clicks"),
        State(ids.STATE, "data"),
        background=True,
        manager=jobs,
        interval=POLL_MS,
        progress=[Output("report-progress", "value"), Output("report-told", "children", allow_duplicate=True)],
        running=[
            (Output("report-run", "disabled"), True, False),
            (Output("report-cancel", "disabled"), False, True),
            (Output("report-running", "hidden"), False, True),
        ],
        cancel=[Input("report-cancel", "n_clicks"), Input(ids.ROUTE, "data")],
        prevent_initial_call=True,
    )
    def _write(tell: Callable[[tuple[float, str]], None], clicks: Any, data: Any) -> Any:
        if not clicks:
            return no_update, no_update
        try:
            return written(service, state_of(data), tell)
        except Refusal as refused:
            return no_update, refusal(str(refused))

    @app.callback(
        Output("report-told", "children", allow_duplicate=True),
        Input("report-cancel", "n_clicks"),
        prevent_initial_call=True,
    )
    def _stop(clicks: Any) -> Any:
        return STOPPED if clicks else no_update
