"""Calendar conduct in words that a clinician can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.report.numbers import percent
from trialsim.spec.looks import of_toxicities

if TYPE_CHECKING:
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.conduct.looks import LookConduct
    from trialsim.spec.design import Design

_UNEVALUABLE = {
    "non_responder": "Patients who cannot be evaluated count as non-responders",
    "dropped": "Patients who cannot be evaluated are not counted",
    "replaced": "At looks, patients who cannot be evaluated are replaced by the next who can",
}


def conduct_paragraph(conduct: Conduct, design: Design) -> str:
    """Return how the trial is run, as a paragraph."""
    sentences = [_enrolment(conduct), _response(conduct), _UNEVALUABLE[conduct.unevaluable] + "."]
    sentences += [look_in_words(name, conduct.looks[name]) for name in design.look_names[:-1] if name in conduct.looks]
    left = [name for name in design.look_names[:-1] if name not in conduct.looks]
    if left:
        sentences.append(f"{' and '.join(left)}: held once the response of every counted patient is known.")
    sentences.append(_cutoff(conduct))
    if conduct.toxicity is not None:
        sentences.append(_toxicity(conduct, design))
    also = [
        ("adverse events", conduct.adverse_events),
        ("performance status", conduct.performance_status),
        ("exposure", conduct.exposure),
        ("survival", conduct.survival),
    ]
    asked = [words for words, part in also if part is not None]
    if asked:
        sentences.append(f"Also simulated: {', '.join(asked)}.")
    sentences.append(f"{conduct.n_sims:,} trials are simulated per plan and truth.")
    return "As conducted: " + " ".join(sentences)


def _enrolment(conduct: Conduct) -> str:
    given = conduct.enrolment
    if given.entry_days is not None:
        return f"patients enter on {len(given.entry_days)} given days, from day {given.entry_days[0]:g} on."
    if given.window is not None:
        ramp = "" if given.window.power == 1 else f", the days being {given.window.days:g}·U^(1/{given.window.power:g})"
        whom = "" if given.window.patients is None else f" for {given.window.patients} of them"
        return f"patients enter within {given.window.days:g} days{whom}{ramp}."
    if given.rates is not None:
        periods = [f"{period.per_month:g} a month from month {period.from_month:g}" for period in given.rates]
        return f"patients enter at random, {', '.join(periods)}."
    return f"patients enter at random, {given.per_month or 10:g} a month."


def _response(conduct: Conduct) -> str:
    first_seen, confirmation = conduct.response.first_seen, conduct.response.confirmation
    days = ", ".join(f"day {visit.day:g} ({percent(visit.probability)})" for visit in first_seen)
    text = f"A response is first seen on {days}"
    if confirmation.after_days is not None:
        low, high = confirmation.after_days
        return f"{text} and confirmed {low:g} to {high:g} days later."
    return f"{text} and confirmed at the next scheduled visit." if confirmation.at_next_visit else f"{text}."


def look_in_words(name: str, look: LookConduct) -> str:
    """Return when a look is held, what it counts and whether enrolment waits, as a sentence."""
    days = {} if isinstance(look.fires, str) else {look.kind: getattr(look.fires, look.kind)}
    when = {
        "when_decided": "as soon as its criteria are certain",
        "when_known": "once the response of every counted patient is known",
        "after_days": f"{days.get('after_days', 0):g} days after its last patient entered",
        "completed_days": f"once enough patients have completed {days.get('completed_days', 0):g} days, and of these",
        "failures": f"at treatment failure number {days.get('failures', 0)}",
        "deaths": f"at death number {days.get('deaths', 0)}",
        "day": f"on day {days.get('day', 0):g}",
    }[look.kind]
    counts = "confirmed responses" if look.counts == "confirmed" else "responses when first seen"
    hold = (
        "; enrolment is held until it is decided" if look.hold == "until_decided" else "; enrolment goes on meanwhile"
    )
    return f"{name[:1].upper()}{name[1:]} is held {when}, and counts {counts}{hold}."


def _cutoff(conduct: Conduct) -> str:
    if conduct.cutoff.day is not None:
        return f"The data are closed on day {conduct.cutoff.day:g}."
    if conduct.cutoff.days_after_last_entry is not None:
        return f"The data are closed {conduct.cutoff.days_after_last_entry:g} days after the last entry."
    return "The data are closed once the response of the last patient is known."


def _toxicity(conduct: Conduct, design: Design) -> str:
    assert conduct.toxicity is not None
    toxicity = conduct.toxicity
    text = f"Toxicity comes within {toxicity.within_days:g} days"
    if toxicity.stop_if is None:
        return f"{text}; it stops nobody."
    rule = of_toxicities(toxicity.stop_if.wording(design.arm_names))
    when = "at each look" if toxicity.watched == "looks" else "at each toxicity"
    return f"{text}; {when}, an arm stops if, of the patients entered, {rule}."
