"""One replayed trial in words: the headline, what happened, and the listing of its patients; as text, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from math import inf
from textwrap import fill
from typing import TYPE_CHECKING, Any

from trialsim.report.explain import joined
from trialsim.report.numbers import percent
from trialsim.report.render import table_as_text
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trialsim.columns import Column
    from trialsim.replay import ArmStop, AtLook, Ended, LookSeen, Patient, Replay
    from trialsim.spec.looks import ContinueIf, SuccessIf

SCHEMA = "trialsim.replay/1"
WIDTH = 110
_DAY = 1440
_NEVER = 2**30
_DECIDED = {
    "continue": "goes on",
    "futility": "stops for futility",
    "efficacy": "stops for efficacy",
    "toxicity": "stops for toxicity",
}


def rendered(replay: Replay, format_: str) -> str:
    """Return a replay as "text", "json", "csv" or "html"."""
    if format_ == "html":
        from trialsim.report.replay_html import as_html

        return as_html(replay)
    return {"text": as_text, "json": as_json, "csv": as_csv}[format_](replay)


def as_text(replay: Replay) -> str:
    """Return the headline, what happened, and the patients, for a terminal."""
    lines = [fill(line, WIDTH, subsequent_indent="  ") for line in (headline(replay), *found(replay))]
    story = [fill(line, WIDTH, initial_indent="- ", subsequent_indent="  ") for line in sentences(replay)]
    notes = [fill(line, WIDTH) for line in legend(replay)]
    return "\n".join([*lines, "", *story, "", table_as_text(patient_table(replay)), *notes]) + "\n"


def headline(replay: Replay) -> str:
    """Return which trial it is."""
    from trialsim.kernels.stream import STREAM

    rates = dict(zip(replay.design.arm_names, replay.rates, strict=True))
    one = percent(replay.rates[0])
    words = one if len(set(replay.rates)) == 1 else ", ".join(f"{arm} {percent(rate)}" for arm, rate in rates.items())
    return (
        f"{replay.scenario.name}, trial {replay.trial}: plan {replay.plan}, truth {replay.truth} "
        f"(true response rate {words}), seed {replay.scenario.seed}, stream {STREAM}."
    )


def found(replay: Replay) -> list[str]:
    """Return why this trial was chosen, if a finder chose it."""
    if replay.found is None:
        return []
    which, n = replay.found.which, replay.found.n_scanned
    return [f"Chosen by --find {which}, {n:,} trials having been looked at: {replay.found.why}."]


def sentences(replay: Replay) -> list[str]:
    """Return what happened, in order."""
    told: list[tuple[float, int, list[str]]] = [(-1.0, 0, [_entries(replay)])]
    for stop in replay.stops:
        if stop.look is None:
            told.append((stop.minute, 0, [_stop_between(stop)]))
    for number in range(len(replay.looks)):
        # A look that did not take place is told before the next that did, or at the end.
        held = [seen.minute for seen in replay.looks[number:] if seen.minute is not None]
        told.append((min(held, default=inf), 1 + number, _look(replay, number)))
    told.append((inf, 1 + len(replay.looks), _end(replay)))
    return [line for *_, lines in sorted(told, key=lambda part: part[:2]) for line in lines]


def _entries(replay: Replay) -> str:
    n = len(replay.patients)
    if n == 0:
        return "Nobody entered before the data cut-off."
    shares = _each(replay, "enrolled")
    days = [day(patient.entry) for patient in replay.patients]
    if n == 1:
        return f"1 patient entered{shares}, on day {days[0]}."
    return (
        f"{n} patients entered{shares}, from day {days[0]} to day {days[-1]}; half of them by day {days[(n - 1) // 2]}."
    )


def _look(replay: Replay, number: int) -> list[str]:
    look = replay.looks[number]
    if look.minute is None:
        return [f"Look {look.name} did not take place: {look.why_not}."]
    filled = f", its patients having entered by day {day(look.filled)}" if look.filled is not None else ""
    held = (
        f" Enrolment was held from day {day(look.held_from)} until then."
        if look.held_from is not None and look.held_from < look.minute
        else ""
    )
    arms = look.arms[:-1] if len(look.arms) == 2 else look.arms
    seen = "; ".join(_seen(arm, is_only=len(arms) == 1) for arm in arms)
    opening = f"Look {look.name}, day {day(look.minute)}{filled}.{held} The committee saw: {seen}."
    return [opening, *_rules(replay, number)]


def _seen(arm: AtLook, *, is_only: bool) -> str:
    name = "" if is_only else "in all " if arm.name == "pooled" else f"{arm.name} "
    return (
        f"{name}{arm.enrolled} enrolled, {arm.counted} counted, {_n(arm.responses, 'response')}, "
        f"{arm.pipeline} in the pipeline, {arm.overrun} overrun"
    )


def _rules(replay: Replay, number: int) -> Iterator[str]:
    """Yield which rules were asked, with their numbers, and what was decided."""
    spec, look = replay.design.looks[number], replay.looks[number]
    arms, pooled = look.arms[:-1], look.arms[-1]
    yield from (line for line in _toxic_at_look(replay, look))
    asked = [arm for arm in arms if arm.decision not in (None, "toxicity")]
    for criterion, field, verdict in (
        (spec.continue_if, "continue_least", _goes_on),
        (spec.success_if, "success_least", _succeeds),
    ):
        if criterion is None:
            continue
        who = asked if criterion.of == "arm" else [pooled]
        yield _rule(replay, look, criterion, [(arm, getattr(arm, field), verdict(arm, look)) for arm in who])
    if spec.continue_if is None and spec.success_if is None:
        yield f"{look.name} decides nothing: no rule is asked."
    others = [stop.arm for stop in replay.stops if stop.look == look.name and stop.reason == "another arm"]
    if others:
        yield f"{joined(others)} {'stops' if len(others) == 1 else 'stop'} too, as the design stops all arms together."


def _rule(
    replay: Replay, look: LookSeen, criterion: ContinueIf | SuccessIf, asked: list[tuple[AtLook, int | None, str]]
) -> str:
    """Return a rule with its numbers: "3 or more responses needed: 400 mg 5 of 18, goes on"."""
    aim = "To go on" if criterion is replay.design.looks[replay.looks.index(look)].continue_if else "For success"
    rule = criterion.rule.wording(replay.design.arm_names)
    if not asked:
        return f"{aim} at {look.name}: {rule}; there is no arm left to ask."
    clauses, needs = [], list(dict.fromkeys(_needed(arm, least) for arm, least, _ in asked))
    for arm, least, verdict in asked:
        own = f" ({_needed(arm, least)})" if len(needs) > 1 else ""
        name = "" if len(replay.design.arms) == 1 else "all together " if arm.name == "pooled" else f"{arm.name} "
        clauses.append(f"{name}{arm.responses} of {arm.counted}{own}, {verdict}")
    parts = [needs[0]] if len(needs) == 1 else []
    parts += [f"({rule})" if parts else rule] if criterion.rule.kind != "responses" or not parts else []
    return f"{aim} at {look.name}, {' '.join(parts)}: {'; '.join(clauses)}."


def _needed(arm: AtLook, least: int | None) -> str:
    if least is None:
        return "nobody is counted, so nothing is decided"
    if least <= 0:
        return "no response needed"
    if least > arm.counted:
        return f"not even {arm.counted} responses of {arm.counted} would do"
    return f"{least} or more responses needed"


def _goes_on(arm: AtLook, look: LookSeen) -> str:
    if arm.name != "pooled":
        return "goes on" if arm.decision in ("continue", "efficacy") else _DECIDED[str(arm.decision)]
    decisions = {other.decision for other in look.arms[:-1]}
    return "the trial stops for futility" if "futility" in decisions else "the trial goes on"


def _succeeds(arm: AtLook, look: LookSeen) -> str:
    if arm.is_success is None:
        return "not asked"
    if arm.is_success:
        stops = any(other.decision == "efficacy" for other in (look.arms[:-1] if arm.name == "pooled" else [arm]))
        return "success, stops for efficacy" if stops else "success"
    reached = arm.success_least is not None and arm.responses >= arm.success_least
    return "no success, for it requires every arm and one has stopped" if reached else "no success"


def _toxic_at_look(replay: Replay, look: LookSeen) -> Iterator[str]:
    for stop in replay.stops:
        if stop.look == look.name and stop.reason == "toxicity":
            yield f"Toxicity at {look.name}: {_toxicities(stop)}, stops for toxicity."


def _toxicities(stop: ArmStop) -> str:
    assert stop.toxicities is not None
    least = stop.toxic_least
    return f"{stop.arm} {_n(stop.toxicities, 'toxicity')} among {stop.entered} entered ({least} or more stop it)"


def _stop_between(stop: ArmStop) -> str:
    if stop.reason == "toxicity":
        return f"Day {day(stop.minute)}, between looks: {_toxicities(stop)}, stops for toxicity."
    return f"Day {day(stop.minute)}: {stop.arm} stops too, as the design stops all arms together."


def _end(replay: Replay) -> list[str]:
    pooled, final = replay.arms[-1], replay.design.looks[-1]
    has_crossover = replay.conduct.crossover is not None
    counts = [
        _n(pooled.n["enrolled"], "patient") + _each(replay, "enrolled"),
        _n(pooled.n["responses"], "response") + _each(replay, "responses"),
        _n(pooled.n["progressions"], "progression") + _each(replay, "progressions"),
        *([_n(pooled.n["crossovers"], "crossover") + _each(replay, "crossovers")] if has_crossover else []),
        *([_n(pooled.toxicities, "toxicity")] if pooled.toxicities is not None else []),
        _n(pooled.n["deaths"], "death") + _each(replay, "deaths"),
        f"{pooled.n['withdrawn']} off study alive" + _each(replay, "withdrawn"),
        f"{pooled.n['on_study']} on study" + _each(replay, "on_study"),
    ]
    lines = [f"Data cut-off, look {final.name}, day {day(replay.cutoff)}: {', '.join(counts)}."]
    if not pooled.went_on:
        whole = "every arm having stopped" if len(replay.arms) > 2 else "the trial having stopped"
        lines.append(f"The trial ended on day {day(replay.duration)}, {whole}; patients were followed to the cut-off.")
    if final.success_if is not None:
        clauses = [_final_success(arm) for arm in replay.arms if arm.is_success is not None]
        rule = final.success_if.rule
        words = "" if rule.kind == "responses" else f" ({rule.wording(replay.design.arm_names)})"
        lines.append(f"For success at {final.name}{words}: {'; '.join(clauses) or 'there is no arm left to ask'}.")
    return lines


def _each(replay: Replay, what: str) -> str:
    """Return how a number is made up: " (400 mg 39, 600 mg 41)"; nothing for one arm, or for 0."""
    arms = [f"{arm.name} {arm.n[what]}" for arm in replay.arms[:-1]]
    return f" ({', '.join(arms)})" if len(arms) > 1 and replay.arms[-1].n[what] else ""


def _final_success(arm: Ended) -> str:
    x, n, least = arm.n["responses"], arm.n["evaluable"], arm.success_least
    name = "all together" if arm.name == "pooled" else arm.name
    needed = f"{least} or more needed" if least is not None and least <= n else f"not even {n} would do"
    reached = least is not None and x >= least
    why = ", for it requires every arm and one has stopped" if reached and not arm.is_success else ""
    return f"{name} {x} of {n}, {needed}, {'success' if arm.is_success else 'no success'}{why}"


def _n(count: int, noun: str) -> str:
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else many}"


def day(minute: int | None) -> str:
    """Return minutes in days, with a decimal unless they are whole; nothing for None.

    >>> day(1440), day(2000), day(None)
    ('1', '1.4', '')
    """
    return "" if minute is None else f"{minute / _DAY:.1f}".removesuffix(".0")


def legend(replay: Replay) -> list[str]:
    """Return what the listing means."""
    end = f"day {day(replay.cutoff)}"
    lines = [
        f"Patients as known at the data cut-off, {end}. entry: day of the trial; all other times: days after the "
        "patient's own entry. observed: best response; a response once it counts. response: when first seen. "
        "followed: until death, withdrawal or the cut-off."
    ]
    if replay.looks:
        lines.append(
            "Pipeline: enrolled, response not yet settled. Overrun: enrolled, but not of the look's own patients."
        )
    return lines


def patient_table(replay: Replay) -> Table:
    """Return the listing of patients; columns for what the scenario cannot have are left out."""
    conduct = replay.conduct
    confirmation = conduct.response.confirmation
    has_confirmation = confirmation.at_next_visit or confirmation.after_days is not None
    columns: list[tuple[str, Callable[[Patient], str], bool]] = [
        ("no.", lambda p: str(p.number), True),
        ("arm", lambda p: p.arm, True),
        ("observed", lambda p: p.observed, True),
        ("entry", lambda p: _one_decimal(p.entry), True),
        ("response", lambda p: _one_decimal(p.first_response), True),
        ("confirmed", lambda p: _one_decimal(p.confirmation), has_confirmation),
        ("progressed", lambda p: _one_decimal(p.progression), True),
        ("crossover", lambda p: p.crossover or "", conduct.crossover is not None),
        ("off study", lambda p: _one_decimal(p.exit), True),
        ("why", lambda p: (p.exit_reason or "").removeprefix("failure "), True),
        ("death", lambda p: _one_decimal(p.death), True),
        ("toxicity", lambda p: _one_decimal(p.toxicity), conduct.toxicity is not None),
        ("followed", lambda p: _one_decimal(p.follow_up), True),
    ]
    shown = [(name, cell) for name, cell, is_shown in columns if is_shown]
    rows = [[cell(patient) for _, cell in shown] for patient in replay.patients]
    return Table("patients", [name for name, _ in shown], 3, rows)


def _one_decimal(minute: int | None) -> str:
    return "" if minute is None else f"{minute / _DAY:.1f}"


# For other programs


def as_json(replay: Replay) -> str:
    """Return the replay as one JSON object; days are rounded to four decimals, which tell minutes apart."""
    return json.dumps(document(replay), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def document(replay: Replay) -> dict[str, Any]:
    """Return the replay as one JSON object."""
    from trialsim._version import __version__
    from trialsim.kernels.stream import STREAM

    chosen = replay.found
    return {
        "schema": SCHEMA,
        "scenario": {"name": replay.scenario.name, "id": replay.scenario.id},
        "plan": replay.plan,
        "truth": {
            "name": replay.truth,
            "response_rate": dict(zip(replay.design.arm_names, replay.rates, strict=True)),
        },
        "trial": replay.trial,
        "provenance": {"trialsim": __version__, "seed": replay.scenario.seed, "stream": STREAM},
        "found": None if chosen is None else {"which": chosen.which, "n_scanned": chosen.n_scanned, "why": chosen.why},
        "story": sentences(replay),
        "columns": dict(zip(column_keys(replay), replay.values, strict=True)),
        "units": {column.quantity: column.unit for column in replay.columns},
        "looks": [_look_document(look) for look in replay.looks],
        "stops": [_stop_document(stop) for stop in replay.stops],
        "cutoff_day": _days(replay.cutoff),
        "patients": [patient_row(replay, patient) for patient in replay.patients],
    }


def column_keys(replay: Replay) -> list[str]:
    """Return a readable key for each column: "look_responses, 400 mg, proof-of-concept"."""
    from trialsim.calendar import setting_of

    setting = setting_of(replay.design, replay.conduct, ())

    def key(column: Column) -> str:
        points = setting.points.get(column.quantity)
        parts = [column.quantity]
        parts += [] if column.arm is None else [(*setting.arms, "pooled")[column.arm]]
        parts += [] if column.look is None else [setting.looks[column.look]]
        parts += [] if column.point is None else [points[column.point] if points else str(column.point)]
        return ", ".join(parts)

    return [key(column) for column in replay.columns]


def _look_document(look: LookSeen) -> dict[str, Any]:
    return {
        "name": look.name,
        "took_place": look.minute is not None,
        "why_not": look.why_not or None,
        "day": _days(look.minute),
        "filled_day": _days(look.filled),
        "held_from_day": _days(look.held_from),
        "arms": [
            {
                **arm._asdict(),
                "continue_least": _least(arm.continue_least, arm.counted),
                "success_least": _least(arm.success_least, arm.counted),
            }
            for arm in look.arms
        ],
    }


def _stop_document(stop: ArmStop) -> dict[str, Any]:
    rest = {key: value for key, value in stop._asdict().items() if key not in ("arm", "minute")}
    return {"arm": stop.arm, "day": _days(stop.minute), **rest}


def _least(least: int | None, n: int) -> int | None:
    """Return what was needed; one more than were counted if nothing would have done."""
    return None if least is None else min(least, n + 1)


def patient_row(replay: Replay, patient: Patient) -> dict[str, Any]:
    """Return a patient for other programs; `entry_day` in days of the trial, `…_days` in days after entry."""
    row: dict[str, Any] = {
        "patient": patient.number,
        "arm": patient.arm,
        "entry_day": _days(patient.entry),
        "observed": patient.observed,
        "first_response_days": _days(patient.first_response),
        "confirmation_days": _days(patient.confirmation),
        "progression_days": _days(patient.progression),
        "crossover": patient.crossover,
        "exit_days": _days(patient.exit),
        "exit_reason": patient.exit_reason,
        "death_days": _days(patient.death),
        "toxicity_days": _days(patient.toxicity),
        "follow_up_days": _days(patient.follow_up),
        "treatment_days": _days(patient.treatment_end),
        "has_failed": patient.has_failed,
    }
    return row | {f"at {look.name}": made for look, made in zip(replay.looks, patient.at_looks, strict=True)}


def _days(minute: int | None) -> float | None:
    return None if minute is None else round(minute / _DAY, 4)


def as_csv(replay: Replay) -> str:
    """Return the patients as CSV (RFC 4180); what a spreadsheet would run gets a ' before it."""
    from trialsim.replay import Patient

    out = io.StringIO()
    writer = csv.writer(out)
    rows = [patient_row(replay, patient) for patient in replay.patients]
    nobody = Patient(
        *(0, "", 0, "", None, None, None, None, None, None, None, None, 0, 0, False, ("",) * len(replay.looks))
    )
    writer.writerow([_cell(name) for name in patient_row(replay, nobody)])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value
