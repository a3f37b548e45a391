"""A scenario (or design) as YAML that `load_scenario` (or `load_design`) reads back to the same."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml

from trialsim.spec.yaml import read_yaml

if TYPE_CHECKING:
    from trialsim.spec.design import Design
    from trialsim.spec.scenario import Scenario

WIDTH = 110
_MOST_IN_A_LINE = 100


class _Root(dict[str, Any]):
    """The top of a document, never in one line."""


class _Writer(yaml.SafeDumper):
    """Writes short lists and mappings in one line, and quotes what our reader would not take as text."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the reader accepts none
        return True

    def text(self, text: str) -> yaml.Node:
        plain = _is_plain(text)
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')

    def sequence(self, data: Any) -> yaml.Node:
        return self.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=_is_short(data))

    def mapping(self, data: Any) -> yaml.Node:
        is_short = bool(data) and not isinstance(data, _Root) and _is_short(data)
        return self.represent_mapping("tag:yaml.org,2002:map", data, flow_style=is_short)


_Writer.add_representer(str, _Writer.text)
_Writer.add_representer(list, _Writer.sequence)
_Writer.add_representer(dict, _Writer.mapping)
_Writer.add_representer(_Root, _Writer.mapping)


def as_yaml(scenario: Scenario | Design) -> str:
    """Return a scenario (or design) as YAML; what was left at its default is left out.

    >>> from trialsim import load_scenario
    >>> text = as_yaml(load_scenario("gist"))
    >>> text.splitlines()[0]
    'schema: trialsim.scenario/1'
    """
    data = scenario.model_dump(mode="json", by_alias=True, exclude_unset=True)
    parts = []
    for key, value in {"schema": data.pop("schema"), **data}.items():
        text = yaml.dump(_Root({key: value}), Dumper=_Writer, sort_keys=False, allow_unicode=True, width=WIDTH)
        parts.append(text if isinstance(value, str | int | float) or value is None else f"\n{text}")
    return "".join(parts)


def _is_short(data: Any) -> bool:
    """Return whether a list or mapping holds plain values only and fits into a line."""
    values = list(data.values()) if isinstance(data, dict) else list(data)
    if any(isinstance(value, dict | list) and not (isinstance(value, dict) and _is_short(value)) for value in values):
        return False
    return len(str(data)) <= _MOST_IN_A_LINE


@lru_cache(maxsize=1024)
def _is_plain(text: str) -> bool:
    """Return whether our reader takes the text, unquoted, as the same text."""
    try:
        return bool(text) and read_yaml(text)[0] == text
    except yaml.YAMLError:
        return False
