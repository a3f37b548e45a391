"""Every published number that a design file carries, against our exact and simulated ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.api import run
from trialsim.errors import InputError
from trialsim.oc.agreement import z_limit
from trialsim.spec.scenario import EnrolmentPlan, Scenario, Truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.api import EngineChoice, Record
    from trialsim.spec.design import Design, PublishedValue

_OF_NO_TRUTH = 0.5
"""The rate at which a measure that depends on no truth is asked for."""


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

    @property
    def verdict(self) -> str:
        """ "agrees" or "DIFFERS"; in brackets if the number was not read where it was first printed."""
        word = "agrees" if self.agrees else "DIFFERS"
        return word if self.published.checked_at_source else f"({word})"


class Summary(NamedTuple):
    """How many designs and published values there are, and how many of them count."""

    n_designs: int
    n_designs_counted: int
    n_values: int
    n_checked: int
    """Values that were read where they are first printed."""
    n_checked_agreeing: int

    @property
    def sentence(self) -> str:
        """The summary as a line."""
        left_out = self.n_values - self.n_checked
        not_counted = f"; {left_out} not checked at the source and not counted" if left_out else ""
        return (
            f"{self.n_designs} design{'' if self.n_designs == 1 else 's'}, {self.n_designs_counted} of which count: "
            f"{self.n_checked_agreeing} of {self.n_checked} values checked at the source agree{not_counted}."
        )


class _Question(NamedTuple):
    """What one run answers: the design at one enrolment cap."""

    cap: int | tuple[tuple[str, int], ...] | None


def validate(design: Design, engine: EngineChoice = "auto", n_sims: int = 100_000, seed: int = 1) -> list[Validation]:
    """Return every published value of a design with the record that answers it.

    The design is run once for each enrolment cap that a value belongs to, under all the rates that are printed.

    Raises
    ------
    InputError
        If a published value names a measure that the design does not have.
    """
    answers: dict[_Question, dict[str, list[Record]]] = {}
    for question in dict.fromkeys(map(_question, design.published)):
        asked = [published for published in design.published if _question(published) == question]
        by_truth: dict[str, list[Record]] = {}
        for record in run(_scenario(design, asked, n_sims, seed), engine, measures=_measures(asked)).records:
            for name in by_truth.keys() | _names(design, asked) if record.truth is None else (record.truth,):
                by_truth.setdefault(name, []).append(record)
        answers[question] = by_truth
    return [
        Validation(design, one, _answer(design, one, answers[_question(one)].get(_truth(design, one).name, [])))
        for one in design.published
    ]


def _question(published: PublishedValue) -> _Question:
    cap = published.cap
    return _Question(tuple(cap.items()) if isinstance(cap, dict) else cap)


def _measures(asked: Sequence[PublishedValue]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(published.measure for published in asked))


def _names(design: Design, asked: Sequence[PublishedValue]) -> set[str]:
    return {_truth(design, published).name for published in asked}


def _truth(design: Design, published: PublishedValue) -> Truth:
    """Return the truth under which a value was printed, named after its rates."""
    rates = {"response_rate": _OF_NO_TRUTH if published.response_rate is None else published.response_rate}
    if design.toxicity is not None:
        toxicity = published.toxicity_rate
        rates["toxicity_rate"] = design.toxicity.usual_rate if toxicity is None else toxicity
        if published.odds_ratio is not None:
            rates["odds_ratio"] = published.odds_ratio
    return Truth(name=", ".join(f"{key} {rate!r}" for key, rate in rates.items()), **rates)


def _scenario(design: Design, asked: Sequence[PublishedValue], n_sims: int, seed: int) -> Scenario:
    truths = {truth.name: truth for truth in (_truth(design, published) for published in asked)}
    cap = asked[0].cap
    intervals = dict.fromkeys(
        published.variant
        for published in asked
        if published.variant in ("wilson", "wald", "jeffreys", "agresti-coull", "mid-p")
    )
    quantiles = dict.fromkeys(one.value for one in asked if one.measure == "n_quantile" and one.value is not None)
    return Scenario(
        schema="trialsim.scenario/1",
        name=design.name,
        design=design,
        plans=(EnrolmentPlan(name="published", cap=cap),) if cap is not None else (),
        truths=tuple(truths.values()),
        intervals=tuple(intervals),
        quantiles=tuple(quantiles) or (0.5,),
        n_sims=n_sims,
        seed=seed,
    )


def _answer(design: Design, published: PublishedValue, records: Sequence[Record]) -> Record:
    """Return the record of a value; one that names no arm is the trial's, or else that of every arm: the first's."""
    wanted = {name: getattr(published, name) for name in ("measure", "arm", "look", "given", "value", "variant")}
    found = [
        record
        for record in records
        if all(getattr(record, name) == value for name, value in wanted.items() if name != "arm")
    ]
    exactly = [record for record in found if record.arm == published.arm]
    if exactly or (found and published.arm is None):
        return (exactly or found)[0]
    where = f"design {design.name}, published {published.measure} ({published.place})"
    raise InputError(f"{where}: no measure of this design answers it; check arm, look, given, value and variant")


def disagreements(found: Sequence[Validation]) -> list[str]:
    """Return the published values that ours do not match, or where the engines disagree (family-wise limit)."""
    limit = z_limit(len(found))
    return [
        f"{item.design.name} {item.published.measure}"
        for item in found
        if not item.agrees or (item.record.is_judged and abs(item.record.z or 0.0) > limit)
    ]


def counts(found: Sequence[Validation]) -> bool:
    """Return whether a design counts as validated.

    It names its source, at least one number of it (not a mere bound) was checked where it is printed, and all agree.
    """
    checked = [item for item in found if item.published.checked_at_source]
    has_number = any(item.published.relation == "equals" and item.published.place for item in checked)
    return has_number and all(item.agrees and item.design.source for item in checked)


def summary(found: Sequence[Validation]) -> Summary:
    """Return how many designs and values there are and count."""
    by_design: dict[str, list[Validation]] = {}
    for item in found:
        by_design.setdefault(item.design.name, []).append(item)
    checked = [item for item in found if item.published.checked_at_source]
    return Summary(
        len(by_design),
        sum(counts(items) for items in by_design.values()),
        len(found),
        len(checked),
        sum(item.agrees for item in checked),
    )
