"""Operating characteristics over the true response rate, exactly: who goes on, who stops, what succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import plotly.graph_objects as go

from trialsim.report.numbers import percent, toxicity_words
from trialsim.report.plots import OKABE_ITO, colour_of, safe
from trialsim.report.plots.drawing import drawn, framed, line, titled, upright

if TYPE_CHECKING:
    from trialsim.curves import Curves, Floats
    from trialsim.report.plots.drawing import Drawing

HEIGHT = 380
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_JOINT_COLOUR, _SUCCESS_COLOUR = OKABE_ITO[2], OKABE_ITO[5]


class Line(NamedTuple):
    """A curve of the figure."""

    name: str
    values: Floats
    colour: str
    dash: str


def lines(curves: Curves) -> list[Line]:
    """Return the curves: per look and arm "goes on", all arms together, and success. The figure draws these."""
    found: list[Line] = []
    for key, values in curves.values.items():
        measure, arm, look, _, value, _ = key
        at = f" at {look}" if look is not None else ""
        n_arms = len(curves.design.arms)
        if measure == "p_continue":
            number = curves.design.arm_names.index(str(arm))
            who = arm if n_arms > 1 else "the trial"
            found.append(Line(f"{who} goes on{at}", values, colour_of(number), _DASHES[number % len(_DASHES)]))
        elif measure == "p_arms_continuing" and n_arms > 1 and value in (0, n_arms):
            who = ("both arms go on" if n_arms == 2 else f"all {n_arms} arms go on") if value else "every arm stops"
            found.append(Line(f"{who}{at}", values, _JOINT_COLOUR, "dashdot" if value else "dot"))
        elif measure == "p_success":
            who = "success" if n_arms == 1 or arm == "pooled" else f"success of {arm}"
            found.append(Line(f"{who}{at}", values, _SUCCESS_COLOUR, _DASHES[len(found) % len(_DASHES)]))
    return found


def operating_curves(curves: Curves, chosen: tuple[float, ...] = ()) -> go.Figure:
    """Return the figure of `drawing`, checked."""
    return go.Figure(drawing(curves, chosen))


def drawing(curves: Curves, chosen: tuple[float, ...] = ()) -> Drawing:
    """Return the figure.

    Parameters
    ----------
    curves
        From `trialsim.curves.curves`, with the same rate in all arms.
    chosen
        True rates to be marked on the axis, one per arm.
    """
    rates = [truth[0] for truth in curves.truths]
    traces = [
        line(rates, one.values.tolist(), safe(one.name), one.colour, one.dash, "%{y:.4f}") for one in lines(curves)
    ]
    traces += [_explored(number, rate, curves.design.arm_names[number]) for number, rate in enumerate(chosen)]
    hypotheses = curves.design.hypotheses
    marks = [] if hypotheses is None else [(hypotheses.null_rate, "null"), (hypotheses.target_rate, "target")]
    same = ", the same in every arm" if len(curves.design.arms) > 1 else ""
    layout = framed(
        "Operating characteristics over the true response rate",
        notes(curves),
        HEIGHT,
        top=26,
        x=titled(f"true response rate{same}", range=[0, 1], tickformat=".0%"),
        y=titled("probability", range=[-0.01, 1.01]),
        hovermode="x unified",
        shapes=[upright(rate) for rate, _ in marks],
        annotations=[_named(rate, f"{word} {percent(rate)}") for rate, word in marks],
    )
    return drawn(traces, layout)


def _named(rate: float, text: str) -> dict[str, Any]:
    """Return the words above a marked rate."""
    return {"x": rate, "y": 1, "yref": "paper", "yanchor": "bottom", "text": text, "showarrow": False}


def _explored(number: int, rate: float, arm: str) -> dict[str, Any]:
    """Return the mark of an arm's true rate on the axis."""
    symbol = "triangle-up" if number % 2 == 0 else "triangle-down"
    return {
        "type": "scatter",
        "x": [rate],
        "y": [0.0],
        "mode": "markers",
        "marker": {"color": colour_of(number), "symbol": symbol, "size": 11},
        "cliponaxis": False,
        "name": f"explored, {safe(arm)}",
        "showlegend": False,
        "hovertemplate": "explored: %{x:.1%}",
    }


def notes(curves: Curves) -> list[str]:
    """Return how the curves were found."""
    found = [f"Exact: every probability is computed, at {len(curves.truths)} rates; nothing is simulated."]
    toxicity = toxicity_words(curves.truths[0])
    return [*found, f"All of it at a toxicity rate of {toxicity}."] if toxicity else found
