"""Everything that the report is filled from: the run, and what follows from it, computed once when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from trialsim.api import reading_of
from trialsim.compile import compile_design
from trialsim.curves import curves
from trialsim.proof.null_region import TOLERANCE, prove
from trialsim.spec.written import as_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from trialsim.api import Reading, ReadingCase, Record, Result
    from trialsim.curves import Curves
    from trialsim.effort import Target
    from trialsim.plan import Plan
    from trialsim.proof.null_region import NullRegion
    from trialsim.report.regulatory.blocks import Section
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario


@dataclass(frozen=True)
class Material:
    """A run with what follows from it."""

    result: Result
    """Of `api.run`, with both engines where they can."""
    command: str
    """The command line that made the report."""
    date: str
    """Day of the report, ISO 8601."""
    stored: str = ""
    """How the result came from a store, in a sentence; empty: it was simulated for this report."""
    alerts: tuple[str, ...] = ()
    """What must be said in the first lines."""
    source: str = ""
    """The file or name that the scenario came from."""
    target: Target | None = None
    """The standard errors that the numbers of replicates were to reach, if they were chosen so."""
    null_tolerance: float | None = None
    """How close bounds over the null region are to come to a value that is reached; None: the prover's own."""
    null_sims: int = 0
    """Replicates per tile with which errors over the null region are bounded by simulation too; 0: they are not."""
    read: Callable[[ReadingCase], Reading] = reading_of
    """Simulates the calendar under one more reading or change and one truth, or finds it where it was kept."""
    extra: tuple[Section, ...] = ()
    """Sections after the last one; their numbers follow."""

    @property
    def scenario(self) -> Scenario:
        """The resolved scenario."""
        return self.result.scenario

    @cached_property
    def scenario_yaml(self) -> str:
        """The resolved scenario as the file carries it."""
        return as_yaml(self.scenario)

    @cached_property
    def plans(self) -> tuple[tuple[str, Design, Plan], ...]:
        """Name, design and compiled plan of each enrolment plan; the first is the main one."""
        return tuple((name, design, compile_design(design)) for name, design in self.scenario.designs())

    @cached_property
    def records(
        self,
    ) -> dict[tuple[str, str | None, str, str | None, str | None, str | None, float | None, str | None], Record]:
        """Records of ideal conduct by plan, truth, measure, arm, look, given, value and variant."""
        return {
            (r.plan, r.truth, r.measure, r.arm, r.look, r.given, r.value, r.variant): r
            for r in self.result.records
            if r.engine != "calendar"
        }

    @cached_property
    def conducted(
        self,
    ) -> dict[tuple[str, str | None, str, str | None, str | None, str | None, float | None, str | None], Record]:
        """Records of calendar conduct by plan, truth, measure, arm, look, given, value and variant."""
        return {
            (r.plan, r.truth, r.measure, r.arm, r.look, r.given, r.value, r.variant): r
            for r in self.result.records
            if r.engine == "calendar"
        }

    @cached_property
    def curves(self) -> Curves:
        """The main plan's measures over the true rate, exact."""
        return curves(self.plans[0][1])

    @cached_property
    def null_regions(self) -> dict[str, NullRegion]:
        """What is proved of the errors of each enrolment plan, by its name."""
        tolerance = self.null_tolerance if self.null_tolerance is not None else TOLERANCE
        return {name: prove(design, tolerance=tolerance) for name, design, _ in self.plans}
