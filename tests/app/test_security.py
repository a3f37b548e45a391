"""What a stranger can ask of the server, without a browser: forged, oversized and foreign requests."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from flask.testing import FlaskClient

from app import ids
from app.jobs import VISITOR
from app.main import WENT_WRONG, create_app
from app.panels.explore import LIVE
from app.settings import Settings

ROOT = Path(__file__).parents[2]
LIVE_PATTERN = '{"i":["ALL"],"t":"live"}'
UPDATE = "/_dash-update-component"
NONSENSE: dict[str, Any] = {
    "nothing": None,
    "a number": -1e300,
    "a word": "\x00<script>alert(1)</script>" + "x" * 2000,
    "a list": [[[]], {"a": None}, 5],
    "a forged state": {
        "base": "../../etc/passwd",
        "z": "eJw",
        "set": {"design.enrolment.cap": 10**12, "n_sims": 10**15, "__class__.__init__": 1, "truths": "no"},
        "rates": [0.1, "x"],
        "view": {"n_sims": "1e99", "truth": "<b>", "trial": "-5", "vary.0": "a=1..1000000000"},
        "pins": [5],
    },
    "a mixed-up route": {"path": ["/"], "search": {"set": 1}, "n": "x"},
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Dash:
    return create_app(Settings(store=str(tmp_path_factory.mktemp("store") / "trialsim.sqlite"), warm=False))


@pytest.fixture
def client(app: Dash) -> FlaskClient:
    return app.server.test_client()


def callbacks(app: Dash) -> list[dict[str, Any]]:
    """Return what the browser is told of the callbacks that the server answers."""
    found = app.server.test_client().get("/_dash-dependencies").get_json()
    return [one for one in found if one.get("clientside_function") is None and not one.get("background")]


def item(one: dict[str, str], value: Any) -> Any:
    """Return an input as the browser sends it: those of a pattern as a list of one, of live figures all."""
    if not one["id"].startswith("{"):
        return {"id": one["id"], "property": one["property"], "value": value}
    if one["id"] == LIVE_PATTERN:
        return [{"id": ids.live(name), "property": one["property"], "value": value} for name in LIVE]
    wild = {key: part[0] if isinstance(part, list) else None for key, part in json.loads(one["id"]).items()}
    own = {key: part if wild[key] is None else "rates.0" for key, part in json.loads(one["id"]).items()}
    single = {"id": own, "property": one["property"], "value": value}
    return [single] if "ALL" in wild.values() else single


def outputs(text: str) -> Any:
    """Return the outputs that a callback names, as the browser sends them."""
    names = text[2:-2].split("...") if text.startswith("..") else [text]
    found = []
    for name in names:
        id_, _, prop = name.rpartition(".")
        spec = item({"id": id_.replace("\\.", "."), "property": prop}, None)
        for single in spec if isinstance(spec, list) else [spec]:
            single.pop("value")
        found.append(spec)
    return found if text.startswith("..") else found[0]


def body(one: dict[str, Any], value_of: Callable[[Any], Any]) -> dict[str, Any]:
    """Return what the browser posts for a callback, each value by the name of its component."""

    def filled(single: dict[str, str]) -> Any:
        name = json.loads(single["id"]) if single["id"].startswith("{") else single["id"]
        return item(single, value_of(name))

    inputs = [filled(single) for single in one["inputs"]]
    first = inputs[0][0] if isinstance(inputs[0], list) else inputs[0]
    id_ = (
        first["id"] if isinstance(first["id"], str) else json.dumps(first["id"], sort_keys=True, separators=(",", ":"))
    )
    return {
        "output": one["output"],
        "outputs": outputs(one["output"]),
        "inputs": inputs,
        "state": [filled(single) for single in one["state"]],
        "changedPropIds": [f"{id_}.{first['property']}"],
    }


def visit(app: Dash, client: FlaskClient, path: str, search: str) -> str:
    """Return what the server sends for an address."""
    route = next(one for one in callbacks(app) if "page.children" in one["output"])
    answer = client.post(UPDATE, json=body(route, lambda _: {"path": path, "search": search, "n": 1}))
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


# Headers, hosts, sizes


@pytest.mark.parametrize("path", ["/", "/simulate", "/_dash-layout", "/_dash-dependencies", "/healthz", "/nowhere"])
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"  # the state is in the address
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["object-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert "unsafe" not in policy["script-src"]
    assert re.fullmatch(r"'self'( 'sha256-[A-Za-z0-9+/=]+')*", policy["script-src"])
    assert "http" not in headers["Content-Security-Policy"]


def test_every_script_on_the_page_is_allowed_by_the_policy(client: FlaskClient) -> None:
    import base64
    import hashlib

    answer = client.get("/")
    text, policy = answer.get_data(as_text=True), answer.headers["Content-Security-Policy"]
    inline = re.findall(r"<script(?![^>]* src)([^>]*)>(.*?)</script>", text, re.DOTALL)
    running = [content for attributes, content in inline if "application/json" not in attributes and content.strip()]
    assert running
    for content in running:
        assert f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}" in policy
    assert all(source.startswith("/") for source in re.findall(r'(?:src|href)="([^"]+)"', text))


def test_health_is_a_word(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_data(as_text=True).strip()) == (200, "OK")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.0.2.1:8050"])
def test_a_foreign_host_is_turned_away(client: FlaskClient, host: str) -> None:
    for path in ("/", "/_dash-layout", "/healthz"):
        assert client.get(path, headers={"Host": host}).status_code == 400
    for name in ("127.0.0.1:8050", "localhost:1234", "127.0.0.1"):
        assert client.get("/healthz", headers={"Host": name}).status_code == 200


def test_a_host_that_was_allowed_is_served(tmp_path: Path) -> None:
    own = create_app(Settings(store=str(tmp_path / "s.sqlite"), warm=False, allowed_hosts="trials.example, other"))
    client = own.server.test_client()
    assert client.get("/healthz", headers={"Host": "trials.example"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400


def test_a_request_that_is_too_large_is_not_read(client: FlaskClient) -> None:
    answer = client.post(UPDATE, data=b'{"a": "' + b"x" * 1_000_001, content_type="application/json")
    assert answer.status_code == 413
    assert "1,000,000 bytes" in answer.get_data(as_text=True)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_another_site_can_post_without_asking_is_refused(app: Dash, client: FlaskClient, kind: str) -> None:
    """A browser posts these kinds to any site on behalf of any other; JSON has to ask first, and gets no answer."""
    data = json.dumps(body(callbacks(app)[0], lambda _: None))
    assert client.post(UPDATE, data=data, content_type=kind).status_code in (400, 415)
    asked = client.options(UPDATE, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
    assert not [name for name, _ in asked.headers if name.lower().startswith("access-control-")]


PROBES = (
    *("/assets/../main.py", "/assets/..%2fmain.py", "/assets/%2e%2e/%2e%2e/pyproject.toml", "/assets//etc/passwd"),
    *("/assets/....//main.py", "/assets/..\\main.py", "/assets/%00", "/../../etc/passwd"),
    *("/_dash-component-suites/dash/../../../../etc/passwd", "/_dash-component-suites/os/path.py"),
)


@pytest.mark.parametrize("path", PROBES)
def test_no_file_is_served_but_assets(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    text = answer.get_data(as_text=True)
    assert answer.status_code in (400, 404, 500) or "<!DOCTYPE html>" in text  # every other address is the app's page
    for words in ("def create_app", "root:x:", "[project]", "Traceback"):
        assert words not in text


def test_nothing_of_the_machine_stands_in_the_layout(app: Dash, client: FlaskClient) -> None:
    for path in ("/_dash-layout", "/_dash-dependencies", "/"):
        text = client.get(path).get_data(as_text=True)
        assert str(ROOT) not in text
        assert "sqlite" not in text
    assert app.server.secret_key is None or str(app.server.secret_key) not in client.get("/").get_data(as_text=True)


# Bodies


def test_there_are_callbacks(app: Dash) -> None:
    assert len(callbacks(app)) > 10


def complaints(app: Dash, client: FlaskClient, caplog: pytest.LogCaptureFixture, value: Any, known: Any) -> list[str]:
    """Post a value to every callback; return what went wrong in the server, and what of it was told."""
    found = []
    for one in callbacks(app):
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            answer = client.post(UPDATE, json=body(one, lambda name: value if known(name) else None))
        text = answer.get_data(as_text=True)
        for words in ("Traceback", str(ROOT), "site-packages"):
            assert words not in text, one["output"]
        assert answer.status_code in (200, 204), (one["output"], answer.status_code)
        faults = [str(record.exc_info and record.exc_info[1]) for record in caplog.records]
        assert not faults or WENT_WRONG in text, one["output"]  # a sentence for the visitor, the rest for the log
        found += [f"{one['output'][:90]}: {fault[:200]}" for fault in faults]
    return found


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_gets_a_sentence_at_most(
    app: Dash, client: FlaskClient, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What no page of ours sends may go wrong, but within the callback, and the visitor sees nothing of the inside."""
    complaints(app, client, caplog, NONSENSE[what], lambda _: True)


@pytest.mark.parametrize("what", NONSENSE)
def test_no_state_and_no_address_is_a_fault_of_the_server(
    app: Dash, client: FlaskClient, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A link brings them: whatever they say is read, or refused in a sentence."""
    carried = (ids.STATE, ids.ROUTE, ids.PINS)
    is_carried = lambda name: name in carried or (isinstance(name, dict) and name.get("t") == "own")  # noqa: E731
    assert [one for one in complaints(app, client, caplog, NONSENSE[what], is_carried) if "NoneType" not in one] == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"output": "nobody.children"}', b'{"output": 5}'])
def test_a_body_that_is_none_is_no_traceback(client: FlaskClient, content: bytes) -> None:
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    answer = client.post(UPDATE, data=content, content_type="application/json")
    assert answer.status_code in (400, 500)
    assert "Traceback" not in answer.get_data(as_text=True)
    assert "File " not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("?set=design.enrolment.cap%3D1000000000000", "were left aside"),
        ("?base=../../etc/passwd", "left aside"),
        ("?base=/etc/passwd", "left aside"),
        ("?z=eJxLTEpOSU0DAAgaAkQ", "left aside"),
        ("?z=!!!", "left aside"),
        ("?rates=2,5", "not rates"),
        ("?set=nonsense", "not path=value"),
        ("?who=me", "nobody knows"),
    ],
)
def test_nonsense_in_a_link_is_said_and_the_page_stands(
    app: Dash, client: FlaskClient, search: str, words: str
) -> None:
    text = visit(app, client, "/", search)
    assert words in text
    assert "explore-words" in text
    assert "root:" not in text


def test_a_change_is_checked_whatever_the_slider_allows(app: Dash, client: FlaskClient) -> None:
    """A slider ends somewhere; a forged request does not."""
    text = visit(app, client, "/", "?set=design.looks.proof-of-concept.at.per_arm%3D1000000")
    assert "were left aside" in text
    assert "first 18 patients" in text.replace("\\u00a0", " ")


def test_names_are_text(app: Dash, client: FlaskClient) -> None:
    text = visit(app, client, "/<img src=x onerror=alert(1)>", "?who=<script>alert(1)</script>")
    page = client.get("/<img src=x onerror=alert(1)>?who=<script>alert(1)</script>").get_data(as_text=True)
    assert "There is no page" in text
    assert json.loads(text)  # as data, which the browser writes as text
    assert "onerror" not in page
    assert "alert(1)" not in page


def test_a_browser_is_told_apart_by_a_random_word_that_scripts_cannot_read() -> None:
    server = create_app(Settings(warm=False)).server
    client = server.test_client()
    cookies = [value for name, value in client.get("/").headers if name == "Set-Cookie"]
    (cookie,) = [value for value in cookies if value.startswith(f"{VISITOR}=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert not any(VISITOR in value for name, value in client.get("/").headers if name == "Set-Cookie")
    assert server.test_client().get("/").headers["Set-Cookie"] != cookie
