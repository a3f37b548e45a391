"""A sweep that makes no sense is refused when its scenario is read: one sentence, the path in the file, exit code 2."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.test_bad_input import DESIGN, SCENARIO, Ran, assert_refused, complaint, contents

ROOT = Path(__file__).resolve().parents[2]
RATE, RATE_1 = "truths.null.response_rate", "truths.mixed.response_rate"
PER_ARM, NEEDED = "design.looks.gate.at.per_arm", "design.looks.gate.continue_if.rule.at_least"
FORMS = ("list", "from", "levels")

CommandLine = Callable[..., Ran]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Return `check` of a scenario with this sweep, in this process."""
    from trialsim.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.yaml").write_text(DESIGN, encoding="utf-8")

    def call(*lines: str, words: tuple[str, ...] = (), text: str = SCENARIO) -> Ran:
        (tmp_path / "s.yaml").write_text(f"{text}vary:\n" + "".join(f"  {line}\n" for line in lines), encoding="utf-8")
        monkeypatch.setattr(sys, "argv", ["trialsim", "check", "s.yaml", *words])
        try:
            main()
        except SystemExit as stop:
            return Ran(stop.code if isinstance(stop.code, int) else 1, *capsys.readouterr())
        return Ran(0, *capsys.readouterr())

    return call


def line_of(number: int) -> str:
    """Return the words for the line in which a line of the sweep stands; -1 is `vary:` itself."""
    return f"s.yaml, line {SCENARIO.count(chr(10)) + 2 + (number if number >= 0 else -1)}, "


def test_a_good_sweep_is_told_with_its_size(check: CommandLine) -> None:
    ran = check(
        f"{PER_ARM}: {{as: n_gate, from: 4, to: 12}}",
        f"{NEEDED}: [1, 2, 3]",
        f"{RATE}: {{as: rate, from: 0.05, to: 0.6, step: 0.05, also: [{RATE_1}]}}",
        "where: [n_gate >= 3 * at_least, n_gate != 8]",
        "measures: [p_stop, n_mean]",
    )
    assert (ran.code, ran.err) == (0, "")
    text = " ".join(ran.out.split())
    n_kept = 12 * sum(n >= 3 * k for n in range(4, 13) if n != 8 for k in (1, 2, 3))
    assert f"n_gate ({PER_ARM}) from 4 to 12, 9 values; {NEEDED} over 1, 2, 3; rate" in text
    assert f"324 cells; {n_kept} of them are kept, where n_gate >= 3 * at_least and n_gate != 8." in text
    assert "Kept of each cell: p_stop, n_mean." in text


Case = tuple[tuple[str, ...], int, str, tuple[str, ...]]

CASES: list[Case] = [
    # paths
    (("desing.looks.gate.at.per_arm: [4, 5]",), 0, "vary.desing.looks.gate.at.per_arm", ('did you mean "design"',)),
    (("design.loks.gate.at.per_arm: [4, 5]",), 0, "vary.design.loks.gate.at.per_arm", ('did you mean "looks"',)),
    (("design.looks.gat.at.per_arm: [4]",), 0, "vary.design.looks.gat", ("does not exist", 'did you mean "gate"')),
    (("design.looks.7.at.per_arm: [4]",), 0, "vary.design.looks.7", ("does not exist", "gate, interim, final")),
    (("design.looks.gate.at.per_arms: [4]",), 0, "vary.design.looks.gate.at.per_arms", ('did you mean "per_arm"',)),
    (("design.looks.gate.at.per_arm.x: [4]",), 0, "vary.design.looks.gate.at.per_arm.x", ("single value",)),
    (("design.looks.interim.at.per_arm: [12]",), 0, "vary.design.looks.interim.at", ("exactly one of",)),
    (("design.allocation.blocksize: [2]",), 0, "vary.design.allocation.blocksize", ('did you mean "block_size"',)),
    (("truths.nul.response_rate: [0.1]",), 0, "vary.truths.nul", ("does not exist", 'did you mean "null"')),
    (("truths.null.rate: [0.1, 0.2]",), 0, "vary.truths.null.rate", ("does not exist", "response_rate")),
    (("truths.1.response_rate.lowdose: [0.1]",), 0, "vary.truths.1", ("no arm", 'did you mean "low dose"')),
    (("truths..response_rate: [0.1]",), 0, "vary.truths..response_rate", ("no dotted path", "empty")),
    (("conduct.enrolment.per_mont: [5]",), 0, "vary.conduct.enrolment.per_mont", ('did you mean "per_month"',)),
    (("plans.smal.cap: [30]",), 0, "vary.plans.smal.cap", ("does not exist", 'did you mean "small"')),
    (("design.enrolment.cap: [30, 40]",), 0, "vary.design.enrolment.cap", ("changes nothing", "plans.0.cap")),
    (("n_sim: [10, 20]",), 0, "vary.n_sim", ('did you mean "n_sims"',)),
    (("name: [a, b]",), 0, "vary.name", ("does not exist", "n_sims")),
    (("vary.seed: [1]",), 0, "vary.vary.seed", ("does not exist", "seed")),
    (("wher: seed > 1", "seed: [1]"), 0, "vary.wher", ('did you mean "where"',)),
    (("seed: [1]", "combin: zip"), 1, "vary.combin", ('did you mean "combine"',)),
    (("seed: [1]", f"{RATE}: {{values: [0.1], also: [truths.9.name]}}"), 1, f"vary.{RATE}", ("also truths.9.name",)),
    ((f"{RATE}: {{values: [0.1], also: [seed]}}",), 0, f"vary.{RATE}", ("also seed", "found 0.1", "whole number")),
    ((f"{RATE}: {{values: [0.1], also: ['a..b']}}",), 0, f"vary.{RATE}.also", ("a..b", "no dotted path")),
    # values
    ((f"{RATE}: [0.1, 1.2]",), 0, f"vary.{RATE}", ("found 1.2", "a rate from 0 to 1")),
    ((f"{RATE}: {{from: 0.5, to: 1.5, step: 0.5}}",), 0, f"vary.{RATE}", ("found 1.5", "a rate from 0 to 1")),
    ((f"{RATE}: [low, high]",), 0, f"vary.{RATE}", ('found "low"', "a rate from 0 to 1")),
    ((f"{PER_ARM}: [4, 5.5]",), 0, f"vary.{PER_ARM}", ("found 5.5", "a whole number")),
    ((f"{PER_ARM}: {{from: 0, to: 5}}",), 0, f"vary.{PER_ARM}", ("found 0", "at least 1")),
    ((f"{PER_ARM}: {{from: 21, to: 25}}",), 0, f"vary.{PER_ARM}", ("21", "capped at 20")),
    ((f"{NEEDED}: [1, -1]",), 0, f"vary.{NEEDED}", ("found -1", "at least 0")),
    (("design.enrolment.when_arm_stops: [arm_cap, refil]",), 0, "when_arm_stops", ('did you mean "refill"',)),
    (("intervals: {levels: {a: [wald], b: [walt]}}",), 0, "vary.intervals.levels.b", ('did you mean "wald"',)),
    (("n_sims: [10, 1e12]",), 0, "vary.n_sims", ("at most 1,000,000,000",)),
    (("seed: [true, false]",), 0, "vary.seed", ("found true", "whole number")),
    (("design: [d.yaml, nothere]",), 0, "vary.design.levels.nothere", ("no such file", "are accepted")),
    # axes
    (("seed: 3",), 0, "vary.seed", ("found 3", *FORMS)),
    (("seed: many",), 0, "vary.seed", ('found "many"', *FORMS)),
    (("seed: null",), 0, "vary.seed", ("found nothing", *FORMS)),
    (("seed: []",), 0, "vary.seed", ("at least 1",)),
    (("seed: {}",), 0, "vary.seed", FORMS),
    (("seed: {as: x}",), 0, "vary.seed", FORMS),
    (("seed: {levels: {}}",), 0, "vary.seed.levels", ("label to value",)),
    (("seed: {levels: [1, 2]}",), 0, "vary.seed.levels", ("label to value",)),
    (("seed: {values: 3}",), 0, "vary.seed.values", ("a list",)),
    (("seed: {values: [1, 2], from: 1}",), 0, "vary.seed.from", ("leave one out",)),
    (("seed: {values: [1], levels: {a: 1}}",), 0, "vary.seed.levels", ("leave one out",)),
    (("seed: {form: 1, to: 3}",), 0, "vary.seed.form", ('did you mean "from"',)),
    (("seed: {from: 1}",), 0, "vary.seed", ('"to"', "missing")),
    (("seed: {to: 1}",), 0, "vary.seed", ('"from"', "missing")),
    (("seed: {from: 5, to: 1}",), 0, "vary.seed.from", ("5 is above to (1)",)),
    (("seed: {from: 1, to: 5, step: 0}",), 0, "vary.seed.step", ("found 0", "more than 0")),
    (("seed: {from: 1, to: 5, step: -1}",), 0, "vary.seed.step", ("found -1", "more than 0")),
    (("seed: {from: .nan, to: 5}",), 0, "vary.seed.from", ("found nan", "finite number")),
    (("seed: {from: 1, to: .inf}",), 0, "vary.seed.to", ("found inf", "finite number")),
    (("seed: {from: 1, to: 5, step: one}",), 0, "vary.seed.step", ("finite number",)),
    (("seed: [1, .nan]",), 0, "vary.seed.1", ("found nan", "a number")),
    (("seed: [1, null]",), 0, "vary.seed.1", ("found nothing", "label")),
    (("seed: [1, [2]]",), 0, "vary.seed.1", ("found a list", "label")),
    (("seed: [1, 2, 1]",), 0, "vary.seed", ("1 is there twice",)),
    (("n_sims: {levels: {'10': 10, '10.0': 11}}",), 0, "vary.n_sims", ("10.0 is there twice",)),
    (("seed: {values: [1], step: 1}",), 0, "vary.seed.step", ("range",)),
    (("seed: {from: 1, to: 9, scale: log}",), 0, "vary.seed.scale", ("samples", "sobol")),
    (("seed: {from: 1, to: 9, scale: cubic}",), 0, "vary.seed.scale", ("linear", "log")),
    ((f"{RATE}: {{from: 0.1, to: 0.5}}",), 0, f"vary.{RATE}", ("step", "sobol")),
    (("seed: {as: a b, values: [1]}",), 0, "vary.seed.as", ('"a b"', "n_gate")),
    (("seed: {as: max, values: [1]}",), 0, "vary.seed.as", ('"max"',)),
    (("seed: {as: x, values: [1]}", "n_sims: {as: x, values: [1]}"), 1, "vary.n_sims.as", ('"x"', "twice")),
    ((f"{RATE}: [0.1]", "truths.0.response_rate: [0.2]"), 1, "vary.truths.0", ("varied already", RATE)),
    ((f"{RATE}: {{values: [0.1], also: [{RATE}]}}",), 0, f"vary.{RATE}", ("varied already",)),
    (("plans.0: {levels: {a: {name: p, cap: 30}}}", "plans.0.cap: [30]"), 1, "vary.plans.0.cap", ("leave one out",)),
    # the grid
    (("seed: [1, 2]", "n_sims: [10, 20, 30]", "combine: zip"), 1, "vary.n_sims", ("found 3", "seed has 2")),
    (("seed: [1, 2]", "combine: zap"), 1, "vary.combine", ('did you mean "zip"',)),
    (("seed: [1, 2]", "combine: sobol"), -1, "vary.samples", ("samples: 256",)),
    (("seed: [1, 2]", "samples: 8"), 1, "vary.samples", ("product", "sobol")),
    (("seed: [1, 2]", "combine: sobol", "samples: 0"), 2, "vary.samples", ("at least 1",)),
    (("seed: [1]", "combine: random", "samples: 10_000_000"), -1, "vary.max_cells", ("10,000,000", "1,000,000")),
    (("seed: {from: 1, to: 1_000_000_000}",), -1, "vary.max_cells", ("1,000,000,000 cells", "raise max_cells")),
    (("seed: {from: 1, to: 1_000_000_000}", "n_sims: [1, 2]"), -1, "vary.max_cells", ("2,000,000,000", "sobol")),
    ((f"{RATE}: {{from: 0.0, to: 1.0, step: 1e-300}}",), 0, f"vary.{RATE}.step", ("10^300", "larger step")),
    (("seed: [1, 2]", "max_cells: 1"), 1, "vary.max_cells", ("2 cells", "the 1 accepted")),
    (("seed: [1, 2]", "max_cells: 0"), 1, "vary.max_cells", ("at least 1",)),
    (("seed: [1, 2]", "measures: [p_stopp]"), 1, "vary.measures.0", ('did you mean "p_stop"',)),
    (("seed: [1, 2]", "measures: [pet, months_mean]"), 1, "vary.measures.1", ("calendar",)),
    (("seed: [1, 2]", "measures: [pet, pet]"), 1, "vary.measures.1", ("pet", "twice")),
    (("seed: [1, 2]", "measures: p_stop"), 1, "vary.measures", ("a list",)),
    # conditions
    (("seed: [1, 2]", "where: seed > 5"), 1, "vary.where", ("empty", "2 cells")),
    (("seed: [1, 2]", "where: sede > 1"), 1, "vary.where", ('"sede"', 'did you mean "seed"')),
    (("seed: [1, 2]", "where: seed + 1"), 1, "vary.where", ("neither true nor false but 2 where seed = 1",)),
    (("seed: [0, 1]", "where: 1 / seed < 3"), 1, "vary.where", ("divides by zero where seed = 0",)),
    (("seed: [0, 1]", "where: 1 % seed < 3"), 1, "vary.where", ("divides by zero where seed = 0",)),
    (("seed: [0, 1]", "where: 'seed > \"a\"'"), 1, "vary.where", ("compares a number with a word",)),
    (("seed: [0, 1]", "where: seed and seed > 0"), 1, "vary.where", ("and, or, not", "neither true nor false")),
    (("seed: [0, 1]", "where: not seed"), 1, "vary.where", ("neither true nor false",)),
    (("seed: [0, 1]", "where: seed >"), 1, "vary.where", ("cannot be read", "accepted:")),
    (("seed: [0, 1]", "where: seed = 1"), 1, "vary.where", ("==",)),
    (("seed: [0, 1]", "where: 1 < 2"), 1, "vary.where", ("same in every cell",)),
    (("seed: [0, 1]", "where: ''"), 1, "vary.where", ("not empty",)),
    (("seed: [0, 1]", "where: 5"), 1, "vary.where", ("a condition such as",)),
    (("seed: [0, 1]", "where: [seed >= 0, sed > 1]"), 1, "vary.where.1", ('"sed"', 'did you mean "seed"')),
    (("seed: [0, 1]", "where: abs(seed, 2) > 1"), 1, "vary.where", ("too many",)),
    (("where: seed > 1",), -1, "vary", ("n_sims: [1000, 10000]",)),
]


@pytest.mark.parametrize(("lines", "number", "where", "needles"), CASES, ids=lambda value: str(value)[:50])
def test_sweeps_that_make_no_sense(
    lines: tuple[str, ...], number: int, where: str, needles: tuple[str, ...], check: CommandLine, tmp_path: Path
) -> None:
    ran = check(*lines)
    assert_refused(ran, line_of(number), where, *needles)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.yaml", "s.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch pwned')",
        "seed.__class__.__bases__ == 1",
        "(lambda: seed)() == 1",
        "[seed for x in [1]] == [1]",
        "{seed: 1} == seed",
        "seed ** 9999999 > 1",
        "seed << 9999999 > 1",
        "9 ** 9 ** 9 ** 9 > seed",
        "'a' * 1000000000 == seed",
        "('a' + 'b') == seed",
        "round(seed, -1000000000) == 1",
        "round(seed, 1000000000) == 1",
        "open('/etc/passwd') == seed",
        "print(seed) == 1",
        "f'{seed}' == '1'",
        "seed if seed else seed",
        "seed[0] == 1",
        "seed is 1",
        "seed == None",
        "seed == 1j",
        "seed == b'1'",
        "(seed := 1) == 1",
        "seed; seed",
        "import os",
        "min(*[seed, 1]) == 1",
        "max(seed, key=abs) == 1",
        "seed == 1 == [1]",
        "(" * 250 + "seed" + ")" * 250,
        "seed" + " + seed" * 500 + " > 1",
        "not " * 70 + "seed > 1",
        "-" * 200 + "seed > 1",
        "seed > " + "9" * 250 + "." + "9" * 200,
        "seed > 1\x00",
    ],
    ids=lambda text: text[:30],
)
def test_conditions_reach_nothing_and_take_no_time(text: str, check: CommandLine, tmp_path: Path) -> None:
    import json

    ran = check("seed: [1, 2]", f"where: {json.dumps(text)}")
    assert complaint(ran, "s.yaml, line 18") is None, complaint(ran, "s.yaml, line 18")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.yaml", "s.yaml"]


def test_a_value_that_only_does_not_go_with_others_is_left_to_its_cells(check: CommandLine) -> None:
    assert check(f"{PER_ARM}: {{from: 1, to: 31}}").code == 0
    assert check(f"{PER_ARM}: [2, 6]", f"{NEEDED}: [1, 3]").code == 0
    assert check("design.looks.interim.at.total: [30, 50, 70]", "plans.small.cap: [60, 80]").code == 0
    assert check("plans.small.cap: [2, 40]").code == 0


def test_a_problem_in_a_design_of_the_sweep_is_told_where_it_is(check: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(DESIGN.replace("per_arm: 6", "per_arm: 60"), encoding="utf-8")
    ran = check("seed: [1]", "design: [d.yaml, bad.yaml]")
    assert_refused(ran, "bad.yaml, line 17, looks.0.at.per_arm", "needs 60 patients")
    ran = check("design: {as: which, levels: {one: d.yaml, other: {name: x}}}")
    assert_refused(ran, "s.yaml, line 17, vary.design.levels.other", "missing")


def test_long_blocks_name_their_line(check: CommandLine) -> None:
    ran = check(f"{NEEDED}:", "  - 1", "  - 2", f"{RATE}:", "  as: rate", "  from: 0.1", "  to: 0.5", "  step: 0")
    assert_refused(ran, line_of(7), f"vary.{RATE}.step")
    ran = check("seed:", "  values:", "    - 1", "    - null")
    assert_refused(ran, line_of(3), "vary.seed.values.1")
    ran = check(f"{NEEDED}:", "  levels:", "    one: 1", "    bad: -1")
    assert_refused(ran, line_of(3), f"vary.{NEEDED}.levels.bad", "found -1")
    ran = check("seed: [1]", "where:", "  - seed > 0", "  - sed > 0")
    assert_refused(ran, line_of(3), "vary.where.1")


def test_overrides_are_blamed(check: CommandLine) -> None:
    good = (f"{PER_ARM}: {{as: n_gate, from: 4, to: 12}}",)
    ran = check(*good, words=("--set", "vary.n_gate.to=2"))
    assert_refused(ran, "--set vary.n_gate.to=2", f"vary.{PER_ARM}.from", "4 is above to (2)")
    ran = check(*good, words=("--set", f"vary.{PER_ARM}.stepp=2"))
    assert_refused(ran, "--set", f"vary.{PER_ARM}.stepp", 'did you mean "step"')
    ran = check(*good, words=("--set", "vary.max_cells=8"))
    assert_refused(ran, "--set vary.max_cells=8", "the grid has 9 cells")
    assert check(*good, words=("--set", "vary=null")).code == 0
    assert check(*good, words=("--set", "vary.seed=[1, 2]")).code == 0


@pytest.mark.parametrize("block", ["3", "[1, 2]", "many", "{}"])
def test_a_block_that_is_none(block: str, check: CommandLine) -> None:
    ran = check(text=SCENARIO, words=("--set", f"vary={block}"))
    assert_refused(ran, f"--set vary={block}", "vary: found")


@pytest.mark.parametrize(
    ("lines", "needles"),
    [
        ("  desing.looks.gate.at.per_arm: [4]\n", ("line 17", "vary.desing.looks", "design")),
        ("  seed: {from: 1, to: 1_000_000_000}\n", ("vary.max_cells", "1,000,000,000 cells")),
        ("  seed: [1, 2]\n  where: seed > 2\n", ("line 18", "vary.where", "empty")),
    ],
)
@pytest.mark.long
def test_real_processes_refuse_likewise(lines: str, needles: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_text(DESIGN, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(f"{SCENARIO}vary:\n{lines}", encoding="utf-8")
    before = contents(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "trialsim", "check", "s.yaml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert_refused(Ran(done.returncode, done.stdout, done.stderr), "s.yaml", *needles)
    assert contents(tmp_path) == before


def _spoiled() -> list[tuple[str, Any]]:
    axis = "{as: n_gate, from: 4, to: 12, step: 2, also: [seed]}"
    wrong = ("true", "[]", "{}", "-1", ".nan", "null", "[[]]", "{a: 1}", "'x'", "1e400", "[1, {a: 1}]")
    found = [(f"{PER_ARM}: {value}", value) for value in wrong]
    for key, old in (("as", "n_gate"), ("from", "4"), ("to", "12"), ("step", "2"), ("also", "[seed]")):
        found += [(f"{PER_ARM}: {axis.replace(f'{key}: {old}', f'{key}: {value}')}", value) for value in wrong]
    for key in ("where", "combine", "samples", "max_cells", "measures", "also"):
        found += [(f"{key}: {value}", value) for value in wrong]
    return found


def test_wrong_types_everywhere(check: CommandLine) -> None:
    n_refused, complaints = 0, []
    for line, _ in _spoiled():
        ran = check(f"{PER_ARM}: [4, 5]" if not line.startswith(PER_ARM) else "n_sims: [10]", line)
        if ran.code == 0:
            assert ran.err == ""
            continue
        n_refused += 1
        fault = complaint(ran, "s.yaml, line", "vary")
        complaints += [f"{line}: {fault}"] if fault else []
    assert complaints == []
    assert n_refused > 0.8 * len(_spoiled())


def test_there_are_many_cases() -> None:
    assert len(CASES) > 90
    assert all(re.search(r"\S", where) for _, _, where, _ in CASES)
