"""Compressed files are kept; what is made for a visitor is not."""

from __future__ import annotations

import pytest

from app.compression import MOST, Kept
from app.main import create_app
from app.settings import Settings

BROTLI = {"Accept-Encoding": "br"}


def test_a_file_is_compressed_once_and_stays_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    client = create_app(Settings(warm=False)).server.test_client()
    path = "/_dash-component-suites/dash/deps/react-dom@18.3.1.min.js"
    plain = client.get(path, headers={"Accept-Encoding": "identity"}).data
    first = client.get(path, headers=BROTLI)
    assert first.headers["Content-Encoding"] == "br"
    assert len(first.data) < len(plain) / 2
    monkeypatch.setattr("flask_compress.flask_compress._compress_data", lambda *_: b"compressed again")
    assert client.get(path, headers=BROTLI).data == first.data
    assert client.get(path, headers={"Accept-Encoding": "gzip"}).data == b"compressed again"


def test_answers_to_different_questions_differ() -> None:
    client = create_app(Settings(warm=False)).server.test_client()
    bodies = []
    for path in ("/", "/nowhere"):
        question = {
            "output": "..page.children...state.data...link-problems.children..",
            "outputs": [
                {"id": "page", "property": "children"},
                {"id": "state", "property": "data"},
                {"id": "link-problems", "property": "children"},
            ],
            "inputs": [{"id": "route", "property": "data", "value": {"path": path, "search": ""}}],
            "changedPropIds": ["route.data"],
        }
        answer = client.post("/_dash-update-component", json=question, headers=BROTLI)
        assert answer.status_code == 200
        bodies.append(answer.data)
    assert bodies[0] != bodies[1]


def test_no_more_is_kept_than_there_are_files() -> None:
    kept = Kept()
    for number in range(2 * MOST):
        kept.set(f"br;/assets/{number}", b"x")
    kept.set("br;", b"a visitor's")
    assert kept.get("br;") is None
    assert kept.get(f"br;/assets/{MOST - 1}") == b"x"
    assert kept.get(f"br;/assets/{MOST}") is None
