"""The pieces that every page is made of: a field with slider and number, a graph with its title and methods note."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import dcc, html

from app import ids
from app.service import FormField

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import plotly.graph_objects as go

    from app.service import Drawing

GRAPH_CONFIG = {
    "displaylogo": False,
    "showSendToCloud": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}


def rate_field(path: str, group: str, label: str, value: float) -> FormField:
    """Return the field of a true response rate."""
    return FormField(path, group, label, "number", value, 0, 1, 0.0, 1.0, 0.01, (), path)


def field(one: FormField, value: Any = None) -> Any:
    """Return the widgets of a field: slider and number box, a select, or a switch, with room for its error."""
    shown = one.value if value is None else value
    if one.kind == "switch":
        widget: list[Any] = [dmc.Switch(id=ids.switch(one.path), label=one.label, checked=bool(shown), size="sm")]
    elif one.kind == "choice":
        data = [{"value": word, "label": word.replace("_", " ")} for word in one.choices]
        widget = [
            dmc.Select(
                id=ids.choice(one.path), label=one.label, data=data, value=str(shown), allowDeselect=False, size="xs"
            )
        ]
    else:
        widget = _pair(one, shown)
    return html.Div(
        [*widget, html.Div(id=ids.error(one.path), className="field-error", role="alert")], className="field"
    )


def _pair(one: FormField, value: float) -> list[Any]:
    """Return slider and number box. Of a design's slider Dash hears once it rests: the browser watches it meanwhile
    (assets/trialsim.js); of one that a page has for itself, such as Replay's day, at every step.
    """
    limits = f"{_plain(one.least)} to {_plain(one.most)}" if one.least is not None and one.most is not None else ""
    box = dmc.NumberInput(
        id=ids.number(one.path),
        value=value,
        min=one.least,
        max=one.most,
        step=one.step,
        allowDecimal=one.kind == "number",
        decimalScale=6 if one.kind == "number" else 0,
        clampBehavior="none",
        label=one.label,
        size="xs",
        className="number-box",
        stepHoldDelay=400,
        stepHoldInterval=100,
        **{"aria-label": f"{one.group}: {one.label}{f', {limits}' if limits else ''}"},
    )
    slider = dmc.Slider(
        id=ids.slider(one.path),
        value=min(max(value, one.low), one.high),
        min=one.low,
        max=one.high,
        step=one.step,
        updatemode="drag" if one.path.startswith("view.") else "mouseup",
        label=None,
        size="sm",
        thumbSize=18,
        thumbLabel=f"{one.group}: {one.label}",
        className="slider",
        persistence=False,
    )
    return [slider, box]


def form(fields: Sequence[FormField], values: Mapping[str, Any], opened: Sequence[str]) -> Any:
    """Return fields under the headings of their groups.

    Parameters
    ----------
    fields
        In order; those of a group together.
    values
        By path, where they differ from those of the fields.
    opened
        The groups that stand open at first.
    """
    groups = [(name, list(own)) for name, own in groupby(fields, key=lambda one: one.group)]
    merged: dict[str, list[Any]] = {}
    for name, own in groups:
        merged.setdefault(name, []).extend(own)
    items = [
        dmc.AccordionItem(
            [
                dmc.AccordionControl(name),
                dmc.AccordionPanel([field(one, values.get(one.path)) for one in own]),
            ],
            value=f"group-{number}",
        )
        for number, (name, own) in enumerate(merged.items())
    ]
    open_ones = [f"group-{number}" for number, name in enumerate(merged) if name in opened]
    return dmc.Accordion(items, multiple=True, value=open_ones, variant="separated")


def graph(
    name: str,
    title: str,
    figure: go.Figure | Drawing | None = None,
    *,
    height: int = 340,
    above: Any = None,
    is_live: bool = False,
) -> Any:
    """Return a graph under its title, with the methods note below.

    Parameters
    ----------
    name
        Of the graph on its page; its ids are `ids.figure(name)` and `ids.note(name)`.
    title
        What it shows; screen readers read it too.
    figure
        To begin with.
    height
        Pixels that it is given before it is drawn, so that nothing jumps.
    above
        What stands between title and graph: a choice of what is shown.
    is_live
        Whether it follows a moving slider; its id is then `ids.live(name)`.
    """
    config = {**GRAPH_CONFIG, "toImageButtonOptions": {"format": "svg", "filename": f"trialsim-{name}"}}
    drawn = dcc.Graph(
        id=ids.live(name) if is_live else ids.figure(name),
        figure=figure or {},
        config=config,
        style={"minHeight": f"{height}px"},
        className="graph",
    )
    return dmc.Paper(
        [
            html.H3(title, className="graph-title", id=f"title-{name}"),
            above,
            html.Div(drawn, role="group", **{"aria-labelledby": f"title-{name}"}),
            html.P(notes_of(figure), id=ids.note(name), className="note"),
        ],
        className="card",
        withBorder=True,
        p="sm",
    )


def notes_of(figure: go.Figure | Drawing | None) -> str:
    """Return the methods note that a figure carries."""
    meta = None if figure is None else figure["layout"]["meta"]
    return " ".join(meta["notes"]) if isinstance(meta, dict) and "notes" in meta else ""


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], caption: str, *, n_labels: int = 1) -> Any:
    """Return a table of a few rows, its numbers to the right; it scrolls by itself where it is too wide."""

    # One component, not one per cell: Dash tells every component of every change.
    data = {"caption": caption, "head": list(header), "body": [[_cell(value) for value in row] for row in rows]}
    shown = dmc.Table(data=data, className=f"table labels-{min(n_labels, len(header))}", captionSide="top")
    return html.Div(shown, className="scroll", tabIndex=0, role="region", **{"aria-label": caption})


def _cell(value: Any) -> Any:
    return "" if value is None else value


def refusal(sentence: str) -> Any:
    """Return an error as the page shows it."""
    return dmc.Alert(sentence, color="red", variant="light", className="refusal", withCloseButton=False)


def empty(sentence: str) -> Any:
    """Return what stands where there is nothing yet."""
    return dmc.Paper(dmc.Text(sentence, className="muted"), className="card empty", withBorder=True, p="lg")


def _plain(value: float) -> str:
    return f"{value:g}"
