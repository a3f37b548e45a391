"""The formats a result can be written in. To add one: a function here or beside, and a line in both mappings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from trialsim.errors import InputError, nearest
from trialsim.report.document import as_csv, as_json
from trialsim.report.render import as_html, as_markdown, as_text

if TYPE_CHECKING:
    from trialsim.api import Result

SUFFIXES = {".json": "json", ".csv": "csv", ".md": "markdown", ".html": "html", ".htm": "html", ".txt": "text"}


def rendered(result: Result, format_: str, *, full: bool) -> str:
    """Return a result in a format; JSON and CSV always hold every measure."""
    if format_ in ("json", "csv"):
        return as_json(result) if format_ == "json" else as_csv(result)
    return {"text": as_text, "markdown": as_markdown, "html": as_html}[format_](result, full=full)


def format_of(out: str | None) -> str:
    """Return the format that the suffix of an output file says; text without a file or suffix.

    Raises
    ------
    InputError
        If the suffix is not known.
    """
    if out is None:
        return "text"
    suffix = os.path.splitext(out)[1].lower()
    if suffix and suffix not in SUFFIXES:
        raise InputError(f"--out {out}: what format is {suffix}? {nearest(suffix, SUFFIXES)}; or say --format")
    return SUFFIXES.get(suffix, "text")
