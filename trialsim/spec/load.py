"""From a file (or a shipped name) and `--set` overrides to a validated scenario or design, or one kind sentence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from trialsim.errors import InputError, Place, at, nearest
from trialsim.spec.beside import put_tables_in
from trialsim.spec.design import Design
from trialsim.spec.embedded import MOST_READ, is_page, scenario_in
from trialsim.spec.messages import first_problem
from trialsim.spec.overrides import Override, apply_overrides, override_of
from trialsim.spec.scenario import Scenario
from trialsim.spec.shipped import shipped_file, shipped_names
from trialsim.spec.vary.written import designs_to_read, path_in_block
from trialsim.spec.yaml import MAX_BYTES, Lines, read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass
class Document:
    """The plain data of a file, and where each value came from."""

    source: str
    data: dict[str, Any]
    lines: Lines
    children: dict[tuple[str | int, ...], Document] = field(default_factory=dict)
    """Documents that were put into this one, by the path where they stand."""
    may_name_files: bool = True
    """Whether it may name files beside it; a document from elsewhere may name what ships, and nothing else."""

    def place(self, path: tuple[str | int, ...]) -> Place:
        """Return where the value at `path` was written; for one that is missing, where its parent was.

        Paths are compared as they are read, with dots: a key under `vary` holds dots itself.
        """
        starts = [".".join(map(str, path[:depth])) for depth in range(len(path), -1, -1)]
        children = {".".join(map(str, where)): child for where, child in self.children.items()}
        for left, start in enumerate(starts):
            if (child := children.get(start)) is not None:
                return child.place(path[len(path) - left :])
        lines = {".".join(map(str, where)): line for where, line in self.lines.items()}
        return Place(self.source, next((lines[start] for start in starts if start in lines), None), starts[0])


def load_scenario(source: str | Path, overrides: Sequence[str | Override] = ()) -> Scenario:
    """Return the scenario in a file, or the shipped one of that name. A design is put the plainest question.

    Parameters
    ----------
    source
        Path of a YAML file, or the name of a scenario that ships ("gist"), or of a design; a design is tried under its
        null and its target rate. Or a report (HTML), which carries its scenario; that one may name no files.
    overrides
        `dotted.path=value` strings, applied before validation; `design.` leads into the design.

    Raises
    ------
    InputError
        With one sentence that says file, line, path, what was found and what is accepted.
    """
    return _overridden(_scenario, source, overrides)


def load_design(source: str | Path, overrides: Sequence[str | Override] = ()) -> Design:
    """Return the design in a file, or the shipped one of that name.

    Parameters
    ----------
    source, overrides
        As `load_scenario`; paths lead into the design.

    Raises
    ------
    InputError
        As `load_scenario`.
    """
    return _overridden(_design, source, overrides)


def scenario_document(text: str, source: str) -> Document:
    """Return the document in a text that nobody vouches for: a scenario, or a design with the plainest question.

    Parameters
    ----------
    text
        YAML. It may name designs that ship, and no files.
    source
        What errors call it.

    Raises
    ------
    InputError
        If it is not YAML, too large, or neither scenario nor design.
    """
    return _with_design(_asked(_parsed(text, source, "scenarios", may_name_files=False)))


def scenario_of(document: Document, overrides: Sequence[str | Override] = ()) -> Scenario:
    """Return the scenario in a document, which is left as it is; overrides and errors as for `load_scenario`."""

    def build(_: str | Path, parsed: list[Override]) -> Scenario:
        copied = replace(document, data=_copied(document.data), children=dict(document.children))
        return _completed(copied, parsed)

    return _overridden(build, document.source, overrides)


def _copied(data: Any) -> Any:
    """Return a copy of plain data, some times as fast as a copy of just anything."""
    if isinstance(data, dict):
        return {key: _copied(value) for key, value in data.items()}
    return [_copied(value) for value in data] if isinstance(data, list) else data


def shipped_document(name: str) -> Document:
    """Return the document of a scenario or design that ships, for `scenario_of`; changes to it may name no files.

    Raises
    ------
    InputError
        If nothing of that name ships.
    """
    for room in ("scenarios", "designs"):
        path = shipped_file(name, room)
        if path is not None:
            return replace(_with_design(_asked(_read(path, room))), may_name_files=False)
    known = (*shipped_names("scenarios"), *shipped_names("designs"))
    raise InputError(f"{name[:80]}: no scenario or design of that name ships with trialsim; {nearest(name, known)}.")


def _overridden(
    build: Callable[[str | Path, list[Override]], _Model], source: str | Path, overrides: Sequence[str | Override]
) -> _Model:
    """Build a model with overrides; where they spoil it, name the first that does."""
    parsed = [override_of(item) if isinstance(item, str) else item for item in overrides]
    parsed.sort(key=lambda override: override.path != ("design",))  # another design first, then changes to it
    try:
        return build(source, parsed)
    except InputError as error:
        raise _blamed(build, source, parsed, error) from None


def _design(source: str | Path, overrides: list[Override]) -> Design:
    document = _read(source, "designs")
    _expect_schema(document, "trialsim.design/1", "a design")
    apply_overrides(document.data, overrides)
    put_tables_in(document)
    return _validate(Design, document)


def _scenario(source: str | Path, overrides: list[Override]) -> Scenario:
    is_shipped_design = shipped_file(str(source), "scenarios") is None and shipped_file(str(source), "designs")
    room = "designs" if is_shipped_design and not Path(source).exists() else "scenarios"
    return _completed(_asked(_read(source, room)), overrides)


def _asked(document: Document) -> Document:
    """Return a scenario as it is; a design as a scenario that asks what it does at its null and its target rate."""
    if document.data.get("schema") != "trialsim.design/1":
        return document
    data = document.data
    rates = data.get("hypotheses")
    known = {"null rate": "null_rate", "target rate": "target_rate"}
    if isinstance(rates, dict) and rates.keys() >= set(known.values()):
        truths = [{"name": name, "response_rate": rates[key]} for name, key in known.items()]
    else:
        truths = [{"name": f"{percent} %", "response_rate": percent / 100} for percent in (10, 20, 30, 40, 50)]
    toxicity = data.get("toxicity")
    if isinstance(toxicity, dict) and "null_rate" in toxicity:
        truths = _with_toxicity(truths, toxicity)
    whole = {"schema": "trialsim.scenario/1", "name": data.get("name"), "design": data, "truths": truths}
    return Document(document.source, whole, {(): 1}, {("design",): document}, document.may_name_files)


def _with_toxicity(truths: list[dict[str, Any]], toxicity: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the truths at the acceptable toxicity rate, and the last of them at the unacceptable one too."""
    unacceptable = toxicity["null_rate"]
    found = [{**truth, "toxicity_rate": toxicity.get("target_rate", unacceptable)} for truth in truths]
    if "target_rate" in toxicity:
        found.append({**truths[-1], "name": f"{truths[-1]['name']}, too toxic", "toxicity_rate": unacceptable})
    return found


def _with_design(document: Document) -> Document:
    """Return a scenario with its design read, so that it need not be read again for every change."""
    _expect_schema(document, "trialsim.scenario/1", "a scenario")
    _put_design_in(document, ("design",))
    return document


def _completed(document: Document, overrides: list[Override]) -> Scenario:
    _expect_schema(document, "trialsim.scenario/1", "a scenario")
    apply_overrides(document.data, [item for item in overrides if item.path == ("design",)])
    _put_design_in(document, ("design",))
    for item in overrides:
        if item.path != ("design",):
            apply_overrides(document.data, [replace(item, path=path_in_block(document.data, item.path))])
    for path in designs_to_read(document.data):
        _put_design_in(document, path)
    put_tables_in(document)
    return _validate(Scenario, document)


def _blamed(
    build: Callable[[str | Path, list[Override]], _Model],
    source: str | Path,
    overrides: list[Override],
    final: InputError,
) -> InputError:
    """Return the error, naming the override that brought it in; unchanged if the file alone has it.

    Overrides are added one by one until the same error appears: what a later one puts right is nobody's fault.
    """
    for count in range(len(overrides) + 1):
        try:
            build(source, overrides[:count])
        except InputError as error:
            if (error.path, error.problem) != (final.path, final.problem):
                continue
            if count == 0 or not final.problem:
                return final
            option = f"{overrides[count - 1].option} {overrides[count - 1].text}"
            return at(Place(option, None, final.path), final.problem)
    return final


def kind_of(source: str | Path) -> str:
    """Return "scenario" or "design": what the file says it is.

    Raises
    ------
    InputError
        If the file cannot be read, or is neither.
    """
    if shipped_file(str(source), "scenarios") is None and shipped_file(str(source), "designs") is not None:
        return "design"
    schema = _read(source, "scenarios").data.get("schema")
    return "design" if schema == "trialsim.design/1" else "scenario"


def _put_design_in(document: Document, path: tuple[str, ...]) -> None:
    """Replace the name of a design in a scenario by the design itself."""
    container = document.data
    for step in path[:-1]:
        container = container[step]
    reference = container.get(path[-1])
    if not isinstance(reference, str):
        return
    if not document.may_name_files and shipped_file(reference, "designs") is None:
        ships = f"; {nearest(reference, shipped_names('designs'))}"
        raise at(document.place(path), f'"{reference[:80]}" is no design that ships, and no other file is read{ships}')
    beside = Path(document.source).parent / reference
    found: str | Path = reference
    if document.may_name_files and reference.endswith((".yaml", ".yml")) and beside.exists():
        found = beside
    elif not document.may_name_files:
        found = shipped_file(reference, "designs") or reference
    try:
        child = _read(found, "designs")
    except InputError as error:
        raise at(document.place(path), str(error)) from None
    _expect_schema(child, "trialsim.design/1", "a design")
    put_tables_in(child)
    if path != ("design",):
        _validate(Design, child)
    container[path[-1]] = child.data
    document.children[path] = child


def _read(source: str | Path, room: str) -> Document:
    path = _find(source, room)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
            if is_page(content):
                # Whoever sent the report chose what stands in it: it may name what ships, and no files.
                found = scenario_in((content + file.read(MOST_READ)).decode("utf-8", "replace"), str(path))
                return _parsed(found, f"{path} (the scenario in it)", room, may_name_files=False)
        if len(content) > MAX_BYTES:
            raise InputError(f"{path}: too large for a {room[:-1]}; at most {MAX_BYTES:,} bytes are read.")
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file in UTF-8; a {room[:-1]} is a YAML text file.") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from None
    return _parsed(text, str(path), room)


def _parsed(text: str, source: str, room: str, *, may_name_files: bool = True) -> Document:
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise InputError(f"{source}: too large for a {room[:-1]}; at most {MAX_BYTES:,} bytes are read.")
    try:
        data, lines = read_yaml(text)
    except yaml.YAMLError as error:
        raise at(Place(source, _line_of(error)), f"not YAML that can be read: {_problem_of(error)}.") from None
    if not isinstance(data, dict):
        raise InputError(f"{source}: holds no {room[:-1]}; a YAML mapping that begins with `schema:` is expected.")
    return Document(source, data, lines, may_name_files=may_name_files)


def _find(source: str | Path, room: str) -> Path:
    path = Path(source)
    if "\0" in str(source) or not str(source).strip():
        raise InputError(f"the name of a {room[:-1]} is empty or holds a NUL character; name a YAML file.")
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name a YAML file in it.")
        if path.exists():
            return path
    except OSError as error:
        raise InputError(f"{str(source)[:80]}: cannot be read ({error.strerror}).") from None
    shipped = shipped_file(str(source), room)
    if shipped is None:
        known = shipped_names(room)
        hint = nearest(Path(source).stem, known)
        raise InputError(f"{source}: no such file, and no {room[:-1]} of that name ships with trialsim; {hint}.")
    return shipped


def _line_of(error: yaml.YAMLError) -> int | None:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return mark.line + 1 if mark is not None else None


def _problem_of(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "malformed"
    return " ".join(str(problem).split())


def _expect_schema(document: Document, schema: str, what: str) -> None:
    found = document.data.get("schema")
    if found == schema:
        return
    if found in ("trialsim.design/1", "trialsim.scenario/1"):
        other = "a design" if found == "trialsim.design/1" else "a scenario"
        raise at(document.place(("schema",)), f"this file holds {other}, but {what} is wanted here.")
    shown = "nothing" if found is None else f'"{str(found)[:60]}"'
    raise at(document.place(("schema",)), f"found {shown}; {what} begins with `schema: {schema}`.")


def _validate(model: type[_Model], document: Document) -> _Model:
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        path, problem = first_problem(error, model, document.data)
        raise at(document.place(path), problem, ".".join(map(str, path))) from None
    except UnicodeError:  # half a letter, from an escape or from bytes that are no UTF-8
        raise at(document.place(()), "a name in it is no text in Unicode; accepted: whole letters") from None
