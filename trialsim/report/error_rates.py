"""What is proved of the errors of a design, and its power, in words and tables."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from trialsim.inference.joint import JointRates
from trialsim.report.calendar_tables import with_error
from trialsim.report.explain import joined
from trialsim.report.numbers import percent
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trialsim.api import Record
    from trialsim.proof.events import Event
    from trialsim.proof.null_region import NullRegion, Statement
    from trialsim.proof.power import Power
    from trialsim.proof.simulated import SimulatedStatement
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Truth

_CERTIFICATES = {
    "coupling": (
        "coupling: no rates in the region have a larger error than the worst point, where it is computed exactly. "
        "Proof: give two trials the same patients, but let some who do not respond in the first respond in the second; "
        "the boundaries show, for every pair of paths that the two can take, that the second is in error whenever the "
        "first is. So the error rises with the rate (or, shown in the same way, falls with it), and the worst rate is "
        "an end of its range."
    ),
    "Bernstein": (
        "Bernstein: the error is a polynomial in the rates; on a tile of the region it is at most its largest "
        "Bernstein coefficient there. Tiles are halved until the largest bound is within the gap of a value that is "
        "reached."
    ),
    "information": (
        "information: on a tile the error is at most what the patients' Fisher information, or tilting from the middle "
        "of the tile (Yang, Thompson and Sklar, arXiv:2212.10042), lets it become."
    ),
    "sum": (
        "sum: that any of several arms is in error is at most as likely as the errors of fewer arms added up, which "
        "bounds it more closely than the tiles do."
    ),
}
ROUNDING_NOTE = (
    "Values are exact up to rounding in double precision, about 1e-12; bounds on tiles include 1e-10 for it. In this "
    "table the largest errors are rounded to the nearest, bounds and gaps up."
)


def what_happens(design: Design, event: Event, *, is_every: bool = False) -> str:
    """Return an event as a clause: "the null hypothesis of 400 mg is rejected"."""
    names = design.arm_names
    if event.slots == (len(names),):
        look = "" if event.look < 0 else f" of {design.look_names[event.look]}"
        return (
            "the pooled null hypothesis is rejected" if event.kind == "reject" else f"the pooled criterion{look} is met"
        )
    who = [names[arm] for arm in event.slots]
    one = who[0] if len(names) > 1 else "the arm"
    subject = one if len(who) == 1 else f"every one of {joined(who)}" if is_every else f"at least one of {joined(who)}"
    if event.kind == "reject":
        return f"the null hypothesis of {subject} is rejected" if len(names) > 1 else "the null hypothesis is rejected"
    if event.kind == "success":
        return f"the criterion of {design.look_names[event.look]} is met for {subject}"
    if event.kind == "go on":
        return f"{subject} goes on to the final analysis"
    return f"{subject} ends without having been too toxic"


def region_in_words(design: Design, region: NullRegion, null: str, arms: tuple[int, ...]) -> str:
    """Return where the null hypothesis is true: "400 mg at most 5 %, 600 mg at any rate"."""
    names = design.arm_names
    rate = region.null_rate if null == "response" else region.toxicity_null_rate
    assert rate is not None  # else nothing was asked of it
    what = f"at most {percent(rate)}" if null == "response" else f"toxicity at least {percent(rate)}"
    others = [name for arm, name in enumerate(names) if arm not in arms]
    own = "every arm" if len(arms) == len(names) > 1 else joined([names[arm] for arm in arms])
    words = what if len(names) == 1 else f"{own} {what}"
    words += f", {joined(others)} at any rate" if others else ""
    if region.toxicity_null_rate is not None:
        words += "; any toxicity" if null == "response" else "; any response rate"
    return words


def rates_in_words(design: Design, rates: tuple[float, ...], indifferent: tuple[int, ...] = ()) -> str:
    """Return true rates: "400 mg 5 %, 600 mg any"."""
    names = design.arm_names
    words = []
    for arm, (name, rate) in enumerate(zip(names, rates, strict=True)):
        found = "any" if arm in indifferent else percent(rate, 2)
        if isinstance(rates, JointRates):
            found += f", toxicity {percent(rates.toxicity[arm], 2)}"
        words.append(found if len(names) == 1 else f"{name} {found}")
    return ", ".join(words)


def error_table(title: str, design: Design, region: NullRegion) -> Table:
    """Return the table of what is proved: a row per error."""
    header = ["error: that …", "true rates", "largest error", "at", "never more than", "gap", "certificate", "tiles"]
    table = Table(title, header, 2)
    for found in region.statements:
        table.rows.append(
            [
                what_happens(design, found.event),
                region_in_words(design, region, found.null, found.arms),
                probability_in_words(found.value),
                rates_in_words(design, found.worst, found.indifferent),
                rounded_up(found.upper, 6),
                "0" if found.gap == 0.0 else rounded_up(found.gap, 6),
                found.certificate,
                str(found.n_tiles) if found.n_tiles else "–",
            ]
        )
    return table


def certificates(region: NullRegion) -> tuple[str, ...]:
    """Return what the certificates in a table mean, and how exact its numbers are."""
    used = dict.fromkeys(found.certificate for found in region.statements)
    return (*(f"By {_CERTIFICATES[name]}" for name in used), ROUNDING_NOTE) if used else ()


def error_sentences(design: Design, region: NullRegion) -> Iterator[str]:
    """Yield a sentence per error; of the errors of sets of arms, the worst set."""
    for found in _worst_of_each(region):
        where = rates_in_words(design, found.worst, found.indifferent)
        region_words = region_in_words(design, region, found.null, found.arms)
        most = f"is at most {percent_up(found.upper)}"
        most += "" if found.gap == 0.0 else f", and {100 * found.value:.2f} % is reached"
        event = what_happens(design, found.event)
        yield f"Whatever the true rates ({region_words}), the probability that {event} {most} (worst point: {where})."


def probability_in_words(value: float) -> str:
    """Return a probability to six decimals; one that these would hide, to three digits.

    >>> probability_in_words(0.09478437), probability_in_words(1.234e-11)
    ('0.094784', '1.23e-11')
    """
    return f"{value:.6f}" if value >= 5e-7 or value == 0.0 else f"{value:.2e}"


def rounded_up(value: float, digits: int) -> str:
    """Return a bound, never less than it is: with so many decimals, or to one digit where these are all 0.

    >>> rounded_up(0.09478437, 6), rounded_up(1.234e-11, 6)
    ('0.094785', '2e-11')
    """
    if 0.0 < value < 0.5 * 10.0**-digits:
        first, power = f"{value:.17e}".split("e")
        return f"{ceil(float(first))}e{int(power)}"
    text = f"{value:.{digits}f}"
    return text if float(text) >= value else f"{float(text) + 10.0**-digits:.{digits}f}"


def percent_up(value: float) -> str:
    """Return a bound in per cent, rounded up.

    >>> percent_up(0.0581287), percent_up(1e-14)
    ('5.82 %', '0.01 %')
    """
    return f"{rounded_up(max(100.0 * value, 0.005), 2)} %"


def _worst_of_each(region: NullRegion) -> Iterator[Statement]:
    """Yield, of each kind of error, the worst of a single arm and the worst of several arms."""
    groups: dict[tuple[str, int, str, bool, bool], Statement] = {}
    for found in region.statements:
        is_pooled = found.event.slots != found.arms
        key = (found.event.kind, found.event.look, found.null, is_pooled, len(found.arms) > 1)
        if key not in groups or found.upper > groups[key].upper:
            groups[key] = found
    yield from groups.values()


def power_table(title: str, design: Design, found: tuple[Power, ...]) -> Table:
    """Return the table of power at the target rates."""
    table = Table(title, ["that …", "true rates", "probability"], 2)
    for power in found:
        words = what_happens(design, power.event, is_every=power.is_every)
        table.rows.append([words, rates_in_words(design, power.rates), f"{power.value:.6f}"])
    return table


def simulated_table(title: str, design: Design, region: NullRegion, found: tuple[SimulatedStatement, ...]) -> Table:
    """Return the table of bounds by simulation: a row per error, each number with its confidence or MCSE."""
    header = ["error: that …", "true rates", "never more than", "confidence", "largest simulated (MCSE)", "at", "tiles"]
    table = Table(title, [*header, "replicates per tile"], 2)
    for bound in found:
        table.rows.append(
            [
                what_happens(design, bound.event),
                region_in_words(design, region, "response", bound.arms),
                rounded_up(bound.upper, 4),
                percent(bound.confidence, 2),
                f"{bound.estimate:.4f} ({bound.mcse:.4f})" if bound.mcse else f"{bound.estimate:.4f} (none seen)",
                rates_in_words(design, bound.rates),
                str(bound.n_tiles),
                f"{bound.n_sims:,}",
            ]
        )
    return table


def beyond_the_bound(
    design: Design, region: NullRegion, conducted: Mapping[tuple[str, str | None, str | None], Record], truth: Truth
) -> Iterator[str]:
    """Yield a sentence for each error that calendar conduct makes larger than its bound under ideal conduct.

    Parameters
    ----------
    design, region
        And what is proved of it.
    conducted
        Records of calendar conduct under the truth, by measure, arm and look.
    truth
        One under which some null hypothesis may be true; an error counts as larger if two MCSE below it are.
    """
    if design.hypotheses is None:
        return
    rates = truth.rates(design.arm_names)
    for found in region.statements:
        is_pooled = found.event.slots == (len(rates),)
        if found.null != "response" or (len(found.arms) > 1 and not is_pooled):
            continue
        if any(rates[arm] > design.hypotheses.null_rate for arm in found.arms):
            continue
        record = conducted.get(_measured(design, found.event))
        if record is None or record.estimate is None or record.mcse is None:
            continue
        if record.estimate - 2.0 * record.mcse > found.upper:
            yield (
                f"Under {truth.name}, the probability that {what_happens(design, found.event)} is "
                f"{with_error(100 * record.estimate, 100 * record.mcse, 2)} % as conducted (in brackets MCSE), against "
                f"at most {percent_up(found.upper)} under ideal conduct."
            )


def _measured(design: Design, event: Event) -> tuple[str, str | None, str | None]:
    """Return the measure that an error of one arm, or of all pooled, is: name, arm, look."""
    arm = "pooled" if event.slots == (len(design.arms),) else design.arm_names[event.slots[0]]
    if event.kind == "success":
        return "p_success", arm, design.look_names[event.look]
    if event.kind == "go on":
        stopping = [look.name for look in design.looks if look.continue_if is not None]
        return "p_continue", arm, stopping[-1] if stopping else None
    return "p_reject", arm, None
