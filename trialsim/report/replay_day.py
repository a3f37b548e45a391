"""What was known of a replayed trial on a day, in words: where it stood, what it waited for, and its counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.report.replay import day
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.replay import AtLook, LookSeen, Replay
    from trialsim.replay.on_day import ArmOnDay, OnDay
    from trialsim.replay.waiting import There, Waiting

_REASONS = ("progression", "failure after crossover", "withdrawal", "death")
_DECISIONS = {
    "continue": "goes on",
    "futility": "stopped for futility",
    "efficacy": "stopped for efficacy",
    "toxicity": "stopped for toxicity",
}


def day_sentences(replay: Replay, on: OnDay) -> list[str]:
    """Return where the trial stood: patients, looks and stops so far, and what the next look waits for."""
    pooled = on.arms[-1]
    patients = f"{pooled.enrolled} patient{'' if pooled.enrolled == 1 else 's'}"
    entered = f"By day {day(on.minute)}, {patients} had entered, of whom {pooled.on_study} were on study."
    lines = [entered if pooled.enrolled else f"By day {day(on.minute)}, nobody had entered."]
    told: list[tuple[int, str]] = [(look.minute or 0, _held(look)) for look in on.looks]
    told += [(x.minute, f"{x.arm} stopped on day {day(x.minute)} ({x.reason}).") for x in on.stops if x.look is None]
    lines += [line for _, line in sorted(told, key=lambda one: one[0])]
    if on.is_closed:
        return [*lines, "The data are closed: this is the final analysis."]
    if on.waiting is not None:
        lines += _waits(replay, on.waiting, is_over=all(arm.stop is not None for arm in on.arms[:-1]))
    return lines


def _held(look: LookSeen) -> str:
    asks = any(arm.continue_least is not None for arm in look.arms)
    decided = [f"{arm.name} {words}" for arm in look.arms[:-1] if (words := _decided(arm, asks=asks))]
    pooled = look.arms[-1].is_success
    decided += [] if pooled is None else [f"the trial {'is a success' if pooled else 'is no success'}"]
    return f"{look.name} was held on day {day(look.minute)}: {'; '.join(decided) or 'it decides nothing'}."


def _decided(arm: AtLook, *, asks: bool) -> str:
    """Return what a look decided of an arm; nothing if it was not asked."""
    decision = "" if arm.decision is None or (arm.decision == "continue" and not asks) else _DECISIONS[arm.decision]
    success = {None: "", True: "success", False: "no success"}[arm.is_success]
    return ", ".join(word for word in (decision, success) if word)


def _waits(replay: Replay, waiting: Waiting, *, is_over: bool) -> Iterator[str]:
    look, due = waiting.look, "" if waiting.due is None else day(waiting.due)
    if waiting.what == "cut-off":
        after = replay.conduct.cutoff.days_after_last_entry
        when = f"on day {due}" if due else f"{after or 0:g} days after the last entry"
        if is_over:
            yield f"No arm is left in the trial; patients are followed to the data cut-off, {when}."
        else:
            yield f"No look is left before the end; the data cut-off is {when}."
        return
    spec = replay.conduct.looks.get(look)
    stays = spec.fires.completed_days if spec is not None and not isinstance(spec.fires, str) else None
    yield {
        "patients": f"{look} waits for its patients: {_short(waiting)}.",
        "completers": f"{look} waits for patients who have completed {stays or 0:g} days: {_short(waiting)}.",
        "due": f"{look} is due on day {due}.",
        "settled": f"{look} has its patients and waits until every response is settled: {_open(waiting)}.",
        "certain": f"{look} has its patients and waits until its rule is certain: {_open(waiting)}.",
        "failures": f"{look} waits for treatment failures: {_short(waiting)}.",
        "deaths": f"{look} waits for deaths: {_short(waiting)}.",
    }[waiting.what]
    if waiting.is_held:
        yield f"Enrolment is held until {look}."


def _short(waiting: Waiting) -> str:
    """Return how many there are of how many: "400 mg 12 of 18, 600 mg 15 of 18"."""
    return ", ".join(f"{_name(there)}{there.n} of {there.wanted}" for there in waiting.there)


def _open(waiting: Waiting) -> str:
    return "; ".join(
        f"{_name(there)}{there.responses} of {there.n} with a response, {there.unsettled} not settled"
        for there in waiting.there
    )


def _name(there: There) -> str:
    return "" if there.name == "pooled" else f"{there.name} "


def day_table(replay: Replay, on: OnDay) -> Table:
    """Return the counts of a day, arm by arm; rows for what the scenario cannot have are left out."""
    arms = on.arms if len(on.arms) > 2 else on.arms[:1]
    conduct = replay.conduct
    confirmation = conduct.response.confirmation
    has_confirmation = confirmation.at_next_visit or confirmation.after_days is not None
    rows = [["entered", *(str(arm.enrolled) for arm in arms)]]
    if has_confirmation:
        rows.append(["responses seen", *(str(arm.first_seen) for arm in arms)])
    rows.append(["responses" + (" confirmed" if has_confirmation else ""), *(str(arm.confirmed) for arm in arms)])
    rows.append(["responses not settled", *(str(arm.unsettled) for arm in arms)])
    rows.append(["progressions", *(str(arm.progressions) for arm in arms)])
    if conduct.crossover is not None:
        rows.append(["crossed over", *(str(arm.crossovers) for arm in arms)])
    if conduct.toxicity is not None:
        rows.append(["toxicities", *(str(arm.toxicities) for arm in arms)])
    rows += [[f"left: {reason}", *(str(arm.left.get(reason, 0)) for arm in arms)] for reason in _reasons(on)]
    rows.append(["deaths", *(str(arm.deaths) for arm in arms)])
    rows.append(["on study", *(str(arm.on_study) for arm in arms)])
    header = [f"day {day(on.minute)}", *(_head(arm, on) for arm in arms)]
    return Table(f"What was known on day {day(on.minute)}", header, 1, rows)


def _reasons(on: OnDay) -> list[str]:
    """Return why patients have left so far, in the usual order."""
    met = {reason for arm in on.arms for reason in arm.left}
    return [reason for reason in _REASONS if reason in met]


def _head(arm: ArmOnDay, on: OnDay) -> str:
    if arm.stop is None or on.is_closed:
        return arm.name
    return f"{arm.name} (stopped)"
