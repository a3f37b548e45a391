"""The numbers that a design's rules compile to: the decision table of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.plan import NEVER, watches_toxicity
from trialsim.report.numbers import percent
from trialsim.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trialsim.plan import Plan
    from trialsim.spec.design import Design


class Boundary(NamedTuple):
    """What a look decides of an arm, or of all arms pooled, while no arm has stopped."""

    look: str
    of: str
    """An arm, or "pooled"."""
    n: int
    """Patients whose responses are counted."""
    stop: int
    """The most responses that stop it; -1: none does."""
    success: int
    """The fewest responses that are a success; NEVER: none are."""
    toxic: int = int(NEVER)
    """The fewest toxicities that stop it; NEVER: none do."""
    ends: bool = False
    """Whether success stops it."""


def boundaries(design: Design, plan: Plan) -> Iterator[Boundary]:
    """Yield the boundaries of each look that decides something, on the path on which nobody stops."""
    nodes, node = plan.nodes, 0
    while True:
        look = design.looks[int(nodes.look[node])]
        toxic = nodes.toxic_least[node]
        if look.at == "full_enrolment" and nodes.ending[node] < 0:
            node = int(nodes.children[nodes.first_child[node]])  # nobody is too toxic
        is_end = nodes.ending[node] >= 0
        for arm, name in enumerate(design.arm_names):
            low, least = int(nodes.stop_low[node, arm]), int(nodes.success[node, arm])
            if is_end:
                own = plan.arm_cells.success & (plan.arm_cells.arm == arm) & (plan.arm_cells.n == nodes.n[node, arm])
                least = int(plan.arm_cells.x[own].min()) if own.any() else int(NEVER)
            if low >= 0 or least < NEVER or toxic[arm] < NEVER:
                ends = bool(nodes.stop_high[node, arm] < NEVER)
                yield Boundary(look.name, name, int(nodes.n[node, arm]), low, least, int(toxic[arm]), ends)
        low, least = int(nodes.pooled_stop_low[node]), int(nodes.pooled_success[node])
        if low >= 0 or least < NEVER:
            ends = bool(nodes.pooled_stop_high[node] < NEVER)
            yield Boundary(look.name, "pooled", int(nodes.n[node].sum()), low, least, ends=ends)
        if is_end:
            return
        node = int(nodes.children[nodes.first_child[node]])


def decision_table(design: Design, plan: Plan, name: str, *, with_rates: bool = False) -> Table:
    """Return the decision table, for the protocol.

    Parameters
    ----------
    design, plan
        The design and what it compiles to.
    name
        Of the design or enrolment plan, for the heading.
    with_rates
        Whether the observed rate stands beside each number of responses.
    """
    header = ["look", "of", "patients", "stops at or below", "success at or above"]
    is_toxic = watches_toxicity(plan)
    table = Table(
        f"decision table, {name} (while no arm has stopped)",
        [*header, "too toxic at or above"] if is_toxic else header,
        2,
    )
    for one in boundaries(design, plan):
        n = one.n if with_rates else None
        row = [one.look, one.of, str(one.n), _low(one.stop, n), _least(one.success, n)]
        table.rows.append([*row, _least(one.toxic, n)] if is_toxic else row)
    return table


def _low(low: int, n: int | None) -> str:
    return "–" if low < 0 else "always" if low >= NEVER - 1 else _counted(low, n)


def _least(least: int, n: int | None) -> str:
    return "–" if least >= NEVER else _counted(least, n)


def _counted(count: int, n: int | None) -> str:
    return str(count) if n is None else f"{count} ({percent(count / n)})"
