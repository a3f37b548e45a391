"""Runs that tests of the report share, few replicates each, and what their blocks hold."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from trialsim import load_scenario, run
from trialsim.report.regulatory.blocks import Grid, Missing, Points, Words
from trialsim.report.regulatory.material import Material

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trialsim.report.regulatory.blocks import Block
    from trialsim.report.table import Table

GIST = ("n_sims=400", "conduct.n_sims=120")
SIMON = ("n_sims=2000",)


@cache
def material(
    source: str, *overrides: str, engine: Any = "auto", command: str = "python -m trialsim report"
) -> Material:
    result = run(load_scenario(source, list(overrides)), engine)
    return Material(result, command, "2026-11-22", source=source)


def gist() -> Material:
    return material("gist", *GIST)


def simon() -> Material:
    return material("simon-20-40", *SIMON)


def grid(blocks: Iterable[Block], words: str) -> Grid:
    """Return the one table whose title has these words."""
    (found,) = [block for block in blocks if isinstance(block, Grid) and words in block.table.title]
    return found


def row(table: Table, *labels: str) -> dict[str, str]:
    """Return the one row that begins with these labels, by heading."""
    (found,) = [one for one in table.rows if tuple(one[: len(labels)]) == labels]
    return dict(zip(table.header, found, strict=True))


def text(blocks: Iterable[Block]) -> str:
    """Return all sentences."""
    lines: list[str] = []
    for block in blocks:
        lines += block.items if isinstance(block, Points) else [block.text] if isinstance(block, Words) else []
    return "\n".join(lines)


def missing(blocks: Iterable[Block]) -> list[str]:
    """Return the places that would be filled."""
    return [block.place for block in blocks if isinstance(block, Missing)]
