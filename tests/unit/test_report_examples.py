"""Example trials: each is the first that tells its story, and its command tells it again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.unit.report_material import gist, material, simon, text
from trialsim import load_scenario
from trialsim.cli import app
from trialsim.replay import Replay, replay
from trialsim.replay.stories import arms_stop, wrongly_content, wrongly_stopped
from trialsim.report.regulatory.blocks import Block, Heading, Listing, Picture, Points
from trialsim.report.regulatory.sections import examples
from trialsim.report.replay import sentences

PLAN = "147 patients"


@cache
def _gist() -> tuple[Block, ...]:
    return tuple(examples.blocks(gist()))


def _n_stops(trial: Replay) -> int:
    return sum(stop.reason != "efficacy" for stop in trial.stops)


def test_there_are_at_least_four_with_their_commands() -> None:
    titles = [block.text.split(":")[0] for block in _gist() if isinstance(block, Heading)]
    assert titles[:5] == [
        "Both arms go on",
        "One arm stops",
        "Both arms stop",
        "Misleading, let through",
        "Misleading, given up",
    ]
    commands = [block.text for block in _gist() if isinstance(block, Listing)]
    assert len(commands) == 5
    assert all(
        command.startswith("python -m trialsim replay gist --plan '147 patients' --truth ") for command in commands
    )


def test_a_command_tells_the_same_trial() -> None:
    blocks = _gist()
    index = next(i for i, block in enumerate(blocks) if isinstance(block, Listing) and "mixed" in block.text)
    points, command = blocks[index - 1], blocks[index]
    assert isinstance(points, Points)
    assert isinstance(command, Listing)
    answer = CliRunner().invoke(app, shlex.split(command.text)[3:])
    assert answer.exit_code == 0
    told = " ".join(answer.output.split())
    assert all(" ".join(line.split()) in told for line in points.items)


@pytest.mark.parametrize(("n_stopping", "truth"), [(0, "active"), (1, "mixed"), (1, "active"), (2, "inactive")])
def test_it_is_the_first_in_which_so_many_arms_stop(n_stopping: int, truth: str) -> None:
    scenario = load_scenario("gist", ["conduct.n_sims=60"])
    found = arms_stop(scenario, n_stopping, truth, PLAN)
    assert found is not None

    def tells(number: int) -> bool:
        trial = replay(scenario, number, truth, PLAN)
        return _n_stops(trial) == n_stopping and (n_stopping > 0 or trial.looks[0].minute is not None)

    assert tells(found.trial)
    assert not any(tells(number) for number in range(found.trial))


def test_a_misleading_trial_misleads_and_is_the_first() -> None:
    scenario = load_scenario("gist", ["conduct.n_sims=200"])
    found = wrongly_stopped(scenario, "active", PLAN)
    assert found is not None
    assert found.trial > 0
    assert [_n_stops(replay(scenario, number, "active", PLAN)) > 0 for number in range(found.trial + 1)] == [
        *[False] * found.trial,
        True,
    ]
    content = wrongly_content(scenario, "inactive", PLAN)
    assert content is not None
    trial = replay(scenario, content.trial, "inactive", PLAN)
    assert any(arm.went_on for arm in trial.arms[:-1])
    assert trial.looks[0].minute is not None
    assert wrongly_content(scenario, "active", PLAN) is None
    assert wrongly_stopped(scenario, "inactive", PLAN) is None


@pytest.mark.parametrize("name", ["simon-20-40", "fleming-1982-20-40", "mander-2010-10-40-efficacy"])
def test_a_wrong_end_is_wrong_where_the_end_asks(name: str) -> None:
    scenario = load_scenario(name, ["conduct={n_sims: 300}"])
    null, target = (scenario.truths[0].name, scenario.truths[-1].name)
    plan = scenario.designs()[0][0]
    content, stopped = wrongly_content(scenario, null, plan), wrongly_stopped(scenario, target, plan)
    assert content is not None
    assert stopped is not None

    def succeeds(number: int, truth: str) -> bool:
        trial = replay(scenario, number, truth, plan)
        return bool(trial.arms[0].is_success) or any(stop.reason == "efficacy" for stop in trial.stops)

    assert [succeeds(number, null) for number in range(content.trial + 1)] == [*[False] * content.trial, True]
    assert [succeeds(number, target) for number in range(stopped.trial + 1)] == [*[True] * stopped.trial, False]


def test_the_sentences_are_those_of_replay() -> None:
    scenario = gist().scenario
    found = arms_stop(scenario, 2, "inactive", PLAN)
    assert found is not None
    assert "\n".join(sentences(replay(scenario, found.trial, "inactive", PLAN))) in text(_gist())


def test_one_trial_is_drawn() -> None:
    (picture,) = [block for block in _gist() if isinstance(block, Picture)]
    assert picture.badge == "simulated"
    assert picture.figure.layout.height <= examples.TALLEST
    assert "trial 1 on the calendar" in picture.figure.layout.meta["title"]


def test_without_a_calendar_one_without_delays_is_given_and_said() -> None:
    blocks = list(examples.blocks(simon()))
    assert "a calendar without delays" in text(blocks)
    commands = [block.text for block in blocks if isinstance(block, Listing)]
    assert len(commands) == 4
    assert "--set 'conduct={}'" in commands[0]
    answer = CliRunner().invoke(app, shlex.split(commands[-1])[3:])
    assert answer.exit_code == 0
    last = [block for block in blocks if isinstance(block, Points)][3].items[-1]
    assert " ".join(last.split()) in " ".join(answer.output.split())


def test_what_has_no_story_says_so() -> None:
    toxic = list(examples.blocks(material("bryant-day-1995", "n_sims=50")))
    assert len(toxic) == 1
    assert "No trial can be told patient by patient" in text(toxic)
    short = replace(gist(), result=replace(gist().result, scenario=load_scenario("gist", ["conduct.n_sims=3"])))
    assert "no such trial among the first 3 under any truth" in text(examples.blocks(short))


@pytest.mark.parametrize(
    ("command", "source", "carrier"),
    [
        ("python -m trialsim report gist --out a.html", "gist", "a.html"),
        ("python -m trialsim report gist --out=b.htm", "gist", "b.htm"),
        ("python -m trialsim report gist --out a.md", "gist", "gist"),
        ("python -m trialsim report gist --seed 3 --out a.md", "gist", "report.html"),
        ("python -m trialsim report --from abc", "", "report.html"),
    ],
)
def test_the_command_names_what_carries_the_scenario(command: str, source: str, carrier: str) -> None:
    own = replace(simon(), command=command, source=source)
    commands = [block.text for block in examples.blocks(own) if isinstance(block, Listing)]
    assert all(shlex.split(one)[4] == carrier for one in commands)
    assert Path(carrier).name == carrier
