"""Single trials told from replay: what the probabilities of the other sections look like when they happen."""

from __future__ import annotations

import shlex
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from trialsim.replay import replay
from trialsim.replay.stories import MAX_SCANNED, arms_stop, wrongly_content, wrongly_stopped
from trialsim.report.plots.swimmer import swimmer
from trialsim.report.regulatory.blocks import Heading, Listing, Picture, Points, Words
from trialsim.report.regulatory.recorded import main_case
from trialsim.report.replay import headline, legend, sentences
from trialsim.spec.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trialsim.replay import Found, Replay
    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material

TALLEST = 900
"""Pixels of the swimmer plot."""
_WITHOUT_CALENDAR = (
    "The scenario does not say how the trial is run. So that single trials can be told patient by patient, these are "
    "of a calendar without delays: patients enter at random, 10 a month, every response is known at once, and each "
    "look is held when its last patient enters. Decisions then have the probabilities of ideal conduct; the days "
    "mean nothing. The numbers of these trials are not those of the simulation under ideal conduct."
)


class _Example(NamedTuple):
    title: str
    truth: str
    found: Found


def blocks(material: Material) -> Iterator[Block]:
    """Yield at least four trials where there are such: none, some and all arms stop, and misleading ones."""
    scenario = _with_calendar(material.scenario)
    if scenario is None:
        yield Words(
            "No trial can be told patient by patient: the scenario does not say how the trial is run (conduct), and "
            "the calendar does not simulate the rules for toxicity at looks."
        )
        return
    yield Words(
        "Each trial is the first of the run that tells the story, so that nobody has picked it; its number gives it "
        "again, patient by patient, with the command below it."
    )
    if material.scenario.conduct is None:
        yield Words(_WITHOUT_CALENDAR)
    examples, missing = _examples(material, scenario)
    plan = main_case(material).plan
    told = [replace(replay(scenario, one.found.trial, one.truth, plan), found=one.found) for one in examples]
    for one, trial in zip(examples, told, strict=True):
        yield Heading(f"{one.title}: trial {trial.trial}, truth {one.truth}")
        yield Words(f"{headline(trial)} The first trial under this truth in which {one.found.why}.")
        yield Points(tuple(sentences(trial)))
        yield Listing(_command(material, trial))
    if missing:
        yield Points(tuple(missing))
    if told:
        yield from _picture(_shown(told))


def _with_calendar(scenario: Scenario) -> Scenario | None:
    """Return the scenario, with a calendar without delays if it has none; None if it can have none."""
    if scenario.conduct is not None:
        return scenario
    data = scenario.model_dump(by_alias=True, exclude_unset=True)
    data.pop("vary", None)
    try:
        return Scenario.model_validate({**data, "conduct": {}})
    except ValidationError:
        return None


def _examples(material: Material, scenario: Scenario) -> tuple[list[_Example], list[str]]:
    """Return the trials, and sentences on stories that no trial told."""
    n_arms, plan = len(scenario.design.arms), main_case(material).plan
    stories: list[tuple[str, list[str], Callable[[str], Found | None]]] = []
    for n_stopping in dict.fromkeys((0, 1, n_arms)) if _can_stop(scenario) else (0,):
        title = _title(n_stopping, n_arms)
        truths = _likeliest(material, n_arms - n_stopping)
        stories.append((title, truths, lambda truth, n=n_stopping: arms_stop(scenario, n, truth, plan)))  # type: ignore[misc]
    names = [truth.name for truth in scenario.truths]
    stories.append(("Misleading, let through", names, lambda truth: wrongly_content(scenario, truth, plan)))
    stories.append(("Misleading, given up", names, lambda truth: wrongly_stopped(scenario, truth, plan)))
    found, missing = [], []
    for title, truths, story in stories:
        example = next((_Example(title, truth, one) for truth in truths if (one := story(truth)) is not None), None)
        if example is not None:
            found.append(example)
        else:
            assert scenario.conduct is not None
            n = min(scenario.conduct.n_sims, MAX_SCANNED)
            missing.append(f"{title}: no such trial among the first {n:,} under any truth where it can happen.")
    return found, missing


def _can_stop(scenario: Scenario) -> bool:
    """Return whether anything but success can stop an arm before the end."""
    toxicity = scenario.conduct.toxicity if scenario.conduct is not None else None
    rules = [look.continue_if for look in scenario.design.looks[:-1]]
    return any(rules) or (toxicity is not None and toxicity.stop_if is not None)


def _title(n_stopping: int, n_arms: int) -> str:
    if n_arms == 1:
        return "The trial stops" if n_stopping else "The trial goes on"
    if n_stopping == 0:
        return "Both arms go on" if n_arms == 2 else "All arms go on"
    if n_stopping == n_arms:
        return "Both arms stop" if n_arms == 2 else "All arms stop"
    return "One arm stops"


def _likeliest(material: Material, n_going_on: int) -> list[str]:
    """Return the truths, that under which so many arms most likely go on first; among equals the main one."""
    case, design = main_case(material), material.scenario.design
    if any(look.success_if is not None and look.success_if.then == "stop" for look in design.looks[:-1]):
        by_rate = sorted(material.scenario.truths, key=lambda truth: sum(truth.rates(design.arm_names)))
        return [truth.name for truth in by_rate]  # an early success counts as a stop in the shares below
    records = material.conducted or material.records
    looks = [look.name for look in design.looks[:-1] if look.continue_if is not None]
    shares = {
        key[1]: record.estimate or 0.0
        for key, record in records.items()
        if key[0] == case.plan and key[2] == "p_arms_continuing" and key[6] == n_going_on and key[4] in looks[-1:]
    }
    names = [case.truth, *(t.name for t in material.scenario.truths if t.name != case.truth)]
    return sorted(names, key=lambda name: -round(shares.get(name, 0.0), 3))


def _command(material: Material, trial: Replay) -> str:
    """Return the command that tells the trial again."""
    words = ["python", "-m", "trialsim", "replay", _carrier(material)]
    if material.scenario.conduct is None:
        words += ["--set", "conduct={}"]
    return shlex.join([*words, "--plan", trial.plan, "--truth", trial.truth, "--trial", str(trial.trial)])


def _carrier(material: Material) -> str:
    """Return what gives the scenario again: the page of this report, or what it is of if nothing was changed."""
    words = shlex.split(material.command.replace("--out=", "--out "))
    out = next((after for word, after in pairwise(words) if word == "--out"), "")
    if out.endswith((".html", ".htm")):
        return out
    was_changed = any(word.startswith(("--set", "--seed")) for word in words)
    return material.source if material.source and not was_changed else "report.html"


def _shown(told: list[Replay]) -> Replay:
    """Return the trial to draw: one in which some arms stop and others do not; without one, the first that stops."""
    some = [trial for trial in told if 0 < len(trial.stops) < len(trial.design.arms)]
    return next(iter(some or [trial for trial in told if trial.stops] or told))


def _picture(trial: Replay) -> Iterator[Block]:
    figure = swimmer(trial)
    height = figure.layout.height
    figure.update_layout(height=TALLEST if height is None else min(TALLEST, height))
    yield Heading(f"Trial {trial.trial} under {trial.truth}, patient by patient")
    yield Picture(figure, "simulated")
    yield from (Words(line) for line in legend(trial)[1:])
