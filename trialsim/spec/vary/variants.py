"""A scenario with some of its fields changed, over and over: only what is changed is read anew.

A sweep asks for this up to a hundred thousand times. The fields of the scenario that a change touches are validated on
their own, and remembered; then the whole is checked, as the file was. Whatever fails is validated from the start, so
that a problem is told as it would be of a file.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from trialsim.errors import InputError
from trialsim.spec.messages import first_problem
from trialsim.spec.overrides import Override, Path, apply_overrides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trialsim.spec.scenario import Scenario

MAX_REMEMBERED = 256
"""Values of a field that are remembered, for each field."""


class Refusal(NamedTuple):
    """Why a change makes no sense."""

    path: Path
    problem: str
    is_of_value: bool
    """Whether the value is refused for itself; else it does not go with the rest of the scenario."""
    is_unknown: bool
    """Whether the path is refused, whatever its value."""


class Variants:
    """The variants of a scenario: without its sweep, its narrative, and other readings, which a sweep does not try."""

    def __init__(self, scenario: Scenario) -> None:
        self.base = _alone(scenario)
        self.data: dict[str, Any] = self.base.model_dump(mode="json", by_alias=True, exclude_unset=True)
        self._remembered: dict[str, dict[tuple[str, ...], Any]] = {}

    def attempt(self, changes: Sequence[Override]) -> Scenario | Refusal:
        """Return the scenario with the changes, or why it makes no sense."""
        fields: dict[str, list[Override]] = {}
        for change in changes:
            fields.setdefault(str(change.path[0]), []).append(change)
        try:
            parts = {field: self._part(field, own) for field, own in fields.items()}
            scenario = self.base.model_copy(update=parts)
            scenario.check()
        except (ValueError, InputError):
            return self._from_the_start(changes)
        return scenario

    def _part(self, field: str, changes: list[Override]) -> Any:
        key = tuple(change.text for change in changes)
        remembered = self._remembered.setdefault(field, {})
        if key not in remembered:
            part = _reader(type(self.base), field).validate_python(self._changed(changes)[field])
            if len(remembered) >= MAX_REMEMBERED:
                del remembered[next(iter(remembered))]
            remembered[key] = part
        return remembered[key]

    def _changed(self, changes: Sequence[Override]) -> dict[str, Any]:
        """Return the data with the changes; what they touch is a copy."""
        touched = {str(change.path[0]) for change in changes}
        data = {name: _copied(value) if name in touched else value for name, value in self.data.items()}
        apply_overrides(data, [replace(change, value=_copied(change.value)) for change in changes])
        return data

    def _from_the_start(self, changes: Sequence[Override]) -> Scenario | Refusal:
        try:
            data = self._changed(changes)
        except InputError:
            return self._path_refused(changes)
        try:
            return type(self.base).model_validate(data)
        except ValidationError as error:
            return _refusal(error, type(self.base), data)

    def _path_refused(self, changes: Sequence[Override]) -> Refusal:
        """Return what is wrong with the first path that leads nowhere."""
        for count, change in enumerate(changes, start=1):
            try:
                self._changed(changes[:count])
            except InputError as error:
                option = " ".join(f"{change.option} {change.text}:".split())
                problem = str(error).removeprefix(option).strip().removesuffix(".")
                return Refusal(change.path, problem, is_of_value=True, is_unknown=True)
        raise AssertionError("one of the paths leads nowhere")


@cache
def _reader(model: type[Scenario], name: str) -> TypeAdapter[Any]:
    """Return what validates the values of a field by themselves."""
    field = model.model_fields[name]
    kind: Any = Annotated[field.annotation, field]
    return TypeAdapter(kind)


def _alone(scenario: Scenario) -> Scenario:
    update: dict[str, Any] = {"vary": None, "narrative": None}
    if scenario.conduct is not None and scenario.conduct.sensitivity:
        update["conduct"] = scenario.conduct.model_copy(update={"sensitivity": ()})
        update["conduct"].model_fields_set.discard("sensitivity")
    base = scenario.model_copy(update=update)
    base.model_fields_set.difference_update(("vary", "narrative"))
    return base


def _refusal(error: ValidationError, model: type[Scenario], data: dict[str, Any]) -> Refusal:
    path, problem = first_problem(error, model, data)
    kinds = [item["type"] for item in error.errors()]
    is_unknown = "extra_forbidden" in kinds
    goes_not_with_rest = kinds[0] == "value_error" and " | " in error.errors()[0]["msg"]
    return Refusal(path, problem, is_unknown or not goes_not_with_rest, is_unknown)


def _copied(value: Any) -> Any:
    """Return a copy of plain data."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list | tuple) else value
