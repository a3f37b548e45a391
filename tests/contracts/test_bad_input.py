"""A user's mistake is one sentence that names file, path and remedy, exit code 2, and nothing printed or written."""

from __future__ import annotations

import copy
import math
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]

DESIGN = """\
schema: trialsim.design/1
name: two-arms
title: Two arms
source: none
notes: none
arms:
  - {name: low dose, dose: 1 mg, ratio: 1}
  - {name: high dose, dose: 2 mg, ratio: 1}
allocation: {method: permuted-blocks, block_size: 4}
endpoint: {kind: binary, name: response, definition: tumour shrinks}
hypotheses: {null_rate: 0.05, target_rate: 0.3}
enrolment:
  cap: {low dose: 20, high dose: 20}
  when_arm_stops: arm_cap
looks:
  - name: gate
    at: {per_arm: 6}
    continue_if: {of: arm, rule: {kind: responses, at_least: 1}}
    notes: none
  - name: interim
    at: {total: 24}
    success_if:
      of: pooled
      requires_all_arms: true
      then: continue
      rule: {kind: confidence-limit, side: lower, above: 0.2, interval: clopper-pearson, level: 0.95}
  - name: final
    at: full_enrolment
analysis: {interval: clopper-pearson, level: 0.95, target_distance: 0.2, target_half_width: 0.2}
published:
  - {measure: p_stop, look: gate, response_rate: 0.05, printed: 0.735, digits: 3, place: nowhere}
"""

SCENARIO = """\
schema: trialsim.scenario/1
name: question
title: A question
notes: none
design: d.yaml
plans:
  - {name: small, cap: {low dose: 20, high dose: 20}}
  - {name: large, cap: {low dose: 30, high dose: 30}}
truths:
  - {name: null, response_rate: 0.05, notes: none}
  - {name: mixed, response_rate: {low dose: 0.05, high dose: 3/10}}
quantiles: [0.05, 0.5]
intervals: [wald]
seed: 1
n_sims: 100
""".replace("name: null", 'name: "null"')


class Ran(NamedTuple):
    """What the command line left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str


CommandLine = Callable[..., Ran]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Return the command line, called in this process in a folder that holds a good s.yaml and d.yaml."""
    from trialsim.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "d.yaml").write_text(DESIGN, encoding="utf-8")

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


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def complaint(ran: Ran, *needles: str) -> str | None:
    """Return what is wrong with the refusal of an input, None if nothing is."""
    if ran.code != 2:
        return f"exit code {ran.code}, not 2: {ran.err[-300:]}"
    if ran.out:
        return f"on stdout: {ran.out[:100]}"
    if ran.err.count("\n") != 1 or not ran.err.endswith("\n") or "\r" in ran.err:
        return f"not one line: {ran.err[:300]}"
    line = ran.err.rstrip("\n")
    if not line.startswith("trialsim: ") or "Traceback" in line or len(line) > 500 or not line.isprintable():
        return f"not a message: {line[:300]!a}"
    if not re.search(r"[^?.!][.?]$", line):
        return f"does not end as a sentence does: {line}"
    for needle in needles:
        if needle not in line:
            return f"does not say {needle!r}: {line}"
    return None


def assert_refused(ran: Ran, *needles: str) -> None:
    assert complaint(ran, *needles) is None, complaint(ran, *needles)


def edited(text: str, path: str, value: Any) -> str:
    document = yaml.safe_load(text)
    *parents, last = path.split("/")
    place = document
    for word in parents:
        place = place[int(word) if isinstance(place, list) else word]
    place[int(last) if isinstance(place, list) else last] = value
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1000)


def test_the_files_that_the_tests_spoil_are_good(cli: CommandLine) -> None:
    ran = cli("run", "s.yaml", "--no-save")
    assert (ran.code, ran.err) == (0, "")
    assert cli("check", "s.yaml", "d.yaml").code == 0


# The file itself

BOMB = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 8)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "needles"),
    [
        pytest.param(b"", ("scenario",), id="empty"),
        pytest.param(b"# nothing\n", ("scenario",), id="comment only"),
        pytest.param(b"- 1\n- 2\n", ("scenario", "mapping"), id="a list"),
        pytest.param(b"just words\n", ("scenario", "mapping"), id="words"),
        pytest.param(b"name: a\n  b: [\n", ("line 2", "YAML"), id="malformed"),
        pytest.param(b"name: [1, 2\n", ("YAML",), id="bracket left open"),
        pytest.param(b'name: "abc\n', ("YAML",), id="quote left open"),
        pytest.param(b"name:\n\t- a\n", ("line 2", "YAML"), id="tab"),
        pytest.param(b"a: 1\n---\nb: 2\n", ("YAML", "document"), id="two documents"),
        pytest.param(b"name: a\nname: b\n", ("line 2", '"name"', "twice"), id="duplicate key"),
        pytest.param(b"x: {name: a, name: b}\n", ("line 1", '"name"', "twice"), id="duplicate key inside"),
        pytest.param(b"a: !!python/object/apply:os.system ['touch pwned']\n", ("line 1", "tag"), id="python object"),
        pytest.param(b"a: !!python/name:os.system\n", ("line 1", "tag"), id="python name"),
        pytest.param(b"a: !thing x\n", ("line 1", "tag", "!thing"), id="tag"),
        pytest.param(BOMB.encode(), ("anchors",), id="alias bomb"),
        pytest.param(b"a: &a 1\nb: *a\n", ("line 1", "anchors"), id="anchor and alias"),
        pytest.param(b"a: &a [*a]\n", ("line 1", "anchors"), id="alias to itself"),
        pytest.param(b"a: " + b"[" * 5000 + b"]" * 5000, ("nested", "levels"), id="deep lists"),
        pytest.param(b"a: " + b"{a: " * 500 + b"1" + b"}" * 500, ("nested", "levels"), id="deep mappings"),
        pytest.param(b"notes: " + b"x" * 1_048_576, ("too large", "at most"), id="a megabyte"),
        pytest.param(bytes(range(256)) * 8, ("UTF-8",), id="binary"),
        pytest.param(b"name: a\x00b\n", ("YAML",), id="NUL inside"),
        pytest.param("name: é\n".encode("latin-1"), ("UTF-8",), id="Latin-1"),
        pytest.param("name: é\n".encode("utf-16"), ("UTF-8",), id="UTF-16"),
        pytest.param(b"? [a, b]\n: 1\n", ("line 1", "key"), id="key that is a list"),
        pytest.param(b"1: 2\n", ("schema",), id="key that is a number"),
        pytest.param(b"name: a\n", ("schema", "trialsim.scenario/1"), id="no schema"),
        pytest.param(b"shcema: trialsim.scenario/1\nname: a\n", ("schema", "trialsim.scenario/1"), id="misspelt"),
        pytest.param(b"schema: trialsim.scenario/2\n", ("schema", "trialsim.scenario/1"), id="other version"),
        pytest.param(b"schema: trialsim.scenario/1\n", ("missing",), id="nothing but the schema"),
    ],
)
def test_files_that_hold_no_scenario(
    content: bytes, needles: tuple[str, ...], cli: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "bad.yaml").write_bytes(content)
    before = contents(tmp_path)
    assert_refused(cli("run", "bad.yaml"), "bad.yaml", *needles)
    assert contents(tmp_path) == before


def test_design_files_are_read_as_carefully(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "d.yaml").write_bytes(BOMB.encode())
    assert_refused(cli("run", "s.yaml"), "d.yaml", "anchors")
    (tmp_path / "d.yaml").write_bytes(b"a: !!python/object/apply:os.system ['touch pwned']\n")
    assert_refused(cli("run", "s.yaml"), "d.yaml", "tag")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("source", "needles"),
    [
        ("nothere.yaml", ("nothere.yaml", "no such file")),
        ("gits", ("gits", 'did you mean "gist"')),
        (".", ("folder",)),
        ("s.yaml/x", ("s.yaml/x", "no such file")),
        ("a\x00b", ("NUL",)),
        ("x" * 5000, ("x",)),
        ("/dev/null", ("/dev/null", "scenario")),
        ("-", ("-",)),
    ],
)
@pytest.mark.parametrize("verb", ["run", "check"])
def test_sources_that_are_no_files(verb: str, source: str, needles: tuple[str, ...], cli: CommandLine) -> None:
    assert_refused(cli(verb, source), *needles)


@pytest.mark.parametrize("verb", ["run", "check"])
def test_an_empty_name_is_not_called_a_folder(verb: str, cli: CommandLine) -> None:
    ran = cli(verb, "")
    assert_refused(ran)
    assert "folder" not in ran.err


def little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))


def test_a_file_without_an_end_is_not_read_to_the_end(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "trialsim", "check", "/dev/zero"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=little_memory,
    )
    assert_refused(Ran(done.returncode, done.stdout, done.stderr), "/dev/zero")


@pytest.mark.parametrize(
    ("design", "needles"),
    [
        ("nowhere", ("s.yaml", "design", "nowhere", "are accepted, of which the nearest are")),
        ("gist-imatinb", ("s.yaml", "design", 'did you mean "gist-imatinib"')),
        ("nowhere.yaml", ("s.yaml", "design", "nowhere.yaml", "no such file")),
        (".", ("s.yaml", "design", "folder")),
        ("s.yaml", ("s.yaml", "design", "schema")),
        ("", ("s.yaml", "design")),
        (None, ("s.yaml", "design")),
        (3, ("s.yaml", "design")),
        (["gist-imatinib"], ("s.yaml", "design")),
    ],
)
def test_unknown_designs(design: Any, needles: tuple[str, ...], cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(edited(SCENARIO, "design", design), encoding="utf-8")
    assert_refused(cli("run", "s.yaml"), *needles)


# Values

RATE = "a rate from 0 to 1, or a fraction such as 36/73"
BAD_RATES: list[Any] = [1.5, -0.1, 1.0000001, "36/0", "0/0", "80/73", "-1/3", "1/2/3", "30 %", math.nan, math.inf]
BAD_RATES += [-math.inf, "nan", "a third", True, [0.1], None, 10**30]


@pytest.mark.parametrize("rate", BAD_RATES, ids=repr)
@pytest.mark.parametrize("path", ["truths/0/response_rate", "truths/1/response_rate/high dose"])
def test_rates_outside_0_to_1(path: str, rate: Any, cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(edited(SCENARIO, path, rate), encoding="utf-8")
    assert_refused(cli("run", "s.yaml"), "s.yaml, line", path.replace("/", "."), "accepted: ", RATE)


@pytest.mark.parametrize(
    ("path", "value", "needles"),
    [
        ("n_sims", 0, ("found 0", "at least 1")),
        ("n_sims", -1, ("found -1", "at least 1")),
        ("n_sims", 10**12, ("found 1000000000000", "at most")),
        ("n_sims", 2.5, ("found 2.5", "whole number")),
        ("n_sims", "abc", ('found "abc"', "whole number")),
        ("n_sims", math.nan, ("whole number",)),
        ("n_sims", math.inf, ("whole number",)),
        ("n_sims", True, ("whole number",)),
        ("n_sims", None, ("whole number",)),
        ("seed", -1, ("found -1", "at least 0")),
        ("seed", 2**64, ("at most",)),
        ("seed", 0.5, ("whole number",)),
        ("seed", "one", ("whole number",)),
        ("name", "", ()),
        ("name", "a/b", ('found "a/b"',)),
        ("name", "../../etc", ('found "../../etc"',)),
        ("name", "a\nb", ()),
        ("truths", [], ("at least 1",)),
        ("truths", "none", ("a list",)),
        ("truths", {"a": 1}, ("a list",)),
        ("truths/0", 3, ("mapping",)),
        ("truths/0/name", 12, ("text",)),
        ("truths/1/name", "null", ('"null"', "twice")),
        ("truths/0/response_rate", {"low dose": 0.1}, ("high dose", "every arm needs one")),
        ("truths/0/response_rate", {"low dose": 0.1, "high dos": 0.1}, ('"high dos"', 'did you mean "high dose"')),
        ("truths/0/response_rate", {}, ("low dose",)),
        ("plans", "small", ("a list",)),
        ("plans/1/name", "small", ('"small"', "twice")),
        ("plans/0/cap", 0, ("at least 1",)),
        ("plans/0/cap", -20, ("at least 1",)),
        ("plans/0/cap", 10**9, ("at most",)),
        ("plans/0/cap", 40.5, ("whole number",)),
        ("plans/0/cap", 1, ("2 arms",)),
        ("plans/0/cap", {"low dose": 20}, ("high dose", "every arm needs one")),
        ("plans/0/cap", {"low dose": 20, "hihg dose": 20}, ('"hihg dose"', 'did you mean "high dose"')),
        ("plans/0/cap", {"low dose": 5, "high dose": 20}, ("low dose", "5", "6", "gate")),
        ("plans/0/cap", {"low dose": 10, "high dose": 10}, ("24", "20", "interim")),
        ("plans/0/cap/low dose", 0, ("low dose", "at least 1")),
        ("plans/0/cap/low dose", "many", ("low dose", "whole number")),
        ("plans/0/cap/low dose", {}, ("low dose", "whole number")),
        ("quantiles", [1.5], ("less than 1",)),
        ("quantiles", [0], ("more than 0",)),
        ("quantiles", [math.nan], ("number",)),
        ("quantiles", 0.5, ("a list",)),
        ("intervals", ["wlad"], ('did you mean "wald"',)),
        ("intervals", ["bayes"], ("clopper-pearson", "wilson", "wald", "jeffreys", "agresti-coull", "mid-p")),
    ],
    ids=lambda value: repr(value)[:40] if not isinstance(value, tuple) else "",
)
def test_values_in_a_scenario(path: str, value: Any, needles: tuple[str, ...], cli: CommandLine) -> None:
    Path("s.yaml").write_text(edited(SCENARIO, path, value), encoding="utf-8")
    before = contents(Path())
    top = ".".join(path.split("/")[:2])
    assert_refused(cli("run", "s.yaml"), "s.yaml, line", top, *needles)
    assert contents(Path()) == before


@pytest.mark.parametrize(
    ("path", "value", "where", "needles"),
    [
        ("arms", [], "arms", ("at least 1",)),
        ("arms/1/name", "low dose", "arms.1.name", ('"low dose"', "twice")),
        ("arms/1/name", "pooled", "arms.1.name", ('"pooled"', "reserved")),
        ("arms/1/name", "", "arms.1.name", ()),
        ("arms/0/ratio", 0, "arms.0.ratio", ("at least 1",)),
        ("arms/0/ratio", 1.5, "arms.0.ratio", ("whole number",)),
        ("arms/0/ratio", 2, "allocation.block_size", ("multiple of 3",)),
        ("allocation/block_size", 3, "allocation.block_size", ("multiple of 2",)),
        ("allocation/block_size", -4, "allocation.block_size", ("at least 1",)),
        ("allocation/method", "permuted-block", "allocation.method", ("permuted-blocks",)),
        ("endpoint/kind", "survival", "endpoint.kind", ("binary",)),
        ("hypotheses/null_rate", 0.4, "hypotheses", ("below target_rate",)),
        ("hypotheses/target_rate", 1.2, "hypotheses.target_rate", (RATE,)),
        ("enrolment/when_arm_stops", "refil", "enrolment.when_arm_stops", ('did you mean "refill"',)),
        ("enrolment/when_arm_stops", "go on", "enrolment.when_arm_stops", ("arm_cap", "refill", "stop_trial")),
        ("enrolment/cap", 0, "enrolment.cap", ("at least 1",)),
        ("enrolment/cap", {"low dose": 20}, "enrolment.cap", ("high dose",)),
        ("looks", [], "looks", ("at least 1",)),
        ("looks/1/name", "gate", "looks.1.name", ('"gate"', "twice")),
        ("looks/0/at/per_arm", 21, "looks.0.at.per_arm", ("21", "20", "low dose")),
        ("looks/0/at/per_arm", 0, "looks.0.at.per_arm", ("at least 1",)),
        ("looks/0/at/per_arm", 6.5, "looks.0.at.per_arm", ("whole number",)),
        ("looks/0/at/per_arm", {"low dose": 6}, "looks.0.at.per_arm", ("high dose",)),
        ("looks/1/at/total", 41, "looks.1.at.total", ("41", "40")),
        ("looks/1/at/total", 40, "looks.2.at", ("must increase",)),
        ("looks/1/at/total", 12, "looks.1.at", ("must increase",)),
        ("looks/1/at/total", 3, "looks.1.at", ("must increase",)),
        ("looks/1/at/total", {}, "looks.1.at", ("total", "whole number")),
        ("looks/1/at", {"total": 24, "per_arm": 12}, "looks.1.at", ("exactly one of per_arm and total",)),
        ("looks/1/at", {}, "looks.1.at", ("exactly one of per_arm and total",)),
        ("looks/1/at", "full_enrolment", "looks.1.at", ("only the last",)),
        ("looks/2/at", {"total": 30}, "looks.2.at", ("last look", "full_enrolment")),
        ("looks/2/at", "full_enrollment", "looks.2.at", ('did you mean "full_enrolment"',)),
        ("looks/0/continue_if/of", "arms", "looks.0.continue_if.of", ('did you mean "arm"',)),
        ("looks/0/continue_if/rule/at_least", -1, "looks.0.continue_if.rule.at_least", ("at least 0",)),
        ("looks/0/continue_if/rule/at_least", 1.5, "looks.0.continue_if.rule.at_least", ("whole number",)),
        ("looks/0/continue_if/rule/at_least", {}, "looks.0.continue_if.rule.at_least", ("low dose",)),
        ("looks/0/continue_if/rule/at_least", {"low dose": 1}, "looks.0.continue_if.rule", ("high dose",)),
        ("looks/0/continue_if/rule/at_least", 7, "looks.0.continue_if.rule.at_least", ("6", "low dose")),
        ("looks/0/continue_if/rule/kind", "response", "looks.0.continue_if.rule.kind", ('"responses"',)),
        ("looks/0/continue_if/rule/kind", "magic", "looks.0.continue_if.rule.kind", ('"magic"', "responses")),
        ("looks/0/continue_if/rule", {"at_least": 1}, "looks.0.continue_if.rule", ("kind", "responses")),
        ("looks/1/success_if/then", "stopp", "looks.1.success_if.then", ('did you mean "stop"',)),
        ("looks/1/success_if/rule/above", "20 %", "looks.1.success_if.rule.above", (RATE,)),
        ("looks/1/success_if/rule/level", 95, "looks.1.success_if.rule.level", ("less than 1",)),
        ("looks/1/success_if/rule/side", "left", "looks.1.success_if.rule.side", ("lower", "upper")),
        ("looks/1/success_if/rule/interval", "wilsn", "looks.1.success_if.rule.interval", ('"wilson"',)),
        ("analysis/interval", "clopper", "analysis.interval", ('did you mean "clopper-pearson"',)),
        ("analysis/level", 0, "analysis.level", ("more than 0",)),
        ("analysis/level", 1, "analysis.level", ("less than 1",)),
        ("analysis/level", "95 %", "analysis.level", ("number",)),
        ("published/0/look", "gtae", "published.0.look", ('"gate"',)),
        ("published/0/measure", "p_stopp", "published.0.measure", ('"p_stop"',)),
        ("published/0/digits", -1, "published.0.digits", ("at least 0",)),
    ],
    ids=lambda value: repr(value)[:40] if not isinstance(value, tuple) else "",
)
def test_values_in_a_design(path: str, value: Any, where: str, needles: tuple[str, ...], cli: CommandLine) -> None:
    Path("d.yaml").write_text(edited(DESIGN, path, value), encoding="utf-8")
    before = contents(Path())
    assert_refused(cli("run", "s.yaml"), "d.yaml, line", where, *needles)
    assert_refused(cli("check", "d.yaml"), "d.yaml, line", where, *needles)
    assert contents(Path()) == before


Place = tuple[str | int, ...]


def places(node: Any, path: Place = ()) -> Iterator[tuple[Place, Any]]:
    yield path, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


# Every place is tried in `make test`, with two of the wrong values in turn; with all of them it takes half a minute.
SOME_OR_ALL = [2, pytest.param(5, marks=pytest.mark.slow_statistics)]


def with_value(document: Any, path: Place, value: Any) -> str:
    spoiled = copy.deepcopy(document)
    place = spoiled
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return yaml.safe_dump(spoiled, sort_keys=False, allow_unicode=True, width=1000)


@pytest.mark.parametrize("n_values", SOME_OR_ALL)
@pytest.mark.parametrize(("name", "text"), [("s.yaml", SCENARIO), ("d.yaml", DESIGN)])
def test_wrong_types_everywhere(name: str, text: str, n_values: int, cli: CommandLine) -> None:
    document = yaml.safe_load(text)
    paths = [path for path, _ in places(document) if path and path != ("schema",)]
    wrong: list[Any] = [True, [], {}, -1, math.nan]
    n_refused = 0
    complaints = []
    for number, path in enumerate(paths):
        for value in (wrong[(number + 2 * turn) % len(wrong)] for turn in range(n_values)):
            Path(name).write_text(with_value(document, path, value), encoding="utf-8")
            ran = cli("check", "s.yaml")
            if ran.code == 0:
                assert ran.err == ""
                continue
            n_refused += 1
            fault = complaint(ran, f"{name}, line", str(path[0]))
            complaints += [f"{path} = {value!r}: {fault}"] if fault else []
    assert n_refused > 0.7 * len(paths) * n_values
    assert complaints == []


@pytest.mark.parametrize(("name", "text"), [("s.yaml", SCENARIO), ("d.yaml", DESIGN)])
def test_a_misspelt_key_is_answered_with_the_right_one(name: str, text: str, cli: CommandLine) -> None:
    document = yaml.safe_load(text)
    by_arm = {"cap", "response_rate"}
    complaints = []
    tried = 0
    for path, node in places(document):
        if not isinstance(node, dict) or (path and path[-1] in by_arm):
            continue
        for key in node:
            for misspelt in {key + key[-1], key[:-2] + key[-1] + key[-2]} - {key}:
                if key == "schema" or (len(key) < 5 and not misspelt.startswith(key)):
                    continue
                renamed = {misspelt if other == key else other: value for other, value in node.items()}
                Path(name).write_text(
                    with_value(document, path, renamed) if path else yaml.safe_dump(renamed, sort_keys=False),
                    encoding="utf-8",
                )
                tried += 1
                dotted = ".".join(map(str, (*path, misspelt)))
                found = (dotted, f'"{misspelt}"') if key != "kind" else ()  # without its kind, a rule has no fields
                fault = complaint(cli("check", "s.yaml"), f"{name}, line", *found, f'"{key}"')
                complaints += [f"{dotted}: {fault}"] if fault else []
    assert tried > 20
    assert complaints == []


# Options


@pytest.mark.parametrize(
    ("words", "needles"),
    [
        (("--n-sims", "0"), ("--n-sims 0", "at least 1")),
        (("--n-sims", "-1"), ("--n-sims -1", "at least 1")),
        (("--n-sims", "1000000000000"), ("--n-sims 1000000000000", "at most")),
        (("--n-sims", "1e12"), ("--n-sims 1e12", "at most")),
        (("--n-sims", "2.5"), ("--n-sims 2.5", "whole number")),
        (("--n-sims", "abc"), ("--n-sims abc", "whole number")),
        (("--n-sims", ""), ("--n-sims", "whole number")),
        (("--n-sims", "[1]"), ("--n-sims [1]", "whole number")),
        (("--n-sims", "nan"), ("--n-sims nan", "whole number")),
        (("--seed", "-1"), ("--seed -1", "at least 0")),
        (("--seed", "18446744073709551616"), ("--seed", "at most")),
        (("--seed", "x"), ("--seed x", "whole number")),
        (("--jobs", "0"), ("--jobs 0", "at least 1")),
        (("--jobs", "-2"), ("--jobs -2", "at least 1")),
        (("--set", "nonsense"), ("--set nonsense", "dotted.path=value")),
        (("--set", "=1"), ("--set =1", "dotted.path=value")),
        (("--set", ""), ("--set", "dotted.path=value")),
        (("--set", "n_sim=1"), ("--set n_sim=1", 'did you mean "n_sims"')),
        (("--set", "zzz=1"), ("--set zzz=1", "accepted:", "n_sims")),
        (("--set", "n_sims.x=1"), ("--set n_sims.x=1", "does not exist")),
        (("--set", "truths.5.response_rate=0.1"), ("--set truths.5", "does not exist", "mixed")),
        (("--set", "truths.-1.response_rate=0.1"), ("--set truths.-1", "does not exist", "mixed")),
        (("--set", "truths.mixd.response_rate=0.1"), ("--set truths.mixd", "does not exist", '"mixed"')),
        (("--set", "truths.mixed.rate=0.1"), ("--set truths.mixed.rate", '"rate"', "response_rate")),
        (("--set", "design.loks.0.name=a"), ("--set design.loks", 'did you mean "looks"')),
        (("--set", "design.looks.gat.at.per_arm=5"), ("--set design.looks.gat", 'did you mean "gate"')),
        (("--set", "design.looks.gate.at.per_arms=5"), ("--set design.looks.gate", 'did you mean "per_arm"')),
        (("--set", "design.looks.gate.at.per_arm=50"), ("--set design.looks.gate", "50", "20")),
        (("--set", "design.looks.gate.at.per_arm=six"), ("--set design.looks.gate", "whole number")),
        (("--set", "design.enrolment.cap.lowdose=5"), ("--set design.enrolment.cap", 'did you mean "low dose"')),
        (("--set", "plans.small.cap=1"), ("--set plans.small.cap=1", "2 arms")),
        (("--set", "truths.mixed.response_rate=1.5"), ("--set truths.mixed", RATE)),
        (("--set", "truths.mixed.response_rate=80/73"), ("--set truths.mixed", RATE)),
        (("--set", "truths.1.name=null"), ("--set truths.1.name",)),
        (("--set", 'truths.0.name="mixed"'), ("--set truths.0.name", "twice")),
        (("--set", "design=nowhere"), ("--set design=nowhere", "are accepted")),
        (("--set", "n_sims=[1, 2"), ("--set n_sims=[1, 2", "cannot be read")),
        (("--set", "title=!!python/name:os.system"), ("--set title=", "cannot be read")),
        (("--set", "title=*a"), ("--set title=", "cannot be read")),
        (("--set", "n_sims=5\nseed=3"), ("--set",)),
        (("--out", "."), ("--out .", "folder")),
        (("--out", ""), ("--out", "name a file")),
        (("--out", "missing/r.json"), ("--out missing/r.json", "missing", "make it first")),
        (("--out", "s.yaml/r.json"), ("--out s.yaml/r.json", "s.yaml", "not a folder")),
        (("--out", "/proc/r.json"), ("--out /proc/r.json", "cannot be written")),
        (("--out", "a\x00b.json"), ("--out",)),
        (("--out", "x" * 300 + ".json"), ("--out",)),
        (("--out", "r.pdf"), ("--out r.pdf", ".json", ".csv")),
        (("--out", "s.yaml"), ("--out s.yaml",)),
        (("--trials", "."), ("--trials .", "folder")),
        (("--trials", "missing/t.parquet"), ("--trials missing/t.parquet", "make it first")),
        (("--trials", "s.yaml/t.parquet"), ("--trials s.yaml/t.parquet", "not a folder")),
        (("--trials", "/proc/t.parquet"), ("--trials /proc/t.parquet", "cannot be written")),
        (("--trials", "t.csv"), ("--trials t.csv", ".parquet")),
        (("--trials", "t.parquet", "--engine", "exact"), ("--trials", "leave out --engine exact")),
        (("--trials", "same.parquet", "--out", "same.parquet"), ("--trials", "--out")),
        (("--trials", "t.parquet", "--out", "/proc/r.json"), ("--out /proc/r.json",)),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) and value[0].startswith("--") else "",
)
def test_options(words: tuple[str, ...], needles: tuple[str, ...], cli: CommandLine, tmp_path: Path) -> None:
    before = contents(tmp_path)
    assert_refused(cli("run", "s.yaml", "--no-save", *words), *needles)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("nonsense",),
        ("run",),
        ("run", "s.yaml", "d.yaml"),
        ("run", "s.yaml", "--engine", "fast"),
        ("run", "s.yaml", "--format", "pdf"),
        ("run", "s.yaml", "--jobs", "two"),
        ("run", "s.yaml", "--nsims", "3"),
        ("run", "s.yaml", "--set"),
        ("check",),
        ("schema", "desing"),
        ("list", "more"),
        ("validate", "--n-sims", "0"),
        ("validate", "--n-sims", "1000000000000"),
        ("validate", "--seed", "-1"),
        ("validate", "--engine", "fast"),
    ],
    ids=" ".join,
)
def test_usage_errors(words: tuple[str, ...], cli: CommandLine, tmp_path: Path) -> None:
    before = contents(tmp_path)
    ran = cli(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(("Usage: ", "Error: "))
    assert "Traceback" not in ran.err
    assert contents(tmp_path) == before


@pytest.mark.parametrize("override", ["nothing=3", "design.nothing=3", "nonsense"])
@pytest.mark.parametrize("source", ["s.yaml", "d.yaml"])
def test_check_refuses_what_it_cannot_set(source: str, override: str, cli: CommandLine) -> None:
    assert_refused(cli("check", source, "--set", override), f"--set {override}")


def test_check_of_several_files_stops_at_the_bad_one(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(edited(SCENARIO, "seed", -1), encoding="utf-8")
    ran = cli("check", "s.yaml", "bad.yaml")
    assert ran.code == 2
    assert re.fullmatch(r"trialsim: bad\.yaml, line \d+, seed: [^\n]+\n", ran.err)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "s.yaml", "--n-sims", "0"),
        ("check", "bomb.yaml"),
        ("run", "/dev/stdin"),
    ],
    ids=" ".join,
)
def test_real_processes_refuse_likewise(words: tuple[str, ...], tmp_path: Path) -> None:
    for name, content in (("s.yaml", SCENARIO), ("d.yaml", DESIGN), ("bomb.yaml", BOMB)):
        (tmp_path / name).write_text(content, encoding="utf-8")
    before = contents(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "trialsim", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input="a: [\n" * 10,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert_refused(Ran(done.returncode, done.stdout, done.stderr), *(words[-1:] if words[0] == "check" else ()))
    assert contents(tmp_path) == before
