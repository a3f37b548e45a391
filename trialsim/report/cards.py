"""The few numbers that a protocol quotes, as sentences each with one number. Exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from trialsim.report.explain import when
from trialsim.report.numbers import percent, toxicity_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trialsim.curves import Curves


class Card(NamedTuple):
    """A sentence and its number."""

    sentence: str
    value: float
    unit: Literal["probability", "patients"]
    detail: str
    """What the number is exactly."""


def cards(found: Curves, names: Sequence[str]) -> list[Card]:
    """Return what a design does at each of a few truths.

    Parameters
    ----------
    found
        From `trialsim.curves.curves`, at the truths, with `AT_TRUTH` measures.
    names
        Of the truths: "null", "target", or others.
    """
    return [*_stops(found, names), *_successes(found, names), *_sizes(found, names)]


def _stops(found: Curves, names: Sequence[str]) -> Iterator[Card]:
    design = found.design
    for look in design.looks:
        if look.continue_if is None or look.continue_if.of != "arm":
            continue
        values = found.of("p_stop", design.arm_names[0], look.name)
        own = look.continue_if.rule.per_arm()
        who = "the trial" if len(design.arms) == 1 else design.arm_names[0] if own is not None else "an arm"
        for number, name in enumerate(names):
            if name in ("null", "target") and values is not None:
                rate = _true_rate(found.truths[number])
                words = f"If the true rate is {rate}, {who} stops at {look.name}"
                yield Card(words, float(values[number]), "probability", f"P(stop) after {when(look, design)}, exact")


def _successes(found: Curves, names: Sequence[str]) -> Iterator[Card]:
    design = found.design
    for who in (*design.arm_names, "pooled"):
        values = found.of("p_reject", who)
        for number, name in enumerate(names):
            if name in ("null", "target") and values is not None:
                rate = _true_rate(found.truths[number])
                of = "" if len(design.arms) == 1 else f" for {who}"
                error = "type I error" if name == "null" else "power"
                words = f"If the true rate is {rate}, the trial succeeds{of}"
                yield Card(words, float(values[number]), "probability", f"{error}, exact")


def _true_rate(truth: tuple[float, ...]) -> str:
    """Return the rate of the first arm, with that of toxicity if the truth says one."""
    toxicity = toxicity_words(truth)
    return percent(truth[0]) + (f" and that of toxicity {toxicity}" if toxicity else "")


def _sizes(found: Curves, names: Sequence[str]) -> Iterator[Card]:
    values = found.of("n_mean")
    for number, name in enumerate(names):
        if values is None:
            continue
        rates = found.truths[number]
        words = percent(rates[0]) if len(set(rates)) == 1 else " and ".join(percent(rate) for rate in rates)
        toxicity = toxicity_words(rates)
        words += f", toxicity {toxicity}" if toxicity else ""
        yield Card(f"Expected patients at {words} ({name})", float(values[number]), "patients", "mean N, exact")
