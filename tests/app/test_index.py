"""The page's own HTML: which plotly.js it names, which scripts it leaves out, and what ships as it was published."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs_version

from app import index
from app.main import create_app
from app.settings import Settings

BUNDLE = "plotly-cartesian-4.1.1.min.js"
PUBLISHED = "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"


def test_the_bundle_is_the_one_of_plotly_itself() -> None:
    named = index.index()
    assert f"/assets/plotly-cartesian-{get_plotlyjs_version()}.min.js" in named
    assert "package_data" not in named


def test_another_plotly_brings_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "get_plotlyjs_version", lambda: "99.0.0")
    assert "/_dash-component-suites/plotly/package_data/plotly.min.js" in index.index()


def test_the_bundle_is_unchanged_but_for_its_first_line() -> None:
    text = (index.ASSETS / BUNDLE).read_bytes()
    hint, _, published = text.partition(b"\n")
    assert hint == b"//# allFunctionsCalledOnLoad"
    assert hashlib.sha256(published).hexdigest() == PUBLISHED


def test_what_ships_says_its_licence() -> None:
    for name in (BUNDLE, "regenerator-runtime.js"):
        assert b"MIT license" in (index.ASSETS / name).read_bytes()[:500], name


def test_scripts_are_left_to_whom_they_serve(tmp_path: Path) -> None:
    client = create_app(Settings(store=str(tmp_path / "s.sqlite"), warm=False)).server.test_client()
    page = client.get("/").text
    assert '<script nomodule src="/_dash-component-suites/dash/deps/polyfill@' in page
    assert "/dash_table/" not in page
    assert page.count("plotly-cartesian") == 1  # named for later, not run before everything else
    assert client.get(page.split('id="plotly-script" href="')[1].split('"')[0]).status_code == 200


NAMED = """
import json, sys
from app.main import create_app
from app.settings import Settings

settings = Settings(store=sys.argv[1], warm=False, host="10.0.0.1", allowed_hosts="trials.example.org")
print(json.dumps({name: sorted(paths) for name, paths in create_app(settings).registered_paths.items()}))
"""


def test_its_scripts_are_known_before_the_first_visitor_comes(tmp_path: Path) -> None:
    """Dash names them at the first request: of two at once, the second was refused one that was not named yet."""
    words = [sys.executable, "-c", NAMED, str(tmp_path / "s.sqlite")]
    ran = subprocess.run(words, cwd=index.ASSETS.parents[1], capture_output=True, text=True, check=True)
    named = json.loads(ran.stdout)
    assert {"dash", "dash_ag_grid", "dash_mantine_components"} <= named.keys()
    assert [path for path in named["dash"] if path.startswith("deps/react@")]
    assert [path for path in named["dash"] if "async-graph" in path]
