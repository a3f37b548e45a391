"""What can be chosen of a sweep: every selector leads back to its number."""

from __future__ import annotations

from pathlib import Path

from trialsim import load_scenario
from trialsim.records import Record
from trialsim.report.sweep_choices import choices_of, contents_of
from trialsim.report.sweep_measures import select
from trialsim.store import open_store
from trialsim.sweep.cells import CellResult, SweepResult
from trialsim.sweep.run import Settings, result_of, sweep


def record(measure: str, estimate: float, **fields: object) -> Record:
    nothing = dict.fromkeys(Record._fields)
    return Record(**{**nothing, "engine": "exact", "measure": measure, "estimate": estimate, **fields})  # type: ignore[arg-type]


def test_every_selector_leads_back_to_its_number(tmp_path: Path) -> None:
    gate = "design.looks.proof-of-concept.at.per_arm"
    scenario = load_scenario(
        "gist",
        [
            "plans=[]",
            "conduct=null",
            "truths=[{name: null rate, response_rate: 0.05}, {name: target rate, response_rate: 0.3}]",
            f"vary={{{gate}: [12, 18]}}",
        ],
    )
    with open_store(tmp_path / "s.sqlite") as store:
        sweep_id = sweep(scenario, store, Settings("exact")).sweep_id
        contents = contents_of(result_of(store, sweep_id))
        assert [(axis.name, axis.levels) for axis in contents.axes] == [(gate, (12, 18))]
        assert contents.n_failed == 0
        assert len({choice.selector for choice in contents.choices}) == len(contents.choices) > 100
        chosen = select(result_of(store, sweep_id), [choice.selector for choice in contents.choices])
        assert list(chosen.cells[0].records) == [choice.record for choice in contents.choices]


def test_names_that_are_no_plain_words() -> None:
    arms = ["A, then B", 'the "new" one', "n = 3", "none"]
    records = tuple(record("p_stop", n / 10, arm=arm, truth="t") for n, arm in enumerate(arms))
    whole = (*records, record("p_stop", 0.9, truth="t"))
    found = choices_of(whole)
    result = SweepResult("s", ("a",), [CellResult(0, (1,), whole)])
    chosen = select(result, [choice.selector for choice in found if choice.record.arm != "none"])
    assert [one.estimate for one in chosen.cells[0].records if one is not None] == [0.0, 0.1, 0.2, 0.9]


def test_the_first_cell_that_has_numbers_says_what_there_is() -> None:
    cells = [CellResult(0, (1,), (), "it failed"), CellResult(1, (2,), (record("pet", 0.5),))]
    contents = contents_of(SweepResult("s", ("a",), cells))
    assert [choice.selector for choice in contents.choices] == ["pet"]
    assert contents.n_failed == 1
    assert contents.axes[0].levels == (1, 2)
