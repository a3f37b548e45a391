"""Operating characteristics over the true response rate, exactly: who goes on, who stops, what succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import plotly.graph_objects as go

from trialsim.report.numbers import percent
from trialsim.report.plots import INK, OKABE_ITO, colour_of, safe
from trialsim.report.plots.frame import frame

if TYPE_CHECKING:
    from trialsim.curves import Curves, Floats

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
    """Return the figure.

    Parameters
    ----------
    curves
        From `trialsim.curves.curves`, with the same rate in all arms.
    chosen
        True rates to be marked on the axis, one per arm.
    """
    rates = [truth[0] for truth in curves.truths]
    figure = go.Figure()
    for line in lines(curves):
        figure.add_trace(
            go.Scatter(
                x=rates,
                y=line.values.tolist(),
                mode="lines",
                name=safe(line.name),
                line={"color": line.colour, "dash": line.dash, "width": 2.2},
                hovertemplate="%{y:.4f}",
            )
        )
    hypotheses = curves.design.hypotheses
    marks = [] if hypotheses is None else [(hypotheses.null_rate, "null"), (hypotheses.target_rate, "target")]
    for rate, word in marks:
        figure.add_vline(x=rate, line={"color": INK, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=rate, y=1, yref="paper", yanchor="bottom", text=f"{word} {percent(rate)}", showarrow=False
        )
    for arm, rate in enumerate(chosen):
        symbol = {"color": colour_of(arm), "symbol": "triangle-up" if arm % 2 == 0 else "triangle-down", "size": 11}
        figure.add_trace(
            go.Scatter(
                x=[rate],
                y=[0.0],
                mode="markers",
                marker=symbol,
                cliponaxis=False,
                name=f"explored, {safe(curves.design.arm_names[arm])}",
                showlegend=False,
                hovertemplate="explored: %{x:.1%}",
            )
        )
    same = ", the same in every arm" if len(curves.design.arms) > 1 else ""
    frame(figure, "Operating characteristics over the true response rate", notes(curves), HEIGHT, top=26)
    figure.update_layout(hovermode="x unified")
    figure.update_xaxes(title=f"true response rate{same}", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(title="probability", range=[-0.01, 1.01])
    return figure


def notes(curves: Curves) -> list[str]:
    """Return how the curves were found."""
    return [f"Exact: every probability is computed, at {len(curves.truths)} rates; nothing is simulated."]
