"""The page's own HTML, before anything is drawn: which scripts come, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dash import Dash
from plotly.offline import get_plotlyjs_version

ASSETS = Path(__file__).parent / "assets"
IGNORED = r"plotly-.*"
"""Assets that are no script of every page; assets/plotly.js fetches the one."""
_BUNDLE = "plotly-cartesian-{version}.min.js"
INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
{%favicon%}
{%css%}
<link rel="preload" as="script" id="plotly-script" href="PLOTLY">
</head>
<body>
{%app_entry%}
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>
"""


class Dashboard(Dash):
    """Dash, with fewer scripts to be run before the first figure."""

    def interpolate_index(self, **parts: Any) -> str:
        """Return the page; what only browsers of long ago need is left to those."""
        parts["scripts"] = "\n".join(
            line.replace("<script ", "<script nomodule ") if "/polyfill@" in line else line
            for line in parts["scripts"].splitlines()
            if "/dash_table/" not in line
        )
        return str(super().interpolate_index(**parts))


def index() -> str:
    """Return the frame of the page with the address of plotly.js in it.

    The bundle without maps, finance and three dimensions, a third of the whole, if the one that ships is of the version
    that plotly's Python half speaks to; otherwise the whole, which came with that.
    """
    bundle = _BUNDLE.format(version=get_plotlyjs_version())
    ships = (ASSETS / bundle).is_file()
    address = f"/assets/{bundle}" if ships else "/_dash-component-suites/plotly/package_data/plotly.min.js"
    return INDEX.replace("PLOTLY", address)
