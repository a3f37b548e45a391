"""What the report says of looks before the end and of safety: the numbers are the records', and a second sum agrees."""

from __future__ import annotations

from math import comb
from typing import cast

import pytest

from tests.unit.report_material import gist, grid, material, row, simon, text
from trialsim.calendar import study_of
from trialsim.distributions import adverse_events
from trialsim.engines.calendar import simulate_trials
from trialsim.report.numbers import formatted, formatted_mcse
from trialsim.report.plots.calendar_frame import share_words
from trialsim.report.regulatory.blocks import Grid, Picture
from trialsim.report.regulatory.sections import safety

PLAN = "147 patients"


def test_the_looks_are_shown_as_they_are_recorded() -> None:
    own = gist()
    table = grid(safety.blocks(own), "looks before the final analysis").table
    assert len(table.rows) == 7 * 4
    for truth in ("inactive", "active"):
        for what, key in (
            ("400 mg stops", ("p_stop", "400 mg", "proof-of-concept")),
            ("takes place", ("p_reached", None, "interim")),
            ("success, pooled", ("p_success", "pooled", "interim")),
        ):
            shown = row(table, truth, key[2], what)
            for records, column in ((own.records, "simulated (MCSE)"), (own.conducted, "as conducted (MCSE)")):
                record = records[PLAN, truth, *key, None, None, None]
                assert shown[column] == f"{formatted(record, 'estimate')} ({formatted_mcse(record)})"
            assert shown["exact"] == formatted(own.records[PLAN, truth, *key, None, None, None], "exact")


def test_stopping_is_the_binomial_tail() -> None:
    expected = sum(comb(18, x) * 0.05**x * 0.95 ** (18 - x) for x in range(3))
    table = grid(safety.blocks(gist()), "looks before the final analysis").table
    assert row(table, "inactive", "proof-of-concept", "600 mg stops")["exact"] == f"{expected:.6f}"


def test_what_looks_see_is_the_record() -> None:
    own = gist()
    table = grid(safety.blocks(own), "what the looks see").table
    shown = row(table, "calibrated", "interim", "pooled")
    record = own.conducted[PLAN, "calibrated", "counted_responses_mean", "pooled", "interim", None, None, None]
    assert shown["responses, mean"].startswith(f"{record.estimate:.1f} (")
    assert shown["patients counted, mean"] == "100.0 (0)"


def test_adverse_events_are_those_of_the_tally() -> None:
    """A second way: the trials run again, their columns added up by `distributions`."""
    own = gist()
    conduct, (_, design, _) = own.scenario.conduct, own.plans[0]
    assert conduct is not None
    truth = next(truth for truth in own.scenario.truths if truth.name == "calibrated")
    study = study_of(design, conduct, truth.rates(design.arm_names), own.scenario.seed)
    shares = adverse_events(design, conduct, simulate_trials(study, conduct.n_sims))
    blocks = list(safety.blocks(own))
    table = grid(blocks, "adverse event").table
    assert len(table.rows) == 28
    for share in shares:
        shown = row(table, share.event)
        assert shown[f"{share.arm}, any grade"] == share_words(share.any_grade)
        assert shown[f"{share.arm}, severe"] == share_words(share.severe)
    (picture,) = [block for block in blocks if isinstance(block, Picture)]
    marks = {float(x): None for trace in picture.figure.data for x in trace.x}
    assert marks.keys() == {cast("float", e.value) for share in shares for e in (share.any_grade, share.severe)}


def test_every_simulated_table_has_its_error_and_badge() -> None:
    grids = [block for block in safety.blocks(gist()) if isinstance(block, Grid)]
    assert len(grids) == 5
    assert {block.badge for block in grids} == {"simulated", "exact and simulated"}
    for one in grids:
        numbers = [cell for cells in one.table.rows for cell in cells[one.table.n_labels :] if cell not in ("–", "")]
        bare = [cell for cell in numbers if "(" not in cell]
        exact = one.table.header.index("exact") if "exact" in one.table.header else None
        allowed = [cells[exact] for cells in one.table.rows] if exact is not None else []
        assert [cell for cell in bare if cell not in allowed] == []


def test_a_scenario_without_safety_says_so() -> None:
    said = text(safety.blocks(simon()))
    assert "There is no safety model in this scenario" in said
    assert "There is no look before the final analysis." in text(
        safety.blocks(material("ahern-2001-10-35", "n_sims=50"))
    )
    assert "no rule that stops an arm for toxicity" not in said
    assert "Neither the design nor the conduct has a rule that stops an arm for toxicity." in text(
        safety.blocks(gist())
    )


def test_rules_for_toxicity_are_shown_where_there_are_some() -> None:
    own = material("bryant-day-1995", "n_sims=400")
    blocks = list(safety.blocks(own))
    record = own.records["33 patients", "target rate", "p_toxic", "treatment", None, None, None, None]
    shown = row(grid(blocks, "too toxic").table, "target rate", "treatment", "at any look")
    assert (shown["exact"], shown["simulated (MCSE)"].split()[0]) == (f"{record.exact:.6f}", f"{record.estimate:.6f}")
    first = sum(comb(19, x) * 0.2**x * 0.8 ** (19 - x) for x in range(8, 20))  # 8 or more of 19 are too toxic
    at_first = row(grid(blocks, "too toxic").table, "target rate", "treatment", "first stage")
    assert float(at_first["exact"]) == pytest.approx(first, abs=5e-7)


def test_toxicity_of_the_conduct_is_told_with_its_rule() -> None:
    conduct = "conduct={n_sims: 150, toxicity: {rate: 0.3, stop_if: {kind: responses, at_least: 5}}}"
    own = material("simon-20-40", "n_sims=100", conduct)
    blocks = list(safety.blocks(own))
    assert "an arm stops if, of its patients entered, at least 5 patients have toxicity" in text(blocks)
    record = own.conducted["37 patients", "active", "p_stop_toxicity", "treatment", None, None, None, None]
    shown = row(grid(blocks, "stop for toxicity").table, "active", "treatment", "between looks")
    assert shown["share (MCSE)"] == f"{formatted(record, 'estimate')} ({formatted_mcse(record)})"
    assert record.estimate is not None
    assert record.estimate > 0.5
