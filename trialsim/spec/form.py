"""The fields of a protocol that a form can offer: path, words, value, and the limits that the schema sets."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import BaseModel

from trialsim.spec.fields import MAX_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["whole", "number", "choice", "switch"]

LEFT_OUT = frozenset(
    {"schema_", "name", "title", "source", "notes", "dose", "definition", "kind", "method", "published", "match"}
    | {
        "sensitivity",
        "n_sims",
        "adverse_events",
        "performance_status",
        "exposure",
        "entry_days",
        "vary",
        "events",
        "narrative",
    }
)
"""Texts, constants, and long lists: for the YAML, not for a form."""

LABELS = {
    "ratio": "allocation ratio",
    "block_size": "patients per block",
    "null_rate": "null rate",
    "target_rate": "target rate",
    "cap": "most patients",
    "when_arm_stops": "when an arm stops",
    "per_arm": "patients per arm",
    "total": "patients in all",
    "at_least": "responses needed",
    "above": "rate to exceed",
    "confidence-limit.above": "rate that the limit must exceed",
    "posterior.at_least": "posterior probability needed",
    "predictive-probability.at_least": "predictive probability needed",
    "conditional-power.at_least": "conditional power needed",
    "conditional-power.rate": "assumed rate",
    "curtailment.success": "success",
    "table.other_n": "patients without a row",
    "requires_all_arms": "requires all arms",
    "then": "then",
    "of": "asked of",
    "level": "confidence level",
    "target_distance": "promised distance to a limit",
    "target_half_width": "promised half-width",
}
"""Words for fields whose names do not say enough, for some only in a rule of a kind."""

TOXIC = frozenset({"toxic_if", "stop_if"})
"""Where a rule counts toxicities."""
_WHOLE_HIGH = 12
_SMALL = 0.05
"""A probability below is one that a slider in steps of 0.01 cannot set."""


class FormField(NamedTuple):
    """One value of a protocol, as a form shows it."""

    path: str
    """Dotted, as `--set` takes it."""
    group: str
    """The part of the protocol it belongs to."""
    label: str
    kind: Kind
    value: Any
    least: float | None
    """Limits of the schema; None: it sets none."""
    most: float | None
    low: float
    """What a slider covers: a part of that."""
    high: float
    step: float
    choices: tuple[str, ...]
    where: str
    """The path with numbers instead of names in lists, as errors give it."""


def fields_of(part: BaseModel, path: str, group: str = "", where: str = "") -> Iterator[FormField]:
    """Yield the fields of a part of a protocol, in its order.

    Parameters
    ----------
    part
        A validated design, conduct, or a part of one.
    path
        Where it stands: "design", "conduct".
    group
        Heading of its fields; parts in it have headings of their own.
    where
        As `path`, with numbers instead of names in lists; by default the same.
    """
    where = where or path
    properties = _schema(type(part))
    for name in type(part).model_fields:
        if name in LEFT_OUT:
            continue
        written = type(part).model_fields[name].alias or name
        value, named, numbered = getattr(part, name), f"{path}.{written}", f"{where}.{written}"
        schema = _resolved(properties["properties"][name], properties.get("$defs", {}))
        label = _label(getattr(part, "kind", ""), name, named)
        if isinstance(value, BaseModel):
            yield from fields_of(value, named, group or name, numbered)
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if isinstance(item, BaseModel):
                    own = str(getattr(item, "name", index))
                    key = own if "." not in own and not own.isdecimal() else str(index)
                    heading = own if hasattr(item, "name") else group or name
                    yield from fields_of(item, f"{named}.{key}", heading, f"{numbered}.{index}")
        elif isinstance(value, dict):
            for key, one in value.items():
                if isinstance(one, BaseModel):
                    yield from fields_of(one, f"{named}.{key}", key, f"{numbered}.{key}")
                elif "." not in str(key):
                    yield from _field(
                        (f"{named}.{key}", f"{numbered}.{key}"), group or name, (name, f"{label}, {key}"), one, schema
                    )
        else:
            yield from _field((named, numbered), group or name, (name, label), value, schema)


def _label(kind: str, name: str, path: str) -> str:
    """Return the words for a field of a part of a kind."""
    if name == "at_least" and f"{kind}.{name}" not in LABELS and TOXIC.intersection(path.split(".")):
        return "toxicities too many"
    return LABELS.get(f"{kind}.{name}", LABELS.get(name, path.rsplit(".", 1)[-1].replace("_", " ")))


@lru_cache(maxsize=256)
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=False)
    if "$ref" in schema:  # a model that holds itself
        schema = {**schema["$defs"][schema["$ref"].rsplit("/", 1)[-1]], "$defs": schema["$defs"]}
    return schema


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the alternatives of a property, references followed."""
    if "$ref" in schema:
        return _resolved(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    if "anyOf" in schema or "oneOf" in schema:
        several = schema.get("anyOf") or schema["oneOf"]
        return [found for each in several for found in _resolved(each, definitions)]
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return _resolved(schema["additionalProperties"], definitions)
    return [schema]


def _field(
    paths: tuple[str, str], group: str, words: tuple[str, str], value: Any, schemas: list[dict[str, Any]]
) -> Iterator[FormField]:
    """Yield the field, if its value is one that a form can change."""
    (path, where), (name, label) = paths, words
    choices = tuple(str(word) for schema in schemas for word in schema.get("enum", ()))
    number = next((schema for schema in schemas if schema.get("type") in ("integer", "number")), None)
    if isinstance(value, bool):
        yield FormField(path, group, label, "switch", value, None, None, 0, 1, 1, (), where)
    elif isinstance(value, str) and value in choices:
        yield FormField(path, group, label, "choice", value, None, None, 0, 1, 1, choices, where)
    elif isinstance(value, int | float) and number is not None:
        least = number.get("minimum", number.get("exclusiveMinimum"))
        most = number.get("maximum", number.get("exclusiveMaximum"))
        kind: Kind = "whole" if number["type"] == "integer" else "number"
        low, high, step = _range(kind, name, value, least, most)
        if "exclusiveMinimum" in number:
            low, high, step = _open_range(value, low, high, step, number.get("exclusiveMaximum"))
        yield FormField(path, group, label, kind, value, least, most, low, high, step, (), where)


def _range(kind: Kind, name: str, value: float, least: float | None, most: float | None) -> tuple[float, float, float]:
    """Return what a slider covers, and its step: the neighbourhood of a value, never beyond the schema."""
    low = float(least or 0.0)
    if kind == "whole":
        high: float = 4 if name == "ratio" else max(_WHOLE_HIGH, ceil(2.5 * value))
        high = high if high <= 2 * _WHOLE_HIGH else 10 * ceil(high / 10)
        return low, float(min(high, most or high)), 1.0
    if most == 1:
        if name == "level":
            return min(0.8, value), max(0.995, value), 0.005
        if name in ("target_distance", "target_half_width"):
            return 0.01, max(0.5, value), 0.005
        return 0.0, 1.0, 0.01
    step = 10.0 ** floor(log10(value) - 1) if value > 0 else 0.01
    high = min(ceil(3 * value / step) * step if value > 0 else 1.0, float(most or MAX_DAYS))
    return low, float(f"{high:.6g}"), float(f"{min(step, 1.0):.6g}")


def _open_range(
    value: float, low: float, high: float, step: float, excluded: float | None
) -> tuple[float, float, float]:
    """Return what a slider covers where its ends are not accepted; finer for the small probabilities of rules."""
    if 0 < value < _SMALL and excluded == 1:
        step = float(f"{10.0 ** floor(log10(value)):.6g}")
        high = min(high, 100 * step)
    if high == excluded:
        high = max(high - step, value)
    return max(low, min(step, value)), float(f"{high:.6g}"), step
