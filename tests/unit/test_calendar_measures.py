"""Calendar measures on tallies made by hand: known columns in, mean, SD, quantiles and standard errors out."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest

from tests.agreement import designs as d
from trialsim.columns import AMOUNT, CODE, MILLIONTHS, MINUTES, PATIENTS, SIGNED, Column, Shape, columns
from trialsim.endings import BIN_WIDTH, CalendarTally, ColumnSums, Counter
from trialsim.engines.calendar_endings import endings_of
from trialsim.kernels.clinic import MISSING
from trialsim.oc.calendar import CalendarSetting, calendar_measures, column_mean, column_sd
from trialsim.oc.conduct import as_endings
from trialsim.oc.entry import Entry, Setting
from trialsim.oc.table import table

NO = int(MISSING)
WORDS = CalendarSetting(
    ("A", "B"), ("gate", "final"), (0.05, 0.5, 0.95), {"os": ("day 365",), "os_lower": ("day 365",)}
)


def tally_of(found: list[Column], rows: list[list[int]]) -> CalendarTally:
    tally = CalendarTally.empty(found)
    matrix = np.array(rows, np.int64)
    tally.add(CalendarTally(len(rows), ColumnSums.of(found, matrix), Counter(), Counter(), Counter(), Counter()))
    return tally


def measures(tally: CalendarTally, words: CalendarSetting = WORDS) -> dict[tuple[object, ...], Entry]:
    found = list(calendar_measures(words, tally))
    by_key = {entry.key: entry for entry in found}
    assert len(by_key) == len(found)
    return by_key


# ---------------------------------------------------------------- one column


def test_mean_sd_and_quantiles_of_a_look_in_days() -> None:
    days = [100, 200, 200, 300, 700]
    found = measures(tally_of([Column("look_day", MINUTES, look=0)], [[1440 * day] for day in days]))
    takes_place, mean = (
        found["p_takes_place", None, "gate", None, None, None],
        found["day_mean", None, "gate", None, None, None],
    )
    assert (takes_place.estimate.value, takes_place.estimate.mcse, takes_place.estimate.n) == (1.0, 0.0, 5)
    sd = np.std(days)
    assert mean.estimate.value == pytest.approx(300)
    assert mean.estimate.mcse == pytest.approx(sd / sqrt(5))
    spread = found["day_sd", None, "gate", None, None, None].estimate
    assert spread.value == pytest.approx(sd)
    assert spread.mcse == pytest.approx(sd / sqrt(2 * 4))
    quantiles = [found["day_quantile", None, "gate", None, p, None].estimate.value for p in WORDS.quantiles]
    assert quantiles == [100, 200, 700]


def test_quantiles_are_read_to_the_bin() -> None:
    """Days of minutes, thousandths of millionths: the lower edge of the bin that holds the quantile."""
    for unit, value, expected in (
        (MINUTES, 100 * 1440 + 1439, 100.0),
        (MILLIONTHS, 123_999, 0.123),
        (SIGNED, -1_500, -0.002),
        (SIGNED, 1_999, 0.001),
        (PATIENTS, 37, 37.0),
    ):
        entry = measures(tally_of([Column("deaths", unit)], [[value]]))["deaths_quantile", None, None, None, 0.5, None]
        assert entry.estimate.value == pytest.approx(expected), unit
        assert measures(tally_of([Column("deaths", unit)], [[value]]))[
            "deaths_mean", None, None, None, None, None
        ].estimate.value == pytest.approx({MINUTES: value / 1440, PATIENTS: value}.get(unit, value / 1e6))


def test_missing_values_are_left_out_and_counted() -> None:
    rows = [[1440 * 10, 500_000], [NO, NO], [1440 * 30, 700_000], [NO, 600_000]]
    tally = tally_of([Column("look_day", MINUTES, look=0), Column("os", MILLIONTHS, -1, point=0)], rows)
    found = measures(tally)
    assert found["p_takes_place", None, "gate", None, None, None].estimate.value == 0.5
    assert found["p_takes_place", None, "gate", None, None, None].estimate.n == 4
    assert found["day_mean", None, "gate", None, None, None].estimate.value == 20
    assert found["day_mean", None, "gate", None, None, None].estimate.n == 2
    assert found["day_mean", None, "gate", None, None, None].estimate.mcse == pytest.approx(10 / sqrt(2))
    assert found["os_known", "pooled", None, None, None, "day 365"].estimate.value == 0.75
    assert found["os_mean", "pooled", None, None, None, "day 365"].estimate.value == pytest.approx(0.6)
    assert found["os_quantile", "pooled", None, None, 0.95, "day 365"].estimate.value == pytest.approx(0.7)
    assert ("day_known", None, "gate", None, None, None) not in found  # p_takes_place says it


def test_what_no_trial_has_is_no_number() -> None:
    tally = tally_of([Column("look_day", MINUTES, look=0), Column("logrank_os", SIGNED)], [[NO, NO], [NO, NO]])
    found = measures(tally)
    assert found["p_takes_place", None, "gate", None, None, None].estimate.value == 0.0
    for key, entry in found.items():
        if key[0] not in ("p_takes_place", "logrank_os_known"):
            assert entry.estimate.value is None, key
            assert entry.estimate.mcse is None
            assert entry.estimate.n == 0
    assert column_mean(tally, 0).value is None
    assert column_sd(tally, 1).value is None
    assert ("p_logrank_os", None, None, None, 0.05, None) not in found


def test_one_trial_has_no_spread() -> None:
    tally = tally_of([Column("deaths", PATIENTS, -1)], [[4]])
    assert (column_mean(tally, 0).value, column_mean(tally, 0).mcse) == (4.0, 0.0)
    assert (column_sd(tally, 0).value, column_sd(tally, 0).mcse) == (0.0, 0.0)


def test_log_rank_is_significant_beyond_its_limit() -> None:
    values = [-2_500_000, -1_950_000, 0, 1_950_000, 1_970_000, 3_000_000, NO]
    found = measures(tally_of([Column("logrank_ttf", SIGNED)], [[value] for value in values]))
    share = found["p_logrank_ttf", None, None, None, 0.05, None].estimate
    assert (share.value, share.n) == (0.5, 6)
    assert found["logrank_ttf_mean", None, None, None, None, None].estimate.value == pytest.approx(
        sum(values[:6]) / 6e6
    )


def test_duration_is_also_told_in_months() -> None:
    found = measures(tally_of([Column("duration", MINUTES)], [[1440 * 300], [1440 * 309]]))
    months, days = (found[name, None, None, None, None, None].estimate for name in ("months_mean", "day_mean"))
    assert days.value == pytest.approx(304.5)
    assert months.value == pytest.approx(304.5 / 30.4375)
    assert months.mcse == pytest.approx(4.5 / sqrt(2) / 30.4375)


def test_what_columns_are_called() -> None:
    own = [
        Column("look_overrun", PATIENTS, 0, 0),
        Column("look_overrun", PATIENTS, -1, 0),
        Column("deaths", PATIENTS, 1),
        Column("deaths", PATIENTS, -1),
        Column("look_responses", PATIENTS, -1, 0),
        Column("enrolled", PATIENTS, -1),
        Column("stop_look", CODE, 0),
    ]
    keys = {(key[0], key[1], key[2]) for key in measures(tally_of(own, [[1, 2, 3, 4, 5, 6, -1]]))}
    assert keys == {
        (name + part, arm, look)
        for name, arm, look in (
            ("overrun", "A", "gate"),
            ("overrun", None, "gate"),
            ("deaths", "B", None),
            ("deaths", "pooled", None),
            ("counted_responses", "pooled", "gate"),
        )
        for part in ("_mean", "_sd", "_quantile")
    }
    one_arm = WORDS._replace(arms=("A",))
    assert {key[1] for key in measures(tally_of([Column("deaths", PATIENTS, -1)], [[1]]), one_arm)} == {"A"}


def test_stops_for_toxicity_are_counted_at_looks_and_between() -> None:
    own = [
        Column("look_decision", CODE, 0, 0),
        Column("stop_look", CODE, 0),
        Column("toxicities", PATIENTS, 0),
    ]
    # stop_look: 0 stopped at look 0; -1 goes on; -2 and -3 stopped before look 0 and before look 1.
    rows = [[3, 0, 5], [1, 0, 2], [0, -1, 1], [NO, -2, 6], [0, -3, 7], [0, -1, 0], [3, 0, 4], [2, 0, 0]]
    found = measures(tally_of(own, rows))
    at_look = found["p_stop_toxicity", "A", "gate", None, None, None].estimate
    between = found["p_stop_toxicity", "A", None, None, None, None].estimate
    assert (at_look.value, at_look.n) == (2 / 8, 8)
    assert (between.value, between.n) == (2 / 8, 8)
    assert between.mcse == pytest.approx(sqrt(0.25 * 0.75 / 8))
    without = [column for column in own if column.quantity != "toxicities"]
    assert not measures(tally_of(without, [row[:2] for row in rows]))


# ---------------------------------------------------------------- sums


def test_sums_are_exact_beyond_64_bits() -> None:
    """Squares of the longest times and of thousands in millionths: whole numbers of any length."""
    largest = 52_596_000  # minutes of a hundred years
    values = [largest, largest - 1, 2**32 + 12_345, -(2**32) - 999, 2**20, 2**20 - 1, -(2**20), -1, 0, NO] * 30
    own = [Column("cutoff", SIGNED), Column("last_entry", PATIENTS)]
    small = [abs(value) % 97 for value in values]
    sums = ColumnSums(own)
    for start in range(0, len(values), 37):
        sums.add(ColumnSums.of(own, np.array([values[start : start + 37], small[start : start + 37]], np.int64).T))
    known = [value for value in values if value != NO]
    assert sums.n == [len(known), len(small)]
    assert sums.total == [sum(known), sum(small)]
    assert sums.squares == [sum(value * value for value in known), sum(value * value for value in small)]
    assert sums.squares[0] > 2**64
    tally = CalendarTally.empty(own)
    tally.n_trials, tally.sums = len(values), sums
    mean = Fraction(sum(known), len(known))
    variance = Fraction(sum(value * value for value in known), len(known)) - mean**2
    assert column_mean(tally, 0).value == pytest.approx(float(mean) * 1e-6, rel=1e-12)
    assert column_sd(tally, 0).value == pytest.approx(sqrt(variance) * 1e-6, rel=1e-12)


def test_nothing_is_lost_where_values_are_large_and_nearly_equal() -> None:
    """The variance of n, n + 1, n + 2 is 2/3; with squares in floats it would be 0 or nonsense."""
    tally = tally_of([Column("cutoff", SIGNED)], [[2**31 + k] for k in range(3)])
    assert column_sd(tally, 0).value == pytest.approx(sqrt(2 / 3) * 1e-6, rel=1e-12)


def test_a_large_value_in_one_column_changes_no_other() -> None:
    own = [Column("cutoff", MINUTES), Column("deaths", PATIENTS)]
    rows = [[2**25 + k, k] for k in range(100)]
    sums = ColumnSums.of(own, np.array(rows, np.int64))
    assert sums.squares == [sum(row[i] ** 2 for row in rows) for i in range(2)]


def test_histograms_hold_every_value_once() -> None:
    random = np.random.default_rng(3)
    own = [Column("deaths", unit) for unit in (PATIENTS, MINUTES, MILLIONTHS, SIGNED, CODE)]
    matrix = np.column_stack(
        [
            random.integers(0, 150, 500),
            random.integers(0, 700_000, 500),
            random.integers(0, 1_000_001, 500),
            random.integers(-4_000_000, 4_000_000, 500),
            random.integers(-2, 4, 500),
        ]
    )
    matrix[::7, 3] = NO
    sums = ColumnSums(own)
    for part in np.array_split(matrix, 6):
        sums.add(ColumnSums.of(own, part))
    for index, column in enumerate(own):
        values, counts = sums.values(index)
        known = matrix[:, index][matrix[:, index] != NO]
        width = BIN_WIDTH[column.unit]
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            assert count == ((known >= value) & (known < value + width)).sum(), column.unit
        assert counts.sum() == len(known)


def test_a_large_value_needs_little_memory() -> None:
    """A mean AUC of 24,400 µg·h/mL: what 400 mg give where the reference dose was left at 1."""
    sums = ColumnSums.of([Column("auc_mean", AMOUNT, 0)], np.array([[24_400_000_000]], np.int64))
    assert sum(counts.nbytes for counts in sums.histogram) < 10_000_000


def test_nobody_adds_nothing() -> None:
    own = [Column("deaths", PATIENTS), Column("os", MILLIONTHS)]
    sums = ColumnSums.of(own, np.array([[3, NO]], np.int64))
    sums.add(ColumnSums.of(own, np.full((4, 2), NO, np.int64)))
    assert (sums.n, sums.total, sums.squares) == ([1, 0], [3, 0], [9, 0])
    assert [counts.sum() for _, counts in map(sums.values, range(2))] == [1, 0]


# ---------------------------------------------------------------- counters


def test_counters_count_rows_and_merge() -> None:
    rows = np.array([[1, 2], [3, 4], [1, 2], [1, -2]], np.int64)
    counter = Counter.of(rows)
    assert counter.rows == {(1, 2): 2, (3, 4): 1, (1, -2): 1}
    other = Counter.of(rows[:2])
    other.add(counter)
    assert other.rows == {(1, 2): 3, (3, 4): 2, (1, -2): 1}
    assert counter.rows == {(1, 2): 2, (3, 4): 1, (1, -2): 1}
    ordered, counts = other.sorted(2)
    assert ordered.tolist() == [[1, -2], [1, 2], [3, 4]]
    assert counts.tolist() == [1, 3, 2]
    counter.add(Counter.of(np.zeros((0, 2), np.int64)))
    assert [part.shape for part in Counter().sorted(2)] == [(0, 2), (0,)]
    assert sum(counter.rows.values()) == 4


# ---------------------------------------------------------------- endings

SHAPE = Shape(2, 1, 0, 0, 0, has_toxicity=True, has_survival=False)
RULE = {"kind": "responses", "at_least": 3}
DESIGN = d.data_of(
    [1, 1],
    [20, 20],
    [
        {"at": {"per_arm": 8}, "continue_if": {"rule": RULE}, "success_if": {"rule": {**RULE, "at_least": 5}}},
        {"at": "full_enrolment", "success_if": {"rule": {**RULE, "at_least": 9}}},
    ],
)


def ended(**said: int) -> dict[tuple[str, int | None, int | None], int]:
    """Return a trial's columns by quantity, arm and look: `n_A=20` patients of A, `stop_B=-2`, `gate=100` minutes."""
    found: dict[tuple[str, int | None, int | None], int] = {("look_day", None, 0): said.get("gate", NO)}
    for index, arm in enumerate("AB"):
        found["stop_look", index, None] = said.get(f"stop_{arm}", -1)
        found["enrolled", index, None] = said.get(f"n_{arm}", 20)
        found["evaluable", index, None] = said.get(f"counted_{arm}", said.get(f"n_{arm}", 20))
        found["responses", index, None] = said.get(f"x_{arm}", 0)
        found["success", index, None] = said.get(f"success_{arm}", NO)
        found["look_success", index, 0] = said.get(f"gate_{arm}", NO)
    return found


TRIALS = [
    ended(gate=500, x_A=10, x_B=4, success_A=1, success_B=0, gate_A=1, gate_B=0),
    ended(gate=500, x_A=10, x_B=4, success_A=1, success_B=0, gate_A=1, gate_B=1),
    ended(gate=700, stop_A=0, n_A=9, x_A=1, x_B=9, success_B=1, gate_A=0, gate_B=1),
    ended(gate=600, stop_A=0, stop_B=0, n_A=8, n_B=10, gate_A=0, gate_B=0),
    ended(stop_A=-2, stop_B=-2, n_A=5, n_B=4, x_B=1),  # both for toxicity, before the gate
    ended(gate=650, stop_B=-3, n_B=12, x_A=9, x_B=3, success_A=1, gate_A=0, gate_B=0),  # between gate and end
    ended(gate=650, stop_A=-2, n_A=4, counted_A=3, x_A=1, x_B=2, success_B=0, gate_B=0),
    ended(n_A=7, n_B=0, x_A=2, success_A=0, success_B=0),  # no gate before the cut-off, nobody in B
]


def tallied() -> CalendarTally:
    found = columns(SHAPE)
    rows = [[trial.get((column.quantity, column.arm, column.look), 0) for column in found] for trial in TRIALS]
    matrix = np.array(rows, np.int64)
    return CalendarTally(len(rows), ColumnSums.of(found, matrix), *endings_of(found, matrix, SHAPE))


def ideal_measures() -> dict[tuple[object, ...], Entry]:
    case = d.case_of(DESIGN, (0.3, 0.3))
    plan, tally = as_endings(tallied(), case.plan)
    names = (("A", "B"), ("gate", "final"))
    setting = Setting(plan, *names, (0.3, 0.3), ("clopper-pearson",), 0.95, (0.5,))
    return {entry.key: entry for entry in table(setting, tally)}


def value(measure: str, arm: str | None = None, look: str | None = None, **more: object) -> float | None:
    key = (measure, arm, look, more.get("given"), more.get("at"), more.get("variant"))
    return ideal_measures()[key].estimate.value


def test_decisions_of_trials_with_stops_between_looks() -> None:
    """A stop for toxicity before the gate is no stop at the gate, but the arm is not in the trial after it."""
    assert value("p_stop", "A", "gate") == 2 / 8
    assert value("p_stop", "B", "gate") == 1 / 8
    assert value("p_continue", "A", "gate") == 4 / 8
    assert value("p_continue", "B", "gate") == 6 / 8  # stopped after the gate: it went on at it
    assert value("pet", "A") == 4 / 8
    assert value("pet", "B") == 3 / 8
    assert value("pet") == 2 / 8
    assert [value("p_arms_continuing", None, "gate", at=count) for count in range(3)] == [2 / 8, 2 / 8, 4 / 8]
    patterns = {"A + B": 4 / 8, "A": 0, "B": 2 / 8, "none": 2 / 8}
    assert {name: value("p_pattern", None, "gate", variant=name) for name in patterns} == patterns


def test_sizes_of_trials() -> None:
    assert value("n_mean", "A") == np.mean([20, 20, 9, 8, 5, 20, 4, 7])
    assert value("n_mean", "B") == np.mean([20, 20, 20, 10, 4, 12, 20, 0])
    assert value("n_mean") == np.mean([40, 40, 29, 18, 9, 32, 24, 7])
    assert value("n_pmf", "B", at=0) == 1 / 8
    assert value("n_pmf", None, at=40) == 2 / 8
    assert value("n_quantile", None, at=0.5) == 24
    assert value("p_reached", None, "final") == 6 / 8


def test_successes_of_trials() -> None:
    assert value("p_success", "A", "gate") == 2 / 8
    assert value("p_success", "B", "gate") == 2 / 8
    assert value("p_success", "A", "final") == 3 / 8
    assert value("p_success", "B", "final") == 1 / 8
    assert value("p_reject", "A") == 3 / 8


def test_estimates_of_trials_count_the_evaluable() -> None:
    """Rates are over the patients counted; an arm without any has none, and is in no mean."""
    rates = [10 / 20, 10 / 20, 1 / 9, 0, 0, 9 / 20, 1 / 3, 2 / 7]
    assert value("rate_mean", "A", variant="mle") == pytest.approx(np.mean(rates))
    assert ideal_measures()["rate_mean", "B", None, None, None, "mle"].estimate.n == 7
    stopped = [1 / 9, 0, 0, 1 / 3]
    assert value("rate_mean", "A", given="stop", variant="mle") == pytest.approx(np.mean(stopped))
    both = [14 / 40, 14 / 40, 2 / 7]
    assert value("rate_mean", "A", given="all_continue", variant="mle") == pytest.approx(np.mean([0.5, 0.5, 2 / 7]))
    assert value("rate_mean", "pooled", given="all_continue", variant="mle") == pytest.approx(np.mean(both))


def test_a_criterion_that_no_trial_meets_has_probability_0() -> None:
    case = d.case_of(DESIGN, (0.3, 0.3))
    found = columns(SHAPE)
    trial = ended(gate=500, gate_A=0, gate_B=0, success_A=0, success_B=0)
    matrix = np.array([[trial.get((column.quantity, column.arm, column.look), 0) for column in found]] * 3, np.int64)
    tally = CalendarTally(3, ColumnSums.of(found, matrix), *endings_of(found, matrix, SHAPE))
    plan, endings = as_endings(tally, case.plan)
    setting = Setting(plan, ("A", "B"), ("gate", "final"), (0.3, 0.3), ("wilson",), 0.95, (0.5,))
    found_measures = {entry.key: entry.estimate.value for entry in table(setting, endings)}
    for arm in "AB":
        for look in ("gate", "final"):
            assert found_measures["p_success", arm, look, None, None, None] == 0.0
