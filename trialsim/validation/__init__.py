"""The catalogue's published values against ours: `trialsim.published` judges them, `shown` writes them."""

from trialsim.published import Summary, Validation, counts, disagreements, summary, validate
from trialsim.validation.shown import as_csv, as_json, as_page, as_table, rates_in_words

__all__ = [
    "Summary",
    "Validation",
    "as_csv",
    "as_json",
    "as_page",
    "as_table",
    "counts",
    "disagreements",
    "rates_in_words",
    "summary",
    "validate",
]
