"""A result as tables of words, before anybody has chosen text, Markdown or HTML.

Rows are truths, arms and conditions; columns are measures. Where both engines ran a row has four lines: the exact
value, the simulated one, its MCSE, and z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.inference.joint import JointRates
from trialsim.report.calendar_tables import calendar_tables
from trialsim.report.numbers import formatted, formatted_mcse, formatted_z, percent
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trialsim.api import Record, Result
    from trialsim.spec.scenario import Truth

MAX_COLUMNS = 7


class Column(NamedTuple):
    """Which measure a column shows."""

    label: str
    measure: str
    look: str | None = None
    value: float | None = None
    variant: str | None = None


class Subject(NamedTuple):
    """Which row: a truth, of what, under which condition."""

    truth: str
    arm: str | None
    given: str | None = None


_GIVEN = {None: "", "continue": "arm goes on", "stop": "arm stops", "all_continue": "all go on"}
_Index = dict[tuple[object, ...], "Record"]


_JOINT = ("p_arms_continuing", "p_pattern")
_INTERVAL = ("ci_coverage", "ci_half_width_mean")
_RATE = ("rate_mean", "rate_bias", "rate_rmse")


class _Sheet(NamedTuple):
    """Which measures stand together in a table, and for whom."""

    title: str
    measures: tuple[str, ...]
    rows: list[tuple[str | None, str | None]]
    """Arm (None: the trial) and condition."""


def tables(result: Result, *, full: bool = False) -> list[Table]:
    """Return the tables of a result: the precision of the plans, then per plan decisions, patients and estimates.

    Parameters
    ----------
    result
        From `api.run`.
    full
        Every measure under every condition, rather than those that a protocol quotes.
    """
    return ideal_tables(result, full=full) + calendar_tables(result, full=full)


def ideal_tables(result: Result, *, full: bool = False) -> list[Table]:
    """Return the tables of a result under ideal conduct only; parameters as `tables`."""
    found = [_precision(result, full=full)]
    for plan, design in result.scenario.designs():
        records = [r for r in result.records if r.plan == plan and r.truth is not None and r.engine != "calendar"]
        index: _Index = {(r.truth, r.arm, r.given, r.measure, r.look, r.value, r.variant): r for r in records}
        can_stop = any(record.measure == "p_stop" for record in records)
        for sheet in (_full if full else _brief)(design.arm_names):
            rows = [(arm, given) for arm, given in sheet.rows if given is None or can_stop]
            columns = _columns(records, sheet.measures)
            for part in range(0, len(columns), MAX_COLUMNS):
                table = _table(result, f"{plan}: {sheet.title}", columns[part : part + MAX_COLUMNS], rows, index)
                found += [table] if table.rows else []
    return found


def _brief(arms: tuple[str, ...]) -> list[_Sheet]:
    each: list[tuple[str | None, str | None]] = [(arm, None) for arm in arms]
    pooled: list[tuple[str | None, str | None]] = [("pooled", None)]
    trial: list[tuple[str | None, str | None]] = [(None, None)] if len(arms) > 1 else []
    went_on: list[tuple[str | None, str | None]] = [(arm, given) for arm in arms for given in (None, "continue")]
    return [
        _Sheet("decisions and patients", ("p_stop", "p_continue", "n_mean", "n_sd", "n_quantile"), each + trial),
        _Sheet(
            "which arms go on", () if len(arms) == 1 else _JOINT[:1] if len(arms) > 2 else _JOINT[1:], [(None, None)]
        ),
        _Sheet("toxicity", ("p_toxic",), each),
        _Sheet("success criteria", ("p_success", "p_reject"), each + pooled),
        _Sheet(
            "final interval and observed rate",
            (*_INTERVAL, *_RATE[1:]),
            [*went_on, *pooled, ("pooled", "all_continue")],
        ),
    ]


def _full(arms: tuple[str, ...]) -> list[_Sheet]:
    each: list[tuple[str | None, str | None]] = [(arm, None) for arm in arms]
    givens = (None, "continue", "stop", "all_continue")
    outcome: list[tuple[str | None, str | None]] = [(arm, given) for arm in (*arms, "pooled") for given in givens]
    trial: list[tuple[str | None, str | None]] = [(None, None)]
    return [
        _Sheet("who goes on", ("p_stop", "p_continue", "pet"), each + trial),
        _Sheet("how many arms go on", ("p_arms_continuing", "p_reached"), trial),
        _Sheet("which arms go on", ("p_pattern",), trial),
        _Sheet("toxicity", ("p_toxic",), each),
        _Sheet("success criteria", ("p_success", "p_reject"), [*each, ("pooled", None)]),
        _Sheet("patients", ("n_mean", "n_sd", "n_quantile"), each + trial),
        _Sheet("distribution of the number of patients", ("n_pmf",), each + trial),
        _Sheet("final interval", _INTERVAL, outcome),
        _Sheet("observed response rate", _RATE, outcome),
    ]


def _columns(records: Iterable[Record], measures: tuple[str, ...]) -> list[Column]:
    """Return a column for each look, value and variant that the measures come with, in their order."""
    seen: dict[Column, None] = {}
    records = list(records)
    for measure in measures:
        own = [record for record in records if record.measure == measure]
        if measure == "n_pmf":
            own.sort(key=lambda record: record.value or 0)
        names_look = len({record.look for record in own}) > 1 or measure in ("p_reached", "p_success")
        for r in own:
            look = f" at {r.look}" if names_look else ""
            seen.setdefault(Column(_label(r, look), r.measure, r.look, r.value, r.variant))
    return list(seen)


def _label(record: Record, look: str) -> str:
    value = "" if record.value is None else f"{record.value:g}"
    variant = str(record.variant)
    rate = "rate" if variant == "mle" else variant
    n_going_on = 0 if variant == "none" else variant.count(" + ") + 1
    pattern = {0: "no arm", 1: f"only {variant}", 2: f"both {variant}"}.get(n_going_on, variant)
    return {
        "p_stop": f"stops{look}",
        "p_continue": f"goes on{look}",
        "pet": "stops before final (PET)",
        "p_arms_continuing": f"{value} {'arm goes' if value == '1' else 'arms go'} on{look}",
        "p_pattern": f"{pattern}{look}",
        "p_toxic": "too toxic at any look" if record.look is None else f"too toxic{look}",
        "p_reached": f"{record.look} takes place",
        "p_success": f"success{look}",
        "p_reject": "null rejected",
        "n_mean": "mean N",
        "n_sd": "SD of N",
        "n_quantile": f"N, {100 * (record.value or 0):g} %",
        "n_pmf": f"N = {value}",
        "ci_coverage": f"coverage {variant}",
        "ci_half_width_mean": f"mean half-width {variant}",
        "rate_mean": f"mean {rate}",
        "rate_bias": f"bias of {rate}",
        "rate_rmse": f"RMSE of {rate}",
    }[record.measure]


def _table(
    result: Result, title: str, columns: list[Column], rows: list[tuple[str | None, str | None]], index: _Index
) -> Table:
    has_both = result.agreement is not None
    has_given = any(given for _, given in rows)
    labels = ["truth", "rate", "arm", *(["given that"] if has_given else []), *(["" if has_both else "engine"])]
    table = Table(title, [*labels, *(column.label for column in columns)], len(labels))
    arms = result.scenario.design.arm_names
    for truth in result.scenario.truths:
        rates = dict(zip(arms, truth.rates(arms), strict=True))
        for arm, given in rows:
            own = [index.get((truth.name, arm, given, c.measure, c.look, c.value, c.variant)) for c in columns]
            if not any(own):
                continue
            rate = percent(rates[arm]) if arm in rates else " / ".join(dict.fromkeys(percent(rates[a]) for a in arms))
            rate += toxicity_in_words(truth, arm, arms)
            words = [truth.name, rate, arm or "trial", *([_GIVEN[given]] if has_given else [])]
            table.rows += _lines(words, own, has_both)
    return table


def toxicity_in_words(truth: Truth, arm: str | None, arms: tuple[str, ...]) -> str:
    """Return a truth's toxicity rate of an arm (or of all), to follow its response rate; nothing if it has none."""
    rates = truth.rates(arms)
    if not isinstance(rates, JointRates):
        return ""
    own = (rates.toxicity[arms.index(arm)],) if arm in arms else rates.toxicity
    return ", toxicity " + " / ".join(dict.fromkeys(map(percent, own)))


def _lines(words: list[str], own: list[Record | None], has_both: bool) -> list[list[str]]:
    blank = [""] * len(words)
    if has_both:
        return [
            [*words, "exact", *(formatted(r, "exact") for r in own)],
            [*blank, "simulated", *(formatted(r, "estimate") for r in own)],
            [*blank, "MCSE", *(formatted_mcse(r) for r in own)],
            [*blank, "z", *(formatted_z(r) for r in own)],
        ]
    engine = next(r.engine for r in own if r is not None)
    first = [*words, "exact" if engine == "exact" else "simulated", *(formatted(r, "estimate") for r in own)]
    return [first] if engine == "exact" else [first, [*blank, "MCSE", *(formatted_mcse(r) for r in own)]]


def _precision(result: Result, *, full: bool) -> Table:
    """Return the worst widths at the planned sizes; with `full`, at every size that an early stop can leave."""
    level = f"{100 * result.scenario.design.analysis.level:g} %"
    columns = ["interval", "patients", "largest half-width", "largest distance to a limit"]
    table = Table(f"precision of the {level} interval, whatever the truth (exact)", ["plan", "of", *columns], 3)
    own = [record for record in result.records if record.truth is None]
    distances = {(r.plan, r.arm, r.variant, r.value): r for r in own if r.measure == "ci_distance_max"}
    for plan, design in result.scenario.designs():
        planned = dict(zip(design.arm_names, design.caps, strict=True)) | {"pooled": sum(design.caps)}
        for r in own:
            if r.plan == plan and r.measure == "ci_half_width_max" and (full or r.value == planned[str(r.arm)]):
                values = (formatted(r, "exact"), formatted(distances[plan, r.arm, r.variant, r.value], "exact"))
                table.rows.append([plan, str(r.arm), str(r.variant), f"{r.value:g}", *values])
    return table
