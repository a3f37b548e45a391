"""Who sees what at which look, and what an analysis leaves out: patients who entered but are not counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.replay.overrun import asked_again
from trialsim.report.calendar_tables import shown
from trialsim.report.explain import joined, when
from trialsim.report.explain_conduct import look_in_words
from trialsim.report.regulatory.blocks import Grid, Heading, Missing, Points, Words
from trialsim.report.regulatory.overrun import overrun_notes, overrun_table
from trialsim.report.regulatory.recorded import main_case
from trialsim.report.regulatory.telling import narrative_of
from trialsim.report.table import Table
from trialsim.spec.conduct.looks import LookConduct
from trialsim.spec.narrative import speaks_of_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.api import Record
    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material

_COLUMNS = (
    ("p_takes_place", "takes place"),
    ("day_mean", "held on day"),
    ("counted_mean", "counted"),
    ("enrolled_mean", "enrolled by then"),
    ("overrun_mean", "overrun"),
    ("pipeline_mean", "pipeline"),
)
_NOTES = (
    "In brackets MCSE. Means over the trials in which the look takes place.",
    "Counted: patients whom the look is of. Overrun: enrolled by then, and not counted. Pipeline: enrolled by then, "
    "response not yet settled.",
)
_NO_LOOK = "The design has no look before the final analysis, so that no result is known while the trial runs."


def blocks(material: Material) -> Iterator[Block]:
    """Yield who sees what, how each look is held, and the analyses at the trigger and with the overrun."""
    yield Heading("Who sees what")
    yield from _access(material)
    if len(material.scenario.design.looks) == 1:
        return
    yield Heading("How each look is held")
    yield from _held(material)
    yield Heading("At the trigger, and with all who had entered")
    yield from _overrun(material)


def _access(material: Material) -> Iterator[Block]:
    scenario, told = material.scenario, narrative_of(material.scenario).integrity
    looks = scenario.design.look_names[:-1]
    if not looks:
        yield Words(_NO_LOOK)
    rows = [[one.look, " ".join(one.who.split()), " ".join(one.sees.split())] for one in told]
    if rows:
        yield Grid(Table("who sees what at which look", ["look", "who", "sees"], 3, rows), "")
    left = [look for look in looks if look not in {one.look for one in told}]
    if left:
        yield Missing(f"Who sees what at {joined(left)}", "narrative.integrity")
    strangers = tuple(line for line in speaks_of_nothing(scenario) if line.startswith("narrative.integrity"))
    if strangers:
        yield Points(strangers)


def _held(material: Material) -> Iterator[Block]:
    design, conduct = material.scenario.design, material.scenario.conduct
    looks = design.looks[:-1]
    if conduct is None:
        yield Words(
            "On paper a look is held the moment its last patient has entered, every response being known; nobody "
            "enters while it is decided, so that analyses at the trigger leave nobody out. The scenario says nothing "
            "of a calendar (conduct), under which there would be overrun."
        )
        return
    yield Points(
        tuple(
            f"{look_in_words(look.name, conduct.looks.get(look.name, LookConduct()))} It is of {when(look, design)}."
            for look in looks
        )
    )


def _overrun(material: Material) -> Iterator[Block]:
    conduct = material.scenario.conduct
    if conduct is None:
        yield Words("Without a calendar there is no overrun: the two analyses are the same.")
        return
    if not material.conducted:
        yield Words("The trial as conducted was not simulated, so that nothing is known of its overrun.")
        return
    case = main_case(material)
    yield Grid(_looks(material, case.plan), "simulated", _NOTES)
    yield from _fewest_and_most(material, case.plan)
    for truth in dict.fromkeys((case.truth, *_least_certain(material, case.plan))):
        found = asked_again(material.scenario, truth, case.plan)
        if found:
            title = f"{case.plan}, truth {truth}: looks at the trigger, and asked again of all who had entered"
            yield Grid(overrun_table(found, title), "simulated", tuple(overrun_notes(found)))


def _least_certain(material: Material, plan: str) -> list[str]:
    """Return the truth under which meeting the first criterion of success is the least certain; often none."""
    own = [
        r for r in material.conducted.values() if r.measure == "p_success" and r.plan == plan and r.truth is not None
    ]
    of_first = [r for r in own if (r.look, r.arm) == (own[0].look, own[0].arm)]
    nearest = min(of_first, key=lambda r: abs((r.estimate or 0.0) - 0.5), default=None)
    return [] if nearest is None or nearest.truth is None else [nearest.truth]


def _looks(material: Material, plan: str) -> Table:
    design = material.scenario.design
    arms = (*design.arm_names, None) if len(design.arms) > 1 else (None,)
    table = Table(f"{plan}: looks as conducted", ["truth", "look", "of", *(words for _, words in _COLUMNS)], 3)
    for truth in material.scenario.truths:
        for look in design.look_names[:-1]:
            for arm in arms:
                own = [
                    material.conducted.get((plan, truth.name, measure, arm, look, None, None, None))
                    for measure, _ in _COLUMNS
                ]
                if any(own):
                    table.rows.append([truth.name, look, arm or "trial", *(shown(record) for record in own)])
    return table


def _fewest_and_most(material: Material, plan: str) -> Iterator[Block]:
    """Yield, of each look, under which truths the fewest and the most patients have entered who are not counted."""
    lines = []
    for look in material.scenario.design.look_names[:-1]:
        keys = [(plan, truth.name, "overrun_mean", None, look, None, None, None) for truth in material.scenario.truths]
        own = [found for key in keys if (found := material.conducted.get(key)) is not None and found.estimate]
        if own:
            most, least = max(own, key=lambda r: r.estimate or 0.0), min(own, key=lambda r: r.estimate or 0.0)
            lines.append(f"At {look}, {_many(least, most)} (in brackets MCSE).")
    if lines:
        yield Points(tuple(lines))


def _many(least: Record, most: Record) -> str:
    """Return how many patients are enrolled and not counted, from the truth with the fewest to that with the most."""
    words = "the patients enrolled and not counted are on average"
    if least.estimate == most.estimate:
        return f"{words} {shown(least)} under every truth"
    ends = f"{shown(least)} under truth {least.truth}, the fewest, and {shown(most)} under truth {most.truth}, the most"
    return f"{words} {ends}"
