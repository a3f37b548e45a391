"""Names of what callbacks of several files speak about. What one page has for itself is named there."""

from __future__ import annotations

STATE = "state"
"""The store that holds the state of the address bar (`app.state.as_data`)."""
BASE = {"t": "base", "i": "form"}
"""The store of a page's form: the values of its fields before anything was changed, by path."""
PINS = "pins"
"""The store of the designs pinned for comparison, kept by the browser (`app.pins.as_data`)."""
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


def coded(path: str) -> str:
    """Return a dotted path as an id may hold it: Dash reads a dot as the end of an id.

    >>> coded("view.day"), path_of(coded("a~b.c"))
    ('view~1day', 'a~b.c')
    """
    return path.replace("~", "~0").replace(".", "~1")


def path_of(key: str) -> str:
    """Return the path that `coded` was given."""
    return key.replace("~1", ".").replace("~0", "~")


def slider(key: str) -> dict[str, str]:
    """Return the id of a field's slider."""
    return {"r": "slider", "k": coded(key)}


def number(key: str) -> dict[str, str]:
    """Return the id of a field's number box."""
    return {"r": "number", "k": coded(key)}


def choice(key: str) -> dict[str, str]:
    """Return the id of a field's select."""
    return {"r": "choice", "k": coded(key)}


def switch(key: str) -> dict[str, str]:
    """Return the id of a field's switch."""
    return {"r": "switch", "k": coded(key)}


def error(key: str) -> dict[str, str]:
    """Return the id of the place beside a field where its error stands."""
    return {"r": "error", "k": coded(key)}


def own_state(page: str) -> dict[str, str]:
    """Return the id of a page's copy of the state.

    What belongs to one page listens to this, not to the state itself: Dash runs no callback of which a part is missing,
    and says so in the browser's console.
    """
    return {"t": "own", "i": page}


def figure(name: str) -> dict[str, str]:
    """Return the id of a graph."""
    return {"t": "figure", "i": name}


def live(name: str) -> dict[str, str]:
    """Return the id of a graph that follows a moving slider."""
    return {"t": "live", "i": name}


def note(name: str) -> dict[str, str]:
    """Return the id of the methods note under a graph."""
    return {"t": "note", "i": name}
