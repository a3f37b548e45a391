"""What the report rests on: who made which numbers from what, with which program, when."""

from __future__ import annotations

import hashlib
import json
import platform
from typing import TYPE_CHECKING

from trialsim._version import __version__
from trialsim.report.regulatory.alerts import status_of
from trialsim.report.regulatory.blocks import Grid, Heading, Points, Words
from trialsim.report.regulatory.repository import commit_of
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.regulatory.material import Material
    from trialsim.spec.design import Design

BADGES = (
    "exact: computed without simulation; the digits shown are right.",
    "simulated: estimated from simulated trials, each number with its Monte Carlo standard error (MCSE).",
    "exact and simulated: both, from the same scenario, checked against each other.",
    "published: printed in a paper or protocol that is named.",
    "assumed: put in by people, not found here.",
)


def blocks(material: Material) -> Iterator[Block]:
    """Yield the provenance of the report."""
    status = status_of(material.scenario)
    yield Words(
        "This report is locked: its scenario says that the simulation protocol is final (narrative.status: locked)."
        if status == "locked"
        else "This report is a draft: its scenario does not say that the simulation protocol is final "
        "(narrative.status: locked)."
    )
    yield Grid(Table("What the report rests on", ["what", "value"], 2, list(_rows(material))), "")
    yield Words(
        f"From the store: {material.stored}. Everything else was computed for this report."
        if material.stored
        else "Nothing came from a store: every number was computed for this report."
    )
    yield Heading("Where the numbers of a table come from")
    yield Words("Every table and figure with results carries one of these words:")
    yield Points(BADGES)


def digest_of(design: Design) -> str:
    """Return the first 16 hex digits of the SHA-256 of a design's sorted JSON, as a scenario's id is made."""
    data = design.model_dump(mode="json", by_alias=True)
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _rows(material: Material) -> Iterator[list[str]]:
    scenario, facts = material.scenario, material.result.provenance
    yaml_digest = hashlib.sha256(material.scenario_yaml.encode()).hexdigest()
    yield ["scenario", scenario.name]
    yield ["id of the scenario (SHA-256 of its sorted JSON, 16 digits)", scenario.id]
    yield ["SHA-256 of the scenario in this file", yaml_digest]
    yield ["design", scenario.design.name]
    yield ["id of the design, made as that of the scenario", digest_of(scenario.design)]
    yield ["status", status_of(scenario)]
    yield ["seed", _said(facts["seed"])]
    yield ["replicates per plan and truth", _said(facts["n_sims"])]
    if scenario.conduct is not None and material.result.engine != "exact":
        yield ["calendar trials per plan and truth", _said(scenario.conduct.n_sims)]
    yield ["stream of random numbers", _said(facts["stream"])]
    yield ["trialsim that made the result", _said(facts["trialsim"])]
    yield ["trialsim that made the report", __version__]
    for name, word in (("python", "Python"), ("numpy", "NumPy"), ("numba", "Numba")):
        yield [word, _said(facts[name])]
    yield ["platform", platform.platform()]
    yield ["git commit of the scenario file", commit_of(material.source)]
    yield ["date of the report", material.date]
    yield ["wall time of the run", "not kept" if facts["wall_s"] is None else f"{facts['wall_s']:.2f} s"]
    yield ["command", material.command]


def _said(fact: object) -> str:
    if fact is None:
        return "none: nothing was simulated, or the store did not keep it"
    return f"{fact:,}" if isinstance(fact, int) and fact >= 10_000 else str(fact)
