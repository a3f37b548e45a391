"""The boundaries of a design: responses against patients, what stops and what succeeds at each look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from trialsim.plan import NEVER
from trialsim.report.plots import FAINT, INK, OKABE_ITO, safe
from trialsim.report.plots.frame import frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.report.boundaries import Boundary

HEIGHT = 400
_KINDS = (
    ("stop", "stops at or below", OKABE_ITO[5], "triangle-down"),
    ("success", "success at or above", OKABE_ITO[2], "triangle-up"),
    ("toxic", "too toxic at or above (toxicities)", OKABE_ITO[3], "x"),
)


def boundary_plots(found: Sequence[Boundary], name: str) -> list[go.Figure]:
    """Return a figure for each arm (those with the same boundaries share one) and for all arms pooled.

    Parameters
    ----------
    found
        From `trialsim.report.boundaries.boundaries`.
    name
        Of the design.
    """
    of: dict[str, tuple[Boundary, ...]] = {}
    for who in dict.fromkeys(one.of for one in found):
        of[who] = tuple(one for one in found if one.of == who)
    shared: dict[tuple[Boundary, ...], list[str]] = {}
    for who, own in of.items():
        shared.setdefault(tuple(one._replace(of="") for one in own), []).append(who)
    return [_figure(own, ", ".join(names), name) for own, names in shared.items()]


def _figure(own: Sequence[Boundary], who: str, name: str) -> go.Figure:
    figure = go.Figure()
    last = max(one.n for one in own)
    figure.add_scatter(
        x=[0, last], y=[0, last], mode="lines", line={"color": FAINT, "width": 1}, hoverinfo="skip", showlegend=False
    )
    for field, words, colour, symbol in _KINDS:
        values = [getattr(one, field) for one in own]
        there = [(one, value) for one, value in zip(own, values, strict=True) if 0 <= value < NEVER - 1]
        if there:
            figure.add_scatter(
                x=[one.n for one, _ in there],
                y=[value for _, value in there],
                mode="lines+markers" if len(there) > 1 else "markers",
                line={"color": colour, "width": 1.5, "shape": "hv" if len(there) > 8 else "linear"},
                marker={"color": colour, "symbol": symbol, "size": 10 if len(there) <= 8 else 6},
                name=words,
                text=[f"{safe(one.look)}: {value} of {one.n} ({100 * value / one.n:.1f} %)" for one, value in there],
                hovertemplate="%{text}<extra></extra>",
            )
    for one in own if len(own) <= 8 else ():
        figure.add_vline(x=one.n, line={"color": INK, "width": 1, "dash": "dot"}, opacity=0.4)
    most = max((v for one in own for v in (one.stop, one.success, one.toxic) if 0 <= v < NEVER - 1), default=1)
    note = "Exact: what the rules compile to while no arm has stopped. Grey line: every patient responds."
    frame(figure, f"Boundaries of {name}: {who}", [note], HEIGHT)
    figure.update_xaxes(title="patients", range=[0, last * 1.05])
    figure.update_yaxes(title="responses", range=[-0.5, most * 1.25 + 1])
    return figure
