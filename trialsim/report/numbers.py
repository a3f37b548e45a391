"""How numbers are written: enough digits to check them against a paper, never "0 ± 0"."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialsim.api import Record

_PATIENTS = ("n_mean", "n_sd")


def percent(rate: float, digits: int = 1) -> str:
    """Return a rate that somebody chose, in per cent without a trailing zero.

    >>> percent(0.05), percent(36 / 73)
    ('5 %', '49.3 %')
    """
    return f"{100 * rate:.{digits}f}".removesuffix("." + "0" * digits) + " %"


def toxicity_words(truth: tuple[float, ...]) -> str:
    """Return the toxicity rate of a truth, or those of its arms; nothing if it says none.

    >>> from trialsim.inference.joint import JointRates
    >>> toxicity_words(JointRates((0.2, 0.4), (0.1, 0.1))), toxicity_words(JointRates((0.2, 0.4), (0.1, 0.3)))
    ('10 %', '10 % and 30 %')
    """
    rates = getattr(truth, "toxicity", ())
    return " and ".join(map(percent, rates if len(set(rates)) > 1 else rates[:1]))


def percent_found(probability: float) -> str:
    """Return a probability that was computed, in per cent with one decimal.

    >>> percent_found(0.059952)
    '6.0 %'
    """
    return f"{100 * probability:.1f} %"


def formatted(record: Record | None, which: str) -> str:
    """Return the exact value or the estimate of a record."""
    if record is None:
        return ""
    value = getattr(record, which)
    if value is None:
        return "none seen" if which == "estimate" else "–"
    return _number(record.measure, value)


def formatted_mcse(record: Record | None) -> str:
    """Return the Monte Carlo standard error, or what is known where it is 0.

    A proportion of 0 (or 1) shows its 95 % limit; a mean to which all replicates contribute the same says so; a
    quantile says that it is the same at its probability plus and minus one standard error.
    """
    if record is None:
        return ""
    if record.mcse is None:
        return "–"
    if record.bound is not None:
        return f"< {record.bound:.2g}" if record.estimate == 0 else f"> {_below_one(record.bound)}"
    if record.mcse == 0.0:
        return "same" if record.measure == "n_quantile" else "all alike"
    text = _number(record.measure if record.measure != "n_quantile" else "n_sd", record.mcse)
    return text if float(text) > 0 else f"{record.mcse:.1e}"


def formatted_z(record: Record | None) -> str:
    """Return z to two digits; in brackets if it is too uncertain to be judged."""
    if record is None:
        return ""
    if record.z is None:
        return "–"
    text = f"{record.z + 0.0:.2f}".replace("-0.00", "0.00")
    return text if record.is_judged else f"({text})"


def _number(measure: str, value: float) -> str:
    if measure == "n_quantile":
        return f"{value:g}"
    return f"{value:.4f}" if measure in _PATIENTS else f"{value + 0.0:.6f}".replace("-0.000000", "0.000000")


def _below_one(bound: float) -> str:
    return f"1 - {1 - bound:.1e}" if bound > 0.9999 else f"{bound:.4f}"
