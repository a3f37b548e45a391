"""The scenario that a report carries: written into the page, and read out of it again.

It stands at the head of the page as text, so that a reader needs the first part of the file only and runs no script.
"""

from __future__ import annotations

from html import escape, unescape

from trialsim.errors import InputError
from trialsim.spec.yaml import MAX_BYTES

OPEN = '<script type="application/yaml" id="trialsim-scenario">'
CLOSE = "</script>"
MOST_READ = 4 * MAX_BYTES
"""Bytes of a page that are looked at; more than a scenario with its escapes and what stands before it can take."""

_PAGE = b"<!doctype html"


def embedded(yaml_text: str) -> str:
    """Return the element that carries a scenario; nothing in the text can end it or be taken for markup.

    >>> embedded("name: a</script>")
    '<script type="application/yaml" id="trialsim-scenario">\\nname: a&lt;/script&gt;\\n</script>'
    """
    return f"{OPEN}\n{escape(yaml_text, quote=False)}\n{CLOSE}"


def is_page(content: bytes) -> bool:
    """Return whether a file begins as an HTML page does."""
    return content[:200].removeprefix(b"\xef\xbb\xbf").lstrip()[: len(_PAGE)].lower() == _PAGE


def scenario_in(page: str, source: str) -> str:
    """Return the YAML of the scenario in the first `MOST_READ` bytes of a report.

    Raises
    ------
    InputError
        If the page carries none; `source` is what the sentence calls it.
    """
    _, opened, rest = page.partition(OPEN)
    text, closed, _ = rest.partition(CLOSE)
    if not opened or not closed:
        raise InputError(
            f"{source}: an HTML page without a scenario in it; a page from `trialsim report` or a YAML file is wanted"
        )
    return unescape(text.removeprefix("\r").removeprefix("\n"))
