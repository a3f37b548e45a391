"""What the report says of its own verification, against the records it is said of."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import pytest

from tests.unit.report_material import gist, grid, material, missing, row, simon, text
from trialsim.engines.guard import STEP
from trialsim.oc.agreement import z_limit
from trialsim.records import agreement_of
from trialsim.report.regulatory.blocks import Grid
from trialsim.report.regulatory.sections import verification


def test_the_agreement_is_counted_from_the_records() -> None:
    own = gist()
    judged = [r for r in own.result.records if r.is_judged and r.z is not None]
    said = text(verification.blocks(own))
    largest = max(abs(r.z or 0.0) for r in judged)
    assert f"{len(judged):,} measures were computed by both engines" in said
    assert f"The limit for |z| is {z_limit(len(judged)):.2f}" in said
    assert f"The largest |z| is {largest:.2f}" in said
    assert "the engines agree" in said


def test_the_table_by_measure_adds_up() -> None:
    own = gist()
    table = grid(verification.blocks(own), "by measure").table
    judged = [r for r in own.result.records if r.is_judged and r.z is not None]
    assert sum(int(cells[1].replace(",", "")) for cells in table.rows) == len(judged)
    beyond = [r for r in judged if r.measure == "p_stop" and abs(r.z or 0.0) > 1.96]
    assert row(table, "p_stop")["|z| above 1.96"] == str(len(beyond))


def test_the_worst_are_the_worst() -> None:
    own = simon()
    table = grid(verification.blocks(own), "largest |z|").table
    shown = [abs(float(cells[-1].strip("()"))) for cells in table.rows]
    all_z = sorted((abs(r.z) for r in own.result.records if r.is_judged and r.z is not None), reverse=True)
    assert shown == pytest.approx(all_z[: verification.N_WORST], abs=0.005)
    assert len(shown) == verification.N_WORST


def test_a_disagreement_is_shouted() -> None:
    own = simon()
    bad = [r._replace(z=9.5) if r.measure == "p_reject" and r.truth == "active" else r for r in own.result.records]
    blocks = list(
        verification.blocks(replace(own, result=replace(own.result, records=tuple(bad), agreement=agreement_of(bad))))
    )
    assert "1 is beyond it: THE ENGINES DISAGREE" in text(blocks)
    assert grid(blocks, "on which the engines disagree").table.rows[0][-1] == "9.50"


def test_published_values_stand_beside_ours() -> None:
    blocks = list(verification.blocks(gist()))
    table = grid(blocks, "published values of gist-imatinib").table
    expected = sum(comb(18, x) * 0.05**x * 0.95 ** (18 - x) for x in range(3))
    shown = row(table, "p_stop, proof-of-concept", "5 %")
    assert (shown["verdict"], shown["printed"], shown["exact"]) == ("agrees", "0.94", f"{expected:.6f}")
    assert "3 of 3 published values" in text(blocks)
    assert grid(blocks, "published values of").badge == "published"


def test_a_wrong_published_value_differs() -> None:
    wrong = material("gist", "n_sims=20", "conduct=null", "design.published.0.printed=0.90")
    blocks = list(verification.blocks(wrong))
    assert row(grid(blocks, "published").table, "p_stop, proof-of-concept", "5 %")["verdict"] == "DIFFERS"
    assert "2 of 3 published values" in text(blocks)


def test_the_match_is_counted() -> None:
    own = gist()
    verdicts = [one.verdict for one in own.result.match]
    assert f"{verdicts.count('inside')} inside" in text(verification.blocks(own))
    assert f"{verdicts.count('impossible')} impossible" in text(verification.blocks(own))


def test_one_engine_alone_is_said() -> None:
    exact = material("simon-20-40", engine="exact")
    assert "Nothing was simulated" in text(verification.blocks(exact))
    assert not [b for b in verification.blocks(exact) if isinstance(b, Grid) and b.badge == "exact and simulated"]
    simulated = material("simon-20-40", "n_sims=100", engine="montecarlo")
    said = text(verification.blocks(simulated))
    assert "the simulation stands alone" in said
    assert "Nothing was solved exactly" in said


def test_the_guards_are_told_as_they_were() -> None:
    said = text(verification.blocks(gist()))
    assert "147 patients: under each of the 7 truths the design was solved again" in said
    assert f"raised by {100 * STEP:g} percentage points, and no arm was less likely to go on" in said
    assert "no look stops an arm" in text(verification.blocks(material("ahern-2001-10-35", "n_sims=50")))
    no_values = material("simon-20-40", "n_sims=50", "design.published=[]")
    assert missing(verification.blocks(no_values)) == ["design.published"]
