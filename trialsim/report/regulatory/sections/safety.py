"""What the looks before the final analysis find, and what happens to patients beside their response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.distributions import EventShare
from trialsim.oc.mcse import proportion
from trialsim.report.calendar_tables import shown
from trialsim.report.numbers import percent
from trialsim.report.plots.adverse_events import adverse_events
from trialsim.report.plots.calendar_frame import share_words
from trialsim.report.regulatory.blocks import Grid, Heading, Picture, Words
from trialsim.report.regulatory.recorded import exact, main_case, simulated
from trialsim.report.regulatory.telling import badge_of
from trialsim.report.table import Table
from trialsim.spec.looks import of_toxicities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.api import Record
    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material
    from trialsim.report.regulatory.recorded import Case
    from trialsim.spec.conduct import Conduct

MOST_LOOKS = 6
"""Looks in the table; of a design with more, the first ones."""
_QUANTILES = 3
_SEEN = (("counted", "patients counted"), ("counted_responses", "responses"))
_COURSE = (
    ("toxicities", "patients with toxicity"),
    ("deaths", "deaths"),
    ("withdrawn", "off study alive"),
    ("progressions", "progressions"),
    ("on_treatment", "on treatment"),
)
_EXPOSURE = (
    ("auc_mean", "mean AUC, µg·h/mL"),
    ("auc_sd", "SD of the AUC between patients"),
    ("half_life_mean", "mean half-life, hours"),
    ("auc_sampled_mean", "mean AUC as sampled"),
    ("half_life_sampled_mean", "mean half-life as sampled"),
    ("status_at_baseline", "performance status at baseline"),
    ("status_later", "performance status later"),
)
_IN_BRACKETS = "Means over trials, in brackets MCSE."
_NOTHING = (
    "There is no safety model in this scenario: neither the design nor the conduct speaks of toxicity, adverse events "
    "or exposure, so that nothing is said here of what the treatment does to patients beside their response."
)


def blocks(material: Material) -> Iterator[Block]:
    """Yield the looks before the end, toxicity, adverse events, and exposure."""
    yield Heading("What the looks find")
    yield from _looks(material)
    design, conduct = material.scenario.design, material.scenario.conduct
    has_toxicity = design.watches_toxicity or (conduct is not None and conduct.toxicity is not None)
    beside = conduct is not None and (conduct.adverse_events or conduct.exposure or conduct.performance_status)
    if not has_toxicity and not beside:
        yield Heading("Safety")
        yield Words(_NOTHING)
    if has_toxicity:
        yield Heading("Stopping for toxicity")
        yield from _toxicity(material)
    elif beside:
        yield Heading("Stopping for toxicity")
        yield Words("Neither the design nor the conduct has a rule that stops an arm for toxicity.")
    if conduct is None:
        return
    if not material.conducted:
        yield Words("The trial as conducted was not simulated, so that nothing is known of what happens to patients.")
        return
    yield from _patients(material, conduct)


def _looks(material: Material) -> Iterator[Block]:
    design, plan = material.scenario.design, main_case(material).plan
    looks = design.look_names[:-1]
    if not looks:
        yield Words("There is no look before the final analysis.")
        return
    records = [r for r in material.records.values() if r.plan == plan]
    table = Table(f"{plan}: looks before the final analysis", ["truth", "look", "", "exact", "simulated (MCSE)"], 3)
    if material.conducted:
        table.header.append("as conducted (MCSE)")
    for record in records:
        words = _event(record, looks[:MOST_LOOKS])
        if words:
            cells = [str(record.truth), str(record.look), words, exact(record), simulated(record)]
            key = (plan, record.truth, record.measure, record.arm, record.look, None, record.value, record.variant)
            table.rows.append([*cells, *([simulated(material.conducted.get(key))] if material.conducted else [])])
    notes = ["takes place: there is an arm for the look to ask; stops: for whatever reason, at this look."]
    if len(looks) > MOST_LOOKS:
        notes.append(f"The first {MOST_LOOKS} of {len(looks)} looks; all are in the appendix with the full tables.")
    yield Grid(table, badge_of([*records, *material.conducted.values()]), tuple(notes))
    seen = _seen(material, plan, looks)
    if seen.rows:
        yield Grid(seen, "simulated", (_IN_BRACKETS, "A look counts a response once it counts for that look."))


def _event(record: Record, looks: tuple[str, ...]) -> str:
    """Return what a record of a look says happened there; empty if it is not of this table."""
    if record.look not in looks or record.given is not None:
        return ""
    whom = record.arm or ""
    return {
        "p_reached": "takes place",
        "p_stop": f"{whom} stops",
        "p_success": f"success, {whom}",
        "p_toxic": f"{whom} is too toxic",
    }.get(record.measure, "")


def _seen(material: Material, plan: str, looks: tuple[str, ...]) -> Table:
    """Return how many patients each look counts as conducted, and how many responses."""
    quantiles = material.scenario.quantiles[:_QUANTILES]
    header = ["truth", "look", "of"]
    for _, words in _SEEN:
        header += [f"{words}, mean", *(f"{100 * p:g} % of trials" for p in quantiles)]
    table = Table(f"{plan}: what the looks see, as conducted", header, 3)
    arms = material.scenario.design.arm_names
    arms = (*arms, "pooled") if len(arms) > 1 else arms
    for truth in material.scenario.truths:
        for look in looks[:MOST_LOOKS]:
            for arm in arms:
                own = []
                for name, _ in _SEEN:
                    whose = [(f"{name}_mean", None), *((f"{name}_quantile", p) for p in quantiles)]
                    own += [_found(material, plan, truth.name, m, arm, look, value) for m, value in whose]
                if any(own):
                    table.rows.append([truth.name, look, arm, *(shown(record) or "–" for record in own)])
    return table


def _found(
    material: Material, plan: str, truth: str, measure: str, arm: str, look: str | None, value: float | None
) -> Record | None:
    """Return a record of conduct; of all patients it may stand under "pooled" or under no arm."""
    for who in (arm, None) if arm == "pooled" else (arm,):
        found = material.conducted.get((plan, truth, measure, who, look, None, value, None))
        if found is not None:
            return found
    return None


def _toxicity(material: Material) -> Iterator[Block]:
    design, conduct, plan = material.scenario.design, material.scenario.conduct, main_case(material).plan
    if design.toxicity is not None:
        rates = f"A toxicity rate of {percent(design.toxicity.null_rate)} is unacceptable"
        target = design.toxicity.target_rate
        yield Words(rates + ("." if target is None else f", one of {percent(target)} acceptable."))
    own = [r for r in material.records.values() if r.plan == plan and r.measure == "p_toxic" and r.given is None]
    if own:
        table = Table(f"{plan}: too toxic", ["truth", "arm", "look", "exact", "simulated (MCSE)"], 3)
        table.rows = [[str(r.truth), str(r.arm), r.look or "at any look", exact(r), simulated(r)] for r in own]
        note = "At the final look: its null hypothesis is not rejected for toxicity, whatever the responses."
        yield Grid(table, badge_of(own), (note,))
    if conduct is None or conduct.toxicity is None:
        return
    rule = conduct.toxicity.stop_if
    if rule is None:
        yield Words("Toxicity is simulated and counted as the trial is conducted; no rule stops an arm for it.")
        return
    when = "at each look" if conduct.toxicity.watched == "looks" else "at each toxicity"
    wording = of_toxicities(rule.wording(design.arm_names))
    yield Words(f"As conducted, an arm stops if, of its patients entered, {wording}; this is asked {when}.")
    stops = [r for r in material.conducted.values() if r.plan == plan and r.measure == "p_stop_toxicity"]
    table = Table(f"{plan}: arms that stop for toxicity, as conducted", ["truth", "arm", "when", "share (MCSE)"], 3)
    table.rows = [[str(r.truth), str(r.arm), r.look or "between looks", simulated(r)] for r in stops]
    if table.rows:
        yield Grid(table, "simulated")


def _patients(material: Material, conduct: Conduct) -> Iterator[Block]:
    case = main_case(material)
    if conduct.adverse_events is not None:
        yield Heading("Adverse events")
        yield from _adverse_events(material, conduct, case)
    course = _quantities(material, case, _COURSE, "patients by the data cut-off")
    if course.rows:
        yield Heading("The course of patients")
        yield Grid(course, "simulated", (_IN_BRACKETS,))
    exposure = _quantities(material, case, _EXPOSURE, "exposure and performance status")
    if exposure.rows:
        yield Heading("Exposure and performance status")
        yield Grid(exposure, "simulated", (_IN_BRACKETS,))


def _adverse_events(material: Material, conduct: Conduct, case: Case) -> Iterator[Block]:
    shares = _shares(material, conduct, case)
    if not shares:
        yield Words("No adverse events were simulated in this run.")
        return
    assert conduct.adverse_events is not None
    yield Words(
        f"Adverse events do not depend on the truth; these are of {case.plan} under {case.truth}. They are simulated "
        f"from the shares of patients that the scenario states for {len(conduct.adverse_events.events)} events; those "
        "of a patient are correlated, and independent of response, dose changes and time."
    )
    yield Picture(adverse_events(shares, conduct.n_sims), "simulated")
    arms = material.scenario.design.arm_names
    header = ["event", *(f"{arm}, {grade}" for arm in arms for grade in ("any grade", "severe"))]
    table = Table("share of an arm's patients with an adverse event", header, 1)
    for event in dict.fromkeys(share.event for share in shares):
        own = [share for share in shares if share.event == event]
        table.rows.append([event, *(share_words(e) for share in own for e in (share.any_grade, share.severe))])
    yield Grid(table, "simulated", ("A share is of all patients of all trials, so that its MCSE is very small.",))


def _shares(material: Material, conduct: Conduct, case: Case) -> list[EventShare]:
    """Return the share of patients with each event, the most frequent first; from the means per trial."""
    n_trials = conduct.n_sims
    by_event: dict[str, list[EventShare]] = {}
    for arm in material.scenario.design.arm_names:
        patients = material.conducted.get((*case, "n_mean", arm, None, None, None, None))
        n = round((patients.estimate or 0.0) * n_trials) if patients is not None else 0
        for (plan, truth, measure, who, *_, variant), record in material.conducted.items():
            if (plan, truth, measure, who) == (*case, "any_grade_mean", arm):
                severe = material.conducted[*case, "severe_mean", arm, None, None, None, variant]
                counts = [proportion(round((r.estimate or 0.0) * n_trials), n) for r in (record, severe)]
                by_event.setdefault(str(variant), []).append(EventShare(str(variant), arm, *counts))
    by_frequency = sorted(by_event.values(), key=lambda own: -max(share.any_grade.value or 0.0 for share in own))
    return [share for own in by_frequency for share in own]


def _quantities(material: Material, case: Case, names: tuple[tuple[str, str], ...], title: str) -> Table:
    quantiles = material.scenario.quantiles[:_QUANTILES]
    header = ["quantity", "of", "mean", "SD of a trial", *(f"{100 * p:g} % of trials" for p in quantiles)]
    table = Table(f"{case.plan}, truth {case.truth}: {title}", header, 2)
    for name, words in names:
        for key, record in material.conducted.items():
            plan, truth, measure, arm, look, given, _, variant = key
            if (plan, truth, measure, look, given) == (*case, f"{name}_mean", None, None):
                rest = [(f"{name}_sd", None), *((f"{name}_quantile", p) for p in quantiles)]
                own = [material.conducted.get((*case, m, arm, None, None, value, variant)) for m, value in rest]
                quantity = words + (f", {variant}" if variant else "")
                table.rows.append([quantity, arm or "trial", *(shown(r) or "–" for r in (record, *own))])
    return table
