"""Compare: up to four pinned designs, exactly over all true rates, and their paired differences on the same patients.

What is pinned lives in the browser, or in the link that was opened; the page is drawn once the browser has said which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import dcc, html

from app.fields import graph
from app.panels import compare_calls, compare_pins
from app.panels.compare_answers import MEASURE, MODES, OWN_PINS, card
from app.service import comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dash import Dash

    from app.service import Service
    from app.state import State as Link


def layout(service: Service, state: Link) -> Any:
    """Return the page; what depends on the pins comes once the browser has said what it keeps."""
    parts = [
        html.Div(id="compare-head", role="status"),
        html.Div(id="compare-cards", className="pins"),
        card(
            [
                html.P(f"The current design: {comparison.in_words(state)}.", className="note"),
                compare_pins.pin_button(),
            ]
        ),
        html.Div(
            [
                _figure_part(state),
                html.Div(id="compare-fields", className="fields-table"),
                html.Div(id="compare-tables", className="results"),
            ],
            id="compare-exact",
            className="results",
            hidden=True,
        ),
        html.Div(_simulation_part(service), id="compare-simulation", className="results", hidden=True),
    ]
    stores = [
        dcc.Store(id=OWN_PINS),
        dcc.Store(id="compare-drawn"),
        dcc.Store(id="compare-ran"),
        dcc.Store(id="compare-files"),
    ]
    section = html.Section(parts, className="results", **{"aria-label": "Comparison"})
    return html.Div([*stores, section], className="page wide")


def _figure_part(state: Link) -> Any:
    measure = dmc.Select(
        id=MEASURE,
        label="measure",
        data=[],
        value=state.seen("measure") or None,
        allowDeselect=False,
        searchable=True,
        size="xs",
        className="measure",
    )
    mode = dmc.SegmentedControl(
        id="compare-mode",
        value="value",
        data=[{"value": key, "label": words} for key, words in MODES.items()],
        size="xs",
    )
    return html.Div(
        [
            html.Div([measure, mode], className="row end"),
            graph("compared", "The pinned designs over the true rate", None, height=400),
        ]
    )


def _simulation_part(service: Service) -> Any:
    settings = service.settings
    sims = _presets(comparison.PRESETS, settings.max_sims)
    trials = _presets(comparison.TRIAL_PRESETS, settings.max_trials)
    n_sims = dmc.Select(
        id="compare-sims",
        label="replicates per design and truth",
        data=sims,
        value=next((one["value"] for one in sims if one["value"] == str(comparison.DEFAULT_SIMS)), sims[0]["value"]),
        allowDeselect=False,
        size="xs",
        w=250,
    )
    calendar = dmc.Switch(id="compare-calendar", label="calendar trials too", checked=False, size="sm")
    n_trials = dmc.Select(
        id="compare-trials",
        label="calendar trials per design and truth",
        data=trials,
        value=trials[0]["value"],
        allowDeselect=False,
        size="xs",
        w=250,
    )
    run = dmc.Button("Simulate the differences", id="compare-run", size="sm")
    cancel = dmc.Button("Cancel", id="compare-cancel", size="sm", variant="default", disabled=True)
    return [
        card(
            [
                html.H3("Paired differences on the same simulated patients", className="graph-title"),
                html.P(
                    "Replicate k sees the same patients under every design, so most of the noise of a difference "
                    "cancels. Every difference is shown with its Monte Carlo standard error, beside the exact one.",
                    className="note",
                ),
                html.Div([n_sims, calendar, n_trials, run, cancel], className="row end"),
                dmc.Progress(id="compare-progress", value=0, size="sm", **{"aria-label": "share simulated"}),
                html.Div(id="compare-told", className="note", role="status"),
            ]
        ),
        html.Div(id="compare-stale", role="status"),
        html.Div(id="compare-simulated", className="results"),
        _taking_part(),
    ]


def _taking_part() -> Any:
    exact = [_download(f, "compare-exact-file") for f in comparison.FORMATS]
    simulated = [_download(f, "compare-file") for f in comparison.FORMATS]
    copies = [
        dcc.Clipboard(id="compare-copy", content="", title="copy command line", className="copy"),
        html.Span("command line"),
        dcc.Clipboard(id={"t": "copy-link", "i": "compare"}, content="", title="copy link", className="copy"),
        html.Span("link with these designs"),
    ]
    return card(
        [
            html.H3("Take it with you", className="graph-title"),
            html.Div([html.Span("copy"), *copies], className="row"),
            html.Div([html.Span("download the exact comparison"), *exact], className="row"),
            html.Div([html.Span("download the simulated one"), *simulated], className="row", id="compare-saves"),
            html.Code("", id="compare-command", className="command"),
            html.Div(id="compare-problem", role="alert"),
        ]
    )


def _presets(presets: Sequence[tuple[int, str]], most: int) -> list[dict[str, str]]:
    kept = [(n, words) for n, words in presets if n <= most] or [(most, "the most here")]
    return [{"value": str(n), "label": f"{n:,} ({words})"} for n, words in kept]


def _download(format_: str, kind: str) -> Any:
    return dmc.Button(format_.upper(), id={"t": kind, "f": format_}, size="compact-sm", variant="default")


def register(app: Dash, service: Service, jobs: Any) -> None:
    """Register the callbacks of the page."""
    compare_pins.register(app, service)
    compare_calls.register(app, service, jobs)
