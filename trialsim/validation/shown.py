"""Published values against ours, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from trialsim.published import summary
from trialsim.report.document import csv_cell
from trialsim.report.numbers import percent
from trialsim.report.render import table_as_markdown
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.published import Validation
    from trialsim.spec.design import PublishedValue

SCHEMA = "trialsim.validation/1"
SIGNS = {"equals": "", "less_than": "< ", "at_most": "≤ ", "at_least": "≥ "}
PAGE_HEAD = """# Validation

Every published number that a shipped design carries, against the exact and the simulated value (100,000 replicates,
seed 1). "Agrees" means within half a unit of the last printed digit, or in the printed relation. Written by
`make docs`; the same table is printed by `python -m trialsim validate`, and each row is a test.

A number was checked at the source if it was read in the document where it was first printed, the one that the column
"printed at" names: a paper, or the documentation of a program that computed it for the published design. A number that
was read at second hand, or is only remembered, stands in brackets and does not count. A design counts if at least one
number of it that is more than a bound was checked at the source, and all that were checked agree.

"""
HEADER = ["design", "measure", "true rate", "verdict", "printed at", "printed", "exact", "simulated", "MCSE", "z"]


def as_table(found: Sequence[Validation]) -> Table:
    """Return the validations as a table."""
    return Table("published values against ours", HEADER, 5, [_cells(item) for item in found])


def _cells(item: Validation) -> list[str]:
    p, r = item.published, item.record
    simulated = r.engine == "montecarlo" and r.estimate is not None and r.mcse is not None
    return [
        item.design.name,
        _measure(item),
        rates_in_words(p),
        item.verdict,
        p.place + ("" if p.checked_at_source else " (not checked at the source)"),
        f"{SIGNS[p.relation]}{p.printed:.{p.digits}f}",
        "–" if r.exact is None else f"{r.exact:.{max(6, p.digits + 1)}f}",
        f"{r.estimate:.6f}" if simulated else "–",
        f"{r.mcse:.2g}" if simulated else "–",
        "–" if r.z is None else f"{r.z:.2f}",
    ]


def _measure(item: Validation) -> str:
    p = item.published
    looks = len({other.look for other in item.design.published if other.measure == p.measure})
    at = f" at {p.value:g}" if p.value is not None else ""
    return p.measure + at + (f", {p.look}" if p.look is not None and looks > 1 else "")


def rates_in_words(p: PublishedValue) -> str:
    """Return the true rates that a value was printed for: "30 %, toxicity 20 %"; "any" if it needs none."""
    response = "any" if p.response_rate is None else percent(p.response_rate)
    toxicity = f", toxicity {percent(p.toxicity_rate)}" if p.toxicity_rate is not None else ""
    return response + toxicity + (f", OR {p.odds_ratio:g}" if p.odds_ratio is not None else "")


def as_page(found: Sequence[Validation]) -> str:
    """Return the page of the documentation, docs/validation.md."""
    return f"{PAGE_HEAD}{summary(found).sentence}\n\n{table_as_markdown(as_table(found))}"


def rows(found: Sequence[Validation]) -> list[dict[str, Any]]:
    """Return one plain record per published value."""
    return [
        {
            "design": item.design.name,
            **item.published.model_dump(exclude={"toxicity_rate", "odds_ratio"}),
            "toxicity_rate": item.published.toxicity_rate,
            "odds_ratio": item.published.odds_ratio,
            "exact": item.record.exact,
            "estimate": item.record.estimate if item.record.engine == "montecarlo" else None,
            "mcse": item.record.mcse if item.record.engine == "montecarlo" else None,
            "z": item.record.z,
            "agrees": item.agrees,
        }
        for item in found
    ]


def as_json(found: Sequence[Validation]) -> str:
    """Return the validations as one JSON object: schema, summary, values."""
    document = {"schema": SCHEMA, "summary": summary(found)._asdict(), "values": rows(found)}
    return json.dumps(document, indent=1, allow_nan=False, default=float, ensure_ascii=False) + "\n"


def as_csv(found: Sequence[Validation]) -> str:
    """Return the validations as CSV, one published value a row."""
    out, records = io.StringIO(), rows(found)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(records[0] if records else [])
    for record in records:
        writer.writerow([csv_cell(value) for value in record.values()])
    return out.getvalue()
