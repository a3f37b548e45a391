"""Scripts are compressed once, not for every visitor: plotly alone takes half a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask, Request

MOST = 64
"""Files that are kept; Dash's are some 30."""
_STATIC = ("/_dash-component-suites/", "/assets/")


class Kept:
    """The compressed files of one application. What is made for a visitor has no key and is not kept."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """Return a compressed file, if it is here."""
        return self._files.get(key)

    def set(self, key: str, content: bytes) -> None:
        """Keep a compressed file."""
        if not key.endswith(";") and len(self._files) < MOST:
            self._files[key] = content


def key_of(request: Request) -> str:
    """Return the key of a request for a file that ships; nothing for any other."""
    is_file = request.method == "GET" and request.path.startswith(_STATIC)
    return f"{request.path}?{request.query_string.decode('latin-1')}" if is_file else ""


def keep_compressed(server: Flask) -> None:
    """Have a server keep its compressed files; to be called before it is told to compress."""
    server.config["COMPRESS_CACHE_BACKEND"] = Kept
    server.config["COMPRESS_CACHE_KEY"] = key_of
