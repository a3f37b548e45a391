"""Reading YAML that nobody vouches for: plain data only, bounded in size, depth and count, every value with its line.

The scalars are those of YAML 1.2 (so `no` and `1:30` are words and `1e5` is a number); anchors, aliases, tags and
repeated keys are refused.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.composer import Composer

MAX_BYTES = 256_000
MAX_DEPTH = 24
MAX_NODES = 20_000

Lines = dict[tuple[str | int, ...], int]


class _Checks(Composer):
    """Composes nodes with the checks; construction is ours (`_plain`), so no Python object can be asked for."""

    depth = 0
    n_nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[attr-defined]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases (& and *) are not accepted", problem_mark=event.start_mark
            )
        self.depth += 1
        self.n_nodes += 1
        if self.depth > MAX_DEPTH or self.n_nodes > MAX_NODES:
            what = (
                f"nested deeper than {MAX_DEPTH} levels"
                if self.depth > MAX_DEPTH
                else f"more than {MAX_NODES:,} values"
            )
            raise yaml.MarkedYAMLError(problem=what, problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Reader(_Checks, yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape


if yaml.__with_libyaml__:

    class _QuickReader(_Checks, yaml.CSafeLoader):
        """The same with libyaml's parser, seven times as quick; what it refuses, `_Reader` puts into words."""

        yaml_implicit_resolvers = _Reader.yaml_implicit_resolvers

        def __init__(self, text: str) -> None:
            yaml.CSafeLoader.__init__(self, text)
            Composer.__init__(self)  # its state; libyaml's loader has one of its own


_SCALARS: tuple[tuple[str, str, str], ...] = (
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9][0-9_]{0,30}$", "-+0123456789"),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9][0-9_]{0,30}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,4})?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+0123456789.",
    ),
)
for _tag, _pattern, _first in _SCALARS:
    _Reader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(_pattern),
        list(_first.replace("\0", "")) + ([""] if "\0" in _first else []),
    )


_APART = re.compile(r"[\t\x85\u2028\u2029\ufeff\ud800-\udfff!?]|[|>]\S*#")
"""What the two readers do not take alike, or half a letter: the stricter one reads it."""


def read_yaml(text: str) -> tuple[Any, Lines]:
    """Return the plain data in a YAML document and the line of each value by its path.

    Raises
    ------
    yaml.YAMLError
        If the text is malformed or holds something that is not accepted.

    >>> read_yaml("a: [1, no, 36/73]")
    ({'a': [1, 'no', '36/73']}, {(): 1, ('a',): 1, ('a', 0): 1, ('a', 1): 1, ('a', 2): 1})
    """
    if yaml.__with_libyaml__ and not _APART.search(text):
        try:
            return _read(_QuickReader(text))
        except yaml.YAMLError:
            pass  # the other's sentences are the better ones
    return _read(_Reader(text))


def _read(reader: Any) -> tuple[Any, Lines]:
    try:
        node = reader.get_single_node()
    finally:
        reader.dispose()
    lines: Lines = {}
    return (None if node is None else _plain(node, (), lines)), lines


def _plain(node: yaml.Node, path: tuple[str | int, ...], lines: Lines) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
        return [_plain(item, (*path, index), lines) for index, item in enumerate(node.value)]
    return _plain_scalar(node)


def _plain_mapping(node: yaml.MappingNode, path: tuple[str | int, ...], lines: Lines) -> dict[str, Any]:
    if node.tag != "tag:yaml.org,2002:map":
        raise yaml.MarkedYAMLError(problem=f"the tag {node.tag} is not accepted", problem_mark=node.start_mark)
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key must be a word", problem_mark=key_node.start_mark)
        key = str(key_node.value)
        if key in mapping:
            raise yaml.MarkedYAMLError(problem=f'the key "{key}" is there twice', problem_mark=key_node.start_mark)
        mapping[key] = _plain(value_node, (*path, key), lines)
        lines[(*path, key)] = key_node.start_mark.line + 1
    return mapping


def _plain_scalar(node: yaml.Node) -> Any:
    kind, text = node.tag.removeprefix("tag:yaml.org,2002:"), str(node.value)
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text.replace("_", ""))
    if kind == "float":
        return float(
            text.replace("_", "")
            .replace(".inf", "inf")
            .replace(".Inf", "inf")
            .replace(".INF", "inf")
            .lower()
            .replace(".nan", "nan")
        )
    raise yaml.MarkedYAMLError(problem=f"the tag {node.tag} is not accepted", problem_mark=node.start_mark)
