"""What can be compared: plans, truths, arms and looks that designs have in common, and a sentence for what cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trialsim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario, Truth

MAX_DESIGNS = 8
LETTERS = "ABCDEFGH"


class Side(NamedTuple):
    """A design that takes part in a comparison. The first is the reference."""

    letter: str
    label: str
    scenario: Scenario
    """With the seed and the number of replicates of the reference."""


class MatchedPlan(NamedTuple):
    """An enrolment plan of the reference, and the plan of each other design that it is compared with."""

    name: str
    designs: tuple[Design | None, ...]
    """One per side; None: nothing to compare with."""


def sides_of(scenarios: Sequence[tuple[str, Scenario]]) -> tuple[tuple[Side, ...], list[str]]:
    """Return the designs with letters, seed and replicates in common, and sentences about what that changed.

    Raises
    ------
    InputError
        If there are fewer than two designs, or more than eight.
    """
    if not 2 <= len(scenarios) <= MAX_DESIGNS:
        raise InputError(f"a comparison takes 2 to {MAX_DESIGNS} designs, and there are {len(scenarios)}")
    first, notes = scenarios[0][1], []
    sides = []
    for letter, (label, scenario) in zip(LETTERS, scenarios, strict=False):
        sides.append(Side(letter, label, _aligned(scenario, first)))
        changed = [f"{what} {_shown(own)}" for what, own, common in _settings(scenario, first) if own != common]
        if changed:
            words = " and ".join(changed)
            notes.append(f"{letter} is run with the seed and the number of replicates of A (its own: {words}).")
        if letter != "A" and sides[-1].scenario.id == sides[0].scenario.id:
            notes.append(f"{letter} is the same scenario as A.")
    return tuple(sides), notes


def _settings(scenario: Scenario, first: Scenario) -> list[tuple[str, int, int]]:
    found = [("seed", scenario.seed, first.seed), ("n_sims", scenario.n_sims, first.n_sims)]
    if scenario.conduct is not None and first.conduct is not None:
        found.append(("conduct.n_sims", scenario.conduct.n_sims, first.conduct.n_sims))
    return found


def _shown(number: int) -> str:
    return f"{number:,}"


def _aligned(scenario: Scenario, first: Scenario) -> Scenario:
    """Return the scenario with the seed and the numbers of replicates of the first."""
    changes: dict[str, object] = {"seed": first.seed, "n_sims": first.n_sims}
    if scenario.conduct is not None and first.conduct is not None:
        changes["conduct"] = scenario.conduct.model_copy(update={"n_sims": first.conduct.n_sims})
    return scenario.model_copy(update=changes)


def matched_plans(sides: Sequence[Side]) -> tuple[list[MatchedPlan], list[str]]:
    """Return the plans to compare, and sentences about those that have no counterpart.

    Plans are matched by name; the only plan of one design with the only plan of another whatever their names.

    Raises
    ------
    InputError
        If a design has no plan in common with the reference.
    """
    reference, *others = sides
    own = dict(reference.scenario.designs())
    pairs, notes = [], []
    for side in others:
        found = dict(side.scenario.designs())
        shared = {name: name for name in own if name in found}
        if not shared and len(own) == len(found) == 1:
            shared = {next(iter(own)): next(iter(found))}
            notes.append(f'The plan "{next(iter(own))}" of A is compared with "{next(iter(found))}" of {side.letter}.')
        if not shared:
            raise _nothing_in_common("plan", reference, own, side, found)
        notes += _only_one("plan", reference, _lacking(own, shared), side, _lacking(found, shared.values()))
        pairs.append({name: found[other] for name, other in shared.items()})
    plans = [
        MatchedPlan(name, (design, *(pair.get(name) for pair in pairs)))
        for name, design in own.items()
        if any(name in pair for pair in pairs)
    ]
    return plans, notes


def matched_truths(sides: Sequence[Side]) -> tuple[list[tuple[Truth | None, ...]], list[str]]:
    """Return the truths to compare, one per side, and sentences about those that have no counterpart.

    Raises
    ------
    InputError
        If a design has no truth in common with the reference.
    """
    reference, *others = sides
    own, *rest = [{truth.name: truth for truth in side.scenario.truths} for side in sides]
    notes = []
    for side, found in zip(others, rest, strict=True):
        if not own.keys() & found.keys():
            raise _nothing_in_common("truth", reference, own, side, found)
        notes += _only_one("truth", reference, _lacking(own, found), side, _lacking(found, own))
        for name in (name for name in own if name in found):
            notes += _other_rates(reference, own[name], side, found[name])
    truths = [
        (truth, *(found.get(name) for found in rest))
        for name, truth in own.items()
        if any(name in found for found in rest)
    ]
    return truths, notes


def part_notes(sides: Sequence[Side]) -> list[str]:
    """Return a sentence for each arm or look that only one of two designs has, and for conduct that only one has."""
    reference, *others = sides
    notes = []
    for side in others:
        one, other = reference.scenario, side.scenario
        for what in ("arm", "look"):
            own, found = (getattr(scenario.design, f"{what}_names") for scenario in (one, other))
            notes += _only_one(what, reference, _lacking(own, found), side, _lacking(found, own))
        if (one.conduct is None) != (other.conduct is None):
            has = reference if one.conduct is not None else side
            notes.append(f"Only {has.letter} has a conduct: no day, overrun or duration is compared.")
    return notes


def _other_rates(reference: Side, own: Truth, side: Side, found: Truth) -> list[str]:
    first, second = (
        dict(zip(of.scenario.design.arm_names, truth.rates(of.scenario.design.arm_names), strict=True))
        for of, truth in ((reference, own), (side, found))
    )
    differing = [arm for arm in first if arm in second and first[arm] != second[arm]]
    if not differing:
        return []
    words = ", ".join(f"{arm} {first[arm]:g} and {second[arm]:g}" for arm in differing)
    return [f'The truth "{own.name}" has other response rates in {reference.letter} and in {side.letter}: {words}.']


def _lacking(names: Iterable[str], others: Iterable[str]) -> list[str]:
    """Return the names that the others do not have, in their order."""
    known = set(others)
    return [name for name in names if name not in known]


def _only_one(what: str, reference: Side, own: list[str], side: Side, found: list[str]) -> list[str]:
    parts = [
        f"{has.letter} alone has the {what}{'s' if len(names) > 1 else ''} {_listed(names)}"
        for has, names in ((reference, own), (side, found))
        if names
    ]
    return [f"Not compared: {'; '.join(parts)}."] if parts else []


def _nothing_in_common(what: str, reference: Side, own: Iterable[str], side: Side, found: Iterable[str]) -> InputError:
    return InputError(
        f"{reference.letter} ({reference.label}) and {side.letter} ({side.label}) have no {what} of the same name: "
        f"{_listed(own)} against {_listed(found)}; name what is to be compared alike"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
