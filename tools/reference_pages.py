"""The pages of docs/reference/, made from docstrings, from the JSON Schema and from the command line itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import click

import trialsim
from trialsim.cli import app
from trialsim.spec.schema import schema_of

NOTE = "*Written by `make docs`; change the source, not this page.*"


def reference_pages() -> dict[str, str]:
    """Return the pages by their names in docs/reference/."""
    scenario, design = schema_of("scenario"), schema_of("design")
    own = {name for name in scenario["$defs"] if name not in design["$defs"] and name != "Design"}
    pages = {
        "python.md": python_page(),
        "command-line.md": command_line_page(),
        "design.md": schema_page("Design", design, set(design["$defs"]), "design file", {}),
        "scenario.md": schema_page(
            "Scenario", scenario, own, "scenario file", dict.fromkeys((*design["$defs"], "Design"), "design.md")
        ),
    }
    return {name: text.rstrip("\n") + "\n" for name, text in pages.items()}


# The YAML


def schema_page(root: str, schema: dict[str, Any], parts: set[str], what: str, elsewhere: dict[str, str]) -> str:
    """Return the reference of one kind of file: a section for the file and for each of its parts, in reading order."""
    lines = [f"# Reference: the {what}", "", NOTE, ""]
    lines += [
        f"`trialsim schema {root.lower()}` prints the JSON Schema this page is made from. Keys without a default",
        "",
    ]
    lines[-2] += (
        " must be given; a key that is not listed here is an error. *Per arm* means one value for all arms, or a"
    )
    lines[-2] += " mapping with a value for each arm by its name."
    for name in (root, *_in_reading_order(root, schema, parts)):
        lines += ["", f"## {name}", "", *_part(schema if name == root else schema["$defs"][name], elsewhere)]
    return "\n".join(lines)


def _in_reading_order(root: str, schema: dict[str, Any], wanted: set[str]) -> list[str]:
    found: list[str] = []

    def visit(node: Any) -> None:
        names = re.findall(r"'\$ref': '#/\$defs/(\w+)'", repr(node))
        new = [name for name in dict.fromkeys(names) if name in wanted and name not in found and name != root]
        found.extend(new)
        for name in new:
            visit(schema["$defs"][name])

    visit(schema["properties"])
    return found


def _part(part: dict[str, Any], elsewhere: dict[str, str]) -> Iterator[str]:
    yield part.get("description", "")
    yield ""
    if not part.get("properties"):
        return
    yield "| key | takes | default | |"
    yield "|---|---|---|---|"
    for key, value in part["properties"].items():
        default = f"`{_plain(value['default'])}`" if value.get("default") is not None else ""
        default = "*required*" if key in part.get("required", ()) else default or "none"
        words = value.get("description", "")
        yield f"| `{key}` | {_takes(value, elsewhere)} | {default} | {_cell(words)} |"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(item)}" for key, item in value.items() if item is not None) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_plain, value)) + "]"
    return '""' if value == "" else str(value)


def _takes(value: dict[str, Any], elsewhere: dict[str, str]) -> str:
    """Return what a value may be, in words."""
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        return f"[{name}]({elsewhere.get(name, '')}#{name.lower()})"
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return ", ".join(f"`{word}`" for word in value["enum"])
    for joined in ("anyOf", "oneOf"):
        if joined in value:
            return _one_of(value[joined], elsewhere)
    if value.get("type") == "array":
        items = [*value.get("prefixItems", ()), *([value["items"]] if isinstance(value.get("items"), dict) else [])]
        words = dict.fromkeys(_several(_takes(item, elsewhere)) for item in items)
        return "list of " + " or ".join(words)
    if value.get("type") == "object":
        inner = value.get("additionalProperties") or next(iter(value.get("patternProperties", {}).values()), None)
        return f"mapping to {_takes(inner, elsewhere)}" if isinstance(inner, dict) else "mapping"
    return _scalar(value)


def _several(words: str) -> str:
    return re.sub(r"^(whole number|number|text|rate)\b", r"\1s", words)


def _one_of(choices: list[dict[str, Any]], elsewhere: dict[str, str]) -> str:
    patterns = [choice.get("pattern", "") for choice in choices]
    if any(r"\d{1,9}\s*/" in pattern for pattern in patterns):
        return "rate"
    if sum(choice.get("$ref", "").endswith("Rule") for choice in choices) > 2:
        return "[rule](../rules.md)"
    words = [_takes(choice, elsewhere) for choice in choices if choice.get("type") != "null"]
    if len(words) == 2 and words[1] == f"mapping to {words[0]}":
        return f"{words[0]} per arm"
    return " or ".join(dict.fromkeys(words))


def _scalar(value: dict[str, Any]) -> str:
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true`, `false`"}
    kinds = value.get("type", "any")
    kind = " or ".join(words.get(one, "any value") for one in ([kinds] if isinstance(kinds, str) else kinds))
    if "minimum" in value and "maximum" in value:
        return f"{kind} from {value['minimum']:,} to {value['maximum']:,}"
    if value.get("exclusiveMinimum") == 0 and value.get("exclusiveMaximum") == 1:
        return "number between 0 and 1"
    return kind


# Python


def python_page() -> str:
    """Return the reference of the public names of the package."""
    lines = ["# Reference: Python", "", NOTE, ""]
    lines += ["The public names of `trialsim`. What is not listed here may change without notice.", ""]
    names = [name for name in trialsim.__all__ if not name.startswith("__")]
    functions = [name for name in names if inspect.isfunction(getattr(trialsim, name))]
    for name in (*functions, *(name for name in names if name not in functions)):
        lines += ["", f"## {name}", "", *_public(name, getattr(trialsim, name))]
    return "\n".join(lines)


def _public(name: str, thing: Any) -> Iterator[str]:
    if inspect.isfunction(thing):
        yield from ("```python", f"trialsim.{name}{_signature(thing)}", "```", "")
        yield from _docstring(thing)
        return
    yield from _docstring(thing)
    if name in ("Design", "Scenario"):
        yield from ("", f"Fields: [the {name.lower()} file]({name.lower()}.md).")
    elif own := inspect.get_annotations(thing):
        types = {field: getattr(type_, "__forward_arg__", type_) for field, type_ in own.items()}
        yield from ("", "Fields: " + ", ".join(f"`{field}: {type_}`" for field, type_ in types.items()) + ".")
    for member, value in vars(thing).items():
        call = value.fget if isinstance(value, property) else value
        if not member.startswith("_") and inspect.isfunction(call) and call.__doc__ and name not in ("Design",):
            shown = member if isinstance(value, property) else f"{member}{_signature(call)}"
            yield from ("", f"**`{shown}`**", "")
            yield from _docstring(call)
    if issubclass(thing, Exception):
        yield from ("", f"Exit code of the command line: {thing.exit_code}.")


def _signature(function: Any) -> str:
    signature = inspect.signature(function)
    kept = [one for one in signature.parameters.values() if one.name != "self"]
    text = str(signature.replace(parameters=kept))
    return re.sub(r"<function .*? at 0x\w+>", "…", re.sub(r"'([^']*)'", r"\1", text))


def _docstring(thing: Any) -> Iterator[str]:
    """Yield a numpydoc docstring as Markdown: its sections become bold words, its doctests code."""
    lines, in_code = (inspect.getdoc(thing) or "").split("\n"), False
    for index, line in enumerate(lines):
        below = lines[index + 1] if index + 1 < len(lines) else ""
        if set(line) == {"-"}:
            continue
        if below and set(below) == {"-"}:
            yield from (f"**{line}**", "")
            continue
        is_code = line.startswith((">>>", "...")) or (in_code and bool(line))
        if is_code != in_code:
            yield "```pycon" if is_code else "```"
            in_code = is_code
        if is_code or not re.match(r"^[\w, ]+$", line) or not below.startswith("    "):
            yield line if is_code or not line.startswith("    ") else line[2:]
        else:
            yield f"- `{line}`:"
    if in_code:
        yield "```"


# The command line

COMPLETION = """\
The shell completes verbs, options, and the names of what ships, once it is told so in its start-up file, with the
environment's programs on the path:

| shell | in | line |
|---|---|---|
| bash (4.4 or later) | `~/.bashrc` | `eval "$(_TRIALSIM_COMPLETE=bash_source trialsim)"` |
| zsh | `~/.zshrc` | `eval "$(_TRIALSIM_COMPLETE=zsh_source trialsim)"` |
| fish | `~/.config/fish/completions/trialsim.fish` | `_TRIALSIM_COMPLETE=fish_source trialsim \\| source` |"""


def command_line_page() -> str:
    """Return the reference of all verbs and options."""
    lines = ["# Reference: the command line", "", NOTE, ""]
    lines += ["`trialsim VERB` and `python -m trialsim VERB` are the same. Results go to stdout, everything else to"]
    lines[-1] += " stderr. Exit codes: 0 done; 2 the input is wrong (one sentence); 3 a simulated value disagrees with"
    lines[-1] += " its exact value; 1 anything else."
    lines += ["", COMPLETION]
    for path, command in _commands(app, ("trialsim",)):
        lines += ["", f"## {' '.join(path[1:])}", "", *_command(path, command)]
    return "\n".join(lines)


def _commands(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


def _command(path: tuple[str, ...], command: click.Command) -> Iterator[str]:
    arguments = [p.metavar or p.human_readable_name for p in command.params if isinstance(p, click.Argument)]
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    words = [*path, *(["VERB"] if isinstance(command, click.Group) else []), *arguments]
    yield from ("```text", " ".join([*words, *(["[OPTIONS]"] if options else [])]), "```", "")
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b"):
            head, *rest = paragraph.removeprefix("\b").strip("\n").split("\n")
            yield from (head, "", "```text", *(line.removeprefix("  ") for line in rest), "```", "")
        else:
            yield from (" ".join(paragraph.split()), "")
    if options:
        yield from ("| option | |", "|---|---|")
    for option in options:
        yield f"| `{_option(option)}` | {_cell(' '.join((option.help or '').split()))} |"


def _option(option: click.Option) -> str:
    names = " / ".join([", ".join(option.opts), *option.secondary_opts])
    if option.is_flag:
        return names
    if isinstance(option.type, click.Choice):
        return f"{names} {'/'.join(map(str, option.type.choices))}"
    return f"{names} {option.metavar or (option.human_readable_name or '').upper()}"
