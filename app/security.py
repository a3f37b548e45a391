"""What every answer carries and every request must keep to: headers, hosts, sizes."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flask import Response, request

from app.jobs import VISITOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dash import Dash

    from app.settings import Settings

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Frame-Options": "DENY",
}


def secure(app: Dash, settings: Settings) -> None:
    """Set limits and headers. To be called once all callbacks are registered: their scripts are hashed."""
    server = app.server
    named = [name.strip() for name in settings.allowed_hosts.split(",") if name.strip()]
    server.config["MAX_CONTENT_LENGTH"] = settings.max_request
    known = {"127.0.0.1", "localhost", "[::1]", settings.host, f"[{settings.host}]", *named}
    is_open = settings.host in ("0.0.0.0", "::") and not named  # reachable by names that only the network knows
    policy = _policy(app.csp_hashes())

    @server.before_request
    def _check_host() -> tuple[str, int] | None:
        if is_open or _name_of(request.host) in known:
            return None
        return "This name is not one that the dashboard answers to.", 400

    @server.after_request
    def _add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        response.headers["Content-Security-Policy"] = policy
        if VISITOR not in request.cookies and response.mimetype == "text/html":
            word = secrets.token_urlsafe(16)
            response.set_cookie(VISITOR, word, httponly=True, samesite="Strict", secure=request.is_secure)
        if request.path.startswith("/_dash-") and not request.path.startswith("/_dash-component-suites"):
            response.headers["Cache-Control"] = "no-store"
        return response

    @server.errorhandler(413)
    def _too_large(_: Exception) -> tuple[str, int]:
        return f"Too large: at most {settings.max_request:,} bytes are taken.", 413


def _name_of(host: str) -> str:
    """Return a host without its port.

    >>> _name_of("localhost:8050"), _name_of("[::1]:8050"), _name_of("[::1]")
    ('localhost', '[::1]', '[::1]')
    """
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def _policy(hashes: Sequence[str]) -> str:
    scripts = " ".join(["'self'", *(f"'{one}'" if not one.startswith("'") else one for one in hashes)])
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "object-src 'none'",
        ]
    )
