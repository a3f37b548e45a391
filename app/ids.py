"""Names of what callbacks of several files speak about. What one page has for itself is named there."""

from __future__ import annotations

STATE = "state"
"""The store that holds the state of the address bar (`app.state.as_data`)."""
URL = "url"
ROUTE = "route"
"""The address as the browser last asked for it: path, query, and a count."""
NAVIGATE = "navigate"
"""A query that the server asks the browser to go to."""
PAGE = "page"
"""Where the page of the address stands."""
LINK_PROBLEMS = "link-problems"
DOWNLOAD = "download"
BUSY = "connection"
"""The banner that says that the server does not answer."""


def slider(key: str) -> dict[str, str]:
    """Return the id of a field's slider."""
    return {"r": "slider", "k": key}


def number(key: str) -> dict[str, str]:
    """Return the id of a field's number box."""
    return {"r": "number", "k": key}


def choice(key: str) -> dict[str, str]:
    """Return the id of a field's select."""
    return {"r": "choice", "k": key}


def switch(key: str) -> dict[str, str]:
    """Return the id of a field's switch."""
    return {"r": "switch", "k": key}


def error(key: str) -> dict[str, str]:
    """Return the id of the place beside a field where its error stands."""
    return {"r": "error", "k": key}


def figure(name: str) -> dict[str, str]:
    """Return the id of a graph."""
    return {"t": "figure", "i": name}


def note(name: str) -> dict[str, str]:
    """Return the id of the methods note under a graph."""
    return {"t": "note", "i": name}
