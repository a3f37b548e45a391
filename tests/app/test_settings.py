"""Settings: each from its environment variable, and each in the documentation."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.__main__ import main
from app.settings import Settings, settings_from_environment

PAGE = (Path(__file__).parents[2] / "docs" / "dashboard.md").read_text(encoding="utf-8")


def test_it_listens_to_this_machine_only() -> None:
    assert Settings().host == "127.0.0.1"


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIALSIM_MAX_TRIALS", "5000")
    monkeypatch.setenv("TRIALSIM_STORE", "/tmp/x.sqlite")
    monkeypatch.setenv("TRIALSIM_WARM", "no")
    found = settings_from_environment()
    assert (found.max_trials, found.store, found.warm, found.port) == (5000, "/tmp/x.sqlite", False, 8050)


def test_a_number_that_is_none_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIALSIM_PORT", "eighty")
    ran = CliRunner().invoke(main, [])
    assert ran.exit_code == 2
    assert "TRIALSIM_PORT: found 'eighty'; a whole number is expected." in ran.output


@pytest.mark.parametrize("field", [field.name for field in fields(Settings) if field.name != "warm"])
def test_every_setting_is_documented(field: str) -> None:
    assert f"TRIALSIM_{field.upper()}" in PAGE


def test_a_port_in_use_is_said_in_a_sentence() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = CliRunner().invoke(main, ["--port", str(taken.getsockname()[1])])
    assert ran.exit_code == 1
    assert "cannot be used (Address already in use); choose another --port." in ran.output
