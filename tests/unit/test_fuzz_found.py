"""What the fuzzer has found in the library stays mended."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from trialsim import InputError, load_scenario
from trialsim.errors import MOST_LETTERS, TrialsimError, shown
from trialsim.kept import kept_from
from trialsim.spec.load import scenario_document, scenario_of
from trialsim.store import Key, Store, open_store, rows
from trialsim.store.forms import unpacked
from trialsim.store.layouts import Sheet, read_sheet
from trialsim.sweep.run import Settings, replicates_of, result_of, sweep
from trialsim.sweep.single import kept_scenario, tallies_from
from trialsim.sweep.stored import differences


def _refused(call: Callable[[], object], *words: str) -> str:
    """Assert that a call is refused in one sentence that can be read and shown."""
    with pytest.raises(InputError) as caught:
        call()
    sentence = str(caught.value)
    assert sentence.isprintable()
    assert len(sentence) < 2 * MOST_LETTERS
    for word in words:
        assert word in sentence
    return sentence


@pytest.mark.parametrize(
    "option",
    ["plans.0.cap=45", "plans." + "9" * 5000 + ".cap=45", "9" * 5000 + "=1", f"vary.{'9' * 5000}={{values: [1]}}"],
)
def test_a_number_of_thousands_of_digits_in_a_path_is_a_name(option: str) -> None:
    _refused(lambda: load_scenario("simon-20-40", [option]), "--set")


@pytest.mark.parametrize("option", ["vary.n_sim\udcd9={values: [1]}", "title=\udc99", "design={\ud800: 1}"])
def test_half_a_letter_in_an_option_is_refused(option: str) -> None:
    _refused(lambda: load_scenario("simon-20-40", [option]))


def test_half_a_letter_in_a_text_is_refused() -> None:
    _refused(lambda: scenario_document("schema: trialsim.scenario/1\nname: \udc99", "the text"), "the text")


def test_what_is_quoted_is_cut_and_what_is_wrong_is_still_said() -> None:
    sentence = _refused(lambda: load_scenario("simon-20-40", [f"{'x' * 200_000}=1"]), "--set xxx", "unknown field")
    assert "…" in sentence
    short = "a" * MOST_LETTERS
    assert str(TrialsimError(short)) == f"{short}."


def test_an_unknown_field_beside_a_kind_where_no_kind_belongs_is_told() -> None:
    data = {**_plain(), "design": {"schema": "trialsim.design/1", "kind": "responses", "x": 1}}
    _refused(lambda: scenario_of(scenario_document(json.dumps(data), "the text")), "unknown field")


@pytest.mark.parametrize("letter", ["\x1b", "\x85", "\x9b", "\u2028", "\u202e", "\u2066"])
def test_no_name_and_no_text_moves_a_cursor_or_turns_the_writing(letter: str) -> None:
    for change in ({"title": f"a{letter}b"}, {"truths": [{"name": f"a{letter}b", "response_rate": 0.2}]}):
        text = json.dumps({**_plain(), **change})
        _refused(lambda text=text: scenario_of(scenario_document(text, "the text")), "control characters")  # type: ignore[misc]
    assert shown(f"a{letter}b") == "a b"


def _plain() -> dict[str, object]:
    truths = [{"name": "active", "response_rate": 0.4}]
    return {"schema": "trialsim.scenario/1", "name": "a", "design": "simon-1989-20-40", "truths": truths}


@pytest.mark.parametrize(
    "head",
    [
        {"where": ["a", "b"], "n_trials": 10**30, "shapes": []},
        {"where": ["a", "b"], "n_trials": 5, "shapes": [[-1], [1], [1], [1]]},
        {"where": ["a", "b"], "n_trials": 5, "shapes": [[10**30], [1], [1], [1]]},
        {"where": ["a", "b"], "n_trials": 5, "shapes": [["x"], [1], [1], [1]]},
        {"where": ["a", "b"], "n_trials": "5", "shapes": [[1], [1], [1], [1]]},
        {"where": 5, "n_trials": 5, "shapes": [[1], [1], [1], [1]]},
    ],
)
def test_tallies_of_another_form_are_refused(head: dict[str, object]) -> None:
    text = json.dumps(["trialsim.tallies/1", [head]]).encode()
    data = zlib.compress(len(text).to_bytes(4, "little") + text + bytes(32))
    with pytest.raises(ValueError, match="damaged, or of another format"):
        kept_from(data)
    _refused(lambda: tallies_from(data, "the store"), "the store: ")


def test_tallies_of_another_plan_are_begun_anew() -> None:
    import numpy as np

    from trialsim import run
    from trialsim.endings import Tally
    from trialsim.kept import Kept

    scenario = load_scenario("simon-20-40", ["n_sims=40", "truths=[{name: a, response_rate: 0.2}]"])
    kept, other = Kept(), Kept()
    right = run(scenario, "montecarlo", kept=kept).records
    ((where, tally),) = kept.counts.items()
    other.counts[where] = Tally(20, *(np.ones(3, np.int64) for _ in tally[1:]))
    assert run(scenario, "montecarlo", kept=other).records == right


def test_a_stored_scenario_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.sqlite") as store:
        store.begin_sweep("0123", "a", [], "no scenario", 1)
        _refused(lambda: kept_scenario(store.sweep("0123")), "cannot be read by this version")
        assert replicates_of(store, "0123") is None
    assert "design" in differences(load_scenario("simon-20-40"), "no scenario")
    assert "design" in differences(load_scenario("simon-20-40"), "[]")


SWEPT = "vary={truths.active.response_rate: {as: r, from: 0.1, to: 0.3, step: 0.1}, measures: [p_stop]}"


@pytest.fixture
def swept(tmp_path: Path) -> Store:
    """A store with a sweep of three cells."""
    store = open_store(tmp_path / "s.sqlite")
    sweep(load_scenario("simon-20-40", [SWEPT]), store, Settings("exact"))
    return store


def _reseal_cell(store: Store, levels: str) -> str:
    """Give the first cell other levels, and the seal that belongs to them; return the id of its sweep."""
    (found,) = store.sweeps()
    query = f"SELECT {rows.KEYS} FROM cells JOIN results ON results.id = cells.result WHERE number = 0"
    key = store._connection.execute(query).fetchone()
    seal = rows._seal(found.id, 0, levels, None, *key)
    store._connection.execute("UPDATE cells SET levels = ?, seal = ? WHERE number = 0", (levels, seal))
    return found.id


@pytest.mark.parametrize("levels", ["[]", "[0.1, 2]", "[[1]]", "[NaN]", "{}", "5", "[" * 5000, "not JSON", '["a"'])
def test_a_cell_of_another_form_is_damage_whatever_its_seal(swept: Store, levels: str) -> None:
    sweep_id = _reseal_cell(swept, levels)
    _refused(lambda: list(result_of(swept, sweep_id).cells), "the store is damaged")
    swept.close()


def test_a_level_that_moves_the_cursor_is_shown_without(swept: Store) -> None:
    from trialsim.report.sweep_text import summary

    sweep_id = _reseal_cell(swept, json.dumps(["\x1b[2J"]))
    told = summary(result_of(swept, sweep_id))
    assert "\x1b" not in told
    assert "[2J" in told
    swept.close()


@pytest.mark.parametrize(
    "about", ["[]", "5", "not JSON", '["a\\u001b", [], "{}"]', '["a", [5], "{}"]', '["a", {}, "{}"]', '["a", [], 5]']
)
def test_a_sweep_of_another_form_is_damage_whatever_its_seal(swept: Store, about: str) -> None:
    (found,) = swept.sweeps()
    seal = rows._seal(found.id, about, found.n_cells)
    swept._connection.execute("UPDATE sweeps SET about = ?, seal = ?", (about, seal))
    _refused(swept.sweeps, "the store is damaged")
    swept.close()


@pytest.mark.parametrize(
    "change", ["created = x'ff'", "version = char(27) || '[2J'", "n_sims = -id", "cell = 'a' || char(155) || id"]
)
def test_a_line_of_another_form_is_damage(swept: Store, change: str) -> None:
    swept._connection.execute(f"UPDATE results SET {change}")
    _refused(lambda: list(swept.results()), "the store is damaged")
    swept.close()


@pytest.mark.parametrize(
    "row",
    [
        ["plan", None, "p_stop", None, None, None, "x", None, "exact", False],
        ["plan", None, "p_stop", None, None, None, None, None, "exact", "yes"],
        ["plan", None, "p\x1b", None, None, None, None, None, "exact", False],
        ["plan", None, ["x"], None, None, None, None, None, "exact", False],
        [None, None, "p_stop", None, None, None, None, None, "exact", False],
    ],
)
def test_words_of_another_form_are_damage(row: list[object]) -> None:
    from hashlib import blake2b

    from trialsim.store.faults import Broken

    text = json.dumps([row]).encode()
    with pytest.raises(Broken):
        read_sheet(Sheet(blake2b(text, digest_size=16).digest(), zlib.compress(text)))


def test_a_little_that_unpacks_to_a_lot_is_refused() -> None:
    assert unpacked(zlib.compress(bytes(1000)), 1000) == bytes(1000)
    for packed in (zlib.compress(bytes(1001)), zlib.compress(bytes(1000))[:-1], b"x", None):
        with pytest.raises(ValueError, match="it "):
            unpacked(packed, 1000)


def test_a_result_of_another_scenario_is_not_taken_for_a_run(swept: Store) -> None:
    from trialsim.sweep.stored import result_as_kept

    scenario = load_scenario("simon-20-40")
    (found,) = swept.sweeps()
    _refused(lambda: result_as_kept(swept, found, scenario), "not one of its scenario")
    assert swept.find(Key("x", 0, "exact", "x"), 0) is None
    swept.close()


def test_a_row_of_thousands_of_digits_in_a_decision_table_is_told() -> None:
    from pydantic import ValidationError

    from trialsim.spec.rules.table import TableRule

    with pytest.raises(ValidationError, match="must be for a whole number of patients") as caught:
        TableRule(kind="table", at_least={"9" * 5000: 1})  # type: ignore[dict-item]
    assert "digits" not in str(caught.value)
