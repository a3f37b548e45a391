"""An error over the null region, exactly: a line for one arm, a field of colours for two, with the worst point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from trialsim.inference.binomial import pmf
from trialsim.inference.joint import JointRates
from trialsim.proof.bernstein import coefficients, has_coefficients
from trialsim.proof.events import decided, probability
from trialsim.report.plots import INK, OKABE_ITO, safe
from trialsim.report.plots.frame import frame

if TYPE_CHECKING:
    from trialsim.plan import Plan
    from trialsim.proof.null_region import Statement
    from trialsim.spec.design import Design

HEIGHT = 320
STEPS = 40
"""Steps of a line."""
MAP_STEPS = 20
"""Steps of each rate of a map."""


def null_region(design: Design, plan: Plan, statement: Statement, what: str) -> go.Figure:
    """Return the figure of an error where its arms respond at the rates of their null hypothesis.

    Parameters
    ----------
    design, plan
        Of which the error is.
    statement
        What is proved of it. The other arms, and the rates of toxicity or response that the null hypothesis does not
        speak about, are as in its worst point.
    what
        The error as a clause: "the null hypothesis is rejected".
    """
    figure = go.Figure()
    rates = np.linspace(*_range(statement), (MAP_STEPS if _is_map(statement) else STEPS) + 1).tolist()
    if _is_map(statement):
        _add_map(figure, design, plan, statement, rates)
    else:
        _add_line(figure, plan, statement, rates)
    title = f"Probability that {safe(what)}, over the null region"
    frame(figure, title, _notes(statement, len(rates)), HEIGHT)
    figure.update_layout(showlegend=False)
    return figure


def _is_map(statement: Statement) -> bool:
    return len(statement.arms) == 2 and len(statement.worst) == 2 and statement.null == "response"


def _range(statement: Statement) -> tuple[float, float]:
    """Return the rates of the null hypothesis: from 0 to the null rate, or from that of toxicity to 1."""
    if statement.null == "toxicity":
        assert isinstance(statement.worst, JointRates)
        return min(statement.worst.toxicity[arm] for arm in statement.arms), 1.0
    return 0.0, statement.null_rate


def _at(statement: Statement, rates: tuple[float, ...]) -> tuple[float, ...]:
    """Return the worst point with the rates of the statement's arms replaced, in order."""
    own = dict(zip(statement.arms, rates, strict=True))
    worst = statement.worst
    if isinstance(worst, JointRates) and statement.null == "toxicity":
        return JointRates(tuple(worst), [own.get(arm, rate) for arm, rate in enumerate(worst.toxicity)])
    response = tuple(own.get(arm, rate) for arm, rate in enumerate(worst))
    return JointRates(response, worst.toxicity) if isinstance(worst, JointRates) else response


def _add_line(figure: go.Figure, plan: Plan, statement: Statement, rates: list[float]) -> None:
    verdict, n_arms = decided(plan, statement.event), len(statement.arms)
    values = [probability(plan, verdict, _at(statement, (rate,) * n_arms)) for rate in rates]
    line = {"color": OKABE_ITO[0], "width": 2.2}
    figure.add_scatter(x=rates, y=values, mode="lines", line=line, hovertemplate="%{x:.1%}: %{y:.4f}<extra></extra>")
    own = statement.worst.toxicity if isinstance(statement.worst, JointRates) and statement.null == "toxicity" else None
    worst = [(own or statement.worst)[arm] for arm in statement.arms]
    if len(set(worst)) == 1:
        _mark(figure, worst[0], statement.value, statement)
    figure.add_hline(y=statement.upper, line={"color": INK, "width": 1, "dash": "dot"})
    which = "toxicity" if statement.null == "toxicity" else "response"
    each = ", the same in each of its arms" if n_arms > 1 else ""
    figure.update_xaxes(title=f"true {which} rate{each}", tickformat=".0%")
    figure.update_yaxes(title="probability of the error", rangemode="tozero")


def _add_map(figure: go.Figure, design: Design, plan: Plan, statement: Statement, rates: list[float]) -> None:
    first, second = (safe(name) for name in design.arm_names)
    figure.add_heatmap(
        x=rates,
        y=rates,
        z=_field(plan, statement, rates),
        zmin=0,
        colorscale="Cividis",
        colorbar={"thickness": 12},
        hovertemplate=f"{first} %{{x:.1%}}, {second} %{{y:.1%}}: %{{z:.4f}}<extra></extra>",
    )
    _mark(figure, statement.worst[0], statement.worst[1], statement)
    figure.update_xaxes(title=f"true rate, {first}", tickformat=".0%", constrain="domain")
    figure.update_yaxes(title=f"true rate, {second}", tickformat=".0%")


def _field(plan: Plan, statement: Statement, rates: list[float]) -> list[list[float]]:
    """Return the error at each pair of rates: rows are rates of the second arm, columns of the first."""
    verdict, box = decided(plan, statement.event), ((0.0, 1.0),) * 2
    if not has_coefficients(plan, box):
        return [[probability(plan, verdict, (x, y)) for x in rates] for y in rates]
    shares = coefficients(plan, verdict, box)
    first, second = (np.stack([pmf(size - 1, rate) for rate in rates]) for size in shares.shape)
    field: list[list[float]] = (second @ shares.T @ first.T).tolist()
    return field


def _mark(figure: go.Figure, x: float, y: float, statement: Statement) -> None:
    marker = {"symbol": "circle-open", "size": 13, "color": OKABE_ITO[5], "line": {"width": 3}}
    words = f"worst point: {statement.value:.4f}"
    figure.add_scatter(x=[x], y=[y], mode="markers", marker=marker, cliponaxis=False, name=words, hoverinfo="name")


def _notes(statement: Statement, n_rates: int) -> list[str]:
    where = f"{n_rates} × {n_rates} pairs of rates" if _is_map(statement) else f"{n_rates} rates"
    notes = [f"Exact, at {where}. Circle: the worst point."]
    if not _is_map(statement):
        notes.append("Dotted: what the error is proved never to exceed.")
    return notes
