"""Decision tables in CSV beside a design."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.fuzz import shipped
from tests.fuzz.mutation import NAMES, NUMBERS, of_text
from tests.fuzz.target import Target, answered, check_lines
from trialsim import load_design
from trialsim.report.check import explanation
from trialsim.spec.beside import read_table

_DESIGN = {
    "schema": "trialsim.design/1",
    "name": "fuzzed",
    "arms": [{"name": "treatment"}],
    "enrolment": {"cap": 37},
    "looks": [
        {"name": "first", "at": {"total": 17}, "continue_if": {"rule": {"kind": "table", "at_least": "table.csv"}}},
        {"name": "last", "at": "full_enrolment", "success_if": {"rule": {"kind": "responses", "at_least": 11}}},
    ],
}


def seeds() -> list[bytes]:
    """Return tables as programs write them."""
    return [
        b"n,at_least\n17,4\n37,11\n",
        b'\xef\xbb\xbf"n","at_least"\r\n"10","1"\r\n"17","4"\r\n',
        b"n,at_least\n\n" + b"".join(b"%d,%d\n" % (n, n // 4) for n in range(1, 38)),
    ]


def mutate(data: bytes, rng: Random) -> bytes:
    """Change letters of a table, or a cell or a row of it."""
    if rng.random() < 0.5:
        return of_text(data, rng)
    rows = [line.split(b",") for line in data.splitlines()]
    for _ in range(rng.choice((1, 1, 2, 5))):
        row = rng.choice(rows)
        if rng.random() < 0.7 and row:
            new = str(rng.choice(rng.choice((NAMES, NUMBERS))))
            row[rng.randrange(len(row))] = new.encode("utf-8", "surrogatepass")
        else:
            rows += [list(row)] * (rng.choice((1, 1, 1, 2, 2, 2, 2, 3000)) if sum(map(len, row)) < 20 else 1)
    return rng.choice((b"\n", b"\n", b"\r\n", b"\r", b"\x0c")).join(map(b",".join, rows))


def begin(folder: Path) -> Callable[[bytes], None]:
    """Return what tries a table: by itself, and now and then with its design."""
    table, design = folder / "table.csv", folder / "design.yaml"
    design.write_text(json.dumps(_DESIGN))

    def one(data: bytes) -> None:
        table.write_bytes(data)
        rows = answered(lambda: read_table(table))
        if rows is None and not shipped.one_in(64, data):
            return
        found = answered(lambda: load_design(design))
        words = answered(lambda: explanation(found)) if found is not None and shipped.one_in(4, data) else None
        if words is not None:
            check_lines(words)

    return one


TARGET = Target("tables", seeds, mutate, begin)
