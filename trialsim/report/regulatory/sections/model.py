"""How patients are generated, where each number comes from, and whether the model reproduces what was published."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from trialsim.report.calendar_tables import match_notes, match_table
from trialsim.report.explain import defaults, joined
from trialsim.report.explain_conduct import conduct_paragraph
from trialsim.report.regulatory.blocks import Grid, Heading, Missing, Points, Words
from trialsim.report.regulatory.sources import NO_SOURCE, entries, source_of
from trialsim.report.regulatory.telling import narrative_of
from trialsim.report.table import Table
from trialsim.spec.narrative import speaks_of_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.calendar import MatchRow
    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material
    from trialsim.spec.conduct import Conduct

_IDEAL = (
    "On paper (ideal conduct): patients are independent of one another, and a patient of an arm responds with the true "
    "rate of that arm. Every response is known at once, and nobody is enrolled while a decision is pending; so the "
    "responses of a stage of an arm are binomial."
)
_JOINT = (
    "Response and toxicity of a patient are joined by the odds ratio of the truth (independent where it names none); "
    "the probability of both is the one that Plackett's distribution gives for the two rates and the odds ratio."
)


def blocks(material: Material) -> Iterator[Block]:
    """Yield the model on paper, the model as conducted with the source of each number, and the match."""
    scenario = material.scenario
    yield Heading("On paper")
    yield Words(_IDEAL)
    if scenario.design.toxicity is not None and any(truth.toxicity_rate is not None for truth in scenario.truths):
        yield Words(_JOINT)
    yield Heading("As conducted")
    if scenario.conduct is None:
        yield Missing("A model of how the trial is run: arrival, visits, delays, drop-out", "conduct")
        return
    yield Words(conduct_paragraph(scenario.conduct, scenario.design))
    yield from _sources(scenario.conduct, narrative_of(scenario).sources)
    strangers = tuple(line for line in speaks_of_nothing(scenario) if line.startswith("narrative.sources"))
    if strangers:
        yield Points(strangers)
    yield Heading("The published trial and the model")
    yield from _match(material, scenario.conduct)


def _sources(conduct: Conduct, sources: dict[str, str]) -> Iterator[Block]:
    found = list(entries(conduct, "conduct", sources))
    table = Table("values of the model (conduct) and their sources", ["value of", "is", "source"], 3)
    table.rows = [[one.path.removeprefix("conduct."), one.value, one.source or NO_SOURCE] for one in found]
    if found:
        yield Grid(table, "assumed", ("Days count from the start of enrolment or from entry; hazards are per month.",))
    n_missing = sum(one.source is None for one in found)
    if n_missing:
        yield Missing(f"The source of {n_missing} of these {len(found)} values", "narrative.sources")
    left = [line for line in defaults(conduct, "conduct.") if source_of(line.split(" = ")[0], sources) is None]
    left = [line for line in left if not line.startswith("conduct.n_sims")]
    if left:
        yield Words("Left as trialsim has them by default, so that nobody has chosen them for this trial:")
        yield Points(tuple(left))


def _match(material: Material, conduct: Conduct) -> Iterator[Block]:
    if conduct.match is None:
        yield Missing("Published results that the model is held against", "conduct.match")
        return
    rows = material.result.match
    if not rows:
        yield Words("The trial as conducted was not simulated, so that it is not held against the published results.")
        return
    plan = conduct.match.plan or material.plans[0][0]
    yield Words(
        f"Under the truth {conduct.match.truth} and the plan of {plan}, the model is held against {len(rows)} results, "
        f"of which {sum(row.printed is not None for row in rows)} were printed: {_verdicts(rows)}."
    )
    yield Grid(match_table(rows), "simulated", tuple(match_notes(rows)))


def _verdicts(rows: tuple[MatchRow, ...]) -> str:
    """Return how many of the printed results the model reproduces."""
    count = Counter(row.verdict for row in rows if row.printed is not None)
    words = {
        "inside": "within the 95 % range of a single simulated trial",
        "outside": "outside that range",
        "impossible": "impossible under any model",
    }
    return joined([f"{count[verdict]} {text}" for verdict, text in words.items() if count[verdict]] or ["none"])
