"""From a pydantic error to the sentence a user reads: what was found, what is accepted, the nearest valid name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from trialsim.errors import clipped, nearest
from trialsim.spec.overrides import path_of
from trialsim.spec.rules import RULES

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]

_TAGS = ("one", "each", "end", "patients", "word", "trigger", "beta", "mixture")
"""Names that `fields.per_arm`, `looks.LookTime`, `conduct.looks.Fires` and `rules.prior` give to their alternatives."""

_ACCEPTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping from look or arm to value",
    "model_type": "a mapping of fields",
    "model_attributes_type": "a mapping of fields",
    "finite_number": "a finite number",
}


def first_problem(error: ValidationError, model: type[BaseModel], data: Any) -> tuple[Path, str]:
    """Return the path and the sentence of the first problem.

    Misspelt keys come first: they are usually what makes another key missing.
    """
    details = error.errors()
    item = next((item for item in details if item["type"] == "extra_forbidden"), details[0])
    path = _path_in_data(item["loc"], data)
    if item["type"] == "union_tag_invalid":
        path = (*path, "kind")
    if item["type"] == "union_tag_not_found" and (unknown := _unknown_in_rule(_value_at(data, path))):
        known = sorted({name for rule in RULES for name in rule.model_fields})
        return (*path, unknown), f'unknown field "{unknown}"; {nearest(unknown, known)}'
    if item["type"] == "value_error" and " | " in item["msg"]:
        inner, problem = item["msg"].removeprefix("Value error, ").split(" | ", 1)
        return (*path, *path_of(inner)), problem
    return path, _sentence(item, path, model, data)


def _sentence(item: ErrorDetails, path: Path, model: type[BaseModel], data: Any) -> str:
    kind, context = item["type"], item.get("ctx", {})
    found = _shown(_value_at(data, path))
    if kind == "extra_forbidden":
        own = str(path[-1])
        return f'unknown field "{clipped(own, 60)}"; {nearest(own, _fields_at(model, path[:-1], data))}'
    if kind == "missing" and isinstance(item["loc"][-1], int):
        return f"found a list of {item['loc'][-1]}; accepted: a list of two"
    if kind == "missing":
        return f'the field "{path[-1]}" is missing'
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        kinds = [str(get_args(rule.model_fields["kind"].annotation)[0]) for rule in RULES]
        if kind == "union_tag_not_found":
            return f'the field "kind" is missing; accepted: {", ".join(kinds)}'
        return f"found {found}; {nearest(str(_value_at(data, path)), kinds)}"
    if kind == "value_error":
        accepted = item["msg"].removeprefix("Value error, ")
        return f"found {found}; accepted: {accepted}" if " must " not in accepted else accepted
    if kind == "literal_error":
        return f"found {found}; {_nearest_literal(_value_at(data, path), str(context.get('expected', '')))}"
    return f"found {found}; accepted: {_accepted(item)}"


def _unknown_in_rule(rule: Any) -> str | None:
    """Return a key that no rule has: in a rule without a kind, most likely the kind misspelt."""
    known = {name for rule_class in RULES for name in rule_class.model_fields}
    return next((key for key in rule if key not in known), None) if isinstance(rule, dict) else None


def _accepted(item: ErrorDetails) -> str:
    context = item.get("ctx", {})
    limits = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for key, words in limits.items():
        if key in context:
            return f"{words} {context[key]:,}" if isinstance(context[key], int) else f"{words} {context[key]:g}"
    if item["type"] == "too_short":
        least = context.get("min_length", 1)
        return f"at least {least} item{'s' if least > 1 else ''}"
    if item["type"] == "too_long":
        return f"at most {context.get('max_length')} items"
    if item["type"].startswith("string_"):
        return {
            "string_too_short": "text that is not empty",
            "string_too_long": f"text of at most {context.get('max_length')} characters",
            "string_pattern_mismatch": "no control characters; in a name of a file only letters, digits, . _ -",
        }.get(item["type"], "text")
    return _ACCEPTED.get(item["type"], item["msg"][:1].lower() + item["msg"][1:])


def _nearest_literal(value: Any, expected: str) -> str:
    names = [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",")]
    return nearest(str(value), [name for name in names if name])


def _path_in_data(location: Path, data: Any) -> Path:
    """Return the location without the steps that pydantic adds for alternatives of a union."""
    path: list[str | int] = []
    value, chosen = data, None
    for index, step in enumerate(location):
        is_last = index == len(location) - 1
        if value is not chosen and isinstance(value, dict) and value.get("kind") == step:
            chosen = value  # the step names the alternative, as a field may be called like a kind of rule
            continue
        if isinstance(value, dict) and str(step) in value:
            step = str(step)  # keys are words in YAML, and numbers in the model of a table
        if _leads_on(value, step):
            value = value[step]
        elif not (is_last and isinstance(value, dict) and isinstance(step, str) and _is_field_like(step)):
            continue
        path.append(step)
    return tuple(path)


def _leads_on(value: Any, step: str | int) -> bool:
    """Return whether a step leads from a value to a part of it."""
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _is_field_like(step: str) -> bool:
    """Return whether a last step names a missing field rather than a union's alternative."""
    return step.isidentifier() and step not in _TAGS


def _value_at(data: Any, path: Path) -> Any:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = "nothing" if value is None else f'"{value}"' if isinstance(value, str) else str(value)
    if isinstance(value, dict | list):
        text = "a mapping" if isinstance(value, dict) else "a list"
    return text if len(text) <= 60 else text[:57] + "…"


def _fields_at(model: Any, path: Path, data: Any) -> list[str]:
    """Return the names of the fields that the model has at a path, following the data through unions."""
    models = _models_in(model)
    for step in path:
        value = _value_at(data, (step,)) if not isinstance(step, int) or isinstance(data, list) else None
        data = value
        if isinstance(step, int):
            continue
        annotations = [part.model_fields[step].annotation for part in models if step in part.model_fields]
        if not annotations and models:
            continue  # a key that the user chose, such as the name of a look
        models = [found for annotation in annotations for found in _models_in(annotation)]
    if isinstance(data, dict) and "kind" in data:
        models = [m for m in models if _is_of(m, data["kind"])] or models
    return sorted({field.alias or name for part in models for name, field in part.model_fields.items()})


def _is_of(model: type[BaseModel], kind: Any) -> bool:
    return "kind" in model.model_fields and kind in get_args(model.model_fields["kind"].annotation)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
