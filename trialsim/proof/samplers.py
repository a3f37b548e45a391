"""How often an event happens in simulated trials, at rates that are asked for: on paper, and on the calendar."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from trialsim.proof.events import children_of, decided
from trialsim.proof.tilt import Patients

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialsim.plan import Plan
    from trialsim.proof.events import Decided, Event
    from trialsim.spec.conduct import Conduct
    from trialsim.spec.design import Design

Sampler: TypeAlias = Callable[[tuple[float, ...], int, int], int]
"""From true rates, a number of replicates and a seed to the number of replicates with the event."""

_BLOCK = 50_000
_CALENDAR_BLOCK = 2_500


def counts_sampler(plan: Plan, event: Event) -> Sampler:
    """Return the sampler of an event under ideal conduct, by the counts kernel.

    Parameters
    ----------
    plan
        Of a design without rules for toxicity.
    event
        One that its paths decide.
    """
    verdict = decided(plan, event)
    deciding = _deciding_nodes(plan, verdict)

    def sample(rates: tuple[float, ...], n_sims: int, seed: int) -> int:
        from trialsim.engines.montecarlo import Study, record

        n_met = 0
        for first in range(0, n_sims, _BLOCK):
            written = record(Study(plan, rates, seed), first, min(_BLOCK, n_sims - first))
            for ending in np.unique(written.ending).tolist():
                own = written.ending == ending
                n_met += _met(plan, verdict, deciding[ending], written.x[:, :, own])
        return n_met

    return sample


def _deciding_nodes(plan: Plan, verdict: Decided) -> dict[int, int]:
    """Return, for each ending, the node on the way to it that decides the event."""
    found: dict[int, int] = {}
    waiting = [(0, -1)]
    while waiting:
        node, decides = waiting.pop()
        decides = node if decides < 0 and verdict.outcomes[node] is not None else decides
        ending = int(plan.nodes.ending[node])
        if ending >= 0:
            found[ending] = decides
        waiting += [(child, decides) for child in children_of(plan, node)]
    return found


def _met(plan: Plan, verdict: Decided, node: int, x: NDArray[np.int32]) -> int:
    """Return how many of the replicates that came through a node have the event; `x`: (looks, A, n) responses."""
    outcome = verdict.outcomes[node]
    assert outcome is not None  # it is the node that decides
    if outcome.is_certain:
        return int(x.shape[2])
    at_look, n_arms = x[plan.nodes.look[node]], x.shape[1]
    met = np.zeros(x.shape[2], np.bool_)
    for slot, least in outcome.least:
        met |= (at_look.sum(axis=0) if slot == n_arms else at_look[slot]) >= least
    return int(met.sum())


def calendar_sampler(design: Design, conduct: Conduct, event: Event) -> Sampler:
    """Return the sampler of an event under calendar conduct, by the calendar kernel."""
    from trialsim.calendar import study_of
    from trialsim.engines.calendar import columns_of, trials

    plain = conduct.model_copy(update={"adverse_events": None, "performance_status": None, "exposure": None})

    def sample(rates: tuple[float, ...], n_sims: int, seed: int) -> int:
        study = study_of(design, plain, rates, seed)
        where = {(c.quantity, c.arm, c.look): index for index, c in enumerate(columns_of(study))}
        n_met = 0
        for first in range(0, n_sims, _CALENDAR_BLOCK):
            matrix = trials(study, first, min(_CALENDAR_BLOCK, n_sims - first))
            columns = {key: matrix[:, index] for key, index in where.items() if key[0] in _DECIDE}
            n_met += int(_happened(design, event, columns, len(matrix)).sum())
        return n_met

    return sample


_DECIDE = ("stop_look", "success", "look_success")


def _happened(
    design: Design, event: Event, columns: dict[tuple[str, int | None, int | None], NDArray[np.int64]], n_trials: int
) -> NDArray[np.bool_]:
    """Return which trials have the event, from their columns."""
    found, n_arms = np.zeros(n_trials, np.bool_), len(design.arms)
    for slot in event.slots:
        arm = -1 if slot == n_arms else slot
        if event.kind == "go on":
            found |= columns["stop_look", arm, None] == -1
        elif event.kind == "success":
            found |= columns["look_success", arm, event.look] == 1
        else:
            found |= columns["success", arm, None] == 1
            for number, look in enumerate(design.looks[:-1]):
                if look.success_if is not None and look.success_if.then == "stop":
                    found |= columns["look_success", arm, number] == 1
    return found


def patients_of(design: Design, conduct: Conduct | None, plan: Plan) -> tuple[Patients, ...]:
    """Return what the patients of each arm are, as far as their law depends on its response rate.

    On the calendar a patient responds, is not evaluable, has progressive disease or is stable; the shares of the second
    and the third are the conduct's, whatever the response rate. With `refill` an arm may take over all patients.
    """
    if conduct is None:
        return tuple(Patients(int(n)) for n in plan.endings.n.max(axis=0))
    response, most = conduct.response, design.caps
    if design.enrolment.when_arm_stops == "refill":
        most = (sum(most),) * len(most)
    found = []
    for name, n in zip(design.arm_names, most, strict=True):
        missing, progressive = _of(response.not_evaluable, name), _of(response.progressive, name)
        share = 1.0 - missing if response.rate_is_of == "evaluable" else 1.0
        found.append(Patients(n, share, missing + progressive))
    return tuple(found)


def _of(value: float | dict[str, float], arm: str) -> float:
    return value[arm] if isinstance(value, dict) else value
