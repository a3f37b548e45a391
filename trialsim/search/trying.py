"""Trying values of one field: the measure that each gives, exactly or from the calendar simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from trialsim.api import run
from trialsim.errors import InputError, NotSolvableError, nearest
from trialsim.spec.load import kind_of, load_scenario
from trialsim.spec.overrides import Override, override_of, path_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.records import Record
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario

EngineChoice = Literal["auto", "exact", "calendar"]


class Which(NamedTuple):
    """Which number: a measure and what it is of; None where there is only one, or it does not matter."""

    measure: str
    arm: str | None = None
    look: str | None = None
    given: str | None = None
    value: float | None = None
    variant: str | None = None

    @property
    def named(self) -> dict[str, Any]:
        """What is given, by name."""
        return {name: value for name, value in self._asdict().items() if value is not None}

    def fits(self, record: Record) -> bool:
        """Return whether a record is of this measure, and of what was named."""
        return all(getattr(record, name) == value for name, value in self.named.items())


class Point(NamedTuple):
    """A value of the field, and the measure there."""

    x: float
    estimate: float
    mcse: float
    is_exact: bool


class Trial(NamedTuple):
    """What is needed to try a value."""

    source: str
    field: str
    path: tuple[str | int, ...]
    which: Which
    given: tuple[Override, ...]
    """The user's other changes."""
    asked: tuple[Override, ...]
    """The truth, and nothing that does not bear on the measure."""
    engine: str
    """"exact" or "calendar"."""
    n_jobs: int
    n_sims: int

    def at(self, x: float) -> Point:
        """Return the measure at a value of the field.

        Raises
        ------
        InputError
            If the value is refused, or the measure is ambiguous or missing.
        """
        scenario = self._scenario(x, self.asked)
        try:
            record = _the_one(_records(scenario, self.which, self.engine, self.n_jobs), self.which)
        except InputError as error:
            raise InputError(f"with {self.field} {x:g}: {error}") from None
        if record.estimate is None:
            raise InputError(
                f"{self.which.measure}: with {self.field} {x:g} no trial meets the condition, so it has no value"
            )
        return Point(float(x), record.estimate, record.mcse or 0.0, self.engine == "exact")

    def is_whole(self, start: float, stop: float) -> bool:
        """Return whether the field holds whole numbers; where it holds none yet, what the range is written in."""
        if start != round(start) or stop != round(stop):
            return False
        held = _held(self._scenario(None, ()), self.path)
        return stop - start > 1 if held is None else not isinstance(held, float)

    def document(self, x: float) -> dict[str, Any]:
        """Return the design (or scenario) with the value, as plain data."""
        scenario = self._scenario(x, ())
        model = scenario.design if kind_of(self.source) == "design" else scenario
        data = dict(model.model_dump(mode="json", by_alias=True, exclude_unset=True))
        suffix = f"-{self.path[-1]}-{x:g}".replace("_", "-")
        data["name"] = f"{str(data['name'])[: 80 - len(suffix)]}{suffix}"
        data.pop("published", None)  # no longer the design that was printed
        return data

    def looks(self, x: float) -> tuple[int, ...]:
        """Return the patients of all arms together at each look, if none stops."""
        return _sizes(self._scenario(x, ()).design)

    def _scenario(self, x: float | None, more: tuple[Override, ...]) -> Scenario:
        tried = () if x is None else (Override(self.path, x, f"{self.field}={x:g}", "--field"),)
        return load_scenario(self.source, [*self.given, *tried, *more])


def trial_of(
    source: str,
    field: str,
    which: Which,
    at_rate: float | None,
    truth: str | None,
    overrides: Sequence[str | Override],
    engine: str,
    seed: int | None,
    n_sims: int | None,
    n_jobs: int,
) -> Trial:
    """Return how values are tried; parameters as `calibrate.calibrate`.

    Raises
    ------
    InputError
        If the truth is not said, or no engine has the measure.
    """
    is_design = kind_of(source) == "design"
    given = [override_of(item) if isinstance(item, str) else item for item in overrides]
    if is_design:
        given = [Override(_into_design(item.path), item.value, item.text, item.option) for item in given]
    if seed is not None:
        given.append(Override(("seed",), seed, str(seed), "--seed"))
    scenario = load_scenario(source, given)
    if n_sims is not None and scenario.conduct is not None:
        given.append(Override(("conduct", "n_sims"), n_sims, str(n_sims), "--n-sims"))
        scenario = load_scenario(source, given)
    path = _into_design(path_of(field)) if is_design else path_of(field)
    asked = _asked(scenario, at_rate, truth)
    n_trials = scenario.conduct.n_sims if scenario.conduct is not None else 0
    chosen = _engine(load_scenario(source, [*given, *asked]), which, engine)
    return Trial(source, field, path, which, tuple(given), asked, chosen, n_jobs, n_trials)


def _into_design(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return path if path[0] == "design" else ("design", *path)


def _asked(scenario: Scenario, at_rate: float | None, truth: str | None) -> tuple[Override, ...]:
    """Return the changes that leave one truth and one plan, and nothing that is matched, varied or tried beside."""
    names = [one.name for one in scenario.truths]
    if at_rate is not None:
        if not 0 <= at_rate <= 1:
            raise InputError(f"at-rate {at_rate:g}: a response rate from 0 to 1 is needed")
        kept: Any = [{"name": "asked", "response_rate": at_rate}]
    else:
        if truth is None and len(names) > 1:
            raise InputError(f"under which truth? Give --at-rate, or --truth with one of: {', '.join(names)}")
        if truth is not None and truth not in names:
            raise InputError(f'there is no truth "{truth}"; {nearest(truth, names)}')
        one = scenario.truths[names.index(truth) if truth is not None else 0]
        kept = [one.model_dump(mode="json", exclude_unset=True)]
    changes: dict[tuple[str, ...], Any] = {("truths",): kept, ("plans",): [], ("vary",): None, ("n_sims",): 1}
    if scenario.conduct is not None:
        changes |= {("conduct", "match"): None, ("conduct", "sensitivity"): []}
    return tuple(Override(path, value, ".".join(path), "--field") for path, value in changes.items())


def _engine(scenario: Scenario, which: Which, engine: str) -> str:
    """Return the engine that has the measure.

    Raises
    ------
    InputError
        If none has.
    """
    if engine not in ("auto", "exact", "calendar"):
        raise InputError(f'engine "{engine}": {nearest(engine, ("auto", "exact", "calendar"))}')
    if engine == "calendar" and scenario.conduct is None:
        raise InputError("engine calendar: the scenario says nothing about conduct; give one with a `conduct` block")
    if engine == "calendar":
        return "calendar"
    try:
        everything = run(scenario, "exact").records
    except NotSolvableError:
        if engine == "exact" or scenario.conduct is None:
            raise
        return "calendar"
    known = dict.fromkeys(record.measure for record in everything)
    if which.measure in known:
        return "exact"
    if engine == "auto" and scenario.conduct is not None:
        return "calendar"
    remedy = nearest(which.measure, known)
    calendar = "" if scenario.conduct is not None else "; measures of the calendar need a scenario with conduct"
    raise InputError(f'measure "{which.measure}": the exact engine has none of that name; {remedy}{calendar}')


def _records(scenario: Scenario, which: Which, engine: str, n_jobs: int) -> list[Record]:
    if engine == "exact":
        return list(run(scenario, "exact", measures=(which.measure,)).records)
    found = run(scenario, "montecarlo", n_jobs=n_jobs, measures=(which.measure,)).records
    return [record for record in found if record.engine == "calendar"]


def _the_one(records: list[Record], which: Which) -> Record:
    """Return the record that is asked for; of those not told apart, the plainest if there is only one.

    Raises
    ------
    InputError
        If none fits, or several do.
    """
    fitting = [record for record in records if which.fits(record)]
    for name in ("given", "arm", "look", "value", "variant"):
        plain = [record for record in fitting if getattr(record, name) is None]
        if name not in which.named and plain:
            fitting = plain
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        told = ", ".join(f"{name} {value}" for name, value in which.named.items() if name != "measure")
        has = "; ".join(dict.fromkeys(_described(record) for record in records)) or "no value of it"
        raise InputError(f"{which.measure}{' of ' if told else ''}{told}: there is none; the trial has {has}")
    options = "; ".join(_described(record) for record in fitting[:8])
    raise InputError(f"{which.measure}: which one is meant? Name arm, look, given, value or variant: {options}")


def _described(record: Record) -> str:
    parts = {name: getattr(record, name) for name in ("arm", "look", "given", "value", "variant")}
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value is not None) or "that of the trial"


def _held(scenario: Scenario, path: tuple[str | int, ...]) -> Any:
    """Return what the field holds now; None if nothing, and of several values by arm the first."""
    found: Any = scenario.model_dump(mode="json", by_alias=True)
    for part in path:
        if isinstance(found, list):
            by_name = {str(item.get("name")): item for item in found if isinstance(item, dict)}
            found = found[part] if isinstance(part, int) and part < len(found) else by_name.get(str(part))
        else:
            found = found.get(str(part)) if isinstance(found, dict) else None
    return next(iter(found.values()), None) if isinstance(found, dict) else found


def _sizes(design: Design) -> tuple[int, ...]:
    sizes = []
    for look in design.looks:
        if look.at == "full_enrolment":
            sizes.append(sum(design.caps))
        elif look.at.total is not None:
            sizes.append(look.at.total)
        else:
            each = look.at.per_arm
            sizes.append(sum(each.values()) if isinstance(each, dict) else (each or 0) * len(design.arms))
    return tuple(sizes)
