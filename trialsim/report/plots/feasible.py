"""Feasible designs: expected number of patients under the null rate against the largest number of patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from trialsim.report.plots import OKABE_ITO, safe
from trialsim.report.plots.frame import frame

if TYPE_CHECKING:
    from trialsim.search.found import Feasible, Search

HEIGHT = 460
_SYMBOLS = {"optimal": "star", "minimax": "square", "admissible": "diamond"}
_COLOURS = {"optimal": OKABE_ITO[5], "minimax": OKABE_ITO[2], "admissible": OKABE_ITO[1]}
_OTHER = "circle-open"


def feasible_designs(search: Search) -> go.Figure:
    """Return the best feasible design of each size, with those that a criterion chose marked.

    Parameters
    ----------
    search
        One with a feasible set that has the columns `n` and `en_null`.
    """
    feasible = search.feasible
    assert feasible is not None
    figure = go.Figure()
    n, en = (feasible.values[:, feasible.columns.index(name)] for name in ("n", "en_null"))
    figure.add_scatter(
        x=n.tolist(),
        y=en.tolist(),
        mode="markers",
        name="feasible",
        marker={"color": OKABE_ITO[0], "size": 6},
        text=_words(feasible),
        hovertemplate="%{text}<extra></extra>",
    )
    chosen = [design for design in search.designs if "en_null" in design.measures]
    hull = sorted({(design.looks[-1], design.measures["en_null"]) for design in chosen if design.criterion in _SYMBOLS})
    if len(hull) > 1:
        line = {"color": OKABE_ITO[1], "width": 1.5, "dash": "dot"}
        x, y = zip(*hull, strict=True)
        figure.add_scatter(x=x, y=y, mode="lines", line=line, name="lower convex hull", hoverinfo="skip")
    for criterion in dict.fromkeys(design.criterion for design in chosen):
        own = [design for design in chosen if design.criterion == criterion]
        figure.add_scatter(
            x=[design.looks[-1] for design in own],
            y=[design.measures["en_null"] for design in own],
            mode="markers",
            name=safe(criterion),
            marker={
                "symbol": _SYMBOLS.get(criterion, _OTHER),
                "color": _COLOURS.get(criterion, OKABE_ITO[3]),
                "size": 13,
                "line": {"width": 1, "color": "#808080"},
            },
            hovertemplate=f"{safe(criterion)}: at most %{{x}} patients, %{{y:.2f}} expected<extra></extra>",
        )
    _lay_out(figure)
    return figure


def _words(feasible: Feasible) -> list[str]:
    """Return what is shown of each design under the pointer."""
    rows = []
    for values in feasible.values:
        parts = [
            f"{name.replace('_', ' ')} {_number(value)}" for name, value in zip(feasible.columns, values, strict=True)
        ]
        rows.append("<br>".join(safe(part) for part in parts))
    return rows


def _number(value: float) -> str:
    return f"{value:g}" if float(value).is_integer() else f"{np.round(value, 4):g}"


def _lay_out(figure: go.Figure) -> None:
    note = "Each point is the design of its size with the fewest expected patients under the null rate; all keep both"
    frame(figure, "Feasible designs", [f"{note} error rates. Exact."], HEIGHT)
    figure.update_xaxes(title="largest number of patients")
    figure.update_yaxes(title="expected patients under the null rate")
