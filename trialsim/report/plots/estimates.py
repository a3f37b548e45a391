"""What conduct costs: each estimate under calendar conduct with its error, beside its exact value on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plotly.subplots import make_subplots

from trialsim.report.plots import INK, OKABE_ITO, safe
from trialsim.report.plots.calendar_frame import Z, lay_out, simulated

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from trialsim.records import Record

ROW, ROOM = 46, 96
"""Pixels of a measure, which has its words above it, and of what is around the measures."""
_WORDS = {
    "p_stop": "stops",
    "p_continue": "goes on",
    "pet": "stops before the end",
    "p_success": "success",
    "p_reject": "rejects the null rate",
    "n_mean": "mean number of patients",
}


def label_of(record: Record) -> str:
    """Return a measure in words: who, what, where.

    >>> from trialsim.records import Record
    >>> label_of(Record("", "", "p_stop", "A", "interim", None, None, None, 0, 0, None, "", 0, None, False))
    'A stops at interim'
    """
    word = _WORDS.get(record.measure, record.measure)
    who = record.arm or ("the trial" if record.measure in ("p_stop", "p_continue", "pet") else "")
    is_verb = record.measure in ("p_stop", "p_continue", "pet", "p_reject")
    what = f"{who} {word}".strip() if is_verb else f"{word}{f', {who}' if who else ''}"
    return f"{what} at {record.look}" if record.look is not None else what


def estimates(records: Sequence[Record], n_trials: int) -> go.Figure:
    """Return the figure: probabilities above, numbers of patients below.

    Parameters
    ----------
    records
        With estimate, MCSE and exact value; from `trialsim.simulation.costs`.
    n_trials
        Simulated trials, for the note.
    """
    found = [record for record in records if record.estimate is not None]
    panels = [[r for r in found if r.measure != "n_mean"], [r for r in found if r.measure == "n_mean"]]
    panels = [panel for panel in panels if panel]
    height = ROW * len(found) + ROOM * max(len(panels), 1)
    figure = make_subplots(
        rows=max(len(panels), 1),
        cols=1,
        row_heights=[len(panel) for panel in panels] or [1],
        vertical_spacing=0.7 * ROOM / height,
    )
    for row, panel in enumerate(panels, 1):
        _add(figure, panel, row)
    lay_out(figure, "What conduct costs", notes(found, n_trials), height)
    figure.update_layout(margin={"l": 14}, legend={"y": 1.0})
    return figure


def _add(figure: go.Figure, panel: list[Record], row: int) -> None:
    rows = list(range(len(panel)))
    ends = [interval(record) for record in panel]
    values = [record.estimate or 0.0 for record in panel]
    shared = {"mode": "markers", "hovertext": [_hover(record) for record in panel], "hoverinfo": "text"}
    figure.add_scatter(
        x=[record.exact for record in panel],
        y=rows,
        marker={"symbol": "diamond-open", "size": 12, "color": INK, "line": {"width": 2}},
        name="on paper (exact)",
        meta={"is_ink": True, "is_open": True},
        showlegend=row == 1,
        row=row,
        col=1,
        **shared,
    )
    figure.add_scatter(
        x=values,
        y=rows,
        marker={"symbol": "circle", "size": 8, "color": OKABE_ITO[5]},
        error_x={
            "type": "data",
            "array": [high - value for value, (_, high) in zip(values, ends, strict=True)],
            "arrayminus": [value - low for value, (low, _) in zip(values, ends, strict=True)],
            "color": OKABE_ITO[5],
            "thickness": 2.5,
            "width": 5,
        },
        name="as conducted (±1.96 MCSE)",
        showlegend=row == 1,
        row=row,
        col=1,
        **shared,
    )
    for number, record in enumerate(panel):
        figure.add_annotation(
            text=safe(label_of(record)),
            xref="x domain",
            x=0,
            xanchor="left",
            y=number,
            yshift=16,
            showarrow=False,
            row=row,
            col=1,
        )
    is_probability = panel[0].measure != "n_mean"
    figure.update_yaxes(range=[len(panel) - 0.5, -0.75], showticklabels=False, showgrid=False, row=row, col=1)
    if is_probability:
        figure.update_xaxes(title="probability", range=[-0.02, 1.02], tickformat=".0%", row=row, col=1)
    else:
        figure.update_xaxes(title="patients", rangemode="tozero", row=row, col=1)


def interval(record: Record) -> tuple[float, float]:
    """Return the ends of an estimate's bar; where none or all were seen, it reaches to the 95 % limit."""
    value, half = record.estimate or 0.0, Z * (record.mcse or 0.0)
    low, high = value - half, value + half
    return (low, high) if record.bound is None else (min(low, record.bound), max(high, record.bound))


def _hover(record: Record) -> str:
    low, high = interval(record)
    cost = "" if record.cost is None else f"<br>cost of conduct {record.cost:+.4g}"
    exact = "" if record.exact is None else f"<br>on paper {record.exact:.4f} (exact)"
    return (
        f"<b>{safe(label_of(record))}</b><br>as conducted {record.estimate:.4f} (MCSE {record.mcse or 0.0:.2g}; "
        f"95 %: {low:.4f} to {high:.4f}){exact}{cost}"
    )


def notes(records: Sequence[Record], n_trials: int) -> list[str]:
    """Return how the numbers came about."""
    error = max((r.mcse or 0.0 for r in records if r.measure != "n_mean"), default=0.0)
    limits = " Where none or all were seen, the bar reaches to the 95 % limit."
    return [
        f"{simulated(n_trials)} (circles; largest MCSE of a probability {error:.2g}) beside the exact values of "
        "ideal conduct (diamonds). The distance is what the calendar does to the design."
        + (limits if any(record.bound is not None for record in records) else "")
    ]
