"""What becomes of two arms over both their true rates, exactly: a field of colours with the chosen truth in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import plotly.graph_objects as go

from trialsim.report.numbers import toxicity_words
from trialsim.report.plots import safe
from trialsim.report.plots.drawing import drawn, framed, titled

if TYPE_CHECKING:
    from trialsim.curves import Joint
    from trialsim.report.plots.drawing import Drawing

HEIGHT = 340
Which = Literal["both", "one", "none"]
_COUNTS: dict[Which, int] = {"none": 0, "one": 1, "both": 2}
_WORDS: dict[Which, str] = {"both": "both arms go on", "one": "only one arm goes on", "none": "both arms stop"}


def joint_map(joint: Joint, which: Which = "both", chosen: tuple[float, ...] = ()) -> go.Figure:
    """Return the figure of `drawing`, checked."""
    return go.Figure(drawing(joint, which, chosen))


def drawing(joint: Joint, which: Which = "both", chosen: tuple[float, ...] = ()) -> Drawing:
    """Return the map.

    Parameters
    ----------
    joint
        From `trialsim.curves.joint`.
    which
        How many arms go on.
    chosen
        The true rates of the two arms, to be marked.
    """
    first, second = (safe(name) for name in joint.design.arm_names)
    rates = joint.rates.tolist()
    field = {
        "type": "heatmap",
        "x": rates,
        "y": rates,
        "z": joint.n_going_on[_COUNTS[which]].tolist(),
        "zmin": 0,
        "zmax": 1,
        "colorscale": "Cividis",
        "colorbar": {"thickness": 12, "tickformat": ".1f"},
        "hovertemplate": f"{first} %{{x:.0%}}, {second} %{{y:.0%}}: %{{z:.4f}}<extra></extra>",
    }
    toxicity = toxicity_words(joint.truth)
    at = f", at a toxicity rate of {toxicity}" if toxicity else ""
    layout = framed(
        f"Probability that {_WORDS[which]} at {safe(joint.look)}",
        [f"Exact, at {len(rates)} × {len(rates)} pairs of rates{at}."],
        HEIGHT,
        x=titled(f"true rate, {first}", range=[-0.025, 1.025], tickformat=".0%", constrain="domain"),
        y=titled(f"true rate, {second}", range=[-0.025, 1.025], tickformat=".0%"),
    )
    return drawn([field, *([_explored(chosen, first, second)] if len(chosen) == 2 else [])], layout)


def _explored(chosen: tuple[float, ...], first: str, second: str) -> dict[str, Any]:
    """Return the cross at the chosen pair of rates."""
    return {
        "type": "scatter",
        "x": [chosen[0]],
        "y": [chosen[1]],
        "mode": "markers",
        "marker": {"symbol": "cross-thin", "size": 18, "line": {"color": "#ffffff", "width": 3}},
        "hovertemplate": f"explored: {first} %{{x:.1%}}, {second} %{{y:.1%}}<extra></extra>",
        "showlegend": False,
    }
