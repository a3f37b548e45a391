"""How many patients a design takes: the mean over the true rate, and the distribution at chosen truths. Exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from trialsim.report.numbers import percent, toxicity_words
from trialsim.report.plots import INK, OKABE_ITO, colour_of, safe
from trialsim.report.plots.drawing import drawn, framed, line, titled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.curves import Curves
    from trialsim.report.plots.drawing import Drawing

HEIGHT = 340
MOST_BARS = 40
"""Totals that are drawn as a bar each."""
_PATTERNS = ("", "/", "x", ".", "\\", "+", "-")


def expected_size(curves: Curves) -> go.Figure:
    """Return the figure of `expected_drawing`, checked."""
    return go.Figure(expected_drawing(curves))


def expected_drawing(curves: Curves) -> Drawing:
    """Return the expected number of patients over the true rate, of the trial and of each arm.

    Parameters
    ----------
    curves
        From `trialsim.curves.curves`, with the same rate in all arms.
    """
    rates, arms = [truth[0] for truth in curves.truths], curves.design.arm_names
    who = [("the trial", INK, "solid")]
    who += [(name, colour_of(n), "dash" if n % 2 == 0 else "dot") for n, name in enumerate(arms) if len(arms) > 1]
    traces = [
        line(rates, heights, safe(name), colour, dash, "%{y:.2f}")
        for (name, colour, dash), heights in zip(who, expected(curves), strict=True)
    ]
    layout = framed(
        "Expected number of patients",
        [f"Exact, at the same rate in every arm{_toxicity(curves)}."],
        HEIGHT,
        legend_y=-0.28,
        x=titled("true response rate", range=[0, 1], tickformat=".0%"),
        y=titled("patients", rangemode="tozero"),
        hovermode="x unified",
        showlegend=len(arms) > 1,
    )
    return drawn(traces, layout)


def _toxicity(curves: Curves) -> str:
    words = toxicity_words(curves.truths[0])
    return f", and a toxicity rate of {words}" if words else ""


def expected(curves: Curves) -> list[list[float]]:
    """Return the heights of the lines of `expected_size`: of the trial, then of each arm if there are several."""
    arms: tuple[str | None, ...] = (None, *curves.design.arm_names) if len(curves.design.arms) > 1 else (None,)
    return [values.tolist() for arm in arms if (values := curves.of("n_mean", arm)) is not None]


def size_distribution(curves: Curves, names: Sequence[str]) -> go.Figure:
    """Return the figure of `distribution_drawing`, checked."""
    return go.Figure(distribution_drawing(curves, names))


def distribution_drawing(curves: Curves, names: Sequence[str]) -> Drawing:
    """Return the distribution of the number of patients at each truth.

    Bars for each total; where there are too many to name, the cumulative shares.

    Parameters
    ----------
    curves
        From `trialsim.curves.curves`, at a few truths, with `AT_TRUTH` measures.
    names
        Of the truths.
    """
    sizes = sorted({key[4] for key in curves.values if key[0] == "n_pmf" and key[1] is None and key[4] is not None})
    is_cumulative = len(sizes) > MOST_BARS
    draw = _steps if is_cumulative else _bars
    traces = [
        draw(number, f"{safe(name)} ({_rates_of(curves, number)})", sizes, _shares(curves, number, sizes))
        for number, name in enumerate(names)
    ]
    probability = "probability of at most so many" if is_cumulative else "probability"
    layout = framed(
        "Distribution of the number of patients",
        ["Exact: the probability of each total."],
        HEIGHT,
        legend_y=-0.28,
        x=titled("patients in the trial", type="linear" if is_cumulative else "category"),
        y=titled(probability, range=[0, 1.0]),
        barmode="group",
    )
    return drawn(traces, layout)


def _rates_of(curves: Curves, number: int) -> str:
    rates = curves.truths[number]
    words = percent(rates[0]) if len(set(rates)) == 1 else ", ".join(percent(rate) for rate in rates)
    toxicity = toxicity_words(rates)
    return f"{words}; toxicity {toxicity}" if toxicity else words


def _shares(curves: Curves, number: int, sizes: Sequence[float]) -> list[float]:
    """Return the probability of each total at a truth."""
    found = [curves.of("n_pmf", None, None, size) for size in sizes]
    return [0.0 if share is None else float(share[number]) for share in found]


def _bars(number: int, name: str, sizes: Sequence[float], shares: Sequence[float]) -> dict[str, Any]:
    pattern = {"shape": _PATTERNS[number % len(_PATTERNS)], "fgcolor": "#ffffff", "size": 6, "fillmode": "overlay"}
    return {
        "type": "bar",
        "x": [f"{size:g}" for size in sizes],
        "y": list(shares),
        "name": name,
        "marker": {"color": _colour(number), "pattern": pattern},
        "hovertemplate": "%{x} patients: %{y:.4f}",
    }


def _steps(number: int, name: str, sizes: Sequence[float], shares: Sequence[float]) -> dict[str, Any]:
    dash = ("solid", "dash", "dot")[number % 3]
    hover = "at most %{x} patients: %{y:.4f}"
    return line(list(sizes), np.cumsum(shares).tolist(), name, _colour(number), dash, hover, shape="hv")


def _colour(number: int) -> str:
    return OKABE_ITO[(number + 2) % len(OKABE_ITO)]
