"""How many patients a design takes: the mean over the true rate, and the distribution at chosen truths. Exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from trialsim.report.numbers import percent
from trialsim.report.plots import INK, OKABE_ITO, colour_of, safe
from trialsim.report.plots.frame import frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.curves import Curves

HEIGHT = 340
_PATTERNS = ("", "/", "x", ".", "\\", "+", "-")


def expected_size(curves: Curves) -> go.Figure:
    """Return the expected number of patients over the true rate, of the trial and of each arm.

    Parameters
    ----------
    curves
        From `trialsim.curves.curves`, with the same rate in all arms.
    """
    rates, figure = [truth[0] for truth in curves.truths], go.Figure()
    arms = curves.design.arm_names
    who: list[tuple[str | None, str, str, str]] = [(None, "the trial", INK, "solid")]
    who += [(name, name, colour_of(n), "dash" if n % 2 == 0 else "dot") for n, name in enumerate(arms) if len(arms) > 1]
    for (_, name, colour, dash), values in zip(who, expected(curves), strict=True):
        line = {"color": colour, "dash": dash, "width": 2.2}
        figure.add_scatter(x=rates, y=values, name=safe(name), line=line, mode="lines", hovertemplate="%{y:.2f}")
    frame(figure, "Expected number of patients", ["Exact, at the same rate in every arm."], HEIGHT, legend_y=-0.28)
    figure.update_layout(hovermode="x unified", showlegend=len(arms) > 1)
    figure.update_xaxes(title="true response rate", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(title="patients", rangemode="tozero")
    return figure


def expected(curves: Curves) -> list[list[float]]:
    """Return the heights of the lines of `expected_size`: of the trial, then of each arm if there are several."""
    arms: tuple[str | None, ...] = (None, *curves.design.arm_names) if len(curves.design.arms) > 1 else (None,)
    return [values.tolist() for arm in arms if (values := curves.of("n_mean", arm)) is not None]


def size_distribution(curves: Curves, names: Sequence[str]) -> go.Figure:
    """Return the distribution of the number of patients at each truth.

    Parameters
    ----------
    curves
        From `trialsim.curves.curves`, at a few truths, with `AT_TRUTH` measures.
    names
        Of the truths.
    """
    figure = go.Figure()
    sizes = sorted({key[4] for key in curves.values if key[0] == "n_pmf" and key[1] is None and key[4] is not None})
    for number, name in enumerate(names):
        shares = [curves.of("n_pmf", None, None, size) for size in sizes]
        rates = curves.truths[number]
        words = percent(rates[0]) if len(set(rates)) == 1 else ", ".join(percent(rate) for rate in rates)
        figure.add_bar(
            x=[f"{size:g}" for size in sizes],
            y=[0.0 if share is None else float(share[number]) for share in shares],
            name=f"{safe(name)} ({words})",
            marker={
                "color": OKABE_ITO[(number + 2) % len(OKABE_ITO)],
                "pattern": {"shape": _PATTERNS[number % len(_PATTERNS)], "fgcolor": "#ffffff", "size": 6},
            },
            hovertemplate="%{x} patients: %{y:.4f}",
        )
    frame(
        figure,
        "Distribution of the number of patients",
        ["Exact: the probability of each total."],
        HEIGHT,
        legend_y=-0.28,
    )
    figure.update_layout(barmode="group")
    figure.update_xaxes(title="patients in the trial", type="category")
    figure.update_yaxes(title="probability", range=[0, 1.0])
    if len(sizes) > 40:  # too many totals to name: a scale, with the cumulative share
        _as_cumulative(figure, np.array(sizes, float))
    return figure


def _as_cumulative(figure: go.Figure, sizes: np.ndarray) -> None:
    bars = list(figure.data)
    figure.data = ()
    for number, bar in enumerate(bars):
        line = {"color": bar.marker.color, "shape": "hv", "width": 2.2, "dash": ("solid", "dash", "dot")[number % 3]}
        figure.add_scatter(
            x=sizes.tolist(),
            y=np.cumsum(bar.y).tolist(),
            name=bar.name,
            line=line,
            mode="lines",
            hovertemplate="at most %{x} patients: %{y:.4f}",
        )
    figure.update_xaxes(type="linear")
    figure.update_yaxes(title="probability of at most so many")
