"""Figures: each file makes one, from data to `plotly.graph_objects.Figure`. Plotly is imported only in here."""

from __future__ import annotations

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
"""Colours that the colour-blind tell apart (Okabe and Ito 2008), without black, which a dark page swallows."""

INK = "#1c1c1c"
"""Lines and markers that a dark page repaints."""

FAINT = "rgba(128, 128, 128, 0.3)"
"""Grid lines; they show on white and on black."""


def colour_of(arm: int) -> str:
    """Return the colour of an arm, by its number."""
    return OKABE_ITO[arm % len(OKABE_ITO)]


def safe(text: str) -> str:
    """Return a name that plotly shows as it is, whatever HTML it looks like."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
