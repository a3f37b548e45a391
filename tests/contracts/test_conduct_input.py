"""A conduct that makes no sense is refused in one sentence; one that only goes badly is run, and says so."""

from __future__ import annotations

import copy
import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.contracts.test_bad_input import Ran, complaint, contents
from trialsim import InputError, Result, Scenario, load_scenario, run
from trialsim.report.document import as_json

TEXT = """\
schema: trialsim.scenario/1
name: question
design:
  schema: trialsim.design/1
  name: two-arms
  arms:
    - {name: low dose, ratio: 1}
    - {name: high dose, ratio: 1}
  enrolment: {cap: {low dose: 20, high dose: 20}, when_arm_stops: arm_cap}
  looks:
    - name: gate
      at: {per_arm: 6}
      continue_if: {of: arm, rule: {kind: responses, at_least: 1}}
    - name: interim
      at: {total: 24}
      success_if: {of: pooled, then: continue, rule: {kind: responses, at_least: 6}}
    - {name: final, at: full_enrolment}
plans:
  - {name: small, cap: {low dose: 20, high dose: 20}}
  - {name: large, cap: {low dose: 30, high dose: 30}}
truths:
  - {name: none, response_rate: 0.05}
  - {name: mixed, response_rate: {low dose: 0.05, high dose: 3/10}}
seed: 1
n_sims: 100
conduct:
  n_sims: 40
  enrolment:
    rates: [{from_month: 0, per_month: 2}, {from_month: 3, per_month: 6}]
  allocation: {block_sizes: [2, 4]}
  visits: {days: [30, 91, 183], then_every_days: 92}
  response:
    rate_is_of: all
    first_seen: [{day: 30, probability: 0.25}, {day: 91, probability: 0.75}]
    confirmation: {after_days: [28, 56]}
    progressive: {low dose: 0.2, high dose: 0.1}
    not_evaluable: {low dose: 0.05, high dose: 0.05}
  unevaluable: non_responder
  progression:
    early: [{day: 30, probability: 0.5}, {day: 91, probability: 0.5}]
    stable: {per_month: 0.05, from_day: 91}
    response: {per_month: {low dose: 0.02, high dose: 0.01}}
  crossover:
    probability: {low dose: 0.5, high dose: 0}
    outcome: {response: 0.1, stable: 0.2}
    failure_after_days: [30, 90]
  withdrawal: {per_month: 0.002}
  death: {before_progression_per_month: 0.001, after_progression_per_month: 0.1}
  toxicity:
    rate: {low dose: 0.1, high dose: 0.2}
    within_days: 60
    stop_if: {kind: responses, at_least: {low dose: 8, high dose: 8}}
    watched: continuous
  adverse_events:
    events:
      - {name: rash, any_grade: {low dose: 0.5, high dose: 0.6}, severe: {low dose: 0.1, high dose: 0.2}}
      - {name: nausea, any_grade: 0.3, severe: 0.05}
    correlation: {any_grade: 0.1, severe: 0.05}
  performance_status:
    states: ["0", "1"]
    baseline: [0.6, 0.4]
    at_day: 122
    transition: [[0.9, 0.1], [0.5, 0.5]]
  exposure:
    auc_mean: 60
    auc_sd: 20
    reference_dose: 400
    dose: {low dose: 400, high dose: 600}
    half_life_hours: 20
    half_life_cv: 0.3
    absorption_per_hour: 1.5
    interval_hours: 24
    sample_hours: [0, 1, 2, 8, 24, 48]
    patients_per_arm: 6
  looks:
    gate: {fires: when_decided, counts: confirmed, hold: none}
    interim: {fires: {after_days: 183}, counts: confirmed}
    final: {counts: confirmed}
  cutoff: {day: 720}
  survival: {at_days: [183, 365], failure_at: progression}
  on_treatment_at_days: [122]
  match:
    truth: mixed
    plan: small
    results:
      - {label: deaths, quantity: deaths, arm: pooled, printed: 4}
      - {label: one-year survival, quantity: os, arm: pooled, at: day 365, unit: "%", printed: 88}
  sensitivity:
    - {name: first seen, set: {conduct.looks.gate.counts: first_seen}}
    - {name: held, set: {conduct.looks.gate.hold: until_decided}}
"""

RATE = "a rate from 0 to 1, or a fraction such as 36/73"
GONE = object()
"""In place of a value: the field is left out."""

GOOD: dict[str, Any] = yaml.safe_load(TEXT)
NEEDED = {"match": ("survival",), "sensitivity": ("match", "survival", "looks", "unevaluable", "withdrawal")}
"""What else of the conduct a block speaks about."""


def document(**changes: Any) -> dict[str, Any]:
    """Return the scenario's data with values changed, each at its path: `{"conduct/cutoff/day": 3}`."""
    data = copy.deepcopy(GOOD)
    for path, value in changes.items():
        *parents, last = path.split("/")
        place: Any = data
        for word in parents:
            place = place[int(word) if isinstance(place, list) else word]
        if value is GONE:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value
    return data


def written(folder: Path, changes: dict[str, Any], blocks: set[str] | None = None) -> Path:
    """Write the scenario with values changed, of its conduct only some blocks if they are named."""
    data = document(**changes)
    if blocks is not None and isinstance(data["conduct"], dict):
        data["conduct"] = {name: value for name, value in data["conduct"].items() if name in blocks}
    path = folder / "s.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000), encoding="utf-8")
    return path


def refusal(folder: Path, changes: dict[str, Any]) -> str:
    """Return the sentence with which the scenario is refused, without the folder's name.

    To be quick, the file holds only the blocks that the changes are about.
    """
    touched = {word for path in changes for word in path.split("/")[1:2]}
    path = written(folder, changes, {"cutoff", *touched, *(word for name in touched for word in NEEDED.get(name, ()))})
    with pytest.raises(InputError) as caught:
        load_scenario(path)
    return str(caught.value).replace(f"{folder}/", "")


def check_sentence(sentence: str, *needles: str) -> None:
    ran = Ran(2, "", f"trialsim: {sentence}\n")
    assert complaint(ran, *needles) is None, complaint(ran, *needles)
    assert not re.search(r"Input should|Extra inputs|validation error|pydantic|Error\b", sentence), sentence


class Bad(NamedTuple):
    """A field, a value that it cannot have, the field that is named, and what else is said."""

    path: str
    value: Any
    names: str
    needles: tuple[str, ...]


def bad(path: str, value: Any, *needles: str, names: str | None = None) -> Bad:
    """Return a bad value at a path below `conduct`; by default that path is the one named."""
    return Bad(f"conduct/{path}", value, f"conduct.{path if names is None else names}".replace("/", "."), needles)


def shown(case: Bad) -> str:
    value = "nothing" if case.value is GONE else f"{case.value!r:.60}"
    return f"{case.path.removeprefix('conduct/')} = {value}"


def test_the_scenario_that_the_tests_spoil_is_good(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, {}))
    assert scenario.conduct is not None
    assert scenario.conduct.toxicity is not None
    result = run(scenario, sensitivity=True)
    assert {"measures", "scenario"} <= set(strict(result))
    assert [reading.name for reading in result.readings[::2]][-1] == "held"
    assert [row.label for row in result.match] == ["deaths", "one-year survival"]


# ---------------------------------------------------------------- numbers

HAZARDS = [
    "withdrawal/per_month",
    "death/before_progression_per_month",
    "death/after_progression_per_month",
    "progression/stable/per_month",
    "progression/response/per_month",
    "progression/response/per_month/low dose",
    "enrolment/rates/0/per_month",
    "enrolment/rates/1/from_month",
]
DAYS = [
    "progression/stable/from_day",
    "visits/days/0",
    "visits/then_every_days",
    "response/first_seen/0/day",
    "response/confirmation/after_days/0",
    "progression/early/1/day",
    "crossover/failure_after_days/1",
    "toxicity/within_days",
    "performance_status/at_day",
    "exposure/sample_hours/2",
    "exposure/half_life_hours",
    "exposure/auc_sd",
    "cutoff/day",
    "survival/at_days/0",
    "on_treatment_at_days/0",
    "looks/interim/fires/after_days",
]
RATES = [
    "response/progressive",
    "response/progressive/low dose",
    "response/not_evaluable",
    "response/first_seen/0/probability",
    "progression/early/0/probability",
    "crossover/probability/low dose",
    "crossover/outcome/response",
    "toxicity/rate",
    "adverse_events/events/0/any_grade",
    "adverse_events/events/0/severe/low dose",
    "adverse_events/correlation/any_grade",
    "performance_status/baseline/0",
    "performance_status/transition/0/1",
]
NAN = math.nan
NOT_NUMBERS: list[tuple[Any, tuple[str, ...]]] = [
    (NAN, ("found nan", "finite")),
    (math.inf, ("found inf", "finite")),
    (-math.inf, ("found -inf", "finite")),
    (-0.001, ("found -0.001", "at least 0")),
    (True, ("found true", "a number")),
    ("0.1", ('found "0.1"', "a number")),
    ("many", ('found "many"', "a number")),
    (10**30, ("at most",)),
    (1e308, ("at most",)),
    (10**400, ("found",)),
    ([1], ("found a list", "a number")),
    (None, ("found nothing", "a number")),
]
MAY_BE_LEFT_OUT = (
    "visits/then_every_days",
    "cutoff/day",
    "looks/interim/fires/after_days",
    "exposure/patients_per_arm",
)
"""For these null is the same as nothing said."""
FEW = (NAN, -0.001, True)


@pytest.mark.parametrize("path", [*HAZARDS, *DAYS])
def test_numbers_that_are_none_or_out_of_range(path: str, tmp_path: Path) -> None:
    for value, needles in NOT_NUMBERS:
        if (value is None and path in MAY_BE_LEFT_OUT) or not (
            path in (HAZARDS[0], HAZARDS[5], DAYS[0]) or value in FEW
        ):
            continue
        sentence = refusal(tmp_path, {f"conduct/{path}": value})
        check_sentence(sentence, "s.yaml, line", f"conduct.{path.replace('/', '.')}: ", "accepted: ", *needles)


BAD_RATES = (-0.1, 1.0001, math.nan, math.inf, -math.inf, "half", "3/2", "1/0", True, None, [0.1], 10**400)


@pytest.mark.parametrize("path", RATES)
def test_rates_that_are_none(path: str, tmp_path: Path) -> None:
    for value in (-0.1, math.nan, "3/2") if path != RATES[0] else BAD_RATES:
        sentence = refusal(tmp_path, {f"conduct/{path}": value})
        check_sentence(sentence, "s.yaml, line", f"conduct.{path.replace('/', '.')}: found ", RATE)


WHOLE = ["n_sims", "allocation/block_sizes/0", "exposure/patients_per_arm", "exposure/dose/high dose"]


@pytest.mark.parametrize("path", WHOLE)
def test_numbers_that_are_not_whole(path: str, tmp_path: Path) -> None:
    for value, needle in [(0, "at least 1"), (-2, "at least 1"), (10**12, "at most"), (2.5, "whole"), ("2", "whole")]:
        sentence = refusal(tmp_path, {f"conduct/{path}": value})
        check_sentence(sentence, f"conduct.{path.replace('/', '.')}: found ", needle)
    for value in (math.nan, math.inf, True, None, 10**400):
        if value is None and path in MAY_BE_LEFT_OUT:
            continue
        check_sentence(refusal(tmp_path, {f"conduct/{path}": value}), path.replace("/", "."), "a whole number")


# ---------------------------------------------------------------- misspelt keys


def blocks(node: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the path of every mapping with fields of its own."""
    if isinstance(node, list):
        return [found for i, item in enumerate(node[:1]) for found in blocks(item, (*path, str(i)))]
    if not isinstance(node, dict) or "low dose" in node or path[-1] == "set":
        return []
    return [path] + [found for key, value in node.items() for found in blocks(value, (*path, str(key)))]


def misspelt(path: tuple[str, ...]) -> tuple[dict[str, Any], str, str]:
    """Return the data with the longest key of a block misspelt, the wrong key and the right one."""
    data = copy.deepcopy(GOOD)
    place: Any = data
    for word in path:
        place = place[int(word) if isinstance(place, list) else word]
    key = max(place, key=len)
    place[key[:-1]] = place.pop(key)
    return data, key[:-1], key


BLOCKS = blocks(GOOD["conduct"], ("conduct",))


@pytest.mark.parametrize(
    "path",
    BLOCKS,
    ids="/".join,
)
def test_a_misspelt_key_is_told_the_nearest_name(path: tuple[str, ...], tmp_path: Path) -> None:
    data, wrong, right = misspelt(path)
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(data, sort_keys=False, width=1000), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_scenario(tmp_path / "s.yaml")
    check_sentence(str(caught.value), f"{'.'.join(path)}.{wrong}: ", f'"{wrong}"', f'did you mean "{right}"?')


def test_every_block_of_conduct_is_there() -> None:
    """The scenario that is spoilt says something in every block that the model of conduct has."""
    from trialsim.spec.conduct import Conduct

    assert set(Conduct.model_fields) == set(GOOD["conduct"])
    assert len(BLOCKS) > 30


# ---------------------------------------------------------------- arms

PER_ARM = [
    "response/progressive",
    "response/not_evaluable",
    "progression/stable/per_month",
    "progression/response/per_month",
    "crossover/probability",
    "withdrawal/per_month",
    "death/before_progression_per_month",
    "death/after_progression_per_month",
    "toxicity/rate",
    "toxicity/stop_if/at_least",
    "adverse_events/events/0/any_grade",
    "adverse_events/events/1/severe",
    "exposure/dose",
]


@pytest.mark.parametrize("path", PER_ARM)
def test_every_arm_has_its_value_and_no_other_does(path: str, tmp_path: Path) -> None:
    value = 1 if path in ("toxicity/stop_if/at_least", "exposure/dose") else 0.2 if "any_grade" in path else 0.01
    where = f"conduct.{path.replace('/', '.')}: "
    for arms, needles in [
        (("low dose",), ("high dose", "every arm needs one")),
        (("low dose", "hihg dose"), ('"hihg dose"', 'did you mean "high dose"?')),
        (("low dose", "high dose", "placebo"), ('"placebo"', "low dose, high dose")),
        ((), ("low dose", "every arm needs one")),
    ]:
        check_sentence(refusal(tmp_path, {f"conduct/{path}": dict.fromkeys(arms, value)}), where, *needles)


# ---------------------------------------------------------------- what makes no sense

PERIOD = {"from_month": 0, "per_month": 3}
RESPONSES = {"kind": "responses", "at_least": 3}
LIMIT = {"kind": "confidence-limit", "side": "lower", "above": 0.2, "interval": "clopper-pearson", "level": 0.9}


def seen(*shares: tuple[float, float]) -> list[dict[str, float]]:
    return [{"day": day, "probability": share} for day, share in shares]


NONSENSE = [
    # enrolment
    bad("enrolment", {"per_month": 3, "entry_days": [1]}, "per_month says already", names="enrolment.entry_days"),
    bad("enrolment", {"rates": [PERIOD], "window": {"days": 9}}, "rates says already", names="enrolment.window"),
    bad("enrolment", {"per_month": 0}, "found 0", "more than 0", names="enrolment.per_month"),
    bad("enrolment/rates", [], "at least 1"),
    bad("enrolment/rates", [{**PERIOD, "per_month": 0}], "every rate is 0", "nobody would ever enter"),
    bad("enrolment/rates", [{**PERIOD, "from_month": 1}], "begins at month 0", names="enrolment.rates.0.from_month"),
    bad("enrolment/rates/1/from_month", 0, "out of order"),
    bad(
        "enrolment/rates",
        [PERIOD, {**PERIOD, "from_month": 5}, {**PERIOD, "from_month": 2}],
        "out of order",
        names="enrolment.rates.2.from_month",
    ),
    bad("enrolment", {"entry_days": [3, 2]}, "out of order", names="enrolment.entry_days"),
    bad("enrolment", {"entry_days": []}, "at least 1", names="enrolment.entry_days"),
    bad("enrolment", {"entry_days": [1, -1]}, "found -1", "at least 0", names="enrolment.entry_days.1"),
    bad("enrolment", {"entry_days": [36_526]}, "at most 36,525", names="enrolment.entry_days.0"),
    bad("enrolment", {"window": {"days": 0}}, "more than 0", names="enrolment.window.days"),
    bad("enrolment", {"window": {"days": 9, "power": 0}}, "at least 0.05", names="enrolment.window.power"),
    bad("enrolment", {"window": {"power": 1}}, '"days" is missing', names="enrolment.window.days"),
    bad("enrolment", {"window": {"days": 9, "patients": 0}}, "at least 1", names="enrolment.window.patients"),
    bad("enrolment", {"poisson": 3}, '"poisson"', "entry_days, per_month, rates, window", names="enrolment.poisson"),
    bad("enrolment", None, "found nothing", "a mapping"),
    bad("allocation/block_sizes", [4, 3], "3 is not a multiple of 2", "1:1", names="allocation.block_sizes.1"),
    bad("allocation/block_sizes", 4, "found 4", "a list"),
    # visits, response, confirmation
    bad("visits/days", [91, 30], "out of order", "30 after 91", names="visits.days.1"),
    bad("visits/days", [30, 30], "out of order", names="visits.days.1"),
    bad("visits", {"then_every_days": 30}, "give days too", names="visits.then_every_days"),
    bad("visits/then_every_days", 0.5, "found 0.5", "at least 1"),
    bad("response/first_seen", [], "at least 1"),
    bad("response/first_seen", seen((91, 0.5), (30, 0.5)), "30 after 91", names="response.first_seen.1.day"),
    bad("response/first_seen", seen((30, 0.5), (91, 0.4)), "sum to 0.9", "must sum to 1"),
    bad("response/first_seen", seen((30, 0.7), (91, 0.7)), "sum to 1.4", "must sum to 1"),
    bad("progression/early", seen((91, 0.5), (30, 0.5)), "30 after 91", names="progression.early.1.day"),
    bad("progression/early", seen((91, 0.5)), "sum to 0.5", "must sum to 1"),
    bad("response/confirmation/after_days", [84, 28], "ends (day 28) before it begins (day 84)"),
    bad("response/confirmation/after_days", 28, "found 28", "a list"),
    bad("response/confirmation/at_next_visit", True, "after_days says already"),
    bad("response/rate_is_of", "everybody", 'found "everybody"', "all, evaluable"),
    bad("unevaluable", "drop", 'found "drop"', 'did you mean "dropped"?'),
    # classes
    bad("response/progressive", 0.97, "low dose", "0.97", "0.05", "sum to 1.02", "at most 1"),
    Bad(
        "conduct/response/progressive/high dose",
        0.7,
        "truths.1.response_rate",
        ("truth mixed", "arm high dose", "response (0.3)", "progressive (0.7)", "sum to 1.05", "at most 1"),
    ),
    Bad("conduct/response/not_evaluable", 0.76, "truths.0.response_rate", ("truth none", "sum to 1.01")),
    bad("crossover/outcome/stable", 0.95, "sum to 1.05", "at most 1"),
    bad("crossover/failure_after_days", [90, 30], "ends (day 30) before it begins (day 90)"),
    bad("crossover/outcome", GONE, "missing"),
    bad("crossover/failure_after_days", GONE, "missing"),
    # looks
    bad("looks/gat", {}, 'no look "gat"', 'did you mean "gate"?'),
    bad("looks/gate/fires", "when_decidd", 'did you mean "when_decided"?'),
    bad("looks/gate/fires", 3, "found 3", "when_decided, when_known"),
    bad("looks/gate/fires", None, "found nothing", "when_decided, when_known"),
    bad("looks/gate/fires", {"deaths": 0}, "at least 1", names="looks.gate.fires.deaths"),
    bad("looks/gate/fires", {"deaths": 2.5}, "a whole number", names="looks.gate.fires.deaths"),
    bad("looks/gate/fires", {"deaths": 41}, "can never fire", "41 deaths", "40", names="looks.gate.fires.deaths"),
    bad("looks/gate/fires", {"failures": 61}, "can never fire", "61 failures", names="looks.gate.fires.failures"),
    bad("looks/gate/fires", {"day": 721}, "can never fire", "721", "720", names="looks.gate.fires.day"),
    bad("looks/gate/fires", {"after_days": 721}, "can never fire", "720", names="looks.gate.fires.after_days"),
    bad("looks/gate/fires", {"completed_days": 721}, "can never fire", names="looks.gate.fires.completed_days"),
    bad("looks/gate/counts", "first", 'found "first"', 'did you mean "first_seen"?'),
    bad("looks/gate/hold", "until_decidd", 'did you mean "until_decided"?'),
    bad("looks/gate/hold", True, "found true", "none, until_decided"),
    bad("looks/gate", "now", 'found "now"', "a mapping of fields"),
    bad("looks/final", {"fires": "when_known"}, "final look", "data cut-off", "only counts"),
    bad("looks/final", {"fires": {"day": 3}}, "final look", "data cut-off", "only counts"),
    bad("looks/final", {"hold": "none"}, "final look", "data cut-off", "only counts"),
    *(
        bad(
            "looks/gate",
            {"fires": {kind: 3}, "hold": "until_decided"},
            "a hold with no way to end",
            kind.replace("_", " "),
            "use hold: none",
            names="looks.gate.hold",
        )
        for kind in ("deaths", "failures", "day", "completed_days")
    ),
    # cut-off, survival
    bad("cutoff", {"day": 9, "days_after_last_entry": 4}, "day says already", names="cutoff.days_after_last_entry"),
    bad("cutoff/day", 0, "found 0", "more than 0"),
    bad("cutoff", 5, "found 5", "a mapping"),
    bad("survival/at_days", [], "at least 1"),
    bad("survival/at_days", [365, 183], "out of order", "183 after 365", names="survival.at_days.1"),
    bad("survival/failure_at", "exit", 'found "exit"', "progression, leaving"),
    bad("on_treatment_at_days", [5] * 21, "at most 20"),
    # toxicity, adverse events, status, exposure
    bad(
        "toxicity/stop_if",
        {**RESPONSES, "kind": "respnses"},
        'did you mean "responses"?',
        names="toxicity.stop_if.kind",
    ),
    bad("toxicity/stop_if", {"at_least": 3}, '"kind" is missing', "responses, exact-test, confidence-limit"),
    bad("toxicity/stop_if", {**LIMIT, "above": 1.2}, "found 1.2", RATE, names="toxicity.stop_if.above"),
    bad("toxicity/watched", "always", 'found "always"', "looks, continuous"),
    bad("toxicity/rate", GONE, "missing"),
    bad("adverse_events/events", [], "at least 1"),
    bad("adverse_events/events/1/severe", 0.4, "0.4", "severely", "0.3"),
    bad("adverse_events/events/0/severe/high dose", 0.7, "0.7", "0.6", names="adverse_events.events.0.severe"),
    bad("adverse_events/events/1/name", "rash", '"rash"', "twice"),
    bad("adverse_events/events/1/name", "", "not empty"),
    bad("performance_status/transition", [[0.9, 0.1]], "1 rows for 2 states", "one row per state"),
    bad("performance_status/transition/1", [0.5], "1 probabilities for 2 states"),
    bad("performance_status/transition/1", [0.5, 0.4], "sum to 0.9", "must sum to 1"),
    bad("performance_status/baseline", [0.6, 0.5], "sum to 1.1", "must sum to 1"),
    bad("performance_status/baseline", [1], "1 probabilities for 2 states"),
    bad("performance_status/states", ["0"], "at least 2"),
    bad("exposure/sample_hours", [0, 1, 24], "at least 4"),
    bad("exposure/sample_hours", [0, 2, 1, 24], "out of order", "1 after 2", names="exposure.sample_hours.2"),
    bad("exposure/sample_hours", [1, 2, 3, 24], "samples at 0 and at the end of the dosing interval"),
    bad("exposure/sample_hours", [0, 1, 2, 23], "samples at 0 and at the end of the dosing interval"),
    bad("exposure/auc_mean", 0, "at least 0.001"),
    bad("exposure/reference_dose", 0, "more than 0"),
    bad("exposure/half_life_hours", 0, "more than 0"),
    bad("exposure/absorption_per_hour", 0, "more than 0"),
    # match, sensitivity
    bad("match/truth", "mixd", 'no truth "mixd"', 'did you mean "mixed"?'),
    bad("match/plan", "smal", 'no plan "smal"', 'did you mean "small"?'),
    bad("match/results", [], "at least 1"),
    bad("match/results/0/printed", "four", 'found "four"', "a number"),
    bad("match/results/0/digits", -1, "at least 0"),
    bad("sensitivity/0/set", {}, "at least 1"),
    bad("sensitivity/0/set", {"seed": 3}, 'not "seed"', "design", "plans", "conduct", names="sensitivity.0.set.seed"),
    bad("sensitivity/0/set", {"conduct.looks.gat.counts": "first_seen"}, '"first seen"', "gat", "gate"),
    bad("sensitivity/0/set", {"conduct.withdrawal.per_month.x": 1}, "does not exist", '"x"'),
    bad("sensitivity/0/set", {"plans.tiny.cap": 1}, "does not exist", '"tiny"', "small, large"),
    bad("sensitivity/0/set", {"design.looks.gate.at.per_arm": 100}, "no sense", "gate", "100", "20"),
    bad("sensitivity/0/set", {"plans": []}, "no sense", "conduct.match.plan", '"small"'),
    bad("sensitivity/0/set", {"conduct.match.truth": "x"}, "no sense", "conduct.match.truth", "none, mixed"),
    bad(
        "sensitivity/0/set",
        {"conduct.looks.gate.hold": "until_decided", "conduct.unevaluable": "replaced"},
        "no sense",
        "a hold with no way to end",
    ),
    # as a whole
    Bad("conduct", [], "conduct", ("found a list", "a mapping")),
    Bad("conduct", "slow", "conduct", ('found "slow"', "a mapping")),
    Bad("conduct", True, "conduct", ("found true", "a mapping")),
]


@pytest.mark.parametrize("case", NONSENSE, ids=shown)
def test_what_makes_no_sense_is_refused(case: Bad, tmp_path: Path) -> None:
    sentence = refusal(tmp_path, {case.path: case.value})
    check_sentence(sentence, "s.yaml, line", f"{case.names}: ", *case.needles)


def test_a_hold_with_replacement_has_no_way_to_end(tmp_path: Path) -> None:
    changes = {"conduct/unevaluable": "replaced", "conduct/looks/gate/hold": "until_decided", "conduct/sensitivity": []}
    check_sentence(refusal(tmp_path, changes), "conduct.looks.gate.hold: ", "a hold with no way to end", "hold: none")


def test_classes_are_judged_as_the_rate_is_meant(tmp_path: Path) -> None:
    """0.3 of evaluable patients are 0.15 of all, if half of them are not evaluable: with 0.35 progressive all fits."""
    changes = {
        "conduct/response/progressive": {"low dose": 0.2, "high dose": 0.35},
        "conduct/response/not_evaluable": 0.5,
    }
    check_sentence(refusal(tmp_path, changes), "truths.1.response_rate", "sum to 1.15")
    load_scenario(written(tmp_path, {**changes, "conduct/response/rate_is_of": "evaluable"}))


def test_looks_are_judged_under_every_plan(tmp_path: Path) -> None:
    """50 deaths can come among the 60 patients of one plan, but not among the 40 of the other."""
    changes: dict[str, Any] = {"conduct/looks/interim/fires": {"deaths": 50}}
    check_sentence(refusal(tmp_path, changes), "looks.interim.fires.deaths", "50 deaths", "at most 40 patients")
    changes |= {"plans/0/cap": {"low dose": 30, "high dose": 30}}
    load_scenario(written(tmp_path, changes))


def test_overrides_are_read_as_carefully(tmp_path: Path) -> None:
    path = written(tmp_path, {})
    for override, needles in [
        ("conduct.withdrawal.per_month=-1", ("conduct.withdrawal.per_month", "found -1", "at least 0")),
        ("conduct.withdrawl.per_month=1", ('"withdrawl"', 'did you mean "withdrawal"?')),
        ("conduct.allocation.block_sizes=[3]", ("block_sizes.0", "not a multiple of 2")),
        ("conduct.looks.gate.fires={day: 800}", ("looks.gate.fires.day", "can never fire")),
        ("conduct.cutoff.day=.nan", ("conduct.cutoff.day", "found nan")),
    ]:
        with pytest.raises(InputError) as caught:
            load_scenario(path, [override])
        check_sentence(str(caught.value), f"--set {override}", *needles)


# ---------------------------------------------------------------- unions, readings, matches

UNCLEAR = [
    bad("looks/gate/fires", {}, "exactly one of"),
    bad("looks/gate/fires", {"day": 3, "deaths": 2}, "exactly one of"),
    bad("looks", [], "found a list; accepted: a mapping from look"),
    bad("response/confirmation/after_days", [28], "two", names="response.confirmation.after_days"),
    bad("sensitivity/0/set", {"conduct.withdrawl.per_month": 1}, "withdrawl", "withdrawal"),
    bad("sensitivity/0/set", {"conduct.withdrawal.per_month": -1}, "per_month", "at least 0"),
    bad("sensitivity/0/set", {"conduct.looks.gate.counts": "first"}, "first_seen", "counts"),
    bad("sensitivity/0/set", {"conduct": 5}, "a mapping"),
    bad("sensitivity/0/set", {"conduct": None}, "conduct"),
    bad("match/results/0/quantity", "death", 'did you mean "deaths"?'),
    bad("match/results/0/arm", "high dos", 'did you mean "high dose"?'),
    bad("match/results/1/at", "day 366", "day 365", names="match.results.1"),
    bad("match/results/0/look", "gate", "deaths", names="match.results.0"),
    bad("response/confirmation", {"at_next_visit": "yes"}, "true or false"),
    bad("on_treatment_at_days", [122, 122], "122"),
    bad("performance_status/states", ["0", "0"], "twice"),
    bad("sensitivity/1/name", "first seen", "twice"),
    bad("match/results/1/label", "deaths", "twice"),
]


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=shown(case)) for case in UNCLEAR],
)
def test_what_should_be_refused_clearly(case: Bad, tmp_path: Path) -> None:
    sentence = refusal(tmp_path, {case.path: case.value})
    check_sentence(sentence, "s.yaml, line", case.names, *case.needles)
    assert ".trigger" not in sentence


NO_LATER_VISIT = {
    "conduct/visits": {"days": [30]},
    "conduct/response/confirmation": {"at_next_visit": True},
}


def test_confirmation_at_a_next_visit_that_is_none_is_seen_on_loading(tmp_path: Path) -> None:
    check_sentence(refusal(tmp_path, NO_LATER_VISIT), "at_next_visit", "no visit is scheduled", "day 30")


# ---------------------------------------------------------------- the command line


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Return the command line, called in this process in an empty folder."""
    from trialsim.cli import main

    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["trialsim", *words])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        except Exception as error:  # a process would print a traceback
            return Ran(1, capsys.readouterr().out, f"Traceback: {error!r}")
        return Ran(code, *capsys.readouterr())

    return call


@pytest.mark.parametrize("verb", ["run", "check", "replay"])
def test_the_command_line_says_it_in_one_line(verb: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    """Exit code 2, one line on stderr, nothing on stdout, nothing written."""
    for case in NONSENSE[:: 9 if verb == "run" else 27]:
        written(tmp_path, {case.path: case.value})
        before = contents(tmp_path)
        found = complaint(cli(verb, "s.yaml"), "s.yaml, line", f"{case.names}: ", *case.needles)
        assert found is None, found
        assert contents(tmp_path) == before


def test_the_command_line_names_the_override(cli: Callable[..., Ran], tmp_path: Path) -> None:
    written(tmp_path, {})
    ran = cli("run", "s.yaml", "--set", "conduct.death.before_progression_per_month=-1")
    assert complaint(ran, "--set conduct.death.before_progression_per_month=-1, ", "found -1") is None


# ---------------------------------------------------------------- what only goes badly is run and reported


def strict(result: Result) -> dict[str, Any]:
    def refuse(word: str) -> float:
        raise AssertionError(f"{word} is not JSON")

    found: dict[str, Any] = json.loads(as_json(result), parse_constant=refuse)
    return found


class Conducted(NamedTuple):
    """The calendar's measures under one plan and truth."""

    result: Result

    def __call__(self, measure: str, arm: str | None = None, look: str | None = None, **more: Any) -> float | None:
        wanted = {"value": None, "given": None, "variant": None, **more}
        found = [
            record
            for record in self.result.records
            if (record.engine, record.plan, record.truth) == ("calendar", "small", "mixed")
            and (record.measure, record.arm, record.look) == (measure, arm, look)
            and all(getattr(record, name) == value for name, value in wanted.items())
        ]
        assert len(found) == 1, (measure, arm, look, len(found))
        return found[0].estimate


def conducted(**changes: Any) -> Conducted:
    data = document(**changes)
    data["plans"], data["truths"] = data["plans"][:1], data["truths"][1:]
    result = run(Scenario.model_validate(data))
    strict(result)
    return Conducted(result)


SLOW = {
    "slow enrolment": {"per_month": 0.8},
    "the last rate is 0": {"rates": [{"from_month": 0, "per_month": 10}, {"from_month": 2, "per_month": 0}]},
    "fewer entry days than patients": {"entry_days": [10 * day for day in range(20)]},
    "entry days beyond the cut-off": {"entry_days": [40 * day for day in range(40)]},
    "a window longer than the trial": {"window": {"days": 3000}},
}


@pytest.mark.parametrize("name", SLOW)
def test_a_cap_that_is_never_reached_is_reported(name: str) -> None:
    value = conducted(**{"conduct/enrolment": SLOW[name]})
    n, largest = value("n_mean"), value("n_quantile", value=0.95)
    assert n is not None
    assert largest is not None
    assert 5 < n < 36
    assert largest < 40
    interim = value("p_takes_place", None, "interim")
    assert interim is not None
    assert interim < 1
    assert (
        interim
        == 1 - sum(record.estimate == 0.0 for record in value.result.records if record.measure == "p_takes_place")
        or 0 <= interim
    )
    reached = value("p_reached", None, "interim")
    assert reached == interim
    assert value("cutoff_mean") == 720


def test_a_look_that_waits_for_deaths_that_do_not_come_is_reported() -> None:
    changes = {"conduct/looks/interim/fires": {"deaths": 5}, "conduct/death": {}}
    value = conducted(**changes)
    assert value("p_takes_place", None, "gate") == 1.0
    assert value("p_takes_place", None, "interim") == 0.0
    assert value("day_mean", None, "interim") is None
    assert value("deaths_mean", "pooled") == 0.0
    assert value("p_success", "pooled", "interim") == 0.0


def test_looks_not_reached_are_shared_out_between_trials() -> None:
    """Some trials reach the interim analysis before the cut-off and some do not: the share is reported."""
    value = conducted(**{"conduct/cutoff/day": 480})
    share, n = value("p_takes_place", None, "interim"), 40
    assert share is not None
    assert 0 < share < 1
    assert share * n == round(share * n)


def test_the_trials_that_miss_a_look_are_named() -> None:
    """Their numbers and their share, from the trials themselves; arms that have stopped miss nothing."""
    from trialsim.calendar import study_of
    from trialsim.engines.calendar import columns_of, trials
    from trialsim.kernels.clinic import MISSING

    data = document(**{"conduct/cutoff/day": 370})
    data["plans"], data["truths"] = data["plans"][:1], data["truths"][1:]
    scenario = Scenario.model_validate(data)
    assert scenario.conduct is not None
    _, design = scenario.designs()[0]
    study = study_of(design, scenario.conduct, (0.05, 0.3), scenario.seed)
    where = {(column.quantity, column.arm, column.look): i for i, column in enumerate(columns_of(study))}
    matrix = trials(study, 0, 40)
    goes_on = (matrix[:, [where["stop_look", arm, None] for arm in (0, 1)]] == -1).any(axis=1)
    never = (goes_on & (matrix[:, where["look_day", None, 1]] == MISSING)).nonzero()[0].tolist()
    result = run(scenario)
    (missed,) = [each for each in result.missed if each.look == "interim"]
    assert 3 < len(never) < 40
    assert (missed.n, missed.n_trials, missed.trials) == (len(never), 40, tuple(never[:3]))
    assert [each["trials"] for each in strict(result)["missed_looks"] if each["look"] == "interim"] == [never[:3]]


@pytest.mark.parametrize("fires", ["when_decided", "when_known", {"after_days": 90}], ids=str)
def test_a_hold_ends(fires: Any) -> None:
    """Enrolment goes on after the decision, up to the cap where both arms go on; nobody is overrun at the gate."""
    looks = {"gate": {"fires": fires, "hold": "until_decided"}, "interim": {"fires": fires, "hold": "until_decided"}}
    changes = {
        "conduct/looks": looks,
        "conduct/sensitivity": [],
        "conduct/cutoff": {"days_after_last_entry": 30},
        "conduct/toxicity": None,
        "truths/1/response_rate": 0.6,
    }
    value = conducted(**changes)
    assert value("p_takes_place", None, "gate") == value("p_takes_place", None, "interim") == 1.0
    assert value("n_quantile", value=0.95) == 40
    overrun = value("overrun_mean", None, "gate")
    assert overrun is not None
    assert overrun < 0.2
    without = {name: {"fires": fires} for name in looks}
    free = conducted(**{**changes, "conduct/looks": without})("overrun_mean", None, "gate")
    assert free is not None
    assert free > overrun + 5
    later, sooner = value("day_mean"), conducted(**{**changes, "conduct/looks": without})("day_mean")
    assert later is not None
    assert sooner is not None
    assert later > sooner + 30


def test_everybody_leaves_at_once() -> None:
    value = conducted(**{"conduct/withdrawal/per_month": 1000, "conduct/death/before_progression_per_month": 1000})
    assert value("responses_mean", "pooled") == 0.0
    assert value("p_stop", "low dose", "gate") == value("p_stop", "high dose", "gate") == 1.0
    assert value("on_study_mean", "pooled") == 0.0


def test_the_rarest_and_the_most_frequent_are_run() -> None:
    """Hazards at the edge of floats, events that everybody and nobody has, correlations of 0 and 1."""
    for correlation in (0, 1):
        value = conducted(
            **{
                "conduct/withdrawal/per_month": 5e-324,
                "conduct/crossover": None,
                "conduct/progression": {},
                "conduct/enrolment": {"window": {"days": 1e-300}},
                "conduct/adverse_events": {
                    "events": [
                        {"name": "nobody", "any_grade": 0},
                        {"name": "everybody", "any_grade": 1, "severe": 1},
                        {"name": "mild", "any_grade": 1, "severe": 0},
                    ],
                    "correlation": {"any_grade": correlation, "severe": correlation},
                },
                "conduct/toxicity": {"rate": 1, "within_days": 0},
            }
        )
        assert value("withdrawn_mean", "pooled") == value("any_grade_mean", "pooled", variant="nobody") == 0.0
        assert value("severe_mean", "pooled", variant="everybody") == value("n_mean") == 40
        assert value("severe_mean", "pooled", variant="mild") == 0.0
        assert value("toxicities_mean", "pooled") == 40


# ---------------------------------------------------------------- nobody

NOBODY: dict[str, dict[str, Any]] = {
    "entry days after the cut-off": {"conduct/enrolment": {"entry_days": [800]}},
    "a pause until after the cut-off": {
        "conduct/enrolment": {"rates": [{"from_month": 0, "per_month": 0}, {"from_month": 30, "per_month": 5}]}
    },
    "a rate that brings nobody": {"conduct/enrolment": {"per_month": 1e-9}},
    "a rate that brings nobody in a hundred years": {
        "conduct/enrolment": {"per_month": 1e-9},
        "conduct/cutoff": {"days_after_last_entry": 30},
    },
    "a cut-off at the beginning": {"conduct/cutoff": {"day": 1e-9}, "conduct/looks": {}, "conduct/sensitivity": []},
}
NOT_COUNTED = {
    "conduct/unevaluable": "dropped",
    "conduct/response/rate_is_of": "evaluable",
    "conduct/response/progressive": 0,
    "conduct/response/not_evaluable": 1,
}


@pytest.mark.parametrize("name", NOBODY)
def test_nobody_enters(name: str) -> None:
    value = conducted(**NOBODY[name])
    assert value("n_mean") == 0.0
    for look in ("gate", "interim"):
        assert value("p_takes_place", None, look) == 0.0
        assert value("day_mean", None, look) is None
    for measure in ("deaths_mean", "best_response_mean", "on_study_mean", "toxicities_mean"):
        assert value(measure, "pooled") == 0.0
    for measure in ("last_entry_mean", "follow_up_mean", "time_to_response_mean"):
        assert value(measure) is None
    assert value("os_mean", "pooled", variant="day 365") is None


def test_nobody_can_be_evaluated() -> None:
    """All patients are enrolled and none of them counts: sizes are there, rates are not."""
    value = conducted(**NOT_COUNTED)
    n = value("n_mean")
    assert n is not None
    assert n > 20
    assert value("not_evaluable_mean", "pooled") == n
    assert value("responses_mean", "pooled") == 0.0


# ---------------------------------------------------------------- too large for floats or for memory


def test_a_window_with_the_smallest_power() -> None:
    with pytest.raises(ValueError, match=r"greater than or equal to 0\.05"):
        conducted(**{"conduct/enrolment": {"window": {"days": 300, "power": 1e-6, "patients": 30}}})
    conducted(**{"conduct/enrolment": {"window": {"days": 300, "power": 0.05, "patients": 30}}})


def test_an_exposure_with_the_smallest_mean() -> None:
    with pytest.raises(ValueError, match=r"greater than or equal to 0\.001"):
        conducted(**{"conduct/exposure/auc_mean": 1e-300, "conduct/exposure/auc_sd": 1000})
    conducted(**{"conduct/exposure/auc_mean": 0.001, "conduct/exposure/auc_sd": 1000})


def test_a_number_too_long_for_a_float_through_python() -> None:
    """YAML files have it read as text; a scenario made in Python does not."""
    with pytest.raises(ValueError):
        Scenario.model_validate(document(**{"conduct/withdrawal/per_month": 10**400}))
