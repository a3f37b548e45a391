"""Every published number that a design file carries, against our exact and simulated ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.api import run
from trialsim.errors import InputError
from trialsim.oc.agreement import z_limit
from trialsim.report.numbers import percent
from trialsim.report.table import Table
from trialsim.spec.scenario import EnrolmentPlan, Scenario, Truth

if TYPE_CHECKING:
    from trialsim.api import EngineChoice, Record
    from trialsim.spec.design import Design, PublishedValue


class Validation(NamedTuple):
    """One published value and ours."""

    design: Design
    published: PublishedValue
    record: Record

    @property
    def agrees(self) -> bool:
        """Whether our value rounds to the printed one (or stands in the printed relation to it)."""
        ours = self.record.exact if self.record.exact is not None else self.record.estimate
        if ours is None:
            return False
        printed, half_a_unit = self.published.printed, 0.5 * 10.0**-self.published.digits
        return {
            "equals": abs(ours - printed) <= half_a_unit + 1e-12,
            "less_than": ours < printed,
            "at_most": ours <= printed,
            "at_least": ours >= printed,
        }[self.published.relation]


def validate(design: Design, engine: EngineChoice = "auto", n_sims: int = 100_000, seed: int = 1) -> list[Validation]:
    """Return every published value of a design with the record that answers it.

    Raises
    ------
    InputError
        If a published value names a measure that the design does not have.
    """
    return [
        Validation(design, published, _answer(design, published, engine, n_sims, seed))
        for published in design.published
    ]


def _answer(design: Design, published: PublishedValue, engine: EngineChoice, n_sims: int, seed: int) -> Record:
    scenario = Scenario(
        schema="trialsim.scenario/1",
        name=design.name,
        design=design,
        plans=(EnrolmentPlan(name="published", cap=published.cap),) if published.cap is not None else (),
        truths=(
            Truth(name="published", response_rate=0.5 if published.response_rate is None else published.response_rate),
        ),
        intervals=(published.variant,)
        if published.variant in ("wilson", "wald", "jeffreys", "agresti-coull", "mid-p")
        else (),
        n_sims=n_sims,
        seed=seed,
    )
    asked = {name: getattr(published, name) for name in ("measure", "arm", "look", "given", "value", "variant")}
    for record in run(scenario, engine).records:
        # A value that names no arm is one of every arm: the first answers for it.
        wanted = {
            **asked,
            "arm": record.arm if asked["arm"] is None and published.measure != "n_mean" else asked["arm"],
        }
        if all(getattr(record, name) == value for name, value in wanted.items()):
            return record
    where = f"design {design.name}, published {published.measure} ({published.place})"
    raise InputError(f"{where}: no measure of this design answers it; check arm, look, given, value and variant")


def disagreements(found: list[Validation]) -> list[str]:
    """Return the published values that ours do not match, or where the engines disagree (family-wise limit)."""
    limit = z_limit(len(found))
    return [
        f"{item.design.name} {item.published.measure}"
        for item in found
        if not item.agrees or (item.record.is_judged and abs(item.record.z or 0.0) > limit)
    ]


def as_table(found: list[Validation]) -> Table:
    """Return the validations as a table."""
    header = ["design", "measure", "true rate", "verdict", "printed at", "printed", "exact", "simulated", "MCSE", "z"]
    table = Table("published values against ours", header, 5)
    for item in found:
        p, r = item.published, item.record
        sign = {"equals": "", "less_than": "< ", "at_most": "≤ ", "at_least": "≥ "}[p.relation]
        simulated = r.engine == "montecarlo" and r.estimate is not None and r.mcse is not None
        table.rows.append(
            [
                item.design.name,
                p.measure + (f" at {p.value:g}" if p.value is not None else ""),
                "any" if p.response_rate is None else percent(p.response_rate),
                "agrees" if item.agrees else "DIFFERS",
                p.place + ("" if p.checked_at_source else " (not checked at the source)"),
                f"{sign}{p.printed:.{p.digits}f}",
                "–" if r.exact is None else f"{r.exact:.6f}",
                f"{r.estimate:.6f}" if simulated else "–",
                f"{r.mcse:.2g}" if simulated else "–",
                "–" if r.z is None else f"{r.z:.2f}",
            ]
        )
    return table
