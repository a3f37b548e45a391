"""What a reader must know before anything else, one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim._version import __version__
from trialsim.report.explain import joined
from trialsim.spec.yaml import MAX_BYTES

if TYPE_CHECKING:
    from trialsim.api import Result
    from trialsim.spec.scenario import Scenario


def status_of(scenario: Scenario) -> str:
    """Return "draft" or "locked", as the narrative of the scenario says; without a word of it, it is a draft."""
    return str(getattr(getattr(scenario, "narrative", None), "status", None) or "draft")


def alerts_of(result: Result, scenario_yaml: str) -> list[str]:
    """Return the alerts that follow from a result itself."""
    found = []
    if status_of(result.scenario) == "draft":
        found.append("Draft: the scenario is not locked (narrative.status), so its words and numbers may still change.")
    version = result.provenance["trialsim"]
    if version != __version__:
        found.append(
            f"The result was made by trialsim {version}, and this report by trialsim {__version__}: its numbers are "
            "shown as they were kept, and what follows from the design alone is of this version."
        )
    if result.agreement is not None and result.agreement.failures:
        found.append(
            f"Simulated and exact values disagree in {len(result.agreement.failures):,} of "
            f"{result.agreement.n_judged:,} measures: do not use this report before that is explained."
        )
    if result.why_not is not None:
        found.append(f"Not everything could be solved exactly: {result.why_not}")
    if len(scenario_yaml.encode()) > MAX_BYTES:
        found.append(
            f"The scenario is larger than the {MAX_BYTES:,} bytes that are read back: run it from its own file, "
            "not from this report."
        )
    return found


def changed(name: str, differ: tuple[str, ...], created: str, version: str) -> str:
    """Return the alert that another result of the same name is about something else, or by somebody else."""
    day = created[:10]
    if not differ:
        return (
            f'The stored result of "{name}" ({day}) was made by trialsim {version}: it was not used, and everything '
            f"here was computed by trialsim {__version__}."
        )
    return (
        f'The latest stored result of the name "{name}" ({day}, trialsim {version}) is of another scenario, which '
        f"differs in {joined(list(differ))}: it was not used, and everything here is of the scenario in this report."
    )


def other_file(name: str, differ: tuple[str, ...]) -> str:
    """Return the alert that a scenario of this name reads differently today."""
    return (
        f'The scenario that ships as "{name}" today differs from that of this stored result in '
        f"{joined(list(differ))}; this report is of the stored one."
    )
