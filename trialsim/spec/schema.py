"""The JSON Schema of the YAML files, for editors and for other programs."""

from __future__ import annotations

import json
from typing import Any

from trialsim.spec.design import Design
from trialsim.spec.scenario import Scenario


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of "scenario" or "design" files. A scenario may name its design."""
    model = Scenario if kind == "scenario" else Design
    schema = model.model_json_schema(by_alias=True)
    if kind == "scenario":
        schema["properties"]["design"] = {
            "anyOf": [
                {"$ref": "#/$defs/Design"},
                {"type": "string", "description": "Name of a shipped design, or path of a design file"},
            ]
        }
    for part in (schema, *schema.get("$defs", {}).values()):
        if "description" in part:
            part["description"] = " ".join(part["description"].split(">>>")[0].split())  # examples are for Python
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"trialsim {kind}", **schema}


def schema_text(kind: str) -> str:
    """Return the schema as text, as it ships in designs/ and scenarios/."""
    return json.dumps(schema_of(kind), indent=1, ensure_ascii=False) + "\n"
