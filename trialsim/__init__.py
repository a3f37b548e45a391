"""trialsim: every operating characteristic of an adaptive trial design, exact where possible, simulated where not.

The public names are loaded when they are first used, so that `import trialsim` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trialsim._version import __version__

if TYPE_CHECKING:
    from trialsim.api import Record, Result, run, write_trials
    from trialsim.errors import DisagreementError, InputError, NotSolvableError, TrialsimError
    from trialsim.spec.design import Design
    from trialsim.spec.load import load_design, load_scenario
    from trialsim.spec.scenario import Scenario

_HOMES = {
    "Design": "trialsim.spec.design",
    "DisagreementError": "trialsim.errors",
    "InputError": "trialsim.errors",
    "NotSolvableError": "trialsim.errors",
    "Record": "trialsim.api",
    "Result": "trialsim.api",
    "Scenario": "trialsim.spec.scenario",
    "TrialsimError": "trialsim.errors",
    "load_design": "trialsim.spec.load",
    "load_scenario": "trialsim.spec.load",
    "run": "trialsim.api",
    "write_trials": "trialsim.api",
}

__all__ = [
    "Design",
    "DisagreementError",
    "InputError",
    "NotSolvableError",
    "Record",
    "Result",
    "Scenario",
    "TrialsimError",
    "__version__",
    "load_design",
    "load_scenario",
    "run",
    "write_trials",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'trialsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
