"""The service's part for the page Compare: pinned designs at the same truths, exactly and on the same patients.

Like `app.service` it talks to trialsim; pages reach it through this module alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from app.pins import LETTERS, pin_of
from app.service.service import Refusal
from app.service.truths import EXPLORED, truth_of
from app.state import packed
from trialsim.comparison.changes import changes
from trialsim.comparison.designs import compare
from trialsim.inference.joint import JointRates
from trialsim.report.comparison import rendered, tables
from trialsim.report.comparison_notes import footnotes
from trialsim.report.numbers import percent, toxicity_words
from trialsim.report.plots.compared_curves import compared_curves, measures
from trialsim.report.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import plotly.graph_objects as go

    from app.pins import Pin
    from app.service.service import Service
    from app.state import State
    from trialsim.comparison.designs import Comparison
    from trialsim.comparison.matching import Side
    from trialsim.curves import Curves
    from trialsim.report.table import Table
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario, Truth

PRESETS = ((10_000, "to look at"), (100_000, "to read off numbers"), (1_000_000, "for a report"), (2_000_000, "fine"))
DEFAULT_SIMS = 100_000
TRIAL_PRESETS = ((1_000, "to look at"), (10_000, "to read off numbers"), (100_000, "for a report"))
COST_OF_CALENDAR = 100
"""A calendar trial takes as long as about so many ideal replicates; for the time left only."""
FORMATS = ("csv", "json", "html")
_SHORT = 3
"""Of more changes, the last so many make the name of a pin."""
_HYPOTHESES = ("null rate", "target rate")


class Effort(NamedTuple):
    """How much is simulated."""

    n_sims: int
    n_trials: int
    """Calendar trials; 0: none are compared."""


class Pinned(NamedTuple):
    """A pin as it stands: what it means, or why it cannot be used."""

    letter: str
    """The first design that can be used is A, the reference; empty: it cannot."""
    pin: Pin
    design: Design | None
    curves: Curves | None
    """None: not solved exactly."""
    has_conduct: bool
    problem: str


class Exact(NamedTuple):
    """Exact measures side by side."""

    tables: list[Table]
    notes: list[str]


class Simulated(NamedTuple):
    """A simulated comparison, ready to be shown and to be taken away."""

    tables: list[Table]
    notes: list[str]
    footnotes: list[str]
    files: dict[str, str]
    """By format; compressed."""


def looked_up(service: Service, pins: Sequence[Pin]) -> list[Pinned]:
    """Return what each pin means; one that makes no sense, or has no exact solution, says so."""
    found: list[Pinned] = []
    first: tuple[float, ...] | None = None
    for pin in pins:
        letter = LETTERS[sum(one.design is not None for one in found)]
        try:
            design = service.design(pin.state)
        except Refusal as refused:
            found.append(Pinned("", pin, None, None, False, f"Cannot be used any more: {refused}"))
            continue
        has_conduct = _conduct(service, pin.state) is not None
        try:
            own = service.explored_rates(pin.state, design)
            first = own if first is None else first
            curves, problem = service.curves(design, _toxicity(first, own)), ""
        except Refusal as refused:
            curves, problem = None, f"Not solved exactly, so in the simulation alone: {refused}"
        found.append(Pinned(letter, pin, design, curves, has_conduct, problem))
    return found


def suggested_name(service: Service, state: State) -> str:
    """Return a name for a pin: its base, and its latest changes.

    Raises
    ------
    Refusal
        If the state makes no sense.
    """
    base = service.design(state).name if state.packed else state.base
    parts = [f"{path.rpartition('.')[2].replace('_', ' ')} {value}" for path, value in state.changes[-_SHORT:]]
    return pin_of(", ".join([base, *parts]), state).name


def in_words(state: State) -> str:
    """Return what a pin is made of: its base and how many changes."""
    base, n = "an uploaded file" if state.packed else state.base, len(state.changes)
    return base if not n else f"{base}, {n} change{'s' if n > 1 else ''}"


def differing(service: Service, pins: Sequence[Pin]) -> list[list[str]]:
    """Return the fields in which the designs differ: the path, and the value in each. Truths are the page's own.

    Raises
    ------
    Refusal
        If a pin makes no sense.
    """
    scenarios = [service.scenario(pin.state, *_without_readings(service, pin.state)) for pin in pins]
    own: dict[str, str] = {}
    others: list[dict[str, str]] = []
    for scenario in scenarios[1:]:
        found = [one for one in changes(scenarios[0], scenario) if one.path.split(".")[0] not in ("truths", "plans")]
        own.update({one.path: one.own for one in found})
        others.append({one.path: one.other for one in found})
    rows = [[path, value, *(_value(path, other, value) for other in others)] for path, value in own.items()]
    return [[_cut(word) for word in row] for row in rows]


def _value(path: str, other: dict[str, str], own: str) -> str:
    """Return what a design has at a path: its own, the reference's, or nothing if a part above is another."""
    if any(path.startswith(f"{above}.") for above in other):
        return "–"
    return other.get(path, own)


def figure(found: Sequence[Pinned], label: str, *, as_difference: bool) -> go.Figure | None:
    """Return the curves of a measure, each design's; None if none has it."""
    solved = [(f"{one.letter}: {one.pin.name}", one.curves) for one in found if one.curves is not None]
    names, curves = [name for name, _ in solved], [own for _, own in solved]
    if label not in labels(found):
        return None
    return compared_curves(names, curves, label, as_difference=as_difference)


def labels(found: Sequence[Pinned]) -> list[str]:
    """Return the measures that can be drawn."""
    return [one.label for one in measures([one.curves for one in found if one.curves is not None])]


def scenarios(service: Service, pins: Sequence[Pin], effort: Effort | None = None) -> list[tuple[str, Scenario]]:
    """Return the pins as scenarios at the same truths: those of the first, arm by arm.

    Parameters
    ----------
    service, pins
        Valid pins; the first is the reference.
    effort
        Replicates, and whether conduct is kept; None: ideal conduct, the reference's replicates.

    Raises
    ------
    Refusal
        If a pin makes no sense.
    """
    found = []
    for pin, changed in zip(pins, asked_of(service, pins, effort), strict=True):
        found.append((pin.name, service.scenario(pin.state, *changed)))
    return found


def asked_of(service: Service, pins: Sequence[Pin], effort: Effort | None = None) -> list[list[tuple[str, Any]]]:
    """Return what the page changes in each pin.

    Raises
    ------
    Refusal
        If a pin makes no sense.
    """
    designs = [service.design(pin.state) for pin in pins]
    tested = next((design.hypotheses for design in designs if design.hypotheses is not None), None)
    ends = [] if tested is None else [tested.null_rate, tested.target_rate]
    first = service.explored_rates(pins[0].state, designs[0])
    reference = dict(zip(designs[0].arm_names, first, strict=True))
    found = []
    for pin, design in zip(pins, designs, strict=True):
        own = service.explored_rates(pin.state, design)
        rates = _rates(reference, design, own)
        truths: list[dict[str, Any]] = [
            truth_of(design, name, rate) for name, rate in zip(_HYPOTHESES, ends, strict=False)
        ]
        explored = truth_of(design, EXPLORED, rates, _toxicity(first, own))
        changed: list[tuple[str, Any]] = [("truths", [*truths, explored])]
        conduct = _conduct(service, pin.state)
        if conduct is not None and (effort is None or effort.n_trials == 0):
            changed.insert(0, ("conduct", None))
        elif conduct is not None and effort is not None:
            changed += _without_readings(service, pin.state)
            changed += [("conduct.match", None)] if conduct.get("match") else []
            changed += [("conduct.n_sims", effort.n_trials)]
        found.append([*changed, *([("n_sims", effort.n_sims)] if effort is not None else [])])
    return found


def _rates(reference: dict[str, float], design: Design, own: tuple[float, ...]) -> dict[str, float]:
    """Return the explored rate of each arm: the reference's by name; if no name is shared, in order; else its own."""
    names = design.arm_names
    if not reference.keys() & set(names) and len(reference) == len(names):
        return dict(zip(names, reference.values(), strict=True))
    return {name: reference.get(name, rate) for name, rate in zip(names, own, strict=True)}


def _toxicity(reference: tuple[float, ...], own: tuple[float, ...]) -> tuple[float, ...]:
    """Return a design's own rates, with the toxicity of the reference's first arm if both designs watch it."""
    if not (isinstance(reference, JointRates) and isinstance(own, JointRates)):
        return own
    return JointRates(own, reference.toxicity[:1] * len(own), reference.odds_ratio)


def _conduct(service: Service, state: State) -> dict[str, Any] | None:
    """Return the conduct of a state as it is written; None if it has none."""
    own = dict(state.changes)
    said = own["conduct"] if "conduct" in own else service.base_data(state).get("conduct")
    if isinstance(said, dict):
        return said
    return {} if said or any(path.startswith("conduct.") for path in own) else None


def _without_readings(service: Service, state: State) -> list[tuple[str, Any]]:
    """Return what leaves other readings of a protocol aside: they are not compared, and take long to check."""
    conduct = _conduct(service, state)
    return [("conduct.sensitivity", [])] if conduct is not None and conduct.get("sensitivity") else []


def exact(service: Service, found: Sequence[Pinned]) -> Exact | None:
    """Return exact measures side by side; None if fewer than two designs are solved exactly.

    Raises
    ------
    Refusal
        If they have nothing in common.
    """
    solved = [one for one in found if one.curves is not None]
    if len(solved) < 2:
        return None
    compared = compare(scenarios(service, [one.pin for one in solved]), "exact")
    letters = {own: one.letter for own, one in zip(LETTERS, solved, strict=False) if own != one.letter}
    shown = side_by_side(compared)
    for table in shown:
        truth = next(one for one in compared.sides[0].scenario.truths if one.name == table.title)
        table.title = f"{truth.name}: {_rates_in_words(compared.sides[0], truth)}"
        table.header[:] = [_relettered(word, letters) for word in table.header]
    notes = [*truths_in_words(compared), *(note for note in compared.notes if "is run with" not in note)]
    return Exact(shown, ["Exact; nothing is simulated.", *(_relettered(note, letters) for note in notes)])


def simulated(service: Service, pins: Sequence[Pin], effort: Effort, progress: Callable[[float], None]) -> Simulated:
    """Return the designs compared on the same simulated patients.

    Parameters
    ----------
    service, pins
        Two valid pins or more; the first is the reference.
    effort
        Replicates of each design and truth.
    progress
        Called with the share done, many times; what it raises ends the simulation.

    Raises
    ------
    Refusal
        If more is asked for than the settings allow, or the designs have nothing in common.
    """
    asked = scenarios(service, pins, checked(service, effort))
    share = _share_done(asked, progress)
    found = compare(asked, "auto", n_jobs=service.settings.n_jobs, progress=share)
    files = {format_: rendered(found, format_) for format_ in FORMATS}
    notes = [*truths_in_words(found), *found.notes]
    return Simulated(tables(found), notes, footnotes(found), {name: packed(text) for name, text in files.items()})


def checked(service: Service, effort: Effort) -> Effort:
    """Return an effort that the settings allow.

    Raises
    ------
    Refusal
        If it is none, in one sentence.
    """
    most, most_trials = service.settings.max_sims, service.settings.max_trials
    if not 1 <= effort.n_sims <= most:
        raise Refusal(f"{effort.n_sims:,} replicates are asked for; 1 to {most:,} can be simulated here")
    if not 0 <= effort.n_trials <= most_trials:
        raise Refusal(f"{effort.n_trials:,} calendar trials are asked for; up to {most_trials:,} can be simulated here")
    return effort


def _share_done(asked: Sequence[tuple[str, Scenario]], progress: Callable[[float], None]) -> Callable[[int], None]:
    """Return what counts replicates: per truth those of all designs, then calendar trials, which take longer."""
    first = asked[0][1]
    n_ideal = first.n_sims * len(asked)
    n_conducted = sum(scenario.conduct is not None for _, scenario in asked)
    is_conducted = first.conduct is not None and n_conducted > 1
    n_calendar = first.conduct.n_sims * n_conducted if is_conducted and first.conduct is not None else 0
    whole = n_ideal + COST_OF_CALENDAR * n_calendar
    n_truths, done = len(first.truths), 0

    def advance(n: int) -> None:
        nonlocal done
        done += n
        n_full, rest = divmod(done, n_ideal + n_calendar)
        within = min(rest, n_ideal) + COST_OF_CALENDAR * max(rest - n_ideal, 0)
        progress(min((n_full + within / whole) / n_truths, 1.0))

    return advance


def truths_in_words(found: Comparison) -> list[str]:
    """Return at which true rates designs are compared: those of the reference, and of arms that it does not have."""
    reference, *others = found.sides
    words = [f"{truth.name} ({_rates_in_words(reference, truth)})" for truth in reference.scenario.truths]
    notes = [f"All designs at the truths of {reference.letter}: {'; '.join(words)}."]
    for side in others:
        if set(side.scenario.design.arm_names) - set(reference.scenario.design.arm_names):
            explored = next(truth for truth in side.scenario.truths if truth.name == EXPLORED)
            notes.append(f"{side.letter} has other arms; {EXPLORED} means {_rates_in_words(side, explored)} there.")
    return notes


def _rates_in_words(side: Side, truth: Truth) -> str:
    arms = side.scenario.design.arm_names
    rates = truth.rates(arms)
    of_arms = [f"{arm} {percent(rate)}" for arm, rate in zip(arms, rates, strict=True)]
    words = percent(rates[0]) if len(set(rates)) == 1 else ", ".join(of_arms)
    toxicity = toxicity_words(rates)
    return f"{words}, toxicity {toxicity}" if toxicity else words


def _relettered(text: str, letters: dict[str, str]) -> str:
    """Return a text with the letters of pins, where some of them do not take part."""
    return re.sub(r"\b([A-D])\b", lambda found: letters.get(found[1], found[1]), text)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
