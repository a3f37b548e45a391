"""The JSON Schema of the YAML files, for editors, for other programs and for docs/reference/."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from functools import cache
from itertools import pairwise
from typing import Any

from trialsim.spec.design import Design
from trialsim.spec.fields import Part
from trialsim.spec.scenario import Scenario


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of "scenario" or "design" files. A scenario may name its design.

    >>> schema_of("design")["$defs"]["Arm"]["properties"]["ratio"]["description"]
    'Share of patients, as a whole number: 2 and 1 is 2:1.'
    """
    model = Scenario if kind == "scenario" else Design
    schema = model.model_json_schema(by_alias=True)
    if kind == "scenario":
        schema["properties"]["design"] = {
            "anyOf": [
                {"$ref": "#/$defs/Design"},
                {"type": "string", "description": "Name of a shipped design, or path of a design file"},
            ]
        }
    models = {part.__name__: part for part in _parts(Part)}
    for name, part in ((model.__name__, schema), *schema.get("$defs", {}).items()):
        if "description" in part:
            part["description"] = _on_one_line(part["description"])
        if name in models:
            _describe(part.get("properties", {}), models[name])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"trialsim {kind}", **schema}


def schema_text(kind: str) -> str:
    """Return the schema as text, as it ships in designs/ and scenarios/."""
    return json.dumps(schema_of(kind), indent=1, ensure_ascii=False) + "\n"


def _parts(model: type[Part]) -> list[type[Part]]:
    return [part for each in model.__subclasses__() for part in (each, *_parts(each))]


def _describe(properties: dict[str, Any], model: type[Part]) -> None:
    """Add to each property what stands below its field in the source."""
    words = {name: text for part in reversed(model.__mro__) for name, text in _field_docs(part).items()}
    for name, field in model.model_fields.items():
        alias = field.alias or name
        if name in words and alias in properties:
            properties[alias]["description"] = words[name]


def _on_one_line(docstring: str) -> str:
    return " ".join(docstring.split(">>>")[0].split())  # examples are for Python


def _field_docs(model: type) -> dict[str, str]:
    """Return the string below each field of a class, by the field's name; none without a source."""
    body = _classes(model.__module__).get(model.__name__, ())
    return {
        field.target.id: _on_one_line(below.value.value)
        for field, below in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


@cache
def _classes(module: str) -> dict[str, list[ast.stmt]]:
    if not module.startswith("trialsim."):
        return {}
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:  # pragma: no cover - installed without sources
        return {}
    return {node.name: node.body for node in tree.body if isinstance(node, ast.ClassDef)}
