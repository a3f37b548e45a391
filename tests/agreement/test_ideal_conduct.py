"""Calendar conduct without delays is ideal conduct: every measure that has an exact value, for designs of every kind.

Responses are there, confirmed, the minute a patient enters; nobody leaves; looks fire as soon as their patients are in.
What then still differs is by construction, and the designs here avoid it: a look takes its patients as the permuted
blocks gave them, where ideal conduct shares them out exactly. So every look of every design here falls at the end of a
block: its numbers per arm stand in the ratio of the arms, its totals are whole blocks (of the arms still in the trial),
in each way that earlier looks can end. `test_looks_inside_a_block_differ` shows that it matters.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.agreement import designs as d
from trialsim import Design, Scenario, load_scenario, run
from trialsim.calendar import study_of
from trialsim.compile import compile_design
from trialsim.endings import CalendarTally
from trialsim.engines.calendar import CalendarStudy, columns_of, one_trial, simulate_trials, trials
from trialsim.engines.exact import solve
from trialsim.kernels import clinic as c
from trialsim.oc.agreement import compare, z_limit
from trialsim.oc.conduct import as_endings
from trialsim.oc.entry import Setting
from trialsim.oc.mcse import Estimate, proportion
from trialsim.oc.table import table

N_SIMS = 6_000
QUANTILES = (0.05, 0.5, 0.95)
INTERVALS = ("clopper-pearson", "wilson")
RATES = {"mixed": (0.3, 0.15, 0.45), "low": (0.1, 0.1, 0.05)}


def responses(at_least: int | dict[str, int]) -> d.Data:
    return {"kind": "responses", "at_least": at_least}


def limit(side: str, above: float, level: float = 0.9) -> d.Data:
    return {"kind": "confidence-limit", "side": side, "above": above, "interval": "clopper-pearson", "level": level}


FINAL = {"at": "full_enrolment"}
FINAL_OF_ARMS = {**FINAL, "success_if": {"rule": limit("lower", 0.15)}}

DESIGNS: dict[str, d.Data] = {
    "two looks, efficacy and futility, 1:1": d.data_of(
        [1, 1],
        [24, 30],
        [
            {
                "at": {"per_arm": 8},
                "continue_if": {"rule": responses(1)},
                "success_if": {"then": "stop", "rule": responses(5)},
            },
            {"at": {"per_arm": 16}, "success_if": {"then": "stop", "rule": limit("lower", 0.2)}},
            FINAL_OF_ARMS,
        ],
    ),
    "one arm stopped stops the trial": d.data_of(
        [1, 1],
        [24, 30],
        [
            {"at": {"per_arm": 8}, "continue_if": {"rule": responses({"A": 1, "B": 2})}},
            {"at": {"per_arm": 16}, "success_if": {"then": "stop", "rule": limit("lower", 0.2)}},
            FINAL_OF_ARMS,
        ],
        "stop_trial",
    ),
    "three arms 2:1:1, refill": d.data_of(
        [2, 1, 1],
        80,
        [
            {
                "at": {"per_arm": {"A": 12, "B": 6, "C": 6}},
                "continue_if": {"rule": responses({"A": 3, "B": 2, "C": 1})},
            },
            {"at": {"per_arm": {"A": 24, "B": 12, "C": 12}}, "continue_if": {"rule": limit("upper", 0.4)}},
            FINAL_OF_ARMS,
        ],
        "refill",
    ),
    "three arms, several looks at totals": d.data_of(
        [1, 1, 1],
        60,
        [
            {"at": {"per_arm": 6}, "continue_if": {"rule": responses(1)}},
            {"at": {"total": 30}, "success_if": {"of": "pooled", "rule": responses(9)}},
            {"at": {"total": 42}, "continue_if": {"of": "pooled", "rule": responses(8)}},
            FINAL_OF_ARMS,
        ],
    ),
    "pooled rules with an efficacy stop, 1:2": d.data_of(
        [1, 2],
        [20, 40],
        [
            {"at": {"total": 15}, "continue_if": {"of": "pooled", "rule": responses(3)}},
            {
                "at": {"total": 30},
                "continue_if": {"of": "pooled", "rule": responses(7)},
                "success_if": {"of": "pooled", "then": "stop", "rule": responses(12)},
            },
            {**FINAL, "success_if": {"of": "pooled", "rule": limit("lower", 0.2)}},
        ],
    ),
    "pooled success of all arms, 3:1 refill": d.data_of(
        [3, 1],
        [36, 12],
        [
            {"at": {"per_arm": {"A": 9, "B": 3}}, "continue_if": {"rule": responses({"A": 2, "B": 1})}},
            {"at": {"total": 36}, "success_if": {"of": "pooled", "requires_all_arms": True, "rule": responses(8)}},
            {**FINAL, "success_if": {"of": "pooled", "requires_all_arms": True, "rule": limit("lower", 0.2)}},
        ],
        "refill",
    ),
    "one arm, five looks": d.data_of(
        [1],
        50,
        [{"at": {"total": 10 * k}, "continue_if": {"rule": responses(2 * k - 1)}} for k in range(1, 5)]
        + [FINAL_OF_ARMS],
    ),
}
SHIPPED = ("gist", "simon-20-40")

CONDUCTS: dict[str, dict[str, Any]] = {
    "nothing said": {},
    "given days": {
        "enrolment": {"entry_days": [0.25 * day for day in range(200)]},
        "cutoff": {"days_after_last_entry": 0},
    },
    "window, looks when decided": {
        "enrolment": {"window": {"days": 3000, "power": 1.5}},
        "fires": "when_decided",
        "cutoff": {"day": 3100},
    },
    "rates, looks after no days": {
        "enrolment": {"rates": [{"from_month": 0, "per_month": 2}, {"from_month": 9, "per_month": 0.5}]},
        "fires": {"after_days": 0},
        "cutoff": {"days_after_last_entry": 30},
    },
}
"""Each without any delay: the class of a patient is known, and a response confirmed, on entry."""


class Case(NamedTuple):
    """A design under calendar conduct and a truth."""

    design: Design
    setting: Setting
    study: CalendarStudy


def case_of(data: d.Data | str, conduct: dict[str, Any], rates: tuple[float, ...]) -> Case:
    design = load_scenario(data).design if isinstance(data, str) else Design.model_validate(data)
    block = {"block_sizes": [design.allocation.block_size or sum(design.ratio)]}
    said = {name: value for name, value in conduct.items() if name != "fires"}
    said["allocation"] = block if conduct else {}
    if "fires" in conduct:
        said["looks"] = {look: {"fires": conduct["fires"]} for look in design.look_names[:-1]}
    scenario = Scenario.model_validate(
        {
            "schema": "trialsim.scenario/1",
            "name": "ideal",
            "design": design,
            "truths": [{"name": "x", "response_rate": 0}],
            "conduct": said,
        }
    )
    assert scenario.conduct is not None
    rates = rates[: len(design.arms)]
    names = design.arm_names, design.look_names
    setting = Setting(compile_design(design), *names, rates, INTERVALS, design.analysis.level, QUANTILES)
    return Case(design, setting, study_of(design, scenario.conduct, rates, 5))


class Compared(NamedTuple):
    """z of every measure that is judged, and the limit that all must keep."""

    z: dict[tuple[Any, ...], float]
    limit: float

    @property
    def worst(self) -> tuple[float, tuple[Any, ...]]:
        return max(((abs(z), key) for key, z in self.z.items()), key=lambda item: item[0])


_EXPECTED: dict[Any, dict[tuple[Any, ...], Estimate]] = {}


def expected_of(case: Case, rates: tuple[float, ...], n: int) -> dict[tuple[Any, ...], Estimate]:
    """Return the exact value of every measure with the standard error that `n` trials have."""
    key = (case.design.model_dump_json(), rates, n)
    if key not in _EXPECTED:
        exact = solve(case.setting.plan, rates).scaled(n)
        _EXPECTED[key] = {entry.key: entry.estimate for entry in table(case.setting, exact)}
    return _EXPECTED[key]


def compared(case: Case, tally: CalendarTally, rates: tuple[float, ...] | None = None) -> Compared:
    """Hold the measures of calendar trials against their exact values under ideal conduct."""
    setting, n = case.setting, tally.n_trials
    expected = expected_of(case, setting.rates if rates is None else rates, n)
    plan, endings = as_endings(tally, setting.plan)
    found = {entry.key: entry.estimate for entry in table(setting._replace(plan=plan), endings)}
    assert {key[0] for key in expected} == {key[0] for key in found}
    z = {}
    for key, wanted in expected.items():
        simulated = found.get(key, Estimate(None, None, 0, ""))
        if key not in found:  # a number of patients that no trial had
            assert key[0] == "n_pmf"
            simulated = proportion(0, n)
        one = compare(simulated, wanted)
        if one.is_judged and one.z is not None:
            z[key] = one.z
    return Compared(z, z_limit(len(z)))


@pytest.mark.parametrize("conduct", CONDUCTS)
@pytest.mark.parametrize("name", [*SHIPPED, *DESIGNS])
def test_without_delays_every_measure_is_exact(name: str, conduct: str) -> None:
    case = case_of(DESIGNS.get(name, name), CONDUCTS[conduct], RATES["mixed"])
    tally = simulate_trials(case.study, N_SIMS)
    found = compared(case, tally)
    assert len(found.z) > 40
    assert found.worst[0] < found.limit, found.worst
    assert found.worst[0] > 0.5  # not the exact values themselves
    if conduct == "given days":  # nobody enters together with another: every trial ends in a way that ideal conduct has
        endings, n_arms = case.setting.plan.endings, len(case.design.arms)
        can_be = {(*n, *stop) for n, stop in zip(endings.n.tolist(), endings.stop_look.tolist(), strict=True)}
        assert {row[: 2 * n_arms] for row in tally.endings.rows} <= can_be


@pytest.mark.parametrize("name", [*SHIPPED, *DESIGNS])
def test_under_low_rates_too(name: str) -> None:
    case = case_of(DESIGNS.get(name, name), {}, RATES["low"])
    found = compared(case, simulate_trials(case.study, N_SIMS))
    assert found.worst[0] < found.limit, found.worst


@pytest.mark.parametrize("name", [*SHIPPED, *DESIGNS])
def test_slightly_different_rates_are_noticed(name: str) -> None:
    case = case_of(DESIGNS.get(name, name), {}, RATES["mixed"])
    elsewhere = tuple(rate + 0.03 for rate in case.setting.rates)
    found = compared(case, simulate_trials(case.study, N_SIMS), elsewhere)
    assert found.worst[0] > found.limit


@pytest.mark.parametrize("conduct", ["nothing said", "given days"])
@pytest.mark.parametrize("name", [*SHIPPED, *DESIGNS])
def test_nobody_is_overrun(name: str, conduct: str) -> None:
    """At each look all who have entered are its population, but for those who enter at that very minute."""
    case, n = case_of(DESIGNS.get(name, name), CONDUCTS[conduct], RATES["mixed"]), 1_500
    found, matrix = columns_of(case.study), trials(case.study, 0, n)
    where = {(column.quantity, column.arm, column.look): index for index, column in enumerate(found)}
    for look in range(len(case.design.looks) - 1):
        took_place = matrix[:, where["look_day", None, look]] != c.MISSING
        if look == 0:
            assert took_place.all()
        overrun = matrix[:, where["look_overrun", -1, look]]
        assert (overrun[took_place] >= 0).all()
        for trial in (took_place & (overrun != 0)).nonzero()[0].tolist():
            assert conduct != "given days"
            own, patients = one_trial(case.study, trial)
            day = own[where["look_day", None, look]]
            at_once = int((patients[c.ENTRY] == day).sum())
            assert own[where["look_overrun", -1, look]] <= at_once - 1


def test_looks_inside_a_block_differ() -> None:
    """Ideal conduct shares 15 patients 8 : 7; permuted blocks as often 7 : 8. That is no error, and it is seen."""
    rule = {"at": {"total": 15}, "continue_if": {"rule": responses(4)}}
    case = case_of(d.data_of([1, 1], 20, [rule, FINAL]), {}, (0.5, 0.5))
    found = compared(case, simulate_trials(case.study, 20_000))
    stops = {key[1]: z for key, z in found.z.items() if key[0] == "p_stop"}
    assert max(abs(z) for z in stops.values()) > found.limit
    assert stops["A"] > 0 > stops["B"]


def test_run_reports_the_exact_value_and_what_conduct_costs() -> None:
    """The records of a run: the calendar's value, its exact counterpart, and the difference as the cost of conduct."""
    scenario = {
        "schema": "trialsim.scenario/1",
        "name": "ideal",
        "design": DESIGNS["one arm, five looks"],
        "truths": [{"name": "x", "response_rate": 0.3}],
        "n_sims": 1_000,
        "conduct": {"n_sims": 2_000},
    }
    result = run(Scenario.model_validate(scenario))
    calendar = [r for r in result.records if r.engine == "calendar" and r.exact is not None]
    exact = {(r.measure, r.arm, r.look, r.given, r.value, r.variant): r.exact for r in result.records if r.truth}
    assert {"p_stop", "n_mean", "pet", "p_success", "ci_coverage", "rate_rmse"} <= {r.measure for r in calendar}
    for record in calendar:
        assert (
            record.exact == exact[record.measure, record.arm, record.look, record.given, record.value, record.variant]
        )
        assert record.estimate is not None
        assert record.cost == pytest.approx(record.estimate - record.exact, abs=1e-12)
        if record.measure in ("p_stop", "n_mean", "pet"):
            assert record.mcse is not None
            assert abs(record.cost) < 5 * max(record.mcse, 1e-3)
    assert any(record.cost != 0 for record in calendar)


def test_who_enters_at_the_very_minute_is_overrun() -> None:
    """Three enter each day: the 16th patient, who fills the look, brings two along."""
    conduct = {"enrolment": {"entry_days": [day // 3 for day in range(60)]}}
    case = case_of(DESIGNS["two looks, efficacy and futility, 1:1"], conduct, RATES["mixed"])
    where = {(column.quantity, column.arm, column.look): index for index, column in enumerate(columns_of(case.study))}
    matrix = trials(case.study, 0, 50)
    assert set(matrix[:, where["look_overrun", -1, 0]].tolist()) == {2}
    assert set(matrix[:, where["look_day", None, 0]].tolist()) == {5 * 1440}
    assert set(matrix[:, where["look_enrolled", -1, 0]].tolist()) == {18}
