"""A table of words, before anybody has chosen text, Markdown or HTML."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Table:
    """A table of words. The first `n_labels` columns are labels, the others numbers."""

    title: str
    header: list[str]
    n_labels: int
    rows: list[list[str]] = field(default_factory=list)
