"""One measure of several designs over the true response rate, exactly, in one figure; or how each differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import plotly.graph_objects as go

from trialsim.report.numbers import percent, toxicity_words
from trialsim.report.plots import INK, OKABE_ITO, safe
from trialsim.report.plots.frame import frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trialsim.curves import Curves, Floats

HEIGHT = 400
_COLOURS = (OKABE_ITO[0], OKABE_ITO[5], OKABE_ITO[2], OKABE_ITO[3])
_DASHES = ("solid", "dash", "dot", "dashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up")
_MARK_EVERY = 10
"""Of the points of a curve one in so many is marked, so that curves are told apart without their colours."""


class Compared(NamedTuple):
    """A measure, and the curve of each design that has it."""

    label: str
    is_patients: bool
    values: tuple[Floats | None, ...]
    """One per design; None: the design has no such measure."""


def measures(designs: Sequence[Curves]) -> tuple[Compared, ...]:
    """Return what can be drawn, in the order of the designs: arms and looks are matched by their names.

    Parameters
    ----------
    designs
        Each from `trialsim.curves.curves`, at the same truths.
    """
    own = [dict(_measures(curves)) for curves in designs]
    labels = dict.fromkeys(label for found in own for label in found)
    return tuple(
        Compared(*label, tuple(found.get(label) for found in own)) for label in sorted(labels, key=lambda one: one[1])
    )


def compared_curves(
    names: Sequence[str], designs: Sequence[Curves], label: str, *, as_difference: bool = False
) -> go.Figure:
    """Return the figure.

    Parameters
    ----------
    names
        Of the designs; the first is the reference.
    designs
        Each from `trialsim.curves.curves`, with the same rate in all arms.
    label
        Of one of their `measures`.
    as_difference
        Draw how each other design differs from the reference, rather than the values.

    Raises
    ------
    ValueError
        If no design has such a measure.
    """
    chosen = next((one for one in measures(designs) if one.label == label), None)
    if chosen is None:
        raise ValueError(f"no design has “{label}”")
    rates = [truth[0] for truth in designs[0].truths]
    figure, without = go.Figure(), []
    for number, (name, values) in enumerate(zip(names, chosen.values, strict=True)):
        heights = values
        if as_difference:
            reference = chosen.values[0]
            heights = None if values is None or reference is None else values - reference
        if heights is None:
            without.append(name)
        elif not (as_difference and number == 0):
            _draw(figure, number, name, rates, heights, is_patients=chosen.is_patients)
    found = notes(names, len(rates), without, as_difference=as_difference) + _toxicity(designs)
    frame(figure, f"{label} over the true response rate", found, HEIGHT, top=26)
    _lay_out(figure, designs[0], chosen, as_difference=as_difference)
    return figure


def notes(names: Sequence[str], n_rates: int, without: Sequence[str], *, as_difference: bool) -> list[str]:
    """Return how the curves were found, and which designs have none."""
    what = f"Each design minus {names[0]}. " if as_difference else ""
    found = [f"{what}Exact: computed at {n_rates} rates, the same in every arm; nothing is simulated."]
    if without:
        they = "has" if len(without) == 1 else "have"
        found.append(f"Not drawn: {', '.join(without)} {they} no such arm, look or criterion.")
    return found


def _toxicity(designs: Sequence[Curves]) -> list[str]:
    found = set(filter(None, (toxicity_words(curves.truths[0]) for curves in designs)))
    return [f"Where toxicity is watched, at a rate of {' or '.join(sorted(found))}."] if found else []


def _measures(curves: Curves) -> Iterator[tuple[tuple[str, bool], Floats]]:
    """Yield label, whether it counts patients, and values of each measure of a design."""
    n_arms = len(curves.design.arms)
    for (measure, arm, look, _, value, _), values in curves.values.items():
        at = f" at {look}" if look is not None else ""
        who = arm if n_arms > 1 and arm not in (None, "pooled") else None
        if measure == "p_continue":
            yield (f"P({who or 'the trial'} goes on{at})", False), values
        elif measure == "p_arms_continuing" and n_arms > 1 and value in (0, n_arms):
            yield (f"P({'all arms go on' if value else 'every arm stops'}{at})", False), values
        elif measure == "p_success":
            yield (f"P(success{f' of {who}' if who else ''}{at})", False), values
        elif measure == "p_reject":
            yield (f"P(null hypothesis{f' of {who}' if who else ''} rejected)", False), values
        elif measure == "pet" and arm is None:
            yield ("P(the trial stops before the final look)", False), values
        elif measure == "n_mean" and (arm is None or n_arms > 1):
            yield (f"expected patients{f' of {who}' if who else ''}", True), values


def _draw(figure: go.Figure, number: int, name: str, rates: list[float], heights: Floats, *, is_patients: bool) -> None:
    colour = _COLOURS[number % len(_COLOURS)]
    figure.add_trace(
        go.Scatter(
            x=rates,
            y=heights.tolist(),
            mode="lines+markers",
            name=safe(name),
            line={"color": colour, "dash": _DASHES[number % len(_DASHES)], "width": 2.2},
            marker={
                "color": colour,
                "symbol": _SYMBOLS[number % len(_SYMBOLS)],
                "size": 8,
                "maxdisplayed": len(rates) // _MARK_EVERY + 1,
            },
            hovertemplate="%{y:.2f}" if is_patients else "%{y:.4f}",
        )
    )


def _lay_out(figure: go.Figure, reference: Curves, chosen: Compared, *, as_difference: bool) -> None:
    hypotheses = reference.design.hypotheses
    marks = [] if hypotheses is None else [(hypotheses.null_rate, "null"), (hypotheses.target_rate, "target")]
    for rate, word in marks:
        figure.add_vline(x=rate, line={"color": INK, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=rate, y=1, yref="paper", yanchor="bottom", text=f"{word} {percent(rate)}", showarrow=False
        )
    unit = "patients" if chosen.is_patients else "probability"
    figure.update_layout(hovermode="x unified", showlegend=True)
    figure.update_xaxes(title="true response rate", range=[0, 1], tickformat=".0%")
    title = f"difference in {unit}" if as_difference else unit
    figure.update_yaxes(title=title, zeroline=as_difference, zerolinecolor=INK)
    if not as_difference:
        figure.update_yaxes(**({"rangemode": "tozero"} if chosen.is_patients else {"range": [-0.01, 1.01]}))
