"""A comparison as plain data: the document that other programs read, and its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trialsim.comparison.changes import changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trialsim.comparison.designs import Agreement, Comparison, Row

SCHEMA = "trialsim.comparison/1"
ADDRESS = ("plan", "truth", "measure", "arm", "look", "given", "value", "variant", "engine")
VALUE = ("estimate", "mcse", "bound", "exact", "z")
DIFFERENCE = ("value", "mcse", "exact", "z", "is_judged", "variance_ratio", "mcse_error")


def document(found: Comparison) -> dict[str, Any]:
    """Return the comparison as one JSON object (schema `trialsim.comparison/1`)."""
    letters = [side.letter for side in found.sides]
    return {
        "schema": SCHEMA,
        "designs": [
            {
                "letter": side.letter,
                "label": side.label,
                "name": side.scenario.name,
                "id": side.scenario.id,
                "changes": [change._asdict() for change in changes(found.sides[0].scenario, side.scenario)],
            }
            for side in found.sides
        ],
        "reference": "A",
        "notes": list(found.notes),
        "why_not_exact": found.why_not,
        "groups": {"ideal": found.n_groups, "calendar": found.n_calendar_groups},
        "provenance": found.provenance,
        "agreement": _agreement(found.agreement),
        "measures": [_row_document(row, letters) for row in found.rows],
    }


def _agreement(found: Agreement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "n_values": found.n_values,
        "n_differences": found.n_differences,
        "z_limit": found.limit,
        "z_worst": abs(found.worst.z) if found.worst is not None else None,
        "n_failures": len(found.failures),
    }


def _row_document(row: Row, letters: Sequence[str]) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in ADDRESS},
        "designs": {
            letter: None if record is None else {name: getattr(record, name) for name in VALUE}
            for letter, record in zip(letters, row.values, strict=True)
        },
        "differences": {
            letter: None if found is None else {name: getattr(found, name) for name in DIFFERENCE}
            for letter, found in zip(letters[1:], row.differences, strict=True)
        },
    }


def flat_rows(found: Comparison) -> Iterator[list[object]]:
    """Yield the names of columns, then a row per measure and design that is compared with the first."""
    names = [f"{what}_{name}" for what in ("reference", "design") for name in VALUE]
    yield [*ADDRESS, "design", *names, *(f"difference_{name}" for name in DIFFERENCE)]
    for row in found.rows:
        address = [getattr(row, name) for name in ADDRESS]
        for side, record, difference in zip(found.sides[1:], row.values[1:], row.differences, strict=True):
            cells = [getattr(of, name, None) for of in (row.values[0], record) for name in VALUE]
            yield [*address, side.letter, *cells, *(getattr(difference, name, None) for name in DIFFERENCE)]
