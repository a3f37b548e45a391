"""How the trial is run: when patients come, what becomes of them, what a look waits for (docs/calendar-conduct.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from trialsim.spec.conduct.course import Course, Crossover, Death, Withdrawal
from trialsim.spec.conduct.enrolment import Arrivals, BlockSizes
from trialsim.spec.conduct.follow_up import Cutoff, Survival, Visits
from trialsim.spec.conduct.looks import LookConduct
from trialsim.spec.conduct.reproduction import Flip, Match
from trialsim.spec.conduct.response import Response, Unevaluable
from trialsim.spec.conduct.safety import AdverseEvents, Toxicity
from trialsim.spec.conduct.status import Exposure, PerformanceStatus
from trialsim.spec.fields import Days, Name, Part, Replicates


class Conduct(Part):
    """The calendar of a trial. Every block may be left out; what is not said happens at once, or not at all."""

    n_sims: Replicates = 20_000
    """Calendar trials simulated per plan and truth."""
    enrolment: Arrivals = Arrivals()
    """How patients come."""
    allocation: BlockSizes = BlockSizes()
    """Block sizes of the randomisation list."""
    visits: Visits = Visits()
    """When patients are seen."""
    response: Response = Response()
    """Who responds, and when that is seen and confirmed."""
    unevaluable: Unevaluable = "non_responder"
    """non_responder: patients like any other; dropped: not counted; replaced: looks count the first evaluable ones."""
    progression: Course = Course()
    """When disease progresses."""
    crossover: Crossover | None = None
    """Change to another arm's treatment after progression; none: nobody crosses over."""
    withdrawal: Withdrawal = Withdrawal()
    """Leaving the study for other reasons."""
    death: Death = Death()
    """Death, before and after progression."""
    toxicity: Toxicity | None = None
    """Dose-limiting toxicity; none: not simulated."""
    adverse_events: AdverseEvents | None = None
    """The table of adverse events; none: not simulated."""
    performance_status: PerformanceStatus | None = None
    """Performance status at baseline and later; none: not simulated."""
    exposure: Exposure | None = None
    """Pharmacokinetics; none: not simulated."""
    looks: dict[Name, LookConduct] = Field(default_factory=dict)
    """What each look waits for and counts, by its name; the final look too."""
    cutoff: Cutoff = Cutoff()
    """When the data are closed."""
    survival: Survival | None = None
    """Kaplan-Meier curves of each simulated trial; None: not computed."""
    on_treatment_at_days: Annotated[tuple[Days, ...], Field(max_length=20)] = ()
    """Days after entry at which those still on treatment are counted."""
    match: Match | None = None
    """Published results that the model is held against."""
    sensitivity: Annotated[tuple[Flip, ...], Field(max_length=100)] = ()
    """Other readings of the protocol, tried one at a time."""

    def per_arm_values(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield path and mapping of each value that is given arm by arm."""
        yield from _mappings(self, "conduct")


def _mappings(part: Part, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in type(part).model_fields:
        value, where = getattr(part, name), f"{path}.{name}"
        if name == "stop_if":
            continue  # a rule knows itself which of its mappings are arm by arm
        if isinstance(value, Part):
            yield from _mappings(value, where)
        elif isinstance(value, dict) and name not in ("looks", "set"):
            yield where, value
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if isinstance(item, Part):
                    yield from _mappings(item, f"{where}.{index}")
