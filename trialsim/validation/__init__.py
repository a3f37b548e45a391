"""The catalogue's published values against ours: `published` finds and judges them, `shown` writes them."""

from trialsim.validation.published import Summary, Validation, counts, disagreements, summary, validate
from trialsim.validation.shown import as_csv, as_json, as_table

__all__ = ["Summary", "Validation", "as_csv", "as_json", "as_table", "counts", "disagreements", "summary", "validate"]
