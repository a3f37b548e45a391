"""The result document (JSON) and its rows (CSV): the contract that other programs read."""

from __future__ import annotations

import csv
import io
import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from trialsim.inference.joint import JointRates

if TYPE_CHECKING:
    from trialsim.api import Record, Result
    from trialsim.calendar import MatchRow
    from trialsim.spec.scenario import Truth

SCHEMA = "trialsim.result/1"
COLUMNS = (
    "plan",
    "truth",
    "measure",
    "arm",
    "look",
    "given",
    "value",
    "variant",
    "estimate",
    "mcse",
    "bound",
    "engine",
    "exact",
    "z",
    "cost",
)  # the names of the contract, in the order of the CSV


def document(result: Result) -> dict[str, Any]:
    """Return the result as one JSON object."""
    scenario, arms = result.scenario, result.scenario.design.arm_names
    return {
        "schema": SCHEMA,
        "scenario": {"name": scenario.name, "id": scenario.id},
        "plans": [
            {
                "name": name,
                "cap": dict(zip(arms, design.caps, strict=True)),
                "when_arm_stops": design.enrolment.when_arm_stops,
            }
            for name, design in scenario.designs()
        ],
        "truths": [_truth(truth, arms) for truth in scenario.truths],
        "provenance": result.provenance,
        "agreement": _agreement(result),
        "match": [_match_row(found) for found in result.match],
        "missed_looks": [found._asdict() for found in result.missed],
        "sensitivity": [
            {"reading": reading.name, "truth": reading.truth, "measures": [row(record) for record in reading.records]}
            for reading in result.readings
        ],
        "measures": [row(record) for record in result.records],
    }


def row(record: Record) -> dict[str, Any]:
    """Return one record as a mapping, in the order of `COLUMNS`."""
    return {name: getattr(record, name) for name in COLUMNS}


def as_json(result: Result) -> str:
    """Return the document as JSON text; numbers have all their digits."""
    text = json.dumps(document(result), indent=1, allow_nan=False, default=float, ensure_ascii=False)
    return text + "\n"


def as_csv(result: Result) -> str:
    """Return the records as CSV (RFC 4180), one row per number; what a spreadsheet would run gets a ' before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    cells = attrgetter(*COLUMNS)
    writer.writerows([csv_cell(value) for value in cells(record)] for record in result.records)
    return out.getvalue()


def as_parquet(result: Result) -> bytes:
    """Return the records as Parquet, one row per number, with the columns of the CSV."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = ("value", "estimate", "mcse", "bound", "exact", "z", "cost")
    schema = pa.schema([(name, pa.float64() if name in numbers else pa.string()) for name in COLUMNS])
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row(record) for record in result.records], schema=schema), out)
    return out.getvalue()


def csv_cell(value: object) -> object:
    """Return a value as CSV holds it: a word that a spreadsheet would run gets a ' before it, None is empty."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value


def _match_row(found: MatchRow) -> dict[str, Any]:
    return {
        "result": found.label,
        "printed": found.printed,
        "unit": found.unit,
        "place": found.place,
        "mean": found.mean.value,
        "mcse": found.mean.mcse,
        "sd": found.sd.value,
        "low": found.low.value,
        "low_mcse": found.low.mcse,
        "high": found.high.value,
        "high_mcse": found.high.mcse,
        "verdict": found.verdict,
        "reason": found.reason,
    }


def _truth(truth: Truth, arms: tuple[str, ...]) -> dict[str, Any]:
    """Return a truth; its toxicity only where the scenario names it."""
    rates = truth.rates(arms)
    found: dict[str, Any] = {"name": truth.name, "response_rate": dict(zip(arms, rates, strict=True))}
    if isinstance(rates, JointRates):
        found["toxicity_rate"] = dict(zip(arms, rates.toxicity, strict=True))
        found["odds_ratio"] = rates.odds_ratio
    return found


def _agreement(result: Result) -> dict[str, Any] | None:
    found = result.agreement
    if found is None:
        return None
    worst = abs(found.worst.z) if found.worst is not None and found.worst.z is not None else None
    return {"n_judged": found.n_judged, "z_limit": found.limit, "z_worst": worst, "n_failures": len(found.failures)}
