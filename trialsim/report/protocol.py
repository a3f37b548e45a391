"""The sentences of the protocol, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.report.explain import joined, when
from trialsim.report.numbers import percent, percent_found

if TYPE_CHECKING:
    from trialsim.api import Record, Result


def sentences(result: Result) -> list[str]:
    """Return what the stop/go rule does at the null and target rates, and how precise each plan is."""
    return [*_stop_sentences(result), *_precision_sentences(result)]


def _stop_sentences(result: Result) -> list[str]:
    """One sentence per look that stops arms by their own responses, where all arms are at the null or target rate."""
    design = result.scenario.design
    if design.hypotheses is None:
        return []
    plan = result.records[0].plan
    found = []
    for look in design.looks:
        if look.continue_if is None or look.continue_if.of != "arm":
            continue
        parts = []
        for rate in (design.hypotheses.null_rate, design.hypotheses.target_rate):
            record = _stop_record(result, plan, look.name, rate)
            if record is not None and record.estimate is not None:
                value = record.exact if record.exact is not None else record.estimate
                how = "" if record.exact is not None else f" (simulated, MCSE {record.mcse:.2g})"
                parts.append(f"{percent_found(value)}{how} if its true response rate is {percent(rate)}")
        if parts:
            rule = look.continue_if.rule.wording(design.arm_names)
            if look.toxic_if is not None:
                rule += f", unless {look.toxic_if.wording(design.arm_names)}"
            timing = when(look, design)
            who = "an arm goes on" if len(design.arms) > 1 else "the trial goes on"
            found.append(f"At {look.name} ({timing}), {who} if {rule}; it stops with probability {joined(parts)}.")
    return found


def _stop_record(result: Result, plan: str, look: str, rate: float) -> Record | None:
    arms = result.scenario.design.arm_names
    truths = [truth.name for truth in result.scenario.truths if set(truth.rates(arms)) == {rate}]
    return next(
        (
            r
            for r in result.records
            if r.plan == plan and r.measure == "p_stop" and r.look == look and r.truth in truths
        ),
        None,
    )


def _precision_sentences(result: Result) -> list[str]:
    analysis = result.scenario.design.analysis
    index = {(r.plan, r.measure, r.variant, r.value): r for r in result.records if r.truth is None}
    found = []
    for plan, design in result.scenario.designs():
        distance = index[plan, "ci_distance_max", analysis.interval, sum(design.caps)]
        half_width = index[plan, "ci_half_width_max", analysis.interval, sum(design.caps)]
        of = "the pooled response rate" if len(design.arms) > 1 else "the response rate"
        found.append(
            f"With {distance.value:g} patients, the {100 * analysis.level:g} % {analysis.interval} interval of {of} "
            f"reaches at most ±{_points(distance)} points from the estimate (largest distance from estimate to limit); "
            f"its largest half-width is {_points(half_width)} points."
        )
    for name, words in (("distance", "distance to a limit"), ("half_width", "half-width")):
        record = next(
            (r for r in result.records if r.measure == f"n_for_{name}" and r.variant == analysis.interval), None
        )
        if record is not None:
            n = (
                f"{record.exact:g} patients are the fewest"
                if record.exact is not None
                else "More than 20,000 patients would be needed"
            )
            found.append(
                f"{n} that keep the {words} within ±{100 * (record.value or 0):g} points whatever is observed."
            )
    return found


def _points(record: Record) -> str:
    value = 100 * (record.exact or 0.0)
    return f"{value:.1f} ({value:.4f})"
