"""The report of the Simulate page: that of its command line, number by number, and a file in the browser's folder."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.jobs import Cancelled
from app.panels.simulate_report import WRITING, written
from app.service import Refusal, Service, reporting
from app.settings import Settings
from app.state import State
from tests.contracts.in_process import called
from tests.contracts.test_cli_report import carried

SMALL = State(base="simon-1989-20-40", view=(("n_sims", "300"), ("enrolment", "so many a month"), ("per_month", "5")))


@pytest.fixture(scope="module")
def service() -> Service:
    return Service(Settings(warm=False))


def test_it_is_the_report_of_the_command_line(service: Service, tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    file, sentence = written(service, SMALL, told.append)
    assert file["filename"] == "simon-1989-20-40-report.html"
    assert sentence.startswith("simon-1989-20-40-report.html was written in ")
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert told[-1] == (100.0, WRITING)
    words = shlex.split(service.command_of("report", SMALL))[3:]
    ran = called(tmp_path, *words, "--no-save")
    assert ran.code == 0, ran.err
    by_command = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(carried(by_command)) > 200
    assert carried(file["content"]) == carried(by_command)
    assert {one["truth"] for one in carried(by_command)} >= {"null rate", "target rate"}


def test_every_truth_and_reading_is_in_it(service: Service) -> None:
    state = State(base="gist", view=(("n_sims", "300"), ("truth", "weak")))
    base = service.scenario(State(base="gist"))
    scenario = service.scenario(state, *reporting.report_changes(service, state))
    assert [truth.name for truth in scenario.truths] == [truth.name for truth in base.truths]
    assert scenario.conduct is not None
    assert base.conduct is not None
    assert scenario.conduct.sensitivity == base.conduct.sensitivity != []
    assert (scenario.n_sims, scenario.conduct.n_sims) == (300, 300)


def test_rates_of_the_page_are_one_more_truth(service: Service) -> None:
    state = State(base="gist", rates=(0.2, 0.35), view=(("n_sims", "300"), ("truth", "explored")))
    scenario = service.scenario(state, *reporting.report_changes(service, state))
    assert scenario.truths[-1].name == "explored"
    assert scenario.truths[-1].response_rate == {"400 mg": 0.2, "600 mg": 0.35}
    assert len(scenario.truths) == len(service.scenario(State(base="gist")).truths) + 1


def test_who_waits_no_more_stops_it(service: Service) -> None:
    def leave(_: tuple[float, str]) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        written(service, SMALL, leave)


def test_too_many_trials_are_refused() -> None:
    with pytest.raises(Refusal, match="1 to 200"):
        written(Service(Settings(warm=False, max_trials=200)), SMALL, lambda _: None)


@pytest.mark.browser
def test_the_browser_saves_it(open_page: Callable[..., Page]) -> None:
    page = open_page("/simulate?base=simon-1989-20-40&v.n_sims=300")
    with page.expect_download() as download:
        page.get_by_role("button", name="Simulation report (HTML)").click()
    assert download.value.suggested_filename == "simon-1989-20-40-report.html"
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert len(carried(text)) > 200
    expect(page.locator("#report-told")).to_contain_text("was written in")
    expect(page.locator("#report-running")).to_be_hidden()
