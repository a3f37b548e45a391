"""Tables of calendar conduct: what it costs against the ideal, when looks fall, how patients fare, what was published.

Every simulated number is followed by its Monte Carlo standard error in brackets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.columns import FINAL_COUNTS
from trialsim.report.numbers import percent
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trialsim.api import Reading, Record, Result
    from trialsim.calendar import MatchRow
    from trialsim.oc.mcse import Estimate

_COST = (
    ("p_stop", "stops"),
    ("p_continue", "goes on"),
    ("pet", "stops before the end"),
    ("n_mean", "mean N"),
    ("p_success", "success"),
    ("rate_bias", "bias of rate"),
    ("ci_coverage", "coverage"),
)
_LOOK = (
    ("p_takes_place", "takes place"),
    ("filled_day_mean", "last patient in, day"),
    ("day_mean", "held on day"),
    ("enrolled_mean", "enrolled"),
    ("counted_mean", "counted"),
    ("overrun_mean", "overrun"),
    ("pipeline_mean", "pipeline"),
)
_TIMES = ("day", "enrolled", "overrun")
_COURSE = (*FINAL_COUNTS, "on_treatment", "toxicities")
_SURVIVAL = (
    "os",
    "os_lower",
    "os_upper",
    "os_median_known",
    "os_median",
    "ttf",
    "ttf_lower",
    "ttf_upper",
    "ttf_median_known",
    "ttf_median",
    "follow_up",
    "potential_follow_up",
    "shortest_follow_up",
    "time_to_response",
    "follow_up_after_onset",
    "logrank_os",
    "logrank_ttf",
    "p_logrank_os",
    "p_logrank_ttf",
)
_BEDSIDE = (
    "any_grade",
    "severe",
    "status_at_baseline",
    "status_later",
    "auc_mean",
    "auc_sd",
    "half_life_mean",
    "auc_sampled_mean",
    "half_life_sampled_mean",
)
_READING = (
    ("p_stop", "stops"),
    ("p_success", "success"),
    ("day_mean", "held on day"),
    ("overrun_mean", "overrun"),
    ("n_mean", "mean N"),
    ("best_response_mean", "responses"),
    ("ttf_mean", "free of failure"),
)


class _Key(NamedTuple):
    measure: str
    arm: str | None
    look: str | None
    value: float | None
    variant: str | None


def calendar_tables(result: Result, *, full: bool) -> list[Table]:
    """Return the tables of calendar conduct; none without one.

    Parameters
    ----------
    result
        From `api.run`.
    full
        Patients, survival and safety under every truth, rather than under that of the match alone.
    """
    own = [record for record in result.records if record.engine == "calendar"]
    if not own:
        return []
    found = [match_table(result.match)] if result.match else []
    for plan, _ in result.scenario.designs():
        records = [record for record in own if record.plan == plan]
        found += conduct_tables(result, plan, records)
        for truth in _detailed(result, plan, full=full):
            of_truth = [r for r in records if r.truth == truth and (full or _is_brief(r))]
            found += _details(plan, truth, of_truth)
    found += [readings_table(result.readings)] if result.readings else []
    return [table for table in found if table.rows]


def conduct_tables(result: Result, plan: str, records: list[Record]) -> list[Table]:
    """Return what conduct costs a plan against the ideal, its calendar of looks, and duration, enrolment and N.

    Parameters
    ----------
    result
        From `api.run`.
    plan
        Its name.
    records
        Its records of calendar conduct.
    """
    return [_cost(result, plan, records), _looks(result, plan, records), _durations(result, plan, records)]


def _detailed(result: Result, plan: str, *, full: bool) -> list[str]:
    """Return the truths under which patients, survival and safety are shown."""
    truths = [truth.name for truth in result.scenario.truths]
    match = result.scenario.conduct.match if result.scenario.conduct is not None else None
    if full or match is None:
        return truths if full else truths[-1:]
    plans = [name for name, _ in result.scenario.designs()]
    return [match.truth] if plan == (match.plan or plans[0]) else []


def _is_brief(record: Record) -> bool:
    """Return whether a record is shown without being asked for: of adverse events, only having at least one."""
    return not record.measure.startswith(("any_grade", "severe")) or record.variant == "at least one"


def with_error(value: float | None, mcse: float | None, digits: int) -> str:
    """Return a value with its MCSE in brackets, to so many digits; more where the MCSE needs them.

    >>> with_error(212.3456, 0.21, 1)
    '212.3 (0.2)'
    """
    if value is None or mcse is None:
        return "–"
    error = f"{mcse:.{digits}f}"
    if mcse == 0.0:
        error = "0"
    elif float(error) == 0.0:
        error = f"{mcse:.1g}" if mcse >= 1e-4 else f"{mcse:.0e}"
    return f"{value + 0.0:.{digits}f} ({error})".replace("-0.0000 ", "0.0000 ")


def calendar_digits(measure: str) -> int:
    """Return how many decimals a calendar measure is shown with."""
    if measure.startswith(("p_", "pet", "rate_", "ci_", "os", "ttf", "logrank")) and "median_mean" not in measure:
        return 1 if "median_" in measure and not measure.endswith("_known") else 4
    return 4 if measure.endswith("_known") else 2 if measure.startswith("n_") or "auc" in measure else 1


def shown(record: Record | None) -> str:
    """Return a record's estimate with its MCSE in brackets; nothing for None."""
    if record is None:
        return ""
    if record.bound is not None and record.estimate is not None:  # none seen, or all: what may still be, at 95 %
        beyond = f"< {record.bound:.1g}" if record.estimate == 0.0 else f"> 1 - {1.0 - record.bound:.1g}"
        return f"{record.estimate:.{calendar_digits(record.measure)}f} ({beyond})"
    return with_error(record.estimate, record.mcse, calendar_digits(record.measure))


def _index(records: Iterable[Record]) -> dict[tuple[str | None, _Key], Record]:
    return {(r.truth, _Key(r.measure, r.arm, r.look, r.value, r.variant)): r for r in records if r.given is None}


def _cost(result: Result, plan: str, records: list[Record]) -> Table:
    """Three numbers side by side: ideal, as conducted, and the difference."""
    index, arms = _index(records), result.scenario.design.arm_names
    columns = list(_columns(records, _COST, result.scenario.design.analysis.interval))
    header = ["truth", "rate", "arm", "", *(label for label, _ in columns)]
    table = Table(f"{plan}: the cost of conduct (as conducted minus ideal; no error of the simulation)", header, 4)
    for truth in result.scenario.truths:
        rates = dict(zip(arms, truth.rates(arms), strict=True))
        for arm in (*arms, "pooled", None):
            cells = [index.get((truth.name, key._replace(arm=arm))) for _, key in columns]
            if not any(cells) or (arm is None and len(arms) == 1):
                continue
            rate = percent(rates[arm]) if arm in rates else ""
            number = [calendar_digits(key.measure) for _, key in columns]
            pairs = list(zip(cells, number, strict=True))
            table.rows += [
                [truth.name, rate, arm or "trial", "ideal, exact", *(_exact(r, d) for r, d in pairs)],
                ["", "", "", "as conducted", *(shown(r) for r in cells)],
                ["", "", "", "cost", *(_difference(r, d) for r, d in pairs)],
            ]
    return table


def _exact(record: Record | None, digits: int) -> str:
    return "" if record is None else "–" if record.exact is None else f"{record.exact + 0.0:.{digits}f}"


def _difference(record: Record | None, digits: int) -> str:
    if record is None or record.cost is None:
        return ""
    return (
        with_error(record.cost, record.mcse, digits)
        if record.cost < 0
        else "+" + with_error(record.cost, record.mcse, digits)
    )


def _columns(records: list[Record], measures: tuple[tuple[str, str], ...], interval: str) -> Iterator[tuple[str, _Key]]:
    """Yield heading and key (without arm) of each column; a measure of several looks has one for each."""
    for measure, words in measures:
        looks = dict.fromkeys(r.look for r in records if r.measure == measure and r.given is None)
        variant = interval if measure == "ci_coverage" else "mle" if measure == "rate_bias" else None
        for look in looks:
            yield (
                words + (f" at {look}" if look is not None and len(looks) > 1 else ""),
                _Key(measure, None, look, None, variant),
            )


def _looks(result: Result, plan: str, records: list[Record]) -> Table:
    index = _index(records)
    header = ["truth", "look", *(words for _, words in _LOOK), "held on day, 5 %", "50 %", "95 %"]
    table = Table(f"{plan}: the calendar of looks, as conducted (in brackets MCSE)", header, 2)
    for truth in result.scenario.truths:
        for look in result.scenario.design.look_names[:-1]:
            cells = [index.get((truth.name, _Key(measure, None, look, None, None))) for measure, _ in _LOOK]
            quantiles = [index.get((truth.name, _Key("day_quantile", None, look, p, None))) for p in (0.05, 0.5, 0.95)]
            table.rows.append([truth.name, look, *(shown(r) for r in (*cells, *quantiles))])
    return table


def _durations(result: Result, plan: str, records: list[Record]) -> Table:
    index = _index(records)
    quantiles = result.scenario.quantiles
    header = ["truth", "months", "decided on day", "last entry, day"]
    header += [f"{what}, {100 * p:g} %" for what in ("decided on day", "N") for p in quantiles]
    months = sorted({r.variant for r in records if r.measure == "enrolled_by_mean" and r.variant}, key=_month)
    months = months[2::3]
    header += [f"in by {month}" for month in months]
    table = Table(f"{plan}: duration, enrolment and N, as conducted (in brackets MCSE)", header, 1)
    keys = [_Key(measure, None, None, None, None) for measure in ("months_mean", "day_mean", "last_entry_mean")]
    keys += [_Key(f"{what}_quantile", None, None, p, None) for what in ("day", "n") for p in quantiles]
    keys += [_Key("enrolled_by_mean", None, None, None, month) for month in months]
    for truth in result.scenario.truths:
        table.rows.append([truth.name, *(shown(index.get((truth.name, key))) for key in keys)])
    return table


def _month(words: str) -> int:
    return int(words.split()[-1])


def _details(plan: str, truth: str, records: list[Record]) -> list[Table]:
    sheets = (
        ("patients by the cut-off", _COURSE),
        ("survival and follow-up", _SURVIVAL),
        ("safety and exposure", _BEDSIDE),
    )
    return [_detail(f"{plan}, truth {truth}: {words}", records, names) for words, names in sheets]


def _detail(title: str, records: list[Record], names: tuple[str, ...]) -> Table:
    """Rows: quantity and arm; columns: mean, SD over trials, quantiles."""
    together: dict[str, list[Record]] = {}
    for record in records:
        if record.given is None:
            together.setdefault(record.measure, []).append(record)
    probabilities = sorted({r.value for r in together.get("day_quantile", ()) if r.value is not None})
    table = Table(f"{title} (mean over trials, in brackets MCSE)", ["quantity", "of", "mean", "SD of a trial"], 2)
    table.header += [f"{100 * p:g} % of trials" for p in probabilities]
    for name in names:
        own = [r for measure in (f"{name}_mean", name) for r in together.get(measure, ())]
        index = _index(r for measure in (f"{name}_sd", f"{name}_quantile") for r in together.get(measure, ()))
        for r in own:
            key = _Key(f"{name}_sd", r.arm, r.look, None, r.variant)
            quantiles = [index.get((r.truth, key._replace(measure=f"{name}_quantile", value=p))) for p in probabilities]
            words = name.removeprefix("p_").replace("_", " ") + (f", {r.variant}" if r.variant else "")
            if name.startswith("p_logrank"):
                words = f"two-sided P of the {words} at most {r.value:g}, share of trials"
            elif r.measure == name:
                words = f"has a {words.removesuffix(' known')}, share of trials"
            cells = [shown(x) for x in (r, index.get((r.truth, key)), *quantiles)]
            table.rows.append([words, r.arm or "trial", *cells])
    return table


def match_table(rows: tuple[MatchRow, ...]) -> Table:
    """Return published results beside what the model gives for them."""
    header = ["result", "verdict", "printed", "model, mean", "SD of a trial", "95 % range of a trial"]
    table = Table("the published trial and the model (in brackets MCSE)", header, 2)
    for row in rows:
        digits = max(row.digits, 1)
        table.rows.append(
            [
                row.label + (f", {row.unit}" if row.unit else ""),
                row.verdict,
                "–" if row.printed is None else f"{row.printed:.{row.digits}f}",
                _estimate(row.mean, digits),
                _estimate(row.sd, digits),
                f"{_estimate(row.low, digits)} to {_estimate(row.high, digits)}",
            ]
        )
    return table


def _estimate(estimate: Estimate, digits: int) -> str:
    return with_error(estimate.value, estimate.mcse, digits)


def match_notes(rows: tuple[MatchRow, ...]) -> list[str]:
    """Return why the published statements that no model can reproduce cannot be."""
    return [f'"{row.label}" cannot be reproduced by any model: {row.reason}.' for row in rows if row.reason]


def missed_notes(result: Result) -> list[str]:
    """Return in which trials a look never took place; a sentence per plan and look."""
    found = []
    for plan, look in dict.fromkeys((missed.plan, missed.look) for missed in result.missed):
        parts = []
        for missed in result.missed:
            if (missed.plan, missed.look) == (plan, look):
                share = missed.n / missed.n_trials
                error = (share * (1 - share) / missed.n_trials) ** 0.5
                numbers = ", ".join(map(str, missed.trials)) + (", …" if missed.n > len(missed.trials) else "")
                numbers = f" (trials {numbers})" if missed.trials else ""
                parts.append(f"{missed.truth} {with_error(100 * share, 100 * error, 1)} %{numbers}")
        what = (
            "never took place though an arm went on (its day did not come before the cut-off, or stopped arms left too "
            "few patients for it; `replay --trial` shows which)"
        )
        if look is None:
            what = "the planned number of patients had not entered by the cut-off though no arm stopped"
        found.append(f"{plan}, {look or 'full enrolment'}: {what}, under {'; '.join(parts)}.")
    return found


def readings_table(readings: tuple[Reading, ...]) -> Table:
    """Return the sensitivity: one line per reading of the protocol and truth."""
    measures = {measure for measure, _ in _READING}
    records = [record for reading in readings for record in reading.records if record.measure in measures]
    interval = next((r.variant for r in records if r.measure == "ci_coverage"), None) or ""
    columns = [
        (words, key._replace(arm=arm))
        for words, key in _columns(records, _READING, interval)
        for arm in _subjects(records, key)
    ]
    header = ["reading", "truth", *(f"{words} {key.arm or ''}".strip() for words, key in columns)]
    table = Table("sensitivity: other readings of the protocol, one at a time (in brackets MCSE)", header, 2)
    wanted = {key.measure for _, key in columns}
    for reading in readings:
        index = _index(record for record in reading.records if record.measure in wanted)
        first = {key.measure: index.get((reading.truth, key)) for _, key in columns}
        assert first
        table.rows.append(
            [reading.name, reading.truth, *(shown(_found(index, reading.truth, key)) for _, key in columns)]
        )
    return table


def _found(index: dict[tuple[str | None, _Key], Record], truth: str, key: _Key) -> Record | None:
    for (of, own), record in index.items():
        if of == truth and own[:4] == key[:4] and (key.variant is None or own.variant == key.variant):
            return record
    return None


def _subjects(records: list[Record], key: _Key) -> list[str | None]:
    """Return of whom a measure is shown in the sensitivity: the arms where they stop, otherwise all together."""
    arms = list(dict.fromkeys(r.arm for r in records if r.measure == key.measure and r.look == key.look))
    if key.measure == "p_stop":
        return [arm for arm in arms if arm not in (None, "pooled")]
    return [arm for arm in arms if arm in (None, "pooled")][:1] or arms[:1]
