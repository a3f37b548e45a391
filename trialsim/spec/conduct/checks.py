"""Whether a conduct fits its design: arms, looks, classes, and looks that could never fire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialsim.errors import nearest
from trialsim.spec.conduct.follow_up import check_order
from trialsim.spec.design import check_arm_keys
from trialsim.spec.rules import leaves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trialsim.spec.conduct import Conduct
    from trialsim.spec.conduct.looks import LookConduct
    from trialsim.spec.design import Design


def check_conduct(conduct: Conduct, designs: list[Design], truths: list[tuple[str, tuple[float, ...]]]) -> None:
    """Check a conduct against the design under each plan, and the truths.

    Raises
    ------
    ValueError
        "path | problem".
    """
    arms = designs[0].arm_names
    if designs[0].watches_toxicity:
        raise ValueError(
            "conduct | the calendar does not simulate the rules for toxicity at looks (toxic_if); "
            "leave conduct out, or put the rule into conduct.toxicity.stop_if in place of toxic_if"
        )
    for path, mapping in conduct.per_arm_values():
        check_arm_keys(path, mapping, arms, what="value")
    _check_blocks(conduct, designs[0])
    _check_classes(conduct, arms, truths)
    _check_toxicity(conduct, designs[0])
    check_order("conduct.on_treatment_at_days", conduct.on_treatment_at_days)
    _check_next_visits(conduct)
    for name, look in conduct.looks.items():
        if name not in designs[0].look_names:
            raise ValueError(
                f'conduct.looks.{name} | there is no look "{name}"; {nearest(name, designs[0].look_names)}'
            )
        for design in designs:
            _check_look(conduct, design, name, look)


def by_arm(value: float | Mapping[str, float], arms: tuple[str, ...]) -> tuple[float, ...]:
    """Return a value for each arm, from one for all or one for each."""
    return (value,) * len(arms) if isinstance(value, int | float) else tuple(value[arm] for arm in arms)


def _check_blocks(conduct: Conduct, design: Design) -> None:
    total = sum(design.ratio)
    for index, size in enumerate(conduct.allocation.block_sizes):
        if size % total:
            ratio = ":".join(map(str, design.ratio))
            raise ValueError(
                f"conduct.allocation.block_sizes.{index} | {size} is not a multiple of {total}, "
                f"so blocks cannot hold {ratio}"
            )


def _check_classes(conduct: Conduct, arms: tuple[str, ...], truths: list[tuple[str, tuple[float, ...]]]) -> None:
    progressive, missing = by_arm(conduct.response.progressive, arms), by_arm(conduct.response.not_evaluable, arms)
    for arm, p, q in zip(arms, progressive, missing, strict=True):
        if p + q > 1 + 1e-9:
            raise ValueError(
                f"conduct.response.progressive | in arm {arm}, progressive ({p:.4g}) and not evaluable ({q:.4g}) "
                f"sum to {p + q:.4g}; the classes of a patient sum to at most 1"
            )
    for index, (name, rates) in enumerate(truths):
        for arm, rate, p, q in zip(arms, rates, progressive, missing, strict=True):
            share = rate * (1 - q) if conduct.response.rate_is_of == "evaluable" else rate
            if share + p + q > 1 + 1e-9:
                raise ValueError(
                    f"truths.{index}.response_rate | truth {name}, arm {arm}: response ({share:.4g}), "
                    f"progressive ({p:.4g}) and not evaluable ({q:.4g}) sum to {share + p + q:.4g}; "
                    "the classes of a patient sum to at most 1"
                )


def _check_next_visits(conduct: Conduct) -> None:
    if conduct.response.confirmation.at_next_visit:
        schedule = conduct.visits.up_to(3653.0)
        for visit in conduct.response.first_seen:
            if not schedule or visit.day >= schedule[-1]:
                raise ValueError(
                    "conduct.response.confirmation.at_next_visit | no visit is scheduled after the response visit on "
                    f"day {visit.day:g}; add one to conduct.visits"
                )


def _check_toxicity(conduct: Conduct, design: Design) -> None:
    if conduct.toxicity is None or conduct.toxicity.stop_if is None:
        return
    for path, rule in leaves(conduct.toxicity.stop_if, "conduct.toxicity.stop_if"):
        per_arm = rule.per_arm()
        if per_arm is not None:
            check_arm_keys(f"{path}.{rule.bound}", per_arm, design.arm_names)
        if rule.looks_ahead:
            raise ValueError(f"{path}.kind | the rule looks ahead to the final analysis, which is none of toxicities")


def _check_look(conduct: Conduct, design: Design, name: str, look: LookConduct) -> None:
    path = f"conduct.looks.{name}"
    if name == design.look_names[-1]:
        if {"fires", "hold"} & look.model_fields_set:
            raise ValueError(
                f"{path} | the final look is at the data cut-off (conduct.cutoff); only counts can be chosen"
            )
        return
    if look.hold == "until_decided" and conduct.unevaluable == "replaced":
        raise ValueError(
            f"{path}.hold | a hold with no way to end: patients who are not evaluable are replaced by ones that "
            f"the hold keeps out; use hold: none, or unevaluable: dropped"
        )
    trigger, n_planned, last = look.fires, sum(design.caps), conduct.cutoff.day
    if isinstance(trigger, str):
        return
    events = trigger.failures or trigger.deaths
    if events is not None and events > n_planned:
        raise ValueError(
            f"{path}.fires.{trigger.kind} | look {name} can never fire: it waits for {events} {trigger.kind}, "
            f"but at most {n_planned} patients enter"
        )
    for field in ("day", "after_days", "completed_days"):
        days = getattr(trigger, field)
        if days is not None and last is not None and days > last:
            raise ValueError(
                f"{path}.fires.{field} | look {name} can never fire: day {days:g} is after the data cut-off, "
                f"day {last:g}"
            )
