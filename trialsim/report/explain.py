"""A design in words that a clinician can read, its decision table, and the defaults it leaves as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from trialsim.report.numbers import percent
from trialsim.spec.looks import per_arm_sizes

if TYPE_CHECKING:
    from trialsim.spec.design import Design, ToxicityEndpoint
    from trialsim.spec.looks import ContinueIf, Look, SuccessIf
    from trialsim.spec.scenario import Scenario, Truth

_WHEN_ARM_STOPS = {
    "arm_cap": "If an arm stops, the others go on to their own number of patients.",
    "refill": "If an arm stops, the arms that remain take over the patients it leaves unused.",
    "stop_trial": "If one arm stops, the whole trial stops.",
}


def paragraph(design: Design) -> str:
    """Return the design as a paragraph."""
    sentences = [_randomisation(design), f"The endpoint is {design.endpoint.name}."]
    if design.hypotheses is not None:
        null, target = percent(design.hypotheses.null_rate), percent(design.hypotheses.target_rate)
        sentences.append(f"The design is meant to tell a response rate of {null} from one of {target}.")
    if design.toxicity is not None:
        sentences.append(_toxicity(design.toxicity))
    sentences += [look_in_words(look, design) for look in design.looks]
    if len(design.arms) > 1 and any(_stops(look) for look in design.looks):
        sentences.append(_WHEN_ARM_STOPS[design.enrolment.when_arm_stops])
    level = f"{100 * design.analysis.level:g} %"
    sentences.append(f"The response rates are reported with {level} {design.analysis.interval} intervals.")
    return " ".join(sentences)


def question(scenario: Scenario) -> str:
    """Return what the scenario asks, as a paragraph."""
    arms = scenario.design.arm_names
    truths = []
    for truth in scenario.truths:
        rates = dict(zip(arms, truth.rates(arms), strict=True))
        same = len(set(rates.values())) == 1
        words = (
            percent(next(iter(rates.values()))) if same else ", ".join(f"{a} {percent(r)}" for a, r in rates.items())
        )
        truths.append(f"{truth.name} ({words}{_toxicity_of(truth)})")
    overruled = {plan.name for plan in scenario.plans if plan.non_binding == "overrule"}
    plans = [
        f"{name} ({' + '.join(map(str, design.caps))}{', rules that are not binding overruled' * (name in overruled)})"
        for name, design in scenario.designs()
    ]
    return (
        f"The question: {joined(plans)}, under {len(truths)} assumed truth{'s' if len(truths) > 1 else ''}: "
        f"{joined(truths)}. "
        f"Simulations use {scenario.n_sims:,} replicates from seed {scenario.seed}."
    )


def when(look: Look, design: Design) -> str:
    """Return when a look falls: "18 patients per arm"."""
    if look.at == "full_enrolment":
        total = sum(design.caps)
        return f"all {total} patients" + (f", {' + '.join(map(str, design.caps))}" if len(design.arms) > 1 else "")
    if look.at.total is not None:
        return f"the first {look.at.total} patients" + (" of all arms" if len(design.arms) > 1 else "")
    sizes = per_arm_sizes(look.at, design.arm_names)
    if len(set(sizes)) == 1:
        return f"the first {sizes[0]} patients" + (" of each arm" if len(sizes) > 1 else "")
    return (
        "the first " + ", ".join(f"{n} of {arm}" for n, arm in zip(sizes, design.arm_names, strict=True)) + " patients"
    )


def joined(parts: list[str]) -> str:
    """Return a list in words.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def defaults(part: BaseModel, path: str = "") -> list[str]:
    """Return `path = value` for every field that was left at its default, in order."""
    found = []
    for name, field in type(part).model_fields.items():
        where = f"{path}{field.alias or name}"
        value = getattr(part, name)
        if name in ("published", "match", "sensitivity", "narrative"):
            continue  # what a paper printed, how else it can be read, and what is said of it are no choices
        if name not in part.model_fields_set and not isinstance(value, BaseModel):
            if value not in ("", (), None, {}):
                found.append(f"{where} = {_shown(value)}")
        elif isinstance(value, BaseModel):
            found += defaults(value, f"{where}.")
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if isinstance(item, BaseModel):
                    found += defaults(item, f"{where}.{getattr(item, 'name', index)}.")
    return found


def _shown(value: Any) -> str:
    return (
        f"[{', '.join(map(str, value))}]"
        if isinstance(value, tuple)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def _randomisation(design: Design) -> str:
    arms = [arm.name + (f" ({arm.dose})" if arm.dose else "") for arm in design.arms]
    total = f"Up to {sum(design.caps)} patients"
    if len(arms) == 1:
        return f"{total} receive {arms[0]}."
    size = design.allocation.block_size or sum(design.ratio)
    return f"{total} are randomised {':'.join(map(str, design.ratio))} to {joined(arms)}, in permuted blocks of {size}."


def look_in_words(look: Look, design: Design) -> str:
    """Return when a look falls and what it decides, as a sentence."""
    text = f"{look.name[:1].upper()}{look.name[1:]} ({when(look, design)}):"
    clauses = []
    if look.continue_if is not None:
        otherwise = "stops otherwise" if look.continue_if.binding else "may be stopped otherwise (not binding)"
        clauses.append(f"{_who(look.continue_if, design, 'goes on')} and {otherwise}")
    if look.success_if is not None:
        proviso = ", provided that no arm has stopped" if look.success_if.requires_all_arms else ""
        stopped = "the arm" if look.success_if.of == "arm" and len(design.arms) > 1 else "the trial"
        ends = f"; success stops {stopped}" if look.success_if.then == "stop" else ""
        clauses.append(f"{_who(look.success_if, design, 'succeeds').rstrip(',')}{proviso}{ends}")
    if look.toxic_if is not None:
        who = "the trial" if len(design.arms) == 1 else "an arm"
        met = f"if {look.toxic_if.wording(design.arm_names)}"
        is_final = look.at == "full_enrolment"
        clauses.append(f"no success of {who} {met}" if is_final else f"{who} stops {met}, whatever its responses")
    if not clauses:
        clauses.append("final analysis" if look.at == "full_enrolment" else "the data are looked at, nobody is stopped")
    return f"{text} {'; '.join(clauses)}."


def _who(criterion: ContinueIf | SuccessIf, design: Design, does: str) -> str:
    """Return "an arm goes on if, of its own patients, at least 3 patients respond,"."""
    rule = criterion.rule.wording(design.arm_names)
    if len(design.arms) == 1:
        return f"the trial {does} if {rule},"
    who, of = ("an arm", "its own patients") if criterion.of == "arm" else ("the trial", "all patients together")
    return f"{who} {does} if, of {of}, {rule},"


def _toxicity(toxicity: ToxicityEndpoint) -> str:
    null = f"a rate of {percent(toxicity.null_rate)} is unacceptable"
    target = "" if toxicity.target_rate is None else f", one of {percent(toxicity.target_rate)} acceptable"
    named = toxicity.name[:1].upper() + toxicity.name[1:]
    return f"{named} is watched: {null}{target}."


def _toxicity_of(truth: Truth) -> str:
    """Return what a truth says of toxicity, to follow its response rates."""
    if truth.toxicity_rate is None:
        return ""
    rate = truth.toxicity_rate
    words = ", ".join(f"{arm} {percent(own)}" for arm, own in rate.items()) if isinstance(rate, dict) else percent(rate)
    ratio = "" if truth.odds_ratio is None else f", odds ratio {truth.odds_ratio:g}"
    return f"; toxicity {words}{ratio}"


def _stops(look: Look) -> bool:
    if look.toxic_if is not None and look.at != "full_enrolment":
        return True
    return look.continue_if is not None or (look.success_if is not None and look.success_if.then == "stop")
