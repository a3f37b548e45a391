"""The truths under which the design is tried, and why these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.inference.joint import JointRates
from trialsim.report.regulatory.blocks import Grid, Heading, Missing, Points
from trialsim.report.regulatory.telling import narrative_of, told
from trialsim.report.table import Table
from trialsim.spec.narrative import speaks_of_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material
    from trialsim.spec.design import Hypotheses
    from trialsim.spec.scenario import Scenario


def blocks(material: Material) -> Iterator[Block]:
    """Yield the rates of each truth, why it is among them, and what the truths leave out."""
    scenario, said = material.scenario, narrative_of(material.scenario)
    yield from told(said.truths, "Why these truths, and no others", "narrative.truths")
    yield Grid(truths_table(scenario), "assumed", ("Rates are true rates, the same for all patients of an arm.",))
    yield Heading("Why each truth is among them")
    reasons = {truth.name: _reason(scenario, index) for index, truth in enumerate(scenario.truths)}
    given = tuple(f"{name}: {words}" for name, words in reasons.items() if words)
    if given:
        yield Points(given)
    for name, words in reasons.items():
        if not words:
            yield Missing(f'Why the truth "{name}" is among them', f"truths.{name}.notes")
    yield from _left_out(scenario)
    strangers = tuple(line for line in speaks_of_nothing(scenario) if line.startswith("narrative.rationale"))
    if strangers:
        yield Points(strangers)


def truths_table(scenario: Scenario) -> Table:
    """Return the rates of each truth: one row per truth, or per truth and arm where the arms differ."""
    arms, hypotheses = scenario.design.arm_names, scenario.design.hypotheses
    is_joint = any(truth.toxicity_rate is not None for truth in scenario.truths)
    header = ["truth", "arm", "true response rate", *(["where that is"] if hypotheses is not None else [])]
    header += ["true toxicity rate", "odds ratio"] if is_joint else []
    table = Table("truths", header, 2)
    for truth in scenario.truths:
        rates = truth.rates(arms)
        toxicity = rates.toxicity if isinstance(rates, JointRates) else (None,) * len(arms)
        groups: dict[tuple[float, float | None], list[str]] = {}
        for arm, rate, toxic in zip(arms, rates, toxicity, strict=True):
            groups.setdefault((rate, toxic), []).append(arm)
        for (rate, toxic), own in groups.items():
            row = [truth.name, "each arm" if len(own) == len(arms) > 1 else ", ".join(own), _rate(rate)]
            row += [] if hypotheses is None else [where(rate, hypotheses)]
            if is_joint:
                row += ["–", "–"] if toxic is None else [_rate(toxic), f"{truth.odds_ratio or 1:g}"]
            table.rows.append(row)
    return table


def where(rate: float, hypotheses: Hypotheses) -> str:
    """Return where a rate lies against the null and the target rate.

    >>> from trialsim.spec.design import Hypotheses
    >>> where(0.2, Hypotheses(null_rate=0.05, target_rate=0.3))
    'between null and target rate'
    """
    null, target = hypotheses.null_rate, hypotheses.target_rate
    if rate in (null, target):
        return "null rate" if rate == null else "target rate"
    if rate < null:
        return "below the null rate"
    return "above the target rate" if rate > target else "between null and target rate"


def _reason(scenario: Scenario, index: int) -> str:
    """Return what was said of a truth: its notes, its rationale, the source of its rates."""
    truth, said = scenario.truths[index], narrative_of(scenario)
    parts = [truth.notes, said.rationale.get(truth.name, ""), *_sources(said.sources, (truth.name, str(index)))]
    return " ".join(_sentence(part) for part in parts if part.strip())


def _sources(sources: Mapping[str, str], names: tuple[str, ...]) -> Iterator[str]:
    for path, source in sources.items():
        for name in names:
            inner = path.removeprefix(f"truths.{name}")
            if inner != path and inner[:1] in ("", "."):
                yield f"Source{f' of {inner[1:]}' if inner else ''}: {source}"


def _sentence(text: str) -> str:
    words = " ".join(text.split())
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _left_out(scenario: Scenario) -> Iterator[Block]:
    """Yield which of the two hypotheses no truth stands for."""
    hypotheses, arms = scenario.design.hypotheses, scenario.design.arm_names
    if hypotheses is None:
        return  # the section on the design says so
    found = [set(truth.rates(arms)) for truth in scenario.truths]
    for name, rate in (("null", hypotheses.null_rate), ("target", hypotheses.target_rate)):
        if {rate} not in found:
            whose = "every arm" if len(arms) > 1 else "the arm"
            yield Missing(f"A truth with {whose} at the {name} rate, {_rate(rate)}", "truths")


def _rate(rate: float) -> str:
    """Return a true rate in per cent, as exactly as four decimals can.

    >>> _rate(0.05), _rate(36 / 73)
    ('5 %', '49.3151 %')
    """
    return f"{100 * rate:.4f}".rstrip("0").rstrip(".") + " %"
