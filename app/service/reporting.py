"""The service's part for the simulation report: the question of a page, with all truths and all other readings.

Like `app.service` it talks to trialsim; pages reach it through this module alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.service.conduct import changes, truth_of
from app.service.truths import EXPLORED

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.service.service import Service
    from app.state import State

_OF_ONE_TRUTH = ("truths", "conduct.match", "conduct.sensitivity")
"""What Simulate changes because it plays one truth, and no other readings."""


def report_changes(service: Service, state: State) -> list[tuple[str, Any]]:
    """Return what makes the scenario of a report: the conduct and the trials of Simulate, with every truth.

    Raises
    ------
    Refusal
        If a choice makes no sense.
    """
    wanted = changes(service, state)
    found: list[tuple[str, Any]] = [one for one in wanted if one[0] not in _OF_ONE_TRUTH]
    if truth_of(service, state) == EXPLORED:
        explored = dict(wanted)["truths"]
        others = [one for one in service.base_data(state).get("truths", []) if one.get("name") != EXPLORED]
        found.append(("truths", [*others, *explored]))
    return found


def report(service: Service, state: State, progress: Callable[[int, int], None]) -> tuple[str, str]:
    """Return a name for the file and the simulation report as HTML; nothing of it is kept.

    Parameters
    ----------
    service, state
        Settings and the question.
    progress
        Called with the number of trials done and of all, several times a second; what it raises ends the work.

    Raises
    ------
    Refusal
        If the state makes no sense.
    """
    from datetime import date

    from trialsim.api import run
    from trialsim.report.regulatory.contents import document_of
    from trialsim.report.regulatory.html import as_html
    from trialsim.report.regulatory.material import Material
    from trialsim.sweep.readings import n_trials, readings

    scenario = service.scenario(state, *report_changes(service, state))
    conduct_sims = scenario.conduct.n_sims if scenario.conduct is not None else 0
    n_all = len(scenario.designs()) * len(scenario.truths) * (scenario.n_sims + conduct_sims) + n_trials(scenario)
    n_done = 0

    def advance(n: int) -> None:
        nonlocal n_done
        n_done = min(n_done + n, n_all)
        progress(n_done, n_all)

    n_jobs = service.settings.n_jobs
    result = run(scenario, "auto", n_jobs=n_jobs, progress=advance)
    others, _ = readings(scenario, n_jobs=n_jobs, progress=advance)
    progress(n_all, n_all)
    material = Material(replace(result, readings=others), service.command_of("report", state), date.today().isoformat())
    return f"{scenario.name}-report.html", as_html(document_of(material))
