"""Why the numbers can be believed: two engines against each other, published values, guards on the exact solution."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING

from trialsim.engines.exact import is_tied
from trialsim.engines.guard import MAX_NODES, STEP
from trialsim.oc.agreement import FAMILY_WISE_ERROR
from trialsim.published import validate
from trialsim.report.explain import joined
from trialsim.report.numbers import formatted, formatted_mcse, formatted_z, percent
from trialsim.report.regulatory.blocks import Grid, Heading, Missing, Points, Words
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.api import Agreement, Record, Result
    from trialsim.plan import Plan
    from trialsim.published import Validation
    from trialsim.report.regulatory.blocks import Badge, Block
    from trialsim.report.regulatory.material import Material
    from trialsim.spec.design import Design

N_WORST = 10
"""Rows of the table of the largest z."""
MOST_SIMS = 20_000
"""Replicates for the published values of a design that cannot be solved exactly; no more than the scenario has."""
_SIGNS = {"equals": "", "less_than": "< ", "at_most": "≤ ", "at_least": "≥ "}


def blocks(material: Material) -> Iterator[Block]:
    """Yield exact against simulated, published values, the match, and the guards."""
    yield Heading("Exact against simulated")
    yield from _engines(material.result)
    yield Heading("Published values of the design")
    yield from _published(material)
    yield Heading("Guards on the exact solution")
    yield Points(tuple(_guards(material)))


def _engines(result: Result) -> Iterator[Block]:
    agreement = result.agreement
    if agreement is None:
        yield Words(_one_engine_only(result))
        return
    yield Words(_in_words(agreement))
    judged = [r for r in result.records if r.is_judged and r.z is not None]
    both: Badge = "exact and simulated"
    notes = (
        "z: simulated minus exact, in standard errors that the exact distribution implies for as many replicates; for "
        "rare events the normal quantile of their exact binomial tail. If both engines are right, about 5 % of |z| are "
        "above 1.96, though measures of the same trials are not independent of each other.",
    )
    yield Grid(_by_measure(result, judged), both, notes)
    title = f"the {min(N_WORST, len(judged))} largest |z|"
    worst = sorted(judged, key=lambda r: -abs(r.z or 0.0))[:N_WORST]
    yield Grid(_each(title, worst), both)
    if agreement.failures:
        yield Grid(_each("measures on which the engines disagree", list(agreement.failures)), both)
    n_conducted = sum(r.engine == "calendar" for r in result.records)
    if n_conducted:
        yield Words(
            f"The {n_conducted:,} numbers of the trial as conducted have no exact counterpart and are not among these; "
            "they stand beside exact values of ideal conduct, from which they differ by what conduct does."
        )


def _one_engine_only(result: Result) -> str:
    if result.engine == "exact":
        return "Nothing was simulated, so that there is nothing to hold against the exact values."
    if result.why_not is not None:
        return f"The exact engine declined, so that the simulation stands alone. {result.why_not}"
    return "No exact values were asked for, so that the simulation stands alone."


def _in_words(agreement: Agreement) -> str:
    worst, n_failures = agreement.worst, len(agreement.failures)
    largest = "" if worst is None else f" The largest |z| is {_absolute(worst)} ({_named(worst)})."
    verdict = (
        "None is beyond it: the engines agree."
        if n_failures == 0
        else f"{n_failures:,} {'is' if n_failures == 1 else 'are'} beyond it: THE ENGINES DISAGREE."
    )
    return (
        f"{agreement.n_judged:,} measures were computed by both engines and judged. The limit for |z| is "
        f"{agreement.limit:.2f}: if both engines are right, some measure exceeds it with a probability of at most "
        f"{percent(FAMILY_WISE_ERROR)} (Bonferroni).{largest} {verdict}"
    )


def _absolute(record: Record) -> str:
    z = abs(record.z or 0.0)
    return "infinite" if isinf(z) else f"{z:.2f}"


def _named(record: Record) -> str:
    value = None if record.value is None else f"{record.value:g}"
    given = None if record.given is None else f"given {record.given}"
    words = (record.measure, value, record.arm, record.look, given, record.variant, record.truth, record.plan)
    return ", ".join(word for word in words if word)


def _by_measure(result: Result, judged: list[Record]) -> Table:
    """Return, of each measure, how many values were judged, how many not, and how far they lie apart."""
    header = ["measure", "judged", "not judged", "|z| above 1.96", "largest |z|"]
    table = Table("exact against simulated, by measure", header, 1)
    compared = [r for r in result.records if r.engine == "montecarlo" and r.exact is not None]
    for measure in dict.fromkeys(r.measure for r in compared):
        own = [r for r in judged if r.measure == measure]
        others = sum(r.measure == measure for r in compared) - len(own)
        beyond = sum(abs(r.z or 0.0) > 1.96 for r in own)
        largest = _absolute(max(own, key=lambda r: abs(r.z or 0.0))) if own else "–"
        table.rows.append([measure, f"{len(own):,}", f"{others:,}", f"{beyond:,}", largest])
    return table


def _each(title: str, records: list[Record]) -> Table:
    table = Table(title, ["plan", "truth", "measure", "exact", "simulated", "MCSE", "z"], 3)
    for r in records:
        words = _named(r._replace(truth=None, plan=""))
        numbers = (formatted(r, "exact"), formatted(r, "estimate"), formatted_mcse(r), formatted_z(r))
        table.rows.append([r.plan, r.truth or "any", words, *numbers])
    return table


def _published(material: Material) -> Iterator[Block]:
    design = material.scenario.design
    if not design.published:
        yield Missing("Published values that the design is held against", "design.published")
        return
    is_exact = material.result.engine != "montecarlo" and material.result.why_not is None
    n_sims = min(material.scenario.n_sims, MOST_SIMS)
    found = validate(design, "exact" if is_exact else "montecarlo", n_sims, material.scenario.seed)
    checked = [one for one in found if one.published.checked_at_source]
    agreeing = sum(one.agrees for one in checked)
    yield Words(
        f"{agreeing} of {len(checked)} published values that were checked where they are printed agree with ours: to "
        "the last printed digit, or in the printed relation."
        + (f" {len(found) - len(checked)} more were not checked there." if len(found) > len(checked) else "")
    )
    yield Grid(_values(design, found), "published")
    if material.result.match:
        verdicts = [row.verdict for row in material.result.match]
        counted = [f"{verdicts.count(word)} {word}" for word in dict.fromkeys(verdicts)]
        yield Words(
            f"Of the results that the model of conduct is held against (section on the model), {joined(counted)} of "
            "the range in which a single simulated trial lies with 95 %."
            if set(verdicts) <= {"inside", "outside"}
            else f"The results that the model of conduct is held against (section on the model): {joined(counted)}."
        )


def _values(design: Design, found: list[Validation]) -> Table:
    header = ["measure", "true rate", "printed at", "verdict", "printed", "exact", "simulated (MCSE)"]
    table = Table(f"published values of {design.name}", header, 4)
    for one in found:
        p, r = one.published, one.record
        place = p.place + ("" if p.checked_at_source else " (not checked at the source)")
        rate = "any" if p.response_rate is None else percent(p.response_rate)
        rate += "" if p.toxicity_rate is None else f", toxicity {percent(p.toxicity_rate)}"
        words = ", ".join(w for w in (p.measure, None if p.value is None else f"{p.value:g}", p.arm, p.look) if w)
        ours = "–" if r.engine == "exact" else f"{formatted(r, 'estimate')} ({formatted_mcse(r)})"
        printed = f"{_SIGNS[p.relation]}{p.printed:.{p.digits}f}"
        table.rows.append([words, rate, place, one.verdict, printed, formatted(r, "exact"), ours])
    return table


def _guards(material: Material) -> Iterator[str]:
    """Yield what every exact solution passed before it was reported, and what it was not put to."""
    if material.result.engine == "montecarlo":
        yield "Nothing was solved exactly in this run, so that no guard was needed."
        return
    n_truths = len(material.scenario.truths)
    for name, _, plan in material.plans:
        reason = _why_not_guarded(plan, material.result.why_not or "", name)
        yield (
            f"{name}: {reason}."
            if reason
            else f"{name}: under each of the {n_truths} truths the design was solved again with the true rate of each "
            f"arm raised by {100 * STEP:g} percentage points, and no arm was less likely to go on. "
            "Had one been, there would be no result."
        )
    yield from _sums(material)


def _why_not_guarded(plan: Plan, why_not: str, name: str) -> str:
    if f"{name}: " in why_not:
        return "it was not solved exactly, so that no guard was needed"
    if is_tied(plan):
        return "a pooled stop ties the arms, so that the guard on rising chances does not apply"
    if not (plan.nodes.n_codes > 1).any():
        return "no look stops an arm, so that the guard on rising chances has nothing to look at"
    if len(plan.nodes.look) > MAX_NODES:
        return f"the tree has more than {MAX_NODES:,} nodes, so that the guard on rising chances was left out"
    return ""


def _sums(material: Material) -> Iterator[str]:
    """Yield how far probabilities that must add up to 1 are from it."""
    exact = [r for r in material.result.records if r.engine != "calendar" and r.exact is not None and r.given is None]
    for measure, words in (
        ("p_arms_continuing", "how many arms go on at a look"),
        ("n_pmf", "the numbers of patients"),
    ):
        sums: dict[tuple[str | None, ...], float] = {}
        for r in exact:
            if r.measure == measure:
                key = (r.plan, r.truth, r.arm, r.look)
                sums[key] = sums.get(key, 0.0) + (r.exact or 0.0)
        if sums:
            off = max(abs(total - 1.0) for total in sums.values())
            yield f"The exact probabilities of {words} add up to 1 within {off:.1e} in all {len(sums):,} cases."
